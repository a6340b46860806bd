//! A question at the controlling terminal, whose answer is not shown.
//!
//! Nothing is read from stdin or written to stdout: they may carry something else.

use std::io::{self, Read, Write};

use super::{RawMode, system};

/// The longest answer taken, in bytes.
const MAX_ANSWER: usize = 1024;

/// Asks a question at the controlling terminal and gives the line that is typed, which is not shown. Ctrl-C and Ctrl-D
/// end it without an answer.
///
/// # Errors
/// There is no terminal, or no answer.
pub fn ask_hidden(question: &str) -> io::Result<String> {
    let (mut keys, mut screen) = system::dialog()
        .map_err(|error| io::Error::new(error.kind(), "there is no terminal to ask at"))?;
    let raw_mode = RawMode::enter()?;
    screen.write_all(question.as_bytes())?;
    screen.flush()?;
    let answer = read_line(&mut keys);
    // In raw mode a line feed alone would not go back to the first column.
    screen.write_all(b"\r\n")?;
    drop(raw_mode);
    answer
}

fn read_line(keys: &mut impl Read) -> io::Result<String> {
    let given_up = || io::Error::new(io::ErrorKind::Interrupted, "no answer was given");
    // A secret must not leave a copy of itself wherever it grew.
    let mut answer = Vec::with_capacity(MAX_ANSWER);
    let mut key = [0];
    loop {
        if keys.read(&mut key)? == 0 {
            return Err(given_up());
        }
        match key[0] {
            b'\r' | b'\n' => break,
            // Ctrl-C, Ctrl-D
            3 | 4 => return Err(given_up()),
            // Backspace as the terminals have it, a character of several bytes at once.
            8 | 0x7f => while answer.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Ctrl-U
            21 => answer.clear(),
            byte if answer.len() < MAX_ANSWER => answer.push(byte),
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the answer is too long",
                ));
            }
        }
    }
    String::from_utf8(answer)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the answer is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_it_is_typed() {
        let read = |keys: &[u8]| read_line(&mut &keys[..]).map_err(|error| error.to_string());
        assert_eq!(read(b"123456\rrest").unwrap(), "123456");
        assert_eq!(read("12é\u{7f}\u{8}3\n".as_bytes()).unwrap(), "13");
        assert_eq!(read(b"wrong\x15right\r").unwrap(), "right");
        assert!(read(b"12\x03").unwrap_err().contains("no answer"));
        assert!(read(b"12").unwrap_err().contains("no answer"));
        assert!(read(&[b'x'; 2000]).unwrap_err().contains("too long"));
    }
}

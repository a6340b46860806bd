//! A question at the controlling terminal, whose answer is not shown.
//!
//! Nothing is read from stdin or written to stdout: they may carry something else. A signal never finds the terminal raw
//! for good.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use super::signals::is_listened_to;
use super::{Keys, RawMode, Signals, system};

/// The longest answer taken, in bytes.
const MAX_ANSWER: usize = 1024;
/// What a shell adds to the number of the signal that ended a program.
const SIGNAL_STATUS: i32 = 128;

/// Asks a question at the controlling terminal and gives the line that is typed, which is not shown. Ctrl-C is the signal
/// that it is elsewhere; Ctrl-D ends it without an answer.
///
/// # Errors
/// There is no terminal, no answer, or a signal came.
pub fn ask_hidden(question: &str) -> io::Result<String> {
    let question = question.to_owned();
    let (answered, answer) = mpsc::channel();
    // The caller may be a runtime of its own, which cannot wait for keys while it waits for this.
    thread::Builder::new()
        .name("question".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(dialog(&question, &answered)),
                // Nobody is there to hear it only when the process ends.
                Err(error) => drop(answered.send(Err(error))),
            }
        })?;
    answer
        .recv()
        .unwrap_or_else(|_| Err(io::Error::other("the question could not be asked")))
}

/// Asks, and then goes on to end the process at a signal, as it would have ended without the question: once asked for,
/// signals do nothing by themselves any more.
async fn dialog(question: &str, answered: &mpsc::Sender<io::Result<String>>) {
    let mut signals = match Signals::beside() {
        Ok(signals) => signals,
        Err(error) => return drop(answered.send(Err(error))),
    };
    let answer = tokio::select! {
        biased;
        number = number(&mut signals) => {
            end_by(number);
            Err(given_up())
        }
        answer = ask(question) => answer,
    };
    let _ = answered.send(answer);
    end_by(number(&mut signals).await);
}

async fn number(signals: &mut Signals) -> u8 {
    loop {
        if let Some(number) = signals.next().await.number() {
            return number;
        }
    }
}

/// Ends the process, unless somebody else heeds its signals.
fn end_by(number: u8) {
    if !is_listened_to() {
        super::restore();
        std::process::exit(SIGNAL_STATUS + i32::from(number));
    }
}

async fn ask(question: &str) -> io::Result<String> {
    let none = |error: io::Error| io::Error::new(error.kind(), "there is no terminal to ask at");
    let mut screen = system::dialog().map_err(none)?;
    let mut keys = Keys::open_tty().map_err(none)?;
    let raw_mode = RawMode::enter()?;
    screen.write_all(question.as_bytes())?;
    screen.flush()?;
    let answer = read(&mut keys).await;
    // In raw mode a line feed alone would not go back to the first column.
    screen.write_all(b"\r\n")?;
    drop(raw_mode);
    answer
}

async fn read(keys: &mut Keys) -> io::Result<String> {
    let mut line = Line::default();
    while let Some(piece) = keys.read().await {
        for key in piece? {
            if let Some(answer) = line.take(key) {
                return answer;
            }
        }
    }
    Err(given_up())
}

fn given_up() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "no answer was given")
}

/// A line that is being typed. A secret must not leave a copy of itself wherever it grew.
struct Line(Vec<u8>);

impl Default for Line {
    fn default() -> Self {
        Self(Vec::with_capacity(MAX_ANSWER))
    }
}

impl Line {
    /// Takes a key; gives the answer once it is complete.
    fn take(&mut self, key: u8) -> Option<io::Result<String>> {
        match key {
            b'\r' | b'\n' => {
                let text = String::from_utf8(std::mem::take(&mut self.0));
                return Some(text.map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, "the answer is no text")
                }));
            }
            // Ctrl-C
            3 => {
                system::interrupt();
                return Some(Err(given_up()));
            }
            // Ctrl-D
            4 => return Some(Err(given_up())),
            // Backspace as the terminals have it, a character of several bytes at once.
            8 | 0x7f => while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            // Ctrl-U
            21 => self.0.clear(),
            byte if self.0.len() < MAX_ANSWER => self.0.push(byte),
            _ => {
                return Some(Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the answer is too long",
                )));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &[u8]) -> Result<String, String> {
        let mut line = Line::default();
        let answer = keys.iter().find_map(|key| line.take(*key));
        answer
            .unwrap_or_else(|| Err(given_up()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_line_is_edited_as_it_is_typed() {
        assert_eq!(read(b"123456\rrest").unwrap(), "123456");
        assert_eq!(read("12é\u{7f}\u{8}3\n".as_bytes()).unwrap(), "13");
        assert_eq!(read(b"wrong\x15right\r").unwrap(), "right");
        assert!(read(b"12\x04").unwrap_err().contains("no answer"));
        assert!(read(b"12").unwrap_err().contains("no answer"));
        assert!(read(&[b'x'; 2000]).unwrap_err().contains("too long"));
    }
}

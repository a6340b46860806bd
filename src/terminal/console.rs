//! Key events of the Windows console as the bytes that a Unix terminal sends for the same keys.
//!
//! Reads nothing itself.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Appends the bytes for `event`; nothing for what no terminal sends.
pub(super) fn encode(event: &Event, bytes: &mut Vec<u8>) {
    // A paste comes as key events too.
    if let Event::Key(key) = event
        && key.kind != KeyEventKind::Release
    {
        encode_key(key, bytes);
    }
}

fn encode_key(key: &KeyEvent, bytes: &mut Vec<u8>) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    // xterm's modifier parameter: 1 plus a bit for each key held.
    let held = 1
        + u8::from(key.modifiers.contains(KeyModifiers::SHIFT))
        + 2 * u8::from(alt)
        + 4 * u8::from(control);
    let sequence = match key.code {
        KeyCode::Char(c) => {
            // AltGr comes as Ctrl and Alt together, with the character it makes already in place.
            let alt_gr = control && alt && !c.is_ascii_alphanumeric();
            if alt && !alt_gr {
                bytes.push(0x1b);
            }
            match control_byte(c) {
                Some(byte) if control && !alt_gr => bytes.push(byte),
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
            return;
        }
        KeyCode::Enter => return bytes.push(b'\r'),
        KeyCode::Tab => return bytes.push(b'\t'),
        KeyCode::Backspace => return bytes.push(0x7f),
        KeyCode::Esc => return bytes.push(0x1b),
        KeyCode::Null => return bytes.push(0),
        KeyCode::BackTab => return bytes.extend_from_slice(b"\x1b[Z"),
        KeyCode::Up => letter('A', held),
        KeyCode::Down => letter('B', held),
        KeyCode::Right => letter('C', held),
        KeyCode::Left => letter('D', held),
        KeyCode::Home => letter('H', held),
        KeyCode::End => letter('F', held),
        KeyCode::Insert => tilde(2, held),
        KeyCode::Delete => tilde(3, held),
        KeyCode::PageUp => tilde(5, held),
        KeyCode::PageDown => tilde(6, held),
        KeyCode::F(number @ 1..=4) if held == 1 => {
            format!("\x1bO{}", char::from(b'P' + number - 1))
        }
        KeyCode::F(number @ 1..=4) => letter(char::from(b'P' + number - 1), held),
        KeyCode::F(5) => tilde(15, held),
        KeyCode::F(number @ 6..=10) => tilde(number + 11, held),
        KeyCode::F(number @ 11..=12) => tilde(number + 12, held),
        _ => return,
    };
    bytes.extend_from_slice(sequence.as_bytes());
}

fn control_byte(c: char) -> Option<u8> {
    match c.to_ascii_uppercase() {
        ' ' => Some(0),
        c @ '@'..='_' => Some(c as u8 & 0x1f),
        '?' => Some(0x7f),
        _ => None,
    }
}

fn letter(last: char, held: u8) -> String {
    if held == 1 {
        format!("\x1b[{last}")
    } else {
        format!("\x1b[1;{held}{last}")
    }
}

fn tilde(number: u8, held: u8) -> String {
    if held == 1 {
        format!("\x1b[{number}~")
    } else {
        format!("\x1b[{number};{held}~")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_the_bytes_that_xterm_sends() {
        let none = KeyModifiers::NONE;
        for (code, modifiers, expected) in [
            (KeyCode::Char('a'), none, "a"),
            (KeyCode::Char('é'), none, "é"),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, "\x03"),
            (KeyCode::Char('\\'), KeyModifiers::CONTROL, "\x1c"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "\0"),
            (KeyCode::Char('x'), KeyModifiers::ALT, "\x1bx"),
            (
                KeyCode::Char('@'),
                KeyModifiers::ALT | KeyModifiers::CONTROL,
                "@",
            ),
            (KeyCode::Enter, none, "\r"),
            (KeyCode::Up, none, "\x1b[A"),
            (KeyCode::Left, KeyModifiers::SHIFT, "\x1b[1;2D"),
            (KeyCode::Delete, none, "\x1b[3~"),
            (KeyCode::F(1), none, "\x1bOP"),
            (KeyCode::F(5), none, "\x1b[15~"),
            (KeyCode::F(10), none, "\x1b[21~"),
            (KeyCode::F(12), none, "\x1b[24~"),
        ] {
            let mut bytes = Vec::new();
            encode(&Event::Key(KeyEvent::new(code, modifiers)), &mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{code:?}");
        }
    }
}

//! What is typed while a recording is passed on to the terminal as it is, as the keys that mean something there.
//!
//! Nothing typed is ever taken apart: an escape sequence that is no key of ours is passed over as a whole. A recording
//! can ask the terminal where its cursor is or what it is called, and the answers come in by the same road as keys.

use std::time::{Duration, Instant};

/// A key that means something where a recording is passed on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Space: stop or go on.
    Pause,
    /// `.`: to the next output.
    Step,
    /// `]`
    NextMarker,
    /// `+`
    Faster,
    /// `-`
    Slower,
    /// `q`, Ctrl-C, Escape
    Quit,
}

/// An Escape that is followed by nothing for this long is the key and not the head of a sequence.
const ESCAPE_WAIT: Duration = Duration::from_millis(100);

/// Turns bytes into keys.
///
/// ```text
/// Ground ──ESC──► Escape ──[──► Csi ──final byte──► Ground (or Mouse: three more bytes)
///   ▲               │ ├────O──► Single ──────────► Ground
///   │               │ └─P ] ^ _ X─► Text ──BEL or ESC \──► Ground
///   └──── wait ─────┘           Paste ──ESC [ 201 ~──► Ground
/// ```
#[derive(Debug)]
pub(crate) struct Keys {
    state: State,
    /// When the Escape under way becomes a key.
    deadline: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    /// Up to a limit: what is longer is no key, and is still passed over to its end.
    Csi(Vec<u8>),
    Single,
    Mouse(u8),
    Text {
        escape: bool,
    },
    /// How many bytes of the closing sequence have been seen.
    Paste(usize),
}

const PASTE_END: &[u8] = b"\x1b[201~";
/// No key has a longer sequence.
const CSI_LIMIT: usize = 32;

impl Default for Keys {
    fn default() -> Self {
        Self {
            state: State::Ground,
            deadline: None,
        }
    }
}

impl Keys {
    /// Takes bytes in and appends the keys in them.
    pub(crate) fn handle_bytes(&mut self, now: Instant, bytes: &[u8], keys: &mut Vec<Key>) {
        for &byte in bytes {
            self.byte(byte, keys);
        }
        self.deadline = (self.state == State::Escape).then(|| now + ESCAPE_WAIT);
    }

    /// Lets a waiting Escape become a key.
    pub(crate) fn handle_timeout(&mut self, now: Instant, keys: &mut Vec<Key>) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            *self = Self::default();
            keys.push(Key::Quit);
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    #[must_use]
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    fn byte(&mut self, byte: u8, keys: &mut Vec<Key>) {
        let state = std::mem::replace(&mut self.state, State::Ground);
        self.state = match (state, byte) {
            (State::Ground, 0x1b) => State::Escape,
            (State::Ground, byte) => {
                keys.extend(plain(byte));
                State::Ground
            }
            (State::Escape, b'[') => State::Csi(Vec::new()),
            (State::Escape, b'O') => State::Single,
            (State::Escape, b'P' | b']' | b'^' | b'_' | b'X') => State::Text { escape: false },
            (State::Escape, 0x1b) => State::Escape,
            // A key with Alt is none of ours.
            (State::Escape, _) => State::Ground,
            (State::Csi(mut sequence), 0x20..=0x3f) => {
                if sequence.len() < CSI_LIMIT {
                    sequence.push(byte);
                }
                State::Csi(sequence)
            }
            (State::Csi(sequence), b'M') if sequence.is_empty() => State::Mouse(3),
            (State::Csi(sequence), b'~') if sequence == b"200" => State::Paste(0),
            (State::Csi(sequence), 0x40..=0x7e) => {
                keys.extend(sequence_key(&sequence, byte));
                State::Ground
            }
            (State::Csi(_), 0x1b) => State::Escape,
            (State::Csi(_), byte) => {
                keys.extend(plain(byte));
                State::Ground
            }
            (State::Single, _) => State::Ground,
            (State::Mouse(left), _) if left > 1 => State::Mouse(left - 1),
            (State::Mouse(_), _) | (State::Text { .. }, 0x07) => State::Ground,
            (State::Text { escape: true }, b'\\') => State::Ground,
            // However a terminal's answer may end, a person can still leave.
            (State::Text { .. }, 0x03) => {
                keys.push(Key::Quit);
                State::Ground
            }
            (State::Text { .. }, byte) => State::Text {
                escape: byte == 0x1b,
            },
            (State::Paste(seen), byte) => {
                let seen = if byte == PASTE_END[seen] {
                    seen + 1
                } else {
                    usize::from(byte == PASTE_END[0])
                };
                if seen == PASTE_END.len() {
                    State::Ground
                } else {
                    State::Paste(seen)
                }
            }
        };
    }
}

fn plain(byte: u8) -> Option<Key> {
    Some(match byte {
        b' ' => Key::Pause,
        b'.' => Key::Step,
        b']' => Key::NextMarker,
        b'+' | b'=' => Key::Faster,
        b'-' | b'_' => Key::Slower,
        b'q' | b'Q' | 0x03 => Key::Quit,
        _ => return None,
    })
}

/// What a CSI sequence means: a recording may have switched the terminal to a protocol in which letters come so, too.
fn sequence_key(parameters: &[u8], last: u8) -> Option<Key> {
    let text = std::str::from_utf8(parameters).ok()?;
    let numbers: Vec<u32> = text
        .split(';')
        .map(|number| number.split(':').next().unwrap_or_default())
        .map(|number| number.parse().unwrap_or_default())
        .collect();
    const CTRL: u32 = 4;
    let (code, held) = match (last, &numbers[..]) {
        // kitty: the character, and what is held.
        (b'u', [code]) => (*code, 0),
        (b'u', [code, held, ..]) => (*code, held.saturating_sub(1)),
        // xterm with modifyOtherKeys.
        (b'~', [27, held, code]) => (*code, held.saturating_sub(1)),
        // win32: virtual key, scan code, character, down or up.
        (b'_', [_, _, code, 1, ..]) => (*code, 0),
        _ => return None,
    };
    match char::from_u32(code)? {
        'c' | 'C' if held & CTRL != 0 => Some(Key::Quit),
        '\u{1b}' => Some(Key::Quit),
        code => plain(u8::try_from(code).ok()?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "an origin for made-up times")]
    use super::*;

    fn check(typed: &[u8], expected: &[Key]) {
        let now = Instant::now();
        // However the bytes are cut, the keys are the same.
        for cut in 0..=typed.len() {
            let (mut keys, mut got) = (Keys::default(), Vec::new());
            keys.handle_bytes(now, &typed[..cut], &mut got);
            keys.handle_bytes(now, &typed[cut..], &mut got);
            assert_eq!(got, expected, "{typed:?} cut at {cut}");
        }
    }

    #[test]
    fn letters_are_keys_whatever_protocol_they_come_in() {
        check(
            b" .]+-=",
            &[
                Key::Pause,
                Key::Step,
                Key::NextMarker,
                Key::Faster,
                Key::Slower,
                Key::Faster,
            ],
        );
        check(b"\x03", &[Key::Quit]);
        for quit in [
            "q",
            "\x1b[113u",
            "\x1b[99;5u",
            "\x1b[99;5:1u",
            "\x1b[27u",
            "\x1b[27;5;99~",
            "\x1b[81;16;113;1;0;1_",
            "\x1b[67;46;3;1;8;1_",
        ] {
            check(quit.as_bytes(), &[Key::Quit]);
        }
        check(b"\x1b[C\x1bOD\x1b[1;2C\x1b[81;16;113;0;0;1_", &[]);
    }

    #[test]
    fn answers_of_the_terminal_and_unknown_sequences_are_passed_over_whole() {
        for answer in [
            &b"\x1b[24;80R"[..],
            b"\x1b[?64;1;2;6;9;15q",
            b"\x1b[?1;2c",
            b"\x1b[5~",
            b"\x1b[1;5C",
            b"\x1b[M q.",
            b"\x1b[<0;3;4M",
            b"\x1b]11;rgb:q q/  /..\x07",
            b"\x1b]11;rgb:q q/  /..\x1b\\",
            b"\x1bP>|q.+ 1\x1b\\",
            b"\x1bq",
            b"\x1b[200~ q.\x1b[\x1b[201~",
        ] {
            let mut typed = answer.to_vec();
            typed.push(b' ');
            check(&typed, &[Key::Pause]);
        }
    }

    #[test]
    fn an_escape_alone_quits_after_a_moment() {
        let now = Instant::now();
        let (mut keys, mut got) = (Keys::default(), Vec::new());
        keys.handle_bytes(now, b"\x1b", &mut got);
        let deadline = keys.poll_timeout().unwrap();
        keys.handle_timeout(now, &mut got);
        assert_eq!(got, []);
        keys.handle_timeout(deadline, &mut got);
        assert_eq!(got, [Key::Quit]);
        assert_eq!(keys.poll_timeout(), None);
    }
}

//! Local commands among the keys: an escape character at the start of a line, as in ssh, and the line that asks for a
//! marker's note.
//!
//! Nothing here is sent, shown or recorded; keys go in, keys and commands come out. A paste is treated as typing is, which
//! is what ssh does.

use bytes::{Buf, Bytes};

/// The longest note, in characters.
const MAX_NOTE: usize = 256;
const INTERRUPT: u8 = 0x03;
const END_OF_TRANSMISSION: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const ERASE_LINE: u8 = 0x15;
const ERASE_WORD: u8 = 0x17;
const SUSPEND: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// What the person wants of this program instead of the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Command {
    /// End the session.
    End,
    /// List the commands.
    Help,
    /// Tell of the session.
    Facts,
    /// Set a marker.
    Marker,
    /// Stop this program, for the shell to take over.
    Suspend,
}

/// What keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Action {
    /// They go to the remote.
    Send(Bytes),
    /// They are for us.
    Do(Command),
}

/// ```text
/// LineStart ── escape character ──► Pending ── command ──► LineStart
///     ▲  │                             │
///     CR other                         other (sent, with the escape character before it)
///     │  ▼                             │
///    InLine ◄──────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    LineStart,
    InLine,
    Pending,
}

/// Tells keys for the remote from commands.
#[derive(Debug)]
pub(in crate::session) struct Escape {
    character: u8,
    state: State,
}

impl Escape {
    pub(in crate::session) fn new(character: u8) -> Self {
        Self {
            character,
            state: State::LineStart,
        }
    }

    /// What begins a command.
    pub(in crate::session) fn character(&self) -> u8 {
        self.character
    }

    /// Takes keys from the front; to be called until there are none. `None`: they wait for what follows.
    pub(in crate::session) fn take(&mut self, keys: &mut Bytes) -> Option<Action> {
        if self.state == State::Pending {
            let key = *keys.first()?;
            if let Some(command) = command(key) {
                keys.advance(1);
                self.state = State::LineStart;
                return Some(Action::Do(command));
            }
            self.state = State::InLine;
            if key != self.character {
                return Some(Action::Send(Bytes::copy_from_slice(&[self.character])));
            }
        }
        for at in 0..keys.len() {
            let key = keys[at];
            if self.state == State::LineStart && key == self.character {
                let before = keys.split_to(at);
                if !before.is_empty() {
                    return Some(Action::Send(before));
                }
                keys.advance(1);
                self.state = State::Pending;
                return self.take(keys);
            }
            self.state = match key {
                b'\r' | b'\n' => State::LineStart,
                _ => State::InLine,
            };
        }
        (!keys.is_empty()).then(|| Action::Send(std::mem::take(keys)))
    }

    /// What there is, one line each.
    pub(in crate::session) fn help(&self) -> Vec<String> {
        let escape = name(self.character);
        vec![
            "local commands, at the start of a line:".to_owned(),
            format!(" {escape}.   end the session, also when it is frozen"),
            format!(" {escape}i   about this session: id, target, recording, connection"),
            format!(" {escape}m   set a marker in the recording, with a note"),
            format!(" {escape}^Z  suspend this program"),
            format!(" {escape}?   this list"),
            format!(" {escape}{escape}   send {escape}"),
        ]
    }
}

/// As a person types it.
pub(in crate::session) fn name(character: u8) -> String {
    match character {
        0..=0x1f => format!("^{}", char::from(character + 0x40)),
        _ => char::from(character).to_string(),
    }
}

fn command(key: u8) -> Option<Command> {
    Some(match key {
        b'.' => Command::End,
        b'?' => Command::Help,
        b'i' => Command::Facts,
        b'm' => Command::Marker,
        SUSPEND => Command::Suspend,
        _ => return None,
    })
}

/// Takes one key from the front, whatever it is: an arrow sends several bytes.
pub(in crate::session) fn take_key(keys: &mut Bytes) {
    let Some(key) = keys.first().copied() else {
        return;
    };
    keys.advance(1);
    match key {
        ESCAPE => {
            skip_sequence(keys);
        }
        0xc0..=0xff => {
            let rest = keys.iter().take_while(|key| *key & 0xc0 == 0x80).count();
            keys.advance(rest);
        }
        _ => {}
    }
}

/// Takes what belongs to a key behind its ESC. A person's Esc comes alone.
fn skip_sequence(keys: &mut Bytes) -> bool {
    if !matches!(keys.first(), Some(b'[' | b'O')) {
        return false;
    }
    keys.advance(1);
    let last = keys.iter().position(|key| (b'@'..=b'~').contains(key));
    keys.advance(last.map_or(keys.len(), |last| last + 1));
    true
}

/// How far a note is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Noted {
    /// More is to be typed.
    More,
    /// This is it; may be empty.
    Done(String),
    /// No marker after all.
    Cancelled,
}

/// The note of a marker, as it is typed.
#[derive(Debug, Default)]
pub(in crate::session) struct Note {
    text: Vec<u8>,
}

impl Note {
    /// Takes keys from the front, up to the end of the note. Enter ends it; Esc and Ctrl-C cancel it.
    pub(in crate::session) fn take(&mut self, keys: &mut Bytes) -> Noted {
        while let Some(key) = keys.first().copied() {
            keys.advance(1);
            match key {
                b'\r' | b'\n' => {
                    let text = String::from_utf8_lossy(&self.text);
                    return Noted::Done(text.trim().chars().take(MAX_NOTE).collect());
                }
                // An arrow or another key that is a sequence.
                ESCAPE if skip_sequence(keys) => {}
                ESCAPE | INTERRUPT => return Noted::Cancelled,
                END_OF_TRANSMISSION if self.text.is_empty() => return Noted::Cancelled,
                BACKSPACE | DELETE => self.erase(),
                ERASE_LINE => self.text.clear(),
                ERASE_WORD => {
                    while self.text.last() == Some(&b' ') {
                        self.erase();
                    }
                    while self.text.last().is_some_and(|last| *last != b' ') {
                        self.erase();
                    }
                }
                0..=0x1f => {}
                _ if self.text.len() < MAX_NOTE * 4 => self.text.push(key),
                _ => {}
            }
        }
        Noted::More
    }

    /// As far as it is typed.
    pub(in crate::session) fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }

    /// Takes back one character.
    fn erase(&mut self) {
        while let Some(last) = self.text.pop() {
            if last & 0xc0 != 0x80 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What becomes of keys that come in these pieces.
    fn meaning(pieces: &[&str]) -> Vec<String> {
        let mut escape = Escape::new(b'~');
        let mut out: Vec<String> = Vec::new();
        for piece in pieces {
            let mut keys = Bytes::copy_from_slice(piece.as_bytes());
            while let Some(action) = escape.take(&mut keys) {
                match action {
                    Action::Send(sent) => out.push(String::from_utf8(sent.to_vec()).unwrap()),
                    Action::Do(command) => out.push(format!("<{command:?}>")),
                }
            }
            assert!(keys.is_empty());
        }
        out
    }

    #[test]
    fn commands_are_taken_at_the_start_of_a_line_only() {
        for (pieces, expected) in [
            (&["~."][..], &["<End>"][..]),
            (&["~", "."], &["<End>"]),
            (&["ls\r~."], &["ls\r", "<End>"]),
            (&["ls\r", "~?", "~m"], &["ls\r", "<Help>", "<Marker>"]),
            (&["ls\r~i~i", "x"], &["ls\r", "<Facts>", "<Facts>", "x"]),
            (&["a~."], &["a~."]),
            (&["a", "~."], &["a", "~."]),
            (&["\r~\x1ax"], &["\r", "<Suspend>", "x"]),
            (&["\n~."], &["\n", "<End>"]),
        ] {
            assert_eq!(meaning(pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn two_escapes_send_one_and_anything_else_sends_both() {
        for (pieces, expected) in [
            (&["~~"][..], "~"),
            (&["~~."], "~."),
            (&["~", "~", "."], "~."),
            (&["~/bin\r"], "~/bin\r"),
            (&["~", "/bin"], "~/bin"),
            (&["~\r~~x"], "~\r~x"),
        ] {
            assert_eq!(meaning(pieces).concat(), expected, "{pieces:?}");
        }
    }

    #[test]
    fn after_a_command_the_line_still_starts() {
        assert_eq!(meaning(&["~?~."]), ["<Help>", "<End>"]);
    }

    #[test]
    fn a_control_character_is_named_as_it_is_typed() {
        assert_eq!(name(0x1d), "^]");
        assert_eq!(name(b'%'), "%");
        assert!(Escape::new(0x1d).help()[1].starts_with(" ^]. "));
    }

    #[test]
    fn one_key_is_taken_whole_and_nothing_behind_it() {
        for (keys, rest) in [
            (&b"qls"[..], &b"ls"[..]),
            (b"\x1b[1;5Cls", b"ls"),
            (b"\x1bOAls", b"ls"),
            (b"\x1b", b""),
            ("\u{e9}ls".as_bytes(), b"ls"),
            (b"", b""),
        ] {
            let mut left = Bytes::copy_from_slice(keys);
            take_key(&mut left);
            assert_eq!(&left[..], rest, "{keys:?}");
        }
    }

    fn note(keys: &[u8]) -> (Noted, Vec<u8>) {
        let mut keys = Bytes::copy_from_slice(keys);
        let noted = Note::default().take(&mut keys);
        (noted, keys.to_vec())
    }

    #[test]
    fn a_note_is_edited_and_ends_with_enter() {
        let done = |text: &str| Noted::Done(text.to_owned());
        assert_eq!(
            note(b"before deploy\rls"),
            (done("before deploy"), b"ls".to_vec())
        );
        assert_eq!(note("caf\u{e9}x\x7f\x7fe\r".as_bytes()).0, done("cafe"));
        assert_eq!(note(b"one two\x17three\r").0, done("one three"));
        assert_eq!(note(b"wrong\x15right\r").0, done("right"));
        assert_eq!(note(b"a\x1b[D\x1bOCb\r").0, done("ab"));
        assert_eq!(note(b"\r").0, done(""));
    }

    #[test]
    fn a_note_is_cancelled_by_escape_and_interrupt() {
        for keys in [&b"abc\x1b"[..], b"abc\x03", b"\x04"] {
            assert_eq!(note(keys).0, Noted::Cancelled, "{keys:?}");
        }
    }

    proptest! {
        #[test]
        fn without_the_escape_character_every_key_goes_through(keys in "[a-z\\r\\n.?]{0,64}", cut in 0_usize..64) {
            let cut = cut.min(keys.len());
            let (first, second) = keys.split_at(cut);
            prop_assert_eq!(meaning(&[first, second]).concat(), keys);
        }

        #[test]
        fn pieces_mean_what_the_whole_does(keys in "[~.m?a\\r]{0,24}", cut in 0_usize..24) {
            let cut = cut.min(keys.len());
            let (first, second) = keys.split_at(cut);
            prop_assert_eq!(meaning(&[first, second]).concat(), meaning(&[&keys]).concat());
        }

        #[test]
        fn a_note_takes_anything(keys in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = note(&keys);
        }
    }
}

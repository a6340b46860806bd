//! What a program says to the terminal about itself: bracketed paste, marks of shells, directories, titles, questions.
//!
//! Nothing here is believed: a sign is a claim of whatever wrote it. Sequences are found across pieces of output; one that is
//! longer than a sign can be is passed over.

/// A longer sequence is no sign.
const MOST: usize = 4096;

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Bracketed paste is switched on or off: a line editor begins or ends to read.
    Paste(bool),
    /// The prompt ends here, and the command begins. By whom: 133 or 633.
    PromptEnd(u16),
    /// The command was taken.
    Accepted(Mark),
    /// The command has ended, with this status if it is told.
    Ended(Option<i32>),
    /// The command as the shell has it.
    Text(String),
    /// The working directory.
    Directory(String),
    /// The terminal is asked something, which it will answer as if it were typed.
    Question,
}

/// Whose mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Osc133,
    Osc633,
    Osc3008,
}

/// Finds signs in output.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    state: State,
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    Csi,
    Osc,
    /// An escape character within an OSC: the first half of its end.
    OscEscape,
}

impl Scanner {
    /// Scans output; gives the length up to the end of the first sign, and the sign. Without one, all was scanned.
    pub(super) fn next(&mut self, output: &str) -> Option<(usize, Sign)> {
        let mut at = 0;
        while at < output.len() {
            if self.state == State::Text {
                // The eight-bit forms begin with 0xc2.
                at += memchr::memchr2(0x1b, 0xc2, &output.as_bytes()[at..])?;
            }
            let c = output[at..].chars().next()?;
            at += c.len_utf8();
            if let Some(sign) = self.step(c) {
                return Some((at, sign));
            }
        }
        None
    }

    fn step(&mut self, c: char) -> Option<Sign> {
        let (next, sign) = match (self.state, c) {
            (_, '\x18' | '\x1a') => (State::Text, None),
            (State::Osc, '\x1b') => (State::OscEscape, None),
            (State::Osc, '\x07' | '\u{9c}') => (State::Text, self.osc()),
            (State::OscEscape, '\\') => (State::Text, self.osc()),
            (State::Osc, c) => {
                if self.held.len() < MOST {
                    self.held.push(c);
                }
                (State::Osc, None)
            }
            (_, '\x1b') => (State::Escape, None),
            (_, '\u{9b}') | (State::Escape | State::OscEscape, '[') => {
                self.held.clear();
                (State::Csi, None)
            }
            (_, '\u{9d}') | (State::Escape | State::OscEscape, ']') => {
                self.held.clear();
                (State::Osc, None)
            }
            (State::Csi, ' '..='?') => {
                if self.held.len() < MOST {
                    self.held.push(c);
                }
                (State::Csi, None)
            }
            (State::Csi, '@'..='~') => (State::Text, self.csi(c)),
            // A control character in between is carried out, and the sequence goes on.
            (State::Csi, _) => (State::Csi, None),
            _ => (State::Text, None),
        };
        self.state = next;
        sign
    }

    fn csi(&self, last: char) -> Option<Sign> {
        match (last, self.held.as_str()) {
            ('h' | 'l', modes) => {
                let mut modes = modes.strip_prefix('?')?.split(';');
                let is_paste = modes.any(|mode| mode.trim_start_matches('0') == "2004");
                is_paste.then_some(Sign::Paste(last == 'h'))
            }
            ('n', "5" | "6" | "?6") | ('c', "" | "0" | ">" | ">0" | "=") => Some(Sign::Question),
            _ => None,
        }
    }

    fn osc(&self) -> Option<Sign> {
        if self.held.len() >= MOST {
            return None;
        }
        let (number, rest) = self.held.split_once(';')?;
        match number {
            "133" => mark(rest, 133, Mark::Osc133),
            "633" => mark(rest, 633, Mark::Osc633),
            "3008" => context(rest),
            "7" => directory(rest).map(Sign::Directory),
            "9" => rest
                .strip_prefix("9;")
                .map(|path| Sign::Directory(path.trim_matches('"').to_owned())),
            "1337" => rest
                .strip_prefix("CurrentDir=")
                .map(|path| Sign::Directory(path.to_owned())),
            "10" | "11" | "12" if rest == "?" => Some(Sign::Question),
            _ => None,
        }
    }
}

/// `B`, `C`, `D;1`, and of 633 `E;text` and `P;Cwd=…`.
fn mark(text: &str, number: u16, whose: Mark) -> Option<Sign> {
    let (letter, rest) = text.split_once(';').unwrap_or((text, ""));
    match letter {
        "B" => Some(Sign::PromptEnd(number)),
        "C" => Some(Sign::Accepted(whose)),
        "D" => Some(Sign::Ended(
            rest.split(';').next().and_then(|code| code.parse().ok()),
        )),
        "E" if number == 633 => {
            let text = rest.split(';').next().unwrap_or_default();
            Some(Sign::Text(unescaped(text)))
        }
        "P" if number == 633 => {
            let path = rest.strip_prefix("Cwd=")?;
            Some(Sign::Directory(unescaped(path)))
        }
        _ => None,
    }
}

/// systemd's shell contexts: `start=ID;type=command;cwd=…` and `end=ID;exit=failure;status=1`.
fn context(text: &str) -> Option<Sign> {
    let of = |key: &str| {
        let mut fields = text.split(';').filter_map(|field| field.split_once('='));
        fields
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    if of("start").is_some() && of("type") == Some("command") {
        return Some(Sign::Accepted(Mark::Osc3008));
    }
    of("end")?;
    match (
        of("status").and_then(|status| status.parse().ok()),
        of("exit"),
    ) {
        (Some(status), _) => Some(Sign::Ended(Some(status))),
        (None, Some("success")) => Some(Sign::Ended(Some(0))),
        (None, Some(_)) => Some(Sign::Ended(None)),
        // The shell itself ended.
        (None, None) => None,
    }
}

/// The path of `file://host/path`.
fn directory(url: &str) -> Option<String> {
    let rest = url
        .strip_prefix("file://")
        .or_else(|| url.strip_prefix("kitty-shell-cwd://"))?;
    let path = &rest[rest.find('/')?..];
    Some(
        percent_encoding::percent_decode_str(path)
            .decode_utf8_lossy()
            .into_owned(),
    )
}

/// `\xAB` and `\\`, as 633 has them.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let code = rest.strip_prefix('x').and_then(|hex| hex.get(..2));
        if let Some(byte) = code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            bytes.push(byte);
            rest = &rest[3..];
        } else {
            bytes.push(b'\\');
            rest = rest.strip_prefix('\\').unwrap_or(rest);
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signs in pieces of output.
    fn signs(pieces: &[&str]) -> Vec<Sign> {
        let mut scanner = Scanner::default();
        let mut found = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while let Some((length, sign)) = scanner.next(rest) {
                found.push(sign);
                rest = &rest[length..];
            }
        }
        found
    }

    #[test]
    fn signs_are_found_in_every_spelling() {
        let cases = [
            ("\x1b[?2004h", Sign::Paste(true)),
            ("\u{9b}?1;2004l", Sign::Paste(false)),
            ("\x1b]133;B\x07", Sign::PromptEnd(133)),
            ("\u{9d}133;C;cmdline=ls\u{9c}", Sign::Accepted(Mark::Osc133)),
            ("\x1b]133;D;130;aid=1\x1b\\", Sign::Ended(Some(130))),
            ("\x1b]133;D\x07", Sign::Ended(None)),
            (
                "\x1b]633;E;a\\x3bb\\\\n;nonce\x07",
                Sign::Text("a;b\\n".into()),
            ),
            ("\x1b]633;P;Cwd=/a b\x07", Sign::Directory("/a b".into())),
            (
                "\x1b]7;file://web-1/srv/a%20b\x1b\\",
                Sign::Directory("/srv/a b".into()),
            ),
            ("\x1b]9;9;\"/x\"\x07", Sign::Directory("/x".into())),
            (
                "\x1b]3008;start=1;type=command;cwd=/\x1b\\",
                Sign::Accepted(Mark::Osc3008),
            ),
            (
                "\x1b]3008;end=1;exit=failure;status=3\x1b\\",
                Sign::Ended(Some(3)),
            ),
            ("\x1b[6n", Sign::Question),
            ("\x1b[c", Sign::Question),
        ];
        for (output, sign) in cases {
            assert_eq!(
                signs(&["text", output, "text"]),
                std::slice::from_ref(&sign),
                "{output:?}"
            );
            let letters: Vec<String> = output.chars().map(String::from).collect();
            let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
            assert_eq!(signs(&letters), [sign], "{output:?} in single characters");
        }
    }

    #[test]
    fn what_is_no_sign_is_passed_over() {
        let title = format!("\x1b]0;{}\x07", "x".repeat(100_000));
        let long = format!("\x1b]7;file:///{}\x07", "x".repeat(100_000));
        for output in [
            "\x1b]0;title\x07",
            "\x1b[?25h",
            "\x1b]133;B\x18",
            "\x1b]8;;u\x07",
            &title,
            &long,
        ] {
            assert_eq!(
                signs(&[output, "\x1b[?2004h"]),
                [Sign::Paste(true)],
                "{output:.40?}"
            );
        }
    }
}

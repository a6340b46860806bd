//! What was typed, with what the remote did not echo (a password) masked.
//!
//! A key is held back until its echo comes, a line ends, or a moment has passed; it never delays the key on its way
//! to the remote, only its event in the recording. Nothing here keeps a masked character.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an echo may take. Longer than a slow line, shorter than anybody's patience.
const ECHO_TIMEOUT: Duration = Duration::from_secs(3);
/// What stands for a run of characters that were not echoed; always the same, so that it tells no length.
const MASK: &str = "•••";

/// Which keys a recording holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// None.
    #[default]
    Off,
    /// Those that the remote echoed; others masked.
    Echoed,
    /// All, passwords included.
    All,
}

/// Matches typed characters against what the remote shows.
#[derive(Debug, Default)]
pub(super) struct Echo {
    pending: VecDeque<(Unit, Instant)>,
    ready: String,
    /// The rest of this run is masked: one of its characters was not echoed.
    masking: bool,
    escape: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Unit {
    /// Something that a remote would echo as it is.
    Char(char),
    /// A line end.
    Enter(char),
    /// A control character or a key's escape sequence: no secret, and not echoed as it is.
    Key(String),
}

impl Echo {
    /// Takes what was typed.
    pub(super) fn typed(&mut self, now: Instant, text: &str) {
        for c in text.chars() {
            if let Some(sequence) = &mut self.escape {
                sequence.push(c);
                if sequence_ends(sequence) {
                    let sequence = self.escape.take().unwrap_or_default();
                    self.pending.push_back((Unit::Key(sequence), now));
                }
                continue;
            }
            match c {
                '\x1b' => self.escape = Some(c.to_string()),
                '\r' | '\n' => self.pending.push_back((Unit::Enter(c), now)),
                c if c.is_control() => self.pending.push_back((Unit::Key(c.to_string()), now)),
                c => self.pending.push_back((Unit::Char(c), now)),
            }
        }
        self.release_keys();
    }

    /// Takes what the remote showed.
    pub(super) fn shown(&mut self, text: &str) {
        for c in text.chars() {
            match self.pending.front() {
                None => return,
                Some((Unit::Char(typed), _)) if *typed == c && !self.masking => {
                    self.ready.push(c);
                    self.pending.pop_front();
                }
                // The remote went to a new line: what was typed before our own line end has had its chance.
                Some(_)
                    if matches!(c, '\r' | '\n')
                        && self
                            .pending
                            .iter()
                            .any(|(unit, _)| matches!(unit, Unit::Enter(_))) =>
                {
                    self.mask_line();
                }
                Some(_) => {}
            }
            self.release_keys();
        }
    }

    /// What can be written now.
    pub(super) fn poll(&mut self) -> Option<String> {
        if self.ready.is_empty() {
            None
        } else {
            Some(std::mem::take(&mut self.ready))
        }
    }

    /// When to call [`Echo::handle_timeout`].
    #[must_use]
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.pending.front().map(|(_, typed)| *typed + ECHO_TIMEOUT)
    }

    /// Masks what has waited too long.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        while self
            .pending
            .front()
            .is_some_and(|(_, typed)| *typed + ECHO_TIMEOUT <= now)
        {
            self.release_front();
        }
        self.release_keys();
    }

    /// Gives up waiting: whatever is left is masked.
    pub(super) fn finish(&mut self) {
        while !self.pending.is_empty() {
            self.release_front();
        }
        if let Some(sequence) = self.escape.take() {
            self.ready.push_str(&sequence);
        }
    }

    fn mask_line(&mut self) {
        while let Some((unit, _)) = self.pending.front() {
            let ends = matches!(unit, Unit::Enter(_));
            self.release_front();
            if ends {
                return;
            }
        }
    }

    /// Keys wait for nothing but their turn. A line end waits for the remote's.
    fn release_keys(&mut self) {
        while matches!(self.pending.front(), Some((Unit::Key(_), _))) {
            self.release_front();
        }
    }

    fn release_front(&mut self) {
        match self.pending.pop_front() {
            Some((Unit::Char(_), _)) if self.masking => {}
            Some((Unit::Char(_), _)) => {
                self.ready.push_str(MASK);
                self.masking = true;
            }
            Some((Unit::Enter(c), _)) => {
                self.ready.push(c);
                self.masking = false;
            }
            Some((Unit::Key(sequence), _)) => self.ready.push_str(&sequence),
            None => {}
        }
    }
}

/// Whether an escape sequence as a keyboard sends it is whole: `ESC [ … letter`, `ESC O letter`, `ESC` and one character.
fn sequence_ends(sequence: &str) -> bool {
    let mut rest = sequence.chars().skip(1);
    match rest.next() {
        None => false,
        Some('[') => {
            let last = rest.last();
            // A sequence that never ends must not swallow what is typed after it.
            last.is_some_and(|c| matches!(c, '\x40'..='\x7e')) || sequence.len() > 32
        }
        Some('O') => rest.next().is_some(),
        Some(_) => true,
    }
}

#[cfg(test)]
#[allow(
    clippy::disallowed_methods,
    reason = "a fake clock needs one true instant to start from"
)]
mod tests {
    use super::*;

    enum Step {
        Type(&'static str),
        Show(&'static str),
        Wait(u64),
    }
    use Step::{Show, Type, Wait};

    fn check(steps: &[Step], recorded: &str) {
        let mut echo = Echo::default();
        let mut now = Instant::now();
        let mut out = String::new();
        for step in steps {
            match step {
                Type(text) => echo.typed(now, text),
                Show(text) => echo.shown(text),
                Wait(seconds) => {
                    now += Duration::from_secs(*seconds);
                    echo.handle_timeout(now);
                }
            }
            out.extend(echo.poll());
        }
        echo.finish();
        out.extend(echo.poll());
        assert_eq!(out, recorded);
    }

    #[test]
    fn an_echoed_line_is_recorded_as_typed() {
        check(
            &[
                Type("l"),
                Show("l"),
                Type("s"),
                Show("s"),
                Type("\r"),
                Show("\r\na  b\r\n$ "),
            ],
            "ls\r",
        );
        check(
            &[Type("ls -l\r"), Show("ls -l\r\ntotal 0\r\n$ ")],
            "ls -l\r",
        );
        check(&[Type("é"), Show("é"), Type("\r"), Show("\r\n")], "é\r");
    }

    #[test]
    fn a_password_is_masked_and_its_length_hidden() {
        check(
            &[
                Type("sudo -i\r"),
                Show("sudo -i\r\nPassword: "),
                Type("hunter2"),
                Type("\r"),
                Show("\r\nroot# "),
            ],
            "sudo -i\r•••\r",
        );
        check(&[Type("secret\r"), Show("\r\nsecret things\r\n")], "•••\r");
    }

    #[test]
    fn one_character_that_is_not_echoed_masks_the_rest_of_its_line() {
        check(
            &[
                Type("pass\r"),
                Show("p"),
                Show("\r\nass"),
                Type("ok\r"),
                Show("ok\r\n"),
            ],
            "p•••\rok\r",
        );
    }

    #[test]
    fn keys_are_recorded_without_an_echo() {
        check(
            &[
                Type("\x03"),
                Type("\x1b[A"),
                Type("\x1bOB"),
                Type("\x1b[15~"),
            ],
            "\x03\x1b[A\x1bOB\x1b[15~",
        );
    }

    #[test]
    fn what_is_never_echoed_is_masked_after_a_while() {
        check(
            &[
                Type("j"),
                Wait(4),
                Type("k"),
                Wait(4),
                Type("\r"),
                Show("\n"),
            ],
            "•••\r",
        );
    }
}

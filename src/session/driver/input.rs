//! The end of the input: when the remote side is told of it, and how.
//!
//! Nothing here reads or sends; the channel is asked how far it is.

use std::time::{Duration, Instant};

use crate::session::channel::{Channel, SessionType};

/// How long the remote side must have shown nothing before the end of piped input is passed on.
const FIRST_END_OF_INPUT: Duration = Duration::from_millis(500);
/// The longest pause before it is passed on again.
const MAX_END_OF_INPUT: Duration = Duration::from_secs(8);
/// What is known about the input: whether more may come, and when its end is passed on.
///
/// Piped input is passed on as it is: a line feed ends a line for a shell's line editor and for a terminal in its
/// normal mode alike. At its end the remote side is told as a person would tell it, with Ctrl-D at a quiet prompt: after
/// all input has arrived and nothing was shown for half a second. A command that runs silently may miss it (a line
/// editor that comes back drops what was typed while the terminal was in normal mode), so it is repeated, with ever
/// longer pauses, until the session ends. A command without a terminal takes no input and is simply waited for.
pub(super) struct Input {
    pub(super) is_terminal: bool,
    ended: bool,
    last_shown: Instant,
    last_told: Instant,
    pause: Duration,
}

impl Input {
    pub(super) fn new(is_terminal: bool, now: Instant) -> Self {
        Self {
            is_terminal,
            ended: false,
            last_shown: now,
            last_told: now,
            pause: FIRST_END_OF_INPUT,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.ended
    }

    pub(super) fn end(&mut self, now: Instant) {
        self.ended = true;
        self.last_told = now;
    }

    pub(super) fn shown(&mut self, now: Instant) {
        self.last_shown = now;
    }

    pub(super) fn poll_timeout(&self, channel: &Channel) -> Option<Instant> {
        let has_terminal = channel.session_type() != Some(&SessionType::NonInteractiveCommands);
        let due = self.ended && has_terminal && channel.is_open() && channel.is_settled();
        due.then(|| self.last_shown.max(self.last_told) + self.pause)
    }

    /// Whether the end of input is to be passed on now.
    pub(super) fn handle_timeout(&mut self, channel: &Channel, now: Instant) -> bool {
        if self.poll_timeout(channel).is_none_or(|due| now < due) {
            return false;
        }
        self.last_told = now;
        self.pause = (self.pause * 2).min(MAX_END_OF_INPUT);
        true
    }
}

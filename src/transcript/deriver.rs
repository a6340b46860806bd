//! Events in, lines and commands out: what a recording says, in text.
//!
//! Nothing here reads a recording, a clock or a file; the same events give the same lines and commands, however they are
//! handed over. Memory is bounded: lines are handed out as they end, and so many commands are kept and no more.

use std::time::Duration;

use formats::asciicast::{Data, Header};
use formats::derived::{Command, Line};

use super::Leaving;
use crate::screen::Emulator;

/// The machine that both are made by.
pub(crate) struct Deriver {
    screen: Emulator,
    leaving: Leaving,
    lines: Vec<Line>,
    at: Duration,
}

/// What is known at the end alone.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ending {
    /// The lines that still stood there, and any that were not taken.
    pub(crate) lines: Vec<Line>,
    pub(crate) commands: Vec<Command>,
    /// The share of output bytes that belong to a prompt, a command or its output, from 0 to 1.
    pub(crate) explained: f64,
}

impl Deriver {
    pub(crate) fn new(header: &Header) -> Self {
        Self {
            screen: Emulator::new(header.term.size()),
            leaving: Leaving::default(),
            lines: Vec::new(),
            at: Duration::ZERO,
        }
    }

    /// Takes the next event; `at` is since the start.
    pub(crate) fn event(&mut self, at: Duration, data: &Data) {
        self.at = self.at.max(at);
        match data {
            Data::Output(text) => self.screen.feed_with(text, &mut self.leaving),
            Data::Resize(size) => self.screen.resize_with(*size, &mut self.leaving),
            _ => return,
        }
        self.tell();
    }

    /// The lines that have ended since.
    pub(crate) fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// The end of the session.
    pub(crate) fn finish(mut self) -> Ending {
        self.leaving.flush(&self.screen, self.screen.size().1);
        self.tell();
        Ending {
            lines: self.lines,
            ..Ending::default()
        }
    }

    fn tell(&mut self) {
        let at = u64::try_from(self.at.as_millis()).unwrap_or(u64::MAX);
        let lines = self.leaving.take().into_iter();
        self.lines.extend(lines.map(|text| Line {
            first: at,
            last: at,
            text,
            other: false,
        }));
    }
}

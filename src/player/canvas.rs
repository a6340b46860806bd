//! The recorded terminal: what was on its screen at one moment of the playback.
//!
//! Nothing here knows of time, of files or of a real terminal, and whatever a recording says its size is, the memory held is
//! limited.

use super::scan::{Pattern, Place};
use crate::screen::{Emulator, Size};

/// An emulated terminal.
pub(crate) struct Canvas {
    terminal: Emulator,
}

/// All of a [`Canvas`] at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    size: Size,
    dump: String,
}

impl Snapshot {
    /// Columns and rows, and the output that makes it.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (Size, &str) {
        (self.size, &self.dump)
    }

    /// The same, to be kept elsewhere.
    pub(crate) fn into_parts(self) -> (Size, String) {
        (self.size, self.dump)
    }

    /// In bytes.
    pub(crate) fn size(&self) -> usize {
        self.dump.len()
    }
}

impl Canvas {
    /// An empty screen. A recording made without a terminal has none of its own; it gets the usual one.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            terminal: Emulator::new(size),
        }
    }

    /// Shows output.
    pub(crate) fn feed(&mut self, output: &str) {
        self.terminal.feed(output);
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> Size {
        self.terminal.extent()
    }

    /// Takes another size.
    pub(crate) fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
    }

    /// Keeps this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            size: self.terminal.extent(),
            dump: self.terminal.dump(),
        }
    }

    /// Goes back (or on) to a moment that was kept.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) {
        self.terminal = Emulator::new(snapshot.size);
        self.terminal.feed(&snapshot.dump);
    }

    /// The emulated terminal, to be looked at.
    pub(crate) fn terminal(&self) -> &Emulator {
        &self.terminal
    }

    /// Where on the screen a pattern stands.
    pub(crate) fn places(&self, pattern: &Pattern) -> Vec<Place> {
        pattern.places(&self.terminal.screen())
    }
}

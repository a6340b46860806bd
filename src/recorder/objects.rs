//! What is derived, as it is stored: two objects, and what a manifest tells of them.
//!
//! Nothing here opens a file, and the same events give the same text in both.

use std::io::{self, Write};

use formats::asciicast::{Event, Header};
use formats::manifest::Derived;
use formats::recording::DerivedWriter;
use formats::sealed::Seal;

use crate::transcript::{Deriver, EXTRACTOR};

/// Where the two objects go: whose they are, the sinks, and the seals where only some may read them.
#[derive(Debug)]
pub(crate) struct Sinks<L, C> {
    pub(crate) session_id: String,
    pub(crate) lines: (L, Option<Seal>),
    pub(crate) commands: (C, Option<Seal>),
}

/// Makes them from the events of a recording.
pub(crate) struct Objects<L: Write, C: Write> {
    deriver: Deriver,
    lines: DerivedWriter<L>,
    commands: DerivedWriter<C>,
}

impl<L: Write, C: Write> Objects<L, C> {
    /// Begins with the recording's header.
    ///
    /// # Errors
    /// A sink failed.
    pub(crate) fn new(header: &Header, sinks: Sinks<L, C>) -> io::Result<Self> {
        let id = &sinks.session_id;
        Ok(Self {
            deriver: Deriver::new(header),
            lines: DerivedWriter::new(sinks.lines.0, id, sinks.lines.1)?,
            commands: DerivedWriter::new(sinks.commands.0, id, sinks.commands.1)?,
        })
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// A sink failed.
    pub(crate) fn event(&mut self, event: &Event) -> io::Result<()> {
        self.deriver.event(event.at, &event.data);
        for line in self.deriver.take() {
            self.lines.line(&line)?;
        }
        Ok(())
    }

    /// The end of the recording.
    ///
    /// # Errors
    /// A sink failed.
    pub(crate) fn finish(mut self) -> io::Result<Made<L, C>> {
        let ending = self.deriver.finish();
        for line in &ending.lines {
            self.lines.line(line)?;
        }
        for command in &ending.commands {
            self.commands.line(command)?;
        }
        let (lines, told_of_lines) = self.lines.finish()?;
        let (commands, told_of_commands) = self.commands.finish()?;
        Ok(Made {
            lines,
            commands,
            derived: Derived {
                extractor: EXTRACTOR,
                lines: told_of_lines,
                commands: told_of_commands,
                // More digits would say more than is known.
                explained: (ending.explained * 10_000.0).round() / 10_000.0,
                cut: ending.is_cut,
            },
        })
    }
}

/// Both objects, whole.
#[derive(Debug)]
pub(crate) struct Made<L, C> {
    pub(crate) lines: L,
    pub(crate) commands: C,
    pub(crate) derived: Derived,
}

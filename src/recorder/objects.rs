//! What is derived, as it is stored: two objects, and what a manifest tells of them.
//!
//! Nothing here opens a file, and the same events give the same text in both.

use std::io::{self, Write};
use std::sync::Arc;

use formats::asciicast::{Data, Event, Header};
use formats::manifest::Derived;
use formats::recording::DerivedWriter;
use formats::sealed::Seal;

use crate::rules::{Evaluation, RuleSet};
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
    rules: Option<Evaluation<Arc<RuleSet>>>,
}

impl<L: Write, C: Write> Objects<L, C> {
    /// Begins with the recording's header; `rules` look at what is derived.
    ///
    /// # Errors
    /// A sink failed.
    pub(crate) fn new(
        header: &Header,
        sinks: Sinks<L, C>,
        rules: Option<Arc<RuleSet>>,
    ) -> io::Result<Self> {
        let id = &sinks.session_id;
        Ok(Self {
            deriver: Deriver::new(header),
            lines: DerivedWriter::new(sinks.lines.0, id, sinks.lines.1)?,
            commands: DerivedWriter::new(sinks.commands.0, id, sinks.commands.1)?,
            rules: rules.map(Evaluation::new),
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
            if let Some(rules) = &mut self.rules {
                rules.line(&line);
            }
        }
        if let (Some(rules), Data::Input(keys)) = (&mut self.rules, &event.data) {
            rules.input(
                u64::try_from(event.at.as_millis()).unwrap_or(u64::MAX),
                keys,
            );
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
        if let Some(rules) = &mut self.rules {
            ending.lines.iter().for_each(|line| rules.line(line));
            let commands = ending.commands.iter();
            commands.for_each(|command| rules.command(command));
        }
        let (lines, told_of_lines) = self.lines.finish()?;
        let (commands, told_of_commands) = self.commands.finish()?;
        Ok(Made {
            lines,
            commands,
            rules: self.rules,
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
    /// What is known of the session is still to be looked at.
    pub(crate) rules: Option<Evaluation<Arc<RuleSet>>>,
}

/// What is left of them for the manifest.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) derived: Derived,
    pub(crate) rules: Option<Evaluation<Arc<RuleSet>>>,
}

impl<L, C> Made<L, C> {
    /// Lets the sinks go.
    pub(crate) fn told(self) -> Told {
        Told {
            derived: self.derived,
            rules: self.rules,
        }
    }
}

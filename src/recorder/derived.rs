//! Where lines and commands of a session are written while it runs.
//!
//! Nothing here decides what they are. A file that exists already is not written over.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use formats::asciicast::Header;
use formats::sealed::Seal;

use super::objects::{Objects, Sinks};
use crate::rules::{Change, RuleSet};

/// The two files, and the seals where only some may read them.
#[derive(Clone, Debug)]
pub struct Files {
    /// Whose they are.
    pub session_id: String,
    /// The lines.
    pub lines: (PathBuf, Option<Seal>),
    /// The commands.
    pub commands: (PathBuf, Option<Seal>),
    /// What is said of the rules that look at both; without it none do.
    pub rules: Option<Vec<Change>>,
}

type Sink = BufWriter<File>;

impl Files {
    pub(super) fn paths(&self) -> [PathBuf; 2] {
        [self.lines.0.clone(), self.commands.0.clone()]
    }

    /// Makes the files, readable by their owner alone.
    pub(super) fn begin(self, header: &Header) -> io::Result<Objects<Sink, Sink>> {
        let sinks = Sinks {
            session_id: self.session_id,
            lines: (create(&self.lines.0)?, self.lines.1),
            commands: (create(&self.commands.0)?, self.commands.1),
        };
        // They were read before; a session is not left without its lines because of rules.
        let rules = self.rules.and_then(|rules| RuleSet::new(&rules).ok());
        Objects::new(header, sinks, rules.map(Arc::new))
    }
}

fn create(path: &Path) -> io::Result<Sink> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(BufWriter::new)
}

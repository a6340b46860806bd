//! Where lines and commands of a session are written while it runs.
//!
//! Nothing here decides what they are. A file that exists already is not written over.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

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

    /// Makes the files, readable by their owner alone. `rules` look at what is written.
    pub(super) fn begin(
        self,
        header: &Header,
        rules: Option<Arc<RuleSet>>,
    ) -> io::Result<Objects<Sink, Sink>> {
        let sinks = Sinks {
            session_id: self.session_id,
            lines: (create(&self.lines.0)?, self.lines.1),
            commands: (create(&self.commands.0)?, self.commands.1),
        };
        Objects::new(header, sinks, rules)
    }
}

/// Rules that are made ready on a thread of their own, which takes some milliseconds: at the end of a session nobody has them.
#[derive(Debug)]
pub(super) struct Ready(JoinHandle<Option<RuleSet>>);

impl Ready {
    /// Begins; without a thread there are no rules, and the session goes on.
    pub(super) fn begin(said: Vec<Change>) -> Option<Self> {
        let thread = std::thread::Builder::new().name("rules".to_owned());
        // They were read before, and nothing is wrong with them.
        let made = thread.spawn(move || RuleSet::new(&said).ok());
        made.ok().map(Self)
    }

    /// Whether nobody has to wait for them.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_finished()
    }

    /// The rules, waited for where they are not there yet.
    pub(super) fn get(self) -> Option<Arc<RuleSet>> {
        self.0.join().ok().flatten().map(Arc::new)
    }
}

fn create(path: &Path) -> io::Result<Sink> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(BufWriter::new)
}

//! What is derived from a recording when somebody asks for it: its commands.
//!
//! Nothing here is kept, and a recording that breaks off gives what it has.

use std::io::Read;

use formats::asciicast::{self, Reader};
use formats::derived::Command;
use formats::recording;
use formats::sealed::Unlock;

use crate::transcript::derive;

/// The commands of a session.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) commands: Vec<Command>,
    /// The share of the output that they, their prompts and their output are, from 0 to 1.
    pub(crate) explained: f64,
    /// These are only the first.
    pub(crate) is_cut: bool,
    /// What cannot be read behind them.
    pub(crate) broken: Option<asciicast::Error>,
}

/// Reads a recording for its commands.
///
/// # Errors
/// It is no recording, or has no header.
pub(crate) fn commands(source: impl Read, unlock: &dyn Unlock) -> Result<Commands, Error> {
    let mut reader = Reader::open(recording::Reader::open_with(source, unlock)?)?;
    let (ending, broken) = derive(&mut reader, drop);
    Ok(Commands {
        commands: ending.commands,
        explained: ending.explained,
        is_cut: ending.is_cut,
        broken,
    })
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is no recording.
    #[error(transparent)]
    Container(#[from] recording::Error),
    /// It has no header.
    #[error(transparent)]
    Header(#[from] asciicast::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed.
    pub(crate) fn source_failure(&self) -> Option<&std::io::Error> {
        match self {
            Self::Container(error) => error.source_failure(),
            Self::Header(error) => error.source_failure(),
        }
    }
}

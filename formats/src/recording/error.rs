//! Why a recording cannot be written or read.
//!
//! Nothing here is about a recording that reads and is not what was recorded: that is a [`super::Fault`], and no error.

use std::io;

use super::skippable::MAX_SNAPSHOT;
use crate::lines;
use crate::manifest::Manifest;
use crate::sealed::Locked;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sink or the source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Something was asked of a writer that had failed before.
    #[error("the recording failed before")]
    Broken,
    /// A snapshot that no reader would take.
    #[error("a snapshot of {0} bytes is longer than the limit of {MAX_SNAPSHOT}")]
    Snapshot(usize),
    /// Not one byte.
    #[error("the recording is empty")]
    Empty,
    /// Neither asciicast text nor a zstd file.
    #[error("not a recording: it begins neither as asciicast nor as zstd")]
    NotARecording,
    /// The tables at the end contradict themselves or the file.
    #[error("the seek table is damaged: {0}")]
    SeekTable(&'static str),
    /// It is sealed, and there is no key.
    #[error("{why}")]
    Locked {
        /// Why there is none.
        why: Locked,
        /// What its envelope tells everyone.
        opening: Box<Manifest>,
    },
    /// A line is too long.
    #[error(transparent)]
    Lines(lines::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed and not the recording that is wrong.
    #[must_use]
    pub fn source_failure(&self) -> Option<&io::Error> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<lines::Error> for Error {
    fn from(error: lines::Error) -> Self {
        match error {
            lines::Error::Io(error) => Self::Io(error),
            other => Self::Lines(other),
        }
    }
}

//! The container of a recording: asciicast text in independent zstd frames, a chain that proves them, and at the end
//! what is needed to check and to seek.
//!
//! Nothing here needs the end of a file to read its front: a file cut anywhere gives every whole line before the cut.
//! A recording for readers who hold a key is the same with the frames sealed, see [`crate::sealed`]. Every byte of the
//! layout is written in `README.md`.

mod envelope;
mod reader;
mod recover;
mod seekable;
mod skippable;
mod verify;
mod writer;

pub use reader::{Damage, Ending, Reader};
pub use recover::{CUT, Error as RecoverError, Recovered, recover};
pub use seekable::{Point, Seekable};
pub use skippable::{Link, MAX_SNAPSHOT, Signed, Snapshot};
pub use verify::{Fault, FaultKind, Proof, Report, verify};
pub use writer::{FRAME_TEXT, Options, SLOW_FRAME, Unsigned, Writer};

use std::io;

use crate::lines;
use crate::manifest::Manifest;
use crate::sealed::Locked;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

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

/// Lower-case hexadecimal digits.
fn hex(digest: &Digest) -> String {
    use std::fmt::Write;
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

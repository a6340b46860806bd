//! The player: a recording shown again in its own time, on the terminal or down a pipe.
//!
//! Nothing here knows where recordings are kept, and nothing is printed but the recording. A recording holds whatever
//! the remote side sent: played on a terminal it can do what output can do, such as setting the window's title or the
//! clipboard where the terminal allows that. What the terminal answers to it never reaches the shell.

mod canvas;
mod driver;
mod follow;
mod keys;
mod playback;
mod source;

use std::io;
use std::time::Duration;

pub use driver::run;
pub use follow::Following;
pub use playback::Options;
pub use source::{Input, ReadSeek, Recording};

/// How playback went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How the recording ends; told only when its end was reached.
    pub ended: Ended,
    /// Why playback stopped.
    pub stopped: Stopped,
    /// Where it stopped, in the time of the recording.
    pub position: Duration,
}

/// How a recording ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it is there.
    Complete,
    /// The file stops in the middle.
    CutShort,
    /// Something in it does not read; the text says what, and where.
    Damaged(String),
    /// Its bytes did not all come: the network, the store or the disk failed. The text says how.
    Unread(String),
}

/// Why playback stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// There was nothing more to play.
    AtEnd,
    /// The person left.
    Quit,
    /// Nobody reads what is written any more.
    HungUp,
    /// By the signal of this number.
    Signal(u8),
}

/// Why nothing can be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container does not read.
    #[error(transparent)]
    Recording(#[from] formats::recording::Error),
    /// The text in it does not read.
    #[error(transparent)]
    Asciicast(#[from] formats::asciicast::Error),
    /// Stdout fails.
    #[error("cannot write to stdout")]
    Screen(#[source] io::Error),
    /// The system fails.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    /// What the source itself reported, when it is the source that failed and not the recording that is wrong.
    #[must_use]
    pub fn source_failure(&self) -> Option<&io::Error> {
        match self {
            Self::Recording(error) => error.source_failure(),
            Self::Asciicast(error) => error.source_failure(),
            Self::Io(error) => Some(error),
            Self::Screen(_) => None,
        }
    }
}

/// How a recording ends whose source fails: never as if it were whole, nor as if it were the recording's fault.
fn broken_off(error: &Error) -> Ended {
    match error.source_failure() {
        Some(failure) => Ended::Unread(failure.to_string()),
        None => Ended::Damaged(error.to_string()),
    }
}

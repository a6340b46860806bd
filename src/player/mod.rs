//! The player: a recording shown again in its own time, drawn in a reviewer's window or down a pipe.
//!
//! Nothing here knows where recordings are kept, and nothing is printed but the recording. In a window it is drawn: nothing of
//! it reaches the terminal but text, its look and the cursor. Only who asks for it raw gets its bytes, and all that they do.

mod canvas;
mod driver;
mod keys;
mod outcome;
pub mod picker;
mod playback;
mod preview;
pub mod scan;
mod scrollback;
mod source;
mod viewer;

use std::io;
use std::sync::Arc;

pub use driver::{Looker, Picked, pick, run};
pub use outcome::{Ended, Note, Outcome, Proof, Standing, Stopped};
pub use playback::Options;
pub use scan::Opener;
pub use source::{Input, Live, Look, ReadSeek, Recording};
pub use viewer::Facts;
pub(crate) use viewer::KEYS;

/// What comes to a reviewer besides the recording itself.
#[derive(Default)]
pub struct Beside {
    /// What the bar says.
    pub facts: Facts,
    /// Pass the bytes on as they are, and all that they do to a terminal.
    pub raw: bool,
    /// Ask for a window of the recorded size.
    pub resize: bool,
    /// Opens the recording once more: without it there is no time line, no search and no list of commands.
    pub opener: Option<Arc<dyn Opener>>,
    /// Finds out what the recording is worth, on a thread of its own.
    pub prove: Option<Box<dyn FnOnce() -> Proof + Send>>,
    /// The reviewer's own notes, in order.
    pub notes: Vec<Note>,
    /// Keeps another one; an error in a few words.
    pub keep: Option<Keep>,
}

/// Keeps a note.
pub type Keep = Box<dyn FnMut(&Note) -> Result<(), String> + Send>;

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

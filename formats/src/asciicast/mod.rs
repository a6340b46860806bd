//! asciicast: the events of a terminal session as lines of JSON, versions 1, 2 and 3 read, version 3 written.
//!
//! Nothing here is fuzzy about structure: what asciinema refuses is refused, with the number of the line. Nothing here
//! stumbles over what it does not know: further keys, further event codes and `#` comments are let through, as asciinema
//! lets them through.

mod encoder;
mod escape;
mod header;
mod line;
mod reader;

use std::time::Duration;

pub use encoder::Encoder;
pub use header::{Header, MAX_SIDE, Session, Term};
pub use line::{Code, parse_event_line};
pub use reader::{Reader, Timed};

use crate::lines;
use crate::payload::Size;
use crate::tee::TeedMessage;

/// The latest time that an event may have, in microseconds: thirty years and a bit. Beyond it a file is not believed.
pub const MAX_TIME_US: u64 = 1_000_000_000_000_000;

/// One event of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Time since the start of the recording, in whole microseconds, whatever the version of the file.
    pub at: Duration,
    /// What happened.
    pub data: Data,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// `o`: text was shown.
    Output(String),
    /// `i`: text was typed.
    Input(String),
    /// `r`: the terminal has a new size.
    Resize(Size),
    /// `m`: a marker with its label.
    Marker(String),
    /// `x`: the session ended with this status.
    Exit(i32),
    /// `f`, ours: an agent message came or went.
    Message(TeedMessage),
    /// A code that this version does not know.
    Other {
        /// Mostly one letter.
        code: String,
        /// Its text.
        data: String,
    },
}

/// Why something does not read as a recording.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lines cannot be read, or one is too long.
    #[error(transparent)]
    Lines(#[from] lines::Error),
    /// Not one line.
    #[error("the recording is empty")]
    Empty,
    /// The first line is not a header.
    #[error("not a recording: line 1 is not an asciicast header")]
    NotARecording,
    /// A later version, or an invention.
    #[error("asciicast version {0} is not known, only 1, 2 and 3")]
    Version(u64),
    /// It is a header, but one with a wrong key.
    #[error("line 1: the header does not read: {0}")]
    Header(serde_json::Error),
    /// A terminal that nobody has, and that nobody could draw.
    #[error(
        "line {line}: a terminal of {cols} x {rows} is beyond the limit of {MAX_SIDE} x {MAX_SIDE}"
    )]
    TerminalSize {
        /// Counted from 1.
        line: u64,
        /// Columns.
        cols: u64,
        /// Rows.
        rows: u64,
    },
    /// Neither an event nor a comment.
    #[error("line {line}: the event does not read: {source}")]
    Event {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Negative, not a number, or later than anything that could have been recorded.
    #[error("line {line}: the time {time} is not one of a recording")]
    Time {
        /// Counted from 1.
        line: u64,
        /// As read, in seconds.
        time: f64,
    },
    /// The data of an event is not what its code promises.
    #[error("line {line}: the data of event \"{code}\" is not {expected}")]
    Data {
        /// Counted from 1.
        line: u64,
        /// The event's code.
        code: &'static str,
        /// What should stand there.
        expected: &'static str,
    },
}

impl Error {
    /// What the source itself reported, when it is the source that failed and not the recording that is wrong.
    #[must_use]
    pub fn source_failure(&self) -> Option<&std::io::Error> {
        match self {
            Self::Lines(lines::Error::Io(error)) => Some(error),
            _ => None,
        }
    }
}

//! Why a recording does not read, with the number of the line.
//!
//! Nothing here is a failure to write: appending lines to a vector has none.

use super::limits::MAX_SIDE;
use crate::lines;

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

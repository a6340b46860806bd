//! What happened in a session, and when.
//!
//! Nothing here knows how an event stands in a file.

use std::time::Duration;

use crate::payload::Size;
use crate::tee::TeedMessage;

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

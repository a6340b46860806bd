//! What is known of a session when it is over.
//!
//! Nothing here is judged or told.

use std::time::{Duration, Instant};

use super::clock::Jump;
use super::end::End;
use super::guard::Unrecorded;
use crate::recorder::Recorder;

/// How a session ended, and the recorder to finish.
pub struct Outcome {
    /// Holds everything that came.
    pub recorder: Recorder,
    /// Why it ended.
    pub end: End,
    /// What else is worth keeping.
    pub report: Report,
}

/// What is known of a session when it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Times without a connection.
    pub gaps: Vec<Gap>,
    /// Where the clock on the wall jumped.
    pub clock_jumps: Vec<Jump>,
    /// When the agent told.
    pub agent_version: Option<String>,
    /// Connections through a port session; `None` for other sessions.
    pub connections: Option<u64>,
    /// The session was open and its connection up, as far as was known.
    pub open: bool,
    /// Set when the session went on without a recording.
    pub unrecorded: Option<Unrecorded>,
}

/// A time without a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it was noticed.
    pub at: Instant,
    /// Until something was heard again, or the session was over.
    pub lasted: Duration,
}

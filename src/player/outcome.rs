//! What is found out about a recording, said of it, and how playing it went.
//!
//! Nothing here plays, reads or judges.

use std::ops::Range;
use std::time::Duration;

/// What a reviewer has said of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// In the time of the recording.
    pub at: Duration,
    /// One line; may be empty.
    pub text: String,
}

/// What a recording is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// In one word.
    pub standing: Standing,
    /// In a few, for the bar.
    pub told: String,
    /// From here on, where it is known.
    pub from: Option<Duration>,
}

/// What a recording is worth, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is what was recorded.
    Proved,
    /// Nothing shows that it is not, and nothing that it is.
    Unproved,
    /// It is not what was recorded.
    Altered,
}

/// How playback went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How the recording ends; told only when its end was reached.
    pub ended: Ended,
    /// Why playback stopped.
    pub stopped: Stopped,
    /// Where it stopped, in the time of the recording.
    pub position: Duration,
    /// What of it went by on the screen; nothing where it was passed on.
    pub watched: Vec<Range<Duration>>,
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
    /// The person wants the next recording, or the one before.
    Turned {
        /// The one before.
        back: bool,
    },
    /// Nobody reads what is written any more.
    HungUp,
    /// By the signal of this number.
    Signal(u8),
}

//! A line that was read, with all that the first pass can tell of it.
//!
//! Nothing here says whether it was a command.

use std::time::Duration;

use crate::transcript::signs::Mark;

/// A line that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) start: Duration,
    pub(super) end: Option<Duration>,
    /// What stood before the cursor when the first key was typed; empty when that is not known.
    pub(super) prompt: String,
    /// All that stood there when the line was accepted, from the line of the prompt on.
    pub(super) line: String,
    /// The same behind the prompt, where that could be told.
    pub(super) text: Option<String>,
    /// What was typed before the key that ended it.
    pub(super) typed: String,
    pub(super) way: Way,
    /// A shell's marks stood round it.
    pub(super) mark: Option<Mark>,
    /// The shell marked that it took the line.
    pub(super) is_confirmed: bool,
    /// Whether the keypad is left as the line editor had set it. One that sets it back does not where a line was given up.
    pub(super) keeps_keypad: Option<bool>,
    /// Keys were typed while it was read, or before.
    pub(super) is_keyed: bool,
    /// Nothing in the recording tells of keys.
    pub(super) is_unwatched: bool,
    /// It was typed before it was read.
    pub(super) is_ahead: bool,
    /// Keys were typed before its prompt came, and stand before it in its line.
    pub(super) is_begun: bool,
    /// What the prompt had at its right.
    pub(super) right: String,
    /// The line stands right below the one before, with nothing in between.
    pub(super) follows: bool,
    /// What the shell says it ran.
    pub(super) claimed: Option<String>,
    pub(super) exits: Vec<i32>,
    pub(super) cwd: Option<String>,
    pub(super) output: (u64, u64),
}

/// How a line was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    Paste,
    #[default]
    Echo,
}

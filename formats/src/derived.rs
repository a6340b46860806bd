//! What is derived from a recording: its lines and its commands, each one JSON object a line.
//!
//! Nothing here is evidence: it is derived from the recording, and whoever doubts it derives it again. No clock, no host and no
//! path of the machine that made it is in it.

use serde::{Deserialize, Serialize};

/// Which of the two objects that are derived from a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its lines.
    Lines,
    /// Its commands.
    Commands,
}

impl Kind {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Lines, Self::Commands];

    /// As persons and programs read it, and the folder in a store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Commands => "commands",
        }
    }
}

/// A time since the start of the session, in whole milliseconds.
pub type Millis = u64;

/// Text that a person could have read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// When it first stood there.
    pub first: Millis,
    /// When it left, or the end of the session.
    pub last: Millis,
    /// Without the spaces at its end; wrapped rows are joined.
    pub text: String,
    /// It stood on the other screen, which full-screen programs draw on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other: bool,
}

/// A line that was read by a shell or by another program with a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Command {
    /// Counted from 1.
    pub number: u64,
    /// When the line was accepted.
    pub start: Millis,
    /// When the next prompt came, that of a program which it started not counted, or the session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Millis>,
    /// As it stood on the screen when it was accepted; its lines are parted by line feeds.
    pub text: String,
    /// What read the line, the outermost first: `shell`, `sudo`, `ssh`, `container`, `python`, `psql` and so on.
    pub context: Vec<String>,
    /// The working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The exit status, where the shell told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Its output: from which byte of all output to which, the second not included.
    pub output: (u64, u64),
    /// How it was found.
    pub source: Source,
    /// How likely it is what was run, from 0 to 1.
    pub confidence: f32,
    /// What else was said of it, where that does not agree.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
}

/// How a command was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Marks of the shell: OSC 133.
    #[serde(rename = "osc133")]
    Osc133,
    /// Marks of the shell with its text: OSC 633.
    #[serde(rename = "osc633")]
    Osc633,
    /// Marks of a context: OSC 3008.
    #[serde(rename = "osc3008")]
    Osc3008,
    /// Switches of bracketed paste, which stand round every line that is read.
    PasteMode,
    /// What was typed, its echo, and the prompt before it.
    #[default]
    Echo,
}

impl Source {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Osc133 => "osc133",
            Self::Osc633 => "osc633",
            Self::Osc3008 => "osc3008",
            Self::PasteMode => "paste-mode",
            Self::Echo => "echo",
        }
    }
}

/// What somebody said of a command: the remote host, most of all, which may lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// What is claimed: `text`, `exit` or `cwd`.
    pub of: String,
    /// By what: `osc133`, `osc633`, `screen` and so on.
    pub by: String,
    /// The value.
    pub value: String,
}

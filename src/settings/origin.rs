//! Where a value comes from, and what is wrong with a value: a place, an origin, a mistake.
//!
//! Nothing here reads a file; line and column are counted from 1, the column in characters.

use std::fmt;
use std::path::PathBuf;

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file as a whole.
    File(PathBuf),
    /// One spot in a file.
    Spot {
        path: PathBuf,
        line: usize,
        column: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag of the command, as typed: `--store`.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Spot { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Place {
    /// The file, where there is one.
    pub(crate) fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) | Self::Spot { path, .. } => Some(path),
            Self::Environment(_) | Self::Flag(_) => None,
        }
    }

    /// The line, where there is one.
    pub(crate) fn line(&self) -> Option<usize> {
        match self {
            Self::Spot { line, .. } => Some(*line),
            Self::File(_) | Self::Environment(_) | Self::Flag(_) => None,
        }
    }
}

/// Why a value is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said otherwise.
    Default,
    /// Somebody set it.
    Set(Place),
    /// The organisation fixed it: nothing below may set it.
    Policy(Place),
}

impl Origin {
    /// The place of whoever set it.
    pub(crate) fn place(&self) -> Option<&Place> {
        match self {
            Self::Set(place) | Self::Policy(place) => Some(place),
            Self::Default => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Set(place) => place.fmt(f),
            Self::Policy(place) => write!(f, "policy, {place}"),
        }
    }
}

/// One thing that is wrong with the configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) place: Place,
    pub(crate) problem: Problem,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl std::error::Error for Mistake {}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// The file cannot be read; what the system said.
    #[error("cannot read the configuration: {0}")]
    Unreadable(String),
    /// A directory, a device, a pipe.
    #[error("cannot read the configuration: not a regular file")]
    NoFile,
    /// No configuration is this long.
    #[error("cannot read the configuration: longer than {limit} bytes")]
    TooLong { limit: u64 },
    /// The organisation's file, when anybody could have written it.
    #[error(
        "everybody on this machine may write the organisation's file, so it can promise nothing"
    )]
    OpenToAll,
    /// Bytes that are no text.
    #[error("not UTF-8")]
    NotText,
    /// Not TOML.
    #[error("{0}")]
    Syntax(String),
    /// No such setting.
    #[error("unknown setting {name:?}")]
    Unknown {
        name: String,
        nearest: Option<String>,
    },
    /// A setting with a value that it cannot have.
    #[error("{name:?} is {found}, expected {expected}")]
    Value {
        name: String,
        found: String,
        expected: String,
        nearest: Option<String>,
    },
    /// A person's file that would make policy.
    #[error("[policy] may only stand in the organisation's file")]
    PolicyBelow,
    /// A flag against the policy.
    #[error("{name:?} is fixed to {fixed} by the organisation's policy, {by}")]
    Fixed {
        name: String,
        fixed: String,
        by: Place,
    },
    /// A flag that would lead a fixed store elsewhere.
    #[error("{name:?} goes with \"store\", which is fixed by the organisation's policy, {by}")]
    FixedWith { name: String, by: Place },
    /// Two settings that do not go together.
    #[error("{name:?} {rule}")]
    Conflict { name: String, rule: &'static str },
}

impl Problem {
    /// What the person can do about it, when there is something to say.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown {
                nearest: Some(nearest),
                ..
            }
            | Self::Value {
                nearest: Some(nearest),
                ..
            } => Some(format!("did you mean {nearest:?}?")),
            Self::NoFile | Self::TooLong { .. } => {
                Some("a configuration is a small TOML file: ssm-rec config example".to_owned())
            }
            Self::OpenToAll => Some("take the right from file and folder: chmod o-w".to_owned()),
            Self::Unreadable(_)
            | Self::NotText
            | Self::Syntax(_)
            | Self::Unknown { nearest: None, .. }
            | Self::Value { nearest: None, .. }
            | Self::PolicyBelow
            | Self::Fixed { .. }
            | Self::FixedWith { .. }
            | Self::Conflict { .. } => None,
        }
    }
}

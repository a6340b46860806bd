//! Conditions on sessions: what a person writes behind `--where`, read, printed, judged, and how far back it reaches.
//!
//! Nothing here reads a store or a clock, and no expression costs more than its length and the length of what it is held
//! against: it is bounded, as deep as it is long, and its regular expressions never go back.
//!
//! ```text
//! condition = all { "or" all }                  "and" binds closer than "or", "not" closer than both
//! all       = one { "and" one }
//! one       = ( "not" | "!" ) one | "(" condition ")" | FLAG | FIELD OPERATOR VALUE | ( "since" | "until" ) TIME
//! OPERATOR  = "=" | "!="                        the whole text, a number, a time
//!           | "~" | "!~"                        a part of a text
//!           | "<" | "<=" | ">" | ">="           numbers and times
//! VALUE     = WORD | "text" | 'text' | /regular expression/ | /regular expression/i
//! ```
//!
//! Texts match in any case of letters, and `*` in them stands for any text (`\*` for itself). A value with a space or a
//! parenthesis is quoted; a backslash in quotes takes the character behind it as it is. A time is a date, a time or how long
//! ago (`7d`); a date is a whole day, so `started > 2026-11-20` begins with the 21st. What [`Condition`]'s `Display` writes
//! reads as the same condition.
//!
//! What is not known of a session is neither true nor false: `not` of it is not known either, `or` takes what is true beside
//! it, and `and` what is false.

mod field;
mod judge;
mod parse;
mod pattern;
mod print;
mod scan;
mod when;
mod window;

use chrono::{DateTime, Utc};

pub use field::{Flag, Kind, Number, Text, fields};
pub(crate) use judge::started;
pub use judge::{Commands, Facts, State};
pub use parse::Mistake;
pub use pattern::Pattern;
pub use when::{Clock, When};
pub use window::Window;

/// The longest expression read, in bytes.
pub const LONGEST: usize = 4096;
/// How deep parentheses and `not` may stand in each other.
pub const DEEPEST: usize = 32;
/// How many regular expressions may stand in it: each may take memory of its own.
pub const MOST_REGEXES: usize = 32;

/// What is asked of a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Each of these. None of them is always true.
    All(Vec<Self>),
    /// One of these, or more.
    Any(Vec<Self>),
    /// This is false.
    Not(Box<Self>),
    /// One thing alone.
    Is(Term),
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A text is like this.
    Text(Text, Pattern),
    /// A number compares so.
    Number(Number, Comparison, i64),
    /// It started then or later.
    Since(DateTime<Utc>),
    /// It started before then.
    Until(DateTime<Utc>),
    /// It is of this kind.
    Kind(Kind),
    /// It got so far.
    State(State),
    /// It ended so: one of the words of a manifest.
    Ended(String),
    /// This is so.
    Flag(Flag),
}

/// How two numbers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

/// What must be fetched besides the manifest to judge a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The session's commands.
    pub commands: bool,
    /// The signature over its manifest.
    pub signers: bool,
}

impl Condition {
    /// All of these.
    #[must_use]
    pub fn all(mut conditions: Vec<Self>) -> Self {
        match (conditions.len(), conditions.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                conditions.extend(last);
                Self::All(conditions)
            }
        }
    }

    /// Whether it lets everything through without a look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(conditions) if conditions.is_empty())
    }

    /// What the manifest does not tell.
    #[must_use]
    pub fn needs(&self) -> Needs {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().fold(Needs::default(), |sum, part| {
                    let part = part.needs();
                    Needs {
                        commands: sum.commands || part.commands,
                        signers: sum.signers || part.signers,
                    }
                })
            }
            Self::Not(part) => part.needs(),
            Self::Is(term) => Needs {
                commands: matches!(term, Term::Text(Text::Command, _)),
                signers: matches!(term, Term::Text(Text::SignedBy, _)),
            },
        }
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Comparison {
    fn holds(self, left: i128, right: i64) -> bool {
        let right = i128::from(right);
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }

    /// As it is written, in an expression as in SQL.
    pub(in crate::review) fn word(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

#[cfg(test)]
mod tests;

//! A condition as an expression that reads as the same condition.
//!
//! Nothing here is shorter than it can be read: texts are quoted, times have their zone.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use chrono::SecondsFormat;

use super::field::{Number, RISKS};
use super::pattern::Pattern;
use super::{Condition, Term};
use crate::words::{size, time};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " and "),
            Self::Any(parts) => joined(f, parts, " or "),
            Self::Not(part) => {
                f.write_str("not ")?;
                inner(f, part)
            }
            Self::Is(term) => term.fmt(f),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Condition], between: &str) -> fmt::Result {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            f.write_str(between)?;
        }
        inner(f, part)?;
    }
    Ok(())
}

/// Whatever has parts of its own stands in parentheses.
fn inner(f: &mut Formatter<'_>, part: &Condition) -> fmt::Result {
    match part {
        Condition::All(_) | Condition::Any(_) => write!(f, "({part})"),
        _ => write!(f, "{part}"),
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text, pattern) => write!(f, "{} {pattern}", text.name()),
            Self::Number(number, comparison, value) => {
                write!(f, "{} {} ", number.name(), comparison.word())?;
                let unsigned = value.unsigned_abs();
                match number {
                    Number::Size => f.write_str(&size::write_exactly(unsigned)),
                    Number::Duration if unsigned.is_multiple_of(1000) => {
                        f.write_str(&time::write_exactly(Duration::from_micros(unsigned)))
                    }
                    Number::Duration => {
                        write!(f, "{}.{:06}s", unsigned / 1_000_000, unsigned % 1_000_000)
                    }
                    Number::Risk => {
                        let at = usize::try_from(*value).unwrap_or(RISKS.len());
                        f.write_str(RISKS.get(at).unwrap_or(&"unknown"))
                    }
                    Number::Exit | Number::Commands => write!(f, "{value}"),
                }
            }
            Self::Since(moment) => {
                let moment = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                write!(f, "started >= {moment}")
            }
            Self::Until(moment) => {
                let moment = moment.to_rfc3339_opts(SecondsFormat::AutoSi, true);
                write!(f, "started < {moment}")
            }
            Self::Kind(kind) => write!(f, "kind = {}", kind.name()),
            Self::State(state) => write!(f, "state = {}", state.name()),
            Self::Ended(word) => write!(f, "exit = {word}"),
            Self::Flag(flag) => f.write_str(flag.name()),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { pieces, is_whole } => {
                f.write_str(if *is_whole { "= \"" } else { "~ \"" })?;
                for (number, piece) in pieces.iter().enumerate() {
                    if number > 0 {
                        f.write_str("*")?;
                    }
                    for c in piece.chars() {
                        if matches!(c, '"' | '\\' | '*') {
                            f.write_str("\\")?;
                        }
                        write!(f, "{c}")?;
                    }
                }
                f.write_str("\"")
            }
            Self::Regex {
                source, any_case, ..
            } => {
                f.write_str("~ /")?;
                let mut chars = source.chars();
                while let Some(c) = chars.next() {
                    match c {
                        '/' => f.write_str("\\/")?,
                        // What it takes away from its meaning, or gives to it, stays behind it.
                        '\\' => write!(f, "\\{}", chars.next().unwrap_or('\\'))?,
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str(if *any_case { "/i" } else { "/" })
            }
        }
    }
}

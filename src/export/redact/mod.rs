//! Redaction: what patterns find in a recording is replaced, in what was shown, typed and written in headers.
//!
//! Nothing is decided while writing: the whole recording is looked at first, on an emulated screen and as it was printed,
//! so that a secret is found whether it came in one piece, key by key, in colors, or drawn again by a line editor. What
//! was found and where is then replaced cell by cell in a second reading.

mod control;
mod flow;
mod look;
mod marks;
mod patterns;
mod places;
mod reach;
mod rewrite;
mod rows;
mod seen;
mod shapes;
mod shown;
mod sources;
mod texts;
mod typed;
mod values;

pub(super) use look::{Found, look};
pub use patterns::{PatternError, Patterns, Secrets};
pub(super) use rewrite::Rewriter;

/// What stands in place of each replaced cell.
const MASK: char = '*';

/// How much was replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Places in what was shown: a secret that was drawn twice counts twice.
    pub output: u64,
    /// Places in what was typed.
    pub input: u64,
    /// Texts of the header, markers and message payloads with something replaced.
    pub texts: u64,
    /// Message payloads that were left out, since bytes of a port's data cannot be told apart.
    pub payloads: u64,
}

#[cfg(test)]
mod tests;

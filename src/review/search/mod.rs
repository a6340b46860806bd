//! The search of a store: a pattern in what was shown, run, typed and said in many sessions, newest first.
//!
//! Nothing here is printed, and nothing that was derived is believed that a manifest does not vouch for: it is derived again.

mod finder;
mod session;
mod sweep;

pub use finder::{Around, Finder, Piece, Question, Wanted, Where};
pub use session::{Outcome, Searched};
pub use sweep::{Step, sweep};

pub use crate::transcript::{Case, Meaning, Pattern};

#[cfg(test)]
mod tests;

//! The search of a store: a pattern in what was shown, run, typed and said in many sessions, newest first.
//!
//! Nothing here is printed, and nothing that was derived is believed that a manifest does not vouch for: it is derived again.

mod covered;
mod finder;
mod packed;
mod session;
mod sql;
mod sweep;
mod turns;
mod wide;

pub use finder::{Around, Finder, Piece, Question, Wanted, Where};
pub use session::{Outcome, Searched};
pub use sql::{Row, Unread, Unsaid, statement};
pub use sweep::Step;
pub(in crate::review) use turns::in_turn;
pub use wide::{Manner, Told, WithoutPack, search};

pub use crate::transcript::{Case, Meaning, Pattern};

#[cfg(test)]
mod tests;

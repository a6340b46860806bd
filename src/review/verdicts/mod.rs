//! What reviewers said of sessions: read beside the recordings, judged by the policy, and queued until it is said.
//!
//! Nothing is believed for being there: a word on another session, by the operator, or by nobody who may say it does not count,
//! and is told all the same.

mod judge;
mod queue;
mod reading;
mod standing;
#[cfg(test)]
mod tests;

pub(crate) use judge::{Law, Person, is_same};
pub(crate) use queue::{Due, Policy, Why, queue};
#[cfg(test)]
pub(crate) use standing::Weight;
pub(crate) use standing::{Open, Said, Standing};

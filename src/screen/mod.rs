//! The emulated screen: lines of it in sequences that every terminal knows.
//!
//! Nothing here writes to a terminal.

pub(crate) mod paint;

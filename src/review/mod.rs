//! Looking at what was recorded: which recordings there are, and what each one is.
//!
//! Nothing here changes a recording, and nothing prints.

pub mod catalog;
pub mod summary;

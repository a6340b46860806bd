//! Evidence: what an auditor without access is given of some sessions, in one archive, and how to check it.
//!
//! Nothing in it has to be believed: each claim is followed by the command of somebody else's program that checks it.

mod archive;
mod readme;

pub(crate) use archive::{Archive, Kind};
pub(crate) use readme::{Given, Redacted, readme};

/// Checks all of it with programs that any machine has.
pub(crate) const CHECK: &str = include_str!("check.sh");

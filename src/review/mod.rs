//! Looking at what was recorded: which recordings there are, what each one is, and other files made of them.
//!
//! Nothing here changes a recording, and nothing prints.

pub mod audit;
pub(crate) mod audits;
pub mod catalog;
pub mod chosen;
pub mod compact;
pub mod condition;
pub(crate) mod derived;
pub(crate) mod evidence;
pub(crate) mod findings;
pub(crate) mod firsts;
pub mod follow;
pub mod identity;
pub mod pictures;
pub(crate) mod ran;
pub(crate) mod report;
pub mod search;
pub mod summary;
pub(crate) mod verdicts;
pub mod verify;

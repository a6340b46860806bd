//! Flags that several commands share, and what they mean to the rooms below.
//!
//! Nothing here runs a command.

pub(crate) mod access;
pub(crate) mod filter;
pub(crate) mod identity;
pub(crate) mod parameters;
pub(crate) mod severity;
mod shorthand;
pub(crate) mod sign;
pub(crate) mod store;
pub(crate) mod target;
pub(crate) mod when;

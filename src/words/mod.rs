//! Text for people: what comes from outside made harmless, errors with their causes, times and sizes as people read and
//! write them.
//!
//! Nothing here is printed, and nothing is meant for programs.

mod error;
pub(crate) mod figures;
mod harmless;

pub(crate) use error::causes;
pub(crate) use harmless::printable;

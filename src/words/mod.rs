//! Text for people: what comes from outside made harmless, times and sizes as people read and write them.
//!
//! Nothing here is printed, and nothing is meant for programs.

pub(crate) mod figures;
mod harmless;

pub(crate) use harmless::printable;

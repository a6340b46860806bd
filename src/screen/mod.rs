//! The emulated screen: the emulator with its bounds, and lines of it in sequences that every terminal knows.
//!
//! The bounds on memory and on work, on what a few bytes of a recording may cost, stand in `Emulator`. Nothing here writes
//! to a terminal.

mod budget;
mod emulator;
pub(crate) mod grid;
mod letters;
mod novelty;
pub(crate) mod paint;
pub(crate) mod painter;
mod passing;
mod steps;

pub(crate) use emulator::{Emulator, fits, is_huge};
pub(crate) use formats::payload::Size;
pub(crate) use letters::Letters;
pub(crate) use novelty::Novelty;

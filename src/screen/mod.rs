//! The emulated screen: the emulator with its bounds, and lines of it in sequences that every terminal knows.
//!
//! Nothing here writes to a terminal, and no recording makes an emulator hold more than the bounds on memory let it.

mod emulator;
pub(crate) mod paint;

pub(crate) use emulator::{Emulator, fits};
pub(crate) use formats::payload::Size;

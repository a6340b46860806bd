//! The player: a recording shown again in its own time, on the terminal or down a pipe.
//!
//! Nothing here knows where recordings are kept, and nothing is printed but the recording.

mod canvas;
mod keys;
mod playback;

pub use playback::Options;

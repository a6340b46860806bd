//! The container of a recording: asciicast text in independent zstd frames, a chain that proves them, and at the end
//! what is needed to check and to seek.
//!
//! Nothing here needs the end of a file to read its front: a file cut anywhere gives every whole line before the cut.
//! A recording for readers who hold a key is the same with the frames sealed, see [`crate::sealed`]. Every byte of the
//! layout is written in `README.md`.

mod counts;
mod derived;
mod digest;
mod envelope;
mod error;
mod input;
mod reader;
mod recover;
mod seekable;
mod skippable;
mod trail;
mod verify;
mod writer;

pub use derived::{DerivedWriter, Reading};
pub use digest::Digest;
pub use error::Error;
pub use reader::{Damage, Ending, Reader};
pub use recover::{CUT, Error as RecoverError, Recovered, recover};
pub use seekable::{Point, Seekable};
pub use skippable::{MAX_SNAPSHOT, Signed, Snapshot};
pub use verify::{Fault, FaultKind, Proof, Report, verify, verify_text};
pub use writer::{FRAME_TEXT, Options, SLOW_FRAME, Unsigned, Writer};

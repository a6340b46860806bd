//! Checks a recording against its own chain: every byte of the file is either proved or named as the first that is not.
//!
//! Nothing here decodes a frame, needs the key of a sealed one or checks a signature. Without a signature the chain shows
//! damage and careless changes; only the signature over the manifest shows that nobody made the whole file anew.

mod passage;
mod report;
mod walk;

use std::io::Read;

pub use self::report::{Fault, FaultKind, Proof, Report};
pub(super) use self::walk::{Survey, survey};
use super::error::Error;

/// Reads a recording to its end, or to its first fault.
///
/// # Errors
/// The source cannot be read, or is empty.
pub fn verify(source: impl Read) -> Result<Report, Error> {
    Ok(survey(source)?.report)
}

//! Checks a recording against its own chain: every byte of the file is either proved or named as the first that is not.
//!
//! Nothing here needs the key of a sealed recording to check its chain, and nothing checks a signature. Without a signature the chain shows
//! damage and careless changes; only the signature over the manifest shows that nobody made the whole file anew.

mod content;
mod passage;
mod report;
mod walk;

use std::io::Read;

pub use self::report::{Fault, FaultKind, Proof, Report};
pub(super) use self::walk::{Survey, survey};
use super::error::Error;
use crate::sealed::Unlock;

/// Reads a recording to its end, or to its first fault.
///
/// # Errors
/// The source cannot be read, or is empty.
pub fn verify(source: impl Read) -> Result<Report, Error> {
    Ok(survey(source, None)?.report)
}

/// As [`verify`], and looks into the text as well: that it decodes, reads in one way only, and is what links and manifest
/// say of it. Of a sealed recording it does where `unlock` gives the key; [`Report::is_decoded`] tells.
///
/// # Errors
/// As [`verify`].
pub fn verify_text(source: impl Read, unlock: &dyn Unlock) -> Result<Report, Error> {
    Ok(survey(source, Some(unlock))?.report)
}

//! A SHA-256 digest, and how it is written in a manifest.
//!
//! Nothing here hashes.

use std::fmt::Write;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Lower-case hexadecimal digits.
pub(super) fn hex(digest: &Digest) -> String {
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

//! The row of a client's manifests: each names its number and the one that was finished before it, so that none is taken out
//! unseen.
//!
//! Nothing here remembers the row; whoever closes recordings does.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The place of a manifest in the row of those that one person finished on one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Continuity {
    /// Chosen by chance when the row began, 32 hexadecimal digits. It names nobody.
    pub client: String,
    /// Which of the row it is, counted from 1.
    pub counter: u64,
    /// SHA-256 of the manifest that was finished last before this one, 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// That one's number, where it is not the one before: several sessions ended at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl Continuity {
    /// The number of the manifest that [`Continuity::previous`] is the digest of.
    #[must_use]
    pub fn linked(&self) -> Option<u64> {
        self.previous.as_ref()?;
        self.after.or_else(|| self.counter.checked_sub(1))
    }
}

/// What another object names one by: SHA-256 of exactly these bytes, 64 hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_manifest_without_a_row_is_what_it_was_before_there_were_rows() {
        let old = br#"{"format":1,"session_id":"s-1","target":"i-1","duration_us":0,"counts":{"messages":0,"events":0,"output_bytes":0,"duplicates":0,"malformed":0,"markers":0},"sizes":{"text":0,"compressed":0,"frames":0},"chain":{"algorithm":"","head":""}}"#;
        let manifest = Manifest::parse(old).unwrap();
        assert_eq!(manifest.continuity, None);
        assert_eq!(manifest.encode(), old);
    }

    #[test]
    fn a_place_in_the_row_reads_back_and_names_what_it_follows() {
        let manifest = Manifest {
            format: 1,
            continuity: Some(Continuity {
                client: "0a".repeat(16),
                counter: 7,
                previous: Some(digest(b"one")),
                after: Some(5),
            }),
            ..Manifest::default()
        };
        let read = Manifest::parse(&manifest.encode()).unwrap();
        assert_eq!(read, manifest);
        let place = read.continuity.unwrap();
        assert_eq!(place.linked(), Some(5));
        let next = Continuity {
            after: None,
            ..place.clone()
        };
        assert_eq!(next.linked(), Some(6));
        let first = Continuity {
            previous: None,
            ..place
        };
        assert_eq!(first.linked(), None);
    }

    #[test]
    fn a_digest_is_of_exactly_these_bytes() {
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_ne!(digest(b"abc"), digest(b"abc\n"));
    }
}

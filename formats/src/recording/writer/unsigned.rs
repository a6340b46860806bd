//! The end of a recording: the manifest, the signature over it, and the tables.
//!
//! Nothing here signs.

use std::io::Write;

use crate::continuity::Continuity;
use crate::manifest::{Chain, Counts, FORMAT, Manifest, Sizes};
use crate::recording::digest::hex;
use crate::recording::error::Error;
use crate::recording::skippable::Signed;
use crate::recording::trail::Trail;

/// A recording that is whole but for its manifest. Should nobody come to finish it, it is as sound as one that was cut.
pub struct Unsigned<W> {
    sink: W,
    manifest: Manifest,
    bytes: Vec<u8>,
    trail: Trail,
}

impl<W: Write> Unsigned<W> {
    pub(in crate::recording) fn new(
        sink: W,
        trail: Trail,
        counts: Counts,
        manifest: Manifest,
    ) -> Self {
        let manifest = Manifest {
            format: FORMAT,
            duration_us: trail.last_us,
            counts,
            sizes: Sizes {
                text: trail.text,
                compressed: trail.offset,
                frames: trail.frames(),
            },
            chain: Chain {
                algorithm: "sha256".to_owned(),
                head: hex(&trail.head),
            },
            ..manifest
        };
        Self {
            bytes: manifest.encode(),
            manifest,
            sink,
            trail,
        }
    }

    /// The manifest's exact bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the manifest its place in the row of its client's. What was to be signed before is not any more.
    pub fn place(&mut self, continuity: Option<Continuity>) {
        self.manifest.continuity = continuity;
        self.bytes = self.manifest.encode();
    }

    /// The session that the manifest is of.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.manifest.session_id
    }

    /// The sink, to ask it something; whoever writes to it breaks the recording.
    pub fn sink_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Writes the manifest, the signature over it, and the tables.
    ///
    /// # Errors
    /// The sink failed.
    pub fn finish(mut self, signature: Option<String>) -> Result<(W, Manifest), Error> {
        let mut tail = Vec::new();
        Signed {
            manifest: self.bytes,
            signature: signature.unwrap_or_default(),
        }
        .encode(&mut tail);
        self.trail.pass(tail.len());
        self.trail.encode_tables(false, &mut tail);
        self.sink.write_all(&tail)?;
        self.sink.flush()?;
        Ok((self.sink, self.manifest))
    }
}

//! The archive: files by name in one zip, the same bytes for the same files whoever makes it and when.
//!
//! Nothing here knows what the files are.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};

use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Files of which a part is larger are told to be so from the start, as the form wants it.
const LARGE: u64 = 0xffff_ffff;

/// A zip that is being written.
pub(crate) struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
    /// What SHA-256 each file has.
    digests: BTreeMap<String, String>,
}

/// How a file is kept in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text, made smaller.
    Text,
    /// A text that can be run.
    Script,
    /// What is small already.
    Packed,
}

impl<W: Write + Seek> Archive<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self {
            zip: ZipWriter::new(sink),
            digests: BTreeMap::new(),
        }
    }

    /// Adds a file of at most so many bytes.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub(crate) fn add(
        &mut self,
        name: &str,
        kind: Kind,
        most: u64,
        mut source: impl Read,
    ) -> io::Result<()> {
        let (method, mode) = match kind {
            Kind::Text => (CompressionMethod::Deflated, 0o644),
            Kind::Script => (CompressionMethod::Deflated, 0o755),
            Kind::Packed => (CompressionMethod::Stored, 0o644),
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .unix_permissions(mode)
            .large_file(most >= LARGE)
            // When it was made says nothing of what is in it.
            .last_modified_time(DateTime::default());
        self.zip
            .start_file(name, options)
            .map_err(io::Error::other)?;
        let mut hashed = Hashed(&mut self.zip, Sha256::new());
        io::copy(&mut source, &mut hashed)?;
        let digest = hashed.1.finalize();
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.digests.insert(name.to_owned(), digest);
        Ok(())
    }

    /// Adds a text.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn text(&mut self, name: &str, kind: Kind, text: &[u8]) -> io::Result<()> {
        self.add(name, kind, text.len() as u64, text)
    }

    /// All files until now, as `sha256sum -c` reads them.
    pub(crate) fn sums(&self) -> String {
        let lines = self.digests.iter();
        lines
            .map(|(name, digest)| format!("{digest}  {name}\n"))
            .collect()
    }

    /// Ends it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.zip.finish().map_err(io::Error::other)
    }
}

struct Hashed<'a, W: Write + Seek>(&'a mut ZipWriter<W>, Sha256);

impl<W: Write + Seek> Write for Hashed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.1.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

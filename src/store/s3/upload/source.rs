//! Where the bytes of an object come from, and whether they are still those that were begun with.
//!
//! Nothing here is sent.

use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::store::Error;
use crate::store::s3::journal::Fingerprint;
use crate::store::worker::broken_off;

/// Where the bytes are.
#[derive(Clone)]
pub(in crate::store::s3) enum Source {
    Bytes(Bytes),
    File {
        file: Arc<Mutex<File>>,
        name: String,
        print: Fingerprint,
        changed: Changed,
    },
}

/// When the file was last touched at all: unlike the time of its last bytes, this one nobody can set back.
type Changed = Option<(i64, i64)>;

#[cfg(unix)]
fn changed(metadata: &Metadata) -> Changed {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Changed {
    None
}

impl Source {
    pub(in crate::store::s3) fn bytes(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }

    /// A file as it was `then`.
    pub(in crate::store::s3) fn file(file: File, name: String, then: &Metadata) -> Self {
        Self::File {
            file: Arc::new(Mutex::new(file)),
            name,
            print: Fingerprint::of(then),
            changed: changed(then),
        }
    }

    pub(in crate::store::s3) fn length(&self) -> u64 {
        self.fingerprint().bytes
    }

    /// The SDK counts in signed numbers.
    pub(super) fn signed_length(&self) -> i64 {
        self.length().cast_signed()
    }

    pub(in crate::store::s3) fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Bytes(bytes) => Fingerprint::of_bytes(bytes.len() as u64),
            Self::File { print, .. } => *print,
        }
    }

    /// An empty object is one empty part.
    pub(super) fn parts(&self, part_size: u64) -> i32 {
        i32::try_from(self.length().div_ceil(part_size).max(1)).unwrap_or(i32::MAX)
    }

    /// Offset and length of a part; numbers begin at 1.
    pub(super) fn part(&self, number: i32, part_size: u64) -> (u64, u64) {
        let before = u64::try_from(number - 1).unwrap_or(0);
        let offset = before.saturating_mul(part_size).min(self.length());
        (offset, part_size.min(self.length() - offset))
    }

    /// Bytes and their SHA-256 in base64.
    pub(super) async fn read(&self, offset: u64, length: u64) -> Result<(Bytes, String), Error> {
        let source = self.clone();
        let work = move || {
            let bytes = source.slice(offset, length)?;
            let digest = BASE64.encode(Sha256::digest(&bytes));
            Ok((bytes, digest))
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(broken_off()))
    }

    /// Of all of it, a piece at a time.
    pub(super) async fn digest(&self) -> Result<String, Error> {
        const PIECE: u64 = 1 << 20;
        let source = self.clone();
        let work = move || {
            let mut digest = Sha256::new();
            for offset in (0..source.length()).step_by(PIECE as usize) {
                digest.update(source.slice(offset, PIECE.min(source.length() - offset))?);
            }
            Ok(BASE64.encode(digest.finalize()))
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(broken_off()))
    }

    pub(super) fn slice(&self, offset: u64, length: u64) -> Result<Bytes, Error> {
        match self {
            Self::Bytes(bytes) => {
                let [from, to] = [offset, offset + length]
                    .map(|at| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()));
                Ok(bytes.slice(from..to))
            }
            Self::File { file, name, .. } => {
                let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(offset))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(|source| Error::Io {
                        what: "read",
                        place: name.clone(),
                        source,
                    })?;
                drop(file);
                self.check_unchanged()?;
                Ok(Bytes::from(bytes))
            }
        }
    }

    /// What is sent must be one state of the file.
    pub(super) fn check_unchanged(&self) -> Result<(), Error> {
        let Self::File {
            file,
            name,
            print,
            changed: then,
        } = self
        else {
            return Ok(());
        };
        let file = file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.metadata() {
            Ok(metadata) if Fingerprint::of(&metadata) == *print && changed(&metadata) == *then => {
                Ok(())
            }
            Ok(_) => Err(Error::Altered {
                place: name.clone(),
                reason: "the file changed while it was sent".to_owned(),
            }),
            Err(source) => Err(Error::Io {
                what: "read",
                place: name.clone(),
                source,
            }),
        }
    }
}

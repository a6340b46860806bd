//! The store: bytes by key, in a directory (and later in S3).
//!
//! Knows no format and never overwrites: a key that exists is an error, not a new version.

mod local;

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

pub use local::{Directory, create_private};

/// A place for recordings, manifests and text.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder on this machine.
    Directory(Directory),
}

/// What a store hands out for reading in any order.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl Store {
    /// The store named by a location: a directory's path.
    ///
    /// # Errors
    /// The location has a form that no store understands.
    pub fn at(location: &str) -> Result<Self, Error> {
        match location.split_once("://") {
            Some((scheme, _)) => Err(Error::Scheme {
                scheme: scheme.to_owned(),
                location: location.to_owned(),
            }),
            None if location.is_empty() => Err(Error::Empty),
            None => Ok(Self::Directory(Directory::new(PathBuf::from(location)))),
        }
    }

    /// How a person names this store.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Directory(directory) => directory.root().display().to_string(),
        }
    }

    /// How a person names one thing in it.
    #[must_use]
    pub fn locate(&self, key: &str) -> String {
        match self {
            Self::Directory(directory) => directory.path(key).display().to_string(),
        }
    }

    /// Shows that something can be written here, before a session depends on it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn probe(&self) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.probe(),
        }
    }

    /// Stores the file at `path` under `key`. When this returns, the bytes are safe and whole.
    ///
    /// # Errors
    /// The key exists already, or the bytes could not be written.
    pub fn put_file(&self, key: &str, path: &Path) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put_file(key, path),
        }
    }

    /// Stores `bytes` under `key`.
    ///
    /// # Errors
    /// As [`Store::put_file`].
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put(key, bytes),
        }
    }

    /// Every key that begins with `prefix`, sorted. A store that nobody has written to yet is empty.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        match self {
            Self::Directory(directory) => directory.list(prefix),
        }
    }

    /// All bytes under `key`, refused when they are more than `limit`.
    ///
    /// # Errors
    /// There is nothing under that key, it is too long, or it cannot be read.
    pub fn read(&self, key: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let io = |source| Error::Io {
            what: "read",
            place: self.locate(key),
            source,
        };
        let mut bytes = Vec::new();
        self.open(key)?
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if bytes.len() as u64 > limit {
            return Err(Error::TooLong {
                place: self.locate(key),
                limit,
            });
        }
        Ok(bytes)
    }

    /// A reader over the bytes under `key`.
    ///
    /// # Errors
    /// There is nothing under that key, or it cannot be read.
    pub fn open(&self, key: &str) -> Result<Box<dyn ReadSeek>, Error> {
        match self {
            Self::Directory(directory) => Ok(Box::new(directory.open(key)?)),
        }
    }
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An empty location.
    #[error("the store's location is empty")]
    Empty,
    /// `gs://…` and the like.
    #[error("store {location:?} has scheme {scheme:?}, which is none that is supported")]
    Scheme {
        /// What stands before `://`.
        scheme: String,
        /// The whole location.
        location: String,
    },
    /// A recording is never overwritten.
    #[error("{place:?} exists already and is never overwritten")]
    Exists {
        /// Path or address.
        place: String,
    },
    /// Nothing under that key.
    #[error("there is no {place:?}")]
    NotFound {
        /// Path or address.
        place: String,
    },
    /// More bytes than the reader is ready for.
    #[error("{place:?} is longer than {limit} bytes")]
    TooLong {
        /// Path or address.
        place: String,
        /// In bytes.
        limit: u64,
    },
    /// A key that could leave the store.
    #[error("{key:?} is no key of a store")]
    Key {
        /// As given.
        key: String,
    },
    /// The system said no.
    #[error("cannot {what} {place:?}")]
    Io {
        /// `read`, `write`, `list`, …
        what: &'static str,
        /// Path or address.
        place: String,
        /// What the system said.
        source: std::io::Error,
    },
}

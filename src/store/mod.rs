//! The store: bytes by key, in a directory or in S3; and the spool, where what is not stored yet waits.
//!
//! Knows no format and never overwrites: a key that exists is an error, not a new version.

mod cache;
mod error;
pub mod http;
mod listing;
mod local;
mod parts;
mod ranges;
pub mod s3;
pub(crate) mod standing;
mod traffic;
mod trust;
mod worker;

use std::collections::BTreeSet;
use std::io::{Read, Seek};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::aws::Way;

pub use cache::Cache;
pub use error::Error;
pub use local::{Directory, create_private};
pub(crate) use local::{HALF_MADE, half_made, replace_private};
pub(crate) use parts::{at_once, in_parts};
pub use ranges::Ranged;
pub use s3::S3;
pub use traffic::Traffic;
pub use trust::Checked;
pub(crate) use trust::{check_folder, open_file, open_own};

/// So many files are worth a thread.
const SHARE: usize = 16;

/// A place for recordings, manifests and text.
#[derive(Clone, Debug)]
pub enum Store {
    /// A folder on this machine.
    Directory(Directory),
    /// A bucket.
    S3(S3),
}

/// What may go with something that is put.
#[derive(Default)]
pub struct Put<'a> {
    /// Key and value. S3 keeps them as object tags (cleaned and cut to its rules); a directory has none.
    pub tags: Vec<(String, String)>,
    /// A file that remembers how far this has come, for a process that is killed meanwhile: the next one goes on from
    /// there, and knows its own object again. It is to be removed after the file it is about.
    /// A claim in the spool names one for each object.
    pub journal: Option<PathBuf>,
    /// The file itself, where it was checked: it is stored as it was then, whatever its path leads to by now.
    pub checked: Option<&'a Checked>,
    /// Called about ten times a second, and once at the end.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

/// How far something is that is being put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes sent. A try that fails takes its bytes back.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// How hard a bucket is tried, and with how much memory. A directory has one pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one request is tried again before the store counts as out of reach.
    pub patience: Duration,
    /// A request whose bytes have not moved for this long is given up and tried again.
    pub silence: Duration,
    /// Parts of an object under way at a time; each is some MiB of memory.
    pub parallel_parts: usize,
}

/// Keys that begin alike, or those of them between two others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// How they begin.
    pub prefix: String,
    /// They come after this.
    pub after: Option<String>,
    /// And before this.
    pub before: Option<String>,
}

impl Span {
    /// All keys that begin with `prefix`.
    #[must_use]
    pub fn of(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ..Self::default()
        }
    }

    fn holds(&self, key: &str) -> bool {
        key.starts_with(&self.prefix)
            && self.after.as_deref().is_none_or(|after| key > after)
            && !self.is_behind(key)
    }

    /// Whether a key that begins so may be one of them.
    fn may_hold(&self, start: &str) -> bool {
        let is_before = |after: &str| start < after && !after.starts_with(start);
        (start.starts_with(&self.prefix) || self.prefix.starts_with(start))
            && !self.after.as_deref().is_some_and(is_before)
            && !self.is_behind(start)
    }

    fn is_behind(&self, key: &str) -> bool {
        self.before.as_deref().is_some_and(|before| key >= before)
    }
}

/// A key, and since when the store has what lies under it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dated {
    /// The key.
    pub key: String,
    /// By the store's own clock: a bucket's, which nobody sets who only writes there; or that of a folder's machine.
    pub came: Option<SystemTime>,
}

/// What a store hands out for reading in any order.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl Store {
    /// The store named by a location: a directory's path, or `s3://bucket/prefix` with the default options.
    ///
    /// # Errors
    /// The location has a form that no store understands.
    pub fn at(location: &str) -> Result<Self, Error> {
        Self::with(location, s3::Options::default())
    }

    /// As [`Store::at`]; the options matter when the location is a bucket. Talks to nobody yet.
    ///
    /// # Errors
    /// The location has a form that no store understands, or an option cannot be.
    pub fn with(location: &str, options: s3::Options) -> Result<Self, Error> {
        match location.split_once("://") {
            Some(("s3", _)) => Ok(Self::S3(S3::new(location, options)?)),
            Some((scheme, _)) => Err(Error::Scheme {
                scheme: scheme.to_owned(),
                location: location.to_owned(),
            }),
            None if location.is_empty() => Err(Error::Empty),
            None => Ok(Self::Directory(Directory::new(PathBuf::from(location)))),
        }
    }

    /// The same store at another pace.
    #[must_use]
    pub fn at_pace(&self, pace: Pace) -> Self {
        match self {
            Self::Directory(directory) => Self::Directory(directory.clone()),
            Self::S3(s3) => Self::S3(s3.at_pace(pace)),
        }
    }

    /// The same store, reached by a way that is settled already, credentials and all.
    #[must_use]
    pub fn by_way(&self, way: &Way) -> Self {
        match self {
            Self::Directory(directory) => Self::Directory(directory.clone()),
            Self::S3(s3) => Self::S3(s3.by_way(way)),
        }
    }

    /// The same store, for what is not to be kept: nothing that would keep it from being removed is asked for.
    #[must_use]
    pub fn for_passing_things(&self) -> Self {
        match self {
            Self::Directory(directory) => Self::Directory(directory.clone()),
            Self::S3(s3) => Self::S3(s3.for_passing_things()),
        }
    }

    /// The same store, with what is read from a bucket kept on this machine.
    #[must_use]
    pub fn caching(&self, cache: Arc<Cache>) -> Self {
        match self {
            Self::Directory(directory) => Self::Directory(directory.clone()),
            Self::S3(s3) => Self::S3(s3.caching(cache)),
        }
    }

    /// How a person names this store.
    #[must_use]
    pub fn location(&self) -> String {
        match self {
            Self::Directory(directory) => directory.root().display().to_string(),
            Self::S3(s3) => s3.location(),
        }
    }

    /// What tells this store from any other, for what is kept of it on this machine.
    #[must_use]
    pub fn identity(&self) -> [String; 2] {
        match self {
            Self::Directory(directory) => {
                let root = directory.root();
                let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
                [String::new(), root.display().to_string()]
            }
            Self::S3(s3) => [s3.endpoint(), s3.location()],
        }
    }

    /// What was asked of it until now, by this and by all copies of it.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        match self {
            Self::Directory(directory) => directory.traffic(),
            Self::S3(s3) => s3.traffic(),
        }
    }

    /// How many had best read of it at a time: as many as there are cores, or so many `afar`, where most of the time is waiting.
    #[must_use]
    pub(crate) fn readers(&self, afar: usize) -> usize {
        match self {
            Self::S3(_) => afar,
            Self::Directory(_) => std::thread::available_parallelism().map_or(2, usize::from),
        }
    }

    /// How a person names one thing in it.
    #[must_use]
    pub fn locate(&self, key: &str) -> String {
        match self {
            Self::Directory(directory) => directory.path(key).display().to_string(),
            Self::S3(s3) => s3.locate(key),
        }
    }

    /// Shows that something can be written here, before a session depends on it. No session depends on a bucket,
    /// because of the spool, so none is asked.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn probe(&self) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.probe(),
            Self::S3(_) => Ok(()),
        }
    }

    /// Stores the file at `path` under `key`. When this returns, the bytes are safe and whole.
    ///
    /// The key must belong to this file alone, as the key of a recording does: a write whose answer was lost is
    /// recognised by it (`s3/upload.rs` has the rules). The file must not change meanwhile.
    ///
    /// # Errors
    /// Other bytes are stored under the key already, or these could not be written. [`Error::is_passing`] tells
    /// whether to try later.
    pub fn put_file(&self, key: &str, path: &Path) -> Result<(), Error> {
        self.put_file_with(key, path, Put::default())
    }

    /// As [`Store::put_file`], with more to say about it. May take as long as the options' patience for each request.
    ///
    /// # Errors
    /// As [`Store::put_file`].
    pub fn put_file_with(&self, key: &str, path: &Path, put: Put<'_>) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put_file(key, path, put.checked),
            Self::S3(s3) => s3.put_file(key, path, put),
        }
    }

    /// Stores `bytes` under `key`.
    ///
    /// # Errors
    /// As [`Store::put_file`].
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        self.put_with(key, bytes, Put::default())
    }

    /// As [`Store::put`], with more to say about it.
    ///
    /// # Errors
    /// As [`Store::put_file`].
    pub fn put_with(&self, key: &str, bytes: &[u8], put: Put<'_>) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put(key, bytes),
            Self::S3(s3) => s3.put(key, bytes, put),
        }
    }

    /// Every key that begins with `prefix`, sorted. A store that nobody has written to yet is empty.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        Ok(self.list_spans(&[Span::of(prefix)])?.concat())
    }

    /// The keys of each span, sorted. A bucket is asked for all of them at once, and for no page that holds none.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub fn list_spans(&self, spans: &[Span]) -> Result<Vec<Vec<String>>, Error> {
        match self {
            Self::Directory(directory) => directory.list_spans(spans),
            Self::S3(s3) => {
                let spans = s3.list(spans)?.into_iter();
                let keys = |dated: Vec<Dated>| dated.into_iter().map(|dated| dated.key).collect();
                Ok(spans.map(keys).collect())
            }
        }
    }

    /// The same, each key with the store's own time of it.
    ///
    /// # Errors
    /// As of [`Store::list_spans`].
    pub fn list_dated(&self, spans: &[Span]) -> Result<Vec<Vec<Dated>>, Error> {
        match self {
            Self::Directory(directory) => {
                let spans = directory.list_spans(spans)?.into_iter();
                let dated = |key| directory.dated(key);
                Ok(spans
                    .map(|keys| keys.into_iter().map(dated).collect())
                    .collect())
            }
            Self::S3(s3) => s3.list(spans),
        }
    }

    /// Which of `keys` are there, all of which lie in `spans`. A bucket is listed; in a folder it takes less to look at each.
    ///
    /// # Errors
    /// The store cannot be listed.
    pub(crate) fn there(&self, keys: &[String], spans: &[Span]) -> Result<BTreeSet<String>, Error> {
        match self {
            Self::Directory(directory) => {
                let found = in_parts(keys, SHARE, |keys| directory.there(keys));
                let found: Result<Vec<Vec<String>>, Error> = found.into_iter().collect();
                Ok(found?.into_iter().flatten().collect())
            }
            Self::S3(s3) => {
                let dated = s3.list(spans)?.into_iter().flatten();
                Ok(dated.map(|dated| dated.key).collect())
            }
        }
    }

    /// The folders right below `prefix`, which is empty or ends in a slash; each ends in one.
    ///
    /// # Errors
    /// As of [`Store::list_spans`].
    pub fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        match self {
            Self::Directory(directory) => directory.folders(prefix),
            Self::S3(s3) => s3.folders(prefix),
        }
    }

    /// Until when each object under these keys is kept from being removed; a folder keeps nothing from its owner. It takes a
    /// request for each.
    pub(crate) fn retained_until(&self, keys: &[String]) -> Vec<Option<SystemTime>> {
        match self {
            Self::Directory(_) => vec![None; keys.len()],
            Self::S3(s3) => s3.retained_until(keys),
        }
    }

    /// What a bucket says of all that lies in these spans and lay there, keys sorted, of each the newest version first. A folder
    /// keeps no versions.
    ///
    /// # Errors
    /// As of [`Store::list_spans`]; and who may list may not always list versions.
    pub(crate) fn versions(&self, spans: &[Span]) -> Result<Vec<s3::Version>, Error> {
        match self {
            Self::Directory(_) => Ok(Vec::new()),
            Self::S3(s3) => s3.versions(spans),
        }
    }

    /// The bytes of each of these versions, as [`Store::read_many`] gives them.
    ///
    /// # Errors
    /// As of [`Store::read_many`].
    pub(crate) fn read_versions(
        &self,
        versions: &[s3::Version],
        limit: u64,
    ) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        match self {
            Self::Directory(_) => Ok(Vec::new()),
            Self::S3(s3) => {
                let named = |one: &s3::Version| (one.key.clone(), Some(one.id.clone()));
                s3.read_many(versions.iter().map(named).collect(), limit)
            }
        }
    }

    /// All bytes under each key, as [`Store::read`] gives them, many at a time where waiting takes the longest.
    ///
    /// # Errors
    /// The store cannot be reached at all. What is wrong with one key alone stands in its place.
    pub fn read_many(
        &self,
        keys: &[String],
        limit: u64,
    ) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
        match self {
            Self::Directory(_) => {
                let read = in_parts(keys, SHARE, |keys| {
                    let read = keys.iter().map(|key| self.read(key, limit));
                    read.collect::<Vec<_>>()
                });
                Ok(read.into_iter().flatten().collect())
            }
            Self::S3(s3) => {
                let keys = keys.iter().map(|key| (key.clone(), None));
                s3.read_many(keys.collect(), limit)
            }
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
            Self::Directory(directory) => Ok(Box::new(directory.open_counted(key)?)),
            Self::S3(s3) => Ok(Box::new(s3.open(key)?)),
        }
    }

    /// The same for a reader that goes straight to the end, which takes few requests.
    ///
    /// # Errors
    /// As of [`Store::open`].
    pub fn open_straight(&self, key: &str) -> Result<Box<dyn ReadSeek>, Error> {
        match self {
            Self::Directory(directory) => Ok(Box::new(directory.open_counted(key)?)),
            Self::S3(s3) => Ok(Box::new(s3.open(key)?.straight())),
        }
    }
}

/// A key stays below the store's root, whatever kind of store it is.
fn check_key(key: &str) -> Result<(), Error> {
    let plain = Path::new(key)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if key.is_empty() || !plain || key.contains('\0') || key.len() > 1024 {
        Err(Error::Key {
            key: key.to_owned(),
        })
    } else {
        Ok(())
    }
}

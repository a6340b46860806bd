//! A recording that still grows, read as it grows: the spool's file on the machine where the session runs, the live
//! segments in the store elsewhere.
//!
//! Nothing here waits: whoever reads is told that there is nothing new yet, and comes again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use formats::asciicast::Session;
use formats::layout::{self, Place};
use formats::manifest::Manifest;

use crate::review::chosen::{Unchosen, chosen, session_id};
use crate::spool::{Spool, Waiting};
use crate::store::{self, ReadSeek, Store};

/// The longest segment taken: four times what is ever written.
const MAX_SEGMENT: u64 = 16 << 20;
/// A manifest is asked for at every so many looks that found nothing.
const MANIFEST_EVERY: u32 = 3;

/// A recording that is being followed.
pub struct Follow {
    session_id: String,
    source: Source,
    finished: Arc<OnceLock<Finished>>,
}

/// Where the whole recording will be, once it is.
#[derive(Debug)]
struct Finished {
    manifest: String,
    recording: String,
}

/// The way to tell a [`Follow`] what its own bytes say.
#[derive(Clone, Debug)]
pub struct Told(Arc<OnceLock<Finished>>);

impl Told {
    /// The header has come: from it follows where the recording lies when the session is over.
    pub fn session(&self, session: &Session) {
        let manifest = Manifest::of_session(session);
        if let Some(place) = Place::of(&manifest) {
            // Only the first header counts.
            let _ = self.0.set(Finished {
                manifest: place.manifest(),
                recording: place.recording(),
            });
        }
    }
}

enum Source {
    Spooled {
        spool: Spool,
        name: String,
        file: File,
    },
    Segments(Segments),
    /// The session is over, and the rest of the recording is in the store.
    Stored(Box<dyn ReadSeek>),
}

struct Segments {
    store: Store,
    /// The number of the one to come.
    next: u64,
    /// The one that is being handed out, and how far.
    segment: Vec<u8>,
    at: usize,
    /// Bytes handed out in all.
    taken: u64,
    misses: u32,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// So many bytes are there.
    Bytes(usize),
    /// Nothing new; the session may still run.
    NothingNew,
    /// Nothing will ever come.
    Over,
}

impl Follow {
    /// The session with this id, or the only one whose id begins so: in the spool, else among the live segments.
    ///
    /// # Errors
    /// There is none, or more than one, or neither place can be read.
    pub fn find(store: &Store, spool: &Spool, name: &str) -> Result<Self, Error> {
        let waiting = spool.waiting()?.into_iter();
        let recordings = waiting.filter(|waiting| waiting.name.ends_with(".cast.zst"));
        match chosen(name, "the spool", recordings, |waiting| {
            waiting.name.as_str()
        }) {
            Ok(Waiting { name, .. }) => {
                let path = spool.folder().join(&name);
                let file = File::open(&path).map_err(|source| store::Error::Io {
                    what: "read",
                    place: path.display().to_string(),
                    source,
                })?;
                let spool = spool.clone();
                let id = session_id(&name);
                return Ok(Self::of(id, Source::Spooled { spool, name, file }));
            }
            Err(Unchosen::None { .. }) => {}
            Err(several) => return Err(several.into()),
        }
        let listed = match store.list(&format!("live/{}", layout::safe_name(name))) {
            Ok(keys) => keys,
            // Who may read and not list has to name all of it.
            Err(store::Error::Refused { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        // Named as the recording will be, once.
        let recordings: BTreeSet<String> = listed
            .iter()
            .filter_map(|key| layout::parse_session_id(key))
            .map(|id| format!("{}.cast.zst", layout::safe_name(&id)))
            .collect();
        let id = match chosen(name, "", recordings, |name| name) {
            Ok(name) => session_id(&name),
            Err(Unchosen::None { .. }) => name.to_owned(),
            Err(several) => return Err(several.into()),
        };
        let mut segments = Segments {
            store: store.clone(),
            next: 1,
            segment: Vec::new(),
            at: 0,
            taken: 0,
            misses: 0,
        };
        if !segments.fetch(&id)? {
            return Err(Error::NotFound {
                name: name.to_owned(),
                store: store.location(),
            });
        }
        Ok(Self::of(id, Source::Segments(segments)))
    }

    fn of(session_id: String, source: Source) -> Self {
        Self {
            session_id,
            source,
            finished: Arc::default(),
        }
    }

    /// Whose recording it is.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// Whether it comes out of the spool of this machine, where a look costs nothing.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.source, Source::Spooled { .. })
    }

    /// The file that it comes out of, where that is one of this machine.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Spooled { spool, name, .. } => Some(spool.folder().join(name)),
            _ => None,
        }
    }

    /// To be told the header when it has come by.
    #[must_use]
    pub fn told(&self) -> Told {
        Told(Arc::clone(&self.finished))
    }

    /// Takes what is there.
    ///
    /// # Errors
    /// It cannot be read, and will not be by coming again.
    pub fn look(&mut self, buffer: &mut [u8]) -> Result<Look, Error> {
        let io = |source| store::Error::Io {
            what: "read",
            place: self.session_id.clone(),
            source,
        };
        match &mut self.source {
            Source::Spooled { spool, name, file } => {
                // Asked first: what is written before the claim ends must be read after it.
                let is_claimed = spool.is_claimed(name);
                match file.read(buffer).map_err(io)? {
                    0 if is_claimed => Ok(Look::NothingNew),
                    0 => Ok(Look::Over),
                    length => Ok(Look::Bytes(length)),
                }
            }
            Source::Segments(segments) => {
                if let Some(length) = segments.take(buffer) {
                    return Ok(Look::Bytes(length));
                }
                if segments.fetch(&self.session_id)? {
                    return Ok(segments.take(buffer).map_or(Look::NothingNew, Look::Bytes));
                }
                segments.misses += 1;
                let finished = self.finished.get();
                if let Some(finished) = finished.filter(|_| segments.misses >= MANIFEST_EVERY) {
                    segments.misses = 0;
                    if let Some(rest) = segments.rest(finished)? {
                        self.source = Source::Stored(rest);
                    }
                }
                Ok(Look::NothingNew)
            }
            Source::Stored(rest) => match rest.read(buffer).map_err(io)? {
                0 => Ok(Look::Over),
                length => Ok(Look::Bytes(length)),
            },
        }
    }
}

impl Segments {
    fn take(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let left = self.segment.get(self.at..)?;
        let length = left.len().min(buffer.len());
        if length == 0 {
            return None;
        }
        buffer[..length].copy_from_slice(&left[..length]);
        self.at += length;
        self.taken += length as u64;
        Some(length)
    }

    /// Fetches the next segment, if it is there.
    fn fetch(&mut self, session_id: &str) -> Result<bool, Error> {
        match self
            .store
            .read(&layout::live_part(session_id, self.next), MAX_SEGMENT)
        {
            Ok(segment) => {
                self.segment = segment;
                self.at = 0;
                self.next += 1;
                self.misses = 0;
                Ok(true)
            }
            Err(store::Error::NotFound { .. }) => Ok(false),
            // S3's word for a missing key to those who may not list; the first one was granted.
            Err(store::Error::Refused { .. }) if self.next > 1 => Ok(false),
            Err(error) if error.is_passing() && self.next > 1 => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The rest of the recording, if the session is over and it is stored.
    fn rest(&self, finished: &Finished) -> Result<Option<Box<dyn ReadSeek>>, Error> {
        match self.store.open(&finished.manifest) {
            Ok(_) => {}
            Err(store::Error::NotFound { .. } | store::Error::Refused { .. }) => return Ok(None),
            Err(error) if error.is_passing() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let mut rest = self.store.open(&finished.recording)?;
        rest.seek(SeekFrom::Start(self.taken))
            .map_err(|source| store::Error::Io {
                what: "read",
                place: self.store.locate(&finished.recording),
                source,
            })?;
        Ok(Some(rest))
    }
}

/// Why nothing can be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither in the spool nor among the live segments.
    #[error("no session that runs here or has live segments in {store} begins with {name:?}")]
    NotFound {
        /// As given.
        name: String,
        /// The store's location.
        store: String,
    },
    /// The beginning of more than one id.
    #[error(transparent)]
    Unchosen(#[from] Unchosen),
    /// Spool or store cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

//! One recording from the spool into the store: the recording first, then its signature, the manifest last, so that a
//! manifest in the store means a complete recording.
//!
//! Nothing here speaks to a person, and nothing leaves the spool that the store has not confirmed.

use std::collections::BTreeMap;
use std::io::{self, Seek};
use std::path::Path;
use std::thread;
use std::time::SystemTime;

use formats::asciicast;
use formats::derived::Kind;
use formats::layout::{self, Place};
use formats::manifest::{Derived, Manifest};
use formats::recording::{self, Signed};

use crate::settings::{Settings, tags};
use crate::spool::written::{self, Changed, Written};
use crate::spool::{Claim, Object};
use crate::store::{self, Checked, Pace, Progress, Put, Store, open_file};

/// The way into one store.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    store: Store,
    /// Templates.
    tags: BTreeMap<String, String>,
}

/// A recording that is in the store now, and no longer in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    pub(crate) session_id: String,
    /// Where it lies, for a person.
    pub(crate) place: String,
    pub(crate) bytes: u64,
    /// Why the store has not all of what was derived from it.
    pub(crate) not_derived: Option<String>,
}

/// Why something is still in the spool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Undelivered {
    /// Nobody closed it.
    #[error("it was cut short and never closed")]
    CutShort,
    /// Some other file, or one damaged beyond recognition.
    #[error("it was left alone: {0}")]
    Foreign(String),
    /// It lies under another session's name.
    #[error("it is the recording of session {session_id:?}, and lies under another name")]
    Misnamed {
        /// Whose it is.
        session_id: String,
    },
    /// It is not what was recorded.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// It is closed, and the store does not have it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Undelivered {
    /// Whether trying again later can be enough.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    /// What the person can do about it.
    pub(crate) fn hint(&self, name: &str) -> Option<String> {
        match self {
            Self::CutShort => Some(format!("close it with: ssm-rec recover {}", id_of(name))),
            Self::Foreign(_) | Self::Misnamed { .. } => Some("move it elsewhere".to_owned()),
            Self::Changed(Changed::Replaced { .. }) => {
                Some("find out who did that; it is stored with: ssm-rec upload".to_owned())
            }
            Self::Changed(_) => Some(format!(
                "find out who did that; what is left of it: ssm-rec verify {}",
                id_of(name)
            )),
            Self::Store(error) => error.hint(),
        }
    }
}

impl Delivery {
    /// Into `store`, with the tags that the settings ask for.
    pub(crate) fn new(store: Store, settings: &Settings) -> Self {
        Self {
            store,
            tags: settings.upload.tags.clone(),
        }
    }

    /// The same way at another pace.
    #[must_use]
    pub(crate) fn at_pace(&self, pace: Pace) -> Self {
        Self {
            store: self.store.at_pace(pace),
            tags: self.tags.clone(),
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Stores a recording and removes it from the spool. A failure is noted there for whoever asks later.
    ///
    /// Repeating it, also in another process after this one was killed anywhere, goes on where it stood.
    pub(crate) fn deliver(
        &self,
        claim: Claim,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Delivered, Undelivered> {
        let path = claim.path();
        let closing = Closing::read(&path)?;
        let file = open_file(&path).map_err(|source| unread(&path, source))?;
        let checked = written::check(file, &closing.signed)?;
        self.deliver_checked(claim, &checked, &closing, progress)
    }

    /// The same for one that this process has recorded: it is stored as it was written, or not at all.
    pub(crate) fn deliver_written(
        &self,
        claim: Claim,
        written: Written,
        signed: Signed,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Delivered, Undelivered> {
        let checked = written.check(&claim, &signed)?;
        let closing = Closing::of(signed)?;
        self.deliver_checked(claim, &checked, &closing, progress)
    }

    fn deliver_checked(
        &self,
        claim: Claim,
        checked: &Checked,
        closing: &Closing,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Delivered, Undelivered> {
        let Closing { signed, manifest } = closing;
        if claim.name() != file_name(&manifest.session_id) {
            return Err(Undelivered::Misnamed {
                session_id: manifest.session_id.clone(),
            });
        }
        let place = Place::of(manifest)
            .ok_or_else(|| Undelivered::Foreign("its manifest has no start".to_owned()))?;
        match self.put(&claim, checked, &place, signed, manifest, progress) {
            Ok((bytes, not_derived)) => {
                claim.remove()?;
                Ok(Delivered {
                    place: self.store.locate(&place.recording()),
                    session_id: manifest.session_id.clone(),
                    bytes,
                    not_derived,
                })
            }
            Err(error) => {
                // Only a word for later: the recording waits with it or without.
                if let Err(unnoted) = claim.note_failure(now(), &error) {
                    tracing::warn!(%unnoted, "cannot note why it was not stored");
                }
                Err(error.into())
            }
        }
    }

    fn put(
        &self,
        claim: &Claim,
        checked: &Checked,
        place: &Place<'_>,
        signed: &Signed,
        manifest: &Manifest,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(u64, Option<String>), store::Error> {
        let tags = self.tags(manifest);
        let mut total = 0;
        let mut tell = |now: Progress| {
            total = now.total;
            progress(now);
        };
        let put = |object| Put {
            tags: tags.clone(),
            journal: Some(claim.journal(object)),
            ..Put::default()
        };
        let recording = Put {
            checked: Some(checked),
            progress: Some(&mut tell),
            ..put(Object::File)
        };
        self.store
            .put_file_with(&place.recording(), &claim.path(), recording)?;
        let derived = manifest.derived.as_ref();
        let put_derived = |kind, derived| self.put_derived(claim, place, (kind, derived), &tags);
        // Each is a request to wait for, and none of them needs another.
        let not_derived = thread::scope(|scope| {
            let beside = derived.map(|derived| {
                Kind::BOTH.map(|kind| scope.spawn(move || put_derived(kind, derived)))
            });
            if !signed.signature.is_empty() {
                let signature = signed.signature.as_bytes();
                self.store
                    .put_with(&place.signature(), signature, put(Object::Signature))?;
            }
            let mut not_derived = None;
            for thread in beside.into_iter().flatten() {
                not_derived = thread.join().unwrap_or(Ok(None))?.or(not_derived);
            }
            Ok::<_, store::Error>(not_derived)
        })?;
        self.store
            .put_with(&place.manifest(), &signed.manifest, put(Object::Manifest))?;
        Ok((total, not_derived))
    }

    /// Stores one object that was derived. A store that refuses it for good has the recording all the same, and whoever
    /// reviews it derives it again: why, then.
    fn put_derived(
        &self,
        claim: &Claim,
        place: &Place<'_>,
        (kind, derived): (Kind, &Derived),
        tags: &[(String, String)],
    ) -> Result<Option<String>, store::Error> {
        let path = claim.derived(kind);
        let checked = open_file(&path).and_then(Checked::of);
        let checked = checked.and_then(|checked| match derived.of(kind).is(checked.file()?)? {
            true => Ok(checked),
            false => Err(io::Error::other("it is not what the manifest tells")),
        });
        let checked = match checked {
            Ok(checked) => checked,
            Err(error) => return Ok(Some(format!("{:?}: {error}", path.display().to_string()))),
        };
        let put = Put {
            tags: tags.to_vec(),
            journal: Some(claim.journal(Object::Derived(kind))),
            checked: Some(&checked),
            ..Put::default()
        };
        match self.store.put_file_with(&place.derived(kind), &path, put) {
            Ok(()) => Ok(None),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => Ok(Some(error.to_string())),
        }
    }

    /// The tags of one session's objects.
    pub(crate) fn tags(&self, manifest: &Manifest) -> Vec<(String, String)> {
        tags::fill(&self.tags, |field| match field {
            "operator" => manifest.operator.as_deref(),
            "reason" => manifest.reason.as_deref(),
            "target" => Some(&manifest.target),
            "document" => manifest.document.as_deref(),
            "account" => manifest.account.as_deref(),
            "region" => manifest.region.as_deref(),
            "session" => Some(&manifest.session_id),
            _ => None,
        })
    }
}

/// The end of a closed recording.
struct Closing {
    signed: Signed,
    manifest: Manifest,
}

impl Closing {
    fn read(path: &Path) -> Result<Self, Undelivered> {
        let io = |source| unread(path, source);
        let mut file = open_file(path).map_err(io)?;
        let signed = match Signed::at_end(&mut file) {
            Ok(signed) => signed,
            Err(recording::Error::Io(error)) => return Err(io(error)),
            Err(error) => return Err(foreign(&error)),
        };
        let Some(signed) = signed else {
            // What has no end is a recording if it begins like one; sealed, it needs no key to be told so.
            file.rewind().map_err(io)?;
            let lines = match recording::Reader::open(file) {
                Ok(lines) => lines,
                // Made, and cut before the first byte reached the disk.
                Err(recording::Error::Empty | recording::Error::Locked { .. }) => {
                    return Err(Undelivered::CutShort);
                }
                Err(error) => return Err(foreign(&error)),
            };
            return Err(match asciicast::Reader::open(lines) {
                Ok(_) | Err(asciicast::Error::Empty) => Undelivered::CutShort,
                Err(error) => foreign(&error),
            });
        };
        Self::of(signed)
    }

    fn of(signed: Signed) -> Result<Self, Undelivered> {
        let manifest = Manifest::parse(&signed.manifest).map_err(|error| foreign(&error))?;
        Ok(Self { signed, manifest })
    }
}

fn foreign(error: &dyn std::fmt::Display) -> Undelivered {
    Undelivered::Foreign(error.to_string())
}

fn unread(path: &Path, source: io::Error) -> Undelivered {
    Undelivered::Store(store::Error::Io {
        what: "read",
        place: path.display().to_string(),
        source,
    })
}

/// The name of a session's file.
pub(crate) fn file_name(session_id: &str) -> String {
    format!("{}.cast.zst", layout::safe_name(session_id))
}

/// Whether a file of the spool was closed by whoever wrote it.
pub(crate) fn is_closed(path: &Path) -> Result<(), Undelivered> {
    Closing::read(path).map(drop)
}

/// The session id in a file's name.
pub(crate) fn id_of(name: &str) -> String {
    formats::layout::parse_session_id(name).unwrap_or_else(|| name.to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "when something failed is told by the wall clock"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

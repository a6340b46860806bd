//! The objects of the bucket and the uploads that are under way, in memory and as files if asked for.
//!
//! Nothing here knows HTTP.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use s3s::{S3Result, s3_error};
use sha2::{Digest, Sha256};

/// What the server is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// The bucket's name.
    pub name: String,
    /// Where objects are kept as files too, and found again by the next server. `None`: in memory alone.
    pub folder: Option<PathBuf>,
    /// Whoever asks may put objects and nothing else, as operators may.
    pub write_only: bool,
    /// Keys in one page of a listing. S3 gives 1000.
    pub page: usize,
    /// Takes what any S3 takes: writes that could overwrite, and without a SHA-256; and deletes, from memory alone.
    pub lenient: bool,
    /// Keeps versions, and marks what is removed. What is kept as files has none from before.
    pub versioned: bool,
    /// Whoever asks may list objects, and not their versions.
    pub without_versions: bool,
    /// Object Lock, with so many days in this mode for whatever says nothing of it.
    pub locked: Option<(String, i32)>,
    /// The KMS key that encrypts what is stored.
    pub kms_key: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "recordings".to_owned(),
            folder: None,
            write_only: false,
            // Few, so that tests turn pages.
            page: 10,
            lenient: false,
            versioned: false,
            without_versions: false,
            locked: None,
            kms_key: None,
        }
    }
}

/// An object as it was put.
#[derive(Clone, Debug)]
pub struct Stored {
    /// All of them.
    pub bytes: Bytes,
    /// How often it was created; more than once can only be a fault of the server.
    pub creations: u32,
    /// The `x-amz-…` headers of the request that created it, whole or in parts.
    pub headers: BTreeMap<String, String>,
    /// Since when the bucket has it.
    pub came: SystemTime,
    pub(super) etag: String,
    pub(super) sha256: String,
}

/// What lay under a key at a time.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) came: SystemTime,
    /// `None` marks that what was there was removed.
    pub(super) stored: Option<Stored>,
}

/// What the bucket holds and how it behaves.
pub(super) struct Objects {
    name: String,
    pub(super) page: usize,
    pub(super) lenient: bool,
    pub(super) without_versions: bool,
    pub(super) versioned: bool,
    pub(super) locked: Option<(String, i32)>,
    pub(super) kms_key: Option<String>,
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

/// What changes, behind one lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) write_only: bool,
    pub(super) denied: bool,
    pub(super) objects: BTreeMap<String, Stored>,
    /// Of each key, newest first.
    pub(super) versions: BTreeMap<String, Vec<Version>>,
    next_version: u64,
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) next_upload: u64,
}

/// An upload in parts that is under way: its parts by number, each with its checksum.
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) parts: BTreeMap<i32, (Bytes, String)>,
}

impl Objects {
    pub(super) fn open(options: Options) -> io::Result<Self> {
        let objects = Self {
            name: options.name,
            page: options.page,
            lenient: options.lenient,
            without_versions: options.without_versions,
            versioned: options.versioned,
            locked: options.locked,
            kms_key: options.kms_key,
            folder: options.folder,
            state: Mutex::new(State {
                write_only: options.write_only,
                ..State::default()
            }),
        };
        if let Some(folder) = &objects.folder {
            std::fs::create_dir_all(folder)?;
            let mut folders = vec![folder.clone()];
            while let Some(next) = folders.pop() {
                for entry in std::fs::read_dir(next)? {
                    let path = entry?.path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if let Some(key) =
                        path.strip_prefix(folder).ok().and_then(|p| p.to_str())
                    {
                        let key = key.replace('\\', "/");
                        let bytes = Bytes::from(std::fs::read(&path)?);
                        let stored = stored(bytes.clone(), digest(&bytes), BTreeMap::new());
                        let mut state = objects.state();
                        state.objects.insert(key.clone(), stored.clone());
                        objects.version(&mut state, &key, Some(stored));
                    }
                }
            }
        }
        Ok(objects)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn check(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.name {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket, "there is no such bucket"))
        }
    }

    pub(super) fn may_read(&self) -> S3Result<()> {
        if self.state().write_only {
            Err(s3_error!(AccessDenied, "this key may only put"))
        } else {
            Ok(())
        }
    }

    pub(super) fn create(
        &self,
        state: &mut State,
        key: &str,
        bytes: Bytes,
        sha256: String,
        headers: BTreeMap<String, String>,
    ) -> Stored {
        if let Some(folder) = &self.folder {
            let path = folder.join(key);
            let written = path
                .parent()
                .map_or(Ok(()), std::fs::create_dir_all)
                .and_then(|()| std::fs::write(&path, &bytes));
            if let Err(error) = written {
                eprintln!("cannot keep {}: {error}", path.display());
            }
        }
        let mut new = stored(bytes, sha256, headers);
        new.creations += state.objects.get(key).map_or(0, |old| old.creations);
        state.objects.insert(key.to_owned(), new.clone());
        self.version(state, key, Some(new.clone()));
        new
    }

    pub(super) fn remove(&self, state: &mut State, key: &str) {
        state.objects.remove(key);
        self.version(state, key, None);
    }

    fn version(&self, state: &mut State, key: &str, stored: Option<Stored>) {
        if !self.versioned {
            // One without versions tells of what is there, each under the same id.
            state.versions.remove(key);
        }
        if !self.versioned && stored.is_none() {
            return;
        }
        state.next_version += 1;
        let version = Version {
            id: match self.versioned {
                true => format!("version-{}", state.next_version),
                false => "null".to_owned(),
            },
            came: stored
                .as_ref()
                .map_or_else(SystemTime::now, |stored| stored.came),
            stored,
        };
        state
            .versions
            .entry(key.to_owned())
            .or_default()
            .insert(0, version);
    }

    /// One version of an object, or the object as it is.
    pub(super) fn find_version(&self, key: &str, id: Option<&str>) -> S3Result<Stored> {
        let Some(id) = id else {
            return self.find(key);
        };
        let state = self.state();
        let mut versions = state.versions.get(key).into_iter().flatten();
        let found = versions.find(|version| version.id == id);
        match found.map(|version| &version.stored) {
            Some(Some(stored)) => Ok(stored.clone()),
            Some(None) => Err(s3_error!(MethodNotAllowed, "that marks a removal")),
            None => Err(s3_error!(NoSuchVersion, "there is no such version")),
        }
    }

    pub(super) fn find(&self, key: &str) -> S3Result<Stored> {
        let state = self.state();
        let found = state.objects.get(key).cloned();
        found.ok_or_else(|| s3_error!(NoSuchKey, "there is no such key"))
    }
}

fn stored(bytes: Bytes, sha256: String, headers: BTreeMap<String, String>) -> Stored {
    Stored {
        etag: digest(&bytes)
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect(),
        bytes,
        creations: 1,
        came: SystemTime::now(),
        headers,
        sha256,
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    BASE64.encode(Sha256::digest(bytes))
}

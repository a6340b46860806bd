//! The spool: a folder of files that wait to be stored, and who of several processes is at work on which.
//!
//! Knows no format and no key, and talks to no store. Nothing is removed here but what a caller says is stored.
//!
//! Beside a file `NAME` may lie `.NAME.lock` (held by the process that writes or uploads it), `.NAME.lines` and
//! `.NAME.commands` (what was derived from it), `.NAME.upload` and `.NAME.upload-…` (how far an upload has come, one for
//! each object) and `.NAME.failure` (why the last one failed). They are removed with the file, after it. `.continuity` stays: it
//! remembers the row of manifests that were finished here.

pub(crate) mod backlog;
pub(crate) mod close;
pub(crate) mod continuity;
pub(crate) mod delivery;
pub(crate) mod drain;
pub(crate) mod live;
pub(crate) mod written;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use formats::derived::Kind;
use serde::{Deserialize, Serialize};

use crate::store::{Error, check_folder, create_private, open_file, open_own};
use crate::store::{HALF_MADE, half_made, replace_private};

/// Longer reasons are cut.
const MAX_REASON: usize = 2000;

/// No note of a failure is longer, in bytes.
const MAX_FAILURE: u64 = 64 * 1024;

/// What lies beside a file, by the end of its name; the lock goes last.
const BESIDE: [&str; 9] = [
    "failure",
    "upload-manifest",
    "upload-signature",
    "upload-lines",
    "upload-commands",
    "upload",
    "lines",
    "commands",
    "lock",
];

/// One of the objects that a file becomes; each has a journal of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// The file itself.
    File,
    /// What was derived from it.
    Derived(Kind),
    /// The signature over what was taken out of it.
    Signature,
    /// What was taken out of it.
    Manifest,
}

/// A folder of files that wait.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

/// A file that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The file's name.
    pub name: String,
    /// Its length now.
    pub bytes: u64,
    /// When it was last written.
    pub modified: Option<SystemTime>,
    /// Some process is at work on it: it is still written, or just being stored.
    pub claimed: bool,
    /// Why it could not be stored when it was last tried.
    pub failure: Option<Failure>,
}

/// Why something could not be stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// How often it was tried so far.
    pub attempts: u32,
    /// Milliseconds since 1970, by this machine's clock.
    pub at_ms: u64,
    /// Later can be better; otherwise somebody must do something first.
    pub passing: bool,
    /// The error's sentence.
    pub reason: String,
}

impl Spool {
    /// The spool in `folder`, which is made when something first goes in.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a new file, readable by its owner alone, and claims it, so that nobody uploads it before it is whole.
    ///
    /// # Errors
    /// There is such a file already, somebody has claimed the name, or the system said no.
    pub fn begin(&self, name: &str) -> Result<(File, Claim), Error> {
        let path = self.folder.join(name);
        let exists = || Error::Exists {
            place: path.display().to_string(),
        };
        let claim = self.reserve(name)?.ok_or_else(exists)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok((file, claim)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists()),
            Err(source) => Err(failed("make", &path, source)),
        }
    }

    /// Claims a name for a file that the caller is about to make by itself. `None`: somebody has claimed it.
    ///
    /// # Errors
    /// The system said no.
    pub fn reserve(&self, name: &str) -> Result<Option<Claim>, Error> {
        check_name(name)?;
        create_private(&self.folder)
            .map_err(|source| failed("make the folder", &self.folder, source))?;
        self.lock(name)
    }

    /// Everything that waits, the oldest first. A spool that nobody has used yet is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn waiting(&self) -> Result<Vec<Waiting>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed("list", &self.folder, source)),
        };
        let mut waiting = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed("list", &self.folder, source))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // It may be stored and gone by now.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if name.starts_with('.') || !metadata.is_file() {
                continue;
            }
            waiting.push(Waiting {
                bytes: metadata.len(),
                modified: metadata.modified().ok(),
                claimed: self.is_claimed(&name),
                failure: read_failure(&self.beside(&name, "failure")),
                name,
            });
        }
        waiting.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
        Ok(waiting)
    }

    /// Claims a waiting file for this process. `None`: somebody else has it, or it is no longer there.
    /// The claim ends with the value, or with the process, however that ends.
    ///
    /// # Errors
    /// The system said no.
    pub fn claim(&self, name: &str) -> Result<Option<Claim>, Error> {
        check_name(name)?;
        let path = self.folder.join(name);
        // Without this, asking for what is gone would leave a lock file behind.
        if !path.exists() {
            return Ok(None);
        }
        let claim = self.lock(name)?;
        // Whoever had it a moment ago may have stored and removed it.
        if claim.is_some() && !path.exists() {
            if let Some(claim) = claim {
                claim.sweep();
            }
            return Ok(None);
        }
        Ok(claim)
    }

    fn lock(&self, name: &str) -> Result<Option<Claim>, Error> {
        check_folder(&self.folder)?;
        let path = self.beside(name, "lock");
        loop {
            let lock = open_own(&path).map_err(|source| failed("open", &path, source))?;
            match lock.try_lock() {
                // Whoever had it may have removed it between the two calls; then this lock keeps nobody away.
                Ok(()) if !is_at(&lock, &path) => {}
                Ok(()) => {
                    tracing::debug!(name, "claimed");
                    return Ok(Some(Claim {
                        spool: self.clone(),
                        name: name.to_owned(),
                        _lock: lock,
                    }));
                }
                Err(TryLockError::WouldBlock) => {
                    tracing::debug!(name, "claimed by somebody else");
                    return Ok(None);
                }
                Err(TryLockError::Error(source)) => return Err(failed("lock", &path, source)),
            }
        }
    }

    /// Removes what lies beside files that are gone: a process was killed between the two.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn tidy(&self) -> Result<(), Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(failed("list", &self.folder, source)),
        };
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let name = file_name.to_str().and_then(|name| {
                let name = name.strip_prefix('.')?;
                let name = name.strip_suffix(HALF_MADE).unwrap_or(name);
                BESIDE
                    .iter()
                    .find_map(|what| name.strip_suffix(what)?.strip_suffix('.'))
            });
            if let Some(name) = name
                && check_name(name).is_ok()
                && !self.folder.join(name).exists()
                // A name that is reserved has no file yet, and a lock that is held.
                && let Some(claim) = self.lock(name)?
                && !claim.path().exists()
            {
                claim.sweep();
            }
        }
        Ok(())
    }

    /// Asked with a shared lock, so that two who ask do not see each other; whoever wants to claim at this very
    /// moment may be told "claimed", and comes again later.
    #[must_use]
    pub fn is_claimed(&self, name: &str) -> bool {
        let Ok(lock) = open_file(&self.beside(name, "lock")) else {
            return false;
        };
        matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    fn beside(&self, name: &str, what: &str) -> PathBuf {
        self.folder.join(format!(".{name}.{what}"))
    }
}

/// The right to write, store or remove one file of the spool. Nobody else has it meanwhile.
#[derive(Debug)]
pub struct Claim {
    spool: Spool,
    name: String,
    /// Held open: the system ends the lock with it.
    _lock: File,
}

impl Claim {
    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.spool.folder.join(&self.name)
    }

    /// Where the upload of one of its objects may remember how far it has come: for [`crate::store::Put::journal`].
    #[must_use]
    pub fn journal(&self, object: Object) -> PathBuf {
        let what = match object {
            Object::File => "upload",
            Object::Derived(Kind::Lines) => "upload-lines",
            Object::Derived(Kind::Commands) => "upload-commands",
            Object::Signature => "upload-signature",
            Object::Manifest => "upload-manifest",
        };
        self.spool.beside(&self.name, what)
    }

    /// Where what was derived from it waits.
    #[must_use]
    pub fn derived(&self, kind: Kind) -> PathBuf {
        self.spool.beside(&self.name, kind.name())
    }

    /// Why it could not be stored when it was last tried.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        read_failure(&self.spool.beside(&self.name, "failure"))
    }

    /// Notes that it could not be stored, for whoever asks later, and gives the file back.
    ///
    /// # Errors
    /// The note cannot be written. The file waits all the same.
    pub fn note_failure(self, now: SystemTime, error: &Error) -> Result<Failure, Error> {
        let at = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let failure = Failure {
            attempts: self
                .failure()
                .map_or(0, |last| last.attempts)
                .saturating_add(1),
            at_ms: u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
            passing: error.is_passing(),
            reason: error.to_string().chars().take(MAX_REASON).collect(),
        };
        let path = self.spool.beside(&self.name, "failure");
        serde_json::to_vec(&failure)
            .map_err(io::Error::from)
            .and_then(|bytes| replace_private(&path, &bytes))
            .map_err(|source| failed("write", &path, source))?;
        Ok(failure)
    }

    /// Removes the file from the spool. Only for what the store has confirmed.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        let path = self.path();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("remove", &path, error))
            }
            _ => {
                self.sweep();
                Ok(())
            }
        }
    }

    /// Removes what lay beside a file that is gone. Whatever stays behind harms nobody.
    fn sweep(self) {
        for what in BESIDE {
            let path = self.spool.beside(&self.name, what);
            let _ = fs::remove_file(half_made(&path));
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether the file that is open is still the one with that name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(other)) => place(one) == place(other),
        _ => false,
    }
}

/// A file that is open cannot be replaced here.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Names are those of files in one folder, and never those of the files beside them.
fn check_name(name: &str) -> Result<(), Error> {
    let mut parts = Path::new(name).components();
    let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    if plain && !name.starts_with('.') && !name.contains('\0') {
        Ok(())
    } else {
        Err(Error::Key {
            key: name.to_owned(),
        })
    }
}

fn read_failure(path: &Path) -> Option<Failure> {
    let mut text = Vec::new();
    let file = open_file(path).ok()?;
    file.take(MAX_FAILURE).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn failed(what: &'static str, place: &Path, source: io::Error) -> Error {
    Error::Io {
        what,
        place: place.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests;

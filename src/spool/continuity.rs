//! Which number the next finished manifest of this person on this machine has, and what it follows: remembered beside the spool.
//!
//! Nothing here holds a recording back: where the row cannot be read or written a manifest goes without a number, or begins
//! another row, and an audit tells that.
//!
//! ```text
//! take ──► the number is the session's, whatever becomes of the process ──► finished: the next one follows it
//!                        └─ killed ─► recover takes it again: the same number, no hole
//! ```
//! A number is taken before the manifest is signed, which may wait for a person; who ends meanwhile follows the last one that
//! was finished.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use formats::continuity::{Continuity, digest};
use serde::{Deserialize, Serialize};

use super::Spool;
use crate::store::{check_folder, create_private, open_file, open_own, replace_private};

/// Not as the files beside a recording are named, so that tidying up finds none of them.
const STATE: &str = ".continuity";
const LOCK: &str = ".continuity-lock";
/// A longer one is none of ours.
const MAX_STATE: u64 = 1024 * 1024;
/// So many sessions may be between their number and their end; the oldest of more is forgotten.
const MAX_TAKEN: usize = 256;
/// Whoever has the lock writes one small file.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);

/// The row as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    client: String,
    /// The number that was taken last.
    last: u64,
    /// What was finished last.
    #[serde(default)]
    finished: Option<Finished>,
    /// Numbers whose manifests are not known to be finished.
    #[serde(default)]
    taken: Vec<Taken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Finished {
    counter: u64,
    digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Taken {
    session: String,
    place: Continuity,
}

/// The place of this session's manifest: a new one, or the one that it has taken before. `None` where the row cannot be kept.
pub(crate) fn take(spool: &Spool, session_id: &str) -> Option<Continuity> {
    let taken = locked(spool, |row| row.take(session_id));
    taken
        .inspect_err(|error| tracing::warn!(%error, "the manifest is not numbered"))
        .ok()
}

/// The manifest of this session is finished, with these bytes: the next one follows it.
pub(crate) fn finished(spool: &Spool, session_id: &str, manifest: &[u8]) {
    let noted = locked(spool, |row| row.finish(session_id, manifest));
    if let Err(error) = noted {
        tracing::warn!(%error, "that the manifest is finished is not noted");
    }
}

impl Row {
    fn begun() -> Self {
        Self {
            client: uuid::Uuid::new_v4().simple().to_string(),
            ..Self::default()
        }
    }

    fn take(&mut self, session_id: &str) -> Continuity {
        if let Some(taken) = self.taken.iter().find(|taken| taken.session == session_id) {
            return taken.place.clone();
        }
        self.last = self.last.saturating_add(1);
        let before = self.finished.as_ref();
        let place = Continuity {
            client: self.client.clone(),
            counter: self.last,
            previous: before.map(|before| before.digest.clone()),
            after: before
                .map(|before| before.counter)
                .filter(|counter| counter.checked_add(1) != Some(self.last)),
        };
        self.taken.push(Taken {
            session: session_id.to_owned(),
            place: place.clone(),
        });
        if self.taken.len() > MAX_TAKEN {
            self.taken.remove(0);
        }
        place
    }

    fn finish(&mut self, session_id: &str, manifest: &[u8]) {
        let Some(at) = self
            .taken
            .iter()
            .position(|taken| taken.session == session_id)
        else {
            return;
        };
        let taken = self.taken.remove(at);
        let counter = taken.place.counter;
        // One that was found cut and closed long after is followed by nobody: those behind it are finished.
        if self
            .finished
            .as_ref()
            .is_none_or(|last| last.counter < counter)
        {
            self.finished = Some(Finished {
                counter,
                digest: digest(manifest),
            });
        }
    }
}

/// Changes the row, alone.
fn locked<T>(spool: &Spool, change: impl FnOnce(&mut Row) -> T) -> io::Result<T> {
    create_private(spool.folder())?;
    check_folder(spool.folder()).map_err(io::Error::other)?;
    let _lock = lock(spool.folder().join(LOCK))?;
    let path = spool.folder().join(STATE);
    let known = match read(&path) {
        Ok(row) => row,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Row::begun(),
        Err(error) => {
            tracing::warn!(%error, "the row of manifests does not read; another begins");
            Row::begun()
        }
    };
    let mut row = known.clone();
    let result = change(&mut row);
    if row != known {
        replace_private(&path, &serde_json::to_vec(&row)?)?;
    }
    Ok(result)
}

fn read(path: &Path) -> io::Result<Row> {
    let mut text = Vec::new();
    open_file(path)?.take(MAX_STATE).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// The system ends the lock with the file.
fn lock(path: PathBuf) -> io::Result<File> {
    let file = open_own(&path)?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited < PATIENCE => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().join("spool"));
        (folder, spool)
    }

    #[test]
    fn each_manifest_names_the_one_before() {
        let (_folder, spool) = spool();
        let first = take(&spool, "s-1").unwrap();
        assert_eq!((first.counter, first.previous), (1, None));
        assert_eq!(first.client.len(), 32);
        finished(&spool, "s-1", b"one");
        let second = take(&spool, "s-2").unwrap();
        assert_eq!(second.client, first.client);
        assert_eq!((second.counter, second.previous), (2, Some(digest(b"one"))));
        assert_eq!(second.after, None);
    }

    #[test]
    fn a_number_that_was_taken_before_a_crash_is_taken_again() {
        let (_folder, spool) = spool();
        let taken = take(&spool, "s-1").unwrap();
        let next = take(&spool, "s-2").unwrap();
        finished(&spool, "s-2", b"two");
        assert_eq!(take(&spool, "s-1").unwrap(), taken);
        finished(&spool, "s-1", b"one, recovered");
        let third = take(&spool, "s-3").unwrap();
        assert_eq!((next.counter, third.counter), (2, 3));
        // It was finished before the one that was recovered, and is the last by its number.
        assert_eq!(third.previous, Some(digest(b"two")));
    }

    #[test]
    fn whoever_ends_while_another_is_signed_follows_the_last_that_was_finished() {
        let (_folder, spool) = spool();
        take(&spool, "s-1").unwrap();
        finished(&spool, "s-1", b"one");
        take(&spool, "s-2").unwrap();
        let third = take(&spool, "s-3").unwrap();
        assert_eq!((third.counter, third.linked()), (3, Some(1)));
        assert_eq!(third.previous, Some(digest(b"one")));
    }

    #[test]
    fn a_row_that_does_not_read_begins_anew_and_one_that_cannot_be_written_numbers_nothing() {
        let (_folder, spool) = spool();
        let first = take(&spool, "s-1").unwrap();
        let path = spool.folder().join(STATE);
        std::fs::write(&path, b"{").unwrap();
        let second = take(&spool, "s-2").unwrap();
        assert_ne!(first.client, second.client);
        assert_eq!(second.counter, 1);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(take(&spool, "s-3"), None);
    }

    #[test]
    fn sessions_that_end_at_the_same_time_have_a_number_each() {
        let (_folder, spool) = spool();
        let numbers = thread::scope(|scope| {
            let spool = &spool;
            let takers: Vec<_> = (0..8)
                .map(|taker| {
                    scope.spawn(move || {
                        let take = |session| {
                            let id = format!("s-{taker}-{session}");
                            let place = take(spool, &id).unwrap();
                            finished(spool, &id, id.as_bytes());
                            place.counter
                        };
                        (0..10).map(take).collect::<Vec<u64>>()
                    })
                })
                .collect();
            let mut numbers: Vec<u64> = takers
                .into_iter()
                .flat_map(|taker| taker.join().unwrap())
                .collect();
            numbers.sort_unstable();
            numbers
        });
        assert_eq!(numbers, (1..=80).collect::<Vec<u64>>());
    }

    #[cfg(unix)]
    #[test]
    fn the_row_is_for_its_owner_alone_and_nobody_tidies_it_away() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, spool) = spool();
        let first = take(&spool, "s-1").unwrap();
        finished(&spool, "s-1", b"one");
        spool.tidy().unwrap();
        assert_eq!(spool.waiting().unwrap(), []);
        assert_eq!(take(&spool, "s-2").unwrap().client, first.client);
        for name in [STATE, LOCK] {
            let metadata = std::fs::metadata(spool.folder().join(name)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

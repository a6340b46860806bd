//! Pieces of far-away objects, kept on this machine so that they are not fetched twice.
//!
//! Nothing here is ever needed: what cannot be kept, or does not read back as it was, is fetched. A piece belongs to one
//! state of one object (its ETag and version are part of its name), so that a changed object is never served stale.
//! Several processes may use one folder: a file gets its name once it is whole, and one that vanishes is no error.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

mod whole;

use super::local::create_private;

/// In front of each piece: SHA-256 over object, place and bytes.
const SEAL: usize = 32;
/// Nothing that is asked for at once is longer; a longer file is none of ours.
const LONGEST: u64 = 16 << 20;
/// A file that was being written for so long was left behind.
const ABANDONED: Duration = Duration::from_secs(3600);
/// Before the name of a file that is being written.
const UNFINISHED: &str = ".piece-";

/// A folder for pieces, with a limit.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
    budget: Mutex<Budget>,
}

#[derive(Debug, Default)]
struct Budget {
    /// `None`: nobody has looked yet.
    used: Option<u64>,
    /// Since somebody looked; other processes write too.
    written: u64,
}

impl Cache {
    /// A cache below `folder`, which is made when something is first kept, of at most `limit` bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(folder: PathBuf, limit: u64) -> Self {
        Self {
            folder,
            limit,
            budget: Mutex::default(),
        }
    }

    /// The pieces of one state of one object, named by all that tells it from any other. `None`: nothing is kept.
    pub(super) fn pieces(self: &Arc<Self>, object: &[&str]) -> Option<Pieces> {
        let place = self.place(object)?;
        let pieces = Pieces {
            known: Mutex::new(known(&place.folder, &place.name)),
            cache: Arc::clone(self),
            folder: place.folder,
            name: place.name,
            object: place.object,
        };
        Some(pieces)
    }

    /// Where something lies that is named by all that tells it from anything else. `None`: nothing is kept.
    fn place(&self, object: &[&str]) -> Option<Place> {
        if self.limit == 0 || !is_private(&self.folder) {
            return None;
        }
        let mut digest = Sha256::new();
        for part in object {
            // Lengths stand between the parts, so that no two lists of parts look alike.
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let object: [u8; 32] = digest.finalize().into();
        let mut name = String::with_capacity(64);
        for byte in object {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        // Many small folders in place of a large one, which every object would have to look through.
        let folder = self.folder.join(&name[..2]);
        create_private(&folder).ok()?;
        Some(Place {
            folder,
            name,
            object,
        })
    }

    /// Makes room for `length` bytes: the files that were used longest ago go.
    fn make_room(&self, length: u64) -> bool {
        if length > self.limit / 2 {
            return false;
        }
        let mut budget = lock(&self.budget);
        let used = match budget.used {
            Some(used) if used + length <= self.limit && budget.written < self.limit / 4 => used,
            _ => {
                budget.written = 0;
                // A little more goes than must, so that not every piece asks for a look at all of them.
                clear(&self.folder, self.limit - length, self.limit / 8 * 7)
            }
        };
        budget.used = Some(used + length);
        budget.written += length;
        used + length <= self.limit
    }
}

/// Where something is kept.
struct Place {
    folder: PathBuf,
    name: String,
    object: [u8; 32],
}

/// What is kept of one state of one object.
#[derive(Debug)]
pub(super) struct Pieces {
    cache: Arc<Cache>,
    folder: PathBuf,
    name: String,
    object: [u8; 32],
    /// End by start.
    known: Mutex<BTreeMap<u64, u64>>,
}

impl Pieces {
    /// Whether the byte at `position` is kept.
    pub(super) fn holds(&self, position: u64) -> bool {
        self.find(position).is_some()
    }

    /// Where the next piece begins, after `position`.
    pub(super) fn next(&self, position: u64) -> Option<u64> {
        let known = lock(&self.known);
        known.range(position + 1..).next().map(|(start, _)| *start)
    }

    /// The piece with the byte at `position`, and where it begins.
    pub(super) fn read(&self, position: u64) -> Option<(u64, Bytes)> {
        let (start, end) = self.find(position)?;
        let bytes = self.read_file(start, end);
        if bytes.is_none() {
            // Gone, or not what it was.
            lock(&self.known).remove(&start);
            let _ = fs::remove_file(self.path(start, end));
        }
        Some((start, bytes?))
    }

    /// Keeps `bytes`, which begin at `start`, if that can be done.
    pub(super) fn keep(&self, start: u64, bytes: &Bytes) {
        let end = start + bytes.len() as u64;
        if self.holds(start) || !self.cache.make_room((SEAL + bytes.len()) as u64) {
            return;
        }
        if self.write_file(start, end, bytes).is_ok() {
            lock(&self.known).insert(start, end);
        }
    }

    fn find(&self, position: u64) -> Option<(u64, u64)> {
        let known = lock(&self.known);
        let (start, end) = known.range(..=position).next_back()?;
        (position < *end).then_some((*start, *end))
    }

    fn path(&self, start: u64, end: u64) -> PathBuf {
        self.folder.join(format!("{}.{start}-{end}", self.name))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "when a file was last used decides how long it is kept"
    )]
    fn read_file(&self, start: u64, end: u64) -> Option<Bytes> {
        let mut file = File::open(self.path(start, end)).ok()?;
        let length = SEAL as u64 + (end - start);
        if file.metadata().ok()?.len() != length || length > LONGEST {
            return None;
        }
        let mut content = vec![0; usize::try_from(length).ok()?];
        file.read_exact(&mut content).ok()?;
        let content = Bytes::from(content);
        let (seal, bytes) = (content.get(..SEAL)?, content.slice(SEAL..));
        if seal != self.seal(start, &bytes) {
            return None;
        }
        // On a system that wants more than reading for this, the oldest goes first in place of the least used.
        let _ = file.set_modified(SystemTime::now());
        Some(bytes)
    }

    fn write_file(&self, start: u64, end: u64, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        file.write_all(&self.seal(start, bytes))?;
        file.write_all(bytes)?;
        file.persist(self.path(start, end))?;
        Ok(())
    }

    fn seal(&self, start: u64, bytes: &[u8]) -> [u8; SEAL] {
        let mut digest = Sha256::new();
        digest.update(self.object);
        digest.update(start.to_le_bytes());
        digest.update(bytes);
        digest.finalize().into()
    }
}

/// Makes the folder if it is not there. Recordings must not lie where others read or write.
fn is_private(folder: &Path) -> bool {
    if create_private(folder).is_err() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        let Ok(metadata) = fs::metadata(folder) else {
            return false;
        };
        metadata.uid() == rustix::process::geteuid().as_raw()
            && (metadata.mode() & 0o077 == 0
                || fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).is_ok())
    }
    #[cfg(not(unix))]
    true
}

fn known(folder: &Path, name: &str) -> BTreeMap<u64, u64> {
    let mut known = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name();
        let range = file
            .to_str()
            .and_then(|file| file.strip_prefix(name)?.strip_prefix('.')?.split_once('-'));
        if let Some((start, end)) = range
            && let (Ok(start), Ok(end)) = (start.parse::<u64>(), end.parse::<u64>())
            && start < end
        {
            known.insert(start, end);
        }
    }
    known
}

/// Removes what was used longest ago until at most `goal` bytes are left, unless there are at most `most` anyway.
/// Gives the number of bytes that are left.
#[expect(
    clippy::disallowed_methods,
    reason = "a file that another process writes at this moment is not to be removed"
)]
fn clear(folder: &Path, most: u64, goal: u64) -> u64 {
    let now = SystemTime::now();
    let mut files = Vec::new();
    let mut left = 0;
    for below in fs::read_dir(folder).into_iter().flatten().flatten() {
        for entry in fs::read_dir(below.path()).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                let age = now.duration_since(used).unwrap_or_default();
                if age > ABANDONED {
                    let _ = fs::remove_file(entry.path());
                }
                continue;
            }
            left += metadata.len();
            files.push((used, metadata.len(), entry.path()));
        }
    }
    if left > most {
        files.sort_unstable();
        for (_, length, path) in files {
            if left <= goal.min(most) {
                break;
            }
            if fs::remove_file(&path).is_ok() || !path.exists() {
                left -= length;
            }
        }
    }
    left
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &tempfile::TempDir, limit: u64) -> Arc<Cache> {
        Arc::new(Cache::new(folder.path().join("cache"), limit))
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for below in fs::read_dir(folder).into_iter().flatten().flatten() {
            for entry in fs::read_dir(below.path()).into_iter().flatten().flatten() {
                files.push(entry.path());
            }
        }
        files.sort();
        files
    }

    fn bytes(seed: u8, length: usize) -> Bytes {
        Bytes::from(vec![seed; length])
    }

    #[test]
    fn what_was_kept_is_read_back_by_the_next_process_and_by_no_other_state() {
        let folder = tempfile::tempdir().unwrap();
        let object = ["s3://b/../../k\n", "etag-1"];
        let pieces = cache(&folder, 1 << 20).pieces(&object).unwrap();
        pieces.keep(100, &bytes(1, 50));
        pieces.keep(400, &bytes(2, 10));
        let again = cache(&folder, 1 << 20).pieces(&object).unwrap();
        assert_eq!(again.read(149), Some((100, bytes(1, 50))));
        assert_eq!((again.read(150), again.read(99)), (None, None));
        assert_eq!((again.next(100), again.next(400)), (Some(400), None));
        for other in [
            ["s3://b/../../k\n", "etag-2"],
            ["s3://b/../../k\net", "ag-1"],
        ] {
            let other = cache(&folder, 1 << 20).pieces(&other).unwrap();
            assert_eq!(other.read(120), None);
        }
        let beside = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(beside, 1, "nothing but the cache");
    }

    #[test]
    fn a_file_that_is_not_what_it_was_is_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 1 << 20);
        let object = ["k", "etag"];
        for spoil in [
            (|path: &Path| fs::write(path, b"short").unwrap()) as fn(&Path),
            |path| {
                let mut content = fs::read(path).unwrap();
                *content.last_mut().unwrap() ^= 1;
                fs::write(path, content).unwrap();
            },
            |path| fs::remove_file(path).unwrap(),
            |path| {
                // One piece under the name of another.
                let other = path.with_file_name(
                    path.file_name()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .replace(".0-10", ".5-15"),
                );
                fs::rename(path, other).unwrap();
            },
        ] {
            let pieces = cache.pieces(&object).unwrap();
            pieces.keep(0, &bytes(7, 10));
            assert!(pieces.read(5).is_some());
            spoil(&files(&cache.folder)[0]);
            assert_eq!(pieces.read(9), None);
            assert_eq!(cache.pieces(&object).unwrap().read(12), None);
        }
    }

    #[test]
    fn the_limit_holds_and_what_was_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 10_000);
        let pieces = cache.pieces(&["k", "etag"]).unwrap();
        for n in 0..8_u64 {
            pieces.keep(n * 1000, &bytes(n as u8, 1000));
            // Ages that differ for certain, whatever the file system's clock.
            let path = pieces.path(n * 1000, n * 1000 + 1000);
            let age = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 + n);
            File::open(path).unwrap().set_modified(age).unwrap();
        }
        assert!(pieces.read(0).is_some());
        for n in 8..20 {
            pieces.keep(n * 1000, &bytes(n as u8, 1000));
            let used: u64 = files(&cache.folder)
                .iter()
                .map(|path| path.metadata().unwrap().len())
                .sum();
            assert!(used <= 10_000, "{used}");
        }
        let fresh = cache.pieces(&["k", "etag"]).unwrap();
        assert!(!fresh.holds(1000), "the oldest");
        assert!(fresh.holds(19_000), "the newest");
        // Larger than half of the cache: not worth all the others.
        pieces.keep(100_000, &bytes(1, 6000));
        assert!(!pieces.holds(100_000));
    }

    #[test]
    fn a_cache_that_cannot_be_is_none_and_no_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(cache(&folder, 0).pieces(&["k"]).is_none());
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for place in [file.clone(), file.join("below")] {
            let cache = Arc::new(Cache::new(place, 1000));
            assert!(cache.pieces(&["k"]).is_none());
        }
    }

    #[cfg(unix)]
    #[test]
    fn pieces_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("cache");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let pieces = cache(&folder, 1000).pieces(&["k"]).unwrap();
        pieces.keep(0, &bytes(1, 1));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&open), 0o700);
        let file = &files(&open)[0];
        assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn many_processes_may_keep_the_same_piece_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let cache = cache(&folder, 5_000);
                scope.spawn(move || {
                    let pieces = cache.pieces(&["k", "etag"]).unwrap();
                    for n in 0..40_u64 {
                        let start = n % 20 * 100;
                        pieces.keep(start, &bytes(start as u8, 100));
                        if let Some((at, found)) = pieces.read(start) {
                            assert_eq!((at, found), (start, bytes(start as u8, 100)));
                        }
                    }
                });
            }
        });
    }
}

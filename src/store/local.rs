//! A store in a directory: keys are paths below it, folders 0700, files 0600.
//!
//! Nothing is ever overwritten or left half-written under its key: bytes get their name only once they are on the disk.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::error::failed;
use super::traffic::{Counted, Tally, Traffic};
use super::trust::{Checked, check_folder, open_file};
use super::{Dated, Error, Span, check_key, listing};

/// How the name of a file ends that is not all there yet.
pub(crate) const HALF_MADE: &str = ".new";

/// A folder that serves as a store.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
    tally: Tally,
}

impl Directory {
    /// The store below `root`, which is made when something is first stored.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            tally: Tally::default(),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    pub(crate) fn probe(&self) -> Result<(), Error> {
        create_private(&self.root)
            .map_err(|source| failed("make the folder", &self.root, source))?;
        check_folder(&self.root)?;
        tempfile::tempfile_in(&self.root)
            .map(drop)
            .map_err(|source| failed("write to", &self.root, source))
    }

    pub(crate) fn put_file(
        &self,
        key: &str,
        from: &Path,
        checked: Option<&Checked>,
    ) -> Result<(), Error> {
        let (to, folder) = self.place(key)?;
        let unread = |source| failed("read", from, source);
        let open = || checked.map_or_else(|| open_file(from), Checked::file);
        open().and_then(|file| file.sync_all()).map_err(unread)?;
        let stored = match fs::hard_link(from, &to) {
            Ok(()) if checked.is_some_and(|checked| !checked.is_at(&to)) => {
                // Only just made, and nobody's recording.
                let _ = fs::remove_file(&to);
                Err(Error::Altered {
                    place: from.display().to_string(),
                    reason: "another file was put in its place".to_owned(),
                })
            }
            Ok(()) => sync_folder(&folder).map_err(|source| failed("write", &to, source)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(Error::Exists {
                place: to.display().to_string(),
            }),
            // Another file system, or one without links: copy.
            Err(_) => {
                let mut file = open().map_err(unread)?;
                self.publish(&to, &folder, |temporary| {
                    io::copy(&mut file, temporary).map(drop)
                })
            }
        };
        match stored {
            // Stored by a process that was killed before it could say so.
            Err(Error::Exists { .. })
                if open()
                    .and_then(|file| same_bytes(file, &to))
                    .unwrap_or(false) =>
            {
                Ok(())
            }
            stored => stored,
        }
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let (to, folder) = self.place(key)?;
        match self.publish(&to, &folder, |temporary| temporary.write_all(bytes)) {
            // Stored by a process that was killed before it could say so.
            Err(Error::Exists { .. }) if holds(&to, bytes).unwrap_or(false) => Ok(()),
            stored => stored,
        }
    }

    /// Every key that begins with `prefix`, sorted.
    pub(crate) fn list(&self, prefix: &str) -> Result<Vec<String>, Error> {
        Ok(self.list_spans(&[Span::of(prefix)])?.concat())
    }

    /// The keys of each span, sorted.
    pub(super) fn list_spans(&self, spans: &[Span]) -> Result<Vec<Vec<String>>, Error> {
        listing::list_spans(&self.root, spans)
    }

    /// Those of these keys that a listing would have.
    pub(super) fn there(&self, keys: &[String]) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        for key in keys {
            check_key(key)?;
            let path = self.path(key);
            match fs::symlink_metadata(&path) {
                Ok(there) if !there.is_dir() => found.push(key.clone()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(failed("look at", &path, source)),
            }
        }
        Ok(found)
    }

    /// The folders right below a prefix, each with a slash at its end.
    pub(super) fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        if !prefix.is_empty() {
            check_key(prefix)?;
        }
        let folder = self.root.join(prefix);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed("list", &folder, source)),
        };
        let mut folders = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| failed("list", &folder, source))?;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if let Ok(name) = entry.file_name().into_string()
                && is_folder
                && !name.starts_with('.')
            {
                folders.push(format!("{prefix}{name}/"));
            }
        }
        folders.sort_unstable();
        Ok(folders)
    }

    /// The key with the time at which its file was last written.
    pub(super) fn dated(&self, key: String) -> Dated {
        let metadata = fs::symlink_metadata(self.path(&key));
        let came = metadata.and_then(|metadata| metadata.modified()).ok();
        Dated { key, came }
    }

    pub(crate) fn open(&self, key: &str) -> Result<File, Error> {
        check_key(key)?;
        let path = self.path(key);
        open_file(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NotFound {
                place: path.display().to_string(),
            },
            _ => failed("read", &path, source),
        })
    }

    /// The same, counted with all that is read of it.
    pub(super) fn open_counted(&self, key: &str) -> Result<Counted<File>, Error> {
        let source = self.open(key)?;
        self.tally.request();
        Ok(Counted {
            source,
            tally: self.tally.clone(),
        })
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.tally.so_far()
    }

    fn place(&self, key: &str) -> Result<(PathBuf, PathBuf), Error> {
        check_key(key)?;
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root).to_owned();
        create_private(&folder).map_err(|source| failed("make the folder", &folder, source))?;
        // From the root on, whoever may write to one of them could have put something else there.
        for below in folder
            .ancestors()
            .take_while(|part| part.starts_with(&self.root))
        {
            check_folder(below)?;
        }
        Ok((path, folder))
    }

    fn publish(
        &self,
        to: &Path,
        folder: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), Error> {
        let write_failed = |source| failed("write", to, source);
        let mut temporary = tempfile::Builder::new()
            .prefix(".put-")
            .tempfile_in(folder)
            .map_err(write_failed)?;
        write(temporary.as_file_mut())
            .and_then(|()| temporary.as_file().sync_all())
            .map_err(write_failed)?;
        match temporary.persist_noclobber(to) {
            Ok(_) => sync_folder(folder).map_err(write_failed),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(Error::Exists {
                place: to.display().to_string(),
            }),
            Err(error) => Err(write_failed(error.error)),
        }
    }
}

/// Makes a folder and those above it, readable by its owner alone.
///
/// # Errors
/// The system said no, or something that is no folder stands there.
pub fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Puts `bytes` in the place of a file that one process at a time writes: the old ones or the new ones, never half of
/// either, readable by their owner alone. What a process that is killed leaves ([`half_made`]) is in nobody's way.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let made = half_made(path);
    // What a process that was killed has left, or what somebody has put there.
    match fs::remove_file(&made) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&made)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&made, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Where the new bytes of a file are until they are all there.
pub(crate) fn half_made(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(HALF_MADE);
    PathBuf::from(name)
}

fn same_bytes(one: File, other: &Path) -> io::Result<bool> {
    let other = open_file(other)?;
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let mut bytes = BufReader::new(other).bytes();
    for byte in BufReader::new(one).bytes() {
        if bytes.next().transpose()? != Some(byte?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let file = open_file(path)?;
    if file.metadata()?.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let mut held = Vec::with_capacity(bytes.len());
    file.take(bytes.len() as u64).read_to_end(&mut held)?;
    Ok(held == bytes)
}

/// A name is only safe once its folder is on the disk too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Directory) {
        let folder = tempfile::tempdir().unwrap();
        let store = Directory::new(folder.path().join("store"));
        (folder, store)
    }

    #[test]
    fn what_was_put_is_listed_and_read_back() {
        let (_folder, store) = store();
        assert_eq!(store.list("").unwrap(), Vec::<String>::new());
        store.put("manifests/year=2026/b.json", b"two").unwrap();
        store.put("manifests/year=2026/a.json", b"one").unwrap();
        store.put("recordings/a.cast.zst", b"rec").unwrap();
        assert_eq!(
            store.list("manifests/year=2026/").unwrap(),
            ["manifests/year=2026/a.json", "manifests/year=2026/b.json"]
        );
        assert_eq!(
            store.list("manifests/year=2026/b").unwrap(),
            ["manifests/year=2026/b.json"]
        );
        let mut text = String::new();
        store
            .open("manifests/year=2026/b.json")
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "two");
    }

    #[test]
    fn what_a_listing_has_is_there() {
        let (folder, store) = store();
        let keys = ["a/one", "a/two", "b/three", "b"].map(str::to_owned);
        for key in &keys[..3] {
            store.put(key, b"").unwrap();
        }
        fs::remove_file(store.path("a/two")).unwrap();
        let expected = store.list("").unwrap();
        assert_eq!(expected, ["a/one", "b/three"]);
        assert_eq!(store.there(&keys).unwrap(), expected);
        let outside = [format!("../{}", folder.path().display())];
        assert!(store.there(&outside).is_err());
    }

    #[test]
    fn nothing_is_overwritten() {
        let (folder, store) = store();
        store.put("a", b"one").unwrap();
        assert!(matches!(store.put("a", b"two"), Err(Error::Exists { .. })));
        let file = folder.path().join("file");
        fs::write(&file, b"three").unwrap();
        assert!(matches!(
            store.put_file("a", &file, None),
            Err(Error::Exists { .. })
        ));
        store.put_file("b", &file, None).unwrap();
        // The same bytes once more are no second object.
        store.put_file("b", &file, None).unwrap();
        fs::remove_file(&file).unwrap();
        assert_eq!(fs::read(store.path("b")).unwrap(), b"three");
        assert_eq!(fs::read(store.path("a")).unwrap(), b"one");
    }

    #[test]
    fn keys_that_leave_the_store_are_refused() {
        let (_folder, store) = store();
        for key in ["", "/etc/passwd", "../a", "a/../../b", "a\0b"] {
            assert!(
                matches!(store.put(key, b""), Err(Error::Key { .. })),
                "{key:?}"
            );
            assert!(matches!(store.open(key), Err(Error::Key { .. })), "{key:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folders_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, store) = store();
        store.put("a/b", b"one").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&store.path("a")), 0o700);
        assert_eq!(mode(&store.path("a/b")), 0o600);
    }
}

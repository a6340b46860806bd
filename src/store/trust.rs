//! Whose files and folders are trusted: what others may write is not, and where a file must be, a link or a pipe is none.
//!
//! Nothing here makes a folder, and nothing waits for the other end of a pipe.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use super::Error;

const NO_FILE: &str = "it is no regular file";
const A_LINK: &str = "it is a link, and none is followed here";
const A_SECOND_NAME: &str = "it is a second name of another file";
const ANOTHERS: &str = "it belongs to another user";
const OPEN_TO_OTHERS: &str = "others may write to it";
const BELOW_OPEN: &str = "it is below a folder that everybody may write to";

/// Opens a file to be read. What is none, or a link to one, is refused and not waited for.
///
/// # Errors
/// The system said no, or it is no file.
pub(crate) fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    let (file, _) = open(path, options)?;
    Ok(file)
}

/// Opens a file of one's own to be written, made where there is none.
///
/// # Errors
/// The system said no, or it is no file, or somebody else's.
pub(crate) fn open_own(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let (file, found) = open(path, options)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if found.nlink() > 1 {
            return Err(io::Error::other(A_SECOND_NAME));
        }
        if found.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other(ANOTHERS));
        }
    }
    #[cfg(not(unix))]
    let _ = found;
    Ok(file)
}

#[cfg_attr(
    not(unix),
    expect(unused_mut, reason = "Unix alone has more to ask for")
)]
fn open(path: &Path, mut options: OpenOptions) -> io::Result<(File, Metadata)> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    let file = options.open(path).map_err(|error| {
        let is_link = path
            .symlink_metadata()
            .is_ok_and(|found| found.file_type().is_symlink());
        match is_link {
            true => io::Error::other(A_LINK),
            false => error,
        }
    })?;
    let found = file.metadata()?;
    match found.is_file() {
        true => Ok((file, found)),
        false => Err(io::Error::other(NO_FILE)),
    }
}

/// Refuses a folder in which others could put what they like, or which they could put in another's place.
///
/// # Errors
/// It is such a folder, or cannot be looked at.
pub(crate) fn check_folder(folder: &Path) -> Result<(), Error> {
    let why_not = why_not(folder).map_err(|source| Error::Io {
        what: "look at",
        place: folder.display().to_string(),
        source,
    })?;
    match why_not {
        None => Ok(()),
        Some((place, reason)) => Err(Error::Untrusted { place, reason }),
    }
}

#[cfg(unix)]
fn why_not(folder: &Path) -> io::Result<Option<(String, &'static str)>> {
    use std::os::unix::fs::MetadataExt;
    const EVERYBODY: u32 = 0o002;
    const GROUP: u32 = 0o020;
    /// In a folder like /tmp, only its owner may replace a thing.
    const STICKY: u32 = 0o1000;
    let real = folder.canonicalize()?;
    let found = real.metadata()?;
    let own = rustix::process::geteuid().as_raw();
    // Where every user has a group of the same number, that group is the user alone.
    let is_shared = found.mode() & GROUP != 0 && found.gid() != found.uid();
    let tell = |reason| Ok(Some((real.display().to_string(), reason)));
    if found.mode() & EVERYBODY != 0 || is_shared {
        return tell(OPEN_TO_OTHERS);
    }
    if found.uid() != own && found.uid() != 0 {
        return tell(ANOTHERS);
    }
    for above in real.ancestors().skip(1) {
        if above.metadata()?.mode() & (EVERYBODY | STICKY) == EVERYBODY {
            return tell(BELOW_OPEN);
        }
    }
    Ok(None)
}

/// Elsewhere the rights of a folder are not read.
#[cfg(not(unix))]
fn why_not(_: &Path) -> io::Result<Option<(String, &'static str)>> {
    Ok(None)
}

/// A file that was opened to be checked: what is stored is what it held then.
#[derive(Debug)]
pub struct Checked {
    file: File,
    then: Metadata,
}

impl Checked {
    /// Takes note of the file as it is, before it is read to be checked.
    ///
    /// # Errors
    /// The system said no.
    pub fn of(file: File) -> io::Result<Self> {
        Ok(Self {
            then: file.metadata()?,
            file,
        })
    }

    /// The file, at its beginning.
    ///
    /// # Errors
    /// The system said no.
    pub fn file(&self) -> io::Result<File> {
        use std::io::Seek;
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    /// As it was.
    pub(super) fn then(&self) -> &Metadata {
        &self.then
    }

    /// Whether a path names this very file.
    #[must_use]
    pub fn is_at(&self, path: &Path) -> bool {
        path.symlink_metadata()
            .is_ok_and(|found| found.is_file() && is_same(&self.then, &found))
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// A file that is open cannot be replaced here.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[track_caller]
    fn check(mode: u32, expected: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let told = check_folder(&path).map_err(|error| error.to_string());
        match expected {
            None => assert_eq!(told, Ok(()), "{mode:o}"),
            Some(reason) => assert!(told.clone().unwrap_err().contains(reason), "{told:?}"),
        }
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_not_trusted() {
        check(0o700, None);
        check(0o755, None);
        check(0o777, Some(OPEN_TO_OTHERS));
        check(0o702, Some(OPEN_TO_OTHERS));
        check(0o1777, Some(OPEN_TO_OTHERS));
    }

    #[test]
    fn a_folder_of_another_user_or_of_a_group_of_several_is_not_trusted() {
        use rustix::process::{Gid, Uid, geteuid};
        // Only root can give a folder away.
        if !geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let given = |user: u32, group: u32, mode: u32| {
            let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
            rustix::fs::chown(folder.path(), Some(user), Some(group)).unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            check_folder(folder.path()).map_err(|error| error.to_string())
        };
        assert_eq!(given(0, 0, 0o770), Ok(()), "a group of the user alone");
        assert!(given(0, 1234, 0o770).unwrap_err().contains(OPEN_TO_OTHERS));
        assert_eq!(given(0, 1234, 0o750), Ok(()));
        assert!(given(1234, 1234, 0o700).unwrap_err().contains(ANOTHERS));
        given(0, 0, 0o700).unwrap();
    }

    #[test]
    fn nor_is_one_that_others_could_put_another_in_the_place_of() {
        let folder = tempfile::tempdir().unwrap();
        let (open, below) = (folder.path().join("open"), folder.path().join("open/mine"));
        fs::create_dir_all(&below).unwrap();
        let mode = |mode| fs::set_permissions(&open, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o777);
        let told = check_folder(&below).unwrap_err().to_string();
        assert!(told.contains(BELOW_OPEN), "{told}");
        mode(0o1777);
        check_folder(&below).unwrap();
        // Also by another way there.
        mode(0o777);
        let link = folder.path().join("link");
        symlink(&below, &link).unwrap();
        assert!(check_folder(&link).is_err());
    }

    #[test]
    fn links_pipes_devices_and_second_names_are_no_files_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("loose")).unwrap();
        fs::hard_link(at("file"), at("second")).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        let mode = rustix::fs::Mode::RWXU;
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), pipe, mode, 0).unwrap();
        open_file(&at("second")).unwrap();
        for name in ["link", "loose", "pipe", "folder", "none"] {
            assert!(open_file(&at(name)).is_err(), "{name}");
        }
        assert!(open_file(Path::new("/dev/zero")).is_err());
        for name in ["link", "loose", "pipe", "folder", "second"] {
            assert!(open_own(&at(name)).is_err(), "{name}");
        }
        assert!(!at("nothing").exists(), "nothing was made through a link");
        open_own(&at("new")).unwrap();
    }

    #[test]
    fn a_file_in_the_place_of_one_that_was_checked_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "x").unwrap();
        let checked = Checked::of(open_file(&at("a")).unwrap()).unwrap();
        assert!(checked.is_at(&at("a")));
        fs::hard_link(at("a"), at("b")).unwrap();
        assert!(checked.is_at(&at("b")));
        fs::remove_file(at("a")).unwrap();
        fs::write(at("a"), "x").unwrap();
        symlink(at("b"), at("c")).unwrap();
        assert!(!checked.is_at(&at("a")) && !checked.is_at(&at("c")));
    }
}

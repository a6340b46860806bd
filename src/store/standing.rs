//! What a folder is like for whoever wants to write there: whether it is there, who else may write, how much room it has.
//!
//! Nothing is made or written here.

use std::io;
use std::path::{Path, PathBuf};

use super::Error;
use super::trust::check_folder;

/// A folder as it is found.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Where it is, or else the nearest folder above it that is there.
    pub(crate) nearest: PathBuf,
    /// It is there itself.
    pub(crate) is_there: bool,
    /// Others could put what they like there; or it cannot be looked at.
    pub(crate) distrust: Option<Error>,
    /// What the system says of writing there.
    pub(crate) writable: io::Result<()>,
    /// Its permissions, where there are such.
    pub(crate) mode: Option<u32>,
    /// Bytes that may still be written.
    pub(crate) free: Option<u64>,
}

/// Looks at a folder, or at the place where it would be made.
pub(crate) fn look(folder: &Path) -> Folder {
    let is_there = folder.symlink_metadata().is_ok();
    let above = || folder.ancestors().find(|above| above.is_dir());
    let nearest = match is_there {
        true => folder,
        false => above().unwrap_or(folder),
    };
    let distrust = is_there.then(|| check_folder(folder).err()).flatten();
    Folder {
        nearest: nearest.to_owned(),
        is_there,
        distrust,
        writable: writable(nearest),
        mode: mode(nearest),
        free: free(nearest),
    }
}

fn writable(folder: &Path) -> io::Result<()> {
    if !folder.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    may_write(folder)
}

#[cfg(unix)]
fn may_write(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn may_write(folder: &Path) -> io::Result<()> {
    match folder.metadata()?.permissions().readonly() {
        true => Err(io::ErrorKind::PermissionDenied.into()),
        false => Ok(()),
    }
}

#[cfg(unix)]
fn mode(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(folder.metadata().ok()?.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    // What has no blocks is no disk.
    let free = found.f_bavail.checked_mul(found.f_frsize)?;
    (found.f_blocks > 0).then_some(free)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_looked_at_where_it_would_be_and_not_made() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        let found = look(&folder);
        assert!(!found.is_there && found.nearest == above.path());
        assert!(found.writable.is_ok() && found.distrust.is_none());
        assert!(!folder.exists());
    }

    #[test]
    fn who_else_may_write_is_told_and_a_file_is_no_folder() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let found = look(&folder);
        assert!(found.is_there && found.distrust.is_some() && found.mode == Some(0o777));
        let file = above.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(look(&file).writable.is_err());
    }
}

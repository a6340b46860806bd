//! What was recorded, held on to while the session runs: a file that was put in its place, or changed, is found at the end.
//!
//! Nothing here is stored, and nothing is removed: what was recorded gets its name back, what lay there is set aside.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use formats::recording::{self, Proof, Signed};

use super::Claim;
use super::close::{aside, sync_folder};
use crate::store::{Checked, create_private, open_file};

/// The file that a recorder writes, whatever becomes of its name.
#[derive(Debug)]
pub(crate) struct Written {
    file: File,
}

/// A file is not what was recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Changed {
    /// Its name was taken away, or given to another file. What was recorded is there again.
    #[error(
        "its file in the spool was {} while the session ran; what was recorded is in its place again",
        replaced(.stranger.as_deref())
    )]
    Replaced {
        /// Where the other file is now.
        stranger: Option<PathBuf>,
    },
    /// As before, and the spool does not take it back.
    #[error(
        "its file in the spool was replaced or removed while the session ran; what was recorded is in {:?}, since the spool does not take it back",
        to.display().to_string()
    )]
    Rescued {
        /// Where it is.
        to: PathBuf,
        #[source]
        why: io::Error,
    },
    /// Its bytes are others.
    #[error("its file in the spool is not what was recorded: {0}")]
    Altered(String),
    /// It cannot be looked at.
    #[error("its file in the spool cannot be compared with what was recorded")]
    Unread(#[from] io::Error),
}

fn replaced(stranger: Option<&Path>) -> String {
    match stranger {
        Some(path) => format!(
            "replaced by another, which is now {:?},",
            path.display().to_string()
        ),
        None => "removed".to_owned(),
    }
}

impl Written {
    /// Takes hold of a file that was just begun.
    ///
    /// # Errors
    /// The system said no.
    pub(crate) fn hold(claim: &Claim) -> io::Result<Self> {
        let file = open_file(&claim.path())?;
        Ok(Self { file })
    }

    /// Checks that the file under its name is the one that was written, to the last byte, and ends with `signed`.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn check(self, claim: &Claim, signed: &Signed) -> Result<Checked, Changed> {
        let path = claim.path();
        let checked = Checked::of(self.file)?;
        let wrong = wrong(checked.file()?, signed)?;
        if !checked.is_at(&path) {
            let back = put_back(&checked, &path)?;
            return Err(match wrong {
                // Whoever took its name away has changed it as well; it is kept all the same.
                Some(why) => Changed::Altered(why),
                None => back,
            });
        }
        match wrong {
            Some(why) => Err(Changed::Altered(why)),
            None => Ok(checked),
        }
    }
}

/// Checks a closed file, whoever wrote it: each byte is what its own chain says.
///
/// # Errors
/// It is not.
pub(crate) fn check(file: File, signed: &Signed) -> Result<Checked, Changed> {
    let checked = Checked::of(file)?;
    match wrong(checked.file()?, signed)? {
        Some(why) => Err(Changed::Altered(why)),
        None => Ok(checked),
    }
}

fn wrong(file: File, signed: &Signed) -> io::Result<Option<String>> {
    let report = match recording::verify(BufReader::new(file)) {
        Ok(report) => report,
        Err(recording::Error::Io(error)) => return Err(error),
        Err(error) => return Ok(Some(error.to_string())),
    };
    Ok(match report.proof {
        Proof::Sound if report.signed.as_ref() == Some(signed) => None,
        Proof::Sound => Some("it is another recording".to_owned()),
        Proof::Altered(fault) => Some(fault.kind.to_string()),
        Proof::Cut { .. } | Proof::NoManifest => Some("its end is missing".to_owned()),
        Proof::NoChain => Some("it is no recording".to_owned()),
    })
}

fn put_back(written: &Checked, path: &Path) -> io::Result<Changed> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let restored = (|| {
        create_private(folder)?;
        let stranger = match path.symlink_metadata() {
            Ok(_) => {
                let to = aside(path, folder).map_err(io::Error::other)?;
                fs::rename(path, &to)?;
                Some(to)
            }
            Err(_) => None,
        };
        let mut temporary = tempfile::Builder::new()
            .prefix(".written-")
            .tempfile_in(folder)?;
        io::copy(&mut written.file()?, temporary.as_file_mut())?;
        temporary.as_file().sync_all()?;
        temporary
            .persist_noclobber(path)
            .map_err(|error| error.error)?;
        sync_folder(folder)?;
        Ok(stranger)
    })();
    let why = match restored {
        Ok(stranger) => return Ok(Changed::Replaced { stranger }),
        Err(why) => why,
    };
    // Nothing is lost as long as any place takes it.
    let mut elsewhere = tempfile::Builder::new().prefix("ssm-rec-").tempdir()?;
    elsewhere.disable_cleanup(true);
    let to = elsewhere.path().join(path.file_name().unwrap_or_default());
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut copy = options.open(&to)?;
    io::copy(&mut written.file()?, &mut copy)?;
    copy.sync_all()?;
    Ok(Changed::Rescued { to, why })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use formats::asciicast::{Data, Header};
    use formats::manifest::Manifest;
    use formats::recording::{Options, Writer};

    use super::*;
    use crate::spool::Spool;

    /// A closed recording, its file held since it was begun, and how it ends.
    fn written(spool: &Spool, text: &str) -> (Claim, Written, Signed) {
        let (file, claim) = spool.begin("s-1.cast.zst").unwrap();
        let written = Written::hold(&claim).unwrap();
        let header = Header::default();
        let mut writer = Writer::new(file, &header, Options::default()).unwrap();
        let data = Data::Output(text.to_owned());
        writer.event(Duration::from_secs(1), &data).unwrap();
        let unsigned = writer.end(Manifest::default()).unwrap();
        let signed = Signed {
            manifest: unsigned.to_sign().to_vec(),
            signature: "signed".to_owned(),
        };
        unsigned.finish(Some("signed".to_owned())).unwrap();
        (claim, written, signed)
    }

    #[track_caller]
    fn check(change: impl FnOnce(&Path), expected: &str, is_kept: bool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().join("spool"));
        let (claim, written, signed) = written(&spool, "what was recorded");
        let before = fs::read(claim.path()).unwrap();
        change(&claim.path());
        let told = match written.check(&claim, &signed) {
            Ok(_) => "as it was".to_owned(),
            Err(changed) => changed.to_string(),
        };
        assert!(told.contains(expected), "{told}");
        let is_there = fs::read(claim.path()).is_ok_and(|bytes| bytes == before);
        assert_eq!(is_there, is_kept);
    }

    #[test]
    fn what_was_recorded_is_in_its_place_whatever_was_done_to_its_name() {
        check(|_| {}, "as it was", true);
        check(|path| fs::remove_file(path).unwrap(), "removed", true);
        let in_its_place = |bytes: &'static [u8]| {
            move |path: &Path| {
                fs::remove_file(path).unwrap();
                fs::write(path, bytes).unwrap();
            }
        };
        check(in_its_place(b"another"), "replaced by another", true);
        check(in_its_place(b""), "replaced by another", true);
        // The same bytes in another file: whoever put it there can still write to it.
        let same = |path: &Path| {
            let bytes = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        };
        check(same, "replaced by another", true);
        let folder_gone = |path: &Path| fs::remove_dir_all(path.parent().unwrap()).unwrap();
        check(folder_gone, "removed", true);
        #[cfg(unix)]
        check(
            |path| {
                fs::rename(path, path.with_extension("real")).unwrap();
                std::os::unix::fs::symlink(path.with_extension("real"), path).unwrap();
            },
            "replaced by another",
            true,
        );
    }

    #[test]
    fn a_file_that_was_changed_in_its_place_is_found() {
        let not = "is not what was recorded";
        let change = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = fs::read(path).unwrap();
            change(&mut bytes);
            fs::write(path, bytes).unwrap();
        };
        check(|path| change(path, &|bytes| bytes[60] ^= 1), not, false);
        check(|path| change(path, &|bytes| bytes.truncate(20)), not, false);
        check(|path| change(path, &|bytes| bytes.push(0)), not, false);
        check(|path| change(path, &|bytes| bytes.clear()), not, false);
        // Another recording, sound by itself.
        let forged = |path: &Path| {
            let folder = tempfile::tempdir().unwrap();
            let spool = Spool::new(folder.path().join("spool"));
            let (claim, ..) = written(&spool, "something harmless");
            let mut file = File::options()
                .write(true)
                .truncate(true)
                .open(path)
                .unwrap();
            file.write_all(&fs::read(claim.path()).unwrap()).unwrap();
        };
        check(forged, "it is another recording", false);
    }

    #[test]
    fn where_the_spool_takes_nothing_back_it_is_kept_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().join("spool"));
        let (claim, written, signed) = written(&spool, "what was recorded");
        let before = fs::read(claim.path()).unwrap();
        fs::remove_dir_all(spool.folder()).unwrap();
        fs::write(spool.folder(), "no folder").unwrap();
        let Err(Changed::Rescued { to, .. }) = written.check(&claim, &signed) else {
            panic!("it was taken back");
        };
        let mut bytes = Vec::new();
        File::open(&to).unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, before);
        fs::remove_dir_all(to.parent().unwrap()).unwrap();
    }
}

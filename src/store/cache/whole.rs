//! Small files of our own beside the pieces, kept and read as a whole.
//!
//! Nothing here is ever needed: what is gone, damaged or somebody else's counts as not kept.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::time::SystemTime;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{Cache, LONGEST, Place, SEAL, UNFINISHED};

impl Cache {
    /// What was kept last under a name.
    #[expect(
        clippy::disallowed_methods,
        reason = "when a file was last used decides how long it is kept"
    )]
    #[must_use]
    pub fn whole(&self, name: &[&str]) -> Option<Bytes> {
        let place = self.place(name)?;
        let file = File::open(place.whole()).ok()?;
        let length = file.metadata().ok()?.len();
        if length > LONGEST {
            return None;
        }
        let mut content = Vec::with_capacity(usize::try_from(length).ok()?);
        (&file).take(LONGEST).read_to_end(&mut content).ok()?;
        let content = Bytes::from(content);
        let bytes = content.slice(SEAL.min(content.len())..);
        if content.get(..SEAL)? != place.seal(&bytes) {
            let _ = fs::remove_file(place.whole());
            return None;
        }
        let _ = file.set_modified(SystemTime::now());
        Some(bytes)
    }

    /// Keeps `bytes` under a name, in place of what was kept there, if that can be done. Whoever reads at this moment reads the
    /// one or the other.
    pub fn keep_whole(&self, name: &[&str], bytes: &[u8]) {
        let length = (SEAL + bytes.len()) as u64;
        if length > LONGEST {
            return;
        }
        let Some(place) = self.place(name) else {
            return;
        };
        if self.make_room(length) {
            // What cannot be kept is read again.
            let _ = place.write(bytes);
        }
    }
}

impl Place {
    fn whole(&self) -> std::path::PathBuf {
        self.folder.join(format!("{}.whole", self.name))
    }

    fn seal(&self, bytes: &[u8]) -> [u8; SEAL] {
        let mut digest = Sha256::new();
        digest.update(self.object);
        digest.update(b"whole");
        digest.update(bytes);
        digest.finalize().into()
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.folder)?;
        file.write_all(&self.seal(bytes))?;
        file.write_all(bytes)?;
        file.persist(self.whole())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_last_is_read_back_and_what_was_altered_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = || Cache::new(folder.path().join("cache"), 1 << 20);
        assert_eq!(cache().whole(&["a"]), None);
        cache().keep_whole(&["a"], b"first");
        cache().keep_whole(&["a"], b"second");
        cache().keep_whole(&["b"], b"");
        assert_eq!(cache().whole(&["a"]).unwrap(), "second");
        assert_eq!(cache().whole(&["b"]).unwrap(), "");
        let (of_a, of_b) = (
            cache().place(&["a"]).unwrap(),
            cache().place(&["b"]).unwrap(),
        );
        // That of another name is as little ours as one that was altered or cut.
        fs::copy(of_a.whole(), of_b.whole()).unwrap();
        assert_eq!(cache().whole(&["b"]), None);
        for bytes in [&b"short"[..], b"", &[7; 100]] {
            fs::write(of_a.whole(), bytes).unwrap();
            assert_eq!(cache().whole(&["a"]), None);
        }
        Cache::new(folder.path().join("none"), 0).keep_whole(&["a"], b"x");
        assert!(!folder.path().join("none").exists());
        cache().keep_whole(&["a"], &vec![0; 1 << 20]);
        assert_eq!(cache().whole(&["a"]), None, "more than half of the limit");
    }
}

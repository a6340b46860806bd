//! The journal of one upload: a small file beside the recording, from which another process goes on.
//!
//! Nothing here talks to S3. A journal that is missing, damaged or about other bytes counts as empty: then the upload
//! starts over, which costs time and never a recording.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::super::local::replace_private;
use super::super::trust::open_file;

/// 10 000 parts need about 2 MB.
const MAX_LENGTH: u64 = 8 << 20;

/// What is known about an upload. Every `note_…` is on the disk when it returns.
#[derive(Debug)]
pub(super) struct Journal {
    path: Option<PathBuf>,
    entry: Entry,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The object's address: a journal for another bucket or key says nothing about this one.
    place: String,
    file: Fingerprint,
    /// Digest of the whole file, once a request that could have stored it all at once may have been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload: Option<Upload>,
    /// Multipart uploads whose completion may have been asked for, without an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    completions: Vec<String>,
    /// The store has confirmed all of it.
    #[serde(default)]
    stored: bool,
}

/// The file as it was: another length or time is another file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    pub(super) bytes: u64,
    modified_ns: u64,
}

impl Fingerprint {
    /// Bytes that lie in memory.
    pub(super) fn of_bytes(bytes: u64) -> Self {
        Self {
            bytes,
            modified_ns: 0,
        }
    }

    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            bytes: metadata.len(),
            modified_ns: modified
                .and_then(|time| u64::try_from(time.as_nanos()).ok())
                .unwrap_or(0),
        }
    }
}

/// A multipart upload under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) part_size: u64,
    pub(super) parts: BTreeMap<i32, Part>,
}

/// A part that S3 has confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) etag: String,
    /// SHA-256 in base64, as S3 writes it.
    pub(super) digest: String,
}

impl Journal {
    /// The journal at `path` as far as it is about these bytes and that place. Without a path it lives in memory.
    pub(super) fn open(path: Option<PathBuf>, place: &str, file: Fingerprint) -> Self {
        let fresh = Entry {
            place: place.to_owned(),
            file,
            ..Entry::default()
        };
        let entry = path
            .as_deref()
            .and_then(|path| read(path).ok())
            .filter(|entry| entry.place == place && entry.file == file)
            .unwrap_or(fresh);
        Self { path, entry }
    }

    pub(super) fn is_stored(&self) -> bool {
        self.entry.stored
    }

    /// An earlier process may have sent exactly these bytes.
    pub(super) fn was_attempted(&self, digest: &str) -> bool {
        self.entry.attempted.as_deref() == Some(digest)
    }

    pub(super) fn upload(&self) -> Option<&Upload> {
        self.entry.upload.as_ref()
    }

    pub(super) fn completions(&self) -> &[String] {
        &self.entry.completions
    }

    pub(super) fn note_attempt(&mut self, digest: &str) {
        self.entry.attempted = Some(digest.to_owned());
        self.save();
    }

    /// Nothing was sent after all: every try was answered with a plain no.
    pub(super) fn forget_attempt(&mut self) {
        self.entry.attempted = None;
        self.save();
    }

    pub(super) fn note_upload(&mut self, upload: Option<Upload>) {
        self.entry.upload = upload;
        self.save();
    }

    pub(super) fn note_part(&mut self, number: i32, part: Part) {
        if let Some(upload) = &mut self.entry.upload {
            upload.parts.insert(number, part);
            self.save();
        }
    }

    pub(super) fn note_completion(&mut self, id: &str) {
        if !self.entry.completions.iter().any(|known| known == id) {
            self.entry.completions.push(id.to_owned());
            self.save();
        }
    }

    /// The completion was refused for good: it was not carried out.
    pub(super) fn forget_completion(&mut self, id: &str) {
        self.entry.completions.retain(|known| known != id);
        self.save();
    }

    pub(super) fn note_stored(&mut self) {
        self.entry.stored = true;
        self.entry.upload = None;
        self.save();
    }

    /// A journal that cannot be written makes a broken-off upload start over; it must not stop this one,
    /// least of all on the full disk that the upload is about to relieve.
    fn save(&self) {
        if let Some(path) = &self.path
            && let Err(error) = write(path, &self.entry)
        {
            tracing::warn!(path = %path.display(), %error, "cannot write the upload's journal");
        }
    }
}

fn read(path: &Path) -> io::Result<Entry> {
    let mut text = Vec::new();
    open_file(path)?.take(MAX_LENGTH).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// The old journal or the new one, never half of one; the claim on the file keeps other writers away.
fn write(path: &Path, entry: &Entry) -> io::Result<()> {
    replace_private(path, &serde_json::to_vec(entry)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const FILE: Fingerprint = Fingerprint {
        bytes: 5,
        modified_ns: 7,
    };

    #[test]
    fn another_process_reads_what_was_noted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".a.upload");
        let open = || Journal::open(Some(path.clone()), "s3://b/k", FILE);
        let mut journal = open();
        journal.note_upload(Some(Upload {
            id: "u1".to_owned(),
            part_size: 5,
            parts: BTreeMap::new(),
        }));
        let part = Part {
            etag: "\"e\"".to_owned(),
            digest: "d".to_owned(),
        };
        journal.note_part(1, part.clone());
        journal.note_completion("u1");
        journal.note_attempt("whole");
        let next = open();
        assert_eq!(next.upload().unwrap().parts[&1], part);
        assert_eq!(next.completions(), ["u1"]);
        assert!(next.was_attempted("whole") && !next.was_attempted("other"));
        assert!(!next.is_stored());
        journal.note_stored();
        assert!(open().is_stored());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn a_journal_about_something_else_counts_as_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".a.upload");
        Journal::open(Some(path.clone()), "s3://b/k", FILE).note_stored();
        let stored = |place, file| Journal::open(Some(path.clone()), place, file).is_stored();
        assert!(stored("s3://b/k", FILE));
        assert!(!stored("s3://b/other", FILE));
        assert!(!stored("s3://b/k", Fingerprint { bytes: 6, ..FILE }));
        fs::write(&path, "{\"place\":").unwrap();
        assert!(!stored("s3://b/k", FILE));
    }
}

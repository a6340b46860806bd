//! The reviewer's own notes on a recording: beside its file, or among this person's own files where it lies in a store.
//!
//! Never in the recording: that is evidence, and these are not.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use formats::asciicast::Header;
use formats::layout::safe_name;
use formats::review;
use serde::{Deserialize, Serialize};

use crate::player::{Beside, Note};
use crate::settings::Settings;

/// More bytes of a file of notes are not read.
const LIMIT: u64 = 1024 * 1024;

/// A note as it is kept, one JSON object a line.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    /// Seconds since the start of the recording.
    at: f64,
    note: String,
}

/// Adds what was noted before, and keeps what is noted now.
pub(super) fn add(beside: &mut Beside, header: &Header, label: &str, settings: &Settings) {
    let Some(path) = place(header, label, settings) else {
        return;
    };
    beside.notes = read(&path);
    beside.keep = Some(Box::new(move |note| {
        keep(&path, note).map_err(|error| format!("the note is not kept: {error}"))
    }));
}

fn place(header: &Header, label: &str, settings: &Settings) -> Option<PathBuf> {
    let file = Path::new(label);
    if file.is_file() {
        let mut name = file.file_name()?.to_owned();
        name.push(".notes.jsonl");
        return Some(file.with_file_name(name));
    }
    let session = header.ssm.as_ref()?;
    of_session(&session.session_id, settings)
}

/// What was noted on a session of the store, as a verdict has it.
pub(super) fn on_session(session_id: &str, settings: &Settings) -> Vec<review::Note> {
    let path = of_session(session_id, settings);
    let notes = path.map(|path| read(&path)).unwrap_or_default().into_iter();
    let notes = notes.map(|note| review::Note {
        at_ms: u64::try_from(note.at.as_millis()).ok(),
        text: note.text,
    });
    notes.collect()
}

fn of_session(session_id: &str, settings: &Settings) -> Option<PathBuf> {
    let name = format!("{}.notes.jsonl", safe_name(session_id));
    Some(settings.notes()?.join(name))
}

fn read(path: &Path) -> Vec<Note> {
    let mut text = Vec::new();
    // What is no file may give nothing for ever, and what is no notes may be long.
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        let _ = file.take(LIMIT).read_to_end(&mut text);
    }
    // A line that does not read is somebody's own; the others are notes all the same.
    let lines = text.split(|byte| *byte == b'\n');
    let kept = lines.filter_map(|line| serde_json::from_slice::<Kept>(line).ok());
    let notes = kept.filter_map(|kept| {
        Some(Note {
            at: Duration::try_from_secs_f64(kept.at).ok()?,
            text: kept.note,
        })
    });
    let mut notes: Vec<Note> = notes.collect();
    notes.sort_by_key(|note| note.at);
    notes
}

fn keep(path: &Path, note: &Note) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let kept = Kept {
        at: note.at.as_secs_f64(),
        note: note.text.clone(),
    };
    let mut line = serde_json::to_string(&kept)?;
    line.push('\n');
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.notes.jsonl");
        for (at, text) in [(9, "later"), (3, "é\u{1b}")] {
            let note = Note {
                at: Duration::from_secs(at),
                text: text.to_owned(),
            };
            keep(&path, &note).unwrap();
        }
        fs::write(&path, fs::read_to_string(&path).unwrap() + "no note\n").unwrap();
        let notes = read(&path);
        assert_eq!(notes.len(), 2);
        assert_eq!(
            (notes[0].at.as_secs(), notes[0].text.as_str()),
            (3, "é\u{1b}")
        );
        assert_eq!(read(&folder.path().join("none")), []);
    }
}

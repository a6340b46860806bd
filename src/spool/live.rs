//! Segments of a session that still runs, stored every few seconds: a lost machine loses seconds, and `tail` follows.
//!
//! Nothing here holds back the session or the recorder: the bytes come out of the spool file, and a store that is slow or
//! away only makes the next segment longer, up to a limit of memory. All segments in a row are the recording's own bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use formats::layout;
use tokio::sync::oneshot;

use crate::recorder::Flushed;
use crate::store::{Error, Pace, Put, Store};

/// The longest segment; what this holds in memory.
const LONGEST: u64 = 4 << 20;
/// A segment that cannot be stored now is tried again at the next beat.
const PACE: Pace = Pace {
    patience: Duration::from_secs(5),
    silence: Duration::from_secs(5),
    parallel_parts: 1,
};

/// The thread that stores segments.
#[derive(Debug)]
pub(crate) struct Live {
    end: Sender<()>,
    ended: oneshot::Receiver<Option<Error>>,
}

impl Live {
    /// Begins, and stores what is new in `file` every `interval`.
    pub(crate) fn begin(
        store: &Store,
        file: File,
        flushed: Flushed,
        segments: Segments,
        interval: Duration,
    ) -> io::Result<Self> {
        let store = store.for_passing_things().at_pace(PACE);
        let (end, beat) = channel::<()>();
        let (tell, ended) = oneshot::channel();
        let mut line = Line {
            store,
            file,
            segments,
            sent: 0,
            trying: None,
        };
        thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || {
                let refused = loop {
                    let is_over = beat.recv_timeout(interval) != Err(RecvTimeoutError::Timeout);
                    match line.catch_up(flushed.bytes()) {
                        Err(error) if !error.is_passing() => break Some(error),
                        Err(error) => tracing::debug!(%error, "a live segment has to wait"),
                        Ok(()) => {}
                    }
                    if is_over {
                        break None;
                    }
                };
                // Nobody waits any more when the process is about to end.
                let _ = tell.send(refused);
            })?;
        Ok(Self { end, ended })
    }

    /// The recording is closed, and its last bytes are stored too.
    pub(crate) fn end(&self) {
        // A thread that gave up is gone.
        let _ = self.end.send(());
    }

    /// Waits for that. Gives why there are no segments, when the store refused them.
    pub(crate) async fn wait(self, patience: Duration) -> Option<Error> {
        tokio::time::timeout(patience, self.ended)
            .await
            .ok()?
            .ok()?
    }
}

/// How segments are named and marked.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    pub(crate) session_id: String,
    pub(crate) tags: Vec<(String, String)>,
    /// Of the next one, from 1.
    pub(crate) number: u64,
}

struct Line {
    store: Store,
    file: File,
    segments: Segments,
    /// Bytes that are stored.
    sent: u64,
    /// Where the segment ends that was tried without an answer: it may be there, so it is tried again as it was.
    trying: Option<u64>,
}

impl Line {
    /// Stores everything up to `flushed`.
    fn catch_up(&mut self, flushed: u64) -> Result<(), Error> {
        while self.sent < flushed {
            let again = self.trying.is_some();
            let end = self
                .trying
                .unwrap_or_else(|| flushed.min(self.sent + LONGEST));
            let bytes = self.read(end)?;
            self.trying = Some(end);
            let key = layout::live_part(&self.segments.session_id, self.segments.number);
            let put = Put {
                tags: self.segments.tags.clone(),
                ..Put::default()
            };
            match self.store.put_with(&key, &bytes, put) {
                Ok(()) => {}
                // The name belongs to this session alone: the earlier try has arrived.
                Err(Error::Exists { .. }) if again => {}
                Err(error) => return Err(error),
            }
            self.trying = None;
            self.sent = end;
            self.segments.number += 1;
        }
        Ok(())
    }

    fn read(&mut self, end: u64) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(end - self.sent).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length];
        self.file
            .seek(SeekFrom::Start(self.sent))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|source| Error::Io {
                what: "read",
                place: "the recording in the spool".to_owned(),
                source,
            })?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn line(folder: &std::path::Path) -> (Line, File) {
        let path = folder.join("a.cast.zst");
        let writer = File::create(&path).unwrap();
        let line = Line {
            store: Store::at(folder.join("store").to_str().unwrap()).unwrap(),
            file: File::open(&path).unwrap(),
            segments: Segments {
                session_id: "s-1".to_owned(),
                tags: Vec::new(),
                number: 1,
            },
            sent: 0,
            trying: None,
        };
        (line, writer)
    }

    #[test]
    fn segments_in_a_row_are_the_bytes_of_the_file_and_none_is_longer_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let (mut line, mut writer) = line(folder.path());
        let bytes: Vec<u8> = (0..LONGEST + 70_000).map(|n| (n % 251) as u8).collect();
        let mut length = 0;
        for step in [10, 10, 5000, bytes.len() - 5020] {
            writer.write_all(&bytes[length..length + step]).unwrap();
            length += step;
            line.catch_up(length as u64).unwrap();
            line.catch_up(length as u64).unwrap();
        }
        let keys = line.store.list("live/s-1/").unwrap();
        assert_eq!(keys.len(), 5, "{keys:?}");
        let parts: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| line.store.read(key, LONGEST).unwrap())
            .collect();
        assert!(parts.concat() == bytes);
    }

    #[test]
    fn a_segment_whose_answer_was_lost_counts_as_it_was_sent() {
        let folder = tempfile::tempdir().unwrap();
        let (mut line, mut writer) = line(folder.path());
        writer.write_all(b"one, two").unwrap();
        line.store.put("live/s-1/000001.cast.zst", b"one,").unwrap();
        line.trying = Some(4);
        line.catch_up(8).unwrap();
        let second = line.store.read("live/s-1/000002.cast.zst", 100).unwrap();
        assert_eq!(second, b" two");
        // But a name that somebody else took is no segment of ours.
        line.store.put("live/s-1/000003.cast.zst", b"x").unwrap();
        writer.write_all(b", three").unwrap();
        assert!(matches!(line.catch_up(15), Err(Error::Exists { .. })));
    }
}

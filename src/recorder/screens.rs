//! Pictures of the terminal for the recording, so that whoever seeks in it need not read all that came before.
//!
//! Nothing here is waited for. A thread of its own follows the file that is being written and shows its output to an
//! emulator; it takes a fraction of one processor, may fall behind as far as it likes, holds no output back in memory,
//! and what it has not got to by the end is left without a picture. It never sees a key.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use formats::asciicast::{self, Code, LineFeeds};
use formats::lines::{self, LineSource};
use formats::recording;
use formats::sealed::{Key, NoKey, Unlock};

use super::disk::Flushed;
use crate::screen::{self, Emulator, Size};

/// Text between two pictures. An emulator takes some tens of MB a second, so that a seek stays well under 50 ms; a picture is
/// a few KiB. Time does not matter: a quiet hour is little text.
pub(super) const TEXT_BETWEEN: u64 = 256 * 1024;
/// How much of the file is read at once.
const PIECE: usize = 64 * 1024;
/// After each piece the thread rests for as many times as long as it worked: a quarter of one processor is enough for any
/// person, and bulk output has the rest for itself.
const REST: u32 = if cfg!(test) { 0 } else { 3 };
/// Output that waits to be emulated, in bytes.
const MOST_UNSEEN: usize = 256 * 1024;
/// How long the disk may take to write what it was given before it is looked for again.
const BEAT: Duration = Duration::from_millis(50);

/// What the terminal showed before a data frame.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) frame: u64,
    pub(super) size: Size,
    pub(super) text: String,
}

/// The pictures of one recording.
#[derive(Debug)]
pub(super) struct Screens {
    path: PathBuf,
    flushed: Flushed,
    key: Option<Key>,
    /// The frame that was open when it was last asked.
    frame: u64,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    has_failed: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    has_pictures: AtomicBool,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Where data frames begin: number, and text before. Only those that are wanted.
    borders: VecDeque<(u64, u64)>,
    /// Text before the last of them.
    last: u64,
    /// The file's length up to the last flush.
    expected: u64,
    pictures: Vec<Picture>,
    #[cfg(test)]
    made: usize,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screens {
    pub(super) fn new(path: &Path, flushed: Flushed, key: Option<Key>) -> Self {
        Self {
            path: path.to_owned(),
            flushed,
            key,
            frame: 0,
            shared: Arc::default(),
            thread: None,
            has_failed: false,
        }
    }

    /// Takes note of where the open data frame begins; for every event.
    pub(super) fn border(&mut self, (frame, text): (u64, u64)) {
        if frame == self.frame {
            return;
        }
        self.frame = frame;
        let mut state = self.shared.state();
        if text >= state.last + TEXT_BETWEEN {
            state.last = text;
            state.borders.push_back((frame, text));
        }
    }

    /// Takes note of a flush, up to this length of the file. A session that shows little never has a thread for it.
    pub(super) fn flushed(&mut self, length: u64) {
        let wanted = {
            let mut state = self.shared.state();
            state.expected = length;
            !state.borders.is_empty()
        };
        if wanted && self.thread.is_none() && !self.has_failed {
            let thread = std::thread::Builder::new().name("screens".to_owned());
            let (path, flushed, key) = (self.path.clone(), self.flushed.clone(), self.key.clone());
            let shared = Arc::clone(&self.shared);
            self.thread = thread
                .spawn(move || {
                    // Without pictures a recording is as good, and only slower to seek in.
                    let _ = follow(&path, flushed, key, &shared);
                })
                .ok();
            self.has_failed = self.thread.is_none();
        }
        self.shared.wake.notify_one();
    }

    /// The pictures that were made since.
    pub(super) fn take(&self) -> Vec<Picture> {
        match self.shared.has_pictures.swap(false, Ordering::Acquire) {
            true => std::mem::take(&mut self.shared.state().pictures),
            false => Vec::new(),
        }
    }
}

#[cfg(test)]
impl Screens {
    /// How many pictures there were so far.
    pub(super) fn made(&self) -> usize {
        self.shared.state().made
    }
}

impl Drop for Screens {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        {
            // So that the thread either sees it or is already waiting for the notice.
            let _state = self.shared.state();
            self.shared.wake.notify_one();
        }
        if let Some(thread) = self.thread.take() {
            // It looks at each event whether it is over.
            let _ = thread.join();
        }
    }
}

/// The file as it grows: waits at its end, and rests after each piece.
struct Growing<'a> {
    file: File,
    at: u64,
    flushed: Flushed,
    shared: &'a Shared,
    /// When the last piece was handed out.
    since: Option<Instant>,
}

impl Growing<'_> {
    fn is_over(&self) -> bool {
        self.shared.is_over.load(Ordering::Relaxed)
    }

    fn sleep(&self, duration: Duration) {
        let state = self.shared.state();
        if !self.is_over() {
            drop(
                self.shared
                    .wake
                    .wait_timeout(state, duration)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
    }
}

impl Read for Growing<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long to rest is measured by the work that was done"
    )]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(since) = self.since.take() {
            let until = Instant::now() + since.elapsed() * REST;
            while !self.is_over() && Instant::now() < until {
                self.sleep(until.saturating_duration_since(Instant::now()));
            }
        }
        loop {
            if self.is_over() {
                return Ok(0);
            }
            let there = self.flushed.bytes().saturating_sub(self.at);
            if there > 0 {
                let most = usize::try_from(there).map_or(PIECE, |there| there.min(PIECE));
                let most = most.min(buffer.len());
                let read = self.file.read(&mut buffer[..most])?;
                self.at += read as u64;
                self.since = Some(Instant::now());
                return Ok(read);
            }
            let state = self.shared.state();
            if state.expected > self.at {
                drop(state);
                self.sleep(BEAT);
            } else if !self.is_over() {
                drop(
                    self.shared
                        .wake
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner),
                );
            }
        }
    }
}

/// Lines, and how much text they were.
struct Counted<L> {
    lines: L,
    text: u64,
}

impl<L: LineSource> LineSource for Counted<L> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let line = self.lines.next_line()?;
        if let Some(line) = line {
            self.text += line.len() as u64 + 1;
        }
        Ok(line)
    }
}

fn follow(
    path: &Path,
    flushed: Flushed,
    key: Option<Key>,
    shared: &Shared,
) -> Result<(), recording::Error> {
    let growing = Growing {
        file: File::open(path)?,
        at: 0,
        flushed,
        shared,
        since: None,
    };
    let unlock: &dyn Unlock = match &key {
        Some(key) => key,
        None => &NoKey,
    };
    let lines = recording::Reader::open_with(growing, unlock)?;
    let Ok(mut reader) = asciicast::Reader::open(Counted { lines, text: 0 }) else {
        return Ok(());
    };
    let mut size = reader.header().term.size();
    // A picture of less than the screen would be none.
    if !screen::fits(size) {
        return Ok(());
    }
    let mut line_feeds = LineFeeds::of(reader.header());
    let mut terminal = Emulator::new(size);
    let mut data = Vec::new();
    // Output since the last look: most of a long one need not be emulated at all.
    let mut unseen = String::new();
    while !shared.is_over.load(Ordering::Relaxed) {
        data.clear();
        let Ok(Some(event)) = reader.next_into(&mut data) else {
            return Ok(());
        };
        let text = std::str::from_utf8(&data).unwrap_or_default();
        match event.code {
            Code::Output => unseen.push_str(&line_feeds.shown(text)),
            Code::Message => line_feeds.message_text(text),
            Code::Resize => match parse_size(text).filter(|size| screen::fits(*size)) {
                Some(new) => {
                    terminal.feed(&std::mem::take(&mut unseen));
                    size = new;
                    terminal.resize(size);
                }
                None => return Ok(()),
            },
            _ => {}
        }
        let at = reader.lines().text;
        let is_due = shared
            .state()
            .borders
            .front()
            .is_some_and(|(_, text)| *text <= at);
        if !is_due && unseen.len() < MOST_UNSEEN {
            continue;
        }
        terminal.feed(&unseen);
        unseen.clear();
        // A picture of less than what was shown would be none.
        if terminal.is_exhausted() {
            return Ok(());
        }
        let mut state = shared.state();
        while let Some(&(frame, text)) = state.borders.front().filter(|(_, text)| *text <= at) {
            state.borders.pop_front();
            if text == at {
                state.pictures.push(Picture {
                    frame,
                    size,
                    text: terminal.dump(),
                });
                #[cfg(test)]
                {
                    state.made += 1;
                }
                shared.has_pictures.store(true, Ordering::Release);
            }
        }
    }
    Ok(())
}

fn parse_size(text: &str) -> Option<Size> {
    let (cols, rows) = text.split_once('x')?;
    Some(Size {
        cols: cols.parse().ok()?,
        rows: rows.parse().ok()?,
    })
}

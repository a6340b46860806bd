//! Where events come from: a recording read ahead on a thread of its own, within a few hundred KiB.
//!
//! Nothing here knows when an event is due. A pipe that gives nothing stops this thread and no other.

mod index;
mod once;
mod parts;
mod reading;

use std::io::{self, Read, Seek};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use formats::asciicast::{self, Header, LineFeeds};
use formats::lines::Turns;
use formats::payload::Size;
use formats::recording::{Ending, Seekable};
use formats::sealed::Unlock;
use tokio::sync::Notify;

use self::index::{Again, Index, Limits};
pub use self::once::{Live, Look};
use self::once::{Once, Spool};
pub(super) use self::parts::{Parts, in_short, length, parts};
pub(super) use self::reading::line_feeds;
use self::reading::{Numbers, Reader, stream};
use super::playback::{Numbered, Reposition};
use super::{Ended, Error, broken_off};

/// A recording to play.
pub enum Input {
    /// One that can be read in any order.
    Seekable(Box<dyn ReadSeek>),
    /// One that comes once, from the front. What has come is kept in a temporary file, for seeking back.
    Stream(Box<dyn Read + Send>),
    /// One that still grows. What has come is kept likewise.
    Live(Box<dyn Live>),
}

/// What can be read in any order.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// An opened recording: its header is read, its events are to come.
pub struct Recording {
    header: Header,
    line_feeds: LineFeeds,
    reader: Reader,
    queue: Arc<Queue>,
    unlock: Arc<dyn Unlock + Send + Sync>,
}

impl Recording {
    /// Reads the header; `unlock` gives the key where one is needed.
    ///
    /// # Errors
    /// It cannot be read, is no recording, or there is no key for it.
    pub fn open(input: Input, unlock: Arc<dyn Unlock + Send + Sync>) -> Result<Self, Error> {
        let queue = Arc::new(Queue::default());
        let once = match input {
            Input::Seekable(source) => {
                let lines = Seekable::open_with(source, &*unlock)?;
                let reader =
                    Reader::seekable(asciicast::Reader::open(lines)?.without_long_payloads());
                return Self::of(reader, queue, unlock);
            }
            Input::Stream(source) => Once::Stream(source),
            Input::Live(source) => Once::Live(source),
        };
        let spool = Spool {
            source: once,
            kept: tempfile::tempfile()?,
            length: 0,
            queue: Arc::clone(&queue),
        };
        let spool = Arc::new(Mutex::new(spool));
        let reader = Reader::stream(stream(&spool, &*unlock)?, spool, Arc::clone(&unlock));
        Self::of(reader, queue, unlock)
    }

    fn of(
        mut reader: Reader,
        queue: Arc<Queue>,
        unlock: Arc<dyn Unlock + Send + Sync>,
    ) -> Result<Self, Error> {
        Ok(Self {
            header: reader.header().clone(),
            line_feeds: reader.line_feeds()?,
            reader,
            queue,
            unlock,
        })
    }

    /// Has one that holds no screens read once more, which `open` opens, so that every point of it is near. Without a thread
    /// to spare it plays all the same.
    pub(super) fn with_index(
        self,
        open: impl FnOnce() -> io::Result<Input> + Send + 'static,
    ) -> Self {
        self.with_limited_index(open, Limits::default())
    }

    fn with_limited_index(
        mut self,
        open: impl FnOnce() -> io::Result<Input> + Send + 'static,
        limits: Limits,
    ) -> Self {
        if !self.reader.has_screens() {
            let again = Again {
                open: Box::new(open),
                unlock: Arc::clone(&self.unlock),
            };
            let index = Index::start(again, self.line_feeds.clone(), limits);
            self.reader.set_index(index.ok());
        }
        self
    }

    /// What its line feeds mean, as far as its beginning tells.
    pub(super) fn line_feeds(&self) -> &LineFeeds {
        &self.line_feeds
    }

    /// What the first line says.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Whoever reads beside a playback waits for a turn before it holds a long line. Who plays waits for nobody.
pub(super) static BESIDE: Turns = Turns::new();

/// What comes from the reading thread.
#[derive(Debug, PartialEq)]
pub(super) enum Item {
    Event(Numbered),
    /// The recording's own picture of the moment after the event at `at`; the next one has this number.
    Screen {
        at: Duration,
        next: u64,
        size: Size,
        text: String,
    },
    /// Nothing more has come of a session that runs.
    UpToDate,
    End(Ended),
}

/// How much text is read ahead, in bytes.
const AHEAD: usize = 256 * 1024;
/// What an event costs besides its text.
const EVENT_COST: usize = 64;

/// The events of a recording, read ahead.
pub(super) struct Source {
    queue: Arc<Queue>,
    index: Option<Arc<Index>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Wakes the reading thread.
    room: Condvar,
    /// Wakes the player.
    filled: Notify,
}

#[derive(Default)]
struct State {
    items: Vec<Item>,
    bytes: usize,
    wanted: Option<Reposition>,
    closed: bool,
    /// It has been told that nothing more has come.
    is_up_to_date: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that nothing new is there, and waits; true when what comes here is not wanted any more.
    fn is_elsewhere_wanted(&self, beat: Duration) -> bool {
        let mut state = self.lock();
        if !std::mem::replace(&mut state.is_up_to_date, true) {
            state.items.push(Item::UpToDate);
            self.filled.notify_one();
        }
        let is_wanted = |state: &State| state.closed || state.wanted.is_some();
        if is_wanted(&state) {
            return true;
        }
        let waited = self.room.wait_timeout(state, beat);
        is_wanted(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Source {
    /// Begins to read.
    pub(super) fn start(recording: Recording) -> io::Result<Self> {
        let queue = Arc::clone(&recording.queue);
        let index = recording.reader.index().cloned();
        let shared = Arc::clone(&queue);
        thread::Builder::new()
            .name("recording".into())
            .spawn(move || read_ahead(&shared, recording.reader))?;
        Ok(Self { queue, index })
    }

    /// All that has been read, at least one item. Nothing more comes after [`Item::End`] until a reposition. Nothing
    /// is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Vec<Item> {
        loop {
            {
                let mut state = self.queue.lock();
                if !state.items.is_empty() {
                    state.bytes = 0;
                    self.queue.room.notify_one();
                    return std::mem::take(&mut state.items);
                }
            }
            self.queue.filled.notified().await;
        }
    }

    /// Drops what was read ahead and goes on from elsewhere.
    pub(super) fn reposition(&mut self, to: Reposition) {
        let mut state = self.queue.lock();
        state.items.clear();
        state.bytes = 0;
        state.wanted = Some(to);
        self.queue.room.notify_one();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // The thread is not waited for: it may hang on a pipe.
        self.queue.lock().closed = true;
        self.queue.room.notify_one();
        if let Some(index) = &self.index {
            index.close();
        }
    }
}

fn read_ahead(queue: &Queue, mut reader: Reader) {
    let mut numbers = Numbers::default();
    let mut ended = false;
    // The rest of a long event.
    let mut rest: Option<(u64, Parts)> = None;
    loop {
        let wanted = {
            let mut state = queue.lock();
            loop {
                if state.closed {
                    return;
                }
                if state.wanted.is_some() || (!ended && state.bytes < AHEAD) {
                    break state.wanted;
                }
                state = queue
                    .room
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        };
        let item = match wanted {
            Some(to) => {
                rest = None;
                match reader.reposition(to, &mut numbers) {
                    Ok(screen) => screen,
                    Err(error) => Some(Item::End(broken_off(&error))),
                }
            }
            None => match next_part(&mut rest) {
                Some(part) => Some(part),
                None => match reader.next(&mut numbers) {
                    Item::Event(Numbered { number, event }) => match Parts::of(in_short(event)) {
                        Err(event) => Some(Item::Event(Numbered { number, event })),
                        Ok(parts) => {
                            rest = Some((number, parts));
                            next_part(&mut rest)
                        }
                    },
                    item => Some(item),
                },
            },
        };
        let mut state = queue.lock();
        // Asked for another place meanwhile: this is from the wrong one.
        if state.wanted != wanted {
            continue;
        }
        state.wanted = None;
        state.is_up_to_date = false;
        ended = matches!(item, Some(Item::End(_)));
        if let Some(item) = item {
            state.bytes += cost(&item);
            state.items.push(item);
            queue.filled.notify_one();
        }
    }
}

/// The next part of a long event.
fn next_part(rest: &mut Option<(u64, Parts)>) -> Option<Item> {
    let (number, parts) = rest.as_mut()?;
    let number = *number;
    match parts.next() {
        Some(event) => Some(Item::Event(Numbered { number, event })),
        None => {
            *rest = None;
            None
        }
    }
}

/// How a recording ends, as its container tells.
pub(super) fn ended(ending: Option<&Ending>) -> Ended {
    match ending {
        None | Some(Ending::Complete) => Ended::Complete,
        Some(Ending::Cut { .. }) => Ended::CutShort,
        Some(Ending::Damaged { offset, cause }) => {
            Ended::Damaged(format!("from byte {offset} on: {cause}"))
        }
    }
}

fn cost(item: &Item) -> usize {
    EVENT_COST
        + match item {
            Item::Event(numbered) => length(&numbered.event),
            Item::Screen { text, .. } => text.len(),
            Item::UpToDate | Item::End(_) => 0,
        }
}

#[cfg(test)]
mod tests;

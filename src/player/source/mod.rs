//! Where events come from: a recording read ahead on a thread of its own, within a few hundred KiB.
//!
//! Nothing here knows when an event is due. A pipe that gives nothing stops this thread and no other.

mod once;

use std::io::{self, Read, Seek};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use formats::asciicast::{self, Data, Event, Header, LineFeeds};
use formats::payload::Size;
use formats::recording::{self, Seekable};
use formats::sealed::Unlock;
use tokio::sync::Notify;

pub use self::once::{Live, Look};
use self::once::{Once, Replay, Spool};
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
                let reader = Reader::Seekable(asciicast::Reader::open(lines)?);
                return Self::of(reader, queue);
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
        let reader = Reader::Stream(stream(&spool, &*unlock)?, spool, unlock);
        Self::of(reader, queue)
    }

    fn of(mut reader: Reader, queue: Arc<Queue>) -> Result<Self, Error> {
        Ok(Self {
            header: reader.header().clone(),
            line_feeds: reader.line_feeds()?,
            reader,
            queue,
        })
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

enum Reader {
    Seekable(asciicast::Reader<Seekable<Box<dyn ReadSeek>>>),
    Stream(
        asciicast::Reader<recording::Reader<Replay>>,
        Arc<Mutex<Spool>>,
        Arc<dyn Unlock + Send + Sync>,
    ),
}

fn stream(
    spool: &Arc<Mutex<Spool>>,
    unlock: &dyn Unlock,
) -> Result<asciicast::Reader<recording::Reader<Replay>>, Error> {
    let replay = Replay {
        spool: Arc::clone(spool),
        at: 0,
    };
    let lines = recording::Reader::open_with(replay, unlock)?;
    Ok(asciicast::Reader::open(lines)?)
}

impl Reader {
    fn header(&self) -> &Header {
        match self {
            Self::Seekable(reader) => reader.header(),
            Self::Stream(reader, ..) => reader.header(),
        }
    }

    /// Playback may begin behind the handshake: where it is at hand it is looked at first. Of a stream it may be long in
    /// coming.
    fn line_feeds(&mut self) -> Result<LineFeeds, Error> {
        let mut line_feeds = LineFeeds::of(self.header());
        if let Self::Seekable(reader) = self
            && reader.header().ssm.is_some()
            && !line_feeds.are_line_ends()
        {
            for _ in 0..BEFORE_OUTPUT {
                match reader
                    .next_event()
                    .map(|event| event.map(|event| event.data))
                {
                    Ok(Some(Data::Message(message))) => line_feeds.message(&message),
                    // What does not read is told when it is played.
                    Ok(Some(Data::Output(_)) | None) | Err(_) => break,
                    Ok(Some(_)) => {}
                }
            }
            reader.rewind()?;
        }
        Ok(line_feeds)
    }

    fn next(&mut self, numbers: &mut Numbers) -> Item {
        let (next, frame, ending) = match self {
            Self::Seekable(reader) => {
                let next = reader.next_event();
                let lines = reader.lines();
                (next, lines.frame(), lines.ending().cloned())
            }
            Self::Stream(reader, ..) => {
                let next = reader.next_event();
                (next, 0, reader.lines().ending().cloned())
            }
        };
        match next {
            Ok(Some(event)) => Item::Event(Numbered {
                number: numbers.next(frame),
                event,
            }),
            Ok(None) => Item::End(match ending {
                None | Some(recording::Ending::Complete) => Ended::Complete,
                Some(recording::Ending::Cut { .. }) => Ended::CutShort,
                Some(recording::Ending::Damaged { offset, cause }) => {
                    Ended::Damaged(format!("from byte {offset} on: {cause}"))
                }
            }),
            Err(error) => Item::End(broken_off(&error.into())),
        }
    }

    /// Goes to where `to` says; gives the screen there when the recording holds it.
    fn reposition(&mut self, to: Reposition, numbers: &mut Numbers) -> Result<Option<Item>, Error> {
        *numbers = Numbers::default();
        match self {
            Self::Seekable(reader) => {
                if to.to > to.after.unwrap_or_default()
                    && let Some(point) = reader.seek_screen(to.to)?
                    && let Some(screen) = point.snapshot
                    && to.after.is_none_or(|after| point.at > after)
                {
                    return Ok(Some(Item::Screen {
                        at: point.at,
                        next: Numbers::first(point.frame),
                        size: Size {
                            cols: screen.cols,
                            rows: screen.rows,
                        },
                        text: screen.text,
                    }));
                }
                let found = match to.after {
                    Some(after) => reader.seek(after)?,
                    None => None,
                };
                if found.is_none() {
                    reader.rewind()?;
                }
            }
            Self::Stream(reader, spool, unlock) => *reader = stream(spool, &**unlock)?,
        }
        Ok(None)
    }
}

/// Numbers the events of a recording: those of a frame count from a number that belongs to the frame, so that they are
/// the same wherever reading began.
#[derive(Debug, Default)]
struct Numbers {
    frame: usize,
    in_frame: u64,
}

impl Numbers {
    fn first(frame: usize) -> u64 {
        (frame as u64) << 32
    }

    fn next(&mut self, frame: usize) -> u64 {
        if frame != self.frame {
            *self = Self { frame, in_frame: 0 };
        }
        self.in_frame += 1;
        Self::first(frame) + self.in_frame - 1
    }
}

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

/// A handshake is over after so many events.
const BEFORE_OUTPUT: usize = 32;
/// How much text is read ahead, in bytes.
const AHEAD: usize = 256 * 1024;
/// What an event costs besides its text.
const EVENT_COST: usize = 64;

/// The events of a recording, read ahead.
pub(super) struct Source {
    queue: Arc<Queue>,
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
        let shared = Arc::clone(&queue);
        thread::Builder::new()
            .name("recording".into())
            .spawn(move || read_ahead(&shared, recording.reader))?;
        Ok(Self { queue })
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
    }
}

fn read_ahead(queue: &Queue, mut reader: Reader) {
    let mut numbers = Numbers::default();
    let mut ended = false;
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
            Some(to) => match reader.reposition(to, &mut numbers) {
                Ok(screen) => screen,
                Err(error) => Some(Item::End(broken_off(&error))),
            },
            None => Some(reader.next(&mut numbers)),
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

fn cost(item: &Item) -> usize {
    EVENT_COST
        + match item {
            Item::Event(Numbered {
                event:
                    Event {
                        data: Data::Output(text) | Data::Input(text) | Data::Marker(text),
                        ..
                    },
                ..
            }) => text.len(),
            Item::Screen { text, .. } => text.len(),
            _ => 0,
        }
}

#[cfg(test)]
mod tests;

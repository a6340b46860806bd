//! The recording, opened once more and read from its beginning, on a thread of its own where that is wanted.
//!
//! Nothing here waits for the playback or makes it wait. What cannot be read ends the reading, and is told as an end.

use std::cell::Cell;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use formats::asciicast::{self, Event, Header};
use formats::derived::Kind;
use formats::lines::LineSource;
use formats::manifest::{Manifest, Object};
use formats::recording::{self, Ending, Seekable, Signed};
use formats::sealed::{Envelope, Key, Locked, Unlock};

use crate::player::source::{BESIDE, Input, Parts, ReadSeek, ended, in_short, length};
use crate::player::{Ended, Error, broken_off};
use crate::transcript::EXTRACTOR;

/// Opens the recording that is played once more, for those who read it beside the playback. It is called from several threads.
pub trait Opener: Send + Sync {
    /// The recording, from its beginning.
    ///
    /// # Errors
    /// It cannot be opened again.
    fn recording(&self) -> io::Result<Input>;

    /// One of the two objects that were derived from it, where a store has it. Who asks compares it with what the manifest
    /// tells of it.
    ///
    /// # Errors
    /// It cannot be opened.
    fn derived(&self, kind: Kind) -> io::Result<Option<Box<dyn Read + Send>>>;

    /// What opens those of them that are sealed.
    fn unlock(&self) -> &dyn Unlock;
}

/// The events of a recording.
pub(super) struct Events {
    reader: Reader,
    is_sealed: bool,
    /// The rest of a long event.
    rest: Option<Parts>,
}

enum Reader {
    Seekable(asciicast::Reader<Seekable<Box<dyn ReadSeek>>>),
    Stream(asciicast::Reader<recording::Reader<Box<dyn Read + Send>>>),
}

/// Whether a key was needed.
struct Asked<'a> {
    unlock: &'a dyn Unlock,
    is_asked: Cell<bool>,
}

impl Unlock for Asked<'_> {
    fn unlock(&self, envelope: &Envelope) -> Result<Key, Locked> {
        self.is_asked.set(true);
        self.unlock.unlock(envelope)
    }
}

impl Events {
    pub(super) fn open(opener: &dyn Opener) -> Result<Self, Error> {
        let unlock = Asked {
            unlock: opener.unlock(),
            is_asked: Cell::new(false),
        };
        let reader = match opener.recording()? {
            Input::Seekable(source) => {
                let mut lines = Seekable::open_with(source, &unlock)?;
                lines.take_turns(&BESIDE);
                Reader::Seekable(asciicast::Reader::open(lines)?.without_long_payloads())
            }
            Input::Stream(source) => {
                let mut lines = recording::Reader::open_with(source, &unlock)?;
                lines.take_turns(&BESIDE);
                Reader::Stream(asciicast::Reader::open(lines)?.without_long_payloads())
            }
            Input::Live(_) => return Err(io::Error::other("it still grows").into()),
        };
        Ok(Self {
            reader,
            is_sealed: unlock.is_asked.get(),
            rest: None,
        })
    }

    pub(super) fn header(&self) -> &Header {
        match &self.reader {
            Reader::Seekable(reader) => reader.header(),
            Reader::Stream(reader) => reader.header(),
        }
    }

    /// Whether only some may read it.
    pub(super) fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// What the manifest says, once it is known: of what can be read in any order from the beginning on.
    pub(super) fn manifest(&self) -> Option<Manifest> {
        let signed = match &self.reader {
            Reader::Seekable(reader) => reader.lines().signed(),
            Reader::Stream(reader) => reader.lines().signed(),
        };
        Manifest::parse(&signed?.manifest).ok()
    }

    /// The next events, a piece of them.
    pub(super) fn next(&mut self) -> Piece {
        match &mut self.reader {
            Reader::Seekable(reader) => piece(reader, &mut self.rest, Seekable::ending),
            Reader::Stream(reader) => piece(reader, &mut self.rest, recording::Reader::ending),
        }
    }
}

/// So many bytes of text are in a piece, more or less, and so many events at most.
const PIECE: usize = 64 * 1024;
const EVENTS: usize = 1024;
/// So many pieces are read ahead.
const AHEAD: usize = 4;

/// Some events, and how the recording ends where they are the last.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) events: Vec<Event>,
    pub(super) ended: Option<Ended>,
}

fn piece<L: LineSource>(
    reader: &mut asciicast::Reader<L>,
    rest: &mut Option<Parts>,
    ending: impl Fn(&L) -> Option<&Ending>,
) -> Piece {
    let (mut events, mut bytes) = (Vec::new(), 0);
    while bytes < PIECE && events.len() < EVENTS {
        if let Some(parts) = rest {
            match parts.next() {
                Some(part) => {
                    bytes += PIECE;
                    events.push(part);
                }
                None => *rest = None,
            }
            continue;
        }
        match reader.next_event() {
            Ok(Some(event)) => match Parts::of(event) {
                Ok(parts) => *rest = Some(parts),
                Err(event) => {
                    bytes += length(&event);
                    events.push(in_short(event));
                }
            },
            Ok(None) => {
                let ended = Some(ended(ending(reader.lines())));
                return Piece { events, ended };
            }
            Err(error) => {
                let ended = Some(broken_off(&error.into()));
                return Piece { events, ended };
            }
        }
    }
    Piece {
        events,
        ended: None,
    }
}

/// Reads all events on this thread, and hands them on as long as they are wanted.
pub(super) fn read(mut events: Events, mut wanted: impl FnMut(Piece, &Events) -> bool) {
    loop {
        let piece = events.next();
        let is_last = piece.ended.is_some();
        if !wanted(piece, &events) || is_last {
            return;
        }
    }
}

/// Reads all events on another thread, ahead of whoever takes them. It ends when nobody takes them any more.
pub(super) fn read_ahead(events: Events) -> io::Result<Receiver<Piece>> {
    let (sender, pieces) = sync_channel(AHEAD);
    thread::Builder::new()
        .name("recording beside".into())
        .spawn(move || read(events, |piece, _| sender.send(piece).is_ok()))?;
    Ok(pieces)
}

/// One of the objects that were derived, and what the manifest tells of it. `None` where there is none, or it cannot be had:
/// it can be made again.
pub(super) fn stored(
    opener: &dyn Opener,
    manifest: &Manifest,
    kind: Kind,
) -> Option<(Box<dyn Read + Send>, Object)> {
    let derived = manifest.derived.as_ref()?;
    // By other rules something else may have been found.
    if derived.extractor != EXTRACTOR {
        return None;
    }
    let source = opener.derived(kind).ok()??;
    Some((source, derived.of(kind).clone()))
}

/// What the manifest says at the end of a recording that can be read in any order.
pub(super) fn manifest_at_end(opener: &dyn Opener) -> Option<Manifest> {
    match opener.recording().ok()? {
        Input::Seekable(source) => {
            let signed = Signed::at_end(source).ok()??;
            Manifest::parse(&signed.manifest).ok()
        }
        Input::Stream(_) | Input::Live(_) => None,
    }
}

//! A recording that is read, from its beginning or from a point of it: one that it holds itself, or one of an index.
//!
//! Nothing here waits for an index: what it does not know yet is read from the beginning.

use std::sync::{Arc, Mutex};

use formats::asciicast::{self, Data, Header, LineFeeds};
use formats::lines::LineSource;
use formats::payload::Size;
use formats::recording::{self, Seekable};
use formats::sealed::Unlock;

use super::index::{Index, Lines, Point};
use super::once::{Replay, Spool};
use super::{Item, ReadSeek, ended};
use crate::player::playback::{Numbered, Reposition};
use crate::player::{Error, broken_off};

/// A handshake is over after so many lines.
const BEFORE_OUTPUT: usize = 32;

pub(super) struct Reader {
    base: Base,
    /// Whether the recording holds screens.
    has_screens: bool,
    index: Option<Arc<Index>>,
    /// What is read instead of the recording itself.
    kept: Option<asciicast::Reader<Lines>>,
}

enum Base {
    Seekable(asciicast::Reader<Seekable<Box<dyn ReadSeek>>>),
    Stream(
        asciicast::Reader<recording::Reader<Replay>>,
        Arc<Mutex<Spool>>,
        Arc<dyn Unlock + Send + Sync>,
    ),
}

pub(super) fn stream(
    spool: &Arc<Mutex<Spool>>,
    unlock: &dyn Unlock,
) -> Result<asciicast::Reader<recording::Reader<Replay>>, Error> {
    let replay = Replay {
        spool: Arc::clone(spool),
        at: 0,
    };
    let lines = recording::Reader::open_with(replay, unlock)?;
    Ok(asciicast::Reader::open(lines)?.without_long_payloads())
}

impl Reader {
    pub(super) fn seekable(reader: asciicast::Reader<Seekable<Box<dyn ReadSeek>>>) -> Self {
        Self {
            has_screens: !reader.lines().pictured().is_empty(),
            base: Base::Seekable(reader),
            index: None,
            kept: None,
        }
    }

    pub(super) fn stream(
        reader: asciicast::Reader<recording::Reader<Replay>>,
        spool: Arc<Mutex<Spool>>,
        unlock: Arc<dyn Unlock + Send + Sync>,
    ) -> Self {
        Self {
            base: Base::Stream(reader, spool, unlock),
            has_screens: false,
            index: None,
            kept: None,
        }
    }

    pub(super) fn has_screens(&self) -> bool {
        self.has_screens
    }

    pub(super) fn index(&self) -> Option<&Arc<Index>> {
        self.index.as_ref()
    }

    pub(super) fn set_index(&mut self, index: Option<Arc<Index>>) {
        self.index = index;
    }

    pub(super) fn header(&self) -> &Header {
        match &self.base {
            Base::Seekable(reader) => reader.header(),
            Base::Stream(reader, ..) => reader.header(),
        }
    }

    /// Of a stream the handshake may be long in coming.
    pub(super) fn line_feeds(&mut self) -> Result<LineFeeds, Error> {
        match &mut self.base {
            Base::Seekable(reader) => line_feeds(reader),
            Base::Stream(reader, ..) => Ok(LineFeeds::of(reader.header())),
        }
    }

    pub(super) fn next(&mut self, numbers: &mut Numbers) -> Item {
        if let Some(kept) = &mut self.kept {
            match kept.next_event() {
                Ok(Some(event)) => return numbers.number(0, event),
                Ok(None) => {}
                Err(error) => return Item::End(broken_off(&error.into())),
            }
            if let Some(ended) = self.index.as_ref().and_then(|index| index.ended()) {
                return Item::End(ended);
            }
            // Here ends what is kept, and not the recording.
            if let Err(error) = self.skip(numbers.in_frame) {
                return Item::End(broken_off(&error));
            }
        }
        let (next, frame, ending) = match &mut self.base {
            Base::Seekable(reader) => {
                let next = reader.next_event();
                let lines = reader.lines();
                // Elsewhere than in its own screens the frames of a recording have no meaning.
                let frame = if self.has_screens { lines.frame() } else { 0 };
                (next, frame, lines.ending())
            }
            Base::Stream(reader, ..) => {
                let next = reader.next_event();
                (next, 0, reader.lines().ending())
            }
        };
        match next {
            Ok(Some(event)) => numbers.number(frame, event),
            Ok(None) => Item::End(ended(ending)),
            Err(error) => Item::End(broken_off(&error.into())),
        }
    }

    /// Goes to where `to` says; gives the screen there when the recording or its index holds it.
    pub(super) fn reposition(
        &mut self,
        to: Reposition,
        numbers: &mut Numbers,
    ) -> Result<Option<Item>, Error> {
        *numbers = Numbers::default();
        self.kept = None;
        if self.has_screens {
            return self.reposition_by_screens(to);
        }
        let is_between =
            |point: &Point| to.after.is_none_or(|after| point.at > after) && point.at < to.to;
        if let Some(point) = self.before(to.to).filter(is_between)
            && let Some(text) = point.screen()
        {
            self.go(&point, numbers)?;
            return Ok(Some(Item::Screen {
                at: point.at,
                next: point.number,
                size: point.size,
                text,
            }));
        }
        match to.after.and_then(|after| self.before(after)) {
            Some(point) => self.go(&point, numbers)?,
            None => self.rewind()?,
        }
        Ok(None)
    }

    fn before(&self, to: std::time::Duration) -> Option<Point> {
        self.index.as_ref()?.before(to)
    }

    fn reposition_by_screens(&mut self, to: Reposition) -> Result<Option<Item>, Error> {
        let Base::Seekable(reader) = &mut self.base else {
            return Ok(None);
        };
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
        Ok(None)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        match &mut self.base {
            Base::Seekable(reader) => reader.rewind()?,
            Base::Stream(reader, spool, unlock) => *reader = stream(spool, &**unlock)?,
        }
        Ok(())
    }

    /// Goes on from a point.
    fn go(&mut self, point: &Point, numbers: &mut Numbers) -> Result<(), Error> {
        *numbers = Numbers {
            frame: 0,
            in_frame: point.number,
        };
        match &mut self.base {
            Base::Seekable(reader) if reader.is_document() => reader.resume_from(&point.mark),
            Base::Stream(reader, ..) if reader.is_document() => reader.resume_from(&point.mark),
            Base::Seekable(reader) if reader.lines().is_plain() => {
                reader.lines_mut().go_to_line(point.offset)?;
                reader.resume_from(&point.mark);
            }
            _ => match &self.index {
                Some(index) if index.keeps(point.offset) => {
                    let lines = Lines::new(Arc::clone(index), point.offset);
                    let header = self.header().clone();
                    self.kept = Some(asciicast::Reader::behind(lines, header, &point.mark));
                }
                _ => self.skip(point.number)?,
            },
        }
        Ok(())
    }

    /// Goes to behind so many events, from the beginning: far less work than to show them.
    fn skip(&mut self, events: u64) -> Result<(), Error> {
        self.kept = None;
        self.rewind()?;
        match &mut self.base {
            Base::Seekable(reader) => skip(reader, events),
            Base::Stream(reader, ..) => skip(reader, events),
        }
    }
}

/// What line feeds mean, for whoever begins behind the handshake: where that is at hand it is looked at first.
pub(in crate::player) fn line_feeds(
    reader: &mut asciicast::Reader<Seekable<Box<dyn ReadSeek>>>,
) -> Result<LineFeeds, Error> {
    let mut line_feeds = LineFeeds::of(reader.header());
    if reader.header().ssm.is_some() && !line_feeds.are_line_ends() {
        for _ in 0..BEFORE_OUTPUT {
            // Asked again, the end of a file looks at all that is left of it again.
            if reader.lines().ending().is_some() {
                break;
            }
            let next = reader.next_event_within(1);
            match next.map(|event| event.map(|event| event.data)) {
                Ok(Some(Data::Message(message))) => line_feeds.message(&message),
                // What does not read is told when it is played.
                Ok(Some(Data::Output(_))) | Err(_) => break,
                Ok(Some(_) | None) => {}
            }
        }
        reader.rewind()?;
    }
    Ok(line_feeds)
}

fn skip<L: LineSource>(reader: &mut asciicast::Reader<L>, events: u64) -> Result<(), Error> {
    for _ in 0..events {
        // Messages count on from those before them.
        if reader.next_event()?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Numbers the events of a recording: those of a frame count from a number that belongs to the frame, so that they are
/// the same wherever reading began.
#[derive(Debug, Default)]
pub(super) struct Numbers {
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

    fn number(&mut self, frame: usize, event: asciicast::Event) -> Item {
        Item::Event(Numbered {
            number: self.next(frame),
            event,
        })
    }
}

//! The first reading: which characters of what was shown and typed belong to something that is to be replaced.
//!
//! Nothing here is written. When a value was learned late, what came before is read once more.

use std::io::Read;
use std::rc::Rc;

use formats::asciicast::{Data, Event, LineFeeds};
use roaring::RoaringTreemap;

use super::super::{Error, Source, damage_of};
use super::Replaced;
use super::patterns::Patterns;
use super::places::count;
use super::shown::Shown;
use super::texts::replace_header;
use super::typed::Typed;
use crate::screen::Size;

/// What there is to replace, shared by all who replace it.
#[derive(Clone, Debug)]
pub(in crate::export) struct Found {
    pub(super) output: Rc<RoaringTreemap>,
    pub(super) input: Rc<RoaringTreemap>,
    /// How many events were looked at.
    pub(super) events: u64,
    /// For texts that stand alone.
    pub(super) patterns: Patterns,
}

impl Found {
    /// The places found in streams.
    pub(in crate::export) fn replaced(&self) -> Replaced {
        Replaced {
            output: count(&self.output),
            input: count(&self.input),
            ..Replaced::default()
        }
    }
}

/// Looks at the whole recording. When secrets of a known form were found, their values are looked for everywhere: in what
/// comes later as it comes, and in what came before the last of them was known in a second reading.
pub(in crate::export) fn look<R: Read>(
    patterns: &Patterns,
    mut open: impl FnMut() -> Result<Source<R>, Error>,
) -> Result<Found, Error> {
    let mut patterns = patterns.clone();
    let mut read = Reading::of(&mut patterns, open()?, None)?;
    if read.learned > 0 {
        let again = Reading::of(&mut patterns, open()?, Some(read.learned))?;
        read.output |= again.output;
        read.input |= again.input;
    }
    Ok(Found {
        output: Rc::new(read.output),
        input: Rc::new(read.input),
        events: read.events,
        patterns,
    })
}

/// What one reading finds.
struct Reading {
    output: RoaringTreemap,
    input: RoaringTreemap,
    events: u64,
    /// How many events had come when the last value was learned.
    learned: u64,
}

impl Reading {
    /// Of so many events.
    fn of<R: Read>(
        patterns: &mut Patterns,
        mut reader: Source<R>,
        limit: Option<u64>,
    ) -> Result<Self, Error> {
        let mut header = reader.header().clone();
        replace_header(&mut header, patterns);
        let mut look =
            Look::new(reader.header().term.size()).with_line_feeds(LineFeeds::of(reader.header()));
        let (mut events, mut learned, mut wanted) = (0, 0, patterns.wanted());
        while limit.is_none_or(|limit| events < limit) {
            match reader.next_event() {
                Ok(Some(event)) => look.event(&event, patterns),
                Ok(None) => break,
                // Reported by the second reading.
                Err(error) => {
                    damage_of(error)?;
                    break;
                }
            }
            events += 1;
            if patterns.wanted() > wanted {
                (learned, wanted) = (events, patterns.wanted());
            }
        }
        let (output, input) = look.finish(patterns);
        if patterns.wanted() > wanted {
            learned = events;
        }
        Ok(Self {
            output,
            input,
            events,
            learned,
        })
    }
}

/// Both streams of a recording.
pub(super) struct Look {
    shown: Shown,
    typed: Typed,
    line_feeds: LineFeeds,
}

impl Look {
    pub(super) fn new(size: Size) -> Self {
        Self {
            shown: Shown::new(size),
            typed: Typed::new(),
            line_feeds: LineFeeds::default(),
        }
    }

    fn with_line_feeds(mut self, line_feeds: LineFeeds) -> Self {
        self.shown.line_feeds = line_feeds.are_line_ends();
        self.line_feeds = line_feeds;
        self
    }

    pub(super) fn event(&mut self, event: &Event, patterns: &mut Patterns) {
        match &event.data {
            Data::Output(text) => self.shown.text(text, patterns),
            Data::Resize(size) => self.shown.resize(*size, patterns),
            Data::Input(text) => {
                if self.typed.is_line_start {
                    self.typed.is_asked = patterns.asks(&self.shown.line_before_the_cursor());
                }
                self.typed.text(text, patterns);
            }
            // Found values are looked for elsewhere, so these are looked at now.
            Data::Marker(text) | Data::Other { data: text, .. } => {
                patterns.find(text, |_| {});
            }
            Data::Message(message) => {
                self.line_feeds.message(message);
                self.shown.line_feeds = self.line_feeds.are_line_ends();
                if let formats::tee::Content::Here(payload) = &message.content {
                    patterns.find(&String::from_utf8_lossy(payload), |_| {});
                }
            }
            Data::Exit(_) => {}
        }
    }

    /// How many columns are read of each row, and how many something stands in.
    #[cfg(test)]
    pub(super) fn reach(&self) -> (usize, usize) {
        self.shown.reach()
    }

    pub(super) fn finish(mut self, patterns: &mut Patterns) -> (RoaringTreemap, RoaringTreemap) {
        let shown = self.shown.finish(patterns);
        self.typed.end_line(patterns);
        self.typed.flow.look_at_all(patterns, &mut self.typed.found);
        (shown, self.typed.found.finish())
    }
}

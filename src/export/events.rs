//! The events of a recording as an export tells them: with what was found replaced, and with line ends for a terminal.
//!
//! Nothing here is cut: an export takes what it wants of them. An event that cannot be read ends them, and is told.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::Read;

use formats::asciicast::{Data, Event, Header, LineFeeds};
use formats::manifest::Manifest;
use formats::recording::Ending;

use super::redact::{Found, Replaced, Rewriter};
use super::{Error, Source, damage_of};

/// One reading.
pub(super) struct Events<R> {
    reader: Source<R>,
    rewriter: Option<Rewriter>,
    line_feeds: Option<LineFeeds>,
    ready: VecDeque<Event>,
    rewritten: Vec<Event>,
    is_read: bool,
    damage: Option<String>,
}

impl<R: Read> Events<R> {
    /// `is_for_a_terminal`: the text is going to be shown, and need not be the exact bytes.
    pub(super) fn new(reader: Source<R>, found: Option<Found>, is_for_a_terminal: bool) -> Self {
        Self {
            line_feeds: is_for_a_terminal.then(|| LineFeeds::of(reader.header())),
            reader,
            rewriter: found.map(Rewriter::new),
            ready: VecDeque::new(),
            rewritten: Vec::new(),
            is_read: false,
            damage: None,
        }
    }

    pub(super) fn header(&mut self) -> Header {
        let mut header = self.reader.header().clone();
        if let Some(rewriter) = &mut self.rewriter {
            rewriter.header(&mut header);
        }
        header
    }

    /// The next event; `None` where there are no more, or none that can be read.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Error> {
        while self.ready.is_empty() && !self.is_read {
            self.read()?;
        }
        let mut event = self.ready.pop_front();
        match (
            event.as_mut().map(|event| &mut event.data),
            &mut self.line_feeds,
        ) {
            (Some(Data::Output(text)), Some(line_feeds)) => {
                if let Cow::Owned(shown) = line_feeds.shown(text) {
                    *text = shown;
                }
            }
            (Some(Data::Message(message)), Some(line_feeds)) => line_feeds.message(message),
            _ => {}
        }
        Ok(event)
    }

    fn read(&mut self) -> Result<(), Error> {
        // What grew after it was looked at was not looked at.
        let is_beyond = self.rewriter.as_ref().is_some_and(Rewriter::is_at_the_end);
        let event = match self.reader.next_event() {
            Ok(_) if is_beyond => None,
            Ok(event) => event,
            Err(error) => {
                self.damage = Some(damage_of(error)?);
                None
            }
        };
        self.is_read = event.is_none();
        match &mut self.rewriter {
            Some(rewriter) => {
                rewriter.event(event, &mut self.rewritten);
                self.ready.extend(self.rewritten.drain(..));
            }
            None => self.ready.extend(event),
        }
        Ok(())
    }

    /// Replaces what is to be replaced in a text that was made of the events: it may be there in another form.
    pub(super) fn redact(&mut self, text: &mut String) {
        if let Some(rewriter) = &mut self.rewriter {
            rewriter.text(text);
        }
    }

    /// How the recording ended, once all of it was read.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.reader.lines().ending().cloned()
    }

    pub(super) fn manifest(&mut self) -> Option<Manifest> {
        let signed = self.reader.lines().signed()?;
        let manifest = Manifest::parse(&signed.manifest).ok()?;
        match &mut self.rewriter {
            Some(rewriter) => rewriter.manifest(&manifest),
            None => Some(manifest),
        }
    }

    /// Why an event does not read.
    pub(super) fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    pub(super) fn replaced(&self) -> Option<Replaced> {
        self.rewriter.as_ref().map(Rewriter::replaced)
    }
}

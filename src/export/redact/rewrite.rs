//! The second reading: every character that was found is replaced, cell for cell, wherever the recording holds it.
//!
//! Nothing here looks for anything in a stream; only texts that stand alone are looked at as they come by.

use std::rc::Rc;

use formats::asciicast::{Data, Event, Header};
use formats::manifest::Manifest;
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};
use roaring::RoaringTreemap;

use super::look::Found;
use super::patterns::Patterns;
use super::places::ranges;
use super::texts::{replace_header, strings};
use super::{MASK, Replaced};
use crate::screen::{Emulator, Size};

/// Replaces what was found.
pub(in crate::export) struct Rewriter {
    output: Stream,
    input: Stream,
    /// How many events were looked at and have not come yet.
    left: u64,
    patterns: Patterns,
    replaced: Replaced,
    /// A message whose bytes are on the screen with the next output, if there is one.
    held: Option<(std::time::Duration, TeedMessage)>,
}

impl Rewriter {
    pub(in crate::export) fn new(found: Found) -> Self {
        Self {
            replaced: found.replaced(),
            output: Stream::new(found.output),
            input: Stream::new(found.input),
            left: found.events,
            patterns: found.patterns,
            held: None,
        }
    }

    /// What has been replaced so far.
    pub(in crate::export) fn replaced(&self) -> Replaced {
        self.replaced
    }

    /// Whether all that was looked at has come.
    pub(in crate::export) fn is_at_the_end(&self) -> bool {
        self.left == 0
    }

    pub(in crate::export) fn header(&mut self, header: &mut Header) {
        self.replaced.texts += replace_header(header, &mut self.patterns);
    }

    /// A text that was made of the events.
    pub(in crate::export) fn text(&mut self, text: &mut String) {
        if let Some(replaced) = self.patterns.replace(text) {
            *text = replaced;
        }
    }

    pub(in crate::export) fn manifest(&mut self, manifest: &Manifest) -> Option<Manifest> {
        let mut value = serde_json::to_value(manifest).ok()?;
        strings(&mut value, &mut self.patterns);
        serde_json::from_value(value).ok()
    }

    /// Takes the next event, `None` at the end, and hands on none, one or two.
    pub(in crate::export) fn event(&mut self, event: Option<Event>, out: &mut Vec<Event>) {
        let Some(mut event) = event else {
            self.release(None, out);
            return;
        };
        self.left = self.left.saturating_sub(1);
        match &mut event.data {
            Data::Output(text) => {
                if let Some(replaced) = self.output.replace(text) {
                    *text = replaced;
                }
                self.release(Some(text.len()), out);
            }
            Data::Message(message) => {
                self.release(None, out);
                if message.is_shown() {
                    self.held = Some((event.at, message.clone()));
                    return;
                }
                self.message(message);
            }
            Data::Input(text) => {
                self.release(None, out);
                if let Some(replaced) = self.input.replace(text) {
                    *text = replaced;
                }
            }
            Data::Marker(text) | Data::Other { data: text, .. } => {
                if let Some(replaced) = self.patterns.replace(text) {
                    *text = replaced;
                    self.replaced.texts += 1;
                }
            }
            Data::Resize(_) | Data::Exit(_) => {}
        }
        out.push(event);
    }

    /// Lets go of the held message, whose output has `length` bytes now. Its own bytes would tell what was replaced.
    fn release(&mut self, length: Option<usize>, out: &mut Vec<Event>) {
        let Some((at, mut message)) = self.held.take() else {
            return;
        };
        match (length, &message.content) {
            (Some(length), Content::Next | Content::Here(_)) => {
                message.content = Content::Next;
                message.length = length;
            }
            // A part of a character, or the data of a port.
            (None, Content::Here(_)) => self.omit(&mut message),
            _ => {}
        }
        out.push(Event {
            at,
            data: Data::Message(message),
        });
    }

    fn omit(&mut self, message: &mut TeedMessage) {
        message.content = Content::Omitted;
        self.replaced.payloads += 1;
    }

    fn message(&mut self, message: &mut TeedMessage) {
        let Content::Here(payload) = &message.content else {
            return;
        };
        // Keys and a port's data come in pieces that end anywhere.
        let is_piece = message.message_type == Some(MessageType::InputStreamData)
            && message.payload_type == PayloadType::OUTPUT;
        if is_piece && !payload.is_empty() {
            self.omit(message);
            return;
        }
        let text = String::from_utf8_lossy(payload);
        if let Some(replaced) = self.patterns.replace(&text) {
            message.length = replaced.len();
            message.content = Content::Here(replaced.into_bytes().into());
            self.replaced.texts += 1;
        }
    }
}

/// One stream of characters, some of which are to be replaced.
struct Stream {
    found: Rc<RoaringTreemap>,
    /// Characters so far.
    number: u64,
    scratch: Option<Emulator>,
}

impl Stream {
    fn new(found: Rc<RoaringTreemap>) -> Self {
        Self {
            found,
            number: 0,
            scratch: None,
        }
    }

    /// The next piece of the stream with what was found replaced; `None` when nothing was.
    fn replace(&mut self, text: &str) -> Option<String> {
        let found = Rc::clone(&self.found);
        let mut found = ranges(&found, self.number).peekable();
        let end = self.number + text.chars().count() as u64;
        if found.peek().is_none_or(|next| next.start >= end) {
            self.number = end;
            return None;
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            let number = self.number;
            self.number += 1;
            if found.peek().is_some_and(|next| next.end <= number) {
                found.next();
            }
            if found.peek().is_none_or(|next| next.start > number) {
                out.push(c);
                continue;
            }
            let width = if c.is_ascii() { 1 } else { self.width(c) };
            out.extend(std::iter::repeat_n(MASK, width));
        }
        Some(out)
    }

    /// How many cells the emulator gives the character.
    fn width(&mut self, c: char) -> usize {
        let scratch = self
            .scratch
            .get_or_insert_with(|| Emulator::new(Size { cols: 8, rows: 1 }));
        scratch.feed("\r");
        scratch.feed(c.encode_utf8(&mut [0; 4]));
        scratch.cursor().col
    }
}

//! What data frames hold, decoded as they go by: whether it is text that reads in one way only, and what their links say.
//!
//! Nothing here looks at a digest, and nothing is kept but a piece of text and the line that is not whole yet.

use std::io;

use super::report::FaultKind;
use crate::asciicast::{self, Code, Header, Line, is_resize, parse_line, parse_long_line};
use crate::json;
use crate::lines::{LONG_LINE, LineBuffer, MAX_LINE};
use crate::manifest::{Counts, Manifest};
use crate::recording::reader::TextDecoder;
use crate::recording::skippable::Link;
use crate::tee::{Content as Payload, Shorthand};

/// The text of a recording on its way past.
pub(super) struct Content {
    decoder: TextDecoder,
    buffer: LineBuffer,
    header: Option<Header>,
    shorthand: Shorthand,
    counts: Counts,
    frame: Frame,
    /// What one event says, unescaped.
    data: Vec<u8>,
    /// Bytes that the last message promises of the next event.
    promised: Option<usize>,
}

/// What is known of the frame under way.
#[derive(Default)]
struct Frame {
    text: u64,
    /// Time of the last event, in it or before it.
    at_us: u64,
    first_us: Option<u64>,
    is_over: bool,
    /// The first thing that is wrong with it.
    fault: Option<FaultKind>,
}

impl Content {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            decoder: TextDecoder::new()?,
            buffer: LineBuffer::new(MAX_LINE),
            header: None,
            shorthand: Shorthand::new(None),
            counts: Counts::default(),
            frame: Frame::default(),
            data: Vec::new(),
            promised: None,
        })
    }

    /// A data frame begins behind an event that came at `base_us`.
    pub(super) fn begin(&mut self, base_us: u64) {
        self.frame = Frame {
            at_us: base_us,
            ..Frame::default()
        };
        self.buffer.clear();
        self.shorthand.forget();
        self.promised = None;
        if self.decoder.restart().is_err() {
            self.frame.fault = Some(FaultKind::Undecodable);
        }
    }

    /// Takes bytes of the frame.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while self.frame.fault.is_none() && !(bytes.is_empty() && self.frame.is_over) {
            let text = self.buffer.refill();
            let before = text.len();
            let piece = self.decoder.decode(bytes, text);
            self.frame.text += (text.len() - before) as u64;
            bytes = &bytes[piece.read..];
            match piece.is_end {
                // What follows the end is no part of it, and whoever reads takes it for another frame.
                Ok(true) if bytes.is_empty() => self.frame.is_over = true,
                Ok(true) => self.frame.fault = Some(FaultKind::Undecodable),
                Ok(false) => {}
                Err(error) => {
                    self.frame.fault = Some(match error.kind() {
                        io::ErrorKind::FileTooLarge => FaultKind::Text,
                        _ => FaultKind::Undecodable,
                    });
                }
            }
            if let Err(fault) = self.lines() {
                self.frame.fault.get_or_insert(fault);
            }
            if piece.is_idle && bytes.is_empty() {
                return;
            }
        }
    }

    /// What comes next of the frame cannot be had.
    pub(super) fn fail(&mut self) {
        self.frame.fault.get_or_insert(FaultKind::Undecodable);
    }

    /// The frame is linked, and what is wrong with it, if anything, was told.
    pub(super) fn link(&mut self, link: &Link) {
        self.decoder.link(link);
    }

    /// What is wrong with the frame, now that its link is there. Of a sealed recording that was closed without its key,
    /// the last frame may lack its end, and its link does not know when it began.
    pub(super) fn fault(&self, link: &Link, is_whole: bool) -> Option<FaultKind> {
        let frame = &self.frame;
        if frame.fault.is_some() {
            return frame.fault;
        }
        if is_whole && !frame.is_over {
            return Some(FaultKind::Undecodable);
        }
        if !self.buffer.tail().is_empty() {
            return Some(FaultKind::Border);
        }
        if frame.text != link.text {
            return Some(FaultKind::Size);
        }
        // The first frame may hold the header alone: nothing happened.
        let Some(first_us) = frame.first_us else {
            let is_nothing = link.index > 0 || link.first_us != 0 || link.last_us != 0;
            return is_nothing.then_some(FaultKind::NoEvents);
        };
        let is_right = (first_us == link.first_us || !is_whole) && frame.at_us == link.last_us;
        (!is_right).then_some(FaultKind::Times)
    }

    /// What the manifest says that the text does not.
    pub(super) fn contradiction(&self, manifest: &Manifest) -> Option<FaultKind> {
        let Some(header) = &self.header else {
            return Some(FaultKind::NoHeader);
        };
        let opening = Manifest {
            terminal: Some(header.term.size()),
            ..Manifest::of_session(&header.ssm.clone().unwrap_or_default())
        };
        if let Some(key) = manifest.differs_from(&opening) {
            return Some(FaultKind::Header(key));
        }
        // Others may count otherwise; of a sealed one that was closed without its key, nobody has counted.
        let is_counted = manifest.client_version.is_some()
            && !(manifest.recovered && manifest.encryption.is_some());
        let mut counts = self.counts;
        if manifest.counts.events != counts.events {
            // The events besides messages: what a recorder has counted that was never cut.
            counts.events -= counts.messages;
        }
        (is_counted && manifest.counts != counts).then_some(FaultKind::Counts)
    }

    pub(super) fn into_header(self) -> Option<Header> {
        self.header
    }

    fn lines(&mut self) -> Result<(), FaultKind> {
        while let Some(range) = self.buffer.take().map_err(|_| FaultKind::Event)? {
            let line = self.buffer.text(range);
            let Some(header) = &self.header else {
                let header = header_of(line)?;
                self.shorthand = header.shorthand();
                self.header = Some(header);
                continue;
            };
            if line.is_empty() || line[0] == b'#' {
                continue;
            }
            self.data.clear();
            let parsed = match line.len() > LONG_LINE {
                false => parse_line(line, &mut self.data),
                true => parse_long_line(self.buffer.take_last(), &mut self.data),
            };
            let Some(Line { interval_us, code }) = parsed else {
                return Err(FaultKind::Event);
            };
            let at_us = self.frame.at_us.saturating_add(interval_us);
            if at_us > asciicast::MAX_TIME_US {
                return Err(FaultKind::Event);
            }
            self.frame.at_us = at_us;
            self.frame.first_us.get_or_insert(at_us);
            self.counts.events += 1;
            let promised = self.promised.take();
            match code {
                Code::Output if promised.is_some_and(|length| length != self.data.len()) => {
                    return Err(FaultKind::Promise);
                }
                Code::Output => {}
                Code::Message if header.ssm.is_some() => {
                    self.promised = message(&self.data, &mut self.shorthand, &mut self.counts)?;
                }
                Code::Marker => self.counts.markers += 1,
                Code::Resize if !is_resize(&self.data) => return Err(FaultKind::Event),
                Code::Resize => {}
                Code::Exit => {
                    let status = std::str::from_utf8(&self.data).ok();
                    let status = status.and_then(|text| text.parse::<i32>().ok());
                    status.ok_or(FaultKind::Event)?;
                }
                Code::Message | Code::Input | Code::Other(_) => {}
            }
            if self.data.len() > LONG_LINE {
                self.data = Vec::new();
            }
        }
        Ok(())
    }
}

fn header_of(line: &[u8]) -> Result<Header, FaultKind> {
    let header = Header::of_line(line).ok_or(FaultKind::NoHeader)?;
    match json::has_doubled_keys(line) {
        true => Err(FaultKind::Doubled),
        false => Ok(header),
    }
}

/// Counts a message; gives how many bytes of output it promises.
fn message(
    data: &[u8],
    shorthand: &mut Shorthand,
    counts: &mut Counts,
) -> Result<Option<usize>, FaultKind> {
    if let Some(ordinary) = shorthand.parse_ordinary(data) {
        counts.messages += 1;
        counts.output_bytes += ordinary.length as u64;
        return Ok(Some(ordinary.length).filter(|length| *length > 0));
    }
    let text = std::str::from_utf8(data).map_err(|_| FaultKind::Event)?;
    let message = shorthand.parse(text).map_err(|_| FaultKind::Event)?;
    counts.message(&message);
    let promises = message.content == Payload::Next && message.length > 0;
    Ok(promises.then_some(message.length))
}

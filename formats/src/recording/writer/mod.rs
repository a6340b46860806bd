//! Writes a recording: events in, frames out, the tail at the end.
//!
//! Nothing here asks for the time or starts a thread: when to flush is the caller's to know, and [`Writer::unflushed`]
//! tells whether there is anything to.

mod frames;
mod options;
mod sealer;
mod unsigned;

use std::io::Write;
use std::time::Duration;

use self::frames::Frames;
pub(in crate::recording) use self::options::LONGEST_FRAME;
pub use self::options::{FRAME_TEXT, Options, SLOW_FRAME};
use self::sealer::Sealer;
pub use self::unsigned::Unsigned;
use super::error::Error;
use super::skippable::MAX_SNAPSHOT;
use super::trail::Trail;
use crate::asciicast::{Data, Encoder, Header};
use crate::manifest::{Counts, Manifest};
use crate::payload::Size;
use crate::sealed::Seal;
use crate::tee::{Content, TeedMessage};

/// A recording that is being written.
pub struct Writer<W> {
    frames: Frames<W>,
    encoder: Encoder,
    counts: Counts,
    /// The last message's text comes with the next `o` event; the two are not parted by a frame border.
    expects_output: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a recording with its header.
    ///
    /// # Errors
    /// The sink failed.
    pub fn new(sink: W, header: &Header, options: Options) -> Result<Self, Error> {
        Self::begin(sink, header, options, None)
    }

    /// Begins a recording that only those can read for whom the key of `seal` is wrapped.
    ///
    /// # Errors
    /// The sink failed.
    pub fn sealed(sink: W, header: &Header, options: Options, seal: Seal) -> Result<Self, Error> {
        Self::begin(sink, header, options, Some(Sealer::new(seal, header)))
    }

    fn begin(
        sink: W,
        header: &Header,
        options: Options,
        sealer: Option<Sealer>,
    ) -> Result<Self, Error> {
        let mut writer = Self {
            frames: Frames::new(sink, options, Trail::default(), sealer)?,
            encoder: Encoder::default(),
            counts: Counts::default(),
            expects_output: false,
        };
        writer.append(|encoder, out| {
            encoder.header(header, out);
            None
        })?;
        Ok(writer)
    }

    /// Goes on behind the last link of a plain recording, whose bytes are in the sink.
    pub(super) fn resume(
        sink: W,
        options: Options,
        trail: Trail,
        counts: Counts,
    ) -> Result<Self, Error> {
        let mut encoder = Encoder::default();
        encoder.advance_to(trail.last_us);
        Ok(Self {
            frames: Frames::new(sink, options, trail, None)?,
            encoder,
            counts,
            expects_output: false,
        })
    }

    /// Writes a line as it is: that of an event which comes at `at_us`, or the header. Counts nothing, and closes no
    /// frame, since what one line leaves out may stand in the one before.
    pub(super) fn line(&mut self, line: &[u8], at_us: Option<u64>) -> Result<(), Error> {
        self.append(|encoder, out| {
            out.extend_from_slice(line);
            out.push(b'\n');
            encoder.advance_to(at_us?);
            Some(encoder.last_us())
        })
    }

    /// Writes an event of any kind. Times are since the start; one before that of the event before counts as the same.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn event(&mut self, at: Duration, data: &Data) -> Result<(), Error> {
        match data {
            Data::Output(text) => return self.output(at, text),
            Data::Message(message) => return self.message(at, message),
            _ => {}
        }
        self.counts.event(data);
        self.timed(|encoder, out| encoder.event(at, data, out))
    }

    /// Writes an `o` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn output(&mut self, at: Duration, text: &str) -> Result<(), Error> {
        self.expects_output = false;
        self.counts.events += 1;
        self.timed(|encoder, out| encoder.output(at, text, out))
    }

    /// Writes an `f` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn message(&mut self, at: Duration, message: &TeedMessage) -> Result<(), Error> {
        self.expects_output = message.content == Content::Next && message.length > 0;
        self.counts.message(message);
        self.timed(|encoder, out| encoder.message(at, message, out))
    }

    /// Writes an `r` event.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn resize(&mut self, at: Duration, size: Size) -> Result<(), Error> {
        self.event(at, &Data::Resize(size))
    }

    /// Makes everything written so far readable from the sink, at the price of a slightly worse compression.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.frames.flush()
    }

    /// Closes the frame, if there is anything in it, so that everything written so far is linked into the chain.
    ///
    /// # Errors
    /// The sink failed; the recording is over.
    pub fn close_frame(&mut self) -> Result<(), Error> {
        self.frames.close()
    }

    /// Bytes of text that a crash would lose now.
    #[must_use]
    pub fn unflushed(&self) -> usize {
        self.frames.unflushed()
    }

    /// Whether no frame is open: the moment for a snapshot.
    #[must_use]
    pub fn is_at_border(&self) -> bool {
        self.frames.is_at_border()
    }

    /// Time of the last event, in whole microseconds.
    #[must_use]
    pub fn last_event(&self) -> Duration {
        Duration::from_micros(self.encoder.last_us())
    }

    /// Bytes of text so far.
    #[must_use]
    pub fn text_size(&self) -> u64 {
        self.frames.text()
    }

    /// Bytes handed to the sink so far.
    #[must_use]
    pub fn compressed_size(&self) -> u64 {
        self.frames.offset()
    }

    /// Bytes of the tables that follow the manifest, if the recording ended now.
    #[must_use]
    pub fn tables_size(&self) -> u64 {
        let trail = self.frames.trail();
        8 * trail.seek_table.len() as u64 + 24 * trail.frames()
    }

    /// The sink, to ask it something; whoever writes to it breaks the recording.
    pub fn sink_mut(&mut self) -> &mut W {
        self.frames.sink_mut()
    }

    /// Puts what the terminal shows by now, as text that brings an empty terminal there, before the next frame; closes
    /// the open frame for it. Of several snapshots before one frame the first one counts.
    ///
    /// # Errors
    /// The sink failed and the recording is over; or the text is too long, and nothing has happened.
    pub fn snapshot(&mut self, size: Size, text: &str) -> Result<(), Error> {
        if text.len() <= MAX_SNAPSHOT {
            self.close_frame()?;
        }
        self.late_snapshot(self.frames(), size, text)
    }

    /// As [`Self::snapshot`], of what the terminal showed before the data frame of this number, which may be long past. It
    /// is written before the next data frame. A frame has one snapshot; nothing happens when there is one already, or
    /// no such frame.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub fn late_snapshot(&mut self, frame: u64, size: Size, text: &str) -> Result<(), Error> {
        self.frames.snapshot(frame, size, text)
    }

    /// The number of the data frame that is open, or comes next, and how much text stands before it.
    #[must_use]
    pub fn border(&self) -> (u64, u64) {
        (self.frames(), self.frames.trail().text)
    }

    /// Data frames that are closed.
    pub(super) fn frames(&self) -> u64 {
        self.frames.trail().frames()
    }

    /// Writes all but the end of the recording, which tells what is to be signed. `manifest` brings what the caller
    /// knows; format, duration, counts, sizes and chain are set here.
    ///
    /// # Errors
    /// The sink failed.
    pub fn end(self, manifest: Manifest) -> Result<Unsigned<W>, Error> {
        let (sink, trail, encryption) = self.frames.end()?;
        let manifest = Manifest {
            encryption,
            ..manifest
        };
        Ok(Unsigned::new(sink, trail, self.counts, manifest))
    }

    /// Closes the recording at once. `sign` is given the exact bytes of the manifest and returns the signature over
    /// them, if there is one; where that may take time or fail, [`Writer::end`] leaves it to the caller.
    ///
    /// # Errors
    /// The sink failed.
    pub fn finish(
        self,
        manifest: Manifest,
        sign: impl FnOnce(&[u8]) -> Option<String>,
    ) -> Result<(W, Manifest), Error> {
        let unsigned = self.end(manifest)?;
        let signature = sign(unsigned.to_sign());
        unsigned.finish(signature)
    }

    fn timed(&mut self, write: impl FnOnce(&mut Encoder, &mut Vec<u8>)) -> Result<(), Error> {
        self.append(|encoder, out| {
            write(encoder, out);
            Some(encoder.last_us())
        })?;
        // Only a line later, when this one is in: a border is where the caller may look at it.
        if self.frames.is_full() && !self.expects_output {
            self.close_frame()?;
        }
        Ok(())
    }

    /// Appends a line, whose time `write` returns when it is that of an event.
    fn append(
        &mut self,
        write: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Option<u64>,
    ) -> Result<(), Error> {
        let encoder = &mut self.encoder;
        if self.frames.is_at_border() {
            encoder.begin_part();
        }
        self.frames.append(|out| write(encoder, out))
    }
}

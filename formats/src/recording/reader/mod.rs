//! Reads a recording from the front: whole lines out of a `.cast` or a `.cast.zst`, and how it ended.
//!
//! Nothing here trusts a size that the file states: the window, a skippable frame and a line each meet a limit before
//! memory is given to them.

mod decoder;
mod ending;
mod lines;
mod unsealer;

use std::io::{self, Read};

pub(super) use self::decoder::TextDecoder;
use self::decoder::{FRAME_HEADER, window_of};
pub use self::ending::{Damage, Ending};
use self::unsealer::Unsealer;
use super::envelope::ChunkHead;
use super::error::Error;
use super::input::Input;
use super::skippable::{
    Link, MAGIC, MAX_CONTENT, PREFIX, SEEK_TABLE_MAGIC, SEEKABLE_MAGIC, Signed, ZSTD_MAGIC,
    is_skippable, u32_at,
};
use crate::lines::{LineBuffer, MAX_LINE, is_whole};
use crate::manifest::Manifest;
use crate::sealed::{Cipher, Envelope, NoKey, Unlock};

/// A recording that is being read from the front.
pub struct Reader<R> {
    input: Input<R>,
    body: Body,
    buffer: LineBuffer,
    ending: Option<Ending>,
    seen: Seen,
    unsealer: Option<Unsealer>,
    /// Data frames that have begun.
    begun: usize,
}

/// A block of a zstd frame with its header and what may follow it, at most (RFC 8878, section 3.1.1.2.4).
const LONGEST_BLOCK: u64 = 128 * 1024 + 8;

/// A window beyond this is held by one reader at a time of those that take turns: `zstd -19` asks for 8 MiB, we for a frame.
const LARGE_WINDOW: u64 = 2 * 1024 * 1024;

enum Body {
    Plain,
    Zstd { decoder: TextDecoder, at: At },
}

/// Where in a zstd file.
enum At {
    Border,
    Data {
        start: u64,
    },
    /// In an opened chunk.
    Chunk {
        start: u64,
    },
    Skippable {
        start: u64,
        left: u64,
        content: Option<Vec<u8>>,
        is_seek_table: bool,
    },
}

/// What has come by that tells whose file it is and whether its end is there.
#[derive(Default)]
struct Seen {
    is_first_line: bool,
    is_ours: bool,
    signed: Option<Signed>,
    has_seek_table: bool,
    /// The last byte of what may be one.
    table_end: u8,
}

impl<R: Read> Reader<R> {
    /// Looks at the first bytes to tell text from zstd.
    ///
    /// # Errors
    /// The source cannot be read, is empty, or is neither.
    pub fn open(source: R) -> Result<Self, Error> {
        Self::open_with(source, &NoKey)
    }

    /// As [`Self::open`], also of a sealed recording.
    ///
    /// # Errors
    /// As [`Self::open`]; or it is sealed and `unlock` has no key for it.
    pub fn open_with(source: R, unlock: &dyn Unlock) -> Result<Self, Error> {
        Self::with_limit(source, MAX_LINE, unlock)
    }

    /// As [`Self::open_with`], with lines of up to `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::open_with`].
    pub fn with_limit(source: R, limit: usize, unlock: &dyn Unlock) -> Result<Self, Error> {
        let mut reader = Self {
            input: Input::new(source),
            body: Body::Plain,
            buffer: LineBuffer::new(limit),
            ending: None,
            seen: Seen::default(),
            unsealer: None,
            begun: 0,
        };
        reader.input.want(4)?;
        let start = reader.input.unread();
        if start.is_empty() {
            return Err(Error::Empty);
        }
        let is_zstd = match u32_at(start, 0) {
            Some(magic) => magic == ZSTD_MAGIC || is_skippable(magic),
            // A file cut within its first four bytes.
            None => ZSTD_MAGIC.to_le_bytes().starts_with(start),
        };
        if is_zstd {
            reader.body = Body::Zstd {
                decoder: TextDecoder::new()?,
                at: At::Border,
            };
            reader.unsealer = reader.unseal(unlock)?;
        } else if start
            .trim_ascii_start()
            .first()
            .is_some_and(|&byte| byte != b'{')
        {
            return Err(Error::NotARecording);
        }
        Ok(reader)
    }

    /// How the recording ended; `None` while lines may still come.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// The manifest and its signature, once they have come by; nothing is checked.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        self.seen.signed.as_ref()
    }

    /// Opens the envelope, where one stands at the front.
    fn unseal(&mut self, unlock: &dyn Unlock) -> Result<Option<Unsealer>, Error> {
        self.input.want(PREFIX)?;
        let length = match (
            u32_at(self.input.unread(), 0),
            u32_at(self.input.unread(), 4),
        ) {
            (Some(MAGIC), Some(length)) if length as usize <= MAX_CONTENT => length as usize,
            _ => return Ok(None),
        };
        self.input.want(PREFIX + length)?;
        let content = self.input.unread().get(PREFIX..PREFIX + length);
        let Some(envelope) = content.and_then(Envelope::parse) else {
            return Ok(None);
        };
        let key = unlock.unlock(&envelope).map_err(|why| Error::Locked {
            why,
            opening: Box::new(envelope.opening.clone()),
        })?;
        self.seen.is_ours = true;
        let cipher = Cipher::new(&key, &envelope.salt);
        Ok(Some(Unsealer::new(cipher, 0)))
    }

    /// The cipher of a sealed recording.
    pub(super) fn cipher(&self) -> Option<&Cipher> {
        Some(&self.unsealer.as_ref()?.cipher)
    }

    /// Goes on at the data frame of number `frame`, which begins at `offset`, where the source now stands.
    pub(super) fn restart(&mut self, offset: u64, frame: usize) -> Result<(), Error> {
        if let Some(unsealer) = &mut self.unsealer {
            // More frames than this, no file of ours has.
            let frame = u32::try_from(frame).unwrap_or(u32::MAX);
            *unsealer = Unsealer::new(unsealer.cipher.clone(), frame);
        }
        self.begun = frame;
        self.input.restart(offset);
        self.buffer.clear();
        self.ending = None;
        // Who was at the end comes there once more.
        self.seen.has_seek_table = false;
        if let Body::Zstd { decoder, at } = &mut self.body {
            decoder.restart_elsewhere()?;
            *at = At::Border;
        }
        Ok(())
    }

    /// Whether the file is the text itself.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.body, Body::Plain)
    }

    /// Bytes of text behind the last whole line.
    pub(super) fn unfinished(&self) -> usize {
        self.buffer.tail().len()
    }

    pub(super) fn source_mut(&mut self) -> &mut R {
        self.input.source_mut()
    }

    /// One step: some text into the line buffer, or further in the file, or the ending.
    fn step(&mut self) -> io::Result<()> {
        match &mut self.body {
            Body::Plain => {
                self.input.want(1)?;
                if self.input.unread().is_empty() {
                    let tail = self.buffer.tail();
                    self.ending = Some(if tail.is_empty() || is_whole(tail) {
                        Ending::Complete
                    } else {
                        Ending::Cut {
                            offset: self.input.offset(),
                        }
                    });
                } else {
                    let length = self.input.unread().len();
                    self.buffer.refill().extend_from_slice(self.input.unread());
                    self.input.consume(length);
                }
                Ok(())
            }
            Body::Zstd { at: At::Border, .. } => self.step_border(),
            Body::Zstd {
                at: At::Data { start },
                ..
            } => {
                let start = *start;
                self.step_data(start)
            }
            Body::Zstd {
                at: At::Chunk { start },
                ..
            } => {
                let start = *start;
                self.step_chunk(start);
                Ok(())
            }
            Body::Zstd {
                at: At::Skippable { .. },
                ..
            } => self.step_skippable(),
        }
    }

    fn step_border(&mut self) -> io::Result<()> {
        self.input.want(PREFIX.max(FRAME_HEADER))?;
        let offset = self.input.offset();
        let unread = self.input.unread();
        if unread.is_empty() {
            let has_tail = self.seen.has_seek_table
                && self.seen.signed.as_ref().is_some_and(|signed| {
                    self.unsealer.as_ref().is_none_or(|unsealer| {
                        Manifest::parse(&signed.manifest)
                            .is_ok_and(|manifest| unsealer.is_all(&manifest))
                    })
                });
            self.ending = Some(if has_tail || !self.seen.is_ours {
                Ending::Complete
            } else {
                Ending::Cut { offset }
            });
            return Ok(());
        }
        if self.seen.has_seek_table {
            self.damaged(offset, Damage::Trailing);
            return Ok(());
        }
        let next = match (u32_at(unread, 0), u32_at(unread, 4)) {
            (Some(ZSTD_MAGIC), _) if self.unsealer.is_some() => {
                self.damaged(offset, Damage::Unsealed);
                return Ok(());
            }
            (Some(ZSTD_MAGIC), _) => {
                self.begun += 1;
                if window_of(unread) > LARGE_WINDOW {
                    self.buffer.hold_turn();
                }
                At::Data { start: offset }
            }
            (Some(magic), Some(length)) if is_skippable(magic) => {
                let is_ours = magic == MAGIC && length as usize <= MAX_CONTENT;
                let content = is_ours.then(Vec::new);
                self.input.consume(PREFIX);
                At::Skippable {
                    start: offset,
                    left: length.into(),
                    content,
                    is_seek_table: magic == SEEK_TABLE_MAGIC,
                }
            }
            (Some(magic), _) if !is_skippable(magic) => {
                self.damaged(offset, Damage::Magic);
                return Ok(());
            }
            _ => {
                let offset = offset + unread.len() as u64;
                self.ending = Some(Ending::Cut { offset });
                return Ok(());
            }
        };
        self.go(next);
        Ok(())
    }

    fn step_data(&mut self, start: u64) -> io::Result<()> {
        self.input.want(1)?;
        let Body::Zstd { decoder, .. } = &mut self.body else {
            return Ok(());
        };
        let piece = decoder.decode(self.input.unread(), self.buffer.refill());
        self.input.consume(piece.read);
        match piece.is_end {
            Ok(true) => self.go(At::Border),
            Ok(false) if piece.is_idle && self.input.is_source_empty() => {
                self.ending = Some(Ending::Cut {
                    offset: self.input.offset(),
                });
            }
            Ok(false) => {}
            Err(error) => self.damaged(start, error.into()),
        }
        Ok(())
    }

    fn step_skippable(&mut self) -> io::Result<()> {
        self.input.want(1)?;
        let available = self.input.unread().len();
        let Body::Zstd {
            at:
                At::Skippable {
                    start,
                    left,
                    content,
                    is_seek_table,
                },
            ..
        } = &mut self.body
        else {
            return Ok(());
        };
        let taken = usize::try_from(*left).map_or(available, |left| left.min(available));
        *left -= taken as u64;
        let is_done = *left == 0;
        if let Some(content) = content {
            content.extend_from_slice(&self.input.unread()[..taken]);
        }
        if *is_seek_table && let Some(last) = self.input.unread()[..taken].last() {
            self.seen.table_end = *last;
        }
        if is_done {
            let (start, is_seek_table, content) = (*start, *is_seek_table, content.take());
            self.go(At::Border);
            if is_seek_table {
                // Where it was written in part it is no end.
                let [.., end] = SEEKABLE_MAGIC.to_le_bytes();
                self.seen.has_seek_table = self.seen.table_end == end;
            } else if let Some(content) = content {
                self.content(start, &content);
            }
        } else if taken == 0 {
            self.ending = Some(Ending::Cut {
                offset: self.input.offset(),
            });
        }
        self.input.consume(taken);
        Ok(())
    }

    /// Takes what one of our frames holds.
    fn content(&mut self, start: u64, content: &[u8]) {
        if let Some(unsealer) = &mut self.unsealer
            && let Some(head) = ChunkHead::parse(content)
        {
            self.begun += usize::from(unsealer.is_at_border());
            match unsealer.open(head, content) {
                Ok(()) => self.go(At::Chunk { start }),
                Err(cause) => self.damaged(start, cause),
            }
        } else if let Some(link) = Link::parse(content) {
            self.seen.is_ours = true;
            if let Body::Zstd { decoder, .. } = &mut self.body {
                decoder.link(&link);
            }
            if let Some(unsealer) = &mut self.unsealer
                && let Err(cause) = unsealer.link(&link)
            {
                self.damaged(start, cause);
            }
        } else if let Some(signed) = Signed::parse(content) {
            self.seen.is_ours = true;
            self.seen.signed = Some(signed);
        }
    }

    fn step_chunk(&mut self, start: u64) {
        let (Body::Zstd { decoder, .. }, Some(unsealer)) = (&mut self.body, &mut self.unsealer)
        else {
            return;
        };
        match unsealer.decode(decoder, self.buffer.refill()) {
            Ok(true) => {}
            Ok(false) => self.go(At::Border),
            Err(cause) => self.damaged(start, cause),
        }
    }

    fn go(&mut self, next: At) {
        if let Body::Zstd { at, .. } = &mut self.body {
            *at = next;
        }
    }

    /// Where a disk lost what was written, or never wrote what was reserved, there are zeros up to the end: such a file was
    /// cut, not damaged.
    fn forgive_zeros(&mut self) -> io::Result<()> {
        let behind = match &self.ending {
            // The block that does not decode may begin with what was written.
            Some(Ending::Damaged {
                cause: Damage::Frame(_),
                ..
            }) => LONGEST_BLOCK,
            // A magic number that was written in part.
            Some(Ending::Damaged { cause, .. }) if *cause != Damage::Trailing => 4,
            _ => return Ok(()),
        };
        if self.input.ends_in_zeros_behind(behind)? {
            let offset = self.input.length()?;
            self.ending = Some(Ending::Cut { offset });
        }
        Ok(())
    }

    /// The number of the data frame that the last line came from.
    pub(super) fn frame(&self) -> usize {
        self.begun.saturating_sub(1)
    }

    fn damaged(&mut self, offset: u64, cause: Damage) {
        self.ending = Some(Ending::Damaged { offset, cause });
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("offset", &self.input.offset())
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

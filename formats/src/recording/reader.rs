//! Reads a recording from the front: whole lines out of a `.cast` or a `.cast.zst`, and how it ended.
//!
//! Nothing here trusts a size that the file states: the window, a skippable frame and a line each meet a limit before
//! memory is given to them.

use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::Error;
use super::skippable::{
    Link, MAGIC, PREFIX, SEEK_TABLE_MAGIC, Signed, ZSTD_MAGIC, is_skippable, u32_at,
};
use crate::lines::{self, LineBuffer, LineSource, MAX_LINE, read_some};
use crate::manifest::MAX_MANIFEST;

/// Two to this power is the most a file may ask for; `zstd -d` has the same limit.
const WINDOW_LOG_MAX: u32 = 27;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;
/// A skippable frame beyond this is none of ours that matters here, and is passed over unread.
const MAX_CONTENT: usize = 2 * MAX_MANIFEST;

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All is there.
    Complete,
    /// The file stops in the middle, or before its manifest.
    Cut {
        /// The length of the file.
        offset: u64,
    },
    /// From here on the file is not what it was.
    Damaged {
        /// Where the frame begins that is wrong.
        offset: u64,
        /// What is wrong with it.
        cause: Damage,
    },
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Neither a data frame nor a skippable one.
    #[error("no zstd frame begins here")]
    Magic,
    /// It does not decode, or not to what its checksum says.
    #[error("the frame does not decode: {0}")]
    Frame(String),
    /// Something follows the seek table.
    #[error("bytes follow the end of the recording")]
    Trailing,
}

/// A recording that is being read from the front.
pub struct Reader<R> {
    source: R,
    input: Vec<u8>,
    /// Where the unread part of the input begins.
    input_at: usize,
    /// Where that is in the file.
    offset: u64,
    is_source_empty: bool,
    body: Body,
    buffer: LineBuffer,
    ending: Option<Ending>,
    seen: Seen,
}

enum Body {
    Plain,
    Zstd { decoder: Decoder<'static>, at: At },
}

/// Where in a zstd file.
enum At {
    Border,
    Data {
        start: u64,
    },
    Skippable {
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
}

impl<R: Read> Reader<R> {
    /// Looks at the first bytes to tell text from zstd.
    ///
    /// # Errors
    /// The source cannot be read, is empty, or is neither.
    pub fn open(source: R) -> Result<Self, Error> {
        Self::with_limit(source, MAX_LINE)
    }

    /// As [`Self::open`], with lines of up to `limit` bytes.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_limit(source: R, limit: usize) -> Result<Self, Error> {
        let mut reader = Self {
            source,
            input: Vec::new(),
            input_at: 0,
            offset: 0,
            is_source_empty: false,
            body: Body::Plain,
            buffer: LineBuffer::new(limit),
            ending: None,
            seen: Seen::default(),
        };
        reader.want(4)?;
        let start = reader.unread();
        if start.is_empty() {
            return Err(Error::Empty);
        }
        let is_zstd = match u32_at(start, 0) {
            Some(magic) => magic == ZSTD_MAGIC || is_skippable(magic),
            // A file cut within its first four bytes.
            None => ZSTD_MAGIC.to_le_bytes().starts_with(start),
        };
        if is_zstd {
            let mut decoder = Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            reader.body = Body::Zstd {
                decoder,
                at: At::Border,
            };
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

    /// Goes on at a frame that begins at `offset`, where the source now stands.
    pub(super) fn restart(&mut self, offset: u64) -> Result<(), Error> {
        self.input.clear();
        self.input_at = 0;
        self.offset = offset;
        self.is_source_empty = false;
        self.buffer.clear();
        self.ending = None;
        if let Body::Zstd { decoder, at } = &mut self.body {
            decoder.reinit()?;
            *at = At::Border;
        }
        Ok(())
    }

    pub(super) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    fn unread(&self) -> &[u8] {
        &self.input[self.input_at..]
    }

    /// Reads until `length` bytes are unread or the source is empty.
    fn want(&mut self, length: usize) -> io::Result<()> {
        while self.input.len() - self.input_at < length && !self.is_source_empty {
            self.input.drain(..self.input_at);
            self.input_at = 0;
            self.is_source_empty = read_some(&mut self.source, &mut self.input)? == 0;
        }
        Ok(())
    }

    fn consume(&mut self, length: usize) {
        self.input_at += length;
        self.offset += length as u64;
    }

    /// One step: some text into the line buffer, or further in the file, or the ending.
    fn step(&mut self) -> io::Result<()> {
        match &mut self.body {
            Body::Plain => {
                self.want(1)?;
                if self.unread().is_empty() {
                    let tail = self.buffer.tail();
                    self.ending = Some(if tail.is_empty() || lines::is_whole(tail) {
                        Ending::Complete
                    } else {
                        Ending::Cut {
                            offset: self.offset,
                        }
                    });
                } else {
                    let length = self.unread().len();
                    self.buffer
                        .refill()
                        .extend_from_slice(&self.input[self.input_at..]);
                    self.consume(length);
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
                at: At::Skippable { .. },
                ..
            } => self.step_skippable(),
        }
    }

    fn step_border(&mut self) -> io::Result<()> {
        self.want(PREFIX)?;
        let offset = self.offset;
        let unread = self.unread();
        if unread.is_empty() {
            let has_tail = self.seen.signed.is_some() && self.seen.has_seek_table;
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
            (Some(ZSTD_MAGIC), _) => At::Data { start: offset },
            (Some(magic), Some(length)) if is_skippable(magic) => {
                let is_ours = magic == MAGIC && length as usize <= MAX_CONTENT;
                let content = is_ours.then(Vec::new);
                self.consume(PREFIX);
                At::Skippable {
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
        self.want(1)?;
        let Body::Zstd { decoder, .. } = &mut self.body else {
            return Ok(());
        };
        let text = self.buffer.refill();
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(&self.input[self.input_at..]);
        let result = decoder.run(&mut input, &mut OutBuffer::around_pos(text, before));
        let (read, written) = (input.pos(), text.len() - before);
        self.consume(read);
        match result {
            Ok(0) => self.go(At::Border),
            Ok(_) if read == 0 && written == 0 && self.is_source_empty => {
                self.ending = Some(Ending::Cut {
                    offset: self.offset,
                });
            }
            Ok(_) => {}
            Err(error) => {
                self.damaged(start, Damage::Frame(error.to_string()));
            }
        }
        Ok(())
    }

    fn step_skippable(&mut self) -> io::Result<()> {
        self.want(1)?;
        let available = self.input.len() - self.input_at;
        let Body::Zstd {
            at:
                At::Skippable {
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
            content.extend_from_slice(&self.input[self.input_at..self.input_at + taken]);
        }
        if is_done {
            if *is_seek_table {
                self.seen.has_seek_table = true;
            } else if let Some(content) = content.take() {
                self.seen.is_ours |= Link::parse(&content).is_some();
                if let Some(signed) = Signed::parse(&content) {
                    self.seen.is_ours = true;
                    self.seen.signed = Some(signed);
                }
            }
            self.go(At::Border);
        } else if taken == 0 {
            self.ending = Some(Ending::Cut {
                offset: self.offset,
            });
        }
        self.consume(taken);
        Ok(())
    }

    fn go(&mut self, next: At) {
        if let Body::Zstd { at, .. } = &mut self.body {
            *at = next;
        }
    }

    fn damaged(&mut self, offset: u64, cause: Damage) {
        self.ending = Some(Ending::Damaged { offset, cause });
    }
}

impl<R: Read> LineSource for Reader<R> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        loop {
            if let Some(range) = self.buffer.take()? {
                if !self.seen.is_first_line {
                    // Only a recording of ours promises a manifest; a file cut before its first link shows it by its header.
                    self.seen.is_first_line = true;
                    let line = self.buffer.text(range.clone());
                    self.seen.is_ours |= memchr::memmem::find(line, b"\"ssm\":").is_some();
                }
                return Ok(Some(self.buffer.text(range)));
            }
            if self.ending.is_some() {
                if !lines::is_whole(self.buffer.tail()) {
                    return Ok(None);
                }
                let range = self.buffer.take_tail();
                return Ok(Some(self.buffer.text(range)));
            }
            self.step()?;
        }
    }
}

impl<R> std::fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("offset", &self.offset)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

//! Reads a recording from the front: whole lines out of a `.cast` or a `.cast.zst`, and how it ended.
//!
//! Nothing here trusts a size that the file states: the window, a skippable frame and a line each meet a limit before
//! memory is given to them.

use std::io::{self, Read};

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::envelope::ChunkHead;
use super::error::Error;
use super::input::Input;
use super::skippable::{
    Link, MAGIC, MAX_CONTENT, PREFIX, SEEK_TABLE_MAGIC, Signed, ZSTD_MAGIC, is_skippable, u32_at,
};
use crate::lines::{self, LineBuffer, LineSource, MAX_LINE};
use crate::manifest::Manifest;
use crate::sealed::{Cipher, Envelope, NoKey, Unlock};

/// Two to this power is the most a file may ask for; `zstd -d` has the same limit.
const WINDOW_LOG_MAX: u32 = 27;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;

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
    /// Sealed bytes that the recording's key does not open at this place.
    #[error("the chunk was not sealed here with the recording's key")]
    Chunk,
    /// Bytes that anybody can have put there.
    #[error("an encrypted recording has a frame that is not")]
    Unsealed,
}

/// A recording that is being read from the front.
pub struct Reader<R> {
    input: Input<R>,
    body: Body,
    buffer: LineBuffer,
    ending: Option<Ending>,
    seen: Seen,
    sealed: Option<Sealed>,
}

/// How a sealed recording is opened, chunk after chunk.
struct Sealed {
    cipher: Cipher,
    /// The data frame that the next chunk belongs to.
    frame: u32,
    /// Its number in it.
    chunk: u32,
    /// Chunks of this frame have come, and not its last one.
    is_open: bool,
    /// A link followed an open frame: the recording was cut there and closed later.
    is_unfinished: bool,
    /// The last chunk opened, and how much of it is decoded.
    plain: Vec<u8>,
    at: usize,
}

impl Sealed {
    /// Data frames opened so far, in whole or in part.
    fn frames(&self) -> u64 {
        u64::from(self.frame) + u64::from(self.is_open)
    }

    /// Whether all that the manifest counts was opened. Only a recording that was closed by somebody without its key may
    /// lack the end of a frame.
    fn is_all(&self, manifest: &Manifest) -> bool {
        manifest.sizes.frames == self.frames()
            && (manifest.recovered || !(self.is_open || self.is_unfinished))
    }
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
            sealed: None,
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
            let mut decoder = Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            reader.body = Body::Zstd {
                decoder,
                at: At::Border,
            };
            reader.sealed = reader.unseal(unlock)?;
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
    fn unseal(&mut self, unlock: &dyn Unlock) -> Result<Option<Sealed>, Error> {
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
        Ok(Some(Sealed {
            cipher: Cipher::new(&key, &envelope.salt),
            frame: 0,
            chunk: 0,
            is_open: false,
            is_unfinished: false,
            plain: Vec::new(),
            at: 0,
        }))
    }

    /// The cipher of a sealed recording.
    pub(super) fn cipher(&self) -> Option<&Cipher> {
        Some(&self.sealed.as_ref()?.cipher)
    }

    /// Goes on at the data frame of number `frame`, which begins at `offset`, where the source now stands.
    pub(super) fn restart(&mut self, offset: u64, frame: usize) -> Result<(), Error> {
        if let Some(sealed) = &mut self.sealed {
            // More frames than this, no file of ours has.
            sealed.frame = u32::try_from(frame).unwrap_or(u32::MAX);
            sealed.chunk = 0;
            sealed.is_open = false;
            sealed.is_unfinished = false;
            sealed.plain.clear();
            sealed.at = 0;
        }
        self.input.restart(offset);
        self.buffer.clear();
        self.ending = None;
        if let Body::Zstd { decoder, at } = &mut self.body {
            decoder.reinit()?;
            *at = At::Border;
        }
        Ok(())
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
                    self.ending = Some(if tail.is_empty() || lines::is_whole(tail) {
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
        self.input.want(PREFIX)?;
        let offset = self.input.offset();
        let unread = self.input.unread();
        if unread.is_empty() {
            let has_tail = self.seen.has_seek_table
                && self.seen.signed.as_ref().is_some_and(|signed| {
                    self.sealed.as_ref().is_none_or(|sealed| {
                        Manifest::parse(&signed.manifest)
                            .is_ok_and(|manifest| sealed.is_all(&manifest))
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
            (Some(ZSTD_MAGIC), _) if self.sealed.is_some() => {
                self.damaged(offset, Damage::Unsealed);
                return Ok(());
            }
            (Some(ZSTD_MAGIC), _) => At::Data { start: offset },
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
        let text = self.buffer.refill();
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(self.input.unread());
        let result = decoder.run(&mut input, &mut OutBuffer::around_pos(text, before));
        let (read, written) = (input.pos(), text.len() - before);
        self.input.consume(read);
        match result {
            Ok(0) => self.go(At::Border),
            Ok(_) if read == 0 && written == 0 && self.input.is_source_empty() => {
                self.ending = Some(Ending::Cut {
                    offset: self.input.offset(),
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
        if is_done {
            let (start, is_seek_table, content) = (*start, *is_seek_table, content.take());
            self.go(At::Border);
            if is_seek_table {
                self.seen.has_seek_table = true;
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
        if let Some(sealed) = &mut self.sealed
            && let Some(head) = ChunkHead::parse(content)
        {
            let place = (sealed.frame, sealed.chunk);
            let plain = head.open(place, content, &sealed.cipher);
            let Some(plain) = plain.filter(|_| !sealed.is_unfinished) else {
                self.damaged(start, Damage::Chunk);
                return;
            };
            sealed.plain = plain;
            sealed.at = 0;
            sealed.chunk += 1;
            sealed.is_open = !head.is_last;
            self.go(At::Chunk { start });
        } else if let Some(link) = Link::parse(content) {
            self.seen.is_ours = true;
            if let Some(sealed) = &mut self.sealed {
                sealed.is_unfinished |= sealed.is_open;
                if link.index + 1 != sealed.frames() {
                    self.damaged(start, Damage::Chunk);
                }
            }
        } else if let Some(signed) = Signed::parse(content) {
            self.seen.is_ours = true;
            self.seen.signed = Some(signed);
        }
    }

    fn step_chunk(&mut self, start: u64) {
        let (Body::Zstd { decoder, .. }, Some(sealed)) = (&mut self.body, &mut self.sealed) else {
            return;
        };
        let text = self.buffer.refill();
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(&sealed.plain[sealed.at..]);
        let result = decoder.run(&mut input, &mut OutBuffer::around_pos(text, before));
        sealed.at += input.pos();
        let is_idle = input.pos() == 0 && text.len() == before;
        let is_used_up = sealed.at == sealed.plain.len();
        match result {
            // The data frame and its last chunk end together.
            Ok(0) if is_used_up && !sealed.is_open => {
                sealed.frame += 1;
                sealed.chunk = 0;
                self.go(At::Border);
            }
            Ok(more) if more > 0 && !is_idle => {}
            Ok(more) if more > 0 && sealed.is_open => self.go(At::Border),
            Ok(_) => {
                let cause = Damage::Frame("it does not end with its last chunk".to_owned());
                self.damaged(start, cause);
            }
            Err(error) => self.damaged(start, Damage::Frame(error.to_string())),
        }
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
            .field("offset", &self.input.offset())
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

//! Whole lines out of a stream of bytes, within a limit.
//!
//! Nothing here knows what a line means, and no line is ever handed out in part.

use std::io::{self, Read};

/// The longest line taken unless the caller says otherwise, in bytes. An agent message gives a few KiB; other recorders
/// write a whole paste or screen in one event.
pub const MAX_LINE: usize = 16 * 1024 * 1024;

/// Something that hands out whole lines.
pub trait LineSource {
    /// The next line without its line end, `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read, or the line is longer than the limit; nothing more can be read then.
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error>;
}

impl<L: LineSource + ?Sized> LineSource for &mut L {
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error> {
        (**self).next_line()
    }
}

impl<L: LineSource + ?Sized> LineSource for Box<L> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error> {
        (**self).next_line()
    }
}

/// Why no line comes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Counted from 1.
    #[error("line {line} is longer than the limit of {limit} bytes")]
    TooLong {
        /// Its number.
        line: u64,
        /// The limit that was set.
        limit: usize,
    },
}

/// Holds text that is not yet handed out.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins.
    from: usize,
    /// No line end stands before this.
    searched: usize,
    lines: u64,
    limit: usize,
}

impl LineBuffer {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            from: 0,
            searched: 0,
            lines: 0,
            limit,
        }
    }

    /// Where the next line stands in [`Self::text`], when it is there as a whole.
    pub(crate) fn take(&mut self) -> Result<Option<std::ops::Range<usize>>, Error> {
        let too_long = Error::TooLong {
            line: self.lines + 1,
            limit: self.limit,
        };
        if let Some(found) = memchr::memchr(b'\n', &self.bytes[self.searched..]) {
            let range = self.from..self.searched + found;
            if range.len() > self.limit {
                return Err(too_long);
            }
            self.from = range.end + 1;
            self.searched = self.from;
            self.lines += 1;
            return Ok(Some(range));
        }
        self.searched = self.bytes.len();
        if self.bytes.len() - self.from > self.limit {
            return Err(too_long);
        }
        Ok(None)
    }

    /// Where all whole lines that are there stand, with the line ends between them and without the last one.
    pub(crate) fn take_all(&mut self) -> Result<Option<std::ops::Range<usize>>, Error> {
        let Some(found) = memchr::memrchr(b'\n', &self.bytes[self.searched..]) else {
            // No line end, or the line is too long.
            return self.take();
        };
        let range = self.from..self.searched + found;
        if range.len() > self.limit {
            // One of them may be too long.
            return self.take();
        }
        let text = &self.bytes[range.start..=range.end];
        self.lines += memchr::memchr_iter(b'\n', text).count() as u64;
        self.from = range.end + 1;
        self.searched = self.from;
        Ok(Some(range))
    }

    /// Moves what is left to the front and hands out the vector, to be appended to.
    pub(crate) fn refill(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.from);
        self.searched -= self.from;
        self.from = 0;
        &mut self.bytes
    }

    pub(crate) fn text(&self, range: std::ops::Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// What follows the last line end.
    pub(crate) fn tail(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    /// Hands out the tail as if a line end followed it.
    pub(crate) fn take_tail(&mut self) -> std::ops::Range<usize> {
        let range = self.from..self.bytes.len();
        self.from = range.end;
        self.searched = range.end;
        self.lines += 1;
        range
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.from = 0;
        self.searched = 0;
    }
}

/// A JSON text that is cut is never a JSON text: neither `[` nor `{` is closed before the last character. So a last
/// line without a line end is whole when it reads.
pub(crate) fn is_whole(tail: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(tail).is_ok()
}

/// Lines of plain text from any `Read`, in memory bounded by the limit. A last line that is cut is left out.
#[derive(Debug)]
pub struct PlainLines<R> {
    source: R,
    buffer: LineBuffer,
    ended: bool,
}

impl<R: Read> PlainLines<R> {
    /// Takes lines of up to [`MAX_LINE`] bytes.
    pub fn new(source: R) -> Self {
        Self::with_limit(source, MAX_LINE)
    }

    /// Takes lines of up to `limit` bytes.
    pub fn with_limit(source: R, limit: usize) -> Self {
        Self {
            source,
            buffer: LineBuffer::new(limit),
            ended: false,
        }
    }
}

impl<R: Read> LineSource for PlainLines<R> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error> {
        loop {
            if let Some(range) = self.buffer.take()? {
                return Ok(Some(self.buffer.text(range)));
            }
            if self.ended {
                if !is_whole(self.buffer.tail()) {
                    return Ok(None);
                }
                let range = self.buffer.take_tail();
                return Ok(Some(self.buffer.text(range)));
            }
            self.ended = read_some(&mut self.source, self.buffer.refill())? == 0;
        }
    }
}

/// How much is asked of a source at once.
pub(crate) const CHUNK: usize = 128 * 1024;

/// Appends up to [`CHUNK`] bytes; 0 at the end.
pub(crate) fn read_some(source: &mut impl Read, into: &mut Vec<u8>) -> io::Result<usize> {
    let length = into.len();
    into.resize(length + CHUNK, 0);
    loop {
        match source.read(&mut into[length..]) {
            Ok(read) => {
                into.truncate(length + read);
                return Ok(read);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                into.truncate(length);
                return Err(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], limit: usize) -> Result<Vec<String>, Error> {
        let mut source = PlainLines::with_limit(text, limit);
        let mut lines = Vec::new();
        while let Some(line) = source.next_line()? {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        Ok(lines)
    }

    #[test]
    fn all_lines_at_hand_are_the_lines_one_by_one() {
        let text = b"{}\n\n[12345]\n[1]\n[12]\n[";
        for (limit, piece) in (3..30).flat_map(|limit| (1..30).map(move |piece| (limit, piece))) {
            let all =
                |take: fn(&mut LineBuffer) -> Result<Option<std::ops::Range<usize>>, Error>| {
                    let mut buffer = LineBuffer::new(limit);
                    let mut found = Vec::new();
                    for piece in text.chunks(piece) {
                        buffer.refill().extend_from_slice(piece);
                        loop {
                            match take(&mut buffer) {
                                Ok(None) => break,
                                Ok(Some(range)) => {
                                    found.extend_from_slice(buffer.text(range));
                                    found.push(b'\n');
                                }
                                Err(error) => return (found, Some(error.to_string())),
                            }
                        }
                    }
                    (found, None)
                };
            assert_eq!(
                all(LineBuffer::take_all),
                all(LineBuffer::take),
                "{limit} {piece}"
            );
        }
    }

    #[test]
    fn a_last_line_counts_when_it_is_whole() {
        assert_eq!(lines(b"{}\n[1]", 9).unwrap(), ["{}", "[1]"]);
        assert_eq!(lines(b"{}\n[1", 9).unwrap(), ["{}"]);
        assert_eq!(lines(b"", 9).unwrap(), [""; 0]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_named() {
        let error = lines(b"{}\n[123456789]\n", 4).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 is longer than the limit of 4 bytes"
        );
        let endless = io::repeat(b'x');
        assert!(PlainLines::with_limit(endless, 1000).next_line().is_err());
    }
}

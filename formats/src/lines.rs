//! Whole lines out of a stream of bytes, within a limit.
//!
//! Nothing here knows what a line means, and no line is ever handed out in part.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Condvar, Mutex, PoisonError};

/// The longest line taken unless the caller says otherwise, in bytes. An agent message gives a few KiB; other recorders
/// write a whole paste or screen in one event.
pub const MAX_LINE: usize = 16 * 1024 * 1024;
/// A line beyond this is handed over rather than copied, in bytes.
pub const LONG_LINE: usize = 256 * 1024;
/// The room that a long line is given at once. Only what is written to is memory, and this much is given back to the system
/// when it is let go: what grows bit by bit, or is somewhat smaller, an allocator keeps for itself.
const ROOM: usize = 2 * MAX_LINE + LONG_LINE;

/// Something that hands out whole lines.
pub trait LineSource {
    /// The next line without its line end, `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read, or the line is longer than the limit; nothing more can be read then.
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error>;

    /// The line that came last, handed over: nothing of it is held here any more. Empty when none came, or it was taken.
    fn take_line(&mut self) -> Vec<u8>;
}

impl<L: LineSource + ?Sized> LineSource for &mut L {
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error> {
        (**self).next_line()
    }

    fn take_line(&mut self) -> Vec<u8> {
        (**self).take_line()
    }
}

impl<L: LineSource + ?Sized> LineSource for Box<L> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, Error> {
        (**self).next_line()
    }

    fn take_line(&mut self) -> Vec<u8> {
        (**self).take_line()
    }
}

/// Turns that several readers take at what needs much memory, lines longer than [`LONG_LINE`] and large windows, so that no
/// two of them hold such a thing at once.
#[derive(Debug, Default)]
pub struct Turns {
    is_taken: Mutex<bool>,
    freed: Condvar,
}

impl Turns {
    /// Nobody's turn.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            is_taken: Mutex::new(false),
            freed: Condvar::new(),
        }
    }

    /// Waits for a turn.
    pub fn take(&'static self) -> Turn {
        let is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(is_taken, |is_taken| *is_taken);
        *waited.unwrap_or_else(PoisonError::into_inner) = true;
        Turn(self)
    }
}

/// Somebody's turn, until it is dropped.
#[derive(Debug)]
pub struct Turn(&'static Turns);

impl Drop for Turn {
    fn drop(&mut self) {
        let is_taken = self.0.is_taken.lock();
        *is_taken.unwrap_or_else(PoisonError::into_inner) = false;
        self.0.freed.notify_one();
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
    /// Where the line stands that was handed out last.
    last: Range<usize>,
    lines: u64,
    limit: usize,
    turns: Option<&'static Turns>,
    turn: Option<Turn>,
    /// It is not over before this is.
    is_turn_held: bool,
}

impl LineBuffer {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            from: 0,
            searched: 0,
            last: 0..0,
            lines: 0,
            limit,
            turns: None,
            turn: None,
            is_turn_held: false,
        }
    }

    /// Waits for its turn before it holds a long line; the turn lasts until more text is needed.
    pub(crate) fn take_turns(&mut self, turns: &'static Turns) {
        self.turns = Some(turns);
    }

    /// Waits for a turn that lasts as long as this.
    pub(crate) fn hold_turn(&mut self) {
        self.is_turn_held = true;
        self.take_turn();
    }

    fn take_turn(&mut self) {
        self.turn = self.turn.take().or_else(|| self.turns.map(Turns::take));
    }

    /// Where the next line stands in [`Self::text`], when it is there as a whole.
    pub(crate) fn take(&mut self) -> Result<Option<Range<usize>>, Error> {
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
            self.last = range.clone();
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
    pub(crate) fn take_all(&mut self) -> Result<Option<Range<usize>>, Error> {
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
        self.last = range.clone();
        Ok(Some(range))
    }

    /// Moves what is left to the front and hands out the vector, to be appended to.
    pub(crate) fn refill(&mut self) -> &mut Vec<u8> {
        self.bytes.drain(..self.from);
        self.searched -= self.from;
        self.from = 0;
        self.last = 0..0;
        let has_room = self.bytes.capacity() >= ROOM;
        match self.bytes.len() > LONG_LINE {
            true if has_room => {}
            true => {
                self.take_turn();
                self.bytes.reserve_exact(ROOM - self.bytes.len());
            }
            false => {
                self.turn = self.turn.take().filter(|_| self.is_turn_held);
                // What a long line took is not kept for the next one.
                if has_room {
                    self.bytes = self.bytes.to_vec();
                }
            }
        }
        &mut self.bytes
    }

    /// Hands over the line that was handed out last.
    pub(crate) fn take_last(&mut self) -> Vec<u8> {
        let last = std::mem::take(&mut self.last);
        if last.len() <= LONG_LINE {
            return self.bytes[last].to_vec();
        }
        let rest = self.bytes[self.from..].to_vec();
        let mut line = std::mem::replace(&mut self.bytes, rest);
        line.truncate(last.end);
        line.drain(..last.start);
        self.searched -= self.from;
        self.from = 0;
        line
    }

    pub(crate) fn text(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// What follows the last line end.
    pub(crate) fn tail(&self) -> &[u8] {
        &self.bytes[self.from..]
    }

    /// Hands out the tail as if a line end followed it.
    pub(crate) fn take_tail(&mut self) -> Range<usize> {
        let range = self.from..self.bytes.len();
        self.from = range.end;
        self.searched = range.end;
        self.last = range.clone();
        self.lines += 1;
        range
    }

    pub(crate) fn clear(&mut self) {
        self.last = 0..0;
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

    fn take_line(&mut self) -> Vec<u8> {
        self.buffer.take_last()
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
            let all = |take: fn(&mut LineBuffer) -> Result<Option<Range<usize>>, Error>| {
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
    fn a_line_that_is_taken_is_held_no_longer_and_those_behind_it_come_all_the_same() {
        let long = "x".repeat(3 * LONG_LINE);
        for text in [
            format!("{long}\nb\n{long}\n\nc\n"),
            format!("a\n{long}\nb\n{long}\n[1]"),
        ] {
            let mut source = PlainLines::new(text.as_bytes());
            let mut expected = text.lines();
            while let Some(line) = source.next_line().unwrap() {
                assert!(line == expected.next().unwrap().as_bytes());
                let line = line.to_vec();
                assert!(source.take_line() == line);
                assert!(source.take_line().is_empty());
                assert!(source.buffer.bytes.capacity() < ROOM);
            }
            assert_eq!(expected.next(), None);
        }
    }

    #[test]
    fn a_long_line_that_is_not_taken_leaves_no_room_behind() {
        let text = format!("{}\n{}", "x".repeat(9 * LONG_LINE), "y\n".repeat(LONG_LINE));
        let mut source = PlainLines::new(text.as_bytes());
        for _ in 0..LONG_LINE {
            source.next_line().unwrap().unwrap();
        }
        assert!(source.buffer.bytes.capacity() < ROOM);
    }

    #[test]
    fn of_several_readers_one_at_a_time_holds_a_long_line() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static TURNS: Turns = Turns::new();
        static HOLDING: AtomicUsize = AtomicUsize::new(0);
        let text = format!("a\n{}\nb\n", "x".repeat(2 * LONG_LINE)).repeat(20);
        let read = || {
            let mut source = PlainLines::new(text.as_bytes());
            source.buffer.take_turns(&TURNS);
            let mut lines = 0;
            while let Some(line) = source.next_line().unwrap() {
                lines += 1;
                if line.len() > LONG_LINE {
                    assert_eq!(HOLDING.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    HOLDING.fetch_sub(1, Ordering::SeqCst);
                }
            }
            assert_eq!(lines, 60);
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        });
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

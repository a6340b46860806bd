//! The lines of a recording, one by one or as many as are at hand.
//!
//! Nothing here decodes: the reader takes steps until there are some.

use std::io::Read;
use std::ops::Range;

use super::Reader;
use crate::lines::{self, LineBuffer, LineSource, Turns};

impl<R: Read> Reader<R> {
    /// Has it wait for its turn before it holds a long line; the turn lasts until the next one is asked for.
    pub fn take_turns(&mut self, turns: &'static Turns) {
        self.buffer.take_turns(turns);
    }

    /// As [`LineSource::next_line`], but all whole lines that are at hand, with the line ends between them: some hundred
    /// KiB, for who looks at many at once.
    ///
    /// # Errors
    /// As [`LineSource::next_line`].
    pub fn next_lines(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let range = self.next_range(LineBuffer::take_all)?;
        Ok(range.map(|range| self.buffer.text(range)))
    }

    fn next_range(
        &mut self,
        take: impl Fn(&mut LineBuffer) -> Result<Option<Range<usize>>, lines::Error>,
    ) -> Result<Option<Range<usize>>, lines::Error> {
        loop {
            if let Some(range) = take(&mut self.buffer)? {
                if !self.seen.is_first_line {
                    // Only a recording of ours promises a manifest; a file cut before its first link shows it by its header.
                    self.seen.is_first_line = true;
                    let text = self.buffer.text(range.clone());
                    let first = memchr::memchr(b'\n', text).unwrap_or(text.len());
                    self.seen.is_ours |=
                        memchr::memmem::find(&text[..first], b"\"ssm\":").is_some();
                }
                return Ok(Some(range));
            }
            if self.ending.is_some() {
                let is_whole = lines::is_whole(self.buffer.tail());
                return Ok(is_whole.then(|| self.buffer.take_tail()));
            }
            self.step()?;
            self.forgive_zeros()?;
        }
    }
}

impl<R: Read> LineSource for Reader<R> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let range = self.next_range(LineBuffer::take)?;
        Ok(range.map(|range| self.buffer.text(range)))
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.buffer.take_last()
    }
}

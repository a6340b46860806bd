//! The bytes of a source, as many as are wanted at once, and where in the file they stand.
//!
//! Nothing here holds more than was wanted and one read; what a frame's length may be is the caller's to know.

use std::io::{self, Read};

use crate::lines::read_some;

/// A source that is read from the front.
pub(super) struct Input<R> {
    source: R,
    bytes: Vec<u8>,
    /// Where the unread part of the bytes begins.
    at: usize,
    /// Where that is in the file.
    offset: u64,
    is_source_empty: bool,
}

impl<R> Input<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            bytes: Vec::new(),
            at: 0,
            offset: 0,
            is_source_empty: false,
        }
    }

    /// What was read and not consumed.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Where the unread part begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing will come behind the unread part.
    pub(super) fn is_source_empty(&self) -> bool {
        self.is_source_empty
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.at += length;
        self.offset += length as u64;
    }

    /// To move the source; tell it with [`Self::restart`].
    pub(super) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Forgets what was read: the source stands at `offset` now.
    pub(super) fn restart(&mut self, offset: u64) {
        self.bytes.clear();
        self.at = 0;
        self.offset = offset;
        self.is_source_empty = false;
    }
}

impl<R: Read> Input<R> {
    /// Whether the file ends in zeros, and nothing else stands behind the next `length` bytes. Reads to the end.
    pub(super) fn ends_in_zeros_behind(&mut self, length: u64) -> io::Result<bool> {
        let mut skipped = 0;
        let mut last = 1;
        loop {
            self.want(1)?;
            let unread = self.unread();
            let Some(&end) = unread.last() else {
                return Ok(last == 0);
            };
            last = end;
            let count = unread.len();
            let skip = usize::try_from(length - skipped).map_or(count, |left| left.min(count));
            if unread[skip..].iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            skipped += skip as u64;
            self.consume(count);
        }
    }

    /// Reads to the end, which tells how long the file is.
    pub(super) fn length(&mut self) -> io::Result<u64> {
        loop {
            self.want(1)?;
            let count = self.unread().len();
            if count == 0 {
                return Ok(self.offset());
            }
            self.consume(count);
        }
    }

    /// Reads until `length` bytes are unread or the source is empty.
    pub(super) fn want(&mut self, length: usize) -> io::Result<()> {
        while self.unread().len() < length && !self.is_source_empty {
            self.bytes.drain(..self.at);
            self.at = 0;
            self.is_source_empty = read_some(&mut self.source, &mut self.bytes)? == 0;
        }
        Ok(())
    }
}

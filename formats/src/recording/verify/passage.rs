//! Passes over the frames of a recording, hashing what no link has covered yet.
//!
//! Nothing here knows what a frame says: a data frame is passed over by the headers of its blocks.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::content::Content;
use crate::recording::digest::Digest;
use crate::recording::input::Input;

/// A recording on its way past.
pub(super) struct Passage<R> {
    pub(super) input: Input<R>,
    /// Everything since the last link.
    hasher: Sha256,
    /// Where the last whole block or frame ends.
    pub(super) whole: u64,
    /// Takes what data frames hold, where that is to be looked into.
    pub(super) content: Option<Content>,
    /// What goes by is a data frame.
    is_data: bool,
    /// One of the frames since the last link can only be read with a dictionary.
    pub(super) needs_dictionary: bool,
}

/// How far a frame could be passed over.
pub(super) enum Passed {
    /// To its end.
    Whole,
    /// The file ends before.
    Cut,
    /// It is none.
    NoFrame,
}

impl<R: Read> Passage<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            input: Input::new(source),
            hasher: Sha256::new(),
            whole: 0,
            content: None,
            is_data: false,
            needs_dictionary: false,
        }
    }

    /// The digest of what went by since it was asked for before.
    pub(super) fn digest(&mut self) -> Digest {
        std::mem::take(&mut self.hasher).finalize().into()
    }

    /// Passes over a frame of known length; `false` when the file ends before.
    pub(super) fn frame(&mut self, length: u64) -> io::Result<bool> {
        let is_whole = self.pass(length)?;
        if is_whole {
            self.whole = self.input.offset();
        }
        Ok(is_whole)
    }

    /// Passes over a data frame by the headers of its blocks; the event before it came at `base_us`.
    pub(super) fn data_frame(&mut self, base_us: u64) -> io::Result<Passed> {
        if let Some(content) = &mut self.content {
            content.begin(base_us);
        }
        self.is_data = true;
        let passed = self.blocks();
        self.is_data = false;
        passed
    }

    fn blocks(&mut self) -> io::Result<Passed> {
        // RFC 8878, section 3.1.1.1: the descriptor tells how long the rest of the header is.
        self.input.want(5)?;
        let Some(&descriptor) = self.input.unread().get(4) else {
            return Ok(Passed::Cut);
        };
        let is_single = descriptor >> 5 & 1 == 1;
        let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let size = match descriptor >> 6 {
            0 => u64::from(is_single),
            power => 1 << power,
        };
        if dictionary > 0 {
            let from = 5 + usize::from(!is_single);
            self.input.want(from + 4)?;
            let id = self.input.unread().iter().skip(from);
            let id = id.take(usize::try_from(dictionary).unwrap_or(4));
            self.needs_dictionary |= id.into_iter().any(|byte| *byte != 0);
        }
        if !self.pass(5 + u64::from(!is_single) + dictionary + size)? {
            return Ok(Passed::Cut);
        }
        loop {
            self.input.want(3)?;
            let Some(&[low, middle, high]) = self.input.unread().first_chunk::<3>() else {
                return Ok(Passed::Cut);
            };
            let block = u32::from_le_bytes([low, middle, high, 0]);
            let (is_last, kind) = (block & 1 == 1, block >> 1 & 3);
            if kind == 3 {
                return Ok(Passed::NoFrame);
            }
            // A block of one repeated byte has one byte, whatever its size.
            let length = if kind == 1 { 1 } else { u64::from(block >> 3) };
            if !self.pass(3 + length)? {
                return Ok(Passed::Cut);
            }
            // Where a disk lost what was written there are zeros, which read as empty blocks without end.
            if block != 0 {
                self.whole = self.input.offset();
            }
            if is_last {
                break;
            }
        }
        let checksum = u64::from(descriptor >> 2 & 1) * 4;
        Ok(match self.frame(checksum)? {
            true => Passed::Whole,
            false => Passed::Cut,
        })
    }

    fn pass(&mut self, mut length: u64) -> io::Result<bool> {
        while length > 0 {
            self.input.want(1)?;
            let unread = self.input.unread();
            if unread.is_empty() {
                return Ok(false);
            }
            let taken =
                usize::try_from(length).map_or(unread.len(), |length| length.min(unread.len()));
            self.hasher.update(&unread[..taken]);
            if self.is_data
                && let Some(content) = &mut self.content
            {
                content.take(&unread[..taken]);
            }
            self.input.consume(taken);
            length -= taken as u64;
        }
        Ok(true)
    }
}

//! The text of a recording that cannot be read from anywhere, kept packed in memory.
//!
//! Nothing here knows what a line means. What is over the limit is not kept, and never something behind it.

use std::ops::Range;
use std::sync::Arc;

use formats::lines::{self, LONG_LINE, LineSource};

use super::Index;

/// What a piece costs besides its bytes.
const PIECE_COST: usize = size_of::<Packed>() + 32;

/// Bytes, packed where that makes them fewer.
#[derive(Clone, Debug)]
pub(in crate::player::source) struct Packed {
    bytes: Vec<u8>,
    length: usize,
    is_packed: bool,
}

impl Packed {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let packed = zstd::bulk::compress(bytes, 1)
            .ok()
            .filter(|packed| packed.len() < bytes.len())
            // It was given room for the worst.
            .map(|mut packed| {
                packed.shrink_to_fit();
                packed
            });
        Self {
            length: bytes.len(),
            is_packed: packed.is_some(),
            bytes: packed.unwrap_or_else(|| bytes.to_vec()),
        }
    }

    /// `None` where there is no memory for it.
    pub(super) fn unpack(&self) -> Option<Vec<u8>> {
        match self.is_packed {
            true => zstd::bulk::decompress(&self.bytes, self.length).ok(),
            false => Some(self.bytes.clone()),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.capacity()
    }
}

/// The text up to where it was read, or up to the limit.
#[derive(Debug)]
pub(super) struct Text {
    /// Each with its offset.
    pieces: Vec<(u64, Arc<Packed>)>,
    end: u64,
    bytes: usize,
    limit: usize,
    is_whole: bool,
}

impl Text {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            pieces: Vec::new(),
            end: 0,
            bytes: 0,
            limit,
            is_whole: true,
        }
    }

    pub(super) fn keeps(&self, offset: u64) -> bool {
        offset < self.end || (offset == self.end && self.is_whole && offset > 0)
    }

    /// Whether nothing was left out.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// There is nothing to be read here.
    pub(super) fn give_up(&mut self) {
        *self = Self {
            is_whole: false,
            ..Self::new(0)
        };
    }

    fn push(&mut self, packed: Packed) {
        let length = packed.length as u64;
        let cost = PIECE_COST + packed.size();
        self.is_whole &= self.bytes + cost <= self.limit;
        if self.is_whole {
            self.bytes += cost;
            self.pieces.push((self.end, Arc::new(packed)));
            self.end += length;
        }
    }

    fn piece(&self, offset: u64) -> Option<(u64, Arc<Packed>)> {
        if offset >= self.end {
            return None;
        }
        let behind = self.pieces.partition_point(|(at, _)| *at <= offset);
        self.pieces.get(behind.checked_sub(1)?).cloned()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Passes lines on, and keeps them.
pub(super) struct Keeping<'a, L> {
    lines: L,
    index: &'a Index,
    /// Lines that are not packed yet.
    unpacked: Vec<u8>,
    offset: u64,
    keeps: bool,
}

impl<'a, L> Keeping<'a, L> {
    pub(super) fn new(lines: L, index: &'a Index, keeps: bool) -> Self {
        if !keeps {
            index.lock().text.give_up();
        }
        Self {
            lines,
            index,
            unpacked: Vec::new(),
            offset: 0,
            keeps,
        }
    }

    pub(super) fn lines(&self) -> &L {
        &self.lines
    }

    /// Where the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Keeps nothing, nor what was kept.
    pub(super) fn give_up(&mut self) {
        self.keeps = false;
        self.unpacked = Vec::new();
        self.index.lock().text.give_up();
    }

    /// No more lines come.
    pub(super) fn pack(&mut self) {
        if !self.unpacked.is_empty() {
            let packed = Packed::new(&self.unpacked);
            self.unpacked.clear();
            let mut state = self.index.lock();
            state.text.push(packed);
            self.keeps = state.text.is_whole();
        }
    }
}

impl<L: LineSource> LineSource for Keeping<'_, L> {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        // The line that was handed out last is whole, and may end a piece.
        if self.unpacked.len() >= self.index.limits.piece {
            self.pack();
        }
        let line = self.lines.next_line()?;
        if let Some(line) = line {
            self.offset += line.len() as u64 + 1;
            if line.len() > LONG_LINE {
                // Nor is what follows kept, since there would be a gap.
                self.keeps = false;
                self.unpacked = Vec::new();
                self.index.lock().text.give_up();
            } else if self.keeps {
                self.unpacked.extend_from_slice(line);
                self.unpacked.push(b'\n');
            }
        }
        Ok(line)
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.lines.take_line()
    }
}

/// Reads lines of what was kept.
pub(in crate::player::source) struct Lines {
    index: Arc<Index>,
    /// Where the piece at hand ends.
    end: u64,
    piece: Vec<u8>,
    at: usize,
    last: Range<usize>,
}

impl Lines {
    /// From a line on that begins at an offset.
    pub(in crate::player::source) fn new(index: Arc<Index>, offset: u64) -> Self {
        let mut lines = Self {
            index,
            end: offset,
            piece: Vec::new(),
            at: 0,
            last: 0..0,
        };
        lines.unpack(offset);
        lines
    }

    fn unpack(&mut self, offset: u64) -> Option<()> {
        let (begin, packed) = self.index.lock().text.piece(offset)?;
        self.piece = packed.unpack()?;
        self.at = usize::try_from(offset - begin).ok()?;
        self.end = begin + self.piece.len() as u64;
        Some(())
    }

    fn line(&mut self) -> Option<Range<usize>> {
        if self.at >= self.piece.len() {
            self.unpack(self.end)?;
        }
        let rest = self.piece.get(self.at..)?;
        // Pieces are whole lines.
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let from = self.at;
        self.at += length + 1;
        Some(from..from + length)
    }
}

impl LineSource for Lines {
    fn next_line(&mut self) -> Result<Option<&[u8]>, lines::Error> {
        let line = self.line();
        self.last = line.clone().unwrap_or_default();
        Ok(line.map(|line| &self.piece[line]))
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.piece[std::mem::take(&mut self.last)].to_vec()
    }
}

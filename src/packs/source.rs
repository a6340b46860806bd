//! A file of a pack, read in pieces that its index vouches for.
//!
//! Nothing here hands out a byte that was not checked. Memory is a few pieces.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use formats::pack::{File, PIECE, of_piece};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use crate::store::ReadSeek;

/// So many pieces are kept: what one row group is in, and the end of the file.
const KEPT: usize = 8;

/// A file of a pack.
#[derive(Clone)]
pub(super) struct Source(Arc<Shared>);

struct Shared {
    length: u64,
    pieces: Vec<String>,
    reading: Mutex<Reading>,
}

struct Reading {
    object: Box<dyn ReadSeek>,
    /// Those that were read last, the newest at the end.
    kept: Vec<(u64, Bytes)>,
}

impl Source {
    pub(super) fn new(object: Box<dyn ReadSeek>, file: &File) -> Self {
        Self(Arc::new(Shared {
            length: file.bytes,
            pieces: file.pieces.clone(),
            reading: Mutex::new(Reading {
                object,
                kept: Vec::new(),
            }),
        }))
    }

    pub(super) fn length(&self) -> u64 {
        self.0.length
    }

    /// The bytes of this range.
    pub(super) fn range(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.start > range.end || range.end > self.0.length {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "it is shorter"));
        }
        let numbers = range.start / PIECE as u64..range.end.div_ceil(PIECE as u64);
        let reading = &mut *self
            .0
            .reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pieces = reading.pieces(&self.0, numbers.clone())?;
        let mut parts = numbers.zip(pieces).map(|(number, piece)| {
            let start = number * PIECE as u64;
            let from = range.start.saturating_sub(start).min(piece.len() as u64);
            let to = (range.end - start).min(piece.len() as u64);
            piece.slice(from as usize..to as usize)
        });
        let first = parts.next().unwrap_or_default();
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return Ok(first);
        }
        let mut whole = BytesMut::from(&first[..]);
        parts.for_each(|part| whole.extend_from_slice(&part));
        Ok(whole.freeze())
    }
}

impl Reading {
    /// Some pieces in a row, which are read at once as far as they are not kept.
    fn pieces(&mut self, shared: &Shared, numbers: Range<u64>) -> io::Result<Vec<Bytes>> {
        let is_kept = |kept: &[(u64, Bytes)], number| kept.iter().any(|(at, _)| *at == number);
        let mut missing = numbers.clone();
        while is_kept(&self.kept, missing.start) && !missing.is_empty() {
            missing.start += 1;
        }
        while !missing.is_empty() && is_kept(&self.kept, missing.end - 1) {
            missing.end -= 1;
        }
        let mut read = Bytes::new();
        if !missing.is_empty() {
            let start = missing.start * PIECE as u64;
            let end = (missing.end * PIECE as u64).min(shared.length);
            let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
            self.object.seek(SeekFrom::Start(start))?;
            self.object.read_exact(&mut bytes)?;
            read = bytes.into();
        }
        let mut pieces = Vec::new();
        for number in numbers.clone() {
            if !missing.contains(&number) {
                let kept = self.kept.iter().find(|(at, _)| *at == number);
                pieces.extend(kept.map(|(_, piece)| piece.clone()));
                continue;
            }
            let piece = read.split_to(read.len().min(PIECE));
            let told = usize::try_from(number)
                .ok()
                .and_then(|at| shared.pieces.get(at));
            if told != Some(&of_piece(&piece)) {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "it is not what its index tells of",
                ));
            }
            pieces.push(piece);
        }
        self.kept.retain(|(at, _)| !numbers.contains(at));
        self.kept.extend(numbers.zip(pieces.iter().cloned()));
        let over = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..over);
        Ok(pieces)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.length
    }
}

impl ChunkReader for Source {
    type T = From;

    fn get_read(&self, start: u64) -> Result<From, ParquetError> {
        Ok(From {
            source: self.clone(),
            at: start,
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        Ok(self.range(start..end)?)
    }
}

/// A file of a pack from a place on.
pub(super) struct From {
    source: Source,
    at: u64,
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end_of_piece = (self.at / PIECE as u64 + 1) * PIECE as u64;
        let end = (self.at + into.len() as u64)
            .min(end_of_piece)
            .min(self.source.length());
        let bytes = self.source.range(self.at.min(end)..end)?;
        into[..bytes.len()].copy_from_slice(&bytes);
        self.at = end;
        Ok(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::pack::Telling;
    use proptest::prelude::*;
    use std::io::Cursor;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_range_is_what_stands_there_whatever_was_read_before(
            ranges in proptest::collection::vec((0..12 * PIECE, 0..12 * PIECE), 1..12)
        ) {
            let bytes: Vec<u8> = (0..12 * PIECE - 7).map(|at| (at % 253) as u8).collect();
            let mut telling = Telling::default();
            telling.update(&bytes);
            let source = Source::new(Box::new(Cursor::new(bytes.clone())), &telling.finish(0));
            for (one, other) in ranges {
                let (from, to) = (one.min(other).min(bytes.len()), one.max(other).min(bytes.len()));
                let range = source.range(from as u64..to as u64).unwrap();
                prop_assert!(range == bytes[from..to]);
            }
            prop_assert!(source.range(0..bytes.len() as u64 + 1).is_err());
        }
    }
}

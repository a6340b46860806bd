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
    kept: Vec<(usize, Bytes)>,
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
        let (first, last) = (range.start / PIECE as u64, range.end.div_ceil(PIECE as u64));
        let mut whole = BytesMut::new();
        for number in first..last {
            let piece = self.piece(number)?;
            let start = number * PIECE as u64;
            let from = range.start.saturating_sub(start).min(piece.len() as u64);
            let to = (range.end - start).min(piece.len() as u64);
            let part = piece.slice(from as usize..to as usize);
            if last - first == 1 {
                return Ok(part);
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }

    fn piece(&self, number: u64) -> io::Result<Bytes> {
        let reading = &mut *self
            .0
            .reading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(number).map_err(io::Error::other)?;
        if let Some(place) = reading.kept.iter().position(|(kept, _)| *kept == at) {
            let kept = reading.kept.remove(place);
            let bytes = kept.1.clone();
            reading.kept.push(kept);
            return Ok(bytes);
        }
        let start = number * PIECE as u64;
        let length = (self.0.length - start).min(PIECE as u64);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        reading.object.seek(SeekFrom::Start(start))?;
        reading.object.read_exact(&mut bytes)?;
        if self.0.pieces.get(at) != Some(&of_piece(&bytes)) {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "it is not what its index tells of",
            ));
        }
        let bytes = Bytes::from(bytes);
        if reading.kept.len() == KEPT {
            reading.kept.remove(0);
        }
        reading.kept.push((at, bytes.clone()));
        Ok(bytes)
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

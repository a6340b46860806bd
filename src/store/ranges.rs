//! A reader over something far away that fetches only what is read, and a little ahead of it.
//!
//! Nothing here knows where the bytes come from. What was fetched before is taken from the cache, where there is one.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use bytes::Bytes;

use super::Error;
use super::cache::Pieces;

/// The first request, and every one after a jump. Holds the header of a recording, or its seek table, or a frame.
pub(super) const FIRST: u64 = 64 << 10;
/// A reader that goes straight on gets half as much again as it had so far each time, up to this.
const LARGEST: u64 = 4 << 20;
/// The second request of a reader that is known to go to the end.
const STRAIGHT: u64 = 1 << 20;
/// Pieces that are kept in memory: enough for a reader that goes between the seek table and two places.
const KEPT: usize = 4;

/// One state of something far away.
pub(super) trait Remote: Send + Sync + 'static {
    /// The bytes from `start` up to `end`, all of them. The caller waits.
    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Error>;
}

/// Something far away, as a file.
pub struct Ranged {
    remote: Arc<dyn Remote>,
    cached: Option<Arc<Pieces>>,
    length: u64,
    position: u64,
    /// The latest last.
    pieces: VecDeque<Piece>,
    ahead: Option<Ahead>,
    /// How much was read in one go so far.
    straight: u64,
    /// How much to ask for next, as long as reading goes straight on.
    stride: u64,
    /// Where the latest piece ended.
    front: u64,
}

struct Piece {
    start: u64,
    bytes: Bytes,
}

impl Piece {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn holds(&self, position: u64) -> bool {
        (self.start..self.end()).contains(&position)
    }
}

/// A piece on its way.
struct Ahead {
    start: u64,
    end: u64,
    arriving: Receiver<Result<Bytes, Error>>,
}

impl Ranged {
    /// A reader at the start of `length` bytes, of which the `first` are here already.
    pub(super) fn new(
        remote: Arc<dyn Remote>,
        first: Bytes,
        length: u64,
        cached: Option<Pieces>,
    ) -> Self {
        Self {
            remote,
            cached: cached.map(Arc::new),
            length,
            position: 0,
            front: first.len() as u64,
            pieces: VecDeque::from([Piece {
                start: 0,
                bytes: first,
            }]),
            ahead: None,
            straight: FIRST,
            stride: FIRST,
        }
    }

    /// The same for a reader that goes straight to the end.
    pub(super) fn straight(self) -> Self {
        Self {
            straight: STRAIGHT,
            stride: STRAIGHT,
            ..self
        }
    }

    /// Makes sure that the byte at `position` is in the last piece.
    fn fetch(&mut self, position: u64) -> Result<(), Error> {
        if let Some(at) = self.pieces.iter().position(|piece| piece.holds(position)) {
            if let Some(piece) = self.pieces.remove(at) {
                self.pieces.push_back(piece);
            }
            return Ok(());
        }
        let arrived = match self.ahead.take() {
            Some(ahead) if (ahead.start..ahead.end).contains(&position) => {
                let bytes = ahead.arriving.recv();
                Some((ahead.start, bytes.unwrap_or_else(|_| Err(ended_early()))?))
            }
            // A thread that was sent for something else keeps what it brings in the cache, if anywhere.
            _ => None,
        };
        let kept = || self.cached.as_ref()?.read(position);
        let (start, bytes) = match arrived.or_else(kept) {
            Some(found) => found,
            None => {
                let (start, end) = self.range(position);
                (
                    start,
                    fetch(&*self.remote, self.cached.as_deref(), start, end)?,
                )
            }
        };
        let piece = Piece { start, bytes };
        self.front = piece.end();
        self.pieces.push_back(piece);
        if self.pieces.len() > KEPT {
            self.pieces.pop_front();
        }
        Ok(())
    }

    /// What to ask for, to have the byte at `position`: nothing that the cache has.
    fn range(&mut self, position: u64) -> (u64, u64) {
        let (start, end) = if position == self.front {
            let end = (position + self.stride).min(self.length);
            self.straight += end - position;
            self.stride = (self.straight / 2).clamp(FIRST, LARGEST);
            (position, end)
        } else {
            self.straight = FIRST;
            self.stride = FIRST;
            // Readers come to the end step by step: a footer first, then the table before it.
            let start = position.min(self.length.saturating_sub(FIRST));
            (start, (position + FIRST).min(self.length))
        };
        let kept = self.cached.as_ref().and_then(|kept| kept.next(position));
        (start, kept.map_or(end, |kept| kept.min(end)))
    }

    /// Sends for what comes next, once half of the last piece is used.
    fn look_ahead(&mut self) {
        let Some(piece) = self.pieces.back() else {
            return;
        };
        let front = piece.end();
        let used = self.position.saturating_sub(piece.start);
        let known = |at| {
            self.pieces.iter().any(|piece| piece.holds(at))
                || self.cached.as_ref().is_some_and(|kept| kept.holds(at))
        };
        if self.ahead.is_some()
            || front != self.front
            || front >= self.length
            || used < piece.bytes.len() as u64 / 2
            || known(front)
        {
            return;
        }
        let (start, end) = self.range(front);
        let (done, arriving) = sync_channel(1);
        let remote = Arc::clone(&self.remote);
        let cached = self.cached.clone();
        let fetching = thread::Builder::new()
            .name("read ahead".to_owned())
            .spawn(move || {
                // A reader that has jumped elsewhere does not wait for it.
                let _ = done.send(fetch(&*remote, cached.as_deref(), start, end));
            });
        // Without a thread to spare, the reader waits when it comes there.
        if fetching.is_err() {
            return;
        }
        self.ahead = Some(Ahead {
            start,
            end,
            arriving,
        });
    }
}

impl Read for Ranged {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.length || buffer.is_empty() {
            return Ok(0);
        }
        self.fetch(self.position).map_err(io::Error::other)?;
        let Some(piece) = self.pieces.back() else {
            return Ok(0);
        };
        // `fetch` made sure that the position lies inside.
        let from = usize::try_from(self.position - piece.start).unwrap_or(usize::MAX);
        let length = buffer.len().min(piece.bytes.len().saturating_sub(from));
        buffer[..length].copy_from_slice(&piece.bytes[from..from + length]);
        self.position += length as u64;
        self.look_ahead();
        Ok(length)
    }
}

impl Seek for Ranged {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "a seek to before the first byte",
            )
        })?;
        Ok(self.position)
    }
}

fn fetch(
    remote: &dyn Remote,
    cached: Option<&Pieces>,
    start: u64,
    end: u64,
) -> Result<Bytes, Error> {
    let bytes = remote.fetch(start, end)?;
    if let Some(cached) = cached {
        cached.keep(start, &bytes);
    }
    Ok(bytes)
}

fn ended_early() -> Error {
    Error::Io {
        what: "read",
        place: "ahead".to_owned(),
        source: io::Error::other("its thread ended early"),
    }
}

//! A recording that comes once, from the front, and may still grow: what has come is kept, for seeking back.
//!
//! Nothing here reads further than it is asked to.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Queue;

/// A recording that still grows.
pub trait Live: Send {
    /// Puts what comes next into `buffer`, without waiting for it.
    ///
    /// # Errors
    /// It cannot be read.
    fn look(&mut self, buffer: &mut [u8]) -> io::Result<Look>;

    /// How long to wait before looking again.
    fn beat(&self) -> Duration;
}

/// What there was to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// So many bytes.
    Bytes(usize),
    /// Nothing more yet.
    NothingNew,
    /// Nothing more ever.
    Over,
}

/// What comes once.
pub(super) enum Once {
    Stream(Box<dyn Read + Send>),
    Live(Box<dyn Live>),
}

impl Once {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Look> {
        match self {
            Self::Stream(stream) => stream.read(buffer).map(|length| match length {
                0 => Look::Over,
                length => Look::Bytes(length),
            }),
            Self::Live(live) => live.look(buffer),
        }
    }

    fn beat(&self) -> Duration {
        match self {
            Self::Stream(_) => Duration::ZERO,
            Self::Live(live) => live.beat(),
        }
    }
}

/// A stream and what has already come of it.
pub(super) struct Spool {
    pub(super) source: Once,
    pub(super) kept: File,
    pub(super) length: u64,
    pub(super) queue: Arc<Queue>,
}

/// Reads a [`Spool`] from its beginning: first what is kept, then what is new.
pub(super) struct Replay {
    pub(super) spool: Arc<Mutex<Spool>>,
    pub(super) at: u64,
}

impl Read for Replay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut spool = self.spool.lock().unwrap_or_else(PoisonError::into_inner);
            if self.at < spool.length {
                spool.kept.seek(SeekFrom::Start(self.at))?;
                let read = spool.kept.read(buffer)?;
                self.at += read as u64;
                return Ok(read);
            }
            match spool.source.read(buffer)? {
                Look::Over => return Ok(0),
                Look::Bytes(read) => {
                    let at = spool.length;
                    spool.kept.seek(SeekFrom::Start(at))?;
                    spool.kept.write_all(&buffer[..read])?;
                    spool.length += read as u64;
                    self.at += read as u64;
                    return Ok(read);
                }
                Look::NothingNew => {
                    let (queue, beat) = (Arc::clone(&spool.queue), spool.source.beat());
                    drop(spool);
                    if queue.is_elsewhere_wanted(beat) {
                        return Err(io::Error::other("another place is asked for"));
                    }
                }
            }
        }
    }
}

//! The whole of a page as it comes, within a limit, and not less than what was promised.
//!
//! Nothing here asks again: what broke off in the middle stays broken.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};

use super::super::Error;
use super::super::worker::Worker;
use super::page;
use crate::aws::Answer;

/// A page that is read once from the front.
pub(super) struct Stream {
    worker: Arc<Worker>,
    rest: Rest,
    chunk: Bytes,
    place: String,
    limit: u64,
    left: u64,
    /// Promised and not here yet.
    missing: u64,
}

enum Rest {
    Coming(Box<Answer>),
    Ended,
    Broken,
}

impl Stream {
    pub(super) fn new(
        worker: Arc<Worker>,
        answer: Answer,
        place: String,
        limit: u64,
    ) -> Result<Self, Error> {
        let promised = answer.header("content-length");
        let missing = promised.and_then(|length| length.parse().ok()).unwrap_or(0);
        if missing > limit {
            return Err(Error::TooLong { place, limit });
        }
        Ok(Self {
            worker,
            rest: Rest::Coming(Box::new(answer)),
            chunk: Bytes::new(),
            place,
            limit,
            left: limit,
            missing,
        })
    }

    fn next_chunk(&mut self) -> Result<(), Error> {
        let broken = |reason| Error::Unavailable {
            what: "read",
            place: self.place.clone(),
            tries: 1,
            reason,
        };
        let mut answer = match std::mem::replace(&mut self.rest, Rest::Broken) {
            Rest::Coming(answer) => answer,
            Rest::Broken => return Err(broken("the answer broke off".to_owned())),
            Rest::Ended => {
                self.rest = Rest::Ended;
                return Ok(());
            }
        };
        let work = async move {
            let chunk = page::chunk(&mut answer).await;
            Ok((answer, chunk))
        };
        let (answer, chunk) = self.worker.wait(work, || {})?;
        match chunk.map_err(broken)? {
            None if self.missing > 0 => {
                let missing = self.missing;
                Err(broken(format!(
                    "the answer broke off, {missing} bytes are missing"
                )))
            }
            None => {
                self.rest = Rest::Ended;
                Ok(())
            }
            Some(chunk) => {
                let length = chunk.len() as u64;
                self.left = self
                    .left
                    .checked_sub(length)
                    .ok_or_else(|| Error::TooLong {
                        place: self.place.clone(),
                        limit: self.limit,
                    })?;
                self.missing = self.missing.saturating_sub(length);
                self.chunk = chunk;
                self.rest = Rest::Coming(answer);
                Ok(())
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.chunk.is_empty() && !matches!(self.rest, Rest::Ended) {
            self.next_chunk().map_err(io::Error::other)?;
        }
        let length = buffer.len().min(self.chunk.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

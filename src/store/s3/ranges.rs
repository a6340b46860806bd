//! A reader over one object that fetches only what is read, and a little ahead of it.
//!
//! Nothing is written to the disk, and no two states of an object are ever mixed: every request names the ETag of the
//! first answer.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};

use super::super::Error;
use super::attempt::{Failure, Kind, lively, persist};
use super::{Bucket, Worker, broken_off};

/// The first request, and every one after a jump. Holds the header of a recording, or its seek table, or a frame.
const FIRST: u64 = 64 << 10;
/// A reader that goes straight on gets twice as much each time, up to this.
const LARGEST: u64 = 4 << 20;
/// Pieces that are kept: enough for a reader that goes between the seek table and two places.
const KEPT: usize = 4;

/// An object in a bucket, as a file.
pub struct Ranged {
    object: Arc<Object>,
    worker: Arc<Worker>,
    length: u64,
    position: u64,
    /// The latest last.
    pieces: VecDeque<Piece>,
    ahead: Option<Ahead>,
    /// How much to ask for next, as long as reading goes straight on.
    stride: u64,
    /// Where the latest piece ended.
    front: u64,
}

/// What every request for the object needs.
struct Object {
    bucket: Arc<Bucket>,
    key: String,
    place: String,
    etag: Option<String>,
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
    pub(super) fn open(
        bucket: Arc<Bucket>,
        worker: Arc<Worker>,
        key: String,
    ) -> Result<Self, Error> {
        let place = bucket.place(&key);
        let object = Object {
            bucket,
            key,
            place,
            etag: None,
        };
        let (object, length, bytes) = worker.wait(object.begin(), || {})?;
        Ok(Self {
            object: Arc::new(object),
            worker,
            length,
            position: 0,
            front: bytes.len() as u64,
            pieces: VecDeque::from([Piece { start: 0, bytes }]),
            ahead: None,
            stride: 2 * FIRST,
        })
    }

    /// Makes sure that the byte at `position` is in the last piece.
    fn fetch(&mut self, position: u64) -> Result<(), Error> {
        if let Some(at) = self.pieces.iter().position(|piece| piece.holds(position)) {
            if let Some(piece) = self.pieces.remove(at) {
                self.pieces.push_back(piece);
            }
            return Ok(());
        }
        let (start, bytes) = match self.ahead.take() {
            Some(ahead) if (ahead.start..ahead.end).contains(&position) => {
                let bytes = ahead
                    .arriving
                    .recv()
                    .unwrap_or_else(|_| Err(broken_off()))?;
                (ahead.start, bytes)
            }
            _ => {
                let (start, end) = self.range(position);
                let object = Arc::clone(&self.object);
                let work = async move { object.range(start, end).await };
                (start, self.worker.wait(work, || {})?)
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

    /// What to ask for, to have the byte at `position`.
    fn range(&mut self, position: u64) -> (u64, u64) {
        if position == self.front {
            let end = (position + self.stride).min(self.length);
            self.stride = (2 * self.stride).min(LARGEST);
            return (position, end);
        }
        self.stride = 2 * FIRST;
        // Readers come to the end step by step: a footer first, then the table before it.
        let start = position.min(self.length.saturating_sub(FIRST));
        (start, (position + FIRST).min(self.length))
    }

    /// Sends for what comes next, once half of the last piece is used.
    fn look_ahead(&mut self) {
        let Some(piece) = self.pieces.back() else {
            return;
        };
        let front = piece.end();
        let used = self.position.saturating_sub(piece.start);
        let known = |at| self.pieces.iter().any(|piece| piece.holds(at));
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
        let object = Arc::clone(&self.object);
        self.worker.runtime().spawn(async move {
            // A reader that has jumped elsewhere does not wait for it.
            let _ = done.send(object.range(start, end).await);
        });
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

impl Object {
    /// The first request: it also tells how long the object is and which state of it this is.
    async fn begin(mut self) -> Result<(Self, u64, Bytes), Error> {
        match self.request(0, FIRST).await {
            Ok((first, bytes)) => {
                let length = match first.content_range().map(total) {
                    Some(Some(length)) => length,
                    // The whole of a short object, or a server that knows no ranges.
                    None if first.content_length() == Some(bytes.len().cast_signed() as i64) => {
                        bytes.len() as u64
                    }
                    _ => return Err(self.altered("the answer does not tell its length")),
                };
                self.etag = first.e_tag;
                Ok((self, length, bytes))
            }
            Err(failure) if failure.kind == Kind::OutOfRange => Ok((self, 0, Bytes::new())),
            Err(failure) => Err(failure.into_error("read", self.place)),
        }
    }

    async fn range(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        match self.request(start, end).await {
            Ok((_, bytes)) if bytes.len() as u64 == end - start => Ok(bytes),
            Ok((_, bytes)) => Err(self.altered(&format!(
                "{} bytes came where {} were asked for",
                bytes.len(),
                end - start
            ))),
            Err(failure) if matches!(failure.kind, Kind::Exists | Kind::OutOfRange) => {
                Err(self.altered("it changed while it was read"))
            }
            Err(failure) => Err(failure.into_error("read", self.place.clone())),
        }
    }

    /// Asks until all bytes are there; a body that breaks off is asked for again from where it broke.
    async fn request(&self, start: u64, end: u64) -> Result<(GetObjectOutput, Bytes), Failure> {
        let options = &self.bucket.options;
        let client = match self.bucket.client().await {
            Ok(client) => client,
            Err(error) => {
                return Err(Failure {
                    kind: Kind::Refused,
                    code: "no client".to_owned(),
                    ..Failure::passing(error.to_string(), false)
                });
            }
        };
        let have = std::sync::Mutex::new(BytesMut::new());
        let first = persist(options.patience, || async {
            let so_far = lock(&have).len() as u64;
            let call = client
                .get_object()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .range(format!("bytes={}-{}", start + so_far, end - 1))
                .set_if_match(self.etag.clone())
                .set_expected_bucket_owner(options.expected_owner.clone())
                .send();
            let mut answer = lively(options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
            .await?;
            // Without a first ETag there is nothing to hold the second half to.
            if self.etag.is_none() {
                lock(&have).clear();
            }
            let whole = answer.content_range().is_none();
            if whole && start > 0 {
                return Err(Failure {
                    kind: Kind::Refused,
                    code: "no range".to_owned(),
                    ..Failure::passing("the server does not send parts of an object", false)
                });
            }
            loop {
                let next = async {
                    let next = answer.body.try_next().await;
                    next.map_err(|error| Failure::passing(error.to_string(), false))
                };
                let Some(bytes) = lively(options.silence, None, next).await? else {
                    break;
                };
                let mut have = lock(&have);
                have.extend_from_slice(&bytes);
                if have.len() as u64 > end - start {
                    return Err(Failure {
                        kind: Kind::Refused,
                        code: "no range".to_owned(),
                        ..Failure::passing("the server sends more than was asked for", false)
                    });
                }
            }
            let expected = answer
                .content_range()
                .and_then(total)
                .map_or(end - start, |total| total.min(end) - start.min(total));
            let length = lock(&have).len() as u64;
            if !whole && length < expected {
                return Err(Failure::passing("the answer broke off", false));
            }
            Ok(answer)
        })
        .await?;
        let bytes = std::mem::take(&mut *lock(&have)).freeze();
        Ok((first, bytes))
    }

    fn altered(&self, reason: &str) -> Error {
        Error::Altered {
            place: self.place.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The number after the slash of `bytes 0-99/1234`.
fn total(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

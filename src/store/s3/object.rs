//! One object of a bucket, read in parts or as a whole.
//!
//! No two states of an object are ever mixed: every request names the ETag of the first answer.

use std::sync::Arc;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::{Bytes, BytesMut};

use super::super::Error;
use super::super::ranges::{FIRST, Ranged, Remote};
use super::super::worker::Worker;
use super::Bucket;
use super::attempt::{Failure, Kind, lively, persist};

/// Opens the object under `key`, the prefix included.
pub(super) fn open(bucket: Arc<Bucket>, worker: Arc<Worker>, key: String) -> Result<Ranged, Error> {
    let cache = bucket.cache.clone();
    let object = Object::new(bucket, key);
    let (object, first) = worker.wait(object.begin(FIRST), || {})?;
    let pieces = cache.zip(object.etag.as_deref()).and_then(|(cache, etag)| {
        let endpoint = object.bucket.options.endpoint_url.as_deref();
        cache.pieces(&[
            endpoint.unwrap_or_default(),
            &object.place,
            etag,
            first.version.as_deref().unwrap_or_default(),
            &first.length.to_string(),
        ])
    });
    let whole = Whole {
        object: Arc::new(object),
        worker,
    };
    Ok(Ranged::new(
        Arc::new(whole),
        first.bytes,
        first.length,
        pieces,
    ))
}

/// The bytes of an object, or of one version of it, refused when they are more than `limit`.
pub(super) async fn read(
    bucket: Arc<Bucket>,
    (key, version): (String, Option<String>),
    limit: u64,
) -> Result<Vec<u8>, Error> {
    let mut object = Object::new(bucket, key);
    object.version = version;
    let (object, first) = object.begin(limit.max(1)).await?;
    if first.length > limit {
        return Err(Error::TooLong {
            place: object.place,
            limit,
        });
    }
    Ok(first.bytes.into())
}

/// One state of an object, for a reader on another thread.
struct Whole {
    object: Arc<Object>,
    worker: Arc<Worker>,
}

impl Remote for Whole {
    fn fetch(&self, start: u64, end: u64) -> Result<Bytes, Error> {
        let object = Arc::clone(&self.object);
        let work = async move { object.range(start, end).await };
        self.worker.wait(work, || {})
    }
}

/// What every request for the object needs.
struct Object {
    bucket: Arc<Bucket>,
    key: String,
    place: String,
    /// The newest one, where none is named.
    version: Option<String>,
    etag: Option<String>,
}

/// What the first answer tells.
struct First {
    length: u64,
    version: Option<String>,
    bytes: Bytes,
}

impl Object {
    fn new(bucket: Arc<Bucket>, key: String) -> Self {
        Self {
            place: bucket.place(&key),
            bucket,
            key,
            version: None,
            etag: None,
        }
    }

    /// The first request, for up to `most` bytes: it also tells how long the object is and which state of it this is.
    async fn begin(mut self, most: u64) -> Result<(Self, First), Error> {
        match self.request(0, most).await {
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
                let first = First {
                    length,
                    version: first.version_id,
                    bytes,
                };
                Ok((self, first))
            }
            Err(failure) if failure.kind == Kind::OutOfRange => {
                let nothing = First {
                    length: 0,
                    version: None,
                    bytes: Bytes::new(),
                };
                Ok((self, nothing))
            }
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
            // Without a first ETag there is nothing to hold the second half to: it is asked for from its start.
            if self.etag.is_none() {
                lock(&have).clear();
            }
            let so_far = lock(&have).len() as u64;
            let call = client
                .get_object()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .set_version_id(self.version.clone())
                .range(format!("bytes={}-{}", start + so_far, end - 1))
                .set_if_match(self.etag.clone())
                .set_expected_bucket_owner(options.expected_owner.clone())
                .send();
            let mut answer = lively(options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
            .await?;
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
                self.bucket.tally.bytes(bytes.len());
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

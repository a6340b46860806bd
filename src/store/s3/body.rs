//! The body of an upload: bytes handed out in pieces, and a count of how many have left.
//!
//! Nothing here retries; every attempt gets a body of its own.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Small enough for a progress bar that moves on a slow line, large enough to cost nothing on a fast one.
const PIECE: usize = 64 << 10;

/// How far an upload has come, over all its parts and attempts.
#[derive(Debug, Default)]
pub(super) struct Meter(AtomicU64);

impl Meter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn take_back(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// What one attempt has sent. Takes its bytes back from the meter unless the attempt was kept.
#[derive(Debug)]
pub(super) struct Sent {
    bytes: AtomicU64,
    whole: AtomicBool,
    kept: AtomicBool,
    meter: Arc<Meter>,
}

impl Sent {
    /// The last byte has been handed to the connection: from here on the server may have acted on it.
    pub(super) fn whole(&self) -> bool {
        self.whole.load(Ordering::Acquire)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The server confirmed these bytes.
    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            self.meter.take_back(*self.bytes.get_mut());
        }
    }
}

/// A body over `bytes`, and the count of what has left.
pub(super) fn body(bytes: Bytes, meter: &Arc<Meter>) -> (ByteStream, Arc<Sent>) {
    let sent = Arc::new(Sent {
        bytes: AtomicU64::new(0),
        whole: AtomicBool::new(bytes.is_empty()),
        kept: AtomicBool::new(false),
        meter: Arc::clone(meter),
    });
    let pieces = Pieces {
        left: bytes,
        sent: Arc::clone(&sent),
    };
    (ByteStream::new(SdkBody::from_body_1_x(pieces)), sent)
}

struct Pieces {
    left: Bytes,
    sent: Arc<Sent>,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        self.sent.bytes.fetch_add(length as u64, Ordering::Relaxed);
        self.sent.meter.add(length as u64);
        if self.left.is_empty() {
            self.sent.whole.store(true, Ordering::Release);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failed_attempt_takes_its_bytes_back_and_a_kept_one_does_not() {
        let meter = Arc::new(Meter::default());
        let bytes = Bytes::from(vec![7; 3 * PIECE / 2]);
        let (mut stream, sent) = body(bytes.clone(), &meter);
        assert!(stream.next().await.is_some());
        assert_eq!((meter.bytes(), sent.whole()), (PIECE as u64, false));
        assert!(stream.next().await.is_some());
        assert_eq!((sent.bytes(), sent.whole()), (bytes.len() as u64, true));
        drop((stream, sent));
        assert_eq!(meter.bytes(), 0);

        let (stream, sent) = body(bytes.clone(), &meter);
        assert_eq!(stream.collect().await.unwrap().into_bytes(), bytes);
        sent.keep();
        drop(sent);
        assert_eq!(meter.bytes(), bytes.len() as u64);
    }
}

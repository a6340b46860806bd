//! One connection of a session: a websocket with its liveness, written and read without ever waiting for one to do
//! the other.
//!
//! Nothing here looks into a message, and no message is taken while there is no room for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use super::connection::describe;
use crate::session::channel::Channel;
use crate::words::time;

/// How long an answer to a ping is waited for, at least and at most.
const MIN_PATIENCE: Duration = Duration::from_secs(5);
const MAX_PATIENCE: Duration = Duration::from_secs(15);
/// How many messages are taken before what they call for is sent: many acknowledgements leave in one write, and a key
/// waits for a millisecond of work at most.
const BATCH: usize = 64;
/// The same in bytes, for messages much larger than an agent's.
const BATCH_BYTES: usize = 256 * 1024;

/// How many acknowledgements may wait for a peer that talks and does not read. Behind them nothing more is taken from it.
pub(super) const MAX_UNREAD: usize = 4096;

/// How long what is due may wait while the socket takes nothing.
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// What a websocket is to the driver.
pub trait Socket:
    Stream<Item = Result<Message, WebSocketError>> + Sink<Message, Error = WebSocketError> + Unpin
{
}

impl<T> Socket for T where
    T: Stream<Item = Result<Message, WebSocketError>>
        + Sink<Message, Error = WebSocketError>
        + Unpin
{
}

/// How a dead connection is told from a silent one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Liveness {
    /// After so long without a sign of life the other side is asked for one.
    ping_after: Duration,
    /// How long the answer is waited for.
    patience: Duration,
}

impl Liveness {
    /// Asks after `interval`, and waits as long again, within reason.
    pub(super) fn every(interval: Duration) -> Self {
        Self {
            ping_after: interval,
            patience: interval.clamp(MIN_PATIENCE, MAX_PATIENCE),
        }
    }
}

/// What was read at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    /// Set when the connection has ended behind these messages.
    pub(super) ended: Option<String>,
}

pub(super) struct Line<S> {
    socket: S,
    unflushed: bool,
    /// It took nothing more when it was last tried.
    is_full: bool,
    ping: bool,
    heard: Instant,
    pinged: Instant,
    liveness: Liveness,
    /// When the connection counts as dead, if nothing is heard before.
    dead_at: Instant,
    /// Whether messages are taken at all just now: while they are not, silence proves nothing.
    listening: bool,
}

impl<S: Socket> Line<S> {
    pub(super) fn new(socket: S, now: Instant, liveness: Liveness) -> Self {
        Self {
            socket,
            unflushed: false,
            is_full: false,
            ping: false,
            heard: now,
            pinged: now,
            liveness,
            dead_at: now + liveness.ping_after + liveness.patience,
            listening: true,
        }
    }

    pub(super) fn socket(&mut self) -> &mut S {
        &mut self.socket
    }

    /// Hands everything that is to be sent to the socket, as far as it takes it, and flushes once at the end.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        channel: &mut Channel,
        now: impl Fn() -> Instant,
    ) -> Poll<Result<(), String>> {
        let written = self.poll_write_all(cx, channel, now);
        self.is_full = written.is_pending();
        match ready!(written) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(describe(&error))),
        }
    }

    /// As [`Line::poll_write`], once and without waiting.
    pub(super) async fn write_now(
        &mut self,
        channel: &mut Channel,
        now: impl Fn() -> Instant,
    ) -> Result<(), String> {
        poll_fn(|cx| match self.poll_write(cx, channel, &now) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => Poll::Ready(Ok(())),
        })
        .await
    }

    fn poll_write_all(
        &mut self,
        cx: &mut Context<'_>,
        channel: &mut Channel,
        now: impl Fn() -> Instant,
    ) -> Poll<Result<(), WebSocketError>> {
        let mut socket = Pin::new(&mut self.socket);
        loop {
            ready!(socket.as_mut().poll_ready(cx))?;
            let message = if std::mem::take(&mut self.ping) {
                Message::Ping(Bytes::new())
            } else if let Some(message) = channel.poll_transmit(now()) {
                Message::Binary(message.encode())
            } else {
                break;
            };
            socket.as_mut().start_send(message)?;
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(socket.poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Takes what has come, as soon as there is room for it.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        has_room: bool,
        now: impl Fn() -> Instant,
    ) -> Poll<Batch> {
        if self.listening && !has_room {
            self.listening = false;
        }
        if !has_room {
            return Poll::Pending;
        }
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.messages.len() < BATCH && bytes < BATCH_BYTES {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    bytes += message.len();
                    batch.messages.push(message);
                }
                Poll::Ready(Some(Err(error))) => {
                    batch.ended = Some(describe(&error));
                    break;
                }
                Poll::Ready(None) => {
                    batch.ended = Some("the other side ended it".to_owned());
                    break;
                }
                Poll::Pending => break,
            }
        }
        if !self.listening || !batch.messages.is_empty() {
            self.listening = true;
            self.hear(now());
        }
        if batch.messages.is_empty() && batch.ended.is_none() {
            return Poll::Pending;
        }
        Poll::Ready(batch)
    }

    /// Asks for a sign of life at once, and waits for it no longer than need be.
    pub(super) fn doubt(&mut self, now: Instant) {
        self.pinged = now;
        self.ping = true;
        self.dead_at = self.dead_at.min(now + self.liveness.patience);
    }

    /// When to look again at what is due at `due`. What is to be sent waits for a socket that is full, and whoever asked at
    /// once again would never get to rest.
    pub(super) fn not_before(&self, now: Instant, due: Instant) -> Instant {
        match self.is_full {
            true => due.max(now + FULL_PAUSE),
            false => due,
        }
    }

    /// When to call [`Line::handle_timeout`].
    pub(super) fn poll_timeout(&self) -> Instant {
        let ping = self.heard.max(self.pinged) + self.liveness.ping_after;
        ping.min(self.dead_at)
    }

    /// Asks for a sign of life when it is time; an error when there was none for too long.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Result<(), String> {
        if !self.listening {
            self.hear(now);
        }
        if now >= self.dead_at {
            let silent = now.saturating_duration_since(self.heard);
            return Err(format!("no sign of life for {}", time::write(silent)));
        }
        if now >= self.heard.max(self.pinged) + self.liveness.ping_after {
            self.pinged = now;
            self.ping = true;
        }
        Ok(())
    }

    fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.dead_at = now + self.liveness.ping_after + self.liveness.patience;
    }
}

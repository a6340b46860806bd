//! The byte stream of a port session as its connections see it: many streams, or one after the other.
//!
//! Nothing here waits or touches a socket.

use bytes::Bytes;
use formats::smux::{self, StreamId};

use super::outgoing::Outgoing;
use super::plain::Plain;
use crate::session::port::mux::{Mux, Received};

/// The session's byte stream: multiplexed or not.
#[derive(Debug)]
pub(super) enum Wire {
    Mux(Mux),
    Plain(Plain),
}

impl Wire {
    pub(super) fn open_stream(&mut self) -> Option<StreamId> {
        match self {
            Self::Mux(mux) => mux.open_stream(),
            Self::Plain(plain) => plain.open_stream(),
        }
    }

    pub(super) fn send(&mut self, id: StreamId, data: Bytes) {
        match self {
            Self::Mux(mux) => mux.send(id, data),
            Self::Plain(plain) => plain.send(id, data),
        }
    }

    pub(super) fn has_queue_room(&self, id: StreamId) -> bool {
        match self {
            Self::Mux(mux) => mux.has_queue_room(id),
            Self::Plain(plain) => plain.has_queue_room(),
        }
    }

    pub(super) fn finish(&mut self, id: StreamId) {
        match self {
            Self::Mux(mux) => mux.finish(id),
            Self::Plain(plain) => plain.finish(id),
        }
    }

    pub(super) fn discard(&mut self, id: StreamId) {
        match self {
            Self::Mux(mux) => mux.discard(id),
            Self::Plain(plain) => plain.discard(id),
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Outgoing> {
        match self {
            Self::Mux(mux) => mux.poll_transmit().map(Outgoing::Bytes),
            Self::Plain(plain) => plain.poll_transmit(),
        }
    }

    pub(super) fn poll_readable(&mut self) -> Option<StreamId> {
        match self {
            Self::Mux(mux) => mux.poll_readable(),
            Self::Plain(plain) => plain.poll_readable(),
        }
    }

    pub(super) fn poll_writable(&mut self) -> Option<StreamId> {
        match self {
            Self::Mux(mux) => mux.poll_writable(),
            Self::Plain(plain) => plain.poll_writable(),
        }
    }

    pub(super) fn handle_data(&mut self, data: Bytes) -> Result<(), smux::Error> {
        match self {
            Self::Mux(mux) => mux.handle_data(data),
            Self::Plain(plain) => {
                plain.handle_data(data);
                Ok(())
            }
        }
    }

    pub(super) fn handle_end(&mut self) {
        match self {
            Self::Mux(mux) => mux.handle_end(),
            Self::Plain(plain) => plain.handle_end(),
        }
    }

    pub(super) fn receive(&mut self, id: StreamId, limit: usize) -> Received {
        match self {
            Self::Mux(mux) => mux.receive(id, limit),
            Self::Plain(plain) => plain.receive(id, limit),
        }
    }

    pub(super) fn has_received(&self, id: StreamId) -> bool {
        match self {
            Self::Mux(mux) => mux.has_received(id),
            Self::Plain(plain) => plain.has_received(),
        }
    }

    pub(super) fn has_waiting(&self, id: StreamId) -> bool {
        match self {
            Self::Mux(mux) => mux.has_waiting(id),
            Self::Plain(plain) => plain.has_waiting(),
        }
    }

    pub(super) fn is_remote_ended(&self, id: StreamId) -> bool {
        match self {
            Self::Mux(mux) => mux.is_remote_ended(id),
            Self::Plain(plain) => plain.is_remote_ended(id),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Mux(mux) => mux.has_room(),
            Self::Plain(plain) => plain.has_room(),
        }
    }
}

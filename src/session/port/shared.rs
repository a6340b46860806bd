//! What the connections of a port session and the data channel's driver share, and how they wake each other.
//!
//! Nothing here reads a socket or knows the protocol.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use formats::smux::{self, StreamId};
use tokio::sync::{Notify, watch};

use super::note::Note;
use super::wire::Wire;
use crate::session::port::mux::Received;

/// What one connection takes at once, in bytes.
const RECEIVE_AT_ONCE: usize = 32 * 1024;

/// What wakes the two directions of one connection.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Data or the end has come from the agent.
    pub(super) readable: Notify,
    /// The same, for the direction that waits for quiet.
    pub(super) activity: Notify,
    /// The queue towards the agent has room again.
    pub(super) writable: Notify,
}

/// What the connections and the data channel's driver share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Something is to be read, or the end has come. One task waits.
    pub(super) outgoing: Notify,
    /// Room has come. One task waits.
    pub(super) room: Notify,
    /// A note has come. One task waits.
    pub(super) noted: Notify,
    pub(super) closing: watch::Sender<bool>,
    pub(super) grace: Duration,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) wire: Wire,
    pub(super) connections: HashMap<StreamId, Arc<Signals>>,
    pub(super) opened: u64,
    pub(super) notes: VecDeque<Note>,
    /// Flags of refusal whose stream has not ended yet.
    pub(super) refusals: usize,
    /// Why the agent's bytes cannot be told apart any more.
    pub(super) failure: Option<smux::Error>,
}

/// What a connection takes from the agent.
pub(super) enum Taken {
    Data(Vec<Bytes>),
    End,
    Refused,
}

impl Shared {
    pub(super) fn new(wire: Wire, grace: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                wire,
                connections: HashMap::new(),
                opened: 0,
                notes: VecDeque::new(),
                refusals: 0,
                failure: None,
            }),
            outgoing: Notify::new(),
            room: Notify::new(),
            noted: Notify::new(),
            closing: watch::Sender::new(false),
            grace,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, note: Note) {
        self.lock().notes.push_back(note);
        self.noted.notify_one();
    }

    /// Waits until the session closes.
    pub(super) async fn closed(&self) {
        // The sender lives in here, so this ends for no other reason.
        let _ = self.closing.subscribe().wait_for(|closing| *closing).await;
    }

    /// Waits for the grace, which a closing session does not give.
    pub(super) async fn grace(&self) {
        tokio::select! {
            () = tokio::time::sleep(self.grace) => {}
            () = self.closed() => {}
        }
    }

    pub(super) fn keep_alive(&self, always: bool) {
        let mut state = self.lock();
        if let Wire::Mux(mux) = &mut state.wire
            && (mux.take_agent_keeps_alive() || always)
        {
            mux.keep_alive();
            drop(state);
            self.outgoing.notify_one();
        }
    }

    /// Waits until the stream's queue is short enough to read more from its local end.
    pub(super) async fn queue_room(&self, id: StreamId, signals: &Signals) {
        while !self.lock().wire.has_queue_room(id) {
            signals.writable.notified().await;
        }
    }

    pub(super) fn send(&self, id: StreamId, bytes: Bytes) {
        self.lock().wire.send(id, bytes);
        self.outgoing.notify_one();
    }

    pub(super) fn finish(&self, id: StreamId) {
        let mut state = self.lock();
        state.wire.finish(id);
        // Without multiplexing this ends the other direction too.
        if let Some(signals) = state.connections.get(&id) {
            signals.readable.notify_one();
        }
        drop(state);
        self.outgoing.notify_one();
    }

    pub(super) fn discard(&self, id: StreamId) {
        let mut state = self.lock();
        state.wire.discard(id);
        drop(state);
        self.room.notify_one();
    }

    /// The next data or the end of a stream.
    pub(super) async fn take(&self, id: StreamId, signals: &Signals) -> Taken {
        loop {
            {
                let mut state = self.lock();
                let is_silent = !state.wire.has_received(id);
                match state.wire.receive(id, RECEIVE_AT_ONCE) {
                    Received::Data(pieces) => {
                        drop(state);
                        self.room.notify_one();
                        return Taken::Data(pieces);
                    }
                    // A stream that ends without a byte after a flag of refusal is the one that it was about.
                    Received::End if is_silent && state.refusals > 0 => {
                        state.refusals -= 1;
                        return Taken::Refused;
                    }
                    Received::End => return Taken::End,
                    Received::Nothing => {}
                }
            }
            signals.readable.notified().await;
        }
    }

    pub(super) fn has_waiting(&self, id: StreamId) -> bool {
        self.lock().wire.has_waiting(id)
    }

    pub(super) fn is_remote_ended(&self, id: StreamId) -> bool {
        self.lock().wire.is_remote_ended(id)
    }

    /// Forgets a connection that is over.
    pub(super) fn close(&self, id: StreamId) {
        let mut state = self.lock();
        state.wire.discard(id);
        state.connections.remove(&id);
        if state.connections.is_empty() {
            state.refusals = 0;
        }
    }
}

impl State {
    /// Wakes the connections that have news.
    pub(super) fn wake(&mut self) {
        while let Some(id) = self.wire.poll_readable() {
            if let Some(signals) = self.connections.get(&id) {
                signals.readable.notify_one();
                signals.activity.notify_one();
            }
        }
        while let Some(id) = self.wire.poll_writable() {
            if let Some(signals) = self.connections.get(&id) {
                signals.writable.notify_one();
            }
        }
    }
}

//! A port session without multiplexing: the session is one connection's byte stream, and then the next one's.
//!
//! Nothing here touches a socket or asks for the time.
//!
//! Agents up to 3.0.196.0 speak this. The agent has its connection to the port from the start; after flag 1 it makes the next one when the first byte for it comes
//! (agent/session/plugins/port/port_basic.go).

use std::collections::VecDeque;

use bytes::Bytes;
use formats::payload::Flag;
use formats::smux::StreamId;

use super::outgoing::Outgoing;
use crate::session::port::mux::{RECEIVE_LIMIT, Received, STREAM_QUEUE};

/// The machine.
#[derive(Debug)]
pub(super) struct Plain {
    current: Option<StreamId>,
    opened: u32,
    finished: bool,
    outgoing: VecDeque<Outgoing>,
    queued: usize,
    incoming: VecDeque<Bytes>,
    waiting: usize,
    discarding: bool,
    remote_ended: bool,
    end_told: bool,
    /// Whether what comes now belongs to the current connection (or to the first, which is still to come). After the end
    /// of one, what comes is left over from it until the next has spoken.
    expecting: bool,
    was_full: bool,
    has_news: bool,
    has_received: bool,
}

impl Plain {
    pub(super) fn new() -> Self {
        Self {
            current: None,
            opened: 0,
            finished: false,
            outgoing: VecDeque::new(),
            queued: 0,
            incoming: VecDeque::new(),
            waiting: 0,
            discarding: false,
            remote_ended: false,
            end_told: false,
            expecting: true,
            was_full: false,
            has_news: false,
            has_received: false,
        }
    }

    /// `None` while another connection is open.
    pub(super) fn open_stream(&mut self) -> Option<StreamId> {
        if self.current.is_some() {
            return None;
        }
        self.opened += 1;
        let id = StreamId(self.opened);
        self.current = Some(id);
        self.finished = false;
        self.discarding = false;
        self.end_told = false;
        if self.opened > 1 {
            self.remote_ended = false;
            self.has_received = false;
        }
        Some(id)
    }

    pub(super) fn send(&mut self, id: StreamId, data: Bytes) {
        if self.current == Some(id) && !self.finished && !data.is_empty() {
            self.expecting = true;
            self.queued += data.len();
            self.was_full |= self.queued >= STREAM_QUEUE;
            self.outgoing.push_back(Outgoing::Bytes(data));
        }
    }

    pub(super) fn has_queue_room(&self) -> bool {
        self.queued < STREAM_QUEUE
    }

    /// There is no half-close here: the flag closes both directions at the agent.
    pub(super) fn finish(&mut self, id: StreamId) {
        if self.current == Some(id) && !self.finished {
            self.finished = true;
            self.remote_ended = true;
            self.expecting = false;
            self.outgoing
                .push_back(Outgoing::Flag(Flag::DisconnectToPort));
            self.forget_if_over();
        }
    }

    pub(super) fn discard(&mut self, id: StreamId) {
        if self.current == Some(id) {
            self.discarding = true;
            self.incoming = VecDeque::new();
            self.waiting = 0;
            self.forget_if_over();
        }
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Outgoing> {
        let outgoing = self.outgoing.pop_front()?;
        if let Outgoing::Bytes(bytes) = &outgoing {
            self.queued -= bytes.len();
        }
        Some(outgoing)
    }

    /// The stream whose queue was full and has room again.
    pub(super) fn poll_writable(&mut self) -> Option<StreamId> {
        let writable = self.was_full && self.has_queue_room();
        if writable {
            self.was_full = false;
        }
        self.current.filter(|_| writable)
    }

    pub(super) fn handle_data(&mut self, data: Bytes) {
        if self.expecting && !self.discarding && !self.remote_ended {
            self.has_received = true;
            self.has_news = true;
            self.waiting += data.len();
            self.incoming.push_back(data);
        }
    }

    /// The agent's connection has ended.
    pub(super) fn handle_end(&mut self) {
        self.has_news = true;
        self.remote_ended = true;
    }

    /// The stream, when there is data or an end that was not there before.
    pub(super) fn poll_readable(&mut self) -> Option<StreamId> {
        let has_news = std::mem::take(&mut self.has_news);
        self.current.filter(|_| has_news)
    }

    pub(super) fn has_received(&self) -> bool {
        self.has_received
    }

    pub(super) fn receive(&mut self, id: StreamId, limit: usize) -> Received {
        if self.current != Some(id) {
            return Received::Nothing;
        }
        let mut pieces = Vec::new();
        let mut length = 0;
        while length < limit
            && let Some(piece) = self.incoming.pop_front()
        {
            length += piece.len();
            pieces.push(piece);
        }
        self.waiting -= length;
        if !pieces.is_empty() {
            return Received::Data(pieces);
        }
        if self.remote_ended && !self.end_told {
            self.end_told = true;
            self.forget_if_over();
            return Received::End;
        }
        Received::Nothing
    }

    pub(super) fn has_waiting(&self) -> bool {
        self.waiting > 0
    }

    pub(super) fn is_remote_ended(&self, id: StreamId) -> bool {
        self.current != Some(id) || self.remote_ended
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting < RECEIVE_LIMIT
    }

    fn forget_if_over(&mut self) {
        if self.finished && (self.end_told || self.discarding) {
            self.current = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn received(plain: &mut Plain, id: StreamId) -> Vec<Bytes> {
        match plain.receive(id, usize::MAX) {
            Received::Data(pieces) => pieces,
            Received::End | Received::Nothing => Vec::new(),
        }
    }

    #[test]
    fn what_the_server_says_first_waits_for_the_first_connection() {
        let mut plain = Plain::new();
        plain.handle_data(bytes("220 ready\r\n"));
        assert_eq!(plain.poll_readable(), None);
        let id = plain.open_stream().unwrap();
        assert_eq!(received(&mut plain, id), [bytes("220 ready\r\n")]);
        assert_eq!(plain.receive(id, 1), Received::Nothing);
    }

    #[test]
    fn one_connection_follows_the_other_with_a_flag_between() {
        let mut plain = Plain::new();
        let first = plain.open_stream().unwrap();
        assert_eq!(plain.open_stream(), None);
        plain.send(first, bytes("one"));
        plain.finish(first);
        plain.discard(first);
        let second = plain.open_stream().unwrap();
        plain.send(second, bytes("two"));
        let sent: Vec<_> = std::iter::from_fn(|| plain.poll_transmit()).collect();
        assert_eq!(
            sent,
            [
                Outgoing::Bytes(bytes("one")),
                Outgoing::Flag(Flag::DisconnectToPort),
                Outgoing::Bytes(bytes("two")),
            ]
        );
    }

    #[test]
    fn what_is_left_over_from_one_connection_never_reaches_the_next() {
        let mut plain = Plain::new();
        let first = plain.open_stream().unwrap();
        plain.handle_data(bytes("for one"));
        plain.finish(first);
        plain.handle_data(bytes("late for one"));
        assert_eq!(received(&mut plain, first), [bytes("for one")]);
        assert_eq!(plain.receive(first, 1), Received::End);
        let second = plain.open_stream().unwrap();
        plain.handle_data(bytes("later still"));
        assert_eq!(plain.receive(second, 1), Received::Nothing);
        plain.send(second, bytes("hello"));
        plain.handle_data(bytes("for two"));
        assert_eq!(received(&mut plain, second), [bytes("for two")]);
    }

    #[test]
    fn the_agents_end_comes_after_its_data() {
        let mut plain = Plain::new();
        let id = plain.open_stream().unwrap();
        plain.handle_data(bytes("all"));
        plain.handle_end();
        assert_eq!(plain.poll_readable(), Some(id));
        assert_eq!(received(&mut plain, id), [bytes("all")]);
        assert_eq!(plain.receive(id, 1), Received::End);
        assert_eq!(plain.receive(id, 1), Received::Nothing);
    }
}

//! The client's side of one smux session: many connections carried over the one byte stream of a port session.
//!
//! Nothing here touches a socket or asks for the time. Bytes of the agent go in with [`Mux::handle_data`] and those for
//! it come out of [`Mux::poll_transmit`]; which streams have news is told by [`Mux::poll_readable`] and
//! [`Mux::poll_writable`].

use std::collections::{HashMap, VecDeque};

use bytes::{Bytes, BytesMut};
use formats::smux::{self, Command, HEADER_LENGTH, Parser, Piece, StreamId};

/// The longest piece that [`Mux::poll_transmit`] gives, in bytes: eight full agent messages, so that a bulk stream
/// fills them to the last byte, and so little that another stream's key stroke waits for no more than this.
pub(in crate::session) const TRANSMIT_LENGTH: usize = 8 * 1024;
/// What one stream may have waiting to be sent before it is asked to stop, in bytes.
pub(in crate::session) const STREAM_QUEUE: usize = 2 * TRANSMIT_LENGTH;
/// What may wait for slow local readers, all streams together, in bytes. Version 1 has no window of its own per stream:
/// beyond this the whole session has to stand still, as it does in the agent's library (MaxReceiveBuffer).
pub(in crate::session) const RECEIVE_LIMIT: usize = 4 * 1024 * 1024;

/// No frame is begun in a piece that has less room than this left for data, in bytes.
const LEAST_DATA: usize = 256;
/// Shorter pieces are copied, so that one byte never keeps the whole agent message that it came in.
const COPY_BELOW: usize = 1024;
/// What a waiting piece costs besides its bytes.
const PIECE_COST: usize = 64;
/// Answers to streams that the agent opens, which it never has reason to, wait up to this number.
const REFUSALS: usize = 64;

/// What [`Mux::receive`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) enum Received {
    /// The next bytes, in order.
    Data(Vec<Bytes>),
    /// The agent sends no more on this stream; told once, after all its data.
    End,
    /// Nothing yet.
    Nothing,
}

/// ```text
/// open_stream ──► Open ── finish ──► Finishing ── queue sent ──► Finished
///                  │                     │                          │
///                  └──── FIN of the agent may come in any of them ──┘
/// ```
/// A stream is forgotten once it is finished and either its end was received or its data is discarded.
#[derive(Debug, Default)]
struct Stream {
    local: Local,
    syn_sent: bool,
    outgoing: VecDeque<Bytes>,
    queued: usize,
    /// Whether it waits in `Mux::turns`.
    in_turn: bool,
    incoming: VecDeque<Bytes>,
    waiting: usize,
    has_received: bool,
    remote_ended: bool,
    end_told: bool,
    discarding: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Local {
    #[default]
    Open,
    Finishing,
    Finished,
}

impl Stream {
    fn has_something_to_send(&self) -> bool {
        !self.syn_sent || self.queued > 0 || self.local == Local::Finishing
    }

    fn is_over(&self) -> bool {
        self.local == Local::Finished && (self.end_told || self.discarding)
    }
}

/// The machine. A stream that it does not know (any more) is passed over by every method.
#[derive(Debug)]
pub(in crate::session) struct Mux {
    parser: Parser,
    streams: HashMap<StreamId, Stream>,
    /// `None` once the numbers are used up.
    next: Option<u32>,
    /// Streams with something to send; each gets one frame at its turn.
    turns: VecDeque<StreamId>,
    /// Frames that belong to none of our streams.
    control: VecDeque<(Command, StreamId)>,
    buffered: usize,
    readable: VecDeque<StreamId>,
    writable: VecDeque<StreamId>,
    agent_keeps_alive: bool,
}

impl Default for Mux {
    fn default() -> Self {
        Self::new()
    }
}

impl Mux {
    /// A session without streams. Nothing goes over the wire before the first is opened.
    #[must_use]
    pub(in crate::session) fn new() -> Self {
        Self {
            parser: Parser::default(),
            streams: HashMap::new(),
            // The agent's library counts from 1 and begins with the next odd number.
            next: Some(3),
            turns: VecDeque::new(),
            control: VecDeque::new(),
            buffered: 0,
            readable: VecDeque::new(),
            writable: VecDeque::new(),
            agent_keeps_alive: false,
        }
    }

    /// Opens a stream; the agent then connects to the port. `None` after two thousand million streams.
    pub(in crate::session) fn open_stream(&mut self) -> Option<StreamId> {
        let id = StreamId(self.next?);
        self.next = id.0.checked_add(2);
        self.streams.insert(id, Stream::default());
        self.take_turn(id);
        Some(id)
    }

    /// Queues data for the agent; nothing after [`Self::finish`].
    pub(in crate::session) fn send(&mut self, id: StreamId, data: Bytes) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.local == Local::Open
            && !data.is_empty()
        {
            stream.queued += data.len();
            stream.outgoing.push_back(data);
            self.take_turn(id);
        }
    }

    /// Whether the stream's queue is short enough to read more from its local end.
    #[must_use]
    pub(in crate::session) fn has_queue_room(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_none_or(|stream| stream.queued < STREAM_QUEUE)
    }

    /// Says that no more comes from the local end; what is queued still goes out first. The agent's data goes on coming.
    pub(in crate::session) fn finish(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id)
            && stream.local == Local::Open
        {
            stream.local = Local::Finishing;
            self.take_turn(id);
        }
    }

    /// Drops what the agent has sent and will send on this stream: nobody is left to take it.
    pub(in crate::session) fn discard(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.discarding = true;
            stream.incoming = VecDeque::new();
            self.buffered -= std::mem::take(&mut stream.waiting);
            self.forget_if_over(id);
        }
    }

    /// Queues a sign of life.
    pub(in crate::session) fn keep_alive(&mut self) {
        if !self
            .control
            .iter()
            .any(|(command, _)| *command == Command::Nop)
        {
            self.control.push_back((Command::Nop, StreamId(0)));
        }
    }

    /// Whether the agent has sent a sign of life since the last call: then its library has keep-alive on, and ends
    /// the session when it hears nothing for 30 s.
    pub(in crate::session) fn take_agent_keeps_alive(&mut self) -> bool {
        std::mem::take(&mut self.agent_keeps_alive)
    }

    /// The next bytes for the agent, whole frames, at most [`TRANSMIT_LENGTH`]. To be polled again after
    /// every call that opens, sends, finishes or takes in.
    pub(in crate::session) fn poll_transmit(&mut self) -> Option<Bytes> {
        let mut out = BytesMut::new();
        while TRANSMIT_LENGTH - out.len() >= HEADER_LENGTH + LEAST_DATA {
            if let Some((command, stream)) = self.control.pop_front() {
                smux::encode_control(&mut out, command, stream);
                continue;
            }
            let Some(id) = self.turns.pop_front() else {
                break;
            };
            self.transmit(id, &mut out);
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    fn transmit(&mut self, id: StreamId, out: &mut BytesMut) {
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.in_turn = false;
        if !stream.syn_sent {
            smux::encode_control(out, Command::Syn, id);
            stream.syn_sent = true;
        }
        let was_full = stream.queued >= STREAM_QUEUE;
        let room = TRANSMIT_LENGTH.saturating_sub(out.len() + HEADER_LENGTH);
        let mut length = stream.queued.min(room).min(smux::MAX_DATA_LENGTH);
        if length > 0 {
            out.reserve(HEADER_LENGTH + length);
            // The limit above is far below what 16 bits hold.
            smux::encode_data_header(out, length as u16, id);
            stream.queued -= length;
            while let Some(piece) = stream.outgoing.front_mut()
                && length > 0
            {
                let part = piece.split_to(length.min(piece.len()));
                length -= part.len();
                out.extend_from_slice(&part);
                if piece.is_empty() {
                    stream.outgoing.pop_front();
                }
            }
        }
        if was_full && stream.queued < STREAM_QUEUE {
            self.writable.push_back(id);
        }
        if stream.local == Local::Finishing
            && stream.queued == 0
            && TRANSMIT_LENGTH - out.len() >= HEADER_LENGTH
        {
            smux::encode_control(out, Command::Fin, id);
            stream.local = Local::Finished;
        }
        if stream.has_something_to_send() {
            self.take_turn(id);
        } else {
            self.forget_if_over(id);
        }
    }

    /// Takes in what the agent sent, cut anywhere.
    ///
    /// # Errors
    /// It is no smux: the session is of no use any more.
    pub(in crate::session) fn handle_data(&mut self, bytes: Bytes) -> Result<(), smux::Error> {
        self.parser.handle(bytes);
        while let Some(piece) = self.parser.poll()? {
            match piece {
                Piece::Data(id, data) => self.handle_stream_data(id, data),
                Piece::Fin(id) => self.handle_fin(id),
                // Only clients open streams; a stream that we know cannot be opened twice.
                Piece::Syn(id) => {
                    if !self.streams.contains_key(&id) && self.control.len() < REFUSALS {
                        self.control.push_back((Command::Fin, id));
                    }
                }
                Piece::Nop => self.agent_keeps_alive = true,
            }
        }
        Ok(())
    }

    fn handle_stream_data(&mut self, id: StreamId, data: Bytes) {
        // A stream that ended here may have had data under way: it is nobody's any more.
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        if stream.discarding || stream.remote_ended {
            return;
        }
        let data = if data.len() < COPY_BELOW {
            Bytes::copy_from_slice(&data)
        } else {
            data
        };
        stream.has_received = true;
        let cost = data.len() + PIECE_COST;
        stream.waiting += cost;
        self.buffered += cost;
        stream.incoming.push_back(data);
        if self.readable.back() != Some(&id) {
            self.readable.push_back(id);
        }
    }

    fn handle_fin(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.remote_ended
        {
            stream.remote_ended = true;
            self.readable.push_back(id);
        }
    }

    /// Ends every stream from the agent's side: the session is over. What has come is still to be received.
    pub(in crate::session) fn handle_end(&mut self) {
        let ids: Vec<StreamId> = self.streams.keys().copied().collect();
        for id in ids {
            self.handle_fin(id);
        }
    }

    /// A stream with data or an end that was not there before.
    pub(in crate::session) fn poll_readable(&mut self) -> Option<StreamId> {
        self.readable.pop_front()
    }

    /// A stream whose queue was full and has room again.
    pub(in crate::session) fn poll_writable(&mut self) -> Option<StreamId> {
        self.writable.pop_front()
    }

    /// What has come on a stream, about `limit` bytes at most.
    pub(in crate::session) fn receive(&mut self, id: StreamId, limit: usize) -> Received {
        let Some(stream) = self.streams.get_mut(&id) else {
            return Received::Nothing;
        };
        let mut pieces = Vec::new();
        let mut length = 0;
        while length < limit
            && let Some(piece) = stream.incoming.pop_front()
        {
            length += piece.len();
            let cost = piece.len() + PIECE_COST;
            stream.waiting -= cost;
            self.buffered -= cost;
            pieces.push(piece);
        }
        if !pieces.is_empty() {
            return Received::Data(pieces);
        }
        if stream.remote_ended && !stream.end_told {
            stream.end_told = true;
            self.forget_if_over(id);
            return Received::End;
        }
        Received::Nothing
    }

    /// Whether data of the agent waits to be received on this stream.
    #[must_use]
    pub(in crate::session) fn has_waiting(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_some_and(|stream| stream.waiting > 0)
    }

    /// Whether the agent has sent anything on this stream, ever.
    #[must_use]
    pub(in crate::session) fn has_received(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_some_and(|stream| stream.has_received)
    }

    /// Whether the agent's end of this stream is closed, received or not.
    #[must_use]
    pub(in crate::session) fn is_remote_ended(&self, id: StreamId) -> bool {
        self.streams
            .get(&id)
            .is_none_or(|stream| stream.remote_ended)
    }

    /// Whether more of the agent may be taken in; if not, some stream has to be received from first.
    #[must_use]
    pub(in crate::session) fn has_room(&self) -> bool {
        self.buffered < RECEIVE_LIMIT
    }

    /// Streams that are not over yet.
    #[must_use]
    #[cfg(test)]
    pub(in crate::session) fn open_streams(&self) -> usize {
        self.streams.len()
    }

    fn take_turn(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id)
            && !stream.in_turn
        {
            stream.in_turn = true;
            self.turns.push_back(id);
        }
    }

    fn forget_if_over(&mut self, id: StreamId) {
        if self.streams.get(&id).is_some_and(Stream::is_over) {
            self.streams.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests;

//! The order of stream messages: which of those that arrive are due, and which of those sent must be sent again.
//!
//! No payload is looked into here, no socket is touched and no clock is read.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::agent_message::MAX_INPUT_LENGTH;
use formats::{AgentMessage, PayloadType};

use super::round_trip::{MAX_TIMEOUT, RoundTrip};

/// How many messages may wait for one that is missing (source: `IncomingMessageBufferCapacity` of the official client).
pub(in crate::session) const MAX_PARKED: usize = 10_000;
/// How many bytes of them: 10,000 messages of the agent are 10 MB; a peer with larger ones gets no more memory.
const MAX_PARKED_BYTES: usize = 16 * 1024 * 1024;
/// What a parked message is counted with beside its payload.
const PARKED_OVERHEAD: usize = 256;

/// Bytes typed or piped that may wait to be sent. Beyond it the driver stops reading the keyboard.
pub(in crate::session) const MAX_QUEUED_BYTES: usize = 1024 * 1024;
/// The flow limit at first, and after trouble at least this many unacknowledged messages are in flight.
const MIN_IN_FLIGHT: usize = 16;
/// Where the flow limit starts.
const FIRST_IN_FLIGHT: usize = 64;
/// Half a megabyte on its way: 10 MB/s at 50 ms, a twentieth of what the agent parks.
const MAX_IN_FLIGHT: usize = 512;
/// After so many acknowledgements of later messages an earlier one is taken for lost rather than late.
const REORDER_TOLERANCE: u32 = 3;
/// A message that was overtaken is resent at the usual pace so often, and slower afterwards. The agent does not
/// acknowledge a duplicate (source: the last branch of `handleStreamDataMessage`, datachannel.go), so when its one
/// acknowledgement was lost the message can never be acknowledged, and thirty copies have certainly arrived.
const PATIENCE: u32 = 30;
/// The pace afterwards.
const SLOW_TIMEOUT: Duration = Duration::from_secs(8);
/// When every message in flight was sent so often and none was acknowledged, one more may follow. A break takes a window's
/// acknowledgements with it, none of which is ever repeated; those of later messages tell that the stream goes on.
const PROBE_ATTEMPTS: u32 = 3;
/// How many overtaken messages are kept for resending; the oldest that ran out of patience goes first.
const MAX_OVERTAKEN: usize = 4096;

/// What an arriving stream message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Arrival {
    /// The next in order: it is to be taken from [`Incoming::take_in_order`], maybe with others behind it.
    InOrder,
    /// Ahead: kept until those before it have come.
    Parked,
    /// Seen before.
    Duplicate,
    /// No sequence number of a stream, or too far ahead to keep: as if it had never come.
    Refused,
}

/// The receiving side: puts messages in order.
#[derive(Debug, Default)]
pub(in crate::session) struct Incoming {
    /// Never negative; stays far from the end of its range, since it grows by one per message.
    expected: i64,
    due: Option<AgentMessage>,
    parked: BTreeMap<i64, AgentMessage>,
    parked_bytes: usize,
}

impl Incoming {
    /// Takes a message in; says what to do with it, and gives it back when it is not kept.
    pub(in crate::session) fn handle(
        &mut self,
        message: AgentMessage,
    ) -> (Arrival, Option<AgentMessage>) {
        let sequence = message.sequence_number;
        if sequence < 0 {
            return (Arrival::Refused, Some(message));
        }
        if sequence < self.expected || self.parked.contains_key(&sequence) {
            return (Arrival::Duplicate, Some(message));
        }
        if sequence == self.expected {
            self.due = Some(message);
            return (Arrival::InOrder, None);
        }
        let size = message.payload.len() + PARKED_OVERHEAD;
        let far = sequence - self.expected > MAX_PARKED as i64;
        if far || self.parked_bytes + size > MAX_PARKED_BYTES {
            return (Arrival::Refused, Some(message));
        }
        self.parked_bytes += size;
        // A copy: a slice would keep the whole read buffer that it was cut from.
        let payload = Bytes::copy_from_slice(&message.payload);
        let parked = AgentMessage { payload, ..message };
        self.parked.insert(sequence, parked);
        (Arrival::Parked, None)
    }

    /// The next message in order, until there is none.
    pub(in crate::session) fn take_in_order(&mut self) -> Option<AgentMessage> {
        let message = match self.due.take() {
            Some(message) => message,
            None => self.unpark(self.expected)?,
        };
        self.expected += 1;
        Some(message)
    }

    /// The first parked message, whatever is missing before it. For the end of the channel.
    pub(in crate::session) fn take_stranded(&mut self) -> Option<AgentMessage> {
        let first = *self.parked.keys().next()?;
        self.unpark(first)
    }

    /// Whether messages wait for one that is missing.
    pub(in crate::session) fn has_gap(&self) -> bool {
        !self.parked.is_empty()
    }

    /// How many messages are missing before the last one that came.
    pub(in crate::session) fn missing(&self) -> u64 {
        let ahead = self
            .parked
            .keys()
            .next_back()
            .map_or(0, |last| (last - self.expected).unsigned_abs() + 1);
        ahead - self.parked.len() as u64
    }

    fn unpark(&mut self, sequence: i64) -> Option<AgentMessage> {
        let message = self.parked.remove(&sequence)?;
        self.parked_bytes -= message.payload.len() + PARKED_OVERHEAD;
        Some(message)
    }
}

/// Something to send that has no sequence number yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) struct Draft {
    pub(in crate::session) payload_type: PayloadType,
    pub(in crate::session) payload: Vec<u8>,
}

#[derive(Debug)]
struct Sent {
    message: AgentMessage,
    first_sent: Instant,
    due: Instant,
    attempts: u32,
    /// Sent once, on one connection: its acknowledgement tells the round trip.
    measurable: bool,
    /// Counts every sending of any message: tells which of two was sent later.
    order: u64,
    first_order: u64,
    overtaken: u32,
}

impl Sent {
    fn is_overtaken(&self) -> bool {
        self.overtaken >= REORDER_TOLERANCE
    }
}

/// The sending side: numbers messages, keeps each until it is acknowledged, and says when to send it again.
///
/// ```text
/// draft ── sent ──┬── acknowledged
///                 ├── timeout: sent again, the wait doubles up to 1 s
///                 ├── a whole window timed out three times: one more is sent
///                 ├── overtaken by three later ones: sent again at once, no longer counted as in flight
///                 └── connection lost: sent again at once on the next
/// ```
#[derive(Debug)]
pub(in crate::session) struct Outgoing {
    drafts: VecDeque<Draft>,
    queued_bytes: usize,
    next_sequence: i64,
    sent: BTreeMap<i64, Sent>,
    overtaken: usize,
    sendings: u64,
    round_trip: RoundTrip,
    flow_limit: usize,
    last_cut: Option<Instant>,
    /// No later than the earliest wake-up of any message in `sent`.
    wake_up: Option<Instant>,
    last_acknowledged: Option<Instant>,
}

impl Outgoing {
    pub(in crate::session) fn new() -> Self {
        Self {
            drafts: VecDeque::new(),
            queued_bytes: 0,
            next_sequence: 0,
            sent: BTreeMap::new(),
            overtaken: 0,
            sendings: 0,
            round_trip: RoundTrip::new(),
            flow_limit: FIRST_IN_FLIGHT,
            last_cut: None,
            wake_up: None,
            last_acknowledged: None,
        }
    }

    /// Queues bytes of the stream. They join what still waits, so that a paste becomes few messages; what has been
    /// sent keeps its bounds for ever.
    pub(in crate::session) fn queue_input(&mut self, mut bytes: &[u8]) {
        self.queued_bytes += bytes.len();
        if let Some(last) = self.drafts.back_mut()
            && last.payload_type == PayloadType::OUTPUT
        {
            let room = MAX_INPUT_LENGTH.saturating_sub(last.payload.len());
            let (joined, rest) = bytes.split_at(room.min(bytes.len()));
            last.payload.extend_from_slice(joined);
            bytes = rest;
        }
        for chunk in bytes.chunks(MAX_INPUT_LENGTH) {
            self.drafts.push_back(Draft {
                payload_type: PayloadType::OUTPUT,
                payload: chunk.to_vec(),
            });
        }
    }

    /// Queues a message of its own.
    pub(in crate::session) fn queue(&mut self, payload_type: PayloadType, payload: Vec<u8>) {
        self.queued_bytes += payload.len();
        self.drafts.push_back(Draft {
            payload_type,
            payload,
        });
    }

    /// Queues a message of which only the newest matters: one that still waits is replaced.
    pub(in crate::session) fn queue_latest(&mut self, payload_type: PayloadType, payload: Vec<u8>) {
        let waiting = self
            .drafts
            .iter_mut()
            .find(|draft| draft.payload_type == payload_type);
        match waiting {
            Some(draft) => {
                self.queued_bytes = self.queued_bytes - draft.payload.len() + payload.len();
                draft.payload = payload;
            }
            None => self.queue(payload_type, payload),
        }
    }

    /// Queues a message before everything that waits.
    pub(in crate::session) fn queue_first(&mut self, payload_type: PayloadType, payload: Vec<u8>) {
        self.queued_bytes += payload.len();
        self.drafts.push_front(Draft {
            payload_type,
            payload,
        });
    }

    /// How many more bytes may be queued.
    pub(in crate::session) fn room(&self) -> usize {
        MAX_QUEUED_BYTES.saturating_sub(self.queued_bytes)
    }

    /// Whether everything queued has been sent and acknowledged. A message counts as arrived when it was sent several
    /// times: its one acknowledgement may have been lost.
    pub(in crate::session) fn is_settled(&self) -> bool {
        self.drafts.is_empty() && self.sent.values().all(|sent| sent.attempts > 2)
    }

    /// Whether anything was sent and not acknowledged.
    pub(in crate::session) fn has_unacknowledged(&self) -> bool {
        !self.sent.is_empty()
    }

    /// What the next new message holds.
    pub(in crate::session) fn next_type(&self) -> Option<PayloadType> {
        self.drafts.front().map(|draft| draft.payload_type)
    }

    /// Whether a new message may be sent now.
    pub(in crate::session) fn has_sendable(&self) -> bool {
        let in_flight = self.sent.len() - self.overtaken;
        !self.drafts.is_empty()
            && (in_flight < self.flow_limit || in_flight < MAX_IN_FLIGHT && self.is_unanswered())
    }

    /// Whether each message in flight was sent several times.
    fn is_unanswered(&self) -> bool {
        let mut in_flight = self.sent.values().filter(|sent| !sent.is_overtaken());
        in_flight.all(|sent| sent.attempts >= PROBE_ATTEMPTS)
    }

    /// The next new message: `number` makes it from its sequence number and draft.
    pub(in crate::session) fn send_next(
        &mut self,
        now: Instant,
        number: impl FnOnce(i64, Draft) -> AgentMessage,
    ) -> Option<AgentMessage> {
        if !self.has_sendable() {
            return None;
        }
        let draft = self.drafts.pop_front()?;
        self.queued_bytes -= draft.payload.len();
        let message = number(self.next_sequence, draft);
        self.next_sequence += 1;
        self.sendings += 1;
        let due = now + self.round_trip.timeout(1, MAX_TIMEOUT);
        self.wake_by(due);
        let sent = Sent {
            message: message.clone(),
            first_sent: now,
            due,
            attempts: 1,
            measurable: true,
            order: self.sendings,
            first_order: self.sendings,
            overtaken: 0,
        };
        self.sent.insert(message.sequence_number, sent);
        Some(message)
    }

    /// The oldest message that is due to be sent again.
    pub(in crate::session) fn send_again(&mut self, now: Instant) -> Option<AgentMessage> {
        if self.wake_up.is_none_or(|wake_up| now < wake_up) {
            return None;
        }
        let Some(sent) = self.sent.values_mut().find(|sent| sent.due <= now) else {
            self.wake_up = self.sent.values().map(|sent| sent.due).min();
            return None;
        };
        let limit = if sent.is_overtaken() && sent.attempts >= PATIENCE {
            SLOW_TIMEOUT
        } else {
            MAX_TIMEOUT
        };
        let timed_out = !sent.is_overtaken();
        self.sendings += 1;
        sent.measurable = false;
        sent.order = self.sendings;
        sent.attempts = sent.attempts.saturating_add(1);
        sent.due = now + self.round_trip.timeout(sent.attempts, limit);
        let message = sent.message.clone();
        if timed_out {
            self.slow_down(now);
        }
        Some(message)
    }

    /// Takes an acknowledgement. A number that was never sent, or was acknowledged before, changes nothing.
    pub(in crate::session) fn acknowledge(&mut self, now: Instant, sequence: i64) {
        let Some(acknowledged) = self.sent.remove(&sequence) else {
            return;
        };
        self.last_acknowledged = Some(now);
        if acknowledged.is_overtaken() {
            self.overtaken -= 1;
        }
        if acknowledged.measurable {
            self.round_trip.measure(now - acknowledged.first_sent);
            self.flow_limit = (self.flow_limit + 1).min(MAX_IN_FLIGHT);
        }
        let mut wake_up = None;
        for (_, earlier) in self.sent.range_mut(..sequence) {
            if earlier.is_overtaken() || earlier.order > acknowledged.first_order {
                continue;
            }
            earlier.overtaken += 1;
            if earlier.is_overtaken() {
                self.overtaken += 1;
                earlier.due = earlier.due.min(now);
                wake_up = Some(now);
            }
        }
        if let Some(wake_up) = wake_up {
            self.wake_by(wake_up);
            self.forget_patient();
        }
    }

    /// The connection was replaced: everything unacknowledged is due at once. Its age and the round trip stay.
    pub(in crate::session) fn resend_all(&mut self, now: Instant) {
        for sent in self.sent.values_mut() {
            sent.due = now;
            sent.measurable = false;
        }
        if !self.sent.is_empty() {
            self.wake_by(now);
        }
    }

    /// When to call [`Outgoing::send_again`] next.
    pub(in crate::session) fn poll_timeout(&self) -> Option<Instant> {
        self.wake_up.filter(|_| !self.sent.is_empty())
    }

    /// Since when something that was sent has met no acknowledgement of anything.
    pub(in crate::session) fn stalled_since(&self) -> Option<Instant> {
        let waiting = self.sent.values().filter(|sent| !sent.is_overtaken());
        let oldest = waiting.map(|sent| sent.first_sent).min()?;
        Some(self.last_acknowledged.map_or(oldest, |at| at.max(oldest)))
    }

    /// The smoothed round trip of acknowledgements; `None` before there was one.
    pub(in crate::session) fn round_trip(&self) -> Option<Duration> {
        self.round_trip.smoothed()
    }

    fn wake_by(&mut self, due: Instant) {
        self.wake_up = Some(self.wake_up.map_or(due, |wake_up| wake_up.min(due)));
    }

    /// Halves the flow limit, once per wait: many messages of one bad moment time out together.
    fn slow_down(&mut self, now: Instant) {
        let pause = self.round_trip.timeout(1, MAX_TIMEOUT);
        if self.last_cut.is_none_or(|last| now >= last + pause) {
            self.flow_limit = (self.flow_limit / 2).max(MIN_IN_FLIGHT);
            self.last_cut = Some(now);
        }
    }

    fn forget_patient(&mut self) {
        if self.overtaken <= MAX_OVERTAKEN {
            return;
        }
        let patient = |sent: &Sent| sent.is_overtaken() && sent.attempts >= PATIENCE;
        let oldest = self.sent.iter().find(|(_, sent)| patient(sent));
        if let Some(sequence) = oldest.map(|(sequence, _)| *sequence) {
            self.sent.remove(&sequence);
            self.overtaken -= 1;
        }
    }
}

//! The agent's two counted streams: what it sent and is not sure of, and what it expects next.
//!
//! Nothing here waits or touches a socket; times come in as arguments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::{AgentMessage, PayloadType};

use crate::message;

/// How many messages are parked while one before them is missing (source: `IncomingMessageBuffer`, datachannel.go).
const PARKED_LIMIT: usize = 10_000;

/// What was sent and is not acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    next: i64,
    unacknowledged: BTreeMap<i64, Sent>,
    resent: Option<Instant>,
}

#[derive(Debug)]
struct Sent {
    bytes: Bytes,
    at: Instant,
}

impl Outgoing {
    /// Counts a new message; the bytes are to be sent once, now.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        payload_type: PayloadType,
        payload: Bytes,
    ) -> Bytes {
        let bytes = message::output(self.next, payload_type, payload).encode();
        self.insert(now, self.next, bytes.clone());
        self.next += 1;
        bytes
    }

    /// Remembers a message that was encoded elsewhere.
    pub(crate) fn insert(&mut self, now: Instant, sequence_number: i64, bytes: Bytes) {
        self.unacknowledged
            .insert(sequence_number, Sent { bytes, at: now });
    }

    /// Forgets one message; the real agent looks at the number alone.
    pub(crate) fn acknowledge(&mut self, sequence_number: i64) -> bool {
        self.unacknowledged.remove(&sequence_number).is_some()
    }

    /// The head of the queue, when it was sent longer than `every` ago. Nothing behind it is ever resent before, and
    /// nothing is resent sooner than `every` after the last time: the real agent looks once in a while and takes one.
    pub(crate) fn resend_head(&mut self, now: Instant, every: Duration) -> Option<Bytes> {
        if self.resend_at(every)? > now {
            return None;
        }
        self.resent = Some(now);
        let mut head = self.unacknowledged.first_entry()?;
        let head = head.get_mut();
        head.at = now;
        Some(head.bytes.clone())
    }

    /// When [`resend_head`](Self::resend_head) has something.
    pub(crate) fn resend_at(&self, every: Duration) -> Option<Instant> {
        let (_, head) = self.unacknowledged.first_key_value()?;
        let last = self.resent.map_or(head.at, |resent| resent.max(head.at));
        Some(last + every)
    }

    pub(crate) fn len(&self) -> usize {
        self.unacknowledged.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unacknowledged.is_empty()
    }
}

/// What is expected from the client.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    expected: i64,
    parked: BTreeMap<i64, AgentMessage>,
}

/// Where a message stands in the sequence.
#[derive(Debug, PartialEq)]
pub(crate) enum Place {
    /// It is the next one: process it, then call [`Incoming::advance`].
    Expected(AgentMessage),
    /// It came early and was kept.
    Parked,
    /// It came early and there is no room.
    Refused,
    /// It was processed before.
    Behind,
}

impl Incoming {
    /// Sorts a message in.
    pub(crate) fn place(&mut self, message: AgentMessage) -> Place {
        let sequence_number = message.sequence_number;
        if sequence_number == self.expected {
            return Place::Expected(message);
        }
        if sequence_number < self.expected {
            return Place::Behind;
        }
        if self.parked.len() >= PARKED_LIMIT {
            return Place::Refused;
        }
        self.parked.insert(sequence_number, message);
        Place::Parked
    }

    /// The expected message was processed; gives the next one when it is parked already.
    pub(crate) fn advance(&mut self) -> Option<AgentMessage> {
        self.expected += 1;
        self.parked.remove(&self.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(sequence_number: i64) -> AgentMessage {
        message::output(
            sequence_number,
            PayloadType::OUTPUT,
            Bytes::from_static(b"x"),
        )
    }

    #[test]
    fn only_the_head_is_resent_until_it_is_acknowledged() {
        let start = Instant::now();
        let every = Duration::from_millis(100);
        let mut outgoing = Outgoing::default();
        let first = outgoing.push(start, PayloadType::OUTPUT, Bytes::from_static(b"a"));
        let second = outgoing.push(start, PayloadType::OUTPUT, Bytes::from_static(b"b"));
        assert_eq!(outgoing.resend_head(start + every / 2, every), None);
        assert_eq!(
            outgoing.resend_head(start + every, every),
            Some(first.clone())
        );
        assert_eq!(outgoing.resend_head(start + every * 2, every), Some(first));
        assert!(outgoing.acknowledge(0));
        assert_eq!(outgoing.resend_head(start + every * 2, every), None);
        assert_eq!(outgoing.resend_head(start + every * 3, every), Some(second));
        assert!(outgoing.acknowledge(1));
        assert!(outgoing.is_empty());
    }

    #[test]
    fn input_is_processed_in_order_and_once() {
        let mut incoming = Incoming::default();
        assert_eq!(incoming.place(input(1)), Place::Parked);
        assert_eq!(incoming.place(input(2)), Place::Parked);
        assert!(matches!(incoming.place(input(0)), Place::Expected(_)));
        assert_eq!(
            incoming.advance().map(|message| message.sequence_number),
            Some(1)
        );
        assert_eq!(
            incoming.advance().map(|message| message.sequence_number),
            Some(2)
        );
        assert_eq!(incoming.advance(), None);
        assert_eq!(incoming.place(input(1)), Place::Behind);
    }
}

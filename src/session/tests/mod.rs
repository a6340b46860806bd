//! The machines against a scripted peer: a fake clock, a bad link, recorded conversations.
//!
//! Nothing here sleeps or opens a socket.

mod captures;
mod channel;
mod connection;
mod driver;
mod encryption;
mod link;
mod steps;

use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Acknowledge, encode_json};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use uuid::Uuid;

use super::channel::{Channel, Effect, Event, Options, Token};

pub(super) const WALL: u64 = 1_700_000_000_000;

/// A time to begin with; everything else is counted from it. Where the clock is paused, that clock's time.
#[expect(
    clippy::disallowed_methods,
    reason = "a fake clock needs a beginning, and an Instant cannot be made up"
)]
pub(super) fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(super) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(super) fn unconnected(now: Instant) -> Channel {
    let options = Options {
        client_id: Uuid::from_u128(1),
        message_ids: Uuid::from_u128(u128::MAX),
    };
    Channel::new(now, &options)
}

pub(super) fn connected(now: Instant) -> Channel {
    let mut channel = unconnected(now);
    channel.open(now, WALL, &Token::new("secret".to_owned()));
    channel
}

pub(super) fn stream(
    sequence_number: i64,
    payload_type: PayloadType,
    payload: &[u8],
) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: WALL,
        sequence_number,
        flags: if sequence_number == 0 {
            Flags::SYN
        } else {
            Flags::NONE
        },
        message_id: Uuid::from_u128(0x5000 + sequence_number as u128),
        payload_type,
        payload: Bytes::copy_from_slice(payload),
    }
}

pub(super) fn output(sequence_number: i64, text: &str) -> AgentMessage {
    stream(sequence_number, PayloadType::OUTPUT, text.as_bytes())
}

pub(super) fn outside(message_type: MessageType, payload: &[u8]) -> AgentMessage {
    AgentMessage {
        message_type,
        flags: Flags::SYN_FIN,
        ..stream(0, PayloadType::NONE, payload)
    }
}

pub(super) fn acknowledge(message: &AgentMessage) -> AgentMessage {
    let body = encode_json(&Acknowledge::of(message));
    outside(MessageType::Acknowledge, &body)
}

pub(super) fn effects(channel: &mut Channel) -> Vec<Effect> {
    std::iter::from_fn(|| channel.poll_event())
        .map(|event| match event {
            Event::Message { effect, .. } => effect,
            Event::Malformed { cause, .. } => panic!("malformed: {cause}"),
        })
        .collect()
}

pub(super) fn sent(channel: &mut Channel, now: Instant) -> Vec<AgentMessage> {
    std::iter::from_fn(|| channel.poll_transmit(now)).collect()
}

/// What was sent, in words: `ack 3`, `1:keys`.
pub(super) fn sent_words(channel: &mut Channel, now: Instant) -> Vec<String> {
    sent(channel, now).iter().map(words).collect()
}

pub(super) fn words(message: &AgentMessage) -> String {
    if message.message_type == MessageType::Acknowledge {
        let body: Acknowledge =
            formats::payload::parse_json("acknowledge", &message.payload).unwrap();
        return format!("ack {}", body.sequence_number);
    }
    let text = String::from_utf8_lossy(&message.payload);
    match message.payload_type {
        PayloadType::OUTPUT => format!("{}:{text}", message.sequence_number),
        other => format!("{}:{} {text}", message.sequence_number, other.name()),
    }
}

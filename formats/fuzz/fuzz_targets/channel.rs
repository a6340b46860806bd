//! Any list of steps against the data channel: output comes once and in order, what is acknowledged has come, nothing is
//! sent while it must not be, and what is unacknowledged has a wake-up.
//!
//! Nothing here opens a socket or waits: the peer is the list, and time is one of its steps.

#![no_main]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Acknowledge, Size, encode_json, parse_json};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use libfuzzer_sys::fuzz_target;
use ssm_rec::session::channel::{Channel, Effect, Event, Options, Token};
use uuid::Uuid;

const WALL: u64 = 1_700_000_000_000;
/// How far ahead of its turn a message is kept.
const WINDOW: i64 = 10_000;

fuzz_target!(|data: &[u8]| {
    let mut peer = Peer::new();
    for step in data.chunks_exact(2) {
        if peer.channel.is_closed() || peer.channel.failure().is_some() {
            break;
        }
        peer.step(step[0], step[1]);
        let is_over = peer.channel.is_closed() || peer.channel.failure().is_some();
        if peer.is_connected && !is_over && !peer.unacknowledged.is_empty() {
            assert!(peer.channel.poll_timeout().is_some(), "no wake-up");
        }
    }
    while peer.take_event() {}
    assert!(peer.closes <= 1);
});

/// The agent's end, and what must be so.
struct Peer {
    now: Instant,
    channel: Channel,
    /// Sequence numbers of the agent's messages that the channel may not have refused.
    arrived: BTreeSet<i64>,
    /// Those that came ahead of their turn: they are acknowledged before their event.
    ahead: BTreeSet<i64>,
    /// How many have surfaced.
    surfaced: i64,
    /// Sequence numbers of the client's messages.
    unacknowledged: BTreeSet<i64>,
    is_connected: bool,
    is_paused: bool,
    closes: usize,
}

impl Peer {
    fn new() -> Self {
        let now = Instant::now();
        let options = Options {
            client_id: Uuid::from_u128(1),
            message_ids: Uuid::from_u128(u128::MAX),
        };
        let mut channel = Channel::new(now, &options);
        channel.open(now, WALL, &Token::new(String::new()));
        Self {
            now,
            channel,
            arrived: BTreeSet::new(),
            ahead: BTreeSet::new(),
            surfaced: 0,
            unacknowledged: BTreeSet::new(),
            is_connected: true,
            is_paused: false,
            closes: 0,
        }
    }

    fn step(&mut self, kind: u8, value: u8) {
        let (now, value) = (self.now, u16::from(value));
        match kind % 32 {
            0..8 => self.output(i64::from(value % 32), PayloadType::OUTPUT),
            8 => {
                let odd = [-1, i64::MIN, i64::MAX, WINDOW - 1, WINDOW, WINDOW + 1];
                self.output(odd[usize::from(value) % odd.len()], PayloadType::OUTPUT);
            }
            9 => self.output(self.next(), PayloadType((value % 14).into())),
            10..14 => {
                let sequence_number = i64::from(value % 40) - 1;
                let acknowledged = AgentMessage {
                    message_type: MessageType::InputStreamData,
                    ..message(sequence_number, PayloadType::OUTPUT, b"")
                };
                let body = encode_json(&Acknowledge::of(&acknowledged));
                self.outside(MessageType::Acknowledge, &body);
                self.unacknowledged.remove(&sequence_number);
            }
            14 => self
                .channel
                .handle_malformed(now, Bytes::new(), "short".to_owned()),
            15..18 => self
                .channel
                .send_input(now, &vec![b'x'; usize::from(value) * 12]),
            18 => self.channel.resize(
                now,
                Size {
                    cols: value,
                    rows: 24,
                },
            ),
            19 => {
                self.outside(MessageType::PausePublication, b"");
                self.is_paused = true;
            }
            20 => {
                self.outside(MessageType::StartPublication, b"");
                self.is_paused = false;
            }
            21 => {
                self.channel.handle_disconnect(now);
                self.is_connected = false;
            }
            22 => {
                self.channel.open(now, WALL, &Token::new(String::new()));
                (self.is_connected, self.is_paused) = (true, false);
            }
            23..25 => self.now += Duration::from_millis(u64::from(value) * 12),
            25 => self.now = self.channel.poll_timeout().map_or(now, |at| at.max(now)),
            26 => {
                self.take_event();
            }
            27..29 => while self.take_event() {},
            29 if value == 0 => self.outside(MessageType::ChannelClosed, b"{}"),
            _ => self.send(),
        }
    }

    /// The agent's next message in order.
    fn next(&self) -> i64 {
        (0..)
            .find(|number| !self.arrived.contains(number))
            .unwrap_or(0)
    }

    fn output(&mut self, sequence_number: i64, payload_type: PayloadType) {
        let next = self.next();
        if (0..=next.saturating_add(WINDOW)).contains(&sequence_number) {
            if sequence_number > next {
                self.ahead.insert(sequence_number);
            }
            self.arrived.insert(sequence_number);
        }
        let message = message(sequence_number, payload_type, b"text");
        self.channel.handle_message(self.now, message);
    }

    fn outside(&mut self, message_type: MessageType, payload: &[u8]) {
        let message = AgentMessage {
            message_type,
            flags: Flags::SYN_FIN,
            ..message(0, PayloadType::NONE, payload)
        };
        self.channel.handle_message(self.now, message);
    }

    fn take_event(&mut self) -> bool {
        let Some(event) = self.channel.poll_event() else {
            return false;
        };
        if let Event::Message { message, effect } = event {
            self.closes += usize::from(matches!(effect, Effect::Closed { .. }));
            let is_dropped = matches!(
                effect,
                Effect::Duplicate | Effect::Refused | Effect::Stranded
            );
            if message.message_type == MessageType::OutputStreamData && !is_dropped {
                assert_eq!(message.sequence_number, self.surfaced, "out of order");
                self.surfaced += 1;
            }
        }
        true
    }

    fn send(&mut self) {
        let due = self.channel.poll_timeout().is_some_and(|at| at <= self.now);
        // No pause is for ever.
        self.is_paused &= !due;
        self.channel.handle_timeout(self.now);
        while let Some(message) = self.channel.poll_transmit(self.now) {
            assert!(self.is_connected, "sent without a connection");
            if message.message_type == MessageType::Acknowledge {
                let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
                let number = body.sequence_number;
                assert!(self.arrived.contains(&number), "{number} never came");
                let is_early = number >= self.surfaced;
                assert!(
                    !is_early || self.ahead.contains(&number),
                    "{number} before its event"
                );
            } else {
                assert!(!self.is_paused, "sent while paused");
                assert!(message.payload.len() <= 1024);
                self.unacknowledged.insert(message.sequence_number);
            }
        }
    }
}

fn message(sequence_number: i64, payload_type: PayloadType, payload: &[u8]) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: WALL,
        sequence_number,
        flags: Flags::NONE,
        message_id: Default::default(),
        payload_type,
        payload: Bytes::copy_from_slice(payload),
    }
}

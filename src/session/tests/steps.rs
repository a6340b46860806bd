//! Random lists of steps against the channel: whatever the order, output surfaces once and in sequence, nothing is
//! acknowledged before it surfaced, and everything unacknowledged has a wake-up.
//!
//! Nothing here sleeps or opens a socket.

use std::collections::BTreeSet;

use formats::payload::{Size, parse_json};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Output(i64),
    Other(u32, u8),
    Acknowledge(i64),
    Malformed,
    Type(usize),
    Resize(u16),
    Pause,
    Start,
    Cut,
    Connect,
    Wait(u64),
    WakeUp,
    TakeEvent,
    TakeAll,
    Send,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_i64..30).prop_map(Step::Output),
        1 => prop_oneof![Just(-1), Just(i64::MAX), Just(i64::MIN), 9_990_i64..10_020].prop_map(Step::Output),
        2 => (0_u32..14, any::<u8>()).prop_map(|(kind, byte)| Step::Other(kind, byte)),
        6 => (-1_i64..40).prop_map(Step::Acknowledge),
        1 => Just(Step::Malformed),
        4 => (1_usize..3000).prop_map(Step::Type),
        2 => (1_u16..200).prop_map(Step::Resize),
        1 => Just(Step::Pause),
        1 => Just(Step::Start),
        1 => Just(Step::Cut),
        1 => Just(Step::Connect),
        4 => (0_u64..3000).prop_map(Step::Wait),
        4 => Just(Step::WakeUp),
        4 => Just(Step::TakeEvent),
        8 => Just(Step::TakeAll),
        8 => Just(Step::Send),
        1 => Just(Step::Close),
    ]
}

#[derive(Default)]
struct Checked {
    surfaced: Vec<i64>,
    arrived: BTreeSet<i64>,
    released: BTreeSet<i64>,
    paused: bool,
    connected: bool,
    unacknowledged: BTreeSet<i64>,
    closes: usize,
}

impl Checked {
    fn event(&mut self, event: Event) {
        let Event::Message { message, effect } = event else {
            return;
        };
        if matches!(effect, Effect::Closed { .. }) {
            self.closes += 1;
        }
        let dropped = matches!(
            effect,
            Effect::Duplicate | Effect::Refused | Effect::Stranded
        );
        if message.message_type == MessageType::OutputStreamData && !dropped {
            self.surfaced.push(message.sequence_number);
        }
    }

    fn sent(&mut self, message: &AgentMessage) {
        assert!(self.connected, "sent without a connection");
        if message.message_type == MessageType::Acknowledge {
            let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
            let sequence = body.sequence_number;
            assert!(self.arrived.contains(&sequence));
            let released = self.surfaced.contains(&sequence);
            // What surfaced is what has been taken; an early acknowledgement is one of a message still parked, or
            // released since without its event having been taken.
            assert!(
                released || self.released.contains(&sequence),
                "{sequence} before its event"
            );
            return;
        }
        assert!(!self.paused, "sent while paused");
        assert!(message.payload.len() <= 1024);
        self.unacknowledged.insert(message.sequence_number);
    }
}

fn run(steps: Vec<Step>) {
    let mut now = start();
    let mut channel = connected(now);
    let mut checked = Checked {
        connected: true,
        ..Checked::default()
    };
    let mut expected = 0;
    for step in steps {
        if channel.is_closed() || channel.failure().is_some() {
            break;
        }
        match step {
            Step::Output(sequence) => {
                if sequence >= 0 {
                    // Ahead of its turn: may be acknowledged before its event.
                    while checked.arrived.contains(&expected) {
                        expected += 1;
                    }
                    if sequence > expected && !channel.is_closed() {
                        checked.released.insert(sequence);
                    }
                    if sequence - expected <= 10_000 {
                        checked.arrived.insert(sequence);
                    }
                }
                let mut message = output(0, "text");
                message.sequence_number = sequence;
                channel.handle_message(now, message);
            }
            Step::Other(kind, byte) => {
                while checked.arrived.contains(&expected) {
                    expected += 1;
                }
                checked.arrived.insert(expected);
                let payload = [byte; 5];
                channel.handle_message(now, stream(expected, PayloadType(kind), &payload));
            }
            Step::Acknowledge(sequence) => {
                let message = AgentMessage {
                    message_type: MessageType::InputStreamData,
                    sequence_number: sequence,
                    ..output(0, "")
                };
                channel.handle_message(now, acknowledge(&message));
                checked.unacknowledged.remove(&sequence);
            }
            Step::Malformed => channel.handle_malformed(now, Bytes::new(), "short".to_owned()),
            Step::Type(count) => channel.send_input(now, &vec![b'x'; count]),
            Step::Resize(cols) => channel.resize(now, Size { cols, rows: 24 }),
            Step::Pause => {
                channel.handle_message(now, outside(MessageType::PausePublication, b""));
                checked.paused = true;
            }
            Step::Start => {
                channel.handle_message(now, outside(MessageType::StartPublication, b""));
                checked.paused = false;
            }
            Step::Cut => {
                channel.handle_disconnect(now);
                checked.connected = false;
            }
            Step::Connect => {
                channel.open(now, WALL, &Token::new(String::new()));
                (checked.connected, checked.paused) = (true, false);
            }
            Step::Wait(count) => now += millis(count),
            Step::WakeUp => now = channel.poll_timeout().map_or(now, |at| at.max(now)),
            Step::TakeEvent => channel
                .poll_event()
                .into_iter()
                .for_each(|event| checked.event(event)),
            Step::TakeAll => {
                while let Some(event) = channel.poll_event() {
                    checked.event(event);
                }
            }
            Step::Send => {
                if checked.paused && channel.poll_timeout().is_some_and(|at| at <= now) {
                    checked.paused = false;
                }
                channel.handle_timeout(now);
                while let Some(message) = channel.poll_transmit(now) {
                    checked.sent(&message);
                }
            }
            Step::Close => channel.handle_message(now, outside(MessageType::ChannelClosed, b"{}")),
        }
        let quiet = channel.is_closed() || channel.failure().is_some() || !checked.connected;
        if !checked.unacknowledged.is_empty() && !quiet {
            assert!(
                channel.poll_timeout().is_some(),
                "unacknowledged without a wake-up"
            );
        }
    }
    while let Some(event) = channel.poll_event() {
        checked.event(event);
    }
    assert!(
        checked
            .surfaced
            .iter()
            .copied()
            .eq(0..checked.surfaced.len() as i64),
        "{:?}",
        checked.surfaced
    );
    assert!(checked.closes <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_list_of_steps_keeps_the_promises(steps in proptest::collection::vec(step(), 0..120)) {
        run(steps);
    }
}

//! The channel, one promise at a time.
//!
//! Nothing here sleeps or opens a socket.

mod handshake;
mod lost;

use super::*;
use crate::session::channel::Error;
use formats::payload::{ActionStatus, Flag, HandshakeResponse, OpenDataChannel, Size, parse_json};

const SIZE: Size = Size { cols: 80, rows: 24 };

/// A channel whose shell has shown its prompt.
fn open(now: Instant) -> Channel {
    let mut channel = connected(now);
    channel.handle_message(now, output(0, "$ "));
    assert_eq!(effects(&mut channel), [Effect::Output]);
    assert_eq!(sent_words(&mut channel, now), ["ack 0"]);
    channel
}

fn handshake_request(action: &str) -> AgentMessage {
    let text = format!(r#"{{"AgentVersion":"3.3.0.0","RequestedClientActions":[{action}]}}"#);
    stream(0, PayloadType::HANDSHAKE_REQUEST, text.as_bytes())
}

const COMMAND: &str = r#"{"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}"#;

#[test]
fn the_opening_holds_the_token_and_nothing_shows_it() {
    let mut channel = unconnected(start());
    let token = Token::new("secret".to_owned());
    let opening = channel.open(start(), WALL, &token);
    assert!(!format!("{token:?}{opening:?}{channel:?}").contains("secret"));
    let text = opening.into_text();
    let body: OpenDataChannel = parse_json("opening", text.as_bytes()).unwrap();
    assert_eq!(body.token_value, "secret");
    assert_eq!(body.client_version, "1.2.707.0");
    assert!(
        text.starts_with(r#"{"MessageSchemaVersion":"1.0","RequestId":""#),
        "{text}"
    );
}

#[test]
fn an_acknowledgement_waits_until_its_event_was_taken() {
    let now = start();
    let mut channel = connected(now);
    channel.handle_message(now, output(0, "a"));
    channel.handle_message(now, output(1, "b"));
    assert_eq!(sent_words(&mut channel, now), [""; 0]);
    channel.poll_event().unwrap();
    assert_eq!(sent_words(&mut channel, now), ["ack 0"]);
    channel.poll_event().unwrap();
    assert_eq!(sent_words(&mut channel, now), ["ack 1"]);
}

#[test]
fn duplicate_output_is_acknowledged_and_dropped() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, output(0, "$ "));
    assert_eq!(effects(&mut channel), [Effect::Duplicate]);
    assert_eq!(sent_words(&mut channel, now), ["ack 0"]);
}

#[test]
fn output_ahead_of_its_turn_is_acknowledged_at_once_and_surfaces_in_order() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, output(2, "c"));
    channel.handle_message(now, output(3, "d"));
    assert_eq!(effects(&mut channel), []);
    assert_eq!(sent_words(&mut channel, now), ["ack 2", "ack 3"]);
    channel.handle_message(now, output(2, "c"));
    assert_eq!(effects(&mut channel), [Effect::Duplicate]);
    assert_eq!(sent_words(&mut channel, now), ["ack 2"]);
    channel.handle_message(now, output(1, "b"));
    let text: Vec<Bytes> = std::iter::from_fn(|| channel.poll_event())
        .map(|event| match event {
            Event::Message {
                message,
                effect: Effect::Output,
            } => message.payload,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(text, ["b", "c", "d"]);
    assert_eq!(sent_words(&mut channel, now), ["ack 1"]);
}

#[test]
fn hostile_sequence_numbers_are_refused_and_harm_nothing() {
    let now = start();
    let mut channel = open(now);
    for sequence in [-1, i64::MIN, i64::MAX, 10_002, 1 << 40] {
        let mut message = output(0, "x");
        message.sequence_number = sequence;
        channel.handle_message(now, message);
        assert_eq!(effects(&mut channel), [Effect::Refused], "{sequence}");
        assert_eq!(sent_words(&mut channel, now), [""; 0], "{sequence}");
    }
    channel.handle_message(now, output(10_001, "as far as it goes"));
    assert_eq!(sent_words(&mut channel, now), ["ack 10001"]);
    channel.handle_message(now, output(1, "b"));
    assert_eq!(effects(&mut channel), [Effect::Output]);
}

#[test]
fn parked_bytes_meet_a_limit() {
    let now = start();
    let mut channel = open(now);
    let large = "x".repeat(1024 * 1024);
    let parked = (2..40)
        .take_while(|sequence| {
            channel.handle_message(now, output(*sequence, &large));
            effects(&mut channel).is_empty()
        })
        .count();
    assert_eq!(parked, 15);
}

#[test]
fn the_size_follows_the_first_output_and_precedes_keys_typed_early() {
    let now = start();
    let mut channel = connected(now);
    channel.resize(now, SIZE);
    channel.send_input(now, b"ls\r");
    assert_eq!(sent_words(&mut channel, now), [""; 0]);
    channel.handle_message(now, output(0, "$ "));
    assert_eq!(effects(&mut channel), [Effect::Output]);
    assert_eq!(
        sent_words(&mut channel, now),
        ["ack 0", r#"0:size {"cols":80,"rows":24}"#, "1:ls\r"]
    );
    channel.resize(now, SIZE);
    assert_eq!(sent_words(&mut channel, now), [""; 0]);
    channel.resize(
        now,
        Size {
            cols: 100,
            rows: 30,
        },
    );
    assert_eq!(
        sent_words(&mut channel, now),
        [r#"2:size {"cols":100,"rows":30}"#]
    );
}

#[test]
fn of_sizes_that_wait_only_the_newest_is_sent() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, outside(MessageType::PausePublication, b""));
    for cols in 80..90 {
        channel.resize(now, Size { cols, rows: 24 });
    }
    channel.handle_message(now, outside(MessageType::StartPublication, b""));
    assert_eq!(
        sent_words(&mut channel, now),
        [r#"0:size {"cols":89,"rows":24}"#]
    );
}

#[test]
fn a_paused_channel_acknowledges_and_holds_the_rest() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, outside(MessageType::PausePublication, b"{}"));
    assert_eq!(effects(&mut channel), [Effect::Paused]);
    channel.send_input(now, b"x");
    channel.handle_message(now, output(1, "late"));
    assert_eq!(effects(&mut channel), [Effect::Output]);
    assert_eq!(sent_words(&mut channel, now), ["ack 1"]);
    channel.handle_message(now, outside(MessageType::StartPublication, b"{}"));
    assert_eq!(effects(&mut channel), [Effect::Started]);
    assert_eq!(sent_words(&mut channel, now), ["0:x"]);
}

#[test]
fn a_pause_that_nobody_ends_ends_by_itself() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, outside(MessageType::PausePublication, b"{}"));
    channel.send_input(now, b"x");
    let end = channel.poll_timeout().unwrap();
    channel.handle_timeout(end);
    assert_eq!(sent_words(&mut channel, end), ["0:x"]);
}

#[test]
fn input_without_acknowledgement_is_sent_again_and_again() {
    let mut now = start();
    let mut channel = open(now);
    channel.send_input(now, b"x");
    assert_eq!(sent_words(&mut channel, now), ["0:x"]);
    let mut waits = Vec::new();
    for _ in 0..5 {
        let wake_up = channel.poll_timeout().unwrap();
        waits.push((wake_up - now).as_millis());
        now = wake_up;
        channel.handle_timeout(now);
        assert_eq!(sent_words(&mut channel, now), ["0:x"]);
    }
    assert_eq!(waits, [200, 400, 800, 1000, 1000]);
    assert!(channel.stalled_since().is_some());
    channel.handle_message(
        now,
        acknowledge(&AgentMessage {
            message_type: MessageType::InputStreamData,
            ..stream(0, PayloadType::OUTPUT, b"x")
        }),
    );
    assert_eq!(effects(&mut channel), [Effect::Acknowledged]);
    assert_eq!(channel.poll_timeout(), None);
    assert_eq!(channel.stalled_since(), None);
}

#[test]
fn a_gap_is_filled_at_once_when_later_messages_are_acknowledged() {
    let now = start();
    let mut channel = open(now);
    for key in [b"a", b"b", b"c", b"d", b"e"] {
        channel.send_input(now, key);
        assert_eq!(sent(&mut channel, now).len(), 1);
    }
    for sequence in 2..5 {
        channel.handle_message(
            now,
            acknowledge(&AgentMessage {
                message_type: MessageType::InputStreamData,
                ..output(sequence, "")
            }),
        );
    }
    assert_eq!(sent_words(&mut channel, now), ["0:a", "1:b"]);
}

#[test]
fn a_paste_goes_in_messages_of_1024_bytes_within_the_flow_limit() {
    let now = start();
    let mut channel = open(now);
    for chunk in vec![b'x'; 200 * 1024].chunks(700) {
        channel.send_input(now, chunk);
    }
    let first = sent(&mut channel, now);
    assert_eq!(first.len(), 64);
    assert!(first.iter().all(|message| message.payload.len() == 1024));
    for message in &first {
        channel.handle_message(now, acknowledge(message));
        effects(&mut channel);
    }
    assert_eq!(sent(&mut channel, now).len(), 128);
}

#[test]
fn exit_codes_flags_and_unknown_payloads_are_told_apart_and_acknowledged() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, stream(1, PayloadType::STD_ERR, b"oops"));
    channel.handle_message(now, stream(2, PayloadType::EXIT_CODE, b"EXIT_CODE: 7"));
    channel.handle_message(now, stream(3, PayloadType::FLAG, &[0, 0, 0, 3]));
    channel.handle_message(now, stream(4, PayloadType(99), b"?"));
    channel.handle_message(now, outside(MessageType::Other("news".into()), b"?"));
    assert_eq!(
        effects(&mut channel),
        [
            Effect::StdErr,
            Effect::ExitCode(7),
            Effect::Flag(Flag::ConnectToPortError),
            Effect::Unknown,
            Effect::Unknown,
        ]
    );
    assert_eq!(
        sent_words(&mut channel, now),
        ["ack 1", "ack 2", "ack 3", "ack 4"]
    );
}

fn closed() -> Effect {
    Effect::Closed {
        reason: None,
        missing: 0,
    }
}

#[test]
fn the_end_comes_after_all_output_with_its_reason() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, output(3, "parked"));
    let text = br#"{"MessageId":"m","SessionId":"s","Output":"Session timed out\n"}"#;
    channel.handle_message(now, outside(MessageType::ChannelClosed, text));
    channel.handle_message(now, output(1, "overtaken"));
    assert_eq!(effects(&mut channel), [Effect::Output]);
    let end = channel.poll_timeout().unwrap();
    assert_eq!(end, now + millis(2000));
    channel.handle_timeout(end);
    let reason = Some("Session timed out".to_owned());
    assert_eq!(
        effects(&mut channel),
        [Effect::Stranded, Effect::Closed { reason, missing: 1 }]
    );
    assert!(channel.is_closed());
    assert_eq!(channel.poll_timeout(), None);
}

#[test]
fn a_socket_that_ends_after_channel_closed_ends_the_channel_at_once() {
    let now = start();
    let mut channel = open(now);
    channel.handle_message(now, outside(MessageType::ChannelClosed, b"not json"));
    assert_eq!(effects(&mut channel), []);
    channel.handle_disconnect(now);
    assert_eq!(effects(&mut channel), [closed()]);
}

#[test]
fn a_new_connection_goes_on_where_the_old_one_broke() {
    let now = start();
    let mut channel = open(now);
    channel.send_input(now, b"a");
    assert_eq!(sent_words(&mut channel, now), ["0:a"]);
    channel.handle_disconnect(now);
    channel.send_input(now, b"b");
    channel.handle_message(now, output(1, "last words"));
    effects(&mut channel);
    assert_eq!(sent_words(&mut channel, now), [""; 0]);
    assert_eq!(channel.poll_timeout(), None);
    let later = now + millis(90_000);
    channel.open(later, WALL + 90_000, &Token::new("another".to_owned()));
    assert_eq!(sent_words(&mut channel, later), ["ack 1", "0:a", "1:b"]);
    channel.handle_message(later, output(2, "x"));
    assert_eq!(effects(&mut channel), [Effect::Output]);
}

#[test]
fn garbage_is_tolerated_until_there_is_nothing_else() {
    let mut now = start();
    let mut channel = open(now);
    let garbage = |channel: &mut Channel, now| {
        channel.handle_malformed(now, Bytes::from_static(b"?"), "short".to_owned());
        assert!(matches!(
            channel.poll_event(),
            Some(Event::Malformed { .. })
        ));
    };
    for round in 0..20 {
        garbage(&mut channel, now);
        channel.handle_message(now, output(round, "$ "));
        while channel.poll_event().is_some() {}
        assert_eq!(channel.failure(), None);
    }
    garbage(&mut channel, now);
    now = channel.poll_timeout().unwrap();
    channel.handle_timeout(now);
    assert!(matches!(
        channel.failure(),
        Some(Error::Garbage { count: 1, .. })
    ));

    let mut channel = open(now);
    for _ in 0..16 {
        assert_eq!(channel.failure(), None);
        garbage(&mut channel, now);
    }
    let failure = channel.failure().unwrap().to_string();
    assert!(failure.contains("16 messages in a row"), "{failure}");
}

#[test]
fn message_ids_differ_in_their_counter_only() {
    let now = start();
    let mut channel = open(now);
    let base = channel.message_id_base();
    assert_eq!(base.get_version_num(), 8);
    assert_eq!(base.as_u128() & 0xffff_ffff_ffff, 0);
    channel.send_input(now, b"a");
    let first = sent(&mut channel, now).remove(0).message_id;
    channel.send_input(now, b"b");
    let second = sent(&mut channel, now).remove(0).message_id;
    assert_eq!(first.as_u128() >> 48, base.as_u128() >> 48);
    assert_eq!(second.as_u128(), first.as_u128() + 1);
}

//! Encrypted sessions: the handshake with its data key and its challenge, and what does not decrypt.
//!
//! Nothing here asks KMS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use formats::payload::{
    ActionStatus, EncryptionChallenge, HandshakeResponse, Size, encode_json, parse_json,
};
use zeroize::Zeroizing;

use super::*;
use crate::session::channel::cipher::Cipher;
use crate::session::channel::{DataKey, Error};

pub(super) const REQUEST: &[u8] = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Standard_Stream","Properties":null}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"alias/sessions","Challenge":"AQIDBA=="}}]}"#;
const PORT_REQUEST: &[u8] = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"22"}}},{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"alias/sessions"}}]}"#;
const CHALLENGE: &[u8] = &[0xc4; 64];
const SIZE: Size = Size { cols: 80, rows: 24 };

fn key_of(bytes: impl Iterator<Item = u8>) -> DataKey {
    let plaintext = Zeroizing::new(bytes.collect());
    DataKey::new(plaintext, b"sealed by KMS".to_vec(), [9; 12]).unwrap()
}

pub(super) fn data_key() -> DataKey {
    key_of(0..64)
}

/// The agent's end: the halves of the key the other way round.
pub(super) struct Agent(Cipher);

pub(super) fn agent() -> Agent {
    Agent(Cipher::new(&key_of((32..64).chain(0..32))).unwrap())
}

impl Agent {
    pub(super) fn challenge(&mut self, sequence: i64) -> AgentMessage {
        let challenge = BASE64.encode(self.0.seal(CHALLENGE).unwrap());
        stream(
            sequence,
            PayloadType::ENCRYPTION_CHALLENGE_REQUEST,
            &encode_json(&EncryptionChallenge { challenge }),
        )
    }

    fn sealed(&mut self, sequence: i64, payload_type: PayloadType, text: &[u8]) -> AgentMessage {
        stream(sequence, payload_type, &self.0.seal(text).unwrap())
    }

    pub(super) fn output(&mut self, sequence: i64, text: &str) -> AgentMessage {
        self.sealed(sequence, PayloadType::OUTPUT, text.as_bytes())
    }

    pub(super) fn open(&self, message: &AgentMessage) -> Bytes {
        self.0.open(&message.payload).unwrap()
    }
}

/// A channel that has just asked for its key.
fn asking(now: Instant, request: &[u8]) -> Channel {
    let mut channel = connected(now);
    channel.resize(now, SIZE);
    channel.send_input(now, b"early");
    channel.handle_message(now, stream(0, PayloadType::HANDSHAKE_REQUEST, request));
    assert_eq!(effects(&mut channel), [Effect::Handshake]);
    assert_eq!(channel.poll_wanted_key().as_deref(), Some("alias/sessions"));
    assert_eq!(channel.poll_wanted_key(), None);
    assert_eq!(sent_words(&mut channel, now), ["ack 0"]);
    channel
}

/// A channel whose handshake is over; the agent's next message has sequence number 3.
fn open(now: Instant, request: &[u8]) -> (Channel, Agent) {
    let mut channel = asking(now, request);
    let mut agent = agent();
    channel.handle_data_key(now, Ok(&data_key()));
    let response = sent(&mut channel, now).remove(0);
    channel.handle_message(now, acknowledge(&response));
    channel.handle_message(now, agent.challenge(1));
    let complete = stream(2, PayloadType::HANDSHAKE_COMPLETE, b"{}");
    channel.handle_message(now, complete);
    effects(&mut channel);
    (channel, agent)
}

#[test]
fn the_handshake_waits_for_the_key_and_answers_the_challenge() {
    let now = start();
    let mut channel = asking(now, REQUEST);
    let mut agent = agent();
    channel.handle_data_key(now, Ok(&data_key()));
    let messages = sent(&mut channel, now);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0].payload_type, PayloadType::HANDSHAKE_RESPONSE);
    let text = String::from_utf8_lossy(&messages[0].payload).into_owned();
    assert!(
        text.contains(
            r#"{"ActionType":"KMSEncryption","ActionStatus":1,"ActionResult":{"KMSCipherTextHash":null,"KMSCipherTextKey":"c2VhbGVkIGJ5IEtNUw=="},"Error":""}],"Errors":null}"#
        ),
        "{text}"
    );
    channel.handle_message(now, agent.challenge(1));
    assert_eq!(effects(&mut channel), [Effect::Handshake]);
    let messages = sent(&mut channel, now);
    assert_eq!(messages.len(), 2, "the keys wait: {messages:?}");
    let answer: EncryptionChallenge = parse_json("challenge", &messages[1].payload).unwrap();
    let sealed = BASE64.decode(answer.challenge).unwrap();
    assert_eq!(agent.0.open(&sealed).unwrap(), CHALLENGE);
    channel.handle_message(now, stream(2, PayloadType::HANDSHAKE_COMPLETE, b"{}"));
    assert_eq!(effects(&mut channel), [Effect::Handshake]);
    let messages = sent(&mut channel, now);
    assert_eq!(words(&messages[1]), r#"2:size {"cols":80,"rows":24}"#);
    assert_eq!(messages[2].payload_type, PayloadType::OUTPUT);
    assert_eq!(agent.open(&messages[2]), "early");
    assert_eq!(channel.encrypted_with(), Some("alias/sessions"));
    assert_eq!(channel.failure(), None);
}

#[test]
fn output_errors_and_exit_code_are_decrypted_and_the_rest_is_plain() {
    let now = start();
    let (mut channel, mut agent) = open(now, REQUEST);
    channel.handle_message(now, agent.sealed(4, PayloadType::STD_ERR, b"oops"));
    channel.handle_message(now, agent.output(3, "$ "));
    channel.handle_message(
        now,
        agent.sealed(5, PayloadType::EXIT_CODE, b"EXIT_CODE: 7"),
    );
    channel.handle_message(now, stream(6, PayloadType::FLAG, &[0, 0, 0, 1]));
    let mut shown = Vec::new();
    while let Some(Event::Message { message, effect }) = channel.poll_event() {
        if matches!(effect, Effect::Output | Effect::StdErr) {
            shown.push(message.payload);
        } else {
            assert!(
                matches!(effect, Effect::ExitCode(7) | Effect::Flag(_)),
                "{effect:?}"
            );
        }
    }
    assert_eq!(shown, ["$ ", "oops"]);
}

#[test]
fn what_is_sent_again_is_the_same_to_the_last_byte() {
    let mut now = start();
    let (mut channel, agent) = open(now, REQUEST);
    sent(&mut channel, now);
    channel.send_input(now, b"again");
    let first = sent(&mut channel, now).remove(0);
    assert_eq!(agent.open(&first), "again");
    for _ in 0..3 {
        now = channel.poll_timeout().unwrap();
        channel.handle_timeout(now);
        let resent = sent(&mut channel, now);
        assert!(resent.contains(&first), "{resent:?}");
    }
    channel.handle_disconnect(now);
    channel.open(now, WALL, &Token::new("another".to_owned()));
    assert!(sent(&mut channel, now).contains(&first));
    channel.send_input(now, b"again");
    let second = sent(&mut channel, now).remove(0);
    assert_ne!(second.payload[..12], first.payload[..12]);
    assert_eq!(agent.open(&second), "again");
}

#[test]
fn a_port_session_records_in_the_clear_what_it_sends_encrypted() {
    let now = start();
    let (mut channel, agent) = open(now, PORT_REQUEST);
    while channel.poll_sent().is_some() {}
    let messages = sent(&mut channel, now);
    let sealed = messages.last().unwrap();
    assert_eq!(agent.open(sealed), "early");
    let recorded = std::iter::from_fn(|| channel.poll_sent()).last().unwrap();
    assert_eq!(recorded.payload, "early");
    assert_eq!(recorded.message_id, sealed.message_id);
}

#[test]
fn without_a_key_the_agent_is_told_and_nothing_else_is_sent() {
    let now = start();
    let mut channel = asking(now, REQUEST);
    channel.handle_data_key(now, Err("access denied".to_owned()));
    let messages = sent(&mut channel, now);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let response: HandshakeResponse = parse_json("response", &messages[0].payload).unwrap();
    let [session_type, encryption] = &response.processed_client_actions[..] else {
        panic!("{response:?}");
    };
    assert_eq!(session_type.action_status, ActionStatus::Success);
    assert_eq!(encryption.action_status, ActionStatus::Failed);
    assert_eq!(encryption.error, "access denied");
    assert_eq!(response.errors, Some(vec!["access denied".to_owned()]));
    assert!(matches!(channel.failure(), Some(Error::NoDataKey { .. })));
}

#[test]
fn a_key_that_nobody_asked_for_changes_nothing() {
    let now = start();
    let (mut channel, mut agent) = open(now, REQUEST);
    let other = key_of(64..128);
    channel.handle_data_key(now, Ok(&other));
    channel.handle_message(now, agent.output(3, "$ "));
    assert_eq!(effects(&mut channel), [Effect::Output]);
    assert_eq!(channel.failure(), None);
}

/// What does not decrypt is surfaced as it came, is not acknowledged, and ends the session; so is what waits behind it.
#[test]
fn what_does_not_decrypt_ends_the_session_after_it_was_surfaced_as_it_came() {
    let now = start();
    let (mut channel, mut agent) = open(now, REQUEST);
    sent(&mut channel, now);
    channel.handle_message(now, agent.output(4, "behind"));
    let clear = output(3, "in the clear, as a thief would");
    channel.handle_message(now, clear.clone());
    let Some(Event::Malformed { bytes, cause }) = channel.poll_event() else {
        panic!("it is no message");
    };
    assert_eq!(bytes, clear.encode());
    assert!(cause.contains("not encrypted with the key"), "{cause}");
    assert!(matches!(
        channel.poll_event(),
        Some(Event::Message { message, effect: Effect::Stranded }) if message.payload == "behind"
    ));
    assert_eq!(sent_words(&mut channel, now), ["ack 4"]);
    let failure = channel.failure().unwrap().to_string();
    assert!(
        failure.starts_with("message 3 of the agent does not decrypt"),
        "{failure}"
    );
}

#[test]
fn output_before_the_key_and_a_handshake_complete_without_it_are_no_way_round() {
    let now = start();
    let mut channel = asking(now, REQUEST);
    channel.handle_message(now, output(1, "in the clear"));
    assert!(matches!(
        channel.poll_event(),
        Some(Event::Malformed { .. })
    ));
    assert!(matches!(
        channel.failure(),
        Some(Error::Undecipherable {
            sequence_number: 1,
            ..
        })
    ));

    let mut channel = asking(now, REQUEST);
    channel.handle_message(now, stream(1, PayloadType::HANDSHAKE_COMPLETE, b"{}"));
    effects(&mut channel);
    assert!(matches!(channel.failure(), Some(Error::Handshake(_))));
    assert!(
        sent(&mut channel, now)
            .iter()
            .all(|message| !message.message_type.is_stream())
    );
}

#[test]
fn a_challenge_that_cannot_be_answered_fails_and_one_out_of_place_is_passed_over() {
    let now = start();
    let challenge = |text: &str| {
        stream(
            1,
            PayloadType::ENCRYPTION_CHALLENGE_REQUEST,
            text.as_bytes(),
        )
    };
    let long = encode_json(&EncryptionChallenge {
        challenge: BASE64.encode(agent().0.seal(&[0; 1025]).unwrap()),
    });
    for wrong in [
        "?",
        r#"{"Challenge":"?"}"#,
        r#"{"Challenge":"AQID"}"#,
        r#"{"Challenge":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        std::str::from_utf8(&long).unwrap(),
    ] {
        let mut channel = asking(now, REQUEST);
        channel.handle_data_key(now, Ok(&data_key()));
        sent(&mut channel, now);
        channel.handle_message(now, challenge(wrong));
        assert_eq!(effects(&mut channel), [Effect::Handshake]);
        assert!(
            matches!(channel.failure(), Some(Error::Challenge(_))),
            "{wrong}"
        );
        assert_eq!(sent_words(&mut channel, now), ["ack 1"]);
    }
    // An agent that asks later would have the client decrypt for it.
    let (mut channel, mut agent) = open(now, REQUEST);
    channel.handle_message(now, agent.challenge(3));
    assert_eq!(effects(&mut channel), [Effect::Unknown]);
    assert_eq!(channel.failure(), None);
}

#[test]
fn a_session_closed_within_its_handshake_was_never_open() {
    let now = start();
    let mut channel = asking(now, REQUEST);
    let text = br#"{"Output":"Fetching data key failed"}"#;
    channel.handle_message(now, outside(MessageType::ChannelClosed, text));
    channel.handle_disconnect(now);
    assert!(matches!(effects(&mut channel)[..], [Effect::Closed { .. }]));
    assert!(channel.never_opened());
    let (mut channel, _) = open(now, REQUEST);
    channel.handle_message(now, outside(MessageType::ChannelClosed, text));
    channel.handle_disconnect(now);
    assert!(matches!(effects(&mut channel)[..], [Effect::Closed { .. }]));
    assert!(!channel.never_opened());
}

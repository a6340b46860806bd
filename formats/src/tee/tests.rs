//! Messages on record that stand for themselves, as strings and back.
//!
//! Nothing here leaves anything out; what may be is tested where it is done, in `shorthand`.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Content, Error, TeedMessage};
use crate::agent_message::{AgentMessage, Flags, MessageType, PayloadType};

fn shown(content: Content, length: usize) -> TeedMessage {
    TeedMessage {
        message_type: Some(MessageType::OutputStreamData),
        sequence_number: 12,
        payload_type: PayloadType::OUTPUT,
        clock_ms: -3,
        length,
        content,
    }
}

fn check(message: TeedMessage, text: &str) {
    assert_eq!(message.to_string(), text);
    assert_eq!(text.parse(), Ok(message));
}

#[test]
fn every_kind_reads_and_writes_the_same_string() {
    check(shown(Content::Next, 5), "output_stream_data 12 1 -3 5");
    check(
        shown(Content::Duplicate, 5),
        "output_stream_data 12 1 -3 5 duplicate",
    );
    check(
        shown(Content::Omitted, 5),
        "output_stream_data 12 1 -3 5 omitted",
    );
    check(
        shown(Content::Here(Bytes::from_static(b"a b:c")), 5),
        "output_stream_data 12 1 -3 5 text:a b:c",
    );
    check(
        shown(Content::Here(Bytes::from_static(b"\xff")), 1),
        "output_stream_data 12 1 -3 1 base64:/w==",
    );
    check(
        TeedMessage::malformed(Bytes::from_static(b"abc")),
        "malformed 0 0 +0 3 base64:YWJj",
    );
}

#[test]
fn a_type_from_the_wire_cannot_break_the_fields() {
    let of_type = |name: &str| TeedMessage {
        message_type: Some(MessageType::from_name(name).unwrap()),
        ..shown(Content::Next, 0)
    };
    check(of_type("a b%\"\\é"), "a%20b%25%22%5cé 12 1 -3 0");
    check(of_type("malformed"), "%6dalformed 12 1 -3 0");
}

#[test]
fn what_is_no_message_says_which_field() {
    for (text, error) in [
        ("", Error::Field("message type")),
        ("acknowledge", Error::Missing("sequence number")),
        ("acknowledge x 0 +0 1", Error::Field("sequence number")),
        ("acknowledge 1 -1 +0 1", Error::Field("payload type")),
        ("acknowledge 1 0 +0 1 hex:00", Error::Field("payload kind")),
        ("acknowledge 1 0 +0 1 base64:!", Error::Field("payload")),
        ("a%zz 1 0 +0 1", Error::Field("message type")),
    ] {
        assert_eq!(text.parse::<TeedMessage>(), Err(error), "{text}");
    }
    assert!(
        "acknowledge 1 0 +0 2 text:abc"
            .parse::<TeedMessage>()
            .is_err()
    );
}

#[test]
fn the_senders_clock_can_be_had_back() {
    let at = std::time::Duration::from_micros(1_999);
    let message = AgentMessage {
        message_type: MessageType::Acknowledge,
        schema_version: 1,
        created_date: 1_700_000_000_123,
        sequence_number: 0,
        flags: Flags::SYN_FIN,
        message_id: uuid::Uuid::nil(),
        payload_type: PayloadType::NONE,
        payload: Bytes::new(),
    };
    let teed = TeedMessage::of(&message, Content::Next, 1_700_000_000_000, at);
    assert_eq!(teed.clock_ms, 122);
    assert_eq!(
        teed.created_date_ms(1_700_000_000_000, at),
        1_700_000_000_123
    );
}

proptest! {
    #[test]
    fn every_message_survives(
        name in "[^\\p{Cc}]{1,32}", sequence_number: i64, payload_type: u32, clock_ms: i64,
        payload in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..64)),
    ) {
        prop_assume!(MessageType::from_name(&name).is_ok());
        let message = TeedMessage {
            message_type: MessageType::from_name(&name).ok(), sequence_number, payload_type: PayloadType(payload_type), clock_ms,
            length: payload.as_ref().map_or(7, Vec::len),
            content: payload.map_or(Content::Next, |payload| Content::Here(payload.into())),
        };
        prop_assert_eq!(message.to_string().parse(), Ok(message));
    }

    #[test]
    fn no_string_makes_it_panic(text: String) {
        let _ = text.parse::<TeedMessage>();
    }
}

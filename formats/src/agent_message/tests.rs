//! Agent messages to and from bytes: worked examples, and every way in which bytes are none.
//!
//! Nothing here talks to an agent; `tests/captures` holds what agents sent.

use super::*;
use proptest::prelude::*;

const ID: &str = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9";

fn input(sequence_number: i64, payload_type: PayloadType, payload: &'static [u8]) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::InputStreamData,
        schema_version: 1,
        created_date: 1_700_000_000_123,
        sequence_number,
        flags: Flags::NONE,
        message_id: ID.parse().unwrap(),
        payload_type,
        payload: Bytes::from_static(payload),
    }
}

fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn check_golden(message: AgentMessage, hex: &str) {
    let golden = bytes(hex);
    assert_eq!(message.encode(), golden);
    assert_eq!(AgentMessage::parse(golden), Ok(message));
}

#[test]
fn worked_examples_read_and_write_the_same_bytes() {
    check_golden(
        input(3, PayloadType::OUTPUT, b"ls\r"),
        "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001
         0000018bcfe5687b0000000000000003000000000000000082738495a6b7c8d90a1b2c3d4e5f4061
         1d887ce0f8672e4914d9000e801cd74ecd805dd9366c0bc42dc16adc0197dc2f0000000100000003
         6c730d",
    );
    check_golden(
        input(1, PayloadType::SIZE, b"{\"cols\":80,\"rows\":24}"),
        "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001
         0000018bcfe5687b0000000000000001000000000000000082738495a6b7c8d90a1b2c3d4e5f4061
         d53ca1ea7dce87c11432052a8550ed2615cf715ca843c89710ed83325b691cba0000000300000015
         7b22636f6c73223a38302c22726f7773223a32347d",
    );
    check_golden(
        input(7, PayloadType::FLAG, &[0, 0, 0, 2]),
        "00000074696e7075745f73747265616d5f6461746120202020202020202020202020202000000001
         0000018bcfe5687b0000000000000007000000000000000082738495a6b7c8d90a1b2c3d4e5f4061
         433ebf5bc03dffa38536673207a21281612cef5faa9bc7a4d5b9be2fdb12cf1a0000000a00000004
         00000002",
    );
}

#[test]
fn a_message_cut_at_any_length_is_an_error() {
    let whole = input(3, PayloadType::OUTPUT, b"ls\r").encode();
    for length in 0..whole.len() {
        assert!(
            AgentMessage::parse(whole.slice(..length)).is_err(),
            "cut at {length}"
        );
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let mut changed = input(3, PayloadType::OUTPUT, b"ls\r").encode().to_vec();
    changed[120] ^= 1;
    assert_eq!(AgentMessage::parse(changed.into()), Err(Error::Digest));
}

#[test]
fn lengths_beyond_the_limits_are_refused_by_name() {
    let mut message = input(3, PayloadType::OUTPUT, b"ls\r").encode().to_vec();
    message[116..120].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(
        AgentMessage::parse(message.clone().into()),
        Err(Error::PayloadTooLong {
            length: u32::MAX as usize,
            limit: MAX_PAYLOAD_LENGTH
        })
    );
    message[0..4].copy_from_slice(&0_u32.to_be_bytes());
    assert_eq!(
        AgentMessage::parse(message.into()),
        Err(Error::HeaderLength(0))
    );
}

#[test]
fn publication_messages_are_taken_without_date_and_digest() {
    let mut message = input(0, PayloadType::NONE, b"{}");
    message.message_type = MessageType::PausePublication;
    message.created_date = 0;
    let mut encoded = message.encode().to_vec();
    encoded[DIGEST_AT] ^= 1;
    assert_eq!(AgentMessage::parse(encoded.into()), Ok(message));
}

#[test]
fn nul_padding_of_the_type_is_stripped() {
    let mut encoded = input(3, PayloadType::OUTPUT, b"ls\r").encode().to_vec();
    encoded[4 + "input_stream_data".len()..36].fill(0);
    assert_eq!(
        AgentMessage::parse(encoded.into()).unwrap().message_type,
        MessageType::InputStreamData
    );
}

proptest! {
    #[test]
    fn every_message_survives_the_wire(
        kind in prop_oneof![
            Just(MessageType::InputStreamData), Just(MessageType::OutputStreamData), Just(MessageType::Acknowledge),
            "[a-z_]{1,32}".prop_map(|name| MessageType::parse(name.as_bytes()).unwrap()),
        ],
        created_date in 1_u64.., sequence_number: i64, flags: u64, id: u128, payload_type: u32,
        payload in proptest::collection::vec(any::<u8>(), 0..2048),
    ) {
        let message = AgentMessage {
            message_type: kind, schema_version: 1, created_date, sequence_number, flags: Flags(flags),
            message_id: Uuid::from_u128(id), payload_type: PayloadType(payload_type), payload: payload.into(),
        };
        prop_assert_eq!(AgentMessage::parse(message.encode()), Ok(message));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = AgentMessage::parse(bytes.into());
    }
}

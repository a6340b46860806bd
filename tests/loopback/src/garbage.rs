//! Messages that no good peer sends.
//!
//! Nothing here sends them; `connection` does, between good ones.

use bytes::Bytes;
use formats::{MessageType, PayloadType};
use tokio_tungstenite::tungstenite::Message;

use crate::faults::Garbage;
use crate::message;

/// The websocket message that this kind of garbage is.
pub(crate) fn message(garbage: Garbage) -> Message {
    let output = |number, payload_type| {
        message::output(number, payload_type, Bytes::from_static(b"garbage"))
            .encode()
            .to_vec()
    };
    let plain = || output(1, PayloadType::OUTPUT);
    let patched = |at: usize, bytes: &[u8]| {
        let mut message = plain();
        message[at..at + bytes.len()].copy_from_slice(bytes);
        message
    };
    let acknowledge = |body: &'static [u8]| {
        let mut message =
            message::acknowledge(&message::output(1 << 40, PayloadType::OUTPUT, Bytes::new()));
        if !body.is_empty() {
            message.payload = Bytes::from_static(body);
        }
        message.encode().to_vec()
    };
    let bytes = match garbage {
        Garbage::WrongDigest => patched(120, b"G"),
        Garbage::WrongLength => patched(116, &8_u32.to_be_bytes()),
        Garbage::HugeLength => patched(116, &u32::MAX.to_be_bytes()),
        Garbage::NoHeader => patched(0, &0_u32.to_be_bytes()),
        Garbage::Truncated => plain()[..60].to_vec(),
        Garbage::UnknownType => patched(4, b"unheard_of_type___"),
        Garbage::UnknownPayloadType => {
            let mut message = message::output(0, PayloadType(99), Bytes::from_static(b"garbage"));
            message.message_type = MessageType::Acknowledge;
            message.encode().to_vec()
        }
        Garbage::Text => return Message::text("this is no agent message"),
        Garbage::Empty => Vec::new(),
        Garbage::BadAcknowledge => acknowledge(b"{\"AcknowledgedMessageType\":"),
        Garbage::WildAcknowledge => acknowledge(b""),
        Garbage::FarAhead => output(i64::MAX, PayloadType::OUTPUT),
        Garbage::NegativeSequence => output(-1, PayloadType::OUTPUT),
        Garbage::Enormous => vec![0; 16 * 1024 * 1024],
        Garbage::Noise => (0..200_u32).map(|n| (n * 167 + 41) as u8).collect(),
    };
    Message::binary(bytes)
}

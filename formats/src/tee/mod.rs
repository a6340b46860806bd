//! The data of an `f` event: one agent message on record, as one string.
//!
//! Nothing here shows anything: what the message put on the screen stands in the `o` event behind it, and only what
//! cannot be had back from there is carried here.

mod shorthand;

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::agent_message::{AgentMessage, MessageType, PayloadType};

pub(crate) use shorthand::Ordinary;
pub use shorthand::Shorthand;

/// What stands in place of a message type for bytes that were no agent message. A message whose type reads so on the
/// wire is written with its first letter escaped.
const MALFORMED: &str = "malformed";

/// One agent message on record: `TYPE SEQ PAYLOADTYPE CLOCK LENGTH[ KIND[:TEXT]]`. In a recording what earlier messages tell
/// is written shorter, see [`Shorthand`]; this type always holds it in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeedMessage {
    /// `None` for bytes that were no agent message.
    pub message_type: Option<MessageType>,
    /// As on the wire.
    pub sequence_number: i64,
    /// As on the wire.
    pub payload_type: PayloadType,
    /// The sender's created date minus the recording's own wall clock at this event, in milliseconds.
    pub clock_ms: i64,
    /// Length of the payload in bytes.
    pub length: usize,
    /// Where the payload is.
    pub content: Content,
}

/// Where the payload of a teed message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// It is, byte for byte, the text of the next `o` event. There is none when the length is 0.
    Next,
    /// Here: written as text when it is UTF-8, else in base64.
    Here(Bytes),
    /// It was recorded before: the message was sent again and dropped.
    Duplicate,
    /// It was left out on purpose.
    Omitted,
}

impl TeedMessage {
    /// The record of `message` at the event time `at`, the recording having started at `started_at_ms`.
    #[must_use]
    pub fn of(
        message: &AgentMessage,
        content: Content,
        started_at_ms: i64,
        at: std::time::Duration,
    ) -> Self {
        let created = i64::try_from(message.created_date).unwrap_or(i64::MAX);
        Self {
            message_type: Some(message.message_type.clone()),
            sequence_number: message.sequence_number,
            payload_type: message.payload_type,
            clock_ms: created.saturating_sub(wall_clock_ms(started_at_ms, at)),
            length: message.payload.len(),
            content,
        }
    }

    /// The record of bytes that were no agent message.
    #[must_use]
    pub fn malformed(bytes: Bytes) -> Self {
        Self {
            message_type: None,
            sequence_number: 0,
            payload_type: PayloadType::NONE,
            clock_ms: 0,
            length: bytes.len(),
            content: Content::Here(bytes),
        }
    }

    /// The sender's clock: milliseconds since the epoch.
    #[must_use]
    pub fn created_date_ms(&self, started_at_ms: i64, at: std::time::Duration) -> i64 {
        wall_clock_ms(started_at_ms, at).saturating_add(self.clock_ms)
    }

    /// Whether it put bytes on the screen: output or standard error of the agent, not seen before.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.message_type == Some(MessageType::OutputStreamData)
            && self.payload_type.is_shown()
            && self.content != Content::Duplicate
    }

    fn write_type(&self, head: &mut String) {
        match &self.message_type {
            None => head.push_str(MALFORMED),
            Some(message_type) => escape_type(message_type.as_str(), head),
        }
    }

    /// ` PAYLOADTYPE CLOCK LENGTH`
    fn write_numbers(&self, head: &mut String) {
        use fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            " {} {:+} {}",
            self.payload_type.0, self.clock_ms, self.length
        );
    }

    fn parse_with(data: &str, mut shorthand: Option<&mut Shorthand>) -> Result<Self, Error> {
        let mut fields = data.splitn(6, ' ');
        let mut field = |name| fields.next().ok_or(Error::Missing(name));
        let message_type = match field("message type")? {
            MALFORMED => None,
            escaped => Some(
                unescape_type(escaped)
                    .and_then(|name| MessageType::from_name(&name).ok())
                    .ok_or(Error::Field("message type"))?,
            ),
        };
        let sequence_number = field("sequence number")?;
        let sequence_number = match &mut shorthand {
            Some(shorthand) => shorthand.parse_number(message_type.as_ref(), sequence_number),
            None => sequence_number.parse().ok(),
        }
        .ok_or(Error::Field("sequence number"))?;
        let payload_type = PayloadType(number(field("payload type")?, "payload type")?);
        let clock_ms = number(field("clock")?, "clock")?;
        let length = number(field("length")?, "length")?;
        let content = match fields.next() {
            None => Content::Next,
            Some("duplicate") => Content::Duplicate,
            Some("omitted") => Content::Omitted,
            Some(other) => match other.split_once(':') {
                Some(("text", text)) => Content::Here(Bytes::copy_from_slice(text.as_bytes())),
                Some(("base64", text)) => Content::Here(
                    STANDARD
                        .decode(text)
                        .map_err(|_| Error::Field("payload"))?
                        .into(),
                ),
                Some(("ack", text)) => shorthand
                    .and_then(|shorthand| shorthand.parse_acknowledge(text))
                    .ok_or(Error::Field("payload"))?,
                _ => return Err(Error::Field("payload kind")),
            },
        };
        if let Content::Here(payload) = &content
            && payload.len() != length
        {
            return Err(Error::Length {
                stated: length,
                found: payload.len(),
            });
        }
        Ok(Self {
            message_type,
            sequence_number,
            payload_type,
            clock_ms,
            length,
            content,
        })
    }
}

/// The recording's own clock at an event, in whole milliseconds since the epoch.
fn wall_clock_ms(started_at_ms: i64, at: std::time::Duration) -> i64 {
    started_at_ms.saturating_add(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}

impl fmt::Display for TeedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = String::with_capacity(48);
        self.write_type(&mut head);
        head.push(' ');
        head.push_str(&self.sequence_number.to_string());
        self.write_numbers(&mut head);
        let text = self.write_content(&mut head);
        write!(f, "{head}{text}")
    }
}

/// Reads a message that stands for itself; one that refers to others needs [`Shorthand::parse`].
impl FromStr for TeedMessage {
    type Err = Error;

    fn from_str(data: &str) -> Result<Self, Error> {
        Self::parse_with(data, None)
    }
}

fn base64_to(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

fn number<T: FromStr>(text: &str, name: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Field(name))
}

/// A space would end the field, and quotes and backslashes would need JSON's escapes: as in a URL, `%20`.
fn escape_type(name: &str, out: &mut String) {
    use fmt::Write;
    for (at, character) in name.char_indices() {
        if matches!(character, ' ' | '%' | '"' | '\\') || (at == 0 && name == MALFORMED) {
            let _ = write!(out, "%{:02x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}

fn unescape_type(escaped: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = escaped;
    while let Some((plain, after)) = rest.split_once('%') {
        name.push_str(plain);
        let byte = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        name.push(char::from(byte));
        rest = &after[2..];
    }
    name.push_str(rest);
    Some(name)
}

/// Why a string is no teed message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The string ends before it.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// It is not what it should be.
    #[error("the {0} does not read")]
    Field(&'static str),
    /// The payload has another length than it should have.
    #[error("the payload has {found} bytes, not {stated}")]
    Length {
        /// What the field says.
        stated: usize,
        /// What is there.
        found: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            flags: crate::agent_message::Flags::SYN_FIN,
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
}

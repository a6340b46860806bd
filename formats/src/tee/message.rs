//! One agent message on record in full, to and from a string.
//!
//! Nothing here knows of other messages: what a string leaves to them, [`Earlier`] is asked for.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::agent_message::{AgentMessage, MessageType, PayloadType};

/// What stands in place of a message type for bytes that were no agent message. A message whose type reads so on the
/// wire is written with its first letter escaped.
const MALFORMED: &str = "malformed";

/// One agent message on record: `TYPE SEQ PAYLOADTYPE CLOCK LENGTH[ KIND[:TEXT]]`. In a recording what earlier messages tell
/// is written shorter, see [`super::Shorthand`]; this type always holds it in full.
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

    pub(super) fn write_type(&self, head: &mut String) {
        match &self.message_type {
            None => head.push_str(MALFORMED),
            Some(message_type) => escape_type(message_type.as_str(), head),
        }
    }

    /// ` PAYLOADTYPE CLOCK LENGTH`
    pub(super) fn write_numbers(&self, head: &mut String) {
        use fmt::Write;
        // Writing to a string cannot fail.
        let _ = write!(
            head,
            " {} {:+} {}",
            self.payload_type.0, self.clock_ms, self.length
        );
    }

    /// ` KIND[:TEXT]`: appends what JSON need not escape, and returns what it may have to.
    pub(super) fn write_content(&self, head: &mut String) -> &str {
        match &self.content {
            Content::Next => {}
            Content::Duplicate => head.push_str(" duplicate"),
            Content::Omitted => head.push_str(" omitted"),
            Content::Here(payload) => match std::str::from_utf8(payload) {
                Ok(text) if self.message_type.is_some() => {
                    head.push_str(" text:");
                    return text;
                }
                _ => {
                    head.push_str(" base64:");
                    STANDARD.encode_string(payload, head);
                }
            },
        }
        ""
    }

    pub(super) fn parse_with(data: &str, earlier: &mut impl Earlier) -> Result<Self, Error> {
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
        let sequence_number = earlier
            .number(message_type.as_ref(), field("sequence number")?)
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
                Some(("ack", text)) => {
                    let payload = earlier.acknowledge(text).ok_or(Error::Field("payload"))?;
                    Content::Here(payload)
                }
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

/// What a message may leave to the ones before it.
pub(super) trait Earlier {
    /// The sequence number that stands in this field.
    fn number(&mut self, message_type: Option<&MessageType>, field: &str) -> Option<i64>;
    /// The payload that `ack:` stands for.
    fn acknowledge(&mut self, text: &str) -> Option<Bytes>;
}

/// There are none before it.
struct Nothing;

impl Earlier for Nothing {
    fn number(&mut self, _: Option<&MessageType>, field: &str) -> Option<i64> {
        field.parse().ok()
    }

    fn acknowledge(&mut self, _: &str) -> Option<Bytes> {
        None
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

/// Reads a message that stands for itself; one that refers to others needs [`super::Shorthand::parse`].
impl FromStr for TeedMessage {
    type Err = Error;

    fn from_str(data: &str) -> Result<Self, Error> {
        Self::parse_with(data, &mut Nothing)
    }
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

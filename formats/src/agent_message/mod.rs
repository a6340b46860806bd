//! The agent message: the one unit of the data channel, header and payload, to and from bytes.
//!
//! Nothing here knows what a payload means or in which order messages come; the payload is never copied on the way in.

mod payload_type;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use self::payload_type::PayloadType;

/// Bytes before the `PayloadLength` field (source: `AgentMessage_HLLength` and the offsets that follow it, agentmessage.go).
const HEADER_LENGTH: usize = 116;
/// Bytes before the payload in a message that this codec writes.
pub const PREFIX_LENGTH: usize = HEADER_LENGTH + 4;
/// The longest header taken: fields added after ours are skipped, a wild length is not believed.
const MAX_HEADER_LENGTH: usize = 4096;
/// The longest payload taken. The agent sends at most 1,027 bytes; older ones sent a few KiB; the service's own messages stay below this too.
pub const MAX_PAYLOAD_LENGTH: usize = 1024 * 1024;
/// The most that this client puts in one `input_stream_data` message (source: `StreamDataPayloadSize` of the agent, 1,024 bytes).
pub const MAX_INPUT_LENGTH: usize = 1024;

const TYPE_AT: usize = 4;
const TYPE_LENGTH: usize = 32;
const SCHEMA_VERSION_AT: usize = 36;
const CREATED_DATE_AT: usize = 40;
const SEQUENCE_NUMBER_AT: usize = 48;
const FLAGS_AT: usize = 56;
const MESSAGE_ID_AT: usize = 64;
const DIGEST_AT: usize = 80;
const DIGEST_LENGTH: usize = 32;
const PAYLOAD_TYPE_AT: usize = 112;

/// One message of the data channel, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentMessage {
    /// What kind of message this is; decides how the payload is read.
    pub message_type: MessageType,
    /// 1 in everything seen so far.
    pub schema_version: u32,
    /// The sender's clock, milliseconds since the epoch.
    pub created_date: u64,
    /// Counted per direction from 0 in stream messages, 0 in all others.
    pub sequence_number: i64,
    /// SYN and FIN.
    pub flags: Flags,
    /// Names the message when it is acknowledged.
    pub message_id: Uuid,
    /// How a stream payload is read; [`PayloadType::NONE`] in messages outside the stream.
    pub payload_type: PayloadType,
    /// The bytes carried.
    pub payload: Bytes,
}

impl AgentMessage {
    /// Reads one websocket message. The payload is a slice of `bytes`, not a copy.
    ///
    /// # Errors
    /// Says which field is wrong and at which offset. `start_publication` and `pause_publication` are taken
    /// without looking at date and digest, as the official client takes them.
    pub fn parse(bytes: Bytes) -> Result<Self, Error> {
        let header_length = u32_at(&bytes, 0, Field::HeaderLength)? as usize;
        if !(HEADER_LENGTH..=MAX_HEADER_LENGTH).contains(&header_length) {
            return Err(Error::HeaderLength(header_length));
        }
        let message_type =
            MessageType::parse(field(&bytes, TYPE_AT, TYPE_LENGTH, Field::MessageType)?)?;
        let schema_version = u32_at(&bytes, SCHEMA_VERSION_AT, Field::SchemaVersion)?;
        let created_date = u64_at(&bytes, CREATED_DATE_AT, Field::CreatedDate)?;
        let sequence_number =
            u64_at(&bytes, SEQUENCE_NUMBER_AT, Field::SequenceNumber)?.cast_signed();
        let flags = Flags(u64_at(&bytes, FLAGS_AT, Field::Flags)?);
        let low = u64_at(&bytes, MESSAGE_ID_AT, Field::MessageId)?;
        let high = u64_at(&bytes, MESSAGE_ID_AT + 8, Field::MessageId)?;
        let message_id = Uuid::from_u64_pair(high, low);
        let digest = field(&bytes, DIGEST_AT, DIGEST_LENGTH, Field::PayloadDigest)?;
        let payload_type = PayloadType(u32_at(&bytes, PAYLOAD_TYPE_AT, Field::PayloadType)?);
        let length = u32_at(&bytes, header_length, Field::PayloadLength)? as usize;
        if length > MAX_PAYLOAD_LENGTH {
            return Err(Error::PayloadTooLong {
                length,
                limit: MAX_PAYLOAD_LENGTH,
            });
        }
        let found = bytes.len() - (header_length + 4);
        if length != found {
            return Err(Error::PayloadLength {
                stated: length,
                found,
            });
        }
        let unchecked = matches!(
            message_type,
            MessageType::StartPublication | MessageType::PausePublication
        );
        if !unchecked {
            if created_date == 0 {
                return Err(Error::NoCreatedDate);
            }
            let payload = &bytes[header_length + 4..];
            if !payload.is_empty() && Sha256::digest(payload).as_slice() != digest {
                return Err(Error::Digest);
            }
        }
        let payload = bytes.slice(header_length + 4..);
        Ok(Self {
            message_type,
            schema_version,
            created_date,
            sequence_number,
            flags,
            message_id,
            payload_type,
            payload,
        })
    }

    /// The message as it goes over the wire.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(PREFIX_LENGTH + self.payload.len());
        out.put_u32(HEADER_LENGTH as u32);
        let name = self.message_type.as_str().as_bytes();
        let name = &name[..name.len().min(TYPE_LENGTH)];
        out.put_slice(name);
        out.put_bytes(b' ', TYPE_LENGTH - name.len());
        out.put_u32(self.schema_version);
        out.put_u64(self.created_date);
        out.put_i64(self.sequence_number);
        out.put_u64(self.flags.0);
        let (high, low) = self.message_id.as_u64_pair();
        out.put_u64(low);
        out.put_u64(high);
        out.put_slice(&Sha256::digest(&self.payload));
        out.put_u32(self.payload_type.0);
        out.put_u32(self.payload.len() as u32);
        out.put_slice(&self.payload);
        out.freeze()
    }
}

/// What kind of message it is (source: message type constants, contracts/model.go).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// Client to agent, part of the stream.
    InputStreamData,
    /// Agent to client, part of the stream.
    OutputStreamData,
    /// Either way: a stream message was received.
    Acknowledge,
    /// Service to client: the session is over.
    ChannelClosed,
    /// Either way: stream data may be sent (again).
    StartPublication,
    /// Either way: send no stream data for now.
    PausePublication,
    /// Agent to service; a client does not normally see it.
    AgentSessionState,
    /// A type that this version does not know; recorded, otherwise ignored.
    Other(Box<str>),
}

impl MessageType {
    /// The name on the wire, without padding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::InputStreamData => "input_stream_data",
            Self::OutputStreamData => "output_stream_data",
            Self::Acknowledge => "acknowledge",
            Self::ChannelClosed => "channel_closed",
            Self::StartPublication => "start_publication",
            Self::PausePublication => "pause_publication",
            Self::AgentSessionState => "agent_session_state",
            Self::Other(name) => name,
        }
    }

    /// Whether messages of this type are counted and acknowledged.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::InputStreamData | Self::OutputStreamData)
    }

    /// Both sides pad with spaces; NUL is stripped as well, since older agents padded with it.
    fn parse(padded: &[u8]) -> Result<Self, Error> {
        Self::from_name(std::str::from_utf8(padded).map_err(|_| Error::MessageType)?)
    }

    /// The type of this name, with or without padding.
    ///
    /// # Errors
    /// The name is empty, or holds a control character.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        Ok(match name.trim_matches([' ', '\0']) {
            "" => return Err(Error::NoMessageType),
            "input_stream_data" => Self::InputStreamData,
            "output_stream_data" => Self::OutputStreamData,
            "acknowledge" => Self::Acknowledge,
            "channel_closed" => Self::ChannelClosed,
            "start_publication" => Self::StartPublication,
            "pause_publication" => Self::PausePublication,
            "agent_session_state" => Self::AgentSessionState,
            other if other.chars().any(char::is_control) => return Err(Error::MessageType),
            other => Self::Other(other.into()),
        })
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The flag bits of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u64);

impl Flags {
    /// No flag: stream data from the client, and from the agent after its first.
    pub const NONE: Self = Self(0);
    /// The agent's first stream message.
    pub const SYN: Self = Self(1);
    /// Acknowledgements and everything else outside the stream.
    pub const SYN_FIN: Self = Self(3);
}

/// A field of the header, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the wire format")]
pub enum Field {
    HeaderLength,
    MessageType,
    SchemaVersion,
    CreatedDate,
    SequenceNumber,
    Flags,
    MessageId,
    PayloadDigest,
    PayloadType,
    PayloadLength,
}

/// Why bytes are not an agent message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end inside the header.
    #[error("agent message of {length} bytes ends inside field {field:?} at offset {offset}")]
    Truncated {
        /// The field that is cut.
        field: Field,
        /// Where it begins.
        offset: usize,
        /// How many bytes there are.
        length: usize,
    },
    /// Offset 0: neither 116 nor a little more.
    #[error("agent message has header length {0} at offset 0, not 116")]
    HeaderLength(usize),
    /// Offset 4: not text.
    #[error("agent message has a message type at offset 4 that is not text")]
    MessageType,
    /// Offset 4: only padding.
    #[error("agent message has an empty message type at offset 4")]
    NoMessageType,
    /// Offset 40: zero.
    #[error("agent message has no created date at offset 40")]
    NoCreatedDate,
    /// Offset 80: the payload is not what the sender hashed.
    #[error("agent message has a payload digest at offset 80 that does not match its payload")]
    Digest,
    /// Offset 116: not the number of bytes that follow.
    #[error("agent message states {stated} bytes of payload at offset 116 and carries {found}")]
    PayloadLength {
        /// What the field says.
        stated: usize,
        /// What follows it.
        found: usize,
    },
    /// Offset 116: more than any peer has reason to send.
    #[error(
        "agent message states {length} bytes of payload at offset 116, more than the limit of {limit}"
    )]
    PayloadTooLong {
        /// What the field says.
        length: usize,
        /// [`MAX_PAYLOAD_LENGTH`].
        limit: usize,
    },
}

fn field(bytes: &[u8], offset: usize, length: usize, field: Field) -> Result<&[u8], Error> {
    bytes.get(offset..offset + length).ok_or(Error::Truncated {
        field,
        offset,
        length: bytes.len(),
    })
}

fn u32_at(bytes: &[u8], offset: usize, name: Field) -> Result<u32, Error> {
    let mut value = [0; 4];
    value.copy_from_slice(field(bytes, offset, 4, name)?);
    Ok(u32::from_be_bytes(value))
}

fn u64_at(bytes: &[u8], offset: usize, name: Field) -> Result<u64, Error> {
    let mut value = [0; 8];
    value.copy_from_slice(field(bytes, offset, 8, name)?);
    Ok(u64::from_be_bytes(value))
}

//! What comes out of a channel: an event for each message, and why it cannot go on.
//!
//! Nothing here decides; these are words only.

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::Flag;

use super::cipher;

/// What came over the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An agent message and what it means.
    Message {
        /// As it came.
        message: AgentMessage,
        /// What became of it.
        effect: Effect,
    },
    /// A websocket message that was no agent message, or one that does not decrypt; dropped.
    Malformed {
        /// As it came.
        bytes: Bytes,
        /// What was wrong.
        cause: String,
    },
}

/// What an agent message means to the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its payload belongs on the screen (or to the port).
    Output,
    /// Its payload belongs on stderr.
    StdErr,
    /// The remote command ended with this status.
    ExitCode(i32),
    /// The agent has something to tell the person.
    Notice(String),
    /// Seen before; dropped and acknowledged again.
    Duplicate,
    /// Too far ahead to keep; dropped, not acknowledged, so that it comes again.
    Refused,
    /// An acknowledgement of ours.
    Acknowledged,
    /// Part of the handshake; answered here.
    Handshake,
    /// A word about the remote port.
    Flag(Flag),
    /// The session is over; the last event of a channel.
    Closed {
        /// Why, when the service said it.
        reason: Option<String>,
        /// How many messages before the last one that came never did.
        missing: u64,
    },
    /// The client is to send no stream data for now.
    Paused,
    /// The client may send again.
    Started,
    /// Nothing that this version knows; acknowledged where its kind is, otherwise ignored.
    Unknown,
    /// The channel ended while it waited for earlier ones that never came.
    Stranded,
}

/// Why a channel cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The session is to be encrypted, and there is no data key for it.
    #[error(
        "the session is encrypted with KMS key {key_id:?}, and there is no data key for it: {cause}"
    )]
    NoDataKey {
        /// As the agent named it.
        key_id: String,
        /// Why KMS gave none.
        cause: String,
    },
    /// The agent's challenge cannot be answered: the two ends have different keys.
    #[error("the agent's encryption challenge cannot be answered: {0}")]
    Challenge(String),
    /// What the agent sent does not decrypt.
    #[error("message {sequence_number} of the agent does not decrypt: {cause}")]
    Undecipherable {
        /// Of the message.
        sequence_number: i64,
        /// What is wrong with it.
        cause: String,
    },
    /// What is to be sent does not encrypt.
    #[error("cannot encrypt what is to be sent: {0}")]
    Sealing(cipher::Error),
    /// A kind of session that this client does not carry.
    #[error("sessions of type {0:?} are not supported yet")]
    SessionType(String),
    /// The first message of the agent does not read.
    #[error("the agent's {0}")]
    Handshake(String),
    /// The other side does not speak the protocol.
    #[error(
        "the other side does not speak the session protocol: {count} messages in a row that do not read, the last: {cause}"
    )]
    Garbage {
        /// How many came without a valid one between.
        count: u32,
        /// What was wrong with the last.
        cause: String,
    },
}

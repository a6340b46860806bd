//! What the clients did, kept for assertions.
//!
//! Nothing here holds a token: what is secret on the wire is not kept.

use std::collections::BTreeMap;
use std::time::Duration;

use formats::payload::Size;
use formats::{AgentMessage, PayloadType};
use uuid::Uuid;

/// How many acknowledgements and delivered messages of a session are kept one by one; all are counted.
pub(crate) const KEPT: usize = 50_000;

/// A call over HTTP.
#[derive(Clone, Debug)]
pub struct Call {
    /// Since the service started.
    pub at: Duration,
    /// `StartSession`, `GetCallerIdentity`, ...
    pub operation: String,
    /// The request; `null` where it was not JSON.
    pub body: serde_json::Value,
    /// The region that the request was signed for.
    pub region: Option<String>,
    /// The id of the access key that the request was signed with.
    pub key: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// One session as the service saw it. All times are since the service started.
#[derive(Clone, Debug, Default)]
pub struct SessionLog {
    /// As StartSession answered it.
    pub id: String,
    /// As StartSession was asked.
    pub target: String,
    /// The default document where none was named.
    pub document: String,
    /// As StartSession was asked.
    pub parameters: BTreeMap<String, Vec<String>>,
    /// As StartSession was asked.
    pub reason: Option<String>,
    /// The ARN of whoever started it.
    pub owner: String,
    /// One for each websocket that gave a valid token.
    pub opened: Vec<Opening>,
    /// Each message of the input stream, duplicates included, as it arrived.
    pub inputs: Vec<Received>,
    /// Sequence numbers that the client acknowledged, with times, the first 50,000.
    pub acknowledged: Vec<(Duration, i64)>,
    /// How many acknowledgements came.
    pub acknowledgements: u64,
    /// Stream messages of the agent, each counted once.
    pub sent: u64,
    /// How often the head of the queue was sent again.
    pub resent: u64,
    /// Bytes of the client that were no agent message.
    pub malformed: u64,
    /// What was handed to the client's socket, the first 50,000, when
    /// [`Options::log_delivered`](crate::Options::log_delivered) is set.
    pub delivered: Vec<AgentMessage>,
    /// How often ResumeSession was called.
    pub resumed: u32,
    /// Whether TerminateSession was called.
    pub terminated: bool,
    /// When it was over.
    pub ended: Option<Duration>,
}

impl SessionLog {
    /// What was typed, in order, each byte once.
    #[must_use]
    pub fn typed(&self) -> Vec<u8> {
        self.processed(PayloadType::OUTPUT)
            .flat_map(|message| message.payload.to_vec())
            .collect()
    }

    /// The sizes that reached the agent, in order.
    #[must_use]
    pub fn sizes(&self) -> Vec<Size> {
        self.processed(PayloadType::SIZE)
            .filter_map(|message| serde_json::from_slice(&message.payload).ok())
            .collect()
    }

    /// The processed input of one payload type, in sequence order.
    pub fn processed(&self, payload_type: PayloadType) -> impl Iterator<Item = &AgentMessage> {
        let mut processed: Vec<_> = self
            .inputs
            .iter()
            .filter(|input| input.fate == Fate::Processed)
            .map(|input| &input.message)
            .filter(move |message| message.payload_type == payload_type)
            .collect();
        processed.sort_by_key(|message| message.sequence_number);
        processed.into_iter()
    }
}

/// A websocket that gave a valid token.
#[derive(Clone, Debug)]
pub struct Opening {
    /// When.
    pub at: Duration,
    /// New for each opening.
    pub request_id: Uuid,
    /// The same throughout a session.
    pub client_id: Uuid,
    /// As the client calls itself.
    pub client_version: String,
}

/// A message of the input stream.
#[derive(Clone, Debug)]
pub struct Received {
    /// When.
    pub at: Duration,
    /// The websocket it came over, counted from 1.
    pub connection: u64,
    /// As it came.
    pub message: AgentMessage,
    /// What became of it.
    pub fate: Fate,
}

/// What the agent did with a message of the input stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Processed and acknowledged.
    Processed,
    /// Early: acknowledged, waits for those before it.
    Parked,
    /// Processed before.
    Duplicate,
    /// The session was not ready, or no more: neither processed nor acknowledged.
    NotReady,
    /// Came during the handshake and is not part of it: acknowledged and lost, as with the real agent.
    Ignored,
    /// Early, and no room to park it: not acknowledged.
    Refused,
}

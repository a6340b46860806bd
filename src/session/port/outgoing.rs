//! What a port session has for the agent.
//!
//! Nothing here is sent.

use bytes::Bytes;
use formats::payload::Flag;

/// What is to be sent to the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// As input of payload type 1.
    Bytes(Bytes),
    /// As a flag.
    Flag(Flag),
}

//! The formats of ssm-rec: what goes over the wire and what lies in a recording.
//!
//! Nothing here opens a socket, a file or a terminal, and nothing asks for the time: every codec works
//! on bytes, `Read` and `Write` alone, so that an auditor can check a recording with this crate and no other.
//!
//! - [`agent_message`] and [`payload`]: the unit of the data channel and what it carries

pub mod agent_message;
pub mod payload;

pub use agent_message::{AgentMessage, Flags, MessageType};
pub use payload::PayloadType;

//! The formats of ssm-rec: what goes over the wire and what lies in a recording.
//!
//! Nothing here opens a socket, a file or a terminal, and nothing asks for the time: every codec works
//! on bytes, `Read` and `Write` alone, so that an auditor can check a recording with this crate and no other.
//!
//! - [`agent_message`] and [`payload`]: the unit of the data channel and what it carries
//! - [`asciicast`]: the events of a session as lines of text; [`lines`] hands out lines, [`utf8`] joins characters
//! - [`tee`]: an agent message on record; [`raw`] rebuilds the agent's bytes from them
//! - [`smux`]: the frames of a multiplexed port session
//! - [`recording`]: the container of a recording, written and read; [`manifest`] is its closing statement,
//!   `signature` what shows that nobody made it anew (with the feature `signatures`, on by default)
//! - [`derived`]: lines and commands, made of a recording
//! - [`findings`]: what rules found in a session
//! - [`pack`]: what stands in the packs of a day
//! - [`review`]: what a reviewer said of a session, and that somebody looked at it
//! - [`sealed`]: who can read a recording, and with what
//! - [`layout`]: where recordings and manifests lie in a store

pub mod agent_message;
pub mod asciicast;
pub mod audit;
pub mod continuity;
pub mod derived;
pub mod findings;
mod json;
pub mod layout;
pub mod lines;
pub mod manifest;
pub mod pack;
pub mod payload;
pub mod raw;
pub mod recording;
pub mod review;
pub mod sealed;
#[cfg(feature = "signatures")]
pub mod signature;
pub mod smux;
pub mod tee;
pub mod utf8;

pub use agent_message::{AgentMessage, Flags, MessageType, PayloadType};

/// The written layout, whose examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

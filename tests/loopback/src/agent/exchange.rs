//! An agent's end of a session: the client that is attached, the two counted streams, and the log of what passes.
//!
//! Nothing here decides what is sent or whether input is processed; the agents do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::Acknowledge;

use crate::line::{Line, ToClient};
use crate::log::{Fate, KEPT, Received, SessionLog};
use crate::message;
use crate::registry::Registry;

use super::stream::{Incoming, Outgoing};

/// What simulated and captured agents have in common.
pub(super) struct Exchange {
    pub(super) registry: Arc<Registry>,
    pub(super) id: String,
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    pub(super) line: Option<Line>,
}

impl Exchange {
    pub(super) fn new(registry: Arc<Registry>, id: String) -> Self {
        Self {
            registry,
            id,
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            line: None,
        }
    }

    /// A websocket is gone; perhaps another has taken its place already.
    pub(super) fn lose(&mut self, connection: u64) {
        self.line.take_if(|line| line.connection == connection);
    }

    /// What the client sent, if it is an agent message.
    pub(super) fn parse(&self, bytes: Bytes) -> Option<AgentMessage> {
        let message = AgentMessage::parse(bytes).ok();
        if message.is_none() {
            self.note(|log| log.malformed += 1);
        }
        message
    }

    /// Takes an acknowledgement of the client.
    pub(super) fn acknowledged(&mut self, message: &AgentMessage) {
        let at = self.registry.elapsed();
        let Ok(body) = serde_json::from_slice::<Acknowledge>(&message.payload) else {
            return self.note(|log| log.malformed += 1);
        };
        self.outgoing.acknowledge(body.sequence_number);
        self.note(|log| {
            log.acknowledgements += 1;
            if log.acknowledged.len() < KEPT {
                log.acknowledged.push((at, body.sequence_number));
            }
        });
    }

    /// Acknowledges a message of the client.
    pub(super) fn acknowledge(&self, message: &AgentMessage) {
        self.send(ToClient::Message(message::acknowledge(message).encode()));
    }

    /// Sends the head of the queue again when its time has come.
    pub(super) fn resend(&mut self, now: Instant, every: Duration) {
        if let Some(bytes) = self.outgoing.resend_head(now, every) {
            self.note(|log| log.resent += 1);
            self.send(ToClient::Message(bytes));
        }
    }

    /// Sends what goes before stream messages.
    pub(super) fn send(&self, message: ToClient) {
        if let Some(line) = &self.line {
            // A closed line loses the message, as a closed socket does.
            let _ = line.control.send(message);
        }
    }

    /// Notes what became of a message of the input stream.
    pub(super) fn note_input(&self, connection: u64, message: AgentMessage, fate: Fate) {
        let at = self.registry.elapsed();
        self.note(|log| {
            log.inputs.push(Received {
                at,
                connection,
                message,
                fate,
            });
        });
    }

    pub(super) fn note(&self, note: impl FnOnce(&mut SessionLog)) {
        self.registry.note(&self.id, note);
    }
}

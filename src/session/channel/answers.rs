//! What a channel tells of itself.
//!
//! Nothing here changes the channel.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Channel, Error, SessionType, State};

impl Channel {
    /// Why the channel cannot go on. Send what [`Channel::poll_transmit`] still gives, then end.
    #[must_use]
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether the last event was made.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Whether `channel_closed` was received; from then on a lost connection is a normal end.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.is_some() || self.is_closed()
    }

    /// Whether the session was over before its handshake was.
    #[must_use]
    pub fn never_opened(&self) -> bool {
        self.never_opened
    }

    /// Whether input reaches the remote side, as far as one can know.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether all input was sent and, as far as one can know, has arrived.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.outgoing.is_settled()
    }

    /// Since when input waits for an acknowledgement while the agent says nothing at all.
    #[must_use]
    pub fn stalled_since(&self) -> Option<Instant> {
        Some(self.outgoing.stalled_since()?.max(self.last_heard))
    }

    /// The smoothed round trip of acknowledgements; `None` before there was one.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.outgoing.round_trip()
    }

    /// What the handshake said; `None` for sessions without one, which are shells and interactive commands.
    #[must_use]
    pub fn session_type(&self) -> Option<&SessionType> {
        self.session_type.as_ref()
    }

    /// What the handshake said; a session without one does not tell.
    #[must_use]
    pub fn agent_version(&self) -> Option<&str> {
        self.agent_version.as_deref()
    }

    /// The id that all message ids of this client begin with: the counter in it is 0.
    #[must_use]
    pub fn message_id_base(&self) -> Uuid {
        self.ids.base
    }
}

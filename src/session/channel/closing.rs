//! The end of a channel: `channel_closed`, the wait for what it overtook, and what never came.
//!
//! Nothing here decides whether the end was a good one; how many messages are missing is told with it.

use std::time::{Duration, Instant};

use formats::AgentMessage;
use formats::payload::{ChannelClosed, parse_json};

use super::{Channel, Effect, Event, State};

/// How long messages are awaited that `channel_closed` may have overtaken.
pub(super) const LINGER: Duration = Duration::from_millis(250);
/// The same, when messages are known to be missing; the agent resends every 100 ms.
const LINGER_FOR_MISSING: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Closing {
    pub(super) message: AgentMessage,
    pub(super) reason: Option<String>,
    pub(super) until: Instant,
}

impl Channel {
    pub(super) fn handle_channel_closed(&mut self, now: Instant, message: AgentMessage) {
        if self.closing.is_some() {
            self.surface(message, Effect::Duplicate);
            return;
        }
        let body = parse_json::<ChannelClosed>("channel_closed", &message.payload);
        let reason = body
            .ok()
            .map(|body| body.output.trim().to_owned())
            .filter(|text| !text.is_empty());
        let until = now
            + if self.incoming.has_gap() {
                LINGER_FOR_MISSING
            } else {
                LINGER
            };
        self.closing = Some(Closing {
            message,
            reason,
            until,
        });
    }

    pub(super) fn finish_closing(&mut self) {
        let Some(Closing {
            message, reason, ..
        }) = self.closing.take()
        else {
            return;
        };
        let missing = self.incoming.missing();
        self.surface_stranded();
        self.never_opened = matches!(self.state, State::Keying | State::Handshaking);
        self.surface(message, Effect::Closed { reason, missing });
        self.state = State::Closed;
    }

    /// Surfaces what was acknowledged when it came and will not be due any more.
    pub(super) fn surface_stranded(&mut self) {
        while let Some(mut stranded) = self.incoming.take_stranded() {
            match self.decrypt(&mut stranded) {
                Ok(()) => self.surface(stranded, Effect::Stranded),
                Err(cause) => {
                    let bytes = stranded.encode();
                    self.push(Event::Malformed { bytes, cause });
                }
            }
        }
    }
}

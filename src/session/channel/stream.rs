//! What comes from the agent in the stream: put in order, decrypted, given its meaning.
//!
//! Nothing here is shown or sent; each message leaves one event, and its acknowledgement waits behind that.

use std::time::{Duration, Instant};

use formats::payload::{
    Acknowledge, Flag, HandshakeComplete, HandshakeRequest, encode_json, parse_exit_code,
    parse_json,
};
use formats::{AgentMessage, MessageType, PayloadType};

use super::handshake;
use super::window::Arrival;
use super::{Channel, Effect, Error, State};

/// How long a handshake may still begin once a probe was acknowledged: an agent that is about to ask for one acknowledges
/// what comes before, and drops it.
const GRACE: Duration = Duration::from_millis(500);

impl Channel {
    pub(super) fn handle_stream(&mut self, message: AgentMessage) {
        let acknowledge = Acknowledge::of(&message);
        match self.incoming.handle(message) {
            (Arrival::InOrder, _) => {
                self.release(acknowledge);
            }
            // Its event comes when it is released; the acknowledgement need not wait for it.
            (Arrival::Parked, _) => self.acknowledgements.push_back((0, acknowledge)),
            (Arrival::Duplicate, Some(message)) => {
                self.surface(message, Effect::Duplicate);
                self.acknowledgements
                    .push_back((self.events_made, acknowledge));
            }
            (_, Some(message)) => self.surface(message, Effect::Refused),
            (_, None) => {}
        }
    }

    /// Surfaces the message that is due and those parked behind it, which were acknowledged when they came.
    fn release(&mut self, acknowledge: Acknowledge) {
        let mut acknowledge = Some(acknowledge);
        while let Some(mut message) = self.incoming.take_in_order() {
            if let Err(cause) = self.decrypt(&mut message) {
                self.fail_undecipherable(&message, cause);
                self.surface_stranded();
                return;
            }
            let effect = self.handle_in_order(&message);
            self.surface(message, effect);
            if let Some(acknowledge) = acknowledge.take() {
                self.acknowledgements
                    .push_back((self.events_made, acknowledge));
            }
        }
    }

    fn handle_in_order(&mut self, message: &AgentMessage) -> Effect {
        match message.payload_type {
            PayloadType::HANDSHAKE_REQUEST => return self.handle_handshake(message),
            PayloadType::HANDSHAKE_COMPLETE => return self.handle_handshake_complete(message),
            PayloadType::ENCRYPTION_CHALLENGE_REQUEST => return self.handle_challenge(message),
            _ => {}
        }
        if matches!(
            self.state,
            State::Silent | State::Probing | State::Probed { .. }
        ) {
            self.become_open();
        }
        match message.payload_type {
            PayloadType::OUTPUT => Effect::Output,
            PayloadType::STD_ERR => Effect::StdErr,
            PayloadType::EXIT_CODE => {
                // A status that does not read is no success; -1 is also what the agent writes when it knows none.
                Effect::ExitCode(parse_exit_code(&message.payload).unwrap_or(-1))
            }
            PayloadType::FLAG => {
                Flag::parse(&message.payload).map_or(Effect::Unknown, Effect::Flag)
            }
            _ => Effect::Unknown,
        }
    }

    fn handle_handshake(&mut self, message: &AgentMessage) -> Effect {
        // The request is the first thing that an agent sends, or it is none.
        if message.sequence_number != 0 {
            return Effect::Unknown;
        }
        let request: HandshakeRequest = match parse_json("handshake request", &message.payload) {
            Ok(request) => request,
            Err(error) => {
                self.failure = Some(Error::Handshake(error.to_string()));
                return Effect::Unknown;
            }
        };
        let mut answer = handshake::answer(&request);
        self.session_type = answer.session_type.take();
        self.agent_version = Some(request.agent_version);
        self.failure = answer.failure.take();
        // A probe that is out keeps its place: the agent drops it, and it is counted all the same. What it said is said
        // again when the handshake is over.
        self.size_queued = None;
        if answer.key.is_some() {
            self.encryption.wait(answer);
            self.state = State::Keying;
        } else {
            self.outgoing.queue_first(
                PayloadType::HANDSHAKE_RESPONSE,
                encode_json(&answer.response),
            );
            self.state = State::Handshaking;
        }
        Effect::Handshake
    }

    fn handle_handshake_complete(&mut self, message: &AgentMessage) -> Effect {
        match self.state {
            State::Open => {}
            State::Keying => {
                let cause = "word that the handshake is complete came before the answer to it";
                self.failure
                    .get_or_insert(Error::Handshake(cause.to_owned()));
                return Effect::Unknown;
            }
            _ => self.become_open(),
        }
        match parse_json::<HandshakeComplete>("handshake complete", &message.payload) {
            Ok(HandshakeComplete {
                customer_message: Some(text),
                ..
            }) if !text.trim().is_empty() => Effect::Notice(text),
            Ok(_) => Effect::Handshake,
            Err(_) => Effect::Unknown,
        }
    }

    pub(super) fn handle_acknowledge(&mut self, now: Instant, message: AgentMessage) {
        let body = parse_json::<Acknowledge>("acknowledge", &message.payload);
        let effect = match body {
            Ok(body) if body.message_type == MessageType::InputStreamData.as_str() => {
                self.outgoing.acknowledge(now, body.sequence_number);
                Effect::Acknowledged
            }
            _ => Effect::Unknown,
        };
        if self.state == State::Probing && !self.outgoing.has_unacknowledged() {
            let until = now + GRACE;
            self.state = State::Probed { until };
        }
        self.surface(message, effect);
    }
}

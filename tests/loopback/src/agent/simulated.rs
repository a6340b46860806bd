//! The simulated agent of one session, behaving as the captures show the real one.
//!
//! Nothing here knows what a session does with its input; `work` does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{
    ACTION_KMS_ENCRYPTION, ACTION_SESSION_TYPE, Acknowledge, ActionStatus, Flag, HandshakeComplete,
    HandshakeRequest, HandshakeResponse, KmsEncryptionRequest, RequestedClientAction,
    SessionTypeRequest, Size, encode_json,
};
use formats::{AgentMessage, MessageType, PayloadType};
use tokio::sync::mpsc;

use crate::line::{Line, ToAgent, ToClient};
use crate::log::{Fate, KEPT, Received};
use crate::message;
use crate::options::{Encryption, Options};
use crate::registry::Registry;
use crate::work::{Input, Kind, Output, Work};

use super::cipher::Cipher;
use super::stream::{Incoming, Outgoing, Place};

/// How often a full line is looked at again.
const FULL_LINE: Duration = Duration::from_millis(1);
/// A time that never comes, for timers that are off.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Where a session stands:
///
/// ```text
///   Waiting ──(first_output_after)──► Working ──(shell exits)──► Draining ──► Over
///   Greeting ──(client)──► Handshaking ──(response)──┤                        ▲
///      │                      └─► Challenging ───────┘                        │
///      └────────────────── TerminateSession, limits ──────────────────────────┘
/// ```
enum Stage {
    /// The terminal is not ready: input is neither processed nor acknowledged.
    Waiting { until: Instant },
    /// The handshake begins when the first client is there.
    Greeting,
    /// The request is out.
    Handshaking { since: Instant },
    /// The challenge is out; the session begins for a client of this version.
    Challenging {
        since: Instant,
        client_version: String,
    },
    /// Input goes in, output comes out.
    Working(Work),
    /// All is sent; the last acknowledgements are missing.
    Draining { until: Instant, closing: Closing },
    /// Nothing more to do.
    Over,
}

/// How the service ends the connection.
enum Closing {
    /// With `channel_closed` and this reason.
    Told(String),
    /// Without a word: port sessions after the client's terminate flag.
    Untold,
}

struct Agent {
    registry: Arc<Registry>,
    id: String,
    target: String,
    kind: Kind,
    options: Arc<Options>,
    cipher: Option<Cipher>,
    outgoing: Outgoing,
    incoming: Incoming,
    line: Option<Line>,
    paused: bool,
    stage: Stage,
    next_send: Instant,
    close_at: Instant,
}

/// Simulates the agent of one session until its end.
pub(super) async fn run(
    registry: Arc<Registry>,
    id: String,
    target: String,
    kind: Kind,
    options: Arc<Options>,
    commands: mpsc::Receiver<ToAgent>,
) {
    let agent = Agent::new(registry, id, target, kind, options);
    agent.run(commands).await;
}

impl Agent {
    fn new(
        registry: Arc<Registry>,
        id: String,
        target: String,
        kind: Kind,
        options: Arc<Options>,
    ) -> Self {
        let now = Instant::now();
        let stage = if kind.has_handshake() || encryption(&kind, &options).is_some() {
            Stage::Greeting
        } else {
            Stage::Waiting {
                until: now + options.first_output_after,
            }
        };
        let close_after = options.faults.close_after.as_ref();
        let close_at = now + close_after.map_or(NEVER, |(after, _)| *after);
        Self {
            registry,
            id,
            target,
            kind,
            options,
            cipher: None,
            outgoing: Outgoing::default(),
            incoming: Incoming::default(),
            line: None,
            paused: false,
            stage,
            next_send: now,
            close_at,
        }
    }

    async fn run(mut self, mut commands: mpsc::Receiver<ToAgent>) {
        loop {
            let now = Instant::now();
            self.advance(now);
            if matches!(self.stage, Stage::Over) {
                return;
            }
            let take = self.may_send() && now >= self.next_send && self.line_has_room();
            let wake = self.wake(now);
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.command(Instant::now(), command),
                    None => return,
                },
                output = next_output(&mut self.stage), if take => self.output(Instant::now(), output),
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    /// What time alone brings about.
    fn advance(&mut self, now: Instant) {
        if now >= self.close_at {
            let reason = self.options.faults.close_after.as_ref();
            let reason = reason.map_or_else(String::new, |(_, reason)| reason.clone());
            self.close(Closing::Told(reason));
            return;
        }
        match &self.stage {
            Stage::Waiting { until } if now >= *until => self.start_work(now, ""),
            Stage::Greeting if self.may_send() => {
                let request = self.handshake_request();
                self.send_stream(now, PayloadType::HANDSHAKE_REQUEST, request);
                self.stage = Stage::Handshaking { since: now };
            }
            Stage::Draining { until, .. } if self.outgoing.is_empty() || now >= *until => {
                let Stage::Draining { closing, .. } =
                    std::mem::replace(&mut self.stage, Stage::Over)
                else {
                    return;
                };
                self.close(closing);
                return;
            }
            _ => {}
        }
        if self.may_send()
            && let Some(bytes) = self.outgoing.resend_head(now, self.options.resend_every)
        {
            self.registry.note(&self.id, |log| log.resent += 1);
            self.send_control(bytes);
        }
    }

    /// The next time at which [`advance`](Self::advance) has something to do.
    fn wake(&self, now: Instant) -> Instant {
        let mut wake = self.close_at;
        match &self.stage {
            Stage::Waiting { until } | Stage::Draining { until, .. } => wake = wake.min(*until),
            Stage::Greeting
            | Stage::Handshaking { .. }
            | Stage::Challenging { .. }
            | Stage::Working(_)
            | Stage::Over => {}
        }
        if self.may_send() {
            if let Some(at) = self.outgoing.resend_at(self.options.resend_every) {
                wake = wake.min(at);
            }
            if self.next_send > now {
                wake = wake.min(self.next_send);
            }
            if !self.line_has_room() {
                wake = wake.min(now + FULL_LINE);
            }
        }
        wake
    }

    /// Whether a client is there and wants to hear from us.
    fn may_send(&self) -> bool {
        self.line.is_some() && !self.paused
    }

    fn line_has_room(&self) -> bool {
        self.outgoing.len() < self.options.window
            && self
                .line
                .as_ref()
                .is_some_and(|line| line.data.capacity() > 0)
    }

    fn command(&mut self, now: Instant, command: ToAgent) {
        match command {
            ToAgent::Attach(line) => {
                self.line = Some(line);
                self.paused = false;
            }
            ToAgent::Lost { connection } => {
                if self.is_attached(connection) {
                    self.line = None;
                }
            }
            ToAgent::Frame { connection, bytes } => self.frame(now, connection, bytes),
            ToAgent::Terminate => self.close(Closing::Told(String::new())),
        }
    }

    fn is_attached(&self, connection: u64) -> bool {
        self.line
            .as_ref()
            .is_some_and(|line| line.connection == connection)
    }

    fn frame(&mut self, now: Instant, connection: u64, bytes: Bytes) {
        let Ok(message) = AgentMessage::parse(bytes) else {
            self.registry.note(&self.id, |log| log.malformed += 1);
            return;
        };
        match message.message_type {
            MessageType::InputStreamData => {
                self.paused = false;
                self.input(now, connection, message);
            }
            MessageType::Acknowledge => {
                self.paused = false;
                self.acknowledged(&message);
            }
            MessageType::PausePublication => self.paused = true,
            MessageType::StartPublication => self.paused = false,
            _ => {}
        }
    }

    fn acknowledged(&mut self, message: &AgentMessage) {
        let at = self.registry.elapsed();
        let body: Result<Acknowledge, _> = serde_json::from_slice(&message.payload);
        self.registry.note(&self.id, |log| match &body {
            Ok(body) => {
                log.acknowledgements += 1;
                if log.acknowledged.len() < KEPT {
                    log.acknowledged.push((at, body.sequence_number));
                }
            }
            Err(_) => log.malformed += 1,
        });
        if let Ok(body) = body {
            self.outgoing.acknowledge(body.sequence_number);
        }
    }

    fn input(&mut self, now: Instant, connection: u64, message: AgentMessage) {
        let fate = match self.incoming.place(message.clone()) {
            Place::Behind => {
                if self.options.acknowledge_duplicates {
                    self.acknowledge(&message);
                }
                Fate::Duplicate
            }
            Place::Refused => Fate::Refused,
            Place::Parked => {
                self.acknowledge(&message);
                Fate::Parked
            }
            Place::Expected(expected) => {
                let fate = self.process(now, &expected);
                if fate != Fate::NotReady {
                    self.acknowledge(&expected);
                }
                fate
            }
        };
        self.note_input(connection, message, fate);
        if !matches!(fate, Fate::Processed | Fate::Ignored) {
            return;
        }
        while let Some(parked) = self.incoming.advance() {
            let fate = self.process(now, &parked);
            let number = parked.sequence_number;
            self.registry.note(&self.id, |log| {
                let mut inputs = log.inputs.iter_mut();
                let noted = inputs.find(|input| {
                    input.message.sequence_number == number && input.fate == Fate::Parked
                });
                if let Some(noted) = noted {
                    noted.fate = fate;
                }
            });
        }
    }

    /// Gives a message in its turn to the session.
    fn process(&mut self, now: Instant, message: &AgentMessage) -> Fate {
        match &self.stage {
            Stage::Handshaking { since } => {
                if message.payload_type != PayloadType::HANDSHAKE_RESPONSE {
                    return Fate::Ignored;
                }
                let since = *since;
                self.take_response(now, since, &message.payload);
                Fate::Processed
            }
            Stage::Challenging {
                since,
                client_version,
            } => {
                if message.payload_type != PayloadType::ENCRYPTION_CHALLENGE_RESPONSE {
                    return Fate::Ignored;
                }
                let (since, client_version) = (*since, client_version.clone());
                let checked = self
                    .cipher
                    .as_ref()
                    .map(|cipher| cipher.check(&message.payload));
                match checked {
                    Some(Err(error)) => self.give_up(now, &error),
                    _ => self.finish_handshake(now, since, &client_version),
                }
                Fate::Processed
            }
            Stage::Working(work) => {
                let input = match message.payload_type {
                    PayloadType::OUTPUT => match &self.cipher {
                        None => Some(Input::Bytes(message.payload.clone())),
                        Some(cipher) => match cipher.open(&message.payload) {
                            Ok(bytes) => Some(Input::Bytes(bytes.into())),
                            // The real agent says nothing to it, and waits for it to come again.
                            Err(_) => return Fate::NotReady,
                        },
                    },
                    PayloadType::SIZE => serde_json::from_slice::<Size>(&message.payload)
                        .ok()
                        .map(Input::Size),
                    PayloadType::FLAG => Flag::parse(&message.payload).map(Input::Flag),
                    _ => None,
                };
                let terminate = matches!(input, Some(Input::Flag(Flag::TerminateSession)));
                if terminate && matches!(self.kind, Kind::Port(_)) {
                    // Acknowledged first, closed in the same breath.
                    self.end_at(now, Closing::Untold);
                } else if let Some(input) = input {
                    // A session that has just ended takes no more input, which its client learns in a moment.
                    let _ = work.input.send(input);
                }
                Fate::Processed
            }
            Stage::Waiting { .. } | Stage::Greeting | Stage::Draining { .. } | Stage::Over => {
                Fate::NotReady
            }
        }
    }

    fn note_input(&self, connection: u64, message: AgentMessage, fate: Fate) {
        let at = self.registry.elapsed();
        self.registry.note(&self.id, |log| {
            log.inputs.push(Received {
                at,
                connection,
                message,
                fate,
            });
        });
    }

    fn acknowledge(&self, message: &AgentMessage) {
        self.send_control(message::acknowledge(message).encode());
    }

    fn handshake_request(&self) -> Bytes {
        let session_type = SessionTypeRequest {
            session_type: self.kind.session_type().to_owned(),
            properties: self.kind.properties(),
        };
        let mut actions = vec![requested(ACTION_SESSION_TYPE, &session_type)];
        if let Some(encryption) = encryption(&self.kind, &self.options) {
            let request = KmsEncryptionRequest {
                kms_key_id: encryption.key_id.clone(),
            };
            actions.push(requested(ACTION_KMS_ENCRYPTION, &request));
        }
        encode_json(&HandshakeRequest {
            agent_version: self.options.agent_version.clone(),
            requested_client_actions: actions,
        })
        .into()
    }

    fn take_response(&mut self, now: Instant, since: Instant, payload: &[u8]) {
        let response: HandshakeResponse = match serde_json::from_slice(payload) {
            Ok(response) => response,
            Err(error) => return self.give_up(now, &error.to_string()),
        };
        for action in &response.processed_client_actions {
            if action.action_status != ActionStatus::Success {
                let status = u8::from(action.action_status);
                let text = format!(
                    "{} failed on client with status {status} error: {}",
                    action.action_type, action.error
                );
                return self.give_up(now, &text);
            }
            let Some(encryption) = encryption(&self.kind, &self.options) else {
                continue;
            };
            if action.action_type != ACTION_KMS_ENCRYPTION {
                continue;
            }
            let cipher = Cipher::finalize(
                &self.registry.kms,
                action.action_result.as_ref(),
                &self.id,
                &self.target,
                encryption.mischief,
            );
            match cipher {
                Ok(cipher) => self.cipher = Some(cipher),
                Err(error) => return self.give_up(now, &error),
            }
        }
        let Some(cipher) = &mut self.cipher else {
            return self.finish_handshake(now, since, &response.client_version);
        };
        let challenge = cipher.challenge();
        self.send_stream(now, PayloadType::ENCRYPTION_CHALLENGE_REQUEST, challenge);
        self.stage = Stage::Challenging {
            since,
            client_version: response.client_version,
        };
    }

    fn give_up(&mut self, now: Instant, error: &str) {
        let text = format!("Encountered error while initiating handshake. {error}");
        self.end_at(now, Closing::Told(text));
    }

    fn finish_handshake(&mut self, now: Instant, since: Instant, client_version: &str) {
        let message = match self.cipher {
            Some(_) => "This session is encrypted using AWS KMS.",
            None => "",
        };
        let complete = encode_json(&HandshakeComplete {
            handshake_time_to_complete: now.duration_since(since).as_nanos() as i64,
            customer_message: Some(message.to_owned()),
        });
        self.send_stream(now, PayloadType::HANDSHAKE_COMPLETE, complete.into());
        self.start_work(now, client_version);
    }

    fn start_work(&mut self, now: Instant, client_version: &str) {
        match self.kind.start(&self.options, client_version) {
            Ok(work) => self.stage = Stage::Working(work),
            Err(error) => self.drain(now, Closing::Told(error.to_string())),
        }
    }

    fn output(&mut self, now: Instant, output: Option<Output>) {
        match output {
            Some(Output::Data(payload_type, payload)) => {
                self.send_stream(now, payload_type, payload);
                if let Some(pace) = self.options.pace {
                    // Timers are late by up to a millisecond: one interval may be caught up.
                    self.next_send = (self.next_send + pace).max(now);
                }
            }
            Some(Output::Failed(text)) => self.drain(now, Closing::Told(text)),
            Some(Output::Ended) | None => self.drain(now, Closing::Told(String::new())),
        }
    }

    /// Ends the session once the client has acknowledged everything.
    fn drain(&mut self, now: Instant, closing: Closing) {
        self.end_at(now + self.options.drain_for, closing);
    }

    fn end_at(&mut self, until: Instant, closing: Closing) {
        self.stage = Stage::Draining { until, closing };
    }

    fn send_stream(&mut self, now: Instant, payload_type: PayloadType, payload: Bytes) {
        let payload = match &mut self.cipher {
            Some(cipher) => cipher.seal(payload_type, payload),
            None => payload,
        };
        let bytes = self.outgoing.push(now, payload_type, payload);
        self.registry.note(&self.id, |log| log.sent += 1);
        if let Some(line) = &self.line {
            // A full or closed line loses the message; the head of the queue is resent.
            let _ = line.data.try_send(bytes);
        }
    }

    fn send_control(&self, bytes: Bytes) {
        if let Some(line) = &self.line {
            // A closed line loses the message, as a closed socket does.
            let _ = line.control.send(ToClient::Message(bytes));
        }
    }

    /// Ends the session now. Dropping the work ends its processes.
    fn close(&mut self, closing: Closing) {
        self.stage = Stage::Over;
        self.registry.end(&self.id);
        let last = match closing {
            Closing::Told(reason) => {
                Some(message::channel_closed(&self.id, &self.target, &reason).encode())
            }
            Closing::Untold => None,
        };
        if let Some(line) = &self.line {
            // Whoever is not attached learns it from ResumeSession.
            let _ = line.control.send(ToClient::Last(last));
        }
    }
}

/// How this kind of session is encrypted, if it is.
fn encryption<'a>(kind: &Kind, options: &'a Options) -> Option<&'a Encryption> {
    let encryption = options.encryption.as_ref()?;
    (encryption.ports || !matches!(kind, Kind::Port(_))).then_some(encryption)
}

fn requested(action_type: &str, parameters: &impl serde::Serialize) -> RequestedClientAction {
    RequestedClientAction {
        action_type: action_type.to_owned(),
        action_parameters: serde_json::value::to_raw_value(parameters).ok(),
    }
}

async fn next_output(stage: &mut Stage) -> Option<Output> {
    match stage {
        Stage::Working(work) => work.output.recv().await,
        _ => std::future::pending().await,
    }
}

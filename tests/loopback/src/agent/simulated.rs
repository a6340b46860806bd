//! The simulated agent of one session, behaving as the captures show the real one.
//!
//! Nothing here knows what a session does with its input; `work` does. How it begins is in `handshake`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Flag, Size};
use formats::{AgentMessage, MessageType, PayloadType};
use tokio::sync::mpsc;

use crate::line::{ToAgent, ToClient};
use crate::log::Fate;
use crate::message;
use crate::options::Options;
use crate::registry::Registry;
use crate::work::{Input, Kind, Output, Work};

use super::cipher::Cipher;
use super::exchange::Exchange;
use super::handshake::{Handshake, Step};
use super::stream::Place;

/// How often a full line is looked at again.
const FULL_LINE: Duration = Duration::from_millis(1);
/// A time that never comes, for timers that are off.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Where a session stands:
///
/// ```text
///   Waiting ──(first_output_after)─────────────────┐
///   Greeting ──(client)──► Handshaking ──(complete)─┴─► Working ──(shell exits)──► Draining ──► Over
///                               └──────(failed)───────────────────────────────────────┘          ▲
///   any of them ──(TerminateSession, limits)──────────────────────────────────────────────────────┘
/// ```
enum Stage {
    /// The terminal is not ready: input is neither processed nor acknowledged.
    Waiting { until: Instant },
    /// The handshake begins when the first client is there.
    Greeting,
    /// The request is out.
    Handshaking(Handshake),
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
    exchange: Exchange,
    target: String,
    kind: Kind,
    options: Arc<Options>,
    cipher: Option<Box<Cipher>>,
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
        let stage = if Handshake::is_needed(&kind, &options) {
            Stage::Greeting
        } else {
            Stage::Waiting {
                until: now + options.first_output_after,
            }
        };
        let close_after = options.faults.close_after.as_ref();
        let close_at = now + close_after.map_or(NEVER, |(after, _)| *after);
        Self {
            exchange: Exchange::new(registry, id),
            target,
            kind,
            options,
            cipher: None,
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
                let (handshake, request) = Handshake::begin(now, &self.kind, &self.options);
                self.send_stream(now, PayloadType::HANDSHAKE_REQUEST, request);
                self.stage = Stage::Handshaking(handshake);
            }
            Stage::Draining { until, .. } if self.exchange.outgoing.is_empty() || now >= *until => {
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
        if self.may_send() {
            self.exchange.resend(now, self.options.resend_every);
        }
    }

    /// The next time at which [`advance`](Self::advance) has something to do.
    fn wake(&self, now: Instant) -> Instant {
        let mut wake = self.close_at;
        match &self.stage {
            Stage::Waiting { until } | Stage::Draining { until, .. } => wake = wake.min(*until),
            Stage::Greeting | Stage::Handshaking(_) | Stage::Working(_) | Stage::Over => {}
        }
        if self.may_send() {
            if let Some(at) = self.exchange.outgoing.resend_at(self.options.resend_every) {
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
        self.exchange.line.is_some() && !self.paused
    }

    fn line_has_room(&self) -> bool {
        self.exchange.outgoing.len() < self.options.window
            && self
                .exchange
                .line
                .as_ref()
                .is_some_and(|line| line.data.capacity() > 0)
    }

    fn command(&mut self, now: Instant, command: ToAgent) {
        match command {
            ToAgent::Attach(line) => {
                self.exchange.line = Some(line);
                self.paused = false;
            }
            ToAgent::Lost { connection } => self.exchange.lose(connection),
            ToAgent::Frame { connection, bytes } => self.frame(now, connection, bytes),
            ToAgent::Terminate => self.close(Closing::Told(String::new())),
        }
    }

    fn frame(&mut self, now: Instant, connection: u64, bytes: Bytes) {
        let Some(message) = self.exchange.parse(bytes) else {
            return;
        };
        match message.message_type {
            MessageType::InputStreamData => {
                self.paused = false;
                self.input(now, connection, message);
            }
            MessageType::Acknowledge => {
                self.paused = false;
                self.exchange.acknowledged(&message);
            }
            MessageType::PausePublication => self.paused = true,
            MessageType::StartPublication => self.paused = false,
            _ => {}
        }
    }

    fn input(&mut self, now: Instant, connection: u64, message: AgentMessage) {
        let fate = match self.exchange.incoming.place(message.clone()) {
            Place::Behind => {
                if self.options.acknowledge_duplicates {
                    self.exchange.acknowledge(&message);
                }
                Fate::Duplicate
            }
            Place::Refused => Fate::Refused,
            Place::Parked => {
                self.exchange.acknowledge(&message);
                Fate::Parked
            }
            Place::Expected(expected) => {
                let fate = self.process(now, &expected);
                if fate != Fate::NotReady {
                    self.exchange.acknowledge(&expected);
                }
                fate
            }
        };
        self.exchange.note_input(connection, message, fate);
        if !matches!(fate, Fate::Processed | Fate::Ignored) {
            return;
        }
        while let Some(parked) = self.exchange.incoming.advance() {
            let fate = self.process(now, &parked);
            let number = parked.sequence_number;
            self.exchange.note(|log| {
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
        match &mut self.stage {
            Stage::Handshaking(handshake) => {
                let (kms, id) = (&self.exchange.registry.kms, &self.exchange.id);
                match handshake.take(now, message, kms, id, &self.target) {
                    Step::Ignored => return Fate::Ignored,
                    Step::Challenge(challenge) => {
                        let payload_type = PayloadType::ENCRYPTION_CHALLENGE_REQUEST;
                        self.send_stream(now, payload_type, challenge);
                    }
                    Step::Complete {
                        message,
                        cipher,
                        client_version,
                    } => {
                        self.cipher = cipher;
                        self.send_stream(now, PayloadType::HANDSHAKE_COMPLETE, message);
                        self.start_work(now, &client_version);
                    }
                    Step::Failed(text) => self.end_at(now, Closing::Told(text)),
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
        let bytes = self.exchange.outgoing.push(now, payload_type, payload);
        self.exchange.note(|log| log.sent += 1);
        if let Some(line) = &self.exchange.line {
            // A full or closed line loses the message; the head of the queue is resent.
            let _ = line.data.try_send(bytes);
        }
    }

    /// Ends the session now. Dropping the work ends its processes.
    fn close(&mut self, closing: Closing) {
        self.stage = Stage::Over;
        let Exchange { registry, id, .. } = &self.exchange;
        registry.end(id);
        let last = match closing {
            Closing::Told(reason) => {
                Some(message::channel_closed(id, &self.target, &reason).encode())
            }
            Closing::Untold => None,
        };
        // Whoever is not attached learns it from ResumeSession.
        self.exchange.send(ToClient::Last(last));
    }
}

async fn next_output(stage: &mut Stage) -> Option<Output> {
    match stage {
        Stage::Working(work) => work.output.recv().await,
        _ => std::future::pending().await,
    }
}

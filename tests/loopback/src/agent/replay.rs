//! Plays the agent's side of a captured conversation towards a client.
//!
//! Nothing here changes a message: what the capture holds for the client goes out byte for byte. Only acknowledgements
//! are made new, since they name the client's own messages.
//!
//! The rules, for clients that do other things than the captured one:
//! - A message of the captured agent waits until the client has sent as many stream messages as the captured client had
//!   by then, and until the one before was acknowledged, or for its captured time (see [`ReplayPace`]); but for no
//!   condition longer than [`PATIENCE`].
//! - Where the captured socket broke, ours ends, without a close frame, once everything is acknowledged: so each message
//!   reaches the client once. Then the next websocket is awaited.
//! - What is not acknowledged is resent as the agent does: the head alone, every second.
//! - Input is acknowledged as it comes, duplicates too.
//! - After the last message the acknowledgements are awaited for at most [`PATIENCE`]; then the connection ends, with
//!   `channel_closed` where the capture has it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::{AgentMessage, MessageType};
use tokio::sync::mpsc;

use crate::capture::{Capture, LineKind};
use crate::line::{ToAgent, ToClient};
use crate::log::Fate;
use crate::options::{Options, ReplayPace};
use crate::registry::Registry;

use super::exchange::Exchange;
use super::stream::Place;

/// The longest wait for one thing that the captured client did.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the head is resent: late enough that a slow machine sees each message once.
const RESEND_EVERY: Duration = Duration::from_secs(1);
/// The longest wait for the client to come (back).
const ABSENCE: Duration = Duration::from_secs(60);

/// Plays `capture` until its end, or until TerminateSession.
pub(crate) async fn run(
    registry: Arc<Registry>,
    id: String,
    capture: &Capture,
    options: &Options,
    commands: mpsc::Receiver<ToAgent>,
) {
    let mut peer = Peer {
        exchange: Exchange::new(registry, id),
        commands,
        started: Instant::now(),
        inputs: 0,
        over: false,
    };
    let mut inputs = 0;
    let mut lines: VecDeque<_> = capture.lines.iter().collect();
    let mut opened = 0;
    while let Some(line) = lines.pop_front() {
        match &line.kind {
            LineKind::Opened => {
                opened += 1;
                if opened > 1 {
                    peer.settle().await;
                    peer.hang_up(None);
                }
                let ready = peer
                    .wait(Instant::now() + ABSENCE, |peer| {
                        peer.exchange.line.is_some()
                    })
                    .await;
                if !ready {
                    break;
                }
            }
            LineKind::ToAgent(message) => {
                if message.message_type == MessageType::InputStreamData {
                    inputs += 1;
                }
            }
            LineKind::ToClient { message, bytes } => match message.message_type {
                // Made new when the client sends something.
                MessageType::Acknowledge => {}
                MessageType::ChannelClosed => {
                    peer.settle().await;
                    peer.hang_up(Some(bytes.clone()));
                    return;
                }
                _ => {
                    let patience = Instant::now() + PATIENCE;
                    peer.wait(patience, |peer| peer.inputs >= inputs).await;
                    match options.replay_pace {
                        ReplayPace::Acknowledged => {
                            let patience = Instant::now() + PATIENCE;
                            peer.wait(patience, |peer| peer.exchange.outgoing.is_empty())
                                .await;
                        }
                        ReplayPace::Captured => {
                            let due = peer.started + line.at;
                            peer.wait(due, |_| false).await;
                        }
                    }
                    peer.send(message, bytes);
                }
            },
        }
        if peer.over {
            break;
        }
    }
    if !peer.over {
        peer.settle().await;
    }
    peer.over = true;
    peer.hang_up(None);
}

struct Peer {
    exchange: Exchange,
    commands: mpsc::Receiver<ToAgent>,
    started: Instant,
    inputs: u64,
    over: bool,
}

impl Peer {
    /// Takes what comes until `condition` holds or `deadline` is past; says whether it holds.
    async fn wait(&mut self, deadline: Instant, condition: impl Fn(&Self) -> bool) -> bool {
        loop {
            if condition(self) {
                return true;
            }
            let now = Instant::now();
            if self.over || now >= deadline {
                return false;
            }
            let mut wake = deadline;
            if self.exchange.line.is_some() {
                self.exchange.resend(now, RESEND_EVERY);
                if let Some(at) = self.exchange.outgoing.resend_at(RESEND_EVERY) {
                    wake = wake.min(at);
                }
            }
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => self.over = true,
                },
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    /// Waits for the last acknowledgements.
    async fn settle(&mut self) {
        let patience = Instant::now() + RESEND_EVERY + PATIENCE;
        self.wait(patience, |peer| peer.exchange.outgoing.is_empty())
            .await;
    }

    fn command(&mut self, command: ToAgent) {
        match command {
            ToAgent::Attach(line) => self.exchange.line = Some(line),
            ToAgent::Lost { connection } => self.exchange.lose(connection),
            ToAgent::Frame { connection, bytes } => {
                if let Some(message) = self.exchange.parse(bytes) {
                    self.frame(connection, message);
                }
            }
            ToAgent::Terminate => self.over = true,
        }
    }

    fn frame(&mut self, connection: u64, message: AgentMessage) {
        match message.message_type {
            MessageType::Acknowledge => self.exchange.acknowledged(&message),
            MessageType::InputStreamData => self.input(connection, message),
            _ => {}
        }
    }

    fn input(&mut self, connection: u64, message: AgentMessage) {
        let fate = match self.exchange.incoming.place(message.clone()) {
            Place::Behind => Fate::Duplicate,
            Place::Refused => Fate::Refused,
            Place::Parked => Fate::Processed,
            Place::Expected(_) => {
                self.inputs += 1;
                while self.exchange.incoming.advance().is_some() {
                    self.inputs += 1;
                }
                Fate::Processed
            }
        };
        if fate != Fate::Refused {
            self.exchange.acknowledge(&message);
        }
        self.exchange.note_input(connection, message, fate);
    }

    fn send(&mut self, message: &AgentMessage, bytes: &Bytes) {
        if message.message_type == MessageType::OutputStreamData {
            let number = message.sequence_number;
            self.exchange
                .outgoing
                .insert(Instant::now(), number, bytes.clone());
            self.exchange.note(|log| log.sent += 1);
        }
        self.exchange.send(ToClient::Message(bytes.clone()));
    }

    fn hang_up(&mut self, last: Option<Bytes>) {
        if self.over || last.is_some() {
            self.exchange.registry.end(&self.exchange.id);
        }
        self.exchange.send(ToClient::Last(last));
        self.exchange.line = None;
    }
}

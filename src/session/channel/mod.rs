//! The data channel as a state machine: messages and times go in, events, messages to send and wake-ups come out.
//!
//! Nothing here touches a socket, reads a clock, draws a random number or shows anything. Every agent message gives
//! exactly one event, and its acknowledgement is handed out only after that event was: recorded, shown, acknowledged.
//! One kind of message is acknowledged before: one that is ahead of its turn is parked and acknowledged at once, as the
//! protocol asks (the agent resends nothing behind its first unacknowledged message), and its event comes in its turn.

mod agent_version;
mod answers;
pub(super) mod cipher;
mod closing;
mod encryption;
mod event;
mod handshake;
mod identity;
mod round_trip;
mod stream;
mod window;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Acknowledge, Flag, OpenDataChannel, Size, encode_json};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use uuid::Uuid;

pub(crate) use self::agent_version::AgentVersion;
pub use self::cipher::DataKey;
use self::closing::{Closing, LINGER};
use self::encryption::Encryption;
pub use self::event::{Effect, Error, Event};
pub use self::handshake::{CLIENT_VERSION, SessionType};
use self::identity::{MessageIds, WallClock};
pub use self::identity::{Opening, Token};
pub(super) use self::window::MAX_QUEUED_BYTES;
use self::window::{Draft, Incoming, Outgoing};

/// How long an agent may say nothing before it is asked: a command that prints nothing needs its input all the same.
const PROBE_AFTER: Duration = Duration::from_secs(2);
/// How long a pause lasts when nobody ends it: a `start_publication` that was lost must not hold the keys for ever.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How many websocket messages in a row may be no agent message.
const MAX_MALFORMED: u32 = 16;
/// How long to wait for a valid message after one that was none.
const MALFORMED_PATIENCE: Duration = Duration::from_secs(15);

/// What a channel is made with: everything that is random about it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names this client to the service.
    pub client_id: Uuid,
    /// Random; the message ids are made from its first 80 bits and a counter.
    pub message_ids: Uuid,
}

/// ```text
/// Silent ── 2 s ──► Probing ── acknowledged ──► Probed ── 0.5 s ──┐
///   │                  │                           │              ├──► Open ──► Closed
///   ├──────────────────┴───────────────────────────┴── output ────┤    (on channel_closed, from every state)
///   └── handshake request (also from the other two)               │
///         ├── encrypted ──► Keying ── data key ──┐                │
///         └──────────────────────────────────────┴─► Handshaking ─┘
/// ```
/// Keys are sent in `Open` only: an agent that has asked for a handshake drops what precedes its end, and what is to be
/// encrypted must not leave in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Silent,
    /// One message is out, to see whether the agent takes input.
    Probing,
    /// It does, or it drops what comes before a handshake that it is about to begin.
    Probed {
        until: Instant,
    },
    /// The handshake's response waits for a data key.
    Keying,
    Handshaking,
    Open,
    Closed,
}

/// One end of a data channel. Knows the protocol; is told the time; touches no socket.
#[derive(Debug)]
pub struct Channel {
    state: State,
    incoming: Incoming,
    outgoing: Outgoing,
    events: VecDeque<Event>,
    sent: VecDeque<AgentMessage>,
    events_made: u64,
    events_taken: u64,
    /// Each with the number of the event that must have been taken before.
    acknowledgements: VecDeque<(u64, Acknowledge)>,
    ids: MessageIds,
    client_id: Uuid,
    wall_clock: WallClock,
    connected: bool,
    connected_at: Instant,
    paused_until: Option<Instant>,
    size: Option<Size>,
    size_queued: Option<Size>,
    session_type: Option<SessionType>,
    agent_version: Option<String>,
    encryption: Encryption,
    malformed: Malformed,
    closing: Option<Closing>,
    failure: Option<Error>,
    last_heard: Instant,
    /// The session was over before its handshake was.
    never_opened: bool,
}

#[derive(Debug, Default)]
struct Malformed {
    in_a_row: u32,
    since: Option<Instant>,
    cause: String,
}

impl Channel {
    /// A channel that is not connected yet.
    #[must_use]
    pub fn new(now: Instant, options: &Options) -> Self {
        Self {
            state: State::Silent,
            incoming: Incoming::default(),
            outgoing: Outgoing::new(),
            events: VecDeque::new(),
            sent: VecDeque::new(),
            events_made: 0,
            events_taken: 0,
            acknowledgements: VecDeque::new(),
            ids: MessageIds::new(options.message_ids),
            client_id: options.client_id,
            wall_clock: WallClock { at: now, millis: 1 },
            connected: false,
            connected_at: now,
            paused_until: None,
            size: None,
            size_queued: None,
            session_type: None,
            agent_version: None,
            encryption: Encryption::default(),
            malformed: Malformed::default(),
            closing: None,
            failure: None,
            last_heard: now,
            never_opened: false,
        }
    }

    /// A connection was made, the first or a later one: gives what to send on it first. Sequence numbers go on;
    /// everything unacknowledged is due again. `wall_millis` is the wall time in milliseconds since the epoch.
    pub fn open(&mut self, now: Instant, wall_millis: u64, token: &Token) -> Opening {
        self.wall_clock = WallClock {
            at: now,
            millis: wall_millis.max(1),
        };
        self.connected = true;
        self.connected_at = now;
        self.paused_until = None;
        self.malformed = Malformed::default();
        self.outgoing.resend_all(now);
        let opening = OpenDataChannel {
            message_schema_version: "1.0".to_owned(),
            request_id: self.ids.next(),
            token_value: token.0.clone(),
            client_id: self.client_id,
            client_version: CLIENT_VERSION.to_owned(),
        };
        Opening(String::from_utf8_lossy(&encode_json(&opening)).into_owned())
    }

    /// The connection is gone. After `channel_closed` that is the end of the channel; before it, the channel waits for
    /// [`Channel::open`]. Call [`Channel::poll_event`] afterwards.
    pub fn handle_disconnect(&mut self, _now: Instant) {
        self.connected = false;
        self.finish_closing();
    }

    /// Takes an agent message. Call [`Channel::poll_event`], then [`Channel::poll_transmit`] afterwards.
    pub fn handle_message(&mut self, now: Instant, message: AgentMessage) {
        self.malformed = Malformed::default();
        self.last_heard = now;
        if self.state == State::Closed {
            self.surface(message, Effect::Unknown);
            return;
        }
        match message.message_type {
            MessageType::OutputStreamData => self.handle_stream(message),
            MessageType::Acknowledge => self.handle_acknowledge(now, message),
            MessageType::ChannelClosed => self.handle_channel_closed(now, message),
            MessageType::PausePublication => {
                self.paused_until = Some(now + MAX_PAUSE);
                self.surface(message, Effect::Paused);
            }
            MessageType::StartPublication => {
                self.paused_until = None;
                self.surface(message, Effect::Started);
            }
            _ => self.surface(message, Effect::Unknown),
        }
        if let Some(closing) = &mut self.closing
            && !self.incoming.has_gap()
        {
            closing.until = closing.until.min(now + LINGER);
        }
    }

    /// Takes a websocket message that is no agent message. Valid ones must follow, or the channel fails.
    pub fn handle_malformed(&mut self, now: Instant, bytes: Bytes, cause: String) {
        self.malformed.in_a_row += 1;
        self.malformed.since.get_or_insert(now);
        self.malformed.cause.clone_from(&cause);
        self.push(Event::Malformed { bytes, cause });
        if self.malformed.in_a_row >= MAX_MALFORMED {
            self.fail_malformed();
        }
    }

    /// Lets time pass. Call the `poll_…` methods afterwards.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.paused_until.is_some_and(|until| now >= until) {
            self.paused_until = None;
        }
        if self.probe_at().is_some_and(|at| now >= at) {
            self.state = State::Probing;
            self.queue_size();
        }
        if matches!(self.state, State::Probed { until } if now >= until) {
            self.become_open();
        }
        let patience = |since: Instant| now >= since + MALFORMED_PATIENCE;
        if self.malformed.since.is_some_and(patience) {
            self.fail_malformed();
        }
        if self
            .closing
            .as_ref()
            .is_some_and(|closing| now >= closing.until)
        {
            self.finish_closing();
        }
    }

    /// Takes what was typed or piped; nothing is refused, but see [`Channel::input_room`].
    pub fn send_input(&mut self, _now: Instant, keys: &[u8]) {
        self.outgoing.queue_input(keys);
    }

    /// How many bytes of input may still be handed in before the caller should stop reading it.
    #[must_use]
    pub fn input_room(&self) -> usize {
        self.outgoing.room()
    }

    /// The terminal has this size now, or at the start.
    pub fn resize(&mut self, _now: Instant, size: Size) {
        self.size = Some(size);
        if self.state == State::Open {
            self.queue_size();
        }
    }

    /// Tells the agent about the port or the session.
    pub fn send_flag(&mut self, _now: Instant, flag: Flag) {
        self.outgoing
            .queue(PayloadType::FLAG, flag.encode().to_vec());
    }

    /// What happened. Poll until `None` after each `handle_…`, and before [`Channel::poll_transmit`].
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.events_taken += 1;
        Some(event)
    }

    /// How many acknowledgements wait to be sent. Whoever reads them not gets nothing more to acknowledge.
    pub(in crate::session) fn unsent_acknowledgements(&self) -> usize {
        self.acknowledgements.len()
    }

    /// What to send. Poll until `None` after each `handle_…`, [`Channel::open`], [`Channel::send_input`] and
    /// [`Channel::resize`]. An acknowledgement comes only when the event of its message was taken.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<AgentMessage> {
        if !self.connected || self.state == State::Closed {
            return None;
        }
        if let Some((event, _)) = self.acknowledgements.front()
            && *event <= self.events_taken
            && let Some((_, body)) = self.acknowledgements.pop_front()
        {
            let payload = encode_json(&body).into();
            return Some(self.outside_stream(now, MessageType::Acknowledge, payload));
        }
        if self.paused_until.is_some() || self.closing.is_some() {
            return None;
        }
        if let Some(message) = self.outgoing.send_again(now) {
            return Some(message);
        }
        let may_send = match self.state {
            State::Silent | State::Probed { .. } | State::Keying | State::Closed => false,
            State::Probing => !self.outgoing.has_unacknowledged(),
            State::Handshaking => matches!(
                self.outgoing.next_type(),
                Some(PayloadType::HANDSHAKE_RESPONSE | PayloadType::ENCRYPTION_CHALLENGE_RESPONSE)
            ),
            State::Open => true,
        };
        if !may_send || !self.outgoing.has_sendable() {
            return None;
        }
        let created_date = self.wall_clock.millis_at(now);
        let message_id = self.ids.next();
        let is_recorded = matches!(self.session_type, Some(SessionType::Port { .. }));
        let Self {
            outgoing,
            encryption,
            failure,
            sent,
            ..
        } = self;
        outgoing.send_next(now, |sequence_number, draft: Draft| {
            let mut message = AgentMessage {
                message_type: MessageType::InputStreamData,
                schema_version: 1,
                created_date,
                sequence_number,
                flags: Flags::NONE,
                message_id,
                payload_type: draft.payload_type,
                payload: Bytes::new(),
            };
            if is_recorded {
                let payload = Bytes::copy_from_slice(&draft.payload);
                sent.push_back(AgentMessage {
                    payload,
                    ..message.clone()
                });
            }
            match encryption.seal(draft.payload_type, draft.payload) {
                Ok(payload) => message.payload = payload,
                // Nothing of it leaves; the failure ends the session.
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
            message
        })
    }

    /// What was sent for the first time in a port session, whose recording holds both directions; its payload in the
    /// clear.
    pub fn poll_sent(&mut self) -> Option<AgentMessage> {
        self.sent.pop_front()
    }

    /// When to call [`Channel::handle_timeout`] and [`Channel::poll_transmit`], if nothing else happens before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.state == State::Closed || self.failure.is_some() {
            return None;
        }
        let closing = self.closing.as_ref().map(|closing| closing.until);
        let resend = if self.connected && self.paused_until.is_none() && closing.is_none() {
            self.outgoing.poll_timeout()
        } else {
            None
        };
        let malformed = self.malformed.since.map(|since| since + MALFORMED_PATIENCE);
        [
            closing,
            resend,
            malformed,
            self.paused_until,
            self.probe_at(),
            self.grace(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn become_open(&mut self) {
        self.state = State::Open;
        self.queue_size();
    }

    /// The size goes before waiting keys: what they start should find the terminal as it is.
    fn queue_size(&mut self) {
        let Some(size) = self.size else {
            return;
        };
        if self.size_queued == Some(size) {
            return;
        }
        let first = self.size_queued.is_none();
        self.size_queued = Some(size);
        let payload = encode_json(&size);
        if first {
            self.outgoing.queue_first(PayloadType::SIZE, payload);
        } else {
            self.outgoing.queue_latest(PayloadType::SIZE, payload);
        }
    }

    fn probe_at(&self) -> Option<Instant> {
        let silent = self.state == State::Silent && self.connected && self.closing.is_none();
        silent.then(|| self.connected_at + PROBE_AFTER)
    }

    fn grace(&self) -> Option<Instant> {
        match self.state {
            State::Probed { until } => Some(until),
            _ => None,
        }
    }

    fn fail_malformed(&mut self) {
        self.malformed.since = None;
        self.failure.get_or_insert(Error::Garbage {
            count: self.malformed.in_a_row,
            cause: self.malformed.cause.clone(),
        });
    }

    fn surface(&mut self, message: AgentMessage, effect: Effect) {
        self.push(Event::Message { message, effect });
    }

    fn push(&mut self, event: Event) {
        self.events.push_back(event);
        self.events_made += 1;
    }

    fn outside_stream(
        &mut self,
        now: Instant,
        message_type: MessageType,
        payload: Bytes,
    ) -> AgentMessage {
        AgentMessage {
            message_type,
            schema_version: 1,
            created_date: self.wall_clock.millis_at(now),
            sequence_number: 0,
            flags: Flags::SYN_FIN,
            message_id: self.ids.next(),
            payload_type: PayloadType::NONE,
            payload,
        }
    }
}

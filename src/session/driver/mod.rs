//! The pump: the one place that holds socket, clock, keys, screen and recorder together.
//!
//! It decides nothing about the protocol. What comes is recorded, then shown, then acknowledged; a key is on the wire
//! before anything else is done; nothing more is read while recorder or screen have no room.

mod away;
mod clock;
pub mod connection;
pub mod data_keys;
mod encryption;
mod end;
mod events;
mod facts;
mod gather;
mod guard;
mod input;
mod leaving;
mod link;
mod local;
mod person;
mod report;
mod shown;
pub(super) mod tee;
mod typed;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Flag, Size};
use futures_util::SinkExt;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use self::away::Away;
pub use self::away::{Resume, Resumed};
use self::clock::{Clocks, now};
pub use self::clock::{Jump, wall_millis};
use self::connection::describe;
use self::data_keys::DataKeys;
use self::encryption::Vault;
pub use self::end::End;
pub use self::facts::Facts;
use self::gather::Gather;
use self::guard::Guard;
pub use self::guard::Unrecorded;
use self::input::Input;
use self::leaving::Leaving;
pub use self::leaving::Proof;
pub use self::link::Socket;
use self::link::{Batch, Line, Liveness, MAX_UNREAD};
use self::local::Local;
pub(super) use self::person::forwarded;
pub use self::person::{Keys, Screen, Signal, Signals, Status};
pub use self::report::{Gap, Outcome, Report};
use self::tee::Tee;
use self::typed::Asked;
use super::channel::{Channel, DataKey, MAX_QUEUED_BYTES, Token};
use super::console::escape::Escape;
use super::port::Outgoing;
use super::port::Reserved;
use crate::recorder::Recorder;
use crate::words::time;

/// How long the opening message may take to leave.
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a parting word may take.
const PARTING_TIMEOUT: Duration = Duration::from_millis(500);
/// How long output may still take to reach the screen when the session did not come to an end of its own.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);
/// The same where the person left it or a signal came: who wants to go is not kept.
const LEFT_OUTPUT_TIMEOUT: Duration = Duration::from_millis(20);
/// What local connections may have waiting to be sent, in bytes: what is typed into one of them waits behind it.
const PORT_AHEAD: usize = 64 * 1024;
/// The number of SIGINT.
const INTERRUPT: u8 = 2;
/// Ctrl-D: the end of input for whatever reads a terminal.
const END_OF_TRANSMISSION: &[u8] = &[0x04];

/// What the driver does not find out by itself.
#[derive(Debug)]
pub struct Settings {
    /// A person types: the end of input is a terminal that went away.
    pub input_is_terminal: bool,
    /// What begins a local command at the start of a line; `None`: there are none. Heeded only where a person types.
    pub escape: Option<u8>,
    /// What the remote terminal should measure at first.
    pub size: Size,
    /// How long a lost connection is worth trying for.
    pub resume_limit: Duration,
    /// After so long without a sign of life the other side is asked for one.
    pub ping_interval: Duration,
    /// Where a port session listens, instead of on localhost.
    pub bind: Option<String>,
    /// What listens already, for a port session that was announced as one.
    pub reserved: Option<Reserved>,
    /// Whether the bytes of port sessions are recorded, not only their lengths.
    pub record_payload: bool,
    /// Whether the session goes on when it cannot be recorded any more.
    pub go_on_unrecorded: bool,
    /// What shows that the session came to an end of its own.
    pub proof: Proof,
    /// What the person is told of the session when they ask.
    pub facts: Facts,
    /// Milliseconds since the epoch; [`wall_millis`] outside of tests.
    pub wall_millis: fn() -> u64,
}

/// Carries a session from its first connection to its end.
pub async fn run<S, R>(
    first: (S, Token),
    channel: Channel,
    recorder: Recorder,
    person: (impl Keys, impl Screen, impl Signals),
    service: (R, impl DataKeys),
    settings: Settings,
) -> Outcome
where
    S: Socket,
    R: Resume<Socket = S>,
{
    let (recorder, end, report) = pump(first, channel, recorder, person, service, settings).await;
    tracing::info!(%end, gaps = report.gaps.len(), "the session is over");
    Outcome {
        recorder,
        end,
        report,
    }
}

/// As [`run`], whatever records.
pub(super) async fn pump<S, T, R>(
    first: (S, Token),
    channel: Channel,
    recorder: T,
    (keys, screen, signals): (impl Keys, impl Screen, impl Signals),
    (mut resume, data_keys): (R, impl DataKeys),
    settings: Settings,
) -> (T, End<T::Error>, Report)
where
    S: Socket,
    T: Tee,
    R: Resume<Socket = S>,
{
    let escape = settings.escape.filter(|_| settings.input_is_terminal);
    let mut driver = Driver {
        channel,
        recorder: Guard::new(recorder, settings.go_on_unrecorded),
        keys,
        screen,
        signals,
        input: Input::new(settings.input_is_terminal, now()),
        gather: Gather::new(now()),
        typed_ahead: false,
        looked_at: now(),
        escape: escape.map(Escape::new),
        asking: None,
        facts: settings.facts,
        local: Local::Person,
        vault: Vault::new(data_keys),
        bind: settings.bind,
        reserved: settings.reserved,
        record_payload: settings.record_payload,
        leaving: Leaving::new(settings.proof, settings.input_is_terminal),
        exit_code: None,
        away: None,
        resume_limit: settings.resume_limit,
        liveness: Liveness::every(settings.ping_interval),
        gaps: Vec::new(),
        clocks: Clocks::new(now(), (settings.wall_millis)()),
        wall_millis: settings.wall_millis,
        suspect: false,
    };
    driver.channel.resize(now(), settings.size);
    let (mut socket, mut token) = first;
    let mut end = loop {
        let cause = match driver.carry(socket, &token).await {
            Stop::End(end) => break end,
            Stop::Lost(cause) => cause,
        };
        (socket, token) = match driver.come_back(&mut resume, cause).await {
            Ok(connection) => connection,
            Err(end) => break end,
        };
    };
    let open = driver.away.is_none() && driver.channel.is_open();
    driver.end_break(now());
    if driver.asking.take().is_some() {
        driver.screen.ask(None);
    }
    driver.close_port().await;
    driver.tell_unrecorded();
    // Whether channel_closed came or was lost with the connection: the command had ended before.
    if matches!(
        end,
        End::Closed { .. } | End::Cut { .. } | End::ConnectionLost { .. }
    ) && let Some(code) = driver.exit_code
    {
        end = End::Exited(code);
    }
    // A terminal that is held (Ctrl-S) is waited for, since its output is not lost; a signal waits for nobody.
    let patience = match end {
        End::Closed { .. } | End::Cut { .. } | End::Exited(_) => Duration::MAX,
        End::Left | End::Signal(_) => LEFT_OUTPUT_TIMEOUT,
        _ => LAST_OUTPUT_TIMEOUT,
    };
    driver.drain_screen(patience).await;
    let (recorder, unrecorded) = driver.recorder.into_parts();
    let report = Report {
        gaps: driver.gaps,
        clock_jumps: driver.clocks.into_jumps(),
        agent_version: driver.channel.agent_version().map(str::to_owned),
        connections: driver.local.connections(),
        open,
        unrecorded,
    };
    (recorder, end, report)
}

enum Stop<E> {
    End(End<E>),
    Lost(String),
}

impl<E> From<End<E>> for Stop<E> {
    fn from(end: End<E>) -> Self {
        Self::End(end)
    }
}

enum Happened<E> {
    Signal(Signal),
    Keys(Option<io::Result<Bytes>>),
    Port(Option<Outgoing>),
    Noted,
    Key(Result<DataKey, data_keys::Error>),
    Traffic(Result<Batch, Stop<E>>),
    Time,
}

struct Driver<T, K, D, G, V> {
    channel: Channel,
    recorder: Guard<T>,
    keys: K,
    screen: D,
    signals: G,
    input: Input,
    gather: Gather,
    /// Something was typed before the shell had opened.
    typed_ahead: bool,
    escape: Option<Escape>,
    /// Keys are for an answer just now.
    asking: Option<Asked>,
    facts: Facts,
    local: Local,
    vault: Vault<V>,
    bind: Option<String>,
    reserved: Option<Reserved>,
    record_payload: bool,
    leaving: Leaving,
    exit_code: Option<i32>,
    /// Set while the connection is lost, or a new one has proved nothing yet.
    away: Option<Away>,
    resume_limit: Duration,
    liveness: Liveness,
    gaps: Vec<Gap>,
    clocks: Clocks,
    wall_millis: fn() -> u64,
    /// When it was last looked whether the terminal is ours again.
    looked_at: Instant,
    /// The clocks say that the machine slept: the connection may be dead.
    suspect: bool,
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Carries the session over one connection.
    async fn carry<S: Socket>(&mut self, socket: S, token: &Token) -> Stop<T::Error> {
        let mut line = Line::new(socket, now(), self.liveness);
        if self.away.is_some() {
            line.doubt(now());
        }
        let stop = match self.open(&mut line, token).await {
            Ok(()) => loop {
                if let Err(stop) = self.step(&mut line).await {
                    break stop;
                }
            },
            Err(cause) => Stop::Lost(cause),
        };
        if let Stop::End(end) = &stop {
            // What was not recorded or shown must not be acknowledged on the way out.
            let in_order = !matches!(end, End::RecordingFailed(_) | End::ScreenGone(_));
            if in_order && self.takes_terminate_flag() && !self.channel.is_closing() {
                self.channel.send_flag(now(), Flag::TerminateSession);
            }
            self.part(&mut line, in_order).await;
        }
        stop
    }

    async fn open<S: Socket>(&mut self, line: &mut Line<S>, token: &Token) -> Result<(), String> {
        let opening = self.channel.open(now(), (self.wall_millis)(), token);
        let opening = Message::text(opening.into_text());
        match timeout(OPENING_TIMEOUT, line.socket().send(opening)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("the first message does not leave".to_owned()),
        }
    }

    /// Sends what is to be sent, waits for one thing to happen, and deals with it.
    async fn step<S: Socket>(&mut self, line: &mut Line<S>) -> Result<(), Stop<T::Error>> {
        // Shown, then acknowledged.
        self.flush_screen().await;
        line.write_now(&mut self.channel, now)
            .await
            .map_err(Stop::Lost)?;
        if let Some(failure) = self.channel.failure().cloned() {
            return Err(self.channel_failed(failure).into());
        }
        self.ask_for_key();
        self.let_gather();
        match self.wait(line).await {
            Happened::Signal(signal) => self.handle_signal(signal)?,
            Happened::Keys(keys) => self.handle_keys(keys, Some(line)).await?,
            Happened::Port(outgoing) => self.handle_port(outgoing)?,
            Happened::Noted => self.record_notes(now())?,
            Happened::Key(answer) => self.handle_key(answer),
            Happened::Traffic(Err(Stop::End(End::RecordingFailed(error)))) => {
                self.handle_full(now(), error)?;
            }
            Happened::Traffic(batch) => self.handle_batch(batch?)?,
            Happened::Time => {
                self.handle_time(now())?;
                line.handle_timeout(now()).map_err(Stop::Lost)?;
            }
        }
        self.compare_clocks(now())?;
        if std::mem::take(&mut self.suspect) {
            line.doubt(now());
        }
        self.tell_unrecorded();
        self.open_local().await?;
        Ok(())
    }

    async fn wait<S: Socket>(&mut self, line: &mut Line<S>) -> Happened<T::Error> {
        let wake_up = self
            .wake_up()
            .map_or(line.poll_timeout(), |at| at.min(line.poll_timeout()));
        let wake_up = line.not_before(now(), wake_up);
        let wants_keys = self.wants_keys();
        let wants_port =
            self.channel.is_open() && self.channel.input_room() > MAX_QUEUED_BYTES - PORT_AHEAD;
        let Self {
            channel,
            recorder,
            keys,
            screen,
            signals,
            local,
            vault,
            ..
        } = self;
        let port = local.port();
        let traffic = async {
            let mut room = pin!(async {
                recorder.room().await?;
                if let Some(port) = port {
                    port.room().await;
                }
                Ok::<(), T::Error>(())
            });
            let mut has_room = false;
            poll_fn(|cx| {
                if let Poll::Ready(Err(cause)) = line.poll_write(cx, channel, now) {
                    return Poll::Ready(Err(Stop::Lost(cause)));
                }
                if !has_room && let Poll::Ready(room) = room.as_mut().poll(cx) {
                    if let Err(error) = room {
                        return Poll::Ready(Err(End::RecordingFailed(error).into()));
                    }
                    has_room = true;
                }
                // What waits for the terminal is written as soon as it takes it.
                let on_screen = screen.poll_room(cx).is_ready() || port.is_some();
                let is_read = channel.unsent_acknowledgements() < MAX_UNREAD;
                line.poll_read(cx, has_room && on_screen && is_read, now)
                    .map(Ok)
            })
            .await
        };
        tokio::select! {
            biased;
            signal = signals.next() => Happened::Signal(signal),
            piece = keys.read(), if wants_keys => Happened::Keys(piece),
            outgoing = local::read(port), if wants_port => Happened::Port(outgoing),
            () = local::noted(port) => Happened::Noted,
            answer = vault.answer() => Happened::Key(answer),
            result = traffic => Happened::Traffic(result),
            () = sleep_until(wake_up.into()) => Happened::Time,
        }
    }

    fn wake_up(&self) -> Option<Instant> {
        let end_of_input = self.input.poll_timeout(&self.channel);
        [
            self.channel.poll_timeout(),
            self.recorder.poll_timeout(),
            end_of_input,
            self.tell_at(),
            self.look_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn handle_time(&mut self, now: Instant) -> Result<(), End<T::Error>> {
        self.channel.handle_timeout(now);
        self.recorder
            .handle_timeout(now)
            .map_err(End::RecordingFailed)?;
        if self.input.handle_timeout(&self.channel, now) {
            if let Local::Pipe = self.local {
                // Whoever wrote to our stdin is done, and everything has arrived.
                return Err(End::Closed { reason: None });
            }
            self.channel.send_input(now, END_OF_TRANSMISSION);
            self.leaving.told();
        }
        if self.look_at().is_some_and(|at| at <= now) {
            self.looked_at = now;
            self.screen.reclaim();
        }
        self.tell_break(now);
        self.drain_events(now)
    }

    /// Notes where the clock on the wall jumped. A machine that slept has most likely lost its connection.
    fn compare_clocks(&mut self, now: Instant) -> Result<(), End<T::Error>> {
        if !self.clocks.is_due(now) {
            return Ok(());
        }
        let Some(jump) = self.clocks.compare(now, (self.wall_millis)()) else {
            return Ok(());
        };
        self.suspect = jump.by_ms > 0;
        let way = if jump.by_ms < 0 { "back" } else { "forward" };
        let by = Duration::from_millis(jump.by_ms.unsigned_abs());
        let label = format!("the clock went {way} by {}", time::write(by));
        self.recorder
            .marker(now, &label)
            .map_err(End::RecordingFailed)
    }

    fn handle_signal(&mut self, signal: Signal) -> Result<(), End<T::Error>> {
        match signal {
            Signal::End(INTERRUPT) if self.interrupt_command() => Ok(()),
            Signal::End(number) => Err(End::Signal(number)),
            Signal::Resized { reclaim } => {
                if reclaim {
                    self.screen.reclaim();
                }
                if let Some(size) = self.screen.size() {
                    let at = now();
                    self.screen.resized(size);
                    self.channel.resize(at, size);
                    let recorded = self.recorder.resize(at, size);
                    recorded.map_err(End::RecordingFailed)?;
                }
                Ok(())
            }
        }
    }

    /// Sends what may still be sent, if all is `in_order`, and closes; the other side is not waited for.
    async fn part<S: Socket>(&mut self, line: &mut Line<S>, in_order: bool) {
        let channel = &mut self.channel;
        let parting = async {
            if in_order
                && poll_fn(|cx| line.poll_write(cx, channel, now))
                    .await
                    .is_err()
            {
                return;
            }
            // Nobody is left to tell that this failed.
            let _ = line.socket().close().await;
        };
        let _ = timeout(PARTING_TIMEOUT, parting).await;
    }
}

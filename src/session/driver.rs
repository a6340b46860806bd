//! The pump: the one place that holds socket, clock, keys, screen and recorder together.
//!
//! It decides nothing about the protocol. What comes is recorded, then shown, then acknowledged; a key is on the wire
//! before anything else is done; nothing more is read while recorder or screen have no room.

mod away;
mod clock;
mod end;
mod events;
mod input;
mod local;
mod person;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Flag, Size};
use futures_util::SinkExt;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

pub use self::away::{Resume, Resumed};
use self::clock::{now, wall_millis};
pub use self::end::End;
use self::input::Input;
use self::local::Local;
pub use self::person::{Keys, Screen, Signal, Signals};
use super::channel::{Channel, Token};
use super::connection::describe;
pub use super::line::Socket;
use super::line::{Batch, Line};
use super::port::Outgoing;
use super::tee::Tee;
use super::window::MAX_QUEUED_BYTES;
use crate::recorder::Recorder;

/// How long the opening message may take to leave.
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a parting word may take.
const PARTING_TIMEOUT: Duration = Duration::from_millis(500);
/// How long output may still take to reach the screen when a signal ended the session.
const LAST_OUTPUT_TIMEOUT: Duration = Duration::from_secs(1);
/// What local connections may have waiting to be sent, in bytes: what is typed into one of them waits behind it.
const PORT_AHEAD: usize = 64 * 1024;
/// Ctrl-D: the end of input for whatever reads a terminal.
const END_OF_TRANSMISSION: &[u8] = &[0x04];

/// What the driver does not find out by itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A person types: the end of input is a terminal that went away.
    pub input_is_terminal: bool,
    /// What the remote terminal should measure at first.
    pub size: Size,
    /// How long a lost connection is worth trying for.
    pub resume_limit: Duration,
    /// Where a port session listens, instead of on localhost.
    pub bind: Option<String>,
    /// Whether the bytes of port sessions are recorded, not only their lengths.
    pub record_payload: bool,
}

/// How a session ended, and the recorder to finish.
pub struct Outcome {
    /// Holds everything that came.
    pub recorder: Recorder,
    /// Why it ended.
    pub end: End,
}

/// Carries a session from its first connection to its end.
pub async fn run<S, R>(
    first: (S, Token),
    channel: Channel,
    recorder: Recorder,
    person: (impl Keys, impl Screen, impl Signals),
    resume: R,
    settings: Settings,
) -> Outcome
where
    S: Socket,
    R: Resume<Socket = S>,
{
    let (recorder, end) = pump(first, channel, recorder, person, resume, settings).await;
    Outcome { recorder, end }
}

/// As [`run`], whatever records.
pub(super) async fn pump<S, T, R>(
    first: (S, Token),
    channel: Channel,
    recorder: T,
    (keys, screen, signals): (impl Keys, impl Screen, impl Signals),
    mut resume: R,
    settings: Settings,
) -> (T, End<T::Error>)
where
    S: Socket,
    T: Tee,
    R: Resume<Socket = S>,
{
    let mut driver = Driver {
        channel,
        recorder,
        keys,
        screen,
        signals,
        input: Input::new(settings.input_is_terminal, now()),
        local: Local::Person,
        bind: settings.bind,
        record_payload: settings.record_payload,
        exit_code: None,
    };
    driver.channel.resize(now(), settings.size);
    let (mut socket, mut token) = first;
    let end = loop {
        let cause = match driver.carry(socket, &token).await {
            Stop::End(end) => break end,
            Stop::Lost(cause) => cause,
        };
        let again = driver.reconnect(&mut resume, cause, settings.resume_limit);
        (socket, token) = match again.await {
            Ok(connection) => connection,
            Err(end) => break end,
        };
    };
    driver.close_port().await;
    let mut end = end;
    if matches!(end, End::Closed { .. })
        && let Some(code) = driver.exit_code
    {
        end = End::Exited(code);
    }
    // A terminal that is held (Ctrl-S) is waited for, since its output is not lost; a signal waits for nobody.
    let patience = match end {
        End::Closed { .. } | End::Exited(_) => Duration::MAX,
        _ => LAST_OUTPUT_TIMEOUT,
    };
    driver.drain_screen(patience).await;
    (driver.recorder, end)
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
    Traffic(Result<Batch, Stop<E>>),
    Time,
}

struct Driver<T, K, D, G> {
    channel: Channel,
    recorder: T,
    keys: K,
    screen: D,
    signals: G,
    input: Input,
    local: Local,
    bind: Option<String>,
    record_payload: bool,
    exit_code: Option<i32>,
}

impl<T: Tee, K: Keys, D: Screen, G: Signals> Driver<T, K, D, G> {
    /// Carries the session over one connection.
    async fn carry<S: Socket>(&mut self, socket: S, token: &Token) -> Stop<T::Error> {
        let mut line = Line::new(socket, now());
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
        let opening = self.channel.open(now(), wall_millis(), token);
        let opening = Message::text(opening.into_text());
        match timeout(OPENING_TIMEOUT, line.socket().send(opening)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err("the first message does not leave".to_owned()),
        }
    }

    /// Sends what is to be sent, waits for one thing to happen, and deals with it.
    async fn step<S: Socket>(&mut self, line: &mut Line<S>) -> Result<(), Stop<T::Error>> {
        line.write_now(&mut self.channel, now)
            .await
            .map_err(Stop::Lost)?;
        if let Some(failure) = self.channel.failure() {
            return Err(End::Protocol(failure.clone()).into());
        }
        match self.wait(line).await {
            Happened::Signal(signal) => self.handle_signal(signal)?,
            Happened::Keys(keys) => self.handle_keys(keys, Some(line)).await?,
            Happened::Port(outgoing) => self.handle_port(outgoing)?,
            Happened::Noted => self.record_notes(now())?,
            Happened::Traffic(batch) => self.handle_batch(batch?)?,
            Happened::Time => {
                self.handle_time(now())?;
                line.handle_timeout(now()).map_err(Stop::Lost)?;
            }
        }
        Ok(self.open_port().await?)
    }

    async fn wait<S: Socket>(&mut self, line: &mut Line<S>) -> Happened<T::Error> {
        let wake_up = self
            .wake_up()
            .map_or(line.poll_timeout(), |at| at.min(line.poll_timeout()));
        let has_input_room = self.channel.is_open() && self.channel.input_room() > 0;
        let wants_keys = self.input.is_open() && has_input_room && self.local.port().is_none();
        let wants_port =
            has_input_room && self.channel.input_room() > MAX_QUEUED_BYTES - PORT_AHEAD;
        let Self {
            channel,
            recorder,
            keys,
            screen,
            signals,
            local,
            ..
        } = self;
        let port = local.port();
        let traffic = async {
            let mut room = pin!(async {
                recorder.room().await?;
                match port {
                    Some(port) => port.room().await,
                    None => screen.room().await,
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
                line.poll_read(cx, has_room, now).map(Ok)
            })
            .await
        };
        tokio::select! {
            biased;
            signal = signals.next() => Happened::Signal(signal),
            piece = keys.read(), if wants_keys => Happened::Keys(piece),
            outgoing = local::read(port), if wants_port => Happened::Port(outgoing),
            () = local::noted(port) => Happened::Noted,
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
        }
        self.drain_events(now)
    }

    fn handle_signal(&mut self, signal: Signal) -> Result<(), End<T::Error>> {
        match signal {
            Signal::End(number) => Err(End::Signal(number)),
            Signal::Resized { reclaim } => {
                if reclaim {
                    self.screen.reclaim();
                }
                if let Some(size) = self.screen.size() {
                    let at = now();
                    self.channel.resize(at, size);
                    let recorded = self.recorder.resize(at, size);
                    recorded.map_err(End::RecordingFailed)?;
                }
                Ok(())
            }
        }
    }

    /// Keys go on the wire first, where there is one, and into the recording then.
    async fn handle_keys(
        &mut self,
        keys: Option<io::Result<Bytes>>,
        line: Option<&mut Line<impl Socket>>,
    ) -> Result<(), Stop<T::Error>> {
        let at = now();
        let bytes = match keys {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => return Err(End::InputGone(Some(error)).into()),
            None if self.input.is_terminal => return Err(End::InputGone(None).into()),
            None => {
                self.input.end(at);
                return Ok(());
            }
        };
        self.channel.send_input(at, &bytes);
        if let Some(line) = line {
            line.write_now(&mut self.channel, now)
                .await
                .map_err(Stop::Lost)?;
        }
        self.recorder
            .input(at, &bytes)
            .map_err(|error| End::RecordingFailed(error).into())
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

    async fn drain_screen(&mut self, patience: Duration) {
        let Self {
            screen, signals, ..
        } = self;
        let ended = async {
            loop {
                if let Signal::End(_) = signals.next().await {
                    return;
                }
            }
        };
        tokio::select! {
            _ = screen.drain() => {}
            () = ended => {}
            () = sleep(patience) => {}
        }
    }
}

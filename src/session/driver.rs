//! The pump: the one place that holds socket, clock, keys, screen and recorder together.
//!
//! It decides nothing about the protocol. What comes is recorded, then shown, then acknowledged; a key is on the wire
//! before anything else is done; nothing more is read while recorder or screen have no room.

mod end;
mod input;
mod local;
mod person;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::{Flag, Size};
use futures_util::SinkExt;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

pub use self::end::End;
use self::input::Input;
use self::local::Local;
pub use self::person::{Keys, Screen, Signal, Signals};
use super::channel::{Channel, Effect, Event, Token};
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
/// The first pause between attempts to resume, and the longest (source: the official client's retry parameters).
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);
/// A break shorter than this is not worth a word to the person.
const QUIET_BREAK: Duration = Duration::from_secs(2);
/// What local connections may have waiting to be sent, in bytes: what is typed into one of them waits behind it.
const PORT_AHEAD: usize = 64 * 1024;
/// Ctrl-D: the end of input for whatever reads a terminal.
const END_OF_TRANSMISSION: &[u8] = &[0x04];

/// The way back into a session whose connection broke.
pub trait Resume {
    /// As the first connection.
    type Socket: Socket;
    /// Tries once.
    fn resume(&mut self) -> impl Future<Output = Resumed<Self::Socket>>;
}

/// What became of one attempt.
#[derive(Debug)]
pub enum Resumed<S> {
    /// There is a new connection, and the token that opens it.
    Open(S, Token),
    /// It did not work this time, for this reason.
    Failed(String),
    /// There is nothing to come back to, for this reason.
    Over(String),
}

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

    fn handle_batch(&mut self, batch: Batch) -> Result<(), Stop<T::Error>> {
        let at = now();
        for message in batch.messages {
            match message {
                Message::Binary(bytes) => match AgentMessage::parse(bytes.clone()) {
                    Ok(message) => self.channel.handle_message(at, message),
                    Err(error) => self.channel.handle_malformed(at, bytes, error.to_string()),
                },
                Message::Text(text) => {
                    let cause = "text where an agent message is due".to_owned();
                    self.channel.handle_malformed(at, text.into(), cause);
                }
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
            }
            self.drain_events(at)?;
            if let Some(failure) = self.channel.failure() {
                return Err(End::Protocol(failure.clone()).into());
            }
        }
        match batch.ended {
            None => Ok(()),
            Some(cause) if !self.channel.is_closing() => Err(Stop::Lost(cause)),
            Some(_) => {
                self.channel.handle_disconnect(at);
                self.drain_events(at)?;
                Err(End::Closed { reason: None }.into())
            }
        }
    }

    /// Records and shows everything that happened. The channel hands out acknowledgements only after this.
    fn drain_events(&mut self, at: Instant) -> Result<(), End<T::Error>> {
        while let Some(event) = self.channel.poll_event() {
            let (message, effect) = match event {
                Event::Message { message, effect } => (message, effect),
                Event::Malformed { bytes, .. } => {
                    let recorded = self.recorder.malformed(at, bytes);
                    recorded.map_err(End::RecordingFailed)?;
                    continue;
                }
            };
            let recorded = match &effect {
                Effect::Output if !self.local.is_person() => self.tee_payload(at, &message),
                Effect::Output | Effect::StdErr => self.recorder.output(at, &message),
                Effect::Duplicate | Effect::Refused => self.recorder.duplicate(at, &message),
                Effect::ExitCode(code) => {
                    let recorded = self.recorder.message(at, &message);
                    recorded.and_then(|()| self.recorder.exit(at, *code))
                }
                _ => self.recorder.message(at, &message),
            };
            recorded.map_err(End::RecordingFailed)?;
            let shown = match effect {
                Effect::Output => {
                    self.input.shown(at);
                    match self.local.port() {
                        Some(port) => {
                            port.write(message.payload);
                            Ok(())
                        }
                        None => self.screen.output(message.payload),
                    }
                }
                Effect::Flag(flag) => {
                    self.handle_flag(flag)?;
                    Ok(())
                }
                Effect::StdErr => {
                    self.input.shown(at);
                    self.screen.error(message.payload)
                }
                Effect::Notice(text) => {
                    self.screen.notice(&text);
                    Ok(())
                }
                Effect::ExitCode(code) => {
                    self.exit_code = Some(code);
                    Ok(())
                }
                Effect::Closed { reason } => return Err(End::Closed { reason }),
                _ => Ok(()),
            };
            shown.map_err(End::ScreenGone)?;
        }
        while let Some(sent) = self.channel.poll_sent() {
            let recorded = self.tee_payload(at, &sent);
            recorded.map_err(End::RecordingFailed)?;
        }
        self.record_notes(at)
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

    /// Tries to come back while keys, signals and time go on.
    async fn reconnect<R: Resume>(
        &mut self,
        resume: &mut R,
        cause: String,
        limit: Duration,
    ) -> Result<(R::Socket, Token), End<T::Error>> {
        let lost_at = now();
        self.channel.handle_disconnect(lost_at);
        self.drain_events(lost_at)?;
        let marked = self
            .recorder
            .marker(lost_at, &format!("connection lost: {cause}"));
        marked.map_err(End::RecordingFailed)?;
        let mut told = false;
        let mut attempts = pin!(attempts(resume, limit));
        let connection = loop {
            let told_at = (!told).then_some(lost_at + QUIET_BREAK);
            let wake_up = self.wake_up().into_iter().chain(told_at).min();
            let wants_keys = self.input.is_open() && self.channel.input_room() > 0;
            let time = async {
                match wake_up {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                signal = self.signals.next() => self.handle_signal(signal)?,
                keys = self.keys.read(), if wants_keys => {
                    let handled = self.handle_keys(keys, None::<&mut Line<R::Socket>>).await;
                    if let Err(Stop::End(end)) = handled {
                        return Err(end);
                    }
                }
                result = &mut attempts => break result,
                () = time => {
                    self.handle_time(now())?;
                    if !told && now() >= lost_at + QUIET_BREAK {
                        told = true;
                        self.screen.notice(&format!("connection lost ({cause}), trying to come back"));
                    }
                }
            }
        };
        match connection {
            Ok(connection) => {
                let away = (now() - lost_at).as_secs_f64();
                let marked = self
                    .recorder
                    .marker(now(), &format!("connection resumed after {away:.1} s"));
                marked.map_err(End::RecordingFailed)?;
                if told {
                    self.screen.notice("connected again");
                }
                Ok(connection)
            }
            Err(resume) => Err(End::ConnectionLost { cause, resume }),
        }
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

/// Tries until it works, cannot work, or took too long; the error says why.
async fn attempts<R: Resume>(
    resume: &mut R,
    limit: Duration,
) -> Result<(R::Socket, Token), String> {
    let mut last = String::new();
    let trying = async {
        let mut backoff = FIRST_BACKOFF;
        loop {
            match resume.resume().await {
                Resumed::Open(socket, token) => return Ok((socket, token)),
                Resumed::Over(why) => return Err(why),
                Resumed::Failed(why) => last = why,
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
    };
    match timeout(limit, trying).await {
        Ok(result) => result,
        Err(_) => Err(format!("gave up after {} s: {last}", limit.as_secs())),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the time is asked"
)]
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the time is asked"
)]
fn wall_millis() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

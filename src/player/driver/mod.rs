//! The half of the player that holds keys, signals and the terminal's modes: never busy, so that whoever wants to leave does.
//!
//! Nothing here emulates or reads a recording; the stage does, on a thread of its own, and whatever a recording asks of it,
//! nobody waits for it longer than a moment. Prints nothing but the recording, and leaves the terminal as it found it.

mod stage;

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::stage::{Order, Played, Progress, Stage};
use super::canvas::Canvas;
use super::keys::{self, Key};
use super::playback::{Options, Playback};
use super::source::{Recording, Source};
use super::{Ended, Error, Outcome, Stopped};
use crate::terminal::{self, Keys, RawMode, Screen, Signal, Signals};

pub(in crate::player) use self::stage::asks;

/// The number of SIGHUP.
const HANG_UP: u8 = 1;
/// How long an answer of the terminal may take to come at the end.
const ANSWER_WAIT: Duration = Duration::from_millis(300);
/// How long the stage may take to stop for somebody who leaves; a person does not notice it.
const STAGE_WAIT: Duration = Duration::from_millis(25);
/// How long a terminal may take to take what it is left with, where the stage did not stop in time.
const TERMINAL_WAIT: Duration = Duration::from_millis(25);
/// More than a person types while the stage is busy is dropped.
const WAITING_ORDERS: usize = 64;
/// Asks the terminal whether it is there. All that it was asked before is answered before this.
const ASK: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";

/// Plays a recording on stdout. Where stdout is a terminal, keys are taken from stdin or, when that is something else,
/// from the controlling terminal.
///
/// # Errors
/// The terminal, stdout or the system fails. A recording that ends badly is no error but an [`Outcome`].
#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
pub async fn run(recording: Recording, options: Options) -> Result<Outcome, Error> {
    let interactive = terminal::stdout_is_terminal();
    let size = recording.header().term.size();
    let recorded_limit = recording
        .header()
        .idle_time_limit
        .filter(|limit| *limit > 0.0)
        .and_then(|limit| Duration::try_from_secs_f64(limit).ok());
    let line_feeds = recording.line_feeds().clone();
    let source = Source::start(recording)?;
    let signals = Signals::open()?;
    let screen = Screen::open()?;
    // Without a terminal to type on, the recording is played all the same.
    let typing = if interactive { Typing::open() } else { None };
    let mut playback = Playback::new(Instant::now(), size, recorded_limit, interactive, options)
        .with_line_feeds(line_feeds);
    playback.handle_window(terminal::size(), false);
    let progress = Progress::default();
    let stage = Stage::new(playback, source, screen, typing.is_some(), progress.clone());
    let (orders, receiver) = mpsc::channel(WAITING_ORDERS);
    let played = stage.start(receiver)?;
    let mut driver = Driver {
        orders,
        signals,
        typing,
        quits: keys::Keys::default(),
    };
    driver.play(played, &progress).await
}

/// The keyboard, with its terminal raw for as long as this lives.
struct Typing {
    keys: Keys,
    raw: RawMode,
}

impl Typing {
    fn open() -> Option<Self> {
        let keys = if terminal::stdin_is_terminal() {
            Keys::open()
        } else {
            Keys::open_tty()
        };
        Some(Self {
            keys: keys.ok()?,
            raw: RawMode::enter().ok()?,
        })
    }
}

struct Driver {
    orders: mpsc::Sender<Order>,
    signals: Signals,
    typing: Option<Typing>,
    /// Looks for the one key that is not for the stage alone.
    quits: keys::Keys,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
impl Driver {
    async fn play(
        &mut self,
        mut played: oneshot::Receiver<Result<Played, Error>>,
        progress: &Progress,
    ) -> Result<Outcome, Error> {
        let wanted = loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::Terminate | Signal::Interrupt | Signal::HangUp | Signal::Quit => {
                        break Stopped::Signal(signal.number().unwrap_or_default());
                    }
                    Signal::Resized => self.order(Order::Window(terminal::size())),
                    Signal::Continue => {
                        if let Some(typing) = &self.typing {
                            typing.raw.resume()?;
                        }
                        self.order(Order::Window(terminal::size()));
                    }
                },
                typed = typed(&mut self.typing) => match typed {
                    Some(bytes) => {
                        let mut keys = Vec::new();
                        self.quits.handle_bytes(Instant::now(), &bytes, &mut keys);
                        self.order(Order::Typed(bytes));
                        if keys.contains(&Key::Quit) {
                            break Stopped::Quit;
                        }
                    }
                    // The keyboard went away; what is shown may still be looked at.
                    None => {
                        self.typing = None;
                        self.order(Order::Deaf);
                    }
                },
                () = until(self.quits.poll_timeout()) => {
                    let mut keys = Vec::new();
                    self.quits.handle_timeout(Instant::now(), &mut keys);
                    if keys.contains(&Key::Quit) {
                        break Stopped::Quit;
                    }
                }
                ended = &mut played => return self.ended(ended).await,
            }
        };
        self.order(Order::Stop(wanted));
        match tokio::time::timeout(STAGE_WAIT, &mut played).await {
            Ok(ended) => self.ended(ended).await,
            Err(_) => {
                // It is at something that takes longer: the terminal is left without it.
                self.leave(wanted).await;
                Ok(Outcome {
                    ended: Ended::Complete,
                    stopped: wanted,
                    position: progress.position(),
                })
            }
        }
    }

    fn order(&self, order: Order) {
        // One that finds no room is a key too many, or comes too late.
        let _ = self.orders.try_send(order);
    }

    /// The stage has stopped by itself, or as it was told.
    async fn ended(
        &mut self,
        ended: Result<Result<Played, Error>, oneshot::error::RecvError>,
    ) -> Result<Outcome, Error> {
        let gone = |_| Error::Io(io::Error::other("the player has stopped"));
        let mut played = ended.map_err(gone)??;
        let outcome = played.outcome();
        // A terminal that is gone takes nothing any more.
        if !matches!(outcome.stopped, Stopped::HungUp | Stopped::Signal(HANG_UP)) {
            self.close(&mut played).await?;
        }
        Ok(outcome)
    }

    /// Leaves the terminal as a shell wants to find it, whatever it shows.
    async fn leave(&mut self, stopped: Stopped) {
        if self.typing.is_none() || stopped == Stopped::Signal(HANG_UP) {
            return;
        }
        if let Ok(mut screen) = Screen::open()
            && screen.write(Bytes::from(Canvas::closing_blindly())).is_ok()
        {
            let _ = tokio::time::timeout(TERMINAL_WAIT, screen.drain()).await;
        }
    }

    /// Leaves the terminal as a shell wants to find it.
    async fn close(&mut self, played: &mut Played) -> Result<(), Error> {
        let screen = &mut played.screen;
        if let Some(closing) = played.closing.take()
            && let Err(error) = screen.write(Bytes::from(closing))
        {
            return gone(error).map(drop);
        }
        if played.has_asked
            && let Some(typing) = &mut self.typing
            && screen.write(Bytes::from_static(ASK)).is_ok()
        {
            // What comes in until then are answers to the recording. The shell would take them for typed commands.
            let mut tail = Vec::new();
            let answered = async {
                // A terminal that takes nothing answers nothing.
                let _ = screen.drain().await;
                while let Some(Ok(bytes)) = typing.keys.read().await {
                    tail.extend_from_slice(&bytes);
                    if tail.windows(ANSWER.len()).any(|window| window == ANSWER) {
                        break;
                    }
                    tail.drain(..tail.len().saturating_sub(ANSWER.len()));
                }
            };
            // A terminal that does not answer has been given its time.
            let _ = tokio::time::timeout(ANSWER_WAIT, answered).await;
        }
        loop {
            tokio::select! {
                drained = screen.drain() => match drained {
                    Ok(()) => return Ok(()),
                    Err(error) => return gone(error).map(drop),
                },
                signal = self.signals.next() => {
                    // Somebody does not want to wait for a terminal that takes nothing.
                    if signal.number().is_some() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// A reader that has seen enough (`| head`) is no error.
fn gone(error: io::Error) -> Result<Stopped, Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Stopped::HungUp),
        _ => Err(Error::Screen(error)),
    }
}

async fn typed(typing: &mut Option<Typing>) -> Option<Bytes> {
    match typing {
        Some(typing) => typing.keys.read().await?.ok(),
        None => std::future::pending().await,
    }
}

async fn until(timeout: Option<Instant>) {
    match timeout {
        Some(timeout) => tokio::time::sleep_until(timeout.into()).await,
        None => std::future::pending().await,
    }
}

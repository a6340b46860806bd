//! The half of the player that holds keys, signals and the terminal's modes: never busy, so that whoever wants to leave does.
//!
//! Nothing here emulates or reads a recording; the stage does, on a thread of its own, and whatever a recording asks of it,
//! nobody waits for it longer than a moment. Prints nothing but the recording, and leaves the terminal as it found it.

mod passing;
mod picking;
mod stage;
mod watching;

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::passing::Passing;
pub use self::picking::{Looker, Picked, pick};
use self::stage::{Order, Played, Progress, Stage};
use self::watching::Watching;
use super::keys::{self, Key};
use super::playback::{Options, Playback};
use super::source::{Recording, Source};
use super::viewer::{self, Viewer};
use super::{Beside, Ended, Error, Outcome, Stopped};
use crate::screen::Size;
use crate::terminal::{self, Keys, Press, Presses, RawMode, Screen, Signal, Signals};

/// The number of SIGHUP.
const HANG_UP: u8 = 1;
/// How long an answer of the terminal may take to come at the end.
const ANSWER_WAIT: Duration = Duration::from_millis(300);
/// How long the stage may take to stop for somebody who leaves; a person does not notice it.
const STAGE_WAIT: Duration = Duration::from_millis(25);
/// How long it may take to say whether a key leaves.
const KEY_WAIT: Duration = Duration::from_millis(40);
/// How long a terminal may take to take what it is left with, where the stage did not stop in time.
const TERMINAL_WAIT: Duration = Duration::from_millis(25);
/// More than a person types while the stage is busy is dropped.
const WAITING_ORDERS: usize = 256;
/// Asks the terminal whether it is there. All that it was asked before is answered before this.
const ASK: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";

/// Plays a recording on stdout. Where stdout is a terminal it is drawn there, and keys are taken from stdin or, when that is
/// something else, from the controlling terminal.
///
/// # Errors
/// The terminal, stdout or the system fails. A recording that ends badly is no error but an [`Outcome`].
#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
pub async fn run(
    mut recording: Recording,
    mut options: Options,
    beside: Beside,
) -> Result<Outcome, Error> {
    let is_terminal = terminal::stdout_is_terminal();
    let is_drawn = is_terminal && !beside.raw;
    let size = recording.header().term.size();
    let recorded_limit = recording
        .header()
        .idle_time_limit
        .filter(|limit| *limit > 0.0)
        .and_then(|limit| Duration::try_from_secs_f64(limit).ok());
    let line_feeds = recording.line_feeds().clone();
    if is_drawn && let Some(opener) = beside.opener.clone() {
        recording = recording.with_index(move || opener.recording());
    }
    let source = Source::start(recording)?;
    let signals = Signals::open()?;
    let mut screen = Screen::open()?;
    // Without a terminal to type on, the recording is played all the same.
    let typing = match is_terminal {
        true => Typing::open(is_drawn),
        false => None,
    };
    options.quit_at_end |= typing.is_none();
    let playback = Playback::new(Instant::now(), size, recorded_limit, is_drawn, options)
        .with_line_feeds(line_feeds);
    let progress = Progress::default();
    let mut given_back = None;
    let (orders, receiver) = mpsc::channel(WAITING_ORDERS);
    let played = match is_drawn {
        true => {
            let mouse = beside.facts.bar && typing.is_some();
            let entering = terminal::enter_full_screen(mouse);
            screen.write(Bytes::from(entering)).map_err(Error::Screen)?;
            let (bar, scans) = (beside.facts.bar, beside.facts.is_scanned);
            let mut viewer = Viewer::new(playback, beside.facts, beside.notes);
            viewer.handle_window(terminal::size().unwrap_or(size));
            if beside.resize {
                let wanted = viewer::window_for(size, bar);
                screen
                    .write(Bytes::from(resized(wanted)))
                    .map_err(Error::Screen)?;
                given_back = terminal::size().map(resized);
            }
            let watching = Watching::new(
                viewer,
                mouse,
                scans,
                beside.opener,
                beside.prove,
                beside.keep,
            );
            Stage::new(watching, source, screen, progress.clone()).start(receiver)?
        }
        false => {
            let passing = Passing::new(playback, typing.is_some());
            Stage::new(passing, source, screen, progress.clone()).start(receiver)?
        }
    };
    let mut driver = Driver {
        given_back,
        orders,
        signals,
        typing,
        quits: keys::Keys::default(),
        is_drawn,
    };
    let outcome = driver.play(played, &progress).await;
    // Whatever went wrong: nothing is drawn any more.
    driver.leave_full_screen().await;
    outcome
}

/// The keyboard, with its terminal raw for as long as this lives.
struct Typing {
    keyboard: Keyboard,
    raw: RawMode,
}

enum Keyboard {
    /// What a person presses, where a recording is drawn.
    Presses(Presses),
    /// Bytes, where the terminal may answer what a recording asks it.
    Bytes(Keys),
}

impl Typing {
    fn open(is_drawn: bool) -> Option<Self> {
        let raw = RawMode::enter().ok()?;
        let keyboard = match is_drawn {
            true => Keyboard::Presses(Presses::open()),
            false if terminal::stdin_is_terminal() => Keyboard::Bytes(Keys::open().ok()?),
            false => Keyboard::Bytes(Keys::open_tty().ok()?),
        };
        Some(Self { keyboard, raw })
    }
}

enum Typed {
    Press(Press),
    Bytes(Bytes),
}

struct Driver {
    /// What asks for the window's own size.
    given_back: Option<String>,
    orders: mpsc::Sender<Order>,
    signals: Signals,
    typing: Option<Typing>,
    /// Looks for the one key that is not for the stage alone.
    quits: keys::Keys,
    is_drawn: bool,
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
        let mut pressed = 0;
        // A key that leaves unless it is text: until when the stage has time to say so, and how many it must have seen by then.
        let mut leaving: Option<(Instant, u64)> = None;
        let wanted = loop {
            let escape = self.quits.poll_timeout();
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::Terminate | Signal::Interrupt | Signal::HangUp | Signal::Quit => {
                        break Stopped::Signal(signal.number().unwrap_or_default());
                    }
                    Signal::Resized => drop(self.order(Order::Window(terminal::size()))),
                    Signal::Continue => {
                        if let Some(typing) = &self.typing {
                            typing.raw.resume()?;
                        }
                        self.order(Order::Continued);
                        self.order(Order::Window(terminal::size()));
                    }
                },
                typed = typed(&mut self.typing) => match typed {
                    Some(Typed::Press(press)) => {
                        let leaves = stage::leaves(&press);
                        if leaves && progress.may_leave(pressed) {
                            break Stopped::Quit;
                        }
                        if self.order(Order::Pressed(press)) {
                            pressed += 1;
                        }
                        if leaves && leaving.is_none() {
                            leaving = Some((Instant::now() + KEY_WAIT, pressed));
                        }
                    }
                    Some(Typed::Bytes(bytes)) => {
                        let mut keys = Vec::new();
                        self.quits.handle_bytes(Instant::now(), &bytes, &mut keys);
                        self.order(Order::Typed(bytes));
                        if keys.contains(&Key::Quit) {
                            break Stopped::Quit;
                        }
                    }
                    // Nobody is left to look at what is drawn, also where the hang-up itself is not heeded.
                    None if self.is_drawn => break Stopped::HungUp,
                    // The keyboard went away; what is shown may still be looked at.
                    None => {
                        self.typing = None;
                        self.order(Order::Deaf);
                    }
                },
                () = until(escape) => {
                    let mut keys = Vec::new();
                    self.quits.handle_timeout(Instant::now(), &mut keys);
                    if keys.contains(&Key::Quit) {
                        break Stopped::Quit;
                    }
                }
                () = until(leaving.map(|(until, _)| until)) => {
                    if leaving.take().is_some_and(|(_, number)| progress.seen() < number) {
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
                    watched: Vec::new(),
                })
            }
        }
    }

    fn order(&self, order: Order) -> bool {
        // One that finds no room is a key too many, or comes too late.
        self.orders.try_send(order).is_ok()
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
        let is_gone = matches!(stopped, Stopped::HungUp | Stopped::Signal(HANG_UP));
        if self.is_drawn || self.typing.is_none() || is_gone {
            return;
        }
        write_within(passing::CLOSING.to_owned()).await;
    }

    async fn leave_full_screen(&mut self) {
        if self.is_drawn {
            write_within(terminal::leave_full_screen().to_owned()).await;
            if let Some(size) = self.given_back.take() {
                write_within(size).await;
            }
        }
    }

    /// Leaves the terminal as a shell wants to find it.
    async fn close(&mut self, played: &mut Played) -> Result<(), Error> {
        let screen = &mut played.screen;
        if let Some(closing) = played.closing.take()
            && let Err(error) = screen.write(Bytes::from_static(closing.as_bytes()))
        {
            return gone(error).map(drop);
        }
        if played.has_asked
            && let Some(Typing {
                keyboard: Keyboard::Bytes(keys),
                ..
            }) = &mut self.typing
            && screen.write(Bytes::from_static(ASK)).is_ok()
        {
            // What comes in until then are answers to the recording. The shell would take them for typed commands.
            let mut tail = Vec::new();
            let answered = async {
                // A terminal that takes nothing answers nothing.
                let _ = screen.drain().await;
                while let Some(Ok(bytes)) = keys.read().await {
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
        // A terminal that takes nothing does not keep anybody who only looks at it.
        if self.is_drawn {
            let _ = tokio::time::timeout(TERMINAL_WAIT, screen.drain()).await;
            return Ok(());
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

/// Asks a terminal for a window of a size (XTWINOPS).
fn resized(size: Size) -> String {
    format!("\x1b[8;{};{}t", size.rows, size.cols)
}

async fn write_within(text: String) {
    if let Ok(mut screen) = Screen::open()
        && screen.write(Bytes::from(text)).is_ok()
    {
        let _ = tokio::time::timeout(TERMINAL_WAIT, screen.drain()).await;
    }
}

/// A reader that has seen enough (`| head`) is no error.
fn gone(error: io::Error) -> Result<Stopped, Error> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(Stopped::HungUp),
        _ => Err(Error::Screen(error)),
    }
}

async fn typed(typing: &mut Option<Typing>) -> Option<Typed> {
    match typing {
        Some(Typing {
            keyboard: Keyboard::Presses(presses),
            ..
        }) => presses.next().await.map(Typed::Press),
        Some(Typing {
            keyboard: Keyboard::Bytes(keys),
            ..
        }) => keys.read().await?.ok().map(Typed::Bytes),
        None => std::future::pending().await,
    }
}

async fn until(timeout: Option<Instant>) {
    match timeout {
        Some(timeout) => tokio::time::sleep_until(timeout.into()).await,
        None => std::future::pending().await,
    }
}

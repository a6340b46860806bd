//! The half of the player that is busy: recording, machine and screen, on a thread of its own.
//!
//! Decides nothing about what is played when, and knows neither keyboard nor signals: what came of them is told in orders,
//! which are looked at before anything else.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::until;
use crate::player::source::{Item, Source};
use crate::player::{Ended, Error, Outcome, Stopped};
use crate::screen::Size;
use crate::terminal::{Key, Press, Screen};

/// How many events are played before orders are looked at again.
const AT_ONCE: usize = 256;

/// What came of keys and signals.
#[derive(Debug)]
pub(super) enum Order {
    Pressed(Press),
    Typed(Bytes),
    /// Nobody types any more.
    Deaf,
    /// The real terminal's size.
    Window(Option<Size>),
    /// The process was stopped, and goes on: somebody else may have written to the terminal.
    Continued,
    Stop(Stopped),
}

/// Whether a press leaves, unless it is text that is typed.
pub(super) fn leaves(press: &Press) -> bool {
    matches!(
        press,
        Press::Key {
            key: Key::Char('q'),
            control: false,
            alt: false,
            ..
        } | Press::Key {
            key: Key::Char('c' | 'd'),
            control: true,
            ..
        }
    )
}

/// Where the stage is, for who does not wait for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<Reached>>);

#[derive(Debug, Default)]
struct Reached {
    position: Duration,
    /// Presses that were seen.
    seen: u64,
    /// What leaves is taken for that.
    may_leave: bool,
}

impl Progress {
    pub(super) fn position(&self) -> Duration {
        self.lock().position
    }

    /// How many presses it has seen.
    pub(super) fn seen(&self) -> u64 {
        self.lock().seen
    }

    /// Whether a press that leaves, behind so many of them, is known to be none that is text.
    pub(super) fn may_leave(&self, behind: u64) -> bool {
        let reached = self.lock();
        reached.may_leave && reached.seen == behind
    }

    pub(super) fn set(&self, position: Duration, seen: u64, may_leave: bool) {
        *self.lock() = Reached {
            position,
            seen,
            may_leave,
        };
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is left when the stage has stopped.
pub(super) struct Played {
    pub(super) screen: Screen,
    /// What to send to the terminal at the end.
    pub(super) closing: Option<&'static str>,
    /// Whether the recording has asked the terminal something that it answers like a typing person.
    pub(super) has_asked: bool,
    ended: Ended,
    stopped: Stopped,
    position: Duration,
    watched: Vec<Range<Duration>>,
}

impl Played {
    pub(super) fn outcome(&self) -> Outcome {
        Outcome {
            ended: self.ended.clone(),
            stopped: self.stopped,
            position: self.position,
            watched: self.watched.clone(),
        }
    }
}

/// What is done with a recording: it is drawn, or passed on.
pub(super) trait Show: Send + 'static {
    /// Takes what came of keys and signals.
    fn order(&mut self, now: Instant, order: Order, screen: &mut Screen) -> Result<(), Error>;
    /// Whether an item is waited for.
    fn wants_item(&self, screen: &Screen) -> bool;
    /// Takes the next one.
    fn item(&mut self, now: Instant, item: Item);
    /// Does what is to be done now.
    fn act(
        &mut self,
        now: Instant,
        source: &mut Source,
        screen: &mut Screen,
    ) -> Result<Acted, Error>;
    /// When something is to be done again.
    fn timeout(&self, now: Instant, screen: &Screen) -> Option<Instant>;
    /// It is time.
    fn timed_out(&mut self, now: Instant);
    /// Waits for what others find out. Nothing is lost when the future is dropped.
    fn beside(&mut self) -> impl Future<Output = ()>;
    /// It was waited for: takes it.
    fn found(&mut self, now: Instant);
    /// Where playback is, and whether that is the end.
    fn position(&self, now: Instant) -> (Duration, bool);
    /// What of it went by on the screen.
    fn watched(&self) -> Vec<Range<Duration>>;
    /// Whether a press that [`leaves`] would, as it is no text and means nothing else now.
    fn may_leave(&self) -> bool;
    /// What to send to the terminal at the end, and whether the recording has asked it something.
    fn closing(&self) -> (Option<&'static str>, bool);
}

/// What came of acting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acted {
    GoesOn,
    /// What was read ahead is from elsewhere.
    Repositioned,
    Stopped(Stopped),
}

pub(super) struct Stage<S> {
    show: S,
    source: Source,
    screen: Screen,
    progress: Progress,
    /// Presses that were seen.
    seen: u64,
    /// Read, and not yet wanted.
    waiting: VecDeque<Item>,
    ended: Ended,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
impl<S: Show> Stage<S> {
    pub(super) fn new(show: S, source: Source, screen: Screen, progress: Progress) -> Self {
        Self {
            show,
            source,
            screen,
            progress,
            seen: 0,
            waiting: VecDeque::new(),
            ended: Ended::Complete,
        }
    }

    /// Begins to play. What comes of it comes once, unless nobody waits for it any more.
    pub(super) fn start(
        mut self,
        mut orders: mpsc::Receiver<Order>,
    ) -> io::Result<oneshot::Receiver<Result<Played, Error>>> {
        let (sender, played) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        thread::Builder::new()
            .name("player".into())
            .spawn(move || {
                let stopped = runtime.block_on(self.play(&mut orders));
                let _ = sender.send(stopped.map(|stopped| self.into_played(stopped)));
            })?;
        Ok(played)
    }

    fn into_played(self, stopped: Stopped) -> Played {
        let (position, is_at_end) = self.show.position(Instant::now());
        let (closing, has_asked) = self.show.closing();
        Played {
            closing,
            position,
            watched: self.show.watched(),
            screen: self.screen,
            has_asked,
            ended: self.ended,
            stopped: match stopped {
                // Who leaves at the end has seen all of it.
                Stopped::Quit if is_at_end => Stopped::AtEnd,
                stopped => stopped,
            },
        }
    }

    async fn play(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<Stopped, Error> {
        loop {
            for _ in 0..AT_ONCE {
                match self
                    .show
                    .act(Instant::now(), &mut self.source, &mut self.screen)?
                {
                    Acted::GoesOn => {}
                    Acted::Repositioned => self.waiting.clear(),
                    Acted::Stopped(stopped) => return Ok(stopped),
                }
                if !orders.is_empty() || !self.show.wants_item(&self.screen) {
                    break;
                }
                match self.waiting.pop_front() {
                    Some(item) => self.take(item),
                    None => break,
                }
            }
            let now = Instant::now();
            let (position, may_leave) = (self.show.position(now).0, self.show.may_leave());
            self.progress.set(position, self.seen, may_leave);
            self.flush();
            let has_room = self.screen.has_room();
            let is_writing = !self.screen.is_empty();
            let wants_item = self.show.wants_item(&self.screen);
            let timeout = self.show.timeout(now, &self.screen);
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Stop(stopped)) => return Ok(stopped),
                    Some(order) => {
                        self.seen += u64::from(matches!(order, Order::Pressed(_)));
                        self.show.order(Instant::now(), order, &mut self.screen)?;
                    }
                    // Nobody is there to play for.
                    None => return Ok(Stopped::Quit),
                },
                () = wait_for(&mut self.screen, has_room), if is_writing => {}
                () = until(timeout), if timeout.is_some() => self.show.timed_out(Instant::now()),
                items = self.source.next(), if wants_item && self.waiting.is_empty() => {
                    self.waiting.extend(items);
                }
                () = self.show.beside() => self.show.found(Instant::now()),
                () = tokio::task::yield_now(), if wants_item && !self.waiting.is_empty() => {}
            }
        }
    }

    /// Writes what the terminal takes now; what it does not is waited for.
    fn flush(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _ = self.screen.poll_flush(&mut nobody);
    }

    fn take(&mut self, item: Item) {
        if let Item::End(ended) = &item {
            self.ended.clone_from(ended);
        }
        self.show.item(Instant::now(), item);
    }
}

/// Waits for room, or where there is some for all of it to be written.
async fn wait_for(screen: &mut Screen, has_room: bool) {
    match has_room {
        // What went wrong, the next output tells.
        true => drop(screen.drain().await),
        false => screen.room().await,
    }
}

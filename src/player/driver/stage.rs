//! The half of the player that is busy: recording, playback and screen, on a thread of its own.
//!
//! Decides nothing about what is played when, and knows neither keyboard nor signals: what came of them is told in orders,
//! which are looked at before anything else.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{gone, until};
use crate::player::playback::{Action, Playback};
use crate::player::source::{Item, Source};
use crate::player::{Ended, Error, Outcome, Stopped};
use crate::screen::Size;
use crate::terminal::Screen;

/// How many events are played before orders are looked at again.
const AT_ONCE: usize = 256;

/// What came of keys and signals.
#[derive(Debug)]
pub(super) enum Order {
    Typed(Bytes),
    /// Nobody types any more.
    Deaf,
    /// The real terminal's size, and it may have forgotten what it showed.
    Window(Option<Size>),
    Stop(Stopped),
}

/// Where the stage is, for who does not wait for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<Duration>>);

impl Progress {
    pub(super) fn position(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, position: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = position;
    }
}

/// What is left when the stage has stopped.
pub(super) struct Played {
    pub(super) screen: Screen,
    /// What to send to the terminal at the end.
    pub(super) closing: Option<String>,
    /// Whether the recording has asked the terminal something that it answers like a typing person.
    pub(super) has_asked: bool,
    ended: Ended,
    stopped: Stopped,
    position: Duration,
}

impl Played {
    pub(super) fn outcome(&self) -> Outcome {
        Outcome {
            ended: self.ended.clone(),
            stopped: self.stopped,
            position: self.position,
        }
    }
}

pub(super) struct Stage {
    playback: Playback,
    source: Source,
    screen: Screen,
    is_typed_on: bool,
    progress: Progress,
    /// Read, and not yet wanted by the playback.
    waiting: VecDeque<Item>,
    ended: Ended,
    has_asked: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the player gets its time"
)]
impl Stage {
    pub(super) fn new(
        playback: Playback,
        source: Source,
        screen: Screen,
        is_typed_on: bool,
        progress: Progress,
    ) -> Self {
        Self {
            playback,
            source,
            screen,
            is_typed_on,
            progress,
            waiting: VecDeque::new(),
            ended: Ended::Complete,
            has_asked: false,
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
        Played {
            closing: self.playback.closing(),
            position: self.playback.position(Instant::now()),
            screen: self.screen,
            has_asked: self.has_asked,
            ended: self.ended,
            stopped,
        }
    }

    async fn play(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<Stopped, Error> {
        loop {
            for _ in 0..AT_ONCE {
                if let Some(stopped) = self.act()? {
                    return Ok(stopped);
                }
                if !orders.is_empty() || !self.wants_item() {
                    break;
                }
                match self.waiting.pop_front() {
                    Some(item) => self.take(item),
                    None => break,
                }
            }
            self.progress.set(self.playback.position(Instant::now()));
            self.flush();
            let has_room = self.screen.has_room();
            let is_writing = !self.screen.is_empty();
            let wants_item = self.wants_item();
            let timeout = self.playback.poll_timeout().filter(|_| has_room);
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(Order::Typed(bytes)) => {
                        self.playback.handle_typed(Instant::now(), &bytes);
                    }
                    Some(Order::Deaf) => self.is_typed_on = false,
                    Some(Order::Window(size)) => self.playback.handle_window(size, true),
                    Some(Order::Stop(stopped)) => return Ok(stopped),
                    // Nobody is there to play for.
                    None => return Ok(Stopped::Quit),
                },
                () = wait_for(&mut self.screen, has_room), if is_writing => {}
                () = until(timeout), if timeout.is_some() => {
                    self.playback.handle_timeout(Instant::now());
                }
                items = self.source.next(), if wants_item && self.waiting.is_empty() => {
                    self.waiting.extend(items);
                }
                () = tokio::task::yield_now(), if wants_item && !self.waiting.is_empty() => {}
            }
        }
    }

    /// Writes what the terminal takes now; what it does not is waited for.
    fn flush(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _ = self.screen.poll_flush(&mut nobody);
    }

    fn wants_item(&self) -> bool {
        self.playback.wants_event() && self.screen.has_room()
    }

    fn take(&mut self, item: Item) {
        let now = Instant::now();
        match item {
            Item::Event(event) => self.playback.handle_event(now, event),
            Item::Screen { at, size, text } => self.playback.handle_screen(at, size, &text),
            Item::End(ended) => {
                self.ended = ended;
                self.playback.handle_end(now);
            }
        }
    }

    /// Does what the playback asks for.
    fn act(&mut self) -> Result<Option<Stopped>, Error> {
        while let Some(action) = self.playback.poll_action() {
            match action {
                Action::Draw(text) => {
                    if self.is_typed_on && !self.has_asked {
                        self.has_asked = asks(&text);
                    }
                    match self.screen.write(Bytes::from(text)) {
                        Ok(()) => {}
                        Err(error) => return gone(error).map(Some),
                    }
                }
                Action::Reposition(to) => {
                    self.waiting.clear();
                    self.source.reposition(to);
                }
                Action::Finish => return Ok(Some(Stopped::AtEnd)),
                Action::Quit => return Ok(Some(Stopped::Quit)),
            }
        }
        Ok(None)
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

/// Whether a terminal answers this: status and cursor reports, its name and version, colors, modes, sizes.
pub(in crate::player) fn asks(text: &str) -> bool {
    text.split('\x1b').skip(1).any(|sequence| {
        let mut rest = sequence.chars();
        match rest.next() {
            Some('[') => rest
                .find(|c| !matches!(c, '0'..='9' | ';' | '?' | '>' | '=' | '$'))
                .is_some_and(|last| matches!(last, 'c' | 'n' | 't' | 'p' | 'q' | 'u' | 'x')),
            Some(']') => sequence.contains('?'),
            Some('P') => sequence.starts_with("P+q") || sequence.starts_with("P$q"),
            Some('Z') => true,
            Some('_') => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_answers_is_told_from_what_it_only_shows() {
        for asking in [
            "\x1b[6n",
            "a\x1b[c",
            "\x1b[>0c",
            "\x1b[?1$p",
            "\x1b[14t",
            "\x1b]11;?\x07",
            "\x1bP+q544e\x1b\\",
            "\x1b[?u",
        ] {
            assert!(asks(asking), "{asking:?}");
        }
        for showing in [
            "plain",
            "\x1b[1;31mred",
            "\x1b[?25h\x1b[2J\x1b[H",
            "\x1b]0;title\x07",
            "\x1b(B",
        ] {
            assert!(!asks(showing), "{showing:?}");
        }
    }
}

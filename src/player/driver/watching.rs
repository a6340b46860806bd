//! A recording drawn in a reviewer's window, and what is found out about it meanwhile.
//!
//! Nothing of a recording is written here but what the painter makes of cells.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::gone;
use super::stage::{Acted, Order, Show};
use crate::player::scan::{Opener, Scan, Search};
use crate::player::source::{BESIDE, Item, Source};
use crate::player::viewer::{Ask, Viewer};
use crate::player::{Error, Keep, Proof, Stopped, scrollback};
use crate::screen::painter::Painter;
use crate::terminal::{self, Screen};

/// A frame of more bytes is shown at once where the terminal knows how.
const WHOLE: usize = 512;

/// What a thread has found out.
enum Found {
    Proof(Proof),
    Scrollback(Result<Vec<String>, String>),
}

pub(super) struct Watching {
    viewer: Viewer,
    painter: Painter,
    mouse: bool,
    opener: Option<Arc<dyn Opener>>,
    scan: Option<Scan>,
    search: Option<Search>,
    keep: Option<Keep>,
    tell: UnboundedSender<Found>,
    told: UnboundedReceiver<Found>,
    /// What was waited for.
    next: Next,
    stopped: Option<Stopped>,
    /// The terminal is the shell's: from a suspension until it is told that this goes on.
    is_away: bool,
}

#[derive(Default)]
enum Next {
    #[default]
    Nothing,
    Overview,
    Hits,
    Found(Found),
}

impl Watching {
    pub(super) fn new(
        viewer: Viewer,
        mouse: bool,
        scans: bool,
        opener: Option<Arc<dyn Opener>>,
        prove: Option<Box<dyn FnOnce() -> Proof + Send>>,
        keep: Option<Keep>,
    ) -> Self {
        let (tell, told) = unbounded_channel();
        if let Some(prove) = prove {
            let tell = tell.clone();
            // Without a thread to spare nothing is claimed.
            let _ = thread::Builder::new().name("proof".into()).spawn(move || {
                let turn = BESIDE.take();
                let proof = prove();
                drop(turn);
                let _ = tell.send(Found::Proof(proof));
            });
        }
        let scan = match scans {
            true => opener.clone().and_then(|opener| Scan::start(opener).ok()),
            false => None,
        };
        Self {
            viewer,
            painter: Painter::default(),
            mouse,
            opener,
            scan,
            search: None,
            keep,
            tell,
            told,
            next: Next::default(),
            stopped: None,
            is_away: false,
        }
    }

    fn ask(&mut self, now: Instant, ask: Ask, source: &mut Source, screen: &mut Screen) -> Acted {
        match ask {
            Ask::Reposition(to) => {
                source.reposition(to);
                return Acted::Repositioned;
            }
            Ask::Search(None) => self.search = None,
            Ask::Search(Some(pattern)) => {
                let begun = match (&self.scan, &self.opener) {
                    (Some(scan), _) => scan.search(*pattern).ok(),
                    // Of a session that runs: what is there by now.
                    (None, Some(opener)) => Search::start(Arc::clone(opener), *pattern).ok(),
                    (None, None) => None,
                };
                if begun.is_none() {
                    let why = "it cannot be searched, since it cannot be read a second time";
                    self.viewer.handle_message(now, why);
                }
                self.search = begun;
            }
            Ask::Scrollback(to, next) => self.read_scrollback(now, to.to, next),
            Ask::Keep(note) => {
                let kept = match &mut self.keep {
                    Some(keep) => keep(&note),
                    None => Err("there is no place for notes".to_owned()),
                };
                if let Err(why) = kept {
                    self.viewer.handle_message(now, &why);
                }
            }
            Ask::Copy(text) => {
                let _ = screen.write(Bytes::from(clipboard(&text)));
            }
            Ask::Redraw => self.painter.forget(),
            Ask::Suspend => match suspend(screen) {
                Ok(()) => self.is_away = true,
                Err(why) => self.viewer.handle_message(now, why),
            },
            Ask::Finish => self.stopped = Some(Stopped::AtEnd),
            Ask::Quit => self.stopped = Some(Stopped::Quit),
            Ask::Turn { back } => self.stopped = Some(Stopped::Turned { back }),
        }
        Acted::GoesOn
    }

    fn read_scrollback(&mut self, now: Instant, at: Duration, next: u64) {
        let Some(opener) = self.opener.clone() else {
            let why = "there is no text to go back to, since it cannot be read a second time";
            return self.viewer.handle_message(now, why);
        };
        let tell = self.tell.clone();
        let _ = thread::Builder::new()
            .name("scrollback".into())
            .spawn(move || {
                let rows = scrollback::read(&*opener, at, next);
                let _ = tell.send(Found::Scrollback(rows.map_err(|error| error.to_string())));
            });
    }
}

/// Goes back to the shell. It goes on here when it is continued, and nothing is to be drawn until the signal tells of that.
pub(super) fn suspend(screen: &mut Screen) -> Result<(), &'static str> {
    if !terminal::is_waited_for() {
        return Err("there is no shell to go back to");
    }
    let _ = screen.write(Bytes::from_static(terminal::leave_full_screen().as_bytes()));
    let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = screen.poll_flush(&mut nobody);
    terminal::restore();
    let _ = terminal::suspend();
    Ok(())
}

/// OSC 52, which puts a text on the clipboard: a name and a time of ours, never anything of a recording.
fn clipboard(text: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    format!("\x1b]52;c;{text}\x07")
}

impl Show for Watching {
    fn order(&mut self, now: Instant, order: Order, screen: &mut Screen) -> Result<(), Error> {
        match order {
            Order::Pressed(press) => self.viewer.handle_press(now, &press),
            Order::Window(size) => {
                if let Some(size) = size {
                    self.viewer.handle_window(size);
                }
                self.painter.forget();
            }
            Order::Continued => {
                self.is_away = false;
                let _ = screen.write(Bytes::from_static(terminal::leave_full_screen().as_bytes()));
                let entering = terminal::enter_full_screen(self.mouse);
                let _ = screen.write(Bytes::from(entering));
                self.painter.forget();
            }
            Order::Typed(_) | Order::Deaf | Order::Stop(_) => {}
        }
        Ok(())
    }

    fn wants_item(&self, _: &Screen) -> bool {
        self.viewer.wants_event()
    }

    fn item(&mut self, now: Instant, item: Item) {
        match item {
            Item::Event(event) => self.viewer.handle_event(now, event),
            Item::Screen {
                at,
                next,
                size,
                text,
            } => self.viewer.handle_screen(at, next, size, &text),
            Item::UpToDate => self.viewer.handle_up_to_date(now),
            Item::End(_) => self.viewer.handle_end(now),
        }
    }

    fn act(
        &mut self,
        now: Instant,
        source: &mut Source,
        screen: &mut Screen,
    ) -> Result<Acted, Error> {
        let mut acted = Acted::GoesOn;
        while let Some(ask) = self.viewer.poll_ask() {
            match self.ask(now, ask, source, screen) {
                Acted::GoesOn => {}
                other => acted = other,
            }
        }
        // A terminal that takes nothing is shown fewer frames, and nothing of them is kept for it. The last one is drawn.
        if !self.is_away
            && screen.is_empty()
            && let Some((grid, cursor)) = self.viewer.draw(now)
        {
            let mut frame = self.painter.paint(&grid, cursor);
            if frame.len() > WHOLE {
                frame = format!("\x1b[?2026h{frame}\x1b[?2026l");
            }
            if let Err(error) = screen.write(Bytes::from(frame)) {
                return gone(error).map(Acted::Stopped);
            }
        }
        Ok(match self.stopped {
            Some(stopped) => Acted::Stopped(stopped),
            None => acted,
        })
    }

    fn timeout(&self, now: Instant, screen: &Screen) -> Option<Instant> {
        // While the terminal takes nothing, only what is played is due.
        match screen.is_empty() {
            true => self.viewer.poll_timeout(now),
            false => self.viewer.playback().poll_timeout(),
        }
    }

    fn timed_out(&mut self, now: Instant) {
        self.viewer.handle_timeout(now);
    }

    async fn beside(&mut self) {
        let changed = async {
            match &self.scan {
                Some(scan) => scan.changed().await,
                None => std::future::pending().await,
            }
        };
        let hits = async {
            match &self.search {
                Some(search) => search.changed().await,
                None => std::future::pending().await,
            }
        };
        self.next = tokio::select! {
            Some(found) = self.told.recv() => Next::Found(found),
            () = hits => Next::Hits,
            () = changed => Next::Overview,
        };
    }

    fn found(&mut self, now: Instant) {
        match std::mem::take(&mut self.next) {
            Next::Nothing => {}
            Next::Overview => {
                if let Some(scan) = &self.scan {
                    scan.look(|overview| self.viewer.handle_overview(overview));
                }
            }
            Next::Hits => {
                if let Some(search) = &self.search {
                    search.look(|hits| self.viewer.handle_hits(now, hits));
                }
            }
            Next::Found(Found::Proof(proof)) => self.viewer.handle_proof(now, proof),
            Next::Found(Found::Scrollback(Ok(rows))) => self.viewer.handle_scrollback(rows),
            Next::Found(Found::Scrollback(Err(why))) => self.viewer.handle_message(now, &why),
        }
    }

    fn position(&self, now: Instant) -> (Duration, bool) {
        let playback = self.viewer.playback();
        (playback.position(now), playback.is_at_end())
    }

    fn watched(&self) -> Vec<Range<Duration>> {
        self.viewer.playback().watched()
    }

    fn may_leave(&self) -> bool {
        self.viewer.may_leave()
    }

    fn closing(&self) -> (Option<&'static str>, bool) {
        (Some(terminal::leave_full_screen()), false)
    }
}

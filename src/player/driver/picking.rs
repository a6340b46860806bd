//! A picker in a reviewer's window: what is told of a place, keys and signals go to the machine, cells to the terminal.
//!
//! Nothing is written here but what the painter makes of cells, and what takes long is done on a thread beside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use bytes::Bytes;
use formats::sealed::Unlock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::watching::suspend;
use super::write_within;
use crate::player::picker::{Ask, Item, News, Picker, Still};
use crate::player::{Error, Input, preview};
use crate::screen::painter::Painter;
use crate::terminal::{self, Presses, RawMode, Screen, Signal, Signals};

/// Opens a recording to show how it looks at its end; called on a thread of its own.
pub trait Looker: Send + Sync {
    /// The recording, from its beginning; why it cannot be had, in a line.
    ///
    /// # Errors
    /// It cannot be opened.
    fn open(&self, item: &Item) -> Result<Input, String>;

    /// What opens those that are sealed.
    fn unlock(&self) -> &dyn Unlock;
}

/// What came of picking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// These are to be played.
    Play(Vec<Item>),
    /// The person left.
    Left,
    /// There is nothing to pick.
    Nothing,
    /// Ended by the signal of this number.
    Signal(u8),
}

/// Shows a picker until somebody has picked or left.
///
/// # Errors
/// The terminal or the system fails.
pub async fn pick(
    picker: &mut Picker,
    news: &mut UnboundedReceiver<News>,
    looker: Arc<dyn Looker>,
) -> Result<Picked, Error> {
    let mut signals = Signals::open()?;
    let screen = Screen::open()?;
    let raw = RawMode::enter()?;
    let mut presses = Presses::open();
    let (looks, mut stills) = Looks::begin(looker)?;
    let mut window = Window {
        screen,
        painter: Painter::default(),
        is_away: false,
    };
    window.enter()?;
    let size = |picker: &mut Picker| {
        if let Some(size) = terminal::size() {
            picker.handle_window(size);
        }
    };
    size(picker);
    let picked = loop {
        while let Some(item) = next_news(news) {
            picker.handle_news(item);
        }
        if picker.is_empty() {
            break Picked::Nothing;
        }
        window.draw(picker)?;
        match picker.poll_ask() {
            Some(Ask::Look(item)) => {
                looks.want(item);
                continue;
            }
            Some(Ask::Play(items)) => break Picked::Play(items),
            Some(Ask::Quit) => break Picked::Left,
            Some(Ask::Suspend) => match suspend(&mut window.screen) {
                Ok(()) => window.is_away = true,
                Err(why) => picker.say(why),
            },
            None => {}
        }
        let is_writing = !window.screen.is_empty();
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::Terminate | Signal::Interrupt | Signal::HangUp | Signal::Quit => {
                    break Picked::Signal(signal.number().unwrap_or_default());
                }
                Signal::Resized => {
                    size(picker);
                    window.painter.forget();
                }
                Signal::Continue => {
                    raw.resume()?;
                    window.enter()?;
                    size(picker);
                }
            },
            press = presses.next() => match press {
                Some(press) => picker.handle_press(&press),
                None => break Picked::Left,
            },
            Some((id, still)) = stills.recv() => picker.handle_still(&id, still),
            drained = window.screen.drain(), if is_writing => drained.map_err(Error::Screen)?,
            Some(item) = news.recv(), if !news.is_closed() => picker.handle_news(item),
        }
    };
    looks.forget();
    write_within(terminal::leave_full_screen().to_owned()).await;
    Ok(picked)
}

fn next_news(news: &mut UnboundedReceiver<News>) -> Option<News> {
    news.try_recv().ok()
}

struct Window {
    screen: Screen,
    painter: Painter,
    /// The terminal is the shell's.
    is_away: bool,
}

impl Window {
    fn enter(&mut self) -> Result<(), Error> {
        let entering = terminal::enter_full_screen(false);
        self.is_away = false;
        self.painter.forget();
        self.screen
            .write(Bytes::from(entering))
            .map_err(Error::Screen)
    }

    fn draw(&mut self, picker: &mut Picker) -> Result<(), Error> {
        // A terminal that takes nothing is shown fewer frames; the last one is drawn.
        if !self.is_away
            && self.screen.is_empty()
            && let Some((grid, cursor)) = picker.draw()
        {
            let frame = self.painter.paint(&grid, cursor);
            let frame = format!("\x1b[?2026h{frame}\x1b[?2026l");
            self.screen
                .write(Bytes::from(frame))
                .map_err(Error::Screen)?;
        }
        Ok(())
    }
}

/// The thread that looks at recordings: at the one that is wanted last, and at none that is not wanted any more.
struct Looks {
    wanted: Arc<AtomicU64>,
    orders: mpsc::Sender<(u64, Item)>,
}

impl Looks {
    fn begin(looker: Arc<dyn Looker>) -> Result<(Self, UnboundedReceiver<(String, Still)>), Error> {
        let (orders, receiver) = mpsc::channel();
        let (tell, told) = unbounded_channel();
        let wanted = Arc::new(AtomicU64::new(0));
        let shared = Arc::clone(&wanted);
        thread::Builder::new()
            .name("preview".into())
            .spawn(move || look(&*looker, &receiver, &shared, &tell))?;
        Ok((Self { wanted, orders }, told))
    }

    fn want(&self, item: Item) {
        let number = self.wanted.fetch_add(1, Ordering::Relaxed) + 1;
        // Where the thread is gone, nothing is shown.
        let _ = self.orders.send((number, item));
    }

    fn forget(&self) {
        self.wanted.fetch_add(1, Ordering::Relaxed);
    }
}

fn look(
    looker: &dyn Looker,
    orders: &mpsc::Receiver<(u64, Item)>,
    wanted: &AtomicU64,
    tell: &UnboundedSender<(String, Still)>,
) {
    while let Ok((number, item)) = orders.recv() {
        let is_wanted = || wanted.load(Ordering::Relaxed) == number;
        if !is_wanted() {
            continue;
        }
        let still = match looker.open(&item) {
            Ok(input) => match preview::last_screen(input, looker.unlock(), &is_wanted) {
                Ok(Some(grid)) => Ok(grid),
                Ok(None) => continue,
                Err(error) => Err(error.to_string()),
            },
            Err(why) => Err(why),
        };
        if tell.send((item.id, still)).is_err() {
            return;
        }
    }
}

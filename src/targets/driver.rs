//! A picker of targets in a person's window: what the service tells, keys and signals go to the machine, cells to the terminal.
//!
//! What is known from before is shown before anybody is asked, and nothing is written but what the painter makes of cells.

use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::known::Place;
use super::picker::{Ask, News, Picker, Tag};
use crate::screen::painter::Painter;
use crate::service::nodes::Node;
use crate::service::{Error, Service};
use crate::terminal::{self, Presses, RawMode, Screen, Signal, Signals};
use crate::words::causes;

/// A terminal that takes nothing for so long is left as it is.
const TERMINAL_WAIT: Duration = Duration::from_secs(2);

/// What came of picking.
#[derive(Debug)]
pub(crate) enum Picked {
    /// The id of a node.
    Node(String),
    /// The person left.
    Left,
    /// There is nothing to pick: the region that was asked.
    Nothing(String),
    /// Ended by the signal of this number.
    Signal(u8),
    /// The service told of none, and nothing was known.
    Failed(Error),
}

/// Shows a picker until somebody has picked or left. What the service tells is known the next time.
///
/// # Errors
/// The terminal or the system fails.
pub(crate) async fn pick(
    place: Place,
    opening: impl Future<Output = Result<Service, Error>> + Send + 'static,
) -> io::Result<Picked> {
    let title = "managed nodes".to_owned();
    let mut picker = Picker::new(title, place.read().nodes(), place.used());
    let mut signals = Signals::open()?;
    let mut screen = Screen::open()?;
    let _raw = RawMode::enter()?;
    let mut presses = Presses::open();
    let mut painter = Painter::default();
    let (tell, mut told) = unbounded_channel();
    let listing = tokio::spawn(list(opening, tell.clone()));
    let mut asking = Asking {
        service: None,
        waiting: Vec::new(),
        tell,
    };
    let mut outcome = None;
    screen.write(Bytes::from(terminal::enter_full_screen(false)))?;
    let fit = |picker: &mut Picker, painter: &mut Painter| {
        painter.forget();
        if let Some(size) = terminal::size() {
            picker.handle_window(size);
        }
    };
    fit(&mut picker, &mut painter);
    let picked = loop {
        while let Ok(one) = told.try_recv() {
            asking.take(one, &mut picker, &mut outcome);
        }
        if picker.is_empty() {
            break Picked::Left;
        }
        // A terminal that takes nothing is shown fewer frames; the last one is drawn.
        if screen.is_empty()
            && let Some((grid, cursor)) = picker.draw()
        {
            let frame = painter.paint(&grid, cursor);
            screen.write(Bytes::from(format!("\x1b[?2026h{frame}\x1b[?2026l")))?;
        }
        match picker.poll_ask() {
            Some(Ask::Tagged(tag)) => {
                asking.waiting.push(tag);
                asking.ask();
                continue;
            }
            Some(Ask::Connect(id)) => break Picked::Node(id),
            Some(Ask::Quit) => break Picked::Left,
            None => {}
        }
        let is_writing = !screen.is_empty();
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::Terminate | Signal::Interrupt | Signal::HangUp | Signal::Quit => {
                    break Picked::Signal(signal.number().unwrap_or_default());
                }
                Signal::Resized | Signal::Continue => fit(&mut picker, &mut painter),
            },
            press = presses.next() => match press {
                Some(press) => picker.handle_press(&press),
                None => break Picked::Left,
            },
            drained = screen.drain(), if is_writing => drained?,
            Some(one) = told.recv() => asking.take(one, &mut picker, &mut outcome),
        }
    };
    screen.write(Bytes::from_static(terminal::leave_full_screen().as_bytes()))?;
    let _ = tokio::time::timeout(TERMINAL_WAIT, screen.drain()).await;
    listing.abort();
    Ok(match (outcome, picked) {
        (Some(Err(error)), Picked::Left) if picker.items.is_empty() => Picked::Failed(error),
        (Some(Ok((region, nodes))), picked) => {
            let is_none = nodes.is_empty();
            place.keep(&region, &nodes);
            match picked {
                Picked::Left if is_none => Picked::Nothing(region),
                picked => picked,
            }
        }
        (_, picked) => picked,
    })
}

/// What came of listing: the region and all of its nodes.
type Outcome = Result<(String, Vec<Node>), Error>;

/// What tasks beside tell.
enum Told {
    /// The service is reached in this way.
    Opened(Box<Service>),
    News(News),
    /// All was listed, or why not.
    Over(Outcome),
}

/// Asks for tags, once the service is there.
struct Asking {
    service: Option<Service>,
    waiting: Vec<Tag>,
    tell: UnboundedSender<Told>,
}

impl Asking {
    fn take(&mut self, told: Told, picker: &mut Picker, outcome: &mut Option<Outcome>) {
        match told {
            Told::Opened(service) => {
                picker.place = format!("managed nodes in {}", service.region());
                self.service = Some(*service);
                self.ask();
            }
            Told::News(news) => picker.handle_news(news),
            Told::Over(over) => {
                picker.handle_news(match &over {
                    Ok(_) => News::Listed,
                    Err(error) => News::Failed(causes(error)),
                });
                *outcome = Some(over);
            }
        }
    }

    fn ask(&mut self) {
        let Some(service) = &self.service else {
            return;
        };
        for tag in self.waiting.drain(..) {
            let (service, tell) = (service.clone(), self.tell.clone());
            tokio::spawn(async move {
                let mut nodes = Vec::new();
                let mut take = |page: Vec<Node>| {
                    nodes.extend(page);
                    true
                };
                let asked = service.nodes(std::slice::from_ref(&tag), &mut take).await;
                // Where nobody picks any more, nobody needs to know.
                let _ = tell.send(Told::News(match asked {
                    Ok(()) => News::Tagged(tag, nodes),
                    Err(error) => News::Untold(causes(&error)),
                }));
            });
        }
    }
}

/// All nodes, page by page.
async fn list(opening: impl Future<Output = Result<Service, Error>>, tell: UnboundedSender<Told>) {
    let listed = async {
        let service = opening.await?;
        let _ = tell.send(Told::Opened(Box::new(service.clone())));
        let mut nodes = Vec::new();
        let mut take = |page: Vec<Node>| {
            nodes.extend_from_slice(&page);
            tell.send(Told::News(News::Nodes(page))).is_ok()
        };
        service.nodes(&[], &mut take).await?;
        Ok((service.region().to_owned(), nodes))
    };
    let _ = tell.send(Told::Over(listed.await));
}

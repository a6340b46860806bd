//! Points of a recording from which it can be shown at once, for those that have none of their own: the screen at each, and
//! where reading goes on.
//!
//! Nothing here is written to a disk, and all of it has a limit however long the recording is.

mod building;
mod text;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use formats::asciicast::{LineFeeds, Mark};
use formats::payload::Size;

pub(super) use self::building::Again;
use self::text::Text;
pub(super) use self::text::{Lines, Packed};
use crate::player::Ended;

/// What an index may hold, in bytes, and how far its points are apart at first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) text: usize,
    pub(super) points: usize,
    /// So much text is packed at once: what has to be unpacked to read on from anywhere.
    pub(super) piece: usize,
    /// So much of the recording lies between two points.
    pub(super) every: u64,
}

impl Default for Limits {
    /// 64 MiB with what building it takes.
    fn default() -> Self {
        Self {
            text: 40 * 1024 * 1024,
            points: 16 * 1024 * 1024,
            piece: 256 * 1024,
            every: 64 * 1024,
        }
    }
}

/// What a point costs besides its screen.
const POINT_COST: usize = size_of::<Point>() + size_of::<Packed>();

/// The moment after an event.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// The time of that event.
    pub(super) at: Duration,
    /// The number of the next one.
    pub(super) number: u64,
    /// Where that begins in the recording's text.
    pub(super) offset: u64,
    pub(super) mark: Mark,
    pub(super) size: Size,
    screen: Arc<Packed>,
}

impl Point {
    /// The output that makes the screen.
    pub(super) fn screen(&self) -> Option<String> {
        String::from_utf8(self.screen.unpack()?).ok()
    }
}

/// The points that are known so far. It is filled by a thread of its own.
#[derive(Debug)]
pub(super) struct Index {
    state: Mutex<State>,
    limits: Limits,
    is_closed: AtomicBool,
}

#[derive(Debug)]
struct State {
    /// The earliest first.
    points: Vec<Point>,
    bytes: usize,
    every: u64,
    text: Text,
    /// How the recording ends, once all of it was read.
    ended: Option<Ended>,
}

impl Index {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            state: Mutex::new(State {
                points: Vec::new(),
                bytes: 0,
                every: limits.every,
                text: Text::new(limits.text),
                ended: None,
            }),
            limits,
            is_closed: AtomicBool::new(false),
        }
    }

    /// Begins to read the recording once more.
    pub(super) fn start(
        again: Again,
        line_feeds: LineFeeds,
        limits: Limits,
    ) -> io::Result<Arc<Self>> {
        let index = Arc::new(Self::new(limits));
        let shared = Arc::clone(&index);
        thread::Builder::new()
            .name("index".into())
            // What does not read has no points; who plays it is told why.
            .spawn(move || drop(building::build(again, line_feeds, &shared)))?;
        Ok(index)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody asks any more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// The last point before a time.
    pub(super) fn before(&self, to: Duration) -> Option<Point> {
        let state = self.lock();
        let behind = state.points.partition_point(|point| point.at < to);
        Some(state.points.get(behind.checked_sub(1)?)?.clone())
    }

    /// Whether the text from an offset on is at hand.
    pub(super) fn keeps(&self, offset: u64) -> bool {
        self.lock().text.keeps(offset)
    }

    /// How the recording ends, where all of its text is at hand.
    pub(super) fn ended(&self) -> Option<Ended> {
        let state = self.lock();
        state.ended.clone().filter(|_| state.text.is_whole())
    }

    /// How far apart points are now.
    fn every(&self) -> u64 {
        self.lock().every
    }

    fn offer(&self, point: Point) {
        let size = |point: &Point| POINT_COST + point.screen.size();
        let mut state = self.lock();
        if size(&point) > self.limits.points / 4 {
            return;
        }
        state.bytes += size(&point);
        state.points.push(point);
        if state.bytes > self.limits.points {
            let mut odd = false;
            state.points.retain(|_| {
                odd = !odd;
                odd
            });
            state.bytes = state.points.iter().map(size).sum();
            // Those to come lie as far apart as those that are left.
            let last = state.points.last().map_or(0, |point| point.offset);
            let apart = last / state.points.len().max(1) as u64;
            state.every = apart.max(state.every.saturating_mul(2));
        }
    }

    fn end(&self, ended: Ended) {
        self.lock().ended = Some(ended);
    }

    /// What is held, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let state = self.lock();
        state.bytes + state.text.bytes()
    }

    /// Whether all of the recording was read.
    #[cfg(test)]
    pub(super) fn is_built(&self) -> bool {
        self.lock().ended.is_some()
    }

    #[cfg(test)]
    pub(super) fn points(&self) -> Vec<Point> {
        self.lock().points.clone()
    }
}

#[cfg(test)]
mod tests;

//! Reads a recording once, and tells an index of points in it.
//!
//! Nothing here is waited for.

use std::io;
use std::sync::Arc;

use formats::asciicast::{self, Data, LineFeeds};
use formats::lines::LineSource;
use formats::recording::{self, Ending, Seekable};
use formats::sealed::Unlock;

use super::super::{BESIDE, Input, ended, parts};
use super::text::{Keeping, Packed};
use super::{Index, Point};
use crate::player::canvas::Canvas;
use crate::player::{Error, broken_off};
use crate::screen::is_huge;

/// Opens the recording once more.
pub(in crate::player::source) struct Again {
    pub(in crate::player::source) open: Box<dyn FnOnce() -> io::Result<Input> + Send>,
    pub(in crate::player::source) unlock: Arc<dyn Unlock + Send + Sync>,
}

/// A screen that takes long to keep is kept less often: after so many times its length of text.
const LENGTHS: u64 = 4;

pub(super) fn build(again: Again, line_feeds: LineFeeds, index: &Index) -> Result<(), Error> {
    match (again.open)()? {
        Input::Seekable(source) => {
            let mut lines = Seekable::open_with(source, &*again.unlock)?;
            lines.take_turns(&BESIDE);
            // What can be gone to anywhere need not be kept.
            let keeps = !lines.is_plain();
            read(
                Keeping::new(lines, index, keeps),
                line_feeds,
                index,
                Seekable::ending,
            )
        }
        Input::Stream(source) => {
            let mut lines = recording::Reader::open_with(source, &*again.unlock)?;
            lines.take_turns(&BESIDE);
            let lines = Keeping::new(lines, index, true);
            read(lines, line_feeds, index, recording::Reader::ending)
        }
        Input::Live(_) => Ok(()),
    }
}

fn read<L: LineSource>(
    lines: Keeping<'_, L>,
    mut line_feeds: LineFeeds,
    index: &Index,
    ending: impl Fn(&L) -> Option<&Ending>,
) -> Result<(), Error> {
    let mut reader = asciicast::Reader::open(lines)?.without_long_payloads();
    if reader.is_document() {
        reader.lines_mut().give_up();
    }
    // Who goes anywhere in such a recording begins at its beginning.
    if is_huge(reader.header().term.size()) {
        return Ok(());
    }
    let mut canvas = Canvas::new(reader.header().term.size());
    let (mut number, mut last, mut distance) = (0, 0, index.limits.every);
    let mut since = 0;
    let how = loop {
        if index.is_closed() {
            return Ok(());
        }
        let event = match reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => break ended(ending(reader.lines().lines())),
            Err(error) => break broken_off(&error.into()),
        };
        number += 1;
        match &event.data {
            Data::Output(text) => {
                for part in parts(text) {
                    if index.is_closed() {
                        return Ok(());
                    }
                    canvas.feed(&line_feeds.shown(part));
                }
                since += text.len() as u64;
            }
            Data::Resize(size) if is_huge(*size) => return Ok(()),
            Data::Resize(size) => canvas.resize(*size),
            Data::Message(message) => line_feeds.message(message),
            _ => {}
        }
        // Of one document there are no lines.
        since = since.max(reader.lines().offset().saturating_sub(last));
        if since < distance {
            continue;
        }
        (last, since) = (reader.lines().offset(), 0);
        let snapshot = canvas.snapshot();
        distance = index.every().max(LENGTHS * snapshot.size() as u64);
        let (size, screen) = snapshot.into_parts();
        index.offer(Point {
            at: event.at,
            number,
            offset: last,
            mark: reader.mark(),
            size,
            screen: Arc::new(Packed::new(screen.as_bytes())),
        });
    };
    reader.lines_mut().pack();
    index.end(how);
    Ok(())
}

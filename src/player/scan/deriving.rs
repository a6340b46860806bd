//! Lines and commands made of a recording now, because nothing has them.
//!
//! Nothing here is kept or searched: lines are handed on as they end.

use std::io;
use std::sync::mpsc::sync_channel;
use std::thread;

use formats::asciicast::Data;
use formats::derived::Line;

use super::events::{self, Events};
use super::overview::Commands;
use crate::player::Ended;
use crate::screen::Size;
use crate::transcript::Deriver;

/// What is known at the end.
pub(super) struct Derived {
    pub(super) commands: Commands,
    pub(super) ended: Ended,
}

/// So many pieces of lines wait for whoever takes them.
const AHEAD: usize = 4;

/// Reads a recording on a thread of its own, derives on another, and hands on from this one. `wanted` is given lines as they
/// end, as long as it says that they are; `None` when they are not, or a screen `is_too_large`.
pub(super) fn derive(
    events: Events,
    is_too_large: fn(Size) -> bool,
    mut wanted: impl FnMut(&[Line]) -> bool,
) -> io::Result<Option<Derived>> {
    if is_too_large(events.header().term.size()) {
        return Ok(None);
    }
    let mut deriver = Deriver::new(events.header());
    let pieces = events::read_ahead(events)?;
    let (sender, ready) = sync_channel(AHEAD);
    let deriving = move || {
        let mut ended = None;
        for piece in pieces {
            let mut lines = Vec::new();
            for event in &piece.events {
                if let Data::Resize(size) = event.data
                    && is_too_large(size)
                {
                    return None;
                }
                deriver.event(event.at, &event.data);
                lines.append(&mut deriver.take());
            }
            sender.send(lines).ok()?;
            ended = piece.ended;
        }
        Some((deriver.finish(), ended?))
    };
    let deriving = thread::Builder::new()
        .name("transcript".into())
        .spawn(deriving)?;
    for lines in ready {
        if !wanted(&lines) {
            return Ok(None);
        }
    }
    // Without an end one of the threads has failed.
    let derived = deriving.join().ok().flatten();
    let Some((ending, ended)) = derived.filter(|(ending, _)| wanted(&ending.lines)) else {
        return Ok(None);
    };
    Ok(Some(Derived {
        commands: Commands {
            commands: ending.commands,
            explained: ending.explained,
            is_cut: ending.is_cut,
        },
        ended,
    }))
}

//! Lines and commands made of a recording now, because nothing has them.
//!
//! Nothing here is kept or searched: lines are handed on as they end.

use std::io;

use formats::derived::Line;

use super::events::{self, Events};
use super::overview::Commands;
use crate::player::Ended;
use crate::transcript::Deriver;

/// What is known at the end.
pub(super) struct Derived {
    pub(super) commands: Commands,
    pub(super) ended: Ended,
}

/// Reads a recording on a thread of its own and derives on this one. `wanted` is given lines as they end, as long as
/// it says that they are; `None` when they are not.
pub(super) fn derive(
    events: Events,
    mut wanted: impl FnMut(&[Line]) -> bool,
) -> io::Result<Option<Derived>> {
    let mut deriver = Deriver::new(events.header());
    let mut lines = Vec::new();
    let mut ended = None;
    for piece in events::read_ahead(events)? {
        for event in &piece.events {
            deriver.event(event.at, &event.data);
            lines.append(&mut deriver.take());
        }
        if !wanted(&lines) {
            return Ok(None);
        }
        lines.clear();
        ended = piece.ended;
    }
    let ending = deriver.finish();
    // Without an end the thread that reads has failed.
    let Some(ended) = ended.filter(|_| wanted(&ending.lines)) else {
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

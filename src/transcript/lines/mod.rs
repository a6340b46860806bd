//! The lines that a person could have read: what leaves the screen, what is overwritten, and what stands there at the end.
//!
//! Nothing here is told twice for being written again, and nothing that somebody had the time to read is lost: whatever stood
//! for [`STOOD`] is in a line. How output of the same time is cut into pieces makes no difference.

mod standing;

use std::time::Duration;

use avt::{Line as Row, Observation, Observer, Operation, ScreenKind, Terminal};
use formats::derived::{Line, Millis};

use super::Leaving;
use standing::Standing;

/// The screen is looked at this often, if anything changes: so whatever stands for twice as long is seen, whenever it came.
const GRAIN: Millis = STOOD / 2;
/// What stood as long was there to be read.
const STOOD: Millis = 200;
/// A longer line is told in parts, so that none fills the memory. In bytes.
const MAX_LINE: usize = 64 * 1024;

/// An observer of a terminal, and the lines that it has seen leave.
#[derive(Default)]
pub(super) struct Lines {
    leaving: Leaving,
    main: Standing,
    other: Standing,
    ready: Vec<Line>,
    /// The time of what is shown now, and when the screen was last looked at.
    at: Millis,
    looked: Option<Millis>,
    /// The screen may have changed since.
    is_dirty: bool,
}

impl Lines {
    /// What follows is shown at this time; the screen is as it stood until then.
    pub(super) fn at(&mut self, at: Duration, terminal: &Terminal) {
        let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        if at <= self.at {
            return;
        }
        if self.is_dirty && self.looked.is_none_or(|looked| at - looked >= GRAIN) {
            self.look(terminal);
            self.looked = Some(at);
            self.is_dirty = false;
        }
        self.at = at;
    }

    /// Hands over what observers called since have seen leave.
    pub(super) fn take(&mut self) -> Vec<Line> {
        self.tell();
        std::mem::take(&mut self.ready)
    }

    /// The end: all that stands there leaves.
    pub(super) fn finish(&mut self, terminal: &Terminal) {
        self.look(terminal);
        self.leaving.flush(terminal, terminal.size().1);
        self.tell();
        self.other.leave(self.at, true, &mut self.ready);
    }

    fn look(&mut self, terminal: &Terminal) {
        self.leaving.settle(terminal);
        // What was told by itself is not told again for being gone.
        self.tell();
        let main = terminal.primary_screen().text();
        match terminal.active_screen_kind() {
            ScreenKind::Primary => self.other.leave(self.at, true, &mut self.ready),
            ScreenKind::Alternate => {
                let other = terminal.screen().text();
                self.other.look(other, self.at, true, "", &mut self.ready);
            }
        }
        let begun = self.leaving.begun();
        self.main.look(main, self.at, false, begun, &mut self.ready);
    }

    fn tell(&mut self) {
        for text in self.leaving.take() {
            for text in parts(&text) {
                self.ready.push(Line {
                    first: self.main.told(text).unwrap_or(self.at),
                    last: self.at,
                    text: text.to_owned(),
                    other: false,
                });
            }
        }
    }
}

/// A line in parts that are short enough.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        if text.len() <= MAX_LINE {
            return Some(text);
        }
        let (part, behind) = text.split_at(text.floor_char_boundary(MAX_LINE));
        rest = Some(behind);
        Some(part)
    })
}

impl Observer for Lines {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.is_dirty = true;
        self.leaving.before(context, operation);
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.leaving.after(context, operation);
    }

    fn evicted(&mut self, context: &mut Observation<'_>, row: &Row) {
        self.leaving.evicted(context, row);
    }

    fn end(&mut self, context: &mut Observation<'_>) {
        self.leaving.end(context);
    }
}

#[cfg(test)]
mod tests;

//! The lines that a person could have read: what leaves the screen, what is overwritten, and what stands there at the end.
//!
//! Nothing here is told twice for being written again, and nothing that somebody had the time to read is lost: whatever stood
//! for [`STOOD`] is in a line, but where a hostile recording asks for more looks than it is worth. How output of the same time
//! is cut into pieces makes no difference.

mod standing;
mod words;

use std::ops::Range;
use std::time::Duration;

use avt::{Line as Row, Observation, Observer, Operation, Screen, ScreenKind, Terminal};
use formats::derived::{Line, Millis};

use super::Leaving;
use super::credit::Credit;
use standing::{Look, Shown, Standing};

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
    /// What is not known from the last look came at this time at the earliest. Whatever comes or leaves until the next one
    /// is told to have done so now: more times would cost more than they tell.
    since: Millis,
    /// The rows of the screen that may have changed since; all of them after another size was taken.
    dirty: Option<Range<usize>>,
    is_resized: bool,
    /// The other screen was there at the last look.
    was_other: bool,
    credit: Credit,
}

impl Lines {
    /// What follows, of so many bytes, is shown at this time; the screen is as it stood until then.
    pub(super) fn at(&mut self, at: Duration, bytes: usize, terminal: &Terminal) {
        self.credit.earn(bytes);
        let at = millis(at);
        if at <= self.at {
            return;
        }
        if self.is_due(at) && self.dirty.is_some() && self.look(terminal, false) {
            self.looked = Some(at);
        }
        if self.dirty.is_none() && !self.is_resized {
            self.tell();
            self.since = at;
        }
        self.at = at;
    }

    /// Whether the screen is to be looked at before what comes at a time, if it has changed.
    pub(super) fn will_look(&self, at: Duration) -> bool {
        let at = millis(at);
        at > self.at && self.is_due(at)
    }

    fn is_due(&self, at: Millis) -> bool {
        self.looked.is_none_or(|looked| at - looked >= GRAIN)
    }

    /// Whether lines that scroll out may be told by [`Lines::passed`] instead of by a terminal.
    pub(super) fn is_at_rest(&self) -> bool {
        self.leaving.is_at_rest()
    }

    /// A row has scrolled out that no terminal has seen.
    pub(super) fn passed(&mut self, text: &str, is_wrapped: bool) {
        self.leaving.passed(text, is_wrapped);
    }

    /// Hands over what observers called since have seen leave.
    pub(super) fn take(&mut self) -> Vec<Line> {
        self.tell();
        std::mem::take(&mut self.ready)
    }

    /// The end: all that stands there leaves.
    pub(super) fn finish(&mut self, terminal: &Terminal) {
        self.look(terminal, true);
        self.leaving.flush(terminal, terminal.size().1);
        self.tell();
        self.other.leave(self.at, true, &mut self.ready);
    }

    /// Looks at what may have changed. Tells whether there was credit for it, which the last look does not need.
    fn look(&mut self, terminal: &Terminal, is_last: bool) -> bool {
        let is_other = terminal.active_screen_kind() == ScreenKind::Alternate;
        let is_whole = is_last || self.is_resized || self.was_other != is_other;
        let (cols, all) = terminal.size();
        let screen = terminal.screen();
        let dirty = match self.dirty.clone() {
            Some(dirty) if !is_whole => whole_lines(&screen, dirty, all),
            // Also rows that are not there any more.
            _ => 0..usize::MAX,
        };
        let rows = dirty.len().min(all);
        if !self.credit.spend((rows * (cols + rows)) as u64) && !is_last {
            return false;
        }
        self.dirty = None;
        self.is_resized = false;
        self.was_other = is_other;
        self.leaving.settle(terminal);
        // What was told by itself is not told again for being gone.
        self.tell();
        let begun = self.leaving.begun();
        let at = Look {
            since: self.since,
            until: self.at,
        };
        let cursor = terminal.cursor();
        let lines = lines_of(&screen, dirty.clone(), Some((cursor.row, cursor.col)));
        if is_other {
            self.other.look(dirty, lines, at, true, "", &mut self.ready);
        } else {
            self.other.leave(self.since, true, &mut self.ready);
            self.main
                .look(dirty, lines, at, false, begun, &mut self.ready);
        }
        // What stood there when the other screen came.
        if is_other && is_whole {
            let rows = 0..usize::MAX;
            let lines = lines_of(&terminal.primary_screen(), rows.clone(), None);
            self.main
                .look(rows, lines, at, false, begun, &mut self.ready);
        }
        true
    }

    fn tell(&mut self) {
        for text in self.leaving.take() {
            if text.len() <= MAX_LINE {
                self.told(text);
                continue;
            }
            for part in parts(&text) {
                self.told(part.to_owned());
            }
        }
    }

    fn told(&mut self, text: String) {
        let first = self.main.told(&text, self.at);
        self.ready.push(Line {
            first: first.unwrap_or(self.since),
            last: self.since,
            text,
            other: false,
        });
    }
}

fn millis(at: Duration) -> Millis {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

/// Rows, and those of the lines that they are parts of.
fn whole_lines(screen: &Screen<'_>, rows: Range<usize>, all: usize) -> Range<usize> {
    let goes_on = |row: usize| screen.line(row).is_some_and(Row::is_wrapped);
    let (mut from, mut to) = (rows.start, rows.end.min(all));
    // What was the end of a line may have become the middle of one.
    while from > 0 && goes_on(from - 1) {
        from -= 1;
    }
    while to < all && goes_on(to - 1) {
        to += 1;
    }
    from..to
}

/// The lines of some rows, one of which may have the cursor: row and column.
fn lines_of(screen: &Screen<'_>, rows: Range<usize>, cursor: Option<(usize, usize)>) -> Vec<Shown> {
    let mut lines: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for (row, line) in rows.clone().zip(screen.visible_lines().skip(rows.start)) {
        let begun = lines.pop_if(|_| goes_on);
        let mut shown = begun.map_or_else(
            || Shown {
                row,
                ..Shown::default()
            },
            |mut begun| {
                begun.rows.push(begun.text.len());
                begun
            },
        );
        if let Some((_, col)) = cursor.filter(|cursor| cursor.0 == row) {
            let cells = line.cells().iter().take(col);
            let cells = cells.filter(|cell| cell.width() > 0);
            let left: usize = cells.map(|cell| cell.char().len_utf8()).sum();
            shown.cursor = Some(shown.text.len() + left);
        }
        shown.text.extend(line.chars());
        goes_on = line.is_wrapped();
        lines.push(shown);
    }
    lines
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

    fn dirty(&mut self, rows: Range<usize>) {
        let dirty = self.dirty.take().unwrap_or_else(|| rows.clone());
        self.dirty = Some(dirty.start.min(rows.start)..dirty.end.max(rows.end));
    }

    fn resized(&mut self, _: usize, _: usize) {
        self.is_resized = true;
    }

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
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

//! The screen as text, by rows that keep their number when they scroll.
//!
//! Nothing here is kept, and nothing outside of the screen is seen.

use avt::{Cell, Line};

use crate::screen::Emulator;

/// How far up a prompt is looked for, in rows.
const FAR: usize = 200;

/// A cell, its row counted from the beginning of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u64,
    pub(super) col: usize,
}

pub(super) struct View<'a> {
    screen: &'a Emulator,
    /// Rows that have left at the top.
    above: u64,
}

impl<'a> View<'a> {
    pub(super) fn new(screen: &'a Emulator, above: u64) -> Self {
        Self { screen, above }
    }

    pub(super) fn cursor(&self) -> Place {
        let cursor = self.screen.cursor();
        Place {
            row: self.above + cursor.row as u64,
            col: cursor.col,
        }
    }

    /// How many cells a look at a line costs that does not stand above the floor.
    pub(super) fn cost(&self, place: Place, floor: u64) -> u64 {
        let from = self.logical_row(place).min(floor).max(self.above);
        let rows = (self.end_of_line(place).row + 1).saturating_sub(from);
        rows * self.screen.size().0 as u64
    }

    /// Whether there is no cell left in the row.
    pub(super) fn is_full(&self, place: Place) -> bool {
        place.col >= self.screen.size().0
    }

    /// Whether the line of a place has more in the row below.
    pub(super) fn goes_on(&self, place: Place) -> bool {
        self.line_at(place.row).is_some_and(Line::is_wrapped)
    }

    fn line_at(&self, row: u64) -> Option<&Line> {
        let row = row.checked_sub(self.above)?;
        self.screen.screen().line(usize::try_from(row).ok()?)
    }

    /// Whether a row begins a line, and does not go on one.
    fn begins(&self, row: u64) -> bool {
        let before = row.checked_sub(1).and_then(|row| self.line_at(row));
        before.is_none_or(|line| !line.is_wrapped())
    }

    /// The first row of the line that a place is in.
    pub(super) fn logical_row(&self, place: Place) -> u64 {
        let mut row = place.row;
        while row > self.above && !self.begins(row) {
            row -= 1;
        }
        row
    }

    /// The line up to a place.
    pub(super) fn before(&self, place: Place) -> String {
        self.text(self.logical_row(place), place)
    }

    /// The whole line that a place is in.
    pub(super) fn line(&self, place: Place) -> String {
        let end = Place {
            col: usize::MAX,
            ..place
        };
        self.text(self.logical_row(place), end)
            .trim_end()
            .to_owned()
    }

    /// Behind the last row of the line that a place is in.
    pub(super) fn end_of_line(&self, place: Place) -> Place {
        let mut row = place.row;
        while self.line_at(row).is_some_and(Line::is_wrapped) && self.line_at(row + 1).is_some() {
            row += 1;
        }
        Place {
            row,
            col: usize::MAX,
        }
    }

    /// What stands in the row to the right of a place.
    pub(super) fn right_of(&self, place: Place) -> String {
        let line = self.line_at(place.row);
        let text = line.map(|line| cells(line, place.col, usize::MAX));
        text.unwrap_or_default().trim().to_owned()
    }

    /// Text from the beginning of a row up to a place. Lines are parted by line feeds and lack the spaces at their ends.
    pub(super) fn text(&self, from: u64, to: Place) -> String {
        self.text_from(Place { row: from, col: 0 }, to)
    }

    pub(super) fn text_from(&self, from: Place, to: Place) -> String {
        let mut text = String::new();
        for row in from.row.max(self.above)..=to.row {
            let Some(line) = self.line_at(row) else {
                break;
            };
            let start = if row == from.row { from.col } else { 0 };
            let end = if row == to.row { to.col } else { usize::MAX };
            text.push_str(&cells(line, start, end));
            if row < to.row && !line.is_wrapped() {
                text.truncate(text.trim_end_matches(' ').len());
                text.push('\n');
            }
        }
        text
    }

    /// The nearest line at or above a row that begins with a prompt, and does not stand above the floor.
    pub(super) fn find(&self, prompt: &str, row: u64, floor: u64) -> Option<u64> {
        // A screen that was cleared begins above.
        let floor = if floor > row {
            self.above
        } else {
            floor.max(self.above)
        };
        let mut rows = (floor..=row).rev().take(FAR);
        rows.find(|&row| self.begins(row) && self.starts_with(row, prompt))
    }

    fn starts_with(&self, row: u64, prompt: &str) -> bool {
        let mut rest = prompt;
        let mut row = row;
        loop {
            let Some(line) = self.line_at(row) else {
                return rest.is_empty();
            };
            for cell in line.cells().iter().filter(|cell| cell.width() > 0) {
                match rest.strip_prefix(cell.char()) {
                    Some(left) => rest = left,
                    None => return rest.is_empty(),
                }
            }
            if rest.is_empty() {
                return true;
            }
            if !line.is_wrapped() {
                return false;
            }
            row += 1;
        }
    }
}

fn cells(line: &Line, from: usize, to: usize) -> String {
    let cells = line.cells();
    let cells = &cells[from.min(cells.len())..to.min(cells.len()).max(from.min(cells.len()))];
    cells
        .iter()
        .filter(|cell| cell.width() > 0)
        .map(Cell::char)
        .collect()
}

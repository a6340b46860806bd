//! Rows of the emulated screen as the lines that they belong to, and which character drew each of their cells.
//!
//! Nothing here is looked for, and nothing is drawn. A row is read once for its text; who drew it is asked where something
//! was found alone.

use std::ops::Range;

use avt::{Cell, Line, ScreenKind, Terminal};

use super::marks::{char_of, number_of};
use super::sources::Sources;

/// The lines that some rows belong to.
#[derive(Debug)]
pub(super) struct Rows {
    /// Counted from the first row that is kept.
    places: Range<usize>,
    /// Nothing stands in this column, or behind it.
    reach: usize,
}

/// How many cells were looked at.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) all: usize,
    /// Those that a character drew.
    pub(super) drawn: usize,
}

impl Rows {
    /// The lines of the rows from `first` to `last`, no more than so many rows `beside`; none where that is more than `most`
    /// cells, if each row is as long as `reach`.
    pub(super) fn of(
        screen: &Terminal,
        (first, last): (isize, isize),
        beside: usize,
        reach: usize,
        most: usize,
    ) -> Option<Self> {
        let all = count(screen);
        let above = all - screen.size().1;
        // What is on the screen begins there, where nothing above it was drawn on.
        let top = if first > 0 { above } else { 0 };
        let place = |row: isize| {
            let place = row.saturating_add_unsigned(above);
            place.clamp(top as isize, all as isize - 1) as usize
        };
        let (mut from, mut to) = (place(first), place(last));
        let least = from.saturating_sub(beside).max(top);
        let lowest = to.saturating_add(beside).min(all - 1);
        let goes_on = |place| line(screen, place).is_some_and(goes_on);
        let is_too_much = |from: usize, to: usize| (to + 1 - from) * reach > most;
        while from > least && goes_on(from - 1) && !is_too_much(from, to) {
            from -= 1;
        }
        while to < lowest && goes_on(to) && !is_too_much(from, to) {
            to += 1;
        }
        (!is_too_much(from, to)).then_some(Self {
            places: from..to + 1,
            reach,
        })
    }

    /// Appends their text.
    pub(super) fn text(&self, screen: &Terminal, text: &mut String) -> Cells {
        let mut cells = Cells::default();
        self.read(screen, |row| match row {
            Some((row, width)) => {
                cells.all += width;
                text.reserve(row.len() + 1);
                for cell in row.iter().filter(|cell| cell.width() > 0) {
                    cells.drawn += usize::from(number_of(cell).is_some());
                    text.push(char_of(cell));
                }
            }
            None => text.push('\n'),
        });
        cells
    }

    /// Which characters of the stream drew those of the text.
    pub(super) fn sources(&self, screen: &Terminal) -> Sources {
        let mut sources = Sources::default();
        let mut at = 0;
        self.read(screen, |row| match row {
            Some((row, _)) => {
                for cell in row.iter().filter(|cell| cell.width() > 0) {
                    let length = char_of(cell).len_utf8();
                    if let Some(number) = number_of(cell) {
                        sources.push(at..at + length, number, length == 1);
                    }
                    at += length;
                }
            }
            None => at += 1,
        });
        sources
    }

    /// Calls `take` with the cells of each row that are text and the width of all of it, and with none where a line ends.
    fn read<'a>(&self, screen: &'a Terminal, mut take: impl FnMut(Option<(&'a [Cell], usize)>)) {
        let rows = screen.screen().all_lines();
        for line in rows.skip(self.places.start).take(self.places.len()) {
            let cells = line.cells();
            if goes_on(line) {
                take(Some((cells, cells.len())));
                continue;
            }
            let end = end(&cells[..self.reach.min(cells.len())]);
            take(Some((&cells[..end], cells.len())));
            take(None);
        }
    }
}

/// The first column that nothing stands in, or behind, on neither screen.
pub(super) fn reach(screen: &Terminal) -> usize {
    let other = match screen.active_screen_kind() {
        ScreenKind::Primary => None,
        ScreenKind::Alternate => Some(screen.primary_screen().all_lines()),
    };
    let lines = screen
        .screen()
        .all_lines()
        .chain(other.into_iter().flatten());
    lines.map(|line| end(line.cells())).max().unwrap_or(0)
}

/// Where the text of a row ends.
fn end(cells: &[Cell]) -> usize {
    cells
        .iter()
        .rposition(|cell| char_of(cell) != ' ' || number_of(cell).is_some())
        .map_or(0, |last| last + 1)
}

/// How many rows are kept, those of the screen as well: the terminal knows without counting.
fn count(screen: &Terminal) -> usize {
    screen.screen().all_lines().size_hint().0
}

fn line(screen: &Terminal, place: usize) -> Option<&Line> {
    screen.screen().all_lines().nth(place)
}

/// Whether the next row is taken for the same line: the terminal wrapped it, or a program that wraps by itself filled
/// the row to its end.
pub(super) fn goes_on(line: &Line) -> bool {
    line.is_wrapped() || line.cells().last().is_some_and(|cell| char_of(cell) != ' ')
}

//! What a terminal has to be sent to show a grid: the difference to the one that it shows.
//!
//! Nothing is sent but cells, their style, moves, erasing and scrolling of whole rows, in sequences that every terminal knows.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use avt::Color;
use unicode_width::UnicodeWidthChar;

use super::grid::{Cell, Grid, Style};

/// Fewer cells that would be painted again are no reason to scroll.
const SCROLL_GAIN: usize = 24;
/// So many cells that are there already are painted again rather than passed over.
const BRIDGE: usize = 4;

/// Knows what the terminal shows.
#[derive(Debug, Default)]
pub(crate) struct Painter {
    /// `None`: anything may stand there.
    shown: Option<Grid>,
    /// Where the terminal's cursor is, as far as that is certain.
    place: Option<(usize, usize)>,
    style: Option<Style>,
    is_cursor_shown: Option<bool>,
}

impl Painter {
    /// Somebody else has written to the terminal, or it has another size.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What to send, so that this is shown, with the cursor at a row and column or hidden. Nothing where it is shown already.
    pub(crate) fn paint(&mut self, grid: &Grid, cursor: Option<(usize, usize)>) -> String {
        let mut out = String::new();
        let mut shown = match self.shown.take() {
            Some(shown) if (shown.cols(), shown.rows()) == (grid.cols(), grid.rows()) => shown,
            _ => {
                out.push_str("\x1b[r\x1b[m\x1b[H\x1b[2J");
                self.style = Some(Style::PLAIN);
                self.place = Some((0, 0));
                Grid::new(grid.cols(), grid.rows())
            }
        };
        self.scroll(grid, &mut shown, &mut out);
        for row in 0..grid.rows() {
            if grid.row(row) != shown.row(row) {
                self.row(grid.row(row), shown.row(row), row, &mut out);
            }
        }
        if let Some((row, col)) = cursor {
            self.go(row, col.min(grid.cols().saturating_sub(1)), &mut out);
        }
        if self.is_cursor_shown != Some(cursor.is_some()) {
            self.is_cursor_shown = Some(cursor.is_some());
            out.push_str(match cursor {
                Some(_) => "\x1b[?25h",
                None => "\x1b[?25l",
            });
        }
        shown.clone_from(grid);
        self.shown = Some(shown);
        out
    }

    /// Where most of what changed has only moved up or down, the terminal moves it.
    fn scroll(&mut self, grid: &Grid, shown: &mut Grid, out: &mut String) {
        let Some((rows, up)) = moved(grid, shown) else {
            return;
        };
        self.style(Style::PLAIN, out);
        let _ = write!(out, "\x1b[{};{}r", rows.start + 1, rows.end);
        let _ = match up {
            1.. => write!(out, "\x1b[{up}S"),
            _ => write!(out, "\x1b[{}T", -up),
        };
        // Margins take the cursor home.
        out.push_str("\x1b[r");
        self.place = Some((0, 0));
        shown.scroll(rows, up);
    }

    fn row(&mut self, new: &[Cell], old: &[Cell], row: usize, out: &mut String) {
        let differs = |col: usize| {
            new[col] != old[col]
                || (col > 0 && old[col - 1].width == 2 && new[col - 1] != old[col - 1])
        };
        // From here on it is blank, and was not.
        let end = new
            .iter()
            .rposition(|cell| !cell.is_blank())
            .map_or(0, |last| last + 1);
        let erases = old[end..].iter().filter(|cell| !cell.is_blank()).count() > BRIDGE;
        let stop = if erases { end } else { new.len() };
        for col in (0..stop).filter(|col| differs(*col)) {
            // The right half of a wide character comes with the left.
            let from = col - usize::from(new[col].width == 0 && col > 0);
            self.approach(new, row, from, out);
            self.cell(&new[from], row, from, new.len(), out);
        }
        if erases {
            self.go(row, end, out);
            self.style(Style::PLAIN, out);
            out.push_str("\x1b[K");
        }
    }

    /// Goes to a cell, over some that are there already where that is shorter than to jump.
    fn approach(&mut self, new: &[Cell], row: usize, col: usize, out: &mut String) {
        if let Some((at_row, at)) = self.place
            && at_row == row
            && (at..=at + BRIDGE).contains(&col)
            && new[at..col]
                .iter()
                .all(|cell| Some(cell.style) == self.style && cell.width == 1)
        {
            for (over, cell) in new[at..col].iter().enumerate() {
                self.cell(cell, row, at + over, new.len(), out);
            }
        }
        self.go(row, col, out);
    }

    fn cell(&mut self, cell: &Cell, row: usize, col: usize, cols: usize, out: &mut String) {
        self.style(cell.style, out);
        out.push(cell.char);
        let behind = col + usize::from(cell.width);
        // At the edge a terminal waits with the next line, and of some characters it has its own opinion.
        self.place = (behind < cols && !is_doubtful(cell.char)).then_some((row, behind));
    }

    fn go(&mut self, row: usize, col: usize, out: &mut String) {
        let _ = match self.place {
            Some(place) if place == (row, col) => Ok(()),
            Some((at, _)) if at == row && col == 0 => write!(out, "\r"),
            Some((at, from)) if at == row && col > from => match col - from {
                1 => write!(out, "\x1b[C"),
                by => write!(out, "\x1b[{by}C"),
            },
            Some((at, from)) if at == row => write!(out, "\x1b[{}D", from - col),
            Some((at, _)) if at + 1 == row && col == 0 => write!(out, "\r\n"),
            _ => match (row, col) {
                (0, 0) => write!(out, "\x1b[H"),
                (row, 0) => write!(out, "\x1b[{}H", row + 1),
                (row, col) => write!(out, "\x1b[{};{}H", row + 1, col + 1),
            },
        };
        self.place = Some((row, col));
    }

    fn style(&mut self, style: Style, out: &mut String) {
        if self.style != Some(style) {
            sgr(self.style, style, out);
            self.style = Some(style);
        }
    }
}

/// The sequence from one style to another.
fn sgr(from: Option<Style>, to: Style, out: &mut String) {
    let attributes = |style: &Style| {
        [
            (style.bold, 1),
            (style.faint, 2),
            (style.italic, 3),
            (style.underline, 4),
            (style.blink, 5),
            (style.inverse, 7),
            (style.strikethrough, 9),
        ]
    };
    // What is taken away is taken away by beginning anew.
    let keeps = from.filter(|from| {
        let on = attributes(from).into_iter().zip(attributes(&to));
        !on.into_iter().any(|((had, _), (has, _))| had && !has)
            && (from.foreground.is_none() || to.foreground.is_some())
            && (from.background.is_none() || to.background.is_some())
    });
    let base = keeps.unwrap_or(Style::PLAIN);
    let mut codes = String::new();
    for ((had, _), (has, code)) in attributes(&base).into_iter().zip(attributes(&to)) {
        if has && !had {
            let _ = write!(codes, ";{code}");
        }
    }
    for (was, is, kind) in [
        (base.foreground, to.foreground, 30),
        (base.background, to.background, 40),
    ] {
        let Some(color) = is.filter(|_| was != is) else {
            continue;
        };
        let _ = match color {
            Color::Indexed(index @ 0..=7) => write!(codes, ";{}", kind + index),
            Color::Indexed(index @ 8..=15) => write!(codes, ";{}", kind + 60 + index - 8),
            Color::Indexed(index) => write!(codes, ";{};5;{index}", kind + 8),
            Color::RGB(rgb) => write!(codes, ";{};2;{};{};{}", kind + 8, rgb.r, rgb.g, rgb.b),
        };
    }
    out.push_str("\x1b[");
    match keeps {
        Some(_) => out.push_str(codes.trim_start_matches(';')),
        // An empty parameter is 0, which begins anew.
        None => out.push_str(&codes),
    }
    out.push('m');
}

/// Whether terminals differ in how wide they show this. Lines and blocks are narrow wherever a terminal is of use.
fn is_doubtful(char: char) -> bool {
    match char {
        ..'\u{a1}' | '\u{2500}'..='\u{259f}' => false,
        '\u{2600}'..='\u{27bf}' | '\u{1f000}'.. => true,
        char => char.width() != char.width_cjk(),
    }
}

/// The rows that moved together, and how far up; `None` where painting is as well.
fn moved(grid: &Grid, shown: &Grid) -> Option<(Range<usize>, isize)> {
    let rows = grid.rows();
    // Two rows that are taken for the same and are not are painted all the same.
    let hashes = |grid: &Grid| -> Vec<u64> {
        let hash = |row| BuildHasherDefault::<DefaultHasher>::default().hash_one(grid.row(row));
        (0..rows).map(hash).collect()
    };
    let (new, old) = (hashes(grid), hashes(shown));
    let changed: Vec<bool> = (0..rows).map(|row| new[row] != old[row]).collect();
    let first = changed.iter().position(|changed| *changed)?;
    let last = changed.iter().rposition(|changed| *changed)?;
    if last - first < 2 {
        return None;
    }
    let weight = |row| grid.row(row).iter().filter(|cell| !cell.is_blank()).count();
    let weights: Vec<usize> = (0..rows).map(weight).collect();
    let height = last + 1 - first;
    let mut best: Option<(usize, Range<usize>, isize)> = None;
    for by in 1..height {
        for up in [true, false] {
            let source = |row: usize| if up { row + by } else { row.wrapping_sub(by) };
            let is_from =
                |row: usize| (first..=last).contains(&source(row)) && new[row] == old[source(row)];
            // The longest stretch counts, by what need not be painted again.
            let mut row = first;
            while row <= last {
                let start = row;
                let mut gain = 0;
                while row <= last && is_from(row) {
                    gain += if changed[row] { weights[row] } else { 0 };
                    row += 1;
                }
                if gain > best.as_ref().map_or(SCROLL_GAIN, |(gain, ..)| *gain) {
                    let distance = isize::try_from(by).unwrap_or(isize::MAX);
                    let (range, up) = match up {
                        true => (start..row + by, distance),
                        false => (start - by..row, -distance),
                    };
                    best = Some((gain, range, up));
                }
                row = row.max(start + 1);
            }
        }
    }
    // What the move itself spoils has to be painted, too.
    let (gain, range, up) = best?;
    let spoiled: usize = range
        .clone()
        .filter(|row| !changed[*row])
        .map(|row| weights[row])
        .sum();
    (gain > SCROLL_GAIN + spoiled).then_some((range, up))
}

#[cfg(test)]
mod tests;

//! The recorded screen in a window of any size: as it is, the part round the cursor, or all of it on fewer cells.
//!
//! Nothing here knows what the screen shows, or when.

use crate::player::scan::Place;
use crate::screen::Emulator;
use crate::screen::grid::{Grid, Style};
use avt::Line;

/// What of a screen that is larger than the window is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fit {
    /// The part that the cursor is in.
    #[default]
    Cursor,
    /// The part from this row and column on.
    From(usize, usize),
    /// All of it: for each cell the nearest one that there is room for.
    Nearest,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    /// Where the cursor stands in the window, if it shows.
    pub(super) cursor: Option<(usize, usize)>,
    /// The first row and column that are shown.
    pub(super) from: (usize, usize),
    /// Rows and columns of the window that have something of the screen.
    pub(super) shown: (usize, usize),
    /// Not all of it can be seen.
    pub(super) is_part: bool,
}

/// What was searched for.
const MARK: Style = Style::color(0).on(3);
const FRAME: Style = Style::PLAIN.faint();

/// Draws the screen into the first rows of a grid.
pub(super) fn draw(
    terminal: &Emulator,
    fit: Fit,
    rows: usize,
    marks: &[Place],
    grid: &mut Grid,
) -> Placed {
    let (width, height) = terminal.size();
    let cols = grid.cols();
    if rows == 0 || cols == 0 {
        return Placed::default();
    }
    let cursor = terminal.cursor();
    let shown = (height.min(rows), width.min(cols));
    let is_part = height > rows || width > cols;
    let from = match fit {
        Fit::From(row, col) => (row.min(height - shown.0), col.min(width - shown.1)),
        _ => (
            first(cursor.row, shown.0, height),
            first(cursor.col, shown.1, width),
        ),
    };
    let nearest = |at: usize, shown: usize, all: usize| at * all / shown;
    let lines: Vec<&Line> = terminal.screen().visible_lines().collect();
    for row in 0..shown.0 {
        let source = match fit {
            Fit::Nearest => nearest(row, shown.0, height),
            _ => from.0 + row,
        };
        let Some(line) = lines.get(source) else {
            break;
        };
        let cells = line.cells();
        let marks = || marks.iter().filter(|mark| mark.row == source);
        for col in 0..shown.1 {
            let source = match fit {
                Fit::Nearest => nearest(col, shown.1, width),
                _ => from.1 + col,
            };
            let Some(cell) = cells.get(source).filter(|cell| cell.width() > 0) else {
                continue;
            };
            let mut style = Style::from(cell.pen());
            if marks().any(|mark| mark.cols.contains(&source)) {
                style = MARK;
            }
            grid.put(row, col, cell.char(), cell.width(), style);
        }
    }
    frame(shown, rows, grid);
    let place = match fit {
        Fit::Nearest => (cursor.row * shown.0 / height, cursor.col * shown.1 / width),
        _ => (
            cursor.row.wrapping_sub(from.0),
            cursor.col.wrapping_sub(from.1),
        ),
    };
    // Behind the last column it hangs on the last.
    let place = (place.0, place.1.min(shown.1.max(1) - 1));
    let is_seen = cursor.visible
        && place.0 < shown.0
        && (cursor.col.wrapping_sub(from.1) <= shown.1 || fit == Fit::Nearest);
    Placed {
        cursor: is_seen.then_some(place),
        from,
        shown,
        is_part,
    }
}

/// Where a window of `shown` of `all` begins so that `at` is in it, as near the beginning as can be.
fn first(at: usize, shown: usize, all: usize) -> usize {
    (at + 1).saturating_sub(shown).min(all - shown)
}

/// Where the window is larger, a line tells where the recorded screen ends.
fn frame((height, width): (usize, usize), rows: usize, grid: &mut Grid) {
    let (below, beside) = (height < rows, width < grid.cols());
    if beside {
        for row in 0..height {
            grid.put(row, width, '│', 1, FRAME);
        }
    }
    if below {
        for col in 0..width {
            grid.put(height, col, '─', 1, FRAME);
        }
    }
    if below && beside {
        grid.put(height, width, '┘', 1, FRAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Size;

    fn screen(text: &str) -> Emulator {
        let mut terminal = Emulator::new(Size { cols: 20, rows: 5 });
        terminal.feed(text);
        terminal
    }

    fn rows(grid: &Grid) -> Vec<String> {
        let text = |row| {
            grid.row(row)
                .iter()
                .map(|cell| cell.char)
                .collect::<String>()
        };
        let rows = (0..grid.rows()).map(|row| text(row).trim_end().to_owned());
        rows.collect()
    }

    #[test]
    fn a_larger_window_shows_where_the_screen_ends() {
        let mut grid = Grid::new(24, 8);
        let placed = draw(&screen("hello\r\nyou"), Fit::Cursor, 7, &[], &mut grid);
        assert_eq!(placed.cursor, Some((1, 3)));
        assert!(!placed.is_part);
        assert_eq!(rows(&grid)[0], format!("hello{}│", " ".repeat(15)));
        assert_eq!(rows(&grid)[5], format!("{}┘", "─".repeat(20)));
        assert_eq!(rows(&grid)[6], "");
    }

    #[test]
    fn a_smaller_window_shows_the_part_with_the_cursor_or_the_one_asked_for() {
        let terminal = screen("first\r\n2\r\n3\r\n4\r\n12345678901234567");
        let mut grid = Grid::new(10, 2);
        let placed = draw(&terminal, Fit::Cursor, 2, &[], &mut grid);
        assert_eq!(placed.from, (3, 8));
        assert_eq!(placed.cursor, Some((1, 9)));
        assert_eq!(rows(&grid), ["", "901234567"]);
        let mut grid = Grid::new(10, 2);
        let placed = draw(&terminal, Fit::From(0, 0), 2, &[], &mut grid);
        assert_eq!(rows(&grid), ["first", "2"]);
        assert_eq!(placed.cursor, None);
        assert!(placed.is_part);
    }

    #[test]
    fn the_nearest_cells_of_all_of_it_fit_into_a_small_window() {
        let terminal = screen("abcdefghijklmnopqrst\r\n2\r\n3\r\n4\r\n5");
        let mut grid = Grid::new(10, 3);
        draw(&terminal, Fit::Nearest, 3, &[], &mut grid);
        assert_eq!(rows(&grid), ["acegikmoqs", "2", "4"]);
    }

    #[test]
    fn what_was_searched_for_is_marked() {
        let terminal = screen("漢字 error 漢字");
        let mut grid = Grid::new(20, 5);
        let marks = [Place {
            row: 0,
            cols: 5..13,
        }];
        draw(&terminal, Fit::Cursor, 5, &marks, &mut grid);
        let marked: Vec<usize> = (0..20)
            .filter(|col| grid.row(0)[*col].style.background.is_some())
            .collect();
        assert_eq!(marked, (5..13).collect::<Vec<_>>());
    }
}

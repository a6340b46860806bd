//! The bar below the picture: where one is, what lies where, and what is known of the recording.
//!
//! Everything here is drawn from what it is given; nothing is counted or looked up.

use std::time::Duration;

use crate::player::scan::Activity;
use crate::screen::grid::{Grid, Style};

/// What stands on the time line.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// How long it is, as far as that is known.
    pub(super) total: Option<Duration>,
    pub(super) activity: Activity,
    pub(super) markers: Vec<(Duration, String)>,
    /// The reviewer's own.
    pub(super) notes: Vec<(Duration, String)>,
    /// When commands were accepted.
    pub(super) commands: Vec<Duration>,
    /// What was searched for.
    pub(super) hits: Vec<Duration>,
    /// Where the connection was away, or nothing was recorded.
    pub(super) unrecorded: Vec<(Duration, Duration)>,
    /// From here on it is not what was recorded, or nobody can tell.
    pub(super) unproved: Option<Duration>,
}

/// What a bar says in words.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Where one is and how it goes on.
    pub(super) left: Vec<(String, Style)>,
    /// What is looked at, the least important last.
    pub(super) right: Vec<(String, Style)>,
}

/// How high, from no room to much.
const DENSITY: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

const PLAYED: Style = Style::color(6);
const TO_COME: Style = Style::color(7).faint();
const UNPROVED: Style = Style::color(15).on(1);
const UNRECORDED: Style = Style::color(1);

/// How many rows it takes in a window of so many.
pub(super) fn height(rows: usize) -> usize {
    match rows {
        0..4 => 0,
        4..10 => 1,
        10..16 => 2,
        _ => 3,
    }
}

/// Draws it into the last rows of a grid.
pub(super) fn draw(lanes: &Lanes, position: Duration, words: &Words, grid: &mut Grid) {
    let (rows, height) = (grid.rows(), height(grid.rows()));
    if height == 0 {
        return;
    }
    if height > 2 {
        marks(lanes, rows - 3, grid);
    }
    if height > 1 {
        line(lanes, position, rows - 2, grid);
    }
    text(words, rows - 1, grid);
}

/// Writes a message into its last row.
pub(super) fn say(text: &str, style: Style, grid: &mut Grid) -> usize {
    let row = grid.rows().saturating_sub(1);
    let cols = grid.cols();
    grid.clear(row, 0..cols, Style::PLAIN);
    grid.write(row, 0, cols, text, style)
}

/// Writes what is being typed into its last row: the end of it, where it is longer. Gives the place behind it.
pub(super) fn prompt(text: &str, grid: &mut Grid) -> (usize, usize) {
    let cols = grid.cols();
    let skipped = text.chars().count().saturating_sub(cols.saturating_sub(1));
    let shown: String = text.chars().skip(skipped).collect();
    let at = say(&shown, Style::PLAIN, grid);
    (
        grid.rows().saturating_sub(1),
        at.min(cols.saturating_sub(1)),
    )
}

/// The time that a column of the time line stands for.
pub(super) fn time_at(lanes: &Lanes, col: usize, cols: usize) -> Option<Duration> {
    let total = lanes.total?;
    let share = col as f64 / cols.saturating_sub(1).max(1) as f64;
    Some(total.mul_f64(share.clamp(0.0, 1.0)))
}

fn col_of(at: Duration, total: Duration, cols: usize) -> usize {
    let share = at.as_secs_f64() / total.as_secs_f64().max(1e-9);
    // Truncation is meant: the column that it lies in.
    ((share * cols.saturating_sub(1) as f64) as usize).min(cols.saturating_sub(1))
}

fn line(lanes: &Lanes, position: Duration, row: usize, grid: &mut Grid) {
    let cols = grid.cols();
    let Some(total) = lanes.total.filter(|total| !total.is_zero()) else {
        for col in 0..cols {
            grid.put(row, col, '─', 1, TO_COME);
        }
        return;
    };
    let density = lanes.activity.bar(total, cols);
    let most = density.iter().copied().max().unwrap_or_default();
    let here = col_of(position, total, cols);
    let unproved = lanes.unproved.map(|from| col_of(from, total, cols));
    let unrecorded = |col: usize| {
        let is_in = |(from, to): &(Duration, Duration)| {
            (col_of(*from, total, cols)..=col_of(*to, total, cols)).contains(&col)
        };
        lanes.unrecorded.iter().any(is_in)
    };
    for (col, bytes) in density.into_iter().enumerate() {
        let mut style = if col <= here { PLAYED } else { TO_COME };
        let mut char = match (bytes, most) {
            (0, _) | (_, 0) => '─',
            // A few bytes are typing, many are a flood: only their magnitude tells both.
            _ => {
                let share = (bytes as f64 + 1.0).ln() / (most as f64 + 1.0).ln();
                DENSITY[((share * 8.0).ceil() as usize).clamp(1, 8)]
            }
        };
        if unrecorded(col) {
            (char, style) = ('╳', UNRECORDED);
        }
        if unproved.is_some_and(|unproved| col >= unproved) {
            style = UNPROVED;
        }
        if col == here {
            style = style.inverse();
        }
        grid.put(row, col, char, 1, style);
    }
}

fn marks(lanes: &Lanes, row: usize, grid: &mut Grid) {
    let cols = grid.cols();
    grid.clear(row, 0..cols, Style::PLAIN);
    let Some(total) = lanes.total.filter(|total| !total.is_zero()) else {
        return;
    };
    let mut put = |at: Duration, char, style| {
        grid.put(row, col_of(at, total, cols), char, 1, style);
    };
    for at in &lanes.commands {
        put(*at, '╷', Style::color(4));
    }
    for at in &lanes.hits {
        put(*at, '●', Style::color(2));
    }
    for (at, _) in &lanes.markers {
        put(*at, '◆', Style::color(3));
    }
    for (at, _) in &lanes.notes {
        put(*at, '◇', Style::color(5));
    }
}

fn text(words: &Words, row: usize, grid: &mut Grid) {
    let cols = grid.cols();
    grid.clear(row, 0..cols, Style::PLAIN);
    let mut at = 0;
    for (text, style) in &words.left {
        at = grid.write(row, at, cols, text, *style);
        at = (at + 1).min(cols);
    }
    let width = |text: &str| text.chars().count() + 2;
    let mut room = cols.saturating_sub(at + 1);
    let mut shown = Vec::new();
    for (text, style) in &words.right {
        if width(text) > room && !shown.is_empty() {
            break;
        }
        room = room.saturating_sub(width(text));
        shown.push((text, *style));
    }
    let taken: usize = shown.iter().map(|(text, _)| width(text)).sum();
    let mut at = cols.saturating_sub(taken).max(at + 1);
    for (text, style) in shown {
        at = grid.write(row, at, cols, text, style) + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(grid: &Grid, row: usize) -> String {
        grid.row(row).iter().map(|cell| cell.char).collect()
    }

    fn lanes() -> Lanes {
        let mut activity = Activity::default();
        for (at, bytes) in [(2, 1), (22, 1000), (92, 10)] {
            activity.add(Duration::from_secs(at), bytes);
        }
        Lanes {
            total: Some(Duration::from_secs(100)),
            activity,
            markers: vec![(Duration::from_secs(50), "here".into())],
            commands: vec![Duration::ZERO, Duration::from_secs(20)],
            unrecorded: vec![(Duration::from_secs(70), Duration::from_secs(75))],
            ..Lanes::default()
        }
    }

    #[test]
    fn what_lies_where_is_where_the_time_says() {
        let mut grid = Grid::new(21, 20);
        let words = Words {
            left: vec![("▶ 00:20".into(), Style::PLAIN)],
            right: vec![
                ("i-0abc".into(), Style::PLAIN),
                ("too long a reason".into(), Style::PLAIN),
            ],
        };
        draw(&lanes(), Duration::from_secs(20), &words, &mut grid);
        assert_eq!(row(&grid, 17), "╷   ╷     ◆          ");
        assert_eq!(row(&grid, 18).trim_end(), "▁───█─────────╳╳───▃─");
        assert!(grid.row(18)[4].style.inverse);
        assert_eq!(row(&grid, 19), "▶ 00:20      i-0abc  ");
    }

    #[test]
    fn a_click_leads_to_the_time_below_it() {
        assert_eq!(time_at(&lanes(), 0, 21), Some(Duration::ZERO));
        assert_eq!(time_at(&lanes(), 10, 21), Some(Duration::from_secs(50)));
        assert_eq!(time_at(&lanes(), 20, 21), Some(Duration::from_secs(100)));
        assert_eq!(time_at(&Lanes::default(), 10, 21), None);
    }

    #[test]
    fn a_small_window_leaves_it_out_piece_by_piece() {
        assert_eq!([3, 4, 10, 24].map(height), [0, 1, 2, 3]);
        for rows in 1..20 {
            draw(
                &lanes(),
                Duration::ZERO,
                &Words::default(),
                &mut Grid::new(1, rows),
            );
        }
    }
}

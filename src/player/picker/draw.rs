//! A picker in a window: what is typed, the recordings, the last screen of one of them where there is room, and what to press.
//!
//! Nothing is put on the grid that it does not make harmless.

use super::{Item, Mark, Picker};
use crate::screen::grid::{Grid, Style};
use crate::words::time;

/// So wide a window has room for a last screen at the right.
const WIDE: usize = 130;
/// So high a one has room for it below.
const HIGH: usize = 16;
const HELP: &str =
    "Enter plays  Tab marks several  Esc leaves  target: operator: reason: id: since: until:";
const FAINT: Style = Style::PLAIN.faint();

/// Where in the window things stand.
struct Layout {
    /// Rows and columns of the list.
    list: (usize, usize),
    /// First row and column of the last screen, its rows and columns.
    still: Option<[usize; 4]>,
}

fn layout(cols: usize, rows: usize) -> Layout {
    let body = rows.saturating_sub(2);
    if cols >= WIDE {
        let width = (cols / 2).min(cols.saturating_sub(72)).max(40);
        return Layout {
            list: (body, cols - width - 1),
            still: Some([1, cols - width, body, width]),
        };
    }
    if rows >= HIGH {
        let height = body / 2;
        return Layout {
            list: (body - height, cols),
            still: Some([1 + body - height, 0, height, cols]),
        };
    }
    Layout {
        list: (body, cols),
        still: None,
    }
}

impl Picker {
    /// All of the window, and where the cursor is; nothing where it is as it was drawn last.
    pub(crate) fn draw(&mut self) -> Option<(Grid, Option<(usize, usize)>)> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        let (cols, rows) = (usize::from(self.window.cols), usize::from(self.window.rows));
        let mut grid = Grid::new(cols, rows);
        let layout = layout(cols, rows);
        self.list.fit(layout.list.0);
        self.shows_still = layout.still.is_some();
        let cursor = self.draw_prompt(&mut grid);
        let found = self.list.found.iter().enumerate().skip(self.list.top);
        for (row, (at, item)) in (1..=layout.list.0).zip(found) {
            self.draw_item(
                &self.items[*item],
                at == self.list.at,
                row,
                layout.list.1,
                &mut grid,
            );
        }
        if let Some([row, col, height, width]) = layout.still {
            if col > 0 {
                for row in row..row + height {
                    grid.put(row, col - 1, '│', 1, FAINT);
                }
            }
            self.draw_still(row, col, height, width, &mut grid);
        }
        if rows > 1 {
            match &self.message {
                Some(message) => grid.write(rows - 1, 0, cols, message, Style::color(3)),
                None => grid.write(rows - 1, 0, cols, HELP, FAINT),
            };
        }
        Some((grid, cursor))
    }

    fn draw_prompt(&self, grid: &mut Grid) -> Option<(usize, usize)> {
        let mut told = match self.list.typed.is_empty() {
            true => format!("{}", self.items.len()),
            false => format!("{} of {}", self.list.found.len(), self.items.len()),
        };
        if !self.marked.is_empty() {
            told = format!("{} marked, {told}", self.marked.len());
        }
        match self.problems {
            0 => {}
            1 => told.push_str(", 1 problem"),
            some => told.push_str(&format!(", {some} problems")),
        }
        if !self.is_listed {
            told.push_str(" listing…");
        }
        self.list.draw_typed(grid, (&self.place, &told))
    }

    fn draw_item(&self, item: &Item, is_selected: bool, row: usize, end: usize, grid: &mut Grid) {
        let base = match is_selected {
            true => Style::PLAIN.inverse(),
            false => Style::PLAIN,
        };
        grid.clear(row, 0..end, base);
        if self.marked.contains(&item.id) {
            grid.write(row, 0, end, "●", base);
        }
        let duration = match item.duration {
            Some(duration) => time::write(duration),
            None => "…".to_owned(),
        };
        let duration = format!("{duration:>8}");
        let short = item.operator_in_short();
        let mut at = 2;
        for (text, width) in [
            (item.date().as_str(), 16),
            (&duration, 8),
            (short, 12),
            (&item.target, 19),
        ] {
            grid.write(row, at, end.min(at + width), text, base);
            at += width + 1;
        }
        for mark in &item.marks {
            let style = match (is_selected, mark) {
                (true, _) => base,
                (false, Mark::Running) => Style::color(2).bold(),
                (false, Mark::Unsigned) => FAINT,
                (false, _) => Style::color(3),
            };
            at = grid.write(row, at, end, mark.word(), style) + 1;
        }
        grid.write(row, at, end, &item.reason, base);
    }

    /// The part of it that fits: its beginning from the left, its end from above.
    fn draw_still(&self, row: usize, col: usize, height: usize, width: usize, grid: &mut Grid) {
        let Some(item) = self.selected() else {
            return;
        };
        if height == 0 {
            return;
        }
        grid.clear(row, col..col + width, FAINT);
        let title = format!("── {} ", item.id);
        let at = grid.write(row, col, col + width, &title, FAINT);
        for at in at..col + width {
            grid.put(row, at, '─', 1, FAINT);
        }
        let still = self.stills.iter().find(|(id, _)| *id == item.id);
        match still.map(|(_, still)| still) {
            None => drop(grid.write(row + 1, col, col + width, "…", FAINT)),
            Some(Err(why)) => drop(grid.write(row + 1, col, col + width, why, Style::color(3))),
            Some(Ok(still)) => copy(still, [row + 1, col, height - 1, width], grid),
        }
    }
}

fn copy(still: &Grid, [row, col, height, width]: [usize; 4], grid: &mut Grid) {
    let hidden = still.rows().saturating_sub(height);
    for (at, from) in (hidden..still.rows()).enumerate() {
        for (to, cell) in still.row(from).iter().take(width).enumerate() {
            if cell.width > 0 && to + usize::from(cell.width) <= width {
                grid.put(row + at, col + to, cell.char, cell.width, cell.style);
            }
        }
    }
}

#[cfg(test)]
pub(super) fn rows(grid: &Grid) -> Vec<String> {
    let text = |row| {
        grid.row(row)
            .iter()
            .map(|cell| cell.char)
            .collect::<String>()
    };
    (0..grid.rows())
        .map(|row| text(row).trim_end().to_owned())
        .collect()
}

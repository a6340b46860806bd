//! A picker of targets in a window: what is typed, the nodes, and what to press.
//!
//! Nothing is put on the grid that it does not make harmless.

use unicode_width::UnicodeWidthStr;

use super::picker::{Item, Picker};
use crate::screen::grid::{Grid, Style};
use crate::service::nodes::Contact;

const PROMPT: &str = "> ";
const HELP: &str = "Enter connects  Esc leaves  tag:KEY=VALUE and a space asks for a tag";
const FAINT: Style = Style::PLAIN.faint();
/// Columns of id, name, address and state; the platform has what is left.
const WIDTHS: [usize; 4] = [19, 22, 15, 15];

impl Picker {
    /// All of the window, and where the cursor is; nothing where it is as it was drawn last.
    pub(super) fn draw(&mut self) -> Option<(Grid, Option<(usize, usize)>)> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        let (cols, rows) = (usize::from(self.window.cols), usize::from(self.window.rows));
        let mut grid = Grid::new(cols, rows);
        self.height = rows.saturating_sub(2);
        let first = (self.at + 1).saturating_sub(self.height.max(1));
        self.top = self.top.min(self.at).max(first);
        let cursor = self.draw_prompt(&mut grid);
        let found = self.found.iter().enumerate().skip(self.top);
        for (row, (at, item)) in (1..=self.height).zip(found) {
            draw_item(&self.items[*item], at == self.at, row, &mut grid);
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
        let cols = grid.cols();
        let mut told = match self.typed.is_empty() {
            true => format!("{}", self.items.len()),
            false => format!("{} of {}", self.found.len(), self.items.len()),
        };
        if !self.is_listed {
            told.push_str(" listing…");
        }
        let right = cols.saturating_sub(told.width());
        // The end of what is typed is what somebody looks at.
        let room = right.saturating_sub(PROMPT.len() + 2);
        let mut starts = self.typed.char_indices().map(|(at, _)| at);
        let start = starts.find(|&at| self.typed[at..].width() <= room);
        let shown = start.map_or("", |at| &self.typed[at..]);
        let at = grid.write(0, 0, cols, PROMPT, Style::color(6).bold());
        let cursor = grid.write(0, at, right, shown, Style::PLAIN.bold());
        if shown.is_empty() {
            grid.write(0, at, right.saturating_sub(1), &self.place, FAINT);
        }
        grid.write(0, right, cols, &told, FAINT);
        (grid.rows() > 0).then_some((0, cursor))
    }
}

fn draw_item(item: &Item, is_selected: bool, row: usize, grid: &mut Grid) {
    let cols = grid.cols();
    let base = match (is_selected, item.node.state) {
        (true, _) => Style::PLAIN.inverse(),
        (false, Contact::Online) => Style::PLAIN,
        (false, Contact::Lost | Contact::Inactive) => FAINT,
    };
    grid.clear(row, 0..cols, base);
    if item.used.is_some() {
        grid.write(row, 0, cols, "●", base);
    }
    let node = &item.node;
    let state = match (is_selected, node.state) {
        (false, Contact::Online) => Style::color(2),
        (false, Contact::Lost | Contact::Inactive) => Style::color(3),
        (true, _) => base,
    };
    let cells = [
        (node.id.as_str(), base),
        (&item.name, base),
        (node.address.as_deref().unwrap_or_default(), base),
        (node.state.name(), state),
    ];
    let mut at = 2;
    for ((text, style), width) in cells.into_iter().zip(WIDTHS) {
        grid.write(row, at, cols.min(at + width), text, style);
        at += width + 1;
    }
    grid.write(
        row,
        at,
        cols,
        node.platform.as_deref().unwrap_or_default(),
        base,
    );
}

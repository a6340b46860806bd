//! A picker of targets in a window: what is typed, the nodes, and what to press.
//!
//! Nothing is put on the grid that it does not make harmless.

use super::picker::{Item, Picker};
use crate::screen::grid::{Grid, Style};
use crate::service::nodes::Contact;

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
        self.list.fit(rows.saturating_sub(2));
        let cursor = self.draw_prompt(&mut grid);
        let found = self.list.found.iter().enumerate().skip(self.list.top);
        for (row, (at, item)) in (1..=self.list.height).zip(found) {
            draw_item(&self.items[*item], at == self.list.at, row, &mut grid);
        }
        if rows > 1 {
            let (text, style) = match (&self.message, self.name_to_ask_for()) {
                (Some(message), _) => (message.clone(), Style::color(3)),
                (None, Some((_, name))) => {
                    let asks = format!("Enter asks which node has the tag Name={name}  Esc leaves");
                    (asks, FAINT)
                }
                (None, None) => (HELP.to_owned(), FAINT),
            };
            grid.write(rows - 1, 0, cols, &text, style);
        }
        Some((grid, cursor))
    }

    fn draw_prompt(&self, grid: &mut Grid) -> Option<(usize, usize)> {
        let mut told = match self.list.typed.is_empty() {
            true => format!("{}", self.items.len()),
            false => format!("{} of {}", self.list.found.len(), self.items.len()),
        };
        if !self.is_listed {
            told.push_str(" listing…");
        }
        self.list.draw_typed(grid, (&self.place, &told))
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

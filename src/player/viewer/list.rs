//! A list over the picture: commands to jump to, agent messages, the text that went by, keys.
//!
//! What a row stands for is not known here, only by the one who made the list.

use std::time::Duration;

use regex::Regex;

use crate::screen::grid::{Grid, Style};
use crate::terminal::{Key, Press};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Help,
    Commands,
    Messages,
    Transcript,
}

impl Kind {
    /// The key that opens it, and closes it again.
    fn key(self) -> char {
        match self {
            Self::Help => 'h',
            Self::Commands => 'c',
            Self::Messages => 'f',
            Self::Transcript => 'T',
        }
    }
}

/// A row: what it says, and the time that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) at: Option<Duration>,
}

/// A list, and where in it somebody is.
#[derive(Clone, Debug)]
pub(super) struct List {
    kind: Kind,
    title: String,
    rows: Vec<Row>,
    selected: usize,
    top: usize,
    /// How many rows were shown last.
    height: usize,
    search: Option<(Regex, bool)>,
}

/// What a press does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Nothing,
    Close,
    /// The time that a row leads to.
    Go(Duration),
    /// A text to search for is to be asked for.
    Search {
        back: bool,
    },
}

impl List {
    /// With a row selected.
    pub(super) fn new(kind: Kind, title: &str, rows: Vec<Row>, selected: usize) -> Self {
        let selected = selected.min(rows.len().saturating_sub(1));
        Self {
            kind,
            title: title.to_owned(),
            rows,
            selected,
            top: selected.saturating_sub(5),
            height: 1,
            search: None,
        }
    }

    pub(super) fn handle(&mut self, press: &Press) -> Chosen {
        let page = self.height.max(2) - 1;
        let last = self.rows.len().saturating_sub(1);
        let Press::Key { key, control, .. } = press else {
            if let Press::Wheel { up } = press {
                self.select(match up {
                    true => self.selected.saturating_sub(3),
                    false => self.selected + 3,
                });
            }
            return Chosen::Nothing;
        };
        let to = match (key, control) {
            (Key::Char('q') | Key::Escape, false) => return Chosen::Close,
            (Key::Char(key), false) if *key == self.kind.key() => return Chosen::Close,
            (Key::Enter, _) => {
                let at = self.rows.get(self.selected).and_then(|row| row.at);
                return at.map_or(Chosen::Close, Chosen::Go);
            }
            (Key::Char('/'), false) => return Chosen::Search { back: false },
            (Key::Char('?'), false) => return Chosen::Search { back: true },
            (Key::Char('n'), false) => return self.next_hit(false),
            (Key::Char('N'), false) => return self.next_hit(true),
            (Key::Up | Key::Char('k'), _) => self.selected.saturating_sub(1),
            (Key::Down | Key::Char('j'), _) => self.selected + 1,
            (Key::PageUp, _) | (Key::Char('b'), _) => self.selected.saturating_sub(page),
            (Key::PageDown | Key::Char(' '), _) => self.selected + page,
            (Key::Home | Key::Char('g'), _) => 0,
            (Key::End | Key::Char('G'), _) => last,
            _ => return Chosen::Nothing,
        };
        self.select(to);
        Chosen::Nothing
    }

    /// Goes to the first row from here on, or back, that matches; tells whether there is one.
    pub(super) fn search(&mut self, pattern: Regex, back: bool) -> bool {
        self.search = Some((pattern, back));
        let before = self.selected;
        self.find(back, true) || before != self.selected
    }

    fn next_hit(&mut self, other_way: bool) -> Chosen {
        if let Some((_, back)) = &self.search {
            let back = back ^ other_way;
            self.find(back, false);
        }
        Chosen::Nothing
    }

    fn find(&mut self, back: bool, here_too: bool) -> bool {
        let Some((pattern, _)) = &self.search else {
            return false;
        };
        let is_hit = |row: &usize| pattern.is_match(&self.rows[*row].text);
        let step = usize::from(!here_too);
        let found = match back {
            true => (0..(self.selected + 1).saturating_sub(step))
                .rev()
                .find(is_hit),
            false => (self.selected + step..self.rows.len()).find(is_hit),
        };
        if let Some(row) = found {
            self.select(row);
        }
        found.is_some()
    }

    fn select(&mut self, to: usize) {
        self.selected = to.min(self.rows.len().saturating_sub(1));
        // In sight, and no blank rows at the end where there are rows before.
        let last_top = self.rows.len().saturating_sub(self.height);
        let lowest = (self.selected + 1).saturating_sub(self.height);
        self.top = self.top.min(self.selected).max(lowest).min(last_top);
    }

    /// Draws it over the first rows of a grid.
    pub(super) fn draw(&mut self, rows: usize, grid: &mut Grid) {
        let cols = grid.cols();
        let title = Style::PLAIN.inverse().bold();
        grid.clear(0, 0..cols, title);
        let at = grid.write(0, 1, cols, &self.title, title);
        let place = match self.rows.len() {
            0 => "nothing".to_owned(),
            all => format!("{} of {all}", self.selected + 1),
        };
        grid.write(0, at + 2, cols, &place, title);
        self.height = rows.saturating_sub(1);
        self.select(self.selected);
        for (row, at) in (1..rows).zip(self.top..) {
            let is_selected = at == self.selected;
            let style = match is_selected {
                true => Style::PLAIN.inverse(),
                false => Style::PLAIN,
            };
            grid.clear(row, 0..cols, style);
            let Some(line) = self.rows.get(at) else {
                continue;
            };
            grid.write(row, 1, cols, &line.text, style);
            if let Some((pattern, _)) = &self.search
                && pattern.is_match(&line.text)
            {
                grid.put(row, 0, '●', 1, Style::color(2));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(count: usize) -> List {
        let row = |n| Row {
            text: format!("row {n}"),
            at: Some(Duration::from_secs(n as u64)),
        };
        List::new(Kind::Commands, "commands", (0..count).map(row).collect(), 2)
    }

    fn press(list: &mut List, keys: &str) -> Chosen {
        let mut chosen = Chosen::Nothing;
        for key in keys.chars() {
            chosen = list.handle(&Press::plain(Key::Char(key)));
        }
        chosen
    }

    #[test]
    fn a_row_is_gone_to_and_stays_in_sight() {
        let mut list = list(100);
        let mut grid = Grid::new(20, 6);
        list.draw(6, &mut grid);
        press(&mut list, "jjjjjjj");
        list.draw(6, &mut grid);
        let text: String = grid.row(5).iter().map(|cell| cell.char).collect();
        assert_eq!(text.trim(), "row 9");
        assert!(grid.row(5)[1].style.inverse);
        let chosen = list.handle(&Press::plain(Key::Enter));
        assert_eq!(chosen, Chosen::Go(Duration::from_secs(9)));
        press(&mut list, "G");
        list.draw(6, &mut grid);
        assert_eq!(list.selected, 99);
        assert_eq!(press(&mut list, "q"), Chosen::Close);
    }

    #[test]
    fn a_text_is_searched_both_ways() {
        let mut list = list(100);
        assert!(list.search(Regex::new("7$").unwrap(), false));
        assert_eq!(list.selected, 7);
        press(&mut list, "n");
        assert_eq!(list.selected, 17);
        press(&mut list, "N");
        assert_eq!(list.selected, 7);
        assert!(!list.search(Regex::new("nothing").unwrap(), true));
    }

    #[test]
    fn an_empty_list_can_be_looked_at_and_left() {
        let mut list = List::new(Kind::Messages, "messages", Vec::new(), 7);
        list.draw(3, &mut Grid::new(4, 3));
        press(&mut list, "jkG n");
        assert_eq!(list.handle(&Press::plain(Key::Enter)), Chosen::Close);
    }
}

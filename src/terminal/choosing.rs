//! A list that is narrowed by what is typed, and where in it somebody is: the editing, the moving and the first row that every
//! picker has.
//!
//! A machine: it knows neither what is listed nor how a line of it looks, reads nothing and asks no clock.

use unicode_width::UnicodeWidthStr;

use super::{Key, Press};
use crate::screen::grid::{Grid, Style};

/// What is typed is no longer.
const LIMIT: usize = 1000;
const PROMPT: &str = "> ";
const FAINT: Style = Style::PLAIN.faint();

/// What was typed, which of the items that leaves, and where among them somebody is.
#[derive(Debug)]
pub(crate) struct Choosing {
    pub(crate) typed: String,
    /// Which of the items are asked for.
    pub(crate) found: Vec<usize>,
    /// Where among those somebody is.
    pub(crate) at: usize,
    /// What is there; nothing as long as nobody has moved.
    chosen: Option<String>,
    /// The first that is shown, and how many are.
    pub(crate) top: usize,
    pub(crate) height: usize,
}

/// What came of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Something else is typed: the list is to be narrowed anew.
    Typed,
    /// Somebody is elsewhere: [`Choosing::choose`] is to be told what is there.
    Moved,
    Enter,
    Tab,
    Leave,
    Suspend,
    Nothing,
}

impl Default for Choosing {
    fn default() -> Self {
        Self {
            typed: String::new(),
            found: Vec::new(),
            at: 0,
            chosen: None,
            top: 0,
            height: 1,
        }
    }
}

impl Choosing {
    /// Takes what somebody presses.
    pub(crate) fn press(&mut self, press: &Press) -> Pressed {
        let (key, control) = match press {
            Press::Key {
                key, control, alt, ..
            } if !alt => (*key, *control),
            Press::Wheel { up: true } => return self.go(self.at.saturating_sub(3)),
            Press::Wheel { up: false } => return self.go(self.at + 3),
            _ => return Pressed::Nothing,
        };
        let page = self.height.max(2) - 1;
        match (key, control) {
            (Key::Up, _) | (Key::Char('p'), true) => self.go(self.at.saturating_sub(1)),
            (Key::Down, _) | (Key::Char('n'), true) => self.go(self.at + 1),
            (Key::PageUp, _) => self.go(self.at.saturating_sub(page)),
            (Key::PageDown, _) => self.go(self.at + page),
            (Key::Home, _) => self.go(0),
            (Key::End, _) => self.go(usize::MAX),
            (Key::Enter, _) => Pressed::Enter,
            (Key::Tab, _) => Pressed::Tab,
            (Key::Escape, _) if self.typed.is_empty() => Pressed::Leave,
            (Key::Char('c' | 'd'), true) => Pressed::Leave,
            (Key::Char('z'), true) => Pressed::Suspend,
            (Key::Escape, _) | (Key::Char('u'), true) => self.type_anew(String::new()),
            (Key::Backspace, _) | (Key::Char('h'), true) => {
                let mut typed = self.typed.clone();
                typed.pop();
                self.type_anew(typed)
            }
            (Key::Char('w'), true) => {
                let kept = self.typed.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.type_anew(self.typed[..kept].to_owned())
            }
            (Key::Char(char), false) if self.typed.len() < LIMIT => {
                self.type_anew(format!("{}{char}", self.typed))
            }
            _ => Pressed::Nothing,
        }
    }

    fn type_anew(&mut self, typed: String) -> Pressed {
        self.typed = typed;
        Pressed::Typed
    }

    /// Goes to one of those that are found, or to the last.
    pub(crate) fn go(&mut self, to: usize) -> Pressed {
        self.at = to.min(self.found.len().saturating_sub(1));
        Pressed::Moved
    }

    /// What is there, by its id; it stays chosen while it is found.
    pub(crate) fn choose(&mut self, id: Option<String>) {
        self.chosen = id;
    }

    /// These are found by now; whatever was chosen stays so while it is among them.
    pub(crate) fn narrow<'a>(&mut self, found: Vec<usize>, id: impl Fn(usize) -> &'a str) {
        self.found = found;
        let chosen = self.chosen.as_deref();
        let place = chosen.and_then(|chosen| self.found.iter().position(|&at| id(at) == chosen));
        self.at = match (place, chosen) {
            (Some(place), _) => place,
            // The one is gone from sight: its neighbour is there now.
            (None, Some(_)) => self.at.min(self.found.len().saturating_sub(1)),
            (None, None) => 0,
        };
    }

    /// Which of the items somebody is at.
    pub(crate) fn selected(&self) -> Option<usize> {
        self.found.get(self.at).copied()
    }

    /// There is room for so many rows: the one that somebody is at is among them.
    pub(crate) fn fit(&mut self, height: usize) {
        self.height = height;
        let first = (self.at + 1).saturating_sub(height.max(1));
        self.top = self.top.min(self.at).max(first);
    }

    /// What is typed, or else where all of this is, and at the right what is told of it; gives where the cursor is.
    pub(crate) fn draw_typed(
        &self,
        grid: &mut Grid,
        (place, told): (&str, &str),
    ) -> Option<(usize, usize)> {
        let cols = grid.cols();
        let right = cols.saturating_sub(told.width());
        // The end of what is typed is what somebody looks at.
        let room = right.saturating_sub(PROMPT.len() + 2);
        let mut shown = self.typed.as_str();
        while shown.width() > room {
            let mut chars = shown.chars();
            if chars.next().is_none() {
                break;
            }
            shown = chars.as_str();
        }
        let at = grid.write(0, 0, cols, PROMPT, Style::color(6).bold());
        let cursor = grid.write(0, at, right, shown, Style::PLAIN.bold());
        if shown.is_empty() {
            grid.write(0, at, right.saturating_sub(1), place, FAINT);
        }
        grid.write(0, right, cols, told, FAINT);
        (grid.rows() > 0).then_some((0, cursor))
    }
}

//! A grid of cells that a terminal is to show: characters that are harmless there, and their style.
//!
//! Nothing that is put here can do anything in a terminal but stand where it was put.

use std::hash::{Hash, Hasher};

use avt::{Color, Pen};
use unicode_width::UnicodeWidthChar;

use crate::words::is_harmless;

/// How a cell looks. The default is the terminal's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) foreground: Option<Color>,
    pub(crate) background: Option<Color>,
    pub(crate) bold: bool,
    pub(crate) faint: bool,
    pub(crate) italic: bool,
    pub(crate) underline: bool,
    pub(crate) blink: bool,
    pub(crate) inverse: bool,
    pub(crate) strikethrough: bool,
}

impl Style {
    /// The terminal's own.
    pub(crate) const PLAIN: Self = Self {
        foreground: None,
        background: None,
        bold: false,
        faint: false,
        italic: false,
        underline: false,
        blink: false,
        inverse: false,
        strikethrough: false,
    };

    /// In one of the sixteen colors that every terminal has.
    pub(crate) const fn color(index: u8) -> Self {
        Self {
            foreground: Some(Color::Indexed(index)),
            ..Self::PLAIN
        }
    }

    /// The same, bold.
    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same, faint.
    pub(crate) const fn faint(self) -> Self {
        Self {
            faint: true,
            ..self
        }
    }

    /// The same, with both colors exchanged.
    pub(crate) const fn inverse(self) -> Self {
        Self {
            inverse: true,
            ..self
        }
    }

    /// The same, on one of the sixteen colors.
    pub(crate) const fn on(self, index: u8) -> Self {
        Self {
            background: Some(Color::Indexed(index)),
            ..self
        }
    }
}

impl From<&Pen> for Style {
    fn from(pen: &Pen) -> Self {
        Self {
            foreground: pen.foreground(),
            background: pen.background(),
            bold: pen.is_bold(),
            faint: pen.is_faint(),
            italic: pen.is_italic(),
            underline: pen.is_underline(),
            blink: pen.is_blink(),
            inverse: pen.is_inverse(),
            strikethrough: pen.is_strikethrough(),
        }
    }
}

/// One place of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) char: char,
    /// Columns: 2 for a wide character, and 0 for the place behind it.
    pub(crate) width: u8,
    pub(crate) style: Style,
}

impl Hash for Cell {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // What tells most rows apart.
        self.char.hash(state);
        self.style.inverse.hash(state);
    }
}

impl Cell {
    pub(crate) const BLANK: Self = Self {
        char: ' ',
        width: 1,
        style: Style::PLAIN,
    };

    pub(crate) fn is_blank(&self) -> bool {
        *self == Self::BLANK
    }
}

/// Rows of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    cols: usize,
    rows: usize,
    cells: Vec<Cell>,
}

impl Grid {
    /// A blank one.
    pub(crate) fn new(cols: usize, rows: usize) -> Self {
        Self {
            cols,
            rows,
            cells: vec![Cell::BLANK; cols * rows],
        }
    }

    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The cells of a row; none where there is no such row.
    pub(crate) fn row(&self, row: usize) -> &[Cell] {
        let start = (row * self.cols).min(self.cells.len());
        &self.cells[start..(start + self.cols).min(self.cells.len())]
    }

    fn row_mut(&mut self, row: usize) -> &mut [Cell] {
        let start = (row * self.cols).min(self.cells.len());
        let end = (start + self.cols).min(self.cells.len());
        &mut self.cells[start..end]
    }

    /// Puts a character of some columns; what does not fit, or is no character of one or two columns, becomes a space.
    pub(crate) fn put(&mut self, row: usize, col: usize, char: char, width: u8, style: Style) {
        let row = self.row_mut(row);
        let is_wide = width == 2 && col + 1 < row.len();
        let Some(cell) = row.get_mut(col) else {
            return;
        };
        let is_as_told = is_harmless(char) && char.width() == Some(usize::from(width));
        let (char, width) = match (is_as_told, width) {
            (true, 2) if is_wide => (char, 2),
            (true, 1) => (char, 1),
            _ => (' ', 1),
        };
        let was_wide = cell.width == 2;
        *cell = Cell { char, width, style };
        if width == 2 {
            row[col + 1] = Cell {
                char: ' ',
                width: 0,
                style,
            };
        }
        // Half of a wide character is none.
        let behind = col + usize::from(width);
        if (width == 2 || was_wide)
            && let Some(orphan) = row.get_mut(behind)
            && orphan.width == 0
        {
            orphan.width = 1;
        }
        if col > 0 && row[col - 1].width == 2 {
            row[col - 1] = Cell {
                char: ' ',
                width: 1,
                style: row[col - 1].style,
            };
        }
    }

    /// Writes text from a column on, as far as it fits before column `end`; gives the column behind it.
    pub(crate) fn write(
        &mut self,
        row: usize,
        col: usize,
        end: usize,
        text: &str,
        style: Style,
    ) -> usize {
        let end = end.min(self.cols);
        let mut at = col;
        for char in text.chars() {
            let width = match char {
                '\t' => 1,
                char => char.width().unwrap_or(1),
            };
            if width == 0 {
                continue;
            }
            if at + width > end {
                break;
            }
            self.put(row, at, char, u8::try_from(width).unwrap_or(1), style);
            at += width;
        }
        at
    }

    /// Blanks a part of a row.
    pub(crate) fn clear(&mut self, row: usize, cols: std::ops::Range<usize>, style: Style) {
        for col in cols.start..cols.end.min(self.cols) {
            self.put(row, col, ' ', 1, style);
        }
    }

    /// Moves the rows of a range up (or down, where negative), as a terminal does; what comes in is blank.
    pub(super) fn scroll(&mut self, rows: std::ops::Range<usize>, up: isize) {
        let by = up.unsigned_abs();
        let cells = &mut self.cells[rows.start * self.cols..rows.end * self.cols];
        let moved = (by * self.cols).min(cells.len());
        if up > 0 {
            cells.copy_within(moved.., 0);
            let length = cells.len();
            cells[length - moved..].fill(Cell::BLANK);
        } else {
            let length = cells.len();
            cells.copy_within(..length - moved, moved);
            cells[..moved].fill(Cell::BLANK);
        }
    }
}

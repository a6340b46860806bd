//! A terminal that nobody sees, of a size that fits in memory.
//!
//! Nothing else in the program makes an emulator, resizes one or shows it output, so that the bounds hold everywhere.

use std::ops::Deref;

use avt::parser::Function;
use avt::{Observer, Terminal};
use formats::asciicast::MAX_SIDE;

use super::Size;

/// A larger screen is emulated at this size. No real terminal has it; a hostile header claims more.
const MAX_COLS: u16 = 1000;
const MAX_ROWS: u16 = 500;
/// In cells. A few columns may have many rows, and the other way round.
const MAX_CELLS: u32 = MAX_COLS as u32 * MAX_ROWS as u32;
/// The size of a terminal that has none.
const USUAL: Size = Size { cols: 80, rows: 24 };

/// An emulated terminal. It is read as avt's own.
pub(crate) struct Emulator {
    terminal: Terminal,
}

/// Whether a screen is emulated at its own size.
pub(crate) fn fits(size: Size) -> bool {
    let sides = 1..=MAX_SIDE;
    sides.contains(&size.cols)
        && sides.contains(&size.rows)
        && u32::from(size.cols) * u32::from(size.rows) <= MAX_CELLS
}

/// Columns and rows of the emulator for a screen.
fn bounded(size: Size) -> (usize, usize) {
    let (cols, rows) = match fits(size) {
        true => (size.cols, size.rows),
        false => (size.cols.min(MAX_COLS), size.rows.min(MAX_ROWS)),
    };
    (cols.into(), rows.into())
}

impl Emulator {
    /// An empty screen. A recording made without a terminal has none of its own; it gets the usual one.
    pub(crate) fn new(size: Size) -> Self {
        Self::with_scrollback(size, 0)
    }

    /// An empty screen that keeps so many rows that left it.
    pub(crate) fn with_scrollback(size: Size, rows: usize) -> Self {
        let or = |side, usual| if side == 0 { usual } else { side };
        let (cols, screen) = bounded(Size {
            cols: or(size.cols, USUAL.cols),
            rows: or(size.rows, USUAL.rows),
        });
        // Fails for a side of zero alone.
        let terminal = Terminal::with_scrollback(cols, screen, Some(rows))
            .unwrap_or_else(|_| unreachable!("both sides are at least one"));
        Self { terminal }
    }

    /// Its size, as another one is made of it.
    pub(crate) fn extent(&self) -> Size {
        let (cols, rows) = self.terminal.size();
        // Neither is more than what it was made of.
        let side = |side| u16::try_from(side).unwrap_or(u16::MAX);
        Size {
            cols: side(cols),
            rows: side(rows),
        }
    }

    /// Shows output.
    pub(crate) fn feed(&mut self, output: &str) {
        self.terminal.feed(output);
    }

    /// Shows output, observed.
    pub(crate) fn feed_with<O: Observer>(&mut self, output: &str, observer: O) -> O::Output {
        self.terminal.feed_with(output, observer)
    }

    /// Does what a parser made of output.
    pub(crate) fn execute(&mut self, function: Function) {
        self.terminal.execute(function);
    }

    /// Does what a parser made of output, observed.
    pub(crate) fn execute_with<O: Observer>(
        &mut self,
        function: Function,
        observer: O,
    ) -> O::Output {
        self.terminal.execute_with(function, observer)
    }

    /// Takes another size. One with a side of zero is none.
    pub(crate) fn resize(&mut self, size: Size) {
        self.resize_with(size, ());
    }

    /// Takes another size, observed.
    pub(crate) fn resize_with<O: Observer>(&mut self, size: Size, observer: O) -> O::Output {
        let (cols, rows) = match size.cols == 0 || size.rows == 0 {
            true => self.terminal.size(),
            false => bounded(size),
        };
        self.terminal.resize_with(cols, rows, observer)
    }
}

impl Deref for Emulator {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cols: u16, rows: u16, expected: (usize, usize)) {
        let size = Size { cols, rows };
        assert_eq!(Emulator::new(size).size(), expected);
        if cols > 0 && rows > 0 {
            let mut resized = Emulator::new(USUAL);
            resized.resize(size);
            assert_eq!(resized.size(), expected);
        }
    }

    #[test]
    fn a_size_that_no_terminal_has_is_not_believed() {
        check(80, 24, (80, 24));
        check(1000, 500, (1000, 500));
        check(2000, 100, (2000, 100));
        check(1001, 500, (1000, 500));
        check(u16::MAX, u16::MAX, (1000, 500));
        check(u16::MAX, 1, (1000, 1));
        check(1, u16::MAX, (1, 500));
    }

    #[test]
    fn a_size_that_is_none_is_the_usual_one_and_changes_nothing() {
        check(0, 0, (80, 24));
        check(0, 50, (80, 50));
        let mut emulator = Emulator::new(Size { cols: 30, rows: 6 });
        emulator.resize(Size { cols: 0, rows: 6 });
        assert_eq!(emulator.size(), (30, 6));
    }
}

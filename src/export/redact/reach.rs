//! How far to the right anything stands on the emulated screen: what is behind that is blank, and need not be read each time
//! that a row is looked at.
//!
//! Nothing here reads a row but after a change of size, and no row has text where this says that there is none.

use avt::parser::Function;
use avt::{Cursor, Terminal};

use super::rows;

/// Of every row, those above the screen as well.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    cols: usize,
    /// What is printed may push what stands behind it.
    may_insert: bool,
}

impl Reach {
    /// The first column that nothing stands in, or behind.
    pub(super) fn cols(self) -> usize {
        self.cols
    }

    /// A character was printed, and moved the cursor.
    pub(super) fn print(&mut self, before: Cursor, after: Cursor) {
        // What wraps fills its row, and scrolls another one in that has the pen's color up to its end.
        let is_beside = after.row == before.row && after.col > before.col && !self.may_insert;
        self.cols = match is_beside {
            // Where nothing wraps the cursor stays on the last one.
            true => self.cols.max(after.col + 1),
            false => usize::MAX,
        };
    }

    /// Something else is done.
    pub(super) fn function(&mut self, function: &Function) {
        match function {
            Function::Rep(_) | Function::Ich(_) | Function::Decaln => self.be_unknown(),
            Function::Sm(_) => self.may_insert = true,
            _ => {}
        }
    }

    /// The screen is of another size now.
    pub(super) fn resize(&mut self, screen: &Terminal) {
        self.cols = rows::reach(screen);
    }

    /// Text may stand anywhere.
    pub(super) fn be_unknown(&mut self) {
        self.cols = usize::MAX;
    }
}

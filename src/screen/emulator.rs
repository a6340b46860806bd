//! A terminal that nobody sees, of a size that fits in memory, and with a budget for what output may cost.
//!
//! Nothing else in the program makes an emulator, resizes one or shows it output, so that the bounds hold everywhere.
//! What is over the budget is left out: the screen then shows less than was asked for, and [`Emulator::is_exhausted`].

use std::ops::Deref;

use avt::parser::{Function, Parser, SgrOps};
use avt::{Observer, Terminal};
use formats::asciicast::MAX_SIDE;

use super::Size;
use super::budget::{Budget, Refused, cost_of_function, cost_of_resize};
use super::passing::{Passing, passing};
use super::steps::steps;

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
    /// Rows that are kept when they leave.
    scrollback: usize,
    budget: Budget,
}

/// Ends a sequence that is under way without carrying it out.
const CANCEL: &str = "\x18";

/// Whether a screen is emulated at its own size.
pub(crate) fn fits(size: Size) -> bool {
    let sides = 1..=MAX_SIDE;
    sides.contains(&size.cols)
        && sides.contains(&size.rows)
        && u32::from(size.cols) * u32::from(size.rows) <= MAX_CELLS
}

/// In cells. No terminal that a person sits at has more; one emulator of them takes some 6 MB.
const HUGE: usize = 200_000;

/// Whether a screen is too large to be emulated besides another of its size, where nobody has asked for that.
pub(crate) fn is_huge(size: Size) -> bool {
    let (cols, rows) = bounded(size);
    cols * rows > HUGE
}

/// Columns and rows of the emulator for a screen.
fn bounded(size: Size) -> (usize, usize) {
    let (cols, rows) = match fits(size) {
        true => (size.cols, size.rows),
        false => (size.cols.min(MAX_COLS), size.rows.min(MAX_ROWS)),
    };
    (cols.into(), rows.into())
}

/// What is printed overwrites what stands there (`RM` 4).
fn overwrite() -> Option<Function> {
    let mut parser = Parser::new();
    "\x1b[4l".chars().find_map(|c| parser.feed(c))
}

/// How many times as much work a resize is for whoever takes down what it pushes out.
const OBSERVED: u64 = 8;

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
        Self {
            terminal,
            scrollback: rows,
            budget: Budget::usual(),
        }
    }

    /// An empty screen for a thread that keys are waited for on: it takes little work, and no more than the patience of a
    /// person.
    pub(crate) fn beside_keys(size: Size) -> Self {
        Self {
            budget: Budget::beside_keys(),
            ..Self::new(size)
        }
    }

    /// An empty screen for pictures of it: two that are shown the same from the same picture on agree, whatever each was
    /// shown before.
    pub(crate) fn for_pictures(size: Size) -> Self {
        Self {
            budget: Budget::for_pictures(),
            ..Self::new(size)
        }
    }

    /// Whether output asked for more work than there is a budget for: what is on the screen is not all of it.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.budget.has_refused()
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

    /// Shows output; lines that what follows pushes out of the screen at once are left out, which nobody can tell.
    pub(crate) fn feed(&mut self, output: &str) {
        // As many lines make every row anew, wherever the cursor was: a screen to get to its end, a screen to fill it.
        let kept = 2 * self.terminal.size().1 + self.scrollback;
        let mut rest = output;
        while let Some(Passing { range, rendition }) = passing(rest, kept) {
            self.feed_with(&rest[..range.start], &mut ());
            rest = &rest[range.start..];
            // Only the whole screen scrolls everything out.
            if self.budget.may_have_margins() {
                break;
            }
            self.budget.earn(&rest.as_bytes()[..range.len()]);
            self.feed_with(&rendition, &mut ());
            rest = &rest[range.len()..];
        }
        self.feed_with(rest, &mut ());
    }

    /// Shows output, observed.
    pub(crate) fn feed_with<O: Observer>(&mut self, output: &str, mut observer: O) -> O::Output {
        self.budget.earn(output.as_bytes());
        let mut rest = output;
        loop {
            let (stretch, refused) = self.budget.next(rest, self.terminal.size());
            match refused {
                None => return self.terminal.feed_with(rest, observer),
                Some(Refused::Insertion) => {
                    self.terminal.feed_with(&rest[..stretch.end], &mut observer);
                    self.terminal.execute_with(overwrite(), &mut observer);
                    rest = &rest[stretch.end..];
                    continue;
                }
                Some(Refused::Sequence) => self.budget.break_off(),
            }
            // The last character of the sequence is what would carry it out.
            let skipped = rest[stretch.end..].chars().next().map_or(0, char::len_utf8);
            self.terminal
                .feed_with([&rest[..stretch.end], CANCEL], &mut observer);
            rest = &rest[stretch.end + skipped..];
        }
    }

    /// Does what a parser made of output.
    pub(crate) fn execute(&mut self, function: Function) {
        self.execute_with(function, ());
    }

    /// Does what a parser made of output, observed.
    pub(crate) fn execute_with<O: Observer>(
        &mut self,
        function: Function,
        observer: O,
    ) -> O::Output {
        self.budget.see(&function);
        if matches!(function, Function::Print(_)) {
            self.may_push(1);
        }
        // What was parsed elsewhere gives credit by the piece; no sequence that costs is shorter than this.
        match function {
            Function::Print(c) => self.budget.earn(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => self.budget.earn(b"\x1b[m"),
        }
        let has_margins = self.budget.may_have_margins();
        let cost = cost_of_function(&function, self.terminal.size(), has_margins);
        match cost == 0 || self.budget.spend(cost) {
            true => self.terminal.execute_with(function, observer),
            false => self.terminal.feed_with("", observer),
        }
    }

    /// How what follows looks; no output asked for it, and it gives no credit.
    pub(crate) fn set_pen(&mut self, pen: &SgrOps) {
        self.terminal.execute(Function::Sgr(pen.clone()));
    }

    /// Prints printable characters, observed: what [`Emulator::execute_with`] does for each of them, at once.
    pub(crate) fn print_with<O: Observer>(&mut self, text: &str, observer: O) -> O::Output {
        self.budget.earn(text.as_bytes());
        self.may_push(text.len());
        self.terminal
            .execute_with(text.chars().map(Function::Print), observer)
    }

    /// The same, with another character `drawn` for each, and not observed.
    pub(crate) fn print_as(&mut self, text: &str, drawn: impl Iterator<Item = char>) {
        self.budget.earn(text.as_bytes());
        self.may_push(text.len());
        self.terminal.execute(drawn.map(Function::Print));
    }

    /// So many characters are about to be printed, and push what stands behind them where there is credit for that.
    fn may_push(&mut self, characters: usize) {
        if !self.budget.print(characters, self.terminal.size()) {
            self.terminal.execute(overwrite());
        }
    }

    /// Takes another size. One with a side of zero is none.
    pub(crate) fn resize(&mut self, size: Size) {
        self.resize_at(size, 1, ());
    }

    /// Takes another size, observed by whoever reads the whole screen before and after.
    pub(crate) fn resize_with(&mut self, size: Size, observer: impl Observer<Output = ()>) {
        self.resize_at(size, OBSERVED, observer);
    }

    fn resize_at(&mut self, size: Size, times: u64, mut observer: impl Observer<Output = ()>) {
        let from = self.terminal.size();
        let to = match size.cols == 0 || size.rows == 0 {
            true => from,
            false => bounded(size),
        };
        let mut now = from;
        for size in steps(from, to, MAX_CELLS as usize) {
            // What is refused leaves the size as it was.
            if !self.budget.spend(cost_of_resize(now, size) * times) {
                break;
            }
            self.terminal.resize_with(size.0, size.1, &mut observer);
            now = size;
        }
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

    /// A screen, its cursor and a sequence under way are the same whether output is scanned in one piece or in many.
    #[test]
    fn within_the_budget_nothing_is_changed() {
        let output = "a\x1b[3bb\u{9b}2Jc\x1b[?1049hd\x1b[1;3re\x1b[2L\x1b[3\x07C\x1bcf\x1b[";
        let size = Size { cols: 20, rows: 5 };
        let mut plain = Terminal::new(20, 5).unwrap();
        plain.feed(output);
        let mut whole = Emulator::new(size);
        whole.feed(output);
        let mut parts = Emulator::new(size);
        for c in output.chars() {
            parts.feed(c.encode_utf8(&mut [0; 4]));
        }
        assert_eq!(whole.dump(), plain.dump());
        assert_eq!(parts.dump(), plain.dump());
        assert!(!whole.is_exhausted());
    }

    #[test]
    fn what_is_over_the_budget_is_left_out_and_what_follows_is_shown() {
        for (bomb, times) in [
            ("\x1b[65535b", 20_000),
            ("\x1b[2J\x1b[5;5H", 50_000),
            ("\x1b[?1049h\x1b[?1049l", 50_000),
            ("\x1b[65535L", 50_000),
            ("\x1bc", 50_000),
            ("\x1b[H\x1bM\x1bM", 50_000),
            ("\x1b[H\u{8d}\u{8d}", 50_000),
            ("\x1b[2;499r\x1b[499;1H\n\n\x1b[r", 50_000),
        ] {
            let mut emulator = Emulator::beside_keys(Size {
                cols: 1000,
                rows: 500,
            });
            emulator.feed("x");
            emulator.feed(&bomb.repeat(times));
            assert!(emulator.is_exhausted(), "{bomb:?}");
            emulator.feed("\x1b[7;1Hshown");
            let line = emulator.screen().line(6).unwrap().text();
            assert!(line.starts_with("shown"), "{bomb:?}: {line}");
        }
    }

    #[test]
    fn a_screen_may_go_from_wide_to_tall_and_back() {
        let mut emulator = Emulator::new(USUAL);
        emulator.feed("text");
        for (cols, rows) in [
            (10_000, 1),
            (1, 10_000),
            (50, 10_000),
            (10_000, 50),
            (80, 24),
        ] {
            emulator.resize(Size { cols, rows });
            assert_eq!(emulator.size(), (cols.into(), rows.into()));
            emulator.feed(&"x".repeat(20_000));
        }
        assert!(!emulator.is_exhausted());
    }

    #[test]
    fn rows_that_are_narrowed_again_and_again_cost_what_is_copied() {
        let mut emulator = Emulator::new(USUAL);
        for _ in 0..400 {
            emulator.resize(Size {
                cols: 1000,
                rows: 1,
            });
            emulator.resize(Size { cols: 1, rows: 1 });
        }
        assert!(emulator.is_exhausted());
    }

    #[test]
    fn a_storm_of_sizes_comes_to_an_end() {
        let mut emulator = Emulator::beside_keys(USUAL);
        for at in 0..20_000 {
            let cols = if at % 2 == 0 { 1 } else { 1000 };
            emulator.resize(Size { cols, rows: 500 });
        }
        assert!(emulator.is_exhausted());
    }
}

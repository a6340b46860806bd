//! Text as it leaves an emulated screen, whichever way it leaves: scrolled out, erased from the top, deleted, pushed out by
//! another size of the window.
//!
//! Nothing here is drawn, and nothing is told of what the other screen shows while a full-screen program has it. What a line
//! editor or a progress bar writes anew in its own line is no text that leaves.

use std::collections::BTreeMap;

use avt::parser::{EdScope, ElScope, Function};
use avt::{Cursor, Line, Observation, Observer, Operation, ScreenKind, Terminal};

/// Lines pushed down from the screen wait for those above them; more than this many do not.
const MOST_PUSHED_DOWN: usize = 1000;

/// A line that goes on and on is told in parts, so that it does not fill the memory. In bytes.
const MAX_LINE: usize = 1024 * 1024;

/// Lines that have left the screen.
#[derive(Default)]
pub(crate) struct Leaving {
    /// The rows so far of a line that has left in part.
    line: String,
    ready: Vec<String>,
    /// The cursor was placed by row and column, and nothing was printed since: what is erased now is erased by a program
    /// that looks at the screen as a whole.
    is_placed: bool,
    /// Rows that were erased whole since, one by one.
    swept: BTreeMap<usize, Row>,
    /// Rows that went out at the bottom, the uppermost first.
    pushed_down: Vec<String>,
    /// Scrolling rows, where they are not the whole screen: from, to.
    margins: Option<(usize, usize)>,
    /// The lines before a change of size.
    before: Vec<String>,
    /// Lines that a change of size cut off, to come behind those that it scrolled out.
    cut_off: Vec<String>,
}

/// The text of a row, and whether its line goes on in the next one.
struct Row {
    text: String,
    is_wrapped: bool,
}

impl Row {
    fn of(line: &Line, from: usize, to: usize) -> Self {
        let cells = line.cells();
        let cells = &cells[from.min(cells.len())..to.min(cells.len())];
        // Blanks at the end of a line are no text.
        let end = match line.is_wrapped() {
            true => Some(cells.len()),
            false => cells
                .iter()
                .rposition(|cell| cell.char() != ' ')
                .map(|last| last + 1),
        };
        let cells = &cells[..end.unwrap_or(0)];
        let mut text = String::with_capacity(cells.len());
        let shown = cells.iter().filter(|cell| cell.width() > 0);
        text.extend(shown.map(avt::Cell::char));
        Self {
            text,
            is_wrapped: line.is_wrapped(),
        }
    }

    fn whole(line: &Line) -> Self {
        Self::of(line, 0, usize::MAX)
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && !self.is_wrapped
    }
}

impl Leaving {
    /// What has left by now.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ready)
    }

    /// The rows that have left of a line that has not left whole.
    pub(super) fn begun(&self) -> &str {
        &self.line
    }

    /// The end, or a new beginning: the rows of the primary screen above `until` leave as well.
    pub(crate) fn flush(&mut self, terminal: &Terminal, until: usize) {
        self.settle(terminal);
        let start = self.ready.len();
        let retained = terminal.primary_screen().all_lines();
        let rows = retained.count().saturating_sub(terminal.size().1);
        for row in terminal.primary_screen().all_lines().take(rows + until) {
            self.push(Row::whole(row));
        }
        self.end_line();
        self.trim(start);
        self.lift();
    }

    /// The lines of the rows from `from` on, which nothing else will tell.
    pub(crate) fn below(&mut self, terminal: &Terminal, from: usize) {
        let start = self.ready.len();
        for row in terminal.primary_screen().visible_lines().skip(from) {
            self.push(Row::whole(row));
        }
        self.end_line();
        self.trim(start);
    }

    /// The screen begins anew, and what was on it has been told.
    pub(crate) fn begin_anew(&mut self) {
        self.is_placed = false;
        self.swept.clear();
        self.margins = None;
    }

    /// Whether a line that scrolls out now is told as it is, whatever came before.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_placed
            && self.swept.is_empty()
            && self.pushed_down.is_empty()
            && self.margins.is_none()
    }

    /// A row has scrolled out.
    pub(super) fn passed(&mut self, text: &str, is_wrapped: bool) {
        self.line.push_str(text);
        if !is_wrapped || self.line.len() >= MAX_LINE {
            self.end();
        }
    }

    fn push(&mut self, row: Row) {
        self.passed(&row.text, row.is_wrapped);
    }

    fn end(&mut self) {
        self.ready.push(self.line.trim_end().to_owned());
        self.line.clear();
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.end();
        }
    }

    /// Screen padding is no text.
    fn trim(&mut self, start: usize) {
        while self.ready.len() > start && self.ready.last().is_some_and(String::is_empty) {
            self.ready.pop();
        }
    }

    /// Rows that leave by themselves: no line that has begun to scroll out goes on in them, unless they are the uppermost.
    fn leave(&mut self, rows: impl Iterator<Item = Row>, from_top: bool) {
        let begun = match from_top {
            true => String::new(),
            false => std::mem::take(&mut self.line),
        };
        let start = self.ready.len();
        for row in rows {
            self.push(row);
        }
        self.end_line();
        self.trim(start);
        match from_top {
            true => self.lift(),
            false => self.line = begun,
        }
    }

    /// Rows that were erased one by one were either all that was on the screen, or a part that begins at its top; or they
    /// are nothing but written anew.
    pub(super) fn settle(&mut self, terminal: &Terminal) {
        if !self.swept.is_empty() {
            let swept = std::mem::take(&mut self.swept);
            let from_top = (0..).zip(swept.keys()).take_while(|(n, row)| n == *row);
            let is_top = from_top.count() > 1;
            let is_blank = || {
                let mut rows = terminal.primary_screen().visible_lines();
                rows.all(|row| row.chars().all(|c| c == ' '))
            };
            if is_top || is_blank() {
                self.leave(swept.into_values(), true);
            }
        }
    }

    /// What went out at the bottom stood below all that has left now.
    fn lift(&mut self) {
        if !self.pushed_down.is_empty() {
            let mut lines = std::mem::take(&mut self.pushed_down);
            self.ready.append(&mut lines);
        }
    }

    /// Rows of the screen leave: `from` the one, up to before the other.
    fn rows(&mut self, terminal: &Terminal, from: usize, to: usize) {
        let rows = terminal.screen().visible_lines();
        let rows = rows.take(to).skip(from).map(Row::whole);
        self.leave(rows.collect::<Vec<_>>().into_iter(), from == 0);
    }

    /// All from the cursor on is erased.
    fn below_cursor(&mut self, terminal: &Terminal, cursor: Cursor) {
        let rows = terminal.screen().visible_lines();
        let mut rows: Vec<Row> = rows.skip(cursor.row).map(Row::whole).collect();
        if cursor.col > 0 {
            let line = terminal.screen().line(cursor.row);
            if let (Some(first), Some(line)) = (rows.first_mut(), line) {
                *first = Row::of(line, cursor.col, usize::MAX);
            }
        }
        let from_top = cursor.row == 0 && cursor.col == 0;
        self.leave(rows.into_iter(), from_top);
    }

    /// All up to the cursor is erased.
    fn above_cursor(&mut self, terminal: &Terminal, cursor: Cursor) {
        let rows = terminal.screen().visible_lines();
        let mut rows: Vec<Row> = rows.take(cursor.row).map(Row::whole).collect();
        if let Some(line) = terminal.screen().line(cursor.row) {
            let mut row = Row::of(line, 0, cursor.col + 1);
            row.is_wrapped = false;
            rows.push(row);
        }
        self.leave(rows.into_iter(), true);
    }

    /// A row is erased by itself.
    fn sweep(&mut self, terminal: &Terminal, cursor: Cursor, to: usize) {
        let Some(line) = terminal.screen().line(cursor.row) else {
            return;
        };
        let is_whole =
            cursor.col == 0 && line.cells().iter().skip(to).all(|cell| cell.char() == ' ');
        if is_whole && self.is_placed {
            let row = Row::whole(line);
            self.swept.entry(cursor.row).or_insert(row);
        }
    }

    /// The lowest rows go out at the bottom.
    fn push_down(&mut self, terminal: &Terminal, count: usize) {
        let (first, last) = self.scrolling(terminal);
        let from = (last + 1).saturating_sub(count);
        if from <= first {
            self.rows(terminal, first, last + 1);
            return;
        }
        for (at, row) in (from..=last).enumerate() {
            if let Some(row) = terminal.screen().line(row).map(Row::whole)
                && !row.is_blank()
            {
                let at = at.min(self.pushed_down.len());
                self.pushed_down.insert(at, row.text.trim_end().to_owned());
            }
        }
        if self.pushed_down.len() > MOST_PUSHED_DOWN {
            self.lift();
        }
    }

    /// Rows that scroll out below the top of the screen are kept by no terminal.
    fn scroll_out(&mut self, terminal: &Terminal, count: usize) {
        if let Some((first, last)) = self.margins.filter(|(first, _)| *first > 0) {
            self.rows(terminal, first, (first + count).min(last + 1));
        }
    }

    fn scrolling(&self, terminal: &Terminal) -> (usize, usize) {
        let last = terminal.size().1 - 1;
        let (from, to) = self.margins.unwrap_or((0, last));
        (from, to.min(last))
    }

    fn function(&mut self, terminal: &Terminal, function: &Function) {
        use Function::{
            Cup, Decaln, Decstbm, Decstr, Dl, Ech, Ed, El, Il, Lf, Nel, Print, Ri, Sd, Su, Vpa,
        };
        let cursor = terminal.cursor();
        let count = |n: u16| usize::from(n.max(1));
        match function {
            Print(_) => {
                if self.is_placed {
                    self.settle(terminal);
                    self.is_placed = false;
                }
                if self.margins.is_some_and(|(_, last)| last == cursor.row)
                    && cursor.col >= terminal.size().0
                {
                    self.scroll_out(terminal, 1);
                }
            }
            Cup(..) | Vpa(_) => self.is_placed = true,
            Ed(EdScope::Below) => {
                self.settle(terminal);
                let is_top = cursor.row == 0 && cursor.col == 0;
                // A line editor clears what is below its prompt with each key.
                if self.is_placed || (is_top && has_lines(terminal)) {
                    self.below_cursor(terminal, cursor);
                }
            }
            Ed(EdScope::All) => self.settle(terminal),
            Ed(EdScope::Above) => {
                self.settle(terminal);
                self.above_cursor(terminal, cursor);
            }
            El(ElScope::ToRight) => self.sweep(terminal, cursor, usize::MAX),
            El(ElScope::All) => {
                let start = Cursor { col: 0, ..cursor };
                self.sweep(terminal, start, usize::MAX);
            }
            Ech(n) => self.sweep(terminal, cursor, count(*n)),
            // From the top they scroll out like any other.
            Dl(n) if self.is_placed && cursor.row > 0 => {
                self.settle(terminal);
                let (first, last) = self.scrolling(terminal);
                if (first..=last).contains(&cursor.row) {
                    self.rows(terminal, cursor.row, (cursor.row + count(*n)).min(last + 1));
                }
            }
            Il(n) => {
                let (first, last) = self.scrolling(terminal);
                if (first..=last).contains(&cursor.row) {
                    self.push_down(terminal, count(*n).min(last + 1 - cursor.row));
                }
            }
            Sd(n) => self.push_down(terminal, count(*n)),
            Ri if cursor.row == self.scrolling(terminal).0 => self.push_down(terminal, 1),
            Su(n) => self.scroll_out(terminal, count(*n)),
            Lf | Nel if self.margins.is_some_and(|(_, last)| last == cursor.row) => {
                self.scroll_out(terminal, 1);
            }
            Decaln => self.rows(terminal, 0, usize::MAX),
            Decstbm(top, bottom) => {
                let rows = terminal.size().1;
                let first = usize::from((*top).max(1)) - 1;
                let last = match usize::from(*bottom) {
                    0 => rows - 1,
                    bottom => bottom.min(rows) - 1,
                };
                self.margins =
                    (first < last && (first > 0 || last + 1 < rows)).then_some((first, last));
            }
            Decstr => self.margins = None,
            _ => {}
        }
    }

    /// A reflow keeps the lines, but those below the cursor may no longer fit.
    fn resized(&mut self, terminal: &Terminal) {
        let before = std::mem::take(&mut self.before);
        let after = lines(terminal);
        for (at, line) in before.iter().enumerate() {
            let rest = match after.get(at) {
                Some(kept) => line.strip_prefix(kept.as_str()).unwrap_or_default(),
                None => line,
            };
            if !rest.trim().is_empty() {
                self.cut_off.push(rest.trim_end().to_owned());
            }
        }
    }
}

/// Whether more than one line is on the screen.
fn has_lines(terminal: &Terminal) -> bool {
    let rows = terminal.screen().visible_lines();
    rows.filter(|row| !row.is_wrapped() && row.chars().any(|c| c != ' '))
        .nth(1)
        .is_some()
}

/// The lines of the primary screen, without the spaces at their ends.
fn lines(terminal: &Terminal) -> Vec<String> {
    let mut lines = terminal.primary_screen().text();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

impl Observer for Leaving {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let terminal = context.terminal();
        match operation {
            Operation::Resize { rows, .. } => {
                self.settle(terminal);
                // Another width leaves them as they are.
                if *rows != terminal.size().1 {
                    self.margins = None;
                }
                self.before = lines(terminal);
            }
            Operation::Function(Function::Ris) => {
                self.flush(terminal, terminal.size().1);
                self.begin_anew();
            }
            Operation::Function(function) => {
                if terminal.active_screen_kind() == ScreenKind::Primary {
                    self.function(terminal, function);
                }
            }
        }
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        if matches!(operation, Operation::Resize { .. }) {
            self.resized(context.terminal());
        }
    }

    fn evicted(&mut self, _: &mut Observation<'_>, row: &Line) {
        self.push(Row::whole(row));
    }

    fn end(&mut self, _: &mut Observation<'_>) {
        if !self.cut_off.is_empty() {
            let mut lines = std::mem::take(&mut self.cut_off);
            self.ready.append(&mut lines);
        }
    }
}

#[cfg(test)]
mod tests;

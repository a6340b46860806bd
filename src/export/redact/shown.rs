//! What was shown: which of its characters belong to something that is to be replaced.
//!
//! Nothing here is written. The emulated screen keeps no colors, but which character of the stream drew each cell.

use avt::parser::{DecMode, Function, Parser, SgrOps, State};
use avt::{Line, ScreenKind};
use roaring::RoaringTreemap;

use super::control::Control;
use super::flow::{Flow, WINDOW};
use super::marks::{Pen, char_of, drawn, no_pen};
use super::patterns::Patterns;
use super::places::Places;
use super::reach::Reach;
use super::rows::{Rows, goes_on};
use crate::screen::{Emulator, Letters, Novelty, Size};

/// Lines above the screen that are kept to be looked at, at most: a line that is longer than the screen is looked at in
/// parts of half as many rows, not after each one.
const SCROLLBACK: usize = 400;
/// Cells in them, at most: a cell is some twenty bytes, and a screen may be ten thousand columns wide.
const SCROLLBACK_CELLS: usize = 160_000;
/// So many bytes of lines are looked at, and for each character that is printed so many: a row that grows by a character, and
/// those beside it, or fewer where it says again what came lately. A line for which that is not enough is looked at with the
/// rows beside alone; what is beyond that as it was printed.
const LOOKED_AT: usize = 1 << 20;
const PAID: usize = 128;
const PAID_AGAIN: usize = 1;
/// A line that was looked at lately is read alone, which costs so many times less.
const KNOWN: usize = 4;
/// So many blank cells behind a line cost as much as a byte of it.
const BLANK: usize = 8;

/// What is known of the row that the cursor is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// Nothing.
    Any,
    /// It has just scrolled in, and continues none.
    Blank,
    /// Nothing but letters came since, and they stand in it, and in those that they filled, one behind the other.
    Letters,
    /// The same, and the cursor is at its beginning again.
    Over,
}

/// What was shown.
pub(super) struct Shown {
    parser: Parser,
    screen: Emulator,
    /// Characters so far.
    number: u64,
    /// Rows that were drawn on since they were last looked at, counted from the top of the screen.
    unseen: Option<(isize, isize)>,
    /// The cursor was moved since something was printed: what comes next may overwrite.
    has_moved: bool,
    has_margins: bool,
    /// What is printed behind the last column may be drawn over it.
    may_not_wrap: bool,
    reach: Reach,
    /// A row may be left unseen until it is this far above the screen.
    unseen_rows: isize,
    /// So many rows in a row scrolled away above letters that filled them, and nothing else came between.
    filled: usize,
    row: Row,
    /// Each line feed begins a line.
    pub(super) line_feeds: bool,
    /// What may yet be looked at.
    left: usize,
    novelty: Novelty,
    /// What the screen's pen holds, if it is that and nothing else.
    pen: Option<Pen>,
    /// The one that it held last, and none.
    latest_pen: (Pen, SgrOps),
    no_pen: SgrOps,
    letters: Letters,
    /// All that was printed.
    flow: Flow,
    /// What was looked at last on the screen, for the room that it takes.
    line: String,
    /// The control string under way: a window title, a clipboard text, a link.
    control: Control,
    found: Places,
    /// Each row is read off the screen, also where it is known what stands in it.
    #[cfg(test)]
    pub(super) reads_all: bool,
}

/// How many rows are kept above a screen of this width.
pub(super) fn scrollback(size: Size) -> usize {
    (SCROLLBACK_CELLS / usize::from(size.cols.max(80))).clamp(4, SCROLLBACK)
}

impl Shown {
    pub(super) fn new(size: Size) -> Self {
        Self {
            parser: Parser::new(),
            screen: Emulator::with_scrollback(size, scrollback(size)),
            unseen_rows: (scrollback(size) / 2) as isize,
            filled: 0,
            row: Row::Any,
            line_feeds: false,
            number: 0,
            unseen: None,
            has_moved: false,
            has_margins: false,
            may_not_wrap: false,
            reach: Reach::default(),
            line: String::new(),
            left: LOOKED_AT,
            novelty: Novelty::default(),
            pen: None,
            latest_pen: (Pen::One(0), Pen::One(0).ops()),
            no_pen: no_pen(),
            letters: Letters::default(),
            flow: Flow::default(),
            control: Control::default(),
            found: Places::default(),
            #[cfg(test)]
            reads_all: false,
        }
    }

    pub(super) fn text(&mut self, text: &str, patterns: &mut Patterns) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let number = self.number;
            let (pen, run) = self.letters(rest);
            if run > 0 {
                self.number += run as u64;
                self.print(&rest[..run], pen, number, patterns);
                rest = &rest[run..];
                continue;
            }
            self.number += 1;
            rest = &rest[c.len_utf8()..];
            let was_string = is_string(self.parser.state);
            match self.parser.feed(c) {
                Some(Function::Print(c)) => {
                    let mut bytes = [0; 4];
                    let text = c.encode_utf8(&mut bytes);
                    self.print(text, Pen::One(number), number, patterns);
                }
                Some(Function::Sgr(_)) | None => {}
                Some(Function::Lf) if c == '\n' && self.line_feeds => {
                    self.function(Function::Cr, patterns);
                    self.function(Function::Lf, patterns);
                }
                Some(function) => self.function(function, patterns),
            }
            if was_string {
                if is_string(self.parser.state) {
                    self.control.push(c, number, patterns, &mut self.found);
                } else {
                    self.control.end(patterns, &mut self.found);
                }
            }
        }
        // What is yet unseen is looked at before it is drawn over, moves or leaves: once a line, not once an event.
    }

    /// How many of the next characters are letters of ASCII that are printed as they are, in one row, with this pen.
    fn letters(&self, text: &str) -> (Pen, usize) {
        let (pen, room) = Pen::of_letters(self.number);
        if self.parser.state != State::Ground || !self.letters.are_usual() {
            return (pen, 0);
        }
        let (cols, _) = self.screen.size();
        let col = self.screen.cursor().col;
        let row = if col < cols { cols - col } else { cols };
        let letters = text.as_bytes().iter().take(row.min(room));
        let letters = letters.take_while(|byte| matches!(byte, b' '..=b'~'));
        (pen, letters.count())
    }

    /// Prints letters, or one character of any kind.
    fn print(&mut self, text: &str, pen: Pen, number: u64, patterns: &mut Patterns) {
        let before = self.screen.cursor();
        // A wide one may have no room in the last column.
        let wraps = before.col + usize::from(!text.is_ascii()) >= self.screen.size().0;
        let is_alternate = self.screen.active_screen_kind() == ScreenKind::Alternate;
        // What is overwritten or scrolls out of sight is looked at first.
        if self.has_moved || (wraps && (is_alternate || self.has_margins)) {
            self.check(patterns);
            self.has_moved = false;
        }
        self.flow.push(text, number, patterns, &mut self.found);
        if self.pen != Some(pen) {
            if self.latest_pen.0 != pen {
                self.latest_pen = (pen, pen.ops());
            }
            self.screen.set_pen(&self.latest_pen.1);
            self.pen = Some(pen);
        }
        match pen {
            Pen::Letters(_) => self.screen.print_as(text, drawn(text, number)),
            Pen::One(_) => self.screen.print_with(text, ()),
        }
        let (new, again) = self.novelty.take(text.as_bytes());
        self.left = LOOKED_AT.min(self.left + new * PAID + again * PAID_AGAIN);
        let cursor = self.screen.cursor();
        let row = cursor.row as isize;
        self.reach.print(before, cursor);
        let cols = self.screen.size().0;
        let has_wrapped = before.col >= cols || cursor.col < before.col;
        if has_wrapped && before.row as isize == row {
            // It scrolled, and with it what is yet to be seen.
            if let Some((first, last)) = &mut self.unseen {
                *first -= 1;
                *last -= 1;
            }
            self.filled += 1;
        }
        if matches!(pen, Pen::One(_)) {
            self.filled = 0;
        }
        self.row = match (self.row, pen) {
            (Row::Blank | Row::Letters, Pen::Letters(_)) => Row::Letters,
            _ => Row::Any,
        };
        self.touch(row);
        let Some((first, last)) = self.unseen else {
            return;
        };
        if first < -self.unseen_rows {
            // Rows that letters filled one after the other hold the text that came, which is looked at as it came.
            let before = first.unsigned_abs() + WINDOW.div_ceil(cols) + 1;
            let is_filled = self.filled > before;
            #[cfg(test)]
            let is_filled = is_filled && !self.reads_all;
            match is_filled {
                true => self.unseen = Some((last, last)),
                false => self.check(patterns),
            }
            self.row = Row::Any;
        }
    }

    fn touch(&mut self, row: isize) {
        let (first, last) = self.unseen.unwrap_or((row, row));
        self.unseen = Some((first.min(row), last.max(row)));
    }

    fn function(&mut self, function: Function, patterns: &mut Patterns) {
        use Function::{
            Bs, Cbt, Cha, Cht, Cnl, Cpl, Cr, Cub, Cud, Cuf, Cup, Cuu, Decsc, Ht, Lf, Osc, Rep,
            Scosc, Vpa, Vpr,
        };
        let row = self.screen.cursor().row as isize;
        let before = std::mem::replace(&mut self.row, Row::Any);
        self.filled = 0;
        self.reach.function(&function);
        self.letters.function(&function);
        let mut erases = true;
        match &function {
            Rep(_) => {
                // What the screen has no budget for any more changes nothing on it.
                if self.screen.is_exhausted() {
                    return;
                }
                // It prints with the pen of the character that it repeats.
                self.check(patterns);
                self.screen.execute(function);
                for row in row..=self.screen.cursor().row as isize {
                    self.touch(row);
                }
                return;
            }
            Osc(_) => self.row = before,
            Decsc | Scosc => {}
            Bs | Cbt(_) | Cha(_) | Cht(_) | Cnl(_) | Cpl(_) | Cr | Cub(_) | Cud(_) | Cuf(_)
            | Cup(..) | Cuu(_) | Vpa(_) | Vpr(_) => {
                self.has_moved = true;
                erases = false;
                self.flow.end_line();
                self.row = match (&function, before) {
                    (Cr, Row::Blank) => Row::Blank,
                    (Cr, Row::Letters | Row::Over) => Row::Over,
                    _ => Row::Any,
                };
            }
            Ht => {
                self.has_moved = true;
                erases = false;
                self.flow.tab();
            }
            Function::Decset(modes) | Function::Decrst(modes)
                if modes.as_slice().iter().all(|mode| {
                    matches!(mode, DecMode::CursorKeys | DecMode::TextCursorEnable)
                }) =>
            {
                self.row = before;
            }
            Lf => {
                match before {
                    Row::Letters | Row::Over => self.check_line(patterns),
                    Row::Any | Row::Blank => self.check(patterns),
                }
                self.has_moved = true;
                self.flow.end_line();
                if self.scrolls_in_alone() {
                    self.row = Row::Blank;
                }
            }
            _ => {
                self.check(patterns);
                self.has_moved = true;
                self.flow.end_line();
            }
        }
        if matches!(function, Function::Decstbm(..)) {
            self.has_margins = true;
        }
        if matches!(function, Function::Ris | Function::Decstr) {
            self.has_margins = false;
        }
        // It comes back with a cursor that was saved before.
        self.may_not_wrap |= matches!(&function, Function::Decrst(modes)
            if modes.as_slice().contains(&DecMode::AutoWrap));
        if erases && self.pen.take().is_some() {
            // What is erased must not carry the number of what was printed last.
            self.screen.set_pen(&self.no_pen);
        }
        self.screen.execute(function);
    }

    pub(super) fn resize(&mut self, size: Size, patterns: &mut Patterns) {
        self.check(patterns);
        (self.filled, self.row) = (0, Row::Any);
        // What is kept above is of the new width as well.
        if scrollback(size) / 2 < self.unseen_rows.unsigned_abs() {
            let mut screen = Emulator::with_scrollback(self.screen.extent(), scrollback(size));
            screen.feed(&self.screen.dump());
            screen.feed("\x1b[m");
            self.screen = screen;
            self.reach.be_unknown();
            self.pen = None;
            self.unseen_rows = (scrollback(size) / 2) as isize;
        }
        let before = self.screen.size();
        self.screen.resize(size);
        if self.screen.size() != before {
            self.reach.resize(&self.screen);
        }
        self.has_moved = true;
    }

    /// Whether a line feed brings a blank row of the whole screen, and what stands above does not go on in it.
    fn scrolls_in_alone(&self) -> bool {
        #[cfg(test)]
        if self.reads_all {
            return false;
        }
        let row = self.screen.cursor().row;
        row + 1 == self.screen.size().1
            && !self.has_margins
            && !self.may_not_wrap
            && self.screen.active_screen_kind() == ScreenKind::Primary
            && !self.screen.screen().line(row).is_none_or(goes_on)
    }

    /// The same as [`Self::check`] where the rows hold the line that came and nothing else: it is not read off the screen.
    fn check_line(&mut self, patterns: &mut Patterns) {
        self.flow.end_line();
        let line = self.flow.last_line();
        let length = line.len();
        if self.unseen.take().is_some() && length <= self.left {
            let is_new = self.flow.look_at(line, patterns, &mut self.found);
            self.pay(length, is_new);
        }
    }

    fn pay(&mut self, bytes: usize, is_new: bool) {
        let cost = bytes / if is_new { 1 } else { KNOWN };
        self.left = self.left.saturating_sub(cost);
    }

    /// Looks at the rows that were drawn on, each as a part of its line.
    fn check(&mut self, patterns: &mut Patterns) {
        let Some((first, last)) = self.unseen.take() else {
            return;
        };
        let screen = &self.screen;
        let reach = self.reach.cols().min(screen.size().0);
        let lines = [usize::MAX, 1]
            .into_iter()
            .find_map(|beside| Rows::of(screen, (first, last), beside, reach, self.left));
        let Some(lines) = lines else {
            return;
        };
        self.line.clear();
        let cells = lines.text(screen, &mut self.line);
        let blank = (cells.all - cells.drawn) / BLANK;
        let found = &mut self.found;
        let mut sources = None;
        let is_new = patterns.find(&self.line, |range| {
            let sources = sources.get_or_insert_with(|| lines.sources(screen));
            sources
                .numbers(range)
                .for_each(|numbers| found.add(numbers));
        });
        self.pay(self.line.len() + blank, is_new);
    }

    /// All that was found.
    pub(super) fn finish(mut self, patterns: &mut Patterns) -> RoaringTreemap {
        self.check(patterns);
        self.control.end(patterns, &mut self.found);
        self.flow.look_at_all(patterns, &mut self.found);
        self.found.finish()
    }

    /// How many columns are read of each row, and how many something stands in.
    #[cfg(test)]
    pub(super) fn reach(&self) -> (usize, usize) {
        (self.reach.cols(), super::rows::reach(&self.screen))
    }

    pub(super) fn line_before_the_cursor(&self) -> String {
        let cursor = self.screen.cursor();
        let line = self.screen.screen().line(cursor.row);
        let cells = line.map(Line::cells).unwrap_or_default();
        let before = cells.iter().take(cursor.col);
        before
            .filter(|cell| cell.width() > 0)
            .map(char_of)
            .collect()
    }
}

fn is_string(state: State) -> bool {
    matches!(
        state,
        State::OscString | State::DcsPassthrough | State::DcsIgnore | State::SosPmApcString
    )
}

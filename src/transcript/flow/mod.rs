//! Plain lines at the bottom of the main screen, as a long output writes them: what scrolls out is known without an emulator.
//!
//! Nothing here is guessed: whatever is not printable ASCII, a colour or a line end brings the emulator back, with the rows
//! that it would have. A line that goes on and on is no other matter than many.

mod rolling;

use std::collections::VecDeque;

use avt::parser::{AnsiMode, DecMode, Function};
use avt::{Line, ScreenKind};

use crate::screen::{Emulator, Letters};

pub(crate) use rolling::Rolling;

/// So much plain output in a row is worth beginning, in characters.
const WORTH: usize = 4 * 1024;
/// Colours that are kept for the emulator, in bytes.
const MAX_RENDITION: usize = 4 * 1024;

/// What a line begins with that goes on in the column of the one above, or a part of it.
const BLANKS: &str = "                                                                ";

/// Whether output is such that an emulator is not needed, as it is fed to one.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Characters of plain output so far.
    run: usize,
    /// No sequence is under way.
    is_ground: bool,
    /// What is printed may not be what is sent.
    letters: Letters,
    /// It may not stand where it would.
    is_odd: bool,
}

impl Watch {
    /// A character was parsed, to this.
    pub(super) fn see(&mut self, function: Option<&Function>) {
        match function {
            None => self.is_ground = false,
            Some(Function::Print(' '..='~')) => {
                self.is_ground = true;
                self.see_print(1);
            }
            Some(Function::Lf | Function::Cr | Function::Sgr(_)) => self.run += 1,
            Some(other) => {
                self.run = 0;
                self.letters.function(other);
                self.is_ground |= matches!(other, Function::Print(_));
                self.is_odd = match other {
                    Function::Ris => false,
                    other => self.is_odd || is_odd(other),
                };
            }
        }
    }

    /// So many characters of printable ASCII were, which is what they are parsed to where no sequence is under way.
    pub(super) fn see_print(&mut self, characters: usize) {
        self.run += characters;
    }

    /// Whether what comes next begins anew, and goes on with no sequence.
    pub(super) fn is_ground(&self) -> bool {
        self.is_ground
    }

    /// Plain output came to its end, and what there is of it has to be worth another beginning.
    pub(super) fn end(&mut self) {
        self.run = 0;
    }

    /// Whether the emulator may be left alone from here on: output goes on in its last row, and nothing stands in the way.
    pub(super) fn is_plain(&self, screen: &Emulator) -> bool {
        let (cols, rows) = screen.size();
        // The screen is copied, and drawn again at the end.
        self.run >= WORTH.max(cols * rows / 2)
            && self.is_ground
            && !self.is_odd
            && self.letters.are_usual()
            && rows > 1
            && screen.active_screen_kind() == ScreenKind::Primary
            && before_the_cursor(screen).is_some()
    }
}

/// What stands before the cursor in the last row, if it is plain and nothing stands behind.
fn before_the_cursor(screen: &Emulator) -> Option<String> {
    let cursor = screen.cursor();
    if cursor.row + 1 < screen.size().1 {
        return None;
    }
    let cells = screen.screen().line(cursor.row)?.cells();
    let (before, behind) = cells.split_at_checked(cursor.col)?;
    let is_plain = before.iter().all(|cell| matches!(cell.char(), ' '..='~'));
    (is_plain && behind.iter().all(|cell| cell.char() == ' '))
        .then(|| before.iter().map(avt::Cell::char).collect())
}

/// Whether text is printed in other places afterwards.
fn is_odd(function: &Function) -> bool {
    match function {
        Function::Sm(modes) => {
            let mut modes = modes.as_slice().iter();
            modes.any(|mode| matches!(mode, AnsiMode::Insert | AnsiMode::NewLine))
        }
        Function::Decset(modes) => modes.as_slice().contains(&DecMode::Origin),
        Function::Decrst(modes) => modes.as_slice().contains(&DecMode::AutoWrap),
        _ => false,
    }
}

/// The screen while lines go by.
#[derive(Debug)]
pub(super) struct Flow {
    cols: usize,
    /// The rows above the last one, and the last one, which has the cursor.
    rows: VecDeque<Row>,
    last: String,
    rendition: String,
    /// So much stood in the last row when it took over.
    began: usize,
    /// The last output ended with a carriage return; what comes tells whether the line ends.
    is_returned: bool,
}

#[derive(Debug)]
struct Row {
    text: String,
    is_wrapped: bool,
}

impl Flow {
    /// Takes over from an emulator that [`Watch::is_plain`] holds for.
    pub(super) fn of(screen: &Emulator) -> Self {
        let (cols, rows) = screen.size();
        let lines = screen.primary_screen();
        let above = lines.visible_lines().take(rows - 1).map(|line| Row {
            text: line.chars().collect(),
            is_wrapped: Line::is_wrapped(line),
        });
        let last = before_the_cursor(screen).unwrap_or_default();
        Self {
            cols,
            rows: above.collect(),
            began: last.len(),
            last,
            rendition: String::new(),
            is_returned: false,
        }
    }

    /// Takes output as far as it is plain, and tells its length. `left` is given each row that scrolls out, and whether its
    /// line goes on in the next one.
    pub(super) fn take(&mut self, output: &str, mut left: impl FnMut(&str, bool)) -> usize {
        let bytes = output.as_bytes();
        let mut at = 0;
        if self.is_returned && !bytes.is_empty() {
            if bytes[0] != b'\n' {
                return 0;
            }
            self.is_returned = false;
            self.scroll(false, &mut left);
            at = 1;
        }
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' '..=b'~' => {
                    let rest = &bytes[at..];
                    let end = rest.iter().position(|byte| !(b' '..=b'~').contains(byte));
                    let end = at + end.unwrap_or(rest.len());
                    self.print(&output[at..end], &mut left);
                    at = end;
                }
                b'\r' if bytes.get(at + 1) == Some(&b'\n') => {
                    self.scroll(false, &mut left);
                    at += 2;
                }
                // The line below goes on in the same column.
                b'\n' => {
                    let col = self.last.len();
                    self.scroll(false, &mut left);
                    for from in (0..col).step_by(BLANKS.len()) {
                        self.last.push_str(&BLANKS[..BLANKS.len().min(col - from)]);
                    }
                    at += 1;
                }
                b'\r' if bytes.len() == at + 1 => {
                    self.is_returned = true;
                    at += 1;
                }
                0x1b => match colour(&bytes[at..]) {
                    Some(length) if self.rendition.len() < MAX_RENDITION => {
                        self.colour(&output[at..at + length]);
                        at += length;
                    }
                    _ => break,
                },
                _ => break,
            }
        }
        at
    }

    /// Gives the emulator the screen that it would have, and tells what it is to be shown besides, of what was taken.
    pub(super) fn restore(self, screen: &mut Emulator) -> &'static str {
        let mut output = "\r".to_owned();
        let mut goes_on = false;
        for (number, row) in self.rows.iter().enumerate() {
            match row.text.trim_end_matches(' ') {
                // What the emulator still shows there is drawn over.
                text if number == 0 && !row.is_wrapped && text.len() < self.began => {
                    output.extend([text, &" ".repeat(self.began - text.len()), "\r\n"]);
                }
                _ if row.is_wrapped => output.push_str(&row.text),
                // The row before goes on here with spaces alone, and would not without one.
                "" if goes_on => output.push_str(" \r\n"),
                text => output.extend([text, "\r\n"]),
            }
            goes_on = row.is_wrapped;
        }
        output.push_str(&self.last);
        output.push_str(&self.rendition);
        screen.feed_with(&output, ());
        if self.is_returned { "\r" } else { "" }
    }

    fn print(&mut self, mut text: &str, left: &mut impl FnMut(&str, bool)) {
        while !text.is_empty() {
            if self.last.len() == self.cols {
                self.scroll(true, left);
            }
            let (fits, rest) = text.split_at(text.len().min(self.cols - self.last.len()));
            self.last.push_str(fits);
            text = rest;
        }
    }

    fn scroll(&mut self, is_wrapped: bool, left: &mut impl FnMut(&str, bool)) {
        let Some(first) = self.rows.pop_front() else {
            return;
        };
        left(&first.text, first.is_wrapped);
        let mut text = first.text;
        text.clear();
        std::mem::swap(&mut text, &mut self.last);
        self.rows.push_back(Row { text, is_wrapped });
    }

    fn colour(&mut self, sequence: &str) {
        // Nothing of what came before is left.
        if matches!(sequence, "\x1b[m" | "\x1b[0m") {
            self.rendition.clear();
        }
        self.rendition.push_str(sequence);
    }
}

/// The length of a sequence that sets colours and the like, and nothing else.
fn colour(bytes: &[u8]) -> Option<usize> {
    let parameters = bytes.strip_prefix(b"\x1b[")?;
    let is_parameter = |byte: &u8| matches!(byte, b'0'..=b'9' | b';' | b':');
    let length = parameters.iter().position(|byte| !is_parameter(byte))?;
    (parameters[length] == b'm').then_some(length + 3)
}

#[cfg(test)]
mod tests;

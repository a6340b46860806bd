//! The recorded terminal: what was on its screen at one moment of the playback, and how a real terminal gets to show it.
//!
//! Nothing here knows of time or of files, and whatever a recording says its size is, the memory held is limited.

use std::fmt::Write as _;

use avt::{Line, ScreenKind};

use crate::screen::paint::{self, sgr};
use crate::screen::{Emulator, Size};

/// An emulated terminal.
pub(crate) struct Canvas {
    terminal: Emulator,
}

/// All of a [`Canvas`] at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    size: Size,
    dump: String,
}

impl Snapshot {
    /// In bytes.
    pub(crate) fn size(&self) -> usize {
        self.dump.len()
    }
}

impl Canvas {
    /// An empty screen. A recording made without a terminal has none of its own; it gets the usual one.
    pub(crate) fn new(size: Size) -> Self {
        Self {
            terminal: Emulator::new(size),
        }
    }

    /// The same for a thread that signals are waited for on.
    pub(crate) fn beside_keys(size: Size) -> Self {
        Self {
            terminal: Emulator::beside_keys(size),
        }
    }

    /// Shows output.
    pub(crate) fn feed(&mut self, output: &str) {
        self.terminal.feed(output);
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> Size {
        self.terminal.extent()
    }

    /// Whether a full-screen program has the other screen.
    pub(crate) fn is_alternate(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Takes another size.
    pub(crate) fn resize(&mut self, size: Size) {
        self.terminal.resize(size);
    }

    /// Keeps this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            size: self.terminal.extent(),
            dump: self.terminal.dump(),
        }
    }

    /// Goes back (or on) to a moment that was kept.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) {
        self.terminal = Emulator::new(snapshot.size);
        self.terminal.feed(&snapshot.dump);
    }

    /// What a terminal has to be sent to show this screen, whatever it shows now. What does not fit into `window`
    /// stays out of sight.
    ///
    /// The emulator's own dump would do for a terminal of exactly this size and with every modern sequence; this
    /// places each row by itself and keeps to sequences that every terminal knows.
    pub(crate) fn redraw(&self, window: Option<Size>) -> String {
        let (cols, rows) = self.terminal.size();
        let window = window.filter(|window| window.cols > 0 && window.rows > 0);
        let width = window.map_or(cols, |window| cols.min(window.cols.into()));
        let height = window.map_or(rows, |window| rows.min(window.rows.into()));
        let dump = self.terminal.dump();
        let modes = Modes::of(&dump);
        let mut out = String::from(PLAIN);
        // Leaving the other screen first: what was drawn there must not stay behind on this one.
        out.push_str("\x1b[?1049l\x1b[?6l\x1b[H\x1b[2J\x1b[?7l");
        let primary: Vec<&Line> = self.terminal.primary_screen().visible_lines().collect();
        paint(&primary, width, height, &mut out);
        if self.terminal.active_screen_kind() == ScreenKind::Alternate {
            let (row, col) = modes.primary_cursor;
            let _ = write!(
                out,
                "\x1b[0m\x1b[{row};{col}H\x1b[?1049h\x1b[H\x1b[2J\x1b[?7l"
            );
            let alternate: Vec<&Line> = self.terminal.screen().visible_lines().collect();
            paint(&alternate, width, height, &mut out);
        }
        out.push_str("\x1b[0m\x1b[?7h");
        if let Some(margins) = modes.margins {
            out.push_str(margins);
        }
        let cursor = self.terminal.cursor();
        // With origin mode a row counts from the margin, and only inside the margins.
        let mut row = cursor.row + 1;
        if modes.origin {
            out.push_str("\x1b[?6h");
            row = row
                .saturating_sub(modes.top_margin().saturating_sub(1))
                .max(1);
        }
        let _ = write!(out, "\x1b[{row};{}H", cursor.col.min(cols - 1) + 1);
        if cursor.col >= cols
            && let Some(last) = self
                .terminal
                .screen()
                .line(cursor.row)
                .and_then(|line| line.cells().last())
            && last.width() == 1
        {
            // The cursor hangs behind the last column, where only printing brings it.
            sgr(last.pen(), &mut out);
            out.push(last.char());
        }
        out.push_str(&paint::portable(modes.tail));
        out
    }

    /// As much of this screen as fits into a smaller window, with the cursor in it: a picture, to be drawn anew when
    /// something changes. Gives the row, from 1, that it ends with, too.
    pub(crate) fn picture(&self, window: Size) -> (String, usize) {
        let (cols, rows) = self.terminal.size();
        let width = cols.min(window.cols.into());
        let height = rows.min(window.rows.into()).max(1);
        let cursor = self.terminal.cursor();
        let first = (cursor.row + 1).saturating_sub(height);
        let lines: Vec<&Line> = self.terminal.screen().visible_lines().skip(first).collect();
        let mut out = String::from(PLAIN);
        out.push_str("\x1b[?6l\x1b[H\x1b[2J\x1b[?7l");
        paint(&lines, width, height, &mut out);
        let (row, col) = (cursor.row - first + 1, cursor.col.min(width.max(1) - 1) + 1);
        let _ = write!(out, "\x1b[0m\x1b[?7h\x1b[{row};{col}H");
        (out, height)
    }

    /// What a terminal has to be sent when a [`Canvas::picture`] that ends with this row is left.
    pub(crate) fn leave_picture(last_row: usize) -> String {
        format!("{PLAIN}\x1b[{last_row};1H\r\n")
    }

    /// What a terminal has to be sent when playback ends, so that the person's shell finds it as it should be.
    pub(crate) fn closing(&self) -> String {
        let mut out = String::from(PLAIN);
        let dump = self.terminal.dump();
        let modes = Modes::of(&dump);
        let cursor = self.terminal.cursor();
        let mut col = cursor.col;
        if modes.origin {
            let _ = write!(out, "\x1b[?6l\x1b[{};{}H", cursor.row + 1, cursor.col + 1);
        }
        if self.terminal.active_screen_kind() == ScreenKind::Alternate {
            out.push_str("\x1b[?1049l");
            // The column that counts is that on the screen which is left showing.
            col = modes.primary_cursor.1 - 1;
        }
        if col > 0 {
            out.push_str("\r\n");
        }
        out
    }
}

impl Canvas {
    /// The same for a terminal whose screen is not known any more: the other screen is left, and the cursor goes below all.
    pub(crate) fn closing_blindly() -> String {
        format!("{PLAIN}\x1b[?6l\x1b[?1049l\x1b[999;1H\r\n")
    }
}

/// Undoes what output can leave behind: key and mouse reports, keypad, margins, insert, character set, colors, a hidden
/// cursor, no line wrap. The cursor stays where it is; origin mode is left out, since ending it moves the cursor.
const PLAIN: &str = "\x1b[?1000;1002;1003;1004;1005;1006;1015;1016;2004;2026l\x1b[>4m\x1b[=0u\x1b[?1l\x1b>\
                     \x1b7\x1b[r\x1b8\x1b[4l\x1b[20l\x0f\x1b(B\x1b)0\x1b[0m\x1b[?7h\x1b[?25h";

fn paint(lines: &[&Line], width: usize, height: usize, out: &mut String) {
    for (row, line) in lines.iter().take(height).enumerate() {
        // What the screen was cleared with need not be painted.
        if paint::is_blank(line) {
            continue;
        }
        let _ = write!(out, "\x1b[{};1H\x1b[0m", row + 1);
        paint::line(line, width, out);
    }
}

/// What the emulator tells of itself in its dump alone.
struct Modes<'a> {
    /// As the sequence that sets them.
    margins: Option<&'a str>,
    origin: bool,
    /// Row and column from 1, of the primary screen while the alternate one is shown.
    primary_cursor: (usize, usize),
    /// From the pen on, which is the last color set: cursor, character sets, modes, a sequence under way.
    tail: &'a str,
}

impl<'a> Modes<'a> {
    fn of(dump: &'a str) -> Self {
        let mut modes = Self {
            margins: None,
            origin: false,
            primary_cursor: (1, 1),
            tail: "",
        };
        let mut cursor = (1, 1);
        let mut from = 0;
        while let Some(found) = dump[from..].find("\x1b[") {
            let start = from + found;
            let parameters = start + 2;
            let Some(length) = dump[parameters..].find(|c: char| ('@'..='~').contains(&c)) else {
                break;
            };
            let last = parameters + length;
            from = last + 1;
            let sequence = &dump[start..from];
            match (
                &dump[parameters..last],
                sequence.as_bytes()[sequence.len() - 1],
            ) {
                (_, b'm') => modes.tail = &dump[start..],
                (_, b'r') => modes.margins = Some(sequence),
                ("?6", b'h') => modes.origin = true,
                ("?6", b'l') => modes.origin = false,
                ("?1047", b'h') => modes.primary_cursor = cursor,
                (place, b'H') => cursor = pair(place),
                _ => {}
            }
        }
        modes
    }

    fn top_margin(&self) -> usize {
        self.margins
            .and_then(|margins| margins.strip_prefix("\x1b["))
            .map_or(1, |margins| pair(margins.trim_end_matches('r')).0)
    }
}

fn pair(text: &str) -> (usize, usize) {
    let mut numbers = text
        .split(';')
        .map(|number| number.parse().unwrap_or(1).max(1));
    (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Size = Size { cols: 20, rows: 5 };

    fn showing(output: &str) -> Canvas {
        let mut canvas = Canvas::new(SIZE);
        canvas.feed(output);
        canvas
    }

    /// A terminal that showed something else before is sent the drawing and then goes on as the canvas does.
    fn check(output: &str, then: &str) {
        let mut canvas = showing(output);
        let mut real = Emulator::new(SIZE);
        real.feed("old\x1b[31;5m things\x1b[?1049h\x1b[2;3r\x1b[?25l\x1b[4h\x1b[?7l\x1b(0qq");
        real.feed(&canvas.redraw(Some(SIZE)));
        compare(&canvas.terminal, &real, output);
        canvas.feed(then);
        real.feed(then);
        compare(&canvas.terminal, &real, output);
    }

    fn compare(expected: &Emulator, got: &Emulator, output: &str) {
        for (left, right) in [
            (expected.screen(), got.screen()),
            (expected.primary_screen(), got.primary_screen()),
        ] {
            let cells = |screen: avt::Screen<'_>| -> Vec<String> {
                let lines = screen.visible_lines();
                lines
                    .map(|line| line.text().trim_end().to_owned())
                    .collect()
            };
            assert_eq!(cells(left), cells(right), "{output:?}");
        }
        assert_eq!(expected.cursor(), got.cursor(), "{output:?}");
        assert_eq!(expected.active_screen_kind(), got.active_screen_kind());
    }

    #[test]
    fn a_redraw_shows_the_same_screen_and_goes_on_like_it() {
        for output in [
            "",
            "hello\r\nworld",
            "\x1b[31mred \x1b[1;48;5;200mpink\x1b[0m\x1b[38;2;1;2;3mrgb",
            "01234567890123456789",
            "0123456789012345678901234\r\n\r\n\r\n\r\n\r\nlast",
            "wide 漢字 and é",
            "shell$ vim\x1b[?1049h\x1b[2J\x1b[Hvim\x1b[2;4r\x1b[3;1H",
            "\x1b[2;4r\x1b[?6h\x1b[2;2Hx",
            "\x1b(0lqk\x1b[?25l",
            "half a sequence \x1b[3",
        ] {
            check(output, "1mX\r\nnext");
        }
    }

    #[test]
    fn rows_and_columns_beyond_the_window_stay_out_of_sight() {
        let canvas = showing("12345678\r\n漢字漢字\r\nthird");
        let window = Size { cols: 5, rows: 2 };
        let mut real = Emulator::new(window);
        real.feed(&canvas.redraw(Some(window)));
        assert_eq!(real.screen().text(), ["12345", "漢字"]);
    }

    #[test]
    fn a_snapshot_brings_everything_back() {
        let mut canvas = showing("one\x1b[?1049htwo\x1b[31");
        let kept = canvas.snapshot();
        let before = canvas.terminal.dump();
        canvas.feed("\x1bc gone");
        canvas.restore(&kept);
        assert_eq!(canvas.terminal.dump(), before);
    }

    #[test]
    fn the_end_leaves_the_other_screen_and_starts_a_new_line() {
        let mut real = Emulator::new(SIZE);
        for output in ["$ ls\x1b[31m", "$ vim\x1b[?1049h\x1b[2;3r\x1b[?25l~"] {
            real.feed(output);
            real.feed(&showing(output).closing());
            assert_eq!(real.active_screen_kind(), ScreenKind::Primary);
            let cursor = real.cursor();
            assert!(cursor.visible);
            assert_eq!(cursor.col, 0);
        }
    }

    #[test]
    fn a_size_that_no_terminal_has_is_not_believed() {
        let mut canvas = Canvas::new(Size {
            cols: u16::MAX,
            rows: u16::MAX,
        });
        assert_eq!(canvas.terminal.size(), (1000, 500));
        canvas.resize(Size {
            cols: u16::MAX,
            rows: 0,
        });
        assert_eq!(canvas.terminal.size(), (1000, 500));
        assert_eq!(
            Canvas::new(Size { cols: 0, rows: 0 }).terminal.size(),
            (80, 24)
        );
    }

    proptest! {
        #[test]
        fn no_output_stops_the_drawing(output in "([ -~é漢\\r\\n]|\\x1b[\\[\\]()#PXc78=>]|\\x1b\\[[?>]?[0-9;:]{0,6}[@-~]|\u{9b}){0,60}", cols in 1_u16..30, rows in 1_u16..8) {
            let mut canvas = showing(&output);
            let _ = canvas.redraw(Some(Size { cols, rows }));
            canvas.resize(Size { cols, rows });
            let kept = canvas.snapshot();
            canvas.restore(&kept);
            let window = Size { cols: 3, rows: 3 };
            let mut real = Emulator::new(window);
            real.feed(&canvas.redraw(Some(window)));
            let _ = canvas.closing();
        }
    }
}

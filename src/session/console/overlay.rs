//! Lines of ours over the remote's screen, and what was there before put back when they go.
//!
//! Nothing here writes to a terminal. The remote's own cursor, colors and a sequence that it has only half sent survive;
//! what stood under the line is known from the output before, which costs a copy as long as there is no line, and a look
//! through a terminal emulator when there is one. A line of its own at the bottom, or text in the flow, would stay in a
//! full-screen program until that redraws, which it has no reason to do.

use std::fmt::Write as _;
use std::ops::Range;

use crate::screen::{self, Emulator, Size, paint};
use crate::words::printable;

/// Output that is kept to know the screen from, in bytes; a screen of 200 x 60 is redrawn with a tenth of it.
const KEPT: usize = 256 * 1024;
/// The longest sequence that is worth sending again.
const MAX_PENDING: usize = 4096;
const SAVE: &str = "\x1b7\x1b[?6l\x0f\x1b(B";
const RESTORE: &str = "\x1b8";

/// The screen as the remote left it, and the line over it.
pub(super) struct Overlay {
    size: Size,
    kept: Vec<u8>,
    /// What was shown before what is kept; `None`: nothing that matters.
    terminal: Option<Emulator>,
    /// The rows that lines of ours stand in.
    drawn: Range<usize>,
}

impl std::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overlay")
            .field("size", &self.size)
            .field("kept", &self.kept.len())
            .field("drawn", &self.drawn)
            .finish_non_exhaustive()
    }
}

impl Overlay {
    pub(super) fn new(size: Size) -> Self {
        Self {
            size,
            kept: Vec::new(),
            terminal: None,
            drawn: 0..0,
        }
    }

    /// The remote's output was shown; no line stood there.
    pub(super) fn shown(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        if self.kept.len() > KEPT {
            self.forget();
        }
    }

    /// The screen has another size now.
    pub(super) fn resize(&mut self, size: Size) {
        if size == self.size {
            return;
        }
        // What came before was drawn on the old size.
        self.catch_up();
        self.size = size;
        if let Some(terminal) = self.terminal.as_mut().filter(|_| has_room(size)) {
            terminal.resize(size);
        }
    }

    /// What draws the line, in place of the one before if there is one; nothing where it would do harm.
    pub(super) fn draw(&mut self, text: &str) -> String {
        self.draw_all(&[text])
    }

    /// The same for several lines, as many of them as there is room for.
    pub(super) fn draw_all(&mut self, lines: &[&str]) -> String {
        let mut out = self.clear();
        if pending(&self.kept) == Pending::Character {
            return out;
        }
        self.catch_up();
        let Some(terminal) = self.terminal() else {
            return out;
        };
        let (cols, rows) = terminal.size();
        // At the top it is in nobody's way, unless that is where the person types.
        let first = match terminal.cursor().row {
            0 if lines.len() == 1 => rows - 1,
            _ => 0,
        };
        let drawn = first..(first + lines.len()).min(rows);
        let width = cols - 1;
        out.push_str(SAVE);
        for (row, text) in drawn.clone().zip(lines) {
            let line: String = printable(text).chars().take(width).collect();
            // Writing to a String cannot fail.
            let _ = write!(
                out,
                "\x1b[{};1H\x1b[0;7m{line:<width$}\x1b[0m\x1b[K",
                row + 1
            );
        }
        out.push_str(RESTORE);
        self.drawn = drawn;
        out
    }

    /// Whether the remote shows the screen of a program that draws all of it: an alternate one, or one on which something
    /// stands below the cursor, as nothing does below a prompt.
    pub(super) fn is_full_screen(&mut self) -> bool {
        self.catch_up();
        let Some(terminal) = self.terminal() else {
            return false;
        };
        let is_blank = |row| {
            let line = terminal.screen().line(row);
            line.is_none_or(|line| line.chars().all(char::is_whitespace))
        };
        let below = terminal.cursor().row + 1..terminal.size().1;
        terminal.active_screen_kind() == avt::ScreenKind::Alternate
            || !below.into_iter().all(is_blank)
    }

    /// Lines below where the remote writes, and the one that it has begun once more below them: what is typed next comes
    /// behind it as before.
    pub(super) fn below(&mut self, lines: &[String]) -> String {
        self.catch_up();
        let mut out = String::new();
        let pending = match pending(&self.kept) {
            // What was only begun would swallow ours.
            Pending::Sequence(sequence) => {
                out.push('\x18');
                String::from_utf8_lossy(sequence).into_owned()
            }
            _ => String::new(),
        };
        out.push_str("\x1b[0m");
        for line in lines {
            out.push_str("\r\n");
            out.push_str(&printable(line));
        }
        out.push_str("\r\n");
        if let Some(terminal) = self.terminal() {
            let (cols, cursor) = (terminal.size().0, terminal.cursor());
            if let Some(line) = terminal.screen().line(cursor.row) {
                paint::line(line, cols, &mut out);
                let _ = write!(out, "\x1b[0m\x1b[{}G", cursor.col.min(cols - 1) + 1);
            }
        }
        out.push_str(&pending);
        out
    }

    /// What takes the lines away.
    pub(super) fn clear(&mut self) -> String {
        let mut out = String::new();
        let drawn = std::mem::take(&mut self.drawn);
        if drawn.is_empty() {
            return out;
        }
        out.push_str(SAVE);
        for row in drawn {
            let _ = write!(out, "\x1b[{};1H\x1b[0m", row + 1);
            if let Some(terminal) = self.terminal()
                && let Some(line) = terminal.screen().line(row)
            {
                paint::line(line, terminal.size().0, &mut out);
            }
            out.push_str("\x1b[0m\x1b[K");
        }
        out.push_str(RESTORE);
        out.push_str(&self.wrap());
        // The sequence that the remote had begun was broken off by ours.
        if let Pending::Sequence(sequence) = pending(&self.kept) {
            out.push_str(&String::from_utf8_lossy(sequence));
        }
        out
    }

    /// What makes the next character begin a new row, where the last one has filled its own: not every terminal keeps
    /// that with the cursor. The character is written once more, in the colors that are in force.
    fn wrap(&self) -> String {
        let Some(terminal) = self.terminal() else {
            return String::new();
        };
        let (cols, cursor) = (terminal.size().0, terminal.cursor());
        if cursor.col < cols {
            return String::new();
        }
        let last = terminal.screen().line(cursor.row).and_then(|line| {
            let cells = line.cells();
            let at = cells.iter().take(cols).rposition(|cell| cell.width() > 0)?;
            Some((at, cells[at].char()))
        });
        last.map_or_else(String::new, |(at, c)| format!("\x1b[{}G{c}", at + 1))
    }

    /// What is known of the screen, where a line fits on it.
    fn terminal(&self) -> Option<&Emulator> {
        // A screen that is not all there would be put back wrongly.
        self.terminal
            .as_ref()
            .filter(|terminal| has_room(self.size) && !terminal.is_exhausted())
    }

    /// Brings the emulator up to what is shown; the end of it is kept, for a sequence under way.
    fn catch_up(&mut self) {
        if !has_room(self.size) {
            return;
        }
        self.terminal
            .get_or_insert_with(|| Emulator::beside_keys(self.size));
        let end = match pending(&self.kept) {
            Pending::Nothing => self.kept.len(),
            Pending::Sequence(sequence) => self.kept.len() - sequence.len(),
            Pending::Character => self.kept.len() - 3.min(self.kept.len()),
        };
        self.feed(end);
    }

    fn feed(&mut self, end: usize) {
        if let Some(terminal) = &mut self.terminal {
            terminal.feed(&String::from_utf8_lossy(&self.kept[..end]));
        }
        self.kept.drain(..end);
    }

    /// Makes room. A scrolling screen needs no more than what is left; on the alternate one something may have stood since
    /// long ago.
    fn forget(&mut self) {
        let half = self.kept.len() / 2;
        let cut = self.kept[half..]
            .iter()
            .position(|byte| *byte == b'\n' || *byte == 0x1b)
            .map_or(self.kept.len(), |at| half + at);
        let since = self
            .terminal
            .as_ref()
            .is_some_and(|terminal| terminal.active_screen_kind() == avt::ScreenKind::Alternate);
        if is_alternate(&self.kept[..cut]).unwrap_or(since) {
            if has_room(self.size) {
                self.terminal
                    .get_or_insert_with(|| Emulator::beside_keys(self.size));
            }
            self.feed(cut);
        } else {
            self.terminal = None;
            self.kept.drain(..cut);
        }
    }
}

/// Whether a screen is one that a line fits on.
fn has_room(size: Size) -> bool {
    screen::fits(size) && size.cols > 1 && size.rows > 1
}

/// Which screen output leaves showing; `None` when it does not say.
fn is_alternate(output: &[u8]) -> Option<bool> {
    let mut showing = None;
    for at in memchr::memchr_iter(0x1b, output) {
        let rest = &output[at + 1..];
        for mode in [&b"[?1049"[..], b"[?1047", b"[?47"] {
            if let Some(rest) = rest.strip_prefix(mode) {
                match rest.first() {
                    Some(b'h') => showing = Some(true),
                    Some(b'l') => showing = Some(false),
                    _ => {}
                }
            }
        }
    }
    showing
}

/// What output ends in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending<'a> {
    Nothing,
    /// An escape sequence, from its first byte.
    Sequence(&'a [u8]),
    /// A character: what is drawn now would break it for good.
    Character,
}

fn pending(output: &[u8]) -> Pending<'_> {
    let tail = &output[output.len().saturating_sub(MAX_PENDING)..];
    if let Some(at) = memchr::memrchr(0x1b, tail)
        && !is_complete(&tail[at + 1..])
    {
        return Pending::Sequence(&tail[at..]);
    }
    let last = &tail[tail.len().saturating_sub(3)..];
    let lead = last.iter().rposition(|byte| byte & 0xc0 != 0x80);
    let wanted = lead.map_or(0, |at| match last[at] {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 0,
    });
    match lead {
        Some(at) if last.len() - at < wanted => Pending::Character,
        _ => Pending::Nothing,
    }
}

/// Whether an escape sequence ends in what follows its ESC.
fn is_complete(rest: &[u8]) -> bool {
    match rest.split_first() {
        None => false,
        Some((b'[', rest)) => rest.iter().any(|byte| (0x40..=0x7e).contains(byte)),
        // A string: it ends with BEL here, or with another ESC, which would have been the last.
        Some((b']' | b'P' | b'X' | b'^' | b'_', rest)) => {
            rest.iter().any(|byte| matches!(byte, 0x07 | 0x18 | 0x1a))
        }
        Some((0x20..=0x2f, rest)) => rest.iter().any(|byte| (0x30..=0x7e).contains(byte)),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: Size = Size { cols: 30, rows: 6 };

    fn real() -> Emulator {
        Emulator::new(SIZE)
    }

    /// Row by row: that one row goes on in the next is forgotten under a line, and seen by nobody.
    fn text(terminal: &Emulator) -> Vec<String> {
        let lines = terminal.screen().visible_lines();
        lines.map(|line| line.chars().collect()).collect()
    }

    /// Output, a line over it and away again, more output: the same screen as without the line.
    fn check(before: &[u8], after: &str) {
        let mut overlay = Overlay::new(SIZE);
        let (mut with, mut without) = (real(), real());
        let shown = String::from_utf8_lossy(before).into_owned();
        overlay.shown(before);
        with.feed(&shown);
        with.feed(&overlay.draw("connection lost"));
        with.feed(&overlay.draw("connection lost: still"));
        with.feed(&overlay.clear());
        assert_eq!(overlay.clear(), "", "nothing is left to take away");
        without.feed(&shown);
        for terminal in [&mut with, &mut without] {
            terminal.feed(after);
        }
        assert_eq!(text(&with), text(&without), "{before:?} then {after:?}");
        assert_eq!(with.cursor().row, without.cursor().row);
        assert_eq!(with.cursor().col, without.cursor().col);
    }

    #[test]
    fn the_line_is_seen_and_leaves_no_trace() {
        let mut overlay = Overlay::new(SIZE);
        let mut terminal = real();
        let output = "first\r\nsecond\r\n$ ";
        overlay.shown(output.as_bytes());
        terminal.feed(output);
        terminal.feed(&overlay.draw("connection lost"));
        assert_eq!(text(&terminal)[0].trim_end(), "connection lost");
        assert_eq!(text(&terminal)[1].trim_end(), "second");
        terminal.feed(&overlay.clear());
        assert_eq!(text(&terminal)[0].trim_end(), "first");
        assert_eq!((terminal.cursor().row, terminal.cursor().col), (2, 2));
    }

    #[test]
    fn it_stands_elsewhere_when_the_person_types_at_the_top() {
        let mut overlay = Overlay::new(SIZE);
        overlay.shown(b"$ ");
        assert!(overlay.draw("lost").contains("\x1b[6;1H"));
        check(b"$ ", "ls\r\nfile\r\n");
    }

    #[test]
    fn several_lines_leave_no_trace_either() {
        let output = "\x1b[?1049h\x1b[H\x1b[2J\x1b[31mone\r\ntwo\x1b[6;1Hbar\x1b[2;2H";
        let mut overlay = Overlay::new(SIZE);
        let (mut with, mut without) = (real(), real());
        overlay.shown(output.as_bytes());
        assert!(overlay.is_full_screen());
        for terminal in [&mut with, &mut without] {
            terminal.feed(output);
        }
        // More than there is room for.
        with.feed(&overlay.draw_all(&["line"; 9]));
        assert!(text(&with).iter().all(|row| row.trim_end() == "line"));
        with.feed(&overlay.clear());
        assert_eq!(text(&with), text(&without));
        assert_eq!(with.cursor().row, without.cursor().row);
        assert_eq!(with.cursor().col, without.cursor().col);
    }

    #[test]
    fn what_stands_below_the_cursor_is_not_written_over() {
        for (output, is_full) in [
            ("first\r\n$ ", false),
            ("\x1b[H\x1b[2Jtop\r\n\r\nPID\r\n 1\x1b[2;1H", true),
            ("\x1b[6;1Hlast row", false),
        ] {
            let mut overlay = Overlay::new(SIZE);
            overlay.shown(output.as_bytes());
            assert_eq!(overlay.is_full_screen(), is_full, "{output:?}");
        }
    }

    #[test]
    fn below_a_prompt_lines_are_read_and_the_prompt_goes_on_below_them() {
        for begun in ["", "\x1b[3"] {
            let mut overlay = Overlay::new(SIZE);
            let mut terminal = real();
            let output = format!("first\r\n$ ec{begun}");
            overlay.shown(output.as_bytes());
            terminal.feed(&output);
            assert!(!overlay.is_full_screen());
            terminal.feed(&overlay.below(&["one".to_owned(), "\x1btwo".to_owned()]));
            terminal.feed(if begun.is_empty() { "ho" } else { "1mho" });
            let shown = text(&terminal).join("|").replace(' ', "");
            assert!(shown.ends_with("$ec|one|\\u{1b}two|$echo|"), "{shown}");
        }
    }

    #[test]
    fn screens_colors_and_half_sequences_survive() {
        check(
            b"\x1b[?1049h\x1b[H\x1b[2J\x1b[31mvim \x1b[7mbar\x1b[0m\x1b[6;1H-- INSERT --\x1b[3;4H",
            "x",
        );
        check(b"a\r\nb\r\n\x1b[3", "1mred\r\n");
        check(b"a\r\nb\r\n\x1b", "[2Jclear");
        check(b"a\r\nb\r\n\x1b]0;tit", "le\x07text");
        check("a\r\n\u{4e2d}\u{6587}\r\n".as_bytes(), "$ ");
        check(b"\x1b[2;4r\x1b[?6h\x1b[1;1Hx", "y\r\nz");
        // A row that is just full: what follows belongs into the next.
        check(b"aa    aa aaaa aa    aa aaa aaa", "a");
        check(b"\x1b[1;6Ha a aa aa    a  aaaaaaa  ", "a");
        check("123456789 123456789 12345678\u{4e2d}".as_bytes(), "a");
    }

    #[test]
    fn nothing_is_drawn_inside_a_character() {
        let mut overlay = Overlay::new(SIZE);
        overlay.shown(b"a\r\nb\r\n\xf0\x9f");
        assert_eq!(overlay.draw("lost"), "");
    }

    #[test]
    fn a_full_screen_program_may_have_drawn_the_line_long_ago() {
        let mut overlay = Overlay::new(SIZE);
        overlay.shown(b"\x1b[?1049h\x1b[Hhead of the screen\r\n");
        for count in 0..40_000 {
            overlay.shown(format!("\x1b[4;1H{count:08}").as_bytes());
        }
        assert!(overlay.kept.len() <= KEPT);
        overlay.draw("lost");
        assert!(overlay.clear().contains("head of the screen"));
    }

    #[test]
    fn a_scrolling_screen_is_known_from_its_end() {
        let mut overlay = Overlay::new(SIZE);
        let mut terminal = real();
        for count in 0..60_000 {
            let line = format!("line {count}\r\n");
            overlay.shown(line.as_bytes());
            terminal.feed(&line);
        }
        assert!(overlay.terminal.is_none());
        let before = text(&terminal);
        terminal.feed(&overlay.draw("lost"));
        terminal.feed(&overlay.clear());
        assert_eq!(text(&terminal), before);
    }

    proptest! {
        #[test]
        fn no_output_breaks_it(before in proptest::collection::vec(any::<u8>(), 0..200), cols in 0_u16..200, rows in 0_u16..80) {
            let mut overlay = Overlay::new(Size { cols, rows });
            overlay.shown(&before);
            overlay.draw("connection lost");
            overlay.resize(Size { cols: rows, rows: cols });
            overlay.draw("connection lost");
            overlay.clear();
        }

        #[test]
        fn text_and_moves_survive(before in "([a-z ]{0,12}|\r\n|\x1b\\[[1-6];[1-9]H|\x1b\\[3[0-7]m){0,30}", after in "[a-z\r\n]{0,20}") {
            check(before.as_bytes(), &after);
        }
    }
}

//! Lines of an emulated screen, and all of it, in sequences that every terminal knows.
//!
//! Nothing here places a line on the screen, and nothing is sent.

use std::fmt::Write as _;

use avt::{Color, Line, Pen};

/// Paints a line from the cursor on, up to its last cell that shows something.
pub(crate) fn line(line: &Line, width: usize, out: &mut String) {
    let mut pen = None;
    for (col, cell) in line.cells()[..length(line)].iter().enumerate() {
        // The second half of a wide character has no width of its own.
        if cell.width() == 0 {
            continue;
        }
        if col + usize::from(cell.width()) > width {
            break;
        }
        if pen != Some(cell.pen()) {
            sgr(cell.pen(), out);
            pen = Some(cell.pen());
        }
        out.push(cell.char());
    }
}

fn length(line: &Line) -> usize {
    line.cells()
        .iter()
        .rposition(|cell| !is_blank_cell(cell.char(), cell.pen()))
        .map_or(0, |last| last + 1)
}

fn is_blank_cell(c: char, pen: &Pen) -> bool {
    c == ' '
        && pen.background().is_none()
        && !pen.is_inverse()
        && !pen.is_underline()
        && !pen.is_strikethrough()
}

/// The sequence that sets colors and style, whatever they were before.
fn sgr(pen: &Pen, out: &mut String) {
    out.push_str("\x1b[0");
    for (on, code) in [
        (pen.is_bold(), ";1"),
        (pen.is_faint(), ";2"),
        (pen.is_italic(), ";3"),
        (pen.is_underline(), ";4"),
        (pen.is_blink(), ";5"),
        (pen.is_inverse(), ";7"),
        (pen.is_strikethrough(), ";9"),
    ] {
        if on {
            out.push_str(code);
        }
    }
    for (color, base) in [(pen.foreground(), 30), (pen.background(), 40)] {
        let _ = match color {
            None => Ok(()),
            Some(Color::Indexed(index @ 0..=7)) => write!(out, ";{}", base + index),
            Some(Color::Indexed(index @ 8..=15)) => write!(out, ";{}", base + 60 + index - 8),
            Some(Color::Indexed(index)) => write!(out, ";{};5;{index}", base + 8),
            Some(Color::RGB(rgb)) => {
                write!(out, ";{};2;{};{};{}", base + 8, rgb.r, rgb.g, rgb.b)
            }
        };
    }
    out.push('m');
}

/// The emulator dumps itself in sequences that not every terminal takes: one-character introducers, colors with colons,
/// repeated characters.
pub(crate) fn portable(dump: &str) -> String {
    let mut out = String::with_capacity(dump.len() + dump.len() / 4);
    let mut rest = dump.chars().peekable();
    let mut last = ' ';
    while let Some(c) = rest.next() {
        if c != '\u{9b}' && (c != '\x1b' || rest.next_if_eq(&'[').is_none()) {
            last = c;
            out.push(c);
            continue;
        }
        let mut sequence = String::from("\x1b[");
        for c in rest.by_ref() {
            sequence.push(if c == ':' { ';' } else { c });
            if ('@'..='~').contains(&c) {
                break;
            }
        }
        match sequence[2..].strip_suffix('b').map(str::parse) {
            Some(Ok(count)) => out.extend(std::iter::repeat_n(last, count)),
            _ => out.push_str(&sequence),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Emulator, Size};

    #[test]
    fn a_portable_dump_shows_the_same() {
        let mut screen = Emulator::new(Size { cols: 20, rows: 4 });
        screen.feed("a:b \x1b[38;2;1;2;3mc:d\x1b[0m\r\n\x1b[48;5;200mx\x1b[2;3H\x1b[1m");
        let dump = portable(&screen.dump());
        assert!(
            dump.contains("8;2;1;2;3m") && !dump.contains("12b"),
            "{dump:?}"
        );
        let mut again = Emulator::new(Size { cols: 20, rows: 4 });
        again.feed(&dump);
        assert_eq!(again.dump(), screen.dump());
    }
}

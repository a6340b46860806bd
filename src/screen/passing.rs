//! Lines that are gone again before anyone can look: those of a long output that the lines behind them push out of the screen.
//!
//! Nothing here emulates, and nothing is taken for passing but text in lines, in any colours: what moves the cursor, erases
//! or scrolls otherwise ends the stretch.

use std::collections::VecDeque;
use std::ops::Range;

/// A shorter stretch is shown as fast as it is looked at.
const WORTH: usize = 4 * 1024;

/// Lines that need not be shown.
#[derive(Debug, PartialEq)]
pub(super) struct Passing {
    /// Where they stand: from the beginning of one line to that of another.
    pub(super) range: Range<usize>,
    /// The sequences in them that say how what follows looks.
    pub(super) rendition: String,
}

/// The first lines of `output` that need not be shown, if the `kept` lines behind them are. The line before them is shown,
/// so that no sequence is under way and the cursor is in the first column.
pub(super) fn passing(output: &str, kept: usize) -> Option<Passing> {
    if output.len() < WORTH {
        return None;
    }
    let mut at = 0;
    while at < output.len() {
        let stretch = Stretch::of(output, at, kept);
        if let Some(passing) = stretch.passing(output) {
            return Some(passing);
        }
        at = stretch.end;
    }
    None
}

/// Text in lines.
struct Stretch {
    /// Behind the first line end.
    first: Option<usize>,
    /// Behind the line end in front of the lines that are kept, where there is one.
    last: Option<usize>,
    /// Behind what ended it.
    end: usize,
}

impl Stretch {
    fn of(output: &str, from: usize, kept: usize) -> Self {
        let bytes = output.as_bytes();
        let (mut first, mut latest) = (None, VecDeque::with_capacity(kept + 1));
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            at += 1;
            match byte {
                b'\n' if start > from && bytes[start - 1] == b'\r' => {
                    first.get_or_insert(at);
                    if latest.len() > kept {
                        latest.pop_front();
                    }
                    latest.push_back(at);
                }
                b'\t' | b'\r' | b' '..=b'~' => {}
                // The control characters of eight bits.
                0xc2 if bytes.get(at).is_some_and(|&byte| byte < 0xa0) => break,
                0x80.. => {}
                0x1b => match rendition(&bytes[at..]) {
                    Some((length, _)) => at += length,
                    None => break,
                },
                _ => break,
            }
        }
        // Whatever ended it may be more than one byte.
        while !output.is_char_boundary(at) {
            at += 1;
        }
        Self {
            first,
            last: latest.front().copied().filter(|_| latest.len() > kept),
            end: at,
        }
    }

    fn passing(&self, output: &str) -> Option<Passing> {
        let (start, end) = (self.first?, self.last?);
        if end < start + WORTH {
            return None;
        }
        let passing = &output[start..end];
        let mut text = String::new();
        for at in memchr::memchr_iter(0x1b, passing.as_bytes()) {
            if let Some((length, b'm')) = rendition(&passing.as_bytes()[at + 1..]) {
                let sequence = &passing[at..=at + length];
                // Nothing of what came before is left.
                if matches!(sequence, "\x1b[m" | "\x1b[0m") {
                    text.clear();
                }
                text.push_str(sequence);
            }
        }
        Some(Passing {
            range: start..end,
            rendition: text,
        })
    }
}

/// How long a sequence is behind its escape character, and what it ends with, if it sets colours and the like, or erases a
/// part of its row.
fn rendition(bytes: &[u8]) -> Option<(usize, u8)> {
    let parameters = bytes.strip_prefix(b"[")?;
    let length = parameters
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let last = parameters[length];
    matches!(last, b'm' | b'K').then_some((length + 2, last))
}

#[cfg(test)]
mod tests {
    use avt::Terminal;
    use proptest::prelude::*;

    use super::*;
    use crate::screen::{Emulator, Size};

    const SIZE: Size = Size { cols: 20, rows: 6 };

    fn check(output: &str) {
        let mut plain = Terminal::with_scrollback(20, 6, Some(0)).unwrap();
        plain.feed(output);
        let mut emulator = Emulator::new(SIZE);
        emulator.feed(output);
        // What a sequence under way has held so far is of no consequence.
        plain.feed("\x18");
        emulator.feed("\x18");
        assert_eq!(emulator.dump(), plain.dump(), "{output:?}");
    }

    #[test]
    fn lines_that_pass_are_found_between_those_that_stay() {
        let lines: String = (0..1000).map(|n| format!("line {n}\r\n")).collect();
        let output = format!("\x1b[2J{lines}$ ");
        let found = passing(&output, 12).unwrap();
        assert!(output[..found.range.start].ends_with("line 0\r\n"));
        assert!(output[found.range.end..].starts_with("line 988\r\n"));
        assert_eq!(found.rendition, "");
        check(&output);
    }

    #[test]
    fn nothing_passes_that_is_not_text_in_lines() {
        for line in [
            "a\n",
            "b\x08\r\n",
            "c\x1b[A\r\n",
            "d\u{85}\r\n",
            "e\x0e\r\n",
        ] {
            assert_eq!(passing(&line.repeat(3000), 12), None, "{line:?}");
        }
    }

    #[test]
    fn colours_outlive_the_lines_that_set_them() {
        let line = "\x1b[1mbold\x1b[K \x1b[0mplain \x1b[31mred \x1b[4m\r\n";
        let output = line.repeat(1000);
        let found = passing(&output, 12).unwrap();
        assert_eq!(found.rendition, "\x1b[0m\x1b[31m\x1b[4m");
        check(&output);
        check(&(output + &"x\r\n".repeat(3)));
    }

    /// Text and sequences of every kind that a screen is changed with.
    fn outputs() -> impl Strategy<Value = String> {
        let lines = ("[ -~é€語\t]{0,45}", 1..900usize)
            .prop_map(|(line, times)| (0..times).map(|n| format!("{n} {line}\r\n")).collect());
        let colours =
            (0..900usize).prop_map(|times| "\x1b[3;7mx\x1b[K\x1b[m y\x1b[32m\r\n".repeat(times));
        let other = prop::sample::select(vec![
            "\x1b[2;4r",
            "\x1b[r",
            "\x1b[3;3H",
            "\x1b[?1049h",
            "\x1b[?1049l",
            "\x1b[?7l",
            "\x1b[4h",
            "\x1b]0;t",
            "\x07",
            "\x1b[",
            "\x1b[2J",
            "\x1bc",
            "\x1b[?6h",
            "\x0e",
            "\x1b(0",
            "\n",
            "\x1bP",
            "\x1b[44m",
            "\x1bM",
        ])
        .prop_map(str::to_owned);
        let part = prop_oneof![lines, colours, other.clone(), other];
        prop::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_passes_leaves_no_trace(output in outputs()) {
            check(&output);
        }
    }
}

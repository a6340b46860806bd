//! What output may cost a terminal emulator: a few bytes can ask for a screen of work, and none may ask for it for ever.
//!
//! Nothing here emulates: output is scanned for the sequences whose work is more than their length, and those for which
//! there is no more credit are named, to be left out.

use std::ops::Range;

use avt::parser::{AnsiMode, DecMode, Function};
use formats::asciicast::MAX_SIDE;

use super::novelty::Novelty;

/// Work for which there is credit from the beginning, in cells written; about a sixth of a second.
const CREDIT: u64 = 60_000_000;
/// Work that each byte of output gives credit for. A full-screen program that clears and draws a screen of 200 x 60 every
/// second uses as much; what only writes lines uses none.
const PER_BYTE: u64 = 40;
/// The same where it is asked what is new in it: a clock on a screen of 200 x 60 that is cleared every second, and the little that
/// a file of a few bytes can repeat for megabytes.
const PER_NEW_BYTE: u64 = 200;
const PER_REPEATED_BYTE: u64 = 2;
/// The same where a person's keys wait meanwhile: hundredths of a second.
const CREDIT_BESIDE_KEYS: u64 = 16_000_000;
const PER_BYTE_BESIDE_KEYS: u64 = 64;
/// A printed character is as much work as so many cells erased.
const PRINTED: u64 = 4;
/// The same for one that is repeated beyond its row, each of which is text as well.
const REPEATED: u64 = 64;
/// The same for one of a screen that is filled at once, all of which is text that leaves.
const FILLED: u64 = 16;
/// A line end costs a row of cells; rows of usual terminals are free.
const FREE_COLS: u64 = 256;
/// Where a part of the screen scrolls, or all of it backwards, its rows are moved, and each is as much work as so many cells;
/// those of usual terminals are free.
const MOVED: u64 = 4;
const FREE_ROWS: u64 = 64;
/// A sequence with longer parameters is taken for the costliest.
const MAX_PARAMETERS: usize = 64;

/// The credit that is left, and the sequence that is being scanned.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    most: u64,
    per_byte: u64,
    per_repeated_byte: u64,
    novelty: Option<Novelty>,
    state: State,
    has_refused: bool,
    may_have_margins: bool,
    /// What is printed may push what stands behind it.
    may_insert: bool,
}

/// What there is no credit for.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    /// The sequence that lacks its last character.
    Sequence,
    /// That what is printed pushes what stands behind it.
    Insertion,
}

#[derive(Debug, PartialEq)]
enum State {
    Text,
    Escape,
    /// Behind `ESC #`.
    Hash,
    Parameters(String),
}

/// Columns and rows.
pub(super) type Extent = (usize, usize);

impl Budget {
    pub(super) fn usual() -> Self {
        Self {
            per_repeated_byte: PER_REPEATED_BYTE,
            novelty: Some(Novelty::default()),
            ..Self::of(CREDIT, PER_NEW_BYTE)
        }
    }

    /// The same whether output is new or not.
    pub(super) fn for_pictures() -> Self {
        Self::of(CREDIT, PER_BYTE)
    }

    /// For an emulator on a thread that keys are waited for on.
    pub(super) fn beside_keys() -> Self {
        Self::of(CREDIT_BESIDE_KEYS, PER_BYTE_BESIDE_KEYS)
    }

    fn of(credit: u64, per_byte: u64) -> Self {
        Self {
            left: credit,
            most: credit,
            per_byte,
            per_repeated_byte: per_byte,
            novelty: None,
            state: State::Text,
            has_refused: false,
            may_have_margins: false,
            may_insert: false,
        }
    }

    /// Whether a part of the screen may scroll by itself.
    pub(super) fn may_have_margins(&self) -> bool {
        self.may_have_margins
    }

    /// A function was parsed elsewhere, and is carried out.
    pub(super) fn see(&mut self, function: &Function) {
        match function {
            Function::Decstbm(..) => self.may_have_margins = true,
            Function::Sm(modes) => self.may_insert |= modes.as_slice().contains(&AnsiMode::Insert),
            Function::Rm(modes) => self.may_insert &= !modes.as_slice().contains(&AnsiMode::Insert),
            Function::Ris | Function::Decstr => self.may_insert = false,
            _ => {}
        }
    }

    /// Uses credit for the printing of so many characters; false where they must not push what stands behind them.
    pub(super) fn print(&mut self, characters: usize, size: Extent) -> bool {
        if self.may_insert && !self.spend(characters as u64 * inserted(size.0 as u64)) {
            self.may_insert = false;
            return false;
        }
        true
    }

    /// Whether something was left out for want of credit.
    pub(super) fn has_refused(&self) -> bool {
        self.has_refused
    }

    /// Uses credit for work of so many cells; false where there is none.
    pub(super) fn spend(&mut self, cells: u64) -> bool {
        let spent = self.left.checked_sub(cells);
        match spent {
            Some(left) => self.left = left,
            None => self.has_refused = true,
        }
        spent.is_some()
    }

    /// Gives credit for output.
    pub(super) fn earn(&mut self, output: &[u8]) {
        let (new, repeated) = match &mut self.novelty {
            Some(novelty) => novelty.take(output),
            None => (output.len(), 0),
        };
        let earned = new as u64 * self.per_byte + repeated as u64 * self.per_repeated_byte;
        self.left = (self.left + earned).min(self.most);
    }

    /// Scans output. Gives the first stretch of it that may be shown, and what is to be broken off there; the rest is
    /// scanned next.
    pub(super) fn next(&mut self, output: &str, size: Extent) -> (Range<usize>, Option<Refused>) {
        let bytes = output.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Text {
                let found = match self.cost_of_line(size) > 0 {
                    true => memchr3(&bytes[at..]),
                    false => memchr::memchr2(0x1b, 0xc2, &bytes[at..]),
                };
                if !self.print(found.unwrap_or(bytes.len() - at), size) {
                    return (0..at, Some(Refused::Insertion));
                }
                match found {
                    None => return (0..bytes.len(), None),
                    Some(found) => at += found,
                }
            }
            let Some(c) = output[at..].chars().next() else {
                break;
            };
            let end = at + c.len_utf8();
            let cost = self.step(c, size);
            if cost > 0 && !self.spend(cost) {
                return (0..at, Some(Refused::Sequence));
            }
            at = end;
        }
        (0..bytes.len(), None)
    }

    /// Takes a character; gives what the sequence costs that it completes.
    fn step(&mut self, c: char, size: Extent) -> u64 {
        let (cols, rows) = (size.0 as u64, size.1 as u64);
        let cells = cols * rows;
        let state = std::mem::replace(&mut self.state, State::Text);
        let (next, cost) = match (state, c) {
            (_, '\x1b') => (State::Escape, 0),
            (_, '\u{9b}') => (State::Parameters(String::new()), 0),
            // The same as `ESC D`, `ESC E` and `ESC M`.
            (_, '\u{84}' | '\u{85}') => (State::Text, self.cost_of_line(size)),
            (_, '\u{8d}') => (State::Text, line(cols) + moved(rows)),
            (_, '\x18' | '\x1a' | '\u{80}'..='\u{9f}') => (State::Text, 0),
            (State::Text, '\n'..='\x0c') => (State::Text, self.cost_of_line(size)),
            (State::Text, _) => (State::Text, 0),
            (State::Escape, '[') => (State::Parameters(String::new()), 0),
            (State::Escape, '#') => (State::Hash, 0),
            (State::Escape, 'c') => {
                self.may_insert = false;
                (State::Text, cells * PRINTED)
            }
            (State::Escape, 'D' | 'E') => (State::Text, self.cost_of_line(size)),
            (State::Escape, 'M') => (State::Text, line(cols) + moved(rows)),
            (State::Hash, '8') => (State::Text, cells * FILLED),
            (State::Escape | State::Hash, _) => (State::Text, 0),
            (State::Parameters(mut parameters), ' '..='?') => {
                if parameters.len() <= MAX_PARAMETERS {
                    parameters.push(c);
                }
                (State::Parameters(parameters), 0)
            }
            // A control character in between is carried out, and the sequence goes on.
            (State::Parameters(parameters), ..' ' | '\x7f') => (State::Parameters(parameters), 0),
            (State::Parameters(parameters), last) => {
                if last == 'r' {
                    self.may_have_margins = !is_whole_screen(&parameters, rows);
                }
                match last {
                    'h' => self.may_insert |= parameters.split(';').any(is_insertion),
                    'l' => self.may_insert &= !parameters.split(';').any(is_insertion),
                    'p' => self.may_insert &= parameters != "!",
                    _ => {}
                }
                (State::Text, cost_of(&parameters, last, cols, rows))
            }
        };
        self.state = next;
        cost
    }

    /// A line end may cost more than its byte where the screen is very wide, or a part of it scrolls that may be tall.
    fn cost_of_line(&self, size: Extent) -> u64 {
        let moved = match self.may_have_margins {
            true => moved(size.1 as u64),
            false => 0,
        };
        line(size.0 as u64) + moved
    }

    /// The sequence that was begun is broken off.
    pub(super) fn break_off(&mut self) {
        self.state = State::Text;
    }
}

fn line(cols: u64) -> u64 {
    cols.saturating_sub(FREE_COLS)
}

fn moved(rows: u64) -> u64 {
    MOVED * rows.saturating_sub(FREE_ROWS)
}

fn memchr3(bytes: &[u8]) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| matches!(byte, 0x1b | 0xc2 | b'\n'..=0x0c))
}

/// What a control sequence costs beyond its length.
fn cost_of(parameters: &str, last: char, cols: u64, rows: u64) -> u64 {
    let cells = cols * rows;
    if parameters.len() > MAX_PARAMETERS {
        return cells * PRINTED;
    }
    let first = parameters.split([';', ':']).next().unwrap_or_default();
    let count = first.parse().unwrap_or(u64::from(u16::MAX));
    let count = match first {
        "" => 1,
        _ => count.clamp(1, u64::from(u16::MAX)),
    };
    match last {
        'b' => repeated(count, cols),
        'J' => cells,
        'L' | 'M' | 'S' | 'T' => scrolled(count, cols, rows),
        '@' => blanks(count, cols),
        'P' | 'X' | 'K' | 'I' | 'Z' => cols,
        // The other screen is made anew, or its cursor looked up.
        'h' | 'l' if is_other_screen(parameters) => cells,
        _ => 0,
    }
}

/// What a function costs that was parsed elsewhere, where a part of the screen may scroll by itself.
pub(super) fn cost_of_function(function: &Function, size: Extent, has_margins: bool) -> u64 {
    let (cols, rows) = (size.0 as u64, size.1 as u64);
    let cells = cols * rows;
    match function {
        Function::Rep(count) => repeated(u64::from((*count).max(1)), cols),
        Function::Ed(_) => cells,
        Function::Ich(count) => blanks(u64::from((*count).max(1)), cols),
        Function::Dch(_)
        | Function::Ech(_)
        | Function::El(_)
        | Function::Cht(_)
        | Function::Cbt(_) => cols,
        Function::Decset(modes) | Function::Decrst(modes) => {
            let is_other_screen = modes.as_slice().iter().any(|mode| {
                matches!(
                    mode,
                    DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer
                )
            });
            u64::from(is_other_screen) * cells
        }
        Function::Ris => cells * PRINTED,
        Function::Decaln => cells * FILLED,
        Function::Il(count) | Function::Dl(count) | Function::Su(count) | Function::Sd(count) => {
            scrolled(u64::from((*count).max(1)), cols, rows)
        }
        Function::Lf | Function::Nel => line(cols) + u64::from(has_margins) * moved(rows),
        Function::Ri => line(cols) + moved(rows),
        _ => 0,
    }
}

fn is_insertion(mode: &str) -> bool {
    mode.trim_start_matches('0') == "4"
}

/// Blanks that push a row are printed, each by itself.
fn blanks(count: u64, cols: u64) -> u64 {
    cols + count.min(cols) * PRINTED
}

/// A character that pushes a row moves half of it or so.
fn inserted(cols: u64) -> u64 {
    cols / 2
}

fn is_other_screen(parameters: &str) -> bool {
    let is_one = |mode: &str| matches!(mode.trim_start_matches('0'), "47" | "1047" | "1049");
    parameters
        .strip_prefix('?')
        .is_some_and(|modes| modes.split(';').any(is_one))
}

/// Whether margins are those of the whole screen.
fn is_whole_screen(margins: &str, rows: u64) -> bool {
    let (top, bottom) = margins.split_once(';').unwrap_or((margins, ""));
    matches!(top, "" | "0" | "1") && (bottom.is_empty() || bottom.parse() == Ok(rows))
}

/// Nobody repeats a character for more than a row.
fn repeated(count: u64, cols: u64) -> u64 {
    count.min(cols) * PRINTED + count.saturating_sub(cols) * REPEATED
}

fn scrolled(count: u64, cols: u64, rows: u64) -> u64 {
    count.min(rows) * cols + rows
}

/// What another size costs: on the way every row may be broken anew.
pub(super) fn cost_of_resize(from: Extent, to: Extent) -> u64 {
    let cells = |(cols, rows): Extent| (cols * rows) as u64;
    2 * (cells(from) + cells(to)) + copied(from, to.0)
}

/// Cells that are copied, and held, where rows become narrower: what is left of a row is a copy for each part of it.
pub(super) fn copied((cols, rows): Extent, narrow: usize) -> u64 {
    match narrow < cols {
        true => (rows * cols * (cols / narrow) / 2) as u64,
        false => 0,
    }
}

/// So that the costliest sequence on the largest screen is within the credit that every emulator begins with.
const _: () = assert!(CREDIT > FILLED * 500_000 && MAX_SIDE <= 10_000);

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of an output that is repeated is refused.
    fn refused(mut budget: Budget, times: usize, output: impl Fn(usize) -> String) -> usize {
        let mut refused = 0;
        for n in 0..times {
            let output = output(n);
            let mut rest = output.as_str();
            budget.earn(rest.as_bytes());
            while !rest.is_empty() {
                let (range, broken) = budget.next(rest, (200, 60));
                rest = &rest[range.end..];
                refused += usize::from(broken.is_some());
                match broken {
                    None => rest = "",
                    Some(Refused::Insertion) => {}
                    Some(Refused::Sequence) => {
                        budget.break_off();
                        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
                    }
                }
            }
        }
        refused
    }

    #[test]
    fn what_programs_do_is_never_refused() {
        for output in [
            "line\r\n",
            "\x1b[H\x1b[2J a screen with a clock on it, and a few words more than that, cleared and drawn again and again \
             by a program that has nothing better to do: about as long as what watch(1) shows of a short command, as a rule. \
             It is drawn once a second or so, and nobody ever saw a terminal stumble over it, however long it went on.",
            "\x1b[1;40r\x1b[40;1H\nscrolled in a region\x1b[r\x1b[K\x1b[10@\x1b[3P",
            "=\x1b[79bheading\x1b[38;2;1;2;3mcolors\x1b[0m",
            "\x1b]0;title\x07\x1b[?25l\x1b[?2004h",
            "\x1b[2;59r\x1b[H\x1bM\x1b[K\x1bD\n\x1b[r",
            "\x1b[4hin a line\x1b[4l and more of it, as a line editor sends it with each key, and what it draws besides",
        ] {
            let refused = |budget| refused(budget, 200_000, |n| format!("{output}{}", n * 7919));
            assert_eq!(refused(Budget::usual()), 0, "{output:?}");
            assert_eq!(refused(Budget::for_pictures()), 0, "{output:?}");
        }
    }

    #[test]
    fn what_a_few_bytes_ask_for_again_and_again_is_refused_in_the_end() {
        let pushed = format!("\x1b[4h{}", "x".repeat(200));
        for output in [
            "\x1b[65535b",
            "\u{9b}65535b",
            "\x1b[2J",
            "\x1b[?1049h\x1b[?1049l",
            "\x1bc",
            "\x1b#8",
            "\x1b[999L",
            "\x1b[999T",
            "\x1b[2\x07J",
            "\x1b[00000000000000000000000000000000000000000000000000000000000000000000J",
            "\x1b[99999999999999999999b",
            &pushed,
        ] {
            let refused = |budget, times| refused(budget, times, |_| output.to_owned());
            assert!(refused(Budget::usual(), 200_000) > 0, "{output:?}");
            assert!(refused(Budget::beside_keys(), 5_000) > 0, "{output:?}");
        }
    }
}

//! Text in the order in which it came, and which character of the stream each of its characters is.
//!
//! Nothing here knows where on the screen the text went: moves of the cursor are line ends, but for tabs.

use std::ops::Range;

use super::patterns::Patterns;
use super::places::Places;
use super::sources::Sources;

/// The longest match that is found across lines, in bytes.
pub(super) const WINDOW: usize = 32 * 1024;
/// As much is held, so that little of it is looked at twice.
const HELD: usize = 4 * WINDOW;
/// So much of a text tells how it begins.
const START: usize = 64;
/// A text that grows is looked at whole after each line of it, as long as so many bytes, and so many for each byte of it, pay
/// for that.
const FREE: usize = DEAR * 4 * 1024 * 1024;
/// A whole text is another one each time, which nothing is known of.
const DEAR: usize = 6;
const PAID: usize = 32;
/// After that it is looked at whole when so much has come, and after each line this much of its end alone.
const WHOLE: usize = WINDOW;
const END: usize = 128;
/// Within a line not for each key, but before so many come, if the bytes that are looked at and what a look costs besides are
/// paid for.
const STEP: usize = 64;
const COST: usize = 256;

/// The latest text of a stream.
#[derive(Debug)]
pub(super) struct Flow {
    text: String,
    sources: Sources,
    /// How much of the text has been looked at, and how much of it together with all before.
    looked_at: usize,
    whole: usize,
    /// So many bytes may be looked at once more.
    left: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            text: String::new(),
            sources: Sources::default(),
            looked_at: 0,
            whole: 0,
            left: FREE,
        }
    }
}

impl Flow {
    /// Appends letters of ASCII, or one character of any kind.
    pub(super) fn push(
        &mut self,
        text: &str,
        number: u64,
        patterns: &mut Patterns,
        into: &mut Places,
    ) {
        let (mut rest, mut number) = (text, number);
        while !rest.is_empty() {
            // No more than is held: what repeats itself is then the same each time that it is looked at.
            let room = HELD.saturating_sub(self.text.len()).max(1);
            let is_letters = rest.is_ascii();
            let length = if is_letters { room } else { rest.len() };
            let (part, behind) = rest.split_at(length.min(rest.len()));
            let end = self.text.len();
            self.text.push_str(part);
            self.sources.push(end..self.text.len(), number, is_letters);
            self.left += PAID * part.len();
            if self.text.len() >= HELD {
                self.look_at_all(patterns, into);
                self.forget();
            }
            number += part.len() as u64;
            rest = behind;
        }
    }

    /// The line ends here. Several ends in a row are one.
    pub(super) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// The line goes on in another column.
    pub(super) fn tab(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(['\n', '\t']) {
            self.text.push('\t');
        }
    }

    /// Takes the last character of the line back.
    pub(super) fn pop(&mut self) {
        if !self.text.ends_with('\n') && self.text.pop().is_some() {
            self.sources.truncate(self.text.len());
            self.looked_at = self.looked_at.min(self.text.len());
            self.whole = self.whole.min(self.text.len());
        }
    }

    /// The text of the line under way.
    pub(super) fn line(&self) -> &str {
        self.text.rsplit('\n').next().unwrap_or_default()
    }

    /// Looks at what is held, before it changes or, where a line of it ended, goes on with another: at all of it, or at the
    /// end alone once that was paid for too often.
    pub(super) fn look(&mut self, is_line: bool, patterns: &mut Patterns, into: &mut Places) {
        if self.looked_at == self.text.len() {
            return;
        }
        if self.left >= DEAR * self.text.len() || self.text.len() >= self.whole + WHOLE {
            self.look_at_all(patterns, into);
            return;
        }
        let least = self.text.len().saturating_sub(END);
        let near = least.saturating_sub(END);
        let line = memchr::memrchr(b'\n', &self.text.as_bytes()[near..least]);
        let from = line.map_or(if near == 0 { 0 } else { least }, |end| near + end + 1);
        let from = (from..).find(|&at| self.text.is_char_boundary(at));
        let from = from.unwrap_or(0);
        if !is_line {
            let cost = COST + self.text.len() - from;
            if self.left < cost && self.text.len() < self.looked_at + STEP {
                return;
            }
            self.left = self.left.saturating_sub(cost);
        }
        self.look_from(from, patterns, into);
    }

    /// Looks at all that is held.
    pub(super) fn look_at_all(&mut self, patterns: &mut Patterns, into: &mut Places) {
        if self.whole == self.text.len() {
            return;
        }
        self.whole = self.text.len();
        self.left = self.left.saturating_sub(DEAR * self.text.len());
        self.look_from(0, patterns, into);
    }

    fn look_from(&mut self, from: usize, patterns: &mut Patterns, into: &mut Places) {
        self.looked_at = self.text.len();
        self.look_at(from..self.text.len(), patterns, into);
    }

    /// Where the last line stands that has ended, with its end.
    pub(super) fn last_line(&self) -> Range<usize> {
        let end = self.text.len();
        let above = self.text.as_bytes().get(..end.saturating_sub(1));
        let start = above.and_then(|above| memchr::memrchr(b'\n', above));
        start.map_or(0, |end| end + 1)..end
    }

    /// Looks at a part of what is held. Tells whether it had to be looked at: of one that came lately all is known.
    pub(super) fn look_at(
        &self,
        part: Range<usize>,
        patterns: &mut Patterns,
        into: &mut Places,
    ) -> bool {
        patterns.find(&self.text[part.clone()], |range| {
            let found = part.start + range.start..part.start + range.end;
            let numbers = self.sources.numbers(found);
            numbers.for_each(|numbers| into.add(numbers));
        })
    }

    /// Lets go of what is older.
    fn forget(&mut self) {
        let half = self.text.len() - WINDOW;
        // From a line's start, if one is near: what stands there is no match cut in two.
        let near = half - WINDOW / 2;
        let from = self.text.as_bytes()[near..half]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map(|found| near + found + 1)
            // Or from where it begins as it does now: of a text that repeats itself the same is held each time.
            .or_else(|| {
                let start = &self.text.as_bytes()[..START];
                memchr::memmem::rfind(&self.text.as_bytes()[near..half], start)
                    .map(|found| near + found)
            })
            .unwrap_or(half);
        let from = (from..).find(|&at| self.text.is_char_boundary(at));
        let from = from.unwrap_or(half);
        self.sources.forget(from);
        self.text.drain(..from);
        self.looked_at = self.text.len();
        self.whole = self.looked_at;
    }
}

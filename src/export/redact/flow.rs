//! Text in the order in which it came, and which character of the stream each of its characters is.
//!
//! Nothing here knows where on the screen the text went: moves of the cursor are line ends.

use super::patterns::Patterns;
use super::places::Places;

/// The longest match that is found across lines, in bytes.
const WINDOW: usize = 32 * 1024;

/// The latest text of a stream.
#[derive(Debug, Default)]
pub(super) struct Flow {
    text: String,
    /// For each character where it begins in the text, and its number in the stream.
    sources: Vec<(usize, u64)>,
    /// How much of the text has been looked at.
    looked_at: usize,
}

impl Flow {
    /// Appends a character.
    pub(super) fn push(
        &mut self,
        c: char,
        number: u64,
        patterns: &mut Patterns,
        into: &mut Places,
    ) {
        self.sources.push((self.text.len(), number));
        self.text.push(c);
        if self.text.len() >= 2 * WINDOW {
            self.look(patterns, into);
            self.forget();
        }
    }

    /// The line ends here. Several ends in a row are one.
    pub(super) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Takes the last character of the line back.
    pub(super) fn pop(&mut self) {
        if !self.text.ends_with('\n') && self.text.pop().is_some() {
            self.sources.pop();
            self.looked_at = self.looked_at.min(self.text.len());
        }
    }

    /// The text of the line under way.
    pub(super) fn line(&self) -> &str {
        self.text.rsplit('\n').next().unwrap_or_default()
    }

    /// Looks at all that is held.
    pub(super) fn look(&mut self, patterns: &mut Patterns, into: &mut Places) {
        if self.looked_at == self.text.len() {
            return;
        }
        self.looked_at = self.text.len();
        let sources = &self.sources;
        patterns.find(&self.text, |range| {
            let first = sources.partition_point(|(at, _)| *at < range.start);
            for (at, number) in &sources[first..] {
                if *at >= range.end {
                    break;
                }
                into.add(*number);
            }
        });
    }

    /// Lets go of the older half.
    fn forget(&mut self) {
        let half = self.text.len() - WINDOW;
        // From a line's start, if one is near: what stands there is no match cut in two.
        let from = self.text.as_bytes()[half / 2..half]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(half, |found| half / 2 + found + 1);
        let from = (from..).find(|&at| self.text.is_char_boundary(at));
        let from = from.unwrap_or(half);
        self.text.drain(..from);
        let kept = self.sources.partition_point(|(at, _)| *at < from);
        self.sources.drain(..kept);
        for (at, _) in &mut self.sources {
            *at -= from;
        }
        self.looked_at = self.text.len();
    }
}

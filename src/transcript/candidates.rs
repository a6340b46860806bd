//! Where a pattern may be in a block of lines as they are stored: lines of JSON, with the line ends between them.
//!
//! Nothing here says that it is there: a candidate is a line to look at, and its own text decides. What is no candidate has not
//! what is searched for.

use std::ops::Range;

use regex::bytes::Regex;

use super::Pattern;

/// The pattern in the block as it stands, and a text that stands there in another way.
#[derive(Debug)]
pub(crate) struct Candidates([Regex; 2]);

impl Candidates {
    /// `None` where a block tells nothing of the pattern, and each line is to be looked at.
    pub(crate) fn new(pattern: &Pattern) -> Option<Self> {
        let escape = Regex::new(r"\\").ok()?;
        Some(Self([pattern.stored()?.clone(), escape]))
    }

    /// The lines to look at, in order, without their ends.
    pub(crate) fn of<'a>(&'a self, block: &'a [u8]) -> impl Iterator<Item = Range<usize>> + 'a {
        let mut at = 0;
        let mut places = self.0.each_ref().map(|pattern| next(pattern, block, 0));
        std::iter::from_fn(move || {
            let place = places.into_iter().flatten().min()?;
            let range = line_around(block, place, at);
            at = range.end + 1;
            for (place, pattern) in places.iter_mut().zip(&self.0) {
                if at > block.len() {
                    *place = None;
                } else if place.is_some_and(|place| place < at) {
                    *place = next(pattern, block, at);
                }
            }
            Some(range)
        })
    }
}

/// Where it begins next.
fn next(pattern: &Regex, block: &[u8], at: usize) -> Option<usize> {
    pattern.find_at(block, at).map(|found| found.start())
}

/// The line that a place is in, none of which begins before `from`.
fn line_around(block: &[u8], place: usize, from: usize) -> Range<usize> {
    let before = memchr::memrchr(b'\n', &block[from..place]);
    let start = before.map_or(from, |end| from + end + 1);
    let end = memchr::memchr(b'\n', &block[place..]);
    start..end.map_or(block.len(), |end| place + end)
}

//! What was found by now, in the order of time, for going from one to the next.
//!
//! Nothing here searches, and no more are kept than anybody will go through.

use std::ops::Range;
use std::time::Duration;

use formats::derived::Millis;

use crate::player::Ended;

/// So many are kept; of those beyond, only their number.
pub(super) const KEPT: usize = 100_000;
/// So much of a line is kept, in bytes, with what was found in it.
const TEXT: usize = 256;

/// A line in which the pattern was found, the first time in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Between these two, give or take a quarter of a second, what was found stood on the screen: the first is about when it
    /// came, the last about when it left. Where many lines come in one output it may have stood only in the midst of that, see
    /// [`Pattern::places`](super::Pattern::places).
    pub first: Duration,
    /// See there.
    pub last: Duration,
    /// The part of the line with what was found. It is what the remote side sent: to be made harmless before it is shown.
    pub text: String,
    /// What was found, in the text.
    pub range: Range<usize>,
    /// It stood on the other screen, which full-screen programs draw on.
    pub other: bool,
}

impl Hit {
    /// Keeps of a line what belongs to what was found in it.
    pub(super) fn of(
        (first, last): (Millis, Millis),
        line: &str,
        found: Range<usize>,
        other: bool,
    ) -> Self {
        let (text, range) = around(line, found);
        Self {
            first: Duration::from_millis(first),
            last: Duration::from_millis(last),
            text: text.to_owned(),
            range,
            other,
        }
    }
}

/// So much of a line that it has what was found, and where that stands in it.
fn around(line: &str, found: Range<usize>) -> (&str, Range<usize>) {
    if line.len() <= TEXT {
        return (line, found);
    }
    let length = found.len().min(TEXT);
    let before = (TEXT - length) / 2;
    let from = found.start.saturating_sub(before).min(line.len() - TEXT);
    let from = line.ceil_char_boundary(from);
    let until = line.floor_char_boundary(from + TEXT);
    let end = found.end.min(until);
    (&line[from..until], found.start - from..end - from)
}

/// How far a search has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// There may be more.
    #[default]
    Searching,
    /// All was searched that can be read, and how the recording ends.
    Done(Ended),
}

/// What was found by now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// In order: by the first time, then by the last.
    hits: Vec<Hit>,
    /// All of them, also those that are not kept.
    count: u64,
    /// Hits of lines that had left by then are all here.
    seen: Duration,
    state: State,
}

impl Hits {
    /// Those that are kept, in the order of time.
    pub fn all(&self) -> &[Hit] {
        &self.hits
    }

    /// How many there are by now, also beyond those that are kept.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The time up to which it was searched: lines that left later are still to come.
    pub fn seen(&self) -> Duration {
        self.seen
    }

    /// How far it has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The place among [`Self::all`] of the first that came later than `at`.
    pub fn after(&self, at: Duration) -> Option<usize> {
        let place = self.hits.partition_point(|hit| hit.first <= at);
        (place < self.hits.len()).then_some(place)
    }

    /// The place of the last that came earlier than `at`.
    pub fn before(&self, at: Duration) -> Option<usize> {
        self.hits
            .partition_point(|hit| hit.first < at)
            .checked_sub(1)
    }

    /// Takes what was found in the next lines, whose last one left at `seen`; `count` are beyond those.
    pub(super) fn add(&mut self, mut found: Vec<Hit>, more: u64, seen: Duration) {
        self.count += found.len() as u64 + more;
        self.seen = self.seen.max(seen);
        found.truncate(KEPT.saturating_sub(self.hits.len()));
        if found.is_empty() {
            return;
        }
        // Lines come as they leave: one that stood for long belongs between those that left long ago.
        found.sort_by_key(order);
        let first = order(&found[0]);
        let place = self.hits.partition_point(|hit| order(hit) <= first);
        self.hits.append(&mut found);
        self.hits[place..].sort_by_key(order);
    }

    /// What was found by now is void.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::default();
    }

    pub(super) fn end(&mut self, ended: Ended) {
        self.state = State::Done(ended);
    }
}

fn order(hit: &Hit) -> (Duration, Duration) {
    (hit.first, hit.last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hit(first: Millis, last: Millis) -> Hit {
        Hit::of((first, last), "x", 0..1, false)
    }

    #[test]
    fn hits_are_kept_in_order_however_they_come() {
        let mut hits = Hits::default();
        hits.add(vec![hit(5, 6), hit(3, 7)], 0, Duration::from_millis(7));
        hits.add(
            vec![hit(1, 9), hit(5, 5), hit(8, 9)],
            2,
            Duration::from_millis(9),
        );
        let times: Vec<_> = hits.all().iter().map(|hit| hit.first.as_millis()).collect();
        assert_eq!(times, [1, 3, 5, 5, 8]);
        assert_eq!((hits.count(), hits.seen()), (7, Duration::from_millis(9)));
        let at = Duration::from_millis;
        assert_eq!(
            [hits.after(at(0)), hits.after(at(5)), hits.after(at(8))],
            [Some(0), Some(4), None]
        );
        assert_eq!(
            [hits.before(at(1)), hits.before(at(5)), hits.before(at(9))],
            [None, Some(1), Some(4)]
        );
        hits.begin_anew();
        assert_eq!(hits, Hits::default());
    }

    #[test]
    fn no_more_are_kept_than_anybody_will_go_through() {
        let mut hits = Hits::default();
        hits.add(vec![hit(1, 1); KEPT - 1], 0, Duration::ZERO);
        hits.add(vec![hit(2, 2); 3], 4, Duration::ZERO);
        assert_eq!((hits.all().len(), hits.count()), (KEPT, KEPT as u64 + 6));
    }

    proptest! {
        #[test]
        fn of_a_long_line_the_part_is_kept_that_has_what_was_found(
            line in "[aé😀]{0,600}", from in 0..600_usize, length in 0..600_usize,
        ) {
            let from = line.floor_char_boundary(from);
            let until = line.ceil_char_boundary((from + length).min(line.len()));
            let (text, range) = around(&line, from..until);
            prop_assert!(text.len() <= TEXT && line.contains(text));
            let found = &line[from..until];
            prop_assert!(found.starts_with(&text[range.clone()]));
            prop_assert!(text[range.clone()] == *found || range.end == text.len());
        }
    }
}

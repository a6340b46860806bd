//! What was played of a recording: stretches of its time that went by on the screen.
//!
//! What was sought past is none of it. It says what was shown, not that somebody looked.

use std::ops::Range;
use std::time::Duration;

/// More stretches than anybody watches are not told apart: what follows belongs to the last.
const MOST: usize = 2048;

/// Stretches in the order of their beginning, none of which touches another.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched(Vec<(Duration, Duration)>);

impl Watched {
    /// It went by from here to there.
    pub(super) fn add(&mut self, from: Duration, to: Duration) {
        // As a rule it goes on where it was.
        if let Some((_, end)) = self.0.last_mut()
            && *end == from
        {
            *end = to;
            return;
        }
        let at = self.0.partition_point(|(_, end)| *end < from);
        let behind = at + self.0[at..].partition_point(|(start, _)| *start <= to);
        let (mut from, mut to) = (from, to);
        for (start, end) in self.0.drain(at..behind) {
            (from, to) = (from.min(start), to.max(end));
        }
        self.0.insert(at, (from, to));
        if self.0.len() > MOST
            && let Some((_, end)) = self.0.pop()
            && let Some(last) = self.0.last_mut()
        {
            last.1 = end;
        }
    }

    /// All of them, none of which touches another.
    pub(super) fn ranges(&self) -> Vec<Range<Duration>> {
        self.0.iter().map(|&(from, to)| from..to).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(stretches: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let mut watched = Watched::default();
        for &(from, to) in stretches {
            watched.add(Duration::from_secs(from), Duration::from_secs(to));
        }
        let all = watched.ranges().into_iter();
        all.map(|range| (range.start.as_secs(), range.end.as_secs()))
            .collect()
    }

    #[test]
    fn what_goes_on_is_one_stretch_and_what_was_sought_past_is_none() {
        assert_eq!(watched(&[(0, 1), (1, 5), (5, 9)]), [(0, 9)]);
        assert_eq!(watched(&[(0, 1), (20, 22), (22, 30)]), [(0, 1), (20, 30)]);
        assert_eq!(watched(&[(20, 30), (0, 5), (5, 25)]), [(0, 30)]);
        assert_eq!(
            watched(&[(20, 30), (0, 5), (40, 50)]),
            [(0, 5), (20, 30), (40, 50)]
        );
        assert_eq!(watched(&[(20, 30), (0, 5), (5, 6), (3, 21)]), [(0, 30)]);
    }

    #[test]
    fn there_are_never_more_than_somebody_could_watch() {
        let far: Vec<(u64, u64)> = (0..10_000).map(|n| (n * 10, n * 10 + 1)).collect();
        let all = watched(&far);
        assert!(all.len() <= MOST);
        assert_eq!(all.last().unwrap().1, 99_991);
    }
}

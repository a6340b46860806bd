//! Which characters of a stream are to be replaced, by their number in the stream.
//!
//! Nothing here knows what a character is.

use std::ops::Range;

/// Ranges of numbers, added in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    ranges: Vec<Range<u64>>,
    /// How many of the ranges are in order and apart.
    sorted: usize,
}

impl From<Vec<Range<u64>>> for Places {
    fn from(ranges: Vec<Range<u64>>) -> Self {
        Self { ranges, sorted: 0 }
    }
}

impl Places {
    /// Adds ranges.
    pub(super) fn extend(&mut self, ranges: Vec<Range<u64>>) {
        self.ranges.extend(ranges);
    }

    /// Adds one number.
    pub(super) fn add(&mut self, number: u64) {
        if let Some(last) = self.ranges[self.sorted..].last_mut() {
            if last.contains(&number) {
                return;
            }
            if last.end == number {
                last.end += 1;
                return;
            }
        }
        self.ranges.push(number..number + 1);
        // The same place is found again each time its line is looked at.
        if self.ranges.len() > 2 * self.sorted + 1024 {
            self.sort();
        }
    }

    /// All of them in order, no two touching.
    pub(super) fn finish(mut self) -> Vec<Range<u64>> {
        self.sort();
        self.ranges
    }

    fn sort(&mut self) {
        self.ranges.sort_unstable_by_key(|range| range.start);
        self.ranges.dedup_by(|next, last| {
            let touches = next.start <= last.end;
            if touches {
                last.end = last.end.max(next.end);
            }
            touches
        });
        self.sorted = self.ranges.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_order_gives_the_same_ranges(numbers in proptest::collection::vec(0_u64..300, 0..200), repeat in 1_usize..30) {
            let mut places = Places::default();
            for _ in 0..repeat {
                for &number in &numbers {
                    places.add(number);
                }
            }
            let ranges = places.finish();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), expected);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}

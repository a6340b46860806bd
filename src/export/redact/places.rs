//! Which characters of a stream are to be replaced, by their number in the stream.
//!
//! Nothing here knows what a character is, and what is found again and again is held once.

use std::ops::Range;

use roaring::RoaringTreemap;

/// Numbers, added in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    numbers: RoaringTreemap,
    /// Those that were added last, which the next ones are mostly beside.
    latest: Range<u64>,
}

impl Places {
    /// Adds numbers in a row.
    pub(super) fn add(&mut self, numbers: Range<u64>) {
        if (self.latest.start..=self.latest.end).contains(&numbers.start) {
            self.latest.end = self.latest.end.max(numbers.end);
            return;
        }
        self.settle();
        self.latest = numbers;
    }

    /// All of them.
    pub(super) fn finish(mut self) -> RoaringTreemap {
        self.settle();
        self.numbers
    }

    fn settle(&mut self) {
        self.numbers.insert_range(std::mem::take(&mut self.latest));
    }
}

/// How many places there are, no two of which touch.
pub(super) fn count(numbers: &RoaringTreemap) -> u64 {
    let mut beside = None;
    let starts = numbers.iter().filter(|&number| {
        let is_start = beside != Some(number);
        beside = Some(number + 1);
        is_start
    });
    starts.count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_order_gives_the_same_numbers(
            ranges in proptest::collection::vec((0_u64..300, 0_u64..5), 0..200),
            repeat in 1_usize..5,
        ) {
            let ranges = ranges.iter().map(|(start, length)| *start..start + length);
            let mut places = Places::default();
            for _ in 0..repeat {
                ranges.clone().for_each(|range| places.add(range));
            }
            let numbers = places.finish();
            let mut expected: Vec<u64> = ranges.flatten().collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(numbers.iter().collect::<Vec<_>>(), expected.clone());
            let is_start = |number: &&u64| **number == 0 || !expected.contains(&(**number - 1));
            prop_assert_eq!(count(&numbers), expected.iter().filter(is_start).count() as u64);
        }
    }
}

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

/// Those of a number or beyond, as ranges no two of which touch.
pub(super) fn ranges(numbers: &RoaringTreemap, from: u64) -> impl Iterator<Item = Range<u64>> {
    let (part, within) = ((from >> 32) as u32, from as u32);
    let parts = numbers.bitmaps().skip_while(move |(high, _)| *high < part);
    let ranges = parts.flat_map(move |(high, bitmap)| {
        let mut held = bitmap.iter();
        if high == part {
            held.advance_to(within);
        }
        let number = move |low: u32| u64::from(high) << 32 | u64::from(low);
        std::iter::from_fn(move || held.next_range())
            .map(move |range| number(*range.start())..number(*range.end()) + 1)
    });
    let mut ranges = ranges.peekable();
    std::iter::from_fn(move || {
        let mut range = ranges.next()?;
        // A bitmap ends where the next one begins.
        while let Some(next) = ranges.next_if(|next| next.start == range.end) {
            range.end = next.end;
        }
        Some(range)
    })
}

/// How many places there are, no two of which touch.
pub(super) fn count(numbers: &RoaringTreemap) -> u64 {
    ranges(numbers, 0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_order_gives_the_same_numbers(
            ranges_added in proptest::collection::vec((0_u64..300, 0_u64..5), 0..200),
            repeat in 1_usize..5,
        ) {
            let added = ranges_added.iter().map(|(start, length)| *start..start + length);
            let mut places = Places::default();
            for _ in 0..repeat {
                added.clone().for_each(|range| places.add(range));
            }
            let numbers = places.finish();
            let mut expected: Vec<u64> = added.flatten().collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(numbers.iter().collect::<Vec<_>>(), expected.clone());
            for from in 0..expected.last().map_or(1, |last| last + 2) {
                let beyond = expected.iter().copied().filter(|&number| number >= from);
                prop_assert!(ranges(&numbers, from).flatten().eq(beyond));
            }
            let is_start = |number: &&u64| **number == 0 || !expected.contains(&(**number - 1));
            prop_assert_eq!(count(&numbers), expected.iter().filter(is_start).count() as u64);
        }
    }

    #[test]
    fn a_place_across_four_gigabytes_is_one() {
        let mut places = Places::default();
        let limit = 1_u64 << 32;
        for range in [limit - 3..limit, limit..limit + 2, limit + 5..limit + 6] {
            places.settle();
            places.latest = range;
        }
        let numbers = places.finish();
        assert_eq!(count(&numbers), 2);
        let held: Vec<_> = ranges(&numbers, limit - 1).collect();
        assert_eq!(held, [limit - 1..limit + 2, limit + 5..limit + 6]);
        assert_eq!(
            ranges(&numbers, limit + 1).next(),
            Some(limit + 1..limit + 2)
        );
    }
}

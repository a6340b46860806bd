//! How much was shown when: a bounded number of stretches of time, each with its bytes, whatever the length of a recording.
//!
//! Nothing here knows how wide it will be drawn, and nothing needs the length of the recording: stretches grow with it.

use std::time::Duration;

/// So many stretches at most, and more than half as many of a recording that is longer than [`FINEST`] of them.
const STRETCHES: usize = 512;
/// The first stretches are two to this power long, in microseconds: some 16 ms.
const FINEST: u32 = 14;

/// Output by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    bytes: Vec<u64>,
    /// A stretch is two to this power long, in microseconds.
    power: u32,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            power: FINEST,
        }
    }
}

impl Activity {
    /// So many bytes were shown then.
    pub(crate) fn add(&mut self, at: Duration, bytes: u64) {
        let at = micros(at);
        while at >> self.power >= STRETCHES as u64 {
            self.halve();
        }
        // Less than the number of stretches, as was seen to.
        let place = (at >> self.power) as usize;
        if place >= self.bytes.len() {
            self.bytes.resize(place + 1, 0);
        }
        self.bytes[place] = self.bytes[place].saturating_add(bytes);
    }

    fn halve(&mut self) {
        let pairs = self.bytes.chunks(2);
        let sum = |pair: &[u64]| {
            pair.iter()
                .fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
        };
        self.bytes = pairs.map(sum).collect();
        self.power += 1;
    }

    /// The bytes in each of `width` equal parts of the time up to `until`. What was shown later is in none; of a stretch
    /// that lies in two parts each has its share.
    pub fn bar(&self, until: Duration, width: usize) -> Vec<u64> {
        let until = micros(until).max(1);
        let borders = (0..=width as u128).map(|part| {
            let at = u128::from(until) * part / (width as u128).max(1);
            self.before(u64::try_from(at).unwrap_or(u64::MAX))
        });
        let borders: Vec<u64> = borders.collect();
        let parts = borders.windows(2);
        parts.map(|pair| pair[1] - pair[0]).collect()
    }

    /// The bytes that were shown before a time, in microseconds.
    fn before(&self, at: u64) -> u64 {
        let place = usize::try_from(at >> self.power).unwrap_or(usize::MAX);
        let whole = self.bytes.iter().take(place);
        let whole = whole.fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
        let part = self.bytes.get(place).map_or(0, |bytes| {
            let into = at & ((1 << self.power) - 1);
            // A share of a number of 64 bits is one.
            ((u128::from(*bytes) * u128::from(into)) >> self.power) as u64
        });
        whole.saturating_add(part)
    }

    /// All bytes.
    pub fn total(&self) -> u64 {
        let bytes = self.bytes.iter();
        bytes.fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn micro(at: u64) -> Duration {
        Duration::from_micros(at)
    }

    fn activity(shown: &[(u64, u64)]) -> Activity {
        let mut activity = Activity::default();
        for (at, bytes) in shown {
            activity.add(micro(*at), *bytes);
        }
        activity
    }

    #[test]
    fn stretches_grow_with_the_recording_and_stay_few() {
        let mut activity = activity(&[(0, 1), (20_000, 2)]);
        assert_eq!(activity.bytes, [1, 2]);
        activity.add(Duration::from_secs(3600), 4);
        assert!((STRETCHES / 2..=STRETCHES).contains(&activity.bytes.len()));
        assert_eq!((activity.bytes[0], activity.total()), (3, 7));
        activity.add(Duration::MAX, 8);
        assert!(activity.bytes.len() <= STRETCHES);
        assert_eq!(activity.total(), 15);
    }

    #[test]
    fn a_bar_of_any_width_shows_where_it_was() {
        let activity = activity(&[(0, 6), (1_020_000, 3), (3_020_000, 12)]);
        let bar = activity.bar(Duration::from_secs(4), 4);
        assert_eq!(bar, [6, 3, 0, 12]);
        assert_eq!(activity.bar(Duration::from_secs(2), 1), [9]);
        assert!(activity.bar(Duration::from_secs(2), 0).is_empty());
        assert_eq!(activity.bar(Duration::ZERO, 2), [0, 0]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_or_stands_far_from_its_time(
            shown in proptest::collection::vec((0..40_000_000_u64, 1..1000_u64), 0..40),
            shift in 0..30_u32,
            width in 1..300_usize,
        ) {
            let shown: Vec<(u64, u64)> = shown.into_iter().map(|(at, bytes)| (at << shift, bytes)).collect();
            let activity = activity(&shown);
            let stretch = 1_u64 << activity.power;
            prop_assert!(activity.bytes.len() <= STRETCHES);
            for (place, bytes) in (0..).zip(&activity.bytes) {
                let here = shown.iter().filter(|(at, _)| at / stretch == place);
                prop_assert_eq!(here.map(|(_, bytes)| bytes).sum::<u64>(), *bytes);
            }
            let end = shown.iter().map(|(at, _)| at + stretch).max().unwrap_or(1);
            let bar = activity.bar(micro(end), width);
            prop_assert_eq!(bar.len(), width);
            prop_assert_eq!(bar.iter().sum::<u64>(), activity.total());
            // What stands left of a border came before it, but for what shares its stretch.
            let mut left = 0;
            for (part, bytes) in (1..).zip(&bar) {
                left += bytes;
                let border = u64::try_from(u128::from(end) * part / width as u128).unwrap();
                let until = |until: u64| shown.iter().filter(|(at, _)| *at < until).map(|(_, bytes)| bytes).sum::<u64>();
                prop_assert!(left >= until(border / stretch * stretch));
                prop_assert!(left <= until(border + stretch));
            }
        }

        #[test]
        fn the_order_in_which_it_comes_makes_no_difference(
            mut shown in proptest::collection::vec((0..1_u64 << 45, 1..1000_u64), 0..40),
        ) {
            let forward = activity(&shown);
            shown.reverse();
            prop_assert_eq!(activity(&shown), forward);
        }
    }
}

//! When nothing happened for long: stretches of time, the longest of them where there are too many.
//!
//! Nothing here says what happened before or behind one.

use std::time::Duration;

/// The shortest that is told of, unless there are too many.
const LONG: Duration = Duration::from_secs(5);
/// So many are kept at most. Where there are more, those shorter than twice as much are no longer told of, and so on.
const KEPT: usize = 1024;

/// A time in which nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When something had happened last.
    pub from: Duration,
    /// When something happened again, or the end.
    pub until: Duration,
}

impl Stretch {
    fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }
}

/// All of them, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    stretches: Vec<Stretch>,
    shortest: Duration,
    at: Duration,
}

impl Default for Idle {
    fn default() -> Self {
        Self {
            stretches: Vec::new(),
            shortest: LONG,
            at: Duration::ZERO,
        }
    }
}

impl Idle {
    /// Something happened; times do not run back.
    pub(super) fn happened(&mut self, at: Duration) {
        let stretch = Stretch {
            from: self.at,
            until: at,
        };
        self.at = self.at.max(at);
        if stretch.length() < self.shortest {
            return;
        }
        self.stretches.push(stretch);
        while self.stretches.len() > KEPT {
            self.shortest *= 2;
            let shortest = self.shortest;
            self.stretches
                .retain(|stretch| stretch.length() >= shortest);
        }
    }

    /// Those that are told of.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_time_without_anything_is_told_of() {
        let mut idle = Idle::default();
        for second in [1, 2, 9, 13, 60, 61] {
            idle.happened(Duration::from_secs(second));
        }
        let found = idle.stretches().iter();
        let found: Vec<_> = found
            .map(|idle| (idle.from.as_secs(), idle.until.as_secs()))
            .collect();
        assert_eq!(found, [(2, 9), (13, 60)]);
    }

    proptest! {
        #[test]
        fn of_too_many_the_longest_are_kept(lengths in proptest::collection::vec(1..60_u64, 0..3000)) {
            let (mut idle, mut at, mut all) = (Idle::default(), Duration::ZERO, Vec::new());
            for length in lengths {
                let from = at;
                at += Duration::from_secs(length);
                idle.happened(at);
                all.push(Stretch { from, until: at });
            }
            prop_assert!(idle.stretches().len() <= KEPT);
            let shortest = idle.shortest;
            let long = all.iter().filter(|stretch| stretch.length() >= LONG).count();
            prop_assert!(shortest == LONG || long > KEPT);
            all.retain(|stretch| stretch.length() >= shortest);
            prop_assert_eq!(idle.stretches(), &all[..]);
        }
    }
}

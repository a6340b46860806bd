//! What looking at a screen may cost, and what is written of it: a few bytes of a recording can ask for a look at a large screen again
//! and again.
//!
//! Nothing here looks: whoever does asks first, and goes without where there is no credit left. Credit comes with the events
//! alone, so that the same recording always gives the same.

/// Credit in the beginning, and the most there ever is, in cells looked at: about a quarter of a second.
const MOST: u64 = 100_000_000;
/// What each event gives, and each byte of output: looking where somebody types, or where a program draws, costs no more.
const PER_EVENT: u64 = 300;
const PER_BYTE: u64 = 40;

/// The credit that is left.
#[derive(Debug)]
pub(super) struct Credit(u64);

impl Default for Credit {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Credit {
    /// An event came, with output of so many bytes.
    pub(super) fn earn(&mut self, bytes: usize) {
        self.0 = MOST.min(self.0 + PER_EVENT + bytes as u64 * PER_BYTE);
    }

    /// Whether so many cells may be looked at.
    pub(super) fn spend(&mut self, cells: u64) -> bool {
        let left = self.0.checked_sub(cells);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_ask_for_more_than_they_bring_are_refused_in_the_end() {
        let refused = |cells: u64, bytes: usize| {
            let mut credit = Credit::default();
            let looks = (0..1_000_000).filter(|_| {
                credit.earn(bytes);
                !credit.spend(cells)
            });
            looks.count()
        };
        // Keys at a prompt of two rows, pages of a program; a large screen for each byte.
        assert_eq!(refused(250, 1), 0);
        assert_eq!(refused(16_000, 2000), 0);
        assert!(refused(500_000, 1) > 990_000);
    }
}

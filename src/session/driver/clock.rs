//! The two clocks: the one that never jumps, and the one on the wall.
//!
//! Nothing else in the session asks the time.

use std::time::{Duration, Instant, SystemTime};

#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the time is asked"
)]
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Milliseconds since the epoch, by the clock on the wall.
#[expect(
    clippy::disallowed_methods,
    reason = "the driver is where the time is asked"
)]
#[must_use]
pub fn wall_millis() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(1, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// A difference that no slow adjustment makes between two looks.
const JUMP_MS: i64 = 1000;
/// How often the clocks are compared.
const COMPARE_EVERY: Duration = Duration::from_secs(1);
/// Jumps that are remembered.
const MAX_JUMPS: usize = 1000;

/// The clock on the wall went another way than time did: it was set, or the machine slept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// When it was noticed.
    pub at: Instant,
    /// Forward when positive.
    pub by_ms: i64,
}

/// Compares the two clocks, look by look.
#[derive(Debug)]
pub(super) struct Clocks {
    last: (Instant, u64),
    jumps: Vec<Jump>,
}

impl Clocks {
    pub(super) fn new(now: Instant, wall_millis: u64) -> Self {
        Self {
            last: (now, wall_millis),
            jumps: Vec::new(),
        }
    }

    /// Whether it is time to look.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.last.0 + COMPARE_EVERY
    }

    /// Looks; gives the jump since the last look.
    pub(super) fn compare(&mut self, now: Instant, wall_millis: u64) -> Option<Jump> {
        let (then, wall_then) = std::mem::replace(&mut self.last, (now, wall_millis));
        let passed = now.saturating_duration_since(then).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let by_ms = wall_millis
            .cast_signed()
            .saturating_sub(wall_then.cast_signed())
            .saturating_sub(passed);
        if by_ms.saturating_abs() < JUMP_MS {
            return None;
        }
        let jump = Jump { at: now, by_ms };
        if self.jumps.len() < MAX_JUMPS {
            self.jumps.push(jump);
        }
        Some(jump)
    }

    pub(super) fn into_jumps(self) -> Vec<Jump> {
        self.jumps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_jump_is_one() {
        let start = now();
        let mut clocks = Clocks::new(start, 1_000_000);
        let later = start + Duration::from_secs(10);
        assert!(clocks.is_due(later));
        assert_eq!(clocks.compare(later, 1_010_400), None);
        assert!(!clocks.is_due(later + Duration::from_millis(900)));
        let jump = clocks.compare(later + Duration::from_secs(1), 4_611_400);
        assert_eq!(jump.map(|jump| jump.by_ms), Some(3_600_000));
        let back = clocks.compare(later + Duration::from_secs(2), 1_012_400);
        assert_eq!(back.map(|jump| jump.by_ms), Some(-3_600_000));
        assert_eq!(clocks.into_jumps().len(), 2);
    }
}

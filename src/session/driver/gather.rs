//! When messages of a long output may gather before they are read.
//!
//! The agent sends a message a millisecond (protocol.md, 5: its pause), and a client that wakes for each spends most of its
//! time on waking. In a long output that keeps this pace nobody sees four milliseconds. Nothing here waits, and nothing
//! gathers while a person types, in a screenful, or where a peer sends faster than that.

use std::time::{Duration, Instant};

/// How long messages gather: four of the agent's.
pub(super) const PAUSE: Duration = Duration::from_millis(4);
/// So long a silence ends an output.
const LULL: Duration = Duration::from_millis(20);
/// An output is long beyond this, in bytes: the screen that an editor or a pager draws is not.
const LONG: usize = 32 * 1024;
/// So many messages at once come from a peer that is held up by reading late.
const CROWD: usize = 16;
/// For so long after a key, and after a crowd, all is read as it comes.
const ALERT: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Gather {
    /// Of the output that goes on.
    bytes: usize,
    heard: Instant,
    alert_until: Instant,
    is_due: bool,
}

impl Gather {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bytes: 0,
            heard: now,
            alert_until: now,
            is_due: false,
        }
    }

    /// So many messages were read at once.
    pub(super) fn heard(&mut self, now: Instant, messages: usize, bytes: usize) {
        if now.saturating_duration_since(self.heard) > LULL {
            self.bytes = 0;
        }
        self.heard = now;
        self.bytes = self.bytes.saturating_add(bytes);
        if messages >= CROWD {
            self.alert_until = now + ALERT;
        }
        self.is_due = self.bytes > LONG && now >= self.alert_until;
    }

    /// Somebody typed, and looks for the answer.
    pub(super) fn typed(&mut self, now: Instant) {
        self.alert_until = now + ALERT;
        self.is_due = false;
    }

    /// Whether to wait for [`PAUSE`] now; once after each reading.
    pub(super) fn take(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    fn agent(gather: &mut Gather, from: Instant, millis: std::ops::Range<u64>) -> Vec<bool> {
        let heard = millis.map(|at| {
            gather.heard(from + Duration::from_millis(at), 1, KIB);
            gather.take()
        });
        heard.collect()
    }

    #[test]
    fn a_long_output_at_the_agent_s_pace_gathers_and_a_screenful_does_not() {
        let start = crate::session::driver::now();
        let mut gather = Gather::new(start);
        assert!(!agent(&mut gather, start, 0..32).contains(&true));
        assert!(!agent(&mut gather, start, 32..64).contains(&false));
        assert!(!gather.take(), "once after each reading");
        // A pause of the output: another one begins.
        assert!(!agent(&mut gather, start, 100..132).contains(&true));
    }

    #[test]
    fn who_types_or_sends_faster_is_read_as_it_comes() {
        let start = crate::session::driver::now();
        let mut gather = Gather::new(start);
        agent(&mut gather, start, 0..40);
        gather.heard(start + Duration::from_millis(40), 1, KIB);
        gather.typed(start + Duration::from_millis(40));
        assert!(!gather.take());
        assert!(!agent(&mut gather, start, 41..240).contains(&true));
        assert!(!agent(&mut gather, start, 240..250).contains(&false));
        gather.heard(start + Duration::from_millis(251), CROWD, CROWD * KIB);
        assert!(!gather.take());
        assert!(!agent(&mut gather, start, 252..451).contains(&true));
    }
}

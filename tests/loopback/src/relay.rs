//! One direction of a bad line: drops, doubles, delays and reorders what passes, by a seeded generator.
//!
//! Nothing here waits or touches a socket; times come in as arguments.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::faults::Link;

/// The longest time for which a message is held back to be overtaken.
const HELD_BACK: Duration = Duration::from_millis(20);
/// How many messages may be on the way before the sender has to wait.
const LIMIT: usize = 20_000;

/// Messages on the way in one direction of one connection.
#[derive(Debug)]
pub(crate) struct Relay {
    link: Link,
    random: SmallRng,
    on_the_way: BinaryHeap<Reverse<(Instant, u64, Bytes)>>,
    pushed: u64,
    last_due: Option<Instant>,
}

impl Relay {
    pub(crate) fn new(link: Link, seed: u64) -> Self {
        Self {
            link,
            random: SmallRng::seed_from_u64(seed),
            on_the_way: BinaryHeap::new(),
            pushed: 0,
            last_due: None,
        }
    }

    /// Takes a message in.
    pub(crate) fn push(&mut self, now: Instant, bytes: Bytes) {
        if self.link.is_perfect() {
            self.insert(now, bytes);
            return;
        }
        if self.random.random_bool(self.link.drop) {
            return;
        }
        if self.random.random_bool(self.link.duplicate) {
            let due = self.due(now);
            self.insert(due, bytes.clone());
        }
        let due = self.due(now);
        self.insert(due, bytes);
    }

    /// Gives the next message whose time has come.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Bytes> {
        if self.poll_timeout()? > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse((_, _, bytes))| bytes)
    }

    /// When [`poll`](Self::poll) has something.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse((due, _, _))| *due)
    }

    pub(crate) fn has_room(&self) -> bool {
        self.on_the_way.len() < LIMIT
    }

    fn insert(&mut self, due: Instant, bytes: Bytes) {
        self.pushed += 1;
        self.on_the_way.push(Reverse((due, self.pushed, bytes)));
    }

    /// Jitter keeps the order, as on a real path; only what is chosen for reordering falls behind.
    fn due(&mut self, now: Instant) -> Instant {
        let jitter = self
            .link
            .jitter
            .mul_f64(self.random.random_range(-1.0..=1.0_f64).abs());
        let delay = if self.random.random_bool(0.5) {
            self.link.delay + jitter
        } else {
            self.link.delay.saturating_sub(jitter)
        };
        let due = (now + delay).max(self.last_due.unwrap_or(now));
        if self.random.random_bool(self.link.reorder) {
            return due + HELD_BACK.mul_f64(self.random.random_range(0.0..1.0));
        }
        self.last_due = Some(due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(link: Link, count: u32) -> Vec<u32> {
        let start = Instant::now();
        let mut relay = Relay::new(link, 7);
        for number in 0..count {
            let at = start + Duration::from_millis(1) * number;
            relay.push(at, Bytes::copy_from_slice(&number.to_be_bytes()));
        }
        let end = start + Duration::from_secs(3600);
        std::iter::from_fn(|| relay.poll(end))
            .map(|bytes| u32::from_be_bytes(bytes[..].try_into().unwrap()))
            .collect()
    }

    #[test]
    fn a_perfect_line_changes_nothing() {
        assert_eq!(pass(Link::default(), 100), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn jitter_keeps_the_order() {
        let link = Link {
            delay: Duration::from_millis(30),
            jitter: Duration::from_millis(10),
            ..Link::default()
        };
        assert_eq!(pass(link, 100), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn faults_come_about_as_often_as_asked() {
        let dropped = pass(
            Link {
                drop: 0.1,
                ..Link::default()
            },
            1000,
        );
        assert!((850..950).contains(&dropped.len()), "{}", dropped.len());
        let doubled = pass(
            Link {
                duplicate: 0.2,
                ..Link::default()
            },
            1000,
        );
        assert!((1150..1250).contains(&doubled.len()), "{}", doubled.len());
        let reordered = pass(
            Link {
                reorder: 0.3,
                ..Link::default()
            },
            1000,
        );
        assert_eq!(reordered.len(), 1000);
        assert!(!reordered.is_sorted());
    }
}

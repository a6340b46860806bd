//! Moments of a playback that are kept, so that going back does not mean starting over.
//!
//! Nothing here is drawn, and what is kept has a limit however long the recording is.

use std::time::Duration;

use crate::player::canvas::{Canvas, Snapshot};

/// How much output lies between two snapshots at first; the distance grows with the recording.
const SNAPSHOT_EVERY: usize = 1024 * 1024;
/// What all snapshots together may hold, in bytes. Half of them go when it is reached.
const SNAPSHOTS_LIMIT: usize = 8 * 1024 * 1024;

/// A moment: that after an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// In the time of the recording.
    pub(crate) at: Duration,
    /// In playing time.
    pub(crate) playing: Duration,
    /// Events from this number on are still to come.
    pub(crate) next: u64,
}

/// Moments kept so that going back does not mean starting over, the earliest first.
pub(super) struct Snapshots {
    pub(super) kept: Vec<(Place, Snapshot)>,
    bytes: usize,
    /// How much output lies between two of them.
    every: usize,
    /// How much output came since the last one, or since a seek.
    pub(super) distance: usize,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            bytes: 0,
            every: SNAPSHOT_EVERY,
            distance: 0,
        }
    }
}

impl Snapshots {
    pub(super) fn before(&self, at: Duration) -> Option<&(Place, Snapshot)> {
        let behind = self.kept.partition_point(|(place, _)| place.at <= at);
        self.kept.get(behind.checked_sub(1)?)
    }

    /// The last one before which the event of this number is still to come.
    pub(super) fn before_event(&self, number: u64) -> Option<&(Place, Snapshot)> {
        let behind = self.kept.partition_point(|(place, _)| place.next <= number);
        self.kept.get(behind.checked_sub(1)?)
    }

    pub(super) fn offer(&mut self, place: Place, canvas: &Canvas) {
        if self.distance < self.every
            || self
                .kept
                .last()
                .is_some_and(|(last, _)| last.at >= place.at)
        {
            return;
        }
        self.distance = 0;
        let snapshot = canvas.snapshot();
        if snapshot.size() > SNAPSHOTS_LIMIT / 4 {
            return;
        }
        self.bytes += snapshot.size();
        self.kept.push((place, snapshot));
        if self.bytes > SNAPSHOTS_LIMIT {
            let mut odd = false;
            self.kept.retain(|_| {
                odd = !odd;
                odd
            });
            self.bytes = self.kept.iter().map(|(_, kept)| kept.size()).sum();
            self.every = self.every.saturating_mul(2);
        }
    }
}

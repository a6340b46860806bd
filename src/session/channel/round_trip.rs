//! How long an acknowledgement takes, and from it how long to wait before sending again.
//!
//! No clock is read here and nothing is sent: times come in as arguments, a duration goes out.

use std::time::Duration;

/// Before the first measurement (source: `DefaultRoundTripTime`, the official client's config).
const FIRST_ROUND_TRIP: Duration = Duration::from_millis(100);
/// The wait before the first measurement (source: `DefaultTransmissionTimeout`).
const FIRST_TIMEOUT: Duration = Duration::from_millis(200);
/// What a clock may be off by; the least that is added to the round trip (source: `ClockGranularity`).
const GRANULARITY: Duration = Duration::from_millis(10);
/// The longest wait, after however many attempts (source: `MaxTransmissionTimeout`).
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(1);

/// The smoothed round trip and its variation, in the shape of RFC 6298 with the protocol's constants.
#[derive(Clone, Debug)]
pub(super) struct RoundTrip {
    smoothed: Duration,
    variation: Duration,
    timeout: Duration,
    is_measured: bool,
}

impl RoundTrip {
    pub(super) fn new() -> Self {
        Self {
            smoothed: FIRST_ROUND_TRIP,
            variation: Duration::ZERO,
            timeout: FIRST_TIMEOUT,
            is_measured: false,
        }
    }

    /// Takes a measurement. The caller leaves out messages that were sent more than once: it cannot know which
    /// of the copies was acknowledged (Karn's rule).
    pub(super) fn measure(&mut self, sample: Duration) {
        let sample = sample.min(MAX_TIMEOUT * 10);
        self.is_measured = true;
        self.variation = self.variation * 3 / 4 + self.smoothed.abs_diff(sample) / 4;
        self.smoothed = self.smoothed * 7 / 8 + sample / 8;
        self.timeout = (self.smoothed + GRANULARITY.max(self.variation * 4)).min(MAX_TIMEOUT);
    }

    /// How long to wait after the `attempts`-th time that a message was sent; doubles with each, up to `limit`.
    pub(super) fn timeout(&self, attempts: u32, limit: Duration) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        (self.timeout * (1 << doublings)).min(limit)
    }

    /// The smoothed round trip; `None` before anything was measured.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.is_measured.then_some(self.smoothed)
    }
}

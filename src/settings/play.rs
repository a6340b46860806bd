//! `[play]`: how recordings are played.
//!
//! Nothing here plays.

use std::time::Duration;

use super::in_force::Values;
use super::spec::{Setting, Spec, duration, number};

static SPEED: Setting<f64> = number("play.speed", 0.001, 1000.0)
    .default("1.0")
    .purpose("How fast recordings are played.");

static IDLE_TIME_LIMIT: Setting<Duration> = duration(
    "play.idle_time_limit",
    Duration::from_millis(1),
    Duration::from_hours(365 * 24),
)
.example("2s")
.purpose("The longest pause that playing keeps. Unset: pauses are played as they were.");

pub(super) static SPECS: [&Spec; 2] = [&SPEED.spec, &IDLE_TIME_LIMIT.spec];

/// `[play]`
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) speed: f64,
    pub(crate) idle_time_limit: Option<Duration>,
}

impl Play {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            speed: values.of(&SPEED),
            idle_time_limit: values.given(&IDLE_TIME_LIMIT),
        }
    }
}

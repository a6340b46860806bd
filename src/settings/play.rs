//! `[play]`: how recordings are played.
//!
//! Nothing here plays.

use std::time::Duration;

use super::in_force::Values;
use super::kind::Form;
use super::spec::{Setting, Spec, duration, list, number};
use crate::terminal::Binding;

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

static KEYS: Setting<Vec<String>> = list(
    "play.keys",
    |entry| match entry.parse::<Binding>() {
        Ok(_) => Form::Other,
        Err(()) => Form::Bad,
    },
    "a list of keys and what they stand for, as p=space, ^n=] or F5=g (not ^c)",
)
.default("")
.purpose(
    "Keys of your own in the player, each with the one that it stands for (h shows those): p=space, ^n=], F5=g. Ctrl-C \
     always leaves.",
);

pub(super) static SPECS: [&Spec; 3] = [&SPEED.spec, &IDLE_TIME_LIMIT.spec, &KEYS.spec];

/// `[play]`
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) speed: f64,
    pub(crate) idle_time_limit: Option<Duration>,
    pub(crate) keys: Vec<Binding>,
}

impl Play {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            speed: values.of(&SPEED),
            idle_time_limit: values.given(&IDLE_TIME_LIMIT),
            keys: values
                .of(&KEYS)
                .iter()
                .filter_map(|key| key.parse().ok())
                .collect(),
        }
    }
}

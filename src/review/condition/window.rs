//! How far back a condition reaches: no session that started outside of its window is let through.
//!
//! Nothing here is exact: a window may be wider than need be, never narrower.

use chrono::{DateTime, Utc};

use super::{Condition, Term};

/// From one moment on, and before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Then or later.
    pub since: Option<DateTime<Utc>>,
    /// Before then.
    pub until: Option<DateTime<Utc>>,
}

impl Window {
    /// Whether a session that started then can be let through.
    #[must_use]
    pub fn holds(&self, moment: DateTime<Utc>) -> bool {
        self.since.is_none_or(|since| moment >= since)
            && self.until.is_none_or(|until| moment < until)
    }

    fn and(self, other: Self) -> Self {
        let least = |one: Option<DateTime<Utc>>, other| one.into_iter().chain(other).min();
        Self {
            since: self.since.max(other.since),
            until: least(self.until, other.until),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            since: self.since.min(other.since),
            until: self
                .until
                .zip(other.until)
                .map(|(one, other)| one.max(other)),
        }
    }
}

impl Condition {
    /// When a session must have started that this lets through.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window_where(true)
    }

    /// When it must have started for this to be so, or not to be so.
    fn window_where(&self, is_so: bool) -> Window {
        match (self, is_so) {
            (Self::Not(part), is_so) => part.window_where(!is_so),
            // One that is false is enough to make all of them false, as one that is true for any of them.
            (Self::All(parts), true) | (Self::Any(parts), false) => parts
                .iter()
                .map(|part| part.window_where(is_so))
                .fold(Window::default(), Window::and),
            (Self::Any(parts), true) | (Self::All(parts), false) => parts
                .iter()
                .map(|part| part.window_where(is_so))
                .reduce(Window::or)
                .unwrap_or_default(),
            (Self::Is(Term::Since(since)), true) | (Self::Is(Term::Until(since)), false) => {
                Window {
                    since: Some(*since),
                    until: None,
                }
            }
            (Self::Is(Term::Until(until)), true) | (Self::Is(Term::Since(until)), false) => {
                Window {
                    since: None,
                    until: Some(*until),
                }
            }
            (Self::Is(_), _) => Window::default(),
        }
    }
}

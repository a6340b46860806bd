//! How far back a condition reaches: no session that started outside of its windows is let through.
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

/// So many windows are kept apart, at most; more of them are taken for one, from the first to the last.
const MOST: usize = 8;

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

    /// From the beginning of the one to the end of the other, whatever lies between.
    fn to(self, other: Self) -> Self {
        Self {
            since: self.since.min(other.since),
            until: self
                .until
                .zip(other.until)
                .map(|(one, other)| one.max(other)),
        }
    }

    fn is_empty(&self) -> bool {
        let both = self.since.zip(self.until);
        both.is_some_and(|(since, until)| since >= until)
    }
}

impl Condition {
    /// When a session must have started that this lets through: in one of these, which come one after the other and do not
    /// meet. Nothing is let through where there is none.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        self.windows_where(true)
    }

    /// When it must have started for this to be so, or not to be so.
    fn windows_where(&self, is_so: bool) -> Vec<Window> {
        match (self, is_so) {
            (Self::Not(part), is_so) => part.windows_where(!is_so),
            // One that is false is enough to make all of them false, as one that is true for any of them.
            (Self::All(parts), true) | (Self::Any(parts), false) => parts
                .iter()
                .map(|part| part.windows_where(is_so))
                .fold(vec![Window::default()], |left, right| both(&left, &right)),
            (Self::Any(parts), true) | (Self::All(parts), false) => {
                let parts = parts.iter().map(|part| part.windows_where(is_so));
                joined(parts.flatten().collect())
            }
            (Self::Is(Term::Since(since)), true) | (Self::Is(Term::Until(since)), false) => {
                vec![Window {
                    since: Some(*since),
                    until: None,
                }]
            }
            (Self::Is(Term::Until(until)), true) | (Self::Is(Term::Since(until)), false) => {
                vec![Window {
                    since: None,
                    until: Some(*until),
                }]
            }
            (Self::Is(_), _) => vec![Window::default()],
        }
    }
}

/// What lies in windows of both.
fn both(left: &[Window], right: &[Window]) -> Vec<Window> {
    let pairs = left
        .iter()
        .flat_map(|left| right.iter().map(|right| left.and(*right)));
    joined(pairs.collect())
}

/// The same in order, those that meet as one.
fn joined(mut windows: Vec<Window>) -> Vec<Window> {
    windows.retain(|window| !window.is_empty());
    windows.sort_by_key(|window| window.since);
    let mut joined: Vec<Window> = Vec::new();
    for window in windows {
        match joined.last_mut() {
            Some(last)
                if last
                    .until
                    .is_none_or(|until| window.since.is_none_or(|since| since <= until)) =>
            {
                *last = last.to(window);
            }
            _ => joined.push(window),
        }
    }
    match joined[..] {
        [first, .., last] if joined.len() > MOST => vec![first.to(last)],
        _ => joined,
    }
}

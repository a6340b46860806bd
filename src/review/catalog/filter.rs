//! What is asked of the catalog: the beginning of a session id, and a condition.
//!
//! Nothing here reads a store; what the manifest does not tell, `known` fetches.

use chrono::{NaiveDate, TimeDelta};
use formats::layout;
use formats::manifest::Manifest;

use crate::review::condition::{Condition, Facts, State, Window};
use crate::store::Span;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// The session id begins so.
    pub session: Option<String>,
    /// This holds for it.
    pub condition: Condition,
}

impl Filter {
    /// Whether this is asked for, as far as a manifest by itself tells. What it does not tell is not let through: whoever holds
    /// the manifest of a recording that is not stored, or more than that, asks [`Filter::judge`].
    #[must_use]
    pub fn lets_through(&self, manifest: &Manifest) -> bool {
        // One that was made of a header alone has no chain.
        let is_closed = !manifest.chain.head.is_empty();
        let facts = Facts {
            state: is_closed.then_some(State::Stored),
            ..Facts::of(manifest)
        };
        self.judge(&facts) == Some(true)
    }

    /// Whether this is asked for; `None` where what is known does not tell.
    #[must_use]
    pub fn judge(&self, facts: &Facts<'_>) -> Option<bool> {
        let begins = |start: &String| facts.manifest.session_id.starts_with(start);
        match self.session.as_ref().is_none_or(begins) {
            true => self.condition.judge(facts),
            false => Some(false),
        }
    }

    /// The keys below `folder` that may be of something that is asked for.
    pub(super) fn span(&self, folder: &str) -> Span {
        let (first, last) = days(self.condition.window());
        let of_day = |day| format!("{folder}{}/", layout::day(day));
        Span {
            prefix: folder.to_owned(),
            after: first.map(of_day),
            before: last.and_then(|last| last.succ_opt()).map(of_day),
        }
    }

    /// Whether something that is asked for may lie below this day.
    pub(super) fn may_hold(&self, day: Option<NaiveDate>) -> bool {
        let Some(day) = day else {
            return true;
        };
        let (first, last) = days(self.condition.window());
        first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
    }
}

/// The first day of a window and the last.
fn days(window: Window) -> (Option<NaiveDate>, Option<NaiveDate>) {
    // Before midnight is still the day before.
    let last = window.until.map(|until| {
        let moment = until.checked_sub_signed(TimeDelta::nanoseconds(1));
        moment.unwrap_or(until).date_naive()
    });
    (window.since.map(|since| since.date_naive()), last)
}

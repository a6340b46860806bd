//! What is asked of the catalog: the beginning of a session id, and a condition.
//!
//! Nothing here reads a store; what the manifest does not tell, `known` fetches.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use formats::layout;
use formats::manifest::Manifest;

use crate::review::condition::{Condition, Facts, State, Term, Window};
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
    /// All sessions of a day, in UTC.
    #[must_use]
    pub(crate) fn of_day(day: NaiveDate) -> Self {
        let start = day.and_time(NaiveTime::MIN).and_utc();
        let since = Condition::Is(Term::Since(start));
        let next = start.checked_add_days(Days::new(1));
        let until = next.map(|next| Condition::Is(Term::Until(next)));
        Self {
            session: None,
            condition: Condition::all([Some(since), until].into_iter().flatten().collect()),
        }
    }

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

    /// The keys below `folder` that may be of something that is asked for; no key is in two of these.
    pub(super) fn spans(&self, folder: &str) -> Vec<Span> {
        let of_day = |day| format!("{folder}{}/", layout::day(day));
        let spans = self.days().into_iter().map(|(first, last)| Span {
            prefix: folder.to_owned(),
            after: first.map(of_day),
            before: last.and_then(|last| last.succ_opt()).map(of_day),
        });
        spans.collect()
    }

    /// Whether something that is asked for may lie below this day.
    pub(super) fn may_hold(&self, day: Option<NaiveDate>) -> bool {
        let Some(day) = day else {
            return true;
        };
        self.days().iter().any(|(first, last)| {
            first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last)
        })
    }

    /// Whether it is asked for sessions from some day on, rather than for all there ever were.
    pub(crate) fn has_first_day(&self) -> bool {
        let days = self.days();
        days.first().is_none_or(|(first, _)| first.is_some())
    }

    /// The days in which a session may have started, from the first to the last of each stretch of them. Two stretches have a
    /// day between them.
    pub(in crate::review) fn days(&self) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for window in self.condition.windows() {
            let (first, last) = days(window);
            let next = |day: NaiveDate| day.succ_opt().unwrap_or(day);
            match stretches.last_mut() {
                Some((_, end))
                    if end.is_none_or(|end| first.is_none_or(|first| first <= next(end))) =>
                {
                    *end = end.zip(last).map(|(end, last)| end.max(last));
                }
                _ => stretches.push((first, last)),
            }
        }
        stretches
    }
}

/// The first and the last of some days; without one, all before or all after.
pub(in crate::review) type Stretch = (Option<NaiveDate>, Option<NaiveDate>);

/// The days of a window.
fn days(window: Window) -> Stretch {
    // Before midnight is still the day before.
    let last = window.until.map(|until| {
        let moment = until.checked_sub_signed(TimeDelta::nanoseconds(1));
        moment.unwrap_or(until).date_naive()
    });
    (window.since.map(|since| since.date_naive()), last)
}

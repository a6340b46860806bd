//! Who was asked for the history, of which account and region and time, and what nobody was asked for.
//!
//! Nothing here passes silence for an answer: whoever did not answer leaves a hole in the population.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Rules;
use super::history::Witness;

/// One answer, or the lack of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What kind of witness.
    pub witness: Witness,
    /// Its name for a person: a profile, a folder, a bucket, the key of a snapshot.
    pub name: String,
    /// Whose sessions; `None`: it is not known.
    pub account: Option<String>,
    /// Of which region.
    pub region: Option<String>,
    /// Since when it tells.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
    /// How many sessions of the period it told of.
    pub sessions: usize,
    /// Why it did not tell all.
    pub failure: Option<String>,
}

impl Asked {
    /// Whether it would have told of a session there and then.
    pub(super) fn tells_of(
        &self,
        account: Option<&str>,
        region: Option<&str>,
        at: DateTime<Utc>,
        rules: &Rules,
    ) -> bool {
        let same = |one: Option<&str>, other: Option<&str>| match (one, other) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.failure.is_none()
            && region.is_some()
            && self.region.as_deref() == region
            && same(self.account.as_deref(), account)
            && at >= self.from + rules.skew
            && at < self.until - rules.skew
    }
}

/// A time of which nobody tells what happened in an account and region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unasked {
    /// Whose sessions.
    pub account: Option<String>,
    /// Of which region.
    pub region: Option<String>,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// What of the period no answer covers, in each account and region that somebody was asked for.
pub(in crate::review) fn unasked(asked: &[Asked], rules: &Rules) -> Vec<Unasked> {
    let mut places: BTreeMap<(Option<&str>, Option<&str>), Vec<&Asked>> = BTreeMap::new();
    for one in asked {
        let place = (one.account.as_deref(), one.region.as_deref());
        places.entry(place).or_default().push(one);
    }
    // What began within the grace time is pending anyway.
    let end = rules.until.min(rules.now - rules.grace);
    let mut unasked = Vec::new();
    for ((account, region), mut answers) in places {
        // Who did not even tell whom to ask has failed, which is told; of what is not known.
        if region.is_none() {
            continue;
        }
        answers.retain(|one| one.failure.is_none());
        answers.sort_by_key(|one| one.from);
        let mut covered = rules.since;
        let mut hole = |from: DateTime<Utc>, until: DateTime<Utc>| {
            // Whoever was asked a moment later tells of nearly all the same.
            if from + rules.skew < until {
                unasked.push(Unasked {
                    account: account.map(str::to_owned),
                    region: region.map(str::to_owned),
                    from,
                    until,
                });
            }
        };
        for one in answers {
            hole(covered, one.from.min(end));
            covered = covered.max(one.until);
        }
        hole(covered, end);
    }
    unasked
}

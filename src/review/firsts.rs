//! Who was on which target first, as far back as somebody looks.
//!
//! Nothing is known of what is older than that, or lies in another store.

use std::collections::HashMap;

use chrono::{DateTime, Days, Utc};
use formats::manifest::Manifest;

use super::catalog::{Catalog, Entry, Error, Filter};
use super::condition::{Condition, Term, started};

/// So many days back it is looked.
const DAYS: u64 = 90;

/// When each operator was on each target first.
#[derive(Debug, Default)]
pub(crate) struct Firsts(HashMap<(String, String), DateTime<Utc>>);

impl Catalog {
    /// Looks through the sessions since some days before this.
    ///
    /// # Errors
    /// The store cannot be listed or read.
    pub(crate) fn firsts(&self, before: DateTime<Utc>) -> Result<Firsts, Error> {
        let since = before.checked_sub_days(Days::new(DAYS)).unwrap_or(before);
        let filter = Filter {
            session: None,
            condition: Condition::Is(Term::Since(since)),
        };
        Ok(Firsts::of(&self.list(&filter, usize::MAX)?.entries))
    }
}

impl Firsts {
    fn of(entries: &[Entry]) -> Self {
        let mut firsts = HashMap::new();
        for entry in entries {
            if let Some((who, at)) = on_target(&entry.manifest) {
                let first = firsts.entry(who).or_insert(at);
                *first = at.min(*first);
            }
        }
        Self(firsts)
    }

    /// Whether its operator was never on its target before; `None` where it does not tell who that was, or when.
    pub(crate) fn is_first(&self, manifest: &Manifest) -> Option<bool> {
        let (who, at) = on_target(manifest)?;
        Some(self.0.get(&who).is_none_or(|first| *first >= at))
    }
}

fn on_target(manifest: &Manifest) -> Option<((String, String), DateTime<Utc>)> {
    let operator = manifest.operator.as_ref().or(manifest.user.as_ref())?;
    let who = (operator.clone(), manifest.target.clone());
    Some((who, started(manifest)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::review::catalog::State;

    #[test]
    fn the_first_of_a_person_on_a_target_is_one_and_no_later_one() {
        let entry = |operator: &str, target: &str, started: &str| Entry {
            manifest: Manifest {
                operator: Some(operator.into()),
                target: target.into(),
                started_at: Some(started.into()),
                ..Manifest::default()
            },
            state: State::Stored,
            location: String::new(),
        };
        let entries = [
            entry("alice", "i-1", "2026-11-03T00:00:00Z"),
            entry("alice", "i-1", "2026-11-02T00:00:00Z"),
            entry("bob", "i-1", "2026-11-03T00:00:00Z"),
        ];
        let firsts = Firsts::of(&entries);
        let told = entries.map(|entry| firsts.is_first(&entry.manifest));
        assert_eq!(told, [Some(false), Some(true), Some(true)]);
        assert_eq!(firsts.is_first(&Manifest::default()), None);
    }
}

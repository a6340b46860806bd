//! What an audit counted.
//!
//! Nothing is counted twice: a session has one state, though it may have several marks.

use std::collections::BTreeMap;

use super::row::Break;
use super::{Audited, Coverage};

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sessions of the period.
    pub sessions: u64,
    /// Those that the history tells of.
    pub in_history: u64,
    /// How many are in each state, by its name.
    pub states: BTreeMap<&'static str, u64>,
    /// How many have each mark, by its name.
    pub marks: BTreeMap<&'static str, u64>,
    /// How many breaks of each kind the rows have.
    pub breaks: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(super) fn of(sessions: &[Audited], breaks: &[Break]) -> Self {
        let mut totals = Self::default();
        for one in sessions {
            totals.sessions += 1;
            totals.in_history += u64::from(one.happened.is_some());
            *totals.states.entry(one.coverage.name()).or_default() += 1;
            for name in one.mark_names() {
                *totals.marks.entry(name).or_default() += 1;
            }
        }
        for one in breaks {
            *totals.breaks.entry(one.kind.name()).or_default() += 1;
        }
        totals
    }

    /// How many are in this state.
    #[must_use]
    pub fn state(&self, coverage: Coverage) -> u64 {
        self.states
            .get(coverage.name())
            .copied()
            .unwrap_or_default()
    }
}

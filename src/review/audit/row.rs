//! The rows of manifests that clients finished: numbers that are missing, doubled, or of another manifest than the next one
//! names.
//!
//! Nothing here needs anybody's history. The last of a row can be taken away unseen, until the next one comes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Rules;
use super::held::{Held, Says};

/// A session that stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its id.
    pub session_id: String,
    /// Its number.
    pub counter: u64,
    /// When it was closed, or began, by the service's clock as far as that is known.
    pub at: Option<DateTime<Utc>>,
    /// The caller's ARN.
    pub operator: Option<String>,
    /// User name at the client.
    pub user: Option<String>,
    /// Host name at the client.
    pub host: Option<String>,
}

/// Where a row is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The row.
    pub client: String,
    /// How.
    pub kind: BreakKind,
    /// The last before it.
    pub before: Neighbour,
    /// The first behind it.
    pub after: Neighbour,
}

/// How a row is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakKind {
    /// These numbers are nowhere.
    Missing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// They are nowhere yet: they may wait on the machine where they were recorded.
    Waiting {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The one before is not what the one behind says: it was altered or replaced.
    Altered,
    /// Both have the same number: the row was continued twice.
    Fork,
    /// The client forgot its row, or somebody made it forget; a new row begins behind.
    Anew,
    /// The one behind has no number, though the client had begun to count.
    Uncounted,
}

impl BreakKind {
    /// As programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Waiting { .. } => "waiting",
            Self::Altered => "altered",
            Self::Fork => "fork",
            Self::Anew => "anew",
            Self::Uncounted => "uncounted",
        }
    }

    /// Whether something is gone or altered; else it is a note.
    #[must_use]
    pub fn is_hole(self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Altered | Self::Fork)
    }
}

/// Somebody's machine: user and host as the manifests tell them.
type Machine<'a> = (&'a str, &'a str);

/// All breaks in the rows of what is held.
pub(super) fn breaks(held: &[Held], rules: &Rules) -> Vec<Break> {
    let mut rows: BTreeMap<&str, Vec<(&Held, &Says, u64)>> = BTreeMap::new();
    for one in held {
        if let Some(says) = &one.says
            && let Some(place) = &says.continuity
        {
            let row = rows.entry(&place.client).or_default();
            row.push((one, says, place.counter));
        }
    }
    // A number may be that of a manifest that the store did not give.
    let is_whole = held.iter().all(|one| one.unreached.is_none());
    let mut breaks = Vec::new();
    for (client, row) in &mut rows {
        row.sort_by_key(|(held, _, counter)| (*counter, held.session_id.as_str()));
        // One that lies twice, here and there, is one.
        row.dedup_by(|a, b| a.0.session_id == b.0.session_id && a.1.digest == b.1.digest);
        breaks.extend(of_row(client, row, is_whole, rules));
    }
    breaks.extend(anew(held, &rows));
    breaks
}

fn of_row(client: &str, row: &[(&Held, &Says, u64)], is_whole: bool, rules: &Rules) -> Vec<Break> {
    let mut breaks = Vec::new();
    let broken = |kind, before: &(&Held, &Says, u64), after: &(&Held, &Says, u64)| Break {
        client: client.to_owned(),
        kind,
        before: neighbour(before.0, before.1),
        after: neighbour(after.0, after.1),
    };
    for pair in row.windows(2) {
        let [before, after] = pair else { continue };
        let (first, last) = (before.2.saturating_add(1), after.2.saturating_sub(1));
        if before.2 == after.2 {
            breaks.push(broken(BreakKind::Fork, before, after));
        } else if first <= last {
            let closed = after.1.ended().or(after.0.came);
            let may_wait =
                !is_whole || closed.is_none_or(|closed| closed + rules.grace > rules.now);
            let kind = match may_wait {
                true => BreakKind::Waiting { first, last },
                false => BreakKind::Missing { first, last },
            };
            breaks.push(broken(kind, before, after));
        }
    }
    for after in row {
        let Some(place) = &after.1.continuity else {
            continue;
        };
        let (Some(linked), Some(previous)) = (place.linked(), &place.previous) else {
            continue;
        };
        let at = row.partition_point(|(_, _, counter)| *counter < linked);
        let mut named = row[at..].iter().take_while(|one| one.2 == linked);
        let Some(first) = named.clone().next() else {
            continue;
        };
        if !named.any(|one| one.1.digest == *previous) {
            breaks.push(broken(BreakKind::Altered, first, after));
        }
    }
    breaks
}

/// Machines whose row begins again, or who stop counting.
fn anew(held: &[Held], rows: &BTreeMap<&str, Vec<(&Held, &Says, u64)>>) -> Vec<Break> {
    let mut machines: BTreeMap<Machine<'_>, Vec<(&Held, &Says)>> = BTreeMap::new();
    for one in held {
        if let Some(says) = &one.says
            && let (Some(user), Some(host)) = (&says.user, &says.host)
            && says.closed.is_some()
        {
            machines.entry((user, host)).or_default().push((one, says));
        }
    }
    let mut breaks = Vec::new();
    for sessions in machines.values_mut() {
        sessions.sort_by_key(|(_, says)| says.closed);
        let mut last: Option<(&Held, &Says, &str)> = None;
        for (one, says) in sessions.iter() {
            let client = says.continuity.as_ref().map(|place| place.client.as_str());
            let kind = match (client, last) {
                // Only the first of a row begins it; of two rows that go on side by side neither is new.
                (Some(client), Some((.., before)))
                    if client != before && is_first(rows.get(client), one) =>
                {
                    Some(BreakKind::Anew)
                }
                (None, Some(_)) => Some(BreakKind::Uncounted),
                _ => None,
            };
            if let (Some(kind), Some((before, told, known))) = (kind, last) {
                breaks.push(Break {
                    client: known.to_owned(),
                    kind,
                    before: neighbour(before, told),
                    after: neighbour(one, says),
                });
            }
            if let Some(client) = client {
                last = Some((one, says, client));
            }
        }
    }
    breaks
}

fn is_first(row: Option<&Vec<(&Held, &Says, u64)>>, one: &Held) -> bool {
    let first = row.and_then(|row| row.first());
    first.is_some_and(|first| first.2 <= 1 && first.0.session_id == one.session_id)
}

fn neighbour(held: &Held, says: &Says) -> Neighbour {
    Neighbour {
        session_id: held.session_id.clone(),
        counter: says.continuity.as_ref().map_or(0, |place| place.counter),
        at: says.ended().or_else(|| says.began()),
        operator: says.operator.clone(),
        user: says.user.clone(),
        host: says.host.clone(),
    }
}

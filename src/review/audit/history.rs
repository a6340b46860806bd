//! What the provider tells of sessions: from its own history, from trails, and from what earlier audits were told.
//!
//! Nothing here asks anybody, and nothing is known of a session but by its id.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

/// Who tells of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// Systems Manager's own history.
    Service,
    /// CloudTrail's files.
    Trail,
    /// An earlier audit, which asked one of these.
    Snapshot,
}

impl Witness {
    /// As programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Trail => "trail",
            Self::Snapshot => "snapshot",
        }
    }

    /// What a name stands for.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Service, Self::Trail, Self::Snapshot]
            .into_iter()
            .find(|witness| witness.name() == name)
    }
}

/// How far a session got. Whoever tells more is later in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nobody tells.
    #[default]
    Unknown,
    /// It runs.
    Active,
    /// It has ended.
    Over,
    /// It never came to be.
    Failed,
}

/// What somebody did to a session that was there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touch {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it was ended; else it was taken up again.
    pub ended: bool,
    /// Who, as an ARN.
    pub by: Option<String>,
}

/// A session that somebody started, whoever recorded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// Its id.
    pub session_id: String,
    /// An instance, a managed node or a container.
    pub target: Option<String>,
    /// The ARN of whoever started it.
    pub owner: Option<String>,
    /// Name of the session document.
    pub document: Option<String>,
    /// Why it was opened.
    pub reason: Option<String>,
    /// AWS region.
    pub region: Option<String>,
    /// AWS account number.
    pub account: Option<String>,
    /// When it began, by the provider's clock.
    pub start: Option<DateTime<Utc>>,
    /// When it ended.
    pub end: Option<DateTime<Utc>>,
    /// How far it got.
    pub status: Status,
    /// Who tells of it.
    pub witnesses: BTreeSet<Witness>,
    /// Who took it up again, and who ended it.
    pub touched: BTreeSet<Touch>,
    /// When an earlier audit found it recorded.
    pub was_recorded: Option<DateTime<Utc>>,
}

impl Happened {
    /// The last that is known of it.
    pub(super) fn last_seen(&self) -> Option<DateTime<Utc>> {
        let touched = self.touched.iter().map(|touch| touch.at);
        self.start.into_iter().chain(self.end).chain(touched).max()
    }

    /// Two who tell of the same session: what one does not know, the other may.
    fn join(&mut self, other: Self) {
        fn fill<T>(one: &mut Option<T>, other: Option<T>) {
            if one.is_none() {
                *one = other;
            }
        }
        fill(&mut self.target, other.target);
        fill(&mut self.owner, other.owner);
        fill(&mut self.document, other.document);
        fill(&mut self.reason, other.reason);
        fill(&mut self.region, other.region);
        fill(&mut self.account, other.account);
        fill(&mut self.start, other.start);
        fill(&mut self.end, other.end);
        self.was_recorded = self.was_recorded.max(other.was_recorded);
        self.status = self.status.max(other.status);
        self.witnesses.extend(other.witnesses);
        self.touched.extend(other.touched);
    }
}

/// All that is told, once a session. The service comes before trails, and trails before what was told to earlier audits.
pub(super) fn joined(told: impl IntoIterator<Item = Happened>) -> BTreeMap<String, Happened> {
    let mut told: Vec<Happened> = told.into_iter().collect();
    told.sort_by_key(|one| one.witnesses.first().copied());
    let mut sessions: BTreeMap<String, Happened> = BTreeMap::new();
    for one in told {
        if one.session_id.is_empty() {
            continue;
        }
        match sessions.get_mut(&one.session_id) {
            Some(known) => known.join(one),
            None => {
                sessions.insert(one.session_id.clone(), one);
            }
        }
    }
    sessions
}

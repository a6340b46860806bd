//! The audit: what happened, as the provider tells it, against what is recorded, as the store holds it.
//!
//! ```text
//! in both ─────────────────────────────► recorded, with its marks
//! in the history alone ─┬─ runs, waits, or has just ended ─► pending
//!                       ├─ the service has it as failed ───► never opened
//!                       ├─ an earlier audit found it ──────► gone
//!                       └─ all else ───────────────────────► not recorded: somebody went round the recorder
//! in the store alone ───┬─ its place and time were asked ──► not in the history
//!                       └─ nobody was asked ───────────────► not asked
//! ```
//! Asks nobody and reads no clock: history, holdings, and the rules of judgement come in, one account goes out. Sessions are
//! matched by their ids and by nothing else.

mod asked;
mod held;
mod history;
mod marks;
mod row;
mod total;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

pub(super) use asked::unasked;
pub use asked::{Asked, Unasked};
pub use held::{Held, Says, Seal, Trace, Versions, What};
pub use history::{Happened, Status, Touch, Witness};
pub use marks::Mark;
pub use row::{Break, BreakKind, Neighbour};
pub use total::Totals;

/// How it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// When it is asked.
    pub now: DateTime<Utc>,
    /// Sessions that began from here on.
    pub since: DateTime<Utc>,
    /// And before here.
    pub until: DateTime<Utc>,
    /// So long a recording may wait in somebody's spool.
    pub grace: TimeDelta,
    /// So far clocks may differ beyond what manifests tell of it.
    pub skew: TimeDelta,
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How it was judged.
    pub rules: Rules,
    /// Who was asked.
    pub asked: Vec<Asked>,
    /// What nobody was asked for.
    pub unasked: Vec<Unasked>,
    /// Whether the store told of versions.
    pub versions: Versions,
    /// What of the store could not be read.
    pub problems: Vec<String>,
    /// Every session of the period, by its start.
    pub sessions: Vec<Audited>,
    /// Where the rows of manifests are broken.
    pub breaks: Vec<Break>,
    /// What was counted.
    pub totals: Totals,
}

/// One session, in exactly one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// Its id.
    pub session_id: String,
    /// Whether it is recorded.
    pub coverage: Coverage,
    /// What the history tells.
    pub happened: Option<Happened>,
    /// What is held of it.
    pub held: Option<Held>,
    /// What is to be said of it besides.
    pub marks: Vec<Mark>,
}

/// Whether a session is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// It is in the store, and the history tells of it.
    Recorded,
    /// It is not in the store yet: why that may be so.
    Pending(Pending),
    /// Somebody went round the recorder.
    NotRecorded,
    /// It was recorded, and the recording is gone.
    Gone,
    /// It never came to be.
    NeverOpened,
    /// It is recorded, and the history that should tell of it does not: it is forged, or the history is not whole.
    NotInHistory,
    /// It is recorded, and nobody was asked whether it happened.
    NotAsked,
}

/// Why a session is not in the store yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pending {
    /// It runs.
    Running,
    /// It waits on this machine.
    InSpool,
    /// It ended within the grace time, or nobody knows that it ended.
    Grace,
}

impl Coverage {
    /// As programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Pending(_) => "pending",
            Self::NotRecorded => "not_recorded",
            Self::Gone => "gone",
            Self::NeverOpened => "never_opened",
            Self::NotInHistory => "not_in_history",
            Self::NotAsked => "not_asked",
        }
    }

    /// Whether it is a hole in what is on record.
    #[must_use]
    pub fn is_hole(self) -> bool {
        matches!(self, Self::NotRecorded | Self::Gone | Self::NotInHistory)
    }
}

impl Audited {
    /// When it began: by the history, else by its manifest.
    #[must_use]
    pub fn start(&self) -> Option<DateTime<Utc>> {
        let told = self.happened.as_ref().and_then(|happened| happened.start);
        told.or_else(|| self.held.as_ref().and_then(began))
    }

    /// On what it ran: by the history, else by its manifest, as all that follows.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.either(
            |told| told.target.as_deref(),
            |says| Some(says.target.as_str()),
        )
    }

    /// Who ran it.
    #[must_use]
    pub fn operator(&self) -> Option<&str> {
        self.either(
            |told| told.owner.as_deref(),
            |says| says.operator.as_deref(),
        )
    }

    /// Its session document.
    #[must_use]
    pub fn document(&self) -> Option<&str> {
        self.either(
            |told| told.document.as_deref(),
            |says| says.document.as_deref(),
        )
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.either(|told| told.reason.as_deref(), |says| says.reason.as_deref())
    }

    /// In which account.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.either(
            |told| told.account.as_deref(),
            |says| says.account.as_deref(),
        )
    }

    /// In which region.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.either(|told| told.region.as_deref(), |says| says.region.as_deref())
    }

    fn either(
        &self,
        told: fn(&Happened) -> Option<&str>,
        said: fn(&Says) -> Option<&str>,
    ) -> Option<&str> {
        let told = self.happened.as_ref().and_then(told);
        told.or_else(|| said(self.held.as_ref()?.says.as_ref()?))
    }

    /// The names of its marks, each once.
    pub(crate) fn mark_names(&self) -> BTreeSet<&'static str> {
        self.marks.iter().map(Mark::name).collect()
    }

    /// Whether somebody has to look at it.
    #[must_use]
    pub fn is_hole(&self) -> bool {
        self.coverage.is_hole() || self.marks.iter().any(Mark::is_grave)
    }
}

impl Account {
    /// Says something besides of a session.
    pub fn mark(&mut self, session_id: &str, mark: Mark) {
        let mut sessions = self.sessions.iter_mut();
        if let Some(one) = sessions.find(|one| one.session_id == session_id) {
            one.marks.push(mark);
            self.totals = Totals::of(&self.sessions, &self.breaks);
        }
    }

    /// Whether everybody answered, for all of the period, and all of the store could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let has_answer = self.asked.iter().any(|one| one.failure.is_none());
        has_answer
            && self.problems.is_empty()
            && self.unasked.is_empty()
            && self.asked.iter().all(|one| one.failure.is_none())
    }

    /// Whether somebody has to look.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        self.sessions.iter().any(Audited::is_hole)
            || self.breaks.iter().any(|one| one.kind.is_hole())
    }
}

/// Where the rows of what is held are broken, before anybody is asked.
#[must_use]
pub fn breaks(held: &[Held], rules: &Rules) -> Vec<Break> {
    row::breaks(held, rules)
}

/// Judges. What is held may reach beyond the period: rows of manifests do.
#[must_use]
pub fn audit(
    rules: Rules,
    told: impl IntoIterator<Item = Happened>,
    held: Vec<Held>,
    asked: Vec<Asked>,
    problems: Vec<String>,
) -> Account {
    let breaks = row::breaks(&held, &rules);
    let problems = [problems, unreached(&held)].concat();
    let mut told = history::joined(told);
    // What a trail knows to be touched and not started began before it was asked about. The service tells of none without.
    told.retain(|_, one| one.start.is_some() || one.witnesses.contains(&Witness::Service));
    let (mut holdings, doubled) = by_session(held);
    let is_in_period = |at: DateTime<Utc>| at >= rules.since && at < rules.until;
    let mut sessions = Vec::new();
    for (id, happened) in told {
        let held = holdings.remove(&id);
        if happened.start.is_none_or(is_in_period) {
            sessions.push(of_history(happened, held, &rules));
        }
    }
    for one in holdings.into_values().chain(doubled) {
        // Whatever does not tell its start hides from no audit of its day.
        let is_of_day = || {
            let (first, last) = (rules.since.date_naive(), rules.until.date_naive());
            one.day.is_none_or(|day| day >= first && day <= last)
        };
        if began(&one).map_or_else(is_of_day, is_in_period) {
            sessions.push(of_store(one, &asked, &rules));
        }
    }
    sessions.sort_by(|a, b| (a.start(), &a.session_id).cmp(&(b.start(), &b.session_id)));
    Account {
        totals: Totals::of(&sessions, &breaks),
        unasked: asked::unasked(&asked, &rules),
        rules,
        asked,
        versions: Versions::default(),
        problems,
        sessions,
        breaks,
    }
}

/// What the store did not give. Where it gives nothing, some of it tells as much as all.
fn unreached(held: &[Held]) -> Vec<String> {
    let lines = held.iter().filter_map(|one| {
        let why = one.unreached.as_ref()?;
        Some(format!("{}: {why}", one.location))
    });
    let mut lines: Vec<String> = lines.collect();
    let more = lines.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        lines.truncate(MOST_PROBLEMS);
        lines.push(format!("and {more} more manifests"));
    }
    lines
}

/// So many manifests that the store does not give are named.
const MOST_PROBLEMS: usize = 20;

/// What is held of each session, and what is held twice. What the store has goes before what the spool has too.
fn by_session(held: Vec<Held>) -> (BTreeMap<String, Held>, Vec<Held>) {
    let mut holdings: BTreeMap<String, Held> = BTreeMap::new();
    let mut doubled = Vec::new();
    for one in held {
        let known = holdings.get(&one.session_id).map(|known| known.what);
        match (known, one.what) {
            (None | Some(What::InSpool), _) => {
                holdings.insert(one.session_id.clone(), one);
            }
            (Some(_), What::InSpool) => {}
            (Some(_), _) => doubled.push(one),
        }
    }
    (holdings, doubled)
}

fn began(held: &Held) -> Option<DateTime<Utc>> {
    held.says.as_ref().and_then(Says::began)
}

fn of_history(happened: Happened, held: Option<Held>, rules: &Rules) -> Audited {
    let last = happened.last_seen();
    let may_wait = last.is_some_and(|last| last + rules.grace > rules.now);
    let coverage = match (held.as_ref().map(|held| held.what), happened.status) {
        (Some(What::Stored | What::WithoutManifest), _) => Coverage::Recorded,
        (Some(What::WithoutRecording | What::Removed), _) => Coverage::Gone,
        (Some(What::InSpool), Status::Active) => Coverage::Pending(Pending::Running),
        (Some(What::InSpool), _) => Coverage::Pending(Pending::InSpool),
        (None, Status::Active) => Coverage::Pending(Pending::Running),
        (None, Status::Failed) => Coverage::NeverOpened,
        (None, _) if happened.was_recorded.is_some() => Coverage::Gone,
        (None, _) if may_wait => Coverage::Pending(Pending::Grace),
        (None, _) => Coverage::NotRecorded,
    };
    Audited {
        session_id: happened.session_id.clone(),
        coverage,
        marks: held
            .as_ref()
            .map_or_else(Vec::new, |held| marks::of(held, Some(&happened), rules)),
        happened: Some(happened),
        held,
    }
}

fn of_store(held: Held, asked: &[Asked], rules: &Rules) -> Audited {
    let is_told_of = held.says.as_ref().is_some_and(|says| {
        let (account, region) = (says.account.as_deref(), says.region.as_deref());
        let mut asked = asked.iter();
        says.began()
            .is_some_and(|at| asked.any(|one| one.tells_of(account, region, at, rules)))
    });
    let coverage = match (held.what, is_told_of) {
        (What::InSpool, _) => Coverage::Pending(Pending::InSpool),
        (What::Removed, _) => Coverage::Gone,
        (_, true) => Coverage::NotInHistory,
        (What::WithoutRecording, false) => Coverage::Gone,
        (_, false) => Coverage::NotAsked,
    };
    Audited {
        session_id: held.session_id.clone(),
        coverage,
        happened: None,
        marks: marks::of(&held, None, rules),
        held: Some(held),
    }
}

#[cfg(test)]
mod tests;

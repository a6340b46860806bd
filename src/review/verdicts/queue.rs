//! Which sessions wait for a verdict, until when, and why.
//!
//! Nothing is drawn by chance: whoever knows the seed draws the same sample again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use formats::findings::Severity;
use formats::manifest::{ExitKind, Manifest};
use formats::review;

use super::standing::Standing;
use crate::review::catalog::Entry;

/// Which sessions are to be judged, and within how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policy {
    /// Every one.
    pub(crate) all: bool,
    /// Those of which something is known that asks for it: what rules of at least this gravity found, as the client claims,
    /// or that none were asked, and what is missing of it.
    pub(crate) risky: Option<Severity>,
    /// So many of all, from 0 to 1.
    pub(crate) sample: Option<f64>,
    /// What the sample is drawn by.
    pub(crate) seed: String,
    /// Behind the end of the session.
    pub(crate) within: Duration,
}

/// Why a session is in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Every session is.
    All,
    /// This is known of it.
    Risk(String),
    /// It was drawn.
    Sample,
}

impl Why {
    /// For a person, and for a program.
    pub(crate) fn told(&self) -> &str {
        match self {
            Self::All => "all",
            Self::Risk(what) => what,
            Self::Sample => "sample",
        }
    }
}

/// A session that is to be judged.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) entry: Entry,
    pub(crate) why: Vec<Why>,
    /// Until when; `None` where it does not tell when it was.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) standing: Standing,
}

impl Due {
    pub(crate) fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until < now) && !self.standing.is_reviewed()
    }
}

impl Policy {
    /// Why this session is to be judged; nothing where it is not.
    pub(crate) fn asks(&self, manifest: &Manifest) -> Vec<Why> {
        let mut why = Vec::new();
        if let Some(least) = self.risky {
            why.extend(risks(manifest, least).into_iter().map(Why::Risk));
        }
        if self
            .sample
            .is_some_and(|rate| is_drawn(&self.seed, &manifest.session_id, rate))
        {
            why.push(Why::Sample);
        }
        if self.all && why.is_empty() {
            why.push(Why::All);
        }
        why
    }

    /// Until when it is to be judged.
    pub(crate) fn until(&self, manifest: &Manifest) -> Option<DateTime<Utc>> {
        let told = manifest
            .ended_at
            .as_ref()
            .or(manifest.started_at.as_ref())?;
        let ended = DateTime::parse_from_rfc3339(told).ok()?.to_utc();
        ended.checked_add_signed(TimeDelta::from_std(self.within).ok()?)
    }
}

/// What is known of a session that asks for a look.
pub(crate) fn risks(manifest: &Manifest, least: Severity) -> Vec<String> {
    let mut risks = Vec::new();
    match &manifest.rules {
        Some(rules) => {
            let grave = rules
                .findings
                .iter()
                .filter(|found| found.severity >= least);
            risks.extend(grave.map(|found| format!("{} ({})", found.rule, found.severity.name())));
        }
        None => risks.push("no rules were asked".to_owned()),
    }
    if manifest.unrecorded.is_some() {
        risks.push("a part was not recorded".to_owned());
    }
    let is_cut = manifest.recovered
        || manifest
            .exit
            .as_ref()
            .is_some_and(|exit| matches!(exit.kind, ExitKind::Cut | ExitKind::RecordingFailed));
    if is_cut {
        risks.push("its recording was cut".to_owned());
    }
    risks
}

/// Whether a session is in the sample: the first eight hexadecimal digits of SHA-256 over seed, line feed and session id are
/// below that share of all that eight digits can be.
pub(crate) fn is_drawn(seed: &str, session_id: &str, rate: f64) -> bool {
    let digest = review::digest(format!("{seed}\n{session_id}").as_bytes());
    let drawn = u32::from_str_radix(&digest[..8], 16).unwrap_or(u32::MAX);
    f64::from(drawn) < rate * 2_f64.powi(32)
}

/// Those of the sessions that wait for a verdict, the longest due first.
pub(crate) fn queue(
    policy: &Policy,
    sessions: impl IntoIterator<Item = (Entry, Standing)>,
) -> Vec<Due> {
    let due = sessions.into_iter().filter_map(|(entry, standing)| {
        let why = policy.asks(&entry.manifest);
        let is_waiting = !why.is_empty() && !standing.is_reviewed();
        is_waiting.then(|| Due {
            until: policy.until(&entry.manifest),
            entry,
            why,
            standing,
        })
    });
    let mut due: Vec<Due> = due.collect();
    due.sort_by(|one, other| {
        let key = |due: &Due| (due.until, due.entry.manifest.session_id.clone());
        key(one).cmp(&key(other))
    });
    due
}

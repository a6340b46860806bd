//! What stands in a report, whatever it is written as.
//!
//! Nothing here is text for a terminal: whoever writes it makes it harmless for where it goes.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::review::audit::Account;
use crate::review::verdicts::Standing;

/// What a report is made of besides the audit itself.
#[derive(Debug)]
pub(crate) struct Given<'a> {
    pub(crate) account: &'a Account,
    /// Where the store is.
    pub(crate) store: String,
    /// Digest of the rules that are asked.
    pub(crate) rules: String,
    /// Which sessions are to be judged, in words.
    pub(crate) policy: String,
    /// What is known of the judgement of each stored session.
    pub(crate) reviewed: BTreeMap<String, Reviewed>,
}

/// How a session was judged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reviewed {
    pub(crate) standing: Standing,
    /// Until when the store keeps its recording from being removed, where that is told.
    pub(crate) retained: Option<DateTime<Utc>>,
    /// It is to be judged.
    pub(crate) is_asked: bool,
    /// It was to be judged by now, and is not.
    pub(crate) is_overdue: bool,
    /// What rules found in it, as its manifest claims: the gravest.
    pub(crate) risk: Option<&'static str>,
    /// By which rules.
    pub(crate) rules: Option<String>,
}

/// A report.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(super) format: u32,
    pub(super) made_by: String,
    pub(super) store: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) asked_at: String,
    /// `covered`, `holes`, `incomplete`.
    pub(super) outcome: &'static str,
    pub(super) sources: Vec<Source>,
    pub(super) not_told: Vec<String>,
    pub(super) population: Vec<Number>,
    pub(super) integrity: Vec<Number>,
    pub(super) reviews: Vec<Number>,
    pub(super) rules: Vec<Number>,
    pub(super) facts: Vec<Fact>,
    pub(super) holes: Vec<Hole>,
    pub(super) verdicts: Vec<Judgement>,
    pub(super) follow_ups: Vec<FollowUp>,
    pub(super) clocks: Vec<Clock>,
    pub(super) controls: Vec<Control>,
    pub(super) sessions: Vec<Session>,
}

#[derive(Debug, Serialize)]
pub(super) struct Source {
    pub(super) witness: &'static str,
    pub(super) name: String,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) sessions: usize,
    pub(super) failure: Option<String>,
}

/// A number, and the sessions that it counts.
#[derive(Debug, Serialize)]
pub(super) struct Number {
    pub(super) name: &'static str,
    pub(super) words: String,
    pub(super) sessions: Vec<String>,
}

/// Something that is so, and no count of sessions.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Hole {
    pub(super) session_id: Option<String>,
    pub(super) cause: String,
    pub(super) when: String,
    pub(super) who: String,
    pub(super) target: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Judgement {
    pub(super) session_id: String,
    pub(super) verdict: String,
    pub(super) who: String,
    pub(super) at: String,
    pub(super) signature: &'static str,
    pub(super) weight: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct FollowUp {
    pub(super) session_id: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) owner: String,
    pub(super) age: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Clock {
    pub(super) session_id: String,
    pub(super) ahead_ms: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Control {
    pub(super) rule: &'static str,
    pub(super) asks: &'static str,
    pub(super) served_by: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Session {
    pub(super) session_id: String,
    pub(super) coverage: &'static str,
    pub(super) started: String,
    pub(super) operator: String,
    pub(super) target: String,
    pub(super) document: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) reason: String,
    pub(super) signed_by: String,
    pub(super) came: String,
    pub(super) retained_until: String,
    pub(super) review: &'static str,
    pub(super) verdict: String,
    pub(super) risk: &'static str,
    pub(super) marks: Vec<String>,
}

//! DescribeSessions: the sessions that this service has had and those that it is told to tell of, by state, filtered, in pages.
//!
//! Nothing here starts a session, and none ends here that ever ran.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::Refusal;
use crate::registry::{Description, Registry};

/// A session that DescribeSessions tells of. It need not have run here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Past {
    /// Its id.
    pub id: String,
    /// An instance, a managed node or a container.
    pub target: String,
    /// Name of the session document.
    pub document: String,
    /// The ARN of whoever started it.
    pub owner: String,
    /// Why it was opened.
    pub reason: Option<String>,
    /// The region that tells of it; `None`: each one.
    pub region: Option<String>,
    /// When it began.
    pub started: SystemTime,
    /// When it ended; `None`: it is active.
    pub ended: Option<SystemTime>,
    /// `Failed`, say; `None`: `Connected` or `Terminated`.
    pub status: Option<String>,
}

/// What DescribeSessions is told to do.
#[derive(Default)]
pub(crate) struct History(Mutex<State>);

#[derive(Default)]
struct State {
    past: Vec<Past>,
    denied: HashSet<String>,
    throttled: u32,
    turns: bool,
    endless: bool,
    kept: HashSet<String>,
}

impl History {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, past: Vec<Past>) {
        self.state().past.extend(past);
    }

    pub(crate) fn deny(&self, region: &str) {
        self.state().denied.insert(region.to_owned());
    }

    pub(crate) fn throttle(&self, times: u32) {
        self.state().throttled = times;
    }

    pub(crate) fn turn_in_circles(&self) {
        self.state().turns = true;
    }

    pub(crate) fn go_on_forever(&self) {
        self.state().endless = true;
    }

    pub(crate) fn keep(&self, id: &str) {
        self.state().kept.insert(id.to_owned());
    }

    /// Why a session is not to be ended, as IAM says it.
    pub(crate) fn refuse_to_end(&self, id: &str, who: &str, region: &str) -> Option<Refusal> {
        let is_kept = self.state().kept.contains(id);
        is_kept.then(|| {
            let account = who.split(':').nth(4).unwrap_or_default();
            Refusal::named("AccessDeniedException").saying(format!(
                "User: {who} is not authorized to perform: ssm:TerminateSession on resource: \
                 arn:aws:ssm:{region}:{account}:session/{id} because no identity-based policy allows the \
                 ssm:TerminateSession action"
            ))
        })
    }

    /// Ends a session that did not run here; whether there is one. One that is over already is ended all the same.
    pub(crate) fn end(&self, id: &str) -> bool {
        let mut state = self.state();
        let Some(past) = state.past.iter_mut().find(|past| past.id == id) else {
            return false;
        };
        past.ended.get_or_insert_with(SystemTime::now);
        true
    }

    fn refusal(&self, region: &str) -> Option<Refusal> {
        let mut state = self.state();
        if state.denied.contains(region) {
            let text = format!(
                "User is not authorized to perform: ssm:DescribeSessions on resource: arn:aws:ssm:{region}:123456789012:*"
            );
            return Some(Refusal::named("AccessDeniedException").saying(text));
        }
        let is_throttled = state.throttled > 0;
        state.throttled = state.throttled.saturating_sub(1);
        is_throttled.then(|| Refusal::named("ThrottlingException"))
    }
}

/// What is left of the states and ways of a session once it is told of.
struct Line {
    past: Past,
    status: String,
}

impl Line {
    fn of(session: Description) -> Self {
        let status = match (session.ended, session.log.terminated) {
            (Some(_), _) => "Terminated",
            (None, true) => "Terminating",
            (None, false) if session.attached => "Connected",
            (None, false) => "Connecting",
        };
        Self {
            past: Past {
                id: session.log.id,
                target: session.log.target,
                document: session.log.document,
                owner: session.log.owner,
                reason: session.log.reason,
                region: None,
                started: session.started,
                ended: session.ended,
                status: None,
            },
            status: status.to_owned(),
        }
    }

    fn of_past(past: Past) -> Self {
        let usual = match past.ended {
            Some(_) => "Terminated",
            None => "Connected",
        };
        let status = past.status.clone().unwrap_or_else(|| usual.to_owned());
        Self { past, status }
    }

    fn json(&self) -> Value {
        let past = &self.past;
        let mut line = json!({
            "SessionId": past.id,
            "Target": past.target,
            "Status": self.status,
            "StartDate": seconds(past.started),
            "DocumentName": past.document,
            "Owner": past.owner,
            "OutputUrl": { "S3OutputUrl": "", "CloudWatchOutputUrl": "" },
        });
        if let Some(reason) = &past.reason {
            line["Reason"] = reason.as_str().into();
        }
        if let Some(ended) = past.ended {
            line["EndDate"] = seconds(ended).into();
        }
        line
    }
}

/// All that there is to tell of, in no order.
pub(crate) fn all(registry: &Registry) -> Vec<Past> {
    let ran = registry.descriptions().into_iter();
    let mut all: Vec<Past> = ran.map(|session| Line::of(session).past).collect();
    all.extend(registry.history.state().past.iter().cloned());
    all
}

/// By what sessions are told apart.
const FILTERS: [&str; 7] = [
    "Target",
    "SessionId",
    "Owner",
    "Status",
    "InvokedAfter",
    "InvokedBefore",
    "AccessType",
];

/// Answers one call, newest session first.
pub(crate) fn describe(
    registry: &Registry,
    body: &Value,
    region: Option<&str>,
) -> Result<Value, Refusal> {
    let region = region.unwrap_or_default();
    let invalid = |text: &str| Refusal::named("ValidationException").saying(text);
    if let Some(refusal) = registry.history.refusal(region) {
        return Err(refusal);
    }
    let is_active = match body["State"].as_str() {
        Some("Active") => true,
        Some("History") => false,
        _ => {
            return Err(invalid(
                "Value at 'state' failed to satisfy constraint: Member must satisfy enum value set: [Active, History]",
            ));
        }
    };
    let most = match &body["MaxResults"] {
        Value::Null => 50,
        most => most
            .as_u64()
            .filter(|most| (1..=200).contains(most))
            .ok_or_else(|| {
                invalid("Value at 'maxResults' failed to satisfy constraint: 1 to 200")
            })?,
    };
    let most = usize::try_from(most).unwrap_or(200);
    let from = match body["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("page-from-")
            .and_then(|from| from.parse().ok())
            .ok_or_else(|| {
                Refusal::named("InvalidNextToken").saying("The specified token is not valid.")
            })?,
    };
    let mut filters = BTreeMap::new();
    for filter in body["Filters"].as_array().into_iter().flatten() {
        let key = filter["key"].as_str().unwrap_or_default();
        if !FILTERS.contains(&key) {
            return Err(
                Refusal::named("InvalidFilterKey").saying("The specified key is not valid.")
            );
        }
        filters.insert(key, filter["value"].as_str().unwrap_or_default());
    }
    let ran = registry.descriptions().into_iter();
    let mut lines: Vec<Line> = ran.map(Line::of).collect();
    let (past, turns, endless) = {
        let state = registry.history.state();
        let here = |past: &&Past| past.region.as_deref().is_none_or(|of| of == region);
        let past: Vec<Past> = state.past.iter().filter(here).cloned().collect();
        (past, state.turns, state.endless)
    };
    lines.extend(past.into_iter().map(Line::of_past));
    lines.retain(|line| line.past.ended.is_none() == is_active && holds(&filters, line));
    lines.sort_by_key(|line| std::cmp::Reverse(line.past.started));
    let page: Vec<Value> = lines.iter().skip(from).take(most).map(Line::json).collect();
    let mut answer = json!({ "Sessions": page });
    if turns {
        answer["NextToken"] = "page-from-0".into();
    } else if endless || from + most < lines.len() {
        answer["NextToken"] = format!("page-from-{}", from + most).into();
    }
    Ok(answer)
}

fn holds(filters: &BTreeMap<&str, &str>, line: &Line) -> bool {
    let past = &line.past;
    filters.iter().all(|(key, value)| match *key {
        "Target" => past.target == *value,
        "SessionId" => past.id == *value,
        "Owner" => past.owner == *value,
        "Status" => line.status == *value,
        "InvokedAfter" => parse_moment(value).is_some_and(|after| past.started >= after),
        "InvokedBefore" => parse_moment(value).is_some_and(|before| past.started < before),
        _ => true,
    })
}

/// `2018-08-29T00:00:00Z`, the only form that is documented.
fn parse_moment(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, by: char| -> Option<[i64; 3]> {
        let parts: Option<Vec<i64>> = text.split(by).map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    // Days since 1970 of a date of the Gregorian calendar, whose years begin in March here.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

pub(crate) fn seconds(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}

//! An audit for programs: a line of JSON a session, and a last one with what was counted and who was asked.
//!
//! Nothing here judges, and nothing is left out that a person is told.

use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::review::audit::{
    Account, Asked, Audited, Break, BreakKind, Coverage, Mark, Neighbour, Pending, Seal, Versions,
};

/// Tells all of it.
pub(super) fn tell(account: &Account) {
    let mut out = std::io::stdout().lock();
    for one in &account.sessions {
        // A reader that has seen enough is no failure.
        if writeln!(out, "{}", session(one)).is_err() {
            return;
        }
    }
    let _ = writeln!(out, "{}", totals(account));
}

fn moment(time: Option<DateTime<Utc>>) -> Value {
    time.map_or(Value::Null, |time| {
        time.to_rfc3339_opts(SecondsFormat::Millis, true).into()
    })
}

/// What is not known is left out.
fn known(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let known = pairs.into_iter().filter(|(_, value)| !value.is_null());
    let known = known.map(|(key, value)| (key.to_owned(), value));
    Value::Object(known.collect::<Map<String, Value>>())
}

fn session(one: &Audited) -> Value {
    let happened = one.happened.as_ref();
    let held = one.held.as_ref();
    let witnesses: Vec<&str> = happened
        .iter()
        .flat_map(|happened| happened.witnesses.iter().map(|witness| witness.name()))
        .collect();
    let touched: Vec<Value> = happened
        .iter()
        .flat_map(|happened| &happened.touched)
        .map(|touch| {
            json!({
                "what": if touch.ended { "terminated" } else { "resumed" },
                "at": moment(Some(touch.at)),
                "by": touch.by,
            })
        })
        .collect();
    let why = match one.coverage {
        Coverage::Pending(Pending::Running) => json!("running"),
        Coverage::Pending(Pending::InSpool) => json!("in_spool"),
        Coverage::Pending(Pending::Grace) => json!("grace"),
        _ => Value::Null,
    };
    let (seal, signer) = match held.map(|held| &held.signature) {
        None => (Value::Null, Value::Null),
        Some(Seal::None) => (json!("none"), Value::Null),
        Some(Seal::Unjudged(key)) => (json!("unjudged"), json!(key)),
        Some(Seal::Trusted(who)) => (json!("trusted"), json!(who)),
        Some(Seal::NotAllowed(_)) => (json!("not_allowed"), Value::Null),
        Some(Seal::Wrong(_)) => (json!("wrong"), Value::Null),
    };
    known([
        ("session_id", json!(one.session_id)),
        ("state", json!(one.coverage.name())),
        ("pending", why),
        ("is_hole", json!(one.is_hole())),
        ("target", json!(one.target())),
        ("operator", json!(one.operator())),
        ("document", json!(one.document())),
        ("reason", json!(one.reason())),
        ("account", json!(one.account())),
        ("region", json!(one.region())),
        ("start", moment(one.start())),
        ("end", moment(happened.and_then(|one| one.end))),
        ("witnesses", json!(witnesses)),
        (
            "touched",
            if touched.is_empty() {
                Value::Null
            } else {
                touched.into()
            },
        ),
        ("location", json!(held.map(|held| &held.location))),
        ("came", moment(held.and_then(|held| held.came))),
        ("signature", seal),
        ("signer", signer),
        (
            "marks",
            one.marks.iter().map(mark).collect::<Vec<_>>().into(),
        ),
    ])
}

fn mark(mark: &Mark) -> Value {
    json!({ "mark": mark.name(), "grave": mark.is_grave(), "text": mark.to_string() })
}

fn totals(account: &Account) -> Value {
    let rules = &account.rules;
    let unasked: Vec<Value> = account
        .unasked
        .iter()
        .map(|one| {
            json!({
                "account": one.account,
                "region": one.region,
                "from": moment(Some(one.from)),
                "until": moment(Some(one.until)),
            })
        })
        .collect();
    json!({
        "totals": {
            "sessions": account.totals.sessions,
            "in_history": account.totals.in_history,
            "states": account.totals.states,
            "marks": account.totals.marks,
            "breaks": account.totals.breaks,
        },
        "complete": account.is_complete(),
        "holes": account.has_holes(),
        "since": moment(Some(rules.since)),
        "until": moment(Some(rules.until)),
        "asked_at": moment(Some(rules.now)),
        "grace_seconds": rules.grace.num_seconds(),
        "clock_tolerance_seconds": rules.skew.num_seconds(),
        "asked": account.asked.iter().map(asked).collect::<Vec<_>>(),
        "unasked": unasked,
        "versions": match &account.versions {
            Versions::Told => json!({ "state": "told" }),
            Versions::NotKept => json!({ "state": "not_kept" }),
            Versions::Refused(why) => json!({ "state": "not_told", "why": why }),
        },
        "problems": account.problems,
        "breaks": account.breaks.iter().map(broken).collect::<Vec<_>>(),
    })
}

fn asked(one: &Asked) -> Value {
    json!({
        "witness": one.witness.name(),
        "name": one.name,
        "account": one.account,
        "region": one.region,
        "from": moment(Some(one.from)),
        "until": moment(Some(one.until)),
        "sessions": one.sessions,
        "failure": one.failure,
    })
}

fn broken(one: &Break) -> Value {
    let (first, last) = match one.kind {
        BreakKind::Missing { first, last } | BreakKind::Waiting { first, last } => {
            (json!(first), json!(last))
        }
        _ => (Value::Null, Value::Null),
    };
    known([
        ("break", json!(one.kind.name())),
        ("is_hole", json!(one.kind.is_hole())),
        ("client", json!(one.client)),
        ("first", first),
        ("last", last),
        ("before", neighbour(&one.before)),
        ("after", neighbour(&one.after)),
    ])
}

fn neighbour(one: &Neighbour) -> Value {
    json!({
        "session_id": one.session_id,
        "number": one.counter,
        "at": moment(one.at),
        "operator": one.operator,
        "user": one.user,
        "host": one.host,
    })
}

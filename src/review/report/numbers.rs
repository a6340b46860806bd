//! The numbers of a report, each with the sessions that it counts.
//!
//! Nothing is counted that cannot be named.

use std::collections::BTreeMap;

use formats::review::Verdict;

use super::model::{Given, Number, Reviewed};
use crate::review::audit::{Account, Audited, Coverage, Seal};

fn number<'a>(
    name: &'static str,
    words: &str,
    sessions: impl IntoIterator<Item = &'a str>,
) -> Number {
    Number {
        name,
        words: words.to_owned(),
        sessions: sessions.into_iter().map(str::to_owned).collect(),
    }
}

pub(super) fn population(account: &Account) -> Vec<Number> {
    let of = |wanted: &dyn Fn(Coverage) -> bool| {
        let found = account.sessions.iter().filter(|one| wanted(one.coverage));
        found.map(|one| one.session_id.as_str()).collect::<Vec<_>>()
    };
    let mut numbers = vec![number("sessions", "sessions of the period", of(&|_| true))];
    for (name, words, wanted) in [
        ("recorded", "recorded", Coverage::Recorded),
        (
            "not_recorded",
            "not recorded: somebody went round the recorder",
            Coverage::NotRecorded,
        ),
        ("gone", "recorded, and gone", Coverage::Gone),
        (
            "not_in_history",
            "recorded, and not in the provider's history",
            Coverage::NotInHistory,
        ),
        (
            "not_asked",
            "recorded, of which nobody was asked",
            Coverage::NotAsked,
        ),
        ("never_opened", "never opened", Coverage::NeverOpened),
    ] {
        numbers.push(number(name, words, of(&|coverage| coverage == wanted)));
    }
    let is_pending = |coverage| matches!(coverage, Coverage::Pending(_));
    numbers.push(number(
        "pending",
        "pending: running, or still on its way",
        of(&is_pending),
    ));
    numbers
}

pub(super) fn integrity(account: &Account) -> Vec<Number> {
    let mut by_name: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    let mut by_signer: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in &account.sessions {
        for name in one.mark_names() {
            by_name.entry(name).or_default().push(&one.session_id);
        }
        if let Some(signer) = signer(one) {
            by_signer.entry(signer).or_default().push(&one.session_id);
        }
    }
    let signers = by_signer
        .into_iter()
        .map(|(signer, sessions)| number("signed", &format!("signed by {signer}"), sessions));
    let marks = by_name
        .into_iter()
        .map(|(name, sessions)| number(name, &name.replace('_', " "), sessions));
    signers.chain(marks).collect()
}

pub(super) fn reviews(given: &Given<'_>) -> Vec<Number> {
    let of = |wanted: &dyn Fn(&Reviewed) -> bool| {
        let found = given
            .reviewed
            .iter()
            .filter(|(_, reviewed)| wanted(reviewed));
        found.map(|(id, _)| id.as_str()).collect::<Vec<_>>()
    };
    let last = |wanted: Verdict| {
        of(&|one: &Reviewed| one.standing.is_reviewed() && one.standing.verdict() == Some(&wanted))
    };
    vec![
        number(
            "to_be_judged",
            "to be judged by policy",
            of(&|one| one.is_asked),
        ),
        number(
            "judged",
            "judged by as many as must",
            of(&|one| one.standing.is_reviewed()),
        ),
        number("ok", "judged ok", last(Verdict::Ok)),
        number(
            "follow_up",
            "judged to be followed up",
            last(Verdict::FollowUp),
        ),
        number("incident", "judged an incident", last(Verdict::Incident)),
        number(
            "waiting",
            "to be judged, and not judged yet",
            of(&|one| one.is_asked && !one.standing.is_reviewed()),
        ),
        number(
            "overdue",
            "to be judged by now, and not judged",
            of(&|one| one.is_overdue),
        ),
        number(
            "not_counted",
            "with a verdict that does not count",
            of(&|one| one.standing.said.iter().any(|said| !said.counts())),
        ),
        number(
            "verdict_gone",
            "of which a verdict is gone",
            of(&|one| !one.standing.missing.is_empty()),
        ),
    ]
}

pub(super) fn risks(given: &Given<'_>) -> Vec<Number> {
    let of = |wanted: Option<&str>| {
        let found = given.reviewed.iter().filter(|(_, one)| one.risk == wanted);
        found.map(|(id, _)| id.as_str()).collect::<Vec<_>>()
    };
    let mut numbers: Vec<Number> = ["critical", "high", "medium", "low", "info"]
        .into_iter()
        .map(|severity| {
            let words = format!("in which a rule found something {severity}, as the client claims");
            number(severity, &words, of(Some(severity)))
        })
        .collect();
    let unasked = given.reviewed.iter().filter(|(_, one)| one.rules.is_none());
    let unasked = unasked.map(|(id, _)| id.as_str());
    numbers.push(number(
        "no_rules",
        "of which the client asked no rules",
        unasked,
    ));
    let others = given
        .reviewed
        .iter()
        .filter(|(_, one)| one.rules.as_ref().is_some_and(|set| *set != given.rules));
    let others = others.map(|(id, _)| id.as_str());
    numbers.push(number(
        "other_rules",
        "of which the client asked other rules than these",
        others,
    ));
    numbers
}

/// Whose signature its manifest has.
pub(super) fn signer(one: &Audited) -> Option<String> {
    match &one.held.as_ref()?.signature {
        Seal::Trusted(who) => Some(who.clone()),
        Seal::Unjudged(key) => Some(format!("{key} (nobody says whose)")),
        Seal::None | Seal::NotAllowed(_) | Seal::Wrong(_) => None,
    }
}

//! What stands in a report, whatever it is written as.
//!
//! Nothing here is text for a terminal: whoever writes it makes it harmless for where it goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use formats::review::Verdict;
use serde::Serialize;

use super::controls::CONTROLS;
use crate::review::audit::{Account, Audited, BreakKind, Coverage, Mark, Seal};
use crate::review::verdicts::Standing;
use crate::words::time;

/// Clocks that differ by more are told.
const CLOCK: i64 = 2000;

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

impl Report {
    pub(crate) fn of(given: &Given<'_>) -> Self {
        let account = given.account;
        let rules = &account.rules;
        let outcome = match (account.has_holes(), account.is_complete()) {
            (true, _) => "holes",
            (false, false) => "incomplete",
            (false, true) => "covered",
        };
        Self {
            format: 1,
            made_by: format!("ssm-rec {}", env!("CARGO_PKG_VERSION")),
            store: given.store.clone(),
            since: written(rules.since),
            until: written(rules.until),
            asked_at: written(rules.now),
            outcome,
            sources: sources(account),
            not_told: not_told(account),
            population: population(account),
            integrity: integrity(account),
            reviews: reviews(given),
            rules: risks(given),
            facts: facts(given),
            holes: holes(account),
            verdicts: judgements(given),
            follow_ups: follow_ups(given),
            clocks: clocks(account),
            controls: CONTROLS
                .map(|[rule, asks, served_by]| Control {
                    rule,
                    asks,
                    served_by,
                })
                .into(),
            sessions: account
                .sessions
                .iter()
                .map(|one| session(one, given))
                .collect(),
        }
    }
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn sources(account: &Account) -> Vec<Source> {
    let sources = account.asked.iter().map(|asked| Source {
        witness: asked.witness.name(),
        name: asked.name.clone(),
        account: asked.account.clone(),
        region: asked.region.clone(),
        from: written(asked.from),
        until: written(asked.until),
        sessions: asked.sessions,
        failure: asked.failure.clone(),
    });
    sources.collect()
}

fn not_told(account: &Account) -> Vec<String> {
    let unasked = account.unasked.iter().map(|unasked| {
        format!(
            "nobody tells of account {}, region {}, from {} to {}",
            unasked.account.as_deref().unwrap_or("unknown"),
            unasked.region.as_deref().unwrap_or("unknown"),
            written(unasked.from),
            written(unasked.until)
        )
    });
    let problems = account.problems.iter();
    unasked
        .chain(problems.map(|why| format!("not read: {why}")))
        .collect()
}

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

fn population(account: &Account) -> Vec<Number> {
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

fn integrity(account: &Account) -> Vec<Number> {
    let mut by_name: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    let mut by_signer: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for one in &account.sessions {
        let names: BTreeSet<&'static str> = one.marks.iter().map(Mark::name).collect();
        for name in names {
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

fn signer(one: &Audited) -> Option<String> {
    match &one.held.as_ref()?.signature {
        Seal::Trusted(who) => Some(who.clone()),
        Seal::Unjudged(key) => Some(format!("{key} (nobody says whose)")),
        Seal::None | Seal::NotAllowed(_) | Seal::Wrong(_) => None,
    }
}

fn reviews(given: &Given<'_>) -> Vec<Number> {
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

fn risks(given: &Given<'_>) -> Vec<Number> {
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

fn facts(given: &Given<'_>) -> Vec<Fact> {
    let rules = &given.account.rules;
    let length = |delta: TimeDelta| time::write_exactly(delta.to_std().unwrap_or_default());
    let fact = |name, value| Fact { name, value };
    vec![
        fact("grace time for what is on its way", length(rules.grace)),
        fact("clocks may differ by", length(rules.skew)),
        fact("kept from being removed until at least", kept_until(given)),
        fact("to be judged", given.policy.clone()),
        fact("longest time between two verdicts", longest_gap(given)),
        fact("rules (digest)", given.rules.clone()),
    ]
}

/// The first moment at which a recording of the period may be removed.
fn kept_until(given: &Given<'_>) -> String {
    let retained = given.reviewed.values().map(|one| one.retained);
    match retained.collect::<Option<Vec<DateTime<Utc>>>>() {
        Some(all) => all.into_iter().min().map_or_else(String::new, written),
        None => "not every recording is, or it is not told".to_owned(),
    }
}

/// The longest time in which nobody judged anything, within the period.
fn longest_gap(given: &Given<'_>) -> String {
    let rules = &given.account.rules;
    let verdicts = given
        .reviewed
        .values()
        .flat_map(|one| one.standing.counting());
    let times = verdicts.filter_map(|said| {
        let at = DateTime::parse_from_rfc3339(&said.review.at).ok()?;
        Some(at.to_utc())
    });
    let mut times: Vec<DateTime<Utc>> = times.filter(|at| *at >= rules.since).collect();
    if times.is_empty() {
        return "nothing was judged in the period".to_owned();
    }
    times.push(rules.since);
    times.push(rules.until);
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    let longest = gaps.max().and_then(|gap| gap.to_std().ok());
    time::write(longest.unwrap_or(Duration::ZERO))
}

fn holes(account: &Account) -> Vec<Hole> {
    let mut holes = Vec::new();
    for one in account.sessions.iter().filter(|one| one.is_hole()) {
        let marks = one.marks.iter().filter(|mark| mark.is_grave());
        let marks = marks.map(ToString::to_string);
        let states = one
            .coverage
            .is_hole()
            .then(|| cause(one.coverage).to_owned());
        let (who, target) = told(one);
        for cause in states.into_iter().chain(marks) {
            holes.push(Hole {
                session_id: Some(one.session_id.clone()),
                cause,
                when: one.start().map(written).unwrap_or_default(),
                who: who.clone(),
                target: target.clone(),
            });
        }
    }
    for broken in account.breaks.iter().filter(|broken| broken.kind.is_hole()) {
        let (before, after) = (&broken.before, &broken.after);
        let what = match broken.kind {
            BreakKind::Missing { first, last } if first == last => {
                format!("manifest {first} of a client's row is missing")
            }
            BreakKind::Missing { first, last } => {
                format!("manifests {first} to {last} of a client's row are missing")
            }
            BreakKind::Altered => "a manifest is not what the next of its row says".to_owned(),
            other => format!("a client's row of manifests is broken: {}", other.name()),
        };
        holes.push(Hole {
            session_id: None,
            cause: format!(
                "{what}, between {} and {}",
                before.session_id, after.session_id
            ),
            when: before.at.map(written).unwrap_or_default(),
            who: after
                .operator
                .clone()
                .or(after.user.clone())
                .unwrap_or_default(),
            target: after.host.clone().unwrap_or_default(),
        });
    }
    holes
}

fn cause(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::NotRecorded => "not recorded: somebody went round the recorder, or removed it",
        Coverage::Gone => "it was recorded, and the recording is gone",
        Coverage::NotInHistory => "it is recorded, and the provider knows nothing of it",
        other => other.name(),
    }
}

fn told(one: &Audited) -> (String, String) {
    let happened = one.happened.as_ref();
    let says = one.held.as_ref().and_then(|held| held.says.as_ref());
    let who = happened
        .and_then(|happened| happened.owner.clone())
        .or_else(|| says.and_then(|says| says.operator.clone().or(says.user.clone())));
    let target = happened
        .and_then(|happened| happened.target.clone())
        .or_else(|| says.map(|says| says.target.clone()));
    (who.unwrap_or_default(), target.unwrap_or_default())
}

fn judgements(given: &Given<'_>) -> Vec<Judgement> {
    let all = given.reviewed.iter().flat_map(|(id, one)| {
        one.standing.said.iter().map(move |said| Judgement {
            session_id: id.clone(),
            verdict: said.review.verdict.to_string(),
            who: said.who(),
            at: said.review.at.clone(),
            signature: said.signature.name(),
            weight: said.weight.name(),
        })
    });
    let mut all: Vec<Judgement> = all.collect();
    all.sort_by(|one, other| one.at.cmp(&other.at));
    all
}

fn follow_ups(given: &Given<'_>) -> Vec<FollowUp> {
    let now = given.account.rules.now;
    let open = given.reviewed.iter().flat_map(|(id, one)| {
        let open = one.standing.open().into_iter();
        open.map(move |open| {
            let since = DateTime::parse_from_rfc3339(&open.since).ok();
            let age = since.and_then(|since| (now - since.to_utc()).to_std().ok());
            FollowUp {
                session_id: id.clone(),
                name: open.name,
                text: open.what.text,
                owner: open.what.owner.unwrap_or_default(),
                age: age.map(time::write).unwrap_or_default(),
            }
        })
    });
    open.collect()
}

fn clocks(account: &Account) -> Vec<Clock> {
    let clocks = account.sessions.iter().filter_map(|one| {
        let says = one.held.as_ref()?.says.as_ref()?;
        let ahead_ms = says.clock_offset?.num_milliseconds();
        (ahead_ms.abs() > CLOCK).then(|| Clock {
            session_id: one.session_id.clone(),
            ahead_ms,
        })
    });
    clocks.collect()
}

fn session(one: &Audited, given: &Given<'_>) -> Session {
    let (operator, target) = told(one);
    let says = one.held.as_ref().and_then(|held| held.says.as_ref());
    let happened = one.happened.as_ref();
    let text =
        |told: Option<&String>, said: Option<&String>| told.or(said).cloned().unwrap_or_default();
    let reviewed = given.reviewed.get(&one.session_id);
    let standing = reviewed.map(|reviewed| &reviewed.standing);
    Session {
        session_id: one.session_id.clone(),
        coverage: one.coverage.name(),
        started: one.start().map(written).unwrap_or_default(),
        operator,
        target,
        document: text(
            happened.and_then(|happened| happened.document.as_ref()),
            says.and_then(|says| says.document.as_ref()),
        ),
        account: text(
            happened.and_then(|happened| happened.account.as_ref()),
            says.and_then(|says| says.account.as_ref()),
        ),
        region: text(
            happened.and_then(|happened| happened.region.as_ref()),
            says.and_then(|says| says.region.as_ref()),
        ),
        reason: text(
            happened.and_then(|happened| happened.reason.as_ref()),
            says.and_then(|says| says.reason.as_ref()),
        ),
        signed_by: signer(one).unwrap_or_default(),
        came: one
            .held
            .as_ref()
            .and_then(|held| held.came)
            .map(written)
            .unwrap_or_default(),
        retained_until: reviewed
            .and_then(|reviewed| reviewed.retained)
            .map(written)
            .unwrap_or_default(),
        review: match reviewed {
            Some(reviewed) if reviewed.is_overdue => "overdue",
            Some(reviewed) => reviewed.standing.name(),
            None => "",
        },
        verdict: standing
            .and_then(Standing::verdict)
            .map(ToString::to_string)
            .unwrap_or_default(),
        risk: reviewed
            .and_then(|reviewed| reviewed.risk)
            .unwrap_or_default(),
        marks: one.marks.iter().map(ToString::to_string).collect(),
    }
}

//! A report made of an audit and of what reviewers said.
//!
//! Nothing is left out that is no hole: it is counted.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::controls::CONTROLS;
use super::model::{
    Clock, Control, Fact, FollowUp, Given, Hole, Judgement, Report, Session, Source,
};
use super::numbers::{integrity, population, reviews, risks, signer};
use crate::review::audit::{Account, Audited, BreakKind, Coverage, Versions};
use crate::review::verdicts::Standing;
use crate::words::time;

/// Clocks that differ by more are told.
const CLOCK: i64 = 2000;

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

fn facts(given: &Given<'_>) -> Vec<Fact> {
    let rules = &given.account.rules;
    let length = |delta: TimeDelta| time::write_exactly(delta.to_std().unwrap_or_default());
    let fact = |name, value| Fact { name, value };
    vec![
        fact("grace time for what is on its way", length(rules.grace)),
        fact("clocks may differ by", length(rules.skew)),
        fact("versions of what was stored", versions(given.account)),
        fact("kept from being removed until at least", kept_until(given)),
        fact("to be judged", given.policy.clone()),
        fact("longest time between two verdicts", longest_gap(given)),
        fact("rules (digest)", given.rules.clone()),
    ]
}

fn versions(account: &Account) -> String {
    match &account.versions {
        Versions::Told => "the store tells what was removed or written over".to_owned(),
        Versions::NotKept => "the store keeps none".to_owned(),
        Versions::Refused(why) => format!("not told: {why}"),
    }
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
    let says = one.held.as_ref().and_then(|held| held.says.as_ref());
    let user = says.and_then(|says| says.user.as_deref());
    let who = one.operator().or(user).unwrap_or_default();
    (who.to_owned(), one.target().unwrap_or_default().to_owned())
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
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let reviewed = given.reviewed.get(&one.session_id);
    let standing = reviewed.map(|reviewed| &reviewed.standing);
    Session {
        session_id: one.session_id.clone(),
        coverage: one.coverage.name(),
        started: one.start().map(written).unwrap_or_default(),
        operator,
        target,
        document: text(one.document()),
        account: text(one.account()),
        region: text(one.region()),
        reason: text(one.reason()),
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

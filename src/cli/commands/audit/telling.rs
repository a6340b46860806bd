//! An audit for a person: who was asked, what was counted, and each hole on a line.
//!
//! Nothing here judges, and what comes from outside is made harmless.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::HumanCount;

use crate::cli::counted::counted;
use crate::review::audit::{
    Account, Asked, Audited, Break, BreakKind, Coverage, Mark, Neighbour, Pending, Versions,
    Witness,
};
use crate::words::{last_of_arn, printable, time};

/// So many lines of what is no hole, at most; the rest is counted, and JSON has it.
const LINES: usize = 20;

/// Tells all of it.
pub(super) fn tell(account: &Account, store: &str) {
    let text = text(account, store);
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn text(account: &Account, store: &str) -> String {
    let mut text = String::new();
    let mut line = |line: &dyn Display| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    let rules = &account.rules;
    let (since, until) = (moment(Some(rules.since)), moment(Some(rules.until)));
    line(&format!(
        "Sessions that began from {since} to {until} UTC, against {}",
        printable(store)
    ));
    line(&"");
    for asked in &account.asked {
        line(&format!("  {}", told(asked)));
    }
    for unasked in &account.unasked {
        line(&format!(
            "  NOBODY tells of {} from {} to {}",
            place(unasked.account.as_deref(), unasked.region.as_deref()),
            moment(Some(unasked.from)),
            moment(Some(unasked.until)),
        ));
    }
    if account.asked.is_empty() {
        line(&"  NOBODY was asked what happened: name a --trail");
    }
    for problem in &account.problems {
        line(&format!("  NOT READ: {}", printable(problem)));
    }
    match &account.versions {
        Versions::Told => {
            line(&"  the store tells by its versions what was removed or written over")
        }
        Versions::Refused(why) => line(&format!(
            "  versions of the store are NOT TOLD: {}",
            printable(why)
        )),
        Versions::NotKept => {}
    }
    let grace = time::write_exactly(rules.grace.to_std().unwrap_or(Duration::ZERO));
    let skew = time::write_exactly(rules.skew.to_std().unwrap_or(Duration::ZERO));
    line(&format!("  grace time {grace}, clocks within {skew}"));
    line(&"");
    for state in states(account) {
        line(&state);
    }
    for (title, wanted) in [
        (
            "Not recorded: somebody went round the recorder, or removed all that it made",
            Coverage::NotRecorded,
        ),
        ("Recorded, and gone", Coverage::Gone),
        ("Recorded, and not in the history", Coverage::NotInHistory),
    ] {
        let found = account.sessions.iter().filter(|one| one.coverage == wanted);
        let found: Vec<&Audited> = found.collect();
        if !found.is_empty() {
            line(&format!("\n{title}:"));
        }
        for one in found {
            line(&session(one));
        }
    }
    let is_told = |one: &&Audited| one.marks.iter().any(|mark| !is_counted_only(mark));
    let (grave, others): (Vec<&Audited>, Vec<&Audited>) = account
        .sessions
        .iter()
        .filter(is_told)
        .partition(|one| one.marks.iter().any(Mark::is_grave));
    if !grave.is_empty() || !others.is_empty() {
        line(&"\nTo be looked at:");
    }
    for one in grave.iter().chain(others.iter().take(LINES)) {
        let marks = one.marks.iter().filter(|mark| !is_counted_only(mark));
        for mark in marks {
            let mark = printable(&mark.to_string());
            line(&format!("  {}: {mark}", printable(&one.session_id)));
        }
    }
    if others.len() > LINES {
        let more = counted((others.len() - LINES) as u64, "session", "sessions");
        line(&format!(
            "  and {more} more, none of which is a hole: --json tells them"
        ));
    }
    if !account.breaks.is_empty() {
        line(&"\nRows of manifests:");
    }
    // Where spools last no longer than a job, each begins a row.
    let (holes, notes): (Vec<&Break>, Vec<&Break>) =
        account.breaks.iter().partition(|one| one.kind.is_hole());
    for one in holes.iter().chain(notes.iter().take(LINES)) {
        line(&format!("  {}", broken(one)));
    }
    if notes.len() > LINES {
        let more = counted((notes.len() - LINES) as u64, "note", "notes");
        line(&format!(
            "  and {more} more, none of which is a hole: --json tells them"
        ));
    }
    line(&format!("\n{}", verdict(account)));
    text
}

/// The numbers tell enough of these.
fn is_counted_only(mark: &Mark) -> bool {
    matches!(mark, Mark::Unsigned | Mark::Recovered)
}

fn told(asked: &Asked) -> String {
    let who = match asked.witness {
        Witness::Service => "Systems Manager",
        Witness::Trail => "CloudTrail",
        Witness::Snapshot => "an earlier audit",
    };
    let place = place(asked.account.as_deref(), asked.region.as_deref());
    let name = printable(&asked.name);
    match &asked.failure {
        Some(why) => format!("NO ANSWER from {who}, {place} ({name}): {}", printable(why)),
        None => {
            let sessions = counted(asked.sessions as u64, "session", "sessions");
            let (from, until) = (moment(Some(asked.from)), moment(Some(asked.until)));
            format!("{who}, {place} ({name}): {sessions}, from {from} to {until}")
        }
    }
}

fn place(account: Option<&str>, region: Option<&str>) -> String {
    let account = account.unwrap_or("an unknown account");
    let region = region.unwrap_or("an unknown region");
    format!("{} {}", printable(account), printable(region))
}

fn states(account: &Account) -> Vec<String> {
    let totals = &account.totals;
    let mut lines = vec![counted(totals.sessions, "session", "sessions")];
    let waiting = |wanted| {
        let sessions = account.sessions.iter();
        let found = sessions.filter(|one| one.coverage == Coverage::Pending(wanted));
        found.count() as u64
    };
    for (state, words) in [
        (Coverage::Recorded, "recorded"),
        (Coverage::Pending(Pending::Grace), "pending"),
        (Coverage::NotRecorded, "NOT RECORDED"),
        (Coverage::Gone, "gone"),
        (Coverage::NeverOpened, "never opened"),
        (Coverage::NotInHistory, "not in the history"),
        (
            Coverage::NotAsked,
            "recorded, and nobody was asked whether they happened",
        ),
    ] {
        let count = totals.state(state);
        if count == 0 && !matches!(state, Coverage::Recorded | Coverage::NotRecorded) {
            continue;
        }
        let more = match state {
            Coverage::Pending(_) => details(&[
                (waiting(Pending::Running), "running"),
                (waiting(Pending::InSpool), "on this machine"),
                (waiting(Pending::Grace), "within the grace time"),
            ]),
            _ => marks(account, state),
        };
        lines.push(format!("  {:>9} {words}{more}", HumanCount(count)));
    }
    lines
}

/// The marks of the sessions in one state.
fn marks(account: &Account, state: Coverage) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for one in account.sessions.iter().filter(|one| one.coverage == state) {
        for name in one.mark_names() {
            *counts.entry(name).or_default() += 1;
        }
    }
    let named = counts
        .into_iter()
        .map(|(name, count)| (count, name.replace('_', " ")));
    let named: Vec<(u64, String)> = named.collect();
    let named: Vec<(u64, &str)> = named
        .iter()
        .map(|(count, name)| (*count, name.as_str()))
        .collect();
    details(&named)
}

fn details(counts: &[(u64, &str)]) -> String {
    let parts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, words)| format!("{} {words}", HumanCount(*count)))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

fn session(one: &Audited) -> String {
    let known = |text: Option<&str>| printable(text.unwrap_or("-"));
    format!(
        "  {}  {}  {}  {}  {}  {}  {}",
        moment(one.start()),
        printable(&one.session_id),
        printable(last_of_arn(one.operator().unwrap_or("-"))),
        known(one.target()),
        known(one.document()),
        known(one.region()),
        known(one.reason()),
    )
}

fn broken(one: &Break) -> String {
    let (before, after) = (neighbour(&one.before), neighbour(&one.after));
    let numbers = |first: u64, last: u64| match first == last {
        true => format!("number {first}"),
        false => format!("numbers {first} to {last}"),
    };
    match one.kind {
        BreakKind::Missing { first, last } => format!(
            "MISSING: {} of a row, between {before} and {after}",
            numbers(first, last)
        ),
        BreakKind::Waiting { first, last } => format!(
            "not there yet: {} of a row, between {before} and {after}",
            numbers(first, last)
        ),
        BreakKind::Altered => format!("ALTERED: {before} is not what {after} says of it"),
        BreakKind::Fork => format!("FORKED: {before} and {after} have the same number"),
        BreakKind::Anew => format!("begun anew: {after}, after {before}"),
        BreakKind::Uncounted => format!("not numbered: {after}, after {before}"),
    }
}

fn neighbour(one: &Neighbour) -> String {
    let unknown = "?".to_owned();
    let (user, host) = (one.user.as_ref().unwrap_or(&unknown), one.host.as_ref());
    let number = match one.counter {
        0 => String::new(),
        counter => format!("number {counter}, "),
    };
    let operator = one.operator.as_deref().map_or("?", last_of_arn);
    printable(&format!(
        "{} ({number}{}, {operator}, {user}@{})",
        one.session_id,
        moment(one.at),
        host.unwrap_or(&unknown)
    ))
}

fn verdict(account: &Account) -> String {
    let holes = account.sessions.iter().filter(|one| one.is_hole()).count();
    let broken = account.breaks.iter().filter(|one| one.kind.is_hole());
    let holes = counted((holes + broken.count()) as u64, "hole", "holes");
    match (account.has_holes(), account.is_complete()) {
        (false, true) => "Covered: all that happened is on record, or may still come.".to_owned(),
        (true, true) => format!("NOT COVERED: {holes}."),
        (true, false) => format!("NOT COVERED: {holes}; and INCOMPLETE: not everybody answered."),
        (false, false) => "INCOMPLETE: no hole was found, and not everybody answered.".to_owned(),
    }
}

fn moment(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| time.format("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

//! A report as Markdown: for a ticket, or a repository.
//!
//! Nothing from outside becomes markup.

use std::fmt::Write as _;

use super::model::{Number, Report};
use crate::words::printable;

/// So many sessions of a number are named; the others are in the table of all.
const NAMED: usize = 50;

pub(super) fn text(report: &Report) -> String {
    let mut out = format!(
        "# Audit of recorded sessions\n\n{} to {}, {}. Asked at {} by {}.\n\n**{}**\n",
        report.since,
        report.until,
        cell(&report.store),
        report.asked_at,
        report.made_by,
        outcome(report.outcome),
    );
    out.push_str("\n## Sources\n\n");
    rows(
        &mut out,
        &["who tells", "of", "from", "until", "sessions"],
        report.sources.iter().map(|source| {
            let told = match &source.failure {
                Some(why) => format!("NO ANSWER: {why}"),
                None => source.sessions.to_string(),
            };
            let account = source.account.as_deref().unwrap_or("unknown account");
            let region = source.region.as_deref().unwrap_or("unknown region");
            vec![
                format!("{} ({})", source.witness, source.name),
                format!("{account} {region}"),
                source.from.clone(),
                source.until.clone(),
                told,
            ]
        }),
    );
    for why in &report.not_told {
        line(&mut out, &format!("- {}", cell(why)));
    }
    for (title, numbers) in [
        ("Population", &report.population),
        ("Integrity", &report.integrity),
        ("Reviews", &report.reviews),
        ("Rules", &report.rules),
    ] {
        line(&mut out, &format!("\n## {title}\n"));
        rows(
            &mut out,
            &["number", "sessions", "which"],
            numbers.iter().map(|number| {
                vec![
                    number.sessions.len().to_string(),
                    number.words.clone(),
                    named(number),
                ]
            }),
        );
    }
    line(&mut out, "\n## Holes\n");
    rows(
        &mut out,
        &["session", "cause", "when", "who", "where"],
        report.holes.iter().map(|hole| {
            vec![
                hole.session_id.clone().unwrap_or_default(),
                hole.cause.clone(),
                hole.when.clone(),
                hole.who.clone(),
                hole.target.clone(),
            ]
        }),
    );
    line(&mut out, "\n## Follow-ups\n");
    rows(
        &mut out,
        &["follow-up", "session", "what", "owner", "age"],
        report.follow_ups.iter().map(|open| {
            vec![
                open.name.clone(),
                open.session_id.clone(),
                open.text.clone(),
                open.owner.clone(),
                open.age.clone(),
            ]
        }),
    );
    line(&mut out, "\n## Verdicts\n");
    rows(
        &mut out,
        &["session", "verdict", "who", "at", "signature", "weight"],
        report.verdicts.iter().map(|one| {
            vec![
                one.session_id.clone(),
                one.verdict.clone(),
                one.who.clone(),
                one.at.clone(),
                one.signature.to_owned(),
                one.weight.to_owned(),
            ]
        }),
    );
    line(&mut out, "\n## Clocks\n");
    rows(
        &mut out,
        &["session", "client ahead of the service by"],
        report
            .clocks
            .iter()
            .map(|clock| vec![clock.session_id.clone(), format!("{} ms", clock.ahead_ms)]),
    );
    line(&mut out, "\n## How it was judged\n");
    rows(
        &mut out,
        &["what", "value"],
        report
            .facts
            .iter()
            .map(|fact| vec![fact.name.to_owned(), fact.value.clone()]),
    );
    line(&mut out, "\n## What serves which rule\n");
    rows(
        &mut out,
        &["rule", "asks for", "served by"],
        report.controls.iter().map(|control| {
            [control.rule, control.asks, control.served_by]
                .map(str::to_owned)
                .into()
        }),
    );
    line(&mut out, "\n## Sessions\n");
    rows(
        &mut out,
        &[
            "session", "coverage", "started", "operator", "target", "reason", "review", "risk",
            "marks",
        ],
        report.sessions.iter().map(|one| {
            vec![
                one.session_id.clone(),
                one.coverage.to_owned(),
                one.started.clone(),
                one.operator.clone(),
                one.target.clone(),
                one.reason.clone(),
                one.review.to_owned(),
                one.risk.to_owned(),
                one.marks.join("; "),
            ]
        }),
    );
    out
}

pub(super) fn outcome(word: &str) -> &'static str {
    match word {
        "covered" => "Covered: all that happened is on record, or may still come.",
        "incomplete" => "Incomplete: no hole was found, and not everybody answered.",
        _ => "Not covered: there are holes.",
    }
}

fn named(number: &Number) -> String {
    let some: Vec<&str> = number
        .sessions
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect();
    match number.sessions.len().saturating_sub(NAMED) {
        _ if number.name == "sessions" || number.name == "recorded" => String::new(),
        0 => some.join(" "),
        more => format!("{} and {more} more", some.join(" ")),
    }
}

fn rows(out: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return line(out, "None.");
    }
    line(out, &format!("| {} |", head.join(" | ")));
    line(out, &format!("|{}", " --- |".repeat(head.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        line(out, &format!("| {} |", cells.join(" | ")));
    }
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

/// A text in which nothing is markup.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for c in printable(text).chars() {
        if "\\`*_{}[]<>#|!~&".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

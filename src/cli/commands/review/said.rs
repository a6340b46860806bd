//! What was said of a session until now, and what each word of it is worth.
//!
//! Nothing that does not count is left out: it is told why it does not.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Desk, result};
use crate::cli::exit::{CommandResult, Status};
use crate::cli::message;
use crate::review::verdicts::{Said, Standing};
use crate::words::{printable, time};

/// Shows it.
pub(super) fn show(desk: &Desk, session: &str, is_json: bool) -> CommandResult {
    let entry = desk.session(session)?;
    let standing = desk.catalog.standings(&[&entry.manifest], &desk.law)?;
    let standing = standing.into_iter().next().unwrap_or_default();
    for said in &standing.said {
        match is_json {
            true => result(&as_json(said)),
            false => {
                for line in lines(said) {
                    result(&line);
                }
            }
        }
    }
    for (location, why) in &standing.unread {
        message::say(&format!("{location:?} does not read: {why}"));
    }
    for digest in &standing.missing {
        message::say(&format!(
            "a verdict is gone: a later one names it as the one before, {digest}"
        ));
    }
    if !is_json {
        message::say(&told(&standing));
    }
    Ok(
        match standing.unread.is_empty() && standing.missing.is_empty() {
            true => Status::Success,
            false => Status::Damaged,
        },
    )
}

/// Where it stands.
pub(super) fn told(standing: &Standing) -> String {
    let required = standing.required.max(1);
    match (standing.reviewers(), standing.verdict()) {
        (_, Some(verdict)) if standing.is_reviewed() => match standing.open().len() {
            0 => format!("judged: {verdict}"),
            1 => format!("judged: {verdict}; 1 follow-up is open"),
            several => format!("judged: {verdict}; {several} follow-ups are open"),
        },
        (reviewers, Some(verdict)) => {
            format!(
                "{reviewers} of {required} reviewers have judged it; the last word is {verdict}"
            )
        }
        (_, None) => "nobody whose word counts has judged it".to_owned(),
    }
}

fn lines(said: &Said) -> Vec<String> {
    let review = &said.review;
    let worth = said.weight.told().map_or_else(String::new, |why| {
        format!("; does not count: {}", printable(&why))
    });
    let signed = match said.signature.seal() {
        Some(seal) => format!("signed by {}", seal.fingerprint),
        None => "unsigned".to_owned(),
    };
    let mut lines = vec![format!(
        "{}  {}  {} ({signed}{worth})",
        printable(&review.at),
        printable(&review.verdict.to_string()),
        printable(&said.who())
    )];
    lines.extend(review.notes.iter().map(|note| match note.at_ms {
        Some(at) => {
            let at = time::write_clock(Duration::from_millis(at));
            format!("    @{at} {}", printable(&note.text))
        }
        None => format!("    {}", printable(&note.text)),
    }));
    let numbered = review.follow_ups.iter().zip(1..);
    lines.extend(numbered.map(|(what, number)| {
        let name = formats::review::follow_up_name(&said.digest, number);
        let owner = what
            .owner
            .as_deref()
            .map_or_else(String::new, |owner| format!(" ({})", printable(owner)));
        format!("    to do {name}: {}{owner}", printable(&what.text))
    }));
    let closes = review.closes.iter();
    lines.extend(closes.map(|name| format!("    done: {}", printable(name))));
    lines
}

fn as_json(said: &Said) -> Value {
    let mut value = serde_json::to_value(&said.review).unwrap_or_default();
    if let Value::Object(object) = &mut value {
        object.insert("digest".into(), json!(said.digest));
        object.insert("location".into(), json!(said.location));
        object.insert("signature".into(), json!(said.signature.name()));
        object.insert("weight".into(), json!(said.weight.name()));
        object.insert("why".into(), json!(said.weight.told()));
    }
    value
}

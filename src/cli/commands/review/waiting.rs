//! What waits for a verdict: the longest due first, with why it does.
//!
//! Nothing here is judged.

use chrono::{DateTime, Local, Utc};
use serde_json::json;

use super::{Desk, ReviewArgs, result};
use crate::cli::counted::counted;
use crate::cli::exit::CommandResult;
use crate::cli::message;
use crate::review::verdicts::{Due, Why, queue};
use crate::words::{last_of_arn, printable};

/// Lists it.
pub(super) fn list(args: &ReviewArgs, desk: &Desk) -> CommandResult {
    let (sessions, status) = desk.sessions(&args.filter)?;
    let all = sessions.len() as u64;
    let mut due = queue(&desk.policy, sessions);
    let overdue = due.iter().filter(|due| due.is_overdue(desk.now)).count() as u64;
    if args.overdue {
        due.retain(|due| due.is_overdue(desk.now));
    }
    let waiting = due.len() as u64;
    due.truncate(args.limit.unwrap_or(usize::MAX));
    match args.json {
        true => due.iter().for_each(|due| result(&as_json(due, desk.now))),
        false => table(&due, desk.now),
    }
    if !args.json {
        let sessions = counted(all, "session", "sessions");
        let wait = match waiting {
            0 => "none waits for a verdict".to_owned(),
            1 => "1 waits for a verdict".to_owned(),
            several => format!("{several} wait for a verdict"),
        };
        let overdue = match (args.overdue, overdue) {
            (true, _) | (false, 0) => String::new(),
            (false, 1) => ", 1 of them overdue".to_owned(),
            (false, several) => format!(", {several} of them overdue"),
        };
        message::say(&format!("{sessions}; {wait}{overdue}"));
    }
    Ok(status)
}

const COLUMNS: [&str; 6] = ["DUE", "SESSION", "STARTED", "OPERATOR", "TARGET", "WHY"];

fn table(due: &[Due], now: DateTime<Utc>) {
    if due.is_empty() {
        return;
    }
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(due.iter().map(|due| {
        let manifest = &due.entry.manifest;
        let operator = manifest.operator.as_deref().map(last_of_arn);
        let by = match due.standing.reviewers() {
            0 => String::new(),
            some => format!("; {some} of {} reviewers", due.standing.required),
        };
        let until = match due.until {
            Some(until) if until < now => format!("{} overdue", local(until)),
            Some(until) => local(until),
            None => "-".to_owned(),
        };
        [
            until,
            printable(&manifest.session_id),
            started(manifest.started_at.as_deref()),
            printable(operator.or(manifest.user.as_deref()).unwrap_or("-")),
            printable(&manifest.target),
            printable(&format!("{}{by}", why(due))),
        ]
    }));
    let last = COLUMNS.len() - 1;
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
            line.push_str(cell);
            if at < last {
                line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
            }
        }
        result(&line);
    }
}

fn why(due: &Due) -> String {
    let why: Vec<&str> = due.why.iter().map(Why::told).collect();
    why.join(", ")
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M")
        .to_string()
}

fn started(text: Option<&str>) -> String {
    let at = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    at.map_or_else(|| "-".to_owned(), |at| local(at.to_utc()))
}

fn as_json(due: &Due, now: DateTime<Utc>) -> serde_json::Value {
    let manifest = &due.entry.manifest;
    json!({
        "session_id": manifest.session_id,
        "due": due.until.map(|until| until.to_rfc3339()),
        "overdue": due.is_overdue(now),
        "why": due.why.iter().map(Why::told).collect::<Vec<_>>(),
        "standing": due.standing.name(),
        "reviewers": due.standing.reviewers(),
        "required": due.standing.required,
        "started_at": manifest.started_at,
        "operator": manifest.operator,
        "target": manifest.target,
        "reason": manifest.reason,
    })
}

//! What is still to be done about sessions, the oldest first.
//!
//! Nothing here is closed.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Desk, ReviewArgs, result};
use crate::cli::counted::counted;
use crate::cli::exit::CommandResult;
use crate::cli::message;
use crate::review::verdicts::Open;
use crate::words::{last_of_arn, printable, time};

/// Lists it.
pub(super) fn list(args: &ReviewArgs, desk: &Desk) -> CommandResult {
    let (sessions, status) = desk.sessions(&args.filter)?;
    let open = sessions.iter().flat_map(|(entry, standing)| {
        let id = entry.manifest.session_id.as_str();
        standing.open().into_iter().map(move |open| (id, open))
    });
    let mut open: Vec<(&str, Open)> = open.collect();
    open.sort_by(|(_, one), (_, other)| (&one.since, &one.name).cmp(&(&other.since, &other.name)));
    let all = open.len() as u64;
    open.truncate(args.limit.unwrap_or(usize::MAX));
    for (id, open) in &open {
        match args.json {
            true => result(&json!({
                "session_id": id,
                "follow_up": open.name,
                "text": open.what.text,
                "owner": open.what.owner,
                "by": open.by,
                "since": open.since,
            })),
            false => result(&told(id, open, desk.now)),
        }
    }
    if !args.json {
        let what = counted(all, "follow-up is", "follow-ups are");
        message::say(&format!("{what} open"));
    }
    Ok(status)
}

fn told(id: &str, open: &Open, now: DateTime<Utc>) -> String {
    let age = DateTime::parse_from_rfc3339(&open.since).ok();
    let age = age.and_then(|since| (now - since.to_utc()).to_std().ok());
    let age = age.map_or_else(|| "some time".to_owned(), time::write);
    let owner = match &open.what.owner {
        Some(owner) => format!("for {}", printable(owner)),
        None => "for nobody".to_owned(),
    };
    format!(
        "{}  {}  {owner}, by {}, {age} ago: {}",
        open.name,
        printable(id),
        printable(last_of_arn(&open.by)),
        printable(&open.what.text)
    )
}

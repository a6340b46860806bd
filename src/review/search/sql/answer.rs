//! The rows that the statement of a search finds, read as what a search of the sessions themselves finds.
//!
//! Nothing here is evidence: it is what tables say that were made of packs.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use formats::manifest::Manifest;

use super::super::finder::{Piece, Question, Wanted, Where};
use crate::review::catalog::Entry;
use crate::review::condition::State;

/// What a row tells.
#[derive(Debug)]
pub struct Row {
    /// What the tables know of its session.
    pub entry: Entry,
    /// How many texts were found in the session; 1 of a row that is one of them.
    pub count: u64,
    /// The text, where texts are wanted. It has no matches where the engine's expression finds what ours does not.
    pub piece: Option<Piece>,
}

/// A row that is none of the statement's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of the answer is none that was asked for: its {0} does not read")]
pub struct Unread(&'static str);

/// The columns of a statement, by what is wanted.
pub(super) fn columns(wanted: Wanted) -> &'static [&'static str] {
    match wanted {
        Wanted::Texts => &[
            "session",
            "started",
            "operator",
            "local_user",
            "target",
            "reason",
            "place",
            "number",
            "first_ms",
            "last_ms",
            "other",
            "text",
        ],
        Wanted::Count => &["session", "started", "matches"],
        Wanted::Whether => &["session", "started"],
    }
}

impl Row {
    /// Reads a row of the statement's answer: a text a column, as Athena writes them.
    ///
    /// # Errors
    /// It lacks what it must have.
    pub fn read(question: &Question, values: &[Option<String>]) -> Result<Self, Unread> {
        let names = columns(question.wanted());
        let value = |name: &'static str| {
            let at = names.iter().position(|known| *known == name)?;
            values.get(at)?.as_deref()
        };
        let needed = |name| value(name).ok_or(Unread(name));
        let number = |name| needed(name)?.parse().map_err(|_| Unread(name));
        let text = |name| value(name).map(str::to_owned);
        let manifest = Manifest {
            session_id: needed("session")?.to_owned(),
            started_at: match value("started") {
                Some(started) => Some(rfc3339(started).ok_or(Unread("started"))?),
                None => None,
            },
            operator: text("operator"),
            user: text("local_user"),
            target: text("target").unwrap_or_default(),
            reason: text("reason"),
            ..Manifest::default()
        };
        let piece = match question.wanted() {
            Wanted::Count | Wanted::Whether => None,
            Wanted::Texts => {
                let place = needed("place")?;
                let text = needed("text")?.to_owned();
                Some(Piece {
                    place: Where::ALL
                        .into_iter()
                        .find(|known| known.name() == place)
                        .ok_or(Unread("place"))?,
                    number: number("number")?,
                    first: number("first_ms")?,
                    last: number("last_ms")?,
                    other: value("other") == Some("true"),
                    matches: question.find(&text),
                    text,
                })
            }
        };
        Ok(Self {
            count: match question.wanted() {
                Wanted::Count => number("matches")?,
                Wanted::Texts | Wanted::Whether => 1,
            },
            entry: Entry {
                manifest,
                state: State::Stored,
                location: String::new(),
            },
            piece,
        })
    }
}

/// A time without its zone, which is UTC, as a manifest has it.
fn rfc3339(text: &str) -> Option<String> {
    let text = text.trim_end_matches(" UTC");
    let time: DateTime<Utc> = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .ok()?
        .and_utc();
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

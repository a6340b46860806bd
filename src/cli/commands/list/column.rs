//! The columns of a list: their names, what stands in them for a person, and what for a program.
//!
//! Nothing from a recording leaves a cell as it is: every text is made harmless first.

use std::time::Duration;

use chrono::{DateTime, Local};
use formats::findings::Severity;
use formats::manifest::Manifest;

use crate::review::catalog::{Entry, State};
use crate::review::condition::Facts;
use crate::words::{csv, last_of_arn, printable, size, slip, time};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Session,
    Started,
    Duration,
    Target,
    Operator,
    Reason,
    Size,
    Commands,
    Ended,
    State,
    Kind,
    Exit,
    Document,
    Account,
    Region,
    User,
    Host,
    Location,
    Risk,
}

/// Those of a table, when nobody says which: the first of all.
pub(super) const TABLE: &[Column] = ALL.split_at(8).0;
/// All of them; those of CSV, when nobody says which.
pub(super) const ALL: [Column; 19] = [
    Column::Session,
    Column::Started,
    Column::Duration,
    Column::Target,
    Column::Operator,
    Column::Reason,
    Column::Size,
    Column::Commands,
    Column::Ended,
    Column::State,
    Column::Kind,
    Column::Exit,
    Column::Document,
    Column::Account,
    Column::Region,
    Column::User,
    Column::Host,
    Column::Location,
    Column::Risk,
];

impl std::str::FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = ALL.map(Self::name);
        let at = names.iter().position(|name| *name == text);
        at.map(|at| ALL[at])
            .ok_or_else(|| match slip::nearest(text, names) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("there are {}", names.join(", ")),
            })
    }
}

impl Column {
    /// As a person writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Started => "started",
            Self::Duration => "duration",
            Self::Target => "target",
            Self::Operator => "operator",
            Self::Reason => "reason",
            Self::Size => "size",
            Self::Commands => "commands",
            Self::Ended => "ended",
            Self::State => "state",
            Self::Kind => "kind",
            Self::Exit => "exit",
            Self::Document => "document",
            Self::Account => "account",
            Self::Region => "region",
            Self::User => "user",
            Self::Host => "host",
            Self::Location => "location",
            Self::Risk => "risk",
        }
    }

    /// Whether it holds numbers, which stand to the right.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Duration | Self::Size | Self::Commands)
    }

    /// How narrow it may get in a narrow terminal. A session id is never cut: it is what the other commands want to be
    /// given.
    pub(super) fn least_width(self) -> Option<usize> {
        match self {
            Self::Target | Self::Location => Some(10),
            Self::Operator | Self::Reason | Self::Document | Self::User | Self::Host => Some(8),
            _ => None,
        }
    }

    /// What a person reads.
    pub(super) fn cell(self, entry: &Entry) -> String {
        let manifest = &entry.manifest;
        match self {
            Self::Started => at(&manifest.started_at),
            Self::Ended => at(&manifest.ended_at),
            Self::Duration => match entry.state {
                State::Stored => time::write(Duration::from_micros(manifest.duration_us)),
                State::WithoutManifest => "no end".to_owned(),
                State::InSpool => "in spool".to_owned(),
            },
            Self::Size => match entry.state {
                State::Stored => size::write(manifest.sizes.compressed),
                _ => String::new(),
            },
            Self::Operator => {
                let operator = manifest.operator.as_deref().map(last_of_arn);
                text(operator.or(manifest.user.as_deref()))
            }
            other => other.of(entry),
        }
    }

    /// What a program reads, as a field of CSV: times in UTC, seconds, bytes, whole ARNs; empty where nothing is known.
    pub(super) fn field(self, entry: &Entry) -> String {
        let manifest = &entry.manifest;
        let is_stored = entry.state == State::Stored;
        match self {
            Self::Duration if is_stored => {
                let micros = manifest.duration_us;
                format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
            }
            Self::Size if is_stored => manifest.sizes.compressed.to_string(),
            Self::Duration | Self::Size => String::new(),
            Self::Commands | Self::State | Self::Kind | Self::Risk => self.of(entry),
            Self::Exit => match status(manifest) {
                Some(status) => status.to_string(),
                None => csv::text(&self.of(entry)),
            },
            other => csv::text(&other.of(entry)),
        }
    }

    fn of(self, entry: &Entry) -> String {
        let manifest = &entry.manifest;
        match self {
            Self::Session => printable(&manifest.session_id),
            Self::Target => printable(&manifest.target),
            Self::Started => text(manifest.started_at.as_deref()),
            Self::Ended => text(manifest.ended_at.as_deref()),
            Self::Operator => text(manifest.operator.as_deref()),
            Self::Reason => text(manifest.reason.as_deref()),
            Self::Document => text(manifest.document.as_deref()),
            Self::Account => text(manifest.account.as_deref()),
            Self::Region => text(manifest.region.as_deref()),
            Self::User => text(manifest.user.as_deref()),
            Self::Host => text(manifest.host.as_deref()),
            Self::Location => printable(&entry.location),
            Self::State => entry.state.name().to_owned(),
            Self::Kind => Facts::kind(manifest).name().to_owned(),
            // The client's claim: nothing where no rule was asked.
            Self::Risk => match &manifest.rules {
                Some(rules) => rules.highest().map_or("none", Severity::name).to_owned(),
                None => String::new(),
            },
            Self::Commands => match &manifest.derived {
                Some(derived) => derived.commands.count.to_string(),
                None => String::new(),
            },
            Self::Exit => match (status(manifest), &manifest.exit) {
                (Some(status), _) => status.to_string(),
                (None, Some(exit)) => printable(&exit.kind.to_string()),
                (None, None) => String::new(),
            },
            Self::Duration | Self::Size => String::new(),
        }
    }
}

fn status(manifest: &Manifest) -> Option<i32> {
    manifest.exit.as_ref()?.status
}

fn text(text: Option<&str>) -> String {
    printable(text.unwrap_or_default())
}

fn at(text: &Option<String>) -> String {
    let time = text
        .as_deref()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    time.map_or_else(String::new, |time| {
        let local = time.with_timezone(&Local);
        local.format("%Y-%m-%d %H:%M").to_string()
    })
}

//! The columns of the three tables, and a row of each: of a session, of a command, of a line.
//!
//! Nothing here is read back but by these names; what a query of others uses is told in `formats/README.md`.

use chrono::DateTime;
use formats::derived::{Command, Millis, ReadLine};
use formats::manifest::Manifest;

use super::table::Kind::{Flag, Int, Long, Name, Real, Text, Time};
use super::table::{Column, Value};

/// A row a session.
pub(super) const SESSIONS: [Column; 27] = [
    ("session", Name, false),
    ("target", Name, false),
    ("document", Name, true),
    ("reason", Name, true),
    ("region", Name, true),
    ("account", Name, true),
    ("operator", Name, true),
    ("local_user", Name, true),
    ("local_host", Name, true),
    ("client_version", Name, true),
    ("agent_version", Name, true),
    ("started", Time, true),
    ("ended", Time, true),
    ("duration_ms", Long, false),
    ("exit_kind", Name, true),
    ("exit_status", Int, true),
    ("sealed", Flag, false),
    ("recovered", Flag, false),
    ("unrecorded_from_ms", Long, true),
    ("gaps", Int, false),
    ("connections", Long, true),
    ("output_bytes", Long, false),
    ("lines", Long, false),
    ("commands", Long, false),
    ("explained", Real, true),
    ("chain_head", Text, false),
    ("manifest", Text, false),
];
/// The manifest's column.
pub(super) const MANIFEST: usize = 26;

/// A row a command.
pub(super) const COMMANDS: [Column; 16] = [
    ("session", Name, false),
    ("operator", Name, true),
    ("target", Name, false),
    ("number", Long, false),
    ("at", Time, true),
    ("start_ms", Long, false),
    ("end_ms", Long, true),
    ("text", Text, false),
    ("context", Name, false),
    ("cwd", Name, true),
    ("exit", Int, true),
    ("output_from", Long, false),
    ("output_to", Long, false),
    ("source", Name, false),
    ("confidence", Real, false),
    ("claims", Text, true),
];

/// A row a line.
pub(super) const LINES: [Column; 9] = [
    ("session", Name, false),
    ("operator", Name, true),
    ("target", Name, false),
    ("number", Long, false),
    ("at", Time, true),
    ("first_ms", Long, false),
    ("last_ms", Long, false),
    ("other", Flag, false),
    ("text", Text, false),
];
/// Where some of them stand.
pub(super) const FIRST: usize = 5;
pub(super) const LAST: usize = 6;
pub(super) const OTHER: usize = 7;
pub(super) const TEXT: usize = 8;
/// The same of a command.
pub(super) const START: usize = 5;
pub(super) const END: usize = 6;
pub(super) const COMMAND: usize = 7;

/// What stands in each row of a session.
pub(super) struct Of<'a> {
    manifest: &'a Manifest,
    started: Option<i64>,
}

impl<'a> Of<'a> {
    pub(super) fn new(manifest: &'a Manifest) -> Self {
        Self {
            manifest,
            started: millis(manifest.started_at.as_deref()),
        }
    }

    fn at(&self, millis: Millis) -> Value<'a> {
        let at = |start: i64| start.checked_add_unsigned(millis);
        Value::time(self.started.and_then(at))
    }

    pub(super) fn session(
        &self,
        json: &'a str,
        exit_kind: Option<&'a str>,
        (lines, commands): (u64, u64),
    ) -> [Value<'a>; SESSIONS.len()] {
        let manifest = self.manifest;
        let text = |text: &'a Option<String>| Value::text(text.as_deref());
        [
            Value::Text(&manifest.session_id),
            Value::Text(&manifest.target),
            text(&manifest.document),
            text(&manifest.reason),
            text(&manifest.region),
            text(&manifest.account),
            text(&manifest.operator),
            text(&manifest.user),
            text(&manifest.host),
            text(&manifest.client_version),
            text(&manifest.agent_version),
            Value::time(self.started),
            Value::time(millis(manifest.ended_at.as_deref())),
            Value::long(manifest.duration_us / 1000),
            Value::text(exit_kind),
            Value::int(manifest.exit.as_ref().and_then(|exit| exit.status)),
            Value::Flag(manifest.encryption.is_some()),
            Value::Flag(manifest.recovered),
            match &manifest.unrecorded {
                Some(unrecorded) => Value::long(unrecorded.from_us / 1000),
                None => Value::Nothing,
            },
            Value::Int(i32::try_from(manifest.gaps.len()).unwrap_or(i32::MAX)),
            manifest.connections.map_or(Value::Nothing, Value::long),
            Value::long(manifest.counts.output_bytes),
            Value::long(lines),
            Value::long(commands),
            match &manifest.derived {
                Some(derived) => Value::Real(derived.explained),
                None => Value::Nothing,
            },
            Value::Text(&manifest.chain.head),
            Value::Text(json),
        ]
    }

    pub(super) fn command(
        &self,
        command: &'a Command,
        context: &'a str,
        claims: Option<&'a str>,
    ) -> [Value<'a>; COMMANDS.len()] {
        [
            Value::Text(&self.manifest.session_id),
            Value::text(self.manifest.operator.as_deref()),
            Value::Text(&self.manifest.target),
            Value::long(command.number),
            self.at(command.start),
            Value::long(command.start),
            command.end.map_or(Value::Nothing, Value::long),
            Value::Text(&command.text),
            Value::Text(context),
            Value::text(command.cwd.as_deref()),
            Value::int(command.exit),
            Value::long(command.output.0),
            Value::long(command.output.1),
            Value::Text(command.source.as_str()),
            // As it is written in JSON, and not as the next binary fraction of more digits.
            Value::Real((f64::from(command.confidence) * 1e6).round() / 1e6),
            Value::text(claims),
        ]
    }

    pub(super) fn line(&self, number: u64, line: &'a ReadLine<'_>) -> [Value<'a>; LINES.len()] {
        [
            Value::Text(&self.manifest.session_id),
            Value::text(self.manifest.operator.as_deref()),
            Value::Text(&self.manifest.target),
            Value::long(number),
            self.at(line.first),
            Value::long(line.first),
            Value::long(line.last),
            Value::Flag(line.other),
            Value::Text(&line.text),
        ]
    }
}

fn millis(time: Option<&str>) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(time?).ok()?.timestamp_millis())
}

//! What was found, as a person or a program reads it.
//!
//! Nothing here searches or writes: texts in, text out, all of it harmless on a terminal.

use std::ops::Range;

use chrono::{Duration, SecondsFormat};
use serde::Serialize;

use super::clock;
use crate::cli::heading;
use crate::review::catalog::Entry;
use crate::review::condition::started;
use crate::review::search::Piece;
use crate::words::{self, printable};

/// What is shown of what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Texts,
    Matches,
    Count,
    Sessions,
    Json,
}

/// Writes what was found in one session after the other.
pub(super) struct Printer {
    form: Form,
    /// For a person, with a heading a session; else each line stands for itself.
    has_headings: bool,
    colors: Colors,
    /// Each text says among which ones it is.
    tells_places: bool,
    /// The session that was told of last, and the last text of it.
    session: Option<String>,
    last: Option<(crate::review::search::Where, u64)>,
}

/// As ripgrep's users know them.
struct Colors {
    session: &'static str,
    time: &'static str,
    found: &'static str,
    off: &'static str,
}

const PLAIN: Colors = Colors {
    session: "",
    time: "",
    found: "",
    off: "",
};
const COLORED: Colors = Colors {
    session: "\x1b[35m",
    time: "\x1b[32m",
    found: "\x1b[1;31m",
    off: "\x1b[0m",
};

impl Printer {
    pub(super) fn new(
        form: Form,
        has_headings: bool,
        is_colored: bool,
        tells_places: bool,
    ) -> Self {
        Self {
            form,
            has_headings,
            colors: if is_colored { COLORED } else { PLAIN },
            tells_places,
            session: None,
            last: None,
        }
    }

    /// Some of what was found in a session.
    pub(super) fn found(&mut self, entry: &Entry, pieces: &[Piece]) -> String {
        let mut text = String::new();
        if self.form == Form::Json {
            for piece in pieces {
                text.push_str(&words::json(&Hit::of(entry, piece)));
                text.push('\n');
            }
            return text;
        }
        let id = &entry.manifest.session_id;
        if self.session.as_ref() != Some(id) {
            if self.has_headings {
                let gap = if self.session.is_some() { "\n" } else { "" };
                text.push_str(&format!("{gap}{}\n", self.heading(entry)));
            }
            self.session = Some(id.clone());
            self.last = None;
        }
        for piece in pieces {
            // What does not follow on what was shown before is parted from it, where there is anything around a find.
            let follows = self
                .last
                .is_some_and(|(place, number)| place != piece.place || number + 1 == piece.number);
            let is_around = pieces.iter().any(|piece| piece.matches.is_empty());
            if self.last.is_some() && !follows && is_around && self.form == Form::Texts {
                text.push_str("--\n");
            }
            self.last = Some((piece.place, piece.number));
            self.piece(entry, piece, &mut text);
        }
        text
    }

    /// All was found that is in a session.
    pub(super) fn done(&self, entry: &Entry, count: u64) -> String {
        let id = printable(&entry.manifest.session_id);
        let Colors { session, off, .. } = self.colors;
        match self.form {
            Form::Count if count > 0 => format!("{session}{id}{off}:{count}\n"),
            Form::Sessions if count > 0 => format!("{session}{id}{off}\n"),
            _ => String::new(),
        }
    }

    fn heading(&self, entry: &Entry) -> String {
        let Colors { session, off, .. } = self.colors;
        let id = printable(&entry.manifest.session_id);
        format!(
            "{session}{id}{off}  {}",
            heading::behind_id(&entry.manifest)
        )
    }

    fn piece(&self, entry: &Entry, piece: &Piece, text: &mut String) {
        let Colors {
            session, time, off, ..
        } = self.colors;
        let at = clock(piece.first);
        let sign = if piece.matches.is_empty() { '-' } else { ':' };
        let name = match self.has_headings {
            true => format!("{time}{at}{off}{sign}"),
            false => {
                let id = printable(&entry.manifest.session_id);
                format!("{session}{id}{off}@{time}{at}{off}{sign}")
            }
        };
        let place = match self.tells_places {
            true => format!("{}{sign}", piece.place.name()),
            false => String::new(),
        };
        if self.form == Form::Matches {
            for range in &piece.matches {
                let found = self.found_text(&piece.text[range.clone()]);
                text.push_str(&format!("{name}{place}{found}\n"));
            }
            return;
        }
        text.push_str(&name);
        text.push_str(&place);
        if self.has_headings {
            text.push(' ');
        }
        let mut at = 0;
        for Range { start, end } in piece.matches.iter().cloned() {
            text.push_str(&printable(&piece.text[at..start]));
            text.push_str(&self.found_text(&piece.text[start..end]));
            at = end;
        }
        text.push_str(&printable(&piece.text[at..]));
        text.push('\n');
    }

    fn found_text(&self, found: &str) -> String {
        let Colors { found: on, off, .. } = self.colors;
        format!("{on}{}{off}", printable(found))
    }
}

/// What was found, for a program.
#[derive(Serialize)]
struct Hit<'a> {
    r#type: &'static str,
    session_id: &'a str,
    /// What `play` takes.
    play: String,
    r#in: &'static str,
    number: u64,
    first_ms: u64,
    last_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    operator: Option<&'a str>,
    user: Option<&'a str>,
    target: &'a str,
    reason: Option<&'a str>,
    text: &'a str,
    /// In bytes of the text.
    matches: Vec<(usize, usize)>,
    other_screen: bool,
}

impl<'a> Hit<'a> {
    fn of(entry: &'a Entry, piece: &'a Piece) -> Self {
        let manifest = &entry.manifest;
        let since = i64::try_from(piece.first)
            .ok()
            .and_then(Duration::try_milliseconds);
        let time = started(&entry.manifest).zip(since);
        let time = time.and_then(|(at, since)| at.checked_add_signed(since));
        let ranges = piece.matches.iter();
        Self {
            r#type: match piece.matches.is_empty() {
                true => "context",
                false => "match",
            },
            session_id: &manifest.session_id,
            play: format!("{}@{}", manifest.session_id, clock(piece.first)),
            r#in: piece.place.name(),
            number: piece.number,
            first_ms: piece.first,
            last_ms: piece.last,
            time: time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)),
            operator: manifest.operator.as_deref(),
            user: manifest.user.as_deref(),
            target: &manifest.target,
            reason: manifest.reason.as_deref(),
            text: &piece.text,
            matches: ranges.map(|range| (range.start, range.end)).collect(),
            other_screen: piece.other,
        }
    }
}

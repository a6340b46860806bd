//! What is to be said of a session that is recorded: where it is less than whole, and where its manifest is contradicted.
//!
//! Nothing here changes what covers a session; a mark stands beside it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Rules;
use super::held::{Held, Seal, Trace, What};
use super::history::{Happened, Status};
use crate::words::time;

/// Something to be said of a recorded session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nobody saw its end.
    Cut,
    /// It was closed afterwards.
    Recovered,
    /// It went on unrecorded since so long after its start.
    Unrecorded(Duration),
    /// Nobody has signed it.
    Unsigned,
    /// It is signed by nobody whose signature counts: why.
    NotAllowed(String),
    /// Its signature is over something else, or does not read: why.
    WrongSignature(String),
    /// It has waited on this machine for longer than the grace time.
    WaitsLong,
    /// There is no manifest of it.
    WithoutManifest,
    /// There is a manifest, and no recording.
    WithoutRecording,
    /// Its manifest cannot be read: why.
    Unread(String),
    /// Its recording is not what was recorded: how.
    Altered(String),
    /// The store tells that a part of it was removed, or written over.
    Traced(Trace),
    /// A verdict on it is gone, by the word of an audit before or of the store: its name.
    VerdictGone(String),
    /// It is another's than its name or its place says: how.
    Misplaced(String),
    /// Its manifest says one thing and the history another.
    Contradicted {
        /// Which.
        what: &'static str,
        /// What the manifest says.
        manifest: String,
        /// What the history says.
        history: String,
    },
    /// The store had it before it began.
    CameEarly {
        /// When it says that it began.
        began: DateTime<Utc>,
        /// When the store says that it came.
        came: DateTime<Utc>,
    },
    /// The store got it long after it was over.
    CameLate {
        /// When it says that it was closed.
        ended: DateTime<Utc>,
        /// When the store says that it came.
        came: DateTime<Utc>,
    },
    /// The client's clock was wrong by so many milliseconds.
    Clock(i64),
}

impl Mark {
    /// As programs read it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Recovered => "recovered",
            Self::Unrecorded(_) => "unrecorded_part",
            Self::Unsigned => "unsigned",
            Self::NotAllowed(_) => "signature_not_allowed",
            Self::WrongSignature(_) => "signature_wrong",
            Self::WaitsLong => "waits_long",
            Self::WithoutManifest => "manifest_missing",
            Self::WithoutRecording => "recording_missing",
            Self::Unread(_) => "manifest_unread",
            Self::Altered(_) => "altered",
            Self::Traced(Trace::Removed { .. }) => "removed",
            Self::Traced(Trace::WrittenOver { .. }) => "written_over",
            Self::VerdictGone(_) => "verdict_gone",
            Self::Misplaced(_) => "misplaced",
            Self::Contradicted { .. } => "contradicts_history",
            Self::CameEarly { .. } => "came_early",
            Self::CameLate { .. } => "came_late",
            Self::Clock(_) => "clock",
        }
    }

    /// Whether it says that the recording is not what it should be, whoever made it so: that asks for somebody to look.
    #[must_use]
    pub fn is_grave(&self) -> bool {
        match self {
            Self::NotAllowed(_)
            | Self::WrongSignature(_)
            | Self::WithoutManifest
            | Self::WithoutRecording
            | Self::Unread(_)
            | Self::Altered(_)
            | Self::Traced(_)
            | Self::VerdictGone(_)
            | Self::Misplaced(_)
            | Self::Contradicted { .. }
            | Self::CameEarly { .. } => true,
            Self::Cut
            | Self::Recovered
            | Self::Unrecorded(_)
            | Self::Unsigned
            | Self::WaitsLong
            | Self::CameLate { .. }
            | Self::Clock(_) => false,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("it was cut: nobody saw its end"),
            Self::Recovered => f.write_str("it was closed afterwards"),
            Self::Unrecorded(from) => {
                write!(f, "it went on unrecorded after {}", time::write(*from))
            }
            Self::Unsigned => f.write_str("it is not signed"),
            Self::NotAllowed(why) => write!(f, "its signature does not count: {why}"),
            Self::WrongSignature(why) => write!(f, "its signature is wrong: {why}"),
            Self::WaitsLong => f.write_str(
                "it waits on this machine for longer than the grace time: ssm-rec upload stores it",
            ),
            Self::WithoutManifest => f.write_str("its manifest is missing"),
            Self::WithoutRecording => f.write_str("there is only its manifest"),
            Self::Unread(why) => write!(f, "its manifest does not read: {why}"),
            Self::VerdictGone(name) => {
                write!(f, "a verdict on it is gone: {name}")
            }
            Self::Traced(Trace::Removed { part, at }) => {
                write!(f, "its {part} was removed{}, the store tells", when(*at))
            }
            Self::Traced(Trace::WrittenOver { part, at }) => {
                write!(
                    f,
                    "its {part} was written over{}, the store tells",
                    when(*at)
                )
            }
            Self::Altered(why) => write!(f, "its recording is not what was recorded: {why}"),
            Self::Misplaced(why) => f.write_str(why),
            Self::Contradicted {
                what,
                manifest,
                history,
            } => write!(
                f,
                "{what}: its manifest says {manifest}, the history {history}"
            ),
            Self::CameEarly { began, came } => write!(
                f,
                "the store has had it since {}, before it began by its own word, at {}",
                moment(*came),
                moment(*began)
            ),
            Self::CameLate { ended, came } => {
                let by = (*came - *ended).to_std().unwrap_or_default();
                write!(
                    f,
                    "it came late by {}: over at {}, in the store at {}",
                    time::write(by),
                    moment(*ended),
                    moment(*came)
                )
            }
            Self::Clock(ms) => {
                let by = time::write(Duration::from_millis(ms.unsigned_abs()));
                let way = if *ms < 0 { "behind" } else { "ahead" };
                write!(f, "the client's clock was {by} {way}")
            }
        }
    }
}

fn when(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(String::new, |at| format!(" at {}", moment(at)))
}

fn moment(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// All that is to be said of a session that store or spool have something of.
pub(super) fn of(held: &Held, happened: Option<&Happened>, rules: &Rules) -> Vec<Mark> {
    let mut marks = Vec::new();
    if held.unreached.is_some() {
        return marks;
    }
    if let Some(why) = &held.unread {
        marks.push(Mark::Unread(why.clone()));
    }
    if let Some(why) = &held.altered {
        marks.push(Mark::Altered(why.clone()));
    }
    if let Some(why) = &held.misplaced {
        marks.push(Mark::Misplaced(why.clone()));
    }
    marks.extend(held.traces.iter().cloned().map(Mark::Traced));
    match held.what {
        What::WithoutRecording => marks.push(Mark::WithoutRecording),
        // It may be on its way: the manifest is stored last.
        What::WithoutManifest if !is_fresh(held, happened, rules) => {
            marks.push(Mark::WithoutManifest);
        }
        What::InSpool if !is_fresh(held, happened, rules) => marks.push(Mark::WaitsLong),
        What::Stored | What::WithoutManifest | What::InSpool | What::Removed => {}
    }
    let has_manifest = matches!(held.what, What::Stored | What::WithoutRecording);
    match &held.signature {
        Seal::None if has_manifest => marks.push(Mark::Unsigned),
        Seal::NotAllowed(why) => marks.push(Mark::NotAllowed(why.clone())),
        Seal::Wrong(why) => marks.push(Mark::WrongSignature(why.clone())),
        Seal::None | Seal::Unjudged(_) | Seal::Trusted(_) => {}
    }
    let Some(says) = &held.says else {
        return marks;
    };
    if says.is_cut {
        marks.push(Mark::Cut);
    }
    if says.is_recovered && !says.is_cut {
        marks.push(Mark::Recovered);
    }
    if let Some(from) = says.unrecorded_from_us {
        marks.push(Mark::Unrecorded(Duration::from_micros(from)));
    }
    if let Some(offset) = says.clock_offset
        && offset.abs() > rules.skew
    {
        marks.push(Mark::Clock(offset.num_milliseconds()));
    }
    if has_manifest && let Some(came) = held.came {
        if let Some(began) = says.began()
            && came < began - rules.skew
        {
            marks.push(Mark::CameEarly { began, came });
        }
        if let Some(ended) = says.ended()
            && came > ended + rules.grace + TimeDelta::days(1)
        {
            marks.push(Mark::CameLate { ended, came });
        }
    }
    if let Some(happened) = happened {
        marks.extend(contradictions(held, happened, rules));
    }
    marks
}

/// Whether a recording that is not all in the store may still be on its way.
fn is_fresh(held: &Held, happened: Option<&Happened>, rules: &Rules) -> bool {
    if happened.is_some_and(|happened| happened.status == Status::Active) {
        return true;
    }
    let ended = happened.and_then(Happened::last_seen);
    let began = held.says.as_ref().and_then(|says| says.began());
    let last = ended.max(began).max(held.came);
    last.is_none_or(|last| last + rules.grace > rules.now)
}

fn contradictions(held: &Held, happened: &Happened, rules: &Rules) -> Vec<Mark> {
    let Some(says) = &held.says else {
        return Vec::new();
    };
    let mut marks = Vec::new();
    let mut compare = |what, manifest: Option<&str>, history: Option<&str>| {
        // What one of them does not know is no contradiction.
        if let (Some(manifest), Some(history)) = (manifest, history)
            && !is_same(what, manifest, history)
        {
            marks.push(Mark::Contradicted {
                what,
                manifest: manifest.to_owned(),
                history: history.to_owned(),
            });
        }
    };
    let target = Some(says.target.as_str()).filter(|target| !target.is_empty());
    compare("target", target, happened.target.as_deref());
    compare(
        "operator",
        says.operator.as_deref(),
        happened.owner.as_deref(),
    );
    compare(
        "document",
        says.document.as_deref(),
        happened.document.as_deref(),
    );
    compare("region", says.region.as_deref(), happened.region.as_deref());
    compare(
        "account",
        says.account.as_deref(),
        happened.account.as_deref(),
    );
    if let (Some(began), Some(start)) = (says.began(), happened.start)
        && (began - start).abs() > rules.skew
    {
        marks.push(Mark::Contradicted {
            what: "start",
            manifest: moment(began),
            history: moment(start),
        });
    }
    marks
}

/// Of a container a trail knows the task alone, and not which container of it.
fn is_same(what: &str, manifest: &str, history: &str) -> bool {
    let is_part = |long: &str, short: &str| {
        let rest = long.strip_prefix(short);
        rest.is_some_and(|rest| rest.starts_with('_'))
    };
    manifest == history
        || (what == "target"
            && manifest.starts_with("ecs:")
            && (is_part(manifest, history) || is_part(history, manifest)))
}

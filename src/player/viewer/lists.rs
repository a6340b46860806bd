//! The lists that are laid over the picture, row by row.
//!
//! Nothing here knows how a list is drawn, or what becomes of a row that is chosen.

use std::collections::VecDeque;
use std::time::Duration;

use formats::derived::Command;
use formats::tee::{Content, TeedMessage};

use super::list::{Kind, List, Row};
use super::times::relative;
use crate::rules::{RuleSet, Severity};
use crate::terminal::Binding;
use crate::words::time;

/// All keys and what they do, for whoever asks for them here or before anything is played.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("space", "pause, go on; from the end, once more"),
    (". ,", "one output on, one back"),
    (
        "left right",
        "5 seconds back, on; with Shift, or down and up, a minute",
    ),
    ("[ ]", "the marker before, the next"),
    ("{ }", "the command before, the next"),
    ("0 to 9", "so many tenths of the whole"),
    (
        "g G",
        "the beginning, the end; of a session that runs, what it shows now",
    ),
    (":", "a time: 12:03, +90s, -1m, 50%, 2026-11-29T10:00:00Z"),
    (
        "/ ?",
        "search what was shown, from here on, or back: a regular expression,",
    ),
    ("", "of any case unless it has capitals"),
    ("n N", "the next hit, the other way"),
    ("+ - =", "twice, half as fast, as recorded"),
    ("i", "cut pauses or not"),
    (">", "to the end of this pause"),
    ("m", "a note of your own at this moment"),
    ("c", "commands, to jump to"),
    ("f", "what the agent sent"),
    ("T", "the text that went by, to scroll and to search"),
    ("t", "times since the start, UTC, local"),
    ("y", "copy the name of this moment"),
    ("z", "a large screen whole, or the part with the cursor"),
    ("H J K L", "another part of a large screen"),
    ("Tab", "the next recording; with Shift the one before"),
    ("Esc", "forget what was searched for and moved"),
    ("q", "leave; also Ctrl-C, Ctrl-D"),
    (
        "mouse",
        "a click on the time line goes there (select text with Shift)",
    ),
];

pub(super) fn help(own: &[Binding]) -> List {
    let row = |key: &str, does: &str| Row {
        text: format!("{key:<12} {does}"),
        at: None,
    };
    let own = own.iter().map(|key| row("your own", key.text()));
    let rows = own.chain(KEYS.iter().map(|(key, does)| row(key, does)));
    List::new(Kind::Help, "keys", rows.collect(), 0)
}

pub(super) fn commands(commands: &[Command], rules: Option<&RuleSet>, position: Duration) -> List {
    let start = |command: &Command| Duration::from_millis(command.start);
    let rows = commands.iter().map(|command| {
        let exit = match command.exit {
            None | Some(0) => String::new(),
            Some(status) => format!(" [{status}]"),
        };
        let context = match command.context.len() {
            0 | 1 => String::new(),
            _ => format!("{}: ", command.context.join(" > ")),
        };
        Row {
            text: format!(
                "{:>8}  {}{context}{}{exit}",
                relative(start(command)),
                rules.map_or_else(String::new, |rules| mark(rules, command)),
                command.text.replace('\n', " ⏎ ")
            ),
            at: Some(start(command)),
        }
    });
    let here = commands.partition_point(|command| start(command) <= position);
    List::new(
        Kind::Commands,
        "commands",
        rows.collect(),
        here.saturating_sub(1),
    )
}

/// How grave the gravest rule is that hits a command; what is only worth knowing marks nothing.
fn mark(rules: &RuleSet, command: &Command) -> String {
    let (hits, _) = rules.of_command(&command.text, &command.context);
    let gravest = hits.iter().map(|hit| rules.rules()[*hit].severity).max();
    match gravest.filter(|severity| *severity > Severity::Info) {
        Some(severity) => format!("[{}] ", severity.name()),
        None => String::new(),
    }
}

pub(super) fn messages(messages: &VecDeque<(Duration, TeedMessage)>) -> List {
    let mut before: Option<Duration> = None;
    let rows = messages.iter().map(|(at, message)| {
        let gap = before.replace(*at).map(|before| at.saturating_sub(before));
        let gap = gap.filter(|gap| *gap >= Duration::from_secs(1));
        let kind = match &message.message_type {
            Some(kind) => kind.to_string(),
            None => "no agent message".to_owned(),
        };
        let content = match message.content {
            Content::Duplicate => " again",
            Content::Omitted => " left out",
            Content::Next | Content::Here(_) => "",
        };
        Row {
            text: format!(
                "{:>8}.{:03}  {kind:<20} {:>6}  {:<30} {:>6} B{content}  clock {:+} ms{}",
                relative(*at),
                at.subsec_millis(),
                message.sequence_number,
                message.payload_type.name(),
                message.length,
                message.clock_ms,
                gap.map_or_else(String::new, |gap| format!("  after {}", time::write(gap))),
            ),
            at: Some(*at),
        }
    });
    let rows: Vec<Row> = rows.collect();
    let last = rows.len();
    List::new(Kind::Messages, "what the agent sent", rows, last)
}

pub(super) fn transcript(rows: Vec<String>) -> List {
    let rows = rows.into_iter().map(|text| Row { text, at: None });
    let rows: Vec<Row> = rows.collect();
    let last = rows.len();
    List::new(Kind::Transcript, "the text that went by", rows, last)
}

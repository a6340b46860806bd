//! What was run, as a person or a program reads it.
//!
//! Nothing here reads or writes: commands in, text out, all of it harmless on a terminal.

use std::time::Duration;

use formats::derived::Command;

use super::flagged::Flagged;
use crate::review::derived::Commands;
use crate::rules::Severity;
use crate::words::{self, csv, printable, time};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Table,
    Json,
    Csv,
}

/// One object a line, the last of which tells how much of the session they answer for.
pub(super) fn json(found: &Commands, flagged: &[Flagged<'_>]) -> String {
    let mut text = String::new();
    for command in flagged {
        text.push_str(&words::json(command));
        text.push('\n');
    }
    text.push_str(&format!(
        "{{\"commands\":{},\"explained\":{:.4},\"cut\":{}}}\n",
        found.commands.len(),
        found.explained,
        found.is_cut
    ));
    text
}

const COLUMNS: [&str; 9] = [
    "time",
    "took",
    "exit",
    "sure",
    "source",
    "context",
    "directory",
    "risk",
    "command",
];

/// A table for a person.
pub(super) fn table(flagged: &[Flagged<'_>]) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(flagged.iter().map(|flagged| {
        let command = flagged.command;
        [
            time::write_clock(Duration::from_millis(command.start)),
            took(command).map_or_else(|| "-".to_owned(), time::write),
            command
                .exit
                .map_or_else(|| "-".to_owned(), |exit| exit.to_string()),
            format!("{:.2}", command.confidence),
            command.source.as_str().to_owned(),
            command.context.join(" > "),
            command
                .cwd
                .as_deref()
                .map_or_else(|| "-".to_owned(), printable),
            flagged.risk.map_or_else(
                || "-".to_owned(),
                |risk| format!("{} ({})", risk.name(), flagged.rules.join(", ")),
            ),
            lines(&command.text),
        ]
    }));
    let last = COLUMNS.len() - 1;
    let mut widths = [0; COLUMNS.len()];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row).take(last) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let indent = widths[..last].iter().map(|width| width + 2).sum::<usize>();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(widths).take(last) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
        }
        text.push_str(&row[last].replace('\n', &format!("\n{}", " ".repeat(indent))));
        text.push('\n');
    }
    text
}

/// A text of several lines, each of them harmless.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n")
}

fn took(command: &Command) -> Option<Duration> {
    Some(Duration::from_millis(
        command.end?.saturating_sub(command.start),
    ))
}

/// CSV with a head.
pub(super) fn as_csv(flagged: &[Flagged<'_>]) -> String {
    let mut text = HEAD.to_owned() + csv::END;
    for flagged in flagged {
        text.push_str(&fields(flagged).join(","));
        text.push_str(csv::END);
    }
    text
}

/// The head of CSV.
pub(super) const HEAD: &str = "number,start,end,exit,confidence,source,context,cwd,text,risk,rules";

/// A command as fields of CSV.
pub(super) fn fields(flagged: &Flagged<'_>) -> [String; 11] {
    let command = flagged.command;
    let end = command.end.map(seconds).unwrap_or_default();
    let exit = command.exit.map(|exit| exit.to_string());
    let cwd = command.cwd.as_deref().map(printable);
    [
        command.number.to_string(),
        seconds(command.start),
        end,
        exit.unwrap_or_default(),
        format!("{:.2}", command.confidence),
        command.source.as_str().to_owned(),
        csv::text(&command.context.join(" ")),
        csv::text(&cwd.unwrap_or_default()),
        csv::text(&lines(&command.text)),
        flagged.risk.map_or("", Severity::name).to_owned(),
        flagged.rules.join(" "),
    ]
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

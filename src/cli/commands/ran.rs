//! `ssm-rec commands`: what was run in a session.
//!
//! Nothing from a recording reaches the terminal as it is, and nothing is called all of it: the share of the output that is
//! explained is told with it.

use std::io::{Read, Write as _};
use std::time::Duration;

use anyhow::anyhow;
use formats::derived::Command;

use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::cli::views::Look;
use crate::review::derived::{Commands, commands};
use crate::settings::Settings;
use crate::words::{self, csv, printable, time};

/// Show what was run in a session: when, for how long, how it ended, where
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  What was run in the session whose id begins so:
    ssm-rec commands me-0a1b

  Commands that failed, for a program:
    ssm-rec commands --json me-0a1b | jq -r 'select((.exit // 0) != 0) | .text'

Commands are read off the screen as it stood when a line was accepted; what a password prompt took
is none. Exit status and directory are told where the shell marks them: examples/aws has a
shellProfile for a whole account that does so. Confidence is between 0 and 1. Source says how a
command was found: osc133, osc633 and osc3008 are marks of the shell, paste-mode are the switches
that line editors put round each line, echo is what was typed behind a prompt. All of it is what the
remote host showed; where it contradicts itself, --json has both, as \"claims\". --csv puts a ' in
front of a text that a spreadsheet would take for a formula.

The exit status is 3 for a recording that is cut short, and 4 for one that is damaged; what is there
is shown.")]
pub(crate) struct CommandsArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin
    #[arg(value_name = "RECORDING")]
    name: String,

    /// As JSON, one object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,

    /// As CSV (RFC 4180), with a head
    #[arg(long)]
    csv: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &CommandsArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    let identities = args.identity.identities(&settings);
    let named = named::open(&args.name, &settings, Look::Inside("commands"))?;
    let judged = named.judged();
    let label = named.label;
    let what = format!("cannot read the commands of {label:?}");
    let source: Box<dyn Read> = match named.bytes {
        Bytes::Seekable(bytes) => Box::new(bytes),
        Bytes::Stream(bytes) => Box::new(bytes),
    };
    let found = commands(source, &identities).map_err(|error| match error.source_failure() {
        Some(failure) => named::unread(failure, &what),
        None => Failure::from(error).context(what.clone()),
    })?;
    let text = if args.json {
        json(&found)
    } else if args.csv {
        as_csv(&found)
    } else {
        table(&found)
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if !args.json && !args.csv {
        message::say(&found.told());
    }
    if let Some(broken) = found.broken {
        return Err(Failure::new(
            Status::Damaged,
            anyhow!("{label:?} is damaged: {broken}"),
        ));
    }
    judged.result(&label)
}

fn json(found: &Commands) -> String {
    let mut text = String::new();
    for command in &found.commands {
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

const COLUMNS: [&str; 8] = [
    "time",
    "took",
    "exit",
    "sure",
    "source",
    "context",
    "directory",
    "command",
];

fn table(found: &Commands) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(found.commands.iter().map(|command| {
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

fn as_csv(found: &Commands) -> String {
    let mut text = "number,start,end,exit,confidence,source,context,cwd,text".to_owned() + csv::END;
    for command in &found.commands {
        let end = command.end.map(seconds).unwrap_or_default();
        let exit = command
            .exit
            .map(|exit| exit.to_string())
            .unwrap_or_default();
        let cwd = command.cwd.as_deref().map(printable);
        let fields = [
            command.number.to_string(),
            seconds(command.start),
            end,
            exit,
            format!("{:.2}", command.confidence),
            command.source.as_str().to_owned(),
            csv::text(&command.context.join(" ")),
            csv::text(&cwd.unwrap_or_default()),
            csv::text(&lines(&command.text)),
        ];
        text.push_str(&fields.join(","));
        text.push_str(csv::END);
    }
    text
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

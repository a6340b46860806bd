//! `ssm-rec commands`: what was run in a session, or in many.
//!
//! Nothing from a recording reaches the terminal as it is, and nothing is called all of it: the share of the output that is
//! explained is told with it.

mod flagged;
mod many;
mod print;

use std::io::{Read, Write as _};

use anyhow::anyhow;

use self::flagged::Flagged;
use self::print::Form;
use crate::cli::args::filter::FilterArgs;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::recordings;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::named::{self, Bytes};
use crate::cli::views::Look;
use crate::review::derived::commands;
use crate::settings::Settings;
use clap_complete::engine::ArgValueCompleter;

/// Show what was run in a session, or in many: when, for how long, how it ended, where
#[derive(Debug, clap::Args)]
#[command(mut_group("FilterArgs", |filter| filter.conflicts_with("name")))]
#[command(after_help = "\
Examples:
  What was run in the session whose id begins so:
    ssm-rec commands me-0a1b

  What somebody ran this week, newest session first (ssm-rec man filters has the grammar of --where):
    ssm-rec commands --since 7d --operator alice

  Commands that failed, for a program:
    ssm-rec commands --json me-0a1b | jq -r 'select((.exit // 0) != 0) | .text'

Commands are read off the screen as it stood when a line was accepted, so no recorded keys are needed; what a password prompt took \
is none. At the end it is told which share of the output they explain. Exit status and directory are told where the shell marks \
them: examples/aws/shell-profile.sh, as the shellProfile (Linux) of the account's session document, makes bash, zsh and dash do so \
with sequences that other terminals pass over. BusyBox ash, which would count them as width, it leaves alone. Confidence is between \
0 and 1. Source says how a command was found: osc133, osc633 and osc3008 are marks of the shell, paste-mode are the switches that \
line editors put round each line, echo is what was typed behind a prompt. All of it is what the remote host showed; where it \
contradicts itself, --json has both, as \"claims\". --csv puts a ' in front of a text that a spreadsheet would take for a formula. \
Risk names the rules that hit a command (ssm-rec rules list); what they find besides commands, ssm-rec rules check tells.

Of many sessions, the newest first, each is told by itself, as soon as it is read (from the stored commands where its manifest \
vouches for them), and at the end how many were read, are sealed, end early or do not read; in JSON the type of a line is command, \
session or summary.

The exit status is 3 for a recording that is cut short, and 4 for one that is damaged; what is there is shown. Of many it is 4 \
where one does not read.")]
pub(crate) struct CommandsArgs {
    /// Session id or the beginning of one, path, s3://bucket/key, https://…, or - for stdin; without one, all sessions of the
    /// store that the filters let through
    #[arg(value_name = "RECORDING", add = ArgValueCompleter::new(recordings))]
    name: Option<String>,

    /// As JSON, one object a line
    #[arg(long, conflicts_with = "csv")]
    json: bool,

    /// As CSV (RFC 4180), with a head
    #[arg(long)]
    csv: bool,

    /// Of at most this many sessions, the newest
    #[arg(short = 'n', long, value_name = "NUMBER", conflicts_with = "name")]
    limit: Option<usize>,

    /// Of many sessions: tell at the end how many requests the store was asked, and how many bytes came back
    #[arg(long, conflicts_with = "name")]
    stats: bool,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: &CommandsArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.store.flags())?;
    match &args.name {
        Some(name) => one(name, args, &settings),
        None => many::run(args, &settings),
    }
}

/// What was run in a recording.
fn one(name: &str, args: &CommandsArgs, settings: &Settings) -> CommandResult {
    let identities = args.identity.identities(settings);
    let named = named::open(name, settings, Look::Inside("commands"))?;
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
    let set = settings.rules.set().map_err(anyhow::Error::from)?;
    let flagged = Flagged::all(&found.commands, &set);
    let text = match args.form() {
        Form::Json => print::json(&found, &flagged),
        Form::Csv => print::as_csv(&flagged),
        Form::Table => print::table(&flagged),
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if args.form() == Form::Table {
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

impl CommandsArgs {
    fn form(&self) -> Form {
        match (self.json, self.csv) {
            (true, _) => Form::Json,
            (_, true) => Form::Csv,
            _ => Form::Table,
        }
    }
}

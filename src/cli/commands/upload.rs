//! `ssm-rec upload`: stores what waits in the spool, and says of each file what became of it.
//!
//! Nothing here decides what is stored.

use std::collections::BTreeSet;

use crate::aws::Access;
use crate::cli::args::store::StoreArgs;
use crate::cli::ask;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::progress::Bar;
use crate::review::chosen::{Unchosen, chosen};
use crate::settings::{self, Settings};
use crate::spool::delivery::{Delivery, id_of};
use crate::spool::drain::{Report, State, drain};
use crate::spool::{Spool, Waiting};
use crate::words::{self, printable, size};
use anyhow::anyhow;

/// Store the recordings that wait in the spool
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every recording goes to the store as its session ends; this is for what could not be stored then, and says of each file what \
became of it. Each `start` does the same in the background. What happens when a bucket is away: ssm-rec man store.

Examples:
  Everything that waits:
    ssm-rec upload

  One session, for a program to read:
    ssm-rec upload --json operator-0d6

Ends with 0 when nothing is left that should be stored, with 124 otherwise.")]
pub(crate) struct UploadArgs {
    /// Session ids, or the beginnings of some; everything that waits otherwise
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// One line of JSON for each file
    #[arg(long)]
    json: bool,

    /// The bucket's region
    #[arg(long)]
    region: Option<String>,

    /// Profile of the shared AWS configuration
    #[arg(long)]
    profile: Option<String>,

    /// Where an S3-compatible server answers, instead of AWS
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,

    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) fn run(args: UploadArgs) -> CommandResult {
    let flags = args.store.flags();
    let flags = flags.with(&settings::upload::REGION, "--region", args.region);
    let flags = flags.with(
        &settings::upload::ENDPOINT_URL,
        "--endpoint-url",
        args.endpoint_url,
    );
    let settings = Settings::load(&flags)?;
    let access = Access {
        profile: args.profile,
        ask_mfa_code: Some(ask::mfa_code()),
        ..Access::default()
    };
    let places = settings.places_for(&access)?;
    let spool = Spool::new(places.spool.clone());
    let waiting = named(&spool, &args.ids)?;
    if waiting.is_empty() {
        if !args.json {
            message::say("nothing waits in the spool");
        }
        return Ok(Status::Success);
    }
    let delivery = Delivery::new(places.store, &settings);
    let width = waiting
        .iter()
        .map(|waiting| name_of(&waiting.name).chars().count());
    let width = width.max().unwrap_or_default();
    let count = waiting.len();
    let mut left = 0;
    let mut bar = Bar::new("storing recordings");
    drain(&delivery, &spool, waiting, |now, report| {
        if let Some(report) = report {
            left += usize::from(report.state.is_left(&report.file));
            // Nobody reading is no reason to stop storing.
            bar.aside(|| drop(tell(&report, args.json, width)));
        }
        bar.label(format!(
            "storing recordings ({} of {count} done)",
            now.finished
        ));
        bar.tell(now.sent, now.total);
    });
    drop(bar);
    spool.tidy()?;
    if left > 0 {
        let files = if left == 1 { "file is" } else { "files are" };
        return Err(Failure::new(
            Status::NotStored,
            anyhow!("{left} {files} still in the spool"),
        ));
    }
    Ok(Status::Success)
}

/// What waits, or what of it was named.
fn named(spool: &Spool, ids: &[String]) -> Result<Vec<Waiting>, Failure> {
    let mut waiting = spool.waiting()?;
    if ids.is_empty() {
        return Ok(waiting);
    }
    let mut names = BTreeSet::new();
    for id in ids {
        let meant = chosen(id, "the spool", &waiting, |waiting| &waiting.name);
        let meant = meant.map_err(|error| match error {
            Unchosen::None { .. } => Failure::from(error)
                .hint("`ssm-rec upload` without an id stores everything that waits"),
            several => several.into(),
        })?;
        names.insert(meant.name.clone());
    }
    waiting.retain(|waiting| names.contains(&waiting.name));
    Ok(waiting)
}

/// As a person reads it.
fn words(state: State) -> &'static str {
    match state {
        State::Stored => "stored",
        State::InUse => "in use",
        State::Waiting => "waits",
        State::Refused => "refused",
        State::CutShort => "cut short",
        State::Foreign => "foreign",
    }
}

/// What a person calls a file: a session by its id.
fn name_of(file: &str) -> String {
    printable(&id_of(file))
}

fn tell(report: &Report, json: bool, width: usize) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{}", words::json(report));
    }
    let Report { bytes, state, .. } = report;
    let what = match (&report.location, &report.reason, &report.hint) {
        (Some(location), _, _) => location.clone(),
        (None, Some(reason), Some(hint)) => format!("{reason} ({hint})"),
        (None, reason, _) => reason.clone().unwrap_or_default(),
    };
    writeln!(
        out,
        "{:width$}  {:>8}  {:9}  {}",
        name_of(&report.file),
        size::write(*bytes),
        words(*state),
        printable(&what)
    )
}

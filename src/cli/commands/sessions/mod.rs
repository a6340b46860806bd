//! `ssm-rec sessions`: what is open at the service now, and whether it is recorded here; `sessions end` ends it.
//!
//! Nothing from the service reaches the terminal as it is, and nothing is ended by listing.

mod end;
mod table;
mod whereabouts;

use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::table::Row;
use self::whereabouts::Whereabouts;
use crate::cli::args::access::AccessArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::plan;
use crate::service::history::Told;
use crate::service::{Error, Service};
use crate::settings::Settings;
use crate::terminal;

const LIST_HINT: &str =
    "ssm:DescribeSessions must be allowed, which has no resources: \"Resource\": \"*\"";

/// What is open at the service now; "sessions end" ends it
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
RECORDED is \"running\" where a client on this machine runs the session and records it, \"spool\" where its recording waits \
here, \"live\" or \"stored\" where the store has parts or all of it, \"no\" where neither knows it, and \"?\" where the store does \
not tell. Sessions that nothing here knows were started elsewhere, or went round the recorder.

It needs ssm:DescribeSessions, and \"sessions end\" ssm:TerminateSession (ssm-rec man aws).

Examples:
  Mine (of whoever the credentials belong to):
    ssm-rec sessions

  Everybody's, in another region, for a program:
    ssm-rec sessions --all --region us-east-1 --json

  End two of them, or all of mine:
    ssm-rec sessions end ada-0a1b2c3d4e5f60718 ada-0b1b2c3d4e5f60718
    ssm-rec sessions end --mine"
)]
pub(crate) struct SessionsArgs {
    #[command(subcommand)]
    what: Option<What>,

    /// Those of everybody, not only mine
    #[arg(long)]
    all: bool,

    /// One session per line, as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    End(end::EndArgs),
}

/// Runs the command.
pub(crate) fn run(args: SessionsArgs) -> CommandResult {
    if let Some(What::End(args)) = args.what {
        return end::run(args);
    }
    let settings = Settings::load_to_read(&args.store.flags())?;
    let (access, endpoint) = args.access.split();
    let places = settings.places_for(&access)?;
    let asked = async {
        let service = Service::open(&access, endpoint.as_deref()).await?;
        let owner = match args.all {
            true => None,
            false => Some(service.caller().await?.arn),
        };
        let told = open(&service, owner.as_deref()).await?;
        let now = now(&service);
        Ok::<_, Failure>((told, owner, service.region().to_owned(), now))
    };
    let (told, owner, region, now) = plan::runtime()?.block_on(asked)?;
    let ids: Vec<&Told> = told.iter().collect();
    let mut whereabouts = Whereabouts::of(&places);
    let recorded = whereabouts.look(&ids);
    let rows: Vec<Row<'_>> = told
        .iter()
        .zip(recorded)
        .map(|(told, recorded)| Row {
            told,
            age: age(told, now),
            recorded,
        })
        .collect();
    let text = match args.json {
        true => rows.iter().map(Row::json).collect(),
        false => {
            let width = terminal::stdout_is_terminal()
                .then(terminal::size)
                .flatten()
                .map(|size| usize::from(size.cols));
            table::table(&rows, args.all, width)
        }
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if rows.is_empty() && !args.json {
        message::say(&none(owner.as_deref(), &region));
    }
    if let Some(why) = whereabouts.failure() {
        message::say(&format!(
            "what is not known to this machine may be recorded all the same; the store does not tell: {why}"
        ));
    }
    Ok(Status::Success)
}

fn none(owner: Option<&str>, region: &str) -> String {
    match owner {
        Some(owner) => {
            format!("no session of {owner} is open in {region}; --all tells of everybody's")
        }
        None => format!("no session is open in {region}"),
    }
}

/// The open sessions of this owner, or of everybody, with what to do where they are not told.
async fn open(service: &Service, owner: Option<&str>) -> Result<Vec<Told>, Failure> {
    let told = service.open_sessions(owner).await;
    told.map_err(|error| match error {
        Error::AccessDenied { .. } => Failure::from(error).hint(LIST_HINT),
        error => error.into(),
    })
}

/// The time by the service's clock, by which sessions begin.
#[expect(
    clippy::disallowed_methods,
    reason = "how old a session is now is told by the wall clock"
)]
fn now(service: &Service) -> DateTime<Utc> {
    let ahead = service.clock_offset_ms().unwrap_or_default();
    // It tells its time in whole seconds.
    let is_off = ahead.unsigned_abs() >= 2000;
    Utc::now() - chrono::TimeDelta::milliseconds(if is_off { ahead } else { 0 })
}

/// How long a session has been there; nothing is younger than now.
fn age(told: &Told, now: DateTime<Utc>) -> Option<Duration> {
    let age = now.signed_duration_since(told.started?);
    Some(age.to_std().unwrap_or_default())
}

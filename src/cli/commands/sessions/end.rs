//! `ssm-rec sessions end`: sessions ended at the service, each answered by one line.
//!
//! Nothing is ended that was not named, or that is not of whoever asks where all of theirs are; nobody is asked twice.

use std::collections::HashSet;
use std::io::{self, BufRead as _, Read as _, Write as _};

use anyhow::anyhow;
use serde_json::json;

use super::table::{self, Row};
use super::whereabouts::{Recorded, Whereabouts};
use super::{age, now, open};
use crate::cli::args::access::AccessArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::plan;
use crate::service::history::Told;
use crate::service::{Error, Service, is_session_id};
use crate::settings::Settings;
use crate::terminal;
use crate::words::{self, causes, printable};

/// No answer to a question is longer, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// End sessions at the service, wherever they were started
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each session is answered by one line on stdout. The exit status is 0 when all of them were ended, 5 when one is not open, \
121 when the service refused one, and 122 when it was not reached.

Examples:
  Two sessions that somebody left:
    ssm-rec sessions end ada-0a1b2c3d4e5f60718 ada-0b1b2c3d4e5f60718

  All of mine, without being asked:
    ssm-rec sessions end --mine --yes")]
pub(super) struct EndArgs {
    /// Session ids, whole
    #[arg(value_name = "ID", required_unless_present = "mine")]
    ids: Vec<String>,

    /// All that are open of whoever the credentials belong to
    #[arg(long, conflicts_with = "ids")]
    mine: bool,

    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,

    /// Each answer as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(super) fn run(args: EndArgs) -> CommandResult {
    if args.mine && !args.yes && !may_ask() {
        return Err(Failure::new(
            Status::Usage,
            anyhow!(
                "without a terminal nobody can be asked whether all of your sessions are to end"
            ),
        )
        .hint("say so with --yes, or name them; \"ssm-rec sessions\" lists them"));
    }
    let settings = Settings::load_to_read(&args.store.flags())?;
    let (access, endpoint) = args.access.split();
    let whereabouts = Whereabouts::of(&settings.places_for(&access)?);
    plan::runtime()?.block_on(async {
        let service = Service::open(&access, endpoint.as_deref()).await?;
        let sessions = match args.mine {
            false => named(&args.ids),
            true => {
                let owner = service.caller().await?.arn;
                let told = open(&service, Some(&owner)).await?;
                if told.is_empty() {
                    if !args.json {
                        message::say(&super::none(Some(&owner), service.region()));
                    }
                    return Ok(Status::Success);
                }
                if !args.yes && !agrees(&told, &whereabouts, &service)? {
                    message::say("nothing was ended");
                    return Ok(Status::Failure);
                }
                told.into_iter()
                    .map(|told| (told.session_id.clone(), Some(told)))
                    .collect()
            }
        };
        let mut ending = Ending {
            service,
            whereabouts,
            json: args.json,
            unreached: None,
            worst: Status::Success,
            hint: None,
        };
        for (session_id, told) in sessions {
            ending.end(&session_id, told).await;
        }
        if let Some(hint) = ending.hint {
            message::hint(&hint);
        }
        Ok(ending.worst)
    })
}

fn may_ask() -> bool {
    terminal::stdin_is_terminal() && terminal::stderr_is_terminal()
}

/// Each once, in the order in which they were named.
fn named(ids: &[String]) -> Vec<(String, Option<Told>)> {
    let mut seen = HashSet::new();
    ids.iter()
        .filter(|id| seen.insert(id.as_str()))
        .map(|id| (id.clone(), None))
        .collect()
}

/// Shows what would end, and asks.
fn agrees(told: &[Told], whereabouts: &Whereabouts, service: &Service) -> io::Result<bool> {
    let now = now(service);
    let rows: Vec<Row<'_>> = told
        .iter()
        .map(|told| Row {
            told,
            age: age(told, now),
            recorded: whereabouts
                .here(&told.session_id)
                .unwrap_or(Recorded::Unknown),
        })
        .collect();
    let width = terminal::size().map(|size| usize::from(size.cols));
    let question = match rows.len() {
        1 => "End this session? [y/N] ".to_owned(),
        count => format!("End these {count} sessions? [y/N] "),
    };
    let mut stderr = io::stderr();
    write!(stderr, "{}{question}", table::table(&rows, false, width))?;
    stderr.flush()?;
    let mut answer = Vec::new();
    let mut stdin = io::stdin().lock().take(LONGEST_ANSWER);
    stdin.read_until(b'\n', &mut answer)?;
    if !answer.ends_with(b"\n") {
        writeln!(stderr)?;
    }
    Ok(is_yes(&String::from_utf8_lossy(&answer)))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// What is done to one session after the other, and how it goes.
struct Ending {
    service: Service,
    whereabouts: Whereabouts,
    json: bool,
    /// Nobody was reached: the rest is not tried.
    unreached: Option<String>,
    worst: Status,
    /// What to do about the first refusal.
    hint: Option<String>,
}

/// How it went.
enum Answer {
    Ended,
    NotOpen,
    Failed(Error),
    NotTried(String),
}

impl Ending {
    async fn end(&mut self, session_id: &str, told: Option<Told>) {
        let mut target = told.as_ref().and_then(|told| told.target.clone());
        let answer = match &self.unreached {
            Some(why) => Answer::NotTried(why.clone()),
            None => self.ask(session_id, told.is_some(), &mut target).await,
        };
        let on = target.map_or_else(String::new, |target| format!(" on {target}"));
        let (status, why) = match answer {
            Answer::Ended => (Status::Success, None),
            Answer::NotOpen => (
                Status::NotFound,
                Some("it is not open: it is over, or there is no such session here".to_owned()),
            ),
            Answer::NotTried(why) => (Status::ConnectionLost, Some(why)),
            Answer::Failed(error) => (self.failed(&error, session_id), Some(causes(&error))),
        };
        if matches!(self.worst, Status::Success | Status::NotFound) && status != Status::Success {
            self.worst = status;
        }
        let line = match (self.json, why) {
            (true, why) => words::json(&json!({
                "session_id": session_id,
                "ended": why.is_none(),
                "why": why,
            })),
            (false, None) => printable(&format!("{session_id}{on}: ended")),
            (false, Some(why)) => printable(&format!("{session_id}{on}: not ended: {why}")),
        };
        let _ = writeln!(io::stdout().lock(), "{line}");
    }

    /// Ends it, if it is open. Who may end sessions and not list them is believed.
    async fn ask(&self, session_id: &str, is_open: bool, target: &mut Option<String>) -> Answer {
        if !is_open {
            if !is_session_id(session_id) {
                return Answer::NotOpen;
            }
            match self.service.open_session(session_id).await {
                Ok(Some(told)) => *target = told.target,
                Ok(None) => return Answer::NotOpen,
                Err(Error::AccessDenied { .. }) => {}
                Err(error) => return Answer::Failed(error),
            }
        }
        if self.whereabouts.here(session_id) == Some(Recorded::Running) {
            message::say(&format!(
                "{session_id} is run by a client on this machine, which sees its session end and stores the recording"
            ));
        }
        match self.service.end(session_id).await {
            Ok(()) => Answer::Ended,
            Err(Error::NoSuchSession { .. }) => Answer::NotOpen,
            Err(error) => Answer::Failed(error),
        }
    }

    fn failed(&mut self, error: &Error, session_id: &str) -> Status {
        if error.is_connection() {
            self.unreached = Some(causes(error));
        }
        let hint = match error {
            Error::AccessDenied { .. } => Some(format!(
                "to end it, ssm:TerminateSession must be allowed on arn:aws:ssm:*:*:session/{session_id}"
            )),
            error => error.hint(),
        };
        if self.hint.is_none() {
            self.hint = hint;
        }
        match error.is_connection() {
            true => Status::ConnectionLost,
            false => Status::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, is) in [
            ("y\n", true),
            ("YES\r\n", true),
            ("\n", false),
            ("", false),
            ("yep\n", false),
            ("n\n", false),
        ] {
            assert_eq!(is_yes(answer), is, "{answer:?}");
        }
    }

    #[test]
    fn a_session_that_is_named_twice_is_ended_once() {
        let ids = ["b-1", "a-1", "b-1"].map(str::to_owned);
        let named: Vec<String> = named(&ids).into_iter().map(|(id, _)| id).collect();
        assert_eq!(named, ["b-1", "a-1"]);
    }
}

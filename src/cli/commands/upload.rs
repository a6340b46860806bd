//! `ssm-rec upload`: stores what waits in the spool, and says of each file what became of it.
//!
//! Nothing here removes what the store has not confirmed, or touches what another process is at work on.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use anyhow::anyhow;
use serde::Serialize;

use crate::aws::Access;
use crate::cli::ask;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::cli::progress::Bar;
use crate::review::chosen::{Unchosen, chosen};
use crate::settings::{Key, Settings, StoreArgs};
use crate::spool::delivery::{Delivery, Undelivered, id_of};
use crate::spool::{Spool, Waiting};
use crate::words::{figures, printable};

/// Recordings under way at a time; what they hold in memory is limited together.
const AT_ONCE: usize = 4;

/// Store the recordings that wait in the spool
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every recording goes to the store as its session ends; this is for what could not be stored then. Each
`start` does the same in the background.

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

/// What became of one file.
#[derive(Debug, Serialize)]
struct Report {
    session_id: String,
    file: String,
    bytes: u64,
    state: State,
    /// Where it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Stored,
    /// It still grows, or another process is storing it.
    InUse,
    /// The store is out of reach; later may be better.
    Waiting,
    /// Somebody must do something first.
    Refused,
    CutShort,
    /// Not one of ours.
    Foreign,
}

impl State {
    fn words(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::InUse => "in use",
            Self::Waiting => "waits",
            Self::Refused => "refused",
            Self::CutShort => "cut short",
            Self::Foreign => "foreign",
        }
    }

    /// Whether a recording is left that should be in the store.
    fn is_left(self, name: &str) -> bool {
        match self {
            Self::Stored | Self::InUse => false,
            Self::Waiting | Self::Refused | Self::CutShort => true,
            // Under one of our names it may well be a recording, damaged.
            Self::Foreign => name.ends_with(".cast.zst"),
        }
    }
}

pub(crate) fn run(args: UploadArgs) -> CommandResult {
    let flags = args.store.flags();
    let flags = flags.with(Key::UploadRegion, "--region", args.region);
    let flags = flags.with(Key::UploadEndpointUrl, "--endpoint-url", args.endpoint_url);
    let settings = Settings::load(&flags)?;
    let access = Access {
        profile: args.profile,
        ask_mfa_code: Some(ask::at_the_terminal()),
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
    let mut left = 0;
    store_all(&delivery, &spool, waiting, |bar, report| {
        if report.state.is_left(&report.file) {
            left += 1;
        }
        // Nobody reading is no reason to stop storing.
        bar.aside(|| drop(tell(&report, args.json, width)));
    });
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

/// What the threads tell the one that draws.
enum Told {
    /// Of the file with this number, so many bytes are sent.
    Sent(usize, u64),
    Done(usize, Report),
}

/// Stores some at a time, and hands out what became of each.
fn store_all(
    delivery: &Delivery,
    spool: &Spool,
    waiting: Vec<Waiting>,
    mut done: impl FnMut(&Bar, Report),
) {
    let count = waiting.len();
    let sizes: Vec<u64> = waiting.iter().map(|waiting| waiting.bytes).collect();
    let total = sizes.iter().sum();
    let queue = Mutex::new(waiting.into_iter().enumerate().collect::<VecDeque<_>>());
    let out_of_reach = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            let tell = tell.clone();
            let (queue, out_of_reach) = (&queue, &out_of_reach);
            scope.spawn(move || {
                while let Some((number, waiting)) = { lock(queue).pop_front() } {
                    let report = store_one(delivery, spool, waiting, out_of_reach, &mut |sent| {
                        // The other end lives as long as this scope.
                        let _ = tell.send(Told::Sent(number, sent));
                    });
                    let _ = tell.send(Told::Done(number, report));
                }
            });
        }
        drop(tell);
        let mut sent = vec![0; count];
        let mut finished = 0;
        let mut bar = Bar::new("storing recordings");
        while let Ok(told) = told.recv() {
            match told {
                Told::Sent(number, bytes) => sent[number] = bytes,
                Told::Done(number, report) => {
                    sent[number] = sizes[number];
                    finished += 1;
                    done(&bar, report);
                }
            }
            bar.label(format!("storing recordings ({finished} of {count} done)"));
            bar.tell(sent.iter().sum(), total);
        }
    });
}

fn store_one(
    delivery: &Delivery,
    spool: &Spool,
    waiting: Waiting,
    out_of_reach: &AtomicBool,
    sent: &mut dyn FnMut(u64),
) -> Report {
    let session_id = id_of(&waiting.name);
    let report = |state, reason: Option<String>, hint| Report {
        session_id: session_id.clone(),
        file: waiting.name.clone(),
        bytes: waiting.bytes,
        state,
        location: None,
        reason,
        hint,
    };
    if out_of_reach.load(Ordering::Relaxed) {
        let reason = "not tried, since the store cannot be reached".to_owned();
        return report(State::Waiting, Some(reason), None);
    }
    let claim = match spool.claim(&waiting.name) {
        Ok(Some(claim)) => claim,
        Ok(None) => {
            let reason = "it still grows, or another process is storing it".to_owned();
            return report(State::InUse, Some(reason), None);
        }
        Err(error) => return report(State::Refused, Some(chain(&error)), error.hint()),
    };
    match delivery.deliver(claim, &mut |progress| sent(progress.done)) {
        Ok(delivered) => Report {
            location: Some(delivered.place),
            session_id: delivered.session_id,
            ..report(State::Stored, None, None)
        },
        Err(undelivered) => {
            let state = match &undelivered {
                Undelivered::CutShort => State::CutShort,
                Undelivered::Foreign(_) => State::Foreign,
                undelivered if undelivered.is_passing() => {
                    out_of_reach.store(true, Ordering::Relaxed);
                    State::Waiting
                }
                Undelivered::Store(_) => State::Refused,
            };
            let hint = undelivered.hint(&waiting.name);
            report(state, Some(chain(&undelivered)), hint)
        }
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
        serde_json::to_writer(&mut out, report)?;
        return writeln!(out);
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
        figures::size(*bytes),
        state.words(),
        printable(&what)
    )
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = error.source();
    }
    text
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

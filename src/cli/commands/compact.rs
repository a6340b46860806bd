//! `ssm-rec compact`: puts the sessions of each day into a few larger files, for searches and for the SQL of others; or compares
//! such files with what they were made of.
//!
//! Nothing here is written over or removed, and whoever is stopped leaves nothing half.

use std::cell::Cell;
use std::fmt::Display;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use chrono::{Days, NaiveDate, NaiveTime, Utc};
use formats::signature::Purpose;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::aws::{Access, Way};
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::counted::counted;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::stop::Stop;
use crate::cli::voice::Person;
use crate::cli::{message, named};
use crate::recorded::error::Error as RecordedError;
use crate::recorded::voice::Voice;
use crate::recorded::{plan, signature};
use crate::review::catalog::{Catalog, Filter, Problem};
use crate::review::compact::{Checked, Step, Stored, Verdict, check, compact, compact_own, trim};
use crate::review::condition::{Condition, Term};
use crate::settings::Settings;
use crate::signing::Signer;
use crate::store::{Directory, Store, create_private};
use crate::words::{causes, printable, size};

/// Put the sessions of each day into a few larger files, for searches and for SQL
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Every day that is over, of which some sessions are in no pack yet (nightly, by one machine or several):
    ssm-rec compact
    ssm-rec compact --sign-key ~/.ssh/librarian

  What is there already, compared with the sessions it was made of:
    ssm-rec compact --verify --since 2026-11-01

  Nightly by a timer of systemd, with audits and ssm-rec review --watch every quarter of an hour:
    cp examples/systemd/ssm-rec-* /etc/systemd/system/
    systemctl enable --now ssm-rec-compact.timer ssm-rec-audit.timer ssm-rec-review.timer

A pack holds some sessions of one day: packs/sessions, packs/commands and packs/lines as Parquet, for Athena, Trino, Spark and \
DuckDB (formats/sql has the tables for each of them, and twenty questions that all answer alike); packs/grams, an index of \
trigrams that tells a search where not to look; packs/index, which names the sessions, and is signed where record.sign_key is \
set. formats/README.md has every byte. A session is in one pack at most, so that tables count none twice; one that comes late gets \
into a further pack. Of an encrypted session only its manifest is in a pack. --verify makes every pack again and tells which are \
not what their sessions give.

It needs to read and list the store and to write below packs/ (examples/aws/librarian-policy.json). The same sessions give the \
same bytes, whoever makes the pack. Stopped at any moment, it leaves nothing half: the next one goes on.

The timers in examples/systemd run each command as a user of its own that can write nowhere else. A hole that an audit finds fails \
its unit, so that OnFailure= calls somebody.

The exit status is 4 where a session or a pack does not read or is not what it says, whatever became of the others.")]
pub(crate) struct CompactArgs {
    /// Only days from this one on, in UTC: 2026-11-23
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,

    /// Only days up to this one; as a rule up to yesterday
    #[arg(long, value_name = "DATE")]
    until: Option<NaiveDate>,

    /// Compare the packs that are there with what they were made of, and make none
    #[arg(long)]
    verify: bool,

    /// Keep packs of what has none on this machine alone, for its own searches; a long search begins this by itself
    #[arg(long, conflicts_with_all = ["verify", "sign_key"])]
    own: bool,

    /// One line of JSON for each pack, and for each thing that is wrong
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// Runs the command.
pub(crate) fn run(args: CompactArgs) -> CommandResult {
    let filter = args.filter();
    let flags = args.sign.flags(args.store.flags());
    let settings = Settings::load(&flags)?;
    let places = settings.places_to_read()?;
    let catalog = named::catalog(&places).knowing(allowed_signers(&settings)?);
    let stop = Stop::listen()?;
    let status = match (args.verify, args.own) {
        (true, _) => verify(&catalog, &filter, args.json, &stop)?,
        (_, true) => {
            let Some(own) = settings.own_packs(&places.store) else {
                return Err(no_room());
            };
            make_own(&catalog, own, &filter, &settings, args.json, &stop)?
        }
        _ => make(&catalog, &filter, &settings, args.json, &stop)?,
    };
    Ok(match stop.number() {
        Some(number) => {
            message::say(&format!("stopped by signal {number}"));
            Status::Signal(number)
        }
        None => status,
    })
}

impl CompactArgs {
    #[expect(
        clippy::disallowed_methods,
        reason = "a day that is not over is packed when somebody asks for it"
    )]
    fn filter(&self) -> Filter {
        let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
        let today = Utc::now().date_naive();
        let behind = match self.until {
            Some(last) => last.checked_add_days(Days::new(1)),
            // What is there is compared, whatever day it is of.
            None if self.verify => None,
            None => Some(today),
        };
        let since = self.since.map(|date| Term::Since(midnight(date)));
        let until = behind.map(|date| Term::Until(midnight(date)));
        let terms = [since, until].into_iter().flatten();
        Filter {
            session: None,
            condition: Condition::all(terms.map(Condition::Is).collect()),
        }
    }
}

fn make(
    catalog: &Catalog,
    filter: &Filter,
    settings: &Settings,
    is_json: bool,
    stop: &Stop,
) -> CommandResult {
    let runtime = plan::runtime()?;
    let way = async || Way::settle(&Access::default()).await;
    let signer: Option<Arc<Signer>> = runtime
        .block_on(signature::open(settings, way, &Person))
        .map_err(anyhow::Error::from)?;
    let unsigned = Cell::new(false);
    let sign = |index: &[u8]| {
        let signed = runtime.block_on(signature::sign(
            signer.as_deref()?,
            (Purpose::Recording, index),
            &Person,
        ));
        signed
            .map_err(|error| {
                unsigned.set(true);
                Person.tell(RecordedError::Unsigned(error));
            })
            .ok()
    };
    let mut run = Run::new(is_json);
    compact(catalog, filter, &sign, &mut |step| run.step(step, stop))?;
    Ok(match (run.end(), unsigned.get()) {
        (Status::Success, true) => Status::NotSigned,
        (status, _) => status,
    })
}

fn no_room() -> Failure {
    let why = anyhow!("there is no folder of your own where packs could be kept");
    Failure::new(Status::Usage, why)
        .hint("review.cache_size must not be 0, and nobody else may write to the cache folder")
}

fn make_own(
    catalog: &Catalog,
    own: Directory,
    filter: &Filter,
    settings: &Settings,
    is_json: bool,
    stop: &Stop,
) -> CommandResult {
    let folder = own.root().to_owned();
    create_private(&folder).context("cannot make the folder for packs")?;
    let lock = File::create(folder.join("lock")).context("cannot make the folder for packs")?;
    // Another one is at it already, or the system has no locks.
    if lock.try_lock().is_err() {
        return Ok(Status::Success);
    }
    let mut run = Run::new(is_json);
    let own = Store::Directory(own);
    compact_own(catalog, &own, filter, &mut |step| run.step(step, stop))?;
    trim(&folder, settings.review.cache_size)?;
    Ok(run.end())
}

/// Packs under way.
struct Run {
    is_json: bool,
    bar: ProgressBar,
    packs: u64,
    sessions: u64,
    problems: u64,
}

impl Run {
    fn new(is_json: bool) -> Self {
        Self {
            is_json,
            bar: bar(),
            packs: 0,
            sessions: 0,
            problems: 0,
        }
    }

    /// Tells of a step; `false` when nobody wants more.
    fn step(&mut self, step: Step, stop: &Stop) -> bool {
        match step {
            Step::Session => self.bar.inc(1),
            Step::Stored(stored) => {
                self.packs += 1;
                self.sessions += stored.sessions as u64;
                self.bar.suspend(|| tell(&stored, self.is_json));
            }
            Step::Problem(problem) => {
                self.problems += 1;
                self.bar.suspend(|| complain(&problem, self.is_json));
            }
        }
        stop.number().is_none()
    }

    fn end(self) -> Status {
        self.bar.finish_and_clear();
        if !self.is_json {
            let packs = counted(self.packs, "pack", "packs");
            let sessions = counted(self.sessions, "session", "sessions");
            let left_out = match self.problems {
                0 => String::new(),
                problems => format!("; {} left out", counted(problems, "thing", "things")),
            };
            message::say(&format!("{packs} made, with {sessions}{left_out}"));
        }
        match self.problems {
            0 => Status::Success,
            _ => Status::Damaged,
        }
    }
}

fn verify(catalog: &Catalog, filter: &Filter, is_json: bool, stop: &Stop) -> CommandResult {
    let (mut packs, mut wrong) = (0_u64, 0_u64);
    check(catalog, filter, &mut |checked| {
        packs += 1;
        wrong += u64::from(matches!(checked.verdict, Verdict::Differs(_)));
        tell_checked(&checked, is_json);
        stop.number().is_none()
    })?;
    if !is_json {
        let packs = counted(packs, "pack", "packs");
        message::say(&match wrong {
            0 => format!("{packs} looked at, none of which says what is not so"),
            wrong => format!(
                "{packs} looked at; not what they say: {}",
                HumanCount(wrong)
            ),
        });
    }
    Ok(match wrong {
        0 => Status::Success,
        _ => Status::Damaged,
    })
}

fn tell(stored: &Stored, is_json: bool) {
    if is_json {
        result(&json!({
            "pack": stored.location,
            "day": stored.date.to_string(),
            "number": stored.number,
            "sessions": stored.sessions,
            "bytes": stored.bytes,
            "completed": stored.is_completed,
        }));
        return;
    }
    let sessions = counted(stored.sessions as u64, "session", "sessions");
    let bytes = size::write(stored.bytes);
    let completed = match stored.is_completed {
        true => ", which was not finished",
        false => "",
    };
    let location = printable(&stored.location);
    result(&format!("{location}: {sessions}, {bytes}{completed}"));
}

fn complain(problem: &Problem, is_json: bool) {
    let why = causes(&problem.error);
    match is_json {
        true => result(&json!({ "left_out": problem.location, "why": why })),
        false => message::say(&format!("{:?}: {why}", problem.location)),
    }
}

fn tell_checked(checked: &Checked, is_json: bool) {
    let (word, why) = match &checked.verdict {
        Verdict::Same => ("same", None),
        Verdict::Unfinished => ("unfinished", None),
        Verdict::Another(version) => ("another_version", Some(version)),
        Verdict::Differs(why) => ("differs", Some(why)),
    };
    if is_json {
        result(&json!({
            "pack": checked.location,
            "sessions": checked.sessions,
            "verdict": word,
            "why": why,
        }));
        return;
    }
    let said = match &checked.verdict {
        Verdict::Same => "what its sessions give".to_owned(),
        Verdict::Unfinished => "not finished; compact goes on with it".to_owned(),
        Verdict::Another(version) => {
            format!(
                "whole, and made by {}: its sessions were not compared",
                printable(version)
            )
        }
        Verdict::Differs(why) => printable(why),
    };
    let sessions = counted(checked.sessions as u64, "session", "sessions");
    let location = printable(&checked.location);
    result(&format!("{location}: {sessions}, {said}"));
}

/// A line to stdout.
fn result(line: &dyn Display) {
    // A reader that has seen enough is no failure.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("packed {human_pos} sessions") {
        bar.set_style(style);
    }
    bar
}

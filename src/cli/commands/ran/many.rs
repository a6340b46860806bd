//! What was run in many sessions, each told as soon as it is read, newest first; and how many could not be read.
//!
//! Nothing here is held of a session once it was told.

use std::io::Write as _;

use chrono::SecondsFormat;
use formats::manifest::Manifest;
use serde::Serialize;

use super::CommandsArgs;
use super::flagged::Flagged;
use super::print::{self, Form};
use crate::cli::counted::counted;
use crate::cli::coverage::Coverage;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::stop::Stop;
use crate::cli::{cost, heading, message, named, views};
use crate::review::catalog::{Entry, Problem, State};
use crate::review::condition::started;
use crate::review::derived::Commands;
use crate::review::ran::{Ran, ran};
use crate::review::search::Outcome;
use crate::rules::RuleSet;
use crate::settings::Settings;
use crate::words::{self, causes, csv, printable};

/// Most of the time is waiting, where the store is a bucket.
const AT_ONCE_AFAR: usize = 32;

/// Runs the command over the sessions that the filters let through.
pub(super) fn run(args: &CommandsArgs, settings: &Settings) -> CommandResult {
    let filter = args.filter.filter()?;
    let (identities, opener) = args.identity.shared(settings);
    let places = settings.places_to_read()?;
    let catalog = named::catalog(&places)
        .remembering(settings.cache())
        .knowing(allowed_signers(settings)?)
        .opening(opener);
    let stop = Stop::listen()?;
    let listing = catalog.list(&filter, args.limit.unwrap_or(usize::MAX))?;
    let mut run = Run {
        form: args.form(),
        coverage: Coverage {
            sessions: listing.entries.len() + listing.problems.len(),
            unknown: listing.unknown,
            unread: listing.problems.len(),
            ..Coverage::default()
        },
        is_first: true,
        told: Share::default(),
        set: settings.rules.set().map_err(anyhow::Error::from)?,
        settings,
        failed: None,
    };
    for Problem { location, error } in &listing.problems {
        message::say(&format!("{location:?}: {}", causes(error)));
    }
    if run.form == Form::Csv {
        let head = format!("session,operator,target,started,{}", print::HEAD);
        // A reader that has seen enough wants nothing of what follows either.
        let _ = write(&(head + csv::END));
    }
    ran(
        &catalog,
        &listing.entries,
        &*identities,
        places.store.readers(AT_ONCE_AFAR),
        |entry, ran| stop.number().is_none() && run.view(entry, &ran) && run.tell(entry, &ran),
    );
    if let Some(failure) = run.failed {
        return Err(failure);
    }
    if let Some(number) = stop.number() {
        message::say(&format!("stopped by signal {number}"));
    }
    if run.form == Form::Json {
        let _ = write(&run.coverage.summary());
    } else {
        message::say(&run.end(&places.store.location()));
    }
    if args.stats {
        let traffic = catalog.traffic();
        message::say(&cost::told(traffic, &places.store.location()));
    }
    Ok(match stop.number() {
        Some(number) => Status::Signal(number),
        None if run.coverage.unread > 0 => Status::Damaged,
        None => Status::Success,
    })
}

fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Sessions under way.
struct Run<'a> {
    form: Form,
    coverage: Coverage,
    is_first: bool,
    told: Share,
    set: RuleSet,
    settings: &'a Settings,
    /// Why no more may be shown.
    failed: Option<Failure>,
}

/// The share of the output that commands explain, of sessions that tell how much there was.
#[derive(Default)]
struct Share {
    explained: f64,
    all: f64,
}

impl Run<'_> {
    /// Keeps that somebody looks at a session of the store; `false` where it must be kept and cannot.
    fn view(&mut self, entry: &Entry, ran: &Ran) -> bool {
        if ran.commands.is_none() || entry.state == State::InSpool {
            return true;
        }
        let viewed = views::of_session(&entry.manifest.session_id, self.settings, "commands");
        self.failed = viewed.err();
        self.failed.is_none()
    }

    /// Tells of a session; `false` when nobody reads it.
    fn tell(&mut self, entry: &Entry, ran: &Ran) -> bool {
        if ran.read.is_replaced {
            self.coverage.replaced += 1;
            let why = "what the store has of its commands is not what its manifest tells of; the recording was read";
            message::say(&format!("{:?}: {why}", entry.location));
        }
        if let Outcome::Unread(why) = &ran.read.outcome {
            message::say(&format!("{:?}: {why}", entry.location));
        }
        self.coverage.add(&ran.read);
        let manifest = &entry.manifest;
        if let Some(found) = &ran.commands {
            // One that has not ended yet tells no size, and weighs as much as a small one.
            let size = manifest.sizes.text.max(1) as f64;
            self.told.explained += size * found.explained;
            self.told.all += size;
        }
        let text = match (&self.form, &ran.commands) {
            (Form::Json, found) => json(manifest, found.as_ref(), &ran.read.outcome, &self.set),
            (_, None) => String::new(),
            (Form::Csv, Some(found)) => as_csv(manifest, found, &self.set),
            (Form::Table, Some(found)) if found.commands.is_empty() => String::new(),
            (Form::Table, Some(found)) => {
                let gap = if self.is_first { "" } else { "\n" };
                self.is_first = false;
                let id = printable(&manifest.session_id);
                let whose = heading::behind_id(manifest);
                format!(
                    "{gap}{id}  {whose}\n{}",
                    print::table(&Flagged::all(&found.commands, &self.set))
                )
            }
        };
        // A reader that has seen enough is no failure, and wants no more.
        text.is_empty() || write(&text).is_ok()
    }

    /// `12 commands in 3 sessions; looked at 4 of 4 sessions, 1 sealed; 97 % of the output is explained by them and their prompts`
    fn end(&self, place: &str) -> String {
        let found = match self.coverage.matching as u64 {
            0 => format!("no commands in {place:?}"),
            sessions => format!(
                "{} in {}",
                counted(self.coverage.matches, "command", "commands"),
                counted(sessions, "session", "sessions")
            ),
        };
        let read = self.coverage.so_far();
        if self.told.all == 0.0 {
            return format!("{found}; looked at {read}");
        }
        let share = (self.told.explained / self.told.all * 100.0).floor();
        format!(
            "{found}; looked at {read}; {share:.0} % of the output is explained by them and their prompts"
        )
    }
}

fn at(manifest: &Manifest) -> Option<String> {
    started(manifest).map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

fn json(manifest: &Manifest, found: Option<&Commands>, outcome: &Outcome, set: &RuleSet) -> String {
    #[derive(Serialize)]
    struct Of<'a, T> {
        r#type: &'static str,
        session_id: &'a str,
        #[serde(flatten)]
        rest: T,
    }
    #[derive(Serialize)]
    struct Session<'a> {
        operator: Option<&'a str>,
        user: Option<&'a str>,
        target: &'a str,
        started: Option<String>,
        /// Whether all of it was read.
        read: &'static str,
        commands: Option<usize>,
        explained: Option<f64>,
        cut: Option<bool>,
    }
    let session_id = &manifest.session_id;
    let commands = found
        .iter()
        .flat_map(|found| Flagged::all(&found.commands, set));
    let commands = commands.map(|command| {
        words::json(&Of {
            r#type: "command",
            session_id,
            rest: command,
        }) + "\n"
    });
    let mut text: String = commands.collect();
    let session = Session {
        operator: manifest.operator.as_deref(),
        user: manifest.user.as_deref(),
        target: &manifest.target,
        started: at(manifest),
        read: match outcome {
            Outcome::Whole => "whole",
            Outcome::CutShort => "cut_short",
            Outcome::Sealed(_) => "sealed",
            Outcome::Unread(_) | Outcome::Stopped => "unreadable",
        },
        commands: found.map(|found| found.commands.len()),
        explained: found.map(|found| found.explained),
        cut: found.map(|found| found.is_cut),
    };
    text.push_str(&words::json(&Of {
        r#type: "session",
        session_id,
        rest: session,
    }));
    text.push('\n');
    text
}

fn as_csv(manifest: &Manifest, found: &Commands, set: &RuleSet) -> String {
    let operator = manifest.operator.as_ref().or(manifest.user.as_ref());
    let whose = [
        csv::text(&printable(&manifest.session_id)),
        csv::text(&operator.map_or_else(String::new, |name| printable(name))),
        csv::text(&printable(&manifest.target)),
        at(manifest).unwrap_or_default(),
    ];
    let whose = whose.join(",");
    let flagged = Flagged::all(&found.commands, set);
    let rows = flagged.iter().map(|flagged| {
        let fields = print::fields(flagged).join(",");
        format!("{whose},{fields}{}", csv::END)
    });
    rows.collect()
}

//! `ssm-rec review`: which sessions wait for a verdict, a verdict on one, and what is still to be done about others.
//!
//! Nothing that was said before is changed: each verdict is a new object, which names the one before it.

mod follow_ups;
mod judge;
mod question;
mod said;
mod waiting;
mod watch;

use std::fmt::Display;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use chrono::{DateTime, Days, Utc};
use formats::findings::Severity;

use crate::cli::args::filter::FilterArgs;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::severity::severity;
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::commands::play::PlayArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::{allowed_signers, reviewers};
use crate::cli::{message, named};
use crate::review::catalog::{Catalog, Entry, Filter, State};
use crate::review::condition::{Condition, Term};
use crate::review::verdicts::{Law, Policy, Standing};
use crate::settings::Settings;
use crate::words::causes;

/// Without --since, sessions of so many days are looked at: what is older was to be judged long ago.
const DAYS: u64 = 90;

/// Judge sessions: which wait for a verdict, and a verdict on one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  What waits for a verdict, the longest due first:
    ssm-rec review

  Watch a session, and say what is to be said of it:
    ssm-rec review me-0a1b

  The same without watching it here, for scripts:
    ssm-rec review me-0a1b --ok --note 'change 42, as planned'
    ssm-rec review me-0a1b --follow-up 'why was auditd stopped?' --owner alice --note '@12:03 systemctl stop'
    ssm-rec review me-0a1b --incident --note '@0:41 reads the database password'

  What is still to be done, and that it is done:
    ssm-rec review --follow-ups
    ssm-rec review me-0a1b --ok --close 3fa9c1d2.1 --note 'asked; it was the upgrade'

  What rules find in sessions that came since, each once, for a ticket system or a security lake:
    ssm-rec review --watch --exec 'curl -sf --json @- https://tickets.example/findings'
    ssm-rec review --watch --format ocsf >> /var/spool/findings.jsonl

A verdict is an object of its own below reviews/, signed where a key is set (record.sign_key, --sign-key). It names the digest \
of the session's manifest and of the verdict before it: none can be carried to another session or recording, and where one is \
taken away, a later one tells. It counts where its signature is that of a reviewer (review.reviewers, or else \
review.allowed_signers, the signature's namespace being ssm-rec-review; where neither is set, whoever may write counts), and never \
on one's own session: by the same ARN, the same name of a role's session, or the key that signed the recording. What does not \
count is shown with the reason. A recording that is not what was recorded is not called ok.

Which sessions are to be judged (all, those in which something risky was found or of which a part is missing, a sample), by how \
many people and within how long, is policy: review.queue, review.sample_rate, review.sample_seed, review.required, review.within. \
A sample can be drawn again: a session is in it whose first eight digits of SHA-256 over seed, line feed and session id are below \
the rate's share of 2^32. ssm-rec list --unreviewed, --overdue and --verdict choose by what was said.

Notes made while watching (key m) go into the verdict, and so does what was watched. With @TIME in front a note belongs to that \
moment.

With review.views = \"write\" it is kept below views/ who looked inside a session of the store, by which command and how far; with \
\"require\" whoever may not write there is shown nothing. An organisation fixes it, as the rest of [review], in its policy: else it \
is everybody's own to set.

--watch looks at sessions that came since the last time, and tells each finding once, as JSON or in the shape of OCSF's detection \
finding. None of a session's text goes with it.")]
pub(crate) struct ReviewArgs {
    /// Session id or the beginning of one; without it, what waits is listed
    #[arg(value_name = "SESSION")]
    session: Option<String>,

    /// Nothing is wrong with it
    #[arg(long, group = "verdict", requires = "session")]
    ok: bool,

    /// Something is to be asked or done: what. May be given several times
    #[arg(long, value_name = "TEXT", group = "verdict", requires = "session")]
    follow_up: Vec<String>,

    /// Something happened that must not
    #[arg(long, group = "verdict", requires = "session")]
    incident: bool,

    /// Who is to do it
    #[arg(long, value_name = "WHO", requires = "follow_up")]
    owner: Option<String>,

    /// Note this, "@12:03 TEXT" of a moment. May be given several times
    #[arg(long, value_name = "TEXT", requires = "verdict")]
    note: Vec<String>,

    /// A follow-up is done: its name, as --follow-ups tells it. May be given several times
    #[arg(long, value_name = "NAME", requires = "verdict")]
    close: Vec<String>,

    /// What is still to be done, the oldest first
    #[arg(long, conflicts_with = "session")]
    follow_ups: bool,

    /// What was said of it until now
    #[arg(long, requires = "session", conflicts_with = "verdict")]
    show: bool,

    /// Look at sessions that came since the last time by all rules, and tell of each finding once: on stdout, or to a command
    #[arg(long, conflicts_with_all = ["session", "follow_ups"])]
    watch: bool,

    /// Run this for each finding, which it gets on stdin; one that fails is told again the next time
    #[arg(long, value_name = "COMMAND", requires = "watch")]
    exec: Option<String>,

    /// How a finding is written
    #[arg(long, value_enum, value_name = "FORMAT", requires = "watch")]
    format: Option<watch::Format>,

    /// Only findings of at least this severity: info, low, medium, high, critical [config: review.risky]
    #[arg(long, value_name = "LEAST", requires = "watch", value_parser = severity)]
    severity: Option<Severity>,

    /// Where it is kept what was told, instead of among this person's files
    #[arg(long, value_name = "FILE", requires = "watch")]
    told: Option<PathBuf>,

    /// Only what is over its time
    #[arg(long, conflicts_with_all = ["session", "follow_ups"])]
    overdue: bool,

    /// At most this many
    #[arg(short = 'n', long, value_name = "NUMBER", conflicts_with = "session")]
    limit: Option<usize>,

    /// As JSON, one object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    filter: FilterArgs,

    /// Profile of the shared AWS configuration, whose credentials tell who you are
    #[arg(long)]
    profile: Option<String>,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

impl ReviewArgs {
    /// Whether a recording is watched.
    pub(crate) fn is_interactive(&self) -> bool {
        self.session.is_some() && !self.has_verdict() && !self.show
    }

    fn has_verdict(&self) -> bool {
        self.ok || self.incident || !self.follow_up.is_empty()
    }

    fn play(&self) -> PlayArgs {
        PlayArgs::of(self.identity.clone(), self.store.clone())
    }
}

/// Runs the command.
pub(crate) fn run(args: ReviewArgs) -> CommandResult {
    let settings = Settings::load_to_read(&args.sign.clone().flags(args.store.flags()))?;
    let places = settings.places_to_read()?;
    let desk = Desk {
        catalog: named::catalog(&places)
            .remembering(settings.cache())
            .knowing(allowed_signers(&settings)?),
        law: law(&settings)?,
        policy: policy(&settings),
        store: places.store,
        settings: Arc::new(settings),
        now: now(),
    };
    match (&args.session, args.follow_ups) {
        (Some(session), _) if args.show => said::show(&desk, session, args.json),
        (Some(session), _) => judge::run(&args, &desk, session),
        (None, _) if args.watch => watch::run(&args, &desk),
        (None, true) => follow_ups::list(&args, &desk),
        (None, false) => waiting::list(&args, &desk),
    }
}

/// What every part of this command works with.
struct Desk {
    catalog: Catalog,
    store: crate::store::Store,
    settings: Arc<Settings>,
    law: Law,
    policy: Policy,
    now: DateTime<Utc>,
}

impl Desk {
    /// The sessions that are asked for and stored, and where each stands; those that do not read are told of.
    fn sessions(&self, args: &FilterArgs) -> Result<(Vec<(Entry, Standing)>, Status), Failure> {
        let (entries, status) = self.stored(args, DAYS)?;
        let manifests: Vec<_> = entries.iter().map(|entry| &entry.manifest).collect();
        let standings = self.catalog.standings(&manifests, &self.law)?;
        Ok((entries.into_iter().zip(standings).collect(), status))
    }

    /// The sessions that are asked for and stored, newest first; without --since those of so many days. Those that do not read
    /// are told of.
    fn stored(&self, args: &FilterArgs, days: u64) -> Result<(Vec<Entry>, Status), Failure> {
        let mut filter = args.filter()?;
        if !filter.has_first_day() {
            let since = self.now.checked_sub_days(Days::new(days));
            let since = Condition::Is(Term::Since(since.unwrap_or_default()));
            filter.condition = Condition::all(vec![filter.condition, since]);
            message::say(&format!(
                "sessions of the last {days} days; --since TIME looks further back"
            ));
        }
        let listing = self.catalog.list(&filter, usize::MAX)?;
        for problem in &listing.problems {
            let why = causes(&problem.error);
            message::say(&format!("{:?} does not read: {why}", problem.location));
        }
        let status = match listing.problems.is_empty() {
            true => Status::Success,
            false => Status::Damaged,
        };
        let mut entries = listing.entries;
        entries.retain(|entry| entry.state == State::Stored);
        Ok((entries, status))
    }

    /// The one session that is meant.
    fn session(&self, name: &str) -> Result<Entry, Failure> {
        let filter = Filter {
            session: Some(name.to_owned()),
            ..Filter::default()
        };
        let mut entries = self.catalog.list(&filter, usize::MAX)?.entries;
        if let Some(exact) = entries
            .iter()
            .position(|entry| entry.manifest.session_id == name)
        {
            entries = vec![entries.swap_remove(exact)];
        }
        match entries.len() {
            1 => Ok(entries.remove(0)),
            0 => Err(Failure::new(
                Status::NotFound,
                anyhow!(
                    "there is no session {name:?} in {:?}",
                    self.catalog.location()
                ),
            )),
            several => Err(Failure::new(
                Status::Usage,
                anyhow!("{name:?} could be any of {several} sessions"),
            )
            .hint("write more of its id; ssm-rec list NAME tells which there are")),
        }
    }
}

/// What holds for verdicts.
pub(in crate::cli) fn law(settings: &Settings) -> Result<Law, Failure> {
    Ok(Law {
        reviewers: reviewers(settings)?,
        required: settings.review.required,
    })
}

/// Which sessions are to be judged.
pub(in crate::cli) fn policy(settings: &Settings) -> Policy {
    let policy = settings.review.policy.clone();
    Policy {
        all: policy.all,
        risky: policy.risky,
        sample: policy.sample,
        seed: policy.seed,
        within: policy.within,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is due depends on when the command is run"
)]
pub(in crate::cli) fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A line to stdout.
fn result(line: &dyn Display) {
    // A reader that has seen enough is no failure.
    let _ = writeln!(std::io::stdout(), "{line}");
}

//! `ssm-rec audit`: what happened, by AWS's own word, against what is recorded.
//!
//! Nothing here changes a recording, and no audit says "covered" of what it was not told.

mod asking;
mod lines;
mod report;
mod telling;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, TimeDelta, Utc};
use formats::signature::Purpose;
use indicatif::{ProgressBar, ProgressStyle};

use crate::aws::{Access, Way};
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::args::when::moment;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::signers::allowed_signers;
use crate::cli::voice::Person;
use crate::cli::{message, named};
use crate::recorded::error::Error as RecordedError;
use crate::recorded::voice::Voice;
use crate::recorded::{plan, signature};
use crate::review::audit::{Account, BreakKind, Mark, Rules, Versions, audit, breaks};
use crate::review::audits::Reviews;
use crate::review::catalog::{Catalog, Filter};
use crate::review::condition::{Condition, Term, When};
use crate::settings::Settings;
use crate::words::{causes, printable, time};

use asking::Answers;

/// Beyond what manifests tell of it, clocks may differ by so much.
const SKEW: TimeDelta = TimeDelta::minutes(5);
/// Of so many days on each side manifests are read too: rows of manifests begin before a period and end behind it.
const MARGIN: TimeDelta = TimeDelta::days(2);
/// A session that lasted so long closed its place in the row by the time it ended.
const LONG: TimeDelta = TimeDelta::days(31);

/// Compare what AWS says happened with what is recorded: every session that went round the recorder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  The last thirty days of this account and region, by Systems Manager's own history:
    ssm-rec audit

  Two accounts, two regions each:
    ssm-rec audit --profile prod --profile dev --region eu-central-1 --region us-east-1

  A year: what earlier audits were told counts for the months that the service has forgotten
    ssm-rec audit --since 365d

  A report of last month to read and to print, with who reviewed what:
    ssm-rec audit --since 2026-11-01 --until 2026-12-01 --report html -o november.html

  The same with each recording read, so that one that was altered is told too:
    ssm-rec audit --verify --since 7d

  A quarter, by a trail's bucket; without asking Systems Manager:
    ssm-rec audit --since 90d --offline --trail s3://example-trail

Sessions are matched by their ids. Each is in one state:
  recorded         it is in the store; marks tell what is wrong with it
  pending          it runs, waits on this machine, or ended within the grace time
  NOT RECORDED     somebody went round the recorder
  gone             it was recorded, and the recording is no longer there
  never opened     the service has it as failed
  not in history   it is recorded, and the history of its account, region and time does
                   not tell of it: it is forged, or the history is not whole
  not asked        it is recorded, and nobody was asked whether it happened

Beside a state stand marks: cut, unsigned, signed by somebody who does not count, a manifest that says another thing than the \
history, one that the store had before the session began or got long after it was over, by the store's own clock.

Systems Manager tells of thirty days. CloudTrail's log files go further back; whether they are unaltered tells \
\"aws cloudtrail validate-logs\", not this. Sessions of the AWS CLI, of the console and of ECS Exec count as all others. Who did not \
answer (a region without permission, a log file that does not read) makes the audit incomplete, and so do days of which nobody \
tells. Manifests and their signatures are read, recordings where --verify says so.

What a client (one person on one machine) finished is numbered, and its manifest names the digest of the one finished before, so \
that a recording that was removed with its manifest leaves a hole between two others, without AWS too; the last of a row leaves \
none until the next one comes. A bucket that keeps versions tells what was removed or written over, and whose session that was.

Each audit is kept below audits/ with the states of its sessions, signed where record.sign_key is set, and names the one before \
it by its digest. An audit of more than thirty days reads the few that reach over the rest, and what they were told counts; \
one that is altered, or unsigned where review.allowed_signers is set, does not.

A report is one file for somebody outside: population and who told of it, each hole with its cause, who judged what and when, the \
longest time in which nobody did, open follow-ups with their age, integrity and signers, clocks, the rule set, every session; each \
number leads to the sessions that it counts. The page has no scripts, loads nothing, and can be printed. A table says which part \
serves which rule of PCI DSS 4.0, NIST 800-53, SOC 2, ISO 27001 and HIPAA: serves, since whether a rule is met is not for a \
program to say.

It needs ssm:DescribeSessions, to read and list the store and trails (s3:ListBucketVersions for the store's versions), and to \
write below audits/ (examples/aws/auditor-policy.json). What an audit is worth: ssm-rec man security.

The exit status is 0 where all is covered, 8 where something is not on record or not what it should be, 9 where nothing was \
found and not everybody answered.")]
pub(crate) struct AuditArgs {
    /// Sessions that began from then on: 2026-11-01, "2026-11-01 14:05", 7d
    #[arg(long, value_name = "TIME", default_value = "30d")]
    since: When,

    /// Only those that began before then
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// A profile whose account is asked; more than one may be named
    #[arg(long, value_name = "PROFILE")]
    profile: Vec<String>,

    /// A region that is asked; more than one may be named
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,

    /// Where Systems Manager answers, instead of the region's endpoint
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,

    /// CloudTrail's log files: a folder or s3://bucket/prefix; more than one may be named
    #[arg(long, value_name = "FOLDER")]
    trail: Vec<String>,

    /// Ask no service: trails and the store alone
    #[arg(long, conflicts_with_all = ["profile", "region", "endpoint_url"])]
    offline: bool,

    /// How long a recording may wait in somebody's spool
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = grace)]
    grace: Duration,

    /// Read the recordings of the period too, and tell which are not what was recorded
    #[arg(long)]
    verify: bool,

    /// Keep no record of this audit in the store
    #[arg(long)]
    no_store: bool,

    /// Write a report with who reviewed what: html, md, json or csv
    #[arg(long, value_enum, value_name = "FORM")]
    report: Option<report::FormArg>,

    /// Write the report to this file instead of stdout; one that exists is not written over
    #[arg(short, long, value_name = "FILE", requires = "report")]
    output: Option<PathBuf>,

    /// One line of JSON a session, and a last one with what was counted and who was asked
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    store: StoreArgs,
}

fn grace(text: &str) -> Result<Duration, String> {
    time::parse(text).map_err(|_| "not a time: write 24h or 3d".to_owned())
}

/// Runs the command.
pub(crate) fn run(args: AuditArgs) -> CommandResult {
    let rules = args.rules()?;
    let settings = Settings::load(&args.sign.clone().flags(args.store.flags()))?;
    let places = settings.places_to_read()?;
    // What was seen before is read again: it may have been altered since.
    let catalog = named::catalog(&places).knowing(allowed_signers(&settings)?);
    let bar = bar();
    let mut answers = Answers::default();
    let runtime = plan::runtime()?;
    // A key that is not there is told before anybody waits for an answer.
    let signer = match args.no_store {
        true => None,
        false => {
            let way = async || Way::settle(&Access::default()).await;
            runtime
                .block_on(signature::open(&settings, way, &Person))
                .map_err(anyhow::Error::from)?
        }
    };
    if !args.offline {
        runtime.block_on(answers.ask_services(&args, &rules, &bar));
    }
    for trail in &args.trail {
        answers.read_trail(trail, &settings, &rules, &bar);
    }
    answers.read_kept(&catalog, &rules, args.offline)?;
    bar.set_message("reading manifests");
    let mut account = judge(&catalog, answers, rules, (&bar, args.verify))?;
    let reviews = reviews(&catalog, &mut account)?;
    bar.finish_and_clear();
    match (args.report, args.json) {
        // It stands where the text would.
        (Some(_), _) if args.output.is_none() => {}
        (_, true) => lines::tell(&account),
        (_, false) => telling::tell(&account, &catalog.location()),
    }
    if let Some(form) = args.report {
        let filter = between(rules.since - MARGIN, rules.until + MARGIN);
        let to = (form, args.output.as_deref());
        report::write(&account, &catalog, &settings, &filter, to)?;
    }
    let kept = match args.no_store {
        true => Status::Success,
        false => {
            let sign = async |bytes: &[u8]| {
                let signed =
                    signature::sign(signer.as_deref()?, (Purpose::Audit, bytes), &Person).await;
                signed
                    .map_err(|unsigned| Person.tell(RecordedError::Unsigned(unsigned)))
                    .ok()
            };
            keep(&catalog, (&account, &reviews), signer.is_some(), |bytes| {
                runtime.block_on(sign(bytes))
            })
        }
    };
    Ok(match (account.has_holes(), account.is_complete()) {
        (true, _) => Status::Holes,
        (false, false) => Status::Incomplete,
        (false, true) => kept,
    })
}

/// What lies beside each recorded session of verdicts; a session of which one is gone is marked.
fn reviews(catalog: &Catalog, account: &mut Account) -> Result<Reviews, Failure> {
    let recorded = account.sessions.iter().filter(|one| one.held.is_some());
    let ids: Vec<&str> = recorded.map(|one| one.session_id.as_str()).collect();
    let names = catalog.review_names(&ids)?;
    let ids = ids.into_iter().map(str::to_owned);
    let reviews: Reviews = ids.zip(names).collect();
    // What the store has forgotten an audit before may have seen, and the other way round.
    let removed = match account.versions {
        Versions::Told => {
            catalog.removed_reviews(&reviews.keys().map(String::as_str).collect::<Vec<_>>())
        }
        Versions::NotKept | Versions::Refused(_) => Ok(Vec::new()),
    };
    let gone = catalog.gone_reviews(&account.rules, &reviews);
    match removed.and_then(|removed| Ok(removed.into_iter().chain(gone?).collect::<BTreeSet<_>>()))
    {
        Ok(gone) => {
            for (session_id, name) in gone {
                account.mark(&session_id, Mark::VerdictGone(name));
            }
        }
        Err(error) => {
            let why = causes(&error);
            message::say(&format!("whether a verdict is gone is not known: {why}"));
        }
    }
    Ok(reviews)
}

/// Keeps the audit. One that is not kept was told all the same.
fn keep(
    catalog: &Catalog,
    (account, reviews): (&Account, &Reviews),
    should_sign: bool,
    sign: impl FnOnce(&[u8]) -> Option<String>,
) -> Status {
    let mut signed = false;
    let sign = |bytes: &[u8]| sign(bytes).inspect(|_| signed = true);
    match catalog.keep_audit(account, reviews, sign) {
        Ok(place) => {
            message::say(&format!("this audit is kept in {}", printable(&place)));
            match should_sign && !signed {
                true => Status::NotSigned,
                false => Status::Success,
            }
        }
        Err(error) => {
            let failure = Failure::from(error).context("this audit cannot be kept");
            message::failure(&failure.hint("--no-store keeps none"));
            Status::Failure
        }
    }
}

impl AuditArgs {
    #[expect(
        clippy::disallowed_methods,
        reason = "how old a session is depends on when somebody asks"
    )]
    fn rules(&self) -> Result<Rules, Failure> {
        let now = Utc::now();
        let at = |flag: &str, when| {
            let why = || Failure::new(Status::Usage, anyhow!("{flag}: that time is out of range"));
            moment(when, now).ok_or_else(why)
        };
        let since = at("--since", self.since)?;
        let until = self.until.map(|until| at("--until", until)).transpose()?;
        let grace = TimeDelta::from_std(self.grace).ok();
        let grace = grace.filter(|grace| *grace <= TimeDelta::days(365));
        let rules = Rules {
            now,
            since,
            until: until.unwrap_or(now).min(now),
            grace: grace
                .ok_or_else(|| Failure::new(Status::Usage, anyhow!("--grace: a year at most")))?,
            skew: SKEW,
        };
        match rules.since < rules.until {
            true => Ok(rules),
            false => Err(Failure::new(
                Status::Usage,
                anyhow!("the period ends before it begins"),
            )),
        }
    }
}

/// Reads what is held and judges. Only where a number of a row is missing, more is read: it may be of a session that began long
/// before or after its neighbours.
fn judge(
    catalog: &Catalog,
    answers: Answers,
    rules: Rules,
    (bar, verifies): (&ProgressBar, bool),
) -> Result<Account, Failure> {
    let Answers {
        told,
        asked,
        problems,
    } = answers;
    let read = |from, until| {
        let progress = &mut |count| bar.set_position(count as u64);
        catalog.holdings(&between(from, until), progress)
    };
    let mut holdings = read(rules.since - MARGIN, rules.until + MARGIN)?;
    let is_missing = |kind| matches!(kind, BreakKind::Missing { .. } | BreakKind::Altered);
    if breaks(&holdings.held, &rules)
        .iter()
        .any(|one| is_missing(one.kind))
    {
        // There may be much of it.
        drop(std::mem::take(&mut holdings));
        holdings = read(rules.since - LONG, rules.now + MARGIN)?;
    }
    if verifies {
        bar.set_message("reading recordings");
        let days = (rules.since.date_naive(), rules.until.date_naive());
        let progress = &mut |count| bar.set_position(count as u64);
        catalog.check_recordings(&mut holdings.held, days, progress)?;
    }
    let mut account = audit(rules, told, holdings.held, asked, problems);
    account.versions = holdings.versions;
    Ok(account)
}

fn between(since: DateTime<Utc>, until: DateTime<Utc>) -> Filter {
    let terms = [Term::Since(since), Term::Until(until)];
    Filter {
        session: None,
        condition: Condition::all(terms.map(Condition::Is).into()),
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{msg}: {human_pos}") {
        bar.set_style(style);
    }
    bar
}

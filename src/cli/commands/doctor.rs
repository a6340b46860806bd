//! `ssm-rec doctor`: what stands between a person and a recorded session, one line each, and what to do about it.
//!
//! Nothing is changed, and no session is started unless `--try` says so; one that is goes the way of every other.

use std::io::Write as _;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use super::start::command_request;
use crate::aws::Access;
use crate::cli::args::access::AccessArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::voice::Person;
use crate::cli::{ending, message, signers};
use crate::doctor::verdict::{Finding, Findings, Group, Look};
use crate::doctor::{self, Question};
use crate::recorded::admission::Asking;
use crate::recorded::plan::{self, Plan};
use crate::recorded::target::Target;
use crate::service::Request;
use crate::session::console::Manner;
use crate::settings::{Flags, Settings, reason_of_environment};
use crate::terminal;
use crate::words::{self, causes};

/// Find out what stands in the way of a recorded session
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  This machine, the account, the store:
    ssm-rec doctor

  A target too:
    ssm-rec doctor i-0abc

  The same with a session to it that ends at once, recorded and stored as every other:
    ssm-rec doctor i-0abc --try --reason ticket-42

  What is bad, for a program:
    ssm-rec doctor --json | jq -r 'select(.verdict == \"bad\") | .check + \": \" + .seen'

It looks at settings and who could change them, credentials, clock, endpoints (name, TCP, TLS, proxy), what may be listed, \
what the account's preferences ask of sessions, the store with its lock, versions and encryption, the spool, the signing key, \
the plugin on PATH, the terminal; with a target at its agent and platform.

Each line is good, doubtful (it works and may not for long, or it cannot be seen from here) or bad, with what to do next. Nothing is \
changed by looking, and it takes some ten seconds at most. Whether a session may be started is shown by --try alone.

Ends with 0 when nothing is bad, with 1 otherwise.")]
pub(crate) struct DoctorArgs {
    /// A target to look at: an instance (i-…), a managed node (mi-…), or the name of one
    target: Option<String>,

    /// Start a session to it that ends at once; it is recorded and stored as every other
    #[arg(long, requires = "target")]
    r#try: bool,

    /// Why, for --try [env: SSM_REC_REASON]
    #[arg(long, value_name = "TEXT", requires = "try")]
    reason: Option<String>,

    /// One line of JSON for each thing that was looked at
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// What takes longer is worth a word.
const TELL_AFTER: Duration = Duration::from_secs(1);

pub(crate) fn run(args: DoctorArgs) -> CommandResult {
    let flags = args.store.flags();
    let (access, endpoint) = args.access.split();
    let mut findings = examine(Question {
        access: access.clone(),
        endpoint: endpoint.clone(),
        flags: flags.clone(),
        target: args.target.as_deref(),
        is_attended: terminal::stderr_is_terminal(),
        signers: &|settings| {
            let read = signers::allowed_signers(settings);
            read.map_err(|failure| causes(failure.error.as_ref()))
        },
        now: now(),
    })?;
    if let (true, Some(target)) = (args.r#try, args.target) {
        let trial = Trial {
            target,
            reason: args.reason.or_else(reason_of_environment),
            is_windows: findings.is_windows(),
            access,
            endpoint,
            flags,
        };
        let found = trial.unless_hopeless(&findings);
        findings.0.push(found);
    }
    tell(&findings, args.json).context("cannot write to stdout")?;
    Ok(match findings.is_well() {
        true => Status::Success,
        false => Status::Failure,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is a command, and how long ago something was is told by it"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn examine(question: Question<'_>) -> Result<Findings, Failure> {
    let is_attended = question.is_attended;
    let runtime = plan::runtime()?;
    let findings = runtime.block_on(async {
        let looking = doctor::examine(question);
        tokio::pin!(looking);
        if let Ok(findings) = tokio::time::timeout(TELL_AFTER, &mut looking).await {
            return findings;
        }
        if is_attended {
            message::say("waiting for what does not answer, some ten seconds at most");
        }
        looking.await
    });
    // A name that is still looked up would hold it back.
    runtime.shutdown_background();
    Ok(findings)
}

fn tell(findings: &Findings, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        for finding in &findings.0 {
            writeln!(out, "{}", words::json(finding))?;
        }
        return Ok(());
    }
    let look = match terminal::stdout_is_terminal() {
        true => Look::Folded(terminal::size().map_or(80, |size| usize::from(size.cols))),
        false => Look::Lines,
    };
    write!(out, "{}", findings.text(look))?;
    if look != Look::Lines {
        writeln!(out, "{}", findings.tally())?;
    }
    out.flush()
}

/// A session that ends at once.
struct Trial {
    target: String,
    reason: Option<String>,
    is_windows: bool,
    access: Access,
    endpoint: Option<String>,
    flags: Flags,
}

/// What has to be right before a session can be.
const BEFORE: [Group; 6] = [
    Group::Settings,
    Group::Access,
    Group::Network,
    Group::Spool,
    Group::Signing,
    Group::Target,
];

impl Trial {
    fn unless_hopeless(self, findings: &Findings) -> Finding {
        if findings.is_bad_in(&BEFORE) {
            let why = "no session was started, since something above stands in its way";
            return Group::Try.unseen("session", why, "mend what is bad first");
        }
        let (target, is_windows) = (self.target.clone(), self.is_windows);
        match self.run() {
            // A command on Windows has no status that says anything.
            Ok(status) if status.number() == 0 || is_windows && status == Status::Remote(255) => {
                Group::Try.good(
                    "session",
                    format!("one to {target} was started, recorded, ended and stored"),
                )
            }
            Ok(status) => Group::Try.bad(
                "session",
                format!("one to {target} ended with status {}", status.number()),
                format!("see it: ssm-rec list --target {target} --limit 1"),
            ),
            Err(failure) => {
                let next = failure.hint.as_deref();
                let next = next.unwrap_or("try again: ssm-rec start, with SSM_REC_LOG=debug");
                Group::Try.bad("session", causes(failure.error.as_ref()), next)
            }
        }
    }

    fn run(self) -> CommandResult {
        let settings = Settings::load(&self.flags)?;
        let words: &[&str] = match self.is_windows {
            true => &["cmd.exe", "/c", "exit 0"],
            false => &["true"],
        };
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (document, parameters) = command_request(&words, false);
        let is_asked = settings.policy.reason.required;
        let usual = || (!is_asked).then(|| "ssm-rec doctor --try".to_owned());
        let plan = Plan {
            places: settings.places_for(&self.access)?,
            request: Request {
                document,
                reason: self.reason.or_else(usual),
                parameters,
                ..Request::default()
            },
            target: Target::of(&self.target),
            remember: None,
            settings,
            asking: Asking::Terminal,
            access: self.access,
            endpoint: self.endpoint,
            bind: None,
            manner: Manner::Own,
            no_input: true,
            banner: true,
        };
        ending::result(plan.run(&Person))
    }
}

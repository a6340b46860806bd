//! The drop-in for session-manager-plugin: what the AWS CLI calls once it has started a session, and its installation.
//!
//! The session is the same recorded one as under `start`, and what stands around it is the official client's, to the byte.
//! Nothing here starts a session of its own, and the token leaves the environment before anything else is done.

mod handed_over;
mod install;
mod official;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Subcommand;

use crate::aws::Access;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::voice::Person;
use crate::doctor::plugin::PLUGIN;
use crate::recorded::admission::{self, Admitted, Asking};
use crate::recorded::interrupts::Interrupts;
use crate::recorded::{Here, Recorded, plan, signature, takeover};
use crate::service::{Request, Started, is_session_id};
use crate::session::channel::CLIENT_VERSION;
use crate::settings::{Flags, Settings, reason_of_environment};
use handed_over::Response;
use official::{Official, not_performed};

/// What scripts look for after an installation.
const GREETING: &str = "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n";

/// Be the AWS CLI's session-manager-plugin
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  Make the AWS CLI record every session, from now on:
    ssm-rec plugin install
    aws ssm start-session --target i-0abc --reason ticket-42

  See which plugin the AWS CLI would run:
    ssm-rec plugin status

Under the name session-manager-plugin the program takes the arguments of the AWS CLI, says on stdout what the official plugin says \
there, to the byte, and records; tools that wait for those lines (port-forward helpers, Ansible's aws_ssm connection) need not \
know. Words of ours go to stderr only where that is a terminal, before the first of the lines and behind the last (plugin.banner).

The exit status is that of the remote command where there is one, which the official plugin drops; otherwise it is the official \
one's, 0 in nearly every case, Ctrl-C on a forward included. What only we can fail at, such as a recording that is not made or not \
stored, is told on stderr and keeps its own status. At any status but 0 the AWS CLI shows its call in its last line and ends with \
255.

A package (.deb, .rpm) makes it the plugin, as an alternative, only where there is none yet; a purge of it leaves recordings and \
/etc/ssm-rec alone.

aws ecs execute-command is recorded the same way; it has no reason of its own, so set SSM_REC_REASON. For SSH by way of the AWS \
CLI, in ~/.ssh/config:

  Host i-* mi-*
    ProxyCommand aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p"
)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    action: Option<Action>,

    /// What the AWS CLI passes: response, region, operation, profile, request, endpoint
    #[arg(value_name = "ARGUMENT", allow_hyphen_values = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Link this program under the name that the AWS CLI looks for
    Install {
        /// Where to put the link, instead of beside this program
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Tell which plugin the AWS CLI would run
    Status,
}

pub(crate) fn run(args: PluginArgs) -> CommandResult {
    match args.action {
        Some(Action::Install { dir }) => install::install(dir),
        Some(Action::Status) => install::status(),
        None => act(args.arguments),
    }
}

/// Runs under the plugin's own name: the arguments behind it are the AWS CLI's.
pub(crate) fn run_by_name(arguments: impl Iterator<Item = OsString>) -> CommandResult {
    act(arguments
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect())
}

/// Whether a program was called as the plugin.
pub(crate) fn is_plugin(program: Option<&OsString>) -> bool {
    program
        .and_then(|program| Path::new(program).file_stem())
        .is_some_and(|name| name == PLUGIN)
}

fn act(mut arguments: Vec<String>) -> CommandResult {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => return say(GREETING),
        ["--version"] => return say(&format!("{CLIENT_VERSION}\n")),
        [first] | [first, _] => {
            return say(&format!(
                "\nUnknown operation {first}. \nUse {PLUGIN} --version to check the version.\n\n"
            ));
        }
        [_, _, "StartSession", ..] => {}
        _ => return say("Invalid Operation"),
    }
    arguments.resize(6, String::new());
    let [response, region, _, profile, request, endpoint] = &arguments[..] else {
        return Ok(Status::Success);
    };
    let response = match Response::take(response) {
        Ok(response) => response,
        Err(error) => return say(&not_performed(&error.to_string())),
    };
    let chosen = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let endpoint = chosen(endpoint).filter(|endpoint| !handed_over::is_of_ecs(endpoint));
    let access = Access {
        region: chosen(region),
        profile: chosen(profile),
        ..Access::default()
    };
    // The AWS CLI has started it: from here on it is recorded, or ended.
    let (started, has_entrance) = response.into_started(&access, endpoint.as_deref());
    if !is_session_id(started.session_id()) {
        // It is named nowhere, not even here.
        return Err(Failure::new(
            Status::BrokenPeer,
            anyhow!("the answer to StartSession gives a session id that no service gives"),
        ));
    }
    if !has_entrance {
        say(&not_performed(
            "the answer to StartSession has no way into the session",
        ))?;
        return Ok(Status::BrokenPeer);
    }
    let request = handed_over::request(request)
        .context("the request to StartSession does not read")
        .map_err(usage)?;
    plan::runtime()?.block_on(record(started, request, &access, endpoint.as_deref()))
}

async fn record(
    started: Started,
    mut request: Request,
    access: &Access,
    endpoint: Option<&str>,
) -> CommandResult {
    // Where the AWS CLI takes no reason (ECS Exec), the recording can still have one.
    request.reason = request.reason.or_else(reason_of_environment);
    let mut official = Official::new(started.session_id(), &request);
    let mut interrupts = Interrupts::open()?;
    // A session that may still be open is told of whatever the settings say: they are not read yet, and it fails.
    let reached = takeover::reach(started, access, endpoint, &mut interrupts, &Person).await;
    let (service, started) = match reached {
        Ok(reached) => reached,
        Err(error) => return official.result(Err(error)),
    };
    let admitted = admit(request, access)?;
    official.heed(admitted.settings().plugin.banner);
    let opening = signature::open(
        admitted.settings(),
        async || Ok(service.way().clone()),
        &official,
    );
    let signer = match interrupts.or(opening).await.flatten() {
        Ok(signer) => signer,
        Err(error) => return official.result(Err(error)),
    };
    official.announce(&admitted);
    official.begin().context("cannot write to stdout")?;
    let here = Here {
        manner: official.manner(),
        banner: official.has_words(),
        announced: true,
        signer,
        ..Here::default()
    };
    let session = Recorded::new(service, admitted, here, &official);
    let result = session.run(started, interrupts).await;
    official.result(result)
}

/// The request, when the settings in force let its session run.
fn admit(request: Request, access: &Access) -> Result<Admitted, Failure> {
    let settings = Settings::load(&Flags::default())?;
    let places = settings.places_for(access)?;
    let prepared = admission::prepare(settings, places)?;
    Ok(prepared.admit(request, Asking::Never, &Person)?)
}

fn usage(error: anyhow::Error) -> Failure {
    Failure::new(Status::Usage, error)
}

fn say(text: &str) -> CommandResult {
    official::say(text).context("cannot write to stdout")?;
    Ok(Status::Success)
}

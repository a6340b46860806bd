//! The drop-in for session-manager-plugin: what the AWS CLI calls once it has started a session, and its installation.
//!
//! The session is the same recorded one as under `start`. Nothing here starts a session of its own, and the token
//! leaves the environment before anything else is done.

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Subcommand;
use serde::Deserialize;

use crate::aws::{Access, address};
use crate::cli::args::parameters::Parameters;
use crate::cli::ending;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::voice::Person;
use crate::recorded::admission::{self, Admitted, Asking};
use crate::recorded::interrupts::Interrupts;
use crate::recorded::{Here, Recorded, plan, signature, takeover};
use crate::service::{Entrance, Request, Started};
use crate::session::channel::CLIENT_VERSION;
use crate::settings::{Flags, REASON, Settings};
use crate::words::printable;

/// The name that the AWS CLI looks for on PATH.
pub(crate) const PLUGIN: &str = "session-manager-plugin";
/// How the name of the variable begins that holds the answer to StartSession (source: awscli, sessionmanager.py).
const RESPONSE_VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";
/// What scripts look for after an installation.
const GREETING: &str = "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n";

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
    ssm-rec plugin status"
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
        Some(Action::Install { dir }) => install(dir),
        Some(Action::Status) => status(),
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
        ["--version"] => return say(CLIENT_VERSION),
        ["-h" | "--help"] => {
            return say("session-manager-plugin is run by the AWS CLI: aws ssm start-session");
        }
        [_, _, "StartSession", ..] => {}
        [_, _, operation, ..] => return Err(usage(anyhow!("unknown operation {operation:?}"))),
        _ => {
            return Err(usage(anyhow!(
                "unknown operation: {} arguments where the AWS CLI passes six",
                arguments.len()
            )));
        }
    }
    arguments.resize(6, String::new());
    let response = take_response(&arguments[0])?;
    let response: Response = serde_json::from_str(&response)
        .map_err(|_| usage(anyhow!("the answer to StartSession does not read")))?;
    let [_, region, _, profile, request, endpoint] = &arguments[..] else {
        return Ok(Status::Success);
    };
    let chosen = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let endpoint = chosen(endpoint).filter(|endpoint| !is_of_ecs(endpoint));
    let access = Access {
        region: chosen(region),
        profile: chosen(profile),
        ..Access::default()
    };
    // The AWS CLI has started it: from here on it is recorded, or ended.
    let started = response.into_started(&access, endpoint.as_deref());
    let request: CliRequest = match request.as_str() {
        "" => CliRequest::default(),
        text => serde_json::from_str(text)
            .context("the request to StartSession does not read")
            .map_err(usage)?,
    };
    plan::runtime()?.block_on(record(
        started,
        request.into(),
        &access,
        endpoint.as_deref(),
    ))
}

async fn record(
    started: Started,
    mut request: Request,
    access: &Access,
    endpoint: Option<&str>,
) -> CommandResult {
    // Where the AWS CLI takes no reason (ECS Exec), the recording can still have one.
    request.reason = request.reason.or_else(|| env::var(REASON).ok());
    let quiet = request.document.as_deref() == Some("AWS-StartSSHSession");
    let mut interrupts = Interrupts::open()?;
    let reached = takeover::reach(started, access, endpoint, &mut interrupts, &Person).await;
    let (service, started) = match reached {
        Ok(reached) => reached,
        Err(error) => return ending::result(Err(error)),
    };
    let admitted = admit(request, access)?;
    let opening = signature::open(
        admitted.settings(),
        async || Ok(service.way().clone()),
        &Person,
    );
    let signer = match interrupts.or(opening).await.flatten() {
        Ok(signer) => signer,
        Err(error) => return ending::result(Err(error)),
    };
    let session_id = started.session_id().to_owned();
    if !quiet {
        say(&format!("\nStarting session with SessionId: {session_id}"))?;
    }
    let here = Here {
        banner: !quiet,
        signer,
        ..Here::default()
    };
    let session = Recorded::new(service, admitted, here, &Person);
    let result = session.run(started, interrupts).await;
    if !quiet {
        say(&format!(
            "\n\nExiting session with sessionId: {session_id}.\n"
        ))?;
    }
    ending::result(result)
}

/// For ECS Exec the AWS CLI hands on the endpoint of ECS, where no session can be resumed or ended.
fn is_of_ecs(endpoint: &str) -> bool {
    let url = address::parse(endpoint).ok();
    let host = url.and_then(|url| address::bare_host(&url));
    let host = host.unwrap_or_default();
    host.split('.')
        .any(|label| matches!(label, "ecs" | "ecs-fips"))
        && [
            ".amazonaws.com",
            ".amazonaws.com.cn",
            ".api.aws",
            ".api.amazonwebservices.com.cn",
        ]
        .iter()
        .any(|domain| host.ends_with(domain))
}

/// The request, when the settings in force let its session run.
fn admit(request: Request, access: &Access) -> Result<Admitted, Failure> {
    let settings = Settings::load(&Flags::default())?;
    let places = settings.places_for(access)?;
    let prepared = admission::prepare(settings, places)?;
    Ok(prepared.admit(request, Asking::Never, &Person)?)
}

/// The answer to StartSession: the argument itself, or the variable that it names, which is then removed, so that no
/// process started from here can read the token in it.
#[expect(
    unsafe_code,
    reason = "removing a variable is only unsound beside other threads, and there are none yet"
)]
fn take_response(argument: &str) -> Result<String, Failure> {
    if !argument.starts_with(RESPONSE_VARIABLE) {
        return Ok(argument.to_owned());
    }
    let response =
        env::var(argument).map_err(|_| usage(anyhow!("the environment has no {argument}")))?;
    // SAFETY: called before the runtime, the recorder or the terminal has started a thread.
    unsafe { env::remove_var(argument) };
    Ok(response)
}

/// The answer to StartSession, as the AWS CLI hands it on. That of ECS has names that begin small
/// (source: awscli, ecs/executecommand.py).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    #[serde(alias = "sessionId")]
    session_id: String,
    #[serde(alias = "streamUrl")]
    stream_url: String,
    #[serde(alias = "tokenValue")]
    token_value: String,
}

impl Response {
    fn into_started(self, access: &Access, endpoint: Option<&str>) -> Started {
        let entrance = Entrance {
            stream_url: self.stream_url,
            token: self.token_value,
        };
        Started::handed_over(self.session_id, entrance, access, endpoint)
    }
}

/// The request to StartSession; for ECS Exec only the target.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CliRequest {
    target: String,
    document_name: Option<String>,
    reason: Option<String>,
    parameters: Parameters,
}

impl From<CliRequest> for Request {
    fn from(request: CliRequest) -> Self {
        Self {
            target: request.target,
            document: request.document_name,
            reason: request.reason,
            parameters: request.parameters,
        }
    }
}

fn install(dir: Option<PathBuf>) -> CommandResult {
    let program = env::current_exe().context("cannot find this program's own path")?;
    let dir = dir
        .or_else(|| program.parent().map(Path::to_owned))
        .ok_or_else(|| anyhow!("cannot find this program's folder"))?;
    let link = dir.join(format!("{PLUGIN}{}", env::consts::EXE_SUFFIX));
    let shown = link.display();
    match std::fs::symlink_metadata(&link) {
        Ok(_) if is_ours(&link, &program) => {}
        Ok(_) => {
            return Err(
                Failure::from(anyhow!("\"{shown}\" exists and is not ssm-rec")).hint(
                    "remove it, or name another folder with --dir that comes earlier on PATH",
                ),
            );
        }
        Err(_) => make_link(&program, &link).with_context(|| format!("cannot make \"{shown}\""))?,
    }
    say(&format!("{shown} is ssm-rec"))?;
    status()
}

#[cfg(unix)]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

#[cfg(not(unix))]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(program, link).map(drop)
}

fn status() -> CommandResult {
    let program = env::current_exe().context("cannot find this program's own path")?;
    let name = format!("{PLUGIN}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH").unwrap_or_default();
    let found: Vec<PathBuf> = env::split_paths(&folders)
        .map(|folder| folder.join(&name))
        .filter(|path| path.is_file())
        .collect();
    let Some((first, others)) = found.split_first() else {
        say(&format!("the AWS CLI finds no {PLUGIN} on PATH"))?;
        return Ok(Status::Failure);
    };
    let ours = is_ours(first, &program);
    let whose = if ours {
        "ssm-rec: sessions are recorded"
    } else {
        "another program: sessions are not recorded"
    };
    say(&format!(
        "the AWS CLI runs {}, which is {whose}",
        first.display()
    ))?;
    for path in others {
        let whose = if is_ours(path, &program) {
            "ssm-rec"
        } else {
            "another program"
        };
        say(&format!("it hides {}, which is {whose}", path.display()))?;
    }
    Ok(if ours {
        Status::Success
    } else {
        Status::Failure
    })
}

/// The same file, or a copy of it.
fn is_ours(path: &Path, program: &Path) -> bool {
    let same = |a: std::io::Result<PathBuf>, b: std::io::Result<PathBuf>| matches!((a, b), (Ok(a), Ok(b)) if a == b);
    same(path.canonicalize(), program.canonicalize())
        || matches!((std::fs::read(path), std::fs::read(program)), (Ok(a), Ok(b)) if a == b)
}

fn usage(error: anyhow::Error) -> Failure {
    Failure::new(Status::Usage, error)
}

fn say(text: &str) -> CommandResult {
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    writeln!(std::io::stdout(), "{}", lines.join("\n")).context("cannot write to stdout")?;
    Ok(Status::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_systems_manager_and_of_ecs_both_read() {
        for answer in [
            r#"{"SessionId": "s-1", "TokenValue": "t", "StreamUrl": "wss://x"}"#,
            r#"{"sessionId": "s-1", "streamUrl": "wss://x", "tokenValue": "t"}"#,
        ] {
            let response: Response = serde_json::from_str(answer).unwrap();
            assert_eq!(
                (response.session_id.as_str(), response.token_value.as_str()),
                ("s-1", "t")
            );
        }
    }

    #[test]
    fn the_endpoint_of_ecs_is_told_from_that_of_systems_manager() {
        assert!(is_of_ecs("https://ecs.eu-central-1.amazonaws.com"));
        assert!(is_of_ecs("https://ecs-fips.us-east-1.amazonaws.com/"));
        assert!(is_of_ecs(
            "https://vpce-1-a.ecs.eu-central-1.vpce.amazonaws.com"
        ));
        assert!(is_of_ecs("https://ecs.eu-central-1.api.aws"));
        assert!(!is_of_ecs("https://ssm.eu-central-1.amazonaws.com"));
        assert!(!is_of_ecs("http://127.0.0.1:4566"));
        assert!(!is_of_ecs("https://ecs.internal:8443"));
        for no_endpoint in ["", "ecs.", "https://", "https://ecs.x.amazonaws.com@h/"] {
            assert!(!is_of_ecs(no_endpoint), "{no_endpoint:?}");
        }
    }
}

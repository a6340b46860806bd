//! `ssm-rec start`: a session on a target, recorded from its first message to its end.
//!
//! Nothing is shown here while the terminal is raw; what there is to say waits for the end.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chrono::TimeDelta;
use clap::ValueEnum;
use formats::asciicast::Session;
use formats::manifest::{Exit, Manifest};
use formats::payload::Size;
use uuid::Uuid;

use super::config::{Places, StoreArgs};
use super::exit::{CommandResult, Failure, Status};
use super::recorded::{self, Description};
use super::{message, parameters};
use crate::recorder::{self, Recorder};
use crate::session::channel::{self, Channel, Token};
use crate::session::connection::{self, Socket};
use crate::session::console::Console;
use crate::session::driver::{self, End, Outcome, Resume, Resumed, Settings};
use crate::session::start::{self, Access, Request, Service, Started};
use crate::terminal;

/// The terminal that a session has when there is none here, as the official client reports it.
const NO_TERMINAL: Size = Size {
    cols: 300,
    rows: 100,
};
/// How long the answer to "who am I" may hold back the session; the prompt takes about a second anyway.
const CALLER_PATIENCE: Duration = Duration::from_millis(500);
/// How long a lost connection is worth trying for: the service keeps an idle session for 20 minutes by default.
const RESUME_LIMIT: Duration = Duration::from_secs(20 * 60);
/// How long ending the session at the service may take once the terminal is the person's again.
const TERMINATE_PATIENCE: Duration = Duration::from_secs(5);

/// Start a session and record it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  A shell on an instance:
    ssm-rec start i-0abc --reason ticket-42

  Another document, its parameters in shorthand or JSON:
    ssm-rec start i-0abc --document-name AWS-StartInteractiveCommand --parameters command='top'

  Commands from a file:
    ssm-rec start i-0abc --reason nightly < commands.sh

  Recording what is typed as well (what the remote does not echo, such as a password, is masked):
    ssm-rec start i-0abc --record-input")]
pub(crate) struct StartArgs {
    /// What to connect to: an instance (i-…), a managed node (mi-…) or a container (ecs:CLUSTER_TASK_RUNTIMEID)
    target: String,

    /// Why; kept by the service and in the recording (1 to 256 characters)
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// The session document, instead of the account's default shell
    #[arg(long, value_name = "NAME")]
    document_name: Option<String>,

    /// Parameters of the document: name=value,… or JSON or file://PATH
    #[arg(long, value_name = "PARAMETERS")]
    parameters: Option<String>,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,

    /// Record what is typed too; masked where the remote does not echo it, unless "all"
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "echoed")]
    record_input: Option<RecordInput>,

    /// Say nothing at the start and at the end unless something goes wrong
    #[arg(long)]
    no_banner: bool,
}

/// The way to AWS.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// AWS region
    #[arg(long)]
    region: Option<String>,

    /// Profile of the shared AWS configuration
    #[arg(long)]
    profile: Option<String>,

    /// Where Systems Manager answers, instead of the region's endpoint
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl From<AccessArgs> for Access {
    fn from(args: AccessArgs) -> Self {
        Self {
            region: args.region,
            profile: args.profile,
            endpoint_url: args.endpoint_url,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RecordInput {
    /// What the remote echoed; the rest masked
    Echoed,
    /// Every key, passwords included
    All,
    /// Nothing
    Off,
}

impl From<RecordInput> for recorder::Input {
    fn from(which: RecordInput) -> Self {
        match which {
            RecordInput::Echoed => Self::Echoed,
            RecordInput::All => Self::All,
            RecordInput::Off => Self::Off,
        }
    }
}

pub(crate) fn run(args: StartArgs) -> CommandResult {
    let places = Places::from_args(&args.store)?;
    let request = Request {
        target: args.target,
        document: args.document_name,
        reason: args.reason.map(check_reason).transpose()?,
        parameters: match &args.parameters {
            Some(text) => {
                parameters::parse(text).map_err(|error| Failure::new(Status::Usage, error))?
            }
            None => parameters::Parameters::new(),
        },
    };
    recorded::prepare(&places)?;
    let options = recorder::Options {
        input: args.record_input.map(Into::into).unwrap_or_default(),
        ..Default::default()
    };
    // One thread is quickest from key to socket: nothing has to be handed over.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let service = Service::open(&args.access.into()).await.map_err(refused)?;
        let caller = tokio::spawn({
            let service = service.clone();
            async move { service.caller().await.ok() }
        });
        let started = service.start(&request).await.map_err(refused)?;
        let mut description = Description::new(&service, &started, &request, size());
        if let Ok(Ok(Some(caller))) = tokio::time::timeout(CALLER_PATIENCE, caller).await {
            description.name_caller(&caller);
        }
        let shell = Shell {
            service,
            places,
            description,
            options,
            banner: !args.no_banner,
        };
        shell.run(started).await
    })
}

/// The service takes 1 to 256 characters.
fn check_reason(reason: String) -> Result<String, Failure> {
    match reason.chars().count() {
        1..=256 => Ok(reason),
        length => Err(Failure::new(
            Status::Usage,
            anyhow!("the reason has {length} characters, not 1 to 256"),
        )),
    }
}

fn refused(error: start::Error) -> Failure {
    let status = if error.is_connection() {
        Status::ConnectionLost
    } else {
        Status::Refused
    };
    let hint = error.hint();
    let failure = Failure::new(status, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn size() -> Size {
    terminal::size().map_or(NO_TERMINAL, |terminal::Size { cols, rows }| Size {
        cols,
        rows,
    })
}

/// A session with a terminal, or with stdin and stdout in its place.
struct Shell {
    service: Service,
    places: Places,
    description: Description,
    options: recorder::Options,
    banner: bool,
}

impl Shell {
    async fn run(self, started: Started) -> CommandResult {
        let session_id = started.session_id.clone();
        let opened = self.description.open(&self.places, self.options);
        let (recorder, path) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                self.terminate(&session_id).await;
                return Err(failure);
            }
        };
        let outcome = match self.carry(started, recorder).await {
            Ok(outcome) => outcome,
            Err((failure, recorder)) => {
                drop(recorder);
                // Nothing was exchanged, so there is nothing to keep.
                let _ = fs::remove_file(&path);
                self.terminate(&session_id).await;
                return Err(failure);
            }
        };
        let Outcome { recorder, end } = outcome;
        if left_first(&end) {
            self.terminate(&session_id).await;
        }
        let finished = self.finish(recorder, &end);
        let ended = self.told(&end);
        let manifest = finished?;
        let stored = self.store(&path, &manifest);
        let status = ended?;
        stored?;
        Ok(status)
    }

    /// Opens the data channel and carries the session; on failure the recorder comes back unused.
    async fn carry(
        &self,
        started: Started,
        recorder: Recorder,
    ) -> Result<Outcome, (Failure, Recorder)> {
        let connection = connection::Options {
            ca_bundle: std::env::var_os("AWS_CA_BUNDLE").map(Into::into),
            ..connection::Options::default()
        };
        let socket = match connection::open(&started.stream_url, &connection).await {
            Ok(socket) => socket,
            Err(error) => {
                let failure = Failure::new(Status::ConnectionLost, anyhow!(error).context("cannot open the data channel"))
                    .hint("the data channel goes to ssmmessages.REGION.amazonaws.com on port 443; check firewall and proxy");
                return Err((failure, recorder));
            }
        };
        if self.banner {
            let Session {
                session_id, target, ..
            } = &self.description.session;
            let place = self.places.store.location();
            message::say(&format!(
                "session {session_id} on {target} is being recorded to {place}"
            ));
        }
        let person = match self.person() {
            Ok(person) => person,
            Err(error) => return Err((Failure::new(Status::Failure, error), recorder)),
        };
        let channel = Channel::new(
            self.description.origin,
            &channel::Options {
                client_id: Uuid::new_v4(),
                message_ids: self.description.message_ids,
            },
        );
        let resume = Again {
            service: &self.service,
            session_id: &started.session_id,
            connection,
        };
        let settings = Settings {
            input_is_terminal: terminal::stdin_is_terminal(),
            size: self.description.size,
            resume_limit: RESUME_LIMIT,
        };
        Ok(driver::run(
            (socket, Token::new(started.token)),
            channel,
            recorder,
            person,
            resume,
            settings,
        )
        .await)
    }

    /// Takes the terminal: from here on it is raw, until what this gives is dropped.
    fn person(&self) -> anyhow::Result<(terminal::Keys, Console, terminal::Signals)> {
        let signals = terminal::Signals::open().context("cannot listen for signals")?;
        let keys = terminal::Keys::open().context("cannot read stdin")?;
        let raw_mode = match terminal::stdin_is_terminal() {
            true => Some(terminal::RawMode::enter().context("cannot make the terminal raw")?),
            false => None,
        };
        Ok((
            keys,
            Console::open(raw_mode).context("cannot write to stdout")?,
            signals,
        ))
    }

    /// A session that the service still thinks is open would stay open until it times out.
    async fn terminate(&self, session_id: &str) {
        // It ends by itself in the end; the person waits for the prompt.
        let _ = tokio::time::timeout(TERMINATE_PATIENCE, self.service.terminate(session_id)).await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the end of a recording is a moment of its own"
    )]
    fn finish(&self, recorder: Recorder, end: &End) -> Result<Manifest, Failure> {
        let manifest = self
            .description
            .manifest(&self.service, None, exit(end), Vec::new());
        recorder
            .finish(Instant::now(), manifest, |_| None)
            .map_err(|error| {
                recorded::cannot_record(anyhow!(error).context("cannot close the recording"))
            })
    }

    fn store(&self, path: &Path, manifest: &Manifest) -> Result<(), Failure> {
        let place = recorded::store(&self.places, path, manifest)?;
        if self.banner {
            let size = indicatif::HumanBytes(
                fs::metadata(&place).map_or(manifest.sizes.compressed, |file| file.len()),
            );
            message::say(&format!(
                "session ended after {}, {size} recorded; replay it with: ssm-rec play {}",
                duration(manifest.duration_us),
                manifest.session_id
            ));
        }
        Ok(())
    }

    /// What the end of the session means to whoever started it.
    fn told(&self, end: &End) -> CommandResult {
        match end {
            End::Closed { reason: None } => Ok(Status::Success),
            End::Closed {
                reason: Some(reason),
            } => {
                message::say(&format!("the session was closed: {reason}"));
                Ok(Status::Success)
            }
            End::Exited(status) => Ok(Status::Remote(u8::try_from(*status & 0xff).unwrap_or(1))),
            End::Signal(number) => Ok(Status::Signal(*number)),
            End::InputGone(None) => Ok(Status::Signal(1)),
            End::InputGone(Some(error)) => {
                Err(anyhow!("cannot read what is typed: {error}").into())
            }
            End::ScreenGone(error) => Err(anyhow!("cannot write to stdout: {error}").into()),
            End::ConnectionLost { cause, resume } => Err(Failure::new(
                Status::ConnectionLost,
                anyhow!(
                    "the connection was lost ({cause}) and could not be taken up again: {resume}"
                ),
            )),
            End::RecordingFailed(error) => Err(recorded::cannot_record(anyhow!(
                "the session was ended, since it could not be recorded: {}",
                chain(error)
            ))),
            End::Protocol(error) => Err(Failure::new(
                Status::BrokenPeer,
                anyhow!("the session was ended: {error}"),
            )),
        }
    }
}

/// The way back into this session.
struct Again<'a> {
    service: &'a Service,
    session_id: &'a str,
    connection: connection::Options,
}

impl Resume for Again<'_> {
    type Socket = Socket;

    async fn resume(&mut self) -> Resumed<Socket> {
        let started = match self.service.resume(self.session_id).await {
            Ok(Some(started)) => started,
            Ok(None) => {
                return Resumed::Over("the service says that the session is over".to_owned());
            }
            Err(error) => return Resumed::Failed(error.to_string()),
        };
        match connection::open(&started.stream_url, &self.connection).await {
            Ok(socket) => Resumed::Open(socket, Token::new(started.token)),
            Err(error) => Resumed::Failed(error.to_string()),
        }
    }
}

/// Whether the service does not know yet that the session is over.
fn left_first(end: &End) -> bool {
    !matches!(end, End::Closed { .. } | End::Exited(_))
}

fn exit(end: &End) -> Exit {
    let (kind, status, reason) = match end {
        End::Closed { reason } => ("closed", None, reason.clone()),
        End::Exited(status) => ("exited", Some(*status), None),
        End::Signal(number) => ("signal", None, Some(number.to_string())),
        End::InputGone(error) => ("input-gone", None, error.as_ref().map(ToString::to_string)),
        End::ScreenGone(error) => ("screen-gone", None, Some(error.to_string())),
        End::ConnectionLost { cause, resume } => {
            ("connection-lost", None, Some(format!("{cause}; {resume}")))
        }
        End::RecordingFailed(error) => ("recording-failed", None, Some(chain(error))),
        End::Protocol(error) => ("protocol", None, Some(error.to_string())),
    };
    Exit {
        kind: kind.to_owned(),
        status,
        reason,
    }
}

fn chain(error: &recorder::Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

fn duration(us: u64) -> String {
    let time = TimeDelta::microseconds(i64::try_from(us).unwrap_or(i64::MAX));
    match (
        time.num_hours(),
        time.num_minutes() % 60,
        time.num_seconds() % 60,
    ) {
        (0, 0, seconds) => format!("{seconds}.{}s", time.subsec_nanos() / 100_000_000),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h {minutes}m {seconds}s"),
    }
}

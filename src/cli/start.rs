//! `ssm-rec start`: a session on a target, recorded from its first message to its end.
//!
//! Nothing is shown here while the terminal is raw; what there is to say waits for the end.

use anyhow::anyhow;
use clap::ValueEnum;

use super::config::{Places, StoreArgs};
use super::description::Description;
use super::exit::{CommandResult, Failure, Status};
use super::parameters;
use super::recorded::{self, Recorded, refused};
use crate::recorder;
use crate::session::start::{Access, Request, Service};

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
        let caller = recorded::ask_caller(&service);
        let started = service.start(&request).await.map_err(refused)?;
        let mut description = Description::new(&service, &started, &request, recorded::size());
        recorded::name_caller(&mut description, caller).await;
        let session = Recorded {
            service,
            places,
            description,
            options,
            banner: !args.no_banner,
        };
        session.run(started).await
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

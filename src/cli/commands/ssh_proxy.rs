//! `ssm-rec ssh-proxy`: the ProxyCommand of an SSH client; stdin and stdout carry the connection and nothing else.
//!
//! Not one byte of ours goes to stdout, and words to stderr only when something is wrong.

use clap_complete::engine::ArgValueCompleter;

use crate::cli::args::access::AccessArgs;
use crate::cli::args::parameters::Parameters;
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::completion::known_targets;
use crate::cli::exit::CommandResult;
use crate::cli::voice::Person;
use crate::cli::{ending, targets};
use crate::recorded::admission::Asking;
use crate::recorded::plan::Plan;
use crate::recorded::target::Target;
use crate::service::Request;
use crate::session::console::Manner;
use crate::settings::{Settings, reason_of_environment, record};

/// Carry an SSH connection, as its ProxyCommand
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  In ~/.ssh/config:
    Host i-* mi-*
      ProxyCommand ssm-rec ssh-proxy %h %p

  Then, as ever:
    ssh ec2-user@i-0abc

  By name, for hosts whose names are those of managed nodes:
    Host web-* db-*
      ProxyCommand ssm-rec ssh-proxy %h %p")]
pub(crate) struct SshProxyArgs {
    /// What to connect to: an instance (i-…), a managed node (mi-…) or the name of one
    #[arg(add = ArgValueCompleter::new(known_targets))]
    target: String,

    /// The port that the SSH server listens on
    #[arg(default_value_t = 22)]
    port: u16,

    /// Why; kept by the service and in the recording (1 to 256 characters) [env: SSM_REC_REASON]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Record the connection's bytes too (they are encrypted), not only their lengths
    #[arg(long)]
    record_payload: bool,

    #[command(flatten)]
    sign: SignArgs,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) fn run(args: SshProxyArgs) -> CommandResult {
    let flags = args.store.flags();
    let flags = flags.with_switch(&record::PAYLOAD, "--record-payload", args.record_payload);
    let flags = args.sign.flags(flags);
    let request = Request {
        document: Some("AWS-StartSSHSession".to_owned()),
        reason: args.reason.or_else(reason_of_environment),
        parameters: Parameters::from([("portNumber".to_owned(), vec![args.port.to_string()])]),
        ..Request::default()
    };
    let settings = Settings::load(&flags)?;
    let (access, endpoint) = args.access.split();
    let plan = Plan {
        places: settings.places_for(&access)?,
        settings,
        request,
        target: Target::of(&args.target),
        remember: targets::place(&access, endpoint.as_deref()),
        asking: Asking::Never,
        access,
        endpoint,
        bind: None,
        manner: Manner::Own,
        no_input: false,
        banner: false,
    };
    ending::result(plan.run(&Person))
}

//! `ssm-rec tail`: a session that still runs, followed with some seconds' delay.
//!
//! Nothing here is of its own: it is `play --follow` for whoever wants to see the session out.

use std::sync::Arc;

use anyhow::anyhow;

use super::play::Running;
use crate::cli::args::identity::IdentityArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::player::{Beside, Options};
use crate::settings::Settings;
use crate::terminal;

/// Follow a session that still runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
On the machine where the session runs it is read from the spool, elsewhere from the live segments in the \
store (upload.live = true), a few seconds behind. Shows the screen as it is now and then what follows, until the session ends. \
All keys of \"ssm-rec play\" work: pause, go back, search; G catches up, q leaves. A session that only just begins is waited \
for, half a minute long. Down a pipe it is the output from the start.

Examples:
  ssm-rec tail operator-0d6
  ssm-rec tail --store s3://bucket/prefix operator-0d6
  ssm-rec tail operator-0d6 | grep --line-buffered ERROR")]
pub(crate) struct TailArgs {
    /// A session id, or the beginning of one
    #[arg(value_name = "ID")]
    id: String,

    /// Show all since the session began, instead of beginning with the screen as it is now
    #[arg(long)]
    from_start: bool,

    #[command(flatten)]
    identity: IdentityArgs,

    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) fn run(args: &TailArgs) -> CommandResult {
    let settings = Arc::new(Settings::load_to_read(&args.store.flags())?);
    let identities = Arc::new(args.identity.identities(&settings));
    let Some(running) = Running::find(&args.id, &settings)? else {
        return Err(
            Failure::new(Status::NotFound, anyhow!("session {:?} is over", args.id))
                .hint(format!("play it with: ssm-rec play {}", args.id)),
        );
    };
    terminal::install_panic_hook();
    let is_watched = terminal::stdout_is_terminal();
    let options = Options {
        // Down a pipe all of it goes, as it comes.
        no_wait: !is_watched,
        follow: is_watched && !args.from_start,
        ..Options::default()
    };
    let mut beside = Beside::default();
    beside.facts.bar = true;
    let (_, result) = running.play(options, beside, (&settings, &identities), false)?;
    result
}

//! `ssm-rec rules`: which rules there are, what they find in a recording, and whether one hits a text.
//!
//! Nothing here changes a rule, and nothing from a recording reaches the terminal as it is.

pub(in crate::cli) mod check;
mod list;
mod test;

use std::io::Write as _;

use clap::{Args, Subcommand};

use crate::cli::exit::CommandResult;

/// Show which rules there are, and what they find in a recording
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Which rules there are, where each comes from, and the digest of the set:
    ssm-rec rules list

  What they find in a session:
    ssm-rec rules check me-0a1b

  Whether a rule hits what it should, before a roll-out:
    ssm-rec rules test history-off 'unset HISTFILE' 'history | tail'

Rules say where somebody should look; they prevent nothing, and whoever knows them can go round
them. Those of your own stand in the configuration, as [[rule]]: ssm-rec config example.")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(list::ListArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
}

/// Runs the command.
pub(crate) fn run(args: &RulesArgs) -> CommandResult {
    match &args.action {
        Action::List(args) => list::run(args),
        Action::Check(args) => check::run(args),
        Action::Test(args) => test::run(args),
    }
}

/// A reader that has seen enough is no failure.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

//! `ssm-rec completions`: a script that makes a shell complete our commands and flags.
//!
//! Nothing here changes a shell's configuration; where the script goes is for the person to say.

use std::io::Write as _;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::CommandLine;
use crate::cli::exit::{CommandResult, Status};

/// Print a script that makes a shell complete commands and flags
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bash:        ssm-rec completions bash > ~/.local/share/bash-completion/completions/ssm-rec
  zsh:         ssm-rec completions zsh > \"${fpath[1]}/_ssm-rec\"
  fish:        ssm-rec completions fish > ~/.config/fish/completions/ssm-rec.fish
  PowerShell:  ssm-rec completions powershell >> $PROFILE")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> CommandResult {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut CommandLine::command(),
        "ssm-rec",
        &mut script,
    );
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(&script);
    Ok(Status::Success)
}

//! `ssm-rec completions`: a script that makes a shell complete commands, flags, targets, sessions, profiles and regions.
//!
//! Nothing here changes a shell's configuration; where the script goes is for the person to say.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::cli::completion::VARIABLE;
use crate::cli::exit::{CommandResult, Status};

/// Print a script that makes a shell complete commands, flags, targets, sessions, profiles and regions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  bash:        ssm-rec completions bash > ~/.local/share/bash-completion/completions/ssm-rec
  zsh:         ssm-rec completions zsh > \"${fpath[1]}/_ssm-rec\"
  fish:        ssm-rec completions fish > ~/.config/fish/completions/ssm-rec.fish
  PowerShell:  ssm-rec completions powershell >> $PROFILE

Targets are those that were used or listed before, sessions, profiles and regions those that this machine knows: nobody is asked \
for them.")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &CompletionsArgs) -> CommandResult {
    let name = args.shell.to_string();
    let shells = Shells::builtins();
    let completer = shells
        .completer(&name)
        .ok_or_else(|| anyhow!("there are no completions for {name}"))?;
    let mut script = Vec::new();
    // Of whichever ssm-rec is on PATH by then.
    completer
        .write_registration(VARIABLE, "ssm_rec", "ssm-rec", "ssm-rec", &mut script)
        .context("cannot write the script")?;
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(&script);
    Ok(Status::Success)
}

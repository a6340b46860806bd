//! `ssm-rec config`: what is in force and why, whether it is right, and what there is to set.
//!
//! Nothing here changes a file.

mod check;
mod example;
mod schema;
mod show;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::cli::completion::settings;
use crate::cli::exit::{CommandResult, Status};

/// Show what is in force and where it came from
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    show: ShowArgs,
}

const EXAMPLES: &str = "\
Examples:
  ssm-rec config                         what is in force, and why
  ssm-rec config show upload record.input
  ssm-rec config check                   look for mistakes in files and environment
  ssm-rec config check ./config.toml     look for mistakes before a roll-out
  ssm-rec config example                 every setting, explained
  ssm-rec config schema > ssm-rec.json   the same for an editor

Later wins: defaults, the organisation's file (/etc/ssm-rec/config.toml), the person's file
(~/.config/ssm-rec/config.toml, or SSM_REC_CONFIG), SSM_REC_* variables, flags. What stands
in the [policy] of the organisation's file wins over all of them.

An organisation's file that everybody on the machine may write is a mistake that ends every command. The policy is what this \
program holds itself to; what an operator may do at all is for IAM to say.";

#[derive(Debug, Subcommand)]
enum Action {
    /// Show each value in force and its origin (the default)
    Show(SomeArgs),
    /// Find every mistake, with its line and column
    Check(CheckArgs),
    /// Print an example file with every setting explained
    Example,
    /// Print a JSON Schema of the file, for editors
    Schema,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SomeArgs {
    #[command(flatten)]
    show: ShowArgs,

    /// Only these settings, or all of a section: upload.sse, upload
    #[arg(value_name = "SETTING", add = ArgValueCompleter::new(settings))]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The file to check [default: all files and variables that are in force]
    file: Option<PathBuf>,
    /// Whose file it is [default: the organisation's, unless it is the person's]
    #[arg(long = "as", value_name = "WHOSE", requires = "file")]
    whose: Option<Whose>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Whose {
    Organisation,
    Person,
}

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs) -> CommandResult {
    let sources = crate::settings::Sources::here();
    let (text, status) = match &args.action {
        None => show::text(&sources, &[], args.show.json)?,
        Some(Action::Show(some)) => {
            show::text(&sources, &some.settings, some.show.json || args.show.json)?
        }
        Some(Action::Check(check)) => check::text(&sources, check)?,
        Some(Action::Example) => (example::text(&sources), Status::Success),
        Some(Action::Schema) => (schema::text(), Status::Success),
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(status)
}

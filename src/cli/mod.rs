//! The command line: which commands there are and how each one ends.
//!
//! One file per command; no type of the argument parser passes below this room.

pub(crate) mod args;
pub(crate) mod ask;
pub(crate) mod background;
pub(crate) mod commands;
pub(crate) mod completion;
mod cost;
mod counted;
mod coverage;
pub(crate) mod ending;
pub(crate) mod exit;
mod heading;
pub(crate) mod help;
mod hinted;
pub(crate) mod log;
pub(crate) mod me;
pub(crate) mod message;
pub(crate) mod named;
pub(crate) mod new_file;
pub(crate) mod progress;
#[cfg(test)]
mod shown;
mod signed;
mod signers;
mod stop;
pub(crate) mod targets;
pub(crate) mod views;
pub(crate) mod voice;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use commands::{
    audit, compact, completions, config, derive, doctor, evidence, export, list, man, play, plugin,
    ran, recover, review, rules, search, sessions, show, ssh_proxy, start, tail, upload, verify,
};
use exit::CommandResult;
use exit::Status;

use crate::terminal::{self, Heed};

/// Records AWS Systems Manager sessions as they happen, and plays them back.
#[derive(Debug, Parser)]
#[command(
    name = "ssm-rec",
    version,
    max_term_width = 100,
    after_help = "Not of one command, and read by ssm-rec man TOPIC: aws, filters, store, security."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Start(start::StartArgs),
    Sessions(sessions::SessionsArgs),
    Play(play::PlayArgs),
    List(list::ListArgs),
    Search(Box<search::SearchArgs>),
    Show(show::ShowArgs),
    Commands(ran::CommandsArgs),
    Derive(derive::DeriveArgs),
    Rules(rules::RulesArgs),
    SshProxy(ssh_proxy::SshProxyArgs),
    Export(export::ExportArgs),
    Verify(verify::VerifyArgs),
    Recover(recover::RecoverArgs),
    Upload(upload::UploadArgs),
    Review(Box<review::ReviewArgs>),
    Evidence(evidence::EvidenceArgs),
    Compact(compact::CompactArgs),
    Audit(audit::AuditArgs),
    Tail(tail::TailArgs),
    Plugin(plugin::PluginArgs),
    Config(config::ConfigArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    /// Whether it may make the terminal raw.
    fn may_make_raw(&self) -> bool {
        match self {
            Self::Start(args) => args.is_interactive(),
            Self::Review(args) => args.is_interactive(),
            Self::Play(_) | Self::Tail(_) | Self::Plugin(_) => true,
            _ => false,
        }
    }
}

/// Runs the command named by `args`, program name first, and gives the status to end with.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter().peekable();
    let is_plugin = plugin::is_plugin(args.peek());
    terminal::settle(match is_plugin {
        true => Heed::Keys,
        false => Heed::Inherited,
    });
    if is_plugin {
        // The session is there already: it is not left to itself because of a log.
        if let Err(failure) = log::begin(true) {
            message::failure(&failure);
        }
        return end(plugin::run_by_name(args.skip(1)));
    }
    let args: Vec<OsString> = args.collect();
    if let Some(status) = completion::answer(&args) {
        return status.into();
    }
    let command_line = match parsed(args) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are no failure; a closed pipe behind them is none either.
            let _ = error.print();
            return if error.use_stderr() {
                Status::Usage.into()
            } else {
                Status::Success.into()
            };
        }
    };
    let command = command_line.command;
    end(log::begin(command.may_make_raw()).and_then(|()| dispatch(command)))
}

fn parsed(args: Vec<OsString>) -> Result<CommandLine, clap::Error> {
    let mut command = help::at_a_glance(CommandLine::command());
    let matches = command.try_get_matches_from_mut(args)?;
    CommandLine::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn end(result: CommandResult) -> ExitCode {
    match result {
        Ok(status) => {
            if let Status::Killed(number) = status {
                terminal::die_of(number);
            }
            status.into()
        }
        Err(failure) => {
            message::failure(&failure);
            failure.status.into()
        }
    }
}

fn dispatch(command: Command) -> CommandResult {
    match command {
        Command::Start(args) => start::run(args),
        Command::Sessions(args) => sessions::run(args),
        Command::SshProxy(args) => ssh_proxy::run(args),
        Command::Plugin(args) => plugin::run(args),
        Command::Play(args) => play::run(&args),
        Command::List(args) => list::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Commands(args) => ran::run(&args),
        Command::Derive(args) => derive::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Recover(args) => recover::run(args),
        Command::Upload(args) => upload::run(args),
        Command::Evidence(args) => evidence::run(args),
        Command::Review(args) => review::run(*args),
        Command::Compact(args) => compact::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Tail(args) => tail::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Doctor(args) => doctor::run(*args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

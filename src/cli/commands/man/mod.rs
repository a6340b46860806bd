//! `ssm-rec man`: the manual, a page for each command, made from the same words as `--help`.
//!
//! Nothing here is installed anywhere: pages go to stdout, or into the folder that is named.

mod page;
mod reference;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Command, CommandFactory as _};

use crate::cli::CommandLine;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::new_file::cannot_write;
use crate::words::{printable, slip};

/// Print the manual page of a command
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  Read the page of one command:
    ssm-rec man start | man -l -

  Install all of them for this user, after cargo install:
    ssm-rec man --to ~/.local/share/man/man1
    man ssm-rec-start")]
pub(crate) struct ManArgs {
    /// The command, such as start, or rules test; without one, the page of ssm-rec itself
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,

    /// Write that page and those of all commands below it into this folder, over older ones
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &ManArgs) -> CommandResult {
    let root = root();
    let (command, above) = find(&root, &args.command)?;
    let Some(folder) = &args.to else {
        // A reader that has seen enough is no failure.
        let text = page::text(command, &above);
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
        return Ok(Status::Success);
    };
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    let count = write_all(command, &above, folder)?;
    let folder = printable(&folder.display().to_string());
    let pages = if count == 1 { "page" } else { "pages" };
    let _ = writeln!(std::io::stdout(), "{count} {pages} in {folder}");
    Ok(Status::Success)
}

/// All commands with the names that they have in a manual: `help` is none of them, man is.
fn root() -> Command {
    let mut root = CommandLine::command().disable_help_subcommand(true);
    root.build();
    root
}

/// The command of these words, and those above it, the program itself first.
fn find<'a>(
    root: &'a Command,
    words: &[String],
) -> Result<(&'a Command, Vec<&'a Command>), Failure> {
    let mut command = root;
    let mut above = Vec::new();
    for word in words {
        let Some(below) = command.find_subcommand(word) else {
            return Err(unknown(command, word));
        };
        above.push(command);
        command = below;
    }
    Ok((command, above))
}

fn unknown(command: &Command, word: &str) -> Failure {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let error = anyhow!("{name} has no command {word:?}, so there is no page of it");
    let failure = Failure::new(Status::Usage, error);
    let names = command.get_subcommands().map(Command::get_name);
    match slip::nearest(word, names) {
        Some(near) => failure.hint(format!("did you mean {near:?}?")),
        None => failure.hint(format!("see what there is: {name} --help")),
    }
}

/// How many pages were written.
fn write_all(command: &Command, above: &[&Command], folder: &Path) -> Result<usize, Failure> {
    let path = folder.join(page::file_name(command));
    // Not by way of a temporary file: a page is for everybody whom the umask lets read it.
    fs::write(&path, page::text(command, above)).map_err(|error| cannot_write(&path, &error))?;
    let above: Vec<_> = above.iter().copied().chain([command]).collect();
    let mut count = 1;
    for below in page::commands_below(command) {
        count += write_all(below, &above, folder)?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_found_by_its_words_and_a_slip_is_told() {
        let root = root();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (command, above) = find(&root, &words("rules test")).unwrap();
        assert_eq!(page::file_name(command), "ssm-rec-rules-test.1");
        assert_eq!(above.len(), 2);
        let failure = find(&root, &words("rules tset")).unwrap_err();
        assert_eq!(failure.status, Status::Usage);
        assert_eq!(failure.hint.as_deref(), Some("did you mean \"test\"?"));
        assert!(find(&root, &words("help")).is_err());
    }
}

//! `ssm-rec man`: the manual, a page for each command, made from the same words as `--help`, and one for each topic.
//!
//! Nothing here is installed anywhere: pages go to stdout, to `man`, or into the folder that is named.

mod page;
mod reference;
pub(in crate::cli) mod topics;

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Command, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::cli::CommandLine;
use crate::cli::completion::offered;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::new_file::cannot_write;
use crate::terminal;
use crate::words::{printable, slip};
use topics::{TOPICS, Topic};

/// Print the manual page of a command or a topic
#[derive(Debug, clap::Args)]
#[command(after_help = "\
In a terminal the page is shown by man(1), or, where there is none that shows it, as plain text. Down a pipe it is the page's \
source, as it is installed.

Topics: aws (what AWS has to be set up for), filters (which sessions a command takes), store (where recordings are, and what \
their files are), security (what is promised, who could get round it, and limits).

Examples:
  Read the page of a command, and that of a topic:
    ssm-rec man start
    ssm-rec man filters

  Where man shows it only so:
    ssm-rec man start | man -l -

  Install all of them for this user, after cargo install (topics go into man7 beside man1):
    ssm-rec man --to ~/.local/share/man/man1
    man ssm-rec-start")]
pub(crate) struct ManArgs {
    /// The command, such as start, or rules test; or a topic: aws, filters, store, security. Without one, the page of ssm-rec itself
    #[arg(value_name = "COMMAND|TOPIC", add = ArgValueCompleter::new(pages))]
    page: Vec<String>,

    /// Write that page and those of all commands below it into this folder, over older ones; without a page, those of topics too
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &ManArgs) -> CommandResult {
    let root = root();
    if let [name] = args.page.as_slice()
        && let Some(topic) = Topic::find(name)
    {
        return match &args.to {
            Some(folder) => {
                write_topic(topic, folder)?;
                told(1, folder)
            }
            None => show(&page::of_topic(topic), || print(topic.text)),
        };
    }
    let (command, above) = find(&root, &args.page)?;
    let Some(folder) = &args.to else {
        return show(&page::text(command, &above), || {
            // A reader that has seen enough is no failure, here and below.
            let _ = command.clone().print_long_help();
        });
    };
    create(folder)?;
    told(write_all(command, &above, folder)?, folder)?;
    if above.is_empty() {
        let folder = folder_of_topics(folder);
        for topic in &TOPICS {
            write_topic(topic, &folder)?;
        }
        told(TOPICS.len(), &folder)?;
    }
    Ok(Status::Success)
}

/// A page for whoever reads it: a person by way of `man`, or else in plain words; a program as it is.
fn show(page: &str, plain: impl FnOnce()) -> CommandResult {
    match terminal::stdout_is_terminal() {
        true => {
            if hand_over(page).is_err() {
                plain();
            }
        }
        false => print(page),
    }
    Ok(Status::Success)
}

fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Becomes `man`, which shows the page; comes back where there is none that takes one from stdin.
#[cfg(unix)]
fn hand_over(page: &str) -> io::Result<Infallible> {
    use std::io::Seek as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};
    let mut file = tempfile::tempfile()?;
    file.write_all(page.as_bytes())?;
    let mut man = || {
        file.rewind()?;
        let mut man = Command::new("man");
        man.args(["-l", "-"]).stdin(file.try_clone()?);
        io::Result::Ok(man)
    };
    // Whether this one does is seen by asking it alone, and asking it shows nothing.
    let tried = man()?
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !tried.success() {
        return Err(io::Error::other("man takes no page from stdin"));
    }
    Err(man()?.exec())
}

#[cfg(not(unix))]
fn hand_over(_: &str) -> io::Result<Infallible> {
    Err(io::ErrorKind::Unsupported.into())
}

/// For a shell: the commands that have a page, and the topics.
fn pages(typed: &OsStr) -> Vec<CompletionCandidate> {
    let root = root();
    let commands = page::commands_below(&root).map(|command| {
        let about = command.get_about().map(ToString::to_string);
        (command.get_name().to_owned(), about.unwrap_or_default())
    });
    let topics = TOPICS
        .iter()
        .map(|topic| (topic.name.to_owned(), topic.about().to_owned()));
    offered(typed, commands.chain(topics))
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
            let topics: &[Topic] = if above.is_empty() { &TOPICS } else { &[] };
            return Err(unknown(command, topics, word));
        };
        above.push(command);
        command = below;
    }
    Ok((command, above))
}

fn unknown(command: &Command, topics: &[Topic], word: &str) -> Failure {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let what = match topics.is_empty() {
        true => "command",
        false => "command or topic",
    };
    let error = anyhow!("{name} has no {what} {word:?}, so there is no page of it");
    let failure = Failure::new(Status::Usage, error);
    let names = command.get_subcommands().map(Command::get_name);
    let names = names.chain(topics.iter().map(|topic| topic.name));
    match slip::nearest(word, names) {
        Some(near) => failure.hint(format!("did you mean {near:?}?")),
        None => failure.hint(format!("see what there is: {name} --help")),
    }
}

fn told(count: usize, folder: &Path) -> CommandResult {
    let folder = printable(&folder.display().to_string());
    let pages = if count == 1 { "page" } else { "pages" };
    print(&format!("{count} {pages} in {folder}\n"));
    Ok(Status::Success)
}

fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))
}

/// Where `man` looks for them: beside the folder of commands, where that is called as `man` calls it.
fn folder_of_topics(folder: &Path) -> PathBuf {
    match folder.file_name() == Some(OsStr::new("man1")) {
        true => folder.with_file_name("man7"),
        false => folder.to_owned(),
    }
}

fn write_topic(topic: &Topic, folder: &Path) -> Result<(), Failure> {
    create(folder)?;
    write(
        &folder.join(page::file_name_of(topic)),
        &page::of_topic(topic),
    )
}

/// Not by way of a temporary file: a page is for everybody whom the umask lets read it.
fn write(path: &Path, page: &str) -> Result<(), Failure> {
    fs::write(path, page).map_err(|error| cannot_write(path, &error))
}

/// How many pages were written.
fn write_all(command: &Command, above: &[&Command], folder: &Path) -> Result<usize, Failure> {
    let path = folder.join(page::file_name(command));
    write(&path, &page::text(command, above))?;
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
        let failure = find(&root, &words("filtres")).unwrap_err();
        assert_eq!(failure.hint.as_deref(), Some("did you mean \"filters\"?"));
        // A topic is not looked for below a command, and has no command's name.
        let failure = find(&root, &words("rules filtres")).unwrap_err();
        assert!(!failure.hint.unwrap().contains("filters"));
        for topic in &TOPICS {
            assert!(root.find_subcommand(topic.name).is_none(), "{}", topic.name);
        }
    }
}

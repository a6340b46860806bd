//! A forward that leaves the terminal once it listens, as `ssh -f`: the program again, as a child that outlives its parent.
//!
//! Nothing is left behind when it does not come to that: the parent waits for the child and ends as it does.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, anyhow};
use directories::ProjectDirs;

use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::plan;
use crate::session::console::Departure;
use crate::store::create_private;
use crate::terminal::{self, Signal, Signals};

/// The flag that tells the child from its parent.
pub(crate) const CHILD: &str = "--in-background";
/// What a shell adds to the number of the signal that ended a program.
const SIGNAL_STATUS: i32 = 128;

/// Starts the child and waits until it listens or ends.
pub(crate) fn launch() -> CommandResult {
    let program = std::env::current_exe().context("cannot find this program's own path")?;
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // Behind the word that names the command.
    arguments.insert(arguments.len().min(1), CHILD.into());
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the session in the background")?;
    plan::runtime()?.block_on(listens_or_ends(child))
}

async fn listens_or_ends(mut child: Child) -> CommandResult {
    let mut signals = Signals::open().context("cannot listen for signals")?;
    let mut pipe = child.stdout.take().context("the child has no stdout")?;
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody asks any more where the parent has ended.
        let _ = tell.send(pipe.read_exact(&mut [0]).is_ok());
    });
    tokio::pin!(told);
    let listens = loop {
        tokio::select! {
            biased;
            listens = &mut told => break listens.unwrap_or(false),
            signal = signals.next() => match signal {
                Signal::Terminate | Signal::HangUp => terminal::ask_to_end(&child),
                // A key of the terminal has reached both.
                Signal::Interrupt | Signal::Quit | Signal::Resized | Signal::Continue => {}
            },
        }
    };
    if listens {
        return Ok(Status::Success);
    }
    let ended = child.wait().context("cannot wait for the child")?;
    // It has said what there is to say.
    match number(ended) {
        0 => Err(Failure::from(anyhow!(
            "the session ended before it listened"
        ))),
        status => Ok(Status::Remote(u8::try_from(status).unwrap_or(u8::MAX))),
    }
}

fn number(ended: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&ended) {
        return SIGNAL_STATUS + signal;
    }
    ended.code().unwrap_or(1)
}

/// What the child does once so many forwards listen.
pub(crate) fn departure(forwards: usize) -> Result<Departure, Failure> {
    let (log, path) = open_log().context("cannot open the log of what runs in the background")?;
    Ok(Departure::new(forwards, move || {
        message::say(&format!(
            "in the background as process {}; what it has to say goes to {}",
            std::process::id(),
            path.display()
        ));
        if let Err(error) = terminal::depart(&log) {
            message::say(&format!("cannot leave the terminal: {error}"));
        }
    }))
}

fn open_log() -> anyhow::Result<(File, PathBuf)> {
    let project = ProjectDirs::from("", "", "ssm-rec").context("there is no home folder")?;
    let folder = project
        .state_dir()
        .unwrap_or_else(|| project.data_local_dir());
    create_private(folder)?;
    let path = folder.join(format!("forward-{}.log", std::process::id()));
    // One of an earlier process of this number, long ended, gives way.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let log = options.open(&path)?;
    Ok((log, path))
}

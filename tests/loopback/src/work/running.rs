//! A running session as its agent has it: input goes in, output comes out, dropping it ends it.
//!
//! Nothing here runs anything; each kind of session has a file of its own.

use bytes::Bytes;
use formats::PayloadType;
use formats::payload::{Flag, Size};
use tokio::sync::mpsc;

use crate::options::Options;

/// How many messages a session may be ahead of its agent.
const AHEAD: usize = 64;

/// A running session.
pub(crate) struct Work {
    pub(crate) input: mpsc::UnboundedSender<Input>,
    pub(crate) output: mpsc::Receiver<Output>,
}

/// The session's own side of a [`Work`].
pub(crate) struct Inside {
    pub(crate) input: mpsc::UnboundedReceiver<Input>,
    pub(crate) output: mpsc::Sender<Output>,
}

impl Work {
    pub(crate) fn channel() -> (Self, Inside) {
        let (input, input_queue) = mpsc::unbounded_channel();
        let (output, output_queue) = mpsc::channel(AHEAD);
        let work = Self {
            input,
            output: output_queue,
        };
        let inside = Inside {
            input: input_queue,
            output,
        };
        (work, inside)
    }
}

/// What the client sent.
#[derive(Debug)]
pub(crate) enum Input {
    Bytes(Bytes),
    Size(Size),
    Flag(Flag),
}

/// What the session wrote.
#[derive(Debug)]
pub(crate) enum Output {
    Data(PayloadType, Bytes),
    Ended,
    /// It could not go on; the text is for the person.
    Failed(String),
}

/// The environment of what a session runs: nothing of this process but where to find programs.
pub(crate) fn environment(options: &Options) -> (std::path::PathBuf, Vec<(&'static str, String)>) {
    let directory = options.directory.clone().unwrap_or_else(std::env::temp_dir);
    let mut path = std::env::var("PATH")
        .unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned());
    if let Some(programs) = &options.programs {
        path = format!("{}:{path}", programs.display());
    }
    let environment = vec![
        ("PATH", path),
        ("HOME", directory.display().to_string()),
        ("TERM", "xterm-256color".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PS1", "$ ".to_owned()),
    ];
    (directory, environment)
}

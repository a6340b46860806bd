//! What the driver needs of a person's side: keys, a screen, signals.
//!
//! Nothing here is a terminal; `console` is the one that is.

use std::future::Future;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use formats::payload::Size;

use crate::session::port::{Address, Note};

/// Where what is typed comes from.
pub trait Keys {
    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    fn read(&mut self) -> impl Future<Output = Option<io::Result<Bytes>>>;
    /// Holds this thread for so long, or until a signal comes, or a key where one `is_wanted`.
    fn pause(&mut self, _at_most: Duration, _is_wanted: bool) {}
    /// Whether something was typed or piped that was not read yet.
    fn is_waiting(&self) -> bool {
        false
    }
}

/// What the person is told of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<'a> {
    /// It is away; in words. Takes the place of what was said before.
    Away(&'a str),
    /// It is back.
    Back,
    /// It will not come back.
    Off,
}

/// Where output goes.
pub trait Screen {
    /// Output of the session; never waits.
    fn output(&mut self, bytes: Bytes) -> io::Result<()>;
    /// What a command wrote to its stderr; never waits.
    fn error(&mut self, bytes: Bytes) -> io::Result<()>;
    /// A line for the person, not part of the session.
    fn notice(&mut self, text: &str);
    /// Something that the agent has to tell.
    fn told(&mut self, text: &str) {
        self.notice(text);
    }
    /// The status of a command, in the words of the agent.
    fn exited(&mut self, _text: &[u8]) {}
    /// Connections to these addresses are carried from now on.
    fn listening(&mut self, addresses: &[Address]) {
        self.notice(&forwarded(addresses));
    }
    /// Something happened to a local connection.
    fn noted(&mut self, note: &Note) {
        if note.is_trouble() {
            self.notice(&note.to_string());
        }
    }
    /// How the connection is.
    fn status(&mut self, status: Status<'_>);
    /// Lines that the person asked for. Whether they stand over the remote's screen until the next key, and `ask(None)` with
    /// it, for which output waits.
    fn list(&mut self, lines: &[String]) -> bool {
        for line in lines {
            self.notice(line);
        }
        false
    }
    /// Asks for a line, of which so much is typed; `None` when it is complete or not wanted any more. Output that comes
    /// meanwhile is kept and shown then.
    fn ask(&mut self, typed: Option<&str>);
    /// Stops this process, for the person to go on with another.
    fn suspend(&mut self) {}
    /// How large it is now, when it knows.
    fn size(&self) -> Option<Size>;
    /// It is so large now.
    fn resized(&mut self, _size: Size) {}
    /// A shell has opened: what a person types is its keys from now on, as they are.
    fn take_terminal(&mut self) {}
    /// Whether what is typed arrives here: not while another job has the terminal.
    fn has_terminal(&self) -> bool {
        true
    }
    /// The process was stopped and continued, or it is time to look: the terminal may be another's, or ours again.
    fn reclaim(&mut self);
    /// Whether to look again before long.
    fn wants_to_reclaim(&self) -> bool {
        false
    }
    /// No shell: the terminal is left alone.
    fn release(&mut self) {}
    /// Writes what is taken now. Ready when nothing is left; else the task is woken when more may be written.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Ready when more may be written without piling up; goes on writing what waits.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    /// Resolves when everything is written.
    fn drain(&mut self) -> impl Future<Output = io::Result<()>>;
}

/// Where a forward listens, in words of ours.
pub(in crate::session) fn forwarded(addresses: &[Address]) -> String {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    format!("connections to {} are forwarded", addresses.join(" and "))
}

/// What the system tells this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The window has another size, or the process was stopped and continued.
    Resized {
        /// It was stopped and continued.
        reclaim: bool,
    },
    /// The process is asked to end, by the signal of this number.
    End(u8),
}

/// Where signals come from.
pub trait Signals {
    /// The next one. Nothing is lost when the future is dropped.
    fn next(&mut self) -> impl Future<Output = Signal>;
}

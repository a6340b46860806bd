//! What the driver needs of a person's side: keys, a screen, signals.
//!
//! Nothing here is a terminal; `console` is the one that is.

use std::future::Future;
use std::io;

use bytes::Bytes;
use formats::payload::Size;

/// Where what is typed comes from.
pub trait Keys {
    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    fn read(&mut self) -> impl Future<Output = Option<io::Result<Bytes>>>;
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
    /// How the connection is.
    fn status(&mut self, status: Status<'_>);
    /// Lines that the person asked for.
    fn list(&mut self, lines: &[String]) {
        for line in lines {
            self.notice(line);
        }
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
    /// The process was stopped and continued: the terminal's modes may be another's.
    fn reclaim(&mut self);
    /// Nobody types here after all: gives the terminal its own modes back.
    fn release(&mut self) {}
    /// Resolves when more may be written without piling up.
    fn room(&mut self) -> impl Future<Output = ()>;
    /// Resolves when everything is written.
    fn drain(&mut self) -> impl Future<Output = io::Result<()>>;
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

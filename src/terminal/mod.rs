//! The person's terminal: raw mode that restores itself, size, keys, screen and signals.
//!
//! Knows no format, and never changes a byte on its way in or out. What only Unix has stands behind `cfg` here and nowhere else.

use std::fs::File;
use std::io::{self, IsTerminal, Write as _};
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::screen::Size;

mod ask;
mod bindings;
mod choosing;
#[cfg(any(windows, test))]
mod console;
mod full_screen;
mod keys;
mod press;
mod presses;
mod screen;
mod signal;
mod signals;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use ask::ask_hidden;
pub use bindings::{Binding, bound};
pub(crate) use choosing::{Choosing, Pressed};
pub use full_screen::{enter_full_screen, leave_full_screen};
pub use keys::Keys;
pub use press::{Key, Press};
pub use presses::Presses;
pub use screen::Screen;
pub use signal::{Heed, Signal};
pub use signals::{Signals, die_of};
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Whether a person may be typing.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether words of ours may be read as they come.
#[must_use]
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Whether a person may be looking.
#[must_use]
pub fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The size of the terminal behind stdout, else behind stdin, else the controlling one. `None` when there is none,
/// or when it does not know its size.
#[must_use]
pub fn size() -> Option<Size> {
    system::size().filter(|size| size.cols > 0 && size.rows > 0)
}

/// Settles what becomes of signals that nobody listens to; to be called once, before anything else.
pub fn settle(heed: Heed) {
    system::settle(heed);
}

/// Whether the terminal is ours to read from and to change: that of a background job is not.
#[must_use]
pub fn is_foreground() -> bool {
    system::is_foreground()
}

/// While this lives, every key arrives as the byte it is and every byte is shown as it is: no line editing, no echo, no
/// signals from keys, no translation of line ends in either direction.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Makes the terminal behind stdin raw; when stdin is none, the controlling one.
    ///
    /// # Errors
    /// There is no terminal, it refuses, or it is another job's.
    pub fn enter() -> io::Result<Self> {
        if !is_foreground() {
            return Err(io::Error::other("the terminal is another job's"));
        }
        // One that was lost to another job counts as raw still.
        restore();
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self(()))
    }

    /// Makes the terminal raw again after the process was stopped and continued: a shell puts its own modes in place
    /// while a job is stopped.
    ///
    /// # Errors
    /// As [`RawMode::enter`].
    pub fn resume(&self) -> io::Result<()> {
        restore();
        crossterm::terminal::enable_raw_mode()
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal its modes back, whoever holds the [`RawMode`]. Does nothing when it is not raw, or when another job has
/// it, which has modes of its own.
pub fn restore() {
    full_screen::leave_now();
    if is_foreground() {
        // When the terminal is gone there is nothing left to restore.
        let _ = crossterm::terminal::disable_raw_mode();
    }
}

/// Writes to stderr, wherever that leads by now, and waits for it.
///
/// # Errors
/// It takes nothing.
pub fn say(text: &str) -> io::Result<()> {
    io::stderr().write_all(text.as_bytes())
}

/// How long the rest of a word may take whose beginning would be taken; a busy machine is no held terminal.
const WORD_PATIENCE: Duration = Duration::from_millis(500);

/// The same, and gives up after `patience` where nothing is taken: a terminal that is held (Ctrl-S) would hold the program too.
///
/// # Errors
/// It takes nothing, or not in time.
pub fn say_within(text: String, patience: Duration) -> io::Result<()> {
    if !system::stderr_takes_more(patience) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let mut stderr = system::stderr()?;
    let (tell, told) = mpsc::sync_channel(1);
    // Left behind where it has to wait; it holds nothing that anyone else needs.
    thread::Builder::new()
        .name("last words".into())
        .spawn(move || tell.send(stderr.write_all(text.as_bytes())))?;
    told.recv_timeout(WORD_PATIENCE)
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Leaves the terminal for good: no key and no hang-up of it reaches this process any more. Stdin is at its end, stdout
/// and stderr lead to `log`, and whoever reads stdout gets one byte as its last.
///
/// # Errors
/// The system cannot; what was done of it stays.
pub fn depart(log: &File) -> io::Result<()> {
    system::depart(log)
}

/// Asks a child to end, as SIGTERM does.
pub fn ask_to_end(child: &Child) {
    system::ask_to_end(child);
}

/// Whether somebody would continue this process: a shell, and not what has started it in a window of its own.
#[must_use]
pub fn is_waited_for() -> bool {
    system::is_waited_for()
}

/// Stops this process and the rest of its job, as the terminal's own Ctrl-Z would; returns when it is continued.
///
/// # Errors
/// The system cannot, or nobody would continue it.
pub fn suspend() -> io::Result<()> {
    system::suspend()
}

/// From now on a panic first restores the terminal, so that its message can be read and the shell behind it used.
pub fn install_panic_hook() {
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        next(panic);
    }));
}

#[cfg(test)]
mod tests;

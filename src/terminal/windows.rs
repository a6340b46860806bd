//! What Windows does for the terminal: the console's key events, its size, and its few signals.
//!
//! Decides nothing; `terminal` gives these their meaning.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

use super::console;
use super::signal::{Heed, Signal};
use crate::screen::Size;

/// The console does not tell of its size, so it is looked at this often.
const SIZE_EVERY: Duration = Duration::from_millis(300);
/// How long the reading thread may stay after its reader went away.
const LOOK_UP_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) enum Source {
    Stream,
    Console,
}

pub(super) fn size() -> Option<Size> {
    let (cols, rows) = crossterm::terminal::size().ok()?;
    Some(Size { cols, rows })
}

/// There is no way to leave a console and go on.
pub(super) fn depart(_: &std::fs::File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Nor to ask politely.
pub(super) fn ask_to_end(_: &std::process::Child) {}

/// Nothing is inherited here.
pub(super) fn settle(_: Heed) {}

/// There are no background jobs here.
pub(super) fn is_foreground() -> bool {
    true
}

/// Nothing tells without reading.
pub(super) fn is_waiting(_: &Source) -> bool {
    false
}

/// Nothing tells before it is tried.
pub(super) fn stderr_takes_more(_: Duration) -> bool {
    true
}

/// Keys come to a thread of their own here, and nothing waits for them.
pub(super) fn pause(_: Option<&Source>, _: Duration) {}

/// A console tells of its end by a signal.
pub(super) fn is_hung_up(_: &Source) -> bool {
    false
}

pub(super) fn same(source: &Source) -> io::Result<Source> {
    Ok(match source {
        Source::Stream => Source::Stream,
        Source::Console => Source::Console,
    })
}

/// A console is not read without waiting, so there is none of these.
#[derive(Debug)]
pub(super) enum Inlet {}

impl Inlet {
    pub(super) fn of(_: &Source) -> Option<Self> {
        None
    }

    pub(super) async fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

/// Nor of these.
#[derive(Debug)]
pub(super) enum Outlet {}

impl Outlet {
    pub(super) fn of<S>(_: &S) -> Option<Self> {
        None
    }

    pub(super) fn poll_write(
        &self,
        _: &mut Context<'_>,
        _: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match *self {}
    }
}

/// There are no stopped jobs here.
pub(super) fn is_waited_for() -> bool {
    false
}

/// There are none of them here.
pub(super) fn suspend() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn stdin() -> io::Result<Source> {
    if super::stdin_is_terminal() {
        Ok(Source::Console)
    } else {
        Ok(Source::Stream)
    }
}

pub(super) fn tty() -> io::Result<Source> {
    Ok(Source::Console)
}

/// The console, to write to, whatever stdout is.
pub(super) fn dialog() -> io::Result<std::fs::File> {
    std::fs::File::options()
        .read(true)
        .write(true)
        .open("CONOUT$")
}

/// There is no signal to send oneself.
pub(super) fn interrupt() {}

pub(super) fn stdout() -> io::Result<impl Write + Send + 'static> {
    Ok(io::stdout())
}

pub(super) fn stderr() -> io::Result<impl Write + Send + 'static> {
    Ok(io::stderr())
}

#[derive(Debug)]
pub(super) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) struct Interruptible {
    source: Source,
    ended: Arc<AtomicBool>,
    bytes: Vec<u8>,
}

pub(super) fn interruptible(source: Source) -> io::Result<(Interruptible, Waiting)> {
    let ended = Arc::new(AtomicBool::new(false));
    let waiting = Waiting(Arc::clone(&ended));
    Ok((
        Interruptible {
            source,
            ended,
            bytes: Vec::new(),
        },
        waiting,
    ))
}

impl Interruptible {
    /// Waits for bytes and reads them; nothing at the end of the input, or when the reader went away.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.source, Source::Stream) {
            return io::stdin().read(buffer);
        }
        while self.bytes.is_empty() {
            if self.ended.load(Ordering::Relaxed) {
                return Ok(0);
            }
            if crossterm::event::poll(LOOK_UP_EVERY)? {
                console::encode(&crossterm::event::read()?, &mut self.bytes);
            }
        }
        // A paste comes as many events: what is there already goes along.
        while self.bytes.len() < buffer.len() && crossterm::event::poll(Duration::ZERO)? {
            console::encode(&crossterm::event::read()?, &mut self.bytes);
        }
        let length = self.bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.bytes[..length]);
        self.bytes.drain(..length);
        Ok(length)
    }
}

#[derive(Debug)]
pub(super) struct Signals {
    interrupt: CtrlC,
    terminate: CtrlBreak,
    hang_up: CtrlClose,
    look: tokio::time::Interval,
    size: Option<Size>,
}

impl Signals {
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            terminate: ctrl_break()?,
            hang_up: ctrl_close()?,
            look: tokio::time::interval(SIZE_EVERY),
            size: super::size(),
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        loop {
            tokio::select! {
                biased;
                Some(()) = self.terminate.recv() => return Signal::Terminate,
                Some(()) = self.hang_up.recv() => return Signal::HangUp,
                Some(()) = self.interrupt.recv() => return Signal::Interrupt,
                _ = self.look.tick() => {
                    let size = super::size();
                    if size != self.size {
                        self.size = size;
                        return Signal::Resized;
                    }
                }
            }
        }
    }
}

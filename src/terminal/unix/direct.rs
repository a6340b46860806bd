//! Terminals and pipes, opened once more for this process alone, so that they are read and written without waiting.
//!
//! Nothing is changed for others: whether an inherited descriptor waits is shared with every program that holds it.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::task::{Context, Poll, ready};

use rustix::fs::{FileType, Mode, OFlags, fstat, major, minor, open};
use rustix::io::Errno;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The device that makes a new terminal each time it is opened: opened once more it is another one.
const PTMX: (u32, u32) = (5, 2);

/// Where bytes come from.
#[derive(Debug)]
pub(in crate::terminal) struct Inlet(AsyncFd<File>);

/// Where bytes go.
#[derive(Debug)]
pub(in crate::terminal) struct Outlet(AsyncFd<File>);

impl Inlet {
    /// What `source` leads to; `None` where it is neither terminal nor pipe, or may not be opened again. Must be called
    /// inside the runtime.
    pub(in crate::terminal) fn of(source: &impl AsFd) -> Option<Self> {
        let file = reopen(source, OFlags::RDONLY)?;
        register(file, Interest::READABLE).map(Self)
    }

    /// Waits for bytes and reads them; nothing at the end. Nothing is lost when the future is dropped.
    pub(in crate::terminal) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut guard = self.0.readable().await?;
            match guard.try_io(|file| file.get_ref().read(buffer)) {
                Ok(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                // A terminal that hung up.
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Ok(0);
                }
                Ok(read) => return read,
                Err(_) => {}
            }
        }
    }
}

impl Outlet {
    /// As [`Inlet::of`].
    pub(in crate::terminal) fn of(sink: &impl AsFd) -> Option<Self> {
        let file = reopen(sink, OFlags::WRONLY)?;
        register(file, Interest::WRITABLE).map(Self)
    }

    /// Writes as much as is taken now. It is tried before it is waited for: most of the time there is room.
    pub(in crate::terminal) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.0.get_ref().write_vectored(pieces) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.0.poll_write_ready(cx))?.clear_ready();
                }
                written => return Poll::Ready(written),
            }
        }
    }
}

#[expect(
    unsafe_code,
    reason = "the runtime wants a promise about the descriptor"
)]
fn register(file: File, interest: Interest) -> Option<AsyncFd<File>> {
    // SAFETY: a `File` owns its descriptor, keeps it open, and gives the same one as long as it lives.
    unsafe { AsyncFd::register_with_interest(file, interest) }.ok()
}

#[cfg(target_os = "linux")]
fn reopen(descriptor: &impl AsFd, way: OFlags) -> Option<File> {
    let descriptor = descriptor.as_fd();
    let was = fstat(descriptor).ok()?;
    let fits = match FileType::from_raw_mode(was.st_mode) {
        FileType::Fifo => true,
        FileType::CharacterDevice => {
            rustix::termios::isatty(descriptor) && (major(was.st_rdev), minor(was.st_rdev)) != PTMX
        }
        _ => false,
    };
    if !fits {
        return None;
    }
    let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
    let flags = way | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let again = open(path, flags, Mode::empty()).ok()?;
    let is = fstat(&again).ok()?;
    ((is.st_dev, is.st_ino) == (was.st_dev, was.st_ino)).then(|| File::from(again))
}

/// Elsewhere what is opened again may be the very same open file.
#[cfg(not(target_os = "linux"))]
fn reopen(_: &impl AsFd, _: OFlags) -> Option<File> {
    None
}

//! What Unix does for the terminal: window size, interruptible reads, signals.
//!
//! Decides nothing; `terminal` gives these their meaning.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FileType;
use rustix::termios::{isatty, tcgetpgrp, tcgetwinsize};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use self::disposition::was_ignored;
use super::signal::Signal;
use crate::screen::Size;

mod direct;
mod disposition;

pub(super) use self::direct::{Inlet, Outlet};
pub(super) use self::disposition::settle;

/// What keys are read from.
pub(super) type Source = File;

pub(super) fn size() -> Option<Size> {
    let of = |fd: BorrowedFd<'_>| tcgetwinsize(fd).ok();
    of(io::stdout().as_fd())
        .or_else(|| of(io::stdin().as_fd()))
        .or_else(|| tty().ok().and_then(|tty| of(tty.as_fd())))
        .map(|size| Size {
            cols: size.ws_col,
            rows: size.ws_row,
        })
}

/// Whether the terminal is this job's: a background job may neither read it nor change its modes. Where it controls no
/// jobs, it is.
pub(super) fn is_foreground() -> bool {
    // A group and a session that began outside of a container are 0 within it, which rustix's numbers cannot be.
    let ours = nix::unistd::getpgrp().as_raw();
    let of = |fd: BorrowedFd<'_>| tcgetpgrp(fd).map_or(true, |group| group.as_raw_pid() == ours);
    let stdin = io::stdin();
    if isatty(&stdin) {
        return of(stdin.as_fd());
    }
    tty().map_or(true, |tty| of(tty.as_fd()))
}

/// Whether something may be written to stderr within so long.
pub(super) fn stderr_takes_more(at_most: Duration) -> bool {
    let stderr = io::stderr();
    let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_most = at_most.try_into().ok();
    poll(&mut watched, at_most.as_ref()).is_ok_and(|ready| ready > 0)
}

/// Waits for bytes of `source`, for a signal, or for so long.
pub(super) fn pause(source: Option<&Source>, at_most: Duration) {
    let mut watched = source.map(|source| [PollFd::new(source, PollFlags::IN)]);
    let watched = watched.as_mut().map_or(&mut [][..], |one| &mut one[..]);
    let Ok(at_most) = at_most.try_into() else {
        return;
    };
    // A signal is an error here, and as good a reason to go on.
    let _ = poll(watched, Some(&at_most));
}

/// Whether somebody's pipe or terminal has something to read.
pub(super) fn is_waiting(source: &Source) -> bool {
    let is_stream = isatty(source)
        || rustix::fs::fstat(source)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo);
    let mut waiting = [PollFd::new(source, PollFlags::IN)];
    is_stream
        && poll(
            &mut waiting,
            Some(&rustix::event::Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            }),
        )
        .is_ok()
        && waiting[0].revents().contains(PollFlags::IN)
}

pub(super) fn is_waited_for() -> bool {
    // A stop is not heeded where no parent in the same session could undo it (POSIX: orphaned process groups).
    let parent = nix::unistd::getppid();
    let ours = nix::unistd::getsid(None);
    // No parent within a container is 0, and would be asked about as ourselves.
    parent.as_raw() > 0 && ours.is_ok() && ours == nix::unistd::getsid(Some(parent))
}

pub(super) fn suspend() -> io::Result<()> {
    if !is_waited_for() {
        return Err(io::Error::other("there is no shell to go back to"));
    }
    Ok(rustix::process::kill_current_process_group(
        rustix::process::Signal::TSTP,
    )?)
}

pub(super) fn depart(log: &File) -> io::Result<()> {
    rustix::process::setsid()?;
    let mut parent = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(log)?;
    rustix::stdio::dup2_stderr(log)?;
    parent.write_all(b".")
}

pub(super) fn ask_to_end(child: &Child) {
    let id = i32::try_from(child.id()).ok();
    if let Some(id) = id.and_then(rustix::process::Pid::from_raw) {
        // One that has ended needs no asking.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
}

pub(super) fn die_of(number: u8) {
    // Whoever calls has a status to end with where this fails.
    let _ = signal_hook::low_level::emulate_default_handler(number.into());
}

/// Stdin without the buffer of the standard library, which would keep bytes that belong to whoever reads next.
pub(super) fn stdin() -> io::Result<Source> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

pub(super) fn tty() -> io::Result<Source> {
    File::options().read(true).write(true).open("/dev/tty")
}

/// Whether the terminal behind it is gone.
pub(super) fn is_hung_up(source: &Source) -> bool {
    let mut watched = [PollFd::new(source, PollFlags::empty())];
    let at_once = rustix::event::Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut watched, Some(&at_once)).is_ok()
        && watched[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR)
}

/// The same once more, for a thread of its own.
pub(super) fn same(source: &Source) -> io::Result<Source> {
    source.try_clone()
}

/// The controlling terminal, to write to.
pub(super) fn dialog() -> io::Result<File> {
    tty()
}

/// What Ctrl-C is where the terminal is not raw.
pub(super) fn interrupt() {
    // A process may always send itself a signal.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT);
}

pub(super) fn stdout() -> io::Result<Patient> {
    io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map(|fd| Patient(File::from(fd)))
}

pub(super) fn stderr() -> io::Result<Patient> {
    io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map(|fd| Patient(File::from(fd)))
}

/// Ends the reading thread when dropped: the other end of its pipe closes.
#[derive(Debug)]
pub(super) struct Waiting {
    _end: PipeWriter,
}

pub(super) struct Interruptible {
    source: Source,
    end: PipeReader,
}

pub(super) fn interruptible(source: Source) -> io::Result<(Interruptible, Waiting)> {
    let (end, writer) = io::pipe()?;
    Ok((Interruptible { source, end }, Waiting { _end: writer }))
}

impl Interruptible {
    /// Waits for bytes and reads them; nothing at the end of the input, or when the reader went away.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut waiting = [
                PollFd::new(&self.end, PollFlags::IN),
                PollFd::new(&self.source, PollFlags::IN),
            ];
            match poll(&mut waiting, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            if !waiting[0].revents().is_empty() {
                return Ok(0);
            }
            match self.source.read(buffer) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
                // A terminal that hung up reads as an I/O error on Linux and as the end elsewhere.
                Err(error)
                    if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) =>
                {
                    return Ok(0);
                }
                read => return read,
            }
        }
    }
}

/// Waits where another program left the terminal non-blocking: both share one open file.
#[derive(Debug)]
pub(super) struct Patient(File);

impl AsFd for Patient {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    match poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], None) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Signals {
    resized: Stream,
    resume: Stream,
    terminate: Option<Stream>,
    hang_up: Option<Stream>,
    interrupt: Option<Stream>,
    quit: Option<Stream>,
}

impl Signals {
    pub(super) fn open() -> io::Result<Self> {
        let ending = |of: rustix::process::Signal| match was_ignored(of) {
            true => Ok(None),
            false => signal(SignalKind::from_raw(of.as_raw())).map(Some),
        };
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            terminate: ending(rustix::process::Signal::TERM)?,
            hang_up: ending(rustix::process::Signal::HUP)?,
            interrupt: ending(rustix::process::Signal::INT)?,
            quit: ending(rustix::process::Signal::QUIT)?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        // Those that end the session go first: many resizes must not hide them.
        tokio::select! {
            biased;
            () = come(&mut self.terminate) => Signal::Terminate,
            () = come(&mut self.hang_up) => Signal::HangUp,
            () = come(&mut self.quit) => Signal::Quit,
            () = come(&mut self.interrupt) => Signal::Interrupt,
            Some(()) = self.resume.recv() => Signal::Continue,
            Some(()) = self.resized.recv() => Signal::Resized,
            else => std::future::pending().await,
        }
    }
}

/// Resolves when one comes that is listened to.
async fn come(stream: &mut Option<Stream>) {
    if let Some(stream) = stream
        && stream.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Keys;
    use std::os::fd::OwnedFd;

    fn pipe() -> (Source, PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        (File::from(OwnedFd::from(reader)), writer)
    }

    #[tokio::test]
    async fn a_large_paste_arrives_whole_and_then_the_end() {
        let (source, mut writer) = pipe();
        let mut keys = Keys::from_source(source);
        let paste: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        let sent = paste.clone();
        let typing = std::thread::spawn(move || writer.write_all(&sent).unwrap());
        let mut got = Vec::new();
        while let Some(piece) = keys.read().await {
            got.extend_from_slice(&piece.unwrap());
        }
        typing.join().unwrap();
        assert!(got == paste, "{} bytes of {}", got.len(), paste.len());
    }

    #[tokio::test]
    async fn what_is_typed_after_the_session_is_left_to_the_next_reader() {
        let (source, mut writer) = pipe();
        let mut next = source.try_clone().unwrap();
        let mut keys = Keys::from_source(source);
        writer.write_all(b"a").unwrap();
        assert_eq!(&keys.read().await.unwrap().unwrap()[..], b"a");
        drop(keys);
        writer.write_all(b"b").unwrap();
        let mut got = [0; 1];
        next.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"b");
    }

    #[tokio::test]
    async fn signals_arrive_by_name() {
        let mut signals = Signals::open().unwrap();
        for (sent, expected) in [
            (rustix::process::Signal::WINCH, Signal::Resized),
            (rustix::process::Signal::CONT, Signal::Continue),
            (rustix::process::Signal::QUIT, Signal::Quit),
            (rustix::process::Signal::TERM, Signal::Terminate),
        ] {
            rustix::process::kill_process(rustix::process::getpid(), sent).unwrap();
            assert_eq!(signals.next().await, expected);
        }
    }
}

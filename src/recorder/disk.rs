//! The file that a recording grows in: a thread of its own writes it, a bounded queue feeds the thread.
//!
//! Nothing here waits for the disk on the caller's side, and no byte is taken for which the disk has not promised room:
//! space is reserved ahead, so that a disk that fills up is noticed before anything is shown that would not fit.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::Notify;

/// Bytes that may wait for the disk; when more do, the session waits. Some seconds of a slow disk at full output.
const QUEUE_LIMIT: usize = 4 * 1024 * 1024;
/// How much is reserved at a time.
const RESERVE_STEP: u64 = 1024 * 1024;

/// When the written bytes are forced to the disk itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// At each flush, so once a second while something happens: a power cut costs a second.
    #[default]
    Flush,
    /// At the end of the recording only: a power cut costs what the system had not written yet.
    End,
}

/// The caller's end: takes bytes at once, tells when there is room for more.
#[derive(Debug)]
pub(super) struct Disk {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    sync: Sync,
}

/// Tells whether the disk keeps up; lives beside the [`Disk`] that it belongs to.
#[derive(Clone, Debug)]
pub(super) struct Gauge(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread.
    work: Condvar,
    /// Wakes the session.
    room: Notify,
    /// The file's length up to the last flush that was written.
    flushed: AtomicU64,
}

/// Tells how much of the recording's file can be read by itself; may outlive the recorder.
#[derive(Clone, Debug)]
pub struct Flushed(Arc<Shared>);

impl Flushed {
    /// The file's length up to the last flush: every event before it is whole, and these bytes never change again.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.flushed.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Job>,
    queued: usize,
    accepted: u64,
    /// The file's length up to which the disk has promised room; `u64::MAX` where it cannot promise.
    reserved: u64,
    /// The length up to which the caller wants room.
    wanted: u64,
    /// No room was promised for more: no event may be added, but what was taken and the tail still fit.
    full: Option<Fault>,
    /// Bytes were lost: nothing more is written, so that the file ends where it is still sound.
    broken: Option<Fault>,
    closed: bool,
}

/// An I/O error that can be told more than once.
#[derive(Clone, Debug)]
struct Fault {
    kind: ErrorKind,
    message: String,
}

#[derive(Debug)]
enum Job {
    Write(Vec<u8>),
    Flushed { force: bool },
}

impl Disk {
    /// Makes the file, readable by its owner alone, and reserves room for `tail` bytes and, if it can be had, more.
    ///
    /// # Errors
    /// The file exists or cannot be made, or there is no room for even a short session.
    pub(super) fn create(path: &Path, tail: u64, sync: Sync) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let reserved =
            reserve(&file, 0, tail + RESERVE_STEP).or_else(|_| reserve(&file, 0, tail + tail / 8));
        let reserved = match reserved {
            Ok(reserved) => reserved,
            Err(error) => {
                // An empty file would only look like a lost recording.
                let _ = std::fs::remove_file(path);
                return Err(error);
            }
        };
        let state = State {
            queue: VecDeque::new(),
            queued: 0,
            accepted: 0,
            reserved,
            wanted: tail,
            full: None,
            broken: None,
            closed: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            room: Notify::new(),
            flushed: AtomicU64::new(0),
        });
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.write_all(&file)
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            sync,
        })
    }

    /// The gauge of this disk.
    #[must_use]
    pub(super) fn gauge(&self) -> Gauge {
        Gauge(Arc::clone(&self.shared))
    }

    /// Notes that everything taken so far reads by itself, and asks that it reaches the disk, if the policy says so.
    pub(super) fn sync(&self) {
        let force = self.sync == Sync::Flush;
        self.shared.state().queue.push_back(Job::Flushed { force });
        self.shared.work.notify_one();
    }

    /// Waits until everything is written, forced to the disk and trimmed to length.
    ///
    /// # Errors
    /// Something could not be written.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.close();
        let state = self.shared.state();
        fail(state.broken.as_ref())?;
        Ok(state.accepted)
    }

    fn close(&mut self) {
        self.shared.state().closed = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread does not panic; if it did, the state tells what was not written.
            let _ = thread.join();
        }
    }
}

impl Gauge {
    /// How much of the file can be read by itself.
    #[must_use]
    pub(super) fn flushed(&self) -> Flushed {
        Flushed(Arc::clone(&self.0))
    }

    /// Resolves when the disk has kept up and promised room for what was taken and `tail` more bytes.
    ///
    /// # Errors
    /// Writing has failed, or the disk is full.
    pub(super) async fn room(&self, tail: u64) -> io::Result<()> {
        loop {
            let notified = self.0.room.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.has_room(tail)? {
                return Ok(());
            }
            notified.await;
        }
    }

    /// Whether [`Gauge::room`] would resolve at once.
    ///
    /// # Errors
    /// As [`Gauge::room`].
    pub(super) fn has_room(&self, tail: u64) -> io::Result<bool> {
        let mut state = self.0.state();
        fail(state.full.as_ref().or(state.broken.as_ref()))?;
        let needed = state.accepted + tail;
        // Asked for early, so that the session seldom waits for an answer.
        if state.reserved < needed + RESERVE_STEP / 2 && state.wanted < needed + RESERVE_STEP / 2 {
            state.wanted = needed + RESERVE_STEP;
            self.0.work.notify_one();
        }
        Ok(state.queued < QUEUE_LIMIT && needed <= state.reserved)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close();
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.shared.state();
        fail(state.broken.as_ref())?;
        state.queued += bytes.len();
        state.queue.push_back(Job::Write(bytes.to_vec()));
        state.accepted += bytes.len() as u64;
        self.shared.work.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        fail(self.shared.state().broken.as_ref())
    }
}

impl Fault {
    fn of(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
        }
    }
}

fn fail(fault: Option<&Fault>) -> io::Result<()> {
    fault.map_or(Ok(()), |fault| {
        Err(io::Error::new(fault.kind, fault.message.clone()))
    })
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: takes jobs until the queue is closed and empty, keeps the reservation ahead of them.
    fn write_all(&self, mut file: &File) {
        let mut written = 0;
        loop {
            let (job, wanted, reserved) = {
                let mut state = self.state();
                while state.queue.is_empty()
                    && !state.closed
                    && (state.wanted <= state.reserved || state.full.is_some())
                {
                    state = self
                        .work
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                if state.queue.is_empty() && state.closed {
                    break;
                }
                let job = state.queue.pop_front();
                (job, state.wanted, state.reserved)
            };
            let result = match job {
                Some(Job::Write(bytes)) => {
                    let result = file.write_all(&bytes);
                    written += bytes.len() as u64;
                    self.state().queued -= bytes.len();
                    result
                }
                Some(Job::Flushed { force }) => {
                    let result = if force { file.sync_data() } else { Ok(()) };
                    self.flushed.store(written, Ordering::Release);
                    result
                }
                None => Ok(()),
            };
            if let Err(error) = result {
                let mut state = self.state();
                state.broken = Some(Fault::of(&error));
                state.queue.clear();
                drop(state);
                self.room.notify_waiters();
                return;
            }
            if wanted > reserved {
                match reserve(file, reserved, wanted) {
                    Ok(reserved) => self.state().reserved = reserved,
                    Err(error) => self.state().full = Some(Fault::of(&error)),
                }
            }
            self.room.notify_waiters();
        }
        self.flushed.store(written, Ordering::Release);
        // Gives back what was reserved and not used.
        if let Err(error) = file.set_len(written).and_then(|()| file.sync_all()) {
            self.state().broken.get_or_insert(Fault::of(&error));
        }
    }
}

/// Makes the file system promise the room between two lengths without changing the length itself.
#[cfg(target_os = "linux")]
fn reserve(file: &File, from: u64, to: u64) -> io::Result<u64> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    // A promise beyond the process's own limit would be worth nothing.
    if rustix::process::getrlimit(rustix::process::Resource::Fsize)
        .current
        .is_some_and(|limit| to > limit)
    {
        return Err(Errno::FBIG.into());
    }
    match fallocate(file, FallocateFlags::KEEP_SIZE, from, to - from) {
        Ok(()) => Ok(to),
        // File systems that cannot promise: the write itself will tell.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(u64::MAX),
        Err(error) => Err(error.into()),
    }
}

/// Elsewhere nothing promises; the write itself will tell.
#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64, _: u64) -> io::Result<u64> {
    Ok(u64::MAX)
}

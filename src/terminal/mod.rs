//! The person's terminal: raw mode that restores itself, size, keys, screen and signals.
//!
//! Knows no format, and never changes a byte on its way in or out. What only Unix has stands behind `cfg` here and nowhere else.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use crate::screen::Size;

mod ask;
#[cfg(any(windows, test))]
mod console;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use ask::ask_hidden;
#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// Whether a person may be typing.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
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

/// While this lives, every key arrives as the byte it is and every byte is shown as it is: no line editing, no echo, no
/// signals from keys, no translation of line ends in either direction.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Makes the terminal behind stdin raw; when stdin is none, the controlling one.
    ///
    /// # Errors
    /// There is no terminal, or it refuses.
    pub fn enter() -> io::Result<Self> {
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

/// Gives the terminal its modes back, whoever holds the [`RawMode`]. Does nothing when it is not raw.
pub fn restore() {
    // When the terminal is gone there is nothing left to restore.
    let _ = crossterm::terminal::disable_raw_mode();
}

/// Stops this process and the rest of its job, as the terminal's own Ctrl-Z would; returns when it is continued.
///
/// # Errors
/// The system cannot.
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

/// The longest piece handed out by [`Keys::read`]: a paste goes through in few steps, and memory stays small.
const KEYS_AT_ONCE: usize = 64 * 1024;

/// The bytes that a person (or a pipe) sends. A thread of its own waits for them; at most two pieces are ever read
/// ahead, and dropping this leaves everything that was not read yet to whoever reads next.
#[derive(Debug)]
pub struct Keys {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    _waiting: system::Waiting,
}

impl Keys {
    /// Reads stdin, be it a terminal or not.
    ///
    /// # Errors
    /// The system has no thread or descriptor left.
    pub fn open() -> io::Result<Self> {
        Self::from_source(system::stdin()?)
    }

    /// Reads the controlling terminal, for when stdin carries something else.
    ///
    /// # Errors
    /// There is no controlling terminal.
    pub fn open_tty() -> io::Result<Self> {
        Self::from_source(system::tty()?)
    }

    /// Whether something was read ahead.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.pieces.is_empty()
    }

    fn from_source(source: system::Source) -> io::Result<Self> {
        let (sender, pieces) = mpsc::channel(1);
        let (mut source, waiting) = system::interruptible(source)?;
        thread::Builder::new().name("keys".into()).spawn(move || {
            let mut buffer = vec![0; KEYS_AT_ONCE];
            loop {
                let piece = match source.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(length) => Ok(Bytes::copy_from_slice(&buffer[..length])),
                    Err(error) => Err(error),
                };
                let failed = piece.is_err();
                if sender.blocking_send(piece).is_err() || failed {
                    return;
                }
            }
        })?;
        Ok(Self {
            pieces,
            _waiting: waiting,
        })
    }

    /// The next bytes, as they came; `None` once the input has ended. Nothing is lost when the future is dropped.
    pub async fn read(&mut self) -> Option<io::Result<Bytes>> {
        self.pieces.recv().await
    }
}

/// What may wait to be written before [`Screen::room`] makes its caller wait, in bytes.
const SCREEN_QUEUE: usize = 256 * 1024;
/// Small pieces are written together, up to this many bytes at once.
const SCREEN_WRITE: usize = 64 * 1024;

/// Stdout (or stderr) behind a thread of its own, so that a slow terminal never stops whoever writes.
#[derive(Debug)]
pub struct Screen {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<QueueState>,
    /// Wakes the writer thread.
    filled: std::sync::Condvar,
    /// Wakes the one task that owns the `Screen`.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct QueueState {
    pieces: VecDeque<Bytes>,
    /// Not yet written, those under way included.
    bytes: usize,
    closed: bool,
    failed: Option<io::ErrorKind>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    /// Writes to stdout, be it a terminal or not.
    ///
    /// # Errors
    /// Stdout is closed, or the system has no thread left.
    pub fn open() -> io::Result<Self> {
        Self::onto(system::stdout()?)
    }

    /// Writes to stderr, in the same way.
    ///
    /// # Errors
    /// As [`Screen::open`].
    pub fn open_errors() -> io::Result<Self> {
        Self::onto(system::stderr()?)
    }

    fn onto(mut sink: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let shared = Arc::clone(&queue);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || write_queue(&shared, &mut sink))?;
        Ok(Self { queue })
    }

    /// Queues `bytes` and returns at once. Whoever may write much awaits [`Screen::room`] in between.
    ///
    /// # Errors
    /// An earlier write failed: nobody is looking any more.
    pub fn write(&self, bytes: Bytes) -> io::Result<()> {
        let mut state = self.queue.lock();
        if let Some(kind) = state.failed {
            return Err(kind.into());
        }
        if !bytes.is_empty() {
            state.bytes += bytes.len();
            state.pieces.push_back(bytes);
            self.queue.filled.notify_one();
        }
        Ok(())
    }

    /// Whether [`Screen::room`] would return at once.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let state = self.queue.lock();
        state.failed.is_some() || state.bytes < SCREEN_QUEUE
    }

    /// Waits until the queue has room, or until nothing can be written any more.
    pub async fn room(&mut self) {
        self.wait(|state| state.bytes < SCREEN_QUEUE).await;
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn drain(&mut self) -> io::Result<()> {
        self.wait(|state| state.bytes == 0).await;
        self.queue
            .lock()
            .failed
            .map_or(Ok(()), |kind| Err(kind.into()))
    }

    async fn wait(&self, reached: impl Fn(&QueueState) -> bool) {
        loop {
            {
                let state = self.queue.lock();
                if state.failed.is_some() || reached(&state) {
                    return;
                }
            }
            self.queue.emptied.notified().await;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The thread is not waited for: a terminal that is held (Ctrl-S) would hold the program too.
        self.queue.lock().closed = true;
        self.queue.filled.notify_one();
    }
}

fn write_queue(queue: &Queue, sink: &mut dyn Write) {
    let mut gathered = Vec::new();
    loop {
        let piece = {
            let mut state = queue.lock();
            loop {
                if let Some(piece) = state.pieces.pop_front() {
                    gathered.clear();
                    if state.pieces.is_empty() {
                        break piece;
                    }
                    gathered.extend_from_slice(&piece);
                    while let Some(next) = state.pieces.front()
                        && gathered.len() + next.len() <= SCREEN_WRITE
                    {
                        gathered.extend_from_slice(next);
                        state.pieces.pop_front();
                    }
                    break Bytes::new();
                }
                if state.closed {
                    return;
                }
                state = queue
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        };
        let bytes = if gathered.is_empty() {
            &piece[..]
        } else {
            &gathered[..]
        };
        let written = sink.write_all(bytes).and_then(|()| sink.flush());
        let mut state = queue.lock();
        state.bytes -= bytes.len();
        if let Err(error) = written {
            state.failed = Some(error.kind());
            state.pieces = VecDeque::new();
            state.bytes = 0;
            queue.emptied.notify_one();
            return;
        }
        drop(state);
        queue.emptied.notify_one();
    }
}

/// What the system tells a process that holds a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The window has another size now.
    Resized,
    /// Asked to end (SIGTERM).
    Terminate,
    /// The terminal went away (SIGHUP).
    HangUp,
    /// Interrupted from outside (SIGINT): in raw mode Ctrl-C is a byte and not this.
    Interrupt,
    /// Stopped and continued: the terminal's modes may be another's.
    Continue,
}

impl Signal {
    /// The number that an exit status names, for those that end a process.
    #[must_use]
    pub fn number(self) -> Option<u8> {
        match self {
            Self::HangUp => Some(1),
            Self::Interrupt => Some(2),
            Self::Terminate => Some(15),
            Self::Resized | Self::Continue => None,
        }
    }
}

/// The signals of this process. Once opened, the process no longer ends by itself when one comes, not even after this
/// is dropped: whoever opens it sees to that.
#[derive(Debug)]
pub struct Signals(system::Signals);

impl Signals {
    /// Starts listening. Must be called inside the runtime.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn open() -> io::Result<Self> {
        system::Signals::open().map(Self)
    }

    /// The next signal. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Signal {
        self.0.next().await
    }
}

#[cfg(test)]
mod tests;

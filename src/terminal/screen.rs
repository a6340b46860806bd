//! Stdout or stderr, written by whoever has the bytes while it takes them, so that nothing is handed from thread to thread.
//!
//! Nothing here waits for a terminal that takes nothing, and no byte is changed or left out.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use bytes::{Buf, Bytes};

use super::system;

/// What may wait to be written before [`Screen::room`] makes its caller wait, in bytes.
pub(super) const QUEUE: usize = 256 * 1024;
/// Small pieces are written together, so many at once and up to so many bytes.
const PIECES: usize = 64;
const WRITE: usize = 64 * 1024;

/// Where output goes. What is written waits here until [`Screen::poll_flush`], [`Screen::room`] or [`Screen::drain`] is asked.
#[derive(Debug)]
pub struct Screen {
    pieces: Pieces,
    way: Way,
}

/// What waits to be written or handed on.
#[derive(Debug, Default)]
struct Pieces {
    queue: VecDeque<Bytes>,
    bytes: usize,
    failed: Option<ErrorKind>,
}

#[derive(Debug)]
enum Way {
    Direct(system::Outlet),
    /// What is written is forgotten.
    Nowhere,
    /// For what cannot be written without waiting: files, and whatever the system does not let us open again.
    Thread(Arc<Queue>),
}

impl Screen {
    /// Writes to stdout, be it a terminal or not. Must be called inside the runtime.
    ///
    /// # Errors
    /// Stdout is closed, or the system has no thread left.
    pub fn open() -> io::Result<Self> {
        let stdout = system::stdout()?;
        match system::Outlet::of(&stdout) {
            Some(outlet) => Ok(Self::by(Way::Direct(outlet))),
            None => Self::onto(stdout),
        }
    }

    /// Writes to stderr, in the same way.
    ///
    /// # Errors
    /// As [`Screen::open`].
    pub fn open_errors() -> io::Result<Self> {
        let stderr = system::stderr()?;
        match system::Outlet::of(&stderr) {
            Some(outlet) => Ok(Self::by(Way::Direct(outlet))),
            None => Self::onto(stderr),
        }
    }

    /// For whoever has nobody to write to: no terminal is held open.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::by(Way::Nowhere)
    }

    pub(super) fn onto(mut sink: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let shared = Arc::clone(&queue);
        thread::Builder::new()
            .name("screen".into())
            .spawn(move || shared.write_all(&mut sink))?;
        Ok(Self::by(Way::Thread(queue)))
    }

    fn by(way: Way) -> Self {
        Self {
            pieces: Pieces::default(),
            way,
        }
    }

    /// Takes `bytes` and returns at once. Whoever may write much awaits [`Screen::room`] in between.
    ///
    /// # Errors
    /// An earlier write failed: nobody is looking any more.
    pub fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        if let Some(kind) = self.failure() {
            return Err(kind.into());
        }
        if !bytes.is_empty() {
            self.pieces.bytes += bytes.len();
            self.pieces.queue.push_back(bytes);
        }
        Ok(())
    }

    /// Writes what is taken now. Ready when nothing is left, or nothing can be written any more; else the task is woken
    /// when more may be.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.way {
            Way::Nowhere => {
                self.pieces = Pieces::default();
                Poll::Ready(())
            }
            Way::Thread(queue) => {
                self.pieces.bytes = 0;
                queue.poll_take(cx, &mut self.pieces.queue)
            }
            Way::Direct(outlet) => {
                while self.pieces.bytes > 0 {
                    let mut slices = [IoSlice::new(&[]); PIECES];
                    let mut filled = 0;
                    let mut length = 0;
                    for (slice, piece) in slices.iter_mut().zip(&self.pieces.queue) {
                        if filled > 0 && length + piece.len() > WRITE {
                            break;
                        }
                        *slice = IoSlice::new(piece);
                        filled += 1;
                        length += piece.len();
                    }
                    match ready!(outlet.poll_write(cx, &slices[..filled])) {
                        Ok(0) => self.pieces.fail(ErrorKind::WriteZero),
                        Ok(written) => self.pieces.advance(written),
                        Err(error) => self.pieces.fail(error.kind()),
                    }
                }
                Poll::Ready(())
            }
        }
    }

    /// Whether everything is written, as far as is known without asking.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// Whether [`Screen::room`] would return at once.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting() < QUEUE || self.failure().is_some()
    }

    /// Waits until there is room for more, or until nothing can be written any more.
    pub async fn room(&mut self) {
        poll_fn(|cx| self.poll_room(cx)).await;
    }

    /// As [`Screen::room`], and goes on writing what waits.
    pub fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Whether all of it goes is not of interest here.
        let _ = self.poll_flush(cx);
        match self.has_room() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn drain(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await;
        self.failure().map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn waiting(&self) -> usize {
        let handed_on = match &self.way {
            Way::Direct(_) | Way::Nowhere => 0,
            Way::Thread(queue) => queue.lock().bytes,
        };
        self.pieces.bytes + handed_on
    }

    fn failure(&self) -> Option<ErrorKind> {
        match &self.way {
            Way::Direct(_) | Way::Nowhere => self.pieces.failed,
            Way::Thread(queue) => queue.lock().failed,
        }
    }
}

impl Pieces {
    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(piece) = self.queue.front_mut() {
            if piece.len() > written {
                piece.advance(written);
                return;
            }
            written -= piece.len();
            self.queue.pop_front();
        }
    }

    fn fail(&mut self, kind: ErrorKind) {
        *self = Self {
            failed: Some(kind),
            ..Self::default()
        };
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Way::Thread(queue) = &self.way {
            // The thread is not waited for: a terminal that is held (Ctrl-S) would hold the program too.
            queue.lock().closed = true;
            queue.filled.notify_one();
        }
    }
}

/// What a thread is to write.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<QueueState>,
    /// Wakes the thread.
    filled: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    pieces: VecDeque<Bytes>,
    /// Not yet written, those under way included.
    bytes: usize,
    closed: bool,
    failed: Option<ErrorKind>,
    /// The one task that owns the `Screen`.
    waker: Option<Waker>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_take(&self, cx: &Context<'_>, pieces: &mut VecDeque<Bytes>) -> Poll<()> {
        let mut state = self.lock();
        if state.failed.is_some() {
            pieces.clear();
            return Poll::Ready(());
        }
        if !pieces.is_empty() {
            state.bytes += pieces.iter().map(Bytes::len).sum::<usize>();
            state.pieces.append(pieces);
            self.filled.notify_one();
        }
        if state.bytes == 0 {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The thread.
    fn write_all(&self, sink: &mut dyn Write) {
        let mut gathered = Vec::new();
        loop {
            {
                let mut state = self.lock();
                while state.pieces.is_empty() {
                    if state.closed {
                        return;
                    }
                    state = self
                        .filled
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                gathered.clear();
                while let Some(next) = state.pieces.front()
                    && (gathered.is_empty() || gathered.len() + next.len() <= WRITE)
                {
                    gathered.extend_from_slice(next);
                    state.pieces.pop_front();
                }
            }
            let written = sink.write_all(&gathered).and_then(|()| sink.flush());
            let mut state = self.lock();
            state.bytes -= gathered.len();
            let failed = written.is_err();
            if let Err(error) = written {
                state.failed = Some(error.kind());
                state.pieces = VecDeque::new();
                state.bytes = 0;
            }
            if let Some(waker) = state.waker.take() {
                drop(state);
                waker.wake();
            }
            if failed {
                return;
            }
        }
    }
}

//! The bytes that a person or a pipe sends, read when they are wanted and not before.
//!
//! Nothing here changes a byte, and what nobody asked for stays for whoever reads next.

use std::io;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::system;

/// The longest piece handed out by [`Keys::read`]: a paste goes through in few steps, and memory stays small.
const AT_ONCE: usize = 64 * 1024;
/// How often a job that lost its terminal looks whether it has it back.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// The bytes that a person (or a pipe) sends. A terminal or a pipe is read by whoever asks; for anything else a thread
/// waits once it was asked for the first time, and reads at most two pieces ahead.
#[derive(Debug)]
pub struct Keys {
    source: system::Source,
    way: Way,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Way {
    Direct(system::Inlet),
    /// Nobody has asked so far.
    Unasked,
    Thread(Thread),
}

#[derive(Debug)]
struct Thread {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    _waiting: system::Waiting,
}

impl Keys {
    /// Reads stdin, be it a terminal or not. Must be called inside the runtime.
    ///
    /// # Errors
    /// The system has no descriptor left.
    pub fn open() -> io::Result<Self> {
        system::stdin().map(Self::from_source)
    }

    /// Reads the controlling terminal, for when stdin carries something else.
    ///
    /// # Errors
    /// There is no controlling terminal.
    pub fn open_tty() -> io::Result<Self> {
        system::tty().map(Self::from_source)
    }

    /// Whether somebody has typed or piped something that was not read. A file has not.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        system::is_waiting(&self.source)
    }

    /// Holds this thread for so long, or until a signal comes, or bytes where they are `wanted`. Not at all where another
    /// thread waits for them, which this one would not hear of.
    pub fn pause(&self, at_most: Duration, wanted: bool) {
        match &self.way {
            Way::Direct(_) => system::pause(wanted.then_some(&self.source), at_most),
            Way::Unasked if !wanted => system::pause(None, at_most),
            Way::Unasked | Way::Thread(_) => {}
        }
    }

    pub(super) fn from_source(source: system::Source) -> Self {
        Self {
            way: system::Inlet::of(&source).map_or(Way::Unasked, Way::Direct),
            source,
            buffer: Vec::new(),
        }
    }

    /// The next bytes, as they came; `None` once the input has ended. Nothing is lost when the future is dropped.
    pub async fn read(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            match &mut self.way {
                Way::Direct(inlet) => {
                    self.buffer.resize(AT_ONCE, 0);
                    match inlet.read(&mut self.buffer).await {
                        // What a background job reads looks like the end.
                        Ok(0) if !system::is_foreground() => tokio::time::sleep(LOOK_AGAIN).await,
                        Ok(0) => return None,
                        Ok(length) => {
                            return Some(Ok(Bytes::copy_from_slice(&self.buffer[..length])));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                }
                Way::Thread(thread) => return thread.pieces.recv().await,
                Way::Unasked => match system::same(&self.source).and_then(Thread::start) {
                    Ok(thread) => self.way = Way::Thread(thread),
                    Err(error) => return Some(Err(error)),
                },
            }
        }
    }
}

impl Thread {
    fn start(source: system::Source) -> io::Result<Self> {
        let (sender, pieces) = mpsc::channel(1);
        let (mut source, waiting) = system::interruptible(source)?;
        thread::Builder::new().name("keys".into()).spawn(move || {
            let mut buffer = vec![0; AT_ONCE];
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
}

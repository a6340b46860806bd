//! The signals of this process, by what they mean to whoever holds a terminal.
//!
//! Nothing here acts on one, and one that was ignored when the process began stays ignored.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::signal::Signal;
use super::system;

/// Ends this process as a signal of this number does where nobody listens for it. Returns where it does not.
pub fn die_of(number: u8) {
    #[cfg(unix)]
    system::die_of(number);
    #[cfg(not(unix))]
    let _ = number;
}

/// Whether anything was opened that heeds signals for the whole process.
static LISTENED_TO: AtomicBool = AtomicBool::new(false);

pub(super) fn is_listened_to() -> bool {
    LISTENED_TO.load(Ordering::Relaxed)
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
        LISTENED_TO.store(true, Ordering::Relaxed);
        system::Signals::open().map(Self)
    }

    /// As [`Signals::open`], beside whoever heeds them for the process.
    pub(super) fn beside() -> io::Result<Self> {
        system::Signals::open().map(Self)
    }

    /// The next signal. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Signal {
        self.0.next().await
    }
}

//! Signals while a session is being prepared: they end the wait, and what has begun is taken back.
//!
//! Nothing here heeds a signal of a session that runs; that is the driver's part.

use std::pin::pin;
use std::time::Duration;

use super::error::Error;
use crate::terminal::Signals;

/// How long a call that cannot be taken back may still take: what it gives is ended, not left open.
const PATIENCE: Duration = Duration::from_secs(5);

/// From here on no signal ends the process; it ends what is waited for.
#[derive(Debug)]
pub(crate) struct Interrupts(Signals);

impl Interrupts {
    /// Starts to listen.
    pub(crate) fn open() -> Result<Self, Error> {
        Signals::open().map(Self).map_err(|source| Error::Machine {
            what: "listen for signals",
            source,
        })
    }

    /// What `work` gives, unless a signal comes first. One that came while it let nothing else run (a question) counts.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        let done = tokio::select! {
            biased;
            number = self.next() => return Err(Error::Signal(number)),
            done = work => done,
        };
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            number = self.next() => Err(Error::Signal(number)),
            () = std::future::ready(()) => Ok(done),
        }
    }

    /// The same for a call that begins something: after a signal its answer is still waited for, to be dropped. More
    /// signals change nothing about that: a session whose answer nobody waits for stays open.
    pub(crate) async fn or_undo<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Error> {
        let mut work = pin!(work);
        let number = tokio::select! {
            done = &mut work => return Ok(done),
            number = self.next() => number,
        };
        // Too late an answer cannot be waited for.
        let _ = tokio::time::timeout(PATIENCE, work).await;
        Err(Error::Signal(number))
    }

    /// For whoever heeds them from now on.
    pub(crate) fn into_signals(self) -> Signals {
        self.0
    }

    async fn next(&mut self) -> u8 {
        loop {
            if let Some(number) = self.0.next().await.number() {
                return number;
            }
        }
    }
}

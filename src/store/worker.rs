//! The threads that requests run on, so that any thread may wait for one, one inside a runtime included.
//!
//! Nothing here knows what is asked.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::Error;

/// How often a progress callback is called.
const PROGRESS_STEP: Duration = Duration::from_millis(100);

/// The runtime that the requests run on.
pub(super) struct Worker(Option<Runtime>);

impl Worker {
    /// Starts as many threads, for the requests to `place`.
    pub(super) fn start(threads: usize, place: &str) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|source| Error::Io {
                what: "start a thread for",
                place: place.to_owned(),
                source,
            })?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        match &self.0 {
            Some(runtime) => runtime,
            None => unreachable!("only drop takes the runtime"),
        }
    }

    /// Runs `work` to its end; the calling thread waits, and does `meanwhile` ten times a second.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
        mut meanwhile: impl FnMut(),
    ) -> Result<T, Error> {
        let (done, result) = sync_channel(1);
        self.runtime().spawn(async move {
            // Nobody waits any more when the caller is gone.
            let _ = done.send(work.await);
        });
        loop {
            match result.recv_timeout(PROGRESS_STEP) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => meanwhile(),
                Err(RecvTimeoutError::Disconnected) => return Err(broken_off()),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Waiting for the threads is forbidden inside another runtime, where the last handle may well be dropped.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) fn broken_off() -> Error {
    Error::Io {
        what: "finish a request to",
        place: "the store".to_owned(),
        source: std::io::Error::other("its thread ended early"),
    }
}

//! The threads on which a store in S3 works, for callers that wait.
//!
//! Nothing here knows what is done on them.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use tokio::runtime::Runtime;

use super::broken_off;
use crate::store::Error;

/// How often a caller that waits is told how far it is.
const PROGRESS_STEP: Duration = Duration::from_millis(100);

/// The runtime that the requests run on.
pub(super) struct Worker(pub(super) Option<Runtime>);

impl Worker {
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

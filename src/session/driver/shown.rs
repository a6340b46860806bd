//! The driver's way with the terminal: written as it takes bytes, waited for at the end, taken back from another job.
//!
//! Nothing here decides what is shown.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Driver, Keys, Screen, Signal, Signals};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::gather;
use crate::session::driver::tee::Tee;

/// How often a background session looks whether the terminal is its own again.
const LOOK_AGAIN: Duration = Duration::from_millis(300);
impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Writes what the terminal takes now; what it does not waits for it.
    pub(super) async fn flush_screen(&mut self) {
        poll_fn(|cx| {
            let _ = self.screen.poll_flush(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Lets messages of a long output gather, for as long as nobody types. Local connections of a forward live on this thread
    /// and are not kept waiting.
    pub(super) fn let_gather(&mut self) {
        if self.gather.take() && !self.is_port() {
            let wants_keys = self.wants_keys();
            self.keys.pause(gather::PAUSE, wants_keys);
        }
    }

    /// When to look whether another job has given the terminal back, which no signal tells.
    pub(super) fn look_at(&self) -> Option<Instant> {
        let wants = self.screen.wants_to_reclaim();
        wants.then(|| self.looked_at + LOOK_AGAIN)
    }

    pub(super) async fn drain_screen(&mut self, patience: Duration) {
        let Self {
            screen, signals, ..
        } = self;
        let ended = async {
            loop {
                if let Signal::End(_) = signals.next().await {
                    return;
                }
            }
        };
        tokio::select! {
            _ = screen.drain() => {}
            () = ended => {}
            () = sleep(patience) => {}
        }
    }
}

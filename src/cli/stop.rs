//! A person who wants no more of a command that goes through many things: it tells what there is until then.
//!
//! Nothing here ends anything but by a second signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::cli::exit::Failure;
use crate::recorded::plan;
use crate::terminal::{self, Signals};

/// Whether the person wants no more.
pub(crate) struct Stop(Arc<AtomicU8>);

impl Stop {
    /// From here on the first signal that ends a process ends what is done, and a second one the process.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let stopped = Arc::new(AtomicU8::new(0));
        let stop = Self(Arc::clone(&stopped));
        let runtime = plan::runtime()?;
        let listen = async move {
            // Without handlers a signal ends the process as ever.
            let Ok(mut signals) = Signals::open() else {
                return;
            };
            loop {
                let Some(number) = signals.next().await.number() else {
                    continue;
                };
                if stopped.swap(number, Ordering::Relaxed) != 0 {
                    terminal::die_of(number);
                }
            }
        };
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || runtime.block_on(listen))?;
        Ok(stop)
    }

    /// The signal that said so.
    pub(crate) fn number(&self) -> Option<u8> {
        Some(self.0.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }
}

//! The end of a recorded session: its recording goes into the store while the person waits, or stays in the spool.
//!
//! Nothing is said here while the terminal is raw. A store that does not answer costs the person some seconds, never a
//! recording: what waits goes with the next `start`, or with `upload`.

use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::sync::{mpsc, oneshot};

use crate::cli::exit::{Failure, Status};
use crate::cli::message;
use crate::cli::progress::Bar;
use crate::spool::Claim;
use crate::spool::delivery::{Delivered, Delivery, Undelivered};
use crate::store::{Pace, Progress, Store};
use crate::terminal::{Signal, Signals};

/// What a person who waits for the prompt is asked to bear. Two parts are memory enough beside a session.
const PACE: Pace = Pace {
    patience: Duration::from_secs(2),
    silence: Duration::from_millis(2500),
    parallel_parts: 2,
};

/// A recording that is closed, and what is to be said of it.
pub(crate) struct Handover {
    pub(crate) delivery: Delivery,
    pub(crate) claim: Claim,
    /// `session ended after 6.2s, 1.92 KiB recorded`; `None`: say nothing unless something goes wrong.
    pub(crate) ended: Option<String>,
    pub(crate) session_id: String,
}

impl Handover {
    /// Stores the recording, or leaves it. Gives a status of its own when somebody did not want to wait.
    ///
    /// # Errors
    /// The store refused for good: waiting will not help.
    pub(crate) async fn run(self) -> Result<Option<Status>, Failure> {
        let Self {
            delivery,
            claim,
            ended,
            session_id,
        } = self;
        let path = claim.path().display().to_string();
        let delivery = delivery.at_pace(PACE);
        let store = delivery.store().clone();
        let result = match deliver(delivery, claim, ended.is_some()).await? {
            Ok(result) => result,
            Err(signal) => {
                message::say("the recording waits in the spool; store it with: ssm-rec upload");
                return Ok(signal.number().map(Status::Signal));
            }
        };
        match result {
            Ok(_) => {
                if let Some(ended) = ended {
                    message::say(&match &store {
                        Store::Directory(_) => {
                            format!("{ended}; replay it with: ssm-rec play {session_id}")
                        }
                        // Whoever may store there need not be allowed to read.
                        Store::S3(_) => format!("{ended} and stored in {}", store.location()),
                    });
                }
                Ok(None)
            }
            Err(undelivered) if undelivered.is_passing() => {
                let ended = ended.unwrap_or_else(|| format!("session {session_id} was recorded"));
                message::say(&format!(
                    "{ended}; it waits in the spool, and the next start or ssm-rec upload will try again: {undelivered}"
                ));
                Ok(None)
            }
            Err(undelivered) => {
                let safe = format!(
                    "it is complete and safe in {path:?}; when this is put right: ssm-rec upload"
                );
                let hint = match undelivered.hint(&session_id) {
                    Some(hint) => format!("{hint}; {safe}"),
                    None => safe,
                };
                let error = anyhow!(undelivered).context("the recording is not stored");
                Err(Failure::new(Status::NotStored, error).hint(hint))
            }
        }
    }
}

type Delivering = Result<Delivered, Undelivered>;

/// Waits for the store, or for somebody who has had enough.
async fn deliver(
    delivery: Delivery,
    claim: Claim,
    draws: bool,
) -> anyhow::Result<Result<Delivering, Signal>> {
    let mut signals = Signals::open().context("cannot listen for signals")?;
    let (done, mut result) = oneshot::channel();
    let (tell, mut told) = mpsc::unbounded_channel::<Progress>();
    thread::Builder::new()
        .name("handover".to_owned())
        .spawn(move || {
            let mut progress = |now| {
                let _ = tell.send(now);
            };
            // Nobody waits any more when the process is about to end.
            let _ = done.send(delivery.deliver(claim, &mut progress));
        })
        .context("cannot start a thread")?;
    let mut bar = draws.then(|| Bar::new("storing the recording"));
    loop {
        tokio::select! {
            biased;
            result = &mut result => {
                return Ok(Ok(result.context("the thread that stores the recording ended early")?));
            }
            Some(now) = told.recv() => {
                if let Some(bar) = &mut bar {
                    bar.tell(now.done, now.total);
                }
            }
            signal = signals.next() => match signal {
                Signal::Interrupt | Signal::Terminate => return Ok(Err(signal)),
                // An SSH client that is done hangs up; the recording is stored all the same.
                Signal::HangUp | Signal::Resized | Signal::Continue => {}
            },
        }
    }
}

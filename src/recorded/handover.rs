//! The way of a recording into its store: in segments while the session runs, whole at its end while the person waits;
//! what cannot go stays in the spool.
//!
//! Nothing is said here while the terminal is raw. A store that does not answer costs the person some seconds, never a
//! recording: what waits goes with the next `start`, or with `upload`.

use std::fs;
use std::thread;
use std::time::Duration;

use formats::manifest::Manifest;
use tokio::sync::{mpsc, oneshot};

use super::Closed;
use super::admission::Admitted;
use super::error::Error;
use super::verdict::Ending;
use super::voice::Voice;
use crate::aws::Way;
use crate::recorder::Flushed;
use crate::spool::backlog::Backlog;
use crate::spool::delivery::{Delivered, Delivery, Undelivered};
use crate::spool::live::{Live, Segments};
use crate::spool::written::Written;
use crate::spool::{Claim, Spool};
use crate::store::{self, Pace, Progress, Store};
use crate::terminal::{Signal, Signals};
use crate::words::{size, time};

/// What a person who waits for the prompt is asked to bear. Two parts are memory enough beside a session.
const PACE: Pace = Pace {
    patience: Duration::from_secs(2),
    silence: Duration::from_millis(2500),
    parallel_parts: 2,
};
/// How long the last live segment may take beyond the recording itself.
const LIVE_PATIENCE: Duration = Duration::from_secs(2);

/// What brings a recording into its store, and earlier ones that wait beside it.
pub(crate) struct Handover {
    delivery: Delivery,
    live: Option<Live>,
    backlog: Backlog,
}

impl Handover {
    /// Begins with what there is of a session. It runs without live segments too.
    pub(crate) fn begin(
        admitted: &Admitted,
        way: &Way,
        session: &Manifest,
        claim: &Claim,
        flushed: Flushed,
    ) -> Self {
        let places = admitted.places();
        // The session's own way: nobody is asked for a second factor twice, or at the end.
        let delivery = Delivery::new(places.store.by_way(way), admitted.settings());
        let live = admitted.settings().upload.live.and_then(|interval| {
            let segments = Segments {
                session_id: session.session_id.clone(),
                tags: delivery.tags(session),
                number: 1,
            };
            let begun = fs::File::open(claim.path())
                .and_then(|file| Live::begin(delivery.store(), file, flushed, segments, interval));
            if let Err(error) = &begun {
                tracing::warn!(%error, "there are no live segments");
            }
            begun.ok()
        });
        let backlog = Backlog::begin(&delivery, Spool::new(places.spool.clone()));
        Self {
            delivery,
            live,
            backlog,
        }
    }

    /// The recording is closed: stores it, or leaves it. Gives what that comes to when somebody did not want to wait.
    ///
    /// # Errors
    /// The store refused for good: waiting will not help.
    pub(crate) async fn store(
        &self,
        (claim, written): (Claim, Written),
        Closed { manifest, ending }: Closed,
        label: Option<&str>,
        banner: bool,
        voice: &dyn Voice,
    ) -> Result<Option<Ending>, Error> {
        if let Some(live) = &self.live {
            live.end();
        }
        let session_id = &manifest.session_id;
        let path = claim.path();
        let ended = banner.then(|| ended(&claim, &manifest, label));
        let bar = banner.then(|| voice.wait("storing the recording"));
        let delivery = self.delivery.at_pace(PACE);
        let work = move |progress: &mut dyn FnMut(Progress)| {
            delivery.deliver_written(claim, written, ending, progress)
        };
        let delivered = match deliver(work, bar).await? {
            Ok(delivered) => delivered,
            Err(signal) => {
                voice.say("the recording waits in the spool; store it with: ssm-rec upload");
                return Ok(signal.number().map(Ending::Signal));
            }
        };
        match delivered {
            Ok(delivered) => {
                if let Some(why) = delivered.not_derived.filter(|_| banner) {
                    voice.say(&format!(
                        "its lines and commands are not stored, and made again by whoever asks for them: {why}"
                    ));
                }
                let store = self.delivery.store();
                if let Some(ended) = ended {
                    voice.say(&match store {
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
                voice.say(&format!(
                    "{ended}; it waits in the spool, and the next start or ssm-rec upload will try again: {undelivered}"
                ));
                Ok(None)
            }
            Err(undelivered) => Err(Error::NotStored {
                session_id: session_id.clone(),
                path: path.display().to_string(),
                source: Box::new(undelivered),
            }),
        }
    }

    /// Waits for the last live segment: why there are none, where the store refused them, and how many recordings that
    /// had waited were stored.
    pub(crate) async fn end(self) -> (Option<store::Error>, usize) {
        let not_live = match self.live {
            Some(live) => live.wait(LIVE_PATIENCE).await,
            None => None,
        };
        (not_live, self.backlog.stored())
    }
}

/// `session ended after 6.2s, 1.9 kB recorded`
fn ended(claim: &Claim, manifest: &Manifest, label: Option<&str>) -> String {
    let size = fs::metadata(claim.path()).map_or(manifest.sizes.compressed, |file| file.len());
    let lasted = Duration::from_micros(manifest.duration_us);
    let label = label.map_or_else(String::new, |label| format!("{label}: "));
    format!(
        "{label}session ended after {}, {} recorded",
        time::write(lasted),
        size::write(size)
    )
}

type Delivering = Result<Delivered, Undelivered>;

/// Waits for the store, or for somebody who has had enough.
async fn deliver(
    work: impl FnOnce(&mut dyn FnMut(Progress)) -> Delivering + Send + 'static,
    mut bar: Option<Box<dyn FnMut(Progress)>>,
) -> Result<Result<Delivering, Signal>, Error> {
    let cannot = |what| move |source| Error::Machine { what, source };
    let mut signals = Signals::open().map_err(cannot("listen for signals"))?;
    let (done, mut result) = oneshot::channel();
    let (tell, mut told) = mpsc::unbounded_channel::<Progress>();
    thread::Builder::new()
        .name("handover".to_owned())
        .spawn(move || {
            let mut progress = |now| {
                let _ = tell.send(now);
            };
            // Nobody waits any more when the process is about to end.
            let _ = done.send(work(&mut progress));
        })
        .map_err(cannot("start a thread"))?;
    loop {
        tokio::select! {
            biased;
            result = &mut result => return result.map(Ok).map_err(|_| Error::Handover),
            Some(now) = told.recv() => {
                if let Some(bar) = &mut bar {
                    bar(now);
                }
            }
            signal = signals.next() => match signal {
                Signal::Interrupt | Signal::Terminate | Signal::Quit => return Ok(Err(signal)),
                // An SSH client that is done hangs up; the recording is stored all the same.
                Signal::HangUp | Signal::Resized | Signal::Continue => {}
            },
        }
    }
}

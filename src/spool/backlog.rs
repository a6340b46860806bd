//! What earlier sessions left in the spool: stored in the background while this session runs, and told of at its start.
//!
//! Nothing here holds back a key or the prompt, and nothing is printed from the thread. When the session ends the thread
//! is left where it stands: the spool's claims and journals let the next process go on from there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::spool::delivery::{self, Delivery, Undelivered};
use crate::spool::{Spool, Waiting};
use crate::store::Pace;

/// The session's own beginning goes first.
const BEGIN_AFTER: Duration = Duration::from_secs(1);
/// What could not be stored, and files that appear meanwhile, are looked at again this often.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// One part at a time: this must not be felt, neither in the network nor in memory.
const PACE: Pace = Pace {
    patience: Duration::from_secs(60),
    silence: Duration::from_secs(30),
    parallel_parts: 1,
};
/// A recording that has waited this long, though its store may be back any time, is worth a word.
const LONG: Duration = Duration::from_secs(3600);
/// A look at the spool must take no time: more files than these are counted, not opened.
const LOOKED_INTO: usize = 200;

/// The thread that stores what waits.
#[derive(Debug)]
pub(crate) struct Backlog {
    stored: Arc<AtomicUsize>,
}

impl Backlog {
    /// Begins soon, and goes on as long as the process lives.
    pub(crate) fn begin(delivery: &Delivery, spool: Spool) -> Self {
        let stored = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stored);
        let delivery = delivery.at_pace(PACE);
        let thread = thread::Builder::new().name("backlog".to_owned());
        let spawned = thread.spawn(move || {
            thread::sleep(BEGIN_AFTER);
            // What is refused for good is refused once a session.
            let mut refused = BTreeSet::new();
            loop {
                drain(&delivery, &spool, &mut refused, &count);
                thread::sleep(AGAIN_AFTER);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "cannot start the thread that stores what waits");
        }
        Self { stored }
    }

    /// How many recordings it has stored so far.
    pub(crate) fn stored(&self) -> usize {
        self.stored.load(Ordering::Relaxed)
    }
}

/// One look at everything that waits.
fn drain(delivery: &Delivery, spool: &Spool, refused: &mut BTreeSet<String>, stored: &AtomicUsize) {
    let waiting = match spool.waiting() {
        Ok(waiting) => waiting,
        Err(error) => {
            tracing::warn!(%error, "cannot look into the spool");
            return;
        }
    };
    for Waiting { name, claimed, .. } in waiting {
        if claimed || refused.contains(&name) {
            continue;
        }
        let claim = match spool.claim(&name) {
            Ok(Some(claim)) => claim,
            // Somebody else was quicker.
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, name, "cannot claim a recording that waits");
                continue;
            }
        };
        match delivery.deliver(claim, &mut |_| {}) {
            Ok(delivered) => {
                tracing::info!(place = delivered.place, "stored what had waited");
                stored.fetch_add(1, Ordering::Relaxed);
            }
            Err(undelivered) => {
                tracing::info!(%undelivered, name, "not stored");
                if undelivered.is_passing() {
                    // The store is out of reach; the others would wait in vain too.
                    return;
                }
                refused.insert(name);
            }
        }
    }
}

/// What a person should know of the spool before another session fills it: a line, or nothing.
pub(crate) fn word(spool: &Spool, now: SystemTime) -> Option<String> {
    let waiting = spool.waiting().ok()?;
    let (mut refused, mut long, mut cut) = (Vec::new(), 0, 0);
    let unclaimed = waiting.iter().filter(|waiting| !waiting.claimed);
    for waiting in unclaimed.take(LOOKED_INTO) {
        let waited = waiting
            .modified
            .and_then(|modified| now.duration_since(modified).ok())
            .unwrap_or_default();
        match &waiting.failure {
            Some(failure) if !failure.passing => refused.push(&failure.reason),
            _ => match delivery::is_closed(&spool.folder().join(&waiting.name)) {
                Err(Undelivered::CutShort) => cut += 1,
                Ok(()) if waited >= LONG => long += 1,
                _ => {}
            },
        }
    }
    let mut words = Vec::new();
    if let Some(reason) = refused.last() {
        let count = recordings(refused.len());
        words.push(format!(
            "{count} could not be stored ({reason}); try again with: ssm-rec upload"
        ));
    }
    if long > 0 {
        let count = recordings(long);
        words.push(format!(
            "{count} not stored for over an hour; try with: ssm-rec upload"
        ));
    }
    if cut > 0 {
        let count = recordings(cut);
        words.push(format!("{count} cut short; close with: ssm-rec recover"));
    }
    (!words.is_empty()).then(|| format!("in the spool: {}", words.join(". ")))
}

fn recordings(count: usize) -> String {
    match count {
        1 => "1 recording".to_owned(),
        count => format!("{count} recordings"),
    }
}

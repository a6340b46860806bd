//! Everything that waits in the spool into the store, some at a time, and what became of each file.
//!
//! Nothing here removes what the store has not confirmed, or touches what another process is at work on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use serde::Serialize;

use super::delivery::{Delivery, Undelivered, id_of};
use super::{Spool, Waiting};
use crate::words::causes;

/// Recordings under way at a time; what they hold in memory is limited together.
const AT_ONCE: usize = 4;

/// What became of one file.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) session_id: String,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) state: State,
    /// Where it is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

/// Whether it is stored, and if not, what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Stored,
    /// It still grows, or another process is storing it.
    InUse,
    /// The store is out of reach; later may be better.
    Waiting,
    /// Somebody must do something first.
    Refused,
    CutShort,
    /// Not one of ours.
    Foreign,
}

impl State {
    /// Whether a recording is left that should be in the store.
    pub(crate) fn is_left(self, name: &str) -> bool {
        match self {
            Self::Stored | Self::InUse => false,
            Self::Waiting | Self::Refused | Self::CutShort => true,
            // Under one of our names it may well be a recording, damaged.
            Self::Foreign => name.ends_with(".cast.zst"),
        }
    }
}

/// What the threads tell the one that waits for them.
enum Told {
    /// Of the file with this number, so many bytes are sent.
    Sent(usize, u64),
    Done(usize, Report),
}

/// How far all of them are together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drained {
    pub(crate) finished: usize,
    /// In bytes.
    pub(crate) sent: u64,
    /// In bytes.
    pub(crate) total: u64,
}

/// Stores some at a time, and tells how far that is, and what became of each.
pub(crate) fn drain(
    delivery: &Delivery,
    spool: &Spool,
    waiting: Vec<Waiting>,
    mut tell_of: impl FnMut(Drained, Option<Report>),
) {
    let count = waiting.len();
    let sizes: Vec<u64> = waiting.iter().map(|waiting| waiting.bytes).collect();
    let total = sizes.iter().sum();
    let queue = Mutex::new(waiting.into_iter().enumerate().collect::<VecDeque<_>>());
    let out_of_reach = AtomicBool::new(false);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(count) {
            let tell = tell.clone();
            let (queue, out_of_reach) = (&queue, &out_of_reach);
            scope.spawn(move || {
                while let Some((number, waiting)) = { lock(queue).pop_front() } {
                    let report = store_one(delivery, spool, waiting, out_of_reach, &mut |sent| {
                        // The other end lives as long as this scope.
                        let _ = tell.send(Told::Sent(number, sent));
                    });
                    let _ = tell.send(Told::Done(number, report));
                }
            });
        }
        drop(tell);
        let mut sent = vec![0; count];
        let mut finished = 0;
        while let Ok(told) = told.recv() {
            let report = match told {
                Told::Sent(number, bytes) => {
                    sent[number] = bytes;
                    None
                }
                Told::Done(number, report) => {
                    sent[number] = sizes[number];
                    finished += 1;
                    Some(report)
                }
            };
            let now = Drained {
                finished,
                sent: sent.iter().sum(),
                total,
            };
            tell_of(now, report);
        }
    });
}

fn store_one(
    delivery: &Delivery,
    spool: &Spool,
    waiting: Waiting,
    out_of_reach: &AtomicBool,
    sent: &mut dyn FnMut(u64),
) -> Report {
    let session_id = id_of(&waiting.name);
    let report = |state, reason: Option<String>, hint| Report {
        session_id: session_id.clone(),
        file: waiting.name.clone(),
        bytes: waiting.bytes,
        state,
        location: None,
        reason,
        hint,
    };
    if out_of_reach.load(Ordering::Relaxed) {
        let reason = "not tried, since the store cannot be reached".to_owned();
        return report(State::Waiting, Some(reason), None);
    }
    let claim = match spool.claim(&waiting.name) {
        Ok(Some(claim)) => claim,
        Ok(None) => {
            let reason = "it still grows, or another process is storing it".to_owned();
            return report(State::InUse, Some(reason), None);
        }
        Err(error) => return report(State::Refused, Some(causes(&error)), error.hint()),
    };
    match delivery.deliver(claim, &mut |progress| sent(progress.done)) {
        Ok(delivered) => Report {
            location: Some(delivered.place),
            session_id: delivered.session_id,
            ..report(State::Stored, delivered.not_derived, None)
        },
        Err(undelivered) => {
            let state = match &undelivered {
                Undelivered::CutShort => State::CutShort,
                Undelivered::Foreign(_) => State::Foreign,
                undelivered if undelivered.is_passing() => {
                    out_of_reach.store(true, Ordering::Relaxed);
                    State::Waiting
                }
                Undelivered::Store(_) | Undelivered::Misnamed { .. } | Undelivered::Changed(_) => {
                    State::Refused
                }
            };
            let hint = undelivered.hint(&waiting.name);
            report(state, Some(causes(&undelivered)), hint)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

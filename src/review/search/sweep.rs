//! Many sessions, several at a time, told in their order.
//!
//! Nothing here waits for more than the session whose turn it is, and what is done before its turn is held back, in bounded
//! number.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use formats::sealed::Unlock;

use super::finder::{Piece, Question};
use super::session::{Searched, Session};
use crate::review::catalog::{Catalog, Entry};

/// So many portions of what was found wait for their turn, a session; a portion is of a block of lines.
const AHEAD: usize = 4;

/// What is told of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Some of what was found.
    Found(Vec<Piece>),
    /// There is no more.
    Done(Searched),
}

/// A session to be told of.
#[derive(Debug)]
pub(super) enum Item {
    /// It is searched.
    Open(Entry),
    /// What it has is known.
    Known(Entry, Searched, Vec<Piece>),
}

impl Item {
    pub(super) fn entry(&self) -> &Entry {
        match self {
            Self::Open(entry) | Self::Known(entry, ..) => entry,
        }
    }
}

/// Searches sessions, so many at a time, and tells of one after the other as long as `tell` wants to be told.
pub(super) fn sweep(
    (catalog, items): (&Catalog, &[Item]),
    question: &Question,
    unlock: &(dyn Unlock + Sync),
    threads: usize,
    mut tell: impl FnMut(&Entry, Step) -> bool,
) {
    let is_wanted = AtomicBool::new(true);
    let threads = threads.clamp(1, items.len().max(1));
    let (turns, in_turn) = sync_channel(threads);
    let queue = Mutex::new((items.iter(), Some(turns)));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((item, told)) = next(&queue) {
                    let mut hand_on = |found| {
                        is_wanted.load(Ordering::Relaxed) && told.send(Step::Found(found)).is_ok()
                    };
                    let searched = match item {
                        Item::Open(entry) => {
                            let of = (catalog, entry);
                            Session::of(of, unlock, question, &mut hand_on).search()
                        }
                        Item::Known(_, searched, pieces) => {
                            if !pieces.is_empty() {
                                hand_on(pieces.clone());
                            }
                            searched.clone()
                        }
                    };
                    // Who wants nothing any more needs no end either.
                    let _ = told.send(Step::Done(searched));
                }
            });
        }
        for (item, steps) in in_turn {
            for step in steps {
                if !tell(item.entry(), step) {
                    is_wanted.store(false, Ordering::Relaxed);
                    return;
                }
            }
        }
    });
}

type Turns<'a> = SyncSender<(&'a Item, Receiver<Step>)>;

/// The next session, and where to tell of it when its turn has come; nothing when there is none or nobody listens.
fn next<'a>(
    queue: &Mutex<(std::slice::Iter<'a, Item>, Option<Turns<'a>>)>,
) -> Option<(&'a Item, SyncSender<Step>)> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(item) = queue.0.next() else {
        queue.1 = None;
        return None;
    };
    let (told, steps) = sync_channel(AHEAD);
    queue.1.as_ref()?.send((item, steps)).ok()?;
    Some((item, told))
}

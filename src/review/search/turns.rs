//! Work that several do at a time, whose results are taken in its own order.
//!
//! Nothing here runs ahead without end: what is done before its turn is held, and is no more than those who work at it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// The results of `work` on each of `items`, one after the other, as long as `take` wants them.
pub(in crate::review) fn in_turn<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R) -> bool,
) {
    let threads = threads.clamp(1, items.len().max(1));
    let (turns, results) = sync_channel(threads);
    let queue = Mutex::new((items.iter(), Some(turns)));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((item, told)) = next(&queue) {
                    if told.send(work(item)).is_err() {
                        return;
                    }
                }
            });
        }
        for (item, result) in results {
            let Ok(result) = Receiver::recv(&result) else {
                continue;
            };
            if !take(item, result) {
                return;
            }
        }
    });
}

/// What is still to be done, and who is told of whose turn it is.
type Queue<'a, T, R> = Mutex<(std::slice::Iter<'a, T>, Option<SyncSender<Turn<'a, T, R>>>)>;
type Turn<'a, T, R> = (&'a T, Receiver<R>);

/// The next of them, and where its result goes; nothing when there is none or nobody takes it.
fn next<'a, T, R>(queue: &Queue<'a, T, R>) -> Option<(&'a T, SyncSender<R>)> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(item) = queue.0.next() else {
        queue.1 = None;
        return None;
    };
    let (told, result) = sync_channel(1);
    queue.1.as_ref()?.send((item, result)).ok()?;
    Some((item, told))
}

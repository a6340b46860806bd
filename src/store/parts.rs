//! Work on many things, shared out among threads.
//!
//! Nothing here begins a thread for a few of them, and the order stays.

use std::panic::resume_unwind;
use std::sync::OnceLock;

/// More threads than this do not make a disk faster.
const MOST_THREADS: usize = 8;

/// What `work` gives for each part of `items`, in their order. `share` of them are worth a thread.
pub(crate) fn in_parts<T: Sync, R: Send>(
    items: &[T],
    share: usize,
    work: impl Fn(&[T]) -> R + Sync,
) -> Vec<R> {
    let threads = cores().min(items.len() / share.max(1)).max(1);
    let mut parts = items.chunks(items.len().div_ceil(threads).max(1));
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        let mut done = vec![work(first)];
        for other in others {
            done.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    })
}

/// Both at the same time.
pub(crate) fn at_once<A: Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (
            one.join().unwrap_or_else(|panic| resume_unwind(panic)),
            other,
        )
    })
}

fn cores() -> usize {
    // To ask for it takes as long as reading some files.
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cores.clamp(2, MOST_THREADS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_worked_on_once_and_their_order_stays() {
        for count in [0, 1, 2, 3, 7, 16, 17, 100, 1001] {
            let items: Vec<usize> = (0..count).collect();
            for share in [1, 2, 16, 5000] {
                let parts = in_parts(&items, share, <[usize]>::to_vec);
                assert!(parts.len() <= MOST_THREADS.min((count / share).max(1)));
                assert_eq!(parts.concat(), items, "{count} {share}");
            }
        }
    }
}

//! What one thread finds and another one looks at: a board that neither waits long for.
//!
//! Nothing here queues up: the board holds what is known, however often it is looked at.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Something that is written by one thread while others look at it.
#[derive(Debug, Default)]
pub(super) struct Board<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State<T> {
    value: T,
    /// It was written since somebody was told of it.
    is_new: bool,
    /// Nobody will look any more.
    is_closed: bool,
}

impl<T> Board<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes. `false`: nobody looks any more, and whoever writes may stop.
    pub(super) fn write(&self, write: impl FnOnce(&mut T)) -> bool {
        let mut state = self.lock();
        write(&mut state.value);
        if !std::mem::replace(&mut state.is_new, true) {
            self.changed.notify_one();
        }
        !state.is_closed
    }

    /// Whether nobody looks any more.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Looks at it; whoever writes waits meanwhile.
    pub(super) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock().value)
    }

    /// Waits for something that was not told of. Nothing is lost when the future is dropped.
    pub(super) async fn changed(&self) {
        loop {
            if std::mem::take(&mut self.lock().is_new) {
                return;
            }
            self.changed.notified().await;
        }
    }

    /// Nobody will look any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn is_told(board: &Board<u32>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(board.changed()).poll(&mut context) == Poll::Ready(())
    }

    #[test]
    fn whatever_is_written_is_told_of_once() {
        let board = Board::<u32>::default();
        assert!(!is_told(&board));
        assert!(board.write(|value| *value += 1));
        assert!(board.write(|value| *value += 1));
        assert!(is_told(&board) && !is_told(&board));
        assert_eq!(board.look(|value| *value), 2);
        assert!(board.write(|value| *value += 1));
        assert!(is_told(&board));
        board.close();
        assert!(!board.write(|value| *value += 1));
    }
}

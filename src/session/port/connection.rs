//! One local connection, carried to its end: both directions, half-close and reset.
//!
//! Nothing here opens a connection or knows whether the session is multiplexed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use formats::smux::StreamId;
use tokio::sync::Notify;

use super::local::{Reader, Writer};
use super::note::{Ending, Note};
use super::shared::{Shared, Signals, Taken};

/// How the two directions tell each other how far they are.
#[derive(Debug, Default)]
struct Progress {
    /// The agent's data, its end included, is with the local end, or nobody takes it.
    delivered: Notify,
    /// The local end takes nothing any more.
    deaf: AtomicBool,
    /// The local end is dead: stop writing to it.
    dead: Notify,
    refused: AtomicBool,
    up: AtomicU64,
    down: AtomicU64,
}

/// Carries one connection until both its directions are over, and notes it.
#[expect(
    clippy::disallowed_methods,
    reason = "a driver: the note says how long the connection lasted"
)]
pub(super) async fn carry(
    shared: Arc<Shared>,
    id: StreamId,
    signals: Arc<Signals>,
    number: u64,
    reader: Reader,
    writer: Writer,
) {
    let begun = std::time::Instant::now();
    let progress = Progress::default();
    let ((), ending) = tokio::join!(
        download(&shared, id, &signals, &progress, writer),
        upload(&shared, id, &signals, &progress, reader),
    );
    shared.close(id);
    shared.note(Note::Closed {
        connection: number,
        up: progress.up.load(Relaxed),
        down: progress.down.load(Relaxed),
        lasted: begun.elapsed(),
        ending: if progress.refused.load(Relaxed) {
            Ending::Refused
        } else {
            ending
        },
    });
}

/// From the agent to the local end.
async fn download(
    shared: &Shared,
    id: StreamId,
    signals: &Signals,
    progress: &Progress,
    mut writer: Writer,
) {
    let deliver = async {
        loop {
            match shared.take(id, signals).await {
                Taken::Data(pieces) => {
                    let length: usize = pieces.iter().map(bytes::Bytes::len).sum();
                    if writer.write(pieces).await.is_err() {
                        return Err(Gone);
                    }
                    progress.down.fetch_add(length as u64, Relaxed);
                }
                end => return Ok(end),
            }
        }
    };
    let delivered = tokio::select! {
        delivered = deliver => delivered,
        () = progress.dead.notified() => Err(Gone),
    };
    match delivered {
        Ok(Taken::Refused) => {
            progress.refused.store(true, Relaxed);
            writer.reset();
        }
        Ok(_) => writer.end().await,
        Err(Gone) => {
            progress.deaf.store(true, Relaxed);
            shared.discard(id);
        }
    }
    signals.activity.notify_one();
    progress.delivered.notify_one();
}

/// The local end takes nothing any more.
struct Gone;

/// From the local end to the agent.
async fn upload(
    shared: &Shared,
    id: StreamId,
    signals: &Signals,
    progress: &Progress,
    mut reader: Reader,
) -> Ending {
    // With the agent's end closed nothing that is sent is taken any more: it closes both ways at once. A local end
    // that goes on talking is cut off in the end, as it would be without us; one that has to finish may.
    let cut_off = async {
        progress.delivered.notified().await;
        if !progress.refused.load(Relaxed) {
            shared.grace().await;
        }
    };
    tokio::pin!(cut_off);
    let ending = loop {
        let next = async {
            shared.queue_room(id, signals).await;
            reader.read().await
        };
        tokio::select! {
            biased;
            () = &mut cut_off => break Ending::Closed,
            read = next => match read {
                Ok(Some(bytes)) => {
                    progress.up.fetch_add(bytes.len() as u64, Relaxed);
                    shared.send(id, bytes);
                }
                Ok(None) => break Ending::Closed,
                Err(_) => break Ending::Reset,
            },
        }
    };
    if ending == Ending::Reset {
        progress.dead.notify_one();
    } else {
        quiet(shared, id, signals, progress).await;
    }
    shared.finish(id);
    ending
}

/// The agent answers our end by closing the port's connection in both directions, whatever the port still has to say.
/// So the end is held back until the agent has been quiet for a while, or until nobody listens here any more.
async fn quiet(shared: &Shared, id: StreamId, signals: &Signals, progress: &Progress) {
    let is_over = || progress.deaf.load(Relaxed) || shared.is_remote_ended(id);
    while !is_over() {
        let woken = tokio::time::timeout(shared.grace, signals.activity.notified()).await;
        if woken.is_err() && !shared.has_waiting(id) {
            return;
        }
    }
}

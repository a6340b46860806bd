//! A peer that sends and never reads: what waits to be sent to it has a bound, and nobody is kept busy by it.
//!
//! Nothing here waits: the clock jumps, which it does only where nothing else is left to do.

use super::*;
use crate::session::driver::connection;

/// More than would ever be taken from such a peer.
const FLOOD: i64 = 20_000;

/// A pipe of few bytes, and the limits of a real connection on our side.
async fn narrow() -> (Pipe, Peer) {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let limits = Some(connection::limits());
    let near = WebSocketStream::from_raw_socket(near, Role::Client, limits).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    (near, Peer(far))
}

#[tokio::test(start_paused = true)]
async fn messages_are_left_unread_whose_acknowledgements_nobody_reads() {
    let (socket, mut peer) = narrow().await;
    let mut bench = Bench::new();
    let mut taken = 0;
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            for number in 0..FLOOD {
                let message = Message::Binary(output(number, "x").encode());
                if timeout(millis(500), peer.0.send(message)).await.is_err() {
                    break;
                }
                taken = number;
            }
            bench.signals.send(Signal::End(15)).unwrap();
        })
        .await;
    assert!(matches!(end, End::Signal(15)), "{end:?}");
    assert!((4096..8192).contains(&taken), "{taken} messages taken");
}

#[tokio::test(start_paused = true)]
async fn keys_that_a_stalled_connection_does_not_take_wait_without_work() {
    let (socket, mut peer) = narrow().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            let line: &'static str = Box::leak("x".repeat(1000).into_boxed_str());
            for _ in 0..300 {
                bench.type_keys(line);
            }
            sleep(millis(5000)).await;
            bench.signals.send(Signal::End(15)).unwrap();
        })
        .await;
    assert!(matches!(end, End::Signal(15)), "{end:?}");
}

//! A peer that sends and never reads: what waits to be sent to it has a bound, and nobody is kept busy by it.
//!
//! Nothing here waits: the clock jumps, which it does only where nothing else is left to do.

use super::*;
use crate::session::driver::connection;

/// More than would ever be taken from such a peer.
const FLOOD: i64 = 20_000;
/// Pings whose answers are several times what may wait to be sent, and the pipe's own 64 KiB.
const PINGS: usize = 40_000;
async fn ping_for_ever(peer: &mut Peer) {
    for _ in 0..PINGS {
        let ping = Message::Ping(Bytes::from_static(&[b'p'; 125]));
        peer.0.send(ping).await.unwrap();
    }
}

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

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_behind_with_its_answers_to_pings_is_given_up_once_it_is_needed() {
    let (socket, mut peer) = narrow().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            ping_for_ever(&mut peer).await;
            // The acknowledgement finds no room.
            peer.send(output(0, "$ ")).await;
            sleep(millis(60_000)).await;
        })
        .await;
    let End::ConnectionLost { cause, .. } = end else {
        panic!("{end:?}");
    };
    assert_eq!(cause, "too much waits to be sent");
    assert!(bench.log.has("show $ "));
}

#[tokio::test(start_paused = true)]
async fn pings_that_nobody_waits_for_the_answers_of_leave_no_more_of_them_than_there_is_room_for() {
    let (socket, mut peer) = narrow().await;
    let mut bench = Bench::new();
    let mut answers = 0;
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            ping_for_ever(&mut peer).await;
            while let Ok(Some(Ok(Message::Pong(_)))) = timeout(millis(500), peer.0.next()).await {
                answers += 1;
            }
            // Whoever reads after all has lost nothing else.
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
    // Those that were under way meanwhile are answered as there is room again.
    assert!(answers < PINGS / 2, "{answers} answers");
    assert!(answers > 1000, "{answers} answers");
}

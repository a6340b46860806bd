//! The pump's order and its back-pressure: recorded, shown, acknowledged; nothing read without room; a silent peer.
//!
//! Nothing here waits: the clock jumps.

use super::*;

#[tokio::test(start_paused = true)]
async fn output_is_recorded_then_shown_then_acknowledged() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0"]).await;
            bench.log.add("acknowledged");
            peer.expect(&[SIZE]).await;
            bench.type_keys("exit\r");
            peer.expect(&["1:exit\r"]).await;
            peer.send(stream(1, PayloadType::STD_ERR, b"bye")).await;
            peer.expect(&["ack 1"]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { reason: None }), "{end:?}");
    assert_eq!(
        bench.log.lines(),
        [
            "record 0",
            "show $ ",
            "acknowledged",
            "record input 5",
            "record 1",
            "stderr bye",
            "record channel_closed",
            "drained",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_neither_shown_nor_acknowledged() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench.fails_at = Some(1);
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "shown")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.send(output(1, "secret")).await;
            peer.expect(&["close"]).await;
        })
        .await;
    assert!(matches!(end, End::RecordingFailed(_)), "{end:?}");
    assert!(!bench.log.has("show secret"));
}

#[tokio::test(start_paused = true)]
async fn without_room_nothing_is_read_and_keys_still_go_out() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            bench.room.send_replace(false);
            sleep(millis(100)).await;
            // One message may have been awaited already when the room went.
            peer.send(output(1, "a")).await;
            peer.send(output(2, "b")).await;
            sleep(millis(100)).await;
            peer.send(output(3, "c")).await;
            bench.type_keys("\x03");
            while peer.next().await != "1:\x03" {}
            // Silence that is our own doing is no dead connection.
            sleep(Duration::from_secs(100)).await;
            assert!(!bench.log.has("record 3"));
            bench.room.send_replace(true);
            while peer.next().await != "ack 3" {}
            peer.close().await;
        })
        .await;
    assert!(bench.log.has("show c"));
}

#[tokio::test(start_paused = true)]
async fn many_messages_are_acknowledged_in_few_writes() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            for sequence in 0..500 {
                peer.send(output(sequence, "x")).await;
            }
            let mut acknowledged = 0;
            while acknowledged < 500 {
                acknowledged += usize::from(peer.next().await.starts_with("ack"));
            }
            peer.close().await;
        })
        .await;
    assert_eq!(bench.log.count("show x"), 500);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_asked_for_a_sign_of_life_and_given_up_without_one() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let began = start();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            // Holding on without reading answers no ping: that is what a dead path looks like.
            sleep(Duration::from_secs(60)).await;
        })
        .await;
    assert!(
        (start() - began) < Duration::from_secs(70),
        "{:?}",
        (start() - began)
    );
    let End::ConnectionLost { cause, resume } = end else {
        panic!("{end:?}");
    };
    assert_eq!(cause, "no sign of life for 20.0s");
    assert_eq!(resume, "the service says that it is over");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_answers_pings_lives_on() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.send(acknowledge(&AgentMessage {
                message_type: MessageType::InputStreamData,
                ..output(0, "")
            }))
            .await;
            for _ in 0..20 {
                peer.expect(&["ping"]).await;
            }
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
}

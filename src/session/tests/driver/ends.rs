//! How sessions come back and end: lost connections, signals, piped input, commands, garbage.
//!
//! Nothing here waits: the clock jumps.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_resumed_with_the_keys_typed_meanwhile() {
    let (socket, mut peer) = pipe().await;
    let (second, mut second_peer) = pipe().await;
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench
            .later
            .push_back(Resumed::Failed("no network".to_owned()));
    }
    bench
        .later
        .push_back(Resumed::Open(second, Token::new("second".to_owned())));
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            bench.type_keys("l");
            peer.expect(&["1:l"]).await;
            drop(peer);
            sleep(millis(150)).await;
            bench.type_keys("s");
            second_peer
                .expect(&["open second", "ping", SIZE, "1:l", "2:s"])
                .await;
            second_peer.send(output(0, "$ ")).await;
            second_peer.send(output(1, "ls")).await;
            while second_peer.next().await != "ack 1" {}
            second_peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
    assert_eq!(bench.log.count("show $ "), 1);
    assert_eq!(bench.log.count("resume"), 6);
    let lines = bench.log.lines();
    let marks: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("mark"))
        .collect();
    assert_eq!(marks.len(), 2, "{marks:?}");
    assert!(marks[0].starts_with("mark connection lost: "), "{marks:?}");
    assert_eq!(marks[1], "mark connection resumed after 3.1s");
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("status"))
        .collect();
    assert_eq!(
        told,
        [
            "status connection lost (~. ends), trying again: no network",
            "status back"
        ]
    );
    let [gap] = bench.report.gaps[..] else {
        panic!("{:?}", bench.report.gaps);
    };
    assert_eq!(gap.lasted.as_millis() / 100, 31);
}

#[tokio::test(start_paused = true)]
async fn coming_back_is_given_up_after_the_limit() {
    let (socket, peer) = pipe().await;
    let mut bench = Bench::new();
    for _ in 0..100 {
        bench
            .later
            .push_back(Resumed::Failed("no network".to_owned()));
    }
    let end = bench.run(socket, async |_| drop(peer)).await;
    let End::ConnectionLost { resume, .. } = end else {
        panic!("{end:?}");
    };
    assert_eq!(resume, "gave up after 5m: no network");
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_session_while_the_connection_is_away() {
    let (socket, peer) = pipe().await;
    let mut bench = Bench::new();
    for _ in 0..100 {
        bench
            .later
            .push_back(Resumed::Failed("no network".to_owned()));
    }
    let end = bench
        .run(socket, async |bench| {
            drop(peer);
            sleep(Duration::from_secs(30)).await;
            bench.signals.send(Signal::End(15)).unwrap();
        })
        .await;
    assert!(matches!(end, End::Signal(15)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_signal_closes_the_connection_in_order() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench
                .signals
                .send(Signal::Resized { reclaim: true })
                .unwrap();
            bench.signals.send(Signal::End(1)).unwrap();
            peer.expect(&["close"]).await;
        })
        .await;
    assert!(matches!(end, End::Signal(1)), "{end:?}");
    assert_eq!(bench.log.lines()[..2], ["reclaim", "record size 132x43"]);
}

#[tokio::test(start_paused = true)]
async fn piped_input_runs_and_then_ends_the_shell_by_itself() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench.is_terminal = false;
    bench.type_keys("sleep 3\nls\n");
    bench.keys = None;
    let acknowledged = |sequence| {
        acknowledge(&AgentMessage {
            message_type: MessageType::InputStreamData,
            ..output(sequence, "")
        })
    };
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE, "1:sleep 3\nls\n"]).await;
            peer.send(acknowledged(0)).await;
            peer.send(acknowledged(1)).await;
            let began = start();
            peer.expect(&["2:\x04"]).await;
            assert!((start() - began) >= millis(500));
            peer.send(acknowledged(2)).await;
            // The first was lost on the sleeping command; it comes again.
            peer.expect(&["3:\x04"]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_terminal_is_waited_for_and_gives_its_status() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench.is_terminal = false;
    bench.keys = None;
    let request = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"NonInteractiveCommands","Properties":null}}]}"#;
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(stream(0, PayloadType::HANDSHAKE_REQUEST, request))
                .await;
            peer.expect(&["ack 0"]).await;
            let response = peer.next().await;
            assert!(response.starts_with("0:handshake-response"), "{response}");
            let complete = br#"{"HandshakeTimeToComplete":1,"CustomerMessage":"Please update"}"#;
            peer.send(stream(1, PayloadType::HANDSHAKE_COMPLETE, complete))
                .await;
            for sequence in 0..2 {
                peer.send(acknowledge(&AgentMessage {
                    message_type: MessageType::InputStreamData,
                    ..output(sequence, "")
                }))
                .await;
            }
            let mut said = Vec::new();
            let listening = async {
                loop {
                    said.push(peer.next().await);
                }
            };
            let _ = timeout(Duration::from_secs(100), listening).await;
            peer.send(stream(2, PayloadType::EXIT_CODE, b"EXIT_CODE: 7"))
                .await;
            peer.send(outside(MessageType::ChannelClosed, b"{}")).await;
            assert!(!said.iter().any(|said| said.contains('\x04')), "{said:?}");
        })
        .await;
    assert!(matches!(end, End::Exited(7)), "{end:?}");
    assert!(bench.log.has("record exit 7"));
    assert!(bench.log.has("notice Please update"));
}

#[tokio::test(start_paused = true)]
async fn garbage_is_recorded_and_ends_the_session_only_when_nothing_else_comes() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            for sequence in 0..20 {
                peer.0.send(Message::text("hello")).await.unwrap();
                peer.send(output(sequence, "x")).await;
            }
            while peer.next().await != "ack 19" {}
            for _ in 0..16 {
                peer.0
                    .send(Message::Binary(Bytes::from_static(&[0; 130])))
                    .await
                    .unwrap();
            }
            while peer.next().await != "close" {}
        })
        .await;
    let End::Protocol(error) = end else {
        panic!("{end:?}");
    };
    assert!(
        error.to_string().contains("16 messages in a row"),
        "{error}"
    );
    assert_eq!(bench.log.count("record malformed 5"), 20);
    assert_eq!(bench.log.count("record malformed 130"), 16);
}

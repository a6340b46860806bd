//! What a person feels: a way out of every state, keys that are kept, breaks that are told, recording that fails.
//!
//! Nothing here waits: the clock jumps.

use super::*;

/// Every way in which a session can be frozen, and the way out.
#[tokio::test(start_paused = true)]
async fn a_frozen_session_can_be_left_in_every_state() {
    // The agent says nothing from the start: the terminal has its own modes still, and Ctrl-C is a signal.
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench.signals.send(Signal::End(2)).unwrap();
            peer.expect(&["close"]).await;
        })
        .await;
    assert!(matches!(end, End::Signal(2)), "{end:?}");

    // It is in the middle of its handshake.
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(stream(0, PayloadType::HANDSHAKE_REQUEST, HANDSHAKE))
                .await;
            while !peer.next().await.contains("handshake-response") {}
            bench.signals.send(Signal::End(3)).unwrap();
            while peer.next().await != "close" {}
        })
        .await;
    assert!(matches!(end, End::Signal(3)), "{end:?}");

    // The socket takes nothing any more.
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            let line: &'static str = Box::leak("x".repeat(1000).into_boxed_str());
            for _ in 0..600 {
                bench.type_keys(line);
            }
            bench.type_keys("\r");
            bench.type_keys("~.");
            sleep(Duration::from_secs(1)).await;
        })
        .await;
    assert!(matches!(end, End::Left), "{end:?}");

    // The connection is away.
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    for _ in 0..100 {
        bench.later.push_back(Resumed::Failed(SWALLOWED.to_owned()));
    }
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            drop(peer);
            sleep(Duration::from_secs(12)).await;
            bench.type_keys("~.");
        })
        .await;
    assert!(matches!(end, End::Left), "{end:?}");
    assert!(bench.log.has("status off"));
    assert_eq!(bench.report.gaps.len(), 1);
}

const HANDSHAKE: &[u8] = br#"{"AgentVersion":"3.3.1.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Standard_Stream","Properties":null}}]}"#;

#[tokio::test(start_paused = true)]
async fn what_is_typed_before_the_agent_speaks_is_sent_when_it_does() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench.type_keys("ls");
            bench.type_keys("\r");
            sleep(millis(500)).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE, "1:ls", "2:\r"]).await;
            peer.close().await;
        })
        .await;
    assert!(bench.log.has("record input 2"));
    assert!(bench.log.has("record input 1"));
}

#[tokio::test(start_paused = true)]
async fn what_waits_on_stdin_is_the_connections_once_it_is_known() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let request = br#"{"AgentVersion":"3.3.0.0","RequestedClientActions":[{"ActionType":"SessionType","ActionParameters":{"SessionType":"Port","Properties":{"portNumber":"22"}}}]}"#;
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench.type_keys("early");
            sleep(millis(100)).await;
            peer.send(stream(0, PayloadType::HANDSHAKE_REQUEST, request))
                .await;
            peer.expect(&["ack 0"]).await;
            assert!(peer.next().await.contains("handshake-response"));
            let complete = br#"{"HandshakeTimeToComplete":1,"CustomerMessage":""}"#;
            peer.send(stream(1, PayloadType::HANDSHAKE_COMPLETE, complete))
                .await;
            while !peer.next().await.contains(":size") {}
            bench.type_keys("late");
            peer.expect(&["2:early", "3:late"]).await;
            peer.close().await;
        })
        .await;
    assert_eq!(bench.report.connections, Some(1));
    assert_eq!(bench.report.agent_version.as_deref(), Some("3.3.0.0"));
}

#[tokio::test(start_paused = true)]
async fn a_marker_gets_its_note_and_the_keys_around_it_go_on() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            bench.type_keys("~mdep");
            bench.type_keys("loy\rls\r");
            peer.expect(&["1:ls\r"]).await;
            bench.type_keys("~mno\x1b");
            bench.type_keys("~m\r");
            bench.type_keys("~~\r");
            peer.expect(&["2:~\r"]).await;
            bench.type_keys("~?~\x1a");
            bench.type_keys("x");
            peer.expect(&["3:x"]).await;
            peer.close().await;
        })
        .await;
    let lines = bench.log.lines();
    let ours: Vec<_> = lines
        .iter()
        .filter(|line| {
            ["mark", "ask", "susp"]
                .iter()
                .any(|word| line.starts_with(word))
        })
        .collect();
    assert_eq!(
        ours,
        [
            "ask ",
            "ask dep",
            "asked",
            "mark deploy",
            "ask ",
            "asked",
            "ask ",
            "asked",
            "mark marker",
            "suspend"
        ]
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("notice") && line.contains("~."))
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_takes_connections_and_drops_them_is_still_away() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    for _ in 0..20 {
        let (near, far) = pipe().await;
        drop(far);
        bench
            .later
            .push_back(Resumed::Open(near, Token::new("dropped".to_owned())));
    }
    let (last, mut last_peer) = pipe().await;
    bench
        .later
        .push_back(Resumed::Open(last, Token::new("last".to_owned())));
    let began = start();
    bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            drop(peer);
            last_peer.expect(&["open last"]).await;
            last_peer.send(output(0, "$ ")).await;
            while last_peer.next().await != "ack 0" {}
            last_peer.close().await;
        })
        .await;
    assert!(
        start() - began > Duration::from_secs(60),
        "it is not hammered"
    );
    let lines = bench.log.lines();
    let marks = lines.iter().filter(|line| line.starts_with("mark")).count();
    assert_eq!(marks, 2, "one break is one gap: {lines:?}");
    assert_eq!(bench.report.gaps.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_reason_for_a_break_is_told_once() {
    let (socket, mut peer) = pipe().await;
    let (second, mut second_peer) = pipe().await;
    let mut bench = Bench::new();
    let failed = |why: &str| Resumed::Failed(why.to_owned());
    for _ in 0..8 {
        bench.later.push_back(failed("no network"));
    }
    bench.later.push_back(failed(SWALLOWED));
    for _ in 0..3 {
        bench
            .later
            .push_back(failed("the AWS credentials have expired"));
    }
    bench
        .later
        .push_back(Resumed::Open(second, Token::new("second".to_owned())));
    bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            drop(peer);
            second_peer.expect(&["open second"]).await;
            second_peer.send(output(0, "$ ")).await;
            second_peer.close().await;
        })
        .await;
    let lines = bench.log.lines();
    let told: Vec<_> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("status "))
        .map(|line| line.rsplit(": ").next().unwrap())
        .collect();
    assert_eq!(
        told,
        [
            "no network",
            "no answer within 30.0s",
            "the AWS credentials have expired",
            "back"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_resumes_and_does_not_give_up() {
    let (socket, mut peer) = pipe().await;
    let (second, mut second_peer) = pipe().await;
    let (third, mut third_peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .later
        .push_back(Resumed::Open(second, Token::new("second".to_owned())));
    for _ in 0..10 {
        bench
            .later
            .push_back(Resumed::Failed("no network".to_owned()));
    }
    bench
        .later
        .push_back(Resumed::Open(third, Token::new("third".to_owned())));
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            // Asleep with a connection: it is dead at once.
            tokio::time::advance(Duration::from_secs(3600)).await;
            second_peer.expect(&["open second"]).await;
            second_peer.send(output(0, "$ ")).await;
            while second_peer.next().await != "ack 0" {}
            drop(second_peer);
            // Asleep without one, for longer than it is tried again.
            sleep(Duration::from_secs(3)).await;
            tokio::time::advance(Duration::from_secs(3600)).await;
            third_peer.expect(&["open third"]).await;
            third_peer.send(output(1, "back")).await;
            while third_peer.next().await != "ack 1" {}
            third_peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
    assert_eq!(bench.report.gaps.len(), 2);
    assert!(bench.log.has("show back"));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_is_noted_and_the_connection_asked() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.send(acknowledge(&AgentMessage {
                message_type: MessageType::InputStreamData,
                ..output(0, "")
            }))
            .await;
            sleep(Duration::from_secs(2)).await;
            SET.set(3_600_000);
            bench.type_keys("x");
            peer.expect(&["1:x", "ping"]).await;
            peer.close().await;
        })
        .await;
    assert!(bench.log.has("mark the clock went forward by 1h00m"));
    let [jump] = bench.report.clock_jumps[..] else {
        panic!("{:?}", bench.report.clock_jumps);
    };
    assert_eq!(jump.by_ms, 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn where_it_is_allowed_a_session_goes_on_unrecorded_and_says_so() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench.fails_at = Some(1);
    bench.goes_on = true;
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            for (sequence, text) in ["recorded", "not", "neither"].iter().enumerate() {
                peer.send(output(i64::try_from(sequence).unwrap(), text))
                    .await;
            }
            while peer.next().await != "ack 2" {}
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
    assert!(bench.log.has("record 0") && !bench.log.has("record 2"));
    assert!(bench.log.has("show neither"));
    let lines = bench.log.lines();
    let told = |line: &&String| line.contains("from here on this session is not recorded");
    assert_eq!(lines.iter().filter(told).count(), 1, "{lines:?}");
    let unrecorded = bench.report.unrecorded.as_ref().unwrap();
    assert!(!unrecorded.cause.is_empty());
}

//! Shell sessions, message by message as the captures show them.
//!
//! Nothing here needs the client of this project.

mod client;

use std::time::{Duration, Instant};

use client::{Client, acknowledged, call, open, open_with};
use formats::{Flags, MessageType, PayloadType};
use futures_util::StreamExt;
use loopback::{Cut, Fate, Faults, Garbage, Options, Service};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "the delay is what is tested")]
async fn the_first_message_is_output_zero_after_the_delay() {
    let options = Options {
        first_output_after: Duration::from_millis(300),
        ..Options::quick()
    };
    let service = Service::start(options).unwrap();
    let begun = Instant::now();
    let mut client = Client::start(&service, "i-0abc").await;
    let first = client.next().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(first.message_type, MessageType::OutputStreamData);
    assert_eq!((first.sequence_number, first.flags), (0, Flags::SYN));
    assert_eq!(&first.payload[..], b"$ ");
}

#[tokio::test]
async fn a_conversation_goes_as_in_the_capture_shell_basic() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    let size = client.size(100, 30).await;
    client.keys("stty size\r").await;
    client.until("30 100\r\n$ ").await;
    client.size(120, 40).await;
    client.keys("stty size\r").await;
    client.until("40 120\r\n$ ").await;
    client.keys("exit\r").await;
    let last = client.rest().await.unwrap();
    assert_eq!(last.message_type, MessageType::ChannelClosed);
    assert_eq!(
        client.close_frames, 0,
        "captured connections end without one"
    );
    let body: Value = serde_json::from_slice(&last.payload).unwrap();
    assert_eq!(body["SessionId"], client.id.as_str());
    assert_eq!(
        (&body["Output"], &body["DestinationId"]),
        (&json!(""), &json!("i-0abc"))
    );
    assert!(client.output.ends_with(b"exit\r\n"), "{:?}", client.output);

    let acknowledged = acknowledged(&client.received);
    let numbers: Vec<_> = acknowledged
        .iter()
        .map(|body| body.sequence_number)
        .collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    assert_eq!(acknowledged[0].message_id, size.message_id);
    assert_eq!(acknowledged[0].message_type, "input_stream_data");
    assert!(acknowledged[0].is_sequential);
    let outputs = client
        .received
        .iter()
        .filter(|message| message.message_type.is_stream());
    for (number, message) in outputs.enumerate() {
        assert_eq!(message.sequence_number, number as i64);
        assert_eq!(
            message.flags,
            if number == 0 { Flags::SYN } else { Flags::NONE }
        );
    }
    let session = &service.sessions()[0];
    assert_eq!(session.typed(), b"stty size\rstty size\rexit\r");
    assert_eq!(session.sizes().len(), 2);
    assert_eq!((session.resent, session.malformed), (0, 0));
}

#[tokio::test]
async fn input_before_the_terminal_is_ready_is_not_acknowledged() {
    let options = Options {
        first_output_after: Duration::from_millis(200),
        ..Options::quick()
    };
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    let early = client.size(80, 24).await;
    client.until("$ ").await;
    assert!(acknowledged(&client.received).is_empty());
    client.send(&early).await;
    client.keys("stty size\r").await;
    client.until("24 80\r\n$ ").await;
    assert_eq!(service.sessions()[0].inputs[0].fate, Fate::NotReady);
}

#[tokio::test]
async fn input_is_processed_in_order_and_duplicates_are_dropped_without_a_word() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    let messages = [b"echo a\r", b"echo b\r", b"echo c\r"];
    let messages: Vec<_> = (0..)
        .zip(messages)
        .map(|(number, keys)| client::input(number, PayloadType::OUTPUT, keys.to_vec().into()))
        .collect();
    for number in [2, 1, 0, 0, 1] {
        client.send(&messages[number]).await;
    }
    client.until("c\r\n$ ").await;
    client.within(Duration::from_millis(50)).await;
    let acknowledged = acknowledged(&client.received);
    let numbers: Vec<_> = acknowledged
        .iter()
        .map(|body| body.sequence_number)
        .collect();
    assert_eq!(numbers, [2, 1, 0]);
    let session = &service.sessions()[0];
    assert_eq!(session.typed(), b"echo a\recho b\recho c\r");
    let fates: Vec<_> = session.inputs.iter().map(|input| input.fate).collect();
    assert_eq!(fates[3..], [Fate::Duplicate, Fate::Duplicate]);
}

#[tokio::test]
async fn only_the_head_is_resent_every_100_ms_until_it_is_acknowledged() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.acknowledging = false;
    client.until("$ ").await;
    client.keys("echo a; sleep 0.1; echo b\r").await;
    let messages = client.within(Duration::from_millis(750)).await;
    let numbers = |messages: &[formats::AgentMessage]| -> Vec<_> {
        let outputs = messages
            .iter()
            .filter(|message| message.message_type.is_stream());
        outputs.map(|message| message.sequence_number).collect()
    };
    let resent = numbers(&messages);
    let heads = resent.iter().filter(|number| **number == 0).count();
    assert!((4..=8).contains(&heads), "{resent:?}");
    for later in 1..=*resent.iter().max().unwrap() {
        assert_eq!(
            resent.iter().filter(|number| **number == later).count(),
            1,
            "{resent:?}"
        );
    }
    let head = client.received[0].clone();
    client.acknowledge(&head).await;
    let next = client.within(Duration::from_millis(350)).await;
    assert!(numbers(&next).contains(&1), "{:?}", numbers(&next));
    assert!(!numbers(&next).contains(&2), "{:?}", numbers(&next));
}

#[tokio::test]
async fn bulk_output_comes_in_small_messages_and_all_before_the_end() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    client.keys("stty -echo; PS1=\r").await;
    client.until("\r\n").await;
    let before = client.output.len();
    client.keys("seq 1 20000; exit\r").await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    let expected: String = (1..=20_000).map(|n| format!("{n}\r\n")).collect();
    let expected = format!("\r\n{expected}");
    assert!(client.output[before - 2..].ends_with(expected.as_bytes()));
    assert!(
        client
            .received
            .iter()
            .all(|message| message.payload.len() <= 1027)
    );
}

#[tokio::test]
async fn a_cut_connection_goes_on_after_resume_with_the_same_numbers() {
    let mut options = Options::quick();
    options.faults.cut = Some(Cut::once_after(4));
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    client.keys("echo one; sleep 0.3; echo two\r").await;
    client.rest().await;
    let before = client.received.len();
    client.resume(&service).await;
    client.until("two\r\n$ ").await;
    client.keys("exit\r").await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    assert!(
        client.received[before..]
            .iter()
            .all(|message| message.flags != Flags::SYN)
    );
    let shown = String::from_utf8(client.output.clone()).unwrap();
    assert_eq!(shown.matches("one\r\n").count(), 1, "{shown}");
    let session = &service.sessions()[0];
    assert_eq!((session.opened.len(), session.resumed), (2, 1));
    assert_ne!(session.opened[0].request_id, session.opened[1].request_id);
}

#[tokio::test]
async fn pause_publication_holds_the_agent_until_it_hears_from_the_client() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    let mut pause = client::input(0, PayloadType::NONE, bytes::Bytes::new());
    pause.flags = Flags::SYN_FIN;
    pause.message_type = MessageType::PausePublication;
    client.keys("sleep 0.2; echo done\r").await;
    client.until("done\r\n").await;
    client.send(&pause).await;
    assert!(client.within(Duration::from_millis(400)).await.is_empty());
    pause.message_type = MessageType::StartPublication;
    client.send(&pause).await;
    client.until("done\r\n$ ").await;
}

#[tokio::test]
async fn terminate_session_closes_the_channel_and_ends_the_shell() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    let (status, _, _) = call(
        &service,
        "TerminateSession",
        &json!({ "SessionId": client.id }),
    );
    assert_eq!(status, 200);
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    let session = service.wait_for(|session| session.ended.is_some()).unwrap();
    assert!(session.terminated);
}

#[tokio::test]
async fn the_service_gives_its_reason_when_a_limit_ends_the_session() {
    let mut options = Options::quick();
    options.faults.close_after = Some((Duration::from_millis(100), "timed out".to_owned()));
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    let last = client.rest().await.unwrap();
    let body: Value = serde_json::from_slice(&last.payload).unwrap();
    assert_eq!(body["Output"], "timed out");
}

#[tokio::test]
async fn a_wrong_or_used_up_token_is_shown_the_door() {
    let service = Service::start(Options::quick()).unwrap();
    let (_, _, session) = call(&service, "StartSession", &json!({ "Target": "i-0abc" }));
    let mut wrong = open_with(&session, Uuid::new_v4(), "wrong").await;
    assert!(matches!(wrong.next().await, Some(Ok(Message::Close(_)))));
    let id = json!({ "SessionId": session["SessionId"] });
    let (_, _, resumed) = call(&service, "ResumeSession", &id);
    let mut old = open(&session, Uuid::new_v4()).await;
    assert!(matches!(old.next().await, Some(Ok(Message::Close(_)))));
    let mut good = open(&resumed, Uuid::new_v4()).await;
    assert!(matches!(good.next().await, Some(Ok(Message::Binary(_)))));
}

#[tokio::test]
async fn garbage_comes_between_good_messages() {
    let mut options = Options::quick();
    options.faults.garbage = Garbage::ALL.to_vec();
    let service = Service::start(options).unwrap();
    let (_, _, session) = call(&service, "StartSession", &json!({ "Target": "i-0abc" }));
    let mut websocket = open(&session, Uuid::new_v4()).await;
    let (mut good, mut bad) = (0, 0);
    while bad < 3 {
        match websocket.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => match formats::AgentMessage::parse(bytes) {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            },
            other => assert!(other.is_text(), "{other:?}"),
        }
    }
    assert!(good >= 3);
}

#[tokio::test]
async fn a_dead_peer_keeps_its_socket_open_and_says_nothing() {
    let options = Options {
        faults: Faults {
            silent_after: Some(Duration::from_millis(200)),
            ..Faults::default()
        },
        ..Options::quick()
    };
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    client.within(Duration::from_millis(300)).await;
    client.keys("echo hi\r").await;
    assert!(client.within(Duration::from_millis(300)).await.is_empty());
    client.resume(&service).await;
    client.keys("never").await;
}

#[tokio::test]
async fn a_lossy_line_brings_every_byte_in_the_end() {
    let options = Options {
        faults: Faults::lossy(),
        resend_every: Duration::from_millis(20),
        ..Options::quick()
    };
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    client.until("$ ").await;
    let command = client
        .keys("stty -echo; PS1=; echo; seq 1 5000; exit\r")
        .await;
    while !client.output.ends_with(b"5000\r\n") {
        // The line may have lost the command.
        client.send(&command).await;
        client.next().await.unwrap();
    }
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    let expected: String = (1..=5000).map(|n| format!("{n}\r\n")).collect();
    assert!(client.output.ends_with(expected.as_bytes()));
    let session = &service.sessions()[0];
    assert!(session.resent > 0);
}

#[tokio::test]
async fn a_rough_line_with_cuts_brings_every_byte_in_the_end() {
    let mut faults = Faults::rough();
    faults.cut = Some(Cut::every(Duration::from_millis(300)));
    let options = Options {
        faults,
        resend_every: Duration::from_millis(5),
        ..Options::quick()
    };
    let service = Service::start(options).unwrap();
    let mut client = Client::start(&service, "i-0abc").await;
    let command = client::input(
        0,
        PayloadType::OUTPUT,
        b"stty -echo; PS1=; echo; seq 1 5000; exit\r"
            .to_vec()
            .into(),
    );
    while service.sessions()[0].ended.is_none() {
        // The line may have lost the command.
        client.send(&command).await;
        if client.next().await.is_none() && service.sessions()[0].ended.is_none() {
            client.try_resume(&service).await;
        }
    }
    let expected: String = (1..=5000).map(|n| format!("{n}\r\n")).collect();
    assert!(client.output.ends_with(expected.as_bytes()));
    assert!(service.sessions()[0].opened.len() > 1);
}

//! The replay peer: a captured agent towards a client that is another one than the captured.
//!
//! Nothing here looks at what the capture means.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not the functions beside them"
)]

mod client;

use std::time::Duration;

use client::Client;
use formats::{AgentMessage, MessageType, PayloadType};
use loopback::{Capture, Options, ReplayPace, Service, Side};
use serde_json::json;

fn start_request(capture: &Capture) -> serde_json::Value {
    json!({
        "Target": capture.target(),
        "DocumentName": capture.document(),
        "Parameters": capture.parameters(),
    })
}

/// Sends what the captured client sent, each message after as many outputs as in the capture.
async fn act(service: &Service, capture: &Capture, client: &mut Client) {
    let mut outputs = 0;
    let mut inputs = std::collections::VecDeque::new();
    for (side, message) in capture.messages() {
        match (side, &message.message_type) {
            (Side::Agent, MessageType::OutputStreamData) => outputs += 1,
            (Side::Client, MessageType::InputStreamData) => inputs.push_back((outputs, message)),
            _ => {}
        }
    }
    let mut received = 0;
    loop {
        match client.next().await {
            Some(message) if message.message_type == MessageType::ChannelClosed => break,
            Some(message) if message.message_type == MessageType::OutputStreamData => received += 1,
            Some(_) => {}
            None if service.sessions()[0].ended.is_some() => break,
            None => client.resume(service).await,
        }
        while let Some((_, message)) = inputs.pop_front_if(|(after, _)| *after <= received) {
            let payload = message.payload.clone();
            client.input(message.payload_type, payload).await;
        }
    }
}

fn streamed<'a>(messages: impl Iterator<Item = &'a AgentMessage>) -> Vec<AgentMessage> {
    messages
        .filter(|message| message.message_type != MessageType::Acknowledge)
        .cloned()
        .collect()
}

#[tokio::test]
async fn every_capture_plays_byte_for_byte() {
    for (name, capture) in Capture::all().unwrap() {
        let service = Service::start(Options::replaying(capture.clone())).unwrap();
        let mut client = Client::start_with(&service, &start_request(&capture)).await;
        assert_eq!(client.id, capture.session_id());
        act(&service, &capture, &mut client).await;
        assert!(client.output == capture.output(), "{name}");
        let captured = streamed(capture.to_client());
        let delivered = streamed(service.sessions()[0].delivered.iter());
        assert!(delivered == captured, "{name}");
        let inputs = &service.sessions()[0].inputs;
        let acknowledged = client::acknowledged(&client.received);
        assert!(acknowledged.len() <= inputs.len(), "{name}");
        for body in acknowledged {
            let named = |input: &loopback::Received| input.message.message_id == body.message_id;
            assert!(inputs.iter().any(named), "{name}");
        }
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_still_gets_everything() {
    for (name, capture) in Capture::all().unwrap() {
        if name != "stderr" {
            continue;
        }
        let service = Service::start(Options::replaying(capture.clone())).unwrap();
        let mut client = Client::start_with(&service, &start_request(&capture)).await;
        let last = client.rest().await.unwrap();
        assert_eq!(last.message_type, MessageType::ChannelClosed);
        assert_eq!(client.output, capture.output());
        assert!(
            client
                .received
                .iter()
                .any(|m| m.payload_type == PayloadType::EXIT_CODE)
        );
    }
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "the pace is what is tested")]
async fn the_captured_pace_takes_the_captured_time() {
    let (_, capture) = Capture::all()
        .unwrap()
        .into_iter()
        .find(|(name, _)| name == "stderr")
        .unwrap();
    let options = Options {
        replay_pace: ReplayPace::Captured,
        ..Options::replaying(capture.clone())
    };
    let service = Service::start(options).unwrap();
    let begun = std::time::Instant::now();
    let mut client = Client::start_with(&service, &start_request(&capture)).await;
    act(&service, &capture, &mut client).await;
    // Its command sleeps for 0.3 s.
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_line_that_is_no_capture_is_named() {
    let error = Capture::parse(b"{}\n").unwrap_err();
    assert!(error.to_string().starts_with("line 1: "), "{error}");
}

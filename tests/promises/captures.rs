//! Captured conversations, played by the service: what the real agent said ends up in the recording, byte for byte and
//! message for message.
//!
//! Nothing here is simulated on the agent's side; see `tests/captures/README.md` for where the captures come from.

use std::fs::File;

use formats::asciicast::{Data, Reader as Events};
use formats::recording::Reader;
use formats::{AgentMessage, MessageType, PayloadType};
use loopback::{Capture, Options};

use super::rig::Rig;

fn check_replay(name: &str, capture: Capture) {
    let document = capture.document().to_owned();
    let parameters = serde_json::to_string(capture.parameters()).unwrap();
    let rig = Rig::new(Options::replaying(capture));
    let run = rig.run(&[
        "start",
        "i-0abc123def4567890",
        "--document-name",
        &document,
        "--parameters",
        &parameters,
    ]);
    assert_eq!(rig.service.sessions().len(), 1, "{name}: {}", run.err());
    let log = rig.service.sessions().remove(0);
    let shown = |message: &&AgentMessage| {
        message.message_type == MessageType::OutputStreamData && message.payload_type.is_shown()
    };
    let delivered = &log.delivered;

    let mut payloads = Vec::new();
    let mut next = 0;
    for message in delivered.iter().filter(shown) {
        if message.sequence_number >= next {
            payloads.extend_from_slice(&message.payload);
            next = message.sequence_number + 1;
        }
    }
    let output: Vec<u8> = delivered
        .iter()
        .filter(shown)
        .filter(|m| m.payload_type == PayloadType::OUTPUT)
        .flat_map(|m| m.payload.to_vec())
        .collect();
    if output.len() == payloads.len() {
        assert_eq!(
            run.0.stdout,
            payloads,
            "{name}: what was shown; {}",
            run.err()
        );
    }

    let recording = rig.recording();
    let reader = Events::open(Reader::open(File::open(&recording).unwrap()).unwrap()).unwrap();
    let mut raw = Vec::new();
    formats::raw::RawStream::new(reader)
        .copy_to(&mut raw)
        .unwrap();
    assert_eq!(
        raw, payloads,
        "{name}: the exact bytes out of the recording"
    );

    let mut reader = Events::open(Reader::open(File::open(&recording).unwrap()).unwrap()).unwrap();
    let mut recorded = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        if let Data::Message(message) = event.data {
            recorded.push((
                message.message_type.unwrap(),
                message.sequence_number,
                message.payload_type,
                message.length,
            ));
        }
    }
    // Acknowledgements answer what was sent, and so differ from the capture; everything else is named one for one.
    let told = |kind: &MessageType| *kind != MessageType::Acknowledge;
    let expected: Vec<_> = delivered
        .iter()
        .filter(|message| told(&message.message_type))
        .map(|message| {
            (
                message.message_type.clone(),
                message.sequence_number,
                message.payload_type,
                message.payload.len(),
            )
        })
        .collect();
    let acknowledgements = recorded.iter().filter(|message| !told(&message.0)).count();
    recorded.retain(|message| told(&message.0));
    assert_eq!(recorded, expected, "{name}: every message of the agent");
    assert_eq!(
        acknowledgements,
        delivered
            .iter()
            .filter(|message| !told(&message.message_type))
            .count(),
        "{name}: every acknowledgement of the agent"
    );
}

#[test]
fn every_captured_conversation_is_recorded_byte_for_byte() {
    let captures = Capture::all().unwrap();
    assert!(captures.len() >= 3, "captures are there");
    // Each waits for its own pauses; together they wait once.
    std::thread::scope(|scope| {
        for (name, capture) in captures {
            if !capture.document().contains("Port") {
                scope.spawn(move || check_replay(&name, capture));
            }
        }
    });
}

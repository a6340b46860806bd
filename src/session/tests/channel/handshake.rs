//! The handshake of a channel: commands, agents that stay silent, probes that meet one, refusals.
//!
//! Nothing here sleeps or opens a socket.

use super::*;

#[test]
fn a_command_shakes_hands_before_anything_else_is_sent() {
    let now = start();
    let mut channel = connected(now);
    channel.resize(now, SIZE);
    channel.send_input(now, b"early");
    channel.handle_message(now, handshake_request(COMMAND));
    assert_eq!(effects(&mut channel), [Effect::Handshake]);
    let messages = sent(&mut channel, now);
    assert_eq!(messages.len(), 2, "{messages:?}");
    let response: HandshakeResponse = parse_json("response", &messages[1].payload).unwrap();
    assert_eq!(
        response.processed_client_actions[0].action_status,
        ActionStatus::Success
    );
    assert_eq!(
        channel.session_type(),
        Some(&crate::session::channel::SessionType::NonInteractiveCommands)
    );
    assert_eq!(channel.agent_version(), Some("3.3.0.0"));
    let complete = br#"{"HandshakeTimeToComplete":1629171,"CustomerMessage":"Please update"}"#;
    channel.handle_message(now, stream(1, PayloadType::HANDSHAKE_COMPLETE, complete));
    assert_eq!(
        effects(&mut channel),
        [Effect::Notice("Please update".to_owned())]
    );
    assert_eq!(
        sent_words(&mut channel, now),
        ["ack 1", r#"1:size {"cols":80,"rows":24}"#, "2:early"]
    );
}

#[test]
fn a_silent_agent_is_probed_and_gets_its_keys() {
    let mut now = start();
    let mut channel = connected(now);
    channel.resize(now, SIZE);
    channel.send_input(now, b"typed blindly");
    now = channel.poll_timeout().unwrap();
    channel.handle_timeout(now);
    let probe = sent(&mut channel, now);
    assert_eq!(
        probe.iter().map(words).collect::<Vec<_>>(),
        [r#"0:size {"cols":80,"rows":24}"#]
    );
    channel.handle_message(now, acknowledge(&probe[0]));
    assert_eq!(effects(&mut channel), [Effect::Acknowledged]);
    assert_eq!(sent_words(&mut channel, now), [""; 0]);
    now = channel.poll_timeout().unwrap();
    channel.handle_timeout(now);
    assert_eq!(sent_words(&mut channel, now), ["1:typed blindly"]);
}

/// An agent that has asked for a handshake drops what comes before its end, acknowledges it and counts it (source: the
/// default branch of processStreamDataMessage, datachannel.go).
#[test]
fn a_probe_that_a_late_handshake_meets_keeps_its_place() {
    for acknowledged_first in [false, true] {
        let mut now = start();
        let mut channel = connected(now);
        channel.resize(now, SIZE);
        channel.send_input(now, b"early");
        now += millis(2000);
        channel.handle_timeout(now);
        let probe = sent(&mut channel, now).remove(0);
        if acknowledged_first {
            channel.handle_message(now, acknowledge(&probe));
            effects(&mut channel);
            now += millis(100);
            channel.handle_timeout(now);
            assert_eq!(sent_words(&mut channel, now), [""; 0]);
        }
        channel.handle_message(now, handshake_request(COMMAND));
        effects(&mut channel);
        let messages = sent(&mut channel, now);
        assert_eq!(messages.len(), 2, "{messages:?}");
        assert_eq!(messages[1].payload_type, PayloadType::HANDSHAKE_RESPONSE);
        assert_eq!(messages[1].sequence_number, 1);
        channel.handle_message(now, stream(1, PayloadType::HANDSHAKE_COMPLETE, b"{}"));
        effects(&mut channel);
        assert_eq!(
            sent_words(&mut channel, now),
            ["ack 1", r#"2:size {"cols":80,"rows":24}"#, "3:early"]
        );
    }
}

#[test]
fn what_cannot_be_done_is_refused_in_the_handshake() {
    let check = |action: &str, status: ActionStatus, failure: Option<Error>| {
        let now = start();
        let mut channel = connected(now);
        channel.handle_message(now, handshake_request(action));
        effects(&mut channel);
        let messages = sent(&mut channel, now);
        let response: HandshakeResponse = parse_json("response", &messages[1].payload).unwrap();
        let processed = &response.processed_client_actions[0];
        assert_eq!(processed.action_status, status);
        assert!(!processed.error.is_empty());
        assert_eq!(response.errors, Some(vec![processed.error.clone()]));
        assert_eq!(channel.failure(), failure.as_ref());
    };
    let unsupported = ActionStatus::Unsupported;
    check(
        r#"{"ActionType":"Dance","ActionParameters":null}"#,
        unsupported,
        None,
    );
    check(
        r#"{"ActionType":"SessionType","ActionParameters":{"SessionType":"Teleport"}}"#,
        unsupported,
        Some(Error::SessionType("Teleport".to_owned())),
    );
    check(
        r#"{"ActionType":"KMSEncryption","ActionParameters":{"KMSKeyId":"a key\u0000"}}"#,
        ActionStatus::Failed,
        Some(Error::Handshake(
            r#"request for encryption is wrong: "a key\0" is no name of a KMS key"#.to_owned(),
        )),
    );
}

//! Non-interactive and interactive commands, as the captures show them.
//!
//! Nothing here needs the client of this project.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not the functions beside them"
)]

mod client;

use client::{Client, call};
use formats::payload::{HandshakeRequest, parse_exit_code};
use formats::{MessageType, PayloadType};
use loopback::{Options, Service};
use serde_json::{Value, json};

const RESPONSE: &str = r#"{"ClientVersion":"1.2.707.0","ProcessedClientActions":[{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}],"Errors":null}"#;

async fn start(service: &Service, document: &str, parameters: Value) -> Client {
    let request = json!({ "Target": "i-0abc", "DocumentName": document, "Parameters": parameters });
    Client::start_with(service, &request).await
}

async fn shake_hands(client: &mut Client) {
    let request = client.next().await.unwrap();
    assert_eq!(
        (request.sequence_number, request.payload_type),
        (0, PayloadType::HANDSHAKE_REQUEST)
    );
    let request: HandshakeRequest = serde_json::from_slice(&request.payload).unwrap();
    let parameters = request.requested_client_actions[0]
        .action_parameters
        .as_ref()
        .unwrap();
    assert_eq!(
        parameters.get(),
        r#"{"SessionType":"NonInteractiveCommands","Properties":null}"#
    );
    client
        .input(PayloadType::HANDSHAKE_RESPONSE, RESPONSE.as_bytes())
        .await;
}

#[tokio::test]
async fn separate_streams_have_prefixes_and_an_exit_code() {
    let service = Service::start(Options::quick()).unwrap();
    let parameters = json!({
        "command": ["sh -c 'echo to-out; echo to-err 1>&2; sleep 0.2; exit 3'"],
        "separateOutputStream": ["True"],
        "stdoutSeparatorPrefix": ["OUT:"],
        "stderrSeparatorPrefix": ["ERR:"],
    });
    let mut client = start(&service, "AWS-StartNonInteractiveCommand", parameters).await;
    shake_hands(&mut client).await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    let of = |payload_type| -> Vec<_> {
        let messages = client
            .received
            .iter()
            .filter(move |m| m.payload_type == payload_type);
        messages.map(|m| m.payload.clone()).collect()
    };
    assert_eq!(of(PayloadType::HANDSHAKE_COMPLETE).len(), 1);
    assert_eq!(of(PayloadType::OUTPUT), ["OUT:to-out\n"]);
    assert_eq!(of(PayloadType::STD_ERR), ["ERR:to-err\n"]);
    assert_eq!(parse_exit_code(&of(PayloadType::EXIT_CODE)[0]), Some(3));
}

#[tokio::test]
async fn merged_streams_have_no_exit_code_and_input_is_dropped() {
    let service = Service::start(Options::quick()).unwrap();
    let parameters =
        json!({ "command": ["sh -c 'read line || echo nothing; echo error 1>&2; exit 7'"] });
    let mut client = start(&service, "AWS-StartNonInteractiveCommand", parameters).await;
    shake_hands(&mut client).await;
    client.keys("typed\n").await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    assert_eq!(client.output, b"nothing\nerror\n");
    assert!(
        client
            .received
            .iter()
            .all(|m| m.payload_type != PayloadType::EXIT_CODE)
    );
}

async fn exit_code(command: &str, keys: Option<&str>) -> (Vec<u8>, Option<i32>) {
    let service = Service::start(Options::quick()).unwrap();
    let parameters = json!({ "command": [command], "separateOutputStream": ["true"] });
    let mut client = start(&service, "AWS-StartNonInteractiveCommand", parameters).await;
    shake_hands(&mut client).await;
    if let Some(keys) = keys {
        while client.output.is_empty() {
            client.next().await.unwrap();
        }
        client.keys(keys).await;
    }
    client.rest().await.unwrap();
    let mut received = client.received.iter();
    let code = received.find(|message| message.payload_type == PayloadType::EXIT_CODE);
    let code = code.and_then(|message| parse_exit_code(&message.payload));
    (client.output, code)
}

#[tokio::test]
async fn no_shell_runs_the_command_and_its_words_keep_their_quotes() {
    let (output, code) = exit_code("echo $HOME 'a  b' \"c d\"", None).await;
    assert_eq!((&output[..], code), (&b"$HOME a  b c d\n"[..], Some(0)));
    let (output, code) = exit_code("no-such-program", None).await;
    assert!(output.starts_with(b"Error occurred starting the command: "));
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn a_control_character_becomes_a_signal() {
    let (_, code) = exit_code("sh -c 'echo on; exec sleep 600'", Some("x\x03")).await;
    assert_eq!(code, Some(-1));
    let trap = "sh -c 'trap \"exit 9\" INT; echo on; while :; do sleep 0.05; done'";
    let (_, code) = exit_code(trap, Some("\x03")).await;
    assert_eq!(code, Some(9));
}

#[tokio::test]
async fn a_failed_handshake_ends_the_session_with_a_reason() {
    let service = Service::start(Options::quick()).unwrap();
    let mut client = start(
        &service,
        "AWS-StartNonInteractiveCommand",
        json!({ "command": ["true"] }),
    )
    .await;
    client.next().await.unwrap();
    let refused = RESPONSE.replace("\"ActionStatus\":1", "\"ActionStatus\":3");
    client
        .input(PayloadType::HANDSHAKE_RESPONSE, refused.into_bytes())
        .await;
    let last = client.rest().await.unwrap();
    let body: Value = serde_json::from_slice(&last.payload).unwrap();
    assert_eq!(
        body["Output"],
        "Encountered error while initiating handshake. SessionType failed on client with status 3 error: "
    );
}

#[tokio::test]
async fn an_interactive_command_has_a_terminal_and_no_handshake() {
    let service = Service::start(Options::quick()).unwrap();
    let parameters = json!({ "command": ["test -t 0 && echo on a terminal; exit 5"] });
    let mut client = start(&service, "AWS-StartInteractiveCommand", parameters).await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    assert_eq!(client.output, b"on a terminal\r\n");
}

#[test]
fn parameters_that_the_document_does_not_take_are_refused() {
    let service = Service::start(Options::quick()).unwrap();
    for parameters in [
        json!({}),
        json!({ "command": ["true"], "stdoutSeparatorPrefix": ["not allowed!"] }),
    ] {
        let request = json!({ "Target": "i-0abc", "DocumentName": "AWS-StartNonInteractiveCommand", "Parameters": parameters });
        let (status, _, answer) = call(&service, "StartSession", &request);
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some("InvalidParameters"))
        );
    }
}

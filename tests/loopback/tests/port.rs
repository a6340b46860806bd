//! Port sessions: smux over real connections, and the plain kinds.
//!
//! Nothing here needs the client of this project: frames are written by hand.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not the functions beside them"
)]

mod client;

use client::Client;
use formats::{MessageType, PayloadType};
use loopback::{Options, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn response(client_version: &str) -> Vec<u8> {
    format!(r#"{{"ClientVersion":"{client_version}","ProcessedClientActions":[{{"ActionType":"SessionType","ActionStatus":1,"ActionResult":null,"Error":""}}],"Errors":null}}"#)
        .into_bytes()
}

/// Starts a port session and goes through its handshake; gives the properties of the request.
async fn start(
    service: &Service,
    document: &str,
    port: u16,
    client_version: &str,
) -> (Client, Value) {
    let request = json!({
        "Target": "i-0abc",
        "DocumentName": document,
        "Parameters": { "portNumber": [port.to_string()], "localPortNumber": ["50997"] },
    });
    let mut client = Client::start_with(service, &request).await;
    let handshake = client.next().await.unwrap();
    assert_eq!(handshake.payload_type, PayloadType::HANDSHAKE_REQUEST);
    let handshake: Value = serde_json::from_slice(&handshake.payload).unwrap();
    let parameters = &handshake["RequestedClientActions"][0]["ActionParameters"];
    assert_eq!(parameters["SessionType"], "Port");
    client
        .input(PayloadType::HANDSHAKE_RESPONSE, response(client_version))
        .await;
    while client.next().await.unwrap().payload_type != PayloadType::HANDSHAKE_COMPLETE {}
    (client, parameters["Properties"].clone())
}

fn frame(command: u8, stream: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u16).to_le_bytes();
    [&[1, command, length[0], length[1], stream, 0, 0, 0], data].concat()
}

/// The data of each stream, and which have ended.
fn unpack(mut bytes: &[u8]) -> (std::collections::BTreeMap<u8, Vec<u8>>, Vec<u8>) {
    let mut data: std::collections::BTreeMap<u8, Vec<u8>> = std::collections::BTreeMap::new();
    let mut ended = Vec::new();
    while bytes.len() >= 8 {
        let length = usize::from(u16::from_le_bytes([bytes[2], bytes[3]]));
        if bytes.len() < 8 + length {
            break;
        }
        match bytes[1] {
            1 => ended.push(bytes[4]),
            2 => data
                .entry(bytes[4])
                .or_default()
                .extend_from_slice(&bytes[8..8 + length]),
            other => panic!("command {other}"),
        }
        bytes = &bytes[8 + length..];
    }
    (data, ended)
}

/// Answers each connection's first bytes with many, then closes.
async fn blob_server() -> (u16, Vec<u8>) {
    let blob: Vec<u8> = (0..60_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = blob.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = [0; 100];
                assert!(socket.read(&mut request).await.unwrap() > 0);
                socket.write_all(&answer).await.unwrap();
            });
        }
    });
    (port, blob)
}

#[tokio::test]
async fn three_downloads_at_once_go_as_in_the_capture() {
    let service = Service::start(Options::quick()).unwrap();
    let (port, blob) = blob_server().await;
    let (mut client, properties) = start(
        &service,
        "AWS-StartPortForwardingSession",
        port,
        "1.2.707.0",
    )
    .await;
    let expected = json!({ "localPortNumber": "50997", "portNumber": port.to_string(), "type": "LocalPortForwarding" });
    assert_eq!(properties, expected);
    // Frames are not aligned to messages.
    let frames: Vec<u8> = [3, 5, 7]
        .into_iter()
        .flat_map(|stream| [frame(0, stream, b""), frame(2, stream, b"GET")].concat())
        .collect();
    let (one, other) = frames.split_at(13);
    client.input(PayloadType::OUTPUT, one.to_vec()).await;
    client.input(PayloadType::OUTPUT, other.to_vec()).await;
    while unpack(&client.output).1.len() < 3 {
        assert!(client.next().await.unwrap().payload.len() <= 1024);
    }
    let (data, mut ended) = unpack(&client.output);
    ended.sort_unstable();
    assert_eq!(ended, [3, 5, 7]);
    assert!(data.values().all(|bytes| *bytes == blob) && data.len() == 3);
    client
        .input(PayloadType::FLAG, 2_u32.to_be_bytes().to_vec())
        .await;
    // As captured: the flag is acknowledged and the connection ends without `channel_closed`.
    let last = client.rest().await.unwrap();
    assert_eq!(last.message_type, MessageType::Acknowledge);
    assert!(
        service
            .wait_for(|session| session.ended.is_some())
            .is_some()
    );
}

#[tokio::test]
async fn a_refused_port_gives_flag_3_and_the_end_of_its_stream() {
    let service = Service::start(Options::quick()).unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (mut client, _) = start(
        &service,
        "AWS-StartPortForwardingSession",
        port,
        "1.2.707.0",
    )
    .await;
    client.input(PayloadType::OUTPUT, frame(0, 3, b"")).await;
    while unpack(&client.output).1 != [3] {
        client.next().await.unwrap();
    }
    let mut flags = client
        .received
        .iter()
        .filter(|m| m.payload_type == PayloadType::FLAG);
    assert_eq!(flags.next().unwrap().payload[..], [0, 0, 0, 3]);
}

#[tokio::test]
async fn an_old_client_has_one_plain_connection_after_the_other() {
    let service = Service::start(Options::quick()).unwrap();
    let (port, blob) = blob_server().await;
    let (mut client, _) = start(&service, "AWS-StartPortForwardingSession", port, "1.1.50.0").await;
    for count in 1..=2 {
        client.keys("GET").await;
        while client.output.len() < blob.len() * count {
            client.next().await.unwrap();
        }
    }
    assert!(client.output == [&blob[..], &blob].concat());
}

#[tokio::test]
async fn an_ssh_session_is_one_plain_connection_and_ends_with_it() {
    let service = Service::start(Options::quick()).unwrap();
    let (port, blob) = blob_server().await;
    let (mut client, properties) = start(&service, "AWS-StartSSHSession", port, "1.2.707.0").await;
    assert_eq!(properties, json!({ "portNumber": port.to_string() }));
    client.keys("SSH-2.0").await;
    assert_eq!(
        client.rest().await.unwrap().message_type,
        MessageType::ChannelClosed
    );
    assert!(client.output == blob);
}

#[tokio::test]
async fn an_ssh_session_without_a_server_says_why_it_ends() {
    let service = Service::start(Options::quick()).unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (mut client, _) = start(&service, "AWS-StartSSHSession", port, "1.2.707.0").await;
    let last = client.rest().await.unwrap();
    let body: Value = serde_json::from_slice(&last.payload).unwrap();
    let text = body["Output"].as_str().unwrap();
    assert!(
        text.starts_with("Unable to connect to specified port: "),
        "{text}"
    );
}

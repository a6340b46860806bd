//! The least client that can hold a conversation, blocking calls over HTTP included.
//!
//! Nothing here is clever: what it receives it acknowledges, and it leaves the rest to the test.

#![allow(
    dead_code,
    clippy::unwrap_used,
    unreachable_pub,
    clippy::disallowed_methods,
    reason = "each test file uses its part; tests live by the clock"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::payload::{Acknowledge, OpenDataChannel, encode_json};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use futures_util::{SinkExt, StreamExt};
use loopback::Service;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

/// Far longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A call in AWS JSON: status, head and body of the answer.
pub fn call(service: &Service, operation: &str, body: &Value) -> (u16, String, Value) {
    let target = format!(
        "x-amz-target: AmazonSSM.{operation}\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/ssm/aws4_request\r\n"
    );
    let (status, head, body) = post(service.address(), &target, &body.to_string());
    (
        status,
        head,
        serde_json::from_str(&body).unwrap_or_default(),
    )
}

/// A POST with these header lines.
pub fn post(address: SocketAddr, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

pub struct Client {
    pub id: String,
    pub client_id: Uuid,
    websocket: WebSocketStream<tokio::net::TcpStream>,
    next: i64,
    expected: i64,
    pub received: Vec<AgentMessage>,
    pub output: Vec<u8>,
    pub acknowledging: bool,
    pub close_frames: u32,
}

impl Client {
    pub async fn start(service: &Service, target: &str) -> Self {
        Self::start_with(service, &json!({ "Target": target, "Reason": "test" })).await
    }

    pub async fn start_with(service: &Service, request: &Value) -> Self {
        let (status, _, session) = call(service, "StartSession", request);
        assert_eq!(status, 200, "{session}");
        let id = session["SessionId"].as_str().unwrap().to_owned();
        let client_id = Uuid::new_v4();
        let websocket = open(&session, client_id).await;
        Self {
            id,
            client_id,
            websocket,
            next: 0,
            expected: 0,
            received: Vec::new(),
            output: Vec::new(),
            acknowledging: true,
            close_frames: 0,
        }
    }

    /// Leaves the websocket as it is and takes a new one, sequence numbers going on.
    pub async fn resume(&mut self, service: &Service) {
        let (status, _, session) = call(service, "ResumeSession", &json!({ "SessionId": self.id }));
        assert_eq!(status, 200, "{session}");
        self.websocket = open(&session, self.client_id).await;
    }

    /// The same, unless the session has ended meanwhile.
    pub async fn try_resume(&mut self, service: &Service) {
        let (_, _, session) = call(service, "ResumeSession", &json!({ "SessionId": self.id }));
        if session["TokenValue"] != "" {
            self.websocket = open(&session, self.client_id).await;
        }
    }

    /// The next message; `None` when the connection ended.
    pub async fn next(&mut self) -> Option<AgentMessage> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.websocket.next())
                .await
                .expect("nothing came for too long");
            match message {
                Some(Ok(Message::Binary(bytes))) => {
                    let message = AgentMessage::parse(bytes).unwrap();
                    self.take(&message).await;
                    return Some(message);
                }
                Some(Ok(Message::Close(_))) => {
                    self.close_frames += 1;
                    return None;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// What comes within `time`.
    pub async fn within(&mut self, time: Duration) -> Vec<AgentMessage> {
        let end = Instant::now() + time;
        let mut messages = Vec::new();
        while let Ok(message) = tokio::time::timeout_at(end.into(), self.next()).await {
            match message {
                Some(message) => messages.push(message),
                None => break,
            }
        }
        messages
    }

    async fn take(&mut self, message: &AgentMessage) {
        self.received.push(message.clone());
        if message.message_type != MessageType::OutputStreamData {
            return;
        }
        if message.sequence_number == self.expected {
            self.expected += 1;
            if message.payload_type.is_shown() {
                self.output.extend_from_slice(&message.payload);
            }
        }
        if self.acknowledging && message.sequence_number < self.expected {
            self.acknowledge(message).await;
        }
    }

    pub async fn acknowledge(&mut self, message: &AgentMessage) {
        let body = encode_json(&Acknowledge::of(message));
        let acknowledge = AgentMessage {
            message_type: MessageType::Acknowledge,
            sequence_number: 0,
            flags: Flags::SYN_FIN,
            ..input(0, PayloadType::NONE, body.into())
        };
        self.send(&acknowledge).await;
    }

    pub async fn send(&mut self, message: &AgentMessage) {
        // A connection that ends is noticed by reading.
        let _ = self.websocket.send(Message::Binary(message.encode())).await;
    }

    /// Sends the next stream message; gives it for the test to compare.
    pub async fn input(
        &mut self,
        payload_type: PayloadType,
        payload: impl Into<Bytes>,
    ) -> AgentMessage {
        let message = input(self.next, payload_type, payload.into());
        self.next += 1;
        self.send(&message).await;
        message
    }

    pub async fn keys(&mut self, keys: &str) -> AgentMessage {
        self.input(PayloadType::OUTPUT, keys.as_bytes().to_vec())
            .await
    }

    pub async fn size(&mut self, cols: u16, rows: u16) -> AgentMessage {
        let size = json!({ "cols": cols, "rows": rows });
        self.input(PayloadType::SIZE, size.to_string().into_bytes())
            .await
    }

    /// Reads until the output ends so.
    pub async fn until(&mut self, end: &str) {
        let end = end.as_bytes();
        while !self.output.ends_with(end) {
            let shown = String::from_utf8_lossy(&self.output).into_owned();
            assert!(self.next().await.is_some(), "ended after {shown:?}");
        }
    }

    /// Reads to the end of the connection; gives the last message.
    pub async fn rest(&mut self) -> Option<AgentMessage> {
        while self.next().await.is_some() {}
        self.received.last().cloned()
    }
}

pub async fn open(session: &Value, client_id: Uuid) -> WebSocketStream<tokio::net::TcpStream> {
    let token = session["TokenValue"].as_str().unwrap();
    open_with(session, client_id, token).await
}

pub async fn open_with(
    session: &Value,
    client_id: Uuid,
    token: &str,
) -> WebSocketStream<tokio::net::TcpStream> {
    let url = session["StreamUrl"].as_str().unwrap();
    let authority = url.split('/').nth(2).unwrap();
    let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut websocket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    let opening = OpenDataChannel {
        message_schema_version: "1.0".to_owned(),
        request_id: Uuid::new_v4(),
        token_value: token.to_owned(),
        client_id,
        client_version: "1.2.707.0".to_owned(),
    };
    let opening = String::from_utf8(encode_json(&opening)).unwrap();
    websocket.send(Message::text(opening)).await.unwrap();
    websocket
}

pub fn input(sequence_number: i64, payload_type: PayloadType, payload: Bytes) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::InputStreamData,
        schema_version: 1,
        created_date: 1,
        sequence_number,
        flags: Flags::NONE,
        message_id: Uuid::new_v4(),
        payload_type,
        payload,
    }
}

/// The acknowledgement bodies among messages.
pub fn acknowledged(messages: &[AgentMessage]) -> Vec<Acknowledge> {
    messages
        .iter()
        .filter(|message| message.message_type == MessageType::Acknowledge)
        .map(|message| serde_json::from_slice(&message.payload).unwrap())
        .collect()
}

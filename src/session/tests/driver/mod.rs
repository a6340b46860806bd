//! The pump over a pipe in memory: order, back-pressure, liveness, coming back, ends.
//!
//! Nothing here waits: the clock jumps.

mod deaf;
mod encrypted;
mod ends;
mod feel;
mod order;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use formats::payload::{OpenDataChannel, Size, parse_json};
use futures_util::{SinkExt, StreamExt};
use tokio::io::DuplexStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::session::channel::DataKey;
use crate::session::driver::data_keys::{self, DataKeys};
use crate::session::driver::tee::Tee;
use crate::session::driver::{
    End, Facts, Keys, Proof, Report, Resume, Resumed, Screen, Settings, Signal, Signals, Status,
    pump,
};

type Pipe = WebSocketStream<DuplexStream>;

/// What happened, in order, from every side.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, wanted: &str) -> usize {
        self.lines().iter().filter(|line| *line == wanted).count()
    }

    fn has(&self, wanted: &str) -> bool {
        self.count(wanted) > 0
    }
}

struct FakeRecorder {
    log: Log,
    /// Refuses the message of this number.
    fails_at: Option<i64>,
    room: watch::Receiver<bool>,
}

impl FakeRecorder {
    fn note(&self, line: String) -> Result<(), io::Error> {
        self.log.add(line);
        Ok(())
    }
}

impl Tee for FakeRecorder {
    type Error = io::Error;

    fn output(&mut self, _: Instant, message: &AgentMessage) -> Result<(), io::Error> {
        if self.fails_at == Some(message.sequence_number) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.note(format!("record {}", message.sequence_number))
    }

    fn message(&mut self, _: Instant, message: &AgentMessage) -> Result<(), io::Error> {
        self.note(format!("record {}", message.message_type))
    }

    fn duplicate(&mut self, _: Instant, message: &AgentMessage) -> Result<(), io::Error> {
        self.note(format!("record duplicate {}", message.sequence_number))
    }

    fn omitted(&mut self, at: Instant, message: &AgentMessage) -> Result<(), io::Error> {
        self.message(at, message)
    }

    fn malformed(&mut self, _: Instant, bytes: Bytes) -> Result<(), io::Error> {
        self.note(format!("record malformed {}", bytes.len()))
    }

    fn input(&mut self, _: Instant, keys: &[u8]) -> Result<(), io::Error> {
        self.note(format!("record input {}", keys.len()))
    }

    fn resize(&mut self, _: Instant, size: Size) -> Result<(), io::Error> {
        self.note(format!("record size {}x{}", size.cols, size.rows))
    }

    fn marker(&mut self, _: Instant, label: &str) -> Result<(), io::Error> {
        self.note(format!("mark {label}"))
    }

    fn exit(&mut self, _: Instant, status: i32) -> Result<(), io::Error> {
        self.note(format!("record exit {status}"))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    fn handle_timeout(&mut self, _: Instant) -> Result<(), io::Error> {
        Ok(())
    }

    async fn room(&self) -> Result<(), io::Error> {
        let _ = self.room.clone().wait_for(|room| *room).await;
        Ok(())
    }
}

struct FakeKeys(mpsc::UnboundedReceiver<&'static str>);

impl Keys for FakeKeys {
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        self.0
            .recv()
            .await
            .map(|keys| Ok(Bytes::from_static(keys.as_bytes())))
    }
}

struct FakeScreen(Log);

impl Screen for FakeScreen {
    fn output(&mut self, bytes: Bytes) -> io::Result<()> {
        self.0
            .add(format!("show {}", String::from_utf8_lossy(&bytes)));
        Ok(())
    }

    fn error(&mut self, bytes: Bytes) -> io::Result<()> {
        self.0
            .add(format!("stderr {}", String::from_utf8_lossy(&bytes)));
        Ok(())
    }

    fn notice(&mut self, text: &str) {
        self.0.add(format!("notice {text}"));
    }

    fn status(&mut self, status: Status<'_>) {
        self.0.add(match status {
            Status::Away(text) => format!("status {text}"),
            Status::Back => "status back".to_owned(),
            Status::Off => "status off".to_owned(),
        });
    }

    fn ask(&mut self, typed: Option<&str>) {
        self.0.add(match typed {
            Some(typed) => format!("ask {typed}"),
            None => "asked".to_owned(),
        });
    }

    fn suspend(&mut self) {
        self.0.add("suspend");
    }

    fn size(&self) -> Option<Size> {
        Some(Size {
            cols: 132,
            rows: 43,
        })
    }

    fn reclaim(&mut self) {
        self.0.add("reclaim");
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn poll_room(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    async fn drain(&mut self) -> io::Result<()> {
        self.0.add("drained");
        Ok(())
    }
}

struct FakeSignals(mpsc::UnboundedReceiver<Signal>);

impl Signals for FakeSignals {
    async fn next(&mut self) -> Signal {
        match self.0.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}

/// An attempt whose answer never comes.
const SWALLOWED: &str = "swallowed";

struct FakeResume {
    connections: VecDeque<Resumed<Pipe>>,
    log: Log,
}

impl Resume for FakeResume {
    type Socket = Pipe;

    async fn resume(&mut self) -> Resumed<Pipe> {
        self.log.add("resume");
        let over = Resumed::Over("the service says that it is over".to_owned());
        match self.connections.pop_front() {
            Some(Resumed::Failed(why)) if why == SWALLOWED => std::future::pending().await,
            next => next.unwrap_or(over),
        }
    }
}

/// KMS in the test's hands: the answer to each question, and the questions.
#[derive(Clone)]
struct FakeVault {
    log: Log,
    answers: Arc<Mutex<VecDeque<Result<DataKey, data_keys::Error>>>>,
    after: Duration,
}

impl DataKeys for FakeVault {
    fn generate(
        &self,
        key_id: String,
    ) -> impl Future<Output = Result<DataKey, data_keys::Error>> + Send + 'static {
        self.log.add(format!("generate {key_id}"));
        let answer = self.answers.lock().unwrap().pop_front();
        let after = self.after;
        async move {
            sleep(after).await;
            answer.unwrap_or(Err(data_keys::Error::Incomplete))
        }
    }
}

async fn pipe() -> (Pipe, Peer) {
    let (near, far) = tokio::io::duplex(256 * 1024);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    (near, Peer(far))
}

/// The other end of the pipe.
struct Peer(WebSocketStream<DuplexStream>);

impl Peer {
    async fn send(&mut self, message: AgentMessage) {
        self.0
            .send(Message::Binary(message.encode()))
            .await
            .unwrap();
    }

    /// The next agent message of the client.
    async fn message(&mut self) -> AgentMessage {
        let message = timeout(Duration::from_secs(600), self.0.next()).await;
        match message.expect("the client says nothing") {
            Some(Ok(Message::Binary(bytes))) => AgentMessage::parse(bytes).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The next message of the client, in words; pings and closing included.
    async fn next(&mut self) -> String {
        let message = timeout(Duration::from_secs(600), self.0.next()).await;
        match message.expect("the client says nothing") {
            Some(Ok(Message::Binary(bytes))) => words(&AgentMessage::parse(bytes).unwrap()),
            Some(Ok(Message::Text(text))) => {
                let body: OpenDataChannel = parse_json("opening", text.as_bytes()).unwrap();
                format!("open {}", body.token_value)
            }
            Some(Ok(Message::Ping(_))) => "ping".to_owned(),
            Some(Ok(Message::Close(_))) => "close".to_owned(),
            other => format!("{other:?}"),
        }
    }

    async fn expect(&mut self, wanted: &[&str]) {
        for wanted in wanted {
            assert_eq!(self.next().await, *wanted);
        }
    }

    async fn close(mut self) {
        self.send(outside(MessageType::ChannelClosed, b"{}")).await;
    }
}

thread_local! {
    static BEGAN: Instant = start();
    static SET: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// A wall clock that goes with the fake time, until it is set.
fn wall_millis() -> u64 {
    let passed = start().saturating_duration_since(BEGAN.with(|began| *began));
    WALL + SET.get() + u64::try_from(passed.as_millis()).unwrap()
}

/// A client with everything around it in the test's hands.
struct Bench {
    log: Log,
    keys: Option<mpsc::UnboundedSender<&'static str>>,
    signals: mpsc::UnboundedSender<Signal>,
    room: watch::Sender<bool>,
    later: VecDeque<Resumed<Pipe>>,
    fails_at: Option<i64>,
    goes_on: bool,
    report: Report,
    is_terminal: bool,
    proof: Proof,
    vault: FakeVault,
    ends: (
        Option<mpsc::UnboundedReceiver<&'static str>>,
        Option<mpsc::UnboundedReceiver<Signal>>,
    ),
}

impl Bench {
    fn new() -> Self {
        let (keys, keys_end) = mpsc::unbounded_channel();
        let (signals, signals_end) = mpsc::unbounded_channel();
        let log = Log::default();
        Self {
            vault: FakeVault {
                log: log.clone(),
                answers: Arc::default(),
                after: Duration::from_secs(1),
            },
            log,
            keys: Some(keys),
            signals,
            room: watch::Sender::new(true),
            later: VecDeque::new(),
            fails_at: None,
            goes_on: false,
            report: Report::default(),
            is_terminal: true,
            proof: Proof::Leaving,
            ends: (Some(keys_end), Some(signals_end)),
        }
    }

    fn type_keys(&self, keys: &'static str) {
        self.keys.as_ref().unwrap().send(keys).unwrap();
    }

    /// Runs the client over `socket` beside what the `peer` does.
    async fn run(&mut self, socket: Pipe, peer: impl AsyncFnOnce(&mut Self)) -> End<io::Error> {
        let recorder = FakeRecorder {
            log: self.log.clone(),
            fails_at: self.fails_at,
            room: self.room.subscribe(),
        };
        let person = (
            FakeKeys(self.ends.0.take().unwrap()),
            FakeScreen(self.log.clone()),
            FakeSignals(self.ends.1.take().unwrap()),
        );
        let resume = FakeResume {
            connections: std::mem::take(&mut self.later),
            log: self.log.clone(),
        };
        let settings = Settings {
            input_is_terminal: self.is_terminal,
            escape: Some(b'~'),
            size: Size { cols: 80, rows: 24 },
            resume_limit: Duration::from_secs(300),
            ping_interval: Duration::from_secs(10),
            bind: None,
            reserved: None,
            record_payload: false,
            go_on_unrecorded: self.goes_on,
            proof: self.proof,
            facts: Facts {
                session_id: "ada-1".to_owned(),
                target: "i-0abc".to_owned(),
                reason: None,
                since: "2026-11-29".to_owned(),
                began: start(),
                recording: "/spool/ada-1.cast.zst".to_owned(),
                store: "/store".to_owned(),
            },
            wall_millis,
        };
        let channel = unconnected(start());
        let token = Token::new("first".to_owned());
        let client = pump(
            (socket, token),
            channel,
            recorder,
            person,
            (resume, self.vault.clone()),
            settings,
        );
        let ((_, end, report), ()) = tokio::join!(client, peer(self));
        self.report = report;
        end
    }
}

const SIZE: &str = r#"0:size {"cols":80,"rows":24}"#;

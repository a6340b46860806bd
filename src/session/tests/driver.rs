//! The pump over a pipe in memory, with a clock that jumps: order, back-pressure, liveness, coming back, ends.

mod feel;

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

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
    End, Keys, Report, Resume, Resumed, Screen, Settings, Signal, Signals, Status, pump,
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

    async fn room(&mut self) {}

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

#[tokio::test(start_paused = true)]
async fn output_is_recorded_then_shown_then_acknowledged() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0"]).await;
            bench.log.add("acknowledged");
            peer.expect(&[SIZE]).await;
            bench.type_keys("exit\r");
            peer.expect(&["1:exit\r"]).await;
            peer.send(stream(1, PayloadType::STD_ERR, b"bye")).await;
            peer.expect(&["ack 1"]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { reason: None }), "{end:?}");
    assert_eq!(
        bench.log.lines(),
        [
            "record 0",
            "show $ ",
            "acknowledged",
            "record input 5",
            "record 1",
            "stderr bye",
            "record channel_closed",
            "drained",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_neither_shown_nor_acknowledged() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench.fails_at = Some(1);
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "shown")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.send(output(1, "secret")).await;
            peer.expect(&["close"]).await;
        })
        .await;
    assert!(matches!(end, End::RecordingFailed(_)), "{end:?}");
    assert!(!bench.log.has("show secret"));
}

#[tokio::test(start_paused = true)]
async fn without_room_nothing_is_read_and_keys_still_go_out() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            bench.room.send_replace(false);
            sleep(millis(100)).await;
            // One message may have been awaited already when the room went.
            peer.send(output(1, "a")).await;
            peer.send(output(2, "b")).await;
            sleep(millis(100)).await;
            peer.send(output(3, "c")).await;
            bench.type_keys("\x03");
            while peer.next().await != "1:\x03" {}
            // Silence that is our own doing is no dead connection.
            sleep(Duration::from_secs(100)).await;
            assert!(!bench.log.has("record 3"));
            bench.room.send_replace(true);
            while peer.next().await != "ack 3" {}
            peer.close().await;
        })
        .await;
    assert!(bench.log.has("show c"));
}

#[tokio::test(start_paused = true)]
async fn many_messages_are_acknowledged_in_few_writes() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            for sequence in 0..500 {
                peer.send(output(sequence, "x")).await;
            }
            let mut acknowledged = 0;
            while acknowledged < 500 {
                acknowledged += usize::from(peer.next().await.starts_with("ack"));
            }
            peer.close().await;
        })
        .await;
    assert_eq!(bench.log.count("show x"), 500);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_asked_for_a_sign_of_life_and_given_up_without_one() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let began = start();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            // Holding on without reading answers no ping: that is what a dead path looks like.
            sleep(Duration::from_secs(60)).await;
        })
        .await;
    assert!(
        (start() - began) < Duration::from_secs(70),
        "{:?}",
        (start() - began)
    );
    let End::ConnectionLost { cause, resume } = end else {
        panic!("{end:?}");
    };
    assert_eq!(cause, "no sign of life for 20 s");
    assert_eq!(resume, "the service says that it is over");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_answers_pings_lives_on() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(output(0, "$ ")).await;
            peer.expect(&["ack 0", SIZE]).await;
            peer.send(acknowledge(&AgentMessage {
                message_type: MessageType::InputStreamData,
                ..output(0, "")
            }))
            .await;
            for _ in 0..20 {
                peer.expect(&["ping"]).await;
            }
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { .. }), "{end:?}");
}

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
    assert_eq!(marks[1], "mark connection resumed after 3.1 s");
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
    assert_eq!(resume, "gave up after 300 s: no network");
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

/// The request of an agent whose session KMS encrypts.
fn encrypted_request() -> AgentMessage {
    stream(0, PayloadType::HANDSHAKE_REQUEST, encryption::REQUEST)
}

#[tokio::test(start_paused = true)]
async fn keys_wait_for_the_end_of_an_encrypted_handshake() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let key = encryption::data_key();
    bench.vault.answers.lock().unwrap().push_back(Ok(key));
    let mut agent = encryption::agent();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench.type_keys("typed early");
            peer.send(encrypted_request()).await;
            peer.expect(&["ack 0"]).await;
            let response = peer.next().await;
            assert!(response.starts_with("0:handshake-response "), "{response}");
            peer.send(agent.challenge(1)).await;
            peer.expect(&["ack 1"]).await;
            let response = peer.next().await;
            assert!(
                response.starts_with("1:encryption-challenge-response "),
                "{response}"
            );
            peer.send(stream(2, PayloadType::HANDSHAKE_COMPLETE, b"{}"))
                .await;
            peer.expect(&["ack 2", r#"2:size {"cols":80,"rows":24}"#])
                .await;
            let keys = peer.message().await;
            assert_eq!(agent.open(&keys), "typed early");
            peer.send(agent.output(3, "secret")).await;
            peer.expect(&["ack 3"]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { reason: None }), "{end:?}");
    assert!(bench.log.has("generate alias/sessions"));
    assert!(bench.log.has("show secret"), "{:?}", bench.log.lines());
}

#[tokio::test(start_paused = true)]
async fn a_refused_data_key_is_told_to_the_agent_and_ends_the_session() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let refusal = data_keys::Error::Denied {
        key_id: "alias/sessions".to_owned(),
        message: "not you".to_owned(),
    };
    bench.vault.answers.lock().unwrap().push_back(Err(refusal));
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(encrypted_request()).await;
            peer.expect(&["ack 0"]).await;
            let response = peer.next().await;
            assert!(
                response.contains(r#""ActionType":"KMSEncryption","ActionStatus":2,"ActionResult":null,"Error":"access denied: not you""#),
                "{response}"
            );
        })
        .await;
    assert!(
        matches!(&end, End::NoDataKey { key_id, cause: data_keys::Error::Denied { .. } } if key_id == "alias/sessions"),
        "{end:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_while_kms_thinks_is_taken_up_with_the_same_key() {
    let (socket, mut first) = pipe().await;
    let (again, mut second) = pipe().await;
    let mut bench = Bench::new();
    let key = encryption::data_key();
    bench.vault.answers.lock().unwrap().push_back(Ok(key));
    let token = Token::new("second".to_owned());
    bench.later.push_back(Resumed::Open(again, token));
    let mut agent = encryption::agent();
    let end = bench
        .run(socket, async |_| {
            first.expect(&["open first"]).await;
            first.send(encrypted_request()).await;
            first.expect(&["ack 0"]).await;
            drop(first);
            second.expect(&["open second"]).await;
            let mut response = second.next().await;
            while response == "ping" {
                response = second.next().await;
            }
            assert!(response.starts_with("0:handshake-response "), "{response}");
            second.send(agent.challenge(1)).await;
            second.expect(&["ack 1"]).await;
            second.close().await;
        })
        .await;
    assert!(matches!(end, End::NotOpened { .. }), "{end:?}");
    assert_eq!(bench.log.count("generate alias/sessions"), 1);
}

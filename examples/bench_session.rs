//! How fast a session's output is accepted, recorded, shown and acknowledged, from a peer in memory that sends as fast
//! as it may: `cargo run --release --example bench_session -- [MB]`. The bar is 50 MB/s.
//!
//! The peer runs in a thread of its own and keeps at most 1,000 messages unacknowledged. Its messages are encoded
//! beforehand; the screen takes everything and shows nothing; the recording goes to a temporary file.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use formats::asciicast::{Header, Term};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use futures_util::{SinkExt, StreamExt};
use ssm_rec::recorder::{Options as RecorderOptions, Recorder};
use ssm_rec::session::channel::{Channel, DataKey, Options, Token};
use ssm_rec::session::driver::data_keys::{self, DataKeys};
use ssm_rec::session::driver::{
    Facts, Keys, Proof, Resume, Resumed, Screen, Settings, Signal, Signals, Status, run,
    wall_millis,
};
use tokio::io::DuplexStream;
use tokio::runtime::Builder;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use uuid::Uuid;

/// The most that the agent puts in a message.
const PAYLOAD: usize = 1024;
/// What the peer leaves unacknowledged.
const IN_FLIGHT: i64 = 1000;
const SIZE: Size = Size { cols: 80, rows: 24 };

type Pipe = WebSocketStream<DuplexStream>;

struct NoKeys;

impl Keys for NoKeys {
    fn read(&mut self) -> impl Future<Output = Option<io::Result<Bytes>>> {
        pending()
    }
}

struct NoSignals;

impl Signals for NoSignals {
    fn next(&mut self) -> impl Future<Output = Signal> {
        pending()
    }
}

struct NoDataKeys;

impl DataKeys for NoDataKeys {
    fn generate(
        &self,
        _: String,
    ) -> impl Future<Output = Result<DataKey, data_keys::Error>> + Send + 'static {
        pending()
    }
}

struct NoWayBack;

impl Resume for NoWayBack {
    type Socket = Pipe;

    async fn resume(&mut self) -> Resumed<Pipe> {
        Resumed::Over("the peer is gone".to_owned())
    }
}

#[derive(Default)]
struct BlindScreen;

impl Screen for BlindScreen {
    fn output(&mut self, _: Bytes) -> io::Result<()> {
        Ok(())
    }

    fn error(&mut self, _: Bytes) -> io::Result<()> {
        Ok(())
    }

    fn notice(&mut self, _: &str) {}

    fn status(&mut self, _: Status<'_>) {}

    fn ask(&mut self, _: Option<&str>) {}

    fn size(&self) -> Option<Size> {
        Some(SIZE)
    }

    fn reclaim(&mut self) {}

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn poll_room(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    async fn drain(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text as a build log has it: words, numbers, a colour now and then.
fn payload(number: usize) -> Bytes {
    let mut text = String::with_capacity(PAYLOAD + 80);
    let mut seed = number as u64;
    while text.len() < PAYLOAD {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push_str(&format!(
            "\x1b[32m   Compiling\x1b[0m crate-{} v0.{}.{} (/build/{:x})\r\n",
            seed >> 52,
            seed >> 60,
            seed >> 58 & 15,
            seed >> 32
        ));
    }
    text.truncate(PAYLOAD);
    text.into()
}

fn message(message_type: MessageType, sequence_number: i64, payload: Bytes) -> AgentMessage {
    AgentMessage {
        message_type,
        schema_version: 1,
        created_date: 1_700_000_000_000,
        sequence_number,
        flags: Flags::NONE,
        message_id: Uuid::from_u128(sequence_number as u128),
        payload_type: PayloadType::OUTPUT,
        payload,
    }
}

/// Sends everything, and tells what it took until the last acknowledgement.
async fn push(mut socket: Pipe, messages: Vec<Bytes>) -> Result<Duration, Infallible> {
    let count = messages.len() as i64;
    let (mut sent, mut acknowledged) = (0_i64, 0_i64);
    let mut messages = messages.into_iter();
    let began = now();
    while acknowledged < count {
        while sent - acknowledged < IN_FLIGHT
            && let Some(bytes) = messages.next()
        {
            if socket.feed(Message::Binary(bytes)).await.is_err() {
                break;
            }
            sent += 1;
        }
        let _ = socket.flush().await;
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) if bytes[4..].starts_with(b"acknowledge") => {
                acknowledged += 1;
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    let took = began.elapsed();
    let closed = message(MessageType::ChannelClosed, 0, Bytes::from_static(b"{}"));
    let _ = socket.send(Message::Binary(closed.encode())).await;
    Ok(took)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes: usize = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 200,
    };
    let count = megabytes * 1_000_000 / PAYLOAD;
    let mut template: Vec<BytesMut> = (0..256)
        .map(|number| {
            message(MessageType::OutputStreamData, 0, payload(number))
                .encode()
                .into()
        })
        .collect();
    let messages: Vec<Bytes> = (0..count)
        .map(|number| {
            let bytes = &mut template[number % 256];
            bytes[48..56].copy_from_slice(&(number as i64).to_be_bytes());
            Bytes::copy_from_slice(bytes)
        })
        .collect();

    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (near, far) = tokio::io::duplex(1024 * 1024);
    let peer = std::thread::spawn(move || -> Result<Duration, io::Error> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let Ok(took) = runtime.block_on(async {
            let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
            push(far, messages).await
        });
        Ok(took)
    });
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.cast.zst");
    let header = Header {
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ..Header::default()
    };
    let began = now();
    let recorder = Recorder::create(
        &path,
        &header,
        began,
        1_700_000_000_000,
        RecorderOptions::default(),
    )?;
    let options = Options {
        client_id: Uuid::new_v4(),
        message_ids: Uuid::new_v4(),
    };
    let outcome = runtime.block_on(async {
        let near = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
        let first = (near, Token::new("none".to_owned()));
        let settings = Settings {
            proof: Proof::Nothing,
            input_is_terminal: true,
            escape: Some(b'~'),
            size: SIZE,
            resume_limit: Duration::ZERO,
            ping_interval: Duration::from_secs(10),
            bind: None,
            reserved: None,
            record_payload: false,
            go_on_unrecorded: false,
            // Nobody asks.
            facts: Facts {
                session_id: "none".to_owned(),
                target: "none".to_owned(),
                reason: None,
                since: String::new(),
                began: now(),
                recording: String::new(),
                store: String::new(),
            },
            wall_millis,
        };
        let person = (NoKeys, BlindScreen, NoSignals);
        run(
            first,
            Channel::new(began, &options),
            recorder,
            person,
            (NoWayBack, NoDataKeys),
            settings,
        )
        .await
    });
    let manifest = outcome
        .recorder
        .end(now(), Manifest::default(), Duration::ZERO)?
        .finish(None)?;
    let took = match peer.join() {
        Ok(took) => took?.as_secs_f64(),
        Err(_) => return Err("the peer panicked".into()),
    };
    let size = std::fs::metadata(&path)?.len();
    println!(
        "{count} messages of {PAYLOAD} bytes recorded and acknowledged in {took:.2} s: {:.0} messages/s, {:.1} MB/s",
        count as f64 / took,
        (count * PAYLOAD) as f64 / took / 1e6
    );
    println!(
        "recording: {:.1} MB, {} agent messages; the session: {}",
        size as f64 / 1e6,
        manifest.counts.messages,
        outcome.end
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time")]
fn now() -> Instant {
    Instant::now()
}

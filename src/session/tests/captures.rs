//! Recorded conversations of the real agent with the official client, replayed: the agent's side goes through our
//! channel at the times it came, what the person did is done again, and what we answer is compared.
//!
//! Where we differ from the official client, on purpose: the handshake response names our version; a port session's frames
//! may be put into messages differently, stream by stream they are the same. Nothing else may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formats::payload::{Size, parse_json};
use formats::smux::{Parser, Piece, StreamId};
use sha2::{Digest, Sha256};

use super::*;
use crate::session::port::mux::{Mux, Received};

/// What each of the five downloads is (source: the capture, taken apart by hand).
const DOWNLOAD: &str = "9af518a5d7853a3637843a0b700137d92454b6d8a1e929f705eff5238f6a58a8";

#[derive(serde::Deserialize)]
struct Line {
    t: f64,
    dir: String,
    r#type: String,
    data: String,
    fate: Option<String>,
    origin: Option<String>,
}

/// The folder that `SSM_REC_CAPTURES` names, else the one with all captures beside the project, else the copies kept here.
fn folder() -> PathBuf {
    if let Some(named) = std::env::var_os("SSM_REC_CAPTURES") {
        return PathBuf::from(named);
    }
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = project.join("../shared/captures");
    if beside.is_dir() {
        beside
    } else {
        project.join("tests/captures")
    }
}

fn lines(path: &Path) -> Vec<Line> {
    let bytes = zstd::decode_all(std::fs::File::open(path).unwrap()).unwrap();
    String::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[derive(Default)]
struct Replay {
    /// Payloads of the agent's output, in order, each once: as the capture holds them, and as they surfaced.
    shown_then: Vec<Bytes>,
    shown_now: Vec<Bytes>,
    /// Numbered messages of the client, without the handshake response, which names the client's version.
    sent_then: Vec<String>,
    sent_now: Vec<String>,
    /// Data that the client sent, as the capture holds it.
    data_then: Vec<Bytes>,
    acknowledged_then: BTreeSet<i64>,
    acknowledged_now: BTreeSet<i64>,
    last_effects: Vec<Effect>,
    exit_code: Option<i32>,
}

impl Replay {
    fn run(lines: &[Line]) -> Self {
        let began = start();
        let mut replay = Self::default();
        let mut channel = unconnected(began);
        let mut connections = 0;
        let mut seen = BTreeSet::new();
        for line in lines {
            let now = began + Duration::from_secs_f64(line.t);
            let data = Bytes::from(STANDARD.decode(&line.data).unwrap());
            let event = String::from_utf8_lossy(&data).into_owned();
            match (line.dir.as_str(), line.r#type.as_str()) {
                ("relay", _) if event.contains(r#""event": "client-open""#) => {
                    if connections > 0 {
                        channel.handle_disconnect(now);
                    }
                    connections += 1;
                    channel.open(now, WALL, &Token::new(String::new()));
                }
                ("agent->client", "binary") if line.fate.is_none() => {
                    let message = AgentMessage::parse(data).unwrap();
                    if message.message_type == MessageType::OutputStreamData
                        && message.payload_type.is_shown()
                        && seen.insert(message.sequence_number)
                    {
                        replay.shown_then.push(message.payload.clone());
                    }
                    channel.handle_message(now, message);
                }
                ("client->agent", "binary") if line.origin.is_none() => {
                    replay.repeat(&mut channel, now, data);
                }
                _ => {}
            }
            replay.drain(&mut channel, now);
        }
        let end = began + millis(600_000);
        channel.handle_disconnect(end);
        replay.drain(&mut channel, end);
        replay
    }

    /// Does again what the person at the official client did.
    fn repeat(&mut self, channel: &mut Channel, now: Instant, data: Bytes) {
        let message = AgentMessage::parse(data).unwrap();
        if message.message_type == MessageType::Acknowledge {
            let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
            self.acknowledged_then.insert(body.sequence_number);
            return;
        }
        if message.payload_type == PayloadType::HANDSHAKE_RESPONSE {
            return;
        }
        self.sent_then.push(words(&message));
        match message.payload_type {
            PayloadType::SIZE => {
                let size: Size = parse_json("size", &message.payload).unwrap();
                channel.resize(now, size);
            }
            PayloadType::FLAG => {
                let flag = formats::payload::Flag::parse(&message.payload).unwrap();
                channel.send_flag(now, flag);
            }
            _ => {
                channel.send_input(now, &message.payload);
                self.data_then.push(message.payload);
            }
        }
    }

    fn drain(&mut self, channel: &mut Channel, now: Instant) {
        while let Some(event) = channel.poll_event() {
            let Event::Message { message, effect } = event else {
                panic!("malformed");
            };
            match effect {
                Effect::Output | Effect::StdErr => self.shown_now.push(message.payload),
                Effect::ExitCode(code) => self.exit_code = Some(code),
                _ => {}
            }
            self.last_effects.push(effect);
        }
        for message in sent(channel, now) {
            if message.message_type == MessageType::Acknowledge {
                let body: Acknowledge = parse_json("acknowledge", &message.payload).unwrap();
                self.acknowledged_now.insert(body.sequence_number);
            } else if message.payload_type != PayloadType::HANDSHAKE_RESPONSE {
                self.sent_now.push(words(&message));
            }
        }
    }
}

#[test]
fn captured_conversations_replay_to_the_same_result() {
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = name.strip_suffix(".jsonl.zst") else {
            continue;
        };
        let replay = Replay::run(&lines(&path));
        assert_eq!(replay.shown_now, replay.shown_then, "{name}: output");
        assert_eq!(
            replay.acknowledged_now, replay.acknowledged_then,
            "{name}: acknowledgements"
        );
        assert_eq!(replay.sent_now, replay.sent_then, "{name}: input");
        let exit_code = match name {
            "noninteractive-exit-code" => Some(7),
            "stderr" => Some(3),
            _ => None,
        };
        assert_eq!(replay.exit_code, exit_code, "{name}: exit code");
        if name == "port-forward-http" {
            check_downloads(&replay);
        } else {
            let last = replay.last_effects.last();
            let closed = Effect::Closed {
                reason: None,
                missing: 0,
            };
            assert_eq!(last, Some(&closed), "{name}: end");
        }
        replayed += 1;
    }
    assert!(
        replayed >= 3,
        "only {replayed} captures in {}",
        folder().display()
    );
}

/// What one side sent on each stream: its opening, its data, its end.
fn streams(payloads: &[Bytes]) -> BTreeMap<u32, (bool, Vec<u8>, bool)> {
    let mut parser = Parser::default();
    let mut streams = BTreeMap::<u32, (bool, Vec<u8>, bool)>::new();
    for payload in payloads {
        parser.handle(payload.clone());
        while let Some(piece) = parser.poll().unwrap() {
            match piece {
                Piece::Syn(StreamId(id)) => streams.entry(id).or_default().0 = true,
                Piece::Data(StreamId(id), data) => streams.entry(id).or_default().1.extend(data),
                Piece::Fin(StreamId(id)) => streams.entry(id).or_default().2 = true,
                Piece::Nop => {}
            }
        }
    }
    streams
}

/// The same five requests over our multiplexer, answered by what the agent sent then.
fn check_downloads(replay: &Replay) {
    let then = streams(&replay.data_then);
    assert_eq!(then.len(), 5, "requests then");
    let mut mux = Mux::new();
    let mut sent = Vec::new();
    for (id, (_, request, _)) in &then {
        let stream = mux.open_stream().unwrap();
        assert_eq!(stream.0, *id, "the official client's numbers");
        mux.send(stream, Bytes::copy_from_slice(request));
    }
    while let Some(bytes) = mux.poll_transmit() {
        sent.push(bytes);
    }
    let mut downloads = BTreeMap::<u32, Vec<u8>>::new();
    let mut ended = BTreeSet::new();
    for payload in &replay.shown_now {
        mux.handle_data(payload.clone()).unwrap();
        while let Some(id) = mux.poll_readable() {
            loop {
                match mux.receive(id, 1024 * 1024) {
                    Received::Data(pieces) => {
                        let download = downloads.entry(id.0).or_default();
                        pieces.iter().for_each(|piece| download.extend(piece));
                    }
                    Received::End => {
                        ended.insert(id.0);
                        mux.finish(id);
                    }
                    Received::Nothing => break,
                }
            }
        }
    }
    while let Some(bytes) = mux.poll_transmit() {
        sent.push(bytes);
    }
    assert_eq!(streams(&sent), then, "what was sent on each stream");
    assert!(
        ended.iter().eq(then.keys()),
        "every download ends: {ended:?}"
    );
    for (id, download) in &downloads {
        let split = download.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let body = &download[split.unwrap() + 4..];
        assert_eq!(body.len(), 60_000, "stream {id}");
        let digest: String = Sha256::digest(body)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, DOWNLOAD, "stream {id}");
    }
    assert_eq!(downloads.len(), 5);
}

//! Recorded conversations of the real agent with the official client, replayed: the agent's side goes through our
//! channel at the times it came, what the person did is done again, and what we answer is compared.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formats::payload::{Size, parse_json};

use super::*;

#[derive(serde::Deserialize)]
struct Line {
    t: f64,
    dir: String,
    r#type: String,
    data: String,
    fate: Option<String>,
    origin: Option<String>,
}

/// The folder with all captures when it is there, else the copies kept here.
fn folder() -> PathBuf {
    std::env::var_os("SSM_REC_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures"),
        PathBuf::from,
    )
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
            _ => channel.send_input(now, &message.payload),
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
        if name != "port-forward-http" {
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

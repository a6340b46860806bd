//! Bytes per second through the codecs: messages in, a recording out, and back to raw bytes.
//!
//! Nothing here is a test: the bars are ratios, and are looked at by a person.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark of inputs that are known to be good"
)]

use std::io::sink;
use std::time::Duration;

use bytes::Bytes;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use formats::asciicast::{self, Encoder, Header, Session};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::raw::RawStream;
use formats::recording::{Options, Reader, Writer};
use formats::tee::{Content, TeedMessage};
use formats::{AgentMessage, Flags, MessageType, PayloadType};

fn main() {
    divan::main();
}

/// Bytes of output in each benchmark.
const SIZE: usize = 16 * 1024 * 1024;
/// What the agent puts into one message.
const PAYLOAD: usize = 1024;

const KINDS: [&str; 3] = ["base64", "escapes", "seq"];

/// Output of one kind, the same in every run.
fn output(kind: &str) -> Vec<u8> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    let mut out = Vec::with_capacity(SIZE + 100);
    let mut line = 0;
    while out.len() < SIZE {
        line += 1;
        match kind {
            "base64" => {
                const LETTERS: &[u8; 64] =
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                out.extend((0..76).map(|_| LETTERS[random() as usize % 64]));
                out.extend_from_slice(b"\r\n");
            }
            "escapes" => {
                for _ in 0..8 {
                    let (row, color) = (random() % 50, random() % 256);
                    out.extend_from_slice(
                        format!("\x1b[{row};1H\x1b[38;5;{color}mcell {row}\x1b[0m ").as_bytes(),
                    );
                }
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(format!("{line}\r\n").as_bytes()),
        }
    }
    out.truncate(SIZE);
    out
}

fn message(number: usize, payload: &[u8]) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: 1_700_000_000_000 + number as u64,
        sequence_number: number as i64,
        flags: Flags::NONE,
        message_id: uuid::Uuid::from_u128(number as u128),
        payload_type: PayloadType::OUTPUT,
        payload: Bytes::copy_from_slice(payload),
    }
}

fn header() -> Header {
    Header {
        ssm: Some(Session::default()),
        ..Header::default()
    }
}

fn record(output: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header(), Options::default()).unwrap();
    write(&mut writer, output);
    writer.finish(Manifest::default(), |_| None).unwrap().0
}

fn write<W: std::io::Write>(writer: &mut Writer<W>, output: &[u8]) {
    for (number, payload) in output.chunks(PAYLOAD).enumerate() {
        let at = Duration::from_micros(number as u64 * 20);
        let message = message(number, payload);
        let teed = TeedMessage::of(&message, Content::Next, 1_700_000_000_000, at);
        writer.message(at, &teed).unwrap();
        let text = std::str::from_utf8(&message.payload).unwrap();
        writer.output(at, text).unwrap();
        if number % 4096 == 0 {
            writer.flush().unwrap();
        }
    }
}

#[divan::bench]
fn agent_messages_parse(bencher: Bencher) {
    let encoded: Vec<Bytes> = output("base64")
        .chunks(PAYLOAD)
        .enumerate()
        .map(|(number, payload)| message(number, payload).encode())
        .collect();
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        for bytes in &encoded {
            black_box(AgentMessage::parse(bytes.clone()).unwrap());
        }
    });
}

#[divan::bench]
fn agent_messages_encode(bencher: Bencher) {
    let messages: Vec<AgentMessage> = output("base64")
        .chunks(PAYLOAD)
        .enumerate()
        .map(|(number, payload)| message(number, payload))
        .collect();
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        for message in &messages {
            black_box(message.encode());
        }
    });
}

#[divan::bench(args = KINDS)]
fn asciicast_encode(bencher: Bencher, kind: &str) {
    let output = String::from_utf8(output(kind)).unwrap();
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let mut encoder = Encoder::default();
        let mut out = Vec::with_capacity(8 * PAYLOAD);
        let mut rest = &output[..];
        while !rest.is_empty() {
            let (text, after) = rest.split_at(PAYLOAD.min(rest.len()));
            out.clear();
            encoder.output(Duration::ZERO, text, &mut out);
            black_box(&out);
            rest = after;
        }
    });
}

#[divan::bench(args = KINDS)]
fn recording_write(bencher: Bencher, kind: &str) {
    let output = output(kind);
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let mut writer = Writer::new(sink(), &header(), Options::default()).unwrap();
        write(&mut writer, &output);
        writer.finish(Manifest::default(), |_| None).unwrap().1
    });
}

#[divan::bench(args = KINDS)]
fn recording_to_raw(bencher: Bencher, kind: &str) {
    let bytes = record(&output(kind));
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let reader = asciicast::Reader::open(Reader::open(&bytes[..]).unwrap()).unwrap();
        let length = RawStream::new(reader).copy_to(sink()).unwrap();
        assert_eq!(length, SIZE as u64);
    });
}

#[divan::bench(args = KINDS)]
fn recording_to_lines(bencher: Bencher, kind: &str) {
    let bytes = record(&output(kind));
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let mut reader = Reader::open(&bytes[..]).unwrap();
        while let Some(line) = reader.next_line().unwrap() {
            black_box(line);
        }
    });
}

#[divan::bench(args = KINDS)]
fn recording_to_events(bencher: Bencher, kind: &str) {
    let bytes = record(&output(kind));
    bencher.counter(BytesCount::new(SIZE)).bench(|| {
        let reader = asciicast::Reader::open(Reader::open(&bytes[..]).unwrap()).unwrap();
        reader.map(Result::unwrap).for_each(|event| {
            black_box(event);
        });
    });
}

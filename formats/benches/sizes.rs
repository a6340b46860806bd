//! How large recordings are: a `.cast.zst` against `zstd -3` of the same cast, without and with its `f` events.
//!
//! Nothing here is a test: it prints a table, and the bars are looked at by a person (1.10 on bulk, 1.25 on interactive). The
//! bars are for the column "frames": what independent frames, flushes, links and tables cost against `zstd -3` of the very same
//! text in one piece. What the `f` events cost stands beside it: it is what the recording holds more than a plain cast.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark of inputs that are known to be good"
)]

use std::time::Duration;

use bytes::Bytes;
use formats::asciicast::{Data, Encoder, Event, Header, Session};
use formats::manifest::Manifest;
use formats::payload::Acknowledge;
use formats::recording::{Options, Writer};
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};

fn main() {
    println!(
        "{:<14} {:>10} {:>10} {:>10} {:>10} {:>8} {:>8} {:>8}",
        "session", "cast", "without f", "with f", "cast.zst", "f", "frames", "in all"
    );
    for (name, events) in [
        (
            "base64",
            bulk(|line, random| {
                const LETTERS: &[u8; 64] =
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                let _ = line;
                (0..76)
                    .map(|_| char::from(LETTERS[random() as usize % 64]))
                    .chain("\r\n".chars())
                    .collect()
            }),
        ),
        ("seq", bulk(|line, _| format!("{line}\r\n"))),
        ("full screen", full_screen()),
        ("slow typing", typing()),
    ] {
        let (without, with, ours, cast) = sizes(&events);
        let ratio = |one: usize, other: usize| one as f64 / other as f64;
        println!(
            "{name:<14} {cast:>10} {without:>10} {with:>10} {ours:>10} {:>8.3} {:>8.3} {:>8.3}",
            ratio(with, without),
            ratio(ours, with),
            ratio(ours, without)
        );
    }
}

fn random() -> impl FnMut() -> u64 {
    let mut state = 1_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    }
}

fn sizes(events: &[Event]) -> (usize, usize, usize, usize) {
    let header = Header {
        ssm: Some(Session {
            message_ids: Some("0a1b2c3d-4e5f-8061-8273-000000000000".into()),
            ..Session::default()
        }),
        ..Header::default()
    };
    let cast = |with: bool| {
        let (mut encoder, mut out) = (Encoder::default(), Vec::new());
        encoder.header(&header, &mut out);
        for Event { at, data } in events {
            if with || !matches!(data, Data::Message(_)) {
                encoder.event(*at, data, &mut out);
            }
        }
        out
    };
    let zstd = |text: &[u8]| zstd::bulk::compress(text, 3).unwrap().len();
    let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
    let mut flush_at = None;
    for Event { at, data } in events {
        // As the recorder does: at most 0.8 seconds after the first line that is not flushed.
        if flush_at.is_some_and(|flush_at| *at >= flush_at) {
            writer.flush().unwrap();
            flush_at = None;
        }
        writer.event(*at, data).unwrap();
        flush_at.get_or_insert(*at + Duration::from_millis(800));
    }
    let (ours, _) = writer.finish(Manifest::default(), |_| None).unwrap();
    (
        zstd(&cast(false)),
        zstd(&cast(true)),
        ours.len(),
        cast(false).len(),
    )
}

struct Agent {
    events: Vec<Event>,
    sequence_number: i64,
    inputs: i64,
    random: Box<dyn FnMut() -> u64>,
}

impl Agent {
    fn new() -> Self {
        Self {
            events: Vec::new(),
            sequence_number: 0,
            inputs: 0,
            random: Box::new(random()),
        }
    }

    fn push(&mut self, at: Duration, message: TeedMessage) {
        self.events.push(Event {
            at,
            data: Data::Message(message),
        });
    }

    fn output(&mut self, at: Duration, text: String) {
        let clock_ms = (self.random)() as i64 % 3;
        self.push(
            at,
            TeedMessage {
                message_type: Some(MessageType::OutputStreamData),
                sequence_number: self.sequence_number,
                payload_type: PayloadType::OUTPUT,
                clock_ms,
                length: text.len(),
                content: Content::Next,
            },
        );
        self.sequence_number += 1;
        self.events.push(Event {
            at,
            data: Data::Output(text),
        });
    }

    fn acknowledge(&mut self, at: Duration) {
        let id = 0x0a1b_2c3d_4e5f_8061_8273_0000_0000_0000 + 2 * self.inputs as u128;
        let payload = formats::payload::encode_json(&Acknowledge {
            message_type: "input_stream_data".into(),
            message_id: uuid::Uuid::from_u128(id),
            sequence_number: self.inputs,
            is_sequential: true,
        });
        self.inputs += 1;
        let clock_ms = (self.random)() as i64 % 3;
        self.push(
            at,
            TeedMessage {
                message_type: Some(MessageType::Acknowledge),
                sequence_number: 0,
                payload_type: PayloadType::NONE,
                clock_ms,
                length: payload.len(),
                content: Content::Here(Bytes::from(payload)),
            },
        );
    }
}

fn bulk(mut line: impl FnMut(u64, &mut dyn FnMut() -> u64) -> String) -> Vec<Event> {
    let mut agent = Agent::new();
    let mut random = random();
    let (mut text, mut number, mut at_us) = (String::new(), 0, 0);
    while agent.events.len() < 40_000 {
        while text.len() < 1024 {
            number += 1;
            text.push_str(&line(number, &mut random));
        }
        let rest = text.split_off(1024);
        at_us += 900 + random() % 300;
        agent.output(
            Duration::from_micros(at_us),
            std::mem::replace(&mut text, rest),
        );
    }
    agent.events
}

/// Every second a screen of changing numbers, as `top` draws it.
fn full_screen() -> Vec<Event> {
    let mut agent = Agent::new();
    let mut random = random();
    let mut at_us = 0;
    for _ in 0..600 {
        at_us += 1_000_000;
        let mut text = String::from("\x1b[H");
        for row in 0..40 {
            text.push_str(&format!(
                "\x1b[m{:>7} root      20   0 {:>8} {:>6} S \x1b[1m{:>5.1}\x1b[m  0.{} process-{row}\x1b[K\r\n",
                1000 + row * 37, 100_000 + random() % 50_000, 4000 + random() % 900, (random() % 1000) as f64 / 10.0, random() % 10
            ));
        }
        while !text.is_empty() {
            at_us += 1000 + random() % 100;
            let rest = text.split_off(text.len().min(1024));
            agent.output(
                Duration::from_micros(at_us),
                std::mem::replace(&mut text, rest),
            );
        }
    }
    agent.events
}

/// An hour at a shell: a key every 150 ms or so, acknowledged and echoed, and after each line a bit of output.
fn typing() -> Vec<Event> {
    const LINES: [&str; 6] = [
        "ls -l /var/log",
        "systemctl status nginx",
        "grep -i error /var/log/syslog | tail",
        "df -h",
        "cd /etc/nginx/conf.d",
        "cat default.conf",
    ];
    let mut agent = Agent::new();
    let mut random = random();
    let mut at_us = 1_000_000;
    while at_us < 3_600_000_000 {
        let line = LINES[random() as usize % LINES.len()];
        for key in line.chars().chain(['\r']) {
            at_us += 60_000 + random() % 180_000;
            agent.acknowledge(Duration::from_micros(at_us));
            at_us += 200 + random() % 800;
            let echo = if key == '\r' {
                "\r\n".into()
            } else {
                key.to_string()
            };
            agent.output(Duration::from_micros(at_us), echo);
        }
        let mut text = String::new();
        for _ in 0..random() % 12 {
            text.push_str(&format!(
                "-rw-r--r-- 1 root adm {:>8} Nov {:>2} {:02}:{:02} file-{:x}.log\r\n",
                random() % 1_000_000,
                random() % 30,
                random() % 24,
                random() % 60,
                random() % 65536
            ));
        }
        text.push_str("\x1b[?2004huser@host:~$ ");
        at_us += 5000 + random() % 50_000;
        agent.output(Duration::from_micros(at_us), text);
        at_us += random() % 4_000_000;
    }
    agent.events
}

//! What is written is read: bytes in chunks, with flushes, frame borders and snapshots anywhere, then any seek, any cut.
//!
//! Nothing here is sealed; the target `envelope` does that.

#![no_main]

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use formats::asciicast::{self, Header, Session};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::raw::RawStream;
use formats::recording::{Options, Proof, Reader, Seekable, Writer, verify};
use formats::tee::{Content, TeedMessage};
use formats::utf8::Utf8Joiner;
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use libfuzzer_sys::fuzz_target;

const STARTED_AT_MS: i64 = 1_700_000_000_000;

fuzz_target!(|data: &[u8]| {
    let header = Header {
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let options = Options {
        frame_text: 300,
        // The level changes nothing here but the number of runs in a minute.
        slow_level: 1,
        level: 1,
    };
    let mut writer = Writer::new(Vec::new(), &header, options).unwrap();
    let mut joiner = Utf8Joiner::default();
    let (mut at, mut sent, mut rest, mut number) = (Duration::ZERO, Vec::new(), data, 0);
    // Each step: what to do, how long to wait, how many bytes.
    while let [step, wait, length, after @ ..] = rest {
        at += Duration::from_micros(u64::from(*wait) * 999);
        let (payload, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        match step % 8 {
            0 => writer.flush().unwrap(),
            1 => writer.close_frame().unwrap(),
            2 => writer
                .snapshot(Size { cols: 80, rows: 24 }, "screen")
                .unwrap(),
            _ => {
                let message = AgentMessage {
                    message_type: MessageType::OutputStreamData,
                    schema_version: 1,
                    created_date: 1_700_000_000_001,
                    sequence_number: number,
                    flags: Flags::NONE,
                    message_id: Default::default(),
                    payload_type: PayloadType::OUTPUT,
                    payload: Bytes::copy_from_slice(payload),
                };
                number += i64::from(step % 3);
                let joined = joiner.join(payload);
                let content = if joined.is_exact {
                    Content::Next
                } else {
                    Content::Here(message.payload.clone())
                };
                let teed = TeedMessage::of(&message, content, STARTED_AT_MS, at);
                writer.message(at, &teed).unwrap();
                if !joined.text.is_empty() {
                    writer.output(at, &joined.text).unwrap();
                }
                sent.extend_from_slice(payload);
            }
        }
    }
    let (file, manifest) = writer
        .finish(Manifest::default(), |_| Some("signature".into()))
        .unwrap();
    assert_eq!(manifest.counts.output_bytes, sent.len() as u64);
    assert_eq!(verify(&file[..]).unwrap().proof, Proof::Sound);

    let raw = |bytes: &[u8]| {
        let mut raw = Vec::new();
        let reader = asciicast::Reader::open(Reader::open(bytes).unwrap())?;
        RawStream::new(reader).copy_to(&mut raw).unwrap();
        Ok::<_, asciicast::Error>(raw)
    };
    assert_eq!(raw(&file).unwrap(), sent);
    let cut = data.iter().map(|&byte| usize::from(byte)).sum::<usize>() % file.len();
    if cut > 0 {
        if let Ok(some) = raw(&file[..cut]) {
            assert_eq!(some, sent[..some.len()]);
        }
        assert_ne!(verify(&file[..cut]).unwrap().proof, Proof::Sound);
    }

    let to = at / 2;
    let all = asciicast::Reader::open(Reader::open(&file[..]).unwrap()).unwrap();
    let later: Vec<_> = all
        .map(Result::unwrap)
        .filter(|event| event.at >= to)
        .collect();
    let mut reader = asciicast::Reader::open(Seekable::open(Cursor::new(&file)).unwrap()).unwrap();
    reader.seek(to).unwrap().unwrap();
    let found: Vec<_> = reader
        .map(Result::unwrap)
        .filter(|event| event.at >= to)
        .collect();
    assert_eq!(found, later);
});

//! The seek table as another implementation of the zstd seekable format reads it.
//!
//! Nothing here is read with our own reader.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use formats::asciicast::{Header, Session};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{Options, Writer};
use formats::sealed::{KEY, Key, SALT, Seal};
use zeekstd::{BytesWrapper, DecodeOptions, Decoder, SeekTable};

fn recording(seal: Option<Seal>) -> Vec<u8> {
    let header = Header {
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let options = Options {
        frame_text: 2000,
        ..Options::default()
    };
    let mut writer = match seal {
        Some(seal) => Writer::sealed(Vec::new(), &header, options, seal).unwrap(),
        None => Writer::new(Vec::new(), &header, options).unwrap(),
    };
    for n in 0..2000_u64 {
        let text = format!("line {n} {:x}\r\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        writer.output(Duration::from_millis(n), &text).unwrap();
        if n % 7 == 0 {
            writer.flush().unwrap();
        }
        let (frame, _) = writer.border();
        if n % 400 == 0 && frame > 0 {
            let size = Size { cols: 80, rows: 24 };
            writer.late_snapshot(frame - 1, size, "screen").unwrap();
        }
    }
    writer.finish(Manifest::default(), |_| None).unwrap().0
}

#[test]
fn another_implementation_seeks_in_our_recordings() {
    let bytes = recording(None);
    let text = zstd::decode_all(&bytes[..]).unwrap();
    let table = SeekTable::from_seekable(&mut BytesWrapper::new(&bytes)).unwrap();
    assert_eq!(table.size_decomp(), text.len() as u64);
    assert!(table.num_frames() > 50);
    let mut state = 1_u64;
    for _ in 0..200 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let from = (state >> 33) as usize % text.len();
        let to = (from + 1 + (state >> 20) as usize % 5000).min(text.len());
        let mut decoder = DecodeOptions::new(BytesWrapper::new(&bytes))
            .offset(from as u64)
            .offset_limit(to as u64)
            .into_decoder()
            .unwrap();
        let mut part = vec![0; to - from];
        let mut filled = 0;
        while filled < part.len() {
            let read = decoder.decompress(&mut part[filled..]).unwrap();
            assert!(read > 0, "{from}..{to} ends at {filled}");
            filled += read;
        }
        assert!(part == text[from..to], "{from}..{to}");
    }
}

#[test]
fn another_implementation_finds_an_encrypted_recording_empty() {
    let seal = Seal {
        key: Key::new([7; KEY]),
        salt: [1; SALT],
        wrapped: Vec::new(),
        recipients: Vec::new(),
    };
    let bytes = recording(Some(seal));
    let table = SeekTable::from_seekable(&mut BytesWrapper::new(&bytes)).unwrap();
    assert_eq!(table.size_decomp(), 0);
    let mut decoder = Decoder::new(BytesWrapper::new(&bytes)).unwrap();
    assert_eq!(decoder.decompress(&mut [0; 64]).unwrap(), 0);
}

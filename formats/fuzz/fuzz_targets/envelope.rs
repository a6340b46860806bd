//! Any bytes are an envelope or none; of a sealed recording with one byte changed, nothing reads but what was recorded.
//!
//! Nothing here unwraps a key: it is at hand.

#![no_main]

use std::time::Duration;

use formats::asciicast::{Header, Session};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{Options, Proof, Reader, Writer, verify};
use formats::sealed::{KEY, Key, SALT, Seal};
use libfuzzer_sys::fuzz_target;

/// Of our skippable frames.
const MAGIC: [u8; 4] = 0x184D_2A53_u32.to_le_bytes();

fuzz_target!(|data: &[u8]| {
    let mut frame = MAGIC.to_vec();
    frame.extend_from_slice(&(data.len() as u32 + 8).to_le_bytes());
    frame.extend_from_slice(b"ssmE\x01\0\0\0");
    frame.extend_from_slice(data);
    lines(&frame);
    let _ = verify(&frame[..]);

    let [place_low, place_high, change, steps @ ..] = data else {
        return;
    };
    let mut file = sealed(steps);
    let whole = lines(&file);
    assert_eq!(
        whole.len(),
        1 + steps.iter().filter(|&&step| is_event(step)).count()
    );
    assert_eq!(verify(&file[..]).unwrap().proof, Proof::Sound);
    // The first bytes tell text from zstd: what they are changed to may be a text of one line.
    let place = usize::from(u16::from_le_bytes([*place_low, *place_high]));
    let place = MAGIC.len() + place % (file.len() - MAGIC.len());
    if *change != 0 {
        file[place] ^= change;
        assert!(whole.starts_with(&lines(&file)), "byte {place}");
        assert_ne!(
            verify(&file[..]).unwrap().proof,
            Proof::Sound,
            "byte {place}"
        );
    }
});

fn is_event(step: u8) -> bool {
    step >= 8
}

fn sealed(steps: &[u8]) -> Vec<u8> {
    let header = Header {
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let options = Options {
        frame_text: 300,
        slow_level: 1,
        level: 1,
    };
    let seal = Seal {
        key: key(),
        salt: [2; SALT],
        wrapped: b"wrapped".to_vec(),
        recipients: vec!["somebody".into()],
    };
    let mut writer = Writer::sealed(Vec::new(), &header, options, seal).unwrap();
    for (number, &step) in steps.iter().enumerate() {
        match step {
            0..4 => writer.flush(),
            4..6 => writer.close_frame(),
            6..8 => writer.snapshot(Size { cols: 80, rows: 24 }, "screen"),
            _ => writer.output(
                Duration::from_millis(number as u64),
                &"text".repeat(step.into()),
            ),
        }
        .unwrap();
    }
    writer.finish(Manifest::default(), |_| None).unwrap().0
}

fn key() -> Key {
    Key::new([1; KEY])
}

/// As many as can be had with the key.
fn lines(file: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    if let Ok(mut reader) = Reader::with_limit(file, 1 << 16, &key()) {
        while let Ok(Some(line)) = reader.next_line() {
            lines.push(line.to_vec());
        }
    }
    lines
}

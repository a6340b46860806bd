//! Sealed recordings: read with the key, proved without it, and closed to everything else.
//!
//! Nothing here wraps a key for anybody: `tests/promises` and `tests/peers` of the program do, with age.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Read};
use std::time::Duration;

use formats::asciicast::{self, Data, Header, Session, Term};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{
    self, Damage, Ending, Error, FaultKind, Options, Proof, Seekable, Writer, verify, verify_text,
};
use formats::sealed::{KEY, Key, Locked, NoKey, SALT, Seal};

fn key() -> Key {
    Key::new([7; KEY])
}

fn seal(salt: u8) -> Seal {
    Seal {
        key: key(),
        salt: [salt; SALT],
        wrapped: b"age-encryption.org/v1\n".to_vec(),
        recipients: vec!["age1team".into()],
    }
}

fn header() -> Header {
    Header {
        version: 3,
        term: Term {
            cols: 80,
            rows: 24,
            ..Term::default()
        },
        ssm: Some(Session {
            session_id: "s-1".into(),
            target: "i-0abc".into(),
            ..Session::default()
        }),
        ..Header::default()
    }
}

fn at(n: u64) -> Duration {
    Duration::from_micros(n * 250_001)
}

fn text(n: u64) -> String {
    format!("secret {n} {:x}\r\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

struct Recording {
    bytes: Vec<u8>,
    /// Where each frame of the file begins, the envelope and the links among them.
    frames: Vec<usize>,
    /// Where each linked part ends.
    links: Vec<usize>,
}

fn recording(salt: u8, events: u64) -> Recording {
    let options = Options {
        frame_text: 400,
        ..Options::default()
    };
    let mut writer = Writer::sealed(Vec::new(), &header(), options, seal(salt)).unwrap();
    for n in 0..events {
        writer.output(at(n), &text(n)).unwrap();
        if n % 3 == 0 {
            writer.flush().unwrap();
        }
        if n > 0 && writer.is_at_border() && n % 2 == 0 {
            let size = Size { cols: 80, rows: 24 };
            writer.snapshot(size, &format!("screen {n}")).unwrap();
        }
    }
    let (bytes, manifest) = writer
        .finish(Manifest::of_session(&header().ssm.unwrap()), |_| None)
        .unwrap();
    assert_eq!(manifest.encryption.unwrap().recipients, ["age1team"]);
    let (mut frames, mut links, mut offset) = (Vec::new(), vec![0], 0);
    while offset < bytes.len() {
        frames.push(offset);
        let length = u32::from_le_bytes(bytes[offset + 4..offset + 8].try_into().unwrap());
        let tag = &bytes[offset + 8..offset + 12];
        offset += 8 + length as usize;
        if tag == b"ssmL" {
            links.push(offset);
        }
    }
    assert_eq!(offset, bytes.len());
    Recording {
        bytes,
        frames,
        links,
    }
}

fn lines(bytes: &[u8]) -> (Vec<String>, Ending) {
    let mut reader = recording::Reader::open_with(bytes, &key()).unwrap();
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    (lines, reader.ending().unwrap().clone())
}

fn expected(events: u64) -> Vec<String> {
    (0..events).map(text).collect()
}

fn outputs(bytes: &[u8]) -> Vec<String> {
    let reader = recording::Reader::open_with(bytes, &key()).unwrap();
    asciicast::Reader::open(reader)
        .unwrap()
        .map(|event| match event.unwrap().data {
            Data::Output(text) => text,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn a_sealed_recording_reads_back_with_its_key_and_shows_nothing_without() {
    let Recording { bytes, .. } = recording(1, 200);
    assert_eq!(outputs(&bytes), expected(200));
    assert_eq!(lines(&bytes).1, Ending::Complete);
    // Plain zstd passes over all of it.
    let mut plain = Vec::new();
    zstd::stream::read::Decoder::new(&bytes[..])
        .unwrap()
        .read_to_end(&mut plain)
        .unwrap();
    assert!(plain.is_empty());
    for secret in [&b"secret"[..], b"screen", b"version"] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    let Err(Error::Locked { why, opening }) = recording::Reader::open(&bytes[..]) else {
        panic!("it opened")
    };
    assert_eq!(why, Locked::NoIdentity);
    assert_eq!(opening.target, "i-0abc");
    assert_eq!(opening.terminal, Some(Size { cols: 80, rows: 24 }));
    // The wrong key opens nothing, and says so.
    let wrong = Key::new([8; KEY]);
    let mut reader = recording::Reader::open_with(&bytes[..], &wrong).unwrap();
    assert!(reader.next_line().unwrap().is_none());
    assert!(matches!(
        reader.ending(),
        Some(Ending::Damaged {
            cause: Damage::Chunk,
            ..
        })
    ));
}

#[test]
fn what_was_flushed_can_be_read_at_once() {
    let mut writer = Writer::sealed(Vec::new(), &header(), Options::default(), seal(1)).unwrap();
    for n in 0..20 {
        writer.output(at(n), &text(n)).unwrap();
        writer.flush().unwrap();
        let bytes = writer.sink_mut().clone();
        let (lines, ending) = lines(&bytes);
        assert_eq!(lines.len() as u64, n + 2);
        assert!(matches!(ending, Ending::Cut { .. }));
    }
}

#[test]
fn output_that_does_not_compress_is_sealed_in_bounded_chunks() {
    let mut writer = Writer::sealed(Vec::new(), &header(), Options::default(), seal(1)).unwrap();
    let mut state = 1_u64;
    let mut noise = String::new();
    while noise.len() < 3_000_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        noise.push_str(&format!("{:016x}", state));
    }
    writer.output(at(0), &noise).unwrap();
    writer.output(at(1), "after\r\n").unwrap();
    let manifest = Manifest::of_session(header().ssm.as_ref().unwrap());
    let (bytes, _) = writer.finish(manifest, |_| None).unwrap();
    assert!(outputs(&bytes) == [noise, "after\r\n".to_owned()]);
    assert_eq!(verify(&bytes[..]).unwrap().proof, Proof::Sound);
    let looked = verify_text(&bytes[..], &seal(1).key).unwrap();
    assert_eq!((looked.proof, looked.is_decoded), (Proof::Sound, true));
    let locked = verify_text(&bytes[..], &NoKey).unwrap();
    assert_eq!((locked.proof, locked.is_decoded), (Proof::Sound, false));
    let foreign = verify_text(&bytes[..], &Key::new([9; KEY])).unwrap();
    assert!(
        matches!(foreign.proof, Proof::Altered(_)),
        "another key opens nothing"
    );
}

#[test]
fn a_file_cut_anywhere_gives_every_whole_line_before_the_cut() {
    let Recording { bytes, frames, .. } = recording(1, 40);
    let (all, _) = lines(&bytes);
    let mut most = 0;
    for length in frames[1]..bytes.len() {
        let (some, ending) = lines(&bytes[..length]);
        assert_eq!(
            ending,
            Ending::Cut {
                offset: length as u64
            }
        );
        assert_eq!(some, all[..some.len()], "cut at {length}");
        assert!(some.len() >= most, "cut at {length}");
        most = some.len();
    }
    assert_eq!(most, all.len());
    // Within the envelope there is nothing yet.
    for length in 4..frames[1] {
        let reader = recording::Reader::open_with(&bytes[..length], &key()).unwrap();
        assert!(asciicast::Reader::open(reader).is_err(), "cut at {length}");
    }
}

#[test]
fn chunks_that_were_dropped_doubled_swapped_or_moved_do_not_open() {
    let (one, two) = (recording(1, 60), recording(2, 60));
    let all = expected(60);
    let part = |recording: &Recording, n: usize| {
        let end = recording.frames.get(n + 1).copied();
        recording.bytes[recording.frames[n]..end.unwrap_or(recording.bytes.len())].to_vec()
    };
    let count = one.frames.len();
    let is_chunk = |n: usize| one.bytes[one.frames[n] + 8..].starts_with(b"ssmC");
    let assemble = |parts: &[Vec<u8>]| parts.concat();
    let whole: Vec<_> = (0..count).map(|n| part(&one, n)).collect();
    assert_eq!(outputs(&assemble(&whole)), all);
    let mut tried = 0;
    for n in (1..count - 1).filter(|&n| is_chunk(n)) {
        let mut dropped = whole.clone();
        dropped.remove(n);
        let mut doubled = whole.clone();
        doubled.insert(n, whole[n].clone());
        let mut moved = whole.clone();
        moved[n] = part(&two, n);
        let mut changes = vec![dropped, doubled, moved];
        if is_chunk(n + 1) {
            let mut swapped = whole.clone();
            swapped.swap(n, n + 1);
            changes.push(swapped);
        }
        for changed in changes {
            tried += 1;
            let changed = assemble(&changed);
            let (some, ending) = lines(&changed);
            let texts = some.get(1..).unwrap_or_default().iter().zip(&all);
            for (line, text) in texts {
                assert!(line.contains(text.trim_end()), "{n}: {line}");
            }
            assert_ne!(ending, Ending::Complete, "{n}");
            assert!(matches!(
                verify(&changed[..]).unwrap().proof,
                Proof::Altered(_)
            ));
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn a_frame_that_anybody_can_have_put_there_is_refused() {
    let Recording { bytes, frames, .. } = recording(1, 40);
    let foreign = zstd::bulk::compress(b"[0.1, \"o\", \"forged\"]\n", 3).unwrap();
    for &border in &frames[1..] {
        let mut forged = bytes[..border].to_vec();
        forged.extend_from_slice(&foreign);
        forged.extend_from_slice(&bytes[border..]);
        let (some, ending) = lines(&forged);
        assert!(!some.iter().any(|line| line.contains("forged")));
        assert!(matches!(ending, Ending::Damaged { .. }), "{ending:?}");
        assert!(matches!(
            verify(&forged[..]).unwrap().proof,
            Proof::Altered(_)
        ));
    }
}

#[test]
fn every_prefix_and_every_changed_byte_is_judged_without_the_key() {
    let recording = recording(1, 14);
    let report = verify(&recording.bytes[..]).unwrap();
    assert_eq!(report.proof, Proof::Sound);
    assert_eq!(report.frames as usize, recording.links.len() - 1);
    assert_eq!(report.opening.unwrap().session_id, "s-1");
    for length in 1..recording.bytes.len() {
        let report = verify(&recording.bytes[..length]).unwrap();
        let linked = recording
            .links
            .iter()
            .rposition(|&end| end <= length)
            .unwrap();
        assert!(
            !matches!(report.proof, Proof::Sound | Proof::Altered(_)),
            "{length}: {:?}",
            report.proof
        );
        assert_eq!(report.frames as usize, linked, "{length}");
    }
    for at in 0..recording.bytes.len() {
        for mask in [0x01, 0xff] {
            let mut changed = recording.bytes.clone();
            changed[at] ^= mask;
            let report = verify(&changed[..]).unwrap();
            let linked = recording.links.iter().rposition(|&end| end <= at).unwrap();
            assert_ne!(report.proof, Proof::Sound, "{at}");
            assert!(report.frames as usize <= linked, "{at}: {report:?}");
            if mask != 1 {
                continue;
            }
            let Ok(reader) = recording::Reader::open_with(&changed[..], &key()) else {
                continue;
            };
            let Ok(reader) = asciicast::Reader::open(reader) else {
                continue;
            };
            let shown: Vec<_> = reader.map_while(Result::ok).collect();
            let all = expected(14);
            for (event, text) in shown.iter().zip(&all) {
                assert_eq!(event.data, Data::Output(text.clone()), "{at}");
            }
        }
    }
}

#[test]
fn the_end_of_a_frame_may_only_lack_where_somebody_closed_a_cut_file() {
    let Recording { bytes, frames, .. } = recording(1, 40);
    let last_chunk = *frames
        .iter()
        .rfind(|&&frame| bytes[frame + 8..].starts_with(b"ssmC"))
        .unwrap();
    let link = *frames.iter().find(|&&frame| frame > last_chunk).unwrap();
    let mut changed = bytes[..last_chunk].to_vec();
    changed.extend_from_slice(&bytes[link..]);
    assert!(matches!(lines(&changed).1, Ending::Cut { .. }));
    assert!(matches!(
        verify(&changed[..]).unwrap().proof,
        Proof::Altered(fault) if fault.kind == FaultKind::Digest
    ));
}

#[test]
fn seeking_finds_frames_and_screens_in_a_sealed_recording() {
    let Recording { bytes, .. } = recording(1, 200);
    let seekable = Seekable::open_with(Cursor::new(&bytes), &key()).unwrap();
    assert_eq!(seekable.damage(), None);
    let mut reader = asciicast::Reader::open(seekable).unwrap();
    assert!(reader.lines().is_indexed());
    let mut snapshots = 0;
    for n in [199, 0, 100, 57, 150, 3] {
        let point = reader.seek(at(n)).unwrap().unwrap();
        assert!(point.at < at(n) || point.frame == 0);
        let found = reader
            .by_ref()
            .map(Result::unwrap)
            .find(|event| event.at >= at(n))
            .unwrap();
        assert_eq!(found.data, Data::Output(text(n)));
        assert_eq!(found.at, at(n));

        let point = reader.seek_screen(at(n)).unwrap().unwrap();
        if let Some(snapshot) = point.snapshot {
            snapshots += 1;
            let next = reader.next().unwrap().unwrap();
            let before = snapshot.text.strip_prefix("screen ").unwrap();
            assert_eq!(
                next.data,
                Data::Output(text(before.parse::<u64>().unwrap() + 1))
            );
        } else {
            assert_eq!(point.frame, 0);
        }
    }
    assert!(snapshots >= 3);
    // From the end it goes back as from anywhere else.
    for _ in 0..2 {
        reader.rewind().unwrap();
        assert_eq!(reader.by_ref().map(Result::unwrap).count(), 200);
    }
}

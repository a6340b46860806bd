//! Cut recordings closed: a plain and a sealed one, cut at every seventh byte.
//!
//! Nothing here touches a disk; the command's own promises are in `tests/promises/recover.rs` of the program.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Cursor;
use std::time::Duration;

use formats::asciicast::{self, Data, Header, Session, Term};
use formats::manifest::{Manifest, Recovery};
use formats::payload::Size;
use formats::recording::{
    CUT, Options, Proof, Reader, RecoverError, Recovered, Report, Writer, recover, verify,
};
use formats::sealed::{KEY, Key, SALT, Seal};

fn header() -> Header {
    Header {
        term: Term {
            cols: 80,
            rows: 24,
            ..Term::default()
        },
        ssm: Some(Session {
            session_id: "s-1".into(),
            target: "i-0abc".into(),
            reason: Some("ticket-42".into()),
            started_at: Some("2026-11-24T10:00:00.000000Z".into()),
            ..Session::default()
        }),
        ..Header::default()
    }
}

fn seal() -> Seal {
    Seal {
        key: Key::new([7; KEY]),
        salt: [9; SALT],
        wrapped: b"wrapped".to_vec(),
        recipients: vec!["age1reader".into()],
    }
}

/// A recording of many short frames, flushed now and then, and where each whole event ends in the file as it grew.
fn recording(seal: Option<Seal>, events: u64) -> (Vec<u8>, Vec<(usize, u64)>) {
    let options = Options {
        frame_text: 300,
        ..Options::default()
    };
    let mut writer = match seal {
        Some(seal) => Writer::sealed(Vec::new(), &header(), options, seal).unwrap(),
        None => Writer::new(Vec::new(), &header(), options).unwrap(),
    };
    let mut flushed = Vec::new();
    for n in 0..events {
        let text = format!("line {n} {:x}\r\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        writer.output(Duration::from_millis(n), &text).unwrap();
        if n % 3 == 0 {
            writer.flush().unwrap();
            flushed.push((writer.sink_mut().len(), n + 1));
        }
        if n % 20 == 7 {
            let size = Size { cols: 80, rows: 24 };
            writer.snapshot(size, "screen").unwrap();
        }
    }
    let manifest = Manifest::of_session(header().ssm.as_ref().unwrap());
    let (bytes, _) = writer
        .finish(manifest, |_| Some("signature".into()))
        .unwrap();
    (bytes, flushed)
}

struct Closed {
    bytes: Vec<u8>,
    manifest: Manifest,
    recovery: Option<Recovery>,
    fault: bool,
}

fn close(cut: &[u8]) -> Result<Closed, RecoverError> {
    let at = Some("2026-11-24T12:00:00Z".to_owned());
    Ok(
        match recover(&mut Cursor::new(cut), Vec::new(), at, "1.2.3")? {
            Recovered::Whole(manifest) => Closed {
                bytes: cut.to_vec(),
                manifest,
                recovery: None,
                fault: false,
            },
            Recovered::Completed(bytes, manifest) => Closed {
                bytes,
                manifest,
                recovery: None,
                fault: false,
            },
            Recovered::Closed {
                unsigned,
                recovery,
                fault,
            } => {
                let (bytes, manifest) = unsigned.finish(None).unwrap();
                Closed {
                    bytes,
                    manifest,
                    recovery: Some(recovery),
                    fault: fault.is_some(),
                }
            }
        },
    )
}

fn report(bytes: &[u8]) -> Report {
    verify(bytes).unwrap()
}

fn events(bytes: &[u8], key: Option<&Key>) -> Vec<Data> {
    let lines = match key {
        Some(key) => Reader::open_with(bytes, key).unwrap(),
        None => Reader::open(bytes).unwrap(),
    };
    asciicast::Reader::open(lines)
        .unwrap()
        .map(|event| event.unwrap().data)
        .collect()
}

#[test]
fn a_file_cut_anywhere_is_closed_with_every_whole_event_and_proves() {
    let (bytes, flushed) = recording(None, 45);
    let whole = events(&bytes, None);
    let mut closed_with_header = 0;
    for length in (1..bytes.len()).step_by(7) {
        let cut = &bytes[..length];
        let before = report(cut);
        let closed = match close(cut) {
            Ok(closed) => closed,
            Err(RecoverError::NoHeader | RecoverError::Foreign) => {
                assert!(length < flushed[0].0, "{length}");
                continue;
            }
            Err(error) => panic!("{length}: {error}"),
        };
        closed_with_header += 1;
        let after = report(&closed.bytes);
        assert_eq!(after.proof, Proof::Sound, "{length}");
        assert_eq!(after.manifest.as_ref(), Some(&closed.manifest));
        // What the chain on the disk proved, it still proves: not one byte of it is another.
        let proved = usize::try_from(before.bytes).unwrap();
        assert_eq!(closed.bytes[..proved], cut[..proved], "{length}");
        let mut found = events(&closed.bytes, None);
        let counts = closed.manifest.counts;
        assert_eq!(counts.events, found.len() as u64, "{length}");
        if let Some(recovery) = closed.recovery {
            assert!(closed.manifest.recovered);
            assert_eq!(closed.manifest.target, "i-0abc");
            assert_eq!(recovery.linked_frames, before.frames, "{length}");
            assert_eq!(recovery.closed_frames, 1);
            assert_eq!(found.pop(), Some(Data::Marker(CUT.into())), "{length}");
            assert_eq!(counts.markers, 1);
            assert!(!closed.bytes.windows(9).any(|text| text == b"signature"));
        } else {
            // Cut behind the manifest: nothing is lost, and the signature still counts.
            assert!(closed.bytes == bytes, "{length}");
        }
        assert_eq!(found, whole[..found.len()], "{length}");
        let least = flushed.iter().rfind(|(end, _)| *end <= length);
        let least = least.map_or(0, |(_, events)| *events);
        assert!(
            found.len() as u64 >= least,
            "{length}: {} < {least}",
            found.len()
        );
        // To close what is closed changes nothing.
        assert!(close(&closed.bytes).unwrap().bytes == closed.bytes);
    }
    assert!(closed_with_header > 200, "{closed_with_header}");
}

#[test]
fn a_sealed_one_is_closed_without_its_key_as_far_as_its_chunks_are_whole() {
    let (bytes, flushed) = recording(Some(seal()), 36);
    let key = seal().key;
    let whole = events(&bytes, Some(&key));
    for length in (1..bytes.len()).step_by(7) {
        let cut = &bytes[..length];
        let closed = match close(cut) {
            Ok(closed) => closed,
            Err(RecoverError::NoHeader | RecoverError::Foreign) => {
                assert!(length < flushed[0].0, "{length}");
                continue;
            }
            Err(error) => panic!("{length}: {error}"),
        };
        let after = report(&closed.bytes);
        assert_eq!(after.proof, Proof::Sound, "{length} {:?}", closed.recovery);
        let proved = usize::try_from(report(cut).bytes).unwrap();
        assert_eq!(closed.bytes[..proved], cut[..proved], "{length}");
        let found = events(&closed.bytes, Some(&key));
        assert_eq!(found, whole[..found.len()], "{length}");
        let least = flushed.iter().rfind(|(end, _)| *end <= length);
        let least = least.map_or(0, |(_, events)| *events);
        assert!(
            found.len() as u64 >= least,
            "{length}: {} < {least}",
            found.len()
        );
        assert!(close(&closed.bytes).unwrap().bytes == closed.bytes);
    }
}

#[test]
fn what_a_power_cut_leaves_behind_the_last_link_is_told_and_left_out() {
    let (bytes, _) = recording(None, 90);
    let frames = report(&bytes).manifest.unwrap().sizes.compressed as usize;
    let mut state = 1_u64;
    let garbage: Vec<u8> = (0..5000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    for tail in [vec![0; 5000], garbage] {
        for end in [frames, frames / 2] {
            let cut = [&bytes[..end], &tail[..]].concat();
            let closed = close(&cut).unwrap();
            assert_eq!(report(&closed.bytes).proof, Proof::Sound);
            let recovery = closed.recovery.unwrap();
            assert!(recovery.unread_bytes > 4900, "{recovery:?}");
        }
        // Behind the manifest it costs nothing: the tables are made anew, and the signature stays.
        let cut = [&bytes[..bytes.len() - 400], &tail[..]].concat();
        assert!(close(&cut).unwrap().bytes == bytes);
    }
}

#[test]
fn what_was_closed_and_goes_on_and_what_is_none_of_ours_is_refused() {
    let (bytes, _) = recording(None, 90);
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(close(&longer), Err(RecoverError::Altered(_))));
    assert!(matches!(close(b""), Err(RecoverError::NoHeader)));
    let header = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n";
    let foreign = zstd::bulk::compress(header.as_bytes(), 3).unwrap();
    for foreign in [&b"not a recording"[..], &foreign, header.as_bytes()] {
        assert!(matches!(close(foreign), Err(RecoverError::Foreign)));
    }
    // Closed, but for its end: the last frame was changed as well.
    let mut cut = bytes[..bytes.len() - 20].to_vec();
    cut[900] ^= 1;
    let closed = close(&cut).unwrap();
    assert_eq!(report(&closed.bytes).proof, Proof::Sound);
    assert!(closed.fault && closed.recovery.unwrap().unread_bytes > 0);
}

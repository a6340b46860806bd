//! The chain of a recording: whole, cut, changed, swapped and spliced.
//!
//! Nothing here looks at a signature; `signature.rs` does.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use formats::asciicast::{Header, Session, Term};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{FaultKind, Options, Proof, Report, Writer, verify};

struct Recording {
    bytes: Vec<u8>,
    /// Where each linked part ends.
    borders: Vec<usize>,
}

fn recording(session_id: &str, events: u64) -> Recording {
    let header = Header {
        term: Term {
            cols: 80,
            rows: 24,
            ..Term::default()
        },
        ssm: Some(Session {
            session_id: session_id.into(),
            ..Session::default()
        }),
        ..Header::default()
    };
    let options = Options {
        frame_text: 100,
        ..Options::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, options).unwrap();
    let mut borders = vec![0];
    for n in 0..events {
        let text = format!("line {n} {:x}\r\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        writer.output(Duration::from_millis(n), &text).unwrap();
        if writer.is_at_border() {
            borders.push(writer.sink_mut().len());
            if borders.len() % 3 == 0 {
                let size = Size { cols: 80, rows: 24 };
                writer.snapshot(size, "screen").unwrap();
            }
        }
    }
    let (bytes, manifest) = writer.finish(Manifest::default(), |_| None).unwrap();
    let end = manifest.sizes.compressed as usize;
    if borders.last() != Some(&end) {
        borders.push(end);
    }
    Recording { bytes, borders }
}

fn check(bytes: &[u8]) -> Report {
    verify(bytes).unwrap()
}

#[test]
fn an_unchanged_recording_is_sound() {
    let recording = recording("s-1", 60);
    let report = check(&recording.bytes);
    assert_eq!(report.proof, Proof::Sound);
    assert_eq!(report.frames as usize, recording.borders.len() - 1);
    assert_eq!(report.bytes as usize, recording.bytes.len());
    assert_eq!(report.until, Duration::from_millis(59));
    assert!(report.manifest.is_some());
}

#[test]
fn every_prefix_proves_what_is_linked_in_it() {
    let recording = recording("s-1", 60);
    for length in 1..recording.bytes.len() {
        let report = check(&recording.bytes[..length]);
        let linked = recording
            .borders
            .iter()
            .rposition(|&end| end <= length)
            .unwrap();
        assert!(
            matches!(report.proof, Proof::Cut { offset } if offset == length as u64)
                || report.proof == Proof::NoManifest
                || report.proof == Proof::NoChain,
            "{length}: {:?}",
            report.proof
        );
        assert_eq!(report.frames as usize, linked, "{length}");
        assert!(
            report.bytes as usize >= recording.borders[linked],
            "{length}"
        );
    }
}

#[test]
fn every_changed_byte_is_found_in_its_frame() {
    let recording = recording("s-1", 24);
    for at in 0..recording.bytes.len() {
        for mask in [0x01, 0x0d, 0xff] {
            let mut changed = recording.bytes.clone();
            changed[at] ^= mask;
            let report = check(&changed);
            let frame = recording
                .borders
                .iter()
                .rposition(|&end| end <= at)
                .unwrap();
            assert_ne!(report.proof, Proof::Sound, "{at}");
            // A length that now points behind the end of the file reads as a cut; the proof stops at the same place.
            assert_eq!(
                report.frames as usize,
                frame.min(recording.borders.len() - 1),
                "{at} {:?}",
                report.proof
            );
            if let Proof::Altered(fault) = report.proof {
                assert!(fault.bytes.start <= at as u64, "{at} {fault:?}");
                match fault.frame {
                    Some(number) => assert_eq!(number as usize, frame, "{at} {fault:?}"),
                    None => assert!(at >= *recording.borders.last().unwrap()),
                }
            }
        }
    }
}

#[test]
fn swapped_and_removed_and_repeated_parts_are_found() {
    let recording = recording("s-1", 60);
    let part = |n: usize| &recording.bytes[recording.borders[n]..recording.borders[n + 1]];
    let tail = &recording.bytes[*recording.borders.last().unwrap()..];
    let count = recording.borders.len() - 1;
    let assemble = |order: &[usize]| {
        let mut bytes: Vec<u8> = order.iter().flat_map(|&n| part(n).to_vec()).collect();
        bytes.extend_from_slice(tail);
        check(&bytes)
    };
    let order: Vec<usize> = (0..count).collect();
    assert_eq!(assemble(&order).proof, Proof::Sound);
    for n in 0..count - 1 {
        let mut swapped = order.clone();
        swapped.swap(n, n + 1);
        let mut removed = order.clone();
        removed.remove(n);
        let mut repeated = order.clone();
        repeated.insert(n + 1, n);
        for (changed, frame) in [(swapped, n), (removed, n), (repeated, n + 1)] {
            match assemble(&changed).proof {
                Proof::Altered(fault) => {
                    assert_eq!(
                        (fault.frame, fault.kind),
                        (Some(frame as u64), FaultKind::Link)
                    );
                }
                other => panic!("{n}: {other:?}"),
            }
        }
    }
    let report = assemble(&order[..count - 1]);
    let Proof::Altered(fault) = report.proof else {
        panic!("{:?}", report.proof)
    };
    assert_eq!(fault.kind, FaultKind::Contradiction);
}

#[test]
fn a_part_of_another_recording_is_found() {
    let (one, two) = (recording("s-1", 60), recording("s-2", 60));
    for n in 1..one.borders.len() - 1 {
        let mut spliced = one.bytes[..one.borders[n]].to_vec();
        spliced.extend_from_slice(&two.bytes[two.borders[n]..]);
        match check(&spliced).proof {
            Proof::Altered(fault) => assert_eq!(fault.frame, Some(n as u64)),
            other => panic!("{other:?}"),
        }
    }
    let mut foreign = one.bytes[..*one.borders.last().unwrap()].to_vec();
    foreign.extend_from_slice(&two.bytes[*two.borders.last().unwrap()..]);
    assert!(
        matches!(check(&foreign).proof, Proof::Altered(fault) if fault.kind == FaultKind::Contradiction)
    );
}

#[test]
fn what_follows_the_end_is_found_and_other_files_have_no_chain() {
    let mut longer = recording("s-1", 9).bytes;
    longer.push(0);
    assert!(
        matches!(check(&longer).proof, Proof::Altered(fault) if fault.kind == FaultKind::Trailing)
    );
    assert_eq!(check(b"{\"version\":3}\n").proof, Proof::NoChain);
    let foreign = zstd::bulk::compress(b"{\"version\":3}\n", 3).unwrap();
    assert_eq!(check(&foreign).proof, Proof::NoChain);
    assert!(verify(&b""[..]).is_err());
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// The frame that a byte of the file belongs to, and so the number of those before it that stay proved.
fn frame_of(recording: &Recording, at: usize) -> usize {
    let found = recording.borders.iter().rposition(|&end| end <= at);
    found.unwrap().min(recording.borders.len() - 1)
}

#[test]
fn two_thousand_changes_swaps_truncations_and_splices_are_found_in_the_right_frame() {
    let (one, two) = (recording("s-1", 400), recording("s-2", 400));
    let (borders, bytes) = (&one.borders, &one.bytes);
    let frames = borders.len() - 1;
    let frames_end = borders[frames];
    assert!(frames > 50, "{frames}");
    assert_eq!(check(bytes).proof, Proof::Sound);
    let part = |recording: &Recording, n: usize| {
        recording.bytes[recording.borders[n]..recording.borders[n + 1]].to_vec()
    };
    let mut dice = Dice(0x5eed_0f42);
    let mut named = [0; 4];
    for turn in 0..2000 {
        // What was done, the bytes, and how many frames must stay proved.
        let (kind, what, changed, proved) = match turn % 4 {
            0 => {
                let at = dice.below(bytes.len());
                let mask = 1 + dice.below(255) as u8;
                let mut changed = bytes.clone();
                changed[at] ^= mask;
                (
                    0,
                    format!("byte {at} ^ {mask}"),
                    changed,
                    frame_of(&one, at),
                )
            }
            1 => {
                let length = 1 + dice.below(bytes.len() - 1);
                let changed = bytes[..length].to_vec();
                let whole = borders.iter().rposition(|&end| end <= length).unwrap();
                (1, format!("cut at {length}"), changed, whole)
            }
            2 => {
                let (left, right) = (dice.below(frames), dice.below(frames));
                if left == right {
                    continue;
                }
                let mut order: Vec<usize> = (0..frames).collect();
                order.swap(left, right);
                let mut changed: Vec<u8> = order.iter().flat_map(|&n| part(&one, n)).collect();
                changed.extend_from_slice(&bytes[frames_end..]);
                (
                    2,
                    format!("{left} and {right} swapped"),
                    changed,
                    left.min(right),
                )
            }
            _ => {
                // One frame of the other, with its link, in the place of ours; or all that follows.
                // The first frame is the recording's own; to take another is to have another recording.
                let n = 1 + dice.below(frames.min(two.borders.len() - 1) - 1);
                let mut changed = bytes[..borders[n]].to_vec();
                if dice.below(2) == 0 {
                    changed.extend(part(&two, n));
                    changed.extend_from_slice(&bytes[borders[n + 1]..]);
                } else {
                    changed.extend_from_slice(&two.bytes[two.borders[n]..]);
                }
                (3, format!("spliced at {n}"), changed, n)
            }
        };
        let report = check(&changed);
        assert_ne!(report.proof, Proof::Sound, "{what}");
        match &report.proof {
            Proof::Altered(fault) => {
                named[kind] += 1;
                match fault.frame {
                    Some(frame) => assert_eq!(frame as usize, proved, "{what}: {fault:?}"),
                    None => assert_eq!(proved, frames, "{what}: {fault:?}"),
                }
            }
            // A cut, or a length that now points behind the end: the proof stops at the same frame.
            _ => assert!(kind < 2, "{what}: {:?}", report.proof),
        }
        assert_eq!(report.frames as usize, proved, "{what}: {:?}", report.proof);
    }
    assert!(named[0] > 400 && named[1] == 0, "{named:?}");
    assert!(named[2] > 400 && named[3] > 400, "{named:?}");
}

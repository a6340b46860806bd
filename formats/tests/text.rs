//! Recordings whose chain is right and whose text is not what it should be: whoever holds a key can make them.
//!
//! Nothing here is written by the crate's own writer, which makes none of these.

#![allow(clippy::unwrap_used, reason = "a test")]

use formats::recording::{Damage, Ending, FaultKind, Proof, Reader, Report, verify, verify_text};
use formats::sealed::NoKey;
use sha2::{Digest, Sha256};

const HEADER: &str = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"ssm\":{\"session_id\":\"s-1\",\"target\":\"i-0abc\",\"reason\":\"ticket-42\"}}\n";
const MANIFEST: &str = "\"session_id\":\"s-1\",\"target\":\"i-0abc\",\"reason\":\"ticket-42\"";
const OURS: u32 = 0x184D_2A53;
const SEEK_TABLE: u32 = 0x184D_2A5E;

fn skippable(magic: u32, content: &[u8]) -> Vec<u8> {
    let mut frame = magic.to_le_bytes().to_vec();
    frame.extend_from_slice(&u32::try_from(content.len()).unwrap().to_le_bytes());
    frame.extend_from_slice(content);
    frame
}

/// A data frame, and what its link says of it.
#[derive(Clone)]
struct Frame {
    before: Vec<u8>,
    data: Vec<u8>,
    text: u64,
    first_us: u64,
    last_us: u64,
}

impl Frame {
    fn new(text: &str, first_us: u64, last_us: u64) -> Self {
        Self {
            before: Vec::new(),
            data: zstd::bulk::compress(text.as_bytes(), 3).unwrap(),
            text: text.len() as u64,
            first_us,
            last_us,
        }
    }
}

/// A whole recording whose chain, manifest and tables are right.
fn build(frames: &[Frame], described: &str) -> Vec<u8> {
    let (mut out, mut table, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let (mut head, mut text, mut last_us) = ([0_u8; 32], 0, 0);
    for (number, frame) in frames.iter().enumerate() {
        index.push((last_us, 0_u64));
        let part = [&frame.before[..], &frame.data].concat();
        if !frame.before.is_empty() {
            table.push((frame.before.len(), 0));
        }
        table.push((frame.data.len(), frame.text));
        let mut fields = Vec::new();
        for field in [
            number as u64,
            part.len() as u64,
            frame.text,
            frame.first_us,
            frame.last_us,
        ] {
            fields.extend_from_slice(&field.to_le_bytes());
        }
        fields.extend_from_slice(&Sha256::digest(&part));
        head = Sha256::digest([&head[..], &fields].concat()).into();
        let link = skippable(OURS, &[b"ssmL\x01\0\0\0", &fields[..], &head].concat());
        out.extend_from_slice(&part);
        out.extend_from_slice(&link);
        table.push((link.len(), 0));
        text += frame.text;
        last_us = frame.last_us;
    }
    let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = format!(
        "{{\"format\":1,{described},\"duration_us\":{last_us},\"sizes\":{{\"text\":{text},\"compressed\":{},\"frames\":{}}},\"chain\":{{\"algorithm\":\"sha256\",\"head\":\"{hex}\"}}}}",
        out.len(),
        frames.len()
    );
    let mut content = b"ssmM\x01\0\0\0".to_vec();
    content.extend_from_slice(&u32::try_from(manifest.len()).unwrap().to_le_bytes());
    content.extend_from_slice(manifest.as_bytes());
    content.extend_from_slice(&[0; 4]);
    let digest = Sha256::digest(&content);
    content.extend_from_slice(&digest);
    let mut times = b"ssmT\x01\0\0\0".to_vec();
    for (base, picture) in index {
        times.extend_from_slice(&base.to_le_bytes());
        times.extend_from_slice(&picture.to_le_bytes());
    }
    for frame in [skippable(OURS, &content), skippable(OURS, &times)] {
        table.push((frame.len(), 0));
        out.extend_from_slice(&frame);
    }
    let mut entries = Vec::new();
    for (compressed, text) in &table {
        entries.extend_from_slice(&u32::try_from(*compressed).unwrap().to_le_bytes());
        entries.extend_from_slice(&u32::try_from(*text).unwrap().to_le_bytes());
    }
    entries.extend_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
    entries.push(0);
    entries.extend_from_slice(&0x8F92_EAB1_u32.to_le_bytes());
    out.extend_from_slice(&skippable(SEEK_TABLE, &entries));
    out
}

fn event(interval: &str, code: &str, data: &str) -> String {
    format!("[{interval}, \"{code}\", \"{data}\"]\n")
}

fn first() -> Frame {
    let text = format!("{HEADER}{}", event("1.0", "o", "first"));
    Frame::new(&text, 1_000_000, 1_000_000)
}

/// A second frame with this text, whose events come at 2 and 3 seconds.
fn second(text: &str) -> Frame {
    Frame::new(text, 2_000_000, 3_000_000)
}

fn usual() -> String {
    event("1.0", "o", "second") + &event("1.0", "o", "third")
}

fn look(bytes: &[u8]) -> Report {
    verify_text(bytes, &NoKey).unwrap()
}

fn kind(report: &Report) -> Option<FaultKind> {
    match &report.proof {
        Proof::Altered(fault) => Some(fault.kind),
        _ => None,
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: FaultKind) {
    assert_eq!(verify(bytes).unwrap().proof, Proof::Sound, "by its chain");
    assert_eq!(kind(&look(bytes)), Some(expected));
}

#[track_caller]
fn check_second(text: &str, expected: FaultKind) {
    check(&build(&[first(), second(text)], MANIFEST), expected);
}

#[test]
fn what_reads_in_one_way_only_is_sound() {
    let report = look(&build(&[first(), second(&usual())], MANIFEST));
    assert_eq!(report.proof, Proof::Sound);
    assert!(report.is_decoded);
    assert_eq!(report.header.unwrap().ssm.unwrap().target, "i-0abc");
    // A session in which nothing happened has its header.
    let nothing = build(&[Frame::new(HEADER, 0, 0)], MANIFEST);
    assert_eq!(look(&nothing).proof, Proof::Sound);
}

#[test]
fn a_frame_that_does_not_decode_to_its_end_is_found() {
    let rubbish = |kind: u32| {
        let block: Vec<u8> = (0..64_u32).map(|n| (n * 37 % 251) as u8).collect();
        let head = (block.len() as u32) << 3 | kind << 1 | 1;
        let mut data = vec![0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58];
        data.extend_from_slice(&head.to_le_bytes()[..3]);
        data.extend_from_slice(&block);
        data.extend_from_slice(&[0; 4]);
        data
    };
    for data in [rubbish(2), rubbish(0)] {
        let frame = Frame { data, ..second("") };
        let bytes = build(&[first(), frame], MANIFEST);
        check(&bytes, FaultKind::Undecodable);
        assert!(matches!(ending(&bytes), Ending::Damaged { .. }));
    }
    // The right bytes with another checksum.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, usual().as_bytes()).unwrap();
    let mut data = encoder.finish().unwrap();
    *data.last_mut().unwrap() ^= 1;
    let frame = Frame {
        data,
        ..second(&usual())
    };
    check(&build(&[first(), frame], MANIFEST), FaultKind::Undecodable);
}

#[test]
fn a_frame_that_stands_for_more_than_any_recorder_writes_is_told_from_one_that_does_not_decode() {
    let text = event("1.0", "o", &"0".repeat(1 << 20)).repeat(40);
    let bytes = build(&[first(), second(&text)], MANIFEST);
    check(&bytes, FaultKind::Text);
    let ending = ending(&bytes);
    let is_told = matches!(
        ending,
        Ending::Damaged {
            cause: Damage::Text,
            ..
        }
    );
    assert!(is_told, "{ending:?}");
}

#[test]
fn a_frame_that_needs_what_is_not_in_the_file_is_found_without_decoding() {
    let mut data = vec![0x28, 0xb5, 0x2f, 0xfd, 0x05, 0x58, 0x77];
    data.extend_from_slice(&(5_u32 << 3 | 1).to_le_bytes()[..3]);
    data.extend_from_slice(b"hello");
    data.extend_from_slice(&[0; 4]);
    let frame = Frame {
        data,
        text: 5,
        ..second("")
    };
    let bytes = build(&[first(), frame], MANIFEST);
    assert_eq!(kind(&look(&bytes)), Some(FaultKind::Dictionary));
    assert_eq!(
        kind(&verify(&bytes[..]).unwrap()),
        Some(FaultKind::Dictionary)
    );
}

fn ending(bytes: &[u8]) -> Ending {
    use formats::lines::LineSource;
    let mut reader = Reader::open(bytes).unwrap();
    while reader.next_line().unwrap().is_some() {}
    reader.ending().unwrap().clone()
}

#[test]
fn a_line_over_a_frames_end_is_found() {
    let line = event("1.0", "o", "rm -rf");
    let (one, other) = line.split_at(9);
    let text = format!("{}{one}", event("1.0", "o", "second"));
    let frames = [
        first(),
        Frame::new(&text, 2_000_000, 2_000_000),
        Frame::new(other, 3_000_000, 3_000_000),
    ];
    check(&build(&frames, MANIFEST), FaultKind::Border);
    // Also where the line end alone is missing.
    check_second(usual().trim_end(), FaultKind::Border);
}

#[test]
fn sizes_and_times_in_links_that_are_not_those_of_the_text_are_found() {
    let with = |change: fn(&mut Frame)| {
        let mut frame = second(&usual());
        change(&mut frame);
        build(&[first(), frame], MANIFEST)
    };
    check(&with(|frame| frame.text += 1), FaultKind::Size);
    check(&with(|frame| frame.text = 77_777), FaultKind::Size);
    check(&with(|frame| frame.first_us -= 1), FaultKind::Times);
    check(
        &with(|frame| frame.last_us += 3_600_000_000),
        FaultKind::Times,
    );
    check(&with(|frame| frame.last_us -= 1), FaultKind::Times);
}

#[test]
fn text_that_is_no_event_is_found_wherever_it_stands() {
    for line in [
        "this is no event\n",
        "[1,2,3]\n",
        "[1.0, \"o\", \"x\"] \"more\"\n",
        "[-1.0, \"o\", \"x\"]\n",
        "[1.0, \"r\", \"wide\"]\n",
        "[1.0, \"x\", \"well\"]\n",
        "[1.0, \"f\", \"no message\"]\n",
        "[1e300, \"o\", \"x\"]\n",
        "[1.0, \"o\", \"\\ud800\"]\n",
    ] {
        check_second(&format!("{line}{}", usual()), FaultKind::Event);
    }
    // Nobody is shown it.
    check_second("# rm -rf /\n", FaultKind::NoEvents);
    check_second("\n\n", FaultKind::NoEvents);
    let mut nothing = second("");
    (nothing.first_us, nothing.last_us) = (1_000_000, 1_000_000);
    check(&build(&[first(), nothing], MANIFEST), FaultKind::NoEvents);
    let headless = Frame::new(&usual(), 1_000_000, 2_000_000);
    check(&build(&[headless], MANIFEST), FaultKind::NoHeader);
}

#[test]
fn a_message_that_brought_more_than_was_shown_is_found() {
    let message = |length: usize| {
        let message = format!("output_stream_data 0 1 +0 {length}");
        event("1.0", "f", &message) + &event("1.0", "o", "second")
    };
    let sound = build(&[first(), second(&message(6))], MANIFEST);
    assert_eq!(look(&sound).proof, Proof::Sound);
    check_second(&message(60), FaultKind::Promise);
    check_second(&message(1), FaultKind::Promise);
}

#[test]
fn a_header_that_tells_of_another_session_than_the_manifest_is_found() {
    for (key, manifest) in [
        ("session_id", MANIFEST.replace("s-1", "mallory-1")),
        ("target", MANIFEST.replace("i-0abc", "i-0evil")),
        ("reason", MANIFEST.replace("ticket-42", "none")),
        ("document", format!("{MANIFEST},\"document\":\"Other\"")),
        ("region", format!("{MANIFEST},\"region\":\"eu-1\"")),
        ("user", format!("{MANIFEST},\"user\":\"root (0)\"")),
        (
            "started_at",
            format!("{MANIFEST},\"started_at\":\"2026-11-24T00:00:00Z\""),
        ),
        (
            "parameters",
            format!("{MANIFEST},\"parameters\":{{\"command\":[\"id\"]}}"),
        ),
        (
            "terminal",
            format!("{MANIFEST},\"terminal\":{{\"cols\":81,\"rows\":24}}"),
        ),
    ] {
        let bytes = build(&[first(), second(&usual())], &manifest);
        check(&bytes, FaultKind::Header(key));
    }
    // Nor does a header go with it that tells of no session at all.
    let silent = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n";
    let silent = format!("{silent}{}", event("1.0", "o", "x"));
    let silent = Frame::new(&silent, 1_000_000, 1_000_000);
    check(&build(&[silent], MANIFEST), FaultKind::Header("session_id"));
    // Who it was may become known later, but is not another one then.
    let late =
        format!("{MANIFEST},\"operator\":\"arn:a\",\"account\":\"1\",\"agent_version\":\"3\"");
    assert_eq!(look(&build(&[first()], &late)).proof, Proof::Sound);
    let text = HEADER.replace("\"ticket-42\"", "\"ticket-42\",\"operator\":\"arn:b\"");
    let known = Frame::new(
        &format!("{text}{}", event("1.0", "o", "x")),
        1_000_000,
        1_000_000,
    );
    check(&build(&[known], &late), FaultKind::Header("operator"));
}

#[test]
fn a_key_that_stands_twice_is_found_in_header_and_manifest() {
    for doubled in [
        "\"later\":1,\"later\":2",
        "\"parameters\":{\"a\":[\"1\"],\"a\":[\"2\"]}",
        "\"exit\":{\"kind\":\"closed\",\"kind\":\"left\"}",
        "\"Operator\":\"arn:a\",\"operator\":\"arn:b\"",
        "\"target\":\"i-0evil\"",
    ] {
        let bytes = build(&[first()], &format!("{MANIFEST},{doubled}"));
        assert_eq!(kind(&look(&bytes)), Some(FaultKind::Doubled), "{doubled}");
        assert_eq!(kind(&verify(&bytes[..]).unwrap()), Some(FaultKind::Doubled));
    }
    for doubled in [
        "\"env\":{\"A\":\"1\",\"A\":\"2\"}",
        "\"x\":1,\"x\":2",
        "\"Ssm\":{}",
    ] {
        let text = HEADER.replace("\"version\":3", &format!("\"version\":3,{doubled}"));
        let text = format!("{text}{}", event("1.0", "o", "x"));
        let frame = Frame::new(&text, 1_000_000, 1_000_000);
        check(&build(&[frame], MANIFEST), FaultKind::Doubled);
    }
}

#[test]
fn counts_are_held_against_the_text_where_this_program_has_counted() {
    let text = HEADER.replace("\"ticket-42\"", "\"ticket-42\",\"client_version\":\"1\"");
    let text = format!("{text}{}", event("1.0", "m", "x"));
    let frame = Frame::new(&text, 1_000_000, 1_000_000);
    let counted = |counts: &str| {
        let manifest = format!("{MANIFEST},\"client_version\":\"1\",\"counts\":{{{counts}}}");
        build(std::slice::from_ref(&frame), &manifest)
    };
    let right = "\"events\":1,\"markers\":1";
    assert_eq!(look(&counted(right)).proof, Proof::Sound);
    check(&counted("\"events\":2,\"markers\":1"), FaultKind::Counts);
    check(&counted("\"events\":1"), FaultKind::Counts);
}

#[test]
fn a_table_in_the_middle_is_no_end_and_other_frames_that_nobody_reads_do_no_harm() {
    let with = |magic| {
        let frame = Frame {
            before: skippable(magic, b"ssmM\x01\0\0\0 hidden"),
            ..second(&usual())
        };
        build(&[first(), frame], MANIFEST)
    };
    assert_eq!(kind(&look(&with(SEEK_TABLE))), Some(FaultKind::Table));
    assert_eq!(look(&with(0x184D_2A51)).proof, Proof::Sound);
}

#[test]
fn zeros_up_to_the_end_are_a_cut_for_whoever_checks_and_whoever_reads() {
    let mut whole = Vec::new();
    for n in 0..4_u64 {
        let text =
            (0..40).map(|m| event("0.1", "o", &format!("{n} {m} {:x}", n * 7919 + m * 104_729)));
        let text: String = text.collect();
        let frame = match n {
            0 => Frame::new(&format!("{HEADER}{text}"), 100_000, 4_000_000),
            n => Frame::new(&text, n * 4_000_000 + 100_000, (n + 1) * 4_000_000),
        };
        whole.push(frame);
    }
    let whole = build(&whole, MANIFEST);
    let zeros = |cut: usize, count: usize| [&whole[..cut], &vec![0; count]].concat();
    for cut in (HEADER.len() + 200..whole.len() - 60).step_by(3) {
        for count in [1, 9, 5000] {
            let bytes = zeros(cut, count);
            let proof = look(&bytes).proof;
            let is_cut = matches!(proof, Proof::Cut { .. } | Proof::NoManifest);
            assert!(is_cut, "{cut} {count}: {proof:?}");
            let ending = ending(&bytes);
            assert!(
                matches!(ending, Ending::Cut { .. }),
                "{cut} {count}: {ending:?}"
            );
        }
    }
    // Behind a whole recording they are something that follows.
    assert_eq!(
        kind(&look(&zeros(whole.len(), 9))),
        Some(FaultKind::Trailing)
    );
}

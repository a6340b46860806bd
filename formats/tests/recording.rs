//! The container, written and read back, whole and cut and damaged.
//!
//! Nothing here proves a recording; `verify.rs` does.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Read, Write};
use std::time::Duration;

use formats::asciicast::{self, Data, Event, Header, Session, Term};
use formats::lines::LineSource;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{Ending, Error, Options, Reader, Seekable, Writer};

const SMALL: Options = Options {
    level: 3,
    slow_level: 9,
    frame_text: 400,
};

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
            ..Session::default()
        }),
        ..Header::default()
    }
}

fn at(n: u64) -> Duration {
    Duration::from_micros(n * 250_001)
}

fn text(n: u64) -> String {
    format!("line {n} {:x}\r\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn recording(events: u64) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &header(), SMALL).unwrap();
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
    let (bytes, _) = writer
        .finish(Manifest::default(), |_| Some("signature".into()))
        .unwrap();
    bytes
}

fn lines(bytes: &[u8]) -> (Vec<String>, Ending) {
    let mut reader = Reader::open(bytes).unwrap();
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line().unwrap() {
        lines.push(String::from_utf8(line.to_vec()).unwrap());
    }
    (lines, reader.ending().unwrap().clone())
}

#[test]
fn a_recording_reads_back_and_plain_zstd_reads_it_too() {
    let bytes = recording(200);
    let (ours, ending) = lines(&bytes);
    assert_eq!(ending, Ending::Complete);
    let mut plain = String::new();
    zstd::stream::read::Decoder::new(&bytes[..])
        .unwrap()
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain.lines().collect::<Vec<_>>(), ours);

    let reader = asciicast::Reader::open(Reader::open(&bytes[..]).unwrap()).unwrap();
    assert_eq!(reader.header(), &header());
    for (n, event) in reader.enumerate() {
        let n = n as u64;
        assert_eq!(
            event.unwrap(),
            Event {
                at: at(n),
                data: Data::Output(text(n))
            }
        );
    }
}

#[test]
fn a_file_cut_anywhere_gives_every_whole_line_before_the_cut() {
    let bytes = recording(40);
    let (all, _) = lines(&bytes);
    let mut most = 0;
    for length in 1..bytes.len() {
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
    assert!(matches!(Reader::open(&bytes[..0]), Err(Error::Empty)));
}

#[test]
fn what_was_flushed_can_be_read_at_once() {
    let mut writer = Writer::new(Vec::new(), &header(), Options::default()).unwrap();
    for n in 0..20 {
        writer.output(at(n), &text(n)).unwrap();
        assert!(writer.unflushed() > 0);
        writer.flush().unwrap();
        assert_eq!(writer.unflushed(), 0);
        let (lines, ending) = lines(writer.sink_mut());
        assert_eq!(lines.len() as u64, n + 2);
        assert!(matches!(ending, Ending::Cut { .. }));
    }
}

#[test]
fn a_changed_byte_never_passes_for_a_complete_recording_with_other_text() {
    let bytes = recording(40);
    let (all, _) = lines(&bytes);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        let Ok(mut reader) = Reader::open(&changed[..]) else {
            continue;
        };
        let mut some = Vec::new();
        while let Ok(Some(line)) = reader.next_line() {
            some.push(String::from_utf8_lossy(line).into_owned());
        }
        if reader.ending() == Some(&Ending::Complete) {
            assert_eq!(some, all, "changed at {at}");
        }
    }
}

#[test]
fn seeking_goes_to_a_frame_before_the_time_with_every_later_event_to_come() {
    let bytes = recording(200);
    let mut reader = asciicast::Reader::open(Seekable::open(Cursor::new(&bytes)).unwrap()).unwrap();
    assert!(reader.lines().is_indexed());
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
    // From the end it goes back as from anywhere else.
    for _ in 0..2 {
        reader.rewind().unwrap();
        assert_eq!(reader.by_ref().map(Result::unwrap).count(), 200);
        assert_eq!(reader.lines().ending(), Some(&Ending::Complete));
    }
    reader.seek(at(150)).unwrap().unwrap();
    let mut left = reader.map(Result::unwrap);
    assert!(left.any(|event| event.data == Data::Output(text(150))));
}

#[test]
fn without_tables_there_is_no_seeking_but_reading() {
    let bytes = recording(200);
    for cut in [bytes.len() - 1, bytes.len() - 300] {
        let mut seekable = Seekable::open(Cursor::new(&bytes[..cut])).unwrap();
        assert!(!seekable.is_indexed());
        assert_eq!(seekable.seek(at(5)).unwrap(), None);
        assert!(seekable.next_line().unwrap().is_some());
    }
    let (all, _) = lines(&bytes);
    let plain = all.join("\n") + "\n";
    let mut seekable = Seekable::open(Cursor::new(plain.as_bytes())).unwrap();
    assert_eq!(seekable.seek(at(5)).unwrap(), None);
    assert_eq!(seekable.next_line().unwrap(), Some(all[0].as_bytes()));
}

#[test]
fn the_manifest_tells_what_was_written_and_stands_in_the_file() {
    let mut writer = Writer::new(Vec::new(), &header(), SMALL).unwrap();
    for n in 0..50 {
        writer.output(at(n), &text(n)).unwrap();
    }
    writer.event(at(50), &Data::Marker("here".into())).unwrap();
    let mut signed = Vec::new();
    let session = header().ssm.unwrap();
    let (bytes, manifest) = writer
        .finish(Manifest::of_session(&session), |bytes| {
            signed = bytes.to_vec();
            None
        })
        .unwrap();
    assert_eq!(manifest.session_id, "s-1");
    assert_eq!(manifest.counts.events, 51);
    assert_eq!(manifest.counts.markers, 1);
    assert_eq!(manifest.duration_us, 50 * 250_001);
    let seekable = Seekable::open(Cursor::new(&bytes)).unwrap();
    let found = seekable.signed().unwrap();
    assert_eq!(found.manifest, signed);
    assert_eq!(found.signature, "");
    assert_eq!(Manifest::parse(&found.manifest).unwrap(), manifest);
    let (all, _) = lines(&bytes);
    let text: usize = all.iter().map(|line| line.len() + 1).sum();
    assert_eq!(manifest.sizes.text, text as u64);
}

#[test]
fn a_sink_that_fails_ends_the_recording() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(std::io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut writer = Writer::new(Full(1000), &header(), SMALL).unwrap();
    let error = (0..1000)
        .find_map(|n| writer.output(at(n), &text(n)).err())
        .unwrap();
    assert!(matches!(error, Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull));
    assert!(matches!(writer.output(at(1000), ""), Err(Error::Broken)));
    assert!(matches!(writer.flush(), Err(Error::Broken)));
    assert!(matches!(
        writer.finish(Manifest::default(), |_| None),
        Err(Error::Broken)
    ));
}

#[test]
fn what_is_no_recording_says_so() {
    assert!(matches!(
        Reader::open(&b"GIF89a"[..]),
        Err(Error::NotARecording)
    ));
    assert!(matches!(
        Reader::open(&b"# comment\n{}"[..]),
        Err(Error::NotARecording)
    ));
    let open = |text: &[u8]| asciicast::Reader::open(Reader::open(text).unwrap()).unwrap_err();
    assert!(matches!(
        open(b"{\"a\":1}"),
        asciicast::Error::NotARecording
    ));
    assert!(matches!(open(b"\n"), asciicast::Error::NotARecording));
    let error = open(br#"{"version":3,"term":{"cols":1000000000,"rows":24}}"#);
    assert_eq!(
        error.to_string(),
        "line 1: a terminal of 1000000000 x 24 is beyond the limit of 10000 x 10000"
    );
    assert_eq!(
        open(br#"{"version":4,"term":{"cols":80,"rows":24}}"#).to_string(),
        "asciicast version 4 is not known, only 1, 2 and 3"
    );
}

//! A recorder by what its file holds: every message, its times, and what a reader gets back.
//!
//! Nothing here waits for a real second.
#![allow(
    clippy::disallowed_methods,
    reason = "a fake clock needs one true instant to start from"
)]

use super::*;
use crate::screen::Emulator;
use bytes::Bytes;
use formats::asciicast::Term;
use formats::{Flags, MessageType};
use uuid::Uuid;

struct Bench {
    folder: tempfile::TempDir,
    recorder: Recorder,
    now: Instant,
    sent: i64,
}

impl Bench {
    fn new(input: Input) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let header = Header {
            term: Term {
                cols: 80,
                rows: 24,
                ..Term::default()
            },
            ..Header::default()
        };
        let now = Instant::now();
        let path = folder.path().join("a.cast.zst");
        let options = Options {
            input,
            sync: Sync::End,
            ..Options::default()
        };
        let recorder = Recorder::create(&path, &header, now, 1_700_000_000_000, options).unwrap();
        Self {
            folder,
            recorder,
            now,
            sent: 0,
        }
    }

    fn show(&mut self, payload: &'static [u8]) {
        let message = AgentMessage {
            message_type: MessageType::OutputStreamData,
            schema_version: 1,
            created_date: 1_700_000_000_123,
            sequence_number: self.sent,
            flags: Flags::NONE,
            message_id: Uuid::from_u128(1),
            payload_type: PayloadType::OUTPUT,
            payload: Bytes::from_static(payload),
        };
        self.sent += 1;
        self.recorder.output(self.now, &message).unwrap();
    }

    /// The events as text, without times.
    fn text(&self) -> String {
        // The thread writes as soon as it is woken; a sound file is there within moments.
        std::thread::sleep(Duration::from_millis(50));
        let file = std::fs::read(self.folder.path().join("a.cast.zst")).unwrap();
        let mut text = String::new();
        let mut decoder = zstd::stream::read::Decoder::new(&file[..]).unwrap();
        // A file that is still growing ends in the middle of a frame.
        let _ = std::io::Read::read_to_string(&mut decoder, &mut text);
        text.lines()
            .skip(1)
            .filter_map(|line| line.split_once(", "))
            .map(|(_, event)| format!("{event}\n"))
            .collect()
    }

    /// Pictures that were made, taken or not.
    fn pictures(&self) -> usize {
        self.recorder.follower.made()
    }

    fn finish(self) -> String {
        let Self {
            folder,
            recorder,
            now,
            sent,
        } = self;
        let manifest = recorder
            .end(now, Manifest::default(), Duration::ZERO)
            .and_then(|ended| ended.finish(None))
            .unwrap();
        assert_eq!(manifest.counts.messages, u64::try_from(sent).unwrap());
        let file = std::fs::read(folder.path().join("a.cast.zst")).unwrap();
        let text = String::from_utf8(zstd::decode_all(&file[..]).unwrap()).unwrap();
        text.lines()
            .skip(1)
            .filter_map(|line| line.split_once(", "))
            .map(|(_, event)| format!("{event}\n"))
            .collect()
    }
}

#[test]
fn output_leaves_its_message_and_its_text() {
    let mut bench = Bench::new(Input::Off);
    bench.show(b"caf\xc3");
    bench.show(b"\xa9\n");
    bench.show(b"plain");
    assert_eq!(
        bench.finish(),
        "\"f\", \"output_stream_data 0 1 +123 4 base64:Y2Fmww==\"]\n\"o\", \"caf\"]\n\
         \"f\", \"output_stream_data + 1 +123 2 base64:qQo=\"]\n\"o\", \"é\\n\"]\n\
         \"f\", \"output_stream_data + 1 +123 5\"]\n\"o\", \"plain\"]\n"
    );
}

#[test]
fn an_event_is_on_the_disk_within_a_second() {
    let mut bench = Bench::new(Input::Off);
    bench.recorder.handle_timeout(bench.now).unwrap();
    bench.show(b"soon");
    let due = bench.recorder.poll_timeout().unwrap();
    assert!(due <= bench.now + Duration::from_secs(1));
    assert!(!bench.text().contains("soon"));
    bench.recorder.handle_timeout(due).unwrap();
    assert!(bench.text().contains("soon"));
    assert_eq!(bench.recorder.poll_timeout(), None);
}

/// Much more than stands between two pictures, each line with its number in a color of its own.
#[test]
fn a_long_recording_holds_what_the_screen_was() {
    use formats::asciicast::{Data, Reader};
    use formats::recording::Seekable;
    let mut bench = Bench::new(Input::Off);
    let mut line = 0;
    let mut text = String::new();
    for _ in 0..16 {
        for _ in 0..256 {
            text.clear();
            while text.len() < 1000 {
                line += 1;
                text.push_str(&format!("\x1b[3{}mline {line}\x1b[0m\r\n", line % 8));
            }
            bench.show(Box::leak(text.clone().into_boxed_str()).as_bytes());
        }
        bench.now += Duration::from_secs(2);
        bench.recorder.handle_timeout(bench.now).unwrap();
    }
    // The pictures are made beside; each is taken when something is recorded after it.
    let started = Instant::now();
    while bench.pictures() < 3 {
        assert!(started.elapsed() < Duration::from_secs(120), "no pictures");
        std::thread::sleep(Duration::from_millis(20));
        bench.show(b".");
    }
    // They are written before the next frame.
    let text: &'static str = Box::leak(text.into_boxed_str());
    for _ in 0..2000 {
        bench.show(text.as_bytes());
    }
    let path = bench.folder.path().join("a.cast.zst");
    let Bench {
        folder,
        recorder,
        now,
        ..
    } = bench;
    recorder
        .end(now, Manifest::default(), Duration::ZERO)
        .and_then(|ended| ended.finish(None))
        .unwrap();
    let open = || {
        let file = std::fs::File::open(&path).unwrap();
        Reader::open(Seekable::open(file).unwrap()).unwrap()
    };
    let mut found = 0;
    for second in (2..32).step_by(2) {
        let to = Duration::from_secs(second);
        let mut reader = open();
        let Some(screen) = reader.seek_screen(to).unwrap().unwrap().snapshot else {
            continue;
        };
        found += 1;
        let feed = |terminal: &mut Emulator, reader: Reader<_>| {
            for event in reader.map(Result::unwrap).take_while(|event| event.at < to) {
                if let Data::Output(text) = event.data {
                    terminal.feed(&text);
                }
            }
        };
        let mut quick = Emulator::new(Size {
            cols: screen.cols,
            rows: screen.rows,
        });
        quick.feed(&screen.text);
        feed(&mut quick, reader);
        let mut right = Emulator::new(Size { cols: 80, rows: 24 });
        feed(&mut right, open());
        assert_eq!(quick.dump(), right.dump(), "{second}");
    }
    assert!(found >= 3, "{found}");
    drop(folder);
}

#[test]
fn keys_are_recorded_only_as_far_as_asked() {
    for (input, recorded) in [
        (Input::Off, ""),
        (Input::Echoed, "\"i\", \"l\"]\n\"i\", \"•••\"]\n"),
        (Input::All, "\"i\", \"l\"]\n\"i\", \"secret\"]\n"),
    ] {
        let mut bench = Bench::new(input);
        bench.recorder.input(bench.now, b"l").unwrap();
        bench.show(b"l");
        bench.recorder.input(bench.now, b"secret").unwrap();
        let text: String = bench
            .finish()
            .lines()
            .filter(|line| line.starts_with("\"i\""))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(text, recorded);
    }
}

#[test]
fn what_says_the_same_for_megabytes_is_sound_however_few_bytes_it_takes() {
    static PAYLOAD: [u8; 1024] = [b'0'; 1024];
    for at_once in [1, 60] {
        let mut bench = Bench::new(Input::Off);
        for number in 0..20_000 {
            if number % at_once == 0 {
                bench.now += Duration::from_micros(number * 7919 % 997 + 1000 * at_once);
                bench.recorder.handle_timeout(bench.now).unwrap();
            }
            bench.show(&PAYLOAD);
        }
        let Bench {
            folder,
            recorder,
            now,
            ..
        } = bench;
        let ended = recorder.end(now, Manifest::default(), Duration::ZERO);
        ended.and_then(|ended| ended.finish(None)).unwrap();
        let file = std::fs::read(folder.path().join("a.cast.zst")).unwrap();
        let report = formats::recording::verify_text(&file[..], &formats::sealed::NoKey).unwrap();
        assert_eq!(report.proof, formats::recording::Proof::Sound);
        let ratio = 20_000 * 1024 / file.len();
        assert!(ratio > if at_once == 1 { 100 } else { 1000 }, "{ratio}");
    }
}

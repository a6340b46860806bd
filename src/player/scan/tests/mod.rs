//! Recordings read and searched beside nothing: whole ones, altered ones, and sources that fail or never end.
//!
//! Nothing here is played but to see whether what was found stood there.

mod search;
mod standing;

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::{Arc, Weak};
use std::time::Duration;

use formats::asciicast::{Data, Header, Term};
use formats::manifest::{ClockJump, Derived, Gap, Manifest, Unrecorded};
use formats::payload::Size;
use formats::recording::{DerivedWriter, Options, Writer};
use formats::sealed::{Key, NoKey, Seal, Unlock};

use super::*;
use crate::player::{Ended, Input};
use crate::transcript::{Deriver, EXTRACTOR};

const SIZE: Size = Size { cols: 40, rows: 6 };

/// A recording and what was derived from it, in memory.
#[derive(Clone, Default)]
struct Memory {
    recording: Arc<Vec<u8>>,
    lines: Option<Vec<u8>>,
    commands: Option<Vec<u8>>,
    /// The recording comes once, from the front.
    is_stream: bool,
    /// Nothing but the end of the recording can be read.
    fails: bool,
    key: Option<Key>,
}

impl Opener for Memory {
    fn recording(&self) -> io::Result<Input> {
        let source = Cursor::new(self.recording.to_vec());
        Ok(match (self.is_stream, self.fails) {
            (true, _) => Input::Stream(Box::new(source)),
            (false, true) => Input::Seekable(Box::new(Failing(source))),
            (false, false) => Input::Seekable(Box::new(source)),
        })
    }

    fn derived(&self, kind: Kind) -> io::Result<Option<Box<dyn Read + Send>>> {
        let object = match kind {
            Kind::Lines => &self.lines,
            Kind::Commands => &self.commands,
        };
        let source = object.clone().map(Cursor::new);
        Ok(source.map(|source| Box::new(source) as Box<dyn Read + Send>))
    }

    fn unlock(&self) -> &dyn Unlock {
        match &self.key {
            Some(key) => key,
            None => &NoKey,
        }
    }
}

/// From its half on it cannot be read, but for its end.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.0.get_ref().len() as u64;
        if (length / 2..length / 10 * 9).contains(&self.0.position()) {
            return Err(io::Error::other("no answer"));
        }
        let room = buffer.len().min(1024);
        self.0.read(&mut buffer[..room])
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

fn header() -> Header {
    Header {
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ..Header::default()
    }
}

/// A recording of outputs, in milliseconds, with its derived objects.
fn recorded(outputs: &[(u64, &str)], manifest: Manifest) -> Memory {
    let mut deriver = Deriver::new(&header());
    let mut lines = DerivedWriter::new(Vec::new(), "s-1", None::<Seal>).unwrap();
    for (at, text) in outputs {
        let at = Duration::from_millis(*at);
        deriver.event(at, &formats::asciicast::Data::Output((*text).to_owned()));
        deriver
            .take()
            .iter()
            .for_each(|line| lines.line(line).unwrap());
    }
    let ending = deriver.finish();
    ending
        .lines
        .iter()
        .for_each(|line| lines.line(line).unwrap());
    let mut commands = DerivedWriter::new(Vec::new(), "s-1", None::<Seal>).unwrap();
    ending
        .commands
        .iter()
        .for_each(|command| commands.line(command).unwrap());
    let (lines, told_of_lines) = lines.finish().unwrap();
    let (commands, told_of_commands) = commands.finish().unwrap();
    let manifest = Manifest {
        derived: Some(Derived {
            extractor: EXTRACTOR,
            lines: told_of_lines,
            commands: told_of_commands,
            explained: 0.25,
            cut: false,
        }),
        ..manifest
    };
    Memory {
        lines: Some(lines),
        commands: Some(commands),
        ..written(outputs, manifest)
    }
}

/// A recording alone.
fn written(outputs: &[(u64, &str)], manifest: Manifest) -> Memory {
    let mut writer = Writer::new(Vec::new(), &header(), Options::default()).unwrap();
    for (at, text) in outputs {
        writer.output(Duration::from_millis(*at), text).unwrap();
        writer.flush().unwrap();
    }
    let (recording, _) = writer.finish(manifest, |_| None).unwrap();
    Memory {
        recording: Arc::new(recording),
        ..Memory::default()
    }
}

async fn overview(kept: Memory) -> Overview {
    let scan = Scan::start(Arc::new(kept)).unwrap();
    loop {
        scan.changed().await;
        let overview = scan.look(Overview::clone);
        if overview.ended.is_some() && overview.commands.is_some() {
            return overview;
        }
    }
}

const SESSION: [(u64, &str); 6] = [
    (0, "\x1b[?2004h$ "),
    (1000, "ls"),
    (2000, "\r\n\x1b[?2004lone two\r\n"),
    (2001, "\x1b[?2004h$ "),
    (30_000, "exit\r\n\x1b[?2004l"),
    (30_500, "exit\r\n"),
];

fn broken() -> Manifest {
    Manifest {
        gaps: vec![Gap {
            at_us: 5_000_000,
            lasted_us: 7,
        }],
        clock_jumps: vec![ClockJump {
            at_us: 4_000_000,
            by_ms: -3,
        }],
        unrecorded: Some(Unrecorded {
            from_us: 30_500_000,
            cause: "disk full".into(),
        }),
        ..Manifest::default()
    }
}

#[tokio::test]
async fn a_recording_is_known_in_short_when_it_was_read() {
    for is_stream in [false, true] {
        let kept = Memory {
            is_stream,
            ..written(&SESSION, broken())
        };
        let overview = overview(kept).await;
        assert_eq!(overview.duration, Some(Duration::from_millis(30_500)));
        assert_eq!(overview.seen, Duration::from_millis(30_500));
        assert_eq!(overview.ended, Some(Ended::Complete));
        let shown: u64 = SESSION.iter().map(|(_, text)| text.len() as u64).sum();
        assert_eq!(overview.activity.total(), shown);
        let idle = [Stretch {
            from: Duration::from_millis(2001),
            until: Duration::from_millis(30_000),
        }];
        assert_eq!(overview.idle.stretches(), idle);
        let at = Duration::from_millis;
        let breaks = [
            Break::ClockJump {
                at: at(4000),
                by_ms: -3,
            },
            Break::Gap {
                at: at(5000),
                lasted: Duration::from_micros(7),
            },
            Break::Unrecorded {
                from: at(30_500),
                cause: "disk full".into(),
            },
        ];
        assert_eq!(overview.breaks, breaks);
        let commands = overview.commands.unwrap();
        let texts: Vec<_> = commands
            .commands
            .iter()
            .map(|command| &*command.text)
            .collect();
        assert_eq!(texts, ["ls", "exit"]);
    }
}

#[tokio::test]
async fn what_stands_at_the_end_is_known_before_anything_else_is_read() {
    let mut seed = 1_u64;
    let noise = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{seed:x}\r\n")
    };
    let noise: String = (0..5000).map(noise).collect();
    let kept = Memory {
        fails: true,
        ..recorded(&[(0, "a"), (9000, &noise)], broken())
    };
    let overview = overview(kept).await;
    assert_eq!(overview.ended, Some(Ended::Unread("no answer".into())));
    assert_eq!(overview.duration, Some(Duration::from_secs(9)));
    assert_eq!(overview.breaks.len(), 3);
    assert!(overview.seen < Duration::from_secs(9));
}

#[tokio::test]
async fn commands_are_taken_as_they_are_stored_where_the_manifest_vouches_for_them() {
    let kept = recorded(&SESSION, Manifest::default());
    let stored = overview(kept.clone()).await.commands.unwrap();
    assert_eq!((stored.commands.len(), stored.explained), (2, 0.25));
    let mut altered = kept.clone();
    let (commands, _) = DerivedWriter::new(Vec::new(), "s-1", None::<Seal>)
        .unwrap()
        .finish()
        .unwrap();
    altered.commands = Some(commands);
    let derived = overview(altered).await.commands.unwrap();
    assert_eq!(derived.commands, stored.commands);
    assert_ne!(derived.explained, 0.25);
}

/// Gives lines for ever, and is gone when nobody reads it any more.
struct Endless(Arc<()>);

struct EndlessReader {
    _alive: Arc<()>,
    has_begun: bool,
}

impl Opener for Endless {
    fn recording(&self) -> io::Result<Input> {
        Ok(Input::Stream(Box::new(EndlessReader {
            _alive: Arc::clone(&self.0),
            has_begun: false,
        })))
    }

    fn derived(&self, _: Kind) -> io::Result<Option<Box<dyn Read + Send>>> {
        Ok(None)
    }

    fn unlock(&self) -> &dyn Unlock {
        &NoKey
    }
}

impl Read for EndlessReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text: &[u8] = match std::mem::replace(&mut self.has_begun, true) {
            false => b"{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n",
            true => b"[0.0,\"o\",\"line\\r\\n\"]\n[0.1,\"m\",\"mark\"]\n",
        };
        buffer[..text.len()].copy_from_slice(text);
        Ok(text.len())
    }
}

fn is_gone(alive: &Weak<()>) -> bool {
    (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        alive.strong_count() == 0
    })
}

#[tokio::test]
async fn who_is_dropped_reads_no_further() {
    let alive = Arc::new(());
    let gone = Arc::downgrade(&alive);
    let scan = Scan::start(Arc::new(Endless(alive))).unwrap();
    let search = scan.search(Pattern::new("line").unwrap()).unwrap();
    search.changed().await;
    while scan.look(|overview| overview.more_markers) == 0 {
        scan.changed().await;
    }
    drop((scan, search));
    assert!(is_gone(&gone));
}

/// A recording of this size, which takes another one.
fn sized(from: Size, to: Size) -> Memory {
    let header = Header {
        term: Term {
            cols: from.cols,
            rows: from.rows,
            ..Term::default()
        },
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
    writer.output(Duration::ZERO, "here it is\r\n").unwrap();
    writer.resize(Duration::ZERO, to).unwrap();
    let (recording, _) = writer.finish(Manifest::default(), |_| None).unwrap();
    Memory {
        recording: Arc::new(recording),
        ..Memory::default()
    }
}

#[tokio::test]
async fn a_huge_screen_is_emulated_beside_the_playback_only_for_who_searches_it() {
    let huge = Size {
        cols: 1000,
        rows: 500,
    };
    for (from, to, expected) in [(SIZE, SIZE, true), (huge, SIZE, false), (SIZE, huge, false)] {
        let memory = sized(from, to);
        let events = Events::open(&memory).unwrap();
        let derived = deriving::derive(events, is_huge, |_| true).unwrap();
        assert_eq!(derived.is_some(), expected, "{from:?} {to:?}");
        let (hits, _) = search::search(memory, "here").await;
        assert_eq!(hits.len(), 1);
    }
}

#[test]
fn what_is_read_beside_comes_in_pieces_however_long_an_event_is() {
    let text = "é".repeat(200_000);
    let memory = written(&[(0, &text), (1, &text), (2, "end")], Manifest::default());
    let mut events = Events::open(&memory).unwrap();
    let mut found = vec![String::new(); 3];
    loop {
        let piece = events.next();
        let output = piece.events.iter().filter_map(|event| match &event.data {
            Data::Output(text) => Some((event.at.as_millis(), text)),
            _ => None,
        });
        let mut bytes = 0;
        for (at, text) in output {
            found[usize::try_from(at).unwrap()] += text;
            bytes += text.len();
        }
        assert!(bytes <= 2 * 64 * 1024);
        if piece.ended.is_some() {
            break;
        }
    }
    assert!(found == [&*text, &*text, "end"]);
}

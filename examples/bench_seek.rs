//! How long it takes to stand at any point of a long recording: a generated one of ten hours and 100 MB.
//!
//! Nothing here is a test: it prints figures, and the bar (50 ms) is looked at by a person. Run it with
//! `cargo run --release --example bench_seek`; it needs no network and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark of inputs that are known to be good, by the clock"
)]

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use formats::asciicast::{self, Data, Header, Session, Term};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{self, Options, Seekable, Writer};

const TEXT: u64 = 100_000_000;
const LENGTH: Duration = Duration::from_secs(10 * 3600);
const SEEKS: usize = 200;
/// As the recorder does it: a picture at the first frame border behind as much text.
const TEXT_BETWEEN: u64 = 256 * 1024;

fn main() {
    let size = Size {
        cols: 120,
        rows: 40,
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let bytes = generate(size);
    file.as_file().write_all(&bytes).unwrap();
    println!(
        "{:.1} MB of text over 10 hours in a file of {:.1} MB",
        TEXT as f64 / 1e6,
        bytes.len() as f64 / 1e6
    );

    let mut random = random();
    let mut times = Vec::new();
    for _ in 0..SEEKS {
        let to = LENGTH.mul_f64((random() % 1_000_000) as f64 / 1e6);
        let started = Instant::now();
        let screen = seek(&File::open(file.path()).unwrap(), to);
        times.push((started.elapsed(), to));
        assert!(!screen.is_empty());
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{SEEKS} seeks, each from opening the file to the emulator's screen: median {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        ms(times[SEEKS / 2].0),
        ms(times[SEEKS * 99 / 100].0),
        ms(times[SEEKS - 1].0)
    );

    // Against reading all that comes before, at three points, and to the same screen.
    for part in [0.1, 0.5, 0.95] {
        let to = LENGTH.mul_f64(part);
        let started = Instant::now();
        let right = from_start(&File::open(file.path()).unwrap(), to);
        let all = started.elapsed();
        let started = Instant::now();
        let ours = seek(&File::open(file.path()).unwrap(), to);
        println!(
            "to {:>4.1} h: from the start {:>8.1} ms, by a seek {:>6.1} ms, {}",
            to.as_secs_f64() / 3600.0,
            ms(all),
            ms(started.elapsed()),
            if right == ours {
                "same screen"
            } else {
                "ANOTHER SCREEN"
            }
        );
    }
}

fn random() -> impl FnMut() -> u64 {
    let mut state = 1_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    }
}

/// A day of a person: prompts, listings, screens of a full-screen program, in changing colors.
fn generate(size: Size) -> Vec<u8> {
    let header = Header {
        term: Term {
            cols: size.cols,
            rows: size.rows,
            ..Term::default()
        },
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
    let mut terminal = avt::Terminal::new(size.cols.into(), size.rows.into()).unwrap();
    let mut random = random();
    let (mut last, mut text) = (0, String::new());
    while writer.text_size() < TEXT {
        text.clear();
        match random() % 4 {
            0 => {
                let (row, color) = (random() % 40, random() % 256);
                text.push_str(&format!(
                    "\x1b[{row};1H\x1b[38;5;{color}mcell {:x}\x1b[0m\x1b[K",
                    random()
                ));
            }
            1 => text.push_str(&format!("\x1b[?2004huser@host:~$ ls {:x}\r\n", random())),
            _ => {
                for _ in 0..8 {
                    text.push_str(&format!(
                        "-rw-r--r-- 1 root adm {:>9} file-{:x}.log\r\n",
                        random() % 1_000_000,
                        random() % 65536
                    ));
                }
            }
        }
        let at = LENGTH.mul_f64(writer.text_size() as f64 / TEXT as f64);
        writer.output(at, &text).unwrap();
        terminal.feed(text.as_str());
        let (frame, before) = writer.border();
        if writer.is_at_border() && before >= last + TEXT_BETWEEN {
            last = before;
            writer.late_snapshot(frame, size, &terminal.dump()).unwrap();
        }
    }
    writer.finish(Manifest::default(), |_| None).unwrap().0
}

/// The screen at `to`, as its dump.
fn seek(file: &File, to: Duration) -> String {
    let mut reader = asciicast::Reader::open(Seekable::open(file).unwrap()).unwrap();
    let term = reader.header().term.clone();
    let point = reader.seek_screen(to).unwrap().unwrap();
    let mut terminal = match point.snapshot {
        Some(snapshot) => {
            let mut terminal =
                avt::Terminal::new(snapshot.cols.into(), snapshot.rows.into()).unwrap();
            terminal.feed(snapshot.text.as_str());
            terminal
        }
        None => avt::Terminal::new(term.cols.into(), term.rows.into()).unwrap(),
    };
    feed(&mut terminal, reader, to)
}

fn from_start(file: &File, to: Duration) -> String {
    let reader = asciicast::Reader::open(recording::Reader::open(file).unwrap()).unwrap();
    let term = reader.header().term.clone();
    let mut terminal = avt::Terminal::new(term.cols.into(), term.rows.into()).unwrap();
    feed(&mut terminal, reader, to)
}

fn feed<L: formats::lines::LineSource>(
    terminal: &mut avt::Terminal,
    reader: asciicast::Reader<L>,
    to: Duration,
) -> String {
    for event in reader.map(Result::unwrap).take_while(|event| event.at < to) {
        if let Data::Output(text) = event.data {
            terminal.feed(text.as_str());
        }
    }
    terminal.dump()
}

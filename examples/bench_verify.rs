//! How fast a recording is verified, a core: its text decoded and looked into, and its pictures of the screen drawn again:
//! `cargo run --release --example bench_verify -- [MB]`. The bars are 150 and 40 MB of text a second.
//!
//! The recording is made in memory, with a picture every 256 KiB of text as the recorder makes them; nothing is read from a
//! disk. Where the system tells it, the time is what the processor spent on it, so that others at work do not matter.

use std::io::Cursor;
use std::time::{Duration, Instant};

use avt::Terminal;
use formats::asciicast::{Header, Session, Term};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{Options, Proof, Writer, verify, verify_text};
use formats::sealed::NoKey;
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};
use ssm_rec::review::pictures;

const SIZE: Size = Size { cols: 80, rows: 24 };
/// What the agent puts into one message.
const PAYLOAD: usize = 1024;
/// Text between two pictures.
const BETWEEN: u64 = 256 * 1024;
/// Each is measured as often, and the best counts.
const TRIES: usize = 3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let megabytes = std::env::args()
        .nth(1)
        .map_or(Ok(64), |text| text.parse())?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "kind       text      file  pictures  chain alone  text looked into  pictures  on {threads} threads"
    );
    for kind in ["lines", "screens", "base64"] {
        measure(kind, megabytes * 1_000_000, threads)?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "several threads together are measured by the clock"
)]
fn measure(kind: &str, text: u64, threads: usize) -> Result<(), Box<dyn std::error::Error>> {
    let (bytes, manifest, count) = recording(kind, text)?;
    let text = manifest.sizes.text as f64 / 1e6;
    let chain = best(|| verify(&bytes[..]).is_ok_and(|report| report.proof == Proof::Sound));
    let decoded =
        best(|| verify_text(&bytes[..], &NoKey).is_ok_and(|report| report.proof == Proof::Sound));
    let drawn = |threads| {
        let fault = pictures::check(Cursor::new(&bytes), &NoKey, threads);
        fault.is_ok_and(|fault| fault.is_none())
    };
    let pictures = best(|| drawn(1));
    let (together, right) = timed(Instant::now, |start| start.elapsed(), || drawn(threads));
    assert!(right, "the pictures are right");
    println!(
        "{kind:8} {text:6.1} MB {:6.1} MB {count:8}  {:6.0} MB/s  {:11.0} MB/s  {:3.0} MB/s  {:6.0} MB/s",
        bytes.len() as f64 / 1e6,
        text / chain.as_secs_f64(),
        text / decoded.as_secs_f64(),
        text / pictures.as_secs_f64(),
        text / together.as_secs_f64(),
    );
    Ok(())
}

fn timed<S>(
    start: impl Fn() -> S,
    since: impl Fn(S) -> Duration,
    work: impl Fn() -> bool,
) -> (Duration, bool) {
    let begun = start();
    let right = work();
    (since(begun), right)
}

fn best(work: impl Fn() -> bool) -> Duration {
    let tries = (0..TRIES).map(|_| {
        let (took, right) = timed(spent, |begun| spent() - begun, &work);
        assert!(right, "it is sound");
        took
    });
    tries.min().unwrap_or_default()
}

/// What the processor has spent on this thread; else what the clock says.
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|text| text.split(' ').next()?.parse().ok());
    told.map_or_else(
        || {
            std::time::SystemTime::UNIX_EPOCH
                .elapsed()
                .unwrap_or_default()
        },
        Duration::from_nanos,
    )
}

/// The recording, its manifest, and how many pictures are in it.
fn recording(
    kind: &str,
    text: u64,
) -> Result<(Vec<u8>, Manifest, usize), Box<dyn std::error::Error>> {
    let session = Session {
        session_id: "bench-1".into(),
        target: "i-0abc".into(),
        ..Session::default()
    };
    let header = Header {
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ssm: Some(session.clone()),
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, Options::default())?;
    let mut screen = Terminal::new(SIZE.cols.into(), SIZE.rows.into())?;
    let mut output = Output::new(kind);
    let (mut number, mut last, mut pictures) = (0, 0, 0);
    while writer.text_size() < text {
        let shown = output.next();
        let at = Duration::from_micros(number as u64 * 1000);
        let message = TeedMessage {
            message_type: Some(MessageType::OutputStreamData),
            sequence_number: number,
            payload_type: PayloadType::OUTPUT,
            clock_ms: 3,
            length: shown.len(),
            content: Content::Next,
        };
        writer.message(at, &message)?;
        writer.output(at, &shown)?;
        screen.feed(&shown);
        number += 1;
        if writer.is_at_border() && writer.text_size() >= last + BETWEEN {
            last = writer.text_size();
            writer.snapshot(SIZE, &screen.dump())?;
            pictures += 1;
        }
    }
    let manifest = Manifest::of_session(&session);
    let (bytes, manifest) = writer.finish(manifest, |_| None)?;
    Ok((bytes, manifest, pictures))
}

/// What a remote shell shows, the same in every run.
struct Output {
    kind: String,
    state: u64,
    rest: String,
}

impl Output {
    fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            state: 1,
            rest: String::new(),
        }
    }

    fn random(&mut self) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.state >> 33
    }

    fn next(&mut self) -> String {
        while self.rest.len() < PAYLOAD {
            let (one, other) = (self.random(), self.random());
            let line = match self.kind.as_str() {
                "lines" => {
                    format!(
                        "Nov 25 14:{:02}:{:02} host app[{one}]: request {other} took {} ms\r\n",
                        one % 60,
                        other % 60,
                        one % 1000
                    )
                }
                "screens" => format!(
                    "\x1b[{};{}H\x1b[38;5;{}m{one:x}\x1b[0m\x1b[K",
                    one % 24 + 1,
                    other % 60 + 1,
                    other % 256
                ),
                _ => format!("{one:020x}{other:020x}{one:020x}{other:016x}\r\n"),
            };
            self.rest.push_str(&line);
        }
        let rest = self.rest.split_off(PAYLOAD);
        std::mem::replace(&mut self.rest, rest)
    }
}

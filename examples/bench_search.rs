//! How long a search of a recording takes, to its first hit and to its end, beside `zstd -dc FILE | grep -c PATTERN` of the same
//! file, which finds what went over the wire and knows no screen.
//!
//! Nothing here is a test: it prints figures, and the bars (100 MB within 2 s, the first hit within 200 ms) are looked at by a
//! person. `cargo run --release --example bench_search` makes two recordings of 100 MB and leaves nothing behind; the same are
//! searched once more in a bucket that is 30 ms away. `… -- FILE PATTERN` searches a file that is there, whose lines nobody has
//! derived. It needs zstd and grep.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark of inputs that are known to be good, by the clock"
)]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::asciicast::{Header, Session, Term};
use formats::derived::Kind;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::sealed::{NoKey, Unlock};
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::player::Input;
use ssm_rec::player::scan::{Opener, Overview, Pattern, Scan, State};
use ssm_rec::recorder::{Files, Options, Recorder};
use ssm_rec::store::Store;
use ssm_rec::store::s3::Keys;

const TEXT: usize = 100_000_000;
/// The most that the agent puts in a message, and the time from one to the next.
const PAYLOAD: usize = 1024;
const PACE: Duration = Duration::from_millis(1);
const SIZE: Size = Size {
    cols: 120,
    rows: 40,
};

/// A recording in a file, and its lines and commands where they are in files as well.
struct Recorded {
    recording: PathBuf,
    lines: Option<PathBuf>,
    commands: Option<PathBuf>,
}

impl Opener for Recorded {
    fn recording(&self) -> io::Result<Input> {
        Ok(Input::Seekable(Box::new(File::open(&self.recording)?)))
    }

    fn derived(&self, kind: Kind) -> io::Result<Option<Box<dyn Read + Send>>> {
        let path = match kind {
            Kind::Lines => &self.lines,
            Kind::Commands => &self.commands,
        };
        let file = path.as_ref().map(File::open).transpose()?;
        Ok(file.map(|file| Box::new(file) as Box<dyn Read + Send>))
    }

    fn unlock(&self) -> &dyn Unlock {
        &NoKey
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => {
            let folder = tempfile::tempdir().unwrap();
            let numbers = recorded(folder.path(), "numbers", numbers());
            report("numbers", &numbers, &["1234567", "^9+$", "5"]);
            afar("numbers", &numbers, &["1234567", "5"]);
            let mixed = recorded(folder.path(), "mixed", mixed());
            report("mixed", &mixed, &["file-beef", "^user@.*00$", "root"]);
            afar("mixed", &mixed, &["file-beef", "root"]);
        }
        [file, patterns @ ..] if !patterns.is_empty() => {
            let recorded = Recorded {
                recording: file.into(),
                lines: None,
                commands: None,
            };
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            report(file, &recorded, &patterns);
        }
        _ => eprintln!("bench_search [FILE PATTERN…]"),
    }
}

/// As `seq` writes them through a terminal.
fn numbers() -> impl Iterator<Item = String> {
    (1..).map(|number: u64| format!("{number}\r\n"))
}

/// A day of a person: prompts, listings, and a full-screen program, in changing colours.
fn mixed() -> impl Iterator<Item = String> {
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    };
    std::iter::from_fn(move || {
        Some(match random() % 64 {
            0 => {
                let cell = |n: u64| {
                    format!(
                        "\x1b[{};{}H\x1b[38;5;{}mcell {n:x}\x1b[0m\x1b[K",
                        n % 40 + 1,
                        n % 90 + 1,
                        n % 256
                    )
                };
                let cells: String = (0..40).map(|_| cell(random())).collect();
                format!("\x1b[?1049h\x1b[H\x1b[2J{cells}\x1b[?1049l")
            }
            1..8 => format!("\x1b[?2004huser@host:~$ ls {:x}\r\n\x1b[?2004l", random()),
            _ => {
                let line = |n: u64| {
                    format!(
                        "-rw-r--r-- 1 root adm {:>9} \x1b[1;34mfile-{:x}.log\x1b[0m\r\n",
                        n % 1_000_000,
                        n % 65536
                    )
                };
                (0..8).map(|_| line(random())).collect()
            }
        })
    })
}

/// Records what an agent sends in messages that are as full as they may be.
fn recorded(folder: &Path, name: &str, text: impl Iterator<Item = String>) -> Recorded {
    let path = |kind: &str| folder.join(format!("{name}.{kind}"));
    let header = Header {
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let options = Options {
        derived: Some(Files {
            session_id: name.to_owned(),
            lines: (path("lines"), None),
            commands: (path("commands"), None),
            rules: None,
        }),
        ..Options::default()
    };
    let origin = Instant::now();
    let recording = path("cast.zst");
    let mut recorder =
        Recorder::create(&recording, &header, origin, 1_700_000_000_000, options).unwrap();
    let (mut at, mut sent, mut pending) = (origin, 0, Vec::new());
    for text in text {
        pending.extend_from_slice(text.as_bytes());
        while pending.len() >= PAYLOAD {
            let payload: Vec<u8> = pending.drain(..PAYLOAD).collect();
            while !recorder.has_room().unwrap() {
                std::thread::sleep(Duration::from_millis(1));
            }
            recorder.output(at, &message(sent, payload.into())).unwrap();
            at += PACE;
            sent += 1;
        }
        if sent as usize * PAYLOAD >= TEXT {
            break;
        }
    }
    let ended = recorder
        .end(at, Manifest::default(), Duration::from_secs(600))
        .unwrap();
    let manifest = ended.finish(None).unwrap();
    let derived = manifest.derived.unwrap();
    let size = std::fs::metadata(&recording).unwrap().len();
    println!(
        "{name}: {:.1} MB of output in a file of {:.1} MB; {} lines in {:.1} MB, {} commands",
        manifest.counts.output_bytes as f64 / 1e6,
        size as f64 / 1e6,
        derived.lines.count,
        derived.lines.bytes as f64 / 1e6,
        derived.commands.count,
    );
    Recorded {
        recording,
        lines: Some(path("lines")),
        commands: Some(path("commands")),
    }
}

fn message(sequence_number: i64, payload: Bytes) -> AgentMessage {
    AgentMessage {
        message_type: MessageType::OutputStreamData,
        schema_version: 1,
        created_date: 1_700_000_000_000,
        sequence_number,
        flags: Flags::NONE,
        message_id: uuid::Uuid::from_u128(sequence_number as u128),
        payload_type: PayloadType::OUTPUT,
        payload,
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn report(name: &str, recorded: &Recorded, patterns: &[&str]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let alone = Recorded {
        recording: recorded.recording.clone(),
        lines: None,
        commands: None,
    };
    let (first, all) = runtime.block_on(overview(recorded));
    println!("{name}: read in {first:.0} ms, with its commands in {all:.0} ms");
    for pattern in patterns {
        let (grep, lines) = grep(&recorded.recording, pattern);
        println!("  {pattern}: zstd -dc | grep -c {grep:.0} ms, {lines} lines");
        for way in [Way::Stored, Way::Begun, Way::Kept] {
            if way == Way::Stored && recorded.lines.is_none() {
                continue;
            }
            let recorded = match way {
                Way::Stored => recorded,
                Way::Begun | Way::Kept => &alone,
            };
            let (first, all, count) = runtime.block_on(search(recorded.again(), pattern, way));
            println!(
                "    {way:<8?} first hit {first:>7.1} ms, all {all:>7.0} ms, {:>5.2} x, {count} hits",
                all / grep
            );
        }
    }
}

/// Where lines come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// They are stored beside the recording.
    Stored,
    /// They are derived, from the moment when it is searched.
    Begun,
    /// They were derived before.
    Kept,
}

impl Recorded {
    fn again(&self) -> Arc<dyn Opener> {
        Arc::new(Self {
            recording: self.recording.clone(),
            lines: self.lines.clone(),
            commands: self.commands.clone(),
        })
    }
}

/// Until all is read, and until the commands are known.
async fn overview(recorded: &Recorded) -> (f64, f64) {
    let started = Instant::now();
    let scan = Scan::start(recorded.again()).unwrap();
    let mut read = None;
    loop {
        scan.changed().await;
        let (is_read, has_commands) = scan
            .look(|overview: &Overview| (overview.ended.is_some(), overview.commands.is_some()));
        if is_read {
            read.get_or_insert(ms(started.elapsed()));
        }
        if let Some(read) = read.filter(|_| has_commands) {
            return (read, ms(started.elapsed()));
        }
    }
}

async fn search(opener: Arc<dyn Opener>, pattern: &str, way: Way) -> (f64, f64, u64) {
    let pattern = Pattern::new(pattern).unwrap();
    let mut started = Instant::now();
    let scan = Scan::start(opener).unwrap();
    if way == Way::Kept {
        while scan.look(|overview| overview.commands.is_none()) {
            scan.changed().await;
        }
        started = Instant::now();
    }
    let search = scan.search(pattern).unwrap();
    let mut first = None;
    loop {
        search.changed().await;
        let (count, is_done) =
            search.look(|hits| (hits.count(), *hits.state() != State::Searching));
        if count > 0 {
            first.get_or_insert(ms(started.elapsed()));
        }
        if is_done {
            return (first.unwrap_or(f64::NAN), ms(started.elapsed()), count);
        }
    }
}

/// The same in a bucket.
struct Afar(Store);

impl Opener for Afar {
    fn recording(&self) -> io::Result<Input> {
        let opened = self.0.open("recording").map_err(io::Error::other)?;
        Ok(Input::Seekable(Box::new(opened)))
    }

    fn derived(&self, kind: Kind) -> io::Result<Option<Box<dyn Read + Send>>> {
        let opened = self
            .0
            .open_straight(kind.name())
            .map_err(io::Error::other)?;
        Ok(Some(Box::new(opened)))
    }

    fn unlock(&self) -> &dyn Unlock {
        &NoKey
    }
}

fn afar(name: &str, recorded: &Recorded, patterns: &[&str]) {
    let server = Bucket::start(bucket::Options::default()).unwrap();
    let files = [
        ("recording", Some(&recorded.recording)),
        ("lines", recorded.lines.as_ref()),
        ("commands", recorded.commands.as_ref()),
    ];
    for (key, path) in files {
        let bytes = std::fs::read(path.unwrap()).unwrap();
        server.plant(&format!("bench/{key}"), bytes.into());
    }
    let proxy = FaultyProxy::start(
        &server.endpoint(),
        faulty_proxy::Options {
            share: 0.0,
            delay: Duration::from_millis(30),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let options = ssm_rec::store::s3::Options {
        endpoint_url: Some(proxy.endpoint()),
        region: Some("us-east-1".to_owned()),
        keys: Some(Keys {
            id: ACCESS_KEY.to_owned(),
            secret: SECRET_KEY.to_owned(),
            session_token: None,
        }),
        ..ssm_rec::store::s3::Options::default()
    };
    let opener = Arc::new(Afar(Store::with("s3://recordings/bench", options).unwrap()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    println!("{name}, 30 ms away:");
    for pattern in patterns {
        let searched = search(Arc::clone(&opener) as Arc<dyn Opener>, pattern, Way::Stored);
        let (first, all, count) = runtime.block_on(searched);
        println!("  {pattern}: first hit {first:.1} ms, all {all:.0} ms, {count} hits");
    }
}

fn grep(file: &Path, pattern: &str) -> (f64, String) {
    let started = Instant::now();
    let mut zstd = Command::new("zstd")
        .arg("-dcq")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let grep = Command::new("grep")
        .args(["-c", "-E", "-i", pattern])
        .env("LC_ALL", "C.UTF-8")
        .stdin(zstd.stdout.take().unwrap())
        .output()
        .unwrap();
    zstd.wait().unwrap();
    let count = String::from_utf8_lossy(&grep.stdout).trim().to_owned();
    (ms(started.elapsed()), count)
}

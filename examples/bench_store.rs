//! The store in S3, measured on this machine: uploads against `aws s3 cp`, the first picture of a recording from afar,
//! and a list of ten thousand sessions.
//!
//! Nothing leaves the loopback interface. Both clients of a comparison talk to the same server, in turn, in one run.
//!
//! ```text
//! cargo run --release --example bench_store -- [MIB]
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures, and stops where something is wrong"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use loopback::Noise;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::formats::asciicast::{Data, Header, Session};
use ssm_rec::formats::layout::Place;
use ssm_rec::formats::manifest::Manifest;
use ssm_rec::formats::payload::Size;
use ssm_rec::formats::recording::{self, Writer};
use ssm_rec::store::Store;
use ssm_rec::store::s3::{Keys, Options};

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_SANDBOX_CHILD";
const ROUNDS: usize = 3;
const SESSIONS: usize = 10_000;
const SIZE: Size = Size { cols: 80, rows: 24 };

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if std::env::var_os(CHILD).is_some() {
        let program = std::iter::once("ssm-rec".into());
        return ssm_rec::run(program.chain(arguments.into_iter().skip(1)));
    }
    let mib = std::env::args()
        .nth(1)
        .map_or(1024, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    uploads(folder.path(), mib);
    first_picture(folder.path());
    lists(folder.path());
    ExitCode::SUCCESS
}

fn bucket() -> Bucket {
    Bucket::start(bucket::Options {
        lenient: true,
        page: 1000,
        ..bucket::Options::default()
    })
    .unwrap()
}

fn aws(endpoint: &str, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    let status = Command::new("aws")
        .args(["--endpoint-url", endpoint, "--region", "us-east-1"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .stdout(Stdio::null())
        .status()
        .expect("aws is needed (PyPI: awscli)");
    assert!(status.success());
    begun.elapsed()
}

fn uploads(folder: &Path, mib: usize) {
    let path = folder.join("file");
    let mut file = File::create(&path).unwrap();
    let mut noise = Noise::new(1);
    for _ in 0..mib {
        file.write_all(&noise.bytes(1 << 20)).unwrap();
    }
    file.sync_all().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        // A server of its own for each, so that neither meets the memory that the other used.
        let server = bucket();
        let store = Store::with(
            "s3://recordings/bench",
            Options {
                endpoint_url: Some(server.endpoint()),
                region: Some("us-east-1".to_owned()),
                keys: Some(Keys {
                    id: ACCESS_KEY.to_owned(),
                    secret: SECRET_KEY.to_owned(),
                    session_token: None,
                }),
                ..Options::default()
            },
        )
        .unwrap();
        let begun = Instant::now();
        store.put_file("ours", &path).unwrap();
        times[0].push(begun.elapsed());
        drop(store);
        let server = bucket();
        let path = path.display().to_string();
        let target = "s3://recordings/bench/theirs";
        times[1].push(aws(&server.endpoint(), &["s3", "cp", &path, target]));
    }
    let [ours, theirs] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    println!("upload of {mib} MiB, median of {ROUNDS}:");
    for (name, time) in [("ssm-rec", ours), ("aws s3 cp", theirs)] {
        println!("  {name:10} {time:6.2} s  {:6.0} MiB/s", mib as f64 / time);
    }
    println!("  time against aws s3 cp: {:.2} x", ours / theirs);
}

fn session(n: usize) -> Session {
    Session {
        session_id: format!("ada-{n:05}"),
        target: format!("i-{:04x}", n % 97),
        reason: Some(format!("ticket-{n}")),
        started_at: Some(format!(
            "2026-{:02}-{:02}T12:00:00Z",
            1 + n / 1000,
            1 + n % 28
        )),
        ..Session::default()
    }
}

/// ssm-rec, which finds its store through `endpoint`.
fn ssm_rec(endpoint: &str, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(arguments)
        .env(CHILD, "1")
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL_S3", endpoint)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("SSM_REC_STORE", "s3://recordings/fleet")
        .env("SSM_REC_SPOOL", home.join("spool"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn first_picture(folder: &Path) {
    let session = session(0);
    let mut header = Header {
        ssm: Some(session.clone()),
        ..Header::default()
    };
    (header.term.cols, header.term.rows) = (SIZE.cols, SIZE.rows);
    let mut writer = Writer::new(Vec::new(), &header, recording::Options::default()).unwrap();
    let mut noise = Noise::new(7);
    // Text of which zstd makes three quarters: 100 MB of file in ten hours.
    for n in 0..36_000_u64 {
        let mut text = format!("second {n} ");
        while text.len() < 3_600 {
            text.extend(
                noise
                    .draw()
                    .to_le_bytes()
                    .map(|byte| char::from(b'!' + byte % 80)),
            );
        }
        writer
            .event(Duration::from_secs(n), &Data::Output(text))
            .unwrap();
        // As the recorder does it: every few MiB.
        if n % 1000 == 0 {
            writer.snapshot(SIZE, "the screen").unwrap();
        }
    }
    let (file, manifest) = writer
        .finish(Manifest::of_session(&session), |_| None)
        .unwrap();
    let server = bucket();
    let place = Place::of(&manifest).unwrap();
    let key = format!("fleet/{}", place.recording());
    let size = file.len();
    server.plant(&key, Bytes::from(file));
    server.plant(
        &format!("fleet/{}", place.manifest()),
        Bytes::from(manifest.encode()),
    );
    let proxy = FaultyProxy::start(
        &server.endpoint(),
        faulty_proxy::Options {
            share: 0.0,
            // As far away as a bucket in the next region.
            delay: Duration::from_millis(30),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    println!(
        "the first picture of {:.0} MB, 30 ms away:",
        size as f64 / 1e6
    );
    for (name, more) in [
        ("play", &["play", "ada-00000"][..]),
        ("again", &["play", "ada-00000"]),
        ("--from 9h", &["play", "--from", "9h", "ada-00000"]),
    ] {
        let before = proxy.bytes_back();
        let begun = Instant::now();
        let mut play = ssm_rec(&proxy.endpoint(), folder, more).spawn().unwrap();
        play.stdout.take().unwrap().read_exact(&mut [0; 6]).unwrap();
        let (time, bytes) = (begun.elapsed(), proxy.bytes_back() - before);
        play.kill().unwrap();
        play.wait().unwrap();
        println!(
            "  {name:10} {:6.0} ms  {:6.0} kB fetched",
            time.as_secs_f64() * 1e3,
            bytes as f64 / 1e3
        );
    }
}

fn lists(folder: &Path) {
    let server = bucket();
    for n in 0..SESSIONS {
        let manifest = Manifest::of_session(&session(n));
        let place = Place::of(&manifest).unwrap();
        server.plant(
            &format!("fleet/{}", place.recording()),
            Bytes::from_static(b"not read"),
        );
        server.plant(
            &format!("fleet/{}", place.manifest()),
            Bytes::from(manifest.encode()),
        );
    }
    println!("a list of {SESSIONS} sessions:");
    for (name, arguments) in [
        ("all", &["list", "--json"][..]),
        ("--limit 20", &["list", "--json", "--limit", "20"]),
        (
            "one week",
            &[
                "list",
                "--json",
                "--since",
                "2026-05-01",
                "--until",
                "2026-05-08",
            ],
        ),
    ] {
        let begun = Instant::now();
        let command = ssm_rec(&server.endpoint(), folder, arguments);
        let output = { command }.output().unwrap();
        let count = output.stdout.iter().filter(|byte| **byte == b'\n').count();
        println!(
            "  {name:10} {:6.2} s  {count} sessions",
            begun.elapsed().as_secs_f64()
        );
    }
}

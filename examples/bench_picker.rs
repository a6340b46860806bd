//! The picker over ten thousand sessions, measured on this machine: how soon a windowful of them stands there, in a folder and
//! in a bucket, the first time and again, against a list of the same.
//!
//! Nothing leaves the loopback interface.
//!
//! ```text
//! cargo run --release --example bench_picker -- [SESSIONS]
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures, and stops where something is wrong"
)]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use ssm_rec::formats::asciicast::Session;
use ssm_rec::formats::layout::Place;
use ssm_rec::formats::manifest::Manifest;

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_SANDBOX_CHILD";
const ROUNDS: usize = 5;
/// So many rows are a windowful of 80 x 24, with a last screen below.
const ROWS: usize = 8;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if std::env::var_os(CHILD).is_some() {
        let program = std::iter::once("ssm-rec".into());
        return ssm_rec::run(program.chain(arguments.into_iter().skip(1)));
    }
    let sessions = std::env::args()
        .nth(1)
        .map_or(10_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let server = Bucket::start(bucket::Options {
        lenient: true,
        page: 1000,
        ..bucket::Options::default()
    })
    .unwrap();
    for n in 0..sessions {
        let manifest = Manifest::of_session(&session(n));
        let place = Place::of(&manifest).unwrap();
        for (key, bytes) in [
            (place.recording(), b"not read".to_vec()),
            (place.manifest(), manifest.encode()),
        ] {
            let path = store.join(&key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &bytes).unwrap();
            server.plant(&format!("fleet/{key}"), Bytes::from(bytes));
        }
    }
    println!("{sessions} sessions, a windowful of the picker and `ssm-rec list`, in ms:");
    for (name, store) in [
        ("folder", store.display().to_string()),
        ("bucket", "s3://recordings/fleet".to_owned()),
    ] {
        let home = |number: usize| {
            let home = folder.path().join(format!("{name}-{number}"));
            std::fs::create_dir_all(&home).unwrap();
            home
        };
        let at = |home: &Path| environment(&server.endpoint(), home, &store);
        // A home of its own has seen nothing.
        let cold = median(|round| picker(&at(&home(round)), sessions));
        let cold_list = median(|round| list(&at(&home(ROUNDS + round))));
        let warm = median(|_| picker(&at(&home(0)), sessions));
        let warm_list = median(|_| list(&at(&home(ROUNDS))));
        for (name, [first, all], list) in [
            (format!("{name}, first"), cold, cold_list),
            (format!("{name}, again"), warm, warm_list),
        ] {
            println!(
                "  {name:14} windowful {first:6.0}  all {all:6.0}  list {:6.0}  windowful/list {:.2}",
                list[0],
                first / list[0]
            );
        }
    }
    ExitCode::SUCCESS
}

fn session(n: usize) -> Session {
    Session {
        session_id: format!("ada-{n:05}"),
        target: format!("i-{:04x}", n % 97),
        operator: Some("arn:aws:sts::123456789012:assumed-role/Admin/ada".to_owned()),
        reason: Some(format!("ticket-{n}")),
        started_at: Some(format!(
            "2026-{:02}-{:02}T12:00:00Z",
            1 + n / 1000 % 12,
            1 + n % 28
        )),
        ..Session::default()
    }
}

fn median<const N: usize>(mut measure: impl FnMut(usize) -> [Duration; N]) -> [f64; N] {
    let rounds: Vec<_> = (0..ROUNDS).map(&mut measure).collect();
    std::array::from_fn(|which| {
        let mut times: Vec<Duration> = rounds.iter().map(|round| round[which]).collect();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    })
}

fn environment(endpoint: &str, home: &Path, store: &str) -> Vec<(&'static str, String)> {
    let path = |path: &Path| path.display().to_string();
    vec![
        (CHILD, "1".to_owned()),
        ("HOME", path(home)),
        ("XDG_CACHE_HOME", path(&home.join("cache"))),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL_S3", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("SSM_REC_STORE", store.to_owned()),
        ("SSM_REC_SPOOL", path(&home.join("spool"))),
        ("TERM", "xterm-256color".to_owned()),
    ]
}

/// Until a windowful stands there, and until all of it is listed.
fn picker(environment: &[(&str, String)], sessions: usize) -> [Duration; 2] {
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let program = std::env::current_exe().unwrap();
    let begun = Instant::now();
    let mut terminal = loopback::pty::spawn(&program, &["play"], &environment);
    let windowful = loop {
        let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
        if shown.matches("ticket-").count() >= ROWS {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{shown}");
        std::thread::sleep(Duration::from_millis(1));
    };
    let told = format!(" {sessions}");
    terminal.wait_until("all of it", |rows| rows[0].ends_with(&told));
    let all = begun.elapsed();
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 0);
    [windowful, all]
}

fn list(environment: &[(&str, String)]) -> [Duration; 1] {
    let begun = Instant::now();
    let status = Command::new(std::env::current_exe().unwrap())
        .arg("list")
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    [begun.elapsed()]
}

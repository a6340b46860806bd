//! The picker of targets over five thousand managed nodes, measured on this machine: how soon a windowful stands there the first
//! time and again, how soon all of it does, and how long a shell waits for a completion.
//!
//! Nothing leaves the loopback interface. What it is held against is `ssm-rec --version`: a program that starts and ends.
//!
//! ```text
//! cargo run --release --example bench_targets -- [NODES]
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark measures, and stops where something is wrong"
)]

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use loopback::{Node, Options, Service};

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_SANDBOX_CHILD";
const ROUNDS: usize = 7;
/// So many rows of nodes are a windowful of 80 x 24.
const ROWS: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if std::env::var_os(CHILD).is_some() {
        let program = std::iter::once("ssm-rec".into());
        return ssm_rec::run(program.chain(arguments.into_iter().skip(1)));
    }
    let nodes = std::env::args()
        .nth(1)
        .map_or(5000, |text| text.parse().unwrap());
    let service = Service::start(Options::default()).unwrap();
    let node = |n: usize| {
        Node::named(
            &format!("i-{n:017x}"),
            &format!("web-{n}"),
            &format!("10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255),
        )
    };
    service.manage((0..nodes).map(node).collect());
    let folder = tempfile::tempdir().unwrap();
    let home = |round: usize| {
        let home = folder.path().join(round.to_string());
        std::fs::create_dir_all(&home).unwrap();
        environment(&service.endpoint(), &home.display().to_string())
    };
    let first = median(|round| picker(&home(round), nodes));
    let again = median(|_| picker(&home(0), nodes));
    let completed = median(|_| [complete(&home(0), nodes)]);
    let version = median(|_| [run(&home(0), &["--version"]).0]);
    println!("{nodes} nodes, in ms; ssm-rec --version {:.1}:", version[0]);
    for (name, [windowful, all]) in [("first", first), ("again", again)] {
        println!(
            "  {name:10} windowful {windowful:6.1} ({:.1}x)  all {all:7.1}",
            windowful / version[0]
        );
    }
    println!(
        "  completion {:16.1} ({:.1}x)",
        completed[0],
        completed[0] / version[0]
    );
    ExitCode::SUCCESS
}

fn median<const N: usize>(mut measure: impl FnMut(usize) -> [Duration; N]) -> [f64; N] {
    let rounds: Vec<_> = (0..ROUNDS).map(&mut measure).collect();
    std::array::from_fn(|which| {
        let mut times: Vec<Duration> = rounds.iter().map(|round| round[which]).collect();
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64() * 1e3
    })
}

fn environment(endpoint: &str, home: &str) -> Vec<(&'static str, String)> {
    [
        (CHILD, "1"),
        ("HOME", home),
        ("XDG_CACHE_HOME", home),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("TERM", "xterm-256color"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// Until a windowful stands there, and until all of it is listed.
fn picker(environment: &[(&str, String)], nodes: usize) -> [Duration; 2] {
    let environment: Vec<(&str, &str)> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let program = std::env::current_exe().unwrap();
    let begun = Instant::now();
    let mut terminal = loopback::pty::spawn(&program, &["start"], &environment);
    let windowful = loop {
        let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
        if shown.matches("i-0000").count() >= ROWS {
            break begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{shown}");
        std::thread::sleep(Duration::from_millis(1));
    };
    let told = format!(" {nodes}");
    terminal.wait_until("all of it", |rows| rows[0].ends_with(&told));
    let all = begun.elapsed();
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 0);
    [windowful, all]
}

fn complete(environment: &[(&str, String)], nodes: usize) -> Duration {
    let mut environment = environment.to_vec();
    environment.extend([
        ("SSM_REC_COMPLETE", "bash".to_owned()),
        ("_CLAP_COMPLETE_INDEX", "2".to_owned()),
    ]);
    let typed = format!("i-{:017x}", nodes - 1);
    let (took, out) = run(&environment, &["--", "ssm-rec", "start", &typed]);
    assert_eq!(out.trim(), typed);
    took
}

fn run(environment: &[(&str, String)], arguments: &[&str]) -> (Duration, String) {
    let begun = Instant::now();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    (
        begun.elapsed(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

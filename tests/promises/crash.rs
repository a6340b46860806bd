//! A client that is killed at any moment: what was shown a second before is on the disk, whole and proved.
//!
//! `SSM_REC_KILLS` says how often each kind of session is killed (200 for the record, fewer in a usual run);
//! `SSM_REC_SEED` repeats a run. The table goes to the test's output. Nothing here ends a client in an orderly way.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use formats::asciicast::{Data, Reader};
use formats::recording::{self, Ending, Proof, verify};
use loopback::{Noise, Options};

use super::rig::Rig;

/// The promise.
const LOSS: Duration = Duration::from_secs(1);
/// The latest moment of a kill, after the first line of output.
const LATEST_MS: u64 = 3000;

/// One kill and what was left.
#[derive(Debug)]
struct Outcome {
    /// How long after the first line.
    after: Duration,
    shown: u64,
    recorded: u64,
    /// How long before the kill the first line was shown that is not in the file.
    loss: Duration,
    /// Data frames that the chain proves.
    frames: u64,
}

fn seed() -> u64 {
    match std::env::var("SSM_REC_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => 1,
    }
}

fn kills(usual: usize) -> usize {
    match std::env::var("SSM_REC_KILLS") {
        Ok(kills) => kills.parse().unwrap(),
        Err(_) => usual,
    }
}

/// A script that counts up, a line at a time.
#[derive(Clone, Copy)]
enum Session {
    /// As fast as it can.
    Busy,
    /// Ten lines a second.
    Quiet,
}

impl Session {
    fn script(self) -> &'static str {
        match self {
            Self::Busy => {
                "stty -echo; n=0; while :; do n=$((n+1)); echo \"n=$n of a session that is never quiet\"; done\n"
            }
            Self::Quiet => {
                "stty -echo; n=0; while :; do n=$((n+1)); echo \"n=$n\"; sleep 0.1; done\n"
            }
        }
    }
}

fn number(line: &str) -> Option<u64> {
    let digits = line.trim_start().strip_prefix("n=")?;
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    digits[..end].parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a kill has a moment")]
fn kill_one(rig: &Rig, session: Session, after: Duration) -> Outcome {
    let mut child = rig
        .command(&["start", "i-0abc", "--reason", "crash"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(session.script().as_bytes()).unwrap();
    let shown: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let reader = std::thread::spawn({
        let (shown, out) = (Arc::clone(&shown), child.stdout.take().unwrap());
        move || {
            for line in BufReader::new(out).split(b'\n') {
                let Ok(mut line) = line else { break };
                line.push(b'\n');
                let mut shown = shown.lock().unwrap();
                // A last line that the kill cut has no whole number in it.
                if number(&String::from_utf8_lossy(&line)) == Some(shown.len() as u64 + 1)
                    && line.ends_with(b"\r\n")
                {
                    shown.push(Instant::now());
                }
            }
        }
    });
    let started = Instant::now();
    while shown.lock().unwrap().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "no output");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(after);
    let killed = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(stdin);
    reader.join().unwrap();
    let shown = shown.lock().unwrap().clone();

    let files = rig.spooled();
    let path = files
        .iter()
        .find(|path| path.to_string_lossy().ends_with(".cast.zst"))
        .unwrap();
    let bytes = fs::read(path).unwrap();
    // Every whole event reads, the numbers are all there from the first to the last.
    let mut events = Reader::open(recording::Reader::open(&bytes[..]).unwrap()).unwrap();
    let (mut recorded, mut text) = (0, String::new());
    while let Some(event) = events.next_event().unwrap() {
        if let Data::Output(output) = event.data {
            text.push_str(&output);
        }
        while let Some(end) = text.find('\n') {
            let line: String = text.drain(..=end).collect();
            if let Some(n) = number(&line) {
                assert_eq!(n, recorded + 1);
                recorded = n;
            }
        }
    }
    assert!(matches!(events.lines().ending(), Some(Ending::Cut { .. })));
    let report = verify(&bytes[..]).unwrap();
    assert!(
        matches!(
            report.proof,
            Proof::Cut { .. } | Proof::NoManifest | Proof::NoChain
        ),
        "{:?}",
        report.proof
    );
    let lost = shown.get(recorded as usize);
    Outcome {
        after,
        shown: shown.len() as u64,
        recorded,
        loss: lost.map_or(Duration::ZERO, |&shown| {
            killed.saturating_duration_since(shown)
        }),
        frames: report.frames,
    }
}

fn check(session: Session, name: &str, usual: usize) {
    let mut random = Noise::new(seed());
    let mut outcomes = Vec::new();
    for _ in 0..kills(usual) {
        let rig = Rig::new(Options::quick());
        let after = Duration::from_millis(random.draw() % LATEST_MS);
        let outcome = kill_one(&rig, session, after);
        assert!(outcome.loss <= LOSS, "{outcome:?}");
        outcomes.push(outcome);
    }
    let of = |value: fn(&Outcome) -> u64| {
        let values: Vec<_> = outcomes.iter().map(value).collect();
        let most = values.iter().max().copied().unwrap_or_default();
        (
            values.iter().sum::<u64>() / values.len().max(1) as u64,
            most,
        )
    };
    println!(
        "{name}: {} kills, 0 to {LATEST_MS} ms after the first line",
        outcomes.len()
    );
    for (what, (mean, most)) in [
        (
            "killed after, ms",
            of(|outcome| outcome.after.as_millis() as u64),
        ),
        ("lines shown", of(|outcome| outcome.shown)),
        ("lines recorded", of(|outcome| outcome.recorded)),
        ("frames proved", of(|outcome| outcome.frames)),
        ("lost, ms", of(|outcome| outcome.loss.as_millis() as u64)),
    ] {
        println!("  {what:<18} mean {mean:>9}   most {most:>9}");
    }
}

#[test]
fn a_busy_session_that_is_killed_loses_at_most_a_second() {
    check(Session::Busy, "busy", 5);
}

#[test]
fn a_quiet_session_that_is_killed_loses_at_most_a_second() {
    check(Session::Quiet, "quiet", 5);
}

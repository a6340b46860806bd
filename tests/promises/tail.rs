//! `ssm-rec tail` and `upload.live`: a session that still runs, followed by somebody else.
//!
//! Nothing here waits a fixed time for something to happen; it waits for what is shown.
#![expect(
    clippy::disallowed_methods,
    reason = "a bucket is looked at until something is there"
)]

use std::io::{BufRead, BufReader, Read};
use std::thread;
use std::time::{Duration, Instant};

use loopback::Options;
use loopback::bucket::{self, Bucket};
use loopback::faulty_proxy::{self, FaultyProxy};
use loopback::pty::Pty;

use super::rig::Rig;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

/// The id in the words at the start of a session.
fn id(terminal: &mut Pty) -> String {
    terminal.wait_for("is being recorded to");
    terminal.wait_for("$ ");
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    let words = shown.split("ssm-rec: session ").nth(1).unwrap();
    words.split(' ').next().unwrap().to_owned()
}

fn shows(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows.join("\n").contains(text));
}

/// A rig whose sessions go live into `endpoint`.
fn live(endpoint: String) -> Rig {
    Rig::with_bucket(endpoint)
        .env("SSM_REC_UPLOAD_LIVE", "true")
        .env("SSM_REC_UPLOAD_LIVE_INTERVAL", "1s")
}

/// All live segments in a row, in the order of their names.
fn segments(bucket: &Bucket) -> Vec<u8> {
    let objects = bucket.objects().into_iter();
    let live = objects.filter(|(key, _)| key.starts_with("fleet/live/"));
    live.flat_map(|(_, stored)| stored.bytes.to_vec()).collect()
}

fn recording(bucket: &Bucket) -> Vec<u8> {
    let objects = bucket.objects();
    let mut recordings = objects
        .iter()
        .filter(|(key, _)| key.starts_with("fleet/recordings/"));
    let (_, stored) = recordings.next().unwrap();
    assert!(recordings.next().is_none());
    stored.bytes.to_vec()
}

#[test]
fn who_joins_late_sees_the_screen_and_what_follows_until_the_session_ends() {
    let rig = Rig::new(Options::quick());
    let mut session = rig.terminal(&START);
    let id = id(&mut session);
    session.type_keys("echo gone''-by; clear; echo on''-screen\r");
    session.wait_for("on-screen\r\n");
    let spooled = format!("{}/{id}.cast.zst", rig.spool().display());
    let until = Instant::now() + Duration::from_secs(60);
    while !rig
        .run(&["play", "--no-wait", &spooled])
        .out()
        .contains("on-screen\r\n")
    {
        assert!(Instant::now() < until, "what is shown is soon in the file");
    }
    let mut tail = rig.terminal(&["tail", &id[..id.len() - 1]]);
    tail.wait_for("following session");
    shows(&mut tail, "on-screen");
    session.type_keys("echo new''er\r");
    shows(&mut tail, "newer");
    shows(&mut tail, "LIVE");
    let shown = String::from_utf8_lossy(&tail.shown()).into_owned();
    assert!(!shown.contains("gone-by"), "{shown:?}");
    // Live and past are one: back to before it was cleared, and on again.
    tail.type_keys("g");
    tail.wait_until("the past is there", |rows| {
        !rows.join("\n").contains("newer")
    });
    tail.type_keys(" G");
    tail.wait_until("it catches up", |rows| rows.join("\n").contains("newer"));
    tail.type_keys("?on-sc\\w+n\r");
    shows(&mut tail, "/on-sc\\w+n 1 of");
    tail.type_keys("G");
    shows(&mut tail, "LIVE");
    let mut from_start = rig.terminal(&["tail", "--from-start", &id]);
    shows(&mut from_start, "newer");
    let mut piped = rig.command(&["tail", &id]).spawn().unwrap();
    let mut out = String::new();
    let mut lines = BufReader::new(piped.stdout.take().unwrap());
    while !out.contains("newer\r\n") {
        assert!(lines.read_line(&mut out).unwrap() > 0, "it ended: {out:?}");
    }
    assert!(out.contains("gone-by"), "{out}");
    session.type_keys("exit\r");
    assert_eq!(session.wait(), 0);
    tail.wait_for("is over");
    assert_eq!(tail.wait(), 0);
    assert!(tail.is_cooked());
    assert_eq!(from_start.wait(), 0);
    lines.read_to_string(&mut out).unwrap();
    assert!(out.contains("exit"), "{out}");
    assert!(piped.wait().unwrap().success());

    let over = rig.run(&["tail", &id]);
    assert_eq!(over.status(), 5, "{}", over.err());
    assert!(over.err().contains("ssm-rec play"), "{}", over.err());
}

#[test]
fn ctrl_c_leaves_and_the_session_goes_on() {
    let rig = Rig::new(Options::quick());
    let mut session = rig.terminal(&START);
    let id = id(&mut session);
    session.type_keys("printf '\\033[?1049h\\033[?25lfull''-screen'\r");
    session.wait_for("full-screen");
    let mut tail = rig.terminal(&["tail", &id]);
    tail.wait_for("full-screen");
    tail.type_keys("\x03");
    assert_eq!(tail.wait(), 0);
    let shown = String::from_utf8_lossy(&tail.shown()).into_owned();
    let left = shown.rsplit("\x1b[?1049h").next().unwrap();
    assert!(
        left.contains("\x1b[?1049l") && left.contains("\x1b[?25h"),
        "the terminal is as it was: {left:?}"
    );
    session.type_keys("\rexit\r");
    assert_eq!(session.wait(), 0);
}

#[test]
fn live_segments_are_followed_elsewhere_and_in_a_row_they_are_the_recording() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = live(bucket.endpoint());
    let elsewhere = Rig::with_bucket(bucket.endpoint());
    let mut session = rig.terminal(&START);
    let id = id(&mut session);
    session.type_keys("echo ear''ly\r");
    session.wait_for("early");
    let until = Instant::now() + Duration::from_secs(60);
    while segments(&bucket).is_empty() {
        assert!(Instant::now() < until, "a segment while the session runs");
        thread::sleep(Duration::from_millis(50));
    }
    let mut tail = elsewhere.terminal(&["tail", &id]);
    tail.wait_for("early");
    session.type_keys("echo la''ter\r");
    tail.wait_for("later");
    session.type_keys("exit\r");
    assert_eq!(session.wait(), 0);
    tail.wait_for("is over");
    assert_eq!(tail.wait(), 0);
    assert!(tail.is_cooked());
    let recording = recording(&bucket);
    assert!(segments(&bucket) == recording, "byte for byte");
    let retained = |headers: &std::collections::BTreeMap<String, String>| {
        headers.keys().any(|name| name.contains("object-lock"))
    };
    assert!(
        bucket
            .objects()
            .values()
            .all(|stored| !retained(&stored.headers))
    );
}

#[test]
fn a_bucket_that_breaks_holds_back_nothing_and_the_segments_catch_up() {
    let bucket = Bucket::start(bucket::Options {
        write_only: true,
        ..bucket::Options::default()
    })
    .unwrap();
    let proxy = FaultyProxy::start(
        &bucket.endpoint(),
        faulty_proxy::Options {
            seed: 3,
            share: 0.3,
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let rig = live(proxy.endpoint());
    proxy.set_down(true);
    let mut session = rig.terminal(&START);
    id(&mut session);
    session.type_keys("seq 1 20000 | tail -n 1; echo do''ne\r");
    session.wait_for("done");
    proxy.set_down(false);
    let until = Instant::now() + Duration::from_secs(90);
    while segments(&bucket).is_empty() {
        assert!(
            Instant::now() < until,
            "segments come when the bucket is back"
        );
        thread::sleep(Duration::from_millis(100));
    }
    session.type_keys("exit\r");
    assert_eq!(session.wait(), 0);
    for _ in 0..5 {
        if rig.run(&["upload"]).status() == 0 {
            break;
        }
    }
    let segments = segments(&bucket);
    assert!(
        recording(&bucket).starts_with(&segments),
        "a prefix, byte for byte"
    );
    assert!(
        bucket
            .objects()
            .values()
            .all(|stored| stored.creations == 1)
    );
}

#[test]
fn a_refused_segment_is_told_at_the_end_and_costs_the_session_nothing() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    bucket.set_denied(true);
    let quiet = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&bucket.endpoint(), quiet).unwrap();
    let rig = live(proxy.endpoint());
    let mut session = rig.terminal(&START);
    id(&mut session);
    let until = Instant::now() + Duration::from_secs(60);
    while proxy.requests().is_empty() {
        assert!(Instant::now() < until, "a segment is tried");
        thread::sleep(Duration::from_millis(50));
    }
    session.type_keys("echo wo''rks\r");
    session.wait_for("works");
    session.type_keys("exit\r");
    session.wait_for("there are no live segments");
    // The recording is refused too; it waits.
    assert_eq!(session.wait(), 124);
    assert!(bucket.objects().is_empty());
}

#[test]
fn a_recorder_that_dies_leaves_a_tail_that_says_so() {
    let rig = Rig::new(Options::quick());
    let mut session = rig.terminal(&START);
    let id = id(&mut session);
    let mut tail = rig.terminal(&["tail", &id]);
    shows(&mut tail, "$");
    session.kill();
    session.wait();
    tail.wait_for("ends early");
    assert_eq!(tail.wait(), 3);
}

#[test]
fn a_name_that_nobody_has_is_told_after_a_while() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&["tail", "nobody"]);
    assert_eq!(run.status(), 5, "{}", run.err());
}

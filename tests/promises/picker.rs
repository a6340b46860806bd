//! `ssm-rec play` alone: a picker over the store and the spool, in a terminal.
//!
//! Nothing here knows how it is drawn, but that what is recorded cannot drive the terminal.

use std::fs;

use loopback::Options;
use loopback::bucket::{self, Bucket};
use loopback::pty::Pty;

use super::rig::Rig;

const SESSIONS: [(&str, &str); 3] = [
    ("i-0abc", "ticket-1"),
    ("i-0def", "Ticket\u{202e}-2"),
    ("i-0fed", "three"),
];

fn record(rig: &Rig) {
    for (target, reason) in SESSIONS {
        let run = rig.run_with(
            &["start", target, "--reason", reason],
            format!("echo on''{target}\n").as_bytes(),
        );
        assert_eq!(run.status(), 0, "{}", run.err());
    }
}

/// As somebody else might write it: the newest session's manifest tells more than it should.
fn make_hostile(rig: &Rig) {
    let files = rig.files(&rig.store());
    for path in files {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if path.extension().is_some_and(|ending| ending == "json") && text.contains("i-0fed") {
            let hostile = r"three\u001b[2J\u001b]0;title\u0007\u009b1m\n\u202e";
            let text = text.replace("\"three\"", &format!("\"{hostile}\""));
            assert!(text.contains(hostile));
            fs::remove_file(&path).unwrap();
            fs::write(&path, text).unwrap();
        }
    }
}

fn shows(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows.join("\n").contains(text));
}

fn listed(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows[0].ends_with(text));
}

/// The rows of the list, above the last screen.
fn list(rows: &[String]) -> Vec<&String> {
    rows[1..]
        .iter()
        .take_while(|row| !row.starts_with('─'))
        .filter(|row| !row.is_empty())
        .collect()
}

#[test]
fn sessions_are_narrowed_picked_played_and_come_back_to() {
    let rig = Rig::new(Options::quick());
    record(&rig);
    make_hostile(&rig);
    let mut terminal = rig.terminal(&["play"]);
    listed(&mut terminal, " 3");
    terminal.wait_until("newest first, with the last screen of it", |rows| {
        let list = list(rows);
        list.len() == 3
            && list[0].contains("i-0fed")
            && list[1].contains("i-0def")
            && list[2].contains("ticket-1")
            && rows.join("\n").contains("oni-0fed")
    });
    terminal.type_keys("ticket");
    listed(&mut terminal, "2 of 3");
    terminal.type_keys(" target:0abc q");
    listed(&mut terminal, "0 of 3");
    terminal.type_keys("\x7f\x7f");
    listed(&mut terminal, "1 of 3");
    shows(&mut terminal, "oni-0abc");
    terminal.type_keys("\r");
    shows(&mut terminal, "sound, unsigned");
    shows(&mut terminal, "oni-0abc");
    terminal.type_keys("q");
    listed(&mut terminal, "1 of 3");
    // All of them again, on the same one.
    terminal.type_keys("\x15");
    listed(&mut terminal, " 3");
    terminal.type_keys("\r");
    shows(&mut terminal, "sound, unsigned");
    shows(&mut terminal, "i-0abc");
    terminal.type_keys("q");
    listed(&mut terminal, " 3");
    terminal.type_keys("\x1b");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
    let shown = String::from_utf8(terminal.shown()).unwrap();
    for hostile in ["\x1b]0;", "\u{202e}"] {
        assert!(!shown.contains(hostile), "{hostile:?}");
    }
}

#[test]
fn several_are_played_one_after_the_other() {
    let rig = Rig::new(Options::quick());
    record(&rig);
    let mut terminal = rig.terminal(&["play"]);
    listed(&mut terminal, " 3");
    terminal.type_keys("\t\t");
    listed(&mut terminal, "2 marked, 3");
    terminal.type_keys("\r");
    shows(&mut terminal, "2 of 2");
    terminal.type_keys("\x1b[Z");
    shows(&mut terminal, "1 of 2");
    terminal.type_keys("q");
    listed(&mut terminal, " 3");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_session_that_runs_is_there_and_is_followed() {
    let rig = Rig::new(Options::quick());
    let mut session = rig.terminal(&["start", "i-0abc", "--reason", "ticket-1"]);
    session.wait_for("$ ");
    let mut terminal = rig.terminal(&["play"]);
    shows(&mut terminal, "running");
    terminal.type_keys("\r");
    shows(&mut terminal, "LIVE");
    session.type_keys("echo still''running\r");
    shows(&mut terminal, "stillrunning");
    terminal.type_keys("q");
    listed(&mut terminal, " 1");
    terminal.type_keys("\x04");
    assert_eq!(terminal.wait(), 0);
    session.type_keys("exit\r");
    assert_eq!(session.wait(), 0);
}

#[test]
fn a_damaged_recording_is_told_of_and_hides_no_other() {
    let rig = Rig::new(Options::quick());
    record(&rig);
    let newest = rig.run(&["list", "--json", "--limit", "1"]).out();
    let newest: serde_json::Value = serde_json::from_str(&newest).unwrap();
    let id = newest["session_id"].as_str().unwrap();
    let files = rig.files(&rig.store());
    let damaged = files
        .iter()
        .find(|path| path.ends_with(format!("{id}.cast.zst")));
    let damaged = damaged.unwrap();
    fs::remove_file(damaged).unwrap();
    fs::write(damaged, b"no recording").unwrap();
    let mut terminal = rig.terminal(&["play"]);
    listed(&mut terminal, " 3");
    terminal.type_keys("\r");
    terminal.wait_until("it is told, and nothing is lost", |rows| {
        list(rows).len() == 3 && rows[23].contains("cannot play")
    });
    terminal.type_keys("\x1b[B\r");
    shows(&mut terminal, "sound, unsigned");
    terminal.type_keys("q");
    listed(&mut terminal, " 3");
    terminal.type_keys("\x1b");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn without_a_terminal_or_recordings_there_is_nothing_to_pick() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&["play"]);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(run.err().contains("ssm-rec list"), "{}", run.err());
    let mut terminal = rig.terminal(&["play"]);
    terminal.wait_for("no recordings in");
    assert_eq!(terminal.wait(), 5);
    assert!(terminal.is_cooked());
}

#[test]
fn a_store_that_refuses_is_told_of_and_what_was_seen_before_is_shown() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint());
    bucket.set_write_only(true);
    let refused = rig.run(&["list"]).status();
    assert_ne!(refused, 0);
    let mut terminal = rig.terminal(&["play"]);
    assert_eq!(terminal.wait(), u32::try_from(refused).unwrap());
    assert!(terminal.is_cooked());
    bucket.set_write_only(false);
    record(&rig);
    let mut terminal = rig.terminal(&["play"]);
    listed(&mut terminal, " 3");
    terminal.type_keys("\x1b");
    assert_eq!(terminal.wait(), 0);
    let ids = rig.run(&["list", "--json"]).out();
    bucket.set_write_only(true);
    let mut terminal = rig.terminal(&["play"]);
    terminal.wait_until("it is said", |rows| {
        list(rows).len() == 3 && rows[0].contains("1 problem")
    });
    terminal.type_keys("\x1b");
    assert_eq!(terminal.wait(), u32::try_from(refused).unwrap());
    bucket.set_write_only(false);
    assert_eq!(rig.run(&["list", "--json"]).out(), ids);
}

#[test]
fn a_sealed_recording_shows_its_last_screen_to_who_can_open_it() {
    let rig = Rig::new(Options::quick());
    let key = |name: &str| format!("{}/tests/keys/{name}", env!("CARGO_MANIFEST_DIR"));
    let run = rig.run(&[
        "start",
        "i-0abc",
        "--reason",
        "r",
        "--encrypt-to",
        &key("ed25519.pub"),
        "--",
        "echo",
        "kept close",
    ]);
    assert_eq!(run.status(), 0, "{}", run.err());
    for (identity, seen) in [
        (None, "encrypted"),
        (Some("ed25519"), "kept close"),
        (Some("ed25519_protected"), "encrypted"),
    ] {
        let identity = identity.map(key);
        let mut arguments = vec!["play"];
        arguments.extend(identity.iter().flat_map(|file| ["--identity", file]));
        let mut terminal = rig.terminal(&arguments);
        shows(&mut terminal, seen);
        terminal.type_keys("\x03");
        assert_eq!(terminal.wait(), 0, "{identity:?}");
    }
}

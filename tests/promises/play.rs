//! `ssm-rec play`: recordings of every kind, in a terminal and down a pipe.
//!
//! Nothing here measures how fast; only that what has to wait does wait.

use std::fs;
use std::time::{Duration, Instant};

use loopback::Options;

use super::rig::Rig;

const HEADER: &str = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n";

fn rig() -> Rig {
    Rig::new(Options::quick())
}

/// A line of output every second, and a marker half a second after each tenth.
fn lines(count: u32) -> String {
    let mut text = String::from(HEADER);
    for n in 1..=count {
        let wait = if n % 10 == 1 && n > 1 { 0.5 } else { 1.0 };
        text.push_str(&format!("[{wait}, \"o\", \"line {n}.\\r\\n\"]\n"));
        if n % 10 == 0 {
            text.push_str("[0.5, \"m\", \"\"]\n");
        }
    }
    text
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the one promise here that is about time"
)]
fn output_goes_down_a_pipe_in_its_own_time_unless_told_otherwise() {
    let rig = rig();
    let cast = rig.file(
        "a.cast",
        format!("{HEADER}[0.2, \"o\", \"a\\u001b[1m\"]\n[0.3, \"o\", \"é\"]\n"),
    );
    for (arguments, waits) in [
        (&["play", "-q", &cast][..], true),
        (&["play", "-q", "--no-wait", &cast], false),
        (&["play", "-q", "--speed", "0", &cast], false),
    ] {
        let begun = Instant::now();
        let run = rig.run(arguments);
        assert_eq!((run.status(), run.err().as_str()), (0, ""));
        assert_eq!(run.out(), "a\x1b[1mé");
        if waits {
            assert!(begun.elapsed() >= Duration::from_millis(500));
        }
    }
}

#[test]
fn every_version_plays_from_a_file_and_from_a_pipe() {
    let rig = rig();
    for (name, text) in [
        (
            "1.cast",
            "{\"version\":1,\"width\":80,\"height\":24,\"duration\":1,\"stdout\":[[0.1,\"hel\"],[0.1,\"lo\"]]}",
        ),
        (
            "2.cast",
            "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"hel\"]\n[0.2,\"o\",\"lo\"]\n",
        ),
        (
            "3.cast",
            "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.1,\"o\",\"hel\"]\n# a comment\n[0.1,\"o\",\"lo\"]\n",
        ),
    ] {
        let path = rig.file(name, text);
        let zst = rig.file(
            &format!("{name}.zst"),
            zstd::encode_all(text.as_bytes(), 3).unwrap(),
        );
        for path in [path, zst] {
            let run = rig.run(&["play", "--no-wait", &path]);
            assert_eq!(
                (run.status(), run.out().as_str()),
                (0, "hello"),
                "{}",
                run.err()
            );
            let run = rig.run_with(&["play", "--no-wait", "-"], &fs::read(&path).unwrap());
            assert_eq!(
                (run.status(), run.out().as_str()),
                (0, "hello"),
                "{}",
                run.err()
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_gives_nothing_leaves_the_keys_alive() {
    let rig = rig();
    let fifo = rig.folder().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    let mut terminal = rig.terminal(&["play", &fifo.display().to_string()]);
    // Open for both, so that a program that ends early fails this test instead of leaving it waiting for a reader.
    let mut pipe = fs::File::options()
        .read(true)
        .write(true)
        .open(&fifo)
        .unwrap();
    std::io::Write::write_all(&mut pipe, lines(1).as_bytes()).unwrap();
    terminal.wait_for("line 1.");
    terminal.type_keys("/line\r");
    terminal.wait_for("it cannot be searched");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
}

#[test]
fn what_cannot_be_played_gets_one_clear_line_and_its_status() {
    let rig = rig();
    let long = format!(
        "{HEADER}[0.1, \"o\", \"shown\"]\n[0.1, \"o\", \"{}\"]\n",
        "x".repeat(17 << 20)
    );
    for (name, content, status, out, message) in [
        ("empty.cast", "", 4, "", "the recording is empty"),
        ("text.cast", "hello\n", 4, "", "not a recording"),
        ("json.cast", "{\"a\":1}\n", 4, "", "not a recording"),
        ("later.cast", "{\"version\":9}\n", 4, "", "version 9"),
        (
            "wide.cast",
            "{\"version\":3,\"term\":{\"cols\":1000000000,\"rows\":24}}\n",
            4,
            "",
            "1000000000 x 24 is beyond the limit",
        ),
        ("long.cast", &long, 4, "shown", "line 3 is longer than"),
        (
            "bad.cast",
            &format!("{HEADER}[0.1, \"o\", \"shown\"]\n[]\n"),
            4,
            "shown",
            "line 3",
        ),
        (
            "cut.cast",
            &format!("{HEADER}[0.1, \"o\", \"shown\"]\n[0.1, \"o\", \"los"),
            3,
            "shown",
            "is cut short",
        ),
    ] {
        let path = rig.file(name, content);
        let run = rig.run(&["play", "--no-wait", &path]);
        assert_eq!(run.status(), status, "{name}: {}", run.err());
        assert_eq!(run.out(), out, "{name}");
        let said: Vec<String> = run.err().lines().map(str::to_owned).collect();
        assert!(
            said[0].starts_with("ssm-rec: ") && said[0].contains(message),
            "{name}: {said:?}"
        );
        assert!(
            said[1..].iter().all(|line| line.starts_with("hint: ")),
            "{name}: {said:?}"
        );
    }
    for (name, status, message) in [
        ("nothing.cast", 5, "cannot open"),
        ("nobody-0a1b", 5, "there is no recording of a session"),
    ] {
        let run = rig.run(&["play", name]);
        assert_eq!(run.status(), status);
        assert!(run.err().contains(message), "{}", run.err());
    }
}

#[test]
fn a_recording_cut_short_is_played_as_far_as_it_goes() {
    let rig = rig();
    let run = rig.run_with(&["start", "i-0abc"], b"seq 1 5000; echo do''ne\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let mut bytes = fs::read(rig.recording()).unwrap();
    let whole = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    assert!(whole.out().contains("done"));
    bytes.truncate(bytes.len() / 2);
    let path = rig.file("cut.cast.zst", bytes);
    let run = rig.run(&["play", "--no-wait", &path]);
    assert_eq!(run.status(), 3, "{}", run.err());
    assert!(whole.out().starts_with(&run.out()));
    let shown = rig.run(&["show", &path]);
    assert_eq!(shown.status(), 3);
    assert!(shown.out().contains("cut short after"), "{}", shown.out());
}

/// What keeps a screen busy for longer than anybody waits: within the budget, and much of it.
fn busy() -> String {
    let mut text = String::from(
        "{\"version\":3,\"term\":{\"cols\":300,\"rows\":100}}\n[0.0,\"o\",\"begun\"]\n",
    );
    let rows = "x".repeat(290) + "\\r\\n";
    for _ in 0..100 {
        text.push_str(&format!("[0.0,\"o\",\"{}\"]\n", rows.repeat(3000)));
    }
    text.push_str("[1.0,\"o\",\"far\"]\n");
    text
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "that nobody waits is what is promised"
)]
fn whoever_leaves_is_not_kept_by_what_the_screen_is_busy_with() {
    let rig = rig();
    let cast = rig.file("busy.cast", busy());
    for way_out in ["q", "\x03", "\x04"] {
        // Nothing is drawn before the place is reached, which takes far longer than this test.
        let mut terminal = rig.terminal(&["play", "--from", "1", &cast]);
        terminal.wait_for("\x1b[?1049h");
        std::thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        terminal.type_keys(way_out);
        terminal.wait_for("ssm-rec: left");
        assert_eq!(terminal.wait(), 0);
        assert!(begun.elapsed() < Duration::from_secs(2), "{way_out:?}");
        assert!(terminal.is_cooked());
    }
}

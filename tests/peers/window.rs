//! The player in a window beside another emulator, pyte: both show the same, and it finds the terminal as it was.
//!
//! Nothing here looks into the player, and no key is left out.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use loopback::Options;
use loopback::pty::Pty;
use serde_json::{Value, json};

use super::program;
use super::rig::Rig;

/// Until what a key asks for is drawn, and nothing more comes.
const REST: Duration = Duration::from_millis(150);

/// What the remote shows: text of every width, colors, scrolling, full screens, and what switches a terminal's keys, mouse and
/// modes.
const OUTPUTS: &[&str] = &[
    "$ ls\r\n\x1b[1;34mfolder\x1b[m file\r\n",
    "漢字 ü é │ box ┌─┐\r\n",
    "\x1b[38;5;200mpink \x1b[48;2;1;2;3mdeep\x1b[m\r\n",
    "\x1b[>1u\x1b[>4;2m\x1b[?9001hkeys of three kinds\r\n",
    "\x1b[?1000h\x1b[?1006h\x1b[?2004h\x1b[?1004hmouse\r\n",
    "\x1b]0;title\x07\x1b]52;c;eA==\x07clipboard\r\n",
    "1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n11\r\n12\r\n13\r\n14\r\n15\r\n16\r\n17\r\n18\r\n",
    "\x1b[?1049h\x1b[2J\x1b[Hfull screen\x1b[3;20r\x1b[20;1Hbottom\n\n\n",
    "\x1b[?25l\x1b[?7l\x1b[4h\x1b(0lqqk\x1b(B",
    "\x1b[?1049l\x1b[4l\x1b[?7h\x1b[?25hback\r\n",
    "\x1b[5i\x1b[8;5;5t\x1b[6n\x1b[?5h\x1b[?3hend\r\n",
];

/// Every key, one after the other; a window size instead of one begins with `=`.
const KEYS: &[&str] = &[
    " ",
    ".",
    ".",
    ",",
    "\x1b[C",
    "\x1b[D",
    "\x1b[A",
    "\x1b[B",
    "\x1b[1;2C",
    "\x1b[1;2D",
    "[",
    "]",
    "{",
    "}",
    "0",
    "3",
    "5",
    "7",
    "9",
    "g",
    "G",
    ":12\r",
    ":+3s\r",
    ":50%\r",
    ":no time\r",
    "\x1b",
    "+",
    "-",
    "=",
    "i",
    ">",
    "=30x10",
    "7",
    "8",
    "H",
    "L",
    "J",
    "K",
    "z",
    "z",
    "\x1b",
    "=200x60",
    "6",
    "G",
    "=40x12",
    "G",
    "=80x24",
    "8",
    "/full\r",
    "n",
    "N",
    "?bo\r",
    "n",
    "\x1b",
    "c",
    "j",
    "\r",
    "f",
    "k",
    "q",
    "T",
    "/1\r",
    "n",
    "q",
    "t",
    "t",
    "t",
    "h",
    "j",
    "q",
    "ma note\r",
    "y",
    "\x0c",
    "x",
];

fn cast() -> String {
    let mut text = String::from(
        "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"timestamp\":1764500000}\n",
    );
    for (number, output) in OUTPUTS.iter().enumerate() {
        text.push_str(&format!("[2.0, \"o\", {}]\n", json!(output)));
        if number % 3 == 1 {
            text.push_str(&format!("[0.5, \"m\", {}]\n", json!(output)));
        }
        if number == 4 {
            text.push_str("[0.1, \"r\", \"100x30\"]\n");
        }
    }
    text
}

/// Waits until nothing more is drawn.
fn settle(terminal: &Pty) {
    let mut length = 0;
    loop {
        std::thread::sleep(REST);
        let now = terminal.shown().len();
        if now == length {
            return;
        }
        length = now;
    }
}

/// A walk with these keys, left by the last; tells what pyte finds wrong.
fn wrong(rig: &Rig, cast: &str, arguments: &[&str], keys: &[&str], leave: &str) -> Value {
    let arguments: Vec<&str> = [&["play"], arguments, &[cast]].concat();
    let mut terminal = rig.terminal(&arguments);
    terminal.wait_for("\x1b[?25");
    let mut script = Vec::new();
    let mut taken = 0;
    let mut step = |terminal: &mut Pty, script: &mut Vec<Value>, is_last: bool| {
        let shown = String::from_utf8(terminal.shown()).unwrap();
        script.push(json!({ "bytes": shown[taken..] }));
        taken = shown.len();
        if !is_last {
            script.push(json!({ "rows": terminal.rows() }));
        }
    };
    settle(&terminal);
    step(&mut terminal, &mut script, false);
    for key in keys {
        match key.strip_prefix('=').and_then(|size| size.split_once('x')) {
            Some((cols, rows)) => {
                let (cols, rows) = (cols.parse().unwrap(), rows.parse().unwrap());
                terminal.resize(cols, rows);
                script.push(json!({ "size": [cols, rows] }));
            }
            None => terminal.type_keys(key),
        }
        settle(&terminal);
        step(&mut terminal, &mut script, false);
    }
    terminal.type_keys(leave);
    assert_eq!(terminal.wait(), 0);
    step(&mut terminal, &mut script, true);
    let path = Path::new(cast).with_extension("script");
    fs::write(&path, json!(script).to_string()).unwrap();
    let output = Command::new(program("python3"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/window.py"))
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs pyte; .ci/run brings it"]
fn pyte_shows_what_a_reviewer_sees_after_every_key_and_in_every_window() {
    let rig = Rig::new(Options::quick());
    let path = rig.folder().join("walk.cast");
    fs::write(&path, cast()).unwrap();
    let path = path.display().to_string();
    for arguments in [&[][..], &["--no-bar"], &["--fit"]] {
        let found = wrong(&rig, &path, arguments, KEYS, "\x03");
        assert_eq!(found, json!([]), "{arguments:?}");
    }
}

#[test]
#[ignore = "needs pyte; .ci/run brings it"]
fn pyte_finds_the_terminal_as_it_was_in_whatever_state_it_is_left() {
    let rig = Rig::new(Options::quick());
    let path = rig.folder().join("leave.cast");
    fs::write(&path, cast()).unwrap();
    let path = path.display().to_string();
    for keys in [
        &[" ", "8"][..],
        &["9", "/fu"],
        &["5", "h"],
        &[":1"],
        &["7", "T"],
        &["=30x10", "8"],
    ] {
        for leave in ["q", "\x03", "\x04"] {
            // What is typed is left first.
            let leave = match keys.last() {
                Some(&("/fu" | ":1")) => format!("\x1b{leave}"),
                Some(&("h" | "T")) if leave == "q" => "qq".to_owned(),
                _ => leave.to_owned(),
            };
            // An Escape that something follows at once is another key.
            let keys: Vec<&str> = match leave.strip_prefix('\x1b') {
                Some(_) => [keys, &["\x1b"]].concat(),
                None => keys.to_vec(),
            };
            let found = wrong(&rig, &path, &[], &keys, leave.trim_start_matches('\x1b'));
            assert_eq!(found, json!([]), "{keys:?} {leave:?}");
        }
    }
}

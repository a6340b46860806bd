//! Our recordings in asciinema: played, and converted to the same bytes and the same text as ours.
//!
//! Nothing here unpacks a recording with our own code; the zstd program does.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use loopback::{Options, pty};

use super::program;
use super::rig::Rig;

/// What the remote shows: text in two scripts, colors, cursor moves, a line that wraps.
const SCRIPT: &str = "printf 'caf\\303\\251 \\360\\237\\230\\200 \\033[1;31mred\\033[0m\\n'; seq 1 40; \
                      printf 'one\\rtwo\\033[3Cend\\n'; printf '%0400d\\n' 7; printf '\\033[2Alast words\\n\\n'";

/// A recording and its cast, taken apart by the zstd program.
fn record(rig: &Rig) -> (String, Vec<u8>) {
    let run = rig.run(&[
        "start", "i-0abc", "--reason", "peers", "--", "sh", "-c", SCRIPT,
    ]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let path = rig.recording().display().to_string();
    let output = Command::new(program("zstd"))
        .args(["-dc", &path])
        .output()
        .unwrap();
    assert!(output.status.success());
    (path, output.stdout)
}

fn convert(format: &str, cast: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.cast"), folder.path().join("out"));
    fs::write(&from, cast).unwrap();
    let output = Command::new(program("asciinema"))
        .args(["convert", "--output-format", format])
        .args([&from, &to])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    fs::read(&to).unwrap()
}

#[test]
#[ignore = "needs asciinema and zstd; .ci/run brings them"]
fn asciinema_converts_our_recordings_to_what_we_export() {
    let rig = Rig::new(Options::quick());
    let (path, cast) = record(&rig);
    let export = |format| {
        let run = rig.run(&["export", "--format", format, &path]);
        assert_eq!(run.status(), 0, "{}", run.err());
        run.0.stdout
    };
    let raw = export("raw");
    assert!(raw.ends_with(b"last words\n\n"));
    // asciinema begins with a sequence that sets the size of the window; the agent sent none.
    let converted = [b"\x1b[8;100;300t", &raw[..]].concat();
    assert!(convert("raw", &cast) == converted);
    // Without a terminal a line feed began a line, which a player of plain casts has to be told.
    let lines = String::from_utf8(converted).unwrap().replace('\n', "\r\n");
    for format in ["cast", "cast-v2"] {
        let told = convert("raw", &export(format));
        assert!(told == lines.as_bytes(), "{format}");
    }
    // Alike as long as nothing is cleared: what was, asciinema drops and we keep.
    assert_eq!(
        String::from_utf8(convert("txt", &export("cast"))).unwrap(),
        String::from_utf8(export("txt")).unwrap()
    );
}

#[test]
#[ignore = "needs asciinema and zstd; .ci/run brings them"]
fn asciinema_plays_our_recordings_whole_and_cut_short() {
    let rig = Rig::new(Options::quick());
    let (path, cast) = record(&rig);
    let play = |cast: &[u8], expected: &str| {
        let file = rig.folder().join("play.cast");
        fs::File::create(&file).unwrap().write_all(cast).unwrap();
        let file = file.display().to_string();
        let home = rig.folder().display().to_string();
        let environment = [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("HOME", &home),
        ];
        let arguments = ["play", "--speed", "100", "--idle-time-limit", "0.1", &file];
        let mut terminal = pty::spawn(&program("asciinema"), &arguments, &environment);
        terminal.wait_for(expected);
        assert_eq!(terminal.wait(), 0);
    };
    play(&cast, "last words");
    // The end of the file is lost, and with it the manifest and the tables: zstd gives what there is.
    let bytes = fs::read(&path).unwrap();
    let cut = rig.folder().join("cut.zst");
    fs::write(&cut, &bytes[..bytes.len() - 200]).unwrap();
    let output = Command::new(program("zstd"))
        .args(["-dc", &cut.display().to_string()])
        .output()
        .unwrap();
    assert_eq!(output.stdout, cast);
    play(&output.stdout, "last words");
}

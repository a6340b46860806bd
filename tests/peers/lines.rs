//! The lines of real sessions beside another emulator, pyte, that looks at the screen every 200 ms of the session: every word
//! that it saw twice running is in the lines, and none is there that never stood on the screen.
//!
//! Nothing here knows how lines are made, and no shell is passed over for not being there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use loopback::Options;
use serde_json::Value;

use super::program;
use super::rig::Rig;

/// Between two keys.
const KEY: Duration = Duration::from_millis(60);
/// Until the screen has come to rest.
const REST: Duration = Duration::from_millis(700);

enum Do {
    /// Typed and run.
    Run(&'static str),
    /// Typed key by key.
    Type(&'static str),
    /// One key.
    Key(&'static str),
    Resize(u16, u16),
}
use Do::{Key, Resize, Run, Type};

/// Bars, colours, wide characters, long lines, screens that are cleared and scrolled, and keys that edit.
const SHELL: &[Do] = &[
    Run("PS1='\\[\\e[32m\\]me@host\\[\\e[0m\\]:\\w\\$ '"),
    Run("for n in 10 40 70 100; do printf \"\\r$n%% of it\"; sleep 0.35; done; echo"),
    Run(
        "for n in $(seq 60); do printf \"\\rstep$n of sixty\"; sleep 0.04; done; printf '\\r\\033[Kall done\\n'",
    ),
    Run("printf '\\033[1;31mred\\033[0m \\033[38;5;40mgreen\\033[m 漢字 ü é\\n'"),
    Run("printf '%0250d\\n' 7; seq 1000 1060"),
    Run("clear"),
    Run(
        "echo a rather long line of words that does not fit into a window of eighty columns at all",
    ),
    Type("echo wrnog\x7f\x7f\x7fong"),
    Key("\x12"),
    Type("rath"),
    Key("\r"),
    Key("\x0c"),
    Type("echo given up"),
    Key("\x03"),
    Run("printf 'one\\ntwo\\nthree\\033[2A\\rONE\\033[K\\033[2B\\n'"),
    Run("printf '\\033[3;9r\\033[9;1Hinner1\\ninner2\\ninner3\\033[r\\033[20;1H\\n'"),
    Run(
        "for n in $(seq 15); do printf '\\033[?25l\\033[5;5Hblink%s \\033[5;5H\\033[K' $n; sleep 0.1; done; printf '\\033[?25h\\n'",
    ),
    Run(
        "printf '\\033[?1049h\\033[2J\\033[Hthe other screen'; sleep 0.5; printf '\\033[3;3Hshort'; sleep 0.3; printf '\\033[?1049l'",
    ),
];

const PROGRAMS: &[Do] = &[
    Run("seq -f 'number %g of the file' 300 > lines.txt"),
    Run("less lines.txt"),
    Key(" "),
    Key("b"),
    Type("/of the"),
    Key("\r"),
    Key("q"),
    Run("top -d 0.4"),
    Key("q"),
    Run("ls -C /usr/bin | head -n 60"),
    Run("echo before another size"),
    // In mid-line pyte shows another thing than a terminal that breaks its lines anew.
    Resize(60, 20),
    Run("seq 100 130"),
    Resize(110, 30),
    Run("echo after another size"),
];

/// A right prompt, suggestions and completion.
const RIGHT: &[Do] = &[
    Run("echo first of the words"),
    Run("seq 5"),
    Type("echo fi"),
    Key("x"),
    Key("\r"),
    Type("echo first of"),
    Key("\r"),
    Run("false"),
    Type("ls /us"),
    Key("\t"),
    Key("\t"),
    Key("\x03"),
    Run("echo end"),
];

fn check(shell: &[&str], files: &[(&str, &str)], steps: &[Do]) {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(home.path().join(name), text).unwrap();
    }
    let path = program(shell[0]).display().to_string();
    let rest = shell[1..].iter().map(|&word| word.to_owned());
    let rig = Rig::new(Options {
        shell: [path].into_iter().chain(rest).collect(),
        directory: Some(home.path().to_owned()),
        ..Options::quick()
    });
    let mut pty = rig.terminal(&["start", "i-0abc", "--reason", "peers"]);
    std::thread::sleep(3 * REST);
    for step in steps {
        match step {
            Run(text) | Type(text) => {
                for c in text.chars() {
                    pty.type_keys(c.to_string());
                    std::thread::sleep(KEY);
                }
                if matches!(step, Run(_)) {
                    pty.type_keys("\r");
                }
            }
            Key(key) => pty.type_keys(key),
            Resize(cols, rows) => pty.resize(*cols, *rows),
        }
        std::thread::sleep(REST);
        // Some programs are never at rest.
        (0..4).find(|_| at_rest(&pty));
    }
    pty.type_keys("exit\r");
    pty.wait();
    compare(&rig, &home.path().join("cast"), shell[0]);
}

/// Waits, and tells whether nothing was shown meanwhile.
fn at_rest(pty: &loopback::pty::Pty) -> bool {
    let length = pty.shown().len();
    std::thread::sleep(REST);
    pty.shown().len() == length
}

fn compare(rig: &Rig, cast: &Path, name: &str) {
    let recording = rig.recording().display().to_string();
    let run = rig.run(&["derive", &recording, "--lines"]);
    assert_eq!(run.status(), 0, "{name}: {}", run.err());
    let lines = cast.with_extension("lines");
    fs::write(&lines, run.out()).unwrap();
    let unpacked = Command::new(program("zstd"))
        .args(["-dc", &recording])
        .output()
        .unwrap();
    assert!(unpacked.status.success(), "{name}");
    fs::write(cast, unpacked.stdout).unwrap();
    let output = Command::new(program("python3"))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/lines.py"))
        .args([cast, &lines])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{name}: {found}");
    assert!(found["seen"].as_u64().unwrap() > 30, "{name}: {found}");
    assert_eq!(found["lost"], serde_json::json!([]), "{name}");
    assert_eq!(found["made_up"], serde_json::json!([]), "{name}");
}

#[test]
#[ignore = "needs pyte and zstd; .ci/run brings them"]
fn lines_of_a_shell_are_what_pyte_shows() {
    check(&["bash", "--norc", "--noprofile", "-i"], &[], SHELL);
}

#[test]
#[ignore = "needs pyte, less, top and zstd; .ci/run brings them"]
fn lines_of_full_screen_programs_and_other_sizes_are_what_pyte_shows() {
    check(&["bash", "--norc", "--noprofile", "-i"], &[], PROGRAMS);
}

#[test]
#[ignore = "needs pyte, zsh and zstd; .ci/run brings them"]
fn lines_of_zsh_with_a_right_prompt_are_what_pyte_shows() {
    let setting = "PS1='%n@host %~ %# '; RPROMPT='%? %*'; unsetopt beep\n";
    check(&["zsh", "-i"], &[(".zshrc", setting)], RIGHT);
}

#[test]
#[ignore = "needs pyte, fish and zstd; .ci/run brings them"]
fn lines_of_fish_with_suggestions_are_what_pyte_shows() {
    let setting = "function fish_greeting; end; function fish_right_prompt; date +%T; end";
    check(&["fish", "--init-command", setting], &[], RIGHT);
}

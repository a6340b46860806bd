//! The terminal and the jobs on it: whose it is and when, signals at every moment, stdin that is somebody else's.
//!
//! Nothing here looks inside the program; an interactive shell controls the jobs as a person's does.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use loopback::pty::Pty;
use loopback::{Options, rig};
use rustix::process::{Pid, Signal, kill_process};

use super::called::Called;
use super::rig::Rig;

/// How often it is looked, 20 ms apart, whether something has come.
const LOOKS: usize = 1500;

/// A shell with job control on a terminal, ready for commands.
fn shell(rig: &Rig) -> Pty {
    let mut shell = rig.terminal_of(Path::new("/bin/bash"), &["--norc", "--noprofile", "-i"]);
    shell.type_keys("PS1='re''ady> '; bind 'set enable-bracketed-paste off'\r");
    shell.wait_for("ready> ");
    shell
}

fn leave(mut shell: Pty) {
    shell.type_keys("exit\r");
    shell.wait();
}

fn command(arguments: &str) -> String {
    format!(
        "{} start i-0abc --reason r {arguments}",
        rig::program().display()
    )
}

fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

fn is_told(rig: &Rig) -> bool {
    let calls = rig.service.calls();
    calls
        .iter()
        .any(|call| call.operation == "TerminateSession")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what}");
}

#[test]
fn a_forward_in_the_background_listens_and_is_not_stopped() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    shell.type_keys(format!("{} &\r", command("--forward 0:9")));
    shell.wait_for("are forwarded");
    shell.type_keys("jobs; echo do''ne\r");
    shell.wait_for("Running");
    shell.wait_for("done");
    shell.type_keys("kill %1; wait %1; echo status $?\r");
    shell.wait_for("status 143");
    leave(shell);
    assert!(is_told(&rig));
}

#[test]
fn a_command_in_a_script_under_timeout_is_neither_stopped_nor_kept() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    let script = rig.folder().join("script");
    let program = rig::program().display().to_string();
    let text = format!(
        "timeout 20 {program} start i-0abc --reason r -- echo from-the-tar''get; echo status $?\n\
         timeout 1 {program} start i-0abc --reason r -- sleep 60; echo then $?\n"
    );
    std::fs::write(&script, text).unwrap();
    shell.type_keys(format!("/bin/bash {}\r", script.display()));
    shell.wait_for("from-the-target");
    shell.wait_for("status 0");
    shell.wait_for("then 124");
    leave(shell);
}

#[test]
fn a_shell_in_the_background_leaves_the_terminal_alone_until_it_is_its_own() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    shell.type_keys(format!("{} &\r", command("--no-banner")));
    // The remote's prompt comes, and the keys are still the shell's here.
    shell.wait_for("$ ");
    shell.type_keys("echo lo''cal; jobs\r");
    shell.wait_for("local");
    shell.wait_for("Running");
    shell.type_keys("fg\r");
    shell.wait_for("start i-0abc");
    until("the terminal is raw", || !shell.is_cooked());
    shell.type_keys("echo rem''ote; exit\r");
    shell.wait_for("remote");
    shell.wait_for("ready> ");
    shell.type_keys("echo status $?\r");
    shell.wait_for("status 0");
    leave(shell);
}

#[test]
fn a_shell_that_was_put_aside_is_raw_again_when_it_comes_back() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    shell.type_keys(format!("{}\r", command("--no-banner")));
    shell.wait_for("$ ");
    until("the terminal is raw", || !shell.is_cooked());
    shell.type_keys("\r~\x1a");
    shell.wait_for("Stopped");
    shell.type_keys("bg; echo he''re\r");
    shell.wait_for("here");
    shell.type_keys("fg\r");
    shell.wait_for("start i-0abc");
    until("the terminal is raw again", || !shell.is_cooked());
    shell.type_keys("echo rem''ote; exit\r");
    shell.wait_for("remote");
    shell.wait_for("ready> ");
    leave(shell);
}

#[test]
fn a_player_and_a_picker_that_were_put_aside_are_drawn_again_when_they_come_back() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&["start", "i-0abc", "--reason", "r", "--", "echo", "recorded"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let recording = rig.recording().display().to_string();
    for (arguments, drawn) in [(recording.as_str(), "──"), ("", "Enter plays")] {
        let mut shell = shell(&rig);
        shell.type_keys(format!("{} play {arguments}\r", rig::program().display()));
        let is_drawn = |rows: &[String]| rows.join("\n").contains(drawn);
        shell.wait_until(drawn, is_drawn);
        shell.type_keys("\x1a");
        shell.wait_for("Stopped");
        shell.wait_until("the shell's screen", |rows| !is_drawn(rows));
        shell.type_keys("fg\r");
        shell.wait_until(drawn, is_drawn);
        shell.type_keys("\x03");
        shell.wait_until("ready> ", |rows| {
            rows.iter()
                .rev()
                .find(|row| !row.is_empty())
                .is_some_and(|row| row.starts_with("ready>"))
        });
        leave(shell);
    }
}

#[test]
fn a_background_job_ends_when_it_is_asked_to() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    shell.type_keys(format!("stty tostop; {} &\r", command("--no-banner")));
    shell.wait_for("$ ");
    shell.type_keys("kill %1; wait %1; echo status $?\r");
    shell.wait_for("status 143");
    leave(shell);
    assert!(is_told(&rig));
}

#[test]
fn a_loop_over_lines_keeps_its_lines() {
    let rig = Rig::new(Options::quick());
    let script = format!(
        "while read -r host; do {} -- echo on $host; done",
        command("--no-banner")
    );
    for wrapped in [
        format!("printf 'a\\nb\\nc\\n' > list; {{ {script}; }} < list"),
        format!("printf 'a\\nb\\nc\\n' | {{ {script}; }}"),
        format!(
            "printf 'a\\nb\\nc\\n' | while read -r host; do {} < /dev/null > /dev/null; echo on $host; done",
            command("--no-banner -n")
        ),
    ] {
        let output = rig
            .command_of(Path::new("/bin/sh"), &["-c", &wrapped])
            .current_dir(rig.folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "on a\non b\non c\n", "{wrapped}: {output:?}");
    }
}

#[test]
fn a_forward_leaves_stdin_to_others() {
    let rig = Rig::new(Options::quick());
    let script = format!(
        "{{ {} & forward=$!; sleep 1; kill $forward; wait $forward; cat; }}",
        command("--no-banner --forward 0:9 2> /dev/null")
    );
    let mut child = rig
        .command_of(Path::new("/bin/bash"), &["-c", &script])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"for the next\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"for the next\n");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let rig = Rig::new(Options::quick());
    for (trap, ignored, ends) in [
        ("trap '' HUP", Signal::HUP, Signal::TERM),
        ("trap '' INT", Signal::INT, Signal::TERM),
        ("trap '' QUIT", Signal::QUIT, Signal::HUP),
    ] {
        let script = format!("{trap}; exec {}", command("--forward 0:9"));
        let mut child = rig
            .command_of(Path::new("/bin/sh"), &["-c", &script])
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let mut said = String::new();
        let mut byte = [0];
        while !said.contains("are forwarded") {
            errors.read_exact(&mut byte).unwrap();
            said.push(byte[0].into());
        }
        signal(&child, ignored);
        std::thread::sleep(Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none(), "{trap}");
        signal(&child, ends);
        let number = 128 + ends.as_raw();
        assert_eq!(child.wait().unwrap().code(), Some(number), "{trap}");
    }
}

/// Every moment at which a session may be asked to end, by each signal that asks.
#[test]
fn whoever_asks_for_the_end_gets_it_at_every_moment() {
    for ends in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        // The agent has not said a word.
        let rig = Rig::new(Options {
            first_output_after: Duration::from_secs(3600),
            ..Options::quick()
        });
        let terminal = rig.terminal(&["start", "i-0abc", "--reason", "r"]);
        check(&rig, terminal, "is being recorded", ends);
        // A shell is open.
        let rig = Rig::new(Options::quick());
        let terminal = rig.terminal(&["start", "i-0abc", "--reason", "r", "--no-banner"]);
        check(&rig, terminal, "$ ", ends);
    }
}

fn check(rig: &Rig, mut terminal: Pty, shown: &str, ends: Signal) {
    terminal.wait_for(shown);
    let id = i32::try_from(terminal.process_id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), ends).unwrap();
    let number = 128 + u32::try_from(ends.as_raw()).unwrap();
    assert_eq!(terminal.wait(), number);
    assert!(terminal.is_cooked(), "{ends:?}");
    assert!(is_told(rig), "{ends:?}");
    assert_eq!(rig.spooled().len(), 0, "nothing waits");
}

#[test]
fn a_signal_while_a_passphrase_is_asked_for_leaves_the_terminal_as_it_was() {
    for ends in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let rig = Rig::new(Options::quick());
        let key = super::verify::key(&rig, "ed25519_protected");
        let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "r", "--sign-key", &key]);
        terminal.wait_for("Passphrase of ");
        until("the answer is hidden", || !terminal.is_cooked());
        let id = i32::try_from(terminal.process_id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), ends).unwrap();
        let number = 128 + u32::try_from(ends.as_raw()).unwrap();
        assert_eq!(terminal.wait(), number);
        assert!(terminal.is_cooked(), "{ends:?}");
        assert_eq!(rig.service.sessions().len(), 0);
    }
}

#[test]
fn what_is_typed_before_the_shell_opens_is_its_first_line() {
    let rig = Rig::new(Options {
        first_output_after: Duration::from_millis(1500),
        ..Options::quick()
    });
    let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "r"]);
    terminal.wait_for("is being recorded");
    terminal.type_keys("echo typed''-ahead; exit\r");
    terminal.wait_for("typed-ahead");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_forward_goes_into_the_background_once_it_listens() {
    let rig = Rig::new(Options::quick());
    let mut shell = shell(&rig);
    shell.type_keys(format!(
        "{}; echo status $?\r",
        command("-f --forward 0:9 --forward 0:10")
    ));
    shell.wait_for("in the background as process ");
    shell.wait_for("status 0");
    let shown = String::from_utf8_lossy(&shell.shown()).into_owned();
    let (_, rest) = shown.split_once("in the background as process ").unwrap();
    let (id, rest) = rest.split_once("; what it has to say goes to ").unwrap();
    let log = rest.split_whitespace().next().unwrap().to_owned();
    // It outlives its terminal.
    leave(shell);
    let id = Pid::from_raw(id.parse().unwrap()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    kill_process(id, Signal::TERM).unwrap();
    until("both are stored", || {
        rig.files(&rig.store().join("manifests")).len() == 2
    });
    until("the log tells of it", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("recorded"))
    });
}

#[test]
fn what_does_not_come_to_listen_in_the_background_is_told_and_has_its_status() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let rig = Rig::new(Options::quick());
    let forward = format!("{port}:9");
    let run = rig.run(&[
        "start",
        "i-0abc",
        "--reason",
        "r",
        "-f",
        "--forward",
        &forward,
    ]);
    assert_ne!(run.status(), 0);
    assert!(run.err().contains("in use"), "{}", run.err());
    assert_eq!(rig.service.sessions().len(), 0);
    let run = rig.run(&["start", "i-0abc", "-f"]);
    assert_eq!(run.status(), 2, "{}", run.err());
}

/// As the AWS CLI does it: it ignores the keys' signals for itself, and what it starts inherits that.
#[test]
fn the_plugin_heeds_keys_that_its_caller_ignores() {
    let called = Called::forward(Options::quick(), 0, 9);
    let script = "trap '' INT; exec \"$0\" \"$@\"";
    let mut command = called.rig.command_of(Path::new("/bin/sh"), &["-c", script]);
    command.arg(called.program()).args(called.arguments());
    let mut child = command.spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut said = String::new();
    let mut byte = [0];
    while !said.contains("Waiting for connections...") {
        out.read_exact(&mut byte).unwrap();
        said.push(byte[0].into());
    }
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

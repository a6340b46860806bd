//! `ssm-rec start TARGET -- COMMAND`: one command without a terminal, its output, its status, its end.
//!
//! Nothing here has a terminal.

use std::io::Read;
use std::process::Stdio;

use loopback::Options;

use super::rig::Rig;

fn arguments<'a>(command: &[&'a str]) -> Vec<&'a str> {
    let start = ["start", "i-0abc", "--reason", "ticket-42", "--"];
    start
        .iter()
        .copied()
        .chain(command.iter().copied())
        .collect()
}

#[test]
fn output_errors_and_status_are_those_of_the_command() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&arguments(&[
        "sh",
        "-c",
        "echo out; echo 'an error' >&2; exit 7",
    ]));
    assert_eq!(run.status(), 7, "{}", run.err());
    assert_eq!(run.out(), "out\n");
    assert!(run.err().contains("an error\n"), "{}", run.err());
    let text = rig.recorded();
    assert!(text.contains(r#""x", "7"]"#), "{text}");
}

#[test]
fn five_megabytes_arrive_before_the_status_does() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&arguments(&[
        "sh",
        "-c",
        "head -c 5000000 /dev/zero; exit 3",
    ]));
    assert_eq!(run.status(), 3, "{}", run.err());
    assert_eq!(run.0.stdout.len(), 5_000_000);
    assert!(run.0.stdout.iter().all(|byte| *byte == 0));
}

#[test]
fn a_status_that_is_no_byte_is_no_success() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&arguments(&["sh", "-c", "kill -9 $$"]));
    assert_eq!(run.status(), 255);
    assert!(
        run.err()
            .contains("ssm-rec: the remote command ended with status -1\n"),
        "{}",
        run.err()
    );
    assert!(rig.recorded().contains(r#""x", "-1"]"#));
}

#[test]
fn a_program_that_is_not_there_is_a_failure() {
    let rig = Rig::new(Options::quick());
    let run = rig.run(&arguments(&["no-such-program"]));
    assert_eq!(run.status(), 1, "{}", run.err());
    assert!(
        run.out().contains("executable file not found"),
        "{}",
        run.out()
    );
}

/// The agent gives a command nothing to read, and makes signals of control characters in what it gets.
#[test]
fn what_is_piped_in_neither_reaches_a_command_nor_kills_it() {
    let rig = Rig::new(Options::quick());
    let input: Vec<u8> = (0..5_000_000_u32).map(|n| n as u8).collect();
    let run = rig.run_with(
        &arguments(&["sh", "-c", "cat; sleep 0.3; echo done"]),
        &input,
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), "done\n");
}

#[test]
fn a_reader_that_has_had_enough_ends_the_session_quietly() {
    let rig = Rig::new(Options::quick());
    let mut child = rig
        .command(&arguments(&["sh", "-c", "while :; do echo again; done"]))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 6];
    stdout.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"again\n");
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(128 + 13));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!said.contains("cannot"), "{said}");
    let calls = rig.service.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "TerminateSession"),
        "{calls:?}"
    );
}

#[test]
fn on_a_terminal_lines_are_whole_and_ctrl_c_is_for_the_command() {
    let rig = Rig::new(Options::quick());
    let script = "trap 'echo tidied; exit 9' INT; echo one; echo two; while :; do sleep 0.05; done";
    let mut terminal = rig.terminal(&arguments(&["sh", "-c", script]));
    terminal.wait_for("one\r\ntwo\r\n");
    terminal.type_keys("\x03");
    terminal.wait_for("tidied\r\n");
    assert_eq!(terminal.wait(), 9);
    assert!(terminal.is_cooked());
}

#[test]
fn a_second_ctrl_c_ends_the_session_of_a_command_that_does_not_listen() {
    let rig = Rig::new(Options::quick());
    let script = "trap '' INT; echo deaf; while :; do sleep 0.05; done";
    let mut terminal = rig.terminal(&arguments(&["sh", "-c", script]));
    terminal.wait_for("deaf\r\n");
    terminal.type_keys("\x03");
    terminal.wait_for("once more ends the session");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 128 + 2);
    let calls = rig.service.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "TerminateSession"),
        "{calls:?}"
    );
}

//! Sessions that are closed from outside before they have come to their end: no success is claimed, and one line says who
//! closed them. Beside them, those that do come to it.
//!
//! Nothing here waits out a real time-out: it is a fault of the service, and the administrator is a call to it.

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use loopback::{Faults, Options};

use super::plugin::terminate;
use super::rig::{Rig, Run};

/// As of ssh.
const CUT: i32 = 255;
const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

fn idle(after: Duration) -> Rig {
    Rig::new(Options {
        faults: Faults {
            close_after: Some((
                after,
                "Your session timed out due to inactivity.".to_owned(),
            )),
            ..Faults::default()
        },
        ..Options::quick()
    })
}

fn command<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&START[..], &["--"], words].concat()
}

fn check_cut(run: &Run, says: &str) {
    assert_eq!(run.status(), CUT, "{}", run.err());
    assert_eq!(run.err().matches(says).count(), 1, "{}", run.err());
}

const TIMED_OUT: &str =
    "ssm-rec: the session was closed by the service: Your session timed out due to inactivity.\n";
const TERMINATED: &str = "ssm-rec: the session was closed from outside before it had come to its end: an administrator terminated it, or its agent was lost\n";

/// Runs it with `input` on a pipe that stays open for as long as it runs, until an administrator ends the session once
/// `shown` was shown.
fn terminated(rig: &Rig, arguments: &[&str], input: &str, shown: &str) -> Run {
    let mut child = rig
        .command(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut seen = String::new();
    while !seen.contains(shown) {
        let mut piece = [0; 512];
        let length = out.read(&mut piece).unwrap();
        assert!(length > 0, "{shown:?} never came: {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    terminate(rig);
    out.read_to_string(&mut seen).unwrap();
    let run = Run(child.wait_with_output().unwrap());
    drop(stdin);
    run
}

#[test]
fn a_command_whose_status_never_came_is_no_success() {
    let rig = idle(Duration::from_secs(1));
    check_cut(&rig.run(&command(&["sleep", "30"])), TIMED_OUT);
    let rig = Rig::new(Options::quick());
    let arguments = command(&["sh", "-c", "echo begin; sleep 30; echo end"]);
    check_cut(&terminated(&rig, &arguments, "", "begin"), TERMINATED);
    let exit = rig.manifest().exit.unwrap();
    assert_eq!(exit.kind, formats::manifest::ExitKind::Closed);
}

#[test]
fn a_document_of_ones_own_that_separates_streams_owes_a_status_too() {
    let rig = idle(Duration::from_secs(1));
    let arguments = [
        &START[..],
        &[
            "--document-name",
            "AWS-StartNonInteractiveCommand",
            "--parameters",
            "command='sleep 30',separateOutputStream=True",
        ],
    ]
    .concat();
    check_cut(&rig.run(&arguments), TIMED_OUT);
}

#[test]
fn a_forward_that_did_not_want_to_end_is_no_success() {
    let forward = ["start", "i-0abc", "--reason", "r", "--forward", "0:9"];
    check_cut(&idle(Duration::from_secs(1)).run(&forward), TIMED_OUT);
    let rig = Rig::new(Options::quick());
    let mut child = rig.command(&forward).spawn().unwrap();
    wait_for(&mut child, "are forwarded");
    terminate(&rig);
    let mut rest = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut rest)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(CUT));
    assert!(rest.contains(TERMINATED), "{rest}");
}

#[test]
fn of_several_forwards_the_one_that_was_cut_is_named_and_decides() {
    let rig = Rig::new(Options::quick());
    let forwards = ["--forward", "0:9", "--forward", "0:10"];
    let start = [&["start", "i-0abc", "--reason", "r"], &forwards[..]].concat();
    let mut child = rig.command(&start).spawn().unwrap();
    wait_for(&mut child, "are forwarded");
    wait_for(&mut child, "are forwarded");
    terminate(&rig);
    wait_for(&mut child, ": the session was closed from outside");
    let id = i32::try_from(child.id()).unwrap();
    let process = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap().code();
    // Which one the service was told of first is not ours to choose, and the first flag decides.
    assert!(matches!(status, Some(CUT | 130)), "{status:?}");
}

fn wait_for(child: &mut Child, words: &str) {
    let stderr = child.stderr.as_mut().unwrap();
    let mut said = String::new();
    while !said.contains(words) {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).unwrap(), 1, "{said}");
        said.push(char::from(byte[0]));
    }
}

#[test]
fn piped_commands_that_are_cut_short_are_no_success() {
    check_cut(
        &idle(Duration::from_secs(2)).run_with(&START, b"sleep 30\n"),
        TIMED_OUT,
    );
    for shell in [&["/bin/sh"][..], &["/bin/bash", "--norc", "--noprofile"]] {
        let rig = || {
            Rig::new(Options {
                shell: shell.iter().map(|word| (*word).to_owned()).collect(),
                ..Options::quick()
            })
        };
        // More may come, all has come, and there is an `exit` to come to.
        let run = terminated(&rig(), &START, "echo be''gun; sleep 30\n", "begun");
        check_cut(&run, TERMINATED);
        let run = terminated(&rig(), &START, "echo be''gun; sleep 30\nexit\n", "begun");
        check_cut(&run, TERMINATED);
    }
}

#[test]
fn piped_commands_that_come_to_their_end_are_a_success() {
    for shell in [&["/bin/sh"][..], &["/bin/bash", "--norc", "--noprofile"]] {
        let rig = Rig::new(Options {
            shell: shell.iter().map(|word| (*word).to_owned()).collect(),
            ..Options::quick()
        });
        for input in [
            "",
            "echo hi\n",
            "echo hi; exit\n",
            "echo hi\nexit\n",
            "sleep 1; echo hi\n",
            "false\nexit 3\n",
        ] {
            let run = rig.run_with(&START, input.as_bytes());
            assert_eq!(run.status(), 0, "{shell:?} {input:?}: {}", run.out());
        }
    }
}

#[test]
fn a_persons_shell_that_times_out_says_so_and_is_no_success() {
    let rig = idle(Duration::from_secs(2));
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.wait_for("closed by the service: Your session timed out due to inactivity.");
    assert_eq!(terminal.wait(), 255);
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn an_ssh_connection_that_was_cut_is_no_success() {
    let rig = Rig::new(Options::quick());
    let port = loopback::target::listen(loopback::target::echo).unwrap();
    let run = terminated(
        &rig,
        &["ssh-proxy", "i-0abc", &port.to_string()],
        "hello",
        "hello",
    );
    check_cut(&run, TERMINATED);
}

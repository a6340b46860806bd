//! `ssm-rec start`: a shell in a terminal, recorded, stored, and what happens when something goes wrong.
//!
//! Nothing here waits a fixed time for something to happen; it waits for what is shown.

use loopback::{Faults, Options, Refusal, Tls};

use super::rig::Rig;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

#[test]
fn a_shell_in_a_terminal_is_recorded_and_stored() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("is being recorded to");
    terminal.wait_for("$ ");
    terminal.type_keys("stty size\r");
    terminal.wait_for("24 80");
    terminal.resize(100, 30);
    terminal
        .type_keys("until [ \"$(stty size)\" = '30 100' ]; do sleep 0.05; done; echo si''zed\r");
    terminal.wait_for("sized");
    terminal.type_keys("printf 'caf\\303\\251 \\360\\237\\232\\200\\n'\r");
    terminal.wait_for("café 🚀\r\n");
    terminal.type_keys("exit\r");
    terminal.wait_for("ssm-rec play ");
    assert_eq!(terminal.wait(), 0);

    assert!(terminal.is_cooked());
    assert_eq!(
        rig.spooled().len(),
        0,
        "the spool is empty once the store has the recording"
    );
    assert_eq!(rig.files(&rig.store().join("manifests")).len(), 1);
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    assert_eq!(played.status(), 0, "{}", played.err());
    assert!(played.out().contains("café 🚀\r\n"));
}

#[test]
fn keys_that_mean_something_to_a_terminal_reach_the_remote() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    // A Ctrl-C that comes while the shell still starts its child may be lost with it.
    terminal.type_keys("sh -c 'echo slee''ping; exec sleep 100'\r");
    terminal.wait_for("sleeping\r\n");
    terminal.type_keys("\x03");
    terminal.wait_for("$ ");
    terminal.type_keys("echo go''ing on\r");
    terminal.wait_for("going on");
    terminal.type_keys("\x04");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_large_paste_arrives_whole() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("stty -echo; cat > pasted; sha256sum pasted | cut -c1-16; stty echo\r");
    terminal.wait_for("\r\n");
    let line = "0123456789abcdefghijklmnopqrstuvwxyz\r";
    let text = line.repeat(100 * 1024 / line.len());
    terminal.type_keys(&text);
    terminal.type_keys("\x04");
    let expected = digest(text.replace('\r', "\n").as_bytes());
    terminal.wait_for(&expected[..16]);
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn commands_from_a_pipe_run_and_the_session_ends_with_them() {
    let rig = Rig::new(Options::quick());
    let run = rig.run_with(&START, b"echo pi''ped\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("piped"), "{}", run.out());
    assert_eq!(rig.recording().extension().unwrap(), "zst");
}

#[test]
fn loss_duplicates_and_reordering_change_no_byte() {
    let faults = Faults::lossy();
    let rig = Rig::new(Options {
        faults,
        ..Options::quick()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("stty -onlcr; seq 1 20000; exit\r");
    assert_eq!(terminal.wait(), 0);
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    let expected: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert!(
        played.out().contains(&expected),
        "the numbers are not byte-exact"
    );
}

#[test]
fn a_killed_client_leaves_a_recording_that_plays() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("echo first''-line; sleep 1.5; while :; do echo bu''sy; done\r");
    terminal.wait_for("busy");
    terminal.kill();
    terminal.wait();
    let spooled = rig.spooled();
    let recording = spooled
        .iter()
        .find(|path| path.to_string_lossy().ends_with(".cast.zst"))
        .unwrap();
    let played = rig.run(&["play", "--no-wait", &recording.display().to_string()]);
    assert!(played.out().contains("first-line"), "{}", played.out());
    assert_eq!(
        played.status(),
        3,
        "a recording that was cut short says so: {}",
        played.err()
    );
}

#[test]
fn a_terminated_client_ends_the_session_and_keeps_the_recording() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    let pid = rustix::process::Pid::from_raw(terminal.process_id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(terminal.wait(), 128 + 15);
    assert!(terminal.is_cooked());
    let calls = rig.service.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "TerminateSession"),
        "the service is told: {calls:?}"
    );
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    assert_eq!(played.status(), 0, "{}", played.err());
}

/// One clear line, a hint where there is one, a status, and nothing left behind.
fn check_refusal(rig: &Rig, arguments: &[&str], status: i32, says: &str) {
    let run = rig.run(arguments);
    assert_eq!(run.status(), status, "{}", run.err());
    let errors = run.err();
    let lines: Vec<_> = errors
        .lines()
        .filter(|line| line.starts_with("ssm-rec: "))
        .collect();
    assert_eq!(lines.len(), 1, "one line says it: {errors}");
    assert!(lines[0].contains(says), "{says:?} is in {errors}");
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 0);
}

#[test]
fn what_the_service_refuses_is_said_in_one_line() {
    for (error, says) in [
        ("TargetNotConnected", "target \"i-0abc\" is not connected"),
        (
            "InvalidDocument",
            "session document \"SSM-SessionManagerRunShell\" cannot be used",
        ),
        ("AccessDeniedException", "access denied"),
        ("ExpiredTokenException", "the AWS credentials have expired"),
        (
            "UnrecognizedClientException",
            "the AWS credentials are not known to the service",
        ),
    ] {
        let faults = Faults {
            start: Some(Refusal::named(error)),
            ..Faults::default()
        };
        check_refusal(
            &Rig::new(Options {
                faults,
                ..Options::quick()
            }),
            &START,
            121,
            says,
        );
    }
}

#[test]
fn what_is_missing_at_home_is_said_in_one_line() {
    let rig = Rig::new(Options::quick())
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "");
    check_refusal(&rig, &START, 121, "no usable AWS credentials");
    let rig = Rig::new(Options::quick())
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "");
    check_refusal(
        &rig,
        &["start", "i-0abc", "--profile", "nobody"],
        121,
        "there is no AWS profile \"nobody\"",
    );
    let rig = Rig::new(Options::quick()).env("AWS_REGION", "");
    check_refusal(&rig, &START, 121, "no AWS region is set");
    let rig = Rig::new(Options::quick()).env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    check_refusal(&rig, &START, 122, "the service cannot be reached");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    for tls in [Tls::DataChannel, Tls::Everywhere] {
        check_refusal(
            &Rig::new(Options {
                tls,
                ..Options::quick()
            }),
            &START,
            122,
            "certificate",
        );
    }
}

#[test]
fn no_session_starts_that_cannot_be_recorded() {
    let rig = Rig::new(Options::quick());
    std::fs::write(rig.spool(), b"a file, not a folder").unwrap();
    check_refusal(&rig, &START, 120, "spool");
    let rig = Rig::new(Options::quick());
    std::fs::write(rig.store(), b"a file, not a folder").unwrap();
    check_refusal(&rig, &START, 120, "store");
}

fn digest(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

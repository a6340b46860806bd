//! The AWS CLI with our link on PATH where it looks for session-manager-plugin.
//!
//! What is asserted is what the person sees, and that it was recorded; nothing here looks inside either program.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use loopback::pty::Pty;
use loopback::{Options, target};

use super::rig::{Rig, Run};
use super::{path_with, program};

/// A rig whose PATH has the link.
pub(super) fn rig() -> Rig {
    let rig = Rig::new(Options::quick());
    let bin = rig.folder().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = path_with(&bin);
    let rig = rig
        .env("PATH", path)
        .env("AWS_DEFAULT_REGION", "eu-central-1");
    let run = rig.run(&["plugin", "install", "--dir", &bin.display().to_string()]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    assert!(run.out().contains("sessions are recorded"), "{}", run.out());
    rig
}

fn terminal(rig: &Rig, arguments: &[&str]) -> Pty {
    rig.terminal_of(&program("aws"), arguments)
}

fn run(rig: &Rig, arguments: &[&str]) -> Run {
    Run(rig.command_of(&program("aws"), arguments).output().unwrap())
}

/// The one recording's header and events, as text.
fn recorded(rig: &Rig) -> String {
    let recording = rig.recording().display().to_string();
    let run = rig.run(&["export", &recording, "--format", "cast", "-o", "-"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    run.out()
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn a_shell_of_the_aws_cli_is_recorded() {
    let rig = rig();
    let mut terminal = terminal(
        &rig,
        &[
            "ssm",
            "start-session",
            "--target",
            "i-0abc",
            "--reason",
            "ticket-42",
        ],
    );
    terminal.wait_for("Starting session with SessionId: ");
    terminal.wait_for("$ ");
    terminal.type_keys("stty size; printf 'caf\\303\\251\\n'\r");
    terminal.wait_for("24 80\r\ncafé\r\n");
    // The AWS CLI passes over Ctrl-C while the plugin runs; here it is the remote's.
    // A Ctrl-C that comes while the shell still starts its child may be lost with it.
    terminal.type_keys("sh -c 'echo slee''ping; exec sleep 100'\r");
    terminal.wait_for("sleeping\r\n");
    terminal.type_keys("\x03");
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    terminal.wait_for("Exiting session with sessionId: ");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
    let recorded = recorded(&rig);
    for part in ["ticket-42", "i-0abc", "café"] {
        assert!(recorded.contains(part), "{part} is in {recorded}");
    }
    let session = &rig.service.sessions()[0];
    assert_eq!(session.reason.as_deref(), Some("ticket-42"));
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn a_command_without_a_terminal_gives_its_output_and_its_failure() {
    let rig = rig();
    let start = |command: &str| {
        let parameters = serde_json::json!({
            "command": [command],
            "separateOutputStream": ["true"],
        })
        .to_string();
        run(
            &rig,
            &[
                "ssm",
                "start-session",
                "--target",
                "i-0abc",
                "--document-name",
                "AWS-StartNonInteractiveCommand",
                "--parameters",
                &parameters,
            ],
        )
    };
    let good = start("echo arrived");
    assert_eq!(good.status(), 0, "{}", good.err());
    assert!(
        good.out().contains("\narrived\nEXIT_CODE: 0"),
        "{}",
        good.out()
    );
    assert_eq!(good.err(), "");
    let bad = start("sh -c \"exit 7\"");
    assert!(bad.err().contains("status 7"), "{}", bad.err());
    assert!(bad.out().contains("EXIT_CODE: 7"), "{}", bad.out());
    assert_ne!(bad.status(), 0);
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn a_forwarded_port_carries_bytes_until_ctrl_c() {
    let port = target::listen(target::echo).unwrap();
    let rig = rig();
    let parameters = format!("portNumber={port},localPortNumber=0");
    let mut terminal = terminal(
        &rig,
        &[
            "ssm",
            "start-session",
            "--target",
            "i-0abc",
            "--document-name",
            "AWS-StartPortForwardingSession",
            "--parameters",
            &parameters,
        ],
    );
    terminal.wait_for("Waiting for connections...\r\n");
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    let port = shown.split("\nPort ").nth(1).unwrap();
    let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
    let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let expected = sent.clone();
    let reading = thread::spawn(move || {
        let mut got = vec![0; expected.len()];
        reader.read_exact(&mut got).unwrap();
        assert!(got == expected);
    });
    stream.write_all(&sent).unwrap();
    reading.join().unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    terminal.type_keys("\x03");
    terminal.wait_for("Terminate signal received, exiting.\r\n");
    terminal.wait_for("Exiting session with sessionId: ");
    assert_eq!(terminal.wait(), 0);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    for error in ["non-zero", "TokenValue", "rror"] {
        assert!(!shown.contains(error), "{shown}");
    }
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 1);
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn ecs_exec_is_recorded() {
    let rig = rig();
    let mut terminal = terminal(
        &rig,
        &[
            "ecs",
            "execute-command",
            "--cluster",
            "fleet",
            "--task",
            "0a1b2c3d",
            "--container",
            "web",
            "--interactive",
            "--command",
            "/bin/sh",
        ],
    );
    terminal.wait_for("The Session Manager plugin was installed successfully");
    terminal.wait_for("Starting session with SessionId: ");
    terminal.wait_for("$ ");
    terminal.type_keys("echo in the ta''sk\r");
    terminal.wait_for("in the task\r\n");
    terminal.type_keys("exit\r");
    terminal.wait_for("Exiting session with sessionId: ");
    assert_eq!(terminal.wait(), 0);
    let recorded = recorded(&rig);
    assert!(
        recorded.contains("ecs:fleet_0a1b2c3d_0a1b2c3d4e5f-0001"),
        "{recorded}"
    );
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn a_role_with_mfa_is_asked_for_by_the_aws_cli_and_not_again_by_the_plugin() {
    let rig = rig()
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let config = "[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/ops-mfa\nmfa_serial = arn:aws:iam::123456789012:mfa/ada\nsource_profile = keys\n\
        [profile keys]\naws_access_key_id = AKIALONG\naws_secret_access_key = secret\n";
    std::fs::write(rig.folder().join("aws-config"), config).unwrap();
    let mut terminal = terminal(
        &rig,
        &[
            "ssm",
            "start-session",
            "--target",
            "i-0abc",
            "--profile",
            "ops",
        ],
    );
    terminal.wait_for("Enter MFA code for ");
    terminal.type_keys(format!("{}\r", loopback::MFA_CODE));
    terminal.wait_for("Starting session with SessionId: ");
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    terminal.wait_for("Exiting session with sessionId: ");
    assert_eq!(terminal.wait(), 0);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert_eq!(shown.matches("MFA").count(), 1, "{shown}");
    let calls = rig.service.calls();
    let asked: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "GetCallerIdentity")
        .map(|call| call.key.clone().unwrap_or_default())
        .collect();
    assert_eq!(
        asked,
        ["ASIAROLEops-mfa"],
        "the plugin asks as the same caller"
    );
    // Our own program is content with what the AWS CLI kept.
    let run = rig.run(&[
        "start",
        "i-0abc",
        "--profile",
        "ops",
        "--",
        "echo",
        "arrived",
    ]);
    assert_eq!(
        (run.status(), run.out().as_str()),
        (0, "arrived\n"),
        "{}",
        run.err()
    );
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn a_session_that_cannot_be_recorded_is_ended_though_the_aws_cli_has_started_it() {
    let rig = rig();
    std::fs::write(rig.spool(), "a file, not a folder").unwrap();
    let run = run(&rig, &["ssm", "start-session", "--target", "i-0abc"]);
    assert_ne!(run.status(), 0);
    assert!(run.err().contains("spool"), "{}", run.err());
    let calls = rig.service.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "TerminateSession"),
        "{calls:?}"
    );
}

//! Under the plugin's name, the official client's words: situation by situation, to the byte on stdout, nothing on stderr,
//! and its status.
//!
//! The sessions are started by calls as any program makes them; nothing here needs the AWS CLI.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use loopback::{Cut, Faults, Options, target};
use rustix::process::Signal;
use serde_json::json;

use super::called::{Called, Forwarding};
use super::plugin::terminate;
use super::rig::Run;

const TIMED_OUT: &str = "Your session timed out due to inactivity.";

fn timing_out() -> Options {
    Options {
        faults: Faults {
            close_after: Some((Duration::from_secs(1), TIMED_OUT.to_owned())),
            ..Faults::default()
        },
        ..Options::quick()
    }
}

#[test]
fn a_session_begins_and_ends_with_its_lines() {
    let called = Called::command("echo arrived", false);
    called.check(&called.run(""), "arrived\n", &called.exiting(), 0);
    let called = Called::shell(Options::quick());
    let run = called.run("exit\n");
    let between = run.out();
    let between = between.strip_prefix(&called.starting()).unwrap();
    let between = between.strip_suffix(&called.exiting()).unwrap();
    called.check(&run, between, &called.exiting(), 0);
}

#[test]
fn streams_that_are_separate_meet_on_stdout_and_the_status_is_told_and_passed_on() {
    let called = Called::command("sh -c 'echo out; sleep 0.1; echo error >&2; exit 7'", true);
    let last = format!("EXIT_CODE: 7{}", called.exiting());
    called.check(&called.run(""), "out\nerror\n", &last, 7);
    let called = Called::command("true", true);
    let last = format!("EXIT_CODE: 0{}", called.exiting());
    called.check(&called.run(""), "", &last, 0);
}

#[test]
fn the_services_text_stands_in_place_of_the_last_line() {
    let called = Called::shell(timing_out());
    let run = called.run("sleep 30\n");
    assert!(
        run.out().ends_with(&called.closed(TIMED_OUT)),
        "{}",
        run.out()
    );
    assert!(!run.out().contains("Exiting session"), "{}", run.out());
    assert_eq!((run.status(), run.err().as_str()), (0, ""));

    let called = Called::forward(timing_out(), 0, 9);
    let forwarding = Forwarding::of(&called);
    let port = forwarding.port;
    let (said, status) = forwarding.end();
    assert_eq!(
        said,
        called.starting() + &called.opened(port) + &called.closed(TIMED_OUT)
    );
    assert_eq!(status.code(), Some(0));

    // An administrator gives no text.
    let called = Called::forward(Options::quick(), 0, 9);
    let forwarding = Forwarding::of(&called);
    let port = forwarding.port;
    terminate(&called.rig);
    let (said, status) = forwarding.end();
    assert_eq!(
        said,
        called.starting() + &called.opened(port) + &called.exiting()
    );
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_forward_says_where_it_listens_who_came_and_how_ctrl_c_ends_it() {
    let remote = target::listen(target::echo).unwrap();
    let called = Called::forward(Options::quick(), 0, remote);
    let mut forwarding = Forwarding::of(&called);
    for text in [b"one", b"two"] {
        let mut stream = forwarding.connect();
        stream.write_all(text).unwrap();
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, text);
        if text == b"one" {
            forwarding.wait_for(&called.accepted());
        }
    }
    let port = forwarding.port;
    forwarding.signal(Signal::INT);
    let (said, status) = forwarding.end();
    let expected = [
        called.starting(),
        called.opened(port),
        called.accepted(),
        "Terminate signal received, exiting.\n".to_owned(),
        called.exiting(),
    ];
    assert_eq!(said, expected.concat());
    assert_eq!(status.code(), Some(0));
    let stored = called.rig.files(&called.rig.store().join("recordings"));
    assert_eq!(stored.len(), 1);
    assert!(called.rig.service.sessions()[0].ended.is_some());
}

#[test]
fn a_remote_port_that_refuses_is_told_and_the_forward_goes_on() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = gone.local_addr().unwrap().port();
    drop(gone);
    let called = Called::forward(Options::quick(), 0, closed);
    let mut forwarding = Forwarding::of(&called);
    let refused = "\nConnection to destination port failed, check SSM Agent logs.\n";
    for _ in 0..2 {
        // How it ends here is not the matter.
        let _ = forwarding.connect().read_to_end(&mut Vec::new());
        forwarding.wait_for(refused);
        forwarding.said.push('|');
    }
    let port = forwarding.port;
    forwarding.signal(Signal::INT);
    let (said, status) = forwarding.end();
    let expected = [
        called.starting(),
        called.opened(port),
        called.accepted(),
        format!("{refused}|{refused}|"),
        "Terminate signal received, exiting.\n".to_owned(),
        called.exiting(),
    ];
    assert_eq!(said, expected.concat());
    assert_eq!(status.code(), Some(0));
}

#[test]
fn sigterm_kills_a_forward_without_another_word_and_its_recording_is_stored() {
    for signal in [Signal::TERM, Signal::HUP] {
        let called = Called::forward(Options::quick(), 0, 9);
        let forwarding = Forwarding::of(&called);
        let port = forwarding.port;
        forwarding.signal(signal);
        let (said, status) = forwarding.end();
        assert_eq!(said, called.starting() + &called.opened(port));
        assert_eq!(status.signal(), Some(signal.as_raw()));
        let rig = &called.rig;
        assert_eq!(rig.files(&rig.store().join("recordings")).len(), 1);
        assert!(rig.service.wait_for(|log| log.ended.is_some()).is_some());
    }
}

#[test]
fn a_local_port_that_is_taken_is_the_last_word() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let called = Called::forward(Options::quick(), port, 80);
    let run = called.run("");
    let last = format!(
        "Cannot perform start session: listen tcp 127.0.0.1:{port}: bind: address already in use\n"
    );
    called.check(&run, "", &last, 0);
    assert!(called.rig.service.sessions()[0].ended.is_some());
}

#[test]
fn a_connection_that_is_lost_for_good_is_told_before_the_last_line() {
    let faults = Faults {
        cut: Some(Cut::every(Duration::from_millis(300))),
        resume_without_token: true,
        ..Faults::default()
    };
    let called = Called::shell(Options {
        faults,
        ..Options::quick()
    });
    let run = called.run("sleep 30\n");
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    let lost = format!("\n\nSessionId: {} : the connection was lost (", called.id());
    assert!(run.out().contains(&lost), "{}", run.out());
    assert!(run.out().ends_with(&called.exiting()), "{}", run.out());
}

#[test]
fn what_the_agent_has_to_tell_stands_on_stdout() {
    let request = json!({
        "Target": "i-kmsport",
        "DocumentName": "AWS-StartPortForwardingSession",
        "Parameters": { "portNumber": ["9"], "localPortNumber": ["0"] },
    });
    let called = Called::new(Options::quick(), request);
    let forwarding = Forwarding::of(&called);
    let port = forwarding.port;
    forwarding.signal(Signal::TERM);
    let (said, _) = forwarding.end();
    let told = "This session is encrypted using AWS KMS.\n";
    assert_eq!(said, called.starting() + told + &called.opened(port));
}

#[test]
fn what_is_no_call_is_answered_as_the_official_client_answers_it() {
    let called = Called::shell(Options::quick());
    let check = |arguments: &[&str], said: &str| {
        let run = Command::new(called.program())
            .args(arguments)
            .env_clear()
            .envs(called.rig.environment())
            .output()
            .unwrap();
        let run = Run(run);
        assert_eq!(run.out(), said, "{arguments:?}");
        assert_eq!((run.status(), run.err().as_str()), (0, ""), "{arguments:?}");
    };
    check(
        &[],
        "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n",
    );
    check(&["--version"], "1.2.707.0\n");
    for unknown in [&["x"][..], &["x", "y"]] {
        check(
            unknown,
            "\nUnknown operation x. \nUse session-manager-plugin --version to check the version.\n\n",
        );
    }
    check(
        &["\x1b[2J"],
        "\nUnknown operation \\u{1b}[2J. \nUse session-manager-plugin --version to check the version.\n\n",
    );
    for invalid in [&["x", "y", "z"][..], &["{}", "r", "EndSession", "", "", ""]] {
        check(invalid, "Invalid Operation");
    }
}

#[test]
fn an_ssh_connection_has_stdout_for_itself() {
    let remote = target::listen(target::echo).unwrap();
    let request = json!({
        "Target": "i-0abc",
        "DocumentName": "AWS-StartSSHSession",
        "Parameters": { "portNumber": [remote.to_string()] },
    });
    let called = Called::new(Options::quick(), request);
    let run = called.run("SSH-2.0-client\r\n");
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    assert_eq!(run.out(), "SSH-2.0-client\r\n");

    // What is amiss is told where somebody sees it, and not in the connection.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = gone.local_addr().unwrap().port();
    drop(gone);
    for (banner, says) in [
        ("auto", ""),
        ("always", "Unable to connect to specified port"),
    ] {
        let request = json!({
            "Target": "i-0abc",
            "DocumentName": "AWS-StartSSHSession",
            "Parameters": { "portNumber": [closed.to_string()] },
        });
        let mut called = Called::new(Options::quick(), request);
        called.rig.set("SSM_REC_PLUGIN_BANNER", banner);
        let run = called.run("");
        assert_eq!(run.out(), "");
        assert!(run.err().contains(says), "{}", run.err());
        assert_eq!(run.err().is_empty(), says.is_empty(), "{}", run.err());
    }
}

#[test]
fn words_of_ours_stand_on_stderr_where_the_settings_let_them_and_never_between_the_lines() {
    let run = |banner: &str| {
        let mut called = Called::command("echo arrived", false);
        called.rig.set("SSM_REC_PLUGIN_BANNER", banner);
        let run = called.run("");
        assert_eq!(
            run.out(),
            called.starting() + "arrived\n" + &called.exiting()
        );
        run.err()
    };
    assert_eq!((run("never").as_str(), run("auto").as_str()), ("", ""));
    let said = run("always");
    assert!(said.contains(" is being recorded to "), "{said}");
    assert!(said.contains("ssm-rec play "), "{said}");

    let shown = |banner: &str| {
        let mut called = Called::forward(Options::quick(), 0, 9);
        called.rig.set("SSM_REC_PLUGIN_BANNER", banner);
        let arguments = called.arguments();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut terminal = called.rig.terminal_of(&called.program(), &arguments);
        terminal.wait_for("Waiting for connections...\r\n");
        terminal.type_keys("\x03");
        assert_eq!(terminal.wait(), 0);
        assert!(terminal.is_cooked());
        let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
        let lines = shown.find(&called.starting().replace('\n', "\r\n"));
        let rest = &shown[lines.unwrap_or_else(|| panic!("{shown:?}"))..];
        let port = rest.split("\r\nPort ").nth(1).unwrap();
        let port = port.split(' ').next().unwrap().parse().unwrap();
        let end = "^CTerminate signal received, exiting.\n".to_owned() + &called.exiting();
        let expected = called.starting() + &called.opened(port) + &end;
        assert!(
            rest.starts_with(&expected.replace('\n', "\r\n")),
            "{shown:?}"
        );
        shown
    };
    let (auto, never) = (shown("auto"), shown("never"));
    assert!(auto.contains(" is being recorded to "), "{auto}");
    assert!(auto.contains("ssm-rec play "), "{auto}");
    assert!(!never.contains("ssm-rec"), "{never}");
}

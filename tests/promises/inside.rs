//! A command that has a terminal, and a shell that is fed.
//!
//! Nothing here looks at how a session is started otherwise.

use loopback::Options;

use super::rig::Rig;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

fn rig() -> Rig {
    Rig::new(Options::quick())
}

#[test]
fn a_command_gets_a_terminal_with_keys_and_sizes_and_is_recorded_as_one() {
    let rig = rig();
    let script = "until [ \"$(stty size)\" = '24 80' ]; do sleep 0.05; done; echo ready; read word; echo \"got  $word\"; until [ \"$(stty size)\" = '30 100' ]; do sleep 0.05; done; echo sized";
    let arguments = [
        "start",
        "-t",
        "i-0abc",
        "--reason",
        "ticket-42",
        "--",
        "sh",
        "-c",
        script,
    ];
    let mut terminal = rig.terminal(&arguments);
    terminal.wait_for("ready\r\n");
    assert!(!terminal.is_cooked());
    terminal.type_keys("a key\r");
    terminal.wait_for("got  a key\r\n");
    terminal.resize(100, 30);
    terminal.wait_for("sized\r\n");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());

    let [session] = &rig.service.sessions()[..] else {
        panic!("one session");
    };
    assert_eq!(session.document, "AWS-StartInteractiveCommand");
    assert_eq!(session.parameters.len(), 1, "{:?}", session.parameters);
    assert!(session.parameters["command"][0].starts_with("sh -c 'until [ "));
    let text = rig.recorded();
    assert!(
        text.contains("got  a key") && text.contains("\"r\", \"100x30\""),
        "{text}"
    );
    assert_eq!(
        rig.manifest().document.as_deref(),
        Some("AWS-StartInteractiveCommand")
    );
}

#[test]
fn local_commands_work_beside_a_command_that_has_a_terminal() {
    let rig = rig();
    let mut terminal = rig.terminal(&[
        "start",
        "-t",
        "i-0abc",
        "--",
        "sh",
        "-c",
        "echo here; sleep 600",
    ]);
    terminal.wait_for("here\r\n");
    terminal.type_keys("~.");
    terminal.wait_for("the session was left");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(
        rig.run(&["start", "-t", "i-0abc", "--forward", "0:80"])
            .status(),
        2
    );
}

#[test]
fn what_feeds_a_shell_is_said_on_stderr_alone() {
    let rig = rig();
    let script = rig.file("nightly.sh", "echo do''ne\nexit\n");
    let run = |arguments: &[&str]| {
        let child = rig
            .command(arguments)
            .stdin(std::fs::File::open(&script).unwrap())
            .output();
        super::rig::Run(child.unwrap())
    };
    let told = run(&START);
    assert_eq!(told.status(), 0, "{}", told.err());
    assert!(told.out().contains("done"), "{}", told.out());
    assert!(!told.out().contains("is typed into"), "{}", told.out());
    let says = "nightly.sh (17 B) is typed into the shell line by line, then Ctrl-D\n";
    assert!(told.err().contains(says), "{}", told.err());
    let quiet = run(&[&START[..], &["--no-banner"]].concat());
    assert_eq!((quiet.status(), quiet.err().as_str()), (0, ""));

    let piped = rig.run_with(&START, b"exit\n");
    assert!(
        piped
            .err()
            .contains("what comes on stdin is typed into the shell"),
        "{}",
        piped.err()
    );
    // A command without a terminal takes nothing, and nobody is told that it does.
    let command = rig.run(&[&START[..], &["--", "true"]].concat());
    assert!(!command.err().contains("typed into"), "{}", command.err());
}

//! A command that has a terminal, a shell that is fed, and what an operator asks about the session while it runs.
//!
//! Nothing here looks at how a session is started otherwise.

use std::time::Duration;

use loopback::pty::Pty;
use loopback::{Cut, Faults, Options, Refusal};

use super::rig::Rig;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

fn rig() -> Rig {
    Rig::new(Options::quick())
}

/// What stands on the screen, without what is empty.
fn rows(terminal: &mut Pty) -> Vec<String> {
    let rows = terminal.rows().into_iter();
    rows.filter(|row| !row.is_empty()).collect()
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

#[test]
fn facts_stand_below_the_prompt_which_goes_on_and_nothing_of_it_is_sent_or_recorded() {
    let rig = rig();
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("PS1=ready%' '\r");
    terminal.wait_for("ready% ");
    terminal.type_keys("~i");
    terminal.wait_for("sessions end ");
    terminal.wait_for("ready%");
    let session = rig.service.sessions()[0].clone();
    let shown = rows(&mut terminal).join("\n");
    let file = rig.spool().join(format!("{}.cast.zst", session.id));
    // A path may go on in the next row.
    let unwrapped = shown.replace('\n', "");
    for wanted in [
        format!(" id          {}", session.id),
        " target      i-0abc, for ticket-42".to_owned(),
        format!(" recording   {}", file.display()),
        " connection  up, round trip ".to_owned(),
        "never lost".to_owned(),
    ] {
        assert!(unwrapped.contains(&wanted), "{wanted}: {shown}");
    }
    assert!(shown.ends_with("\nready%"), "{shown}");
    terminal.type_keys("echo still''here\r");
    terminal.wait_for("stillhere\r\n");
    let shown = rows(&mut terminal);
    assert!(
        shown.contains(&"ready% echo still''here".to_owned()),
        "{shown:?}"
    );
    terminal.type_keys("~?");
    terminal.wait_for("~i   about this session");
    terminal.wait_for("ready%");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    let text = rig.recorded();
    assert!(
        !text.contains("this session") && !text.contains("round trip"),
        "{text}"
    );
    assert_eq!(rig.manifest().counts.markers, 0);
}

#[test]
fn over_a_program_that_draws_the_screen_facts_go_away_with_a_key_and_leave_no_trace() {
    let rig = rig();
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    let script = "printf '\\033[?1049h\\033[2J\\033[Hfirst row\\r\\nsecond row\\033[24;1Hlast row\\033[12;5H'; \
                  read a; read b; printf '\\033[?1049l'; echo \"got<$a><$b>\"";
    terminal.type_keys(format!("stty -echo; {script}\r"));
    terminal.wait_for("\x1b[12;5H");
    let before = rows(&mut terminal);
    terminal.type_keys("~i");
    terminal.wait_for("-- any key goes on --");
    let during = rows(&mut terminal);
    assert!(
        during.iter().any(|row| row.contains(" target      i-0abc")),
        "{during:?}"
    );
    assert!(during.contains(&"last row".to_owned()), "{during:?}");
    // An arrow is one key, and none for the remote.
    terminal.type_keys("\x1b[A");
    terminal.wait_until("as it was", |rows| {
        let rows = rows.iter().filter(|row| !row.is_empty());
        rows.eq(&before)
    });
    // What begins a command is one at once.
    terminal.type_keys("~?");
    terminal.wait_for("-- any key goes on --");
    terminal.type_keys("~i");
    terminal.wait_for("this session:");
    terminal.wait_for("-- any key goes on --");
    terminal.type_keys("qone\r");
    terminal.type_keys("two\r");
    terminal.wait_for("got<one><two>");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert!(!rig.recorded().contains("any key"));
}

#[test]
fn what_an_away_connection_is_tried_for_is_among_the_facts() {
    let rig = Rig::new(Options {
        faults: Faults {
            cut: Some(Cut {
                every: Some(Duration::from_secs(1)),
                after_messages: None,
                times: 1,
                reset: true,
            }),
            resume: Some(Refusal::named("ExpiredTokenException").times(u32::MAX)),
            ..Faults::default()
        },
        ..Options::quick()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("connection lost (~. ends), trying again");
    terminal.type_keys("~i");
    terminal.wait_for(" connection  lost ");
    terminal.wait_for("sessions end ");
    // The line over the screen is there again.
    terminal.wait_for("connection lost (~. ends), trying again");
    terminal.type_keys("~.");
    assert_eq!(terminal.wait(), 1);
}

#[test]
fn a_screen_that_a_program_draws_without_an_alternate_one_is_not_written_over() {
    let rig = rig();
    let mut terminal = rig.terminal(&[
        "start",
        "-t",
        "i-0abc",
        "--",
        "sh",
        "-c",
        r"printf '\033[H\033[2Jhead\r\n\r\nrow one\r\nrow two\033[2;1H'; read key",
    ]);
    terminal.wait_for("row two\x1b[2;1H");
    let before = rows(&mut terminal);
    terminal.type_keys("~?");
    terminal.wait_for("-- any key goes on --");
    terminal.type_keys("x");
    terminal.wait_until("as it was", |rows| {
        let rows = rows.iter().filter(|row| !row.is_empty());
        rows.eq(&before)
    });
    terminal.type_keys("\r");
    assert_eq!(terminal.wait(), 0);
}

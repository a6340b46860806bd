//! What an operator feels: lost connections, frozen sessions, local commands, recording that fails.
//!
//! Nothing here waits a fixed time, except for what must not happen meanwhile.

use std::time::Duration;

use formats::manifest::ExitKind;
use loopback::pty::Pty;
use loopback::{Cut, Faults, Options, Refusal};

use super::rig::Rig;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];

fn rig(faults: Faults) -> Rig {
    Rig::new(Options {
        faults,
        ..Options::quick()
    })
}

fn cut_once() -> Option<Cut> {
    Some(Cut {
        every: Some(Duration::from_secs(1)),
        after_messages: None,
        times: 1,
        reset: true,
    })
}

fn shown(terminal: &Pty) -> String {
    String::from_utf8_lossy(&terminal.shown()).into_owned()
}

#[test]
fn a_break_is_told_in_one_line_and_what_is_typed_meanwhile_arrives() {
    let rig = rig(Faults {
        cut: cut_once(),
        resume: Some(Refusal::named("ExpiredTokenException").times(7)),
        ..Faults::default()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("connection lost (~. ends), trying again: the AWS credentials have");
    terminal.type_keys("echo ty''ped; exit\r");
    terminal.wait_for("typed\r\n");
    assert_eq!(terminal.wait(), 0);

    let manifest = rig.manifest();
    let [gap] = manifest.gaps[..] else {
        panic!("{:?}", manifest.gaps);
    };
    assert!(gap.lasted_us >= 2_000_000, "{gap:?}");
    let text = rig.recorded();
    assert!(text.contains("\"m\", \"connection lost: "), "{text}");
    assert!(
        text.contains("\"m\", \"connection resumed after "),
        "{text}"
    );
    assert!(
        !text.contains("trying again"),
        "a line of ours is not recorded"
    );
}

#[test]
fn credentials_that_are_renewed_in_a_break_are_used() {
    let rig = rig(Faults {
        cut: cut_once(),
        resume: Some(Refusal::named("ExpiredTokenException").times(7)),
        ..Faults::default()
    })
    .env("AWS_ACCESS_KEY_ID", "")
    .env("AWS_SECRET_ACCESS_KEY", "");
    let sign_in = |key: &str| {
        let text =
            format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n");
        std::fs::write(rig.folder().join("aws-credentials"), text).unwrap();
    };
    sign_in("AKIDOLD");
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("trying again: the AWS credentials have");
    sign_in("AKIDNEW");
    terminal.type_keys("echo ba''ck; exit\r");
    terminal.wait_for("back\r\n");
    assert_eq!(terminal.wait(), 0);
    let calls = rig.service.calls();
    let resumed: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "ResumeSession")
        .map(|call| call.key.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(resumed.first(), Some(&"AKIDOLD"), "{resumed:?}");
    assert_eq!(resumed.last(), Some(&"AKIDNEW"), "{resumed:?}");
}

#[test]
fn bulk_output_over_a_connection_that_breaks_again_and_again_is_exact() {
    let rig = rig(Faults {
        cut: Some(Cut {
            every: None,
            after_messages: Some(60),
            times: u32::MAX,
            reset: true,
        }),
        ..Faults::default()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("stty -onlcr; seq 1 40000; exit\r");
    assert_eq!(terminal.wait(), 0);
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    let expected: String = (1..=40_000).map(|n| format!("{n}\n")).collect();
    assert!(played.out().contains(&expected), "in the recording");
    // The terminal of the test translates nothing: what was shown is what came.
    assert!(shown(&terminal).contains(&expected), "on the screen");
    assert!(rig.manifest().gaps.len() > 2, "{:?}", rig.manifest().gaps);
}

#[test]
fn a_path_that_swallows_everything_is_noticed_and_left_behind() {
    let rig = rig(Faults {
        silent_after: Some(Duration::from_secs(3)),
        ..Faults::default()
    })
    .env("SSM_REC_SESSION_PING_INTERVAL", "1s");
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    // Until the path is dead; what is typed then waits for the next one.
    std::thread::sleep(Duration::from_secs(4));
    terminal.type_keys("echo st''ill here; exit\r");
    terminal.wait_for("still here\r\n");
    assert_eq!(terminal.wait(), 0);
    assert!(
        rig.recorded()
            .contains("connection lost: no sign of life for ")
    );
}

#[test]
fn a_session_that_is_over_says_so() {
    let rig = rig(Faults {
        cut: cut_once(),
        resume_without_token: true,
        ..Faults::default()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("the service says that the session is over");
    assert_eq!(terminal.wait(), 122);
    assert!(terminal.is_cooked());
    assert_eq!(rig.manifest().gaps.len(), 1);
}

#[test]
fn coming_back_is_given_up_after_the_limit_of_the_settings() {
    let rig = rig(Faults {
        cut: cut_once(),
        resume: Some(Refusal::named("AccessDeniedException")),
        ..Faults::default()
    })
    .env("SSM_REC_SESSION_RECONNECT_LIMIT", "3s");
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("gave up after 3s: access denied");
    assert_eq!(terminal.wait(), 122);
}

fn check_left(rig: &Rig, mut terminal: Pty, status: u32) {
    terminal.type_keys("\r~.");
    terminal.wait_for("the session was left");
    assert_eq!(terminal.wait(), status);
    assert!(terminal.is_cooked());
    let calls = rig.service.calls();
    let told = |call: &loopback::Call| call.operation == "TerminateSession";
    assert!(calls.iter().any(told), "the service is told: {calls:?}");
    let exit = rig.manifest().exit.unwrap();
    assert_eq!(exit.kind, ExitKind::Left);
}

#[test]
fn a_frozen_session_can_be_left() {
    let rig = rig(Faults {
        silent_after: Some(Duration::from_millis(500)),
        ..Faults::default()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    std::thread::sleep(Duration::from_secs(1));
    terminal.type_keys("nobody hears this");
    // Nothing says so far that it is more than a shell that was left.
    check_left(&rig, terminal, 0);
}

#[test]
fn a_session_whose_agent_never_says_a_word_can_be_left() {
    let rig = Rig::new(Options {
        first_output_after: Duration::from_secs(3600),
        ..Options::quick()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("is being recorded to");
    assert!(terminal.is_cooked(), "no shell has opened");
    terminal.type_keys("\x03");
    assert_eq!(terminal.wait(), 130);
    assert!(terminal.is_cooked());
    let calls = rig.service.calls();
    let told = |call: &loopback::Call| call.operation == "TerminateSession";
    assert!(calls.iter().any(told), "the service is told: {calls:?}");
}

#[test]
fn a_session_that_cannot_come_back_can_be_left() {
    let rig = rig(Faults {
        cut: cut_once(),
        resume: Some(Refusal::named("InternalServerError")),
        ..Faults::default()
    });
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("trying again");
    check_left(&rig, terminal, 1);
}

#[test]
fn a_marker_gets_a_note_and_output_waits_for_it() {
    let rig = rig(Faults::default());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("sleep 1; echo la''ter\r~m");
    terminal.wait_for("note for the marker");
    terminal.type_keys("before");
    std::thread::sleep(Duration::from_secs(2));
    terminal.type_keys(" deploy");
    terminal.wait_for("before deploy_");
    assert!(!shown(&terminal).contains("later"));
    terminal.type_keys("\r");
    terminal.wait_for("later\r\n");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert!(rig.recorded().contains("\"m\", \"before deploy\""));
    assert_eq!(rig.manifest().counts.markers, 1);
}

#[test]
fn local_commands_are_listed_sent_and_switched_off() {
    let rig = rig(Faults::default());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    terminal.type_keys("~?");
    terminal.wait_for("~.   end the session");
    terminal.type_keys("~~qq\r");
    terminal.wait_for("~qq: not found");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);

    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&[&START[..], &["-e", "none"]].concat());
    terminal.wait_for("$ ");
    terminal.type_keys("~.\r");
    terminal.wait_for("~.: not found");
    terminal.type_keys("exit\r");
    // The status of a shell without a channel for it: the session closed in order.
    assert_eq!(terminal.wait(), 0);

    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&[&START[..], &["--escape-char", "^]"]].concat());
    terminal.wait_for("$ ");
    terminal.type_keys("\x1d.");
    terminal.wait_for("the session was left");
    assert_eq!(terminal.wait(), 0);
}

/// A file may grow to 2 MiB, in the blocks of a plain sh; the session writes more than that.
const SMALL: &str = "ulimit -f 4096";
const MUCH: &str =
    "stty -echo; base64 -w 60 /dev/urandom | head -n 40000 | cat -n; echo the e''nd; exit\r";

/// The highest number of a numbered line that is whole: words of ours may stand behind the last one, which is cut.
fn last_line(text: &str) -> u32 {
    let number = |line: &str| {
        let (number, random) = line.trim().split_once('\t')?;
        let is_whole = random.len() == 60 && !random.contains(' ');
        is_whole.then(|| number.parse().ok()).flatten()
    };
    text.lines().filter_map(number).max().unwrap_or(0)
}

#[test]
fn what_cannot_be_recorded_is_not_shown_and_ends_the_session() {
    let rig = rig(Faults::default());
    let mut terminal = rig.terminal_after(SMALL, &START);
    terminal.wait_for("$ ");
    terminal.type_keys(MUCH);
    terminal.wait_for("the session was ended, since it could not be recorded");
    assert_eq!(terminal.wait(), 120);
    assert!(terminal.is_cooked());
    let calls = rig.service.calls();
    assert!(
        calls
            .iter()
            .any(|call| call.operation == "TerminateSession")
    );
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    assert_eq!(played.status(), 0, "{}", played.err());
    let (seen, kept) = (last_line(&shown(&terminal)), last_line(&played.out()));
    assert!(seen > 1000 && seen <= kept, "{seen} shown, {kept} recorded");
    assert_eq!(rig.manifest().exit.unwrap().kind, ExitKind::RecordingFailed);
}

#[test]
fn where_the_settings_say_so_the_session_goes_on_and_everybody_is_told() {
    let rig = rig(Faults::default()).env("SSM_REC_RECORD_ON_FAILURE", "warn");
    let mut terminal = rig.terminal_after(SMALL, &START);
    terminal.wait_for("$ ");
    terminal.type_keys(MUCH);
    terminal.wait_for("from here on this session is not recorded");
    terminal.wait_for("the end\r\n");
    terminal.wait_for("the last part of the session is not recorded");
    assert_eq!(terminal.wait(), 120);
    assert_eq!(last_line(&shown(&terminal)), 40_000);
    let manifest = rig.manifest();
    let unrecorded = manifest.unrecorded.unwrap();
    assert!(!unrecorded.cause.is_empty());
    assert_eq!(manifest.exit.unwrap().kind, ExitKind::Closed);
    let sheet = rig.run(&["show", &manifest.session_id]);
    assert!(sheet.out().contains("unrecorded"), "{}", sheet.out());
    let played = rig.run(&["play", "--no-wait", &rig.recording().display().to_string()]);
    assert_eq!(played.status(), 0, "{}", played.err());
    assert!(last_line(&played.out()) > 1000);
}

#[test]
fn a_policy_keeps_a_session_from_going_on_unrecorded() {
    let rig = rig(Faults::default());
    let organisation = rig.folder().join("organisation.toml");
    std::fs::write(&organisation, "[policy.record]\non_failure = \"end\"\n").unwrap();
    let rig = rig
        .env("SSM_REC_ORG_CONFIG", organisation.display().to_string())
        .env("SSM_REC_RECORD_ON_FAILURE", "warn");
    let mut terminal = rig.terminal_after(SMALL, &START);
    terminal.wait_for("$ ");
    terminal.type_keys(MUCH);
    terminal.wait_for("the session was ended, since it could not be recorded");
    assert_eq!(terminal.wait(), 120);
}

/// The terminal takes nothing more, as where Ctrl-S was pressed.
#[cfg(target_os = "linux")]
fn hold(terminal: &Pty) {
    use rustix::fs::{Mode, OFlags, open};
    use rustix::termios::{Action, tcflow};

    let path = format!("/proc/{}/fd/2", terminal.process_id());
    let tty = open(path, OFlags::RDONLY | OFlags::NOCTTY, Mode::empty()).unwrap();
    tcflow(&tty, Action::OOff).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_leaves_is_not_kept_by_a_terminal_that_takes_nothing() {
    use rustix::process::{Pid, Signal, kill_process};

    for by_key in [true, false] {
        let rig = rig(Faults::default());
        let mut terminal = rig.terminal(&START);
        terminal.type_keys("echo fl''ood; yes\r");
        terminal.wait_for("flood\r\ny\r\ny");
        hold(&terminal);
        if by_key {
            terminal.type_keys("\r~.");
        } else {
            let id = i32::try_from(terminal.process_id()).unwrap();
            kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        }
        terminal.wait();
        let kind = rig.manifest().exit.unwrap().kind;
        let expected = match by_key {
            true => ExitKind::Left,
            false => ExitKind::Signal,
        };
        assert_eq!(kind, expected);
    }
}

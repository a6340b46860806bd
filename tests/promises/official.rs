//! Under the plugin's name, the official client's words: situation by situation, to the byte on stdout, nothing on stderr,
//! and its status.
//!
//! The sessions are started by calls as any program makes them; nothing here needs the AWS CLI.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use loopback::{Cut, Faults, Options, target};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::plugin::{call, terminate};
use super::rig::{self, Rig, Run};

const TIMED_OUT: &str = "Your session timed out due to inactivity.";

/// A session that was started elsewhere, and the plugin that is called for it.
struct Called {
    rig: Rig,
    request: Value,
    answer: Value,
}

impl Called {
    fn new(options: Options, request: Value) -> Self {
        let rig = Rig::new(options);
        std::os::unix::fs::symlink(rig::program(), rig.folder().join("session-manager-plugin"))
            .unwrap();
        let answer = call(&rig, &request);
        Self {
            rig,
            request,
            answer,
        }
    }

    fn shell(options: Options) -> Self {
        Self::new(options, json!({ "Target": "i-0abc" }))
    }

    fn command(command: &str, separate: bool) -> Self {
        let mut parameters = json!({ "command": [command] });
        if separate {
            parameters["separateOutputStream"] = json!(["true"]);
        }
        let document = "AWS-StartNonInteractiveCommand";
        let request =
            json!({ "Target": "i-0abc", "DocumentName": document, "Parameters": parameters });
        Self::new(Options::quick(), request)
    }

    fn forward(options: Options, local: u16, remote: u16) -> Self {
        let parameters =
            json!({ "portNumber": [remote.to_string()], "localPortNumber": [local.to_string()] });
        let document = "AWS-StartPortForwardingSession";
        let request =
            json!({ "Target": "i-0abc", "DocumentName": document, "Parameters": parameters });
        Self::new(options, request)
    }

    fn id(&self) -> &str {
        self.answer["SessionId"].as_str().unwrap()
    }

    fn program(&self) -> PathBuf {
        self.rig.folder().join("session-manager-plugin")
    }

    fn arguments(&self) -> [String; 6] {
        [
            self.answer.to_string(),
            "eu-central-1".to_owned(),
            "StartSession".to_owned(),
            String::new(),
            self.request.to_string(),
            self.rig.service.endpoint(),
        ]
    }

    fn spawn(&self) -> Child {
        Command::new(self.program())
            .args(self.arguments())
            .env_clear()
            .envs(self.rig.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, input: &str) -> Run {
        let mut child = self.spawn();
        let mut stdin = child.stdin.take().unwrap();
        // A session that is over by then takes nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        Run(child.wait_with_output().unwrap())
    }

    fn starting(&self) -> String {
        format!("\nStarting session with SessionId: {}\n", self.id())
    }

    fn exiting(&self) -> String {
        format!("\n\nExiting session with sessionId: {}.\n\n", self.id())
    }

    fn closed(&self, text: &str) -> String {
        format!("\n\nSessionId: {} : {text}\n\n", self.id())
    }

    fn opened(&self, port: u16) -> String {
        let id = self.id();
        format!("Port {port} opened for sessionId {id}.\nWaiting for connections...\n")
    }

    fn accepted(&self) -> String {
        format!("\nConnection accepted for session [{}]\n", self.id())
    }

    fn check(&self, run: &Run, between: &str, last: &str, status: i32) {
        assert_eq!(run.err(), "");
        assert_eq!(run.out(), format!("{}{between}{last}", self.starting()));
        assert_eq!(run.status(), status);
        assert_eq!(
            self.rig.files(&self.rig.store().join("recordings")).len(),
            1
        );
    }
}

/// A plugin that forwards a port.
struct Forwarding {
    child: Child,
    said: String,
    port: u16,
}

impl Forwarding {
    fn of(called: &Called) -> Self {
        let child = called.spawn();
        let mut forwarding = Self {
            child,
            said: String::new(),
            port: 0,
        };
        forwarding.wait_for("Waiting for connections...\n");
        let line = forwarding.said.split("\nPort ").nth(1).unwrap();
        forwarding.port = line.split(' ').next().unwrap().parse().unwrap();
        forwarding
    }

    fn wait_for(&mut self, words: &str) {
        let stdout = self.child.stdout.as_mut().unwrap();
        while !self.said.ends_with(words) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "{:?}", self.said);
            self.said.push(char::from(byte[0]));
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// All that was said on stdout; stderr is empty.
    fn end(self) -> (String, std::process::ExitStatus) {
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let rest = String::from_utf8_lossy(&output.stdout);
        (self.said + &rest, output.status)
    }
}

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
fn members_that_are_null_are_unset_ones_and_no_request_leaves_a_session_open() {
    let requests = [
        json!({ "Target": "i-0abc", "DocumentName": null, "Parameters": null, "Reason": null }),
        json!({ "Target": "i-0abc", "Parameters": { "command": null }, "Tags": null }),
        json!({ "Target": "i-0abc", "Reason": "", "Parameters": [] }),
    ];
    for request in requests {
        let mut called = Called::shell(Options::quick());
        called.request = request;
        called.answer["ResponseMetadata"] = Value::Null;
        let run = called.run("echo it-r''an; exit\n");
        assert_eq!((run.status(), run.err().as_str()), (0, ""));
        assert!(run.out().contains("it-ran"), "{}", run.out());
    }
    // What cannot be carried is ended.
    let check = |spoil: &dyn Fn(&mut Called)| {
        let mut called = Called::shell(Options::quick());
        spoil(&mut called);
        assert_ne!(called.run("exit\n").status(), 0);
        let ended = called.rig.service.wait_for(|log| log.ended.is_some());
        assert!(ended.is_some_and(|log| log.terminated));
    };
    check(&|called| called.request = json!("i-0abc"));
    check(&|called| called.answer["StreamUrl"] = Value::Null);
    check(&|called| called.answer["TokenValue"] = Value::Null);
    check(&|called| std::fs::write(called.rig.spool(), "no folder").unwrap());
    check(&|called| {
        let config = called.rig.folder().join("org.toml");
        std::fs::write(&config, "[policy]\ndocuments = [\"Only-This\"]\n").unwrap();
        called
            .rig
            .set("SSM_REC_ORG_CONFIG", config.display().to_string());
    });
}

#[test]
fn a_session_id_with_escapes_is_neither_printed_nor_a_name() {
    for id in [
        "ada-\u{1b}[2J\u{1b}]0;owned\u{7}",
        "ada\u{9b}2J-0a",
        "../../ada-0a",
        "ada\r\nforged line",
    ] {
        let mut called = Called::shell(Options::quick());
        called.answer["SessionId"] = json!(id);
        let run = called.run("exit\n");
        assert_ne!(run.status(), 0, "{id:?}");
        let said = run.out() + &run.err();
        for part in ["\u{1b}", "\u{9b}", "owned", "forged", "ada"] {
            assert!(!said.contains(part), "{said:?}");
        }
        for folder in [called.rig.spool(), called.rig.store()] {
            assert_eq!(called.rig.files(&folder), Vec::<PathBuf>::new());
        }
        let calls = called.rig.service.calls();
        let asked = calls
            .iter()
            .any(|call| call.operation == "TerminateSession");
        assert!(asked, "{calls:?}");
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

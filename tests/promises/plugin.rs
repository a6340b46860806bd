//! The drop-in for session-manager-plugin: its arguments in every form that AWS CLIs pass, its words on stdout, and its
//! installation.
//!
//! The session is started here as the AWS CLI would, by a call of its own; the AWS CLI is not needed.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use loopback::{Cut, Faults, Options};
use serde_json::{Value, json};

use super::rig::{self, Rig, Run};

const NAME: &str = "session-manager-plugin";

/// A rig with a link under the plugin's name.
fn rig(options: Options) -> Rig {
    let rig = Rig::new(options);
    std::fs::create_dir(rig.folder().join("bin")).unwrap();
    std::os::unix::fs::symlink(rig::program(), rig.folder().join("bin").join(NAME)).unwrap();
    rig
}

fn plugin(rig: &Rig, arguments: &[&str], variable: Option<(&str, &str)>) -> Run {
    let output = Command::new(rig.folder().join("bin").join(NAME))
        .args(arguments)
        .env_clear()
        .envs(rig.environment())
        .envs(variable)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Run(output)
}

/// StartSession as another program calls it: request and answer.
fn start_session(rig: &Rig, command: &str) -> (Value, Value) {
    let request = json!({
        "Target": "i-0abc",
        "DocumentName": "AWS-StartNonInteractiveCommand",
        "Parameters": { "command": [command], "separateOutputStream": ["true"] },
        "Reason": "ticket-42",
    });
    let answer = call(rig, &request);
    (request, answer)
}

/// The same for any request.
pub(crate) fn call(rig: &Rig, request: &Value) -> Value {
    service_call(rig, "StartSession", request)
}

/// Ends the one session that runs, as an administrator does.
pub(crate) fn terminate(rig: &Rig) {
    let id = rig.service.sessions()[0].id.clone();
    service_call(rig, "TerminateSession", &json!({ "SessionId": id }));
}

fn service_call(rig: &Rig, operation: &str, request: &Value) -> Value {
    let body = request.to_string();
    let mut stream = TcpStream::connect(rig.service.address()).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: ssm\r\nx-amz-target: AmazonSSM.{operation}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, answer) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(answer).unwrap()
}

/// What the official plugin says around a session, with what came between.
fn between(run: &Run, answer: &Value) -> String {
    let id = answer["SessionId"].as_str().unwrap();
    let said = run.out();
    let rest = said.strip_prefix(&format!("\nStarting session with SessionId: {id}\n"));
    let rest = rest.unwrap_or_else(|| panic!("{said:?} begins as it should; {}", run.err()));
    let rest = rest.strip_suffix(&format!("\n\nExiting session with sessionId: {id}.\n\n"));
    rest.unwrap_or_else(|| panic!("{said:?} ends as it should"))
        .to_owned()
}

#[test]
fn version_and_greeting_are_what_scripts_expect() {
    let rig = rig(Options::quick());
    for run in [
        plugin(&rig, &["--version"], None),
        rig.run(&["plugin", "--version"]),
    ] {
        assert_eq!((run.status(), run.err().as_str()), (0, ""));
        let numbers: Vec<u64> = run
            .out()
            .trim()
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect();
        assert!(
            numbers.len() == 4 && numbers > vec![1, 2, 497, 0],
            "{numbers:?}"
        );
    }
    for run in [plugin(&rig, &[], None), rig.run(&["plugin"])] {
        assert_eq!(run.status(), 0);
        assert_eq!(
            run.out(),
            "\nThe Session Manager plugin was installed successfully. Use the AWS CLI to start a session.\n\n"
        );
    }
}

#[test]
fn the_answer_comes_as_an_argument_or_in_a_variable_and_the_session_is_recorded() {
    let rig = rig(Options::quick());
    let endpoint = rig.service.endpoint();
    let check = |variable: Option<&str>, by_name: bool| {
        let (request, answer) = start_session(&rig, "echo arrived");
        let (request, text) = (request.to_string(), answer.to_string());
        let first = variable.unwrap_or(&text);
        let arguments = [
            first,
            "eu-central-1",
            "StartSession",
            "",
            &request,
            &endpoint,
        ];
        let run = match by_name {
            true => plugin(&rig, &arguments, variable.map(|name| (name, text.as_str()))),
            false => rig.run(&[&["plugin"], &arguments[..]].concat()),
        };
        assert_eq!(run.status(), 0, "{}", run.err());
        assert_eq!(between(&run, &answer), "arrived\nEXIT_CODE: 0");
        let id = answer["SessionId"].as_str().unwrap();
        let shown: Value = serde_json::from_str(&rig.run(&["show", id, "--json"]).out()).unwrap();
        let shown = shown.to_string();
        for part in ["ticket-42", "i-0abc", "AWS-StartNonInteractiveCommand"] {
            assert!(shown.contains(part), "{part} is in {shown}");
        }
        let token = answer["TokenValue"].as_str().unwrap();
        for file in rig.files(&rig.store()) {
            let bytes = std::fs::read(&file).unwrap();
            assert!(
                !bytes.windows(token.len()).any(|at| at == token.as_bytes()),
                "{file:?}"
            );
        }
    };
    check(None, true);
    check(None, false);
    check(Some("AWS_SSM_START_SESSION_RESPONSE"), true);
    check(Some("AWS_SSM_START_SESSION_RESPONSE_2"), true);
}

#[test]
fn an_aws_cli_that_passes_only_three_arguments_is_served_too() {
    let rig = rig(Options::quick());
    let (_, answer) = start_session(&rig, "echo arrived");
    let run = plugin(
        &rig,
        &[&answer.to_string(), "eu-central-1", "StartSession"],
        None,
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(between(&run, &answer), "arrived\nEXIT_CODE: 0");
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 1);
}

#[test]
fn no_process_that_is_started_from_the_plugin_finds_the_token() {
    let rig = rig(Options::quick()).without("AWS_ACCESS_KEY_ID");
    let folder = rig.folder().display().to_string();
    let tool = rig.folder().join("tool");
    let script = format!(
        "#!/bin/sh\nenv > {folder}/seen\necho '{{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"s\"}}'\n"
    );
    std::fs::write(&tool, script).unwrap();
    let config = format!(
        "[profile tool]\ncredential_process = sh {}\n",
        tool.display()
    );
    std::fs::write(rig.folder().join("aws-config"), config).unwrap();
    let (request, answer) = start_session(&rig, "echo arrived");
    let variable = "AWS_SSM_START_SESSION_RESPONSE";
    let arguments = [
        variable,
        "eu-central-1",
        "StartSession",
        "tool",
        &request.to_string(),
        &rig.service.endpoint(),
    ];
    let run = plugin(&rig, &arguments, Some((variable, &answer.to_string())));
    assert_eq!(between(&run, &answer), "arrived\nEXIT_CODE: 0");
    let seen = std::fs::read_to_string(rig.folder().join("seen")).unwrap();
    assert!(seen.contains("HOME="), "{seen}");
    assert!(
        !seen.contains(variable) && !seen.contains(answer["TokenValue"].as_str().unwrap()),
        "{seen}"
    );
}

#[test]
fn a_session_is_taken_up_again_in_the_region_that_it_was_started_in() {
    let options = Options {
        faults: Faults {
            cut: Some(Cut {
                every: Some(Duration::from_millis(300)),
                after_messages: None,
                times: 1,
                reset: true,
            }),
            ..Faults::default()
        },
        ..Options::quick()
    };
    let rig = rig(options);
    let (request, answer) = start_session(&rig, "sh -c 'sleep 2; echo arrived'");
    let arguments = [
        &answer.to_string(),
        "us-west-2",
        "StartSession",
        "",
        &request.to_string(),
        &rig.service.endpoint(),
    ];
    let run = plugin(&rig, &arguments, None);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(
        between(&run, &answer).ends_with("arrived\nEXIT_CODE: 0"),
        "{}",
        run.out()
    );
    let regions: Vec<_> = rig
        .service
        .calls()
        .into_iter()
        .filter(|call| call.operation == "ResumeSession")
        .map(|call| call.region.unwrap_or_default())
        .collect();
    assert!(
        !regions.is_empty() && regions.iter().all(|region| region == "us-west-2"),
        "{regions:?}"
    );
}

#[test]
fn an_answer_that_does_not_read_is_told_without_repeating_a_secret() {
    let rig = rig(Options::quick());
    let check = |arguments: &[&str], says: &str| {
        let run = plugin(&rig, arguments, None);
        assert_eq!((run.status(), run.err().as_str()), (0, ""));
        assert_eq!(run.out(), format!("Cannot perform start session: {says}\n"));
    };
    let names_none = "the answer to StartSession names no session";
    let does_not_read = "the answer to StartSession does not read";
    let rest = ["eu-central-1", "StartSession"];
    let with = |first| [&[first], &rest[..]].concat();
    check(&with("{\"TokenValue\": \"s3cret\"}"), names_none);
    check(&with("{\"TokenValue\": \"s3cret"), does_not_read);
    let variable = "AWS_SSM_START_SESSION_RESPONSE";
    check(
        &with(variable),
        &format!("the environment has no {variable}"),
    );
}

#[test]
fn installing_makes_the_link_and_says_what_hides_it() {
    let rig = Rig::new(Options::quick());
    let folder = |name: &str| {
        let path = rig.folder().join(name);
        std::fs::create_dir(&path).unwrap();
        path.display().to_string()
    };
    let (first, second) = (folder("first"), folder("second"));
    let path = |folders: &[&str]| [folders.join(":").as_str(), "/usr/bin", "/bin"].join(":");
    let status = |path: &str| {
        let run = rig
            .command(&["plugin", "status"])
            .env("PATH", path)
            .output()
            .unwrap();
        Run(run)
    };
    let run = status(&path(&[&first, &second]));
    assert_eq!(run.status(), 1);
    assert!(
        run.out()
            .contains("finds no session-manager-plugin on PATH"),
        "{}",
        run.out()
    );

    let install = |dir: &str, path: &str| {
        let run = rig
            .command(&["plugin", "install", "--dir", dir])
            .env("PATH", path)
            .output()
            .unwrap();
        Run(run)
    };
    let run = install(&second, &path(&[&first, &second]));
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(
        run.out().contains(&format!(
            "the AWS CLI runs {second}/{NAME}, which is ssm-rec: sessions are recorded"
        )),
        "{}",
        run.out()
    );
    let target = std::fs::read_link(Path::new(&second).join(NAME)).unwrap();
    assert_eq!(
        target.canonicalize().unwrap(),
        rig::program().canonicalize().unwrap()
    );
    assert_eq!(
        install(&second, &path(&[&second])).status(),
        0,
        "twice is as good as once"
    );

    // Another program earlier on PATH.
    let other = Path::new(&first).join(NAME);
    std::fs::write(&other, "#!/bin/sh\n").unwrap();
    let run = status(&path(&[&first, &second]));
    assert_eq!(run.status(), 1);
    assert!(
        run.out().contains(&format!(
            "the AWS CLI runs {first}/{NAME}, which is another program: sessions are not recorded"
        )),
        "{}",
        run.out()
    );
    assert!(
        run.out()
            .contains(&format!("it hides {second}/{NAME}, which is ssm-rec")),
        "{}",
        run.out()
    );
    let run = install(&first, &path(&[&first]));
    assert_eq!(run.status(), 1);
    assert!(
        run.err().contains("exists and is not ssm-rec"),
        "{}",
        run.err()
    );
}

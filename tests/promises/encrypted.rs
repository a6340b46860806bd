//! Sessions that KMS encrypts: what is typed and shown is the person's, what goes over the wire is nobody's.
//!
//! Nothing here looks at the cipher itself; that is done beside it.

use std::io::{Read, Write};
use std::net::Shutdown;

use formats::PayloadType;
use loopback::{Encryption, Options};

use super::forward::{Forwarding, echoing, pattern};
use super::rig::{Rig, Run};

fn start(rig: &Rig, target: &str, command: &[&str]) -> Run {
    let start = ["start", target, "--reason", "ticket-42", "--"];
    let arguments: Vec<_> = start.iter().chain(command).copied().collect();
    rig.run(&arguments)
}

/// The bytes of every message that the client sent as input.
fn input_on_the_wire(rig: &Rig) -> Vec<Vec<u8>> {
    let sessions = rig.service.sessions();
    let inputs = sessions.iter().flat_map(|session| &session.inputs);
    inputs
        .filter(|input| input.message.payload_type == PayloadType::OUTPUT)
        .map(|input| input.message.payload.to_vec())
        .collect()
}

fn data_keys_asked(rig: &Rig) -> usize {
    let calls = rig.service.calls();
    calls
        .iter()
        .filter(|call| call.operation == "GenerateDataKey")
        .count()
}

#[test]
fn a_shell_is_encrypted_on_the_wire_and_in_the_clear_in_the_recording() {
    let rig = Rig::new(Options {
        log_delivered: true,
        ..Options::quick()
    });
    let mut terminal = rig.terminal(&[
        "start",
        "i-kms",
        "--reason",
        "ticket-42",
        "--record-input=all",
    ]);
    terminal.wait_for("This session is encrypted using AWS KMS.");
    terminal.wait_for("$ ");
    terminal.type_keys("stty size; echo conf''idential\r");
    terminal.wait_for("24 80");
    terminal.wait_for("confidential");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);

    let typed = input_on_the_wire(&rig);
    assert!(!typed.is_empty());
    for payload in &typed {
        assert!(
            payload.len() > 28,
            "{} bytes hold nonce and tag",
            payload.len()
        );
        assert!(!payload.windows(4).any(|bytes| bytes == b"conf"));
    }
    let sessions = rig.service.sessions();
    let delivered = sessions[0].delivered.iter();
    for message in delivered.filter(|message| message.payload_type == PayloadType::OUTPUT) {
        assert!(!message.payload.windows(4).any(|bytes| bytes == b"conf"));
    }
    let call = rig
        .service
        .calls()
        .into_iter()
        .find(|call| call.operation == "GenerateDataKey");
    let body = call.unwrap().body;
    assert_eq!(body["NumberOfBytes"], 64);
    assert_eq!(
        body["EncryptionContext"]["aws:ssm:SessionId"],
        sessions[0].id
    );
    assert_eq!(body["EncryptionContext"]["aws:ssm:TargetId"], "i-kms");

    assert!(
        rig.recorded().contains("conf''idential"),
        "what was typed is recorded"
    );
    let path = rig.recording().display().to_string();
    let raw = rig.run(&["export", &path, "--format", "raw"]);
    assert_eq!(raw.status(), 0, "{}", raw.err());
    assert!(raw.out().contains("\r\nconfidential\r\n"), "{}", raw.out());
    let verified = rig.recorded();
    assert!(!verified.contains("malformed"), "{verified}");
}

#[test]
fn a_command_has_its_output_its_errors_and_its_status() {
    let rig = Rig::new(Options::quick());
    let run = start(
        &rig,
        "i-kms",
        &["sh", "-c", "echo out; echo err >&2; exit 7"],
    );
    assert_eq!(run.status(), 7, "{}", run.err());
    assert_eq!(run.out(), "out\n");
    assert!(run.err().contains("err\n"), "{}", run.err());
    let path = rig.recording().display().to_string();
    let raw = rig.run(&["export", &path, "--format", "raw"]);
    let mut shown: Vec<_> = raw.out().lines().map(str::to_owned).collect();
    shown.sort();
    assert_eq!(shown, ["err", "out"]);
}

#[test]
fn an_interactive_command_is_encrypted_too() {
    let rig = Rig::new(Options::quick());
    let mut terminal = rig.terminal(&[
        "start",
        "i-kms",
        "--reason",
        "ticket-42",
        "--document-name",
        "AWS-StartInteractiveCommand",
        "--parameters",
        "command='read line; echo \"<$line>\"'",
    ]);
    terminal.wait_for("encrypted using AWS KMS");
    terminal.type_keys("typed\r");
    terminal.wait_for("<typed>");
    assert_eq!(terminal.wait(), 0);
    assert!(
        input_on_the_wire(&rig)
            .iter()
            .all(|payload| payload.len() > 28)
    );
}

#[test]
fn loss_duplicates_and_reordering_change_no_byte_of_an_encrypted_session() {
    let rig = Rig::new(Options::quick());
    let run = start(&rig, "i-kmslossy", &["seq", "1", "20000"]);
    let expected: String = (1..=20_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), expected);
    assert_eq!(data_keys_asked(&rig), 1);
}

#[test]
fn an_encrypted_port_keeps_its_bytes_and_its_one_key_over_broken_connections() {
    let rig = Rig::new(Options::quick());
    let port = echoing();
    let forwarding = Forwarding::start_on(&rig, "i-kmsrough", &format!("0:{port}"));
    let sent = pattern(1, 200_000);
    let mut client = forwarding.connect();
    let mut writer = client.try_clone().unwrap();
    let bytes = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&bytes).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut echoed = vec![0; sent.len()];
    client.read_exact(&mut echoed).unwrap();
    writing.join().unwrap();
    assert!(echoed == sent, "the bytes differ");
    // The socket is cut every 2 s: the session goes on with the key that it has.
    let log = rig
        .service
        .wait_for(|session| session.opened.len() > 1)
        .unwrap();
    assert_eq!(log.target, "i-kmsrough");
    let mut second = forwarding.connect();
    second.write_all(b"after the break").unwrap();
    let mut answer = [0; 15];
    second.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"after the break");
    drop((client, second));
    forwarding.end();
    assert_eq!(data_keys_asked(&rig), 1);
    assert!(
        input_on_the_wire(&rig)
            .iter()
            .all(|payload| payload.len() > 28)
    );
}

#[test]
fn an_arn_of_another_region_is_asked_there() {
    let key = "arn:aws:kms:eu-west-3:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let rig = Rig::new(Options {
        encryption: Some(Encryption::with(key)),
        ..Options::quick()
    });
    assert_eq!(start(&rig, "i-0abc", &["true"]).status(), 0);
    let calls = rig.service.calls();
    let call = calls
        .iter()
        .find(|call| call.operation == "GenerateDataKey")
        .unwrap();
    assert_eq!(call.region.as_deref(), Some("eu-west-3"));
    assert_eq!(call.body["KeyId"], key);
}

#[test]
fn a_container_is_named_whole_in_the_context_and_in_the_store() {
    let target = "ecs:cluster_0123456789abcdef_0123456789abcdef-265927825";
    let rig = Rig::new(Options {
        encryption: Some(Encryption::with("alias/sessions")),
        ..Options::quick()
    });
    let run = start(&rig, target, &["true"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let calls = rig.service.calls();
    let call = calls
        .iter()
        .find(|call| call.operation == "GenerateDataKey")
        .unwrap();
    assert_eq!(call.body["EncryptionContext"]["aws:ssm:TargetId"], target);
    let recording = rig.recording().display().to_string();
    let folder = "/ecs~3acluster_0123456789abcdef_0123456789abcdef-265927825/";
    assert!(recording.contains(folder), "{recording}");
    let shown = rig.run(&["show", &recording]);
    assert!(shown.out().contains(target), "{}", shown.out());
}

fn check(rig: &Rig, target: &str, status: i32, says: &str, hint: &str) {
    let run = start(
        rig,
        target,
        &[
            "sh",
            "-c",
            "echo one; sleep 0.3; echo two; sleep 0.3; echo three",
        ],
    );
    assert_eq!(run.status(), status, "{target}: {}", run.err());
    assert!(run.err().contains(says), "{target}: {}", run.err());
    assert!(run.err().contains(hint), "{target}: {}", run.err());
    assert!(!run.out().contains("three"), "{target}: {}", run.out());
}

#[test]
fn what_kms_refuses_is_said_with_what_to_do() {
    let rig = Rig::new(Options::quick());
    let hint = "hint: kms:GenerateDataKey must be allowed on arn:aws:kms:";
    check(
        &rig,
        "i-kmsdenied",
        121,
        "there is no data key for it: access denied: User: arn:",
        hint,
    );
    check(
        &rig,
        "i-kmsmissing",
        121,
        "there is no such key: Key 'arn:",
        "hint: the account's session preferences name the key",
    );
    check(
        &rig,
        "i-kmsdisabled",
        121,
        "the key cannot be used now: arn:",
        "hint: see its state, and enable it",
    );
    check(
        &rig,
        "i-kmsthrottled",
        121,
        "KMS asks to slow down: Rate exceeded",
        "hint: wait a moment",
    );
    check(
        &rig,
        "i-kmsnodecrypt",
        121,
        "the agent did not open the session: Encountered error while initiating handshake. Fetching data key failed",
        "hint: the target itself needs kms:Decrypt on arn:",
    );
    let answered = |target: &str| {
        let is_response = |payload_type| payload_type == PayloadType::HANDSHAKE_RESPONSE;
        // The client may be gone before the service has read its last word.
        let session = rig.service.wait_for(|session| {
            let mut inputs = session.inputs.iter();
            session.target == target && inputs.any(|input| is_response(input.message.payload_type))
        });
        let inputs = session.unwrap().inputs;
        let response = inputs
            .into_iter()
            .find(|input| is_response(input.message.payload_type));
        String::from_utf8(response.unwrap().message.payload.to_vec()).unwrap()
    };
    let denied = answered("i-kmsdenied");
    assert!(
        denied.contains(r#""ActionType":"KMSEncryption","ActionStatus":2,"#),
        "{denied}"
    );
    assert!(denied.contains("not authorized to perform"), "{denied}");
}

#[test]
fn a_kms_that_does_not_answer_is_no_secret() {
    let hint = "hint: the session is encrypted, so KMS must be reachable too";
    let rig = Rig::new(Options::quick()).env("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9");
    check(&rig, "i-kms", 122, "KMS cannot be reached: ", hint);
    let rig = Rig::new(Options::quick());
    check(
        &rig,
        "i-kmsslow",
        122,
        "KMS did not answer within 12s",
        hint,
    );
}

#[test]
fn an_agent_that_breaks_the_encryption_ends_the_session() {
    let rig = Rig::new(Options::quick());
    check(
        &rig,
        "i-kmschallenge",
        123,
        "the agent's encryption challenge cannot be answered: ",
        "",
    );
    check(
        &rig,
        "i-kmsswapped",
        123,
        "the agent's encryption challenge cannot be answered: ",
        "",
    );
    for target in ["i-kmsgarbage", "i-kmsclear"] {
        let rig = Rig::new(Options::quick());
        check(&rig, target, 123, "of the agent does not decrypt: ", "");
        let text = rig.recorded();
        assert!(
            text.contains(r#""f", "malformed "#),
            "it is recorded as it came: {text}"
        );
        let path = rig.recording().display().to_string();
        let raw = rig.run(&["export", &path, "--format", "raw"]);
        assert_eq!(raw.out(), "one\ntwo\n", "{target}");
    }
}

//! README's commands that need programs of others, each typed as it stands there.
//!
//! No other command of README is run here; `tests/promises` knows which is run where.

#[path = "../promises/readme/blocks.rs"]
mod blocks;
#[path = "../promises/readme/places.rs"]
mod places;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use loopback::pty::Pty;
use loopback::{Options, Service, Tls};

use self::places::{Place, commands, place, readme};
use super::rig::{self, Rig, Running};
use super::{aws_cli, moto, path_with, program};

#[test]
#[ignore = "needs aws, moto_server, ssh-keygen and curl; .ci/run brings them"]
fn what_readme_says_of_programs_of_others_is_so() {
    let mut lines = commands(&readme());
    lines.retain(|command| place(&command.text) == Ok(Place::Peers));
    for command in &lines {
        let line = &command.text[..];
        match line.split(' ').take(2).collect::<Vec<_>>()[..] {
            ["aws", "ssm"] => a_session_of_the_aws_cli_is_recorded(line),
            ["aws", "cloudformation"] => the_bucket_is_made_with_its_policies(line),
            ["ssh-keygen", "-Y"] => openssh_checks_a_manifest(line),
            ["ssm-rec", "review"] => curl_carries_a_finding(line),
            _ => panic!("README.md:{}: nobody runs {line}", command.line),
        }
    }
}

fn typed(rig: &Rig, line: &str) -> Pty {
    rig.terminal_of(Path::new("/bin/sh"), &["-c", line])
}

fn a_session_of_the_aws_cli_is_recorded(line: &str) {
    program("aws");
    let rig = aws_cli::rig();
    let mut terminal = typed(&rig, line);
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(rig.manifest().reason.as_deref(), Some("ticket-42"));
}

fn the_bucket_is_made_with_its_policies(line: &str) {
    let (endpoint, server) = moto::start();
    let _server = Running(server);
    let rig = Rig::new(Options::quick())
        .env("PATH", std::env::var("PATH").unwrap())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_PAGER", "");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    symlink(examples, rig.folder().join("examples")).unwrap();
    let mut terminal = typed(&rig, line);
    assert_eq!(terminal.wait(), 0, "{}", text(&terminal));
    for (line, there) in [
        ("aws s3api list-buckets", "example-recordings"),
        ("aws iam list-policies --scope Local", "OperatorPolicy"),
    ] {
        let mut terminal = typed(&rig, line);
        assert_eq!(terminal.wait(), 0, "{}", text(&terminal));
        assert!(text(&terminal).contains(there), "{}", text(&terminal));
    }
}

fn openssh_checks_a_manifest(line: &str) {
    program("ssh-keygen");
    let rig = Rig::new(Options::quick());
    let mut made = typed(&rig, "ssh-keygen -q -N '' -t ed25519 -f key");
    assert_eq!(made.wait(), 0, "{}", text(&made));
    let key = rig.folder().join("key").display().to_string();
    let run = rig.run_with(&["start", "i-0abc", "--sign-key", &key], b"exit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    for (ending, name) in [(".json", "ID.json"), (".json.sig", "ID.json.sig")] {
        let files = rig.files(&rig.store().join("manifests"));
        let file = files
            .iter()
            .find(|file| file.to_string_lossy().ends_with(ending));
        fs::copy(file.unwrap(), rig.folder().join(name)).unwrap();
    }
    let public = fs::read_to_string(format!("{key}.pub")).unwrap();
    rig.file("allowed_signers", format!("alice@example.com {public}"));
    let mut terminal = typed(&rig, line);
    assert_eq!(terminal.wait(), 0, "{}", text(&terminal));
    assert!(text(&terminal).contains("Good \"ssm-rec\" signature"));
    // What says something else does not pass.
    rig.file("ID.json", "{}");
    assert_ne!(typed(&rig, line).wait(), 0);
}

fn curl_carries_a_finding(line: &str) {
    program("curl");
    let rig = Rig::new(Options::quick());
    let bin = rig.folder().join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(rig::program(), bin.join("ssm-rec")).unwrap();
    let rig = rig.env("PATH", path_with(&bin));
    rig.shell(&["--reason", "ticket-42"], &["history -c"]);
    // In the place of whoever takes findings: a service that answers a call of its own and keeps what it was sent.
    let tickets = Service::start(Options {
        tls: Tls::Everywhere,
        ..Options::quick()
    });
    let tickets = tickets.unwrap();
    let operation = "DescribeInstanceInformation";
    rig.file(
        ".curlrc",
        format!(
            "insecure\nconnect-to = \"tickets.example:443:{}\"\nheader = \"x-amz-target: AmazonSSM.{operation}\"\n",
            tickets.address()
        ),
    );
    let mut terminal = typed(&rig, line);
    assert_eq!(terminal.wait(), 0, "{}", text(&terminal));
    let calls = tickets.calls();
    let [call] = &calls[..] else {
        panic!("one finding: {calls:?}");
    };
    assert_eq!(call.body["rule"], "history-off", "{call:?}");
}

fn text(terminal: &Pty) -> String {
    String::from_utf8_lossy(&terminal.shown()).into_owned()
}

//! `SSM_REC_LOG`: what a person who debugs reads, where it goes, and what never stands in it.
//!
//! Nothing here depends on how a line is worded, but for the few that are looked for.

use std::fs;

use loopback::{Options, Tls};
use serde_json::json;

use super::plugin;
use super::rig::Rig;

const SECRET_KEY: &str = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
const TYPED: &str = "hush-hush-4711";

fn rig(filter: &str) -> Rig {
    Rig::new(Options::quick())
        .env("SSM_REC_LOG", filter)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_SESSION_TOKEN", SESSION_TOKEN)
}

fn holds_no_secret(log: &str, token: &str) {
    assert!(log.contains("the session is over"), "{log}");
    for secret in [
        SECRET_KEY,
        SESSION_TOKEN,
        TYPED,
        token,
        "TokenValue",
        "AWS4-HMAC-SHA256",
        "read hidden",
        "hyper",
        "aws_smithy",
        "rustls",
    ] {
        assert!(!log.contains(secret), "{secret:?} is in {log}");
    }
}

#[test]
fn a_session_in_a_terminal_is_logged_to_a_file_that_holds_no_secret() {
    let rig = rig("trace");
    let request = json!({ "Target": "i-0abc", "Reason": "ticket-42" });
    let answer = plugin::call(&rig, &request);
    let token = answer["TokenValue"].as_str().unwrap();
    let (request, answer) = (request.to_string(), answer.to_string());
    let mut terminal = rig.terminal(&[
        "plugin",
        &answer,
        "eu-central-1",
        "StartSession",
        "",
        &request,
        &rig.service.endpoint(),
    ]);
    terminal.wait_for("the log goes to ");
    terminal.wait_for("$ ");
    terminal.type_keys("stty -echo; echo rea''dy; read hidden; stty echo; echo go''ne\r");
    terminal.wait_for("ready");
    terminal.type_keys(format!("{TYPED}\r"));
    terminal.wait_for("gone");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);

    let files = rig.files(rig.folder());
    let log = files.iter().find(|path| path.ends_with("ssm-rec/log"));
    let log = log.unwrap();
    holds_no_secret(&fs::read_to_string(log).unwrap(), token);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(!shown.contains("the session is over"), "{shown}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(log), mode(log.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn without_a_raw_terminal_the_log_is_on_stderr_and_holds_no_secret_either() {
    let service = Options {
        tls: Tls::Everywhere,
        ..Options::quick()
    };
    for options in [Options::quick(), service] {
        let rig = Rig::new(options)
            .env("SSM_REC_LOG", "trace")
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN);
        let authority = rig.folder().join("ca.pem");
        let pem = rig.service.authority_pem().map(str::to_owned);
        let rig = match pem {
            Some(pem) => {
                fs::write(&authority, pem).unwrap();
                rig.env("AWS_CA_BUNDLE", authority.display().to_string())
            }
            None => rig,
        };
        let run = rig.run(&["start", "i-0abc", "--", "echo", "arrived"]);
        assert_eq!((run.status(), run.out().as_str()), (0, "arrived\n"));
        holds_no_secret(&run.err(), "TokenValue");
    }
}

#[test]
fn a_filter_takes_a_level_or_rooms_and_a_wrong_one_starts_nothing() {
    let command = ["start", "i-0abc", "--", "echo", "arrived"];
    let err = rig("ssm_rec::spool=debug,warn").run(&command).err();
    assert!(err.contains("DEBUG ssm_rec::spool: claimed"), "{err}");
    assert!(!err.contains("the session is over"), "{err}");
    assert!(!rig("").run(&command).err().contains("DEBUG"));

    for wrong in ["loud", "hyper=trace", "ssm_rec=\u{1b}[2J"] {
        let rig = rig(wrong);
        let run = rig.run(&command);
        assert_eq!(run.status(), 2, "{}", run.err());
        assert!(run.err().starts_with("ssm-rec: SSM_REC_LOG is \""));
        assert_eq!(
            run.err().lines().count(),
            2,
            "one line and a hint: {}",
            run.err()
        );
        assert!(!run.err().contains('\u{1b}'));
        assert_eq!(rig.service.sessions().len(), 0);
    }
}

#[test]
fn a_log_that_cannot_be_written_costs_a_line_and_no_session() {
    let rig = rig("debug");
    for folder in [".local/state", "Library/Application Support"] {
        let folder = rig.folder().join(folder);
        fs::create_dir_all(folder.parent().unwrap()).unwrap();
        fs::write(folder, "in the way").unwrap();
    }
    let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "ticket-42"]);
    terminal.wait_for("there is no log: ");
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
}

//! The organisation's policy as an operator meets it: reasons, documents, fixed settings, the banner.
//!
//! Nothing here looks inside the program.

use std::fs;

use loopback::Options;

use super::rig::Rig;

const RULES: &str = "\
[policy.reason]
required = true
pattern = '^CHG-[0-9]+'
hint = 'begin with the number of the change, CHG-1234'
";

/// A rig on whose machine this is the organisation's file.
fn rig(policy: &str) -> Rig {
    let rig = Rig::new(Options::quick());
    let path = rig.folder().join("organisation.toml");
    fs::write(&path, policy).unwrap();
    rig.env("SSM_REC_ORG_CONFIG", path.display().to_string())
}

/// The run is refused before the service is asked for anything.
#[track_caller]
fn check_refused(rig: &Rig, arguments: &[&str], status: i32, parts: &[&str]) {
    let run = rig.run(arguments);
    for part in parts {
        assert!(run.err().contains(part), "{part}: {}", run.err());
    }
    assert_eq!((run.status(), run.out().as_str()), (status, ""));
    assert_eq!(rig.service.sessions().len(), 0, "nothing was started");
}

#[test]
fn without_a_terminal_a_missing_or_wrong_reason_is_refused_with_the_hint() {
    let rig = rig(RULES);
    let hint = "hint: begin with the number of the change, CHG-1234\n";
    check_refused(
        &rig,
        &["start", "i-0abc"],
        2,
        &["wants a reason for every session", hint],
    );
    check_refused(
        &rig,
        &["start", "i-0abc", "--reason", "because"],
        2,
        &[
            "the reason \"because\" does not match the organisation's pattern",
            hint,
        ],
    );
    check_refused(&rig, &["ssh-proxy", "i-0abc"], 2, &["wants a reason", hint]);
}

#[test]
fn a_good_reason_comes_from_the_flag_or_the_environment() {
    let rig = rig(RULES);
    let run = rig.run_with(&["start", "i-0abc", "--reason", " CHG-1 disk "], b"exit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let rig = rig.env("SSM_REC_REASON", "CHG-2");
    let run = rig.run_with(&["start", "i-0abc"], b"exit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let reasons: Vec<_> = rig
        .service
        .sessions()
        .into_iter()
        .map(|session| session.reason)
        .collect();
    assert_eq!(
        reasons,
        [Some("CHG-1 disk".to_owned()), Some("CHG-2".to_owned())]
    );
}

#[test]
fn at_a_terminal_the_reason_is_asked_for_and_what_is_typed_ahead_reaches_the_shell() {
    let rig = rig(RULES);
    let mut terminal = rig.terminal(&["start", "i-0abc"]);
    terminal.wait_for("begin with the number of the change, CHG-1234");
    terminal.wait_for("Reason for this session: ");
    terminal.type_keys("because\r");
    terminal.wait_for("does not match");
    terminal.wait_for("Reason for this session: ");
    terminal.type_keys("CHG-7 disk full\recho typed''-ahead\r");
    terminal.wait_for("typed-ahead");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(
        rig.service.sessions()[0].reason.as_deref(),
        Some("CHG-7 disk full")
    );
}

#[test]
fn a_document_that_is_not_allowed_is_refused() {
    let rig = rig("[policy]\ndocuments = ['AWS-StartSSH*']\n");
    let refused = "the organisation's policy does not allow document";
    check_refused(
        &rig,
        &["start", "i-0abc"],
        2,
        &[refused, "the account's default shell"],
    );
    check_refused(
        &rig,
        &["start", "i-0abc", "--forward", "0:80"],
        2,
        &[refused, "AWS-StartPortForwardingSession"],
    );
    check_refused(
        &rig,
        &["start", "i-0abc", "--", "id"],
        2,
        &[refused, "AWS-StartNonInteractiveCommand"],
    );
}

#[test]
fn a_flag_against_the_policy_and_a_broken_file_are_refused_with_their_place() {
    let fixed = rig("[policy.record]\ninput = 'off'\n");
    check_refused(
        &fixed,
        &["start", "i-0abc", "--record-input=all"],
        2,
        &[
            "flag --record-input: \"record.input\" is fixed to \"off\" by the organisation's policy, ",
            "organisation.toml:2:1",
        ],
    );
    let broken = rig("[policy.record]\ninptu = 'off'\n");
    for arguments in [
        &["start", "i-0abc"][..],
        &["list"],
        &["play", "x"],
        &["show", "x"],
        &["ssh-proxy", "i-0abc"],
    ] {
        check_refused(
            &broken,
            arguments,
            2,
            &[
                "organisation.toml:2:1: unknown setting \"policy.record.inptu\"",
                "did you mean \"input\"?",
            ],
        );
    }
}

#[test]
fn a_recording_that_should_be_sealed_or_signed_is_not_made_unsealed() {
    check_refused(
        &rig("[policy.record]\nencrypt_to = ['age1team']\n"),
        &["start", "i-0abc"],
        2,
        &["cannot encrypt the recording: \"age1team\" is no recipient"],
    );
    check_refused(
        &rig("[policy.record]\nsign_key = 'agent'\n"),
        &["start", "i-0abc"],
        120,
        &[
            "the recording could not be signed: there is no ssh-agent",
            "hint: start one: ",
        ],
    );
}

#[test]
fn the_policys_banner_is_shown_even_to_those_who_want_none() {
    let banner = "banner = \"Authorised use only.\\nAll of it is recorded.\"\n";
    let shown = "ssm-rec: Authorised use only.\nssm-rec: All of it is recorded.\n";
    for (section, arguments, expected) in [
        (
            "[policy.session]\n",
            &["start", "i-0abc", "--no-banner"][..],
            true,
        ),
        ("[session]\n", &["start", "i-0abc", "--no-banner"], false),
        ("[session]\n", &["start", "i-0abc"], true),
    ] {
        let run = rig(&format!("{section}{banner}")).run_with(arguments, b"exit\n");
        assert_eq!(run.status(), 0, "{}", run.err());
        assert_eq!(run.err().contains(shown), expected, "{}", run.err());
    }
}

#[test]
fn the_policys_store_takes_recordings_whatever_the_environment_says() {
    let rig = Rig::new(Options::quick());
    let (ours, path) = (
        rig.folder().join("ours"),
        rig.folder().join("organisation.toml"),
    );
    fs::write(&path, format!("[policy]\nstore = '{}'\n", ours.display())).unwrap();
    let rig = rig.env("SSM_REC_ORG_CONFIG", path.display().to_string());
    let run = rig.run_with(&["start", "i-0abc"], b"exit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(rig.files(&rig.store()).len(), 0);
    assert_eq!(rig.files(&ours.join("manifests")).len(), 1);
    assert!(rig.run(&["list"]).out().contains("i-0abc"));
    let elsewhere = rig.run(&["list", "--store", &rig.store().display().to_string()]);
    assert_eq!(
        (elsewhere.status(), elsewhere.out().contains("i-0abc")),
        (0, false),
        "a reader may look elsewhere"
    );
}

#[test]
fn under_the_aws_cli_a_session_against_the_policy_is_ended_at_the_service() {
    let rig = rig(RULES);
    let response =
        r#"{"SessionId":"me-0a1b","StreamUrl":"wss://localhost:1","TokenValue":"token"}"#;
    let request = r#"{"Target":"i-0abc"}"#;
    let endpoint = rig.service.endpoint();
    let run = rig.run(&[
        "plugin",
        response,
        "eu-central-1",
        "StartSession",
        "",
        request,
        &endpoint,
    ]);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(run.err().contains("wants a reason"), "{}", run.err());
    let calls = format!("{:?}", rig.service.calls());
    assert!(calls.contains("TerminateSession"), "{calls}");
}

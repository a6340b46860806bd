//! What a shell completes, asked as its script asks, and by a shell itself.
//!
//! No service and no bucket is asked for it.

use std::process::Command;

use loopback::{Node, Options};

use super::rig::Rig;

/// What is offered for the last of these words.
fn offered(rig: &Rig, words: &[&str]) -> Vec<String> {
    let words = [&["--", "ssm-rec"], words].concat();
    let mut command = rig.command(&words);
    command.env("SSM_REC_COMPLETE", "bash");
    command.env("_CLAP_COMPLETE_INDEX", (words.len() - 2).to_string());
    command.env("_CLAP_IFS", "\n");
    let output = command.output().unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A rig in which a person has used one node by its name and looked at all.
fn rig() -> Rig {
    let rig = Rig::new(Options::quick());
    rig.service.manage(vec![
        Node::named("i-0web", "web-1", "10.0.0.5"),
        Node::named("i-0db", "db-1", "10.0.0.6"),
        Node {
            computer_name: "evil\x1b[2J$(reboot)".to_owned(),
            ..Node::named("i-0evil", "x", "10.0.0.7")
        },
    ]);
    let run = rig.run(&["start", "web-1", "--", "true"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let mut pty = rig.terminal(&["start"]);
    pty.wait_until("all", |rows| rows[0].ends_with(" 3"));
    pty.type_keys("\x1b");
    assert_eq!(pty.wait(), 0);
    rig
}

#[test]
fn targets_sessions_profiles_regions_and_settings_are_completed_without_asking_anybody() {
    let rig = rig();
    let calls = rig.service.node_calls();
    assert_eq!(offered(&rig, &["start", "w"]), ["web-1"]);
    assert_eq!(offered(&rig, &["ssh-proxy", "i-0d"]), ["i-0db"]);
    assert_eq!(
        offered(&rig, &["start", "ip-10-0-0-6"]),
        ["ip-10-0-0-6.internal"]
    );
    assert_eq!(offered(&rig, &["start", "i-0e"]), ["i-0evil"]);
    assert!(offered(&rig, &["start", "evil"]).is_empty());
    let id = rig.manifest().session_id;
    assert_eq!(offered(&rig, &["show", &id[..4]]), [id.as_str()]);
    rig.file(
        "aws-config",
        "[default]\n[profile prod]\n[sso-session prox]\n",
    );
    assert_eq!(offered(&rig, &["start", "--profile", "pro"]), ["prod"]);
    assert_eq!(
        offered(&rig, &["start", "--region", "eu-central-"]),
        ["eu-central-1", "eu-central-2"]
    );
    assert_eq!(
        offered(&rig, &["config", "show", "upload.live"]),
        ["upload.live", "upload.live_interval"]
    );
    assert_eq!(offered(&rig, &["config", "show", "uplo"])[0], "upload");
    assert!(offered(&rig, &["st"]).contains(&"start".to_owned()));
    assert_eq!(offered(&rig, &["man", "st"]), ["start", "store"]);
    assert_eq!(
        (rig.service.node_calls(), rig.service.sessions().len()),
        (calls, 1)
    );
}

#[test]
fn bash_completes_by_the_script_that_is_printed() {
    let rig = rig();
    let script = rig.run(&["completions", "bash"]);
    assert_eq!(script.status(), 0, "{}", script.err());
    let file = rig.file("script", script.out());
    let folder = super::rig::program()
        .parent()
        .unwrap()
        .display()
        .to_string();
    let asked = format!(
        "PATH={folder}:$PATH; source {file}; COMP_WORDS=(ssm-rec start we); COMP_CWORD=2; COMP_TYPE=9; \
         $(complete -p ssm-rec | sed 's/.*-F \\([^ ]*\\) .*/\\1/') ssm-rec we start; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["-c", &asked])
        .env_clear()
        .envs(rig.environment())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        out.trim(),
        "web-1",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_shell_is_taught_to_ask_and_is_told_every_command() {
    let rig = Rig::new(Options::quick());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = rig.run(&["completions", shell]);
        assert_eq!((run.status(), run.err().as_str()), (0, ""), "{shell}");
        for word in ["ssm-rec", "SSM_REC_COMPLETE"] {
            assert!(run.out().contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(rig.run(&["completions", "tcsh"]).status(), 2);
    let commands = offered(&rig, &[""]);
    for command in [
        "start",
        "play",
        "export",
        "audit",
        "doctor",
        "sessions",
        "completions",
    ] {
        assert!(
            commands.contains(&command.to_owned()),
            "{command}: {commands:?}"
        );
    }
    assert!(offered(&rig, &["start", "--rea"]).contains(&"--reason".to_owned()));
}

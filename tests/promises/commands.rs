//! What was run in a session, told from its recording.
//!
//! Nothing here types faster than a shell reads: what is typed ahead has tests of its own in the machine.

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;

fn session(rig: &Rig, lines: &[&str]) {
    rig.shell(&["--reason", "ticket-42"], lines);
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn commands_are_told_in_order_with_what_is_not_known_left_out() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        &[
            "echo one; sleep 0.2",
            "cd /tmp",
            "printf '\\033]133;D;0\\a'; false",
        ],
    );
    let recording = rig.recording().display().to_string();
    let run = rig.run(&["commands", "--json", &recording]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let found = objects(&run.out());
    let texts: Vec<&str> = found
        .iter()
        .filter_map(|command| command["text"].as_str())
        .collect();
    assert_eq!(
        texts[1..],
        [
            "echo one; sleep 0.2",
            "cd /tmp",
            "printf '\\033]133;D;0\\a'; false",
            "exit"
        ]
    );
    // A mark that no prompt of this shell has is no status.
    assert!(
        found.iter().all(|command| command.get("exit").is_none()),
        "{found:#?}"
    );
    assert!(found[1]["end"].as_u64() >= found[1]["start"].as_u64().map(|start| start + 200));
    assert!(found.last().unwrap()["explained"].as_f64().unwrap() > 0.9);
    let table = rig.run(&["commands", &recording]);
    assert!(table.out().contains("cd /tmp"), "{}", table.out());
    assert!(table.err().contains("5 commands"), "{}", table.err());
    let csv = rig.run(&["commands", "--csv", &recording]).out();
    assert_eq!(csv.lines().count(), 6, "{csv}");
}

#[test]
fn what_a_host_says_of_a_directory_reaches_no_terminal_as_it_is() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        &["printf '\\033]7;file://h/%%1b%%5b2J%%0a\\a'", "true"],
    );
    let recording = rig.recording().display().to_string();
    for how in [
        &["commands"][..],
        &["commands", "--csv"],
        &["commands", "--json"],
    ] {
        let out = rig.run(&[how, &[&recording]].concat()).out();
        assert!(out.contains("[2J"), "{out}");
        assert!(!out.contains('\x1b'), "{how:?}: {out}");
    }
}

#[test]
fn what_is_no_recording_has_no_commands() {
    let rig = Rig::new(Options::quick());
    let path = rig.folder().join("x");
    std::fs::write(&path, "text\n").unwrap();
    let run = rig.run(&["commands", &path.display().to_string()]);
    assert_eq!(run.status(), 4, "{}", run.err());
    assert_eq!(rig.run(&["commands", "nosuch"]).status(), 5);
}

/// The profile for a whole account, typed as the agent types it.
const PROFILE: &str = include_str!("../../examples/aws/shell-profile.sh");

#[test]
fn the_shell_profile_of_an_account_tells_status_and_directory_in_bash_and_sh() {
    // Short enough for the document's field; 512 is not confirmed by a source.
    assert!(PROFILE.len() <= 512 && PROFILE.lines().count() == 1);
    for shell in [&["/bin/bash", "--norc", "--noprofile"][..], &["/bin/sh"]] {
        let rig = Rig::new(Options {
            shell: shell.iter().map(|&word| word.to_owned()).collect(),
            ..Options::quick()
        });
        // A name that a URL would have to escape.
        let folder = rig.folder().join("a%41 b");
        std::fs::create_dir(&folder).unwrap();
        let cd = format!("cd '{}'", folder.display());
        session(&rig, &[PROFILE.trim_end(), "false", &cd, "sh -c 'exit 7'"]);
        let found = objects(
            &rig.run(&["commands", "--json", &rig.recording().display().to_string()])
                .out(),
        );
        let found: Vec<_> = found
            .iter()
            .filter(|command| command.get("text").is_some())
            .collect();
        let told: Vec<_> = found[2..5]
            .iter()
            .map(|command| (&command["text"], &command["exit"], &command["source"]))
            .collect();
        let expected = [("false", 1), (cd.as_str(), 0), ("sh -c 'exit 7'", 7)];
        for (told, expected) in told.iter().zip(expected) {
            assert_eq!(
                (told.0, told.1),
                (&expected.0.into(), &expected.1.into()),
                "{shell:?}"
            );
            assert_eq!(told.2, "osc133", "{shell:?}");
        }
        assert_eq!(found[4]["cwd"], folder.to_str().unwrap(), "{shell:?}");
    }
}

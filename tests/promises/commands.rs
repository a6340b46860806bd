//! What was run in a session, told from its recording.
//!
//! Nothing here types faster than a shell reads: what is typed ahead has tests of its own in the machine.

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;

fn session(rig: &Rig, lines: &[&str]) {
    let mut pty = rig.terminal(&["start", "i-bash", "--reason", "ticket-42"]);
    pty.wait_for("$ ");
    for line in lines {
        pty.type_keys(format!("{line}\r"));
        pty.wait_for("$ ");
    }
    pty.type_keys("exit\r");
    assert_eq!(pty.wait(), 0);
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
        texts,
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
    assert!(found[0]["end"].as_u64() >= found[0]["start"].as_u64().map(|start| start + 200));
    assert!(found.last().unwrap()["explained"].as_f64().unwrap() > 0.9);
    let table = rig.run(&["commands", &recording]);
    assert!(table.out().contains("cd /tmp"), "{}", table.out());
    assert!(table.err().contains("4 commands"), "{}", table.err());
    let csv = rig.run(&["commands", "--csv", &recording]).out();
    assert_eq!(csv.lines().count(), 5, "{csv}");
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

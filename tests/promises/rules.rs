//! What rules find in a session: claimed by the client that recorded it, told again by whoever looks.
//!
//! Nothing here asks which rules there are; the examples beside each of them tell that.

use loopback::Options;
use serde_json::Value;

use super::rig::{Rig, Run};

const READER: &str = include_str!("../../formats/tests/golden/reader.txt");
const READER_PUBLIC: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";

fn objects(run: &Run) -> Vec<Value> {
    let text = run.out();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn rules(findings: &Value) -> Vec<&str> {
    let all = findings["findings"].as_array().unwrap();
    all.iter()
        .map(|finding| finding["rule"].as_str().unwrap())
        .collect()
}

#[test]
fn what_is_found_is_claimed_in_the_manifest_told_again_and_shown_everywhere() {
    let rig = Rig::new(Options::quick());
    let lines = [
        "echo 'unset HISTFILE'",
        "unset HISTFILE",
        "printf '%s\\n' '-----BEGIN EC PRIVATE KEY-----'",
    ];
    rig.shell(&["--reason", "ticket-42"], &lines);
    let manifest = serde_json::to_value(rig.manifest()).unwrap();
    assert_eq!(
        rules(&manifest["rules"]),
        ["history-off", "private-key-shown"]
    );
    assert_eq!(manifest["rules"]["findings"][0]["count"], 1);
    let id = rig.manifest().session_id;

    let check = rig.run(&["rules", "check", &id]);
    assert_eq!(check.status(), 1, "{}", check.err());
    let out = check.out();
    assert!(
        out.contains(&format!("{id}@0:00:0")) && out.contains("unset HISTFILE"),
        "{out}"
    );
    assert!(!check.err().contains("claims"), "{}", check.err());
    assert!(
        check.err().contains("less grave: unsigned"),
        "{}",
        check.err()
    );
    let found = objects(&rig.run(&["rules", "check", "--json", &id]));
    let set = found.last().unwrap();
    assert_eq!(set["set"], manifest["rules"]["set"]);
    assert_eq!(set["differences"], serde_json::json!([]));
    let play = found[0]["hits"][0]["play"].as_str().unwrap();
    assert!(
        found[0]["rule"] == "history-off" && play.starts_with(&format!("{id}@")),
        "{found:#?}"
    );
    let critical = rig.run(&["rules", "check", "--severity", "critical", &id]);
    assert_eq!((critical.status(), critical.out().as_str()), (0, ""));

    let listed = rig
        .run(&[
            "list",
            "--columns",
            "session,risk",
            "--where",
            "risk >= high",
        ])
        .out();
    assert!(listed.contains(&id) && listed.contains("high"), "{listed}");
    let none = rig.run(&["list", "--where", "risk = critical"]);
    assert!(!none.out().contains(&id), "{}", none.out());
    let shown = rig.run(&["show", &id]).out();
    assert!(
        shown.contains("high: history-off, ") && shown.contains("as the client claims"),
        "{shown}"
    );
    let shown = rig.run(&["show", "--rules", &id]).out();
    assert!(
        shown.contains("unsigned") && !shown.contains("claims"),
        "{shown}"
    );

    let commands = objects(&rig.run(&["commands", "--json", &id]));
    let flagged: Vec<&Value> = commands
        .iter()
        .filter(|command| command.get("risk").is_some())
        .collect();
    assert_eq!(flagged.len(), 1, "{commands:#?}");
    assert_eq!(flagged[0]["text"], "unset HISTFILE");
    assert_eq!(flagged[0]["rules"], serde_json::json!(["history-off"]));
    let table = rig.run(&["commands", &id]).out();
    assert!(table.contains("high (history-off)"), "{table}");
}

#[test]
fn of_a_sealed_recording_the_manifest_tells_nothing_that_was_shown() {
    let rig = Rig::new(Options::quick());
    let recipient = format!("--encrypt-to={READER_PUBLIC}");
    rig.shell(&[&recipient], &["history -c"]);
    let manifest = serde_json::to_value(rig.manifest()).unwrap();
    assert!(manifest["encryption"].is_object());
    assert_eq!(rules(&manifest["rules"]), ["no-ticket"]);
    let id = rig.manifest().session_id;
    assert_eq!(rig.run(&["rules", "check", &id]).status(), 6);
    let identity = rig.file("reader.txt", READER);
    let check = rig.run(&["rules", "check", "--identity", &identity, &id]);
    assert_eq!(check.status(), 1, "{}", check.err());
    assert!(check.out().contains("history-off"), "{}", check.out());
    assert!(!check.err().contains("claims"), "{}", check.err());
}

#[test]
fn the_organisations_rules_are_asked_and_nobody_switches_them_off() {
    let rig = Rig::new(Options::quick());
    let organisation = rig.file(
        "organisation.toml",
        "[[rule]]\nid = 'own-tool'\nseverity = 'critical'\nlooks_at = 'commands'\npattern = '^wipe-tenant '\nunless = '--dry-run'\n",
    );
    let person = rig.file(
        "person.toml",
        "[[rule]]\nid = 'own-tool'\non = false\n\n[[rule]]\nid = 'history-off'\non = false\n",
    );
    let rig = rig
        .env("SSM_REC_ORG_CONFIG", organisation)
        .env("SSM_REC_CONFIG", person);
    rig.shell(
        &["--reason", "ticket-42"],
        &["wipe-tenant 7", "wipe-tenant --dry-run 7", "history -c"],
    );
    let manifest = serde_json::to_value(rig.manifest()).unwrap();
    assert_eq!(rules(&manifest["rules"]), ["own-tool"]);
    assert_eq!(manifest["rules"]["findings"][0]["count"], 1);

    let listed = rig.run(&["rules", "list"]);
    let row = |id: &str| {
        let out = listed.out();
        out.lines()
            .find(|line| line.contains(id))
            .unwrap()
            .to_owned()
    };
    assert!(row("own-tool").contains(" on ") && row("own-tool").contains("organisation.toml:1:1"));
    assert!(
        row("history-off").contains(" off "),
        "{}",
        row("history-off")
    );
    let set = manifest["rules"]["set"].as_str().unwrap();
    assert!(listed.err().contains(set), "{}", listed.err());
    let objects = objects(&rig.run(&["rules", "list", "--json"]));
    assert_eq!(objects.last().unwrap()["set"], set);
    let shown = rig.run(&["config"]).out();
    assert!(
        shown.contains("[[rule]] id = \"own-tool\"") && shown.contains("overruled"),
        "{shown}"
    );
}

#[test]
fn a_rule_is_held_against_texts() {
    let rig = Rig::new(Options::quick());
    let test = |arguments: &[&str]| rig.run(&[&["rules", "test"], arguments].concat());
    let run = test(&["system-deleted", "sudo rm -rf /etc", "rm -rf /tmp/x"]);
    assert_eq!(run.out(), "hit   sudo rm -rf /etc\nmiss  rm -rf /tmp/x\n");
    assert_eq!(run.status(), 0);
    assert_eq!(test(&["system-deleted", "echo rm -rf /etc"]).status(), 1);
    let run = test(&["database-dropped", "--context", "psql", "drop table users;"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let examples = test(&["reverse-shell"]).out();
    assert!(
        examples.contains("hit ") && examples.contains("miss"),
        "{examples}"
    );
    let run = rig.run_with(&["rules", "test", "history-off", "-"], b"history -c\nls\n");
    assert_eq!(run.out(), "hit   history -c\nmiss  ls\n");
    let run = test(&["histroy-off", "x"]);
    assert_eq!(run.status(), 2);
    assert!(run.err().contains("history-off"), "{}", run.err());
    assert_eq!(test(&["cut-short", "x"]).status(), 2);
}

#[test]
fn what_is_no_recording_or_cut_is_told_as_such() {
    let rig = Rig::new(Options::quick());
    rig.shell(&["--reason", "ticket-42"], &["history -c"]);
    let whole = std::fs::read(rig.recording()).unwrap();
    let cut = rig.file("cut.cast.zst", &whole[..whole.len() - 9]);
    let run = rig.run(&["rules", "check", "--severity", "low", &cut]);
    assert_eq!(run.status(), 3, "{}", run.err());
    assert!(
        run.out().contains("history-off") && run.out().contains("cut-short"),
        "{}",
        run.out()
    );
    let text = rig.file("x", "text\n");
    assert_eq!(rig.run(&["rules", "check", &text]).status(), 4);
    assert_eq!(rig.run(&["rules", "check", "nosuch"]).status(), 5);
    let piped = rig.run_with(&["rules", "check", "-"], &whole);
    assert_eq!(piped.status(), 1, "{}", piped.err());
}

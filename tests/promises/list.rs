//! `ssm-rec list` and `ssm-rec show`: sessions found again.
//!
//! Nothing here looks into the store; it asks the program.

use loopback::Options;

use super::rig::Rig;

fn sessions(rig: &Rig) {
    for (target, reason) in [("i-0abc", "ticket-1"), ("i-0def", "ticket\u{202e}-2")] {
        let run = rig.run_with(
            &["start", target, "--reason", reason],
            format!("echo {target}\n").as_bytes(),
        );
        assert_eq!(run.status(), 0, "{}", run.err());
    }
}

fn ids(rig: &Rig, arguments: &[&str]) -> Vec<String> {
    let run = rig.run(&[&["list", "--json"], arguments].concat());
    assert_eq!(run.status(), 0, "{}", run.err());
    let lines = run.out();
    let values = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    values
        .map(|value| value["session_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn sessions_are_listed_newest_first_and_shown_by_the_beginning_of_their_id() {
    let rig = Rig::new(Options::quick());
    let nothing = rig.run(&["list"]);
    assert_eq!((nothing.status(), nothing.out().as_str()), (0, ""));
    assert!(nothing.err().contains("no recordings"), "{}", nothing.err());

    sessions(&rig);
    let all = ids(&rig, &[]);
    assert_eq!(all.len(), 2);
    let table = rig.run(&["list"]).out();
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(rows[0].starts_with("SESSION"));
    assert!(
        rows[1].starts_with(&all[0]) && rows[1].contains("i-0def"),
        "{table}"
    );
    assert!(
        rows[2].starts_with(&all[1]) && rows[2].contains("ticket-1"),
        "{table}"
    );
    assert!(
        !table.contains(['\x1b', '\u{202e}']),
        "a reason cannot drive the terminal"
    );
    let json = rig.run(&["list", "--json", "--target", "0def"]).out();
    assert!(json.contains(r"ticket\u202e-2"), "{json}");

    assert_eq!(ids(&rig, &["--target", "0abc"]), [all[1].clone()]);
    assert_eq!(ids(&rig, &["--limit", "1"]), [all[0].clone()]);
    assert_eq!(ids(&rig, &["--until", "1d"]), Vec::<String>::new());
    assert_eq!(ids(&rig, &["--since", "1h"]), all);

    let shown = rig.run(&["show", &all[1]]);
    assert_eq!(shown.status(), 0, "{}", shown.err());
    for text in [
        "state       complete",
        "target      i-0abc",
        "reason      ticket-1",
    ] {
        assert!(shown.out().contains(text), "{text:?} in\n{}", shown.out());
    }
    let played = rig.run(&["play", "--no-wait", "-q", &all[1][..all[1].len() - 1]]);
    if all[0][..all[1].len() - 1] != all[1][..all[1].len() - 1] {
        assert_eq!(played.status(), 0, "{}", played.err());
        assert!(played.out().contains("i-0abc"));
    }
    let json = rig.run(&["show", "--json", &all[1]]);
    let value: serde_json::Value = serde_json::from_str(&json.out()).unwrap();
    assert_eq!(value["state"], "complete");
    assert_eq!(value["manifest"]["session_id"], all[1].as_str());
    assert_eq!(value["header"]["ssm"]["target"], "i-0abc");
}

#[test]
fn an_id_that_could_be_several_names_them() {
    let rig = Rig::new(Options::quick());
    sessions(&rig);
    let all = ids(&rig, &[]);
    let same = all[0]
        .chars()
        .zip(all[1].chars())
        .take_while(|(left, right)| left == right)
        .count();
    if same == 0 {
        return;
    }
    let run = rig.run(&["show", &all[0][..same]]);
    assert_eq!(run.status(), 2, "{}", run.err());
    for id in &all {
        assert!(run.err().contains(id.as_str()), "{}", run.err());
    }
}

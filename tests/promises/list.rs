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

/// Sessions that differ: a shell in which something is run, and a single command that fails.
fn shell_and_command(rig: &Rig) {
    let run = rig.run_with(
        &["start", "i-0abc", "--reason", "ticket-1"],
        b"echo rm -rf nothing\n",
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    let run = rig.run(&["start", "i-0def", "--reason", "=1+1", "--", "false"]);
    assert_eq!(run.status(), 1, "{}", run.err());
}

#[test]
fn sessions_are_chosen_by_an_expression_and_by_flags_alike() {
    let rig = Rig::new(Options::quick());
    shell_and_command(&rig);
    let all = ids(&rig, &[]);
    let [command, shell] = &all[..] else {
        panic!("{all:?}");
    };
    for (arguments, expected) in [
        (
            &["--where", "reason = \"ticket-*\" and not kind = command"][..],
            shell,
        ),
        (&["--where", "target = i-0def or recovered"], command),
        (&["--where", "exit != 0"], command),
        (&["--where", "command ~ \"rm -rf\""], shell),
        (
            &["--where", "commands > 0 and since 1d", "--state", "stored"],
            shell,
        ),
        (&["--reason", "/^t.*-1$/"], shell),
        (&["--reason", "ticket-*"], shell),
        (&["--exit", "1", "--kind", "command"], command),
        (&["--document", "noninteractive"], command),
        (&["--where", "signed-by = nobody or target = i-0abc"], shell),
        (
            &["--target", "i-0*", "--where", "!(target = i-0abc)"],
            command,
        ),
    ] {
        assert_eq!(
            ids(&rig, arguments),
            std::slice::from_ref(expected),
            "{arguments:?}"
        );
    }
    assert_eq!(ids(&rig, &["--longer-than", "1h"]), Vec::<String>::new());
    assert_eq!(ids(&rig, &["--shorter-than", "1h"]), all);
    assert_eq!(ids(&rig, &["--region", "x"]), Vec::<String>::new());

    let verified = rig.run(&["verify", "--all", "--where", "command ~ \"rm -rf\""]);
    assert_eq!(verified.status(), 0, "{}", verified.err());
    assert!(
        verified.out().starts_with(shell.as_str()),
        "{}",
        verified.out()
    );
    assert_eq!(verified.out().lines().count(), 1, "{}", verified.out());
    // There are recordings, and none of them is asked for.
    for command in [&["list"][..], &["verify", "--all"]] {
        let run = rig.run(&[command, &["--region", "x"]].concat());
        assert_eq!(run.status(), 0);
        assert!(
            run.err().ends_with(" that are asked for\n"),
            "{}",
            run.err()
        );
    }
}

#[test]
fn a_session_that_does_not_tell_is_neither_shown_nor_passed_over_in_silence() {
    let rig = Rig::new(Options::quick());
    shell_and_command(&rig);
    for expression in ["exit = 0", "not exit = 0 and kind = shell"] {
        let run = rig.run(&["list", "--json", "--where", expression]);
        assert_eq!((run.status(), run.out().as_str()), (0, ""), "{expression}");
        let told = "1 session left out that does not tell what was asked for";
        assert!(run.err().contains(told), "{expression}: {}", run.err());
    }
}

#[test]
fn a_wrong_expression_is_one_line_and_a_usage_error() {
    let rig = Rig::new(Options::quick());
    for (arguments, words) in [
        (
            ["--where", "target = a and reson ~ x"],
            "--where: column 16: there is no \"reson\"; did you mean \"reason\"?",
        ),
        (
            ["--where", "reason = /(/"],
            "--where: column 10: this is no regular expression: unclosed group",
        ),
        (
            ["--where", "(target = a or kind = shell"],
            "--where: column 1: this parenthesis is not closed",
        ),
        (
            ["--reason", "/(/"],
            "--reason: \"/(/\" is no regular expression: unclosed group",
        ),
        (
            ["--kind", "shel"],
            "--kind: there is no kind of session \"shel\"; did you mean \"shell\"?",
        ),
    ] {
        for command in [&["list"][..], &["verify", "--all"]] {
            let run = rig.run(&[command, &arguments].concat());
            assert_eq!(run.status(), 2, "{arguments:?}");
            assert_eq!(run.err(), format!("ssm-rec: {words}\n"));
        }
    }
}

#[test]
fn a_list_has_the_order_and_the_columns_that_are_asked_for() {
    let rig = Rig::new(Options::quick());
    shell_and_command(&rig);
    let newest = ids(&rig, &[]);
    let oldest: Vec<String> = newest.iter().rev().cloned().collect();
    for (arguments, expected) in [
        (&["--sort", "-started"][..], &oldest),
        (&["--reverse"], &oldest),
        (&["--sort", "-started", "--reverse"], &newest),
        (&["--sort", "target"], &oldest),
        (&["--sort", "-target"], &newest),
        (&["--sort", "commands"], &oldest),
    ] {
        assert_eq!(&ids(&rig, arguments), expected, "{arguments:?}");
        let first = ids(&rig, &[arguments, &["-n1"]].concat());
        assert_eq!(first, expected[..1], "{arguments:?}");
    }
    let table = rig.run(&["list", "--columns", "kind,target"]).out();
    let words: Vec<&str> = table.split_whitespace().collect();
    let expected = ["KIND", "TARGET", "command", "i-0def", "shell", "i-0abc"];
    assert_eq!(words, expected);
    let csv = rig.run(&["list", "--csv", "--columns", "reason,exit,kind"]);
    let expected = "reason,exit,kind\r\n'=1+1,1,command\r\nticket-1,closed,shell\r\n";
    assert_eq!(csv.out(), expected);
    let run = rig.run(&["list", "--columns", "knd"]);
    assert_eq!(run.status(), 2);
    assert!(
        run.err().contains("did you mean \"kind\"?"),
        "{}",
        run.err()
    );

    let stats = rig.run(&["list", "--stats"]);
    assert!(stats.err().contains("2 files read"), "{}", stats.err());
}

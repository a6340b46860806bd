//! Tests of how README is read: its blocks, their commands, what is shown, and where each is run.
//!
//! Nothing here is README's own.

use super::blocks::{Command, Language, blocks, singles};
use super::places::{Place, place};
use super::shown::missing;

fn refused(text: &str) -> String {
    blocks(text).unwrap_err()
}

fn commands(text: &str) -> Vec<Command> {
    blocks(text).unwrap()[0].commands().unwrap()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_block_has_its_page_language_line_and_text() {
    let read = blocks("# x\n```text\na\n```\n## One\n- b\n\n  ```sh\n  c\n    d\n  ```\n").unwrap();
    let told = read
        .iter()
        .map(|block| (&block.page[..], block.language, block.line, &block.text[..]));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            ("", Language::Text, 2, "a\n"),
            ("One", Language::Sh, 8, "c\n  d\n")
        ]
    );
}

#[test]
fn a_block_that_nobody_would_run_is_none() {
    assert!(refused("```\nls\n```\n").contains("line 1: \"\" is no language"));
    assert!(refused("x\n```bash\nls\n```\n").contains("line 2: \"bash\""));
    assert!(refused("x\n\n    ls\n").contains("line 3: a block that is not fenced"));
    assert!(refused("~~~sh\nls\n~~~\n").contains("not fenced"));
    assert!(refused("```sh\nls\n").contains("without an end"));
    assert!(blocks("- a\n    goes on\n").unwrap().is_empty());
}

#[test]
fn commands_are_lines_without_comments_that_may_go_on() {
    let typed = commands("```sh\na 'b # c'  # d\n\n# e\nf \\\n    --g h \\\n    i\nj#k\n```\n");
    let typed: Vec<_> = typed
        .iter()
        .map(|command| (command.line, &command.text[..]))
        .collect();
    assert_eq!(typed, [(2, "a 'b # c'"), (5, "f --g h i"), (8, "j#k")]);
}

#[test]
fn what_a_console_shows_belongs_to_the_command_above_it() {
    let typed = commands("```console\n$ a\nb\n\n$ c\n```\n");
    assert_eq!(typed.len(), 2);
    assert_eq!(
        (&typed[0].text[..], &typed[0].shown[..]),
        ("a", &lines("b\n\n")[..])
    );
    assert!(typed[1].shown.is_empty());
    let block = blocks("```console\nb\n```\n").unwrap().remove(0);
    assert!(block.commands().unwrap_err().contains("nothing was typed"));
}

#[test]
fn a_line_is_run_where_all_of_its_commands_can_be() {
    let words = singles("A=1 a 'b | c' < d | e >> f && g").unwrap();
    assert_eq!(words, [vec!["a", "b | c"], vec!["e"], vec!["g"]]);
    assert!(singles("a $(b)").is_err() && singles("a 'b").is_err());
    assert_eq!(place("ssm-rec recover && ssm-rec upload"), Ok(Place::Here));
    assert_eq!(place("ssm-rec list > x"), Ok(Place::Here));
    assert_eq!(place("aws s3 ls | ssm-rec play -"), Ok(Place::Peers));
    assert_eq!(place("ssm-rec review --watch --exec x"), Ok(Place::Peers));
    for nowhere in [
        "ssm-recx",
        "rm -r x",
        "ssm-rec man start | man -l -",
        "systemctl start x && aws s3 ls",
    ] {
        assert!(place(nowhere).is_err(), "{nowhere}");
    }
}

#[test]
fn what_was_shown_is_what_is_said_but_for_numbers_ids_and_blanks() {
    let came = "a  0.5s, 12 kB\nsession ada-0b608160dc5f99fea on i-0abc ended\nlast";
    let missing = |said: &str| missing(&lines(said), &lines(came)).cloned();
    for said in [
        "a 2.5s, 3 kB",
        "…\nlast",
        "session ada-0d7734aaaa0123456 on i-0abc ended\n\nlast",
        "session …\nlast",
        "…s, … kB\nsession … on … ended",
        "… ended",
    ] {
        assert_eq!(missing(said), None, "{said}");
    }
    for (said, never) in [
        ("a 2s, 3 kB", "a 2s, 3 kB"),
        ("a 2.5s, 3 MB", "a 2.5s, 3 MB"),
        (
            "session ada-0d7734aaaa0123456 on i-0def ended",
            "session ada-0d7734aaaa0123456 on i-0def ended",
        ),
        ("last\na …", "a …"),
        ("session … on", "session … on"),
        ("… on … started", "… on … started"),
    ] {
        assert_eq!(missing(said).as_deref(), Some(never));
    }
}

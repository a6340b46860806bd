//! What the formats tell of the commands of one recording: whole, in part, with pauses cut and secrets replaced.
//!
//! Nothing here finds commands in odd sessions; that is compared where they are derived.

use std::time::Duration;

use formats::asciicast::Data;

use super::super::tests::{options, recording, run};
use super::super::{Format, Options, Patterns, Secrets};

const PROMPT: &str = "\x1b]7;file://h/srv/a%20b\x07\x1b[?2004h$ \x1b]133;B\x07";
const TAKEN: &str = "\x1b[?2004l\r\x1b]133;C\x07";

/// Times in milliseconds: a key before each command, and half a minute before the last one.
fn session() -> Vec<(u64, Data)> {
    let output = |text: String| Data::Output(text);
    let key = || Data::Input("x".into());
    vec![
        (100, output(format!("hello\r\n{PROMPT}"))),
        (1000, key()),
        (
            1100,
            output(format!("make <b>\r\n\x1b]633;E;make it\x07{TAKEN}")),
        ),
        (
            2000,
            output(format!("one\r\ntwo\r\n\x1b]133;D;2\x07{PROMPT}")),
        ),
        (30_000, key()),
        (
            30_100,
            output(format!(
                "echo *SECRET;1*\r\n\x1b]633;E;{}\x07{TAKEN}",
                r"echo *SEC\x52ET\x3b1*"
            )),
        ),
        (
            30_200,
            output(format!("*SECRET;1*\r\n\x1b]133;D;0\x07{PROMPT}")),
        ),
        (31_000, key()),
        (31_100, output(format!("exit\r\n{TAKEN}"))),
        (31_300, Data::Exit(0)),
    ]
}

fn exported(options: &Options) -> String {
    String::from_utf8(run(&recording(&session()), options).0).unwrap()
}

/// The objects that are no events.
fn objects(text: &str) -> Vec<serde_json::Value> {
    let values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    values
        .filter(|value: &serde_json::Value| {
            matches!(value["event"].as_str(), Some("command" | "commands"))
        })
        .collect()
}

/// All output in the file.
fn output(text: &str) -> String {
    let values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    values
        .filter(|value: &serde_json::Value| value["event"] == "output")
        .map(|value| value["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn md_tells_what_is_known_of_each_command_above_its_output() {
    let text = exported(&options(Format::Markdown));
    let (_, transcript) = text.split_once("## Transcript\n\n").unwrap();
    let (transcript, end) = transcript.split_once("## End").unwrap();
    assert_eq!(
        transcript,
        "```text\nhello\n```\n\n\
         ### 1. `make <b>`\n\nAt 1.1s (10:00:01 UTC) behind `$`, for 0.9s, exit status 2, in `/srv/a b`.\n\n\
         > Found by osc133, confidence 0.98.\n> Claimed besides, by osc633: text `make it`.\n\n\
         ```text\none\ntwo\n```\n\n\
         ### 2. `echo *SECRET;1*`\n\nAt 30.1s (10:00:30 UTC) behind `$`, for 0.1s, exit status 0, in `/srv/a b`.\n\n\
         ```text\n*SECRET;1*\n```\n\n\
         ### 3. `exit`\n\nAt 31.1s (10:00:31 UTC) behind `$`, for 0.2s, in `/srv/a b`.\n\n\
         > 31.3s (10:00:31 UTC): exit status 0\n\n"
    );
    assert!(end.contains("| Commands | 3 commands; "), "{end}");
}

#[test]
fn jsonl_has_the_commands_behind_all_events_and_their_bytes() {
    let text = exported(&options(Format::JsonLines));
    let kinds: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|value| value["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.len(), 1 + session().len() + 3 + 2);
    assert_eq!(
        kinds[11..],
        ["command", "command", "command", "commands", "end"]
    );
    let objects = objects(&text);
    assert_eq!(objects[0]["time"], 1.1);
    assert_eq!(objects[0]["start"], 1100);
    assert_eq!(objects[0]["text"], "make <b>");
    assert_eq!(objects[0]["exit"], 2);
    assert_eq!(objects[0]["claims"][0]["value"], "make it");
    assert_eq!(objects[3]["count"], 3);
    assert_eq!(objects[3]["cut"], false);
    assert!(objects[3]["explained"].as_f64().unwrap() > 0.8);
    let bytes = |n: usize| objects[0]["output"][n].as_u64().unwrap() as usize;
    let shown = &output(&text)[bytes(0)..bytes(1)];
    assert!(shown.contains("one\r\ntwo\r\n"), "{shown:?}");
}

#[test]
fn a_part_has_the_commands_that_begin_in_it_by_their_numbers_and_in_its_time() {
    let part = |format| Options {
        from: Duration::from_secs(20),
        to: Some(Duration::from_millis(31_000)),
        ..options(format)
    };
    let text = exported(&part(Format::JsonLines));
    let objects = objects(&text);
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["number"], 2);
    assert_eq!(objects[0]["time"], 10.1);
    assert_eq!(objects[0]["cwd"], "/srv/a b");
    let bytes = |n: usize| objects[0]["output"][n].as_u64().unwrap() as usize;
    let shown = &output(&text)[bytes(0)..bytes(1)];
    assert!(shown.contains("*SECRET;1*\r\n"), "{shown:?}");
    assert!(!shown.contains("echo"), "{shown:?}");
    let text = exported(&part(Format::Markdown));
    let (_, transcript) = text.split_once("## Transcript\n\n").unwrap();
    let (transcript, _) = transcript.split_once("## End").unwrap();
    assert_eq!(
        transcript,
        "```text\n$ make <b>\none\ntwo\n```\n\n\
         ### 2. `echo *SECRET;1*`\n\nAt 10.1s (10:00:30 UTC) behind `$`, for 0.1s, exit status 0, in `/srv/a b`.\n\n\
         ```text\n*SECRET;1*\n$\n```\n\n"
    );
}

#[test]
fn a_page_links_each_command_to_its_time_with_pauses_cut() {
    let page = exported(&Options {
        idle_time_limit: Some(Duration::from_secs(2)),
        ..options(Format::Html)
    });
    assert!(
        page.contains(
            "<tr><td>1</td><td><a href=\"#player\" data-at=\"1.100000\">1.1s</a></td><td>0.9s</td>\
             <td><span class=\"failed\">2</span></td><td>/srv/a b</td><td>make &lt;b&gt;\
             <div class=\"claim\">claimed besides, by osc633: text make it</div></td></tr>"
        ),
        "{}",
        &page[page.find("<table").unwrap()..][..2000]
    );
    // Half a minute less 26 seconds.
    assert!(page.contains(
        "<tr><td>2</td><td><a href=\"#player\" data-at=\"4.100000\">4.1s</a></td><td>0.1s</td>"
    ));
    assert!(page.contains("<p id=\"explained\">3 commands; "));
    assert_eq!(page.matches("onclick").count(), 0);
}

#[test]
fn what_is_replaced_does_not_come_back_with_the_commands() {
    for format in [
        Format::Markdown,
        Format::Html,
        Format::JsonLines,
        Format::Text,
    ] {
        let patterns = Patterns::new(&["SECRET;1".to_owned()], Secrets::None).unwrap();
        let text = exported(&Options {
            patterns: Some(patterns),
            ..options(format)
        });
        assert!(!text.contains("SECRET"), "{format:?}: {text}");
        if format != Format::Text {
            assert!(text.contains("echo **********"), "{format:?}: {text}");
        }
    }
}

//! Whole exports of one small recording, in every format.
//!
//! Nothing here looks into a format: a recording goes in, and what comes out is compared as a whole.

use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use formats::asciicast::{Data, Encoder, Header, Session, Term};
use formats::payload::Size;
use formats::recording::Ending;
use formats::sealed::NoKey;
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};

use super::{Format, Options, Report, export};

fn header() -> Header {
    Header {
        version: 3,
        term: Term {
            cols: 20,
            rows: 4,
            term_type: Some("xterm".into()),
            ..Term::default()
        },
        timestamp: Some(1_795_428_000),
        title: Some("i-0abc: </script><b>".into()),
        ssm: Some(Session {
            session_id: "me-0a1b".into(),
            target: "i-0abc".into(),
            reason: Some("ticket | <b>42</b>\n`x`".into()),
            started_at: Some("2026-11-23T10:00:00.500Z".into()),
            ..Session::default()
        }),
        ..Header::default()
    }
}

fn message(message_type: MessageType, payload_type: PayloadType, content: Content) -> Data {
    Data::Message(TeedMessage {
        message_type: Some(message_type),
        sequence_number: 7,
        payload_type,
        clock_ms: 3,
        length: match &content {
            Content::Here(payload) => payload.len(),
            _ => 2,
        },
        content,
    })
}

/// Times in milliseconds.
fn session() -> Vec<(u64, Data)> {
    let shown = |content| message(MessageType::OutputStreamData, PayloadType::OUTPUT, content);
    let output = |text: &str| Data::Output(text.into());
    vec![
        (
            0,
            message(
                MessageType::Acknowledge,
                PayloadType::NONE,
                Content::Here(Bytes::from_static(b"{}")),
            ),
        ),
        (500, shown(Content::Next)),
        (500, output("$ ")),
        (1000, Data::Input("ls\r".into())),
        (
            1200,
            shown(Content::Here(Bytes::from_static(b"ls\r\n\xff"))),
        ),
        (1200, output("ls\r\n\u{fffd}")),
        (1300, output("\r\x1b[Kone\r\ntwo </script> ```\r\n$ ")),
        (2000, Data::Marker("here </script>".into())),
        (2500, Data::Resize(Size { cols: 30, rows: 5 })),
        (3000, output("exit\r\n")),
        (3100, Data::Exit(3)),
    ]
}

pub(super) fn recording(events: &[(u64, Data)]) -> Vec<u8> {
    let (mut encoder, mut text) = (Encoder::default(), Vec::new());
    encoder.header(&header(), &mut text);
    for (at, data) in events {
        encoder.event(Duration::from_millis(*at), data, &mut text);
    }
    text
}

pub(super) fn options(format: Format) -> Options {
    Options {
        format,
        with_frames: false,
        from: Duration::ZERO,
        to: None,
        idle_time_limit: None,
        patterns: None,
    }
}

pub(super) fn run(text: &[u8], options: &Options) -> (Vec<u8>, Report) {
    let mut out = Vec::new();
    let report = export(|| Ok(text), &NoKey, &mut out, options).unwrap();
    (out, report)
}

fn exported(options: &Options) -> String {
    let (out, report) = run(&recording(&session()), options);
    assert_eq!(
        report.ending,
        Some(Ending::Complete).filter(|_| options.to.is_none())
    );
    assert_eq!(report.damage, None);
    String::from_utf8_lossy(&out).into_owned()
}

/// What follows the header line.
fn lines(text: &str) -> Vec<&str> {
    text.lines().skip(1).collect()
}

#[test]
fn raw_is_what_the_agent_sent() {
    let events = vec![
        session().remove(1),
        session().remove(2),
        session().remove(4),
        session().remove(5),
    ];
    let (out, _) = run(&recording(&events), &options(Format::Raw));
    assert_eq!(out, b"$ ls\r\n\xff");
    let cut = Options {
        from: Duration::from_secs(1),
        ..options(Format::Raw)
    };
    assert_eq!(run(&recording(&events), &cut).0, b"ls\r\n\xff");
    let cut = Options {
        to: Some(Duration::from_secs(1)),
        ..options(Format::Raw)
    };
    assert_eq!(run(&recording(&events), &cut).0, b"$ ");
}

#[test]
fn cast_is_for_players_and_with_frames_for_us() {
    let cast = exported(&options(Format::Cast));
    assert_eq!(
        lines(&cast),
        [
            r#"[0.500000, "o", "$ "]"#,
            r#"[0.500000, "i", "ls\r"]"#,
            "[0.200000, \"o\", \"ls\\r\\n\u{fffd}\"]",
            r#"[0.100000, "o", "\r\u001b[Kone\r\ntwo </script> ```\r\n$ "]"#,
            r#"[0.700000, "m", "here </script>"]"#,
            r#"[0.500000, "r", "30x5"]"#,
            r#"[0.500000, "o", "exit\r\n"]"#,
            r#"[0.100000, "x", "3"]"#,
        ]
    );
    let with_frames = Options {
        with_frames: true,
        ..options(Format::Cast)
    };
    assert_eq!(exported(&with_frames).as_bytes(), recording(&session()));
}

#[test]
fn cast_v2_has_times_since_the_start_and_no_exit() {
    let cast = exported(&options(Format::CastV2));
    assert_eq!(
        cast.lines().next().unwrap(),
        r#"{"version":2,"width":20,"height":4,"timestamp":1795428000,"title":"i-0abc: </script><b>","env":{"TERM":"xterm"}}"#
    );
    assert_eq!(lines(&cast)[0], r#"[0.500000, "o", "$ "]"#);
    assert_eq!(lines(&cast)[5], r#"[2.500000, "r", "30x5"]"#);
    assert_eq!(
        lines(&cast).last().unwrap(),
        &r#"[3.000000, "o", "exit\r\n"]"#
    );
}

#[test]
fn txt_is_what_stood_on_the_screen() {
    assert_eq!(
        exported(&options(Format::Text)),
        "$ ls\none\ntwo </script> ```\n$ exit\n"
    );
}

#[test]
fn jsonl_takes_messages_apart() {
    let text = exported(&options(Format::JsonLines));
    let values: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(values[0]["session"]["session_id"], "me-0a1b");
    assert_eq!(
        lines(&text)[0],
        r#"{"event":"message","time":0.000000,"message_type":"acknowledge","sequence_number":7,"payload_type":0,"payload_name":"none","clock":"2026-11-23T10:00:00.503Z","length":2,"content":"here","text":"{}"}"#
    );
    assert_eq!(values[2]["content"], "next");
    assert_eq!(values[5]["base64"], "bHMNCv8=");
    assert_eq!(values[6]["text"], "ls\r\n\u{fffd}");
    assert_eq!(values.last().unwrap()["complete"], true);
}

#[test]
fn html_holds_the_recording_and_nothing_of_it_is_markup() {
    let page = exported(&options(Format::Html));
    let (_, rest) = page.split_once("id=\"recording\">").unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    let data = base64::engine::general_purpose::STANDARD
        .decode(data)
        .unwrap();
    assert_eq!(
        String::from_utf8(data).unwrap(),
        exported(&options(Format::Cast))
    );
    assert!(page.contains("<dd>ticket | &lt;b&gt;42&lt;/b&gt; `x`</dd>"));
    assert_eq!(page.matches("<b>").count(), 0);
    // The data, the player and what starts it.
    assert_eq!(page.matches("</script>").count(), 3);
}

#[test]
fn md_is_a_transcript_by_commands() {
    let mut events = session();
    events.insert(9, (2900, Data::Input("exit\r".into())));
    let (out, _) = run(&recording(&events), &options(Format::Markdown));
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "# Session me-0a1b\n\n| | |\n| --- | --- |\n| Session | me-0a1b |\n| Target | i-0abc |\n\
         | Reason | ticket \\| \\<b\\>42\\</b\\> \\`x\\` |\n| Started | 2026-11-23T10:00:00.500Z |\n\
         | Terminal | 20 x 4 |\n\n## Transcript\n\n\
         ### 1. `ls`\n\nAt 1.2s (10:00:01 UTC) behind `$`, for 0.1s.\n\n\
         ````text\none\ntwo </script> ```\n````\n\n\
         > 2.0s (10:00:02 UTC): marker `here </script>`\n\n\
         ### 2. `exit`\n\nAt 3.0s (10:00:03 UTC) behind `$`, for 0.1s.\n\n\
         > 3.1s (10:00:03 UTC): exit status 3\n\n\
         ## End\n\n| | |\n| --- | --- |\n| Length | 3.1s |\n\
         | Commands | 2 commands; 95 % of the output is explained by them and their prompts |\n"
    );
}

#[test]
fn a_cut_begins_with_the_screen_as_it_stood() {
    let cut = Options {
        from: Duration::from_millis(2700),
        to: Some(Duration::from_millis(3050)),
        ..options(Format::Cast)
    };
    let cast = exported(&cut);
    assert!(cast.contains(r#""cols":30,"rows":5"#), "{cast}");
    assert!(
        cast.contains(r#""started_at":"2026-11-23T10:00:03.200Z""#),
        "{cast}"
    );
    assert_eq!(lines(&cast).len(), 2);
    assert_eq!(lines(&cast)[1], r#"[0.300000, "o", "exit\r\n"]"#);
    let text = Options {
        format: Format::Text,
        ..cut
    };
    assert_eq!(exported(&text), "$ ls\none\ntwo </script> ```\n$ exit\n");
    let beyond = Options {
        from: Duration::from_secs(100),
        ..options(Format::Text)
    };
    assert_eq!(exported(&beyond), "$ ls\none\ntwo </script> ```\n$ exit\n");
}

#[test]
fn what_is_there_of_a_damaged_recording_is_exported() {
    let mut text = recording(&session()[..3]);
    text.extend_from_slice(b"[1, \"o\"]\n[1, \"o\", \"lost\"]\n");
    let (out, report) = run(&text, &options(Format::Text));
    assert_eq!(out, b"$\n");
    assert!(report.damage.unwrap().starts_with("line 5"));
    text.truncate(text.len() - 30);
    let (out, report) = run(&text, &options(Format::JsonLines));
    assert!(
        matches!(report.ending, Some(Ending::Cut { .. })),
        "{report:?}"
    );
    assert!(
        String::from_utf8(out)
            .unwrap()
            .ends_with("\"complete\":false}\n")
    );
}

/// What the text is exported as, by a header that is not ours.
fn exported_as(format: Format, header: &str, lines: &str) -> String {
    let (out, _) = run(format!("{header}\n{lines}").as_bytes(), &options(format));
    String::from_utf8(out).unwrap()
}

const SHELL: &str = r#"{"version":2,"width":20,"height":6}"#;

#[test]
fn text_that_leaves_the_screen_is_in_every_text() {
    for leaves in [
        r#"[1, "o", "\u001b[H\u001b[J"]"#,
        r#"[1, "o", "\u001b[6;20H\u001b[1J\u001b[H"]"#,
        r#"[1, "o", "\u001b[H\u001b[K\n\u001b[K\n\u001b[K\n\u001b[K\u001b[H"]"#,
        r#"[1, "r", "20x2"]"#,
        r#"[1, "r", "4x6"]"#,
        r#"[1, "o", "\u001b[?1049hx"]
[2, "r", "20x1"]
[3, "o", "\u001b[?1049l"]"#,
    ] {
        let lines = format!(
            r#"[0, "o", "$ "]
[0, "o", "make\r\n"]
[0, "o", "one\r\ntwo\r\nthree\r\n$ "]
{leaves}
[4, "o", "$ "]
"#
        );
        for format in [Format::Text, Format::Markdown] {
            let text = exported_as(format, SHELL, &lines);
            for word in ["one", "two", "three"] {
                let found = text.lines().filter(|line| *line == word).count();
                assert_eq!(found, 1, "{word} {format:?} {leaves}: {text}");
            }
        }
        let page = exported_as(Format::Html, SHELL, &lines);
        assert!(page.contains("id=\"recording\">"));
    }
}

#[test]
fn line_feeds_of_a_command_without_a_terminal_begin_lines() {
    let request = r#"{\"AgentVersion\":\"3.3\",\"RequestedClientActions\":[{\"ActionType\":\"SessionType\",\"ActionParameters\":{\"SessionType\":\"NonInteractiveCommands\"}}]}"#;
    let handshake = format!(
        r#"[0, "f", "output_stream_data 0 5 +0 {} text:{request}"]"#,
        request.replace('\\', "").len()
    );
    let named = r#"{"version":3,"term":{"cols":20,"rows":4},"ssm":{"session_id":"a","target":"b","document":"AWS-StartNonInteractiveCommand"}}"#;
    let other = named.replace("AWS-StartNonInteractiveCommand", "Ours");
    let nowhere = r#"{"version":2,"width":0,"height":0}"#.to_owned();
    for (header, before) in [
        (named.to_owned(), ""),
        (other.clone(), handshake.as_str()),
        (nowhere, ""),
    ] {
        let lines = format!("{before}\n[0, \"o\", \"one\\ntwo\\n\"]\n[0, \"o\", \"three\\n\"]\n");
        let text = exported_as(Format::Text, &header, &lines);
        assert_eq!(text, "one\ntwo\nthree\n", "{header}");
        let text = exported_as(Format::Markdown, &header, &lines);
        assert!(text.contains("\none\ntwo\nthree\n"), "{text}");
        let text = exported_as(Format::CastV2, &header, &lines);
        assert!(text.contains(r#""one\r\ntwo\r\n""#), "{text}");
        let text = exported_as(Format::JsonLines, &header, &lines);
        assert!(text.contains(r#""one\ntwo\n""#), "{text}");
    }
    let lines = "[0, \"o\", \"one\\ntwo\\n\"]\n";
    assert_eq!(exported_as(Format::Text, &other, lines), "one\n   two\n");
}

#[test]
fn a_page_without_events_has_one_and_says_so() {
    for header in [SHELL, r#"{"version":2,"width":0,"height":0}"#] {
        let page = exported_as(Format::Html, header, "");
        let (_, rest) = page.split_once("id=\"recording\">").unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        let data = base64::engine::general_purpose::STANDARD
            .decode(data)
            .unwrap();
        let data = String::from_utf8(data).unwrap();
        assert_eq!(lines(&data), [r#"[0.000000, "o", ""]"#]);
        assert!(!data.contains("\"cols\":0"), "{data}");
        assert!(page.contains("the recording has no events"));
    }
    assert!(!exported(&options(Format::Html)).contains("no events"));
}

#[test]
fn pauses_are_cut_and_a_keepalive_does_not_stretch_them() {
    let mut events = vec![(500, Data::Output("a".into()))];
    events.extend((1..10).map(|n| {
        let keepalive = message(
            MessageType::Acknowledge,
            PayloadType::NONE,
            Content::Here(Bytes::from_static(b"{}")),
        );
        (n * 1000, keepalive)
    }));
    events.extend([
        (10_000, Data::Output("b".into())),
        (10_100, Data::Marker("m".into())),
        (20_000, Data::Exit(0)),
    ]);
    for (format, expected) in [
        (
            Format::Cast,
            [
                r#"[0.500000, "o", "a"]"#,
                r#"[1.000000, "o", "b"]"#,
                r#"[0.100000, "m", "m"]"#,
            ],
        ),
        (
            Format::CastV2,
            [
                r#"[0.500000, "o", "a"]"#,
                r#"[1.500000, "o", "b"]"#,
                r#"[1.600000, "m", "m"]"#,
            ],
        ),
    ] {
        let options = Options {
            idle_time_limit: Some(Duration::from_secs(1)),
            ..options(format)
        };
        let (out, _) = run(&recording(&events), &options);
        let out = String::from_utf8(out).unwrap();
        assert_eq!(lines(&out)[..3], expected);
    }
}

#[test]
fn who_asks_for_too_much_work_is_told_that_it_was_not_all_done() {
    let clears = |times: usize| {
        let text = "x\\u001b[2J".repeat(100);
        (0..times)
            .map(|_| format!("[0, \"o\", \"{text}\"]\n"))
            .collect::<String>()
    };
    for (times, is_exhausted) in [(1, false), (200, true)] {
        let header = r#"{"version":2,"width":400,"height":100}"#;
        let cast = format!("{header}\n{}", clears(times));
        for format in [Format::Text, Format::Markdown] {
            let (_, report) = run(cast.as_bytes(), &options(format));
            assert_eq!(report.is_exhausted, is_exhausted, "{format:?}");
        }
    }
}

//! The same session with and without an emulator for its plain lines.
//!
//! Nothing here may differ.

use std::time::Duration;

use formats::asciicast::{Data, Header, Session};
use formats::derived::Line;
use formats::payload::{Acknowledge, Size};
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};
use proptest::prelude::*;
use uuid::Uuid;

use super::Rolling;
use crate::transcript::deriver::{Deriver, Ending};

fn derived(events: &[(u64, Data)], size: Size, flows: bool) -> (Vec<Line>, Ending, usize) {
    let mut header = Header {
        ssm: Some(Session::default()),
        ..Header::default()
    };
    (header.term.cols, header.term.rows) = (size.cols, size.rows);
    let mut deriver = Deriver::new(&header);
    deriver.flows = flows;
    let (mut lines, mut at) = (Vec::new(), 0);
    for (after, data) in events {
        at += after;
        deriver.event(Duration::from_millis(at), data);
        lines.extend(deriver.take());
    }
    let flowed = deriver.flowed;
    (lines, deriver.finish(), flowed)
}

fn check(events: &[(u64, Data)], size: Size) -> usize {
    let (lines, ending, flowed) = derived(events, size, true);
    let (plain_lines, plain_ending, none) = derived(events, size, false);
    // All of them would be more than anybody reads.
    let same = lines.iter().zip(&plain_lines).take_while(|(a, b)| a == b);
    let same = same.count();
    assert_eq!(lines.get(same), plain_lines.get(same), "line {same}");
    assert_eq!(ending, plain_ending);
    assert_eq!(none, 0);
    flowed
}

fn output(text: &str) -> Data {
    Data::Output(text.to_owned())
}

#[test]
fn a_long_output_needs_no_emulator_and_says_the_same() {
    let size = Size { cols: 80, rows: 24 };
    let lines: String = (0..9000).map(|n| format!("line {n}\r\n")).collect();
    let mut events: Vec<_> = lines
        .as_bytes()
        .chunks(1024)
        .map(|chunk| (1, output(std::str::from_utf8(chunk).unwrap())))
        .collect();
    events.push((5, output("$ ")));
    // Also where a message ends within a line end.
    assert!(check(&events, size) > lines.len() - 20_000);
}

/// A message of the agent, or of the client as the agent acknowledges it.
fn message(message_type: MessageType, payload_type: PayloadType, payload: Vec<u8>) -> Data {
    Data::Message(TeedMessage {
        message_type: Some(message_type),
        sequence_number: 0,
        payload_type,
        clock_ms: 0,
        length: payload.len(),
        content: Content::Here(payload.into()),
    })
}

#[test]
fn what_the_client_answers_by_itself_and_a_line_long_gone_keep_nothing_back() {
    let acknowledged = |sequence_number: i64| {
        let payload = serde_json::to_vec(&Acknowledge {
            message_type: MessageType::InputStreamData.as_str().to_owned(),
            message_id: Uuid::nil(),
            sequence_number,
            is_sequential: true,
        });
        message(
            MessageType::Acknowledge,
            PayloadType::NONE,
            payload.unwrap(),
        )
    };
    let size = Size { cols: 80, rows: 24 };
    let lines: String = (0..50_000).map(|n| format!("line {n}\r\n")).collect();
    let handshake = [
        (
            1,
            message(
                MessageType::OutputStreamData,
                PayloadType::HANDSHAKE_COMPLETE,
                b"{}".to_vec(),
            ),
        ),
        (1, acknowledged(1)),
        (1, output(&lines)),
    ];
    assert!(check(&handshake, size) > lines.len() - 10_000);
    let typed = [
        (1, output("$ ")),
        (500, acknowledged(1)),
        (1, output("x")),
        (3000, output(&lines)),
    ];
    assert!(check(&typed, size) > lines.len() - 100_000);
}

/// How many bytes went to the emulator, and how often it was left alone, when so much of a text was shown.
fn work(text: &str, size: Size) -> (usize, usize) {
    let mut rolling = Rolling::new(size);
    for _ in 0..(1 << 20) / text.len() {
        rolling.feed(text);
        rolling.take();
    }
    rolling.work
}

#[test]
fn megabytes_of_plain_output_go_by_without_an_emulator() {
    let size = Size { cols: 80, rows: 24 };
    for text in ["x\r\n", "word "] {
        let (shown, times) = work(&text.repeat(1000), size);
        assert!(shown < 64 * 1024 && times == 1, "{text:?}: {shown} {times}");
    }
}

#[test]
fn blanks_that_were_not_sent_come_to_an_end() {
    let size = Size { cols: 80, rows: 24 };
    for (line, is_exhausted) in [("x\n", true), ("        x\r\n", false)] {
        let mut rolling = Rolling::new(size);
        let text = line.repeat(16 * 1024 / line.len());
        let mut bytes = 0;
        for _ in 0..200 {
            rolling.feed(&text);
            bytes += rolling.take().iter().map(String::len).sum::<usize>();
        }
        assert_eq!(rolling.is_exhausted(), is_exhausted, "{line:?}");
        // A staircase of them is forty bytes a line.
        assert!(bytes < 10 * 200 * text.len(), "{line:?}: {bytes}");
    }
}

#[test]
fn the_screen_is_not_copied_again_and_again() {
    for (cols, rows) in [(80, 24), (1000, 50)] {
        for line in ["x\n", "x\r", "x\x07\r\n", "\x1b[1m"] {
            let text = "word \r\n".repeat(600) + &line.repeat(20);
            let (_, times) = work(&text, Size { cols, rows });
            let cells = usize::from(cols) * usize::from(rows);
            assert!(
                times * cells <= (2 << 20) + cells,
                "{cols}x{rows} {line:?}: {times}"
            );
        }
    }
}

/// What leaves a screen that is fed these, what stands on it at the end, and where the cursor is.
fn left(texts: &[String], size: Size, flows: bool) -> (Vec<String>, (Vec<String>, usize, usize)) {
    let mut rolling = Rolling::new(size);
    rolling.flows = flows;
    let mut lines = Vec::new();
    for text in texts {
        rolling.feed(text);
        lines.extend(rolling.take());
    }
    let (screen, leaving) = rolling.screen();
    let cursor = screen.cursor();
    let stands = (screen.screen().text(), cursor.row, cursor.col);
    leaving.flush(screen, screen.size().1);
    lines.extend(rolling.take());
    (lines, stands)
}

fn texts() -> impl Strategy<Value = String> {
    let lines = ("[ -~]{0,45}", 1..400usize)
        .prop_map(|(line, times)| (0..times).map(|n| format!("{n} {line}\r\n")).collect());
    let cut = lines.clone().prop_map(|mut lines: String| {
        lines.pop();
        lines
    });
    let rest = lines.clone().prop_map(|lines: String| format!("\n{lines}"));
    let coloured = (0..300usize).prop_map(|times| "\x1b[3;7mx y\x1b[32mz\x1b[m\r\n".repeat(times));
    let other = prop::sample::select(vec![
        "\x1b[2;4r",
        "\x1b[r",
        "\x1b[3;3H",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b[4h",
        "\x1b]0;t\x07",
        "\x1b[",
        "\x1b[2J",
        "\x1bc",
        "\x1b[?6h",
        "\x0e",
        "\x0f",
        "\x1b(0",
        "\x1b(B",
        "\n",
        "\x1bM",
        "\x1b[?2004h",
        "\x1b[?2004l",
        "\x1b]133;B\x07",
        "é語\t",
        "$ ",
    ])
    .prop_map(str::to_owned);
    let endless = ("[ -~]{1,20}", 1..600usize).prop_map(|(word, times)| word.repeat(times));
    let stairs =
        ("[ -~]{1,33}", 1..900usize).prop_map(|(word, times)| format!("{word}\n").repeat(times));
    let bare = (1..900usize).prop_map(|times| "x y z\n\ra\r".repeat(times));
    prop_oneof![3 => lines, 2 => cut, 2 => rest, 1 => coloured, 2 => endless, 1 => bare, 2 => stairs, 2 => other]
}

fn events() -> impl Strategy<Value = Vec<(u64, Data)>> {
    let event = prop_oneof![
        8 => texts().prop_map(Data::Output),
        1 => "[a-z\r]{1,3}".prop_map(Data::Input),
        1 => (1..50u16, 1..9u16).prop_map(|(cols, rows)| Data::Resize(Size { cols, rows })),
    ];
    prop::collection::vec((prop::sample::select(vec![0u64, 1, 40, 150]), event), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_tells_whether_there_was_an_emulator(events in events()) {
        check(&events, Size { cols: 30, rows: 6 });
    }

    #[test]
    fn what_leaves_and_what_stays_is_the_same(texts in prop::collection::vec(texts(), 1..25)) {
        let size = Size { cols: 30, rows: 6 };
        let (lines, screen) = left(&texts, size, true);
        let (expected, expected_screen) = left(&texts, size, false);
        prop_assert_eq!(lines, expected);
        prop_assert_eq!(screen, expected_screen);
    }
}

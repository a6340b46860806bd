//! The same session with and without an emulator for its plain lines.
//!
//! Nothing here may differ.

use std::time::Duration;

use formats::asciicast::{Data, Header, Session};
use formats::derived::Line;
use formats::payload::Size;
use proptest::prelude::*;

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
    assert!(check(&events, size) > lines.len() / 2);
}

fn texts() -> impl Strategy<Value = String> {
    let lines = ("[ -~]{0,45}", 1..400usize)
        .prop_map(|(line, times)| (0..times).map(|n| format!("{n} {line}\r\n")).collect());
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
    prop_oneof![3 => lines, 1 => coloured, 2 => other]
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
}

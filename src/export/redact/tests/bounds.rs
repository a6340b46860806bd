//! Secrets longer than anybody expects, and screens wider than anybody has.
//!
//! Nothing here is slow: what is bounded is told by numbers.

use std::time::Duration;

use formats::asciicast::{Data, Event, Header, Term};
use proptest::prelude::*;

use super::super::look::Look;
use super::super::{Patterns, Secrets};
use super::{Format, KEY, header, recording, redact};
use crate::screen::Size;

#[test]
fn one_secret_of_any_length_is_replaced_wherever_it_stands() {
    let alphabet = "Aa0Bb1Cc2Dd3Ee4Ff5Gg6Hh7Ii8Jj9Kk";
    for length in [8, 50, 110, 120, 121, 1000, 6000] {
        let secret: String = (0..length)
            .map(|n: usize| alphabet.as_bytes()[(n * n * 5 + n / 7) % 32] as char)
            .collect();
        let data = [
            Data::Marker(format!("seen {secret}")),
            Data::Output(format!("{secret}\r\n")),
            Data::Output(format!("API_KEY={secret}\r\n")),
        ];
        for format in [Format::Cast, Format::Text, Format::Html] {
            let (out, report) = redact(&recording(&header(), &data), format, &[]);
            assert!(!out.contains(&secret[..8]), "{length} {format:?}");
            assert!(report.replaced.unwrap().output > 0);
        }
    }
}

#[test]
fn what_is_kept_above_a_wide_screen_is_bounded_by_cells() {
    for cols in [1, 80, 1000, 10_000] {
        let rows = super::super::shown::scrollback(Size { cols, rows: 50 });
        assert!((4..=400).contains(&rows));
        assert!(usize::from(cols) * rows <= 160_000);
    }
    // And a secret that scrolls by on one is found all the same, after a change of size as well.
    let wide = Header {
        term: Term {
            cols: 10_000,
            rows: 6,
            ..Term::default()
        },
        ..header()
    };
    let line = format!("{} {KEY} {}", "x".repeat(4000), "y z ".repeat(60_000));
    for first in [
        Size {
            cols: 10_000,
            rows: 6,
        },
        Size { cols: 20, rows: 6 },
    ] {
        let data = [
            Data::Resize(first),
            Data::Output("before\r\n".into()),
            Data::Resize(Size {
                cols: 9000,
                rows: 5,
            }),
            Data::Output(line.clone()),
        ];
        let (out, _) = redact(&recording(&wide, &data), Format::Cast, &[]);
        assert!(!out.contains("AKIAIOSF"));
    }
}

/// How many bytes are looked at for a recording of so many of these events.
fn looked_at(count: usize, data: impl Fn(usize) -> Data) -> usize {
    let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
    let mut look = Look::new(Size { cols: 80, rows: 24 });
    for number in 0..count {
        let event = Event {
            at: Duration::ZERO,
            data: data(number),
        };
        look.event(&event, &mut patterns);
    }
    look.finish(&mut patterns);
    patterns.looked_at
}

#[test]
fn what_is_typed_is_not_looked_at_again_with_every_line_and_every_key_taken_back() {
    for count in [20_000, 40_000] {
        let lines = looked_at(count, |number| Data::Input(format!("{number}\r")));
        assert!(lines < (8 << 20) + 1024 * count, "{lines}");
        let keys = looked_at(count, |number| Data::Input(format!("{}\x7f", number % 100)));
        assert!(keys < (8 << 20) + 1024 * count, "{keys}");
    }
}

#[test]
fn a_typed_secret_that_is_taken_back_at_once_is_found_after_many_lines() {
    let secret = "password=x7k2p9q4m1";
    let lines = (0..600).map(|number| format!("{number} is a line that was typed\r"));
    let keys = secret.chars().map(String::from);
    let back = (0..secret.len()).map(|_| "\x7f".to_owned());
    let data: Vec<_> = lines.chain(keys).chain(back).map(Data::Input).collect();
    let (out, report) = redact(&recording(&header(), &data), Format::JsonLines, &[]);
    assert_eq!(out.matches("\"text\":\"*\"").count(), 10);
    assert!(report.replaced.unwrap().input > 0);
}

#[test]
fn what_is_shown_is_looked_at_a_few_times_and_once_where_it_repeats_itself() {
    let other = looked_at(2000, |number| {
        Data::Output(format!("{number} is another line each time\r\n"))
    });
    assert!(other < 4 * 2000 * 40, "{other}");
    let same = looked_at(200_000, |_| Data::Output("the same line\r\n".into()));
    assert!(same < 1 << 20, "{same}");
    let endless = looked_at(200_000, |_| Data::Output("password=x7k2p9q4m1 ".into()));
    assert!(endless < 2 << 20, "{endless}");
}

#[test]
fn a_line_that_fills_a_wide_screen_is_not_looked_at_for_each_character_drawn_in_it() {
    let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
    let size = Size {
        cols: 2000,
        rows: 50,
    };
    let mut look = Look::new(size);
    let mut draw = |text: String| {
        let event = Event {
            at: Duration::ZERO,
            data: Data::Output(text),
        };
        look.event(&event, &mut patterns);
    };
    draw("x".repeat(2000 * 50));
    for number in 0..4000 {
        draw(format!("\x1b[25;9H{number}"));
    }
    // Each one would be 100,000 bytes.
    assert!(patterns.looked_at < 60 << 20, "{}", patterns.looked_at);
}

#[test]
fn a_line_that_grows_between_erasures_is_looked_at_as_far_as_its_characters_pay_for() {
    let mut patterns = Patterns::new([""; 0], Secrets::Strict).unwrap();
    let mut look = Look::new(Size {
        cols: 1000,
        rows: 500,
    });
    let count = 16 * 1024;
    let event = Event {
        at: Duration::ZERO,
        data: Data::Output("-\x1b[J".repeat(count)),
    };
    look.event(&event, &mut patterns);
    look.finish(&mut patterns);
    // After each it would be 134 MB.
    assert!(
        patterns.looked_at < (2 << 20) + 200 * count,
        "{}",
        patterns.looked_at
    );
}

#[test]
fn of_a_wide_screen_the_columns_that_hold_something_are_read_and_no_others() {
    let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
    let mut look = Look::new(Size { cols: 80, rows: 24 });
    let data = [
        Data::Resize(Size {
            cols: 10_000,
            rows: 50,
        }),
        Data::Output("\x1b[H\tH\tH\r\nx\x1b[3;9Hdrawn\x1b[K\x1b[2Jx\r\n".repeat(100)),
    ];
    for data in data {
        let at = Duration::ZERO;
        look.event(&Event { at, data }, &mut patterns);
    }
    assert_eq!(look.reach(), (18, 17));
}

/// Whatever moves text about, on a screen of few columns and another one.
const MOVES: [&str; 30] = [
    "x",
    "secret",
    "漢",
    "e\u{301}",
    "\t",
    "\r\n",
    "\r",
    "\n",
    "\u{8}",
    "\x1b[2J",
    "\x1b[K",
    "\x1b[1K",
    "\x1b[H",
    "\x1b[3;15H",
    "\x1b[15C",
    "\x1b[7@",
    "\x1b[3P",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[9b",
    "\x1b[2L",
    "\x1bM",
    "\x1b#8",
    "\x1b7",
    "\x1b8",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1bc",
];

proptest! {
    #[test]
    fn what_is_not_read_of_wide_rows_is_blank(
        moves in proptest::collection::vec((0_usize..40, 1_u16..40, 1_u16..6), 0..60),
    ) {
        let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
        let mut look = Look::new(Size { cols: 30, rows: 4 });
        for (at, cols, rows) in moves {
            let data = match MOVES.get(at) {
                Some(output) => Data::Output((*output).to_owned()),
                None => Data::Resize(Size { cols, rows }),
            };
            look.event(&Event { at: Duration::ZERO, data }, &mut patterns);
            let (read, stands) = look.reach();
            prop_assert!(read >= stands, "{read} {stands}");
        }
    }
}

#[test]
fn rows_that_letters_filled_are_looked_at_once_and_hide_nothing_of_what_comes_next() {
    // No two parts are the same, as of a file without line ends.
    let endless: String = (0..60_000).map(|n| format!("{} ", n * 7919)).collect();
    let looked_at = looked_at(1, |_| Data::Output(endless.clone()));
    assert!(looked_at < 2 * endless.len(), "{looked_at}");
    // A secret in it, at its end, and one that a move of the cursor joins to it.
    let key = |from: usize| &KEY[from..];
    for (text, found) in [
        (format!("{endless}{KEY} {endless}"), 1),
        (format!("{endless}{KEY}"), 1),
        (
            format!("{endless}{}\x1b[C\x08{} {endless}", &KEY[..9], key(9)),
            1,
        ),
        (format!("{endless}{}\x1b[m{} {KEY}", &KEY[..9], key(9)), 2),
    ] {
        let data = [Data::Output(text)];
        let (out, report) = redact(&recording(&header(), &data), Format::Cast, &[]);
        assert!(!out.contains(&KEY[..9]) && !out.contains(key(9)));
        assert!(report.replaced.unwrap().output >= found);
    }
}

/// The characters that are found in what is shown on a screen of this size.
fn found(size: Size, output: &[String], reads_all: bool) -> roaring::RoaringTreemap {
    let mut patterns = Patterns::new(["x{9,}y"], Secrets::Known).unwrap();
    let mut shown = super::super::shown::Shown::new(size);
    shown.reads_all = reads_all;
    for text in output {
        shown.text(text, &mut patterns);
    }
    shown.finish(&mut patterns)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_screen_shows_is_found_where_it_is_not_read(
        cols in 10_u16..50,
        rows in 1_u16..6,
        pieces in proptest::collection::vec(
            prop_oneof![
                3 => proptest::sample::select(vec![
                    KEY, "AKIAIOSF", "ODNN7EXAMPLE", "password=hunter2a", "token: ", "hunter2a", " xxxxx", "xxxxxy ",
                    "§AKIAIOSF\r\nODNN7EXAMPLE ",
                ]).prop_map(String::from),
                3 => proptest::sample::select(vec!["\r\n", "\n", "\r", "\r\n\r\n"]).prop_map(String::from),
                1 => proptest::sample::select(vec![
                    "\x1b[A", "\x1b[K", "\t", "\x08", "\x1b[2J", "\x1b[H", "\x1b]0;t\x07", "\x1b[?25l", "\x1b[1m",
                    "\x1b[2;3r", "\x1b[r", "\x1b[?1049h", "\x1b[?1049l", "é", "\x1b(0", "\x1b(B", "\x1b[4h", "\x1b[4l",
                    "\x1b[?7l", "\x1b[?7h", "\x1b[3L", "\x1bD", "\x1bM", "\x1b[S",
                ]).prop_map(String::from),
                3 => (0_usize..60).prop_map(|length| "word and ".chars().cycle().take(length).collect()),
            ],
            0..80,
        ),
    ) {
        let size = Size { cols, rows };
        // What fills a row goes on in the next.
        let fill = ".".repeat(usize::from(cols) - 8);
        let pieces: Vec<_> = pieces.iter().map(|piece| piece.replace('§', &fill)).collect();
        let read = found(size, &pieces, true);
        let known = found(size, &pieces, false);
        prop_assert!(read.is_subset(&known), "{:?}", &read - &known);
    }
}

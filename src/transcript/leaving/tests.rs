//! Screens whose text leaves in every way there is.
//!
//! Nothing here is exported: the lines are compared as they leave.

use super::*;
use crate::screen::{Emulator, Size};

const SIZE: Size = Size { cols: 20, rows: 6 };

/// All the text, in the order in which it left.
fn told(steps: &[Result<&str, Size>]) -> Vec<String> {
    let (mut screen, mut leaving) = (Emulator::new(SIZE), Leaving::default());
    for step in steps {
        match step {
            Ok(output) => screen.feed_with(output, &mut leaving),
            Err(size) => screen.resize_with(*size, &mut leaving),
        }
    }
    leaving.flush(&screen, screen.size().1);
    leaving.take()
}

fn check(steps: &[Result<&str, Size>], expected: &[&str]) {
    assert_eq!(told(steps), expected, "{steps:?}");
}

#[test]
fn a_screen_that_is_erased_from_its_top_is_text() {
    for clear in [
        "\x1b[H\x1b[J",
        "\x1b[1;1H\x1b[0J",
        "\x1b[H\x1b[J\x1b[3J",
        "\x1b[H\x1b[2J",
        "\x1b[3;1H\x1b[2J\x1b[H",
        "\x1b[6;20H\x1b[1J\x1b[H",
        "\x1b[4;20H\x1b[1J\x1b[H",
        "\x1bc",
        // Line by line, in either direction, in several ways.
        "\x1b[H\x1b[K\r\n\x1b[K\r\n\x1b[K\r\n\x1b[K\x1b[H",
        "\x1b[1;1H\x1b[2K\x1b[2;1H\x1b[2K\x1b[3;1H\x1b[2K\x1b[H",
        "\x1b[3;1H\x1b[K\x1b[2;1H\x1b[K\x1b[1;1H\x1b[K",
        "\x1b[H\x1b[20X\x1b[B\x1b[20X\x1b[B\x1b[20X\x1b[H",
        // Its lines deleted, or scrolled away.
        "\x1b[H\x1b[M\x1b[M\x1b[M",
        "\x1b[H\x1b[6M",
        "\x1b[6S\x1b[H",
        "\x1b[H\x1b[6L",
        "\x1b[6T\x1b[H",
    ] {
        let mut lines = told(&[Ok("one\r\ntwo\r\n$ clear"), Ok(clear), Ok("three\r\n")]);
        lines.retain(|line| !line.is_empty());
        assert_eq!(lines, ["one", "two", "$ clear", "three"], "{clear:?}");
    }
}

#[test]
fn a_line_that_began_to_scroll_out_goes_on_in_what_is_erased() {
    let long = "x".repeat(19) + &"y".repeat(110);
    check(&[Ok(&long), Ok("\x1b[H\x1b[Jnext")], &[&long, "next"]);
}

#[test]
fn what_is_written_anew_in_its_own_line_does_not_leave() {
    check(
        &[
            Ok("10%\r\x1b[K20%\r\x1b[K30%\r\n"),
            Ok("$ ls\x1b[J\r\x1b[K$ la\x1b[J\r\n"),
            Ok("\x1b7\x1b[6;1H\x1b[Kstatus 1\x1b8\x1b7\x1b[6;1H\x1b[Kstatus 2\x1b8"),
        ],
        &["30%", "$ la", "", "", "", "status 2"],
    );
    check(
        &[Ok(
            "\x1b[H\x1b[K12:01\r\nx\x1b[H\x1b[K12:02\x1b[H\x1b[K12:03",
        )],
        &["12:03", "x"],
    );
}

#[test]
fn another_size_of_the_window_loses_nothing() {
    let rows: String = (1..=5)
        .map(|n| format!("line {n} {}\r\n", "-".repeat(10)))
        .collect();
    let expected: Vec<String> = (1..=5)
        .map(|n| format!("line {n} {}", "-".repeat(10)))
        .collect();
    for size in [
        Size { cols: 20, rows: 2 },
        Size { cols: 10, rows: 6 },
        Size { cols: 7, rows: 3 },
        Size { cols: 80, rows: 24 },
    ] {
        for place in ["", "\x1b[H", "\x1b[2;1H", "\x1b[?1049h\x1b[2Jother"] {
            let mut lines = told(&[Ok(&rows), Ok(place), Err(size), Err(SIZE)]);
            lines.retain(|line| !line.is_empty());
            let mut sorted = lines.clone();
            sorted.sort();
            assert_eq!(sorted, expected, "{size:?} {place:?}: {lines:?}");
        }
    }
}

#[test]
fn what_scrolls_within_a_part_of_the_screen_is_text_too() {
    check(
        &[Ok("head\x1b[2;4r\x1b[2;1Ha\r\nb\r\nc\r\nd\r\ne")],
        &["a", "b", "head", "c", "d", "e"],
    );
    // Back up in a pager that has no screen of its own.
    check(
        &[Ok("1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[H\x1bMz\x1b[H\x1bMy\r\n")],
        &["y", "z", "1", "2", "3", "4", "5", "6"],
    );
}

#[test]
fn what_the_other_screen_covers_is_there_again() {
    check(
        &[
            Ok("$ top\r\n"),
            Ok("\x1b[?1049h\x1b[H\x1b[Jtop - 1\x1b[H\x1b[Jtop - 2"),
            Err(Size { cols: 20, rows: 3 }),
            Ok("\x1b[?1049l$ exit"),
        ],
        &["$ top", "$ exit"],
    );
}

//! Screens seen over some time, and the lines that they leave.
//!
//! Nothing here reads a recording.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::screen::{Emulator, Size};

const SIZE: Size = Size { cols: 30, rows: 5 };

fn lines(steps: &[(u64, &str)]) -> Vec<Line> {
    let (mut screen, mut lines) = (Emulator::new(SIZE), Lines::default());
    let mut found = Vec::new();
    for (at, output) in steps {
        lines.at(Duration::from_millis(*at), output.len(), &screen);
        screen.feed_with(output, &mut lines);
        found.extend(lines.take());
    }
    lines.finish(&screen);
    found.extend(lines.take());
    found.retain(|line| !line.text.is_empty());
    found
}

fn check(steps: &[(u64, &str)], expected: &[&str]) {
    let found = lines(steps);
    let found: Vec<&str> = found.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(found, expected, "{steps:?}");
}

#[test]
fn a_command_typed_letter_by_letter_leaves_one_line() {
    let steps = [
        (0, "$ "),
        (300, "l"),
        (600, "s"),
        (900, " -l"),
        (1200, "\r\nend\r\n"),
    ];
    check(&steps, &["$ ls -l", "end"]);
    assert_eq!((lines(&steps)[0].first, lines(&steps)[0].last), (0, 1200));
}

#[test]
fn a_line_stands_since_its_prompt_and_not_since_one_below_it_that_reads_the_same() {
    let steps = [(0, "$ "), (300, "ls"), (350, "\r\na\r\n$ "), (900, "")];
    check(&steps, &["$ ls", "a", "$"]);
    let first: Vec<u64> = lines(&steps).iter().map(|line| line.first).collect();
    assert_eq!(first, [0, 300, 300]);
}

#[test]
fn a_line_with_a_right_prompt_is_typed_as_one_and_a_suggestion_that_stood_is_kept() {
    let right = [
        (0, "$ \x1b[20Gmain\x1b[3G"),
        (300, "l"),
        (600, "s"),
        (900, " -l"),
        (1200, "\r\nend\r\n"),
    ];
    check(&right, &["$ ls -l            main", "end"]);
    let suggested = [
        (0, "$ "),
        (300, "g\x1b[90mrep foo\x1b[4G"),
        (600, "r\x1b[90mep foo\x1b[5G"),
        (650, "x\x1b[K"),
        (1200, "\r\nend\r\n"),
    ];
    check(&suggested, &["$ grep foo", "$ grx", "end"]);
    // Too short to be read; what stands in several of them is not.
    let searched = [
        (0, "$ "),
        (1000, "\r(search)`a': x\x1b[K"),
        (1090, "\r(search)`ab': y\x1b[K"),
        (1180, "\r(search)`abc': z\x1b[K"),
        (1270, "\r$ z\x1b[K"),
        (1700, "\r\n"),
    ];
    check(&searched, &["$", "(search)`ab': y", "$ z"]);
}

#[test]
fn a_progress_bar_leaves_the_states_that_stood() {
    let steps = [
        (0, "10 %"),
        (300, "\r50 %"),
        (310, "\r51 %"),
        (600, "\r99 %"),
        (900, "\r\n"),
    ];
    check(&steps, &["10 %", "51 %", "99 %"]);
}

#[test]
fn the_other_screen_leaves_what_changed_and_what_stood_at_last() {
    let steps = [
        (0, "$ top\r\n\x1b[?1049h\x1b[Hload 1\r\nfixed"),
        (1000, "\x1b[Hload 2"),
        (2000, "\x1b[2J\x1b[Hload 3\r\nfixed"),
        (3000, "\x1b[?1049l$ "),
        (4000, ""),
    ];
    check(
        &steps,
        &["load 1", "load 2", "load 3", "fixed", "$ top", "$"],
    );
    assert_eq!(lines(&steps)[3].first, 0);
    assert!(lines(&steps)[3].other && !lines(&steps)[4].other);
}

#[test]
fn a_repaint_leaves_nothing_twice() {
    let steps = [
        (0, "one\r\ntwo"),
        (500, "\x1b[Hone\r\ntwo"),
        (1000, "\x1b[1;1Hone\x1b[2;1Htwo"),
    ];
    check(&steps, &["one", "two"]);
}

#[test]
fn pieces_of_the_same_time_are_one() {
    let output = "a\r\nb\x1b[2;1Hc\x1b[?1049hd\x1b[He\x1b[?1049lf\r\ng\r\nh\r\ni\r\nj";
    let whole = [(0, "x\r\n"), (500, output), (900, "\r\x1b[Kend")];
    let letters: Vec<&str> = output.split_inclusive(|_| true).collect();
    let mut parts = vec![(0, "x\r\n")];
    parts.extend(letters.iter().map(|&letter| (500, letter)));
    parts.push((900, "\r\x1b[Kend"));
    assert_eq!(lines(&whole), lines(&parts));
}

#[test]
fn a_line_without_an_end_is_told_in_parts() {
    let long = "x".repeat(3 * MAX_LINE / 2);
    let found = lines(&[(0, &long), (300, "\r\nend")]);
    let lengths: Vec<usize> = found.iter().map(|line| line.text.len()).collect();
    assert_eq!(lengths, [MAX_LINE, MAX_LINE / 2, 3]);
}

/// The words on the screen at every look that a person has at it, where they were there at the look before as well.
fn seen_twice(steps: &[(u64, &str)]) -> HashSet<String> {
    let mut screen = Emulator::new(SIZE);
    let (mut before, mut seen) = (HashSet::new(), HashSet::new());
    let mut next = 0;
    for (at, output) in steps {
        while next < *at {
            let rows = screen.screen().visible_lines();
            let words: HashSet<String> = rows
                .flat_map(|row| {
                    let text = row.text();
                    let words = text.split_whitespace().map(str::to_owned);
                    words.collect::<Vec<_>>()
                })
                .collect();
            seen.extend(words.intersection(&before).cloned());
            before = words;
            next += STOOD;
        }
        screen.feed(output);
    }
    seen
}

fn steps() -> impl Strategy<Value = Vec<(u64, String)>> {
    let text = "[a-e]{1,9} ?(\r\n)?";
    let moves = prop::sample::select(vec![
        "\r",
        "\x1b[K",
        "\x1b[2K",
        "\x1b[J",
        "\x1b[H",
        "\x1b[2J",
        "\x1b[2;3H",
        "\x1b[3;1H",
        "\x1b[M",
        "\x1b[L",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[2;4r",
        "\x1b[r",
        "\x08",
        "\x1bM",
        "\x1b[2S",
        "\x1b[T",
        "\x1b[2P",
        "\n\n",
    ])
    .prop_map(str::to_owned);
    let step = (0..5u64, prop_oneof![text.prop_map(|text| text), moves]);
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut at = 0;
        let steps = steps.into_iter().map(|(pause, output)| {
            at += pause * 70;
            (at, output)
        });
        steps.collect()
    })
}

#[test]
fn a_word_that_something_came_into_has_stood() {
    let found = lines(&[(0, "aad\x1b[1;3H"), (350, "a d"), (1000, "")]);
    let texts: Vec<&str> = found.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["aad", "aaa d"]);
}

proptest! {
    #[test]
    fn every_word_that_stood_is_in_the_lines(steps in steps()) {
        let mut steps: Vec<(u64, &str)> = steps.iter().map(|(at, output)| (*at, output.as_str())).collect();
        let end = steps.last().map_or(0, |(at, _)| at + 1000);
        steps.push((end, ""));
        let found = lines(&steps);
        for word in seen_twice(&steps) {
            prop_assert!(found.iter().any(|line| line.text.contains(&word)), "{word}: {found:?}");
        }
    }
}

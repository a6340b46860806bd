//! Whether what was found stood on the screen when it is said to: recordings shown again, beside the hits of all their lines.
//!
//! Nothing here derives a line: the emulator alone says what stood there.

use super::search::search;
use super::*;
use crate::screen::Emulator;

/// A hit may be told so much too early or too late.
const SLACK: Duration = Duration::from_millis(250);

/// What stands on the screen, wrapped rows joined.
fn standing(screen: &Emulator) -> String {
    let mut text = String::new();
    for row in screen.screen().visible_lines() {
        let cells: String = row.chars().collect();
        match row.is_wrapped() {
            true => text.push_str(&cells),
            false => text.extend([cells.trim_end(), "\n"]),
        }
    }
    text
}

/// Every line is found, and each stood there at its time. A line that goes by with others in one output stands there for as
/// long as it takes to write the next ones, so outputs are shown line by line.
async fn check(name: &str, outputs: &[(u64, &str)]) {
    let kept = recorded(outputs, Manifest::default());
    let (hits, count) = search(kept, r"\S").await;
    assert_eq!(hits.len() as u64, count);
    assert!(!hits.is_empty(), "{name}");
    let mut screen = Emulator::new(SIZE);
    let mut seen = vec![false; hits.len()];
    for (at, text) in outputs {
        let at = Duration::from_millis(*at);
        // What stands there until then.
        let mut texts = vec![standing(&screen)];
        for line in text.split_inclusive('\n') {
            screen.feed(line);
            texts.push(standing(&screen));
        }
        for (hit, seen) in hits.iter().zip(&mut seen) {
            let is_then = hit.first.saturating_sub(SLACK) <= at && at <= hit.last + SLACK;
            *seen |= is_then && texts.iter().any(|text| text.contains(&hit.text));
        }
    }
    for (hit, seen) in hits.iter().zip(seen) {
        assert!(seen, "{name}: {hit:?}");
    }
}

fn outputs(texts: &[String], every: usize) -> Vec<(u64, &str)> {
    let times = (0..).step_by(every);
    times.zip(texts).map(|(at, text)| (at, &**text)).collect()
}

#[tokio::test]
async fn lines_that_scroll_by_stood_there_when_they_are_said_to() {
    for every in [1, 7, 90, 400, 5000] {
        let texts: Vec<String> = (0..300).map(|n| format!("line {n}\r\n")).collect();
        check("one by one", &outputs(&texts, every)).await;
        let texts: Vec<String> = (0..60)
            .map(|n| {
                (0..50)
                    .map(|m| format!("{} of {n}\r\n", n * 50 + m))
                    .collect()
            })
            .collect();
        check("many at once", &outputs(&texts, every)).await;
    }
    let long: Vec<String> = (0..200)
        .map(|n| format!("{n} {}\r\n", "wrapped ".repeat(n % 20)))
        .collect();
    check("wrapped", &outputs(&long, 30)).await;
}

#[tokio::test]
async fn what_is_written_over_stood_there_when_it_is_said_to() {
    let mut texts: Vec<String> = (0..200).map(|n| format!("\r{n} of 200\x1b[K")).collect();
    texts.push("\r\ndone\r\n".into());
    for every in [3, 60, 500] {
        check("progress", &outputs(&texts, every)).await;
    }
    let screens = (0..100).map(|n| {
        let row = n % 5 + 1;
        format!("\x1b[{row};3Hcell {n}\x1b[K\x1b[{};20H{}", 6 - row, n * 7)
    });
    let mut texts = vec!["$ vi\r\n\x1b[?1049h\x1b[H\x1b[2J".to_owned()];
    texts.extend(screens);
    texts.push("\x1b[?1049l$ exit\r\n".into());
    for every in [3, 60, 500] {
        check("editor", &outputs(&texts, every)).await;
    }
}

#[tokio::test]
async fn what_is_typed_and_cleared_stood_there_when_it_is_said_to() {
    let mut texts = Vec::new();
    for n in 0..30 {
        texts.push("\x1b[?2004h$ ".to_owned());
        texts.extend(format!("echo {n}").chars().map(String::from));
        texts.push(format!("\r\n\x1b[?2004l{n}\r\n"));
        if n % 4 == 3 {
            texts.push("\x1b[H\x1b[2J\x1b[3J".to_owned());
        }
    }
    for every in [20, 120, 700] {
        check("shell", &outputs(&texts, every)).await;
    }
}

//! What is found in the texts of a session, against what each of them has.
//!
//! Nothing here reads a store but a pack; the real program does, in `tests/promises`.

use std::io::Cursor;

use formats::derived::Line;
use formats::manifest::Manifest;
use formats::pack::Part;
use formats::recording::DerivedWriter;
use proptest::prelude::*;

use super::packed::{Hit, look};
use super::{Around, Finder, Piece, Question, Wanted, Where};
use crate::packs::{Builder, Contents, Pack};
use crate::review::catalog::Covering;
use crate::store::Store;
use crate::transcript::Pattern;

fn lines(texts: &[String]) -> Vec<Line> {
    let line = |(at, text): (u64, &String)| Line {
        first: at,
        last: at + 1,
        text: text.clone(),
        other: at % 3 == 1,
    };
    (0..).zip(texts).map(line).collect()
}

fn block(lines: &[Line]) -> Vec<u8> {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| serde_json::to_string(line).unwrap())
        .collect();
    lines.join("\n").into_bytes()
}

fn question(pattern: &str, around: Around, wanted: Wanted) -> Question {
    Question::new(
        Pattern::new(pattern).unwrap(),
        &[Where::Lines],
        around,
        wanted,
    )
}

/// The numbers of the texts that are handed out, and whether each has the pattern.
fn numbers(pieces: &[Piece]) -> Vec<(u64, bool)> {
    let number = |piece: &Piece| (piece.number, !piece.matches.is_empty());
    pieces.iter().map(number).collect()
}

/// The same by looking at all of them.
fn expected(pattern: &str, texts: &[String], around: Around) -> Vec<(u64, bool)> {
    let pattern = Pattern::new(pattern).unwrap();
    let has: Vec<bool> = texts
        .iter()
        .map(|text| pattern.regex().is_match(text))
        .collect();
    let near = |at: usize| {
        let from = at.saturating_sub(around.behind);
        let to = (at + around.before + 1).min(has.len());
        has[from..to].contains(&true)
    };
    let shown = (0..has.len()).filter(|&at| near(at));
    shown.map(|at| (at as u64, has[at])).collect()
}

fn check(pattern: &str, texts: &[String], cut: usize, around: Around) {
    let lines = lines(texts);
    let (one, two) = lines.split_at(cut.min(lines.len()));
    let question = question(pattern, around, Wanted::Texts);
    let expected = expected(pattern, texts, around);
    let (mut by_block, mut by_line) = (Vec::new(), Vec::new());
    let mut finder = Finder::new(&question, Where::Lines);
    for part in [one, two] {
        finder.block(&block(part), &mut by_block);
    }
    let count = finder.count();
    let mut finder = Finder::new(&question, Where::Lines);
    for line in &lines {
        finder.text(&super::finder::as_read(line), &mut by_line);
    }
    assert_eq!(numbers(&by_line), expected, "{pattern} {texts:?}");
    assert_eq!(by_block, by_line, "{pattern} {texts:?}");
    assert_eq!(count, finder.count());
    let counting = self::question(pattern, around, Wanted::Count);
    let mut counted = Finder::new(&counting, Where::Lines);
    counted.block(&block(&lines), &mut Vec::new());
    assert_eq!(counted.count(), count);
    let asking = self::question(pattern, around, Wanted::Whether);
    let mut asked = Finder::new(&asking, Where::Lines);
    asked.block(&block(&lines), &mut Vec::new());
    assert_eq!((asked.count(), asked.is_done()), (count.min(1), count > 0));
}

#[test]
fn what_stands_around_a_find_comes_with_it_once() {
    let texts = ["a", "b", "x", "c", "x", "d", "e", "f", "x"].map(str::to_owned);
    let around = |before, behind| Around { before, behind };
    for (before, behind, numbers) in [
        (0, 0, vec![2, 4, 8]),
        (1, 0, vec![1, 2, 3, 4, 7, 8]),
        (0, 1, vec![2, 3, 4, 5, 8]),
        (9, 9, (0..9).collect()),
    ] {
        let found = expected("x", &texts, around(before, behind));
        let found: Vec<u64> = found.iter().map(|(number, _)| *number).collect();
        assert_eq!(found, numbers, "{before} {behind}");
        check("x", &texts, 3, around(before, behind));
    }
}

#[test]
fn what_is_no_line_is_passed_over() {
    let question = question(
        "a",
        Around {
            before: 1,
            behind: 1,
        },
        Wanted::Texts,
    );
    let mut finder = Finder::new(&question, Where::Lines);
    let mut found = Vec::new();
    finder.block(
        b"a\n\n{\"first\":1,\"last\":2,\"text\":\"a\"}\n\xff{\"text\":\"a\"}\n",
        &mut found,
    );
    assert_eq!((found.len(), finder.count()), (1, 1));
}

proptest! {
    #[test]
    fn all_of_it_is_found_and_nothing_else(
        texts in proptest::collection::vec(r#"([abx",:\\é\n]|first|text){0,5}"#, 0..12),
        pattern in r#"(a|b|x|"|\\\\|é|\^|\$|first|\.){1,3}"#,
        cut in 0..12_usize,
        before in 0..4_usize,
        behind in 0..4_usize,
    ) {
        check(&pattern, &texts, cut, Around { before, behind });
    }
}

/// How many lines of each of two sessions have it, by a pack of them.
fn by_pack(pattern: &str, sessions: [&[String]; 2]) -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().display().to_string()).unwrap();
    let date = "2026-11-23".parse().unwrap();
    let mut builder = Builder::new().unwrap();
    for (id, texts) in ["b", "a"].into_iter().zip(sessions) {
        let manifest = Manifest {
            format: formats::manifest::FORMAT,
            session_id: id.to_owned(),
            ..Manifest::default()
        };
        let mut writers = [(); 2].map(|()| DerivedWriter::new(Vec::new(), id, None).unwrap());
        for line in lines(texts) {
            writers[0].line(&line).unwrap();
        }
        let objects = writers.map(|writer| Cursor::new(writer.finish().unwrap().0));
        let [mut lines, mut commands] = objects;
        let contents = Contents {
            lines: &mut lines,
            commands: &mut commands,
        };
        builder.session(&manifest.encode(), Some(contents)).unwrap();
    }
    let made = builder.finish(date, 1, 1).unwrap();
    for part in Part::ALL {
        let key = formats::layout::pack(part, date, 1);
        store.put_file(&key, &made.path(part)).unwrap();
    }
    let covering = Covering {
        pack: Pack::new(store, date, made.index().clone()),
        date,
        is_own: true,
        sessions: vec![0, 1],
    };
    let question = question(pattern, Around::default(), Wanted::Texts);
    let hits = look(&covering, &[0, 1], &question, true).unwrap();
    let count = |at| hits.get(&at).map_or(0, |hit: &Hit| hit.count);
    vec![count(0), count(1)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_pack_has_what_its_lines_have(
        pattern in r"(\(\?i\))?([ab. ]|a\+|b\?|\\bx|x\\b|\[\^a\]|é|xxx){1,4}",
        one in proptest::collection::vec("([abxAé\n]| ){0,9}", 0..9),
        two in proptest::collection::vec("([abxAé\n]| ){0,9}", 0..9),
    ) {
        prop_assume!(Pattern::new(&pattern).is_ok());
        let expected: Vec<u64> = [&one, &two]
            .map(|texts| expected(&pattern, texts, Around::default()).len() as u64)
            .into();
        prop_assert_eq!(by_pack(&pattern, [&one, &two]), expected);
    }
}

//! Packs made and read again: the same rows, and the same bytes each time.
//!
//! Nothing here searches; the real program does, in `tests/promises`.

use std::io::Cursor;

use chrono::NaiveDate;
use formats::derived::{Command, Line};
use formats::layout;
use formats::manifest::Manifest;
use formats::pack::{Index, Part, Telling};
use formats::recording::DerivedWriter;

use parquet::errors::ParquetError;

use super::rows::{self, COMMANDS, LINES, SESSIONS};
use super::source::Source;
use super::table::Table;
use super::*;
use crate::store::Store;

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

fn manifest(id: &str) -> Vec<u8> {
    let manifest = Manifest {
        format: formats::manifest::FORMAT,
        session_id: id.to_owned(),
        target: "i-0abc".to_owned(),
        operator: Some("arn:aws:iam::123456789012:user/alice".to_owned()),
        started_at: Some("2026-11-23T10:00:00Z".to_owned()),
        ..Manifest::default()
    };
    manifest.encode()
}

fn objects(lines: &[String], commands: &[&str]) -> [Cursor<Vec<u8>>; 2] {
    let mut of_lines = DerivedWriter::new(Vec::new(), "", None).unwrap();
    for (at, text) in (0..).zip(lines) {
        let line = Line {
            first: at * 10,
            last: at * 10 + 5,
            text: text.clone(),
            other: at % 2 == 1,
        };
        of_lines.line(&line).unwrap();
    }
    let mut of_commands = DerivedWriter::new(Vec::new(), "", None).unwrap();
    for (number, text) in (1..).zip(commands) {
        let command = Command {
            number,
            start: number * 1000,
            text: (*text).to_owned(),
            context: vec!["shell".to_owned(), "sudo".to_owned()],
            exit: Some(2),
            confidence: 0.9,
            ..Command::default()
        };
        of_commands.line(&command).unwrap();
    }
    [of_lines, of_commands].map(|writer| Cursor::new(writer.finish().unwrap().0))
}

fn add(builder: &mut Builder, id: &str, lines: &[String], commands: &[&str]) {
    let [mut lines, mut commands] = objects(lines, commands);
    let contents = Contents {
        lines: &mut lines,
        commands: &mut commands,
    };
    builder.session(&manifest(id), Some(contents)).unwrap();
}

/// Two sessions, the first with more lines than a row group holds, and a sealed one between them.
fn made() -> Made {
    let many: Vec<String> = (0..5000)
        .map(|at| format!("line {at} of the first session, {:x}", at * 7919).repeat(9))
        .collect();
    let mut builder = Builder::new().unwrap();
    add(&mut builder, "b-2", &many, &["ls -l", "sudo rm -rf /"]);
    builder.session(&manifest("b-1"), None).unwrap();
    add(&mut builder, "a-1", &["Needle".to_owned()], &[]);
    builder.finish(date(), 1, 7).unwrap()
}

fn stored(folder: &std::path::Path, made: &Made) -> Pack {
    let store = Store::at(&folder.display().to_string()).unwrap();
    for part in Part::ALL {
        let key = layout::pack(part, date(), made.index().number);
        store.put_file(&key, &made.path(part)).unwrap();
    }
    Pack::new(store, date(), made.index().clone())
}

fn found(pack: &Pack, pattern: &str) -> Result<(Vec<(u64, String)>, usize), Error> {
    let mut found = Vec::new();
    let mut groups = 0;
    pack.lines(&Need::of(pattern, true), &mut |lines, _| {
        groups += 1;
        for at in 0..lines.texts.len() {
            let (row, text) = (lines.from + at as u64, lines.texts.get(at).unwrap());
            if text.to_lowercase().contains(pattern) {
                found.push((row, text.to_owned()));
            }
        }
        Ok(true)
    })?;
    Ok((found, groups))
}

#[test]
fn what_went_in_comes_out_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let made = made();
    let pack = stored(folder.path(), &made);
    let index = pack.index();
    let covers: Vec<_> = index
        .covers
        .iter()
        .map(|covered| {
            (
                covered.session.as_str(),
                covered.lines,
                covered.commands,
                covered.sealed,
            )
        })
        .collect();
    assert_eq!(
        covers,
        [
            ("b-2", 5000, 2, false),
            ("b-1", 0, 0, true),
            ("a-1", 1, 0, false)
        ]
    );
    let manifests = pack.manifests().unwrap();
    assert_eq!(
        manifests,
        ["b-2", "b-1", "a-1"].map(|id| String::from_utf8(manifest(id)).unwrap())
    );
    let (lines, groups) = found(&pack, "needle").unwrap();
    assert_eq!(lines, [(5000, "Needle".to_owned())]);
    assert_eq!(groups, 1, "of more than one");
    let (lines, groups) = found(&pack, "l").unwrap();
    assert_eq!(lines.len(), 5001);
    assert!(groups > 1);
    assert!(lines.iter().map(|(row, _)| *row).eq(0..5001));
    let mut times = Vec::new();
    pack.lines(&Need::Nothing, &mut |lines, of| {
        let of = of(&lines)?;
        times.extend(of.first.into_iter().zip(of.last).zip(of.other));
        Ok(true)
    })
    .unwrap();
    assert_eq!(times[4999], ((49_990, 49_995), true));
    assert_eq!(times[5000], ((0, 5), false));
    let mut commands = Vec::new();
    pack.commands(&mut |some, _| {
        let texts = (0..some.texts.len()).map(|at| some.texts.get(at).unwrap().to_owned());
        commands.extend(texts);
        Ok(true)
    })
    .unwrap();
    assert_eq!(commands, ["ls -l", "sudo rm -rf /"]);
}

#[test]
fn the_same_sessions_give_the_same_bytes() {
    let (one, two) = (made(), made());
    assert_eq!(one.index(), two.index());
    for part in Part::ALL {
        let read = |made: &Made| std::fs::read(made.path(part)).unwrap();
        assert_eq!(read(&one), read(&two), "{part:?}");
    }
}

#[test]
fn a_session_that_does_not_read_is_not_in_a_pack_and_the_others_are() {
    let mut builder = Builder::new().unwrap();
    let [mut lines, commands] = objects(&["a line".to_owned()], &["ls"]);
    let mut altered = commands.into_inner();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let contents = Contents {
        lines: &mut lines,
        commands: &mut Cursor::new(altered),
    };
    let refused = builder.session(&manifest("altered"), Some(contents));
    assert!(
        matches!(refused, Err(BuildError::Session(_))),
        "{refused:?}"
    );
    let refused = builder.session(b"{}", None);
    assert!(
        matches!(refused, Err(BuildError::Session(_))),
        "{refused:?}"
    );
    add(&mut builder, "whole", &["a line".to_owned()], &["ls"]);
    let made = builder.finish(date(), 1, 7).unwrap();
    let index = made.index();
    assert_eq!(index.covers.len(), 1);
    assert_eq!((index.lines.count, index.commands.count), (1, 1));
}

#[test]
fn what_the_index_does_not_vouch_for_is_not_read() {
    let made = made();
    for part in Part::ALL {
        let folder = tempfile::tempdir().unwrap();
        let pack = stored(folder.path(), &made);
        let path = folder.path().join(layout::pack(part, date(), 1));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let read = match part {
            Part::Sessions => pack.manifests().map(drop),
            Part::Commands => pack.commands(&mut |_, _| Ok(true)),
            Part::Lines | Part::Grams => {
                pack.lines(&Need::of("the first", false), &mut |_, _| Ok(true))
            }
        };
        let why = read.unwrap_err().to_string();
        assert!(
            why.contains("not what its index tells of"),
            "{part:?}: {why}"
        );
    }
}

#[test]
fn a_table_that_says_what_is_not_so_is_refused_and_nothing_worse() {
    let made = sample();
    for part in [Part::Sessions, Part::Commands, Part::Lines] {
        let bytes = std::fs::read(made.path(part)).unwrap();
        for (at, mask) in (0..bytes.len()).flat_map(|at| [(at, 0xff), (at, 0x01)]) {
            let mut altered = bytes.clone();
            altered[at] ^= mask;
            let mut telling = Telling::default();
            telling.update(&altered);
            let mut index = made.index().clone();
            let file = match part {
                Part::Sessions => &mut index.sessions,
                Part::Commands => &mut index.commands,
                Part::Lines | Part::Grams => &mut index.lines,
            };
            *file = telling.finish(file.count);
            let source = Source::new(Box::new(Cursor::new(altered)), index.file(part));
            // It may well read: who vouches for it is another question.
            let _ = as_a_search_does(source, part);
        }
    }
}

/// Reads the columns that a search reads.
fn as_a_search_does(source: Source, part: Part) -> Result<(), ParquetError> {
    let (columns, text): (&[_], _) = match part {
        Part::Sessions => (&SESSIONS, rows::MANIFEST),
        Part::Commands => (&COMMANDS, rows::COMMAND),
        Part::Lines | Part::Grams => (&LINES, rows::TEXT),
    };
    let table = Table::open(source, columns)?;
    for group in 0..table.groups() {
        let _ = table.texts(group, text);
        match part {
            Part::Commands => {
                let _ = table.longs(group, rows::START);
                let _ = table.longs_or_nothing(group, rows::END);
            }
            Part::Lines => {
                let _ = table.longs(group, rows::FIRST);
                let _ = table.longs(group, rows::LAST);
                let _ = table.flags(group, rows::OTHER);
            }
            Part::Sessions | Part::Grams => {}
        }
    }
    Ok(())
}

/// Where the files of the sample lie.
const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/formats/tests/golden/pack");

/// A small pack: what an index and its files are, to the byte.
fn sample() -> Made {
    let lines = ["$ ls -l", "total 0", "été, Kelvin"].map(str::to_owned);
    let mut builder = Builder::new().unwrap();
    add(&mut builder, "b-2", &lines, &["ls -l"]);
    builder.session(&manifest("b-1"), None).unwrap();
    add(&mut builder, "a-1", &["Total 1".to_owned()], &[]);
    builder.finish(date(), 1, 7).unwrap()
}

fn sample_path(part: Part) -> String {
    format!("{SAMPLE}/{}{}", part.name(), part.ending())
}

#[test]
fn the_bytes_of_a_pack_are_what_they_were() {
    let made = sample();
    for part in Part::ALL {
        let expected = std::fs::read(sample_path(part)).unwrap();
        assert!(
            std::fs::read(made.path(part)).unwrap() == expected,
            "{part:?}"
        );
    }
    let index = Index::parse(&std::fs::read(format!("{SAMPLE}/index.json")).unwrap()).unwrap();
    let made_by = made.index().made_by.clone();
    assert_eq!(Index { made_by, ..index }, *made.index());
}

#[test]
#[ignore = "writes the sample anew, which is a change of the format"]
fn write_the_sample() {
    let made = sample();
    std::fs::create_dir_all(SAMPLE).unwrap();
    for part in Part::ALL {
        std::fs::copy(made.path(part), sample_path(part)).unwrap();
    }
    std::fs::write(format!("{SAMPLE}/index.json"), made.index().encode()).unwrap();
}

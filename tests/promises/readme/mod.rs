//! README as its readers use it: every command of every block is run, and ends and shows as README says.
//!
//! Nothing is passed over: a command that is not run here is run beside programs of others or by a script, and all are counted.

mod blocks;
mod parsed;
mod places;
mod run;
mod shown;
mod typed;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use blocks::Language;
use places::{PLACES, Place, commands, place, readme, rows};
use run::run;
use world::World;

/// The pages, each with a test of its own below.
const PAGES: [&str; 6] = [
    "Try it",
    "Operator",
    "Reviewer",
    "Auditor",
    "Platform engineer",
    "Reference",
];

#[test]
fn who_tries_it_needs_no_account() {
    run("Try it", World::operator());
}

#[test]
fn an_operator_is_told_what_works() {
    run("Operator", World::operator());
}

#[test]
fn a_reviewer_is_told_what_works() {
    run("Reviewer", World::reviewer());
}

#[test]
fn an_auditor_is_told_what_works() {
    run("Auditor", World::auditor());
}

#[test]
fn a_platform_engineer_is_told_what_works() {
    let world = run("Platform engineer", World::platform());
    // Of the risky session one finding is told, in the shape that README names.
    let told: Value = serde_json::from_str(&world.read("findings.jsonl")).unwrap();
    assert_eq!(told["finding_info"]["analytic"]["uid"], "history-off");
}

#[test]
fn the_reference_shows_what_works() {
    run("Reference", World::operator());
}

#[test]
fn no_block_is_passed_over() {
    let blocks = readme();
    let mut counts = BTreeMap::new();
    for block in &blocks {
        let is_run = PAGES.contains(&&block.page[..]) || block.language == Language::Text;
        assert!(is_run, "line {}: on no page that is run", block.line);
        *counts.entry(block.language).or_insert(0) += 1;
    }
    let counts: Vec<(Language, usize)> = counts.into_iter().collect();
    assert_eq!(
        counts,
        [
            (Language::Sh, 25),
            (Language::Console, 1),
            (Language::Toml, 2),
            (Language::Json, 1),
            (Language::SshConfig, 1),
            (Language::Text, 2),
        ]
    );
    let (mut here, mut peers, mut scripts) = (0, 0, 0);
    for command in commands(&blocks) {
        match place(&command.text) {
            Ok(Place::Here) => here += 1,
            Ok(Place::Peers) => peers += 1,
            Ok(Place::Script(..)) => scripts += 1,
            Err(why) => panic!("line {}: {why}", command.line),
        }
    }
    assert_eq!((here, peers, scripts), (70, 4, 7));
}

#[test]
fn no_row_stands_for_a_command_that_is_gone() {
    let commands = commands(&readme());
    let used: Vec<_> = commands
        .iter()
        .flat_map(|command| rows(&command.text).unwrap())
        .collect();
    for (begin, place) in &PLACES {
        assert!(used.iter().any(|(used, _)| used == begin), "{begin}");
        if let Place::Script(script, line) = place {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
            let text = std::fs::read_to_string(path).unwrap();
            let mut lines = text.lines().filter(|text| !text.trim().starts_with('#'));
            assert!(
                lines.any(|text| text.contains(line)),
                "{script} has no {line:?}"
            );
        }
    }
    for row in typed::ROWS {
        let is_used = |command: &blocks::Command| typed::typed(&command.text) == row;
        assert!(commands.iter().any(is_used), "{row:?}");
    }
    for command in &commands {
        let rows = typed::rows(&command.text).count();
        assert!(rows <= 1, "{}: {rows} rows", command.text);
    }
}

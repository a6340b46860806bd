//! The walls of the house: who may import whom, read from the sources as the compiler reads them.
//!
//! Nothing here runs the program. A failure names the file, the line, the rule and the room.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test may stop where it stands"
)]

mod circles;
mod house;
mod names;
mod plan;
mod plants;
mod rules;

use std::sync::LazyLock;

use house::{FOREIGN, House};
use plan::{BESIDE, GUARDS, LATER, LINES, MACHINES, PLAN, PURE};
use rules::{Broken, broken, stands_in};

static HOUSE: LazyLock<House> = LazyLock::new(House::read);
static BROKEN: LazyLock<Vec<Broken>> = LazyLock::new(|| broken(&HOUSE));

/// A test for each rule, so that each fails by itself.
macro_rules! hold {
    ($($name:ident: $rule:literal)*) => {$(
        #[test]
        fn $name() {
            let found = BROKEN.iter().filter(|broken| broken.rule == $rule);
            let found: Vec<_> = found.map(|broken| &broken.text[..]).collect();
            assert!(found.is_empty(), "{} times:\n{}", found.len(), found.join("\n"));
        }
    )*};
}

hold! {
    a_room_imports_only_what_the_plan_draws: "rooms"
    a_crate_of_others_is_named_only_in_its_rooms: "crates"
    connections_are_opened_in_few_places: "sockets"
    kms_is_asked_in_two_places: "keys"
    emulated_terminals_are_made_in_one_room: "emulators"
    nothing_is_printed_below_cli: "prints"
    machines_ask_neither_clock_nor_socket: "machines"
    no_files_need_each_other_in_a_circle: "circles"
    a_module_lies_where_its_name_says: "modules"
    every_file_says_what_it_holds_and_what_never_happens_in_it: "docs"
    no_file_is_too_long: "length"
}

/// So there is no circle of rooms either.
#[test]
fn the_plan_leads_downward_alone() {
    for (place, row) in PLAN.iter().enumerate() {
        for name in row.rooms.split_whitespace() {
            let below = PLAN[place..].iter().find(|other| other.name == name);
            let beside = BESIDE
                .iter()
                .any(|(from, to, _)| (*from, *to) == (row.name, name));
            let allowed = below.is_some_and(|other| other.floor < row.floor || beside);
            assert!(allowed, "{} may not import {name}", row.name);
        }
    }
    assert!(PLAN.is_sorted_by(|above, below| above.floor >= below.floor));
}

/// A place that is gone guards nothing, and nobody would notice.
#[test]
fn the_plan_names_only_what_is_there() {
    let rooms = PLAN
        .iter()
        .map(|row| row.name)
        .filter(|name| *name != "formats");
    let guards = GUARDS.iter().flat_map(|guard| guard.places);
    let places = guards
        .chain(&MACHINES)
        .chain(&PURE)
        .map(|(place, _)| *place);
    let stands = |place| HOUSE.files.iter().any(|file| stands_in(file, place));
    let gone = rooms
        .chain(places)
        .filter(|place| !LATER.contains(place) && !stands(place));
    assert_eq!(
        gone.collect::<Vec<_>>(),
        [""; 0],
        "in the plan, and not there"
    );
    let crates = PLAN.iter().flat_map(|row| row.crates.split_whitespace());
    let unknown = crates.filter(|name| !FOREIGN.contains(*name));
    assert_eq!(
        unknown.collect::<Vec<_>>(),
        [""; 0],
        "in the plan, and in no manifest"
    );
}

#[test]
fn the_map_shows_every_room_in_reading_order() {
    let lib = HOUSE
        .files
        .iter()
        .find(|file| file.name == "src/lib.rs")
        .unwrap();
    let shown = lib
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("//! - [`")?.split('`').next());
    let rooms = PLAN.iter().map(|row| row.name);
    let rooms = rooms.filter(|name| !LATER.contains(name) && !["main", "lib"].contains(name));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        rooms.collect::<Vec<_>>(),
        "src/lib.rs, and the plan"
    );
}

#[test]
fn every_plant_is_found_on_its_line_by_its_rule_alone() {
    for (rule, files) in plants::PLANTS {
        let found = broken(&planted(files));
        let told: Vec<_> = found.iter().map(|broken| &broken.text).collect();
        assert!(!found.is_empty(), "{rule}: not found in {files:?}");
        let lines = files.iter().flat_map(|(_, text)| (1..).zip(text.lines()));
        let marked = lines.clone().find(|(_, text)| text.ends_with("// here"));
        let line = marked.map_or(1, |(line, _)| line + usize::from(*rule != "docs"));
        for broken in &found {
            assert_eq!(
                (broken.rule, broken.line),
                (*rule, line),
                "{files:?}: {told:?}"
            );
        }
    }
}

#[test]
fn a_file_may_be_so_long_and_no_longer() {
    let text = |lines| format!("//! Long. Nothing else.\n{}", "// one\n".repeat(lines - 1));
    let found = |lines| broken(&House::of([("tests/x.rs".into(), text(lines))]));
    assert!(found(LINES).is_empty());
    assert_eq!(found(LINES + 1)[0].rule, "length");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let found = broken(&planted(plants::CLEAN));
    let found: Vec<_> = found.iter().map(|broken| &broken.text).collect();
    assert_eq!(found, [""; 0]);
}

/// A house of these files. Those that say nothing of themselves open with a line that does.
fn planted(files: &[(&str, &str)]) -> House {
    House::of(files.iter().map(|(name, text)| {
        let silent = text.starts_with("//!") || text.starts_with("// Silent");
        let docs = if silent {
            ""
        } else {
            "//! A plant. Nothing here grows.\n"
        };
        (name.to_string(), format!("{docs}{text}"))
    }))
}

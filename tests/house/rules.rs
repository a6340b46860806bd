//! The rules: what breaks one, in which file, on which line.
//!
//! Nothing here reads a file, and no rule knows another.

use std::collections::BTreeSet;

use crate::circles::circles;
use crate::house::{File, House};
use crate::names::{How, Mention};
use crate::plan::{ABSENCE, GUARDS, IN_TESTS, LINES, MACHINES, NOT_PURE, OF_STD, PLAN, PURE, Room};

/// Something for somebody to mend.
pub(crate) struct Broken {
    pub(crate) rule: &'static str,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Broken {
    pub(crate) fn new(rule: &'static str, file: &File, line: usize, what: &str) -> Self {
        let text = format!("{}:{line}: [{rule}] {}: {what}", file.name, file.room);
        Self { rule, line, text }
    }
}

/// Everything that breaks any rule; what a file names again and again, once.
pub(crate) fn broken(house: &House) -> Vec<Broken> {
    let mut broken = circles(house);
    for file in &house.files {
        broken.extend(length(file));
        broken.extend(docs(file));
        broken.extend(unknown_room(file));
    }
    let mut told = BTreeSet::new();
    for mention in &house.mentions {
        let file = &house.files[mention.file];
        let path = house.path(mention).unwrap_or_default();
        let by_hand = mention.how == How::Attribute;
        let found = [
            rooms(house, file, &path),
            crates(file, &path, mention.test),
            guards(file, &path, mention.test),
            machines(house, file, &path, mention),
            by_hand.then(|| ("modules", "says where a module lies".into())),
        ];
        for (rule, what) in found.into_iter().flatten() {
            let full = format!("{what} ({})", mention.path);
            if told.insert((mention.file, rule, what)) {
                broken.push(Broken::new(rule, file, mention.line, &full));
            }
        }
    }
    broken
}

type Found = Option<(&'static str, String)>;

/// The room that is named, and the room of what that leads to: a re-export is no door through a wall.
fn rooms(house: &House, file: &File, path: &str) -> Found {
    let row = row(&file.room)?;
    let inner = path.strip_prefix("ssm_rec::").unwrap_or(path);
    let defined = house.file_of(path).map(|file| &house.files[file].room[..]);
    let mut others = inner.split("::").take(1).chain(defined);
    let other = others
        .find(|other| *other != row.name && !has(row.rooms, other) && self::row(other).is_some())?;
    Some(("rooms", format!("may not import {other}")))
}

fn crates(file: &File, path: &str, test: bool) -> Found {
    let name = path.split("::").next()?;
    let allowed = has("std core alloc ssm_rec formats", name)
        || has(row(&file.room)?.crates, name)
        || test && has(IN_TESTS, name);
    (!allowed && !name.is_empty()).then(|| ("crates", format!("may not name the crate {name}")))
}

fn guards(file: &File, path: &str, test: bool) -> Found {
    let guard = GUARDS
        .iter()
        .find(|guard| guard.names.split(' ').any(|name| reaches(path, name)))?;
    let free = test || guard.places.iter().any(|(place, _)| stands_in(file, place));
    (!free).then(|| (guard.rule, format!("may not name {path}")))
}

fn machines(house: &House, file: &File, path: &str, mention: &Mention) -> Found {
    let machines = || MACHINES.into_iter().chain(PURE);
    let of = |file: &File| machines().find(|(place, _)| stands_in(file, place));
    let (_, crates) = of(file)?;
    let is_pure = |file: &File| file.room == "formats" || of(file).is_some();
    let (name, rest) = path.split_once("::").unwrap_or((path, ""));
    let pure = match name {
        _ if mention.test => true,
        "" => mention.how != How::Method || mention.path != "elapsed",
        "formats" => true,
        "ssm_rec" => (house.file_of(path)).is_some_and(|file| is_pure(&house.files[file])),
        "std" | "core" | "alloc" => {
            mention.how == How::Macro || has(OF_STD, rest.split("::").next().unwrap_or(rest))
        }
        name => has(crates, name),
    };
    let impure = !mention.test && NOT_PURE.split(' ').any(|name| reaches(path, name));
    (impure || !pure).then(|| ("machines", format!("a machine may not name {path}")))
}

fn unknown_room(file: &File) -> Option<Broken> {
    let unknown = file.name.starts_with("src/") && row(&file.room).is_none();
    unknown.then(|| Broken::new("rooms", file, 1, "is no room of the plan"))
}

fn length(file: &File) -> Option<Broken> {
    let lines = file.text.lines().count();
    let what = format!("{lines} lines, past {LINES}");
    (lines > LINES).then(|| Broken::new("length", file, lines, &what))
}

/// The first sentence says what the file holds; a later one of the same block, what never happens in it.
fn docs(file: &File) -> Option<Broken> {
    let block = file.text.lines().map_while(|line| line.strip_prefix("//!"));
    let prose = block.collect::<Vec<_>>().join(" ").to_lowercase();
    let later = prose.split_once(". ").map_or("", |(_, later)| later);
    let mut words = later.split(|c: char| !c.is_alphabetic());
    let said = words.any(|word| has(ABSENCE, word));
    let what = "does not open with //! and what it holds, and then what never happens in it";
    (!said).then(|| Broken::new("docs", file, 1, what))
}

/// Whether a path is this name, leads through it, or imports everything beside it.
fn reaches(path: &str, name: &str) -> bool {
    let leads = |path: &str, name: &str| format!("{path}::").starts_with(&format!("{name}::"));
    let owner = path.strip_suffix("::*");
    leads(path, name) || owner.is_some_and(|owner| leads(name, owner))
}

/// Whether a file of `src/` is this one, or lies in this folder.
pub(crate) fn stands_in(file: &File, place: &str) -> bool {
    let inner = file.name.strip_prefix("src/");
    let rest = inner.and_then(|name| name.strip_prefix(place));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.']))
}

fn row(room: &str) -> Option<&'static Room> {
    PLAN.iter().find(|row| row.name == room)
}

pub(crate) fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|other| other == word)
}

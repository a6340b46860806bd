//! Circles: files that need each other, found by following what each one names to the file that defines it.
//!
//! Nothing here counts what only re-exports, or is compiled for tests alone, or what a file says of the `mod.rs` above it:
//! a folder is one module whose parts lie in several files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::iter::successors;

use crate::house::House;
use crate::names::How;
use crate::rules::Broken;

/// From a file to the files that it needs, each with the first line that says so.
type Needs = BTreeMap<usize, BTreeMap<usize, usize>>;

/// From every file that has one, the shortest way round, unless a way that was told passes through it.
pub(crate) fn circles(house: &House) -> Vec<Broken> {
    let needs = needs(house);
    let (mut broken, mut told) = (Vec::new(), BTreeSet::new());
    for start in needs.keys() {
        let way = way_back(&needs, *start);
        if way.is_empty() || told.contains(start) {
            continue;
        }
        let mut what = "goes in a circle".to_owned();
        for (file, line) in &way {
            what += &format!(" -> {}:{line}", house.files[*file].name);
        }
        broken.push(Broken::new(
            "circles",
            &house.files[*start],
            way[0].1,
            &what,
        ));
        told.extend(way.into_iter().map(|(file, _)| file));
    }
    broken
}

fn needs(house: &House) -> Needs {
    let mut needs = Needs::new();
    for mention in &house.mentions {
        let definition = house.path(mention).and_then(|path| house.definition(&path));
        if let Some(other) = definition
            && other != mention.file
            && mention.how != How::Reexport
            && !mention.test
            && !is_above(&house.files[other].name, &house.files[mention.file].name)
        {
            let lines = needs.entry(mention.file).or_default();
            lines.entry(other).or_insert(mention.line);
        }
    }
    needs
}

/// Whether the one is the `mod.rs` of a folder in which the other lies.
fn is_above(one: &str, other: &str) -> bool {
    one.strip_suffix("mod.rs")
        .is_some_and(|folder| other.starts_with(folder))
}

/// The shortest way from a file back to it: each file on it, and the line that names the next one.
fn way_back(needs: &Needs, start: usize) -> Vec<(usize, usize)> {
    let mut came_from = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        for (other, line) in needs.get(&file).into_iter().flatten() {
            came_from.entry(*other).or_insert_with(|| {
                next.push_back(*other);
                (file, *line)
            });
        }
    }
    let last = came_from.get(&start).copied();
    let back = successors(last, |(file, _)| {
        came_from.get(file).copied().filter(|_| *file != start)
    });
    let mut way: Vec<_> = back.collect();
    way.reverse();
    way
}

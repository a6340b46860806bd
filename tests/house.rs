//! The walls of the house: who may import whom, read from the `use` lines and paths under `src/`.
//!
//! Nothing here runs the program; it fails with the name of the room and the rule that it broke.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [&str; 11] = [
    "cli", "session", "recorder", "player", "review", "signing", "store", "envelope", "aws",
    "terminal", "formats",
];

/// From the floor plan: a room, and the rooms that it may import. What is not listed is a wall.
const MAY_IMPORT: [(&str, &[&str]); 10] = [
    (
        "cli",
        &[
            "session", "recorder", "player", "review", "signing", "store", "envelope", "aws",
            "terminal", "formats",
        ],
    ),
    ("session", &["recorder", "aws", "terminal", "formats"]),
    ("recorder", &["formats"]),
    ("player", &["terminal", "formats"]),
    ("review", &["store", "formats"]),
    ("signing", &["aws", "formats"]),
    ("store", &["aws"]),
    ("envelope", &["formats"]),
    ("aws", &[]),
    ("terminal", &[]),
];

/// The pure machines: files that may import `formats` and each other, and never a socket, a clock or a terminal.
const PURE: [&str; 8] = [
    "session/channel",
    "session/cipher",
    "session/handshake",
    "session/mux",
    "session/port/plain",
    "session/window",
    "player/playback",
    "recorder/input",
];
const IMPURE: [&str; 6] = [
    "tokio::net",
    "tokio::time",
    "tokio_tungstenite",
    "std::net",
    "crate::terminal",
    "crate::recorder",
];

#[test]
fn no_import_runs_upward() {
    let mut broken = Vec::new();
    for file in sources(&src()) {
        let name = file
            .strip_prefix(src())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        let room = name.split(['/', '.']).next().unwrap();
        if matches!(room, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(known, _)| *known == room) else {
            broken.push(format!("{name}: {room:?} is no room of the floor plan"));
            continue;
        };
        let text = code(&file);
        for other in ROOMS
            .iter()
            .filter(|other| **other != room && !allowed.contains(other))
        {
            let paths = [format!("crate::{other}"), format!("use {other}::")];
            if paths.iter().any(|path| text.contains(path.as_str())) {
                broken.push(format!("{name}: {room:?} may not import {other:?}"));
            }
        }
    }
    assert!(broken.is_empty(), "walls broken:\n{}", broken.join("\n"));
}

#[test]
fn the_machines_stay_pure() {
    let mut broken = Vec::new();
    for file in sources(&src()) {
        let name = file
            .strip_prefix(src())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        if PURE.iter().any(|pure| name.starts_with(pure)) {
            let text = code(&file);
            broken.extend(
                IMPURE
                    .iter()
                    .filter(|path| text.contains(**path))
                    .map(|path| format!("{name}: uses {path}")),
            );
        }
    }
    assert!(
        broken.is_empty(),
        "machines that are not pure:\n{}",
        broken.join("\n")
    );
}

#[test]
fn every_file_says_what_it_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "formats/src", "tests", "examples"];
    let silent: Vec<_> = folders
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .collect();
    assert!(
        silent.is_empty(),
        "files that do not open with //!: {silent:?}"
    );
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The file without its comment lines: prose may name any room.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

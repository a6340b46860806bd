//! What a file is, told by every command alike; and whose recording it is.
//!
//! Nothing here looks inside the program.

use std::fs;
use std::path::{Path, PathBuf};

use loopback::Options;

use super::rig::Rig;

/// What each command ends with over one recording, by its name.
fn statuses(rig: &Rig, name: &str) -> Vec<(&'static str, i32)> {
    [
        ("verify", &["verify", name][..]),
        ("play", &["play", "--no-wait", "-q", name]),
        ("show", &["show", name]),
        ("list", &["list", name]),
        ("export txt", &["export", "--format", "txt", name]),
        ("export raw", &["export", "--format", "raw", name]),
        ("commands", &["commands", name]),
    ]
    .map(|(command, arguments)| (command, rig.run(arguments).status()))
    .to_vec()
}

#[track_caller]
fn check(rig: &Rig, name: &str, expected: i32, what: &str) {
    for (command, status) in statuses(rig, name) {
        // Of a store, it reads the manifests alone.
        if command == "list" && !name.contains('/') {
            continue;
        }
        assert_eq!(status, expected, "{what}: {command}");
    }
}

/// A recording of several frames, with some output of its own in each.
fn recorded(rig: &Rig) -> Vec<u8> {
    let script = b"head -c 900000 /dev/urandom | base64\nexit\n";
    let run = rig.run_with(&["start", "i-0abc", "--reason", "ticket-42"], script);
    assert_eq!(run.status(), 0, "{}", run.err());
    fs::read(rig.recording()).unwrap()
}

#[test]
fn every_command_gives_a_damaged_file_the_same_judgement() {
    let rig = Rig::new(Options::quick());
    let whole = recorded(&rig);
    let path = rig.folder().join("file.cast.zst");
    let name = path.display().to_string();
    let with = |bytes: &[u8], expected: i32, what: &str| {
        fs::write(&path, bytes).unwrap();
        check(&rig, &name, expected, what);
    };
    with(&whole, 0, "whole");
    let cut = &whole[..whole.len() * 2 / 3];
    with(cut, 3, "cut");
    with(&[cut, &[0; 5000]].concat(), 3, "zeros behind a cut");
    with(&[cut, &[0; 3]].concat(), 3, "few zeros behind a cut");
    with(&whole[..whole.len() - 5], 3, "cut in the last table");
    with(&[&whole[..], b"more"].concat(), 4, "more behind its end");
    with(&[&whole[..], &[0; 512]].concat(), 4, "zeros behind its end");
    with(b"", 4, "empty");
    with(&whole[..3], 4, "three bytes");
    with(&whole[..60], 4, "cut in its header");
    with(&[0; 4096], 4, "zeros alone");
    with(b"no recording at all\n", 4, "text");
    let find = |tag: &[u8]| whole.windows(tag.len()).position(|at| at == tag).unwrap();
    let flip = |at: usize, what: &str| {
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        with(&changed, 4, what);
    };
    flip(find(b"ssmL") - 40, "a frame");
    flip(find(b"ssmL") + 60, "a link");
    flip(find(b"ssmM") + 40, "the manifest");
    flip(find(b"ssmT") + 20, "the time index");
    flip(whole.len() - 20, "the seek table");
}

#[test]
fn two_frames_that_changed_places_are_found_by_every_command() {
    let rig = Rig::new(Options::quick());
    let whole = recorded(&rig);
    let links: Vec<usize> = whole
        .windows(8)
        .enumerate()
        .filter(|(_, at)| *at == b"ssmL\x01\0\0\0")
        .map(|(at, _)| at + 8 + 104)
        .collect();
    assert!(links.len() >= 3, "{links:?}");
    let (first, second) = (&whole[links[0]..links[1]], &whole[links[1]..links[2]]);
    let swapped = [&whole[..links[0]], second, first, &whole[links[2]..]].concat();
    let path = rig.folder().join("file.cast.zst");
    fs::write(&path, swapped).unwrap();
    check(&rig, &path.display().to_string(), 4, "swapped");
}

/// A store with two sessions; gives the key of each recording's file below it, by session id.
fn two(rig: &Rig) -> [(String, PathBuf); 2] {
    for _ in 0..2 {
        assert_eq!(rig.run_with(&["start", "i-0abc"], b"exit\n").status(), 0);
    }
    let recordings = rig.files(&rig.store().join("recordings"));
    let id = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.strip_suffix(".cast.zst").unwrap().to_owned()
    };
    let [one, other] = &recordings[..] else {
        panic!("{recordings:?}");
    };
    [(id(one), one.clone()), (id(other), other.clone())]
}

fn manifest_of(rig: &Rig, id: &str) -> PathBuf {
    let mut files = rig.files(&rig.store().join("manifests")).into_iter();
    let name = format!("{id}.json");
    files
        .rfind(|path| path.file_name().is_some_and(|found| *found == *name))
        .unwrap()
}

/// Every command that takes a name refuses it, and so does what looks at all of them.
#[track_caller]
fn check_refused(rig: &Rig, id: &str, path: &Path) {
    check(rig, id, 4, "by its id");
    check(rig, &path.display().to_string(), 4, "by its place");
    let all = rig.run(&["verify", "--all", "--json"]);
    assert_eq!(all.status(), 4, "{}", all.out());
    assert!(
        all.out().contains("\"state\":\"misplaced\""),
        "{}",
        all.out()
    );
    assert_eq!(rig.run(&["verify", "--quick", id]).status(), 4);
}

#[test]
fn another_sessions_files_under_a_sessions_name_are_found_by_every_command() {
    let rig = Rig::new(Options::quick());
    let [(one, to), (other, from)] = two(&rig);
    check(&rig, &one, 0, "before");
    assert_eq!(rig.run(&["list"]).status(), 0);
    fs::copy(&from, &to).unwrap();
    fs::copy(manifest_of(&rig, &other), manifest_of(&rig, &one)).unwrap();
    check_refused(&rig, &one, &to);
    let list = rig.run(&["list"]);
    assert_eq!(list.status(), 4, "{}", list.out());
    assert!(!list.out().contains(&one), "{}", list.out());
    assert!(list.err().contains(&one), "{}", list.err());
    check(&rig, &other, 0, "the other one");
}

#[test]
fn another_sessions_recording_beside_the_right_manifest_is_found() {
    let rig = Rig::new(Options::quick());
    let [(one, to), (_, from)] = two(&rig);
    fs::copy(&from, &to).unwrap();
    check_refused(&rig, &one, &to);
}

#[test]
fn a_recording_at_another_place_in_the_store_is_found() {
    for (part, to) in [
        ("i-0abc", "i-0evil"),
        ("eu-central-1", "us-east-1"),
        ("year=", "year=1999~"),
    ] {
        let rig = Rig::new(Options::quick());
        let [(one, from), _] = two(&rig);
        let path = from.display().to_string();
        let at = path.rfind(part).unwrap();
        let path = match to.strip_suffix('~') {
            Some(year) => format!("{}{year}{}", &path[..at], &path[at + 9..]),
            None => format!("{}{to}{}", &path[..at], &path[at + part.len()..]),
        };
        let path = PathBuf::from(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::rename(&from, &path).unwrap();
        check_refused(&rig, &one, &path);
        assert_eq!(rig.run(&["list"]).status(), 4, "the list tells too");
        // Also where the right one is still there.
        fs::copy(&path, &from).unwrap();
        let all = rig.run(&["verify", "--all"]);
        assert_eq!(all.status(), 4, "{}", all.out());
    }
}

#[test]
fn a_file_elsewhere_has_whatever_name_a_person_gives_it() {
    let rig = Rig::new(Options::quick());
    let [(one, _), (_, from)] = two(&rig);
    for name in ["evidence.cast.zst".to_owned(), format!("{one}.cast.zst")] {
        let path = rig.folder().join(name);
        fs::copy(&from, &path).unwrap();
        check(&rig, &path.display().to_string(), 0, "elsewhere");
    }
}

#[test]
fn a_quick_check_says_that_it_looked_into_no_text() {
    let rig = Rig::new(Options::quick());
    let [(one, _), _] = two(&rig);
    let quick = rig.run(&["verify", "--quick", &one]);
    assert_eq!(quick.status(), 0);
    assert!(
        quick
            .out()
            .contains("its text was not looked into (--quick)"),
        "{}",
        quick.out()
    );
    let quick = rig.run(&["verify", "--quick", "--json", &one]);
    assert!(quick.out().contains("\"decoded\":false"), "{}", quick.out());
    let full = rig.run(&["verify", "--json", &one]);
    assert!(full.out().contains("\"decoded\":true"), "{}", full.out());
}

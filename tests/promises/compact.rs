//! `ssm-rec compact`: the sessions of a day in one pack, the same bytes whoever makes it, nothing half wherever it is killed,
//! and whatever is wrong with a pack is told.
//!
//! Nothing here makes a pack by itself: what the program stores is compared with what it stores elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loopback::Options;
use loopback::bucket::{self, Bucket};
use loopback::faulty_proxy::{self, FaultyProxy};
use serde_json::Value;

use super::rig::Rig;

/// Every day, this one too.
const ALL: &str = "2999-12-31";

/// A rig whose store has sessions with these lines, one each.
fn store(sessions: &[&str]) -> Rig {
    let rig = Rig::new(Options::quick());
    for line in sessions {
        rig.shell(&["--reason", "ticket-1"], &[line]);
    }
    rig
}

/// Packs all days up to this one.
fn compact(rig: &Rig, more: &[&str]) -> (i32, String, String) {
    let run = rig.run(&[&["compact", "--until", ALL], more].concat());
    (run.status(), run.out(), run.err())
}

fn packs(store: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut packs = BTreeMap::new();
    let mut folders = vec![store.join("packs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(store).unwrap().to_owned();
                    packs.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    packs
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

/// What was being written when a process was killed has a name that nobody reads.
fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    !name.starts_with('.')
}

fn json(out: &str) -> Vec<Value> {
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn each_session_gets_into_one_pack_and_a_late_one_into_a_further_pack() {
    let rig = store(&["echo one", "echo two"]);
    let (status, out, err) = compact(&rig, &["--json"]);
    assert_eq!(status, 0, "{err}");
    let made = json(&out);
    assert_eq!(made.len(), 1, "{out}");
    assert_eq!(
        (&made[0]["sessions"], &made[0]["number"]),
        (&2.into(), &1.into())
    );
    let first = packs(&rig.store());
    assert_eq!(first.len(), 5, "{:?}", first.keys());

    let (status, out, err) = compact(&rig, &[]);
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("0 packs made, with 0 sessions"), "{err}");
    assert_eq!(packs(&rig.store()), first);

    rig.shell(&[], &["echo late"]);
    let (status, out, _) = compact(&rig, &["--json"]);
    let made = json(&out);
    assert_eq!((status, made.len()), (0, 1));
    assert_eq!(
        (&made[0]["sessions"], &made[0]["number"]),
        (&1.into(), &2.into())
    );
    let both = packs(&rig.store());
    assert_eq!(both.len(), 10);
    assert!(
        first
            .iter()
            .all(|(name, bytes)| both.get(name) == Some(bytes))
    );
    let (status, out, _) = compact(&rig, &["--verify", "--json"]);
    let verdicts = json(&out);
    assert_eq!(status, 0, "{out}");
    assert!(
        verdicts.iter().all(|verdict| verdict["verdict"] == "same"),
        "{out}"
    );
}

#[test]
fn a_day_that_is_not_over_is_packed_only_when_asked_for() {
    let rig = store(&["echo today"]);
    let run = rig.run(&["compact"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(packs(&rig.store()).is_empty());
}

#[test]
fn killed_at_any_moment_it_leaves_what_the_next_one_makes_whole() {
    let rig = store(&["seq 300", "ls /", "echo three"]);
    let whole = rig.folder().join("whole");
    copy(&rig.store(), &whole);
    let whole_text = whole.display().to_string();
    let (status, _, err) = compact(&rig, &["--store", &whole_text]);
    assert_eq!(status, 0, "{err}");
    let expected = packs(&whole);
    let mut half = 0;
    for moment in 0..50 {
        let place = rig.folder().join(format!("killed-{moment}"));
        copy(&rig.store(), &place);
        let text = place.display().to_string();
        let arguments = ["compact", "--until", ALL, "--store", &text];
        let mut child = rig.command(&arguments).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(moment * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut left = packs(&place);
        left.retain(|path, _| is_named(path));
        half += usize::from(!left.is_empty() && left.len() < expected.len());
        // What has its name is whole.
        for (name, bytes) in &left {
            assert!(expected.get(name) == Some(bytes), "{name:?}");
        }
        let (status, _, err) = compact(&rig, &["--store", &text]);
        assert_eq!(status, 0, "{err}");
        let mut made = packs(&place);
        made.retain(|path, _| is_named(path));
        assert!(made == expected, "after {moment}: {:?}", made.keys());
        fs::remove_dir_all(place).unwrap();
    }
    println!("{half} of 50 were stopped in the midst of storing");
}

#[test]
fn a_pack_of_which_only_the_first_files_are_there_is_finished_with_the_same_bytes() {
    let rig = store(&["seq 300", "ls /"]);
    assert_eq!(compact(&rig, &[]).0, 0);
    let expected = packs(&rig.store());
    for missing in expected.keys() {
        if missing.starts_with("packs/index") {
            continue;
        }
        fs::remove_file(rig.store().join(missing)).unwrap();
        let (status, out, _) = compact(&rig, &["--verify", "--json"]);
        assert_eq!(status, 0);
        assert_eq!(json(&out)[0]["verdict"], "unfinished");
        let (status, out, err) = compact(&rig, &["--json"]);
        assert_eq!(status, 0, "{err}");
        assert_eq!(json(&out)[0]["completed"], true, "{out}");
        assert!(packs(&rig.store()) == expected, "{missing:?}");
    }
}

#[test]
fn several_librarians_at_once_make_no_session_double() {
    let rig = store(&["echo one", "echo two", "echo three"]);
    for _ in 0..5 {
        let children: Vec<_> = (0..4)
            .map(|_| {
                rig.command(&["compact", "--until", ALL, "--json"])
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        let made = packs(&rig.store());
        assert_eq!(made.len(), 5, "{:?}", made.keys());
        assert_eq!(compact(&rig, &["--verify"]).0, 0);
        fs::remove_dir_all(rig.store().join("packs")).unwrap();
    }
}

#[test]
fn a_bucket_that_fails_a_third_of_the_time_gets_the_same_packs() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let options = faulty_proxy::Options {
        share: 0.3,
        stall: Duration::from_millis(100),
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&bucket.endpoint(), options).unwrap();
    let here = store(&["seq 300", "ls /"]);
    for file in here.files(&here.store()) {
        let key = file.strip_prefix(here.store()).unwrap();
        let key = format!("fleet/{}", key.display());
        bucket.plant(&key, fs::read(&file).unwrap().into());
    }
    assert_eq!(compact(&here, &[]).0, 0);
    let rig = Rig::with_bucket(proxy.endpoint());
    let (status, out, err) = compact(&rig, &["--json"]);
    assert_eq!(status, 0, "{out}{err}");
    assert_eq!(json(&out)[0]["sessions"], 2, "{out}");
    assert!(proxy.counts().values().sum::<usize>() > 0);
    for (name, bytes) in packs(&here.store()) {
        let key = format!("fleet/{}", name.display());
        let stored = &bucket.objects()[&key];
        assert!(stored.bytes == bytes, "{key}");
    }
}

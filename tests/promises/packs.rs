//! `ssm-rec search` over packs: what is found is what is found without them, and whatever is wrong with a pack is told and costs
//! no hit.
//!
//! Nothing here knows what is in a pack but by what the program finds.

use std::fs;
use std::path::PathBuf;

use loopback::Options;
use loopback::bucket::{self, Bucket};
use loopback::faulty_proxy::{self, FaultyProxy};
use serde_json::Value;
use ssm_rec::formats;
use ssm_rec::formats::layout::Place;
use ssm_rec::formats::manifest::{Encryption, Manifest};

use super::rig::Rig;

/// Every day, this one too.
const ALL: &str = "2999-12-31";

/// A store of three sessions in a pack, and one beyond it.
fn packed() -> Rig {
    let rig = Rig::new(Options::quick());
    for (reason, line) in [
        ("ticket-1", "seq 100 140; echo need''le-one"),
        ("needle-reason", "ls /"),
        ("ticket-3", "echo NEED''LE-three"),
    ] {
        rig.shell(&["--reason", reason], &[line]);
    }
    compact(&rig);
    rig.shell(&["--reason", "ticket-4"], &["echo need''le-four"]);
    rig
}

fn compact(rig: &Rig) {
    let run = rig.run(&["compact", "--until", ALL]);
    assert_eq!(run.status(), 0, "{}", run.err());
}

/// Its status, what it found and what it said.
fn search(rig: &Rig, arguments: &[&str]) -> (i32, String, String) {
    let run = rig.run(&[&["search"], arguments].concat());
    (run.status(), run.out(), run.err())
}

fn part(rig: &Rig, folder: &str) -> PathBuf {
    let files = rig.files(&rig.store().join("packs").join(folder));
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

const QUESTIONS: [&[&str]; 12] = [
    &["needle"],
    &["-i", "needle"],
    &["-i", "-c", "needle"],
    &["-l", "needle"],
    &["-C", "2", "needle"],
    &["--in", "lines,commands,reasons", "needle"],
    &["--in", "input,lines", "needle"],
    &["--json", "1[234]"],
    &["nowhere-to-be-found"],
    &["-e", "needle-one", "-e", "^13[0-9]$"],
    &["-w", "-F", "-i", "-e", "needle", "-e", "1.0", "-e", "110"],
    &["-c", "-e", "nowhere-to-be-found", "-e", "NEEDLE"],
];

#[test]
fn what_is_found_with_packs_is_what_is_found_without() {
    let rig = packed();
    for question in QUESTIONS {
        let (status, out, err) = search(&rig, question);
        let without = search(&rig, &[&["--no-packs"], question].concat());
        assert_eq!(
            (status, &out),
            (without.0, &without.1),
            "{question:?}: {err}"
        );
        if !question.contains(&"--json") {
            assert!(
                err.contains("searched 4 of 4 sessions"),
                "{question:?}: {err}"
            );
        }
        let trusted = search(&rig, &[&["--trust-packs"], question].concat());
        assert!((status, &out) == (trusted.0, &trusted.1), "{question:?}");
    }
}

#[test]
fn a_session_in_the_spool_is_searched_once() {
    let rig = packed();
    let elsewhere = Rig::new(Options::quick());
    elsewhere.shell(&[], &["echo need''le-in-the-spool"]);
    let recording = elsewhere.recording();
    fs::create_dir_all(rig.spool()).unwrap();
    fs::copy(&recording, rig.spool().join(recording.file_name().unwrap())).unwrap();
    let (status, out, err) = search(&rig, &["^needle"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(out.matches("needle-in-the-spool").count(), 1, "{out}");
    assert!(err.contains("searched 5 of 5 sessions"), "{err}");
}

#[test]
fn filters_hold_in_packs_as_outside() {
    let rig = packed();
    for (condition, found) in [
        ("reason = ticket-1", 1),
        ("reason ~ ticket", 3),
        ("target = nowhere", 0),
        ("command ~ echo", 3),
    ] {
        let (_, out, _) = search(&rig, &["-i", "-l", "needle", "--where", condition]);
        assert_eq!(out.lines().count(), found, "{condition}: {out}");
    }
}

#[test]
fn what_a_pack_says_is_looked_at_again_unless_packs_are_trusted() {
    let rig = packed();
    let (_, expected, _) = search(&rig, &["needle-one"]);
    assert_eq!(expected.lines().count(), 1);
    for folder in ["lines", "recordings"] {
        fs::remove_dir_all(rig.store().join(folder)).unwrap();
    }
    let (status, out, err) = search(&rig, &["needle-one"]);
    assert_eq!((status, out.as_str()), (4, ""), "{err}");
    assert!(err.contains("2 unreadable"), "{err}");
    let (status, out, _) = search(&rig, &["--trust-packs", "needle-one"]);
    assert_eq!((status, &out), (4, &expected), "one session is in no pack");
}

#[test]
fn a_session_whose_manifest_is_gone_is_in_no_pack_either() {
    let rig = packed();
    let (_, out, _) = search(&rig, &["-l", "needle-one"]);
    let id = out.trim();
    let manifests = rig.files(&rig.store().join("manifests"));
    let gone = manifests
        .iter()
        .find(|path| path.display().to_string().contains(id));
    fs::remove_file(gone.unwrap()).unwrap();
    let (status, out, err) = search(&rig, &["--trust-packs", "needle-one"]);
    // Its recording is there still, and is searched as that of a session without a manifest.
    assert_eq!((status, out.lines().count()), (0, 1), "{err}");
    let recordings = rig.files(&rig.store().join("recordings"));
    let gone = recordings
        .iter()
        .find(|path| path.display().to_string().contains(id));
    fs::remove_file(gone.unwrap()).unwrap();
    let (status, out, _) = search(&rig, &["--trust-packs", "needle-one"]);
    assert_eq!((status, out.as_str()), (1, ""));
}

#[test]
fn a_pack_that_was_altered_is_told_of_and_costs_no_hit() {
    for folder in ["sessions", "lines", "grams"] {
        let rig = packed();
        let path = part(&rig, folder);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let expected = search(&rig, &["--no-packs", "-i", "needle"]).1;
        let (status, out, err) = search(&rig, &["-i", "needle"]);
        assert_eq!((status, &out), (0, &expected), "{folder}: {err}");
        assert!(
            err.contains("not what its index tells of"),
            "{folder}: {err}"
        );
        assert!(err.contains("1 pack not used"), "{folder}: {err}");
        assert!(err.contains("searched 4 of 4 sessions"), "{folder}: {err}");
        // Nobody is asked for, and nobody counted.
        let (status, _, err) = search(&rig, &["needle", "--where", "target = nowhere"]);
        assert_eq!(status, 1, "{folder}: {err}");
        assert!(err.contains("searched 0 of 0 sessions"), "{folder}: {err}");
        let run = rig.run(&["compact", "--verify"]);
        assert_eq!(run.status(), 4, "{folder}");
        let said = format!("its {folder} are not what its index tells of");
        assert!(run.out().contains(&said), "{}", run.out());
    }
}

/// Writes another index in place of the one that is there.
fn reindex(rig: &Rig, alter: impl Fn(&mut Value)) {
    let path = part(rig, "index");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    alter(&mut index);
    fs::remove_file(&path).unwrap();
    fs::write(&path, serde_json::to_vec(&index).unwrap()).unwrap();
}

#[test]
fn a_pack_of_a_later_format_is_told_of_and_costs_no_hit() {
    let rig = packed();
    reindex(&rig, |index| index["format"] = 2.into());
    let expected = search(&rig, &["--no-packs", "-i", "needle"]).1;
    let (status, out, err) = search(&rig, &["-i", "needle"]);
    assert_eq!((status, &out), (0, &expected), "{err}");
    assert!(err.contains("index has format 2, only 1 is known"), "{err}");
    assert!(err.contains("searched 4 of 4 sessions"), "{err}");
    let before = rig.files(&rig.store().join("packs"));
    let run = rig.run(&["compact", "--until", ALL]);
    assert_eq!(
        run.status(),
        4,
        "what it covers is not known: {}",
        run.err()
    );
    assert_eq!(rig.files(&rig.store().join("packs")), before);
}

#[test]
fn a_pack_that_hides_a_session_is_found_out() {
    let rig = packed();
    // A session that the index leaves out is beyond the pack, and searched like any other.
    reindex(&rig, |index| {
        index["covers"].as_array_mut().unwrap().remove(0);
    });
    let expected = search(&rig, &["--no-packs", "-i", "needle"]).1;
    let (status, out, err) = search(&rig, &["-i", "needle"]);
    assert_eq!((status, &out), (0, &expected), "{err}");
    assert!(err.contains("index does not agree with itself"), "{err}");
    // One that it covers and says to be empty.
    let rig = packed();
    reindex(&rig, |index| {
        let lines = index["covers"][2]["lines"].as_u64().unwrap();
        index["covers"][2]["lines"] = 0.into();
        index["covers"][0]["lines"] =
            (index["covers"][0]["lines"].as_u64().unwrap() + lines).into();
    });
    let run = rig.run(&["compact", "--verify"]);
    assert_eq!(run.status(), 4);
    assert!(run.out().contains(" in the pack"), "{}", run.out());
}

#[test]
fn where_it_is_said_whose_signatures_count_others_packs_are_not_used() {
    let rig = packed();
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");
    let key = format!("{keys}/ed25519");
    let signers = rig.file(
        "signers",
        format!(
            "librarian@example.com {}",
            fs::read_to_string(format!("{key}.pub")).unwrap()
        ),
    );
    let rig = rig.env("SSM_REC_REVIEW_ALLOWED_SIGNERS", &signers);
    let expected = search(&rig, &["--no-packs", "needle"]).1;
    let (status, out, err) = search(&rig, &["needle"]);
    assert_eq!((status, &out), (0, &expected));
    assert!(err.contains("it is not signed"), "{err}");
    fs::remove_dir_all(rig.store().join("packs")).unwrap();
    let private = rig.file("key", fs::read(&key).unwrap());
    #[cfg(unix)]
    fs::set_permissions(
        &private,
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let run = rig.run(&["compact", "--until", ALL, "--sign-key", &private]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let (status, out, err) = search(&rig, &["needle"]);
    assert_eq!((status, &out), (0, &expected));
    assert!(!err.contains("not used"), "{err}");
    // Whoever is stopped before the signature is there, or after it, leaves what the next one finishes.
    let files = rig.files(&rig.store().join("packs"));
    let signature = files
        .iter()
        .find(|path| path.display().to_string().ends_with(".sig"));
    let tables = files
        .iter()
        .filter(|path| !path.display().to_string().contains("index"));
    for gone in [vec![signature.unwrap()], tables.chain(signature).collect()] {
        gone.iter().for_each(|path| fs::remove_file(path).unwrap());
        let unsigned = rig.run(&["compact", "--until", ALL]);
        let run = rig.run(&["compact", "--until", ALL, "--sign-key", &private, "--json"]);
        assert_eq!(run.status(), 0, "{} {}", run.out(), unsigned.err());
        assert!(run.out().contains("\"completed\":true"), "{}", run.out());
        assert_eq!(rig.files(&rig.store().join("packs")), files);
        let run = rig.run(&["compact", "--verify"]);
        assert_eq!(run.status(), 0, "{}", run.out());
    }
    reindex_signed(&rig);
    let (status, out, err) = search(&rig, &["needle"]);
    assert_eq!((status, &out), (0, &expected));
    assert!(
        err.contains("its signature is over something else"),
        "{err}"
    );
}

fn reindex_signed(rig: &Rig) {
    let files = rig.files(&rig.store().join("packs/index"));
    let index = files
        .iter()
        .find(|path| path.extension().is_some_and(|ending| ending == "json"));
    let index = index.unwrap();
    let altered = fs::read_to_string(index)
        .unwrap()
        .replace("\"made_by\":\"", "\"made_by\":\"x");
    fs::remove_file(index).unwrap();
    fs::write(index, altered).unwrap();
}

#[test]
fn packs_of_ones_own_are_on_this_machine_alone_and_are_believed() {
    let rig = packed();
    fs::remove_dir_all(rig.store().join("packs")).unwrap();
    let (_, expected, _) = search(&rig, &["-i", "needle"]);
    let arguments = ["compact", "--own", "--until", ALL, "--json"];
    let run = rig.run(&arguments);
    assert_eq!(run.status(), 0, "{}", run.err());
    let made: Value = serde_json::from_str(run.out().trim()).unwrap();
    assert_eq!(made["sessions"], 4, "{made}");
    assert!(!rig.store().join("packs").exists());
    let place = PathBuf::from(made["pack"].as_str().unwrap());
    assert!(place.starts_with(rig.folder()), "{place:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for folder in place.ancestors().take(6) {
            let mode = fs::metadata(folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{folder:?}");
        }
    }
    assert_eq!(rig.run(&arguments).out(), "", "there is nothing left to do");
    fs::remove_dir_all(rig.store().join("lines")).unwrap();
    fs::remove_dir_all(rig.store().join("recordings")).unwrap();
    let (status, out, err) = search(&rig, &["-i", "needle"]);
    assert_eq!((status, &out), (0, &expected), "{err}");
    // One that was altered is as good as none, and nothing is told that nobody can mend.
    let lines = rig
        .files(&rig.folder().join("home"))
        .into_iter()
        .chain(rig.files(rig.folder()));
    let lines = lines.filter(|path| path.display().to_string().contains("packs/lines"));
    for path in lines.collect::<std::collections::BTreeSet<_>>() {
        fs::remove_file(&path).unwrap();
        fs::write(&path, "x").unwrap();
    }
    let (status, out, err) = search(&rig, &["-i", "needle"]);
    assert_eq!(
        (status, out.as_str()),
        (4, ""),
        "the recordings are gone: {err}"
    );
    assert!(!err.contains("not used"), "{err}");
}

/// Manifests of so many sessions that only some may read, none of which needs more to be listed.
fn sealed(count: u32) -> Vec<(String, Vec<u8>)> {
    let manifests = (0..count).map(|number| {
        let manifest = Manifest {
            format: formats::manifest::FORMAT,
            session_id: format!("alice-{number:017x}"),
            target: format!("i-{number:08x}"),
            started_at: Some(format!(
                "2026-11-{:02}T{:02}:{:02}:00Z",
                10 + number % 2,
                number / 60,
                number % 60
            )),
            encryption: Some(Encryption::default()),
            ..Manifest::default()
        };
        let key = Place::of(&manifest).unwrap().manifest();
        (key, manifest.encode())
    });
    manifests.collect()
}

#[test]
fn a_bucket_is_listed_by_its_packs_and_by_what_lies_beyond_them() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let plain = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&bucket.endpoint(), plain).unwrap();
    let rig = Rig::with_bucket(proxy.endpoint()).env("SSM_REC_REVIEW_CACHE_SIZE", "0");
    let manifests = sealed(240);
    let (late, early) = manifests.split_at(3);
    let plant = |(key, bytes): &(String, Vec<u8>)| {
        bucket.plant(&format!("fleet/{key}"), bytes.clone().into());
    };
    early.iter().for_each(plant);
    compact(&rig);
    late.iter().for_each(plant);
    let list = || {
        let before = proxy.requests().len();
        let run = rig.run(&["list", "--json"]);
        assert_eq!(run.status(), 0, "{}", run.err());
        let mut requests = proxy.requests().split_off(before);
        requests.retain(|request| !request.contains("list-type"));
        (run.out(), requests)
    };
    let (by_packs, requests) = list();
    // Of two days the indexes and the tables, and of three sessions the manifests.
    assert_eq!(requests.len(), 2 + 2 + 3, "{requests:#?}");
    assert_eq!(by_packs.lines().count(), 240);
    for key in bucket
        .objects()
        .into_keys()
        .filter(|key| key.contains("packs/"))
    {
        bucket.plant(&key, "spoiled".into());
    }
    let (one_by_one, requests) = list();
    assert!(requests.len() > 240);
    assert!(by_packs == one_by_one);
}

#[cfg(unix)]
#[test]
fn who_may_not_read_packs_searches_without_them() {
    let rig = packed();
    let expected = search(&rig, &["-i", "needle"]).1;
    // Root may read everything; what is no folder nobody lists.
    let packs = rig.store().join("packs");
    fs::remove_dir_all(&packs).unwrap();
    fs::create_dir(&packs).unwrap();
    fs::write(packs.join("index"), "").unwrap();
    let (status, out, err) = search(&rig, &["-i", "needle"]);
    assert_eq!((status, &out), (0, &expected), "{err}");
    assert!(
        err.contains("1 pack not used") || !err.contains("not used"),
        "{err}"
    );
}

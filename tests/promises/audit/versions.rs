//! What the versions of a bucket tell: each part of a session that was removed or written over, and whose session it was.
//!
//! Nothing here is planted but what somebody who may delete would do.

use std::collections::BTreeMap;

use loopback::bucket::{self, Bucket};

use super::*;

/// The keys of a session, by their ends.
fn key(bucket: &Bucket, session_id: &str, ending: &str) -> String {
    let objects = bucket.objects();
    let mut keys = objects.keys();
    let key = keys.find(|key| key.contains(session_id) && key.ends_with(ending));
    key.unwrap_or_else(|| panic!("{session_id} {ending}: {:?}", objects.keys()))
        .clone()
}

/// Runs four sessions and gives their ids.
fn four(rig: &Rig, bucket: &Bucket) -> Vec<String> {
    let mut ids = Vec::new();
    for line in ["echo one", "echo two", "echo three", "echo four"] {
        rig.shell(&[], &[line]);
        let objects = bucket.objects();
        let names = objects
            .keys()
            .filter_map(|key| key.strip_suffix(".cast.zst")?.rsplit('/').next());
        ids.extend(names.map(str::to_owned).find(|id| !ids.contains(id)));
    }
    assert_eq!(ids.len(), 4, "{ids:?}");
    ids
}

fn versioned() -> Bucket {
    let options = bucket::Options {
        versioned: true,
        page: 3,
        ..bucket::Options::default()
    };
    Bucket::start(options).unwrap()
}

#[test]
fn what_was_removed_or_written_over_is_named_with_whose_session_it_was() {
    let bucket = versioned();
    let rig = Rig::with_bucket(bucket.endpoint());
    let ids = four(&rig, &bucket);
    let run = rig.run(&["audit", "--no-store"]);
    assert_eq!(run.status(), 0, "{}", run.out());
    assert!(run.out().contains("tells by its versions"), "{}", run.out());

    // A put that was carried out twice is none of the kind.
    let twice = key(&bucket, &ids[3], ".json");
    bucket.plant(&twice, bucket.objects()[&twice].bytes.clone());
    // All of the first, the recording of the second, and the third's is another one now, put where it was removed.
    bucket.remove(&key(&bucket, &ids[0], ".cast.zst"));
    bucket.remove(&key(&bucket, &ids[0], ".json"));
    bucket.remove(&key(&bucket, &ids[1], ".cast.zst"));
    let swapped = key(&bucket, &ids[2], ".cast.zst");
    bucket.remove(&swapped);
    bucket.plant(&swapped, b"other"[..].into());
    let run = rig.run(&["audit", "--grace", "0s", "--json", "--no-store"]);
    let (sessions, last) = json_of(&run);
    let told: BTreeMap<&str, String> = sessions
        .iter()
        .map(|one| {
            let marks = one["marks"].as_array().unwrap().iter();
            let marks = marks.map(|mark| mark["mark"].as_str().unwrap());
            let marks: Vec<&str> = marks.filter(|mark| *mark != "unsigned").collect();
            let state = one["state"].as_str().unwrap();
            (
                one["session_id"].as_str().unwrap(),
                format!("{state} {}", marks.join(",")),
            )
        })
        .collect();
    assert_eq!(
        ids.iter()
            .map(|id| told[id.as_str()].as_str())
            .collect::<Vec<_>>(),
        [
            "gone removed,removed",
            "gone removed,recording_missing",
            "recorded written_over",
            "recorded ",
        ],
        "{}",
        run.err()
    );
    // What it was is read from the version, and so its place in the row is not empty.
    let first = sessions
        .iter()
        .find(|one| one["session_id"] == ids[0].as_str())
        .unwrap();
    assert_eq!(first["target"], "i-bash");
    assert_eq!(last["breaks"], json!([]), "{last}");
    assert_eq!(last["versions"], json!({ "state": "told" }));
    assert_eq!((run.status(), &last["complete"]), (8, &json!(true)));
    // Without the service's history it is known all the same.
    let run = rig.run(&["audit", "--offline", "--grace", "0s", "--no-store"]);
    assert_eq!(run.status(), 8);
    assert!(
        run.out().contains("its manifest was removed at 20"),
        "{}",
        run.out()
    );
    assert!(
        run.out().contains("its recording was written over at 20"),
        "{}",
        run.out()
    );
}

#[test]
fn a_verdict_that_was_removed_is_told_by_the_first_audit() {
    let bucket = versioned();
    let rig = Rig::with_bucket(bucket.endpoint());
    let ids = four(&rig, &bucket);
    let verdict = format!("fleet/reviews/{}/20261101T120000Z-robin.json", ids[1]);
    // An audit asks whether it is there; what it says is for whoever reads it.
    bucket.plant(&verdict, b"{}"[..].into());
    assert_eq!(rig.run(&["audit", "--no-store"]).status(), 0);
    bucket.remove(&verdict);
    let run = rig.run(&["audit", "--no-store"]);
    assert_eq!(run.status(), 8, "{}", run.out());
    assert!(
        run.out().contains("a verdict on it is gone"),
        "{}",
        run.out()
    );
}

#[test]
fn who_may_not_list_versions_is_told_what_that_takes_and_the_audit_is_made() {
    let options = bucket::Options {
        without_versions: true,
        ..bucket::Options::default()
    };
    let bucket = Bucket::start(options).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint());
    four(&rig, &bucket);
    let run = rig.run(&["audit", "--no-store"]);
    assert_eq!(run.status(), 0, "{}", run.out());
    assert!(
        run.out().contains("versions of the store are NOT TOLD"),
        "{}",
        run.out()
    );
    assert!(run.out().contains("s3:ListBucketVersions"), "{}", run.out());
}

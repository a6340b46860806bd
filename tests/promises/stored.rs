//! What a bucket should hold of sessions that were stored.
//!
//! Nothing here runs the program.

use std::collections::BTreeMap;

use loopback::bucket::{Bucket, Stored};
use ssm_rec::formats::manifest::Manifest;
use ssm_rec::formats::recording::{Proof, verify};

/// Every recording once, whole, with its manifest, what that says was derived, and nothing else; by session id.
#[track_caller]
pub(super) fn check_stored(bucket: &Bucket, sessions: usize) -> BTreeMap<String, Stored> {
    let objects = bucket.objects();
    let mut recordings = BTreeMap::new();
    let mut derived = 0;
    for (key, stored) in &objects {
        assert_eq!(stored.creations, 1, "{key}");
        let Some(name) = key.strip_suffix(".cast.zst") else {
            continue;
        };
        let id = name.rsplit('/').next().unwrap();
        let report = verify(&stored.bytes[..]).unwrap();
        assert_eq!(report.proof, Proof::Sound, "{key}");
        let signed = report.signed.unwrap();
        let manifest = objects
            .iter()
            .find(|(key, _)| key.ends_with(&format!("/{id}.json")))
            .unwrap_or_else(|| panic!("{id} has a manifest"));
        assert!(
            manifest.1.bytes == signed.manifest,
            "the manifest beside {key}"
        );
        let manifest = Manifest::parse(&signed.manifest).unwrap();
        // A machine that is busy enough may have had no time for it.
        for (kind, told) in manifest
            .derived
            .iter()
            .flat_map(|derived| [("lines", &derived.lines), ("commands", &derived.commands)])
        {
            let end = format!("/{id}.jsonl.zst");
            let mut objects = objects.iter();
            let object = objects.find(|(key, _)| key.contains(kind) && key.ends_with(&end));
            assert!(
                told.is(&object.unwrap().1.bytes[..]).unwrap(),
                "{kind} of {id}"
            );
            derived += 1;
        }
        let session_id = manifest.session_id;
        assert!(recordings.insert(session_id, stored.clone()).is_none());
    }
    assert_eq!(recordings.len(), sessions, "{:?}", objects.keys());
    assert_eq!(
        objects.len(),
        2 * sessions + derived,
        "{:?}",
        objects.keys()
    );
    recordings
}

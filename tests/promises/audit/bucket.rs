//! The same against a bucket: its own time of each manifest, a trail that lies in it, and the audit that is kept there.
//!
//! Nothing here is on this machine but the spool.

use chrono::TimeDelta;
use formats::audit::Snapshot;
use loopback::bucket::{self, Bucket};

use super::*;

#[test]
fn a_bucket_tells_when_it_got_each_manifest_and_has_the_trail_and_keeps_the_audit() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint());
    let days = |days| now() - TimeDelta::days(days);
    for (id, start, came) in [
        ("alice-1", days(3), days(3) + TimeDelta::hours(1)),
        // Dated back: the bucket has had it since yesterday.
        ("alice-2", days(20), days(1)),
    ] {
        let manifest = manifest(id, REGIONS[0], start, 0);
        let place = Place::of(&manifest).unwrap();
        let key = |key: String| format!("fleet/{key}");
        bucket.plant(&key(place.recording()), b"no audit reads it"[..].into());
        bucket.plant(&key(place.manifest()), manifest.encode().into());
        bucket.date(&key(place.manifest()), came.into());
    }
    // Systems Manager forgot one that the trail has.
    rig.service.tell_of(vec![
        past("alice-1", REGIONS[0], days(3)),
        past("alice-2", REGIONS[0], days(20)),
    ]);
    let folder = trail(
        &rig,
        &[
            record("hidden", REGIONS[0], days(5)),
            record("old", REGIONS[0], days(45)),
        ],
    );
    for path in rig.files(folder.as_ref()) {
        let key = path.strip_prefix(&folder).unwrap().display().to_string();
        let bytes = fs::read(&path).unwrap();
        bucket.plant(&format!("trail/{key}"), bytes.into());
    }
    // What another service delivers there is nobody's business.
    bucket.plant(
        &format!("trail/AWSLogs/{ACCOUNT}/Config/eu/2026/1/1/x.json.gz"),
        b"no"[..].into(),
    );
    let run = rig.run(&["audit", "--json", "--trail", "s3://recordings/trail"]);
    let (sessions, last) = json_of(&run);
    let told: Vec<String> = sessions
        .iter()
        .map(|one| {
            let marks = one["marks"].as_array().unwrap().iter();
            let marks: Vec<&str> = marks.map(|mark| mark["mark"].as_str().unwrap()).collect();
            format!("{} {} {}", one["session_id"], one["state"], marks.join(","))
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""alice-2" "recorded" unsigned,came_late"#,
            r#""hidden" "not_recorded" "#,
            r#""alice-1" "recorded" unsigned"#,
        ],
        "{}",
        run.err()
    );
    assert_eq!(
        (run.status(), last["complete"].clone()),
        (8, true.into()),
        "{last}"
    );
    let objects = bucket.objects();
    let kept = objects
        .iter()
        .find(|(key, _)| key.starts_with("fleet/audits/year="));
    let (_, kept) = kept.unwrap_or_else(|| panic!("{}", run.err()));
    assert_eq!(Snapshot::parse(&kept.bytes).unwrap().sessions.len(), 3);
    assert_eq!(
        kept.headers
            .get("if-none-match")
            .map_or(1, |_| kept.creations),
        1
    );
}

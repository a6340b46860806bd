//! The same as a report: each hole, until when the bucket keeps each recording, and one file that is not written over.
//!
//! Nothing here looks at a page; the numbers are read from the form for programs.

use loopback::bucket::{self, Bucket};

use super::*;

#[test]
fn a_report_tells_of_holes_and_until_when_each_recording_is_kept() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint())
        .env("SSM_REC_UPLOAD_OBJECT_LOCK_MODE", "GOVERNANCE")
        .env("SSM_REC_UPLOAD_RETENTION_DAYS", "365");
    rig.shell(&["--reason", "ticket-1"], &["echo one"]);
    let listed: Value = serde_json::from_str(&rig.run(&["list", "--json"]).out()).unwrap();
    let id = listed["session_id"].as_str().unwrap();
    rig.service
        .tell_of(vec![past("hidden", REGIONS[0], now() - TimeDelta::days(3))]);
    let page = rig.folder().join("report.html").display().to_string();
    let run = rig.run(&["audit", "--report", "html", "-o", &page]);
    assert_eq!(run.status(), 8, "{}{}", run.out(), run.err());
    // What is told beside the file is the audit itself.
    assert!(run.out().contains("NOT RECORDED"), "{}", run.out());
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("hidden") && text.contains(id) && !text.contains("<script"));
    let again = rig.run(&["audit", "--report", "html", "-o", &page]);
    assert_eq!(again.status(), 1, "{}", again.err());
    assert_eq!(fs::read_to_string(&page).unwrap(), text);
    let run = rig.run(&["audit", "--report", "json", "--no-store"]);
    let report: Value = serde_json::from_str(&run.out()).unwrap();
    assert_eq!(report["outcome"], "holes");
    let sessions = report["sessions"].as_array().unwrap();
    let one = sessions.iter().find(|one| one["session_id"] == id).unwrap();
    let until: DateTime<Utc> = one["retained_until"].as_str().unwrap().parse().unwrap();
    assert!((360..=370).contains(&(until - now()).num_days()), "{until}");
    let holes = report["holes"].as_array().unwrap();
    assert!(holes.iter().any(|hole| hole["session_id"] == "hidden"));
    let table = rig.run(&["audit", "--report", "csv", "--no-store"]).out();
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn a_recording_that_was_altered_is_a_hole_where_recordings_are_read() {
    let rig = Rig::new(loopback::Options::quick());
    rig.shell(&["--reason", "ticket-1"], &["echo one"]);
    let whole = rig.run(&["audit", "--verify", "--no-store"]);
    assert_eq!(whole.status(), 0, "{}{}", whole.out(), whole.err());
    let recording = rig.recording();
    let mut bytes = fs::read(&recording).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&recording, bytes).unwrap();
    // Nobody has read it.
    assert_eq!(rig.run(&["audit", "--no-store"]).status(), 0);
    let run = rig.run(&["audit", "--verify", "--no-store"]);
    assert_eq!(run.status(), 8, "{}", run.err());
    assert!(
        run.out().contains("not what was recorded: altered"),
        "{}",
        run.out()
    );
}

//! `ssm-rec audit`: whoever went round the recorder is named, nobody else is, and who did not answer is told.
//!
//! Nothing here runs a thousand sessions: what a store holds of them is put there, and the service is told to tell of them.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use formats::layout::Place;
use formats::manifest::Manifest;
use loopback::Past;
use serde_json::{Value, json};

use super::rig::{Rig, Run};

mod bucket;
mod kept;
mod report;
mod row;
mod told;
mod versions;

const ACCOUNT: &str = "123456789012";
const ALICE: &str = "arn:aws:iam::123456789012:user/alice";
const REGIONS: [&str; 2] = ["eu-central-1", "us-east-1"];

#[expect(
    clippy::disallowed_methods,
    reason = "an audit is of what happened until now"
)]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What the service tells of a session of an hour.
fn past(id: &str, region: &str, start: DateTime<Utc>) -> Past {
    Past {
        id: id.to_owned(),
        target: "i-1".to_owned(),
        document: "SSM-SessionManagerRunShell".to_owned(),
        owner: ALICE.to_owned(),
        reason: Some(format!("ticket of {id}")),
        region: Some(region.to_owned()),
        started: start.into(),
        ended: Some((start + TimeDelta::hours(1)).into()),
        status: None,
    }
}

/// The manifest of a session of an hour, by a client whose clock is so many seconds ahead.
fn manifest(id: &str, region: &str, start: DateTime<Utc>, ahead: i64) -> Manifest {
    let start = start + TimeDelta::seconds(ahead);
    Manifest {
        format: 1,
        session_id: id.to_owned(),
        target: "i-1".to_owned(),
        region: Some(region.to_owned()),
        account: Some(ACCOUNT.to_owned()),
        operator: Some(ALICE.to_owned()),
        user: Some("alice".to_owned()),
        host: Some("laptop".to_owned()),
        started_at: Some(text(start)),
        ended_at: Some(text(start + TimeDelta::hours(1))),
        ..Manifest::default()
    }
}

/// Puts a recording and its manifest into the store, which has had it since the session ended.
fn plant(rig: &Rig, manifest: &Manifest) {
    let ended = manifest.ended_at.as_deref().unwrap();
    let came: DateTime<Utc> = ended.parse().unwrap();
    plant_at(rig, manifest, came.into());
}

fn plant_at(rig: &Rig, manifest: &Manifest, came: SystemTime) {
    let place = Place::of(manifest).unwrap();
    for (key, bytes) in [
        (place.recording(), b"no audit reads it".to_vec()),
        (place.manifest(), manifest.encode()),
    ] {
        let path = rig.store().join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut file = File::create(path).unwrap();
        file.write_all(&bytes).unwrap();
        file.set_modified(came).unwrap();
    }
}

/// A record of a StartSession, as a trail has it.
fn record(id: &str, region: &str, start: DateTime<Utc>) -> Value {
    json!({
        "eventVersion": "1.08",
        "userIdentity": { "type": "IAMUser", "arn": ALICE, "accountId": ACCOUNT },
        "eventTime": start.to_rfc3339_opts(SecondsFormat::Secs, true),
        "eventSource": "ssm.amazonaws.com",
        "eventName": "StartSession",
        "awsRegion": region,
        "requestParameters": { "target": "i-1", "documentName": "SSM-SessionManagerRunShell" },
        "responseElements": { "sessionId": id },
        "recipientAccountId": ACCOUNT,
    })
}

/// Writes one log file a region and day.
fn trail(rig: &Rig, records: &[Value]) -> String {
    for (number, record) in records.iter().enumerate() {
        let region = record["awsRegion"].as_str().unwrap();
        let day = record["eventTime"].as_str().unwrap()[..10].replace('-', "/");
        let folder = format!("trail/AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}");
        let folder = rig.folder().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        // Two trails tell the same twice.
        let file = json!({ "Records": [record, record] }).to_string();
        packer.write_all(file.as_bytes()).unwrap();
        let path = folder.join(format!("{number:06}.json.gz"));
        fs::write(path, packer.finish().unwrap()).unwrap();
    }
    rig.folder().join("trail").display().to_string()
}

fn json_of(run: &Run) -> (Vec<Value>, Value) {
    let lines = run.out();
    let mut lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.pop().unwrap_or_else(|| panic!("{}", run.err()));
    (lines, last)
}

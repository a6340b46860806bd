//! What log files tell, and what becomes of those that are none.
//!
//! Nothing here needs a bucket.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::store::Directory;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

/// A record as CloudTrail writes it, with much that is not asked for.
fn record(name: &str, more: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:alice",
            "arn": "arn:aws:sts::123456789012:assumed-role/Admin/alice",
            "accountId": "123456789012",
            "sessionContext": { "attributes": { "mfaAuthenticated": "true" } },
        },
        "eventTime": "2026-11-23T10:00:00Z",
        "eventSource": "ssm.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": null,
        "responseElements": null,
        "recipientAccountId": "123456789012",
    });
    for (key, value) in more.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

fn started(id: &str) -> Value {
    record(
        "StartSession",
        json!({
            "requestParameters": { "target": "i-1", "documentName": "Doc", "reason": "ticket-1" },
            "responseElements": { "sessionId": id, "tokenValue": "Value hidden", "streamUrl": "wss://x" },
        }),
    )
}

fn events(records: &[Value]) -> Vec<Event> {
    let file = packed(json!({ "Records": records }).to_string().as_bytes());
    let mut events = Vec::new();
    parse(&file, &mut |event| events.push(event)).unwrap();
    events
}

#[test]
fn a_start_is_told_with_who_where_and_why() {
    let [event] = events(&[started("alice-1")]).try_into().unwrap();
    assert_eq!(
        event,
        Event {
            deed: Deed::Started {
                target: Some("i-1".into()),
                document: Some("Doc".into()),
                reason: Some("ticket-1".into()),
            },
            session_id: "alice-1".into(),
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
            by: Some("arn:aws:sts::123456789012:assumed-role/Admin/alice".into()),
            account: Some("123456789012".into()),
            region: Some("eu-central-1".into()),
        }
    );
}

#[test]
fn a_call_that_failed_is_no_session_and_other_calls_are_none_either() {
    let refused = record(
        "StartSession",
        json!({ "errorCode": "AccessDenied", "requestParameters": { "target": "i-1" } }),
    );
    let other = record(
        "DescribeSessions",
        json!({ "requestParameters": ["of", "another", "shape"] }),
    );
    let strange = json!({ "eventName": 7, "userIdentity": "nobody" });
    assert_eq!(
        events(&[refused, other, strange, json!(null), started("s-1")]).len(),
        1
    );
}

#[test]
fn a_container_a_resumption_and_an_end_are_told() {
    let exec = record(
        "ExecuteCommand",
        json!({
            "eventSource": "ecs.amazonaws.com",
            "requestParameters": { "cluster": "fleet", "task": "0a1b", "command": "/bin/sh", "container": "web" },
            "responseElements": {
                "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/fleet",
                "taskArn": "arn:aws:ecs:eu-central-1:123456789012:task/fleet/0a1b2c3d",
                "session": { "sessionId": "ecs-execute-command-07a", "streamUrl": "", "tokenValue": "" },
            },
        }),
    );
    let resumed = record(
        "ResumeSession",
        json!({ "requestParameters": { "sessionId": "s-1" } }),
    );
    let ended = record(
        "TerminateSession",
        json!({ "requestParameters": { "sessionId": "s-1" } }),
    );
    let events = events(&[exec, resumed, ended]);
    let target = Some("ecs:fleet_0a1b2c3d".into());
    let deed = Deed::Started {
        target,
        document: None,
        reason: None,
    };
    assert_eq!(
        (&events[0].deed, events[0].session_id.as_str()),
        (&deed, "ecs-execute-command-07a")
    );
    assert_eq!(
        (&events[1].deed, &events[2].deed),
        (&Deed::Resumed, &Deed::Ended)
    );
}

#[test]
fn what_is_no_log_file_is_refused_in_a_line() {
    let bomb = packed(&[br#"{"Records":[""#.as_slice(), &vec![b'a'; 4 << 20]].concat());
    let deep = format!(r#"{{"Records":{}"#, "[".repeat(100_000));
    let cut = &packed(
        json!({ "Records": [started("s-1")] })
            .to_string()
            .as_bytes(),
    )[..60];
    for (bytes, expected) in [
        (&b""[..], "no log file"),
        (b"\x1f\x8b", "no log file"),
        (b"{}", "no records"),
        (b"[]", "no log file"),
        (br#"{"Records":7}"#, "no log file"),
        (cut, "no log file"),
        (&packed(deep.as_bytes()), "no log file"),
        (&bomb, "unpacks to more than"),
    ] {
        let error = file::parse_within(1 << 20, bytes, &mut |_| {}).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected) && error.len() < 200, "{error}");
    }
}

#[test]
fn the_place_of_a_file_says_whose_it_is_and_of_which_day() {
    let file = "123456789012_CloudTrail_eu-central-1_20261123T1005Z_abc.json.gz";
    for key in [
        format!("AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/23/{file}"),
        format!("x/AWSLogs/o-abc/123456789012/CloudTrail/eu-central-1/2026/11/23/{file}"),
        file.to_owned(),
    ] {
        let place = Place::of(&key);
        assert_eq!(place.account.as_deref(), Some("123456789012"), "{key}");
        assert_eq!(place.region.as_deref(), Some("eu-central-1"));
        assert_eq!(place.day, Some(day("2026-11-23")));
    }
    assert_eq!(Place::of("events.json"), Place::default());
}

#[test]
fn only_files_of_the_days_that_are_asked_for_are_read_and_a_bad_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let plant = |key: &str, bytes: &[u8]| {
        let path = folder.path().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let file = |id| packed(json!({ "Records": [started(id)] }).to_string().as_bytes());
    let region = "AWSLogs/o-abc/123456789012/CloudTrail/eu-central-1";
    plant(&format!("{region}/2026/11/21/a.json.gz"), &file("before"));
    plant(&format!("{region}/2026/11/22/a.json.gz"), &file("first"));
    plant(&format!("{region}/2026/11/24/a.json.gz"), &file("behind"));
    plant(&format!("{region}/2026/11/24/b.json.gz"), b"\x1f\x8bnone");
    plant(&format!("{region}/2026/11/25/a.json.gz"), &file("after"));
    plant(
        "AWSLogs/o-abc/123456789012/CloudTrail-Digest/eu-central-1/2026/11/23/d.json.gz",
        b"no",
    );
    let store = Store::Directory(Directory::new(folder.path().to_owned()));
    let mut ids = Vec::new();
    let told = read(&store, day("2026-11-22"), day("2026-11-23"), &mut |event| {
        ids.push(event.session_id);
    })
    .unwrap();
    assert_eq!(ids, ["first", "behind"]);
    assert_eq!(told.files, 3);
    let [(place, why)] = told.problems.as_slice() else {
        panic!("{:?}", told.problems)
    };
    assert!(
        place.ends_with("b.json.gz") && why.contains("no log file"),
        "{place}: {why}"
    );
    let [covered] = told.covered.as_slice() else {
        panic!("{:?}", told.covered)
    };
    assert_eq!(
        (covered.first, covered.last),
        (day("2026-11-22"), day("2026-11-24"))
    );
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_they_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), packs: bool) {
        let bytes = if packs { packed(&bytes) } else { bytes };
        // Neither a panic nor an event of what is none.
        let mut events = 0;
        let _ = parse(&bytes, &mut |_| events += 1);
        prop_assert_eq!(events, 0);
    }

    #[test]
    fn a_file_that_is_cut_tells_what_was_whole_and_that_it_was_cut(count in 1..20_usize, share in 0.0..1.0_f64) {
        let records: Vec<Value> = (0..count).map(|number| started(&format!("s-{number}"))).collect();
        let whole = json!({ "Records": records }).to_string().into_bytes();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a length")]
        let cut = (whole.len() as f64 * share) as usize;
        let mut ids = Vec::new();
        let parsed = parse(&whole[..cut], &mut |event| ids.push(event.session_id));
        prop_assert!(parsed.is_err());
        let expected: Vec<String> = (0..ids.len()).map(|number| format!("s-{number}")).collect();
        prop_assert_eq!(ids, expected);
    }
}

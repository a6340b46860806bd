//! `ssm-rec audit`: whoever went round the recorder is named, nobody else is, and who did not answer is told.
//!
//! Nothing here runs a thousand sessions: what a store holds of them is put there, and the service is told to tell of them.

use std::fs::{self, File};
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use formats::audit::{Line, Previous, Snapshot, Source};
use formats::layout::{self, Place};
use formats::manifest::{Exit, ExitKind, Manifest};
use loopback::{Options, Past};
use serde_json::{Value, json};

use super::rig::{Rig, Run};

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

#[test]
fn twenty_who_went_round_the_recorder_are_named_among_a_thousand_and_nobody_else_is() {
    let rig = Rig::new(Options::quick());
    let now = now();
    let mut told = Vec::new();
    let mut records = Vec::new();
    let mut hidden = Vec::new();
    for number in 0..1000_i64 {
        let region = REGIONS[usize::try_from(number % 2).unwrap()];
        let id = format!("alice-{number:017x}");
        let start = now - TimeDelta::days(2) - TimeDelta::minutes(number * 39);
        match number {
            // Ten that the service tells of, ten that only the trail does.
            100..110 => told.push(past(&id, region, start)),
            110..120 => records.push(record(&id, region, start)),
            // They run, or wait in somebody's spool.
            500..525 => told.push(Past {
                ended: None,
                ..past(&id, region, start)
            }),
            525..550 => told.push(past(&id, region, now - TimeDelta::hours(number - 522) / 2)),
            _ => {
                told.push(past(&id, region, start));
                if number % 3 == 0 {
                    records.push(record(&id, region, start));
                }
                // Clocks 90 s apart, some of which the manifest tells of.
                let ahead = [90, -90, 0][usize::try_from(number % 3).unwrap()];
                let mut manifest = manifest(&id, region, start, ahead);
                if number % 4 == 0 {
                    manifest.clock_offset_ms = Some(ahead * 1000);
                }
                if (200..210).contains(&number) {
                    manifest.recovered = true;
                    manifest.exit = Some(Exit {
                        kind: ExitKind::Cut,
                        status: None,
                        reason: None,
                    });
                }
                plant(&rig, &manifest);
            }
        }
        if (100..120).contains(&number) {
            hidden.push(id);
        }
    }
    // A call that failed is no session.
    let mut refused = record("none", REGIONS[0], now - TimeDelta::days(3));
    refused["errorCode"] = "AccessDenied".into();
    records.push(refused);
    let folder = trail(&rig, &records);
    rig.service.tell_of(told);
    rig.service.throttle_history(2);
    let arguments = [
        "audit", "--since", "30d", "--region", REGIONS[0], "--region", REGIONS[1], "--trail",
        &folder,
    ];
    let run = rig.run(&[&arguments[..], &["--json"]].concat());
    let (sessions, last) = json_of(&run);
    let of = |state: &str| -> Vec<&str> {
        let found = sessions.iter().filter(|one| one["state"] == state);
        found
            .map(|one| one["session_id"].as_str().unwrap())
            .collect()
    };
    let mut found = of("not_recorded");
    found.sort_unstable();
    assert_eq!(found, hidden, "{}", run.err());
    assert_eq!(sessions.len(), 1000);
    assert_eq!((of("recorded").len(), of("pending").len()), (930, 50));
    let holes = sessions.iter().filter(|one| one["is_hole"] == true).count();
    assert_eq!(holes, 20);
    assert_eq!(last["totals"]["marks"]["cut"], 10);
    assert_eq!(last["totals"]["breaks"], json!({}));
    assert_eq!(last["complete"], true, "{last}");
    assert_eq!(run.status(), 8);
    for one in sessions.iter().filter(|one| one["state"] == "not_recorded") {
        assert_eq!(
            (&one["operator"], &one["target"]),
            (&ALICE.into(), &"i-1".into())
        );
        assert!(
            one["start"].is_string() && one["document"].is_string(),
            "{one}"
        );
    }
    // A person is told the same.
    let run = rig.run(&arguments);
    let out = run.out();
    assert_eq!(run.status(), 8, "{}", run.err());
    assert!(out.contains("20 NOT RECORDED"), "{out}");
    assert!(hidden.iter().all(|id| out.contains(id)), "{out}");
    assert!(out.contains("NOT COVERED: 20 holes."), "{out}");
}

#[test]
fn where_all_is_recorded_the_audit_says_so() {
    let rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    plant(&rig, &manifest("alice-1", REGIONS[0], start, 0));
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[0], start)]);
    let run = rig.run(&["audit"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    assert!(
        run.out().contains("Covered: all that happened"),
        "{}",
        run.out()
    );
}

#[test]
fn a_region_that_does_not_answer_makes_the_audit_incomplete() {
    let rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    plant(&rig, &manifest("alice-1", REGIONS[0], start, 0));
    plant(&rig, &manifest("alice-2", REGIONS[1], start, 0));
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[0], start)]);
    rig.service.deny_history(REGIONS[1]);
    let run = rig.run(&["audit", "--region", REGIONS[0], "--region", REGIONS[1]]);
    let out = run.out();
    assert_eq!(run.status(), 9, "{out}");
    assert!(
        out.contains("NO ANSWER from Systems Manager, 123456789012 us-east-1"),
        "{out}"
    );
    assert!(out.contains("not authorized"), "{out}");
    // It says nothing against a session that nobody could tell of.
    assert!(
        !out.contains("not in the history") && out.contains("nobody was asked"),
        "{out}"
    );
}

#[test]
fn a_history_that_leads_in_a_circle_is_no_answer() {
    let rig = Rig::new(Options::quick());
    rig.service.let_history_turn();
    let run = rig.run(&["audit"]);
    assert_eq!(run.status(), 9, "{}", run.err());
    assert!(run.out().contains("lead in a circle"), "{}", run.out());
}

#[test]
fn a_hostile_log_file_is_one_line_and_makes_the_audit_incomplete() {
    let rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    let records = [record("alice-1", REGIONS[0], start)];
    let folder = trail(&rig, &records);
    let bad = rig.files(&rig.folder().join("trail"))[0].with_file_name("bad\u{1b}[2J.json.gz");
    fs::write(&bad, b"\x1f\x8b\x08\x00hostile").unwrap();
    let run = rig.run(&["audit", "--offline", "--since", "4d", "--trail", &folder]);
    let out = run.out();
    assert_eq!(run.status(), 8, "{out}{}", run.err());
    assert!(
        out.contains("NOT READ: ") && out.contains("no log file of CloudTrail"),
        "{out}"
    );
    assert!(!out.contains('\u{1b}'), "{out:?}");
    assert!(out.contains("1 hole; and INCOMPLETE"), "{out}");
}

#[test]
fn what_the_store_had_before_it_began_or_got_long_after_is_told_with_both_times() {
    let rig = Rig::new(Options::quick());
    let (early, late) = (now() - TimeDelta::days(3), now() - TimeDelta::days(20));
    let day = Duration::from_secs(86_400);
    plant_at(
        &rig,
        &manifest("alice-1", REGIONS[0], early, 0),
        SystemTime::from(early) - day,
    );
    plant_at(
        &rig,
        &manifest("alice-2", REGIONS[0], late, 0),
        now().into(),
    );
    let told = [("alice-1", early), ("alice-2", late)];
    let told = told.map(|(id, start)| past(id, REGIONS[0], start));
    rig.service.tell_of(told.into());
    let run = rig.run(&["audit"]);
    let out = run.out();
    assert_eq!(run.status(), 8, "{out}");
    assert!(out.contains("alice-1: the store has had it since"), "{out}");
    assert!(out.contains("alice-2: it came late by 19d2"), "{out}");
    assert!(out.contains("NOT COVERED: 1 hole."), "{out}");
}

#[test]
fn a_manifest_that_says_another_thing_than_the_history_is_told_with_both() {
    let rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    let forged = manifest("alice-9", REGIONS[0], start, 0);
    plant(&rig, &forged);
    plant(
        &rig,
        &Manifest {
            target: "i-2".into(),
            ..manifest("alice-1", REGIONS[0], start, 0)
        },
    );
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[0], start)]);
    let run = rig.run(&["audit"]);
    let out = run.out();
    assert_eq!(run.status(), 8, "{out}");
    assert!(
        out.contains("alice-1: target: its manifest says i-2, the history i-1"),
        "{out}"
    );
    assert!(out.contains("Recorded, and not in the history:\n"), "{out}");
    assert!(out.contains("NOT COVERED: 2 holes."), "{out}");
}

/// The manifests of a store by their numbers, with their files.
fn numbered(rig: &Rig) -> Vec<(Manifest, std::path::PathBuf)> {
    let files = rig.files(&rig.store().join("manifests")).into_iter();
    let mut numbered: Vec<_> = files
        .map(|path| (Manifest::parse(&fs::read(&path).unwrap()).unwrap(), path))
        .collect();
    numbered.sort_by_key(|(manifest, _)| manifest.continuity.as_ref().unwrap().counter);
    numbered
}

#[test]
fn a_recording_removed_with_its_manifest_is_found_by_its_neighbours_alone() {
    let rig = Rig::new(Options::quick());
    for line in ["echo one", "echo two", "echo three"] {
        rig.shell(&[], &[line]);
    }
    let manifests = numbered(&rig);
    let places: Vec<_> = manifests
        .iter()
        .map(|(manifest, _)| manifest.continuity.clone().unwrap())
        .collect();
    assert_eq!(
        places.iter().map(|place| place.counter).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let previous = formats::continuity::digest(&manifests[1].0.encode());
    assert_eq!(places[2].previous.as_ref(), Some(&previous));
    let run = rig.run(&["audit", "--offline", "--grace", "0s"]);
    assert_eq!(run.status(), 9, "{}", run.out());

    let second = &manifests[1].0.session_id;
    for path in rig.files(&rig.store()) {
        if path.display().to_string().contains(second.as_str()) {
            fs::remove_file(path).unwrap();
        }
    }
    // While it may still wait on the machine where it was recorded, it is no hole.
    let run = rig.run(&["audit", "--offline"]);
    assert_eq!(run.status(), 9, "{}", run.out());
    assert!(
        run.out().contains("not there yet: number 2"),
        "{}",
        run.out()
    );
    let run = rig.run(&["audit", "--offline", "--grace", "0s"]);
    let out = run.out();
    assert_eq!(run.status(), 8, "{out}");
    assert!(out.contains("MISSING: number 2 of a row, between"), "{out}");
    for neighbour in [&manifests[0].0, &manifests[2].0] {
        assert!(out.contains(&neighbour.session_id), "{out}");
    }
    // The service still tells of it, of course.
    let run = rig.run(&["audit", "--grace", "0s"]);
    assert!(run.out().contains("Not recorded"), "{}", run.out());
    assert!(run.out().contains(second.as_str()), "{}", run.out());
}

#[test]
fn a_manifest_that_was_replaced_is_not_what_the_next_one_says() {
    let rig = Rig::new(Options::quick());
    for line in ["echo one", "echo two"] {
        rig.shell(&["--reason", "ticket-1"], &[line]);
    }
    let (manifest, path) = numbered(&rig).swap_remove(0);
    let forged = Manifest {
        duration_us: manifest.duration_us + 1,
        ..manifest
    };
    fs::write(path, forged.encode()).unwrap();
    let run = rig.run(&["audit", "--offline"]);
    assert_eq!(run.status(), 8, "{}", run.out());
    assert!(run.out().contains("ALTERED: "), "{}", run.out());
}

#[cfg(unix)]
#[test]
fn a_client_that_was_killed_leaves_no_hole_in_its_row_once_it_is_recovered() {
    let rig = Rig::new(Options::quick());
    rig.shell(&[], &["echo one"]);
    let mut pty = rig.terminal(&["start", "i-bash"]);
    pty.wait_for("$ ");
    // The last second may be lost.
    std::thread::sleep(Duration::from_millis(1200));
    pty.kill();
    pty.wait();
    rig.shell(&[], &["echo three"]);
    assert_eq!(rig.run(&["recover"]).status(), 0);
    assert_eq!(rig.run(&["upload"]).status(), 0);
    let manifests = numbered(&rig);
    assert_eq!(manifests.len(), 3);
    let run = rig.run(&["audit", "--grace", "0s", "--json"]);
    let (_, last) = json_of(&run);
    assert_eq!(last["breaks"], json!([]), "{last}");
    assert_eq!(run.status(), 0, "{}", run.err());
}

/// Keeps an audit as it would have been kept so many days ago: of thirty days, complete.
fn kept_audit(rig: &Rig, days_ago: i64, lines: Vec<Line>, previous: Option<Previous>) -> Previous {
    let asked_at = now() - TimeDelta::days(days_ago);
    let since = asked_at - TimeDelta::days(30);
    let snapshot = Snapshot {
        format: 1,
        asked_at: text(asked_at),
        since: text(since),
        until: text(asked_at),
        previous,
        complete: true,
        sources: vec![Source {
            witness: "service".into(),
            name: "default".into(),
            account: Some(ACCOUNT.into()),
            region: Some(REGIONS[0].into()),
            from: text(since),
            until: text(asked_at),
            ..Source::default()
        }],
        sessions: lines,
        ..Snapshot::default()
    };
    let bytes = snapshot.encode();
    let digest = formats::continuity::digest(&bytes);
    let key = layout::audit(asked_at, [since, asked_at], &digest);
    let path = rig.store().join(&key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    Previous { key, digest }
}

fn kept_line(id: &str, state: &str, start: DateTime<Utc>) -> Line {
    Line {
        session_id: id.into(),
        state: state.into(),
        in_history: true,
        account: Some(ACCOUNT.into()),
        region: Some(REGIONS[0].into()),
        start: Some(text(start)),
        end: Some(text(start + TimeDelta::hours(1))),
        ..Line::default()
    }
}

#[test]
fn a_longer_period_than_the_service_tells_of_is_told_by_kept_audits() {
    let rig = Rig::new(Options::quick());
    let days = |days| now() - TimeDelta::days(days);
    for (id, start) in [
        ("alice-1", days(70)),
        ("alice-2", days(40)),
        ("alice-3", days(3)),
    ] {
        plant(&rig, &manifest(id, REGIONS[0], start, 0));
    }
    let first = vec![
        kept_line("alice-1", "recorded", days(70)),
        kept_line("gone", "recorded", days(69)),
        kept_line("hidden", "pending", days(60)),
    ];
    let first = kept_audit(&rig, 57, first, None);
    let second = vec![kept_line("alice-2", "recorded", days(40))];
    kept_audit(&rig, 28, second, Some(first.clone()));
    rig.service
        .tell_of(vec![past("alice-3", REGIONS[0], days(3))]);
    let arguments = ["audit", "--since", "80d", "--json", "--no-store"];
    let run = rig.run(&arguments);
    let (sessions, last) = json_of(&run);
    let states: Vec<(&str, &str)> = sessions
        .iter()
        .map(|one| {
            (
                one["session_id"].as_str().unwrap(),
                one["state"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("alice-1", "recorded"),
        ("gone", "gone"),
        ("hidden", "not_recorded"),
        ("alice-2", "recorded"),
        ("alice-3", "recorded"),
    ];
    assert_eq!(states, expected, "{}", run.err());
    assert_eq!(
        (last["complete"].clone(), run.status()),
        (true.into(), 8),
        "{last}"
    );

    // One that is altered does not count, and the days that it told of are told by nobody.
    let path = rig.store().join(&first.key);
    let altered = fs::read_to_string(&path)
        .unwrap()
        .replace("hidden", "hidder");
    fs::write(&path, altered).unwrap();
    let (sessions, last) = json_of(&rig.run(&arguments));
    assert!(
        !sessions.iter().any(|one| one["state"] == "gone"),
        "{sessions:?}"
    );
    assert_eq!(last["complete"], false);
    let problems = last["problems"].to_string();
    assert!(
        problems.contains("it was altered") && problems.contains("the audit before it was altered"),
        "{problems}"
    );
    assert!(!last["unasked"].as_array().unwrap().is_empty(), "{last}");
    fs::remove_file(&path).unwrap();
    let (_, last) = json_of(&rig.run(&arguments));
    assert!(
        last["problems"]
            .to_string()
            .contains("the audit before it is gone"),
        "{last}"
    );
}

#[test]
fn each_audit_is_kept_once_signed_and_names_the_one_before() {
    let rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    plant(&rig, &manifest("alice-1", REGIONS[0], start, 0));
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[0], start)]);
    let audits = || rig.files(&rig.store().join("audits"));
    assert_eq!(rig.run(&["audit", "--no-store"]).status(), 0);
    assert!(audits().is_empty());
    let first = rig.run(&["audit"]);
    assert_eq!(first.status(), 0, "{}", first.err());
    assert!(
        first.err().contains("this audit is kept in "),
        "{}",
        first.err()
    );
    let [path] = audits().try_into().unwrap();
    let bytes = fs::read(&path).unwrap();
    let kept = Snapshot::parse(&bytes).unwrap();
    assert!(kept.complete && !kept.holes && kept.previous.is_none());
    assert_eq!(kept.sessions[0].session_id, "alice-1");
    std::thread::sleep(Duration::from_millis(1100));
    let key = rig.file("auditor", "");
    fs::remove_file(&key).unwrap();
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f", &key])
        .status();
    if made.is_ok_and(|made| made.success()) {
        let run = rig.run(&["audit", "--sign-key", &key]);
        assert_eq!(run.status(), 0, "{}", run.err());
        let kept = audits();
        assert_eq!(kept.len(), 3, "{kept:?}");
        let second = Snapshot::parse(&fs::read(&kept[1]).unwrap()).unwrap();
        let previous = second.previous.unwrap();
        assert_eq!(previous.digest, formats::continuity::digest(&bytes));
        assert_eq!(rig.store().join(previous.key), path);
        let signature = fs::read_to_string(&kept[2]).unwrap();
        assert!(signature.contains("BEGIN SSH SIGNATURE"), "{signature}");
    }
}

#[cfg(unix)]
#[test]
fn whoever_may_not_keep_an_audit_is_told_the_audit_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new(Options::quick());
    fs::create_dir_all(rig.store()).unwrap();
    fs::write(rig.store().join("audits"), b"no folder").unwrap();
    fs::set_permissions(rig.store(), fs::Permissions::from_mode(0o700)).unwrap();
    let run = rig.run(&["audit"]);
    assert_eq!(run.status(), 1, "{}{}", run.out(), run.err());
    assert!(run.out().contains("Covered: "), "{}", run.out());
    assert!(
        run.err().contains("this audit cannot be kept"),
        "{}",
        run.err()
    );
    assert!(
        run.err().contains("hint: --no-store keeps none"),
        "{}",
        run.err()
    );
}

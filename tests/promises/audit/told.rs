//! What the service and trails tell, against what is recorded.
//!
//! No session is named here that did not go round the recorder.

use std::fs;
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use formats::manifest::{Exit, ExitKind, Manifest};
use loopback::{Options, Past};
use serde_json::json;

use super::*;

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

#[test]
fn each_profile_is_asked_and_one_that_is_not_there_stops_nobody() {
    let rig = Rig::new(Options::quick()).without("AWS_REGION");
    let profile = |name| {
        format!(
            "[profile {name}]\nregion = us-east-1\naws_access_key_id = {name}\naws_secret_access_key = x\n"
        )
    };
    rig.file("aws-config", profile("prod") + &profile("dev"));
    let start = now() - TimeDelta::days(3);
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[1], start)]);
    let run = rig.run(&[
        "audit",
        "--profile",
        "prod",
        "--profile",
        "nobody",
        "--profile",
        "dev",
        "--json",
    ]);
    let (sessions, last) = json_of(&run);
    assert_eq!(run.status(), 8, "{}{}", run.out(), run.err());
    // Both tell of the same session of the same account.
    assert_eq!(sessions.len(), 1);
    let asked: Vec<(&str, &str, bool)> = last["asked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap_or("-");
            (text("name"), text("region"), one["failure"].is_null())
        })
        .collect();
    let expected = [
        ("prod", "us-east-1", true),
        ("nobody", "-", false),
        ("dev", "us-east-1", true),
    ];
    assert_eq!(asked, expected);
    assert_eq!(last["complete"], false);
}

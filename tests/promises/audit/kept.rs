//! Kept audits: what they tell of the time that the service has forgotten.
//!
//! None that was altered counts.

use std::fs;
use std::time::Duration;

use formats::audit::{Line, Previous, Snapshot, Source};
use formats::layout;
use loopback::Options;

use super::super::verify::{allow, key};
use super::*;

/// Keeps an audit as it would have been kept so many days ago: of thirty days, complete.
fn kept_audit(rig: &Rig, days_ago: i64, lines: Vec<Line>, previous: Option<Previous>) -> Previous {
    kept_audit_of(rig, REGIONS[0], days_ago, lines, previous)
}

fn kept_audit_of(
    rig: &Rig,
    region: &str,
    days_ago: i64,
    lines: Vec<Line>,
    previous: Option<Previous>,
) -> Previous {
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
            region: Some(region.into()),
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
    // Nor does one count under the name of another time.
    let moved = kept_audit(&rig, 58, Vec::new(), None).key;
    let name = moved.rsplit('/').next().unwrap();
    let other = name.replacen(&name[..16], "20260101T000000Z", 1);
    let other = rig.store().join(moved.replace(name, &other));
    fs::rename(rig.store().join(&moved), other).unwrap();
    let (_, last) = json_of(&rig.run(&arguments));
    let problems = last["problems"].to_string();
    assert!(
        problems.contains("of another time than its name says"),
        "{problems}"
    );
}

#[test]
fn audits_of_different_regions_reach_over_a_period_together() {
    let rig = Rig::new(Options::quick());
    for days_ago in [29, 58] {
        kept_audit(&rig, days_ago, Vec::new(), None);
        kept_audit_of(&rig, REGIONS[1], days_ago, Vec::new(), None);
    }
    let arguments = ["audit", "--since", "80d", "--no-store"];
    let regions = ["--region", REGIONS[0], "--region", REGIONS[1]];
    let run = rig.run(&[&arguments[..], &regions[..]].concat());
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
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
    let run = rig.run(&["audit", "--sign-key", &key(&rig, "plain")]);
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

#[test]
fn a_kept_audit_counts_by_its_signer_where_somebody_has_said_who_counts() {
    let mut rig = Rig::new(Options::quick());
    let start = now() - TimeDelta::days(3);
    plant(&rig, &manifest("alice-1", REGIONS[0], start, 0));
    rig.service
        .tell_of(vec![past("alice-1", REGIONS[0], start)]);
    let run = rig.run(&["audit", "--sign-key", &key(&rig, "plain")]);
    assert_eq!(run.status(), 0, "{}", run.err());
    // Nobody is asked but the audit that is kept.
    let check = |rig: &Rig, status, words: &str| {
        let run = rig.run(&["audit", "--offline", "--no-store"]);
        let out = run.out();
        assert_eq!(run.status(), status, "{out}{}", run.err());
        assert!(out.contains(words), "{out}");
    };
    check(&rig, 0, "an earlier audit, 123456789012 eu-central-1");
    rig.set("SSM_REC_REVIEW_ALLOWED_SIGNERS", allow(&rig, &["plain"]));
    check(&rig, 0, "an earlier audit, 123456789012 eu-central-1");
    allow(&rig, &["p256"]);
    check(&rig, 9, "the signature of this audit does not count");
    allow(&rig, &["plain"]);
    let files = rig.files(&rig.store().join("audits")).into_iter();
    let signature = files.filter(|path| path.extension().is_some_and(|end| end == "sig"));
    for path in signature {
        fs::remove_file(path).unwrap();
    }
    check(&rig, 9, "this audit is not signed, and is not used");
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

#[test]
fn a_verdict_that_an_audit_has_seen_and_that_is_gone_is_a_hole() {
    let mut rig = Rig::new(Options::quick());
    rig.shell(&["--reason", "ticket-1"], &["echo one"]);
    rig.set("AWS_ACCESS_KEY_ID", "AKIAUSERrobin");
    let id = rig.manifest().session_id;
    let judged = rig.run(&["review", &id, "--incident"]);
    assert_eq!(judged.status(), 0, "{}", judged.err());
    assert_eq!(rig.run(&["audit"]).status(), 0);
    let [verdict] = rig.files(&rig.store().join("reviews")).try_into().unwrap();
    let kept = fs::read(&verdict).unwrap();
    fs::remove_file(&verdict).unwrap();
    let run = rig.run(&["audit", "--no-store"]);
    assert_eq!(run.status(), 8, "{}", run.out());
    assert!(
        run.out().contains("a verdict on it is gone"),
        "{}",
        run.out()
    );
    fs::write(&verdict, kept).unwrap();
    assert_eq!(rig.run(&["audit"]).status(), 0);
}

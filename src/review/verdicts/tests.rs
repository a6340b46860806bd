//! Who is the same person, what is drawn, and in which order what is due waits.
//!
//! Nothing here is read from a store.

use std::time::Duration;

use formats::findings::{Finding, Findings, Severity};
use formats::manifest::{Manifest, Unrecorded};
use formats::review::{FORMAT, Review, Verdict, digest};

use super::judge::{Judged, Raw};
use super::queue::is_drawn;
use super::{Law, Person, Policy, Standing, Why, is_same, queue};
use crate::review::catalog::{Entry, State};

fn person<'a>(arn: &'a str, user: &'a str, host: &'a str) -> Person<'a> {
    let known = |text: &'a str| (!text.is_empty()).then_some(text);
    Person {
        arn: known(arn),
        user: known(user),
        host: known(host),
    }
}

#[test]
fn two_are_one_by_arn_or_by_the_name_of_a_roles_session() {
    let alice = "arn:aws:sts::1:assumed-role/Admin/alice";
    let other_role = "arn:aws:sts::1:assumed-role/Auditor/Alice";
    let user = "arn:aws:iam::1:user/alice";
    let bob = "arn:aws:sts::1:assumed-role/Admin/bob";
    for (one, other, expected) in [
        (person(alice, "a", "x"), person(alice, "b", "y"), true),
        (person(alice, "", ""), person(other_role, "", ""), true),
        (person(alice, "", ""), person(user, "", ""), true),
        (person(alice, "a", "x"), person(bob, "a", "x"), false),
        (person("", "a", "x"), person(bob, "a", "x"), true),
        (person("", "a", "x"), person("", "a", "y"), false),
        (person("", "", ""), person("", "", ""), false),
    ] {
        assert_eq!(is_same(one, other), expected, "{one:?} {other:?}");
    }
}

#[test]
fn a_sample_is_as_large_as_its_rate_and_another_with_another_seed() {
    let drawn = |seed: &str, rate| {
        let ids = (0..10_000).map(|n| format!("session-{n}"));
        ids.filter(|id| is_drawn(seed, id, rate))
            .collect::<Vec<_>>()
    };
    let one = drawn("a", 0.1);
    assert!((900..1100).contains(&one.len()), "{}", one.len());
    assert_eq!(drawn("a", 0.1), one);
    assert_ne!(drawn("b", 0.1), one);
    assert_eq!(drawn("a", 0.0).len(), 0);
    assert_eq!(drawn("a", 1.0).len(), 10_000);
    // What is drawn at a rate is drawn at every higher one.
    let more = drawn("a", 0.2);
    assert!(one.iter().all(|id| more.contains(id)));
}

fn entry(id: &str, ended: &str) -> Entry {
    Entry {
        manifest: Manifest {
            session_id: id.into(),
            ended_at: Some(ended.into()),
            rules: Some(Findings::default()),
            ..Manifest::default()
        },
        state: State::Stored,
        location: String::new(),
    }
}

#[test]
fn the_longest_due_comes_first_with_why() {
    let policy = Policy {
        risky: Some(Severity::High),
        all: true,
        within: Duration::from_secs(3600),
        ..Policy::default()
    };
    let mut risky = entry("b", "2026-11-02T00:00:00Z");
    risky.manifest.unrecorded = Some(Unrecorded::default());
    let sessions = [
        entry("c", "2026-11-03T00:00:00Z"),
        risky,
        entry("a", "2026-11-01T00:00:00Z"),
    ];
    let due = queue(&policy, sessions.map(|entry| (entry, Standing::default())));
    let told: Vec<_> = due
        .iter()
        .map(|due| (due.entry.manifest.session_id.as_str(), due.why.as_slice()))
        .collect();
    let risk = [Why::Risk("a part was not recorded".into())];
    assert_eq!(
        told,
        [("a", &[Why::All][..]), ("b", &risk), ("c", &[Why::All])]
    );
    let now = "2026-11-01T01:00:01Z".parse().unwrap();
    assert!(due[0].is_overdue(now) && !due[1].is_overdue(now));
    let found = |severity| Finding {
        rule: "history".into(),
        severity,
        ..Finding::default()
    };
    let mut risky = entry("d", "2026-11-04T00:00:00Z");
    risky.manifest.rules = Some(Findings {
        findings: vec![found(Severity::High), found(Severity::Medium)],
        ..Findings::default()
    });
    assert_eq!(
        policy.asks(&risky.manifest),
        [Why::Risk("history (high)".into())]
    );
    risky.manifest.rules = None;
    assert_eq!(
        policy.asks(&risky.manifest),
        [Why::Risk("no rules were asked".into())]
    );
    let only_risky = Policy {
        all: false,
        ..policy
    };
    let sessions = [entry("a", "2026-11-01T00:00:00Z")];
    assert!(
        queue(
            &only_risky,
            sessions.map(|entry| (entry, Standing::default()))
        )
        .is_empty()
    );
}

#[test]
fn what_has_no_manifest_and_what_does_not_read_is_judged_by_nothing() {
    let review = Review {
        format: FORMAT,
        session_id: "s-1".into(),
        verdict: Verdict::Ok,
        user: Some("robin".into()),
        ..Review::default()
    };
    let manifest = Manifest {
        session_id: "s-1".into(),
        ..Manifest::default()
    };
    let raw = |bytes: Vec<u8>| Raw {
        location: "there".into(),
        bytes: Ok(bytes),
        signature: None,
    };
    let judge = |digest, bytes| {
        let judged = Judged {
            manifest: &manifest,
            digest,
            key: None,
        };
        Law::default().judge(judged, vec![raw(bytes)])
    };
    assert_eq!(judge(None, review.encode()).reviewers(), 0);
    let standing = judge(Some("x"), b"{".to_vec());
    assert_eq!((standing.said.len(), standing.unread.len()), (0, 1));
    let bound = Review {
        manifest: digest(b"m"),
        previous: Some("gone".into()),
        ..review
    };
    let digest = digest(b"m");
    let standing = judge(Some(&digest), bound.encode());
    assert!(standing.is_reviewed());
    assert_eq!(standing.missing, ["gone"]);
}

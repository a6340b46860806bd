//! Sessions made by hand, and what is found in them.
//!
//! Nothing here reads a recording.

use formats::manifest::{Manifest, Unrecorded};

use super::super::change::Change;
use super::*;

fn line(at: Millis, text: &str, other: bool) -> Line {
    Line {
        first: at,
        last: at + 1000,
        text: text.to_owned(),
        other,
    }
}

fn command(number: u64, text: &str) -> Command {
    Command {
        number,
        start: number * 1000,
        text: text.to_owned(),
        ..Command::default()
    }
}

fn manifest() -> Manifest {
    Manifest {
        reason: Some("ticket".into()),
        started_at: Some("2026-11-27T10:00:00Z".into()),
        ..Manifest::default()
    }
}

fn told(verdict: &Verdict) -> Vec<(&str, u64)> {
    let all = verdict.found.iter();
    all.map(|found| (found.rule.as_str(), found.count))
        .collect()
}

#[test]
fn what_is_found_is_counted_kept_so_far_and_the_gravest_comes_first() {
    let set = RuleSet::shipped().unwrap();
    let mut evaluation = Evaluation::new(&set);
    for number in 1..=50 {
        evaluation.command(&command(number, "history -c"));
    }
    evaluation.command(&command(51, "sudo rm -rf /etc; crontab -e"));
    evaluation.line(&line(7, "-----BEGIN RSA PRIVATE KEY-----", false));
    let verdict = evaluation.finish(&Session::of(&manifest()));
    assert_eq!(
        told(&verdict),
        [
            ("system-deleted", 1),
            ("history-off", 50),
            ("private-key-shown", 1),
            ("cron-changed", 1)
        ]
    );
    assert_eq!(verdict.highest(), Some(Severity::Critical));
    assert_eq!(verdict.found[1].hits.len(), KEPT);
    assert_eq!(verdict.found[1].first, Some(1000));
    assert_eq!(verdict.found[2].hits[0].at, 7);
    assert_eq!(verdict.found[2].hits[0].text, SECRET);
    assert_eq!(verdict.set, set.digest());
}

#[test]
fn a_claim_over_a_sealed_recording_tells_nothing_of_what_was_shown() {
    let set = RuleSet::shipped().unwrap();
    let mut evaluation = Evaluation::new(&set);
    evaluation.command(&command(1, "rm -rf /"));
    let manifest = Manifest {
        unrecorded: Some(Unrecorded {
            from_us: 5_000_000,
            cause: "disk full".into(),
        }),
        ..Manifest::default()
    };
    let verdict = evaluation.finish(&Session::of(&manifest));
    let rules = |claim: Findings| -> Vec<String> {
        let rules = claim.findings.into_iter();
        rules.map(|finding| finding.rule).collect()
    };
    assert_eq!(
        rules(verdict.claim(false)),
        ["system-deleted", "unrecorded", "no-ticket"]
    );
    let sealed = verdict.claim(true);
    assert_eq!(sealed.findings[0].first, Some(5000));
    assert_eq!(rules(sealed), ["unrecorded", "no-ticket"]);
}

#[test]
fn facts_are_found_where_they_are_known() {
    let changes = [
        Change {
            id: "outside-hours".into(),
            hours: Some("07:00-19:00".into()),
            days: Some("sat-sun".into()),
            ..Change::default()
        },
        Change {
            id: "no-ticket".into(),
            pattern: Some("^CHG-[0-9]+".into()),
            ..Change::default()
        },
        Change {
            id: "opaque".into(),
            minutes: Some(2),
            ..Change::default()
        },
    ];
    let set = RuleSet::new(&changes).unwrap();
    let mut evaluation = Evaluation::new(&set);
    for at in (0..130_000).step_by(500) {
        evaluation.line(&line(at, "~", true));
    }
    for at in 0..100 {
        evaluation.line(&line(200_000 + at, &"QUJD".repeat(19), false));
    }
    let told_of = manifest();
    let session = Session {
        is_cut: true,
        is_signed: Some(false),
        is_first_on_target: Some(true),
        ..Session::of(&told_of)
    };
    assert_eq!(
        told(&evaluation.finish(&session)),
        [
            ("base64-shown", 1),
            ("outside-hours", 1),
            ("cut-short", 1),
            ("no-ticket", 1),
            ("opaque", 1),
            ("unsigned", 1),
            ("first-on-target", 1)
        ]
    );
    let nothing = Evaluation::new(&set).finish(&Session::of(&Manifest {
        reason: Some("CHG-7".into()),
        ..Manifest::default()
    }));
    assert_eq!(told(&nothing), []);
}

#[test]
fn connections_input_and_what_is_told_are_looked_at() {
    let change = |id: &str, looks_at, pattern: &str| Change {
        id: id.into(),
        severity: Some(Severity::Low),
        looks_at: Some(looks_at),
        pattern: Some(pattern.into()),
        ..Change::default()
    };
    let set = RuleSet::new(&[
        change("typed", LooksAt::Input, "^secret$"),
        change("ours", LooksAt::Session, "^operator=.*/eve$"),
    ])
    .unwrap();
    let mut evaluation = Evaluation::new(&set);
    evaluation.input(5, "sex\u{7f}cret");
    evaluation.input(6, "\rother\r");
    let manifest = Manifest {
        operator: Some("arn:aws:sts::1:assumed-role/x/eve".into()),
        document: Some("AWS-StartPortForwardingSessionToRemoteHost".into()),
        parameters: [("host", "169.254.169.254"), ("portNumber", "80")]
            .map(|(name, value)| (name.to_owned(), vec![value.to_owned()]))
            .into(),
        ..manifest()
    };
    let verdict = evaluation.finish(&Session::of(&manifest));
    assert_eq!(
        told(&verdict),
        [("forward-to-metadata", 1), ("ours", 1), ("typed", 1)]
    );
    assert_eq!(verdict.found[2].first, Some(6));
}

#[test]
fn what_is_longer_than_is_looked_at_is_counted() {
    let set = RuleSet::shipped().unwrap();
    let mut evaluation = Evaluation::new(&set);
    evaluation.line(&line(0, &"é".repeat(LONGEST_LINE), false));
    evaluation.command(&command(1, &"ls ;".repeat(100_000)));
    assert_eq!(evaluation.finish(&Session::of(&manifest())).cut, 2);
}

#[test]
fn what_is_typed_in_tmux_is_seen_by_its_line() {
    let set = RuleSet::shipped().unwrap();
    for (text, is_other, expected) in [
        ("ops@web:~$ sudo rm -rf /etc", true, 1),
        ("[root@web ~]# history -c", true, 1),
        ("ops@web:~$ sudo rm -rf /etc", false, 0),
        ("ops@web:~$ ls", true, 0),
        ("mail ops@web.example: rm -rf /etc", true, 0),
        ("# rm -rf /etc", true, 0),
        ("$ rm -rf /etc", true, 0),
        ("see ops@web and then 5$ rm -rf /etc", true, 0),
    ] {
        let mut evaluation = Evaluation::new(&set);
        evaluation.line(&line(1, text, is_other));
        let verdict = evaluation.finish(&Session::of(&manifest()));
        assert_eq!(verdict.found.len(), expected, "{text}");
    }
}

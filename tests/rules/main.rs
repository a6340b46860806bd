//! What rules promise of ordinary sessions: at most one in a hundred is found to be high or above.
//!
//! Nothing here is about what they find in others: the examples beside each rule tell that.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod corpus;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use formats::derived::Line;
use formats::manifest::Manifest;
use ssm_rec::formats;
use ssm_rec::rules::{Evaluation, RuleSet, Session, Severity};

#[test]
fn at_most_one_ordinary_session_in_a_hundred_is_high_or_above() {
    let set = RuleSet::shipped().unwrap();
    let manifest = Manifest {
        reason: Some("CHG-1".into()),
        ..Manifest::default()
    };
    let sessions = corpus::sessions(5);
    let mut highest = BTreeMap::new();
    let mut alarms = Vec::new();
    let mut commands = 0;
    for session in &sessions {
        let mut evaluation = Evaluation::new(&set);
        session.lines.iter().for_each(|line| evaluation.line(line));
        for command in &session.commands {
            evaluation.command(command);
        }
        commands += session.commands.len();
        let verdict = evaluation.finish(&Session::of(&manifest));
        *highest.entry(verdict.highest()).or_insert(0) += 1;
        for found in verdict.found {
            if found.severity >= Severity::High {
                alarms.push(format!("{}: {:?}", found.rule, found.hits[0].text));
            }
        }
    }
    let high: usize = highest
        .iter()
        .filter(|(severity, _)| **severity >= Some(Severity::High))
        .map(|(_, count)| count)
        .sum();
    println!(
        "{} sessions, {commands} commands, {high} at high or above; highest of each: {highest:?}",
        sessions.len()
    );
    assert!(sessions.len() >= 300, "{}", sessions.len());
    assert!(high * 100 <= sessions.len(), "{alarms:#?}");
}

/// Lines on which expressions that go back would take for ever.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is the question"
)]
fn no_line_takes_long() {
    let set = RuleSet::shipped().unwrap();
    let mut evaluation = Evaluation::new(&set);
    let began = Instant::now();
    for text in [
        "-----BEGIN ".repeat(100_000),
        "a".repeat(1_000_000),
        "root:$6$".repeat(100_000),
        "AWS_SECRET_ACCESS_KEY=".repeat(50_000),
        "\"SecretAccessKey\" : \"".repeat(50_000),
    ] {
        evaluation.line(&Line {
            text,
            ..Line::default()
        });
    }
    let verdict = evaluation.finish(&Session::of(&Manifest::default()));
    assert_eq!(verdict.cut, 5);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

//! What a report says of a small audit, in every form, and that nothing from outside becomes markup in it.
//!
//! Nothing here asks a store.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use formats::review::{FORMAT, FollowUp, Review, Verdict};

use super::{Form, Given, Report, Reviewed};
use crate::review::audit::{Asked, Happened, Held, Rules, Says, Witness, audit};
use crate::review::verdicts::{Said, Standing, Weight};
use crate::review::verify::Signed;

const HOSTILE: &str = "</td><script>alert(1)</script>|`x`";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn report() -> Report {
    let rules = Rules {
        now: at("2026-11-29T00:00:00Z"),
        since: at("2026-11-01T00:00:00Z"),
        until: at("2026-11-29T00:00:00Z"),
        grace: TimeDelta::hours(24),
        skew: TimeDelta::minutes(5),
    };
    let happened = |id: &str| Happened {
        session_id: id.into(),
        target: Some(HOSTILE.into()),
        owner: Some("arn:aws:iam::1:user/alice".into()),
        start: Some(at("2026-11-10T10:00:00Z")),
        end: Some(at("2026-11-10T11:00:00Z")),
        account: Some("1".into()),
        region: Some("eu-central-1".into()),
        ..Happened::default()
    };
    let held = Held {
        session_id: "s-recorded".into(),
        came: Some(at("2026-11-10T11:01:00Z")),
        says: Some(Says {
            started: Some(at("2026-11-10T10:00:00Z")),
            closed: Some(at("2026-11-10T11:00:00Z")),
            clock_offset: Some(TimeDelta::seconds(90)),
            target: HOSTILE.into(),
            operator: Some("arn:aws:iam::1:user/alice".into()),
            account: Some("1".into()),
            region: Some("eu-central-1".into()),
            ..Says::default()
        }),
        ..Held::default()
    };
    let asked = Asked {
        witness: Witness::Service,
        name: "default".into(),
        account: Some("1".into()),
        region: Some("eu-central-1".into()),
        from: at("2026-10-30T00:00:00Z"),
        until: at("2026-11-29T00:00:00Z"),
        sessions: 2,
        failure: None,
    };
    let told = [happened("s-recorded"), happened("s-hidden")];
    let account = audit(rules, told, vec![held], vec![asked], Vec::new());
    let said = Said {
        digest: "0123456789".into(),
        location: String::new(),
        review: Review {
            format: FORMAT,
            session_id: "s-recorded".into(),
            verdict: Verdict::FollowUp,
            reviewer: Some("arn:aws:iam::1:user/robin".into()),
            at: "2026-11-12T00:00:00Z".into(),
            follow_ups: vec![FollowUp {
                text: "ask why".into(),
                owner: Some("lead".into()),
            }],
            ..Review::default()
        },
        signature: Signed::No,
        weight: Weight::Counts,
    };
    let reviewed = Reviewed {
        standing: Standing {
            said: vec![said],
            required: 1,
            ..Standing::default()
        },
        is_asked: true,
        risk: Some("high"),
        rules: Some("set".into()),
        ..Reviewed::default()
    };
    Report::of(&Given {
        account: &account,
        store: "s3://recordings".into(),
        rules: "set".into(),
        policy: "every session".into(),
        reviewed: BTreeMap::from([("s-recorded".to_owned(), reviewed)]),
    })
}

#[test]
fn what_was_hidden_is_a_hole_with_its_cause_and_all_else_is_counted() {
    let report: serde_json::Value = serde_json::from_str(&report().written(Form::Json)).unwrap();
    assert_eq!(report["outcome"], "holes");
    assert_eq!(report["holes"].as_array().unwrap().len(), 1);
    assert_eq!(report["holes"][0]["session_id"], "s-hidden");
    let number = |part: &str, name: &str| {
        let numbers = report[part].as_array().unwrap();
        let found = numbers.iter().find(|number| number["name"] == name);
        found.unwrap()["sessions"].as_array().unwrap().len()
    };
    assert_eq!(number("population", "sessions"), 2);
    assert_eq!(number("population", "recorded"), 1);
    assert_eq!(number("reviews", "judged"), 1);
    assert_eq!(number("reviews", "follow_up"), 1);
    assert_eq!(number("rules", "high"), 1);
    assert_eq!(report["follow_ups"][0]["age"], "17d00h");
    assert_eq!(report["clocks"][0]["ahead_ms"], 90_000);
    let gap = report["facts"].as_array().unwrap().iter();
    let gap = gap
        .clone()
        .find(|fact| fact["name"] == "longest time between two verdicts");
    assert_eq!(gap.unwrap()["value"], "17d00h");
}

#[test]
fn a_page_has_no_script_and_each_number_leads_to_its_sessions() {
    let page = report().written(Form::Html);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme:dark"));
    for id in ["s-recorded", "s-hidden"] {
        assert_eq!(page.matches(&format!("<tr id=\"s-{id}\">")).count(), 1);
        assert!(page.contains(&format!("href=\"#s-{id}\"")));
    }
    // Every link leads somewhere.
    for link in page.split("href=\"#").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
    }
}

#[test]
fn the_other_forms_are_tables_whatever_stands_in_them() {
    let report = report();
    let markdown = report.written(Form::Markdown);
    assert!(markdown.contains("**Not covered: there are holes.**"));
    assert!(
        !markdown.contains("<script>") && !markdown.contains("</td>"),
        "{markdown}"
    );
    let table = report.written(Form::Csv);
    let lines: Vec<&str> = table.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{table}");
    let columns = lines[0].split(',').count();
    assert!(lines[1].split(',').count() >= columns);
}

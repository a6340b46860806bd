//! Who looked at a session: kept before anything of it is shown, where the policy asks for it.
//!
//! Nothing here is watched in a terminal but for how far it is told.

use std::fs;

use loopback::Options;
use serde_json::Value;

use super::rig::Rig;

fn rig(views: &str) -> Rig {
    let mut rig = Rig::new(Options::quick());
    rig.shell(&["--reason", "ticket-1"], &["echo evidence"]);
    rig.set("SSM_REC_REVIEW_VIEWS", views);
    rig.set("AWS_ACCESS_KEY_ID", "AKIAUSERrobin");
    rig
}

fn views(rig: &Rig) -> Vec<Value> {
    let mut files = rig.files(&rig.store().join("views"));
    files.sort();
    let views = files.iter().map(|file| {
        let text = fs::read_to_string(file).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    views.collect()
}

#[test]
fn whoever_looks_inside_is_kept_once_a_look_with_the_command() {
    let rig = rig("write");
    let id = rig.manifest().session_id;
    for arguments in [
        &["list"][..],
        &["show", &id],
        &["verify", &id],
        &["search", "-l", "evidence"],
    ] {
        rig.run(arguments);
        assert_eq!(views(&rig), [] as [Value; 0], "{arguments:?}");
    }
    for (arguments, command) in [
        (&["commands", &id][..], "commands"),
        (&["export", &id, "--format", "txt"], "export"),
        (&["search", "evidence"], "search"),
    ] {
        let before = views(&rig).len();
        let run = rig.run(arguments);
        assert_eq!(run.status(), 0, "{}", run.err());
        let views = views(&rig);
        assert_eq!(views.len(), before + 1, "{arguments:?}");
        let view = views.last().unwrap();
        assert_eq!(view["command"], command);
        assert_eq!(view["session_id"], id.as_str());
        assert_eq!(view["reader"], "arn:aws:iam::123456789012:user/robin");
    }
}

#[test]
fn how_far_somebody_looked_is_kept_when_they_leave() {
    let rig = rig("require");
    let id = rig.manifest().session_id;
    let mut terminal = rig.terminal(&["play", &id]);
    terminal.wait_until("the recording", |rows| {
        rows.iter().any(|row| row.contains("evidence"))
    });
    assert_eq!(views(&rig).len(), 1);
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
    let views = views(&rig);
    assert_eq!(views.len(), 2);
    assert!(views[1]["opened"].as_str().unwrap().len() == 64);
    assert!(views[1]["watched"][0][1].as_u64().unwrap() > 0);
}

#[test]
fn who_cannot_leave_a_trace_is_shown_nothing_where_they_must() {
    for (policy, is_shown) in [("write", true), ("require", false)] {
        let rig = rig(policy);
        let id = rig.manifest().session_id;
        // No folder can be made where a file is.
        fs::write(rig.store().join("views"), "").unwrap();
        let file = rig.recording().display().to_string();
        for arguments in [
            &["play", "--no-wait", &id][..],
            &["play", "--no-wait", &file],
            &["commands", &id],
            &["search", "evidence"],
            &["export", &id, "--format", "txt"],
        ] {
            let run = rig.run(arguments);
            assert_eq!(
                run.out().contains("evidence"),
                is_shown,
                "{arguments:?}: {}",
                run.err()
            );
            assert_eq!(run.status() == 0, is_shown, "{arguments:?}");
            let told = match is_shown {
                true => "it is not kept that you look",
                false => "is not shown: it must be kept",
            };
            assert!(run.err().contains(told), "{arguments:?}: {}", run.err());
        }
        // What lies elsewhere is its owner's.
        let copy = rig.file("copy.cast.zst", fs::read(rig.recording()).unwrap());
        let run = rig.run(&["play", "--no-wait", &copy]);
        assert!(run.out().contains("evidence"), "{}", run.err());
    }
}

#[test]
fn where_the_policy_fixes_it_nobody_looks_without_a_trace() {
    let mut rig = rig("write");
    let id = rig.manifest().session_id;
    let policy = rig.file(
        "organisation.toml",
        "[policy.review]\nviews = \"require\"\n",
    );
    rig.set("SSM_REC_ORG_CONFIG", policy);
    fs::write(rig.store().join("views"), "").unwrap();
    for views in ["off", "write", "require"] {
        rig.set("SSM_REC_REVIEW_VIEWS", views);
        let run = rig.run(&["commands", &id]);
        assert_ne!(run.status(), 0, "{views}");
        assert!(!run.out().contains("evidence"), "{views}: {}", run.out());
    }
}

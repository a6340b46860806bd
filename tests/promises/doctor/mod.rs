//! `ssm-rec doctor`: what stands in the way of a recorded session is found, each thing in a line with what to do next.
//!
//! Nothing here looks inside the program.
#![expect(
    clippy::disallowed_methods,
    reason = "that nothing takes long is a promise about the clock"
)]

mod keeping;
mod reaching;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use loopback::{Faults, Node, Options, Refusal};

use super::rig::{self, Rig, Run};

/// "Some ten seconds", on a busy machine.
const LONGEST: Duration = Duration::from_secs(14);
/// A port where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// One line.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    verdict: String,
    seen: String,
    next: String,
}

/// What one run found, by group and check.
struct Report {
    run: Run,
    found: BTreeMap<String, Found>,
}

impl Report {
    fn of(rig: &Rig, arguments: &[&str]) -> Self {
        let began = Instant::now();
        let run = rig.run(&[&["doctor", "--json"], arguments].concat());
        assert!(began.elapsed() < LONGEST, "{:?}", began.elapsed());
        let mut found = BTreeMap::new();
        for line in run.out().lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let one = Found {
                verdict: text("verdict"),
                seen: text("seen"),
                next: text("next"),
            };
            assert_eq!(one.next.is_empty(), one.verdict == "good", "{one:?}");
            found.insert(format!("{} {}", text("group"), text("check")), one);
        }
        let report = Self { run, found };
        let is_bad = !report.bad().is_empty();
        assert_eq!(
            report.run.status(),
            i32::from(is_bad),
            "{}",
            report.run.out()
        );
        report
    }

    fn bad(&self) -> Vec<&str> {
        let bad = self.found.iter().filter(|(_, one)| one.verdict == "bad");
        bad.map(|(name, _)| name.as_str()).collect()
    }

    #[track_caller]
    fn check(&self, name: &str, verdict: &str, seen: &str, next: &str) {
        let Some(one) = self.found.get(name) else {
            panic!("no {name}: {}\n{}", self.run.out(), self.run.err());
        };
        assert_eq!(one.verdict, verdict, "{name}: {one:?}");
        assert!(one.seen.contains(seen), "{name}: {one:?}");
        assert!(one.next.contains(next), "{name}: {one:?}");
    }
}

fn rig() -> Rig {
    Rig::new(Options::quick())
}

fn faulty(faults: Faults) -> Rig {
    Rig::new(Options {
        faults,
        ..Options::quick()
    })
}

#[test]
fn where_all_is_well_nothing_is_bad_and_nothing_was_changed() {
    let rig = rig();
    let report = Report::of(&rig, &["i-0abc"]);
    report.check("access region", "good", "eu-central-1", "");
    report.check(
        "access identity",
        "good",
        "user/operator, by keys in the environment",
        "",
    );
    report.check("access clock", "good", "as the service's", "");
    report.check("network ssm", "good", "127.0.0.1:", "");
    report.check("network sts", "good", "TCP", "");
    report.check("permissions sessions", "good", "ssm:DescribeSessions", "");
    report.check("store folder", "good", "will be made", "");
    report.check("spool folder", "good", "will be made", "");
    report.check("spool waiting", "good", "nothing", "");
    report.check("signing key", "good", "not signed", "");
    report.check("terminal terminal", "good", "none here", "");
    report.check(
        "target agent",
        "good",
        "i-0abc is online, last heard of 1",
        "",
    );
    report.check("target version", "good", "3.3.0.0", "");
    report.check("target platform", "good", "Amazon Linux 2023", "");
    assert!(!rig.store().exists() && !rig.spool().exists());
    assert_eq!(rig.service.sessions().len(), 0);
    let calls = rig.service.calls();
    let asks = |operation: &str| operation.starts_with("Describe") || operation.starts_with("Get");
    assert!(calls.iter().all(|call| asks(&call.operation)), "{calls:?}");
}

#[test]
fn a_target_is_looked_up_by_id_or_name_and_judged() {
    let rig = rig();
    let report = Report::of(&rig, &["i-unknown"]);
    report.check(
        "target agent",
        "bad",
        "does not know \"i-unknown\" in eu-central-1",
        "AmazonSSMManagedInstanceCore",
    );
    let report = Report::of(&rig, &["i-offline"]);
    report.check(
        "target agent",
        "bad",
        "is connection lost, last heard of 3h0",
        "amazon-ssm-agent",
    );
    let report = Report::of(&rig, &["i-old"]);
    report.check(
        "target version",
        "doubtful",
        "2.3.50.0, which is old",
        "AWS-UpdateSSMAgent",
    );
    assert_eq!(report.bad(), [""; 0]);
    let named = [
        ("i-web-1", "web-1"),
        ("i-twin1", "twin"),
        ("i-twin2", "twin"),
    ];
    let nodes = named.map(|(id, name)| Node::named(id, name, "10.0.0.9"));
    rig.service.manage(nodes.into());
    let report = Report::of(&rig, &["web-1"]);
    report.check("target agent", "good", "i-web-1 is online", "");
    let report = Report::of(&rig, &["twin"]);
    report.check(
        "target agent",
        "bad",
        "2 nodes have the name \"twin\": i-twin1, i-twin2",
        "id",
    );
    let report = Report::of(&rig, &["ecs:a_b_c"]);
    report.check("target agent", "doubtful", "containers", "--try");
}

#[test]
fn who_may_not_look_up_targets_or_sessions_has_no_failure() {
    let rig = faulty(Faults {
        nodes: Some(Refusal::named("AccessDeniedException")),
        ..Faults::default()
    });
    rig.service.deny_history("eu-central-1");
    let report = Report::of(&rig, &["i-0abc"]);
    assert_eq!(report.bad(), [""; 0], "{}", report.run.out());
    report.check(
        "permissions nodes",
        "doubtful",
        "not allowed",
        "run without it",
    );
    report.check(
        "permissions sessions",
        "doubtful",
        "not allowed",
        "run without it",
    );
    report.check("target agent", "doubtful", "may not be listed", "--try");
}

#[test]
fn mistakes_in_the_settings_are_told_with_their_place_and_what_needs_them_is_not_guessed() {
    let rig = rig();
    let file = rig.file("config.toml", "store = 5\n[record]\ninptu = \"all\"\n");
    let rig = rig
        .without("SSM_REC_STORE")
        .env("SSM_REC_CONFIG", file)
        .env("SSM_REC_STROE", "/tmp");
    let report = Report::of(&rig, &[]);
    report.check("settings mistakes", "bad", "config.toml:1:9: ", "");
    report.check("settings mistakes", "bad", "(and 1 more)", "");
    report.check(
        "settings environment",
        "doubtful",
        "SSM_REC_STROE is no setting",
        "SSM_REC_STORE",
    );
    report.check("store store", "doubtful", "mistakes", "first");
    report.check("access identity", "good", "", "");
}

#[test]
fn what_the_organisation_fixes_is_counted() {
    let rig = rig();
    let file = rig.file(
        "organisation.toml",
        "[policy.record]\ninput = \"off\"\n[policy.reason]\nrequired = true\n",
    );
    let rig = rig.env("SSM_REC_ORG_CONFIG", file);
    let report = Report::of(&rig, &[]);
    report.check(
        "settings organisation",
        "good",
        "on trial by SSM_REC_ORG_CONFIG, fixes 2 settings",
        "",
    );
}

#[cfg(unix)]
#[test]
fn the_plugin_on_path_is_ours_or_another_program_or_none() {
    let rig = rig();
    let folder = rig.folder().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let rig = rig.env("PATH", folder.display().to_string());
    let report = Report::of(&rig, &[]);
    report.check(
        "plugin plugin",
        "doubtful",
        "none on PATH",
        "ssm-rec plugin install",
    );
    let plugin = folder.join("session-manager-plugin");
    std::fs::write(&plugin, "#!/bin/sh\n").unwrap();
    let report = Report::of(&rig, &[]);
    report.check("plugin plugin", "doubtful", "another program", "--dir");
    std::fs::remove_file(&plugin).unwrap();
    std::os::unix::fs::symlink(rig::program(), &plugin).unwrap();
    let report = Report::of(&rig, &[]);
    report.check("plugin plugin", "good", "is ssm-rec", "");
}

#[test]
fn a_file_gets_a_harmless_line_each_and_a_terminal_groups_and_colours() {
    let rig = rig();
    let run = rig.run(&["doctor", "i-hostile"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    assert!(!run.out().contains('\x1b'), "{}", run.out());
    let platform = run
        .out()
        .lines()
        .find(|line| line.contains("platform"))
        .unwrap()
        .to_owned();
    assert!(
        platform.contains("Debian\\u{1b}[2J GNU/Linux"),
        "{platform}"
    );
    let is_line = |line: &str| {
        ["good ", "doubtful ", "bad "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    assert!(run.out().lines().all(is_line), "{}", run.out());

    let mut terminal = rig.terminal(&["doctor", "i-offline"]);
    assert_eq!(terminal.wait(), 1);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(shown.contains("\x1b[1mtarget\x1b[0m"), "{shown}");
    assert!(shown.contains("\x1b[1;31mbad"), "{shown}");
    assert!(shown.contains("next: start the agent there"), "{shown}");
    assert!(
        shown.contains("80x24") && shown.contains("C.UTF-8"),
        "{shown}"
    );
    assert!(
        shown.contains(" good, ") && shown.contains(", 1 bad"),
        "{shown}"
    );
}

#[test]
fn a_session_is_started_only_when_asked_for_and_recorded_as_every_other() {
    let rig = rig();
    let report = Report::of(&rig, &["i-0abc", "--try"]);
    report.check(
        "try session",
        "good",
        "i-0abc was started, recorded, ended and stored",
        "",
    );
    assert!(
        report.run.err().contains("is being recorded to"),
        "{}",
        report.run.err()
    );
    let manifest = rig.manifest();
    assert_eq!(manifest.target, "i-0abc");
    assert_eq!(manifest.reason.as_deref(), Some("ssm-rec doctor --try"));
    assert_eq!(rig.service.sessions().len(), 1);
    assert!(rig.spooled().is_empty());

    let report = Report::of(&rig, &["i-denied", "--try"]);
    report.check("try session", "bad", "access denied", "ssm:StartSession");
    let report = Report::of(&rig, &["i-offline", "--try"]);
    report.check("try session", "doubtful", "no session was started", "first");
    assert_eq!(rig.service.sessions().len(), 1);

    let run = rig.run(&["doctor", "--try"]);
    assert_eq!(run.status(), 2, "{}", run.err());
}

#[test]
fn help_shows_what_to_type() {
    let run = rig().run(&["doctor", "--help"]);
    assert_eq!(run.status(), 0);
    for part in ["ssm-rec doctor i-0abc --try", "Ends with 0", "--json"] {
        assert!(run.out().contains(part), "{part}");
    }
}

//! `ssm-rec review`: what waits for a verdict, who may give one, and what each one is worth.
//!
//! Nothing here is judged by the operator but where that is refused.

use std::fs;
use std::path::PathBuf;

use loopback::Options;
use loopback::bucket::{self, Bucket};
use serde_json::Value;

use super::rig::{Rig, Run};
use super::verify::key;

/// What makes somebody a reviewer who is not the operator.
const ROBIN: &str = "AKIAUSERrobin";

/// A rig with these sessions, one each, and a reviewer at its keys.
fn rig(sessions: &[&str]) -> Rig {
    let mut rig = Rig::new(Options::quick());
    for line in sessions {
        rig.shell(&["--reason", "ticket-1"], &[line]);
    }
    rig.set("AWS_ACCESS_KEY_ID", ROBIN);
    rig
}

fn review(rig: &Rig, arguments: &[&str]) -> Run {
    rig.run(&[&["review"], arguments].concat())
}

fn json(run: &Run) -> Vec<Value> {
    let out = run.out();
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn sessions(rig: &Rig) -> Vec<String> {
    let listed = json(&rig.run(&["list", "--json", "--reverse"]));
    let ids = listed.iter().map(|one| one["session_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

fn reviews(rig: &Rig) -> Vec<PathBuf> {
    let mut files = rig.files(&rig.store().join("reviews"));
    files.sort();
    files
}

fn waiting(rig: &Rig) -> Vec<String> {
    let waiting = json(&review(rig, &["--json"]));
    let ids = waiting
        .iter()
        .map(|one| one["session_id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

/// Who may sign what: these public halves, for the purpose of reviews.
fn reviewers(rig: &Rig, names: &[&str]) -> String {
    let lines: String = names
        .iter()
        .map(|name| {
            key(rig, name);
            let public = key(rig, &format!("{name}.pub"));
            let public = fs::read_to_string(public).unwrap();
            format!("{name}@example.com namespaces=\"ssm-rec-review\" {public}")
        })
        .collect();
    rig.file("reviewers", lines)
}

fn config(rig: &Rig, text: &str) -> String {
    rig.file("config.toml", text)
}

fn show(rig: &Rig, id: &str) -> Vec<Value> {
    json(&review(rig, &[id, "--show", "--json"]))
}

#[test]
fn what_waits_is_listed_judged_and_waits_no_more() {
    let rig = rig(&["echo one", "echo two"]);
    let ids = sessions(&rig);
    assert_eq!(waiting(&rig), ids);
    let run = review(
        &rig,
        &[
            &ids[0],
            "--ok",
            "--note",
            "@0:01 as planned",
            "--note",
            "all well",
        ],
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.err().contains("judged: ok"), "{}", run.err());
    assert_eq!(waiting(&rig), ids[1..]);
    let said = show(&rig, &ids[0]);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["verdict"], "ok");
    assert_eq!(said[0]["weight"], "counts");
    assert_eq!(said[0]["reviewer"], "arn:aws:iam::123456789012:user/robin");
    assert_eq!(said[0]["notes"][0]["at_ms"], 1000);
    assert_eq!(said[0]["notes"][1]["text"], "all well");
    let table = review(&rig, &[]);
    assert!(table.out().starts_with("DUE"), "{}", table.out());
    assert!(table.out().contains(&ids[1]) && !table.out().contains(&ids[0]));
    assert!(
        table.err().contains("2 sessions; 1 waits for a verdict"),
        "{}",
        table.err()
    );
}

#[test]
fn a_list_tells_what_was_judged_how_and_what_was_not() {
    let mut rig = rig(&["echo one", "echo two", "echo three"]);
    let ids = sessions(&rig);
    assert_eq!(review(&rig, &[&ids[0], "--ok"]).status(), 0);
    assert_eq!(review(&rig, &[&ids[1], "--incident"]).status(), 0);
    let listed = |rig: &Rig, arguments: &[&str]| {
        let run = rig.run(&[&["list", "--json"], arguments].concat());
        let ids = json(&run)
            .into_iter()
            .map(|one| one["session_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(listed(&rig, &["--unreviewed"]), ids[2..]);
    assert_eq!(listed(&rig, &["--verdict", "incident"]), ids[1..2]);
    assert_eq!(listed(&rig, &["--verdict", "ok"]), ids[..1]);
    assert_eq!(listed(&rig, &["--overdue"]), [] as [&str; 0]);
    rig.set("SSM_REC_REVIEW_QUEUE", "risky");
    assert_eq!(listed(&rig, &["--unreviewed"]), [] as [&str; 0]);
    let wrong = rig.run(&["list", "--verdict", "okay"]);
    assert_eq!(wrong.status(), 2, "{}", wrong.err());
}

#[test]
fn a_bucket_keeps_verdicts_by_whoever_has_another_name_than_the_operator() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint());
    for line in ["echo one", "echo two"] {
        rig.shell(&["--reason", "ticket-1"], &[line]);
    }
    // The keys of the bucket are the operator's; a reviewer has a profile.
    let profile = "[profile robin]\naws_access_key_id = AKIAUSERrobin\naws_secret_access_key = x\n";
    fs::write(rig.folder().join("aws-config"), profile).unwrap();
    let ids = sessions(&rig);
    assert_eq!(waiting(&rig), ids);
    let own = review(&rig, &[&ids[0], "--ok"]);
    assert_eq!(own.status(), 121, "{}", own.err());
    let run = review(&rig, &[&ids[0], "--ok", "--profile", "robin"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let folder = format!("fleet/reviews/{}/", ids[0]);
    let kept: Vec<String> = bucket
        .objects()
        .into_keys()
        .filter(|key| key.starts_with(&folder))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(waiting(&rig), ids[1..]);
    assert_eq!(show(&rig, &ids[0])[0]["weight"], "counts");
}

#[test]
fn nobody_judges_a_session_of_their_own() {
    let mut rig = rig(&["echo one"]);
    let id = &sessions(&rig)[0];
    for key in ["test", "ASIAROLEAdmin"] {
        // The same user, or a role whose session has the same name.
        rig.set("AWS_ACCESS_KEY_ID", key);
        let run = review(&rig, &[id, "--ok"]);
        assert_eq!(run.status(), 121, "{}", run.err());
        assert!(run.err().contains("is your own"), "{}", run.err());
    }
    assert_eq!(reviews(&rig), [] as [PathBuf; 0]);
    // Somebody who writes it all the same: nothing keeps them from that but the store's own rules.
    rig.set("AWS_ACCESS_KEY_ID", ROBIN);
    assert_eq!(review(&rig, &[id, "--ok"]).status(), 0);
    let file = &reviews(&rig)[0];
    let own = fs::read_to_string(file)
        .unwrap()
        .replace("user/robin", "user/operator");
    fs::write(file, own).unwrap();
    let said = show(&rig, id);
    assert_eq!(said[0]["weight"], "own");
    assert_eq!(waiting(&rig), [id.as_str()]);
}

#[test]
fn a_verdict_is_on_one_recording_and_is_carried_to_no_other() {
    let rig = rig(&["echo one", "echo two"]);
    let ids = sessions(&rig);
    assert_eq!(review(&rig, &[&ids[0], "--ok"]).status(), 0);
    let file = &reviews(&rig)[0];
    let name = file.file_name().unwrap();
    let other = rig.store().join("reviews").join(&ids[1]);
    fs::create_dir_all(&other).unwrap();
    fs::copy(file, other.join(name)).unwrap();
    assert_eq!(show(&rig, &ids[1])[0]["weight"], "other_manifest");
    // Nor does it help to change what it says: it names the manifest by its digest.
    let changed = fs::read_to_string(file).unwrap().replace(&ids[0], &ids[1]);
    fs::write(other.join(name), changed).unwrap();
    assert_eq!(show(&rig, &ids[1])[0]["weight"], "other_manifest");
    assert_eq!(waiting(&rig), ids[1..]);
}

#[test]
fn a_verdict_that_was_taken_away_is_told_of_by_the_next() {
    let rig = rig(&["echo one"]);
    let id = &sessions(&rig)[0];
    assert_eq!(
        review(&rig, &[id, "--incident", "--note", "it was me"]).status(),
        0
    );
    assert_eq!(review(&rig, &[id, "--ok"]).status(), 0);
    assert_eq!(review(&rig, &[id, "--show"]).status(), 0);
    fs::remove_file(&reviews(&rig)[0]).unwrap();
    let run = review(&rig, &[id, "--show"]);
    assert_eq!(run.status(), 4);
    assert!(run.err().contains("a verdict is gone"), "{}", run.err());
}

#[test]
fn where_reviewers_are_named_only_their_signature_counts() {
    let mut rig = rig(&["echo one"]);
    let id = sessions(&rig)[0].clone();
    let reviewers = reviewers(&rig, &["ed25519"]);
    let path = config(&rig, &format!("[review]\nreviewers = '{reviewers}'\n"));
    rig.set("SSM_REC_CONFIG", path);
    let run = review(&rig, &[&id, "--ok"]);
    assert_eq!(run.status(), 7, "{}", run.err());
    assert!(
        run.err().contains("does not count: it is not signed"),
        "{}",
        run.err()
    );
    let stranger = key(&rig, "p256");
    assert_eq!(
        review(&rig, &[&id, "--ok", "--sign-key", &stranger]).status(),
        7
    );
    assert_eq!(waiting(&rig), [id.as_str()]);
    let own = key(&rig, "ed25519");
    let run = review(&rig, &[&id, "--ok", "--sign-key", &own]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(waiting(&rig), [] as [&str; 0]);
    let weights: Vec<String> = show(&rig, &id)
        .iter()
        .map(|said| format!("{} {}", said["weight"], said["signature"]))
        .collect();
    assert_eq!(
        weights,
        [
            "\"not_trusted\" \"none\"",
            "\"not_trusted\" \"not_allowed\"",
            "\"counts\" \"trusted\""
        ]
    );
    // A word that was changed is nobody's.
    let file = reviews(&rig)
        .into_iter()
        .rfind(|file| file.extension().is_some_and(|end| end == "json"));
    let file = file.unwrap();
    let changed = fs::read_to_string(&file)
        .unwrap()
        .replace("\"ok\"", "\"incident\"");
    fs::write(&file, changed).unwrap();
    assert_eq!(show(&rig, &id)[2]["weight"], "not_trusted");
    assert_eq!(waiting(&rig), [id.as_str()]);
}

#[test]
fn who_signed_the_recording_does_not_judge_it_under_another_name() {
    let mut rig = Rig::new(Options::quick());
    let own = key(&rig, "ed25519");
    rig.shell(&["--reason", "ticket-1", "--sign-key", &own], &["echo one"]);
    rig.set("AWS_ACCESS_KEY_ID", ROBIN);
    let id = &sessions(&rig)[0];
    let run = review(&rig, &[id, "--ok", "--sign-key", &own]);
    assert_eq!(run.status(), 7, "{}", run.err());
    assert_eq!(show(&rig, id)[0]["weight"], "own");
}

#[test]
fn as_many_as_must_have_judged_it_and_one_person_is_one() {
    let mut rig = rig(&["echo one"]);
    let id = sessions(&rig)[0].clone();
    rig.set("SSM_REC_REVIEW_REQUIRED", "2");
    assert_eq!(review(&rig, &[&id, "--ok"]).status(), 0);
    let run = review(&rig, &[&id, "--ok"]);
    assert!(run.err().contains("1 of 2 reviewers"), "{}", run.err());
    assert_eq!(waiting(&rig), [id.as_str()]);
    rig.set("AWS_ACCESS_KEY_ID", "AKIAUSERkim");
    assert_eq!(review(&rig, &[&id, "--ok"]).status(), 0);
    assert_eq!(waiting(&rig), [] as [&str; 0]);
}

#[test]
fn what_is_to_be_done_stays_until_it_is_closed() {
    let rig = rig(&["echo one"]);
    let id = &sessions(&rig)[0];
    let asked = [
        id,
        "--follow-up",
        "why?",
        "--follow-up",
        "and when?",
        "--owner",
        "alice",
    ];
    assert_eq!(review(&rig, &asked).status(), 0);
    let open = json(&review(&rig, &["--follow-ups", "--json"]));
    assert_eq!(open.len(), 2);
    assert_eq!(
        (&open[0]["text"], &open[0]["owner"]),
        (&Value::from("why?"), &Value::from("alice"))
    );
    let name = open[0]["follow_up"].as_str().unwrap();
    let unknown = review(&rig, &[id, "--ok", "--close", "00000000.1"]);
    assert_eq!(unknown.status(), 2, "{}", unknown.err());
    assert_eq!(review(&rig, &[id, "--ok", "--close", name]).status(), 0);
    let left = review(&rig, &["--follow-ups"]);
    assert!(
        left.out().contains("and when?") && !left.out().contains("why?"),
        "{}",
        left.out()
    );
    assert!(left.err().contains("1 follow-up is open"), "{}", left.err());
}

#[test]
fn what_is_not_what_was_recorded_is_not_called_ok() {
    let rig = rig(&["echo one"]);
    let id = &sessions(&rig)[0];
    let recording = rig.recording();
    let mut bytes = fs::read(&recording).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&recording, bytes).unwrap();
    let run = review(&rig, &[id, "--ok"]);
    assert_eq!(run.status(), 4, "{}", run.err());
    assert!(run.err().contains("cannot be called ok"), "{}", run.err());
    assert_eq!(reviews(&rig), [] as [PathBuf; 0]);
    assert_eq!(review(&rig, &[id, "--incident"]).status(), 0);
}

#[test]
fn a_sample_is_what_anybody_draws_again() {
    let mut rig = rig(&["echo one", "echo two", "echo three", "echo four"]);
    rig.set("SSM_REC_REVIEW_QUEUE", "sample");
    rig.set("SSM_REC_REVIEW_SAMPLE_SEED", "2026-11");
    rig.set("SSM_REC_REVIEW_SAMPLE_RATE", "0.5");
    let mut drawn = waiting(&rig);
    drawn.sort();
    let below = |id: &String| {
        use sha2::Digest;
        let digest = sha2::Sha256::digest(format!("2026-11\n{id}"));
        u32::from_be_bytes(digest[..4].try_into().unwrap()) < 1 << 31
    };
    let mut expected: Vec<String> = sessions(&rig).into_iter().filter(below).collect();
    expected.sort();
    assert_eq!(drawn, expected);
}

#[test]
fn a_reviewer_watches_and_is_asked() {
    let rig = rig(&["echo evidence"]);
    let id = &sessions(&rig)[0];
    let mut terminal = rig.terminal(&["review", id]);
    terminal.wait_until("the recording", |rows| {
        rows.iter().any(|row| row.contains("evidence"))
    });
    terminal.type_keys("q");
    terminal.wait_for("Verdict:");
    terminal.type_keys("f\r");
    terminal.wait_for("What is to be done?");
    terminal.type_keys("ask about it\r");
    terminal.wait_for("By whom?");
    terminal.type_keys("\r");
    terminal.wait_for("A note on all of it?");
    terminal.type_keys("looks odd\r");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
    let said = show(&rig, id);
    assert_eq!(said[0]["verdict"], "follow-up");
    assert_eq!(said[0]["follow_ups"][0]["text"], "ask about it");
    assert_eq!(said[0]["notes"][0]["text"], "looks odd");
    assert!(said[0]["watched"][0][1].as_u64().unwrap() > 0, "{said:?}");
}

#[test]
fn a_signal_while_it_is_watched_asks_nothing_and_no_answer_is_no_verdict() {
    let rig = rig(&["echo evidence"]);
    let id = &sessions(&rig)[0];
    let watching = |rig: &Rig| {
        let mut terminal = rig.terminal(&["review", id]);
        terminal.wait_until("the recording", |rows| {
            rows.iter().any(|row| row.contains("evidence"))
        });
        terminal
    };
    let mut terminal = watching(&rig);
    let killed = std::process::Command::new("kill")
        .args(["-s", "TERM", &terminal.process_id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(terminal.wait(), 143);
    assert!(terminal.is_cooked());
    let mut terminal = watching(&rig);
    terminal.type_keys("q");
    terminal.wait_for("Verdict:");
    terminal.type_keys("\r");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(reviews(&rig), [] as [PathBuf; 0]);
}

#[test]
fn who_gives_no_verdict_and_has_no_terminal_is_told_how() {
    let rig = rig(&["echo one"]);
    let run = review(&rig, &[&sessions(&rig)[0]]);
    assert_eq!(run.status(), 2);
    assert!(
        run.err().contains("--ok, --follow-up or --incident"),
        "{}",
        run.err()
    );
    let none = review(&rig, &["nobody", "--ok"]);
    assert_eq!(none.status(), 5, "{}", none.err());
    let wrong = review(
        &rig,
        &[&sessions(&rig)[0], "--ok", "--note", "@soon it ends"],
    );
    assert_eq!(wrong.status(), 2, "{}", wrong.err());
}

#[test]
fn what_rules_find_is_told_once_and_again_where_nobody_took_it() {
    let rig = rig(&["echo ordinary", "history -c"]);
    let ids = sessions(&rig);
    let failing = review(&rig, &["--watch", "--exec", "exit 3"]);
    assert_eq!(failing.status(), 1, "{}", failing.err());
    assert!(
        failing.err().contains("told again the next time"),
        "{}",
        failing.err()
    );
    let found = json(&review(&rig, &["--watch"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["session_id"], ids[1].as_str());
    assert!(
        found[0]["play"]
            .as_str()
            .unwrap()
            .contains(&format!("play {}@", ids[1]))
    );
    assert_eq!(json(&review(&rig, &["--watch"])), [] as [Value; 0]);
    // Who was on a target first is known to who looks through the store.
    let first = rig.folder().join("first").display().to_string();
    let all = json(&review(
        &rig,
        &["--watch", "--severity", "info", "--told", &first],
    ));
    let first: Vec<&Value> = all
        .iter()
        .filter(|one| one["rule"] == "first-on-target")
        .collect();
    assert_eq!(first.len(), 1, "{all:?}");
    assert_eq!(first[0]["session_id"], ids[0].as_str());
    let state = rig.folder().join("other").display().to_string();
    let shaped = json(&review(
        &rig,
        &["--watch", "--format", "ocsf", "--told", &state],
    ));
    assert_eq!(shaped[0]["class_uid"], 2004);
    assert_eq!(shaped[0]["resources"][0]["uid"], "i-bash");
    // What is found is a reason to look, and stands in the verdict.
    assert_eq!(review(&rig, &[&ids[1], "--ok"]).status(), 0);
    assert!(
        show(&rig, &ids[1])[0]["rules"]["findings"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[test]
fn a_risky_session_waits_where_an_ordinary_one_does_not() {
    let mut rig = rig(&["echo ordinary", "history -c"]);
    rig.set("SSM_REC_REVIEW_QUEUE", "risky");
    let ids = sessions(&rig);
    assert_eq!(waiting(&rig), ids[1..]);
    let table = review(&rig, &[]);
    assert!(table.out().contains("(high)"), "{}", table.out());
}

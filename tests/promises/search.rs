//! `ssm-rec search`: what stood in the sessions of a store is found, with the name that plays it and with what could not be
//! searched.
//!
//! Nothing here looks into the store but to spoil it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use loopback::Options;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use serde_json::Value;

use super::rig::Rig;

const READER: &str = include_str!("../../formats/tests/golden/reader.txt");
const READER_PUBLIC: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";

fn session(rig: &Rig, reason: &str, lines: &[&str], flags: &[&str]) {
    rig.shell(&[&["--reason", reason], flags].concat(), lines);
}

/// Its status, what it found and what it said.
fn search(rig: &Rig, arguments: &[&str]) -> (i32, String, String) {
    let run = rig.run(&[&["search"], arguments].concat());
    (run.status(), run.out(), run.err())
}

fn only(rig: &Rig, kind: &str) -> PathBuf {
    let files = rig.files(&rig.store().join(kind));
    let objects = files.into_iter().filter(|file| !file.ends_with(".sig"));
    let objects: Vec<_> = objects.collect();
    assert_eq!(objects.len(), 1, "{kind}: {objects:?}");
    objects[0].clone()
}

#[test]
fn what_stood_in_many_sessions_is_found_newest_first_with_the_name_that_plays_it() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        "ticket-1",
        &["seq 100 130", "printf 'a\\tneedle\\n'"],
        &[],
    );
    session(
        &rig,
        "ticket-2",
        &["echo Needle and needle", "echo '\u{1b}]0;t'"],
        &[],
    );
    let listed = rig.run(&["list", "--json"]).out();
    let ids = listed.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["session_id"].as_str().unwrap().to_owned()
    });
    let ids: Vec<String> = ids.collect();

    let (status, out, err) = search(&rig, &["needle"]);
    assert_eq!(status, 0, "{err}");
    let of: Vec<usize> = out
        .lines()
        .map(|line| ids.iter().position(|id| line.starts_with(id)).unwrap())
        .collect();
    assert!(
        of.is_sorted() && of[0] == 0 && of[of.len() - 1] == 1,
        "{out}"
    );
    assert!(
        err.contains("in 2 sessions; searched 2 of 2 sessions"),
        "{err}"
    );
    // Each line begins with what plays it.
    let last = out.lines().last().unwrap();
    let name: Vec<&str> = last.splitn(4, ':').collect();
    let run = rig.run(&["play", "--no-wait", &name[..3].join(":")]);
    assert_eq!(run.status(), 0, "{last} {}", run.err());

    let found = |arguments: &[&str]| search(&rig, arguments).1;
    assert!(found(&["^109$", "-C", "1"]).lines().count() == 3);
    let behind = found(&["-A", "2", "^110$"]);
    assert!(behind.ends_with("-112\n"), "{behind}");
    assert_eq!(found(&["-l", "^109$"]), format!("{}\n", ids[1]));
    assert_eq!(found(&["-c", "^1[0-2].$"]), format!("{}:30\n", ids[1]));
    let each = found(&["-io", "needle", "--reason", "ticket-2"]);
    assert!(each.lines().any(|line| line.ends_with(":Needle")), "{each}");
    assert!(each.lines().any(|line| line.ends_with(":needle")), "{each}");
    assert_eq!(found(&["-w", "need"]), "");
    let between = found(&["--in", "lines", "-B1", "^110$", "-w"]);
    assert!(between.ends_with(":110\n"), "{between}");
    assert_eq!(found(&["--", "-needle"]), "");
    let asked = [
        "-l",
        "needle",
        "--where",
        "reason = \"*-2\" and command ~ echo",
    ];
    assert_eq!(found(&asked), format!("{}\n", ids[0]));
    assert_eq!(found(&["-F", "1[0-2]."]), "");
    assert!(found(&["--in", "commands", "seq"]).ends_with(":seq 100 130\n"));
    let reasons = found(&["--in", "reasons,commands", "ticket-2|seq"]);
    assert!(reasons.contains(":reasons:ticket-2\n"), "{reasons}");
    assert!(reasons.contains(":commands:seq 100 130\n"), "{reasons}");
    assert!(!found(&["echo"]).contains('\u{1b}'));
    assert!(
        found(&["needle", &ids[1][..]])
            .lines()
            .all(|line| line.starts_with(&ids[1]))
    );

    let json = found(&["--json", "-B", "1", "^115$"]);
    let json: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |key: &str| json.iter().map(|hit| hit[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("type"), ["context", "match", "summary"]);
    assert_eq!(json[1]["text"], "115");
    assert_eq!(json[1]["matches"], serde_json::json!([[0, 3]]));
    assert_eq!(json[1]["session_id"], *ids[1]);
    assert_eq!(
        (&json[2]["sessions"], &json[2]["matching"]),
        (&2.into(), &1.into())
    );

    for (arguments, expected, words) in [
        (&["nowhere"][..], 1, "nothing found"),
        (&["("], 2, "unclosed group"),
        (&[""], 2, "the pattern is empty"),
        (&["x", "--in", "titles"], 2, "invalid value"),
        (&["x", "--since", "someday"], 2, "someday"),
    ] {
        let (status, out, err) = search(&rig, arguments);
        assert_eq!(
            (status, out.as_str()),
            (expected, ""),
            "{arguments:?} {err}"
        );
        assert!(err.contains(words), "{arguments:?} {err}");
    }
}

#[test]
fn any_of_several_patterns_is_found_and_each_line_once() {
    let rig = Rig::new(Options::quick());
    session(&rig, "ticket-1", &["seq 100 130"], &[]);
    session(&rig, "ticket-2", &["echo a.c; echo ab''c; echo Se''q"], &[]);
    let texts = |arguments: &[&str]| {
        let (status, out, err) = search(&rig, arguments);
        let of_line = |line: &str| line.rsplit(':').next().unwrap_or_default().to_owned();
        let texts: Vec<String> = out.lines().map(of_line).collect();
        assert_eq!(status, i32::from(texts.is_empty()), "{arguments:?}: {err}");
        texts
    };
    let one = ["--reason", "ticket-1"];
    assert_eq!(
        texts(&[&["-e", "^109$", "-e", "^1.9$"], &one[..]].concat()),
        ["109", "119", "129"]
    );
    assert_eq!(
        texts(&["-o", "-e", "^12", "-e", "9$", "-e", "^109"])[..2],
        ["109", "9"]
    );
    let two = ["--reason", "ticket-2"];
    assert_eq!(
        texts(&[&["-w", "-F", "-e", "nothing", "-e", "a.c"], &two[..]].concat()).len(),
        2,
        "what was typed, and what came"
    );
    assert_eq!(texts(&["-i", "-e", "^seq$", "-e", "^ABC$"]), ["abc", "Seq"]);
    assert_eq!(texts(&["-w", "-e", "10", "-e", "11"]), [""; 0]);
    assert_eq!(texts(&["-e", "-q", "-e", "^100$"]), ["100"]);

    let listed = rig.run(&["list", "--json", "--reason", "ticket-1"]).out();
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    let id = listed["session_id"].as_str().unwrap();
    assert_eq!(texts(&["-e", "^100$", "-e", "abc", id]), ["100"]);

    for (wrong, expected) in [
        (&["-e", "a", "-e", "b("][..], "\"b(\": unclosed group"),
        (&["-e", "a", "one", "two"], "\"one\" and \"two\" are two"),
        (&["-e", ""], "the pattern is empty"),
    ] {
        let (status, out, err) = search(&rig, wrong);
        assert_eq!((status, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(expected), "{err}");
    }
    assert_eq!(search(&rig, &[]).0, 2, "a pattern is needed");
}

#[test]
fn a_person_sees_whose_session_it_was() {
    let rig = Rig::new(Options::quick());
    session(&rig, "ticket-7", &["echo needle"], &[]);
    let mut pty = rig.terminal(&["search", "^needle$"]);
    pty.wait_for("i-bash  ticket-7");
    pty.wait_for("\u{1b}[1;31mneedle\u{1b}[0m");
    pty.wait_for("found 1 time in 1 session; searched 1 of 1 sessions");
    assert_eq!(pty.wait(), 0);
}

#[test]
fn what_no_manifest_vouches_for_is_made_again_of_the_recording() {
    let rig = Rig::new(Options::quick());
    session(&rig, "ticket-1", &["echo need''le"], &[]);
    let (status, was, _) = search(&rig, &["^needle$"]);
    assert_eq!((status, was.lines().count()), (0, 1));
    let lines = only(&rig, "lines");
    let bytes = fs::read(&lines).unwrap();
    // Gone.
    fs::remove_file(&lines).unwrap();
    let (status, found, err) = search(&rig, &["^needle$"]);
    assert_eq!((status, found), (0, was.clone()), "{err}");
    // Another one's, and one that was cut.
    for other in [
        fs::read(only(&rig, "commands")).unwrap(),
        bytes[..bytes.len() / 2].to_vec(),
    ] {
        fs::write(&lines, other).unwrap();
        let (status, found, err) = search(&rig, &["^needle$"]);
        assert_eq!((status, found), (0, was.clone()), "{err}");
        assert!(err.contains("is not what its manifest tells of"), "{err}");
        assert!(err.contains("1 with altered lines"), "{err}");
        fs::remove_file(&lines).unwrap();
    }
    // There is nothing left to make it of.
    let recording = rig.recording();
    fs::write(&recording, "no recording").unwrap();
    let (status, found, err) = search(&rig, &["^needle$"]);
    assert_eq!((status, found.as_str()), (4, ""), "{err}");
    assert!(err.contains("1 unreadable"), "{err}");
    // What is stored is vouched for all the same.
    fs::write(&lines, bytes).unwrap();
    assert_eq!(search(&rig, &["^needle$"]).1, was);
}

#[test]
fn what_another_session_did_is_nobody_elses() {
    let rig = Rig::new(Options::quick());
    session(&rig, "ticket-1", &["echo need''le"], &[]);
    session(&rig, "ticket-2", &["echo other"], &[]);
    for lines in rig.files(&rig.store().join("lines")) {
        fs::remove_file(lines).unwrap();
    }
    assert_eq!(search(&rig, &["^needle$"]).1.lines().count(), 1);
    let recordings = rig.files(&rig.store().join("recordings"));
    let [one, two] = &recordings[..] else {
        panic!("{recordings:?}");
    };
    let (of_one, of_two) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    for (path, bytes) in [(one, of_two), (two, of_one)] {
        fs::remove_file(path).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let (status, found, err) = search(&rig, &["^needle$"]);
    assert_eq!((status, found.as_str()), (4, ""), "{err}");
    assert!(err.contains("is that of session"), "{err}");
    assert!(err.contains("2 unreadable"), "{err}");
}

#[test]
fn what_is_sealed_is_counted_or_opened() {
    let rig = Rig::new(Options::quick());
    session(
        &rig,
        "ticket-1",
        &["echo need''le"],
        &["--encrypt-to", READER_PUBLIC],
    );
    let (status, found, err) = search(&rig, &["^needle$"]);
    assert_eq!((status, found.as_str()), (1, ""), "{err}");
    assert!(err.contains("1 of 1 sessions, 1 sealed"), "{err}");
    // Why it was opened stands in front.
    assert_eq!(search(&rig, &["--in", "reasons", "ticket"]).0, 0);
    let identity = rig.file("reader.txt", READER);
    let (status, found, err) = search(&rig, &["^needle$", "--identity", &identity]);
    assert_eq!((status, found.lines().count()), (0, 1), "{err}");
    fs::remove_file(only(&rig, "lines")).unwrap();
    let again = search(&rig, &["^needle$", "--identity", &identity]);
    assert_eq!(again.1, found, "{}", again.2);
}

#[test]
fn a_bucket_is_searched_by_a_few_requests_a_session_however_bad_the_line_is() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let proxy = |share| {
        let options = faulty_proxy::Options {
            share,
            stall: Duration::from_millis(100),
            ..faulty_proxy::Options::default()
        };
        FaultyProxy::start(&bucket.endpoint(), options).unwrap()
    };
    let here = Rig::new(Options::quick());
    session(&here, "ticket-1", &["echo need''le"], &[]);
    for file in here.files(&here.store()) {
        let key = file
            .strip_prefix(here.store())
            .unwrap()
            .display()
            .to_string();
        bucket.plant(&format!("fleet/{key}"), fs::read(&file).unwrap().into());
    }
    let rig = |endpoint: String| {
        Rig::new(Options::quick())
            .env("AWS_ENDPOINT_URL_S3", endpoint)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("SSM_REC_STORE", "s3://recordings/fleet")
    };
    let expected = search(&here, &["^needle$"]).1;
    assert_eq!(expected.lines().count(), 1);
    let bad = proxy(0.3);
    let (status, found, err) = search(&rig(bad.endpoint()), &["^needle$"]);
    assert_eq!((status, &found), (0, &expected), "{err}");
    let good = proxy(0.0);
    assert_eq!(search(&rig(good.endpoint()), &["^needle$"]).1, expected);
    // Three listings, the manifest and the lines.
    let requests = good.requests();
    assert!(requests.len() <= 5, "{requests:#?}");
}

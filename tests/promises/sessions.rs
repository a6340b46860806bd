//! `ssm-rec sessions`: what is open at the service, whether it is recorded here, and the end of it.
//!
//! Nothing here waits a fixed time.

use std::time::{Duration, SystemTime};

use loopback::bucket::{self, Bucket};
use loopback::{Options, Past};
use serde_json::Value;

use super::rig::Rig;

const ME: &str = "arn:aws:iam::123456789012:user/operator";
const BOB: &str = "arn:aws:sts::123456789012:assumed-role/Admin/bob";

#[expect(
    clippy::disallowed_methods,
    reason = "how old a session is depends on when it is asked for"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// A session that is open and did not run here.
fn left(id: &str, owner: &str) -> Past {
    Past {
        id: id.to_owned(),
        target: "i-0old".to_owned(),
        document: "SSM-SessionManagerRunShell".to_owned(),
        owner: owner.to_owned(),
        reason: Some("ticket-7".to_owned()),
        region: None,
        started: now() - Duration::from_secs(7300),
        ended: None,
        status: None,
    }
}

fn rig(past: Vec<Past>) -> Rig {
    let rig = Rig::new(Options::quick());
    rig.service.tell_of(past);
    rig
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn open(rig: &Rig) -> Vec<String> {
    let past = rig.service.history().into_iter();
    past.filter(|one| one.ended.is_none())
        .map(|one| one.id)
        .collect()
}

#[test]
fn mine_are_told_by_default_everybodys_with_all_and_what_is_recorded_here_is_said() {
    let rig = rig(vec![
        left("operator-0left", ME),
        left("bob-0left", BOB),
        Past {
            ended: Some(now()),
            ..left("operator-0over", ME)
        },
    ]);
    let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "ticket-42"]);
    terminal.wait_for("$ ");
    let own = rig.service.sessions()[0].id.clone();

    let run = rig.run(&["sessions", "--json"]);
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    let told = lines(&run.out());
    let of = |key: &str| -> Vec<&Value> { told.iter().map(|one| &one[key]).collect() };
    // The newest first.
    assert_eq!(of("session_id"), [own.as_str(), "operator-0left"]);
    assert_eq!(of("target"), ["i-0abc", "i-0old"]);
    assert_eq!(of("reason"), ["ticket-42", "ticket-7"]);
    assert_eq!(of("owner"), [ME, ME]);
    assert_eq!(of("recorded"), ["running", "no"]);
    assert_eq!(of("status"), ["Connected", "Connected"]);
    let age = told[1]["age_s"].as_u64().unwrap();
    assert!((7290..7600).contains(&age), "{age}");
    assert!(told[0]["age_s"].as_u64().unwrap() < 600);

    let run = rig.run(&["sessions"]);
    let out = run.out();
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(out.starts_with("SESSION "), "{out}");
    assert!(out.contains("2h01m"), "{out}");
    assert!(!out.contains("bob") && !out.contains("0over"), "{out}");

    let out = rig.run(&["sessions", "--all"]).out();
    assert!(
        out.contains("bob-0left") && out.contains("assumed-role/Admin/bob"),
        "{out}"
    );
    assert_eq!(out.lines().count(), 4, "{out}");
    // The service was asked for mine alone, by the filter that it has for it.
    let calls = rig.service.calls();
    let asked = calls
        .iter()
        .filter(|call| call.operation == "DescribeSessions");
    let filters: Vec<String> = asked.map(|call| call.body["Filters"].to_string()).collect();
    assert!(
        filters[0].contains("Owner") && filters[0].contains(ME),
        "{filters:?}"
    );

    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_session_whose_client_is_gone_is_told_from_one_that_runs() {
    let rig = rig(vec![left("operator-0live", ME)]);
    let segment = rig.store().join("live/operator-0live");
    std::fs::create_dir_all(&segment).unwrap();
    std::fs::write(segment.join("000001.cast.zst"), b"x").unwrap();
    std::fs::create_dir_all(rig.spool()).unwrap();
    std::fs::write(rig.spool().join("operator-0gone.cast.zst"), b"x").unwrap();
    rig.service.tell_of(vec![left("operator-0gone", ME)]);
    let run = rig.run(&["sessions", "--json"]);
    let mut told: Vec<(String, String)> = lines(&run.out())
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("session_id"), text("recorded"))
        })
        .collect();
    told.sort();
    let expected = [("operator-0gone", "spool"), ("operator-0live", "live")];
    let expected = expected.map(|(id, recorded)| (id.to_owned(), recorded.to_owned()));
    assert_eq!(told, expected, "{}", run.err());
}

#[test]
fn every_page_is_read_and_pages_without_end_are_given_up() {
    let past = (0..450).map(|number| left(&format!("operator-{number:03}"), ME));
    let rig = rig(past.collect());
    assert_eq!(rig.run(&["sessions", "--json"]).out().lines().count(), 450);

    rig.service.let_history_go_on();
    let run = rig.run(&["sessions"]);
    assert_eq!((run.status(), run.out().as_str()), (121, ""));
    assert!(
        run.err().contains("more open sessions than there can be"),
        "{}",
        run.err()
    );
    rig.service.let_history_turn();
    let run = rig.run(&["sessions"]);
    assert_eq!((run.status(), run.out().as_str()), (121, ""));
    assert!(run.err().contains("lead in a circle"), "{}", run.err());
}

#[test]
fn a_hostile_service_writes_nothing_to_the_terminal_but_text() {
    let evil = Past {
        target: "i-\u{1b}]0;owned\u{7}".to_owned(),
        reason: Some("\u{202e}\u{1b}[2J\nssm-rec: all is well".to_owned()),
        ..left("operator-\u{1b}[31m", ME)
    };
    let rig = rig(vec![evil]);
    for arguments in [
        &["sessions"][..],
        &["sessions", "--all"],
        &["sessions", "--json"],
    ] {
        let run = rig.run(arguments);
        assert_eq!(run.status(), 0, "{}", run.err());
        assert_eq!(run.out().matches("owned").count(), 1);
        let is_bad = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!run.out().contains(is_bad), "{:?}", run.out());
        assert!(!run.out().contains("\nssm-rec"), "{:?}", run.out());
    }
    // Nor is it ended by a name that nobody can have typed.
    let run = rig.run(&["sessions", "end", "operator-\u{1b}[31m"]);
    assert_eq!(run.status(), 5);
    assert!(
        !run.out().contains('\u{1b}') && run.out().contains("not open"),
        "{}",
        run.out()
    );
}

#[test]
fn a_service_that_tells_nobody_says_what_must_be_allowed() {
    let rig = rig(Vec::new());
    let run = rig.run(&["sessions"]);
    assert_eq!((run.status(), run.out().as_str()), (0, ""));
    assert!(
        run.err()
            .contains(&format!("no session of {ME} is open in eu-central-1")),
        "{}",
        run.err()
    );
    rig.service.deny_history("eu-central-1");
    let run = rig.run(&["sessions", "--all"]);
    assert_eq!((run.status(), run.out().as_str()), (121, ""));
    assert!(
        run.err().contains("not authorized to perform"),
        "{}",
        run.err()
    );
    assert!(
        run.err()
            .contains("hint: ssm:DescribeSessions must be allowed"),
        "{}",
        run.err()
    );
}

#[test]
fn each_session_that_is_to_end_is_answered_by_a_line() {
    let rig = rig(vec![
        left("operator-0one", ME),
        left("operator-0two", ME),
        left("bob-0kept", BOB),
        Past {
            ended: Some(now()),
            ..left("operator-0over", ME)
        },
    ]);
    rig.service.keep_open("bob-0kept");
    let run = rig.run(&["sessions", "end", "operator-0one"]);
    assert_eq!(
        (run.status(), run.out().as_str(), run.err().as_str()),
        (0, "operator-0one on i-0old: ended\n", "")
    );
    let run = rig.run(&[
        "sessions",
        "end",
        "operator-0over",
        "operator-0two",
        "operator-0none",
        "operator-0two",
    ]);
    let out = run.out();
    let told: Vec<&str> = out.lines().collect();
    assert_eq!(run.status(), 5, "{out}");
    assert!(
        told[0].starts_with("operator-0over: not ended: it is not open"),
        "{out}"
    );
    assert_eq!(told[1], "operator-0two on i-0old: ended");
    assert!(
        told[2].starts_with("operator-0none: not ended: it is not open"),
        "{out}"
    );
    assert_eq!(told.len(), 3, "{out}");
    // Nothing is asked to end that is not open.
    let calls = rig.service.calls();
    let ended = calls
        .iter()
        .filter(|call| call.operation == "TerminateSession");
    assert_eq!(ended.count(), 2);

    let run = rig.run(&["sessions", "end", "bob-0kept", "operator-0none", "--json"]);
    let told = lines(&run.out());
    assert_eq!(run.status(), 121, "{}", run.err());
    assert_eq!(
        (&told[0]["ended"], &told[1]["ended"]),
        (&false.into(), &false.into())
    );
    assert!(
        told[0]["why"]
            .as_str()
            .unwrap()
            .contains("session/bob-0kept because")
    );
    assert!(
        run.err()
            .contains("hint: to end it, ssm:TerminateSession must be allowed"),
        "{}",
        run.err()
    );
    assert_eq!(open(&rig), ["bob-0kept"]);
}

#[test]
fn whoever_may_end_and_not_list_ends_all_the_same() {
    let rig = rig(vec![left("operator-0one", ME)]);
    rig.service.deny_history("eu-central-1");
    let run = rig.run(&["sessions", "end", "operator-0one", "operator-0none"]);
    assert_eq!(run.status(), 5, "{}", run.err());
    assert!(
        run.out().starts_with("operator-0one: ended\n"),
        "{}",
        run.out()
    );
    assert!(open(&rig).is_empty());
}

#[test]
fn all_of_mine_end_after_a_yes_and_nobody_elses_ever() {
    let rig = rig(vec![
        left("operator-0one", ME),
        left("operator-0two", ME),
        left("bob-0left", BOB),
    ]);
    let run = rig.run(&["sessions", "end", "--mine"]);
    assert_eq!((run.status(), run.out().as_str()), (2, ""));
    assert!(
        run.err().contains("hint: say so with --yes"),
        "{}",
        run.err()
    );
    assert_eq!(rig.run(&["sessions", "end"]).status(), 2);
    assert_eq!(rig.run(&["sessions", "end", "a", "--mine"]).status(), 2);

    let mut terminal = rig.terminal(&["sessions", "end", "--mine"]);
    terminal.wait_for("operator-0one");
    terminal.wait_for("End these 2 sessions? [y/N] ");
    terminal.type_keys("\r");
    terminal.wait_for("nothing was ended");
    assert_eq!(terminal.wait(), 1);
    assert_eq!(open(&rig).len(), 3);

    let mut terminal = rig.terminal(&["sessions", "end", "--mine"]);
    terminal.wait_for("[y/N] ");
    terminal.type_keys("y\r");
    terminal.wait_for("on i-0old: ended");
    terminal.wait_for("on i-0old: ended");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(open(&rig), ["bob-0left"]);

    let run = rig.run(&["sessions", "end", "--mine", "--yes"]);
    assert_eq!((run.status(), run.out().as_str()), (0, ""));
    assert!(run.err().contains("no session of"), "{}", run.err());
    assert_eq!(open(&rig), ["bob-0left"]);
}

#[test]
fn a_session_that_a_client_runs_here_is_told_and_its_client_keeps_the_recording() {
    let rig = rig(Vec::new());
    let mut terminal = rig.terminal(&["start", "i-0abc", "--reason", "ticket-42"]);
    terminal.wait_for("$ ");
    terminal.type_keys("echo be''fore\r");
    terminal.wait_for("before\r\n");
    let own = rig.service.sessions()[0].id.clone();
    let run = rig.run(&["sessions", "end", "--mine", "--yes"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), format!("{own} on i-0abc: ended\n"));
    assert!(
        run.err()
            .contains(&format!("{own} is run by a client on this machine")),
        "{}",
        run.err()
    );
    terminal.wait();
    assert!(rig.recorded().contains("before"));
    assert!(open(&rig).is_empty());
}

#[test]
fn a_service_that_is_away_is_asked_once_and_not_for_each_session() {
    let rig = rig(Vec::new()).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let run = rig.run(&["sessions", "end", "operator-0one", "operator-0two"]);
    assert_eq!(run.status(), 122, "{}", run.err());
    assert_eq!(
        run.out().matches("cannot be reached").count(),
        2,
        "{}",
        run.out()
    );
    assert_eq!(run.err().matches("hint: ").count(), 1, "{}", run.err());
    let run = rig.run(&["sessions"]);
    assert_eq!((run.status(), run.out().as_str()), (122, ""));
}

#[test]
fn a_bucket_is_asked_too_and_one_that_does_not_tell_hides_no_session() {
    let bucket = Bucket::start(bucket::Options::default()).unwrap();
    let rig = Rig::with_bucket(bucket.endpoint());
    rig.service
        .tell_of(vec![left("operator-0live", ME), left("operator-0none", ME)]);
    bucket.plant("fleet/live/operator-0live/000001.cast.zst", "x".into());
    let recorded = || -> Vec<(String, Value)> {
        let run = rig.run(&["sessions", "--json"]);
        assert_eq!(run.status(), 0, "{}", run.err());
        let told = lines(&run.out()).into_iter().map(|one| {
            let id = one["session_id"].as_str().unwrap().to_owned();
            (id, one["recorded"].clone())
        });
        let mut told: Vec<_> = told.collect();
        told.sort_by(|a, b| a.0.cmp(&b.0));
        told
    };
    let expected = |live: Value, none: Value| {
        vec![
            ("operator-0live".to_owned(), live),
            ("operator-0none".to_owned(), none),
        ]
    };
    assert_eq!(recorded(), expected("live".into(), "no".into()));
    // An operator may put and not list.
    bucket.set_write_only(true);
    assert_eq!(recorded(), expected(Value::Null, Value::Null));
    let run = rig.run(&["sessions"]);
    assert_eq!(run.out().matches("  ?  ").count(), 2, "{}", run.out());
    assert!(
        run.err().contains("the store does not tell"),
        "{}",
        run.err()
    );
}

//! What becomes of a recording when its session is over: the bucket, the spool, and `ssm-rec upload`.
//!
//! Nothing here looks inside the program. Set `SSM_REC_TEST_FULL` for as many sessions, kills and seconds as the
//! promises name; without it they are fewer.
#![expect(
    clippy::disallowed_methods,
    reason = "tests that kill and wait live by the clock"
)]

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use loopback::Noise;
use loopback::bucket::{self, Bucket};
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::formats::asciicast::{Data, Header, Session};
use ssm_rec::formats::manifest::Manifest;
use ssm_rec::formats::recording::{Options, Writer, verify};

use super::rig::{Rig, Run};
use super::stored::check_stored;

const START: [&str; 4] = ["start", "i-0abc", "--reason", "ticket-42"];
/// A port where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// The number that the promise names, or one that suits a test that runs often.
fn full(promised: usize, often: usize) -> usize {
    match std::env::var_os("SSM_REC_TEST_FULL") {
        Some(_) => promised,
        None => often,
    }
}

/// A bucket as operators have it: they may put and nothing else.
fn bucket() -> Bucket {
    Bucket::start(bucket::Options {
        write_only: true,
        ..bucket::Options::default()
    })
    .unwrap()
}

/// A session that shows `text`.
fn session(rig: &Rig, text: &str) -> Run {
    rig.run_with(&START, format!("echo {text}\n").as_bytes())
}

/// Files of the spool that a person sees.
fn spooled(rig: &Rig) -> Vec<PathBuf> {
    let hidden = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    let files = rig.spooled().into_iter();
    files.filter(|path| !hidden(path)).collect()
}

#[test]
fn a_recording_goes_to_the_bucket_with_the_right_to_put_alone_and_as_configured() {
    let bucket = bucket();
    let rig = Rig::with_bucket(bucket.endpoint());
    let config = rig.folder().join("config.toml");
    fs::write(
        &config,
        "[upload]\nsse = 'kms'\nkms_key = 'alias/recordings'\nbucket_key = true\nobject_lock_mode = 'COMPLIANCE'\nretention_days = 30\nlegal_hold = true\nstorage_class = 'GLACIER_IR'\nexpected_bucket_owner = '111122223333'\n[upload.tags]\nreason = '{reason} on {target}'\n",
    )
    .unwrap();
    let rig = rig.env("SSM_REC_CONFIG", config.display().to_string());
    let run = session(&rig, "hel''lo");
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(
        run.err()
            .contains("recorded and stored in s3://recordings/fleet"),
        "{}",
        run.err()
    );
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    for (key, stored) in bucket.objects() {
        assert!(key.starts_with("fleet/"), "{key}");
        let header = |name: &str| {
            let value = stored.headers.get(name);
            value.map(String::as_str).unwrap_or_default()
        };
        assert_eq!(header("x-amz-server-side-encryption"), "aws:kms");
        assert_eq!(
            header("x-amz-server-side-encryption-aws-kms-key-id"),
            "alias/recordings"
        );
        assert_eq!(
            header("x-amz-server-side-encryption-bucket-key-enabled"),
            "true"
        );
        assert_eq!(header("x-amz-object-lock-mode"), "COMPLIANCE");
        assert!(!header("x-amz-object-lock-retain-until-date").is_empty());
        assert_eq!(header("x-amz-object-lock-legal-hold"), "ON");
        assert_eq!(header("x-amz-storage-class"), "GLACIER_IR");
        assert_eq!(header("x-amz-expected-bucket-owner"), "111122223333");
        assert_eq!(header("x-amz-tagging"), "reason=ticket-42%20on%20i-0abc");
    }
    check_stored(&bucket, 1);
}

#[test]
fn without_a_network_the_prompt_is_back_at_once_and_upload_stores_it_later() {
    let bucket = bucket();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    let run = rig.run_with(&["start", "i-0abc", "--", "sh", "-c", "exit 7"], b"");
    assert_eq!(run.status(), 7, "the session's own status: {}", run.err());
    let errors = run.err();
    let last = errors.lines().last().unwrap();
    assert!(last.contains("it waits in the spool"), "{errors}");
    assert!(last.contains("ssm-rec upload"), "{errors}");
    assert_eq!(spooled(&rig).len(), 1);

    let rig = rig.env("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("stored"), "{}", run.out());
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    check_stored(&bucket, 1);
    let again = rig.run(&["upload"]);
    assert_eq!((again.status(), again.out().as_str()), (0, ""));
    assert!(again.err().contains("nothing waits"), "{}", again.err());
}

#[test]
fn a_refusal_for_good_is_told_apart_with_its_own_status_and_a_hint() {
    let bucket = bucket();
    bucket.set_denied(true);
    let rig = Rig::with_bucket(bucket.endpoint());
    let run = session(&rig, "x");
    assert_eq!(run.status(), 124, "{}", run.err());
    assert!(run.err().contains("AccessDenied"), "{}", run.err());
    assert!(run.err().contains("s3:PutObject"), "{}", run.err());
    assert!(run.err().contains("safe in"), "{}", run.err());

    // The next session says so before it starts; the one that cannot be stored does not stop it.
    let second = session(&rig, "y");
    let first_lines = second.err();
    assert!(
        first_lines.contains("1 recording could not be stored"),
        "{first_lines}"
    );
    assert!(first_lines.contains("ssm-rec upload"), "{first_lines}");

    let elsewhere = rig.run(&["upload", "--store", "s3://elsewhere", "--json"]);
    assert_eq!(elsewhere.status(), 124);
    for line in elsewhere.out().lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(report["state"], "refused", "{line}");
        let reason = report["reason"].as_str().unwrap();
        assert!(reason.contains("NoSuchBucket"), "{line}");
    }
    bucket.set_denied(false);
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    check_stored(&bucket, 2);
}

#[test]
fn a_key_that_is_taken_by_another_recording_is_never_overwritten_and_told() {
    let bucket = bucket();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    session(&rig, "x");
    let rig = rig.env("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    let copy = fs::read(&spooled(&rig)[0]).unwrap();
    let manifest = verify(&copy[..]).unwrap().manifest.unwrap();
    let place = ssm_rec::formats::layout::Place::of(&manifest).unwrap();
    bucket.plant(&format!("fleet/{}", place.recording()), "another".into());
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 124, "{}", run.out());
    assert!(run.out().contains("never overwritten"), "{}", run.out());
    assert_eq!(fs::read(&spooled(&rig)[0]).unwrap(), copy);
    assert_eq!(
        bucket.objects().len(),
        1,
        "no manifest without its recording"
    );
}

#[test]
fn a_signed_recording_goes_before_its_signature_and_the_manifest_comes_last() {
    let bucket = bucket();
    let quiet = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&bucket.endpoint(), quiet).unwrap();
    let rig = Rig::with_bucket(proxy.endpoint());
    let session = Session {
        session_id: "s-signed".to_owned(),
        target: "i-0abc".to_owned(),
        started_at: Some("2026-11-24T10:00:00Z".to_owned()),
        ..Session::default()
    };
    let header = Header {
        ssm: Some(session.clone()),
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
    let output = Data::Output("hello".into());
    writer.event(Duration::from_secs(1), &output).unwrap();
    let manifest = Manifest::of_session(&session);
    let (bytes, _) = writer
        .finish(manifest, |_| Some("a signature".to_owned()))
        .unwrap();
    fs::create_dir(rig.spool()).unwrap();
    fs::write(rig.spool().join("s-signed.cast.zst"), &bytes).unwrap();
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    let paths: Vec<String> = proxy
        .requests()
        .iter()
        .map(|line| {
            let path = line.split([' ', '?']).nth(1).unwrap();
            path.rsplit('/').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        paths,
        ["s-signed.cast.zst", "s-signed.json.sig", "s-signed.json"]
    );
    let signature = bucket
        .objects()
        .into_iter()
        .find(|(key, _)| key.ends_with(".sig"));
    assert_eq!(&signature.unwrap().1.bytes[..], b"a signature");
}

#[test]
fn the_next_start_stores_what_waits_while_its_session_runs() {
    let bucket = bucket();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    for n in 0..3 {
        session(&rig, &format!("n{n}"));
    }
    assert_eq!(spooled(&rig).len(), 3);
    let rig = rig.env("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    let mut terminal = rig.terminal(&START);
    terminal.wait_for("$ ");
    let until = Instant::now() + Duration::from_secs(60);
    while spooled(&rig).len() > 1 {
        assert!(Instant::now() < until, "{:?}", spooled(&rig));
        thread::sleep(Duration::from_millis(50));
    }
    terminal.type_keys("exit\r");
    terminal.wait_for("3 recordings that had waited");
    assert_eq!(terminal.wait(), 0);
    check_stored(&bucket, 4);
}

#[test]
fn upload_says_of_each_file_what_became_of_it_and_leaves_strangers_alone() {
    let bucket = bucket();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    session(&rig, "whole");
    session(&rig, "cut");
    let files = spooled(&rig);
    let bytes = fs::read(&files[1]).unwrap();
    fs::write(&files[1], &bytes[..bytes.len() - 100]).unwrap();
    fs::write(rig.spool().join("notes.txt"), "mine").unwrap();
    let mut running = rig.terminal(&START);
    running.wait_for("$ ");

    let rig = rig.env("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    let run = rig.run(&["upload", "--json"]);
    assert_eq!(run.status(), 124, "one was cut: {}", run.err());
    let mut states: Vec<(String, String)> = Vec::new();
    for line in run.out().lines() {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| report[name].as_str().unwrap_or_default().to_owned();
        if text("state") == "cut_short" {
            assert!(text("hint").contains("ssm-rec recover"), "{line}");
        }
        states.push((text("state"), text("file")));
    }
    states.sort();
    let words: Vec<&str> = states.iter().map(|(state, _)| state.as_str()).collect();
    assert_eq!(words, ["cut_short", "foreign", "in_use", "stored"]);
    assert_eq!(
        fs::read_to_string(rig.spool().join("notes.txt")).unwrap(),
        "mine"
    );
    let unknown = rig.run(&["upload", "nobody"]);
    assert_eq!(unknown.status(), 5, "{}", unknown.err());
    running.type_keys("exit\r");
    running.wait();
    // The one that ran could not reach its bucket; named by the beginning of its id, it alone is stored.
    let running_file = &states[2].1;
    let id = &running_file[..running_file.len() - ".cast.zst".len() - 2];
    let named = rig.run(&["upload", id]);
    assert_eq!(named.status(), 0, "{}{}", named.out(), named.err());
    assert_eq!(named.out().lines().count(), 1, "{}", named.out());
    assert_eq!(spooled(&rig).len(), 2);
    check_stored(&bucket, 2);
}

#[test]
fn many_sessions_at_once_through_a_bucket_that_fails_are_each_stored_once_and_whole() {
    let sessions = full(100, 8);
    let bucket = bucket();
    let proxy = FaultyProxy::start(
        &bucket.endpoint(),
        faulty_proxy::Options {
            seed: 42,
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let rig = Rig::with_bucket(proxy.endpoint());
    thread::scope(|scope| {
        for n in 0..sessions {
            let rig = &rig;
            scope.spawn(move || {
                let input = format!("echo session''-{n}; seq 1 2000\n");
                let run = rig.run_with(&START, input.as_bytes());
                assert_eq!(run.status(), 0, "{n}: {}", run.err());
            });
        }
    });
    let waited = spooled(&rig).len();
    for _ in 0..5 {
        if rig.run(&["upload"]).status() == 0 {
            break;
        }
    }
    println!(
        "{sessions} sessions, {waited} waited in the spool, faults: {:?} in {} requests",
        proxy.counts(),
        proxy.requests().len()
    );
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    let recordings = check_stored(&bucket, sessions);
    let folder = rig.folder().join("copies");
    fs::create_dir(&folder).unwrap();
    let mut found: Vec<usize> = Vec::new();
    for (id, stored) in recordings {
        let path = folder.join(format!("{id}.cast.zst"));
        fs::write(&path, &stored.bytes).unwrap();
        let raw = rig.run(&["export", "--format", "raw", &path.display().to_string()]);
        let text = raw.out();
        let number = text.split("\nsession-").nth(1).unwrap();
        found.push(number.split('\r').next().unwrap().parse().unwrap());
        let numbers: String = (1..=2000).map(|n| format!("{n}\r\n")).collect();
        assert!(text.contains(&numbers), "{id} is whole");
    }
    found.sort_unstable();
    assert_eq!(found, (0..sessions).collect::<Vec<_>>());
}

#[test]
fn a_client_killed_while_it_uploads_loses_nothing_and_doubles_nothing() {
    let kills = full(50, 6);
    let bucket = bucket();
    let proxy = FaultyProxy::start(
        &bucket.endpoint(),
        faulty_proxy::Options {
            seed: 7,
            share: 0.1,
            stall: Duration::from_millis(500),
            delay: Duration::from_millis(40),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    // One that goes in parts, and some that go at once.
    let large = "head -c 18000000 /dev/urandom | base64 -w 0\n";
    assert_eq!(rig.run_with(&START, large.as_bytes()).status(), 0);
    for n in 0..3 {
        session(&rig, &format!("n{n}"));
    }
    let mut sessions = 4;
    let at = rig
        .spooled()
        .iter()
        .filter_map(|path| path.metadata().ok())
        .map(|file| file.len())
        .max();
    assert!(at > Some(16 << 20), "large enough for parts: {at:?}");
    let rig = rig.env("AWS_ENDPOINT_URL_S3", proxy.endpoint());
    let mut killed = 0;
    let mut chance = Noise::new(std::process::id().into());
    while killed < kills {
        if spooled(&rig).len() < 2 {
            let offline = ["start", "i-0abc", "--store", "s3://recordings/fleet"];
            let mut command = rig.command(&offline);
            command.env("AWS_ENDPOINT_URL_S3", NOBODY);
            assert!(command.output().unwrap().status.success());
            sessions += 1;
            continue;
        }
        let mut child = rig.command(&["upload"]).spawn().unwrap();
        thread::sleep(Duration::from_millis(chance.draw() % 900));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
        }
        child.wait().unwrap();
    }
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    check_stored(&bucket, sessions);
    println!("{killed} kills, {sessions} sessions");
}

#[test]
fn a_bucket_that_is_down_for_the_whole_session_and_after_it_costs_nothing_but_time() {
    let away = Duration::from_secs(full(60, 3) as u64);
    let bucket = bucket();
    let proxy = FaultyProxy::start(
        &bucket.endpoint(),
        faulty_proxy::Options {
            share: 0.0,
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    proxy.set_down(true);
    let rig = Rig::with_bucket(proxy.endpoint());
    let run = session(&rig, "x");
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.err().contains("it waits in the spool"), "{}", run.err());
    thread::scope(|scope| {
        let upload = scope.spawn(|| rig.run(&["upload"]));
        thread::sleep(away);
        proxy.set_down(false);
        let run = upload.join().unwrap();
        assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    });
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    check_stored(&bucket, 1);
}

#[test]
fn several_clients_that_drain_one_spool_store_each_recording_once() {
    let bucket = bucket();
    let rig = Rig::with_bucket(NOBODY.to_owned());
    let sessions = 6;
    thread::scope(|scope| {
        for n in 0..sessions {
            let rig = &rig;
            scope.spawn(move || session(rig, &format!("n{n}")));
        }
    });
    let rig = rig.env("AWS_ENDPOINT_URL_S3", bucket.endpoint());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let run = rig.run(&["upload"]);
                assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
            });
        }
    });
    assert_eq!(rig.spooled(), Vec::<PathBuf>::new());
    check_stored(&bucket, sessions);
}

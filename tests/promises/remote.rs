//! Recordings that are not on this machine: in a bucket, at an address. The same names lead to them in every command.
//!
//! Nothing here uploads through the program: what is in the bucket was put there by the store itself.

use std::fs;
use std::io::{Cursor, Read};
use std::time::Duration;

use bytes::Bytes;
use formats::asciicast::{Data, Header, Session};
use formats::layout::Place;
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{self, Writer};
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use loopback::{Noise, Options};

use super::rig::{Rig, Run};
use super::web_server::{ELSEWHERE, WebServer};

const SIZE: Size = Size { cols: 80, rows: 24 };

/// A recording of `count` seconds with `length` bytes of output a second, which do not compress.
fn recording(id: &str, count: u64, length: usize) -> (Vec<u8>, Manifest) {
    let session = Session {
        session_id: id.into(),
        target: "i-0abc".into(),
        reason: Some("ticket-42".into()),
        started_at: Some("2026-11-23T10:00:00Z".into()),
        ..Session::default()
    };
    let mut header = Header {
        ssm: Some(session.clone()),
        ..Header::default()
    };
    (header.term.cols, header.term.rows) = (SIZE.cols, SIZE.rows);
    let mut writer = Writer::new(Vec::new(), &header, recording::Options::default()).unwrap();
    let mut noise = Noise::new(0);
    for n in 1..=count {
        let mut text = format!("second {n}. ");
        while text.len() < length {
            text.push(char::from(b'!' + (noise.draw() % 90) as u8));
        }
        writer
            .event(Duration::from_secs(n), &Data::Output(text))
            .unwrap();
        if n % 100 == 0 {
            writer.snapshot(SIZE, "the screen").unwrap();
        }
    }
    writer
        .finish(Manifest::of_session(&session), |_| None)
        .unwrap()
}

fn shown(recording: &[u8]) -> String {
    let lines = recording::Reader::open(Cursor::new(recording)).unwrap();
    let mut reader = formats::asciicast::Reader::open(lines).unwrap();
    let mut text = String::new();
    while let Some(event) = reader.next_event().unwrap() {
        if let Data::Output(output) = event.data {
            text.push_str(&output);
        }
    }
    text
}

struct Remote {
    bucket: Bucket,
    proxy: FaultyProxy,
}

impl Remote {
    fn new(share: f64) -> Self {
        let bucket = Bucket::start(bucket::Options::default()).unwrap();
        let options = faulty_proxy::Options {
            share,
            stall: Duration::from_millis(200),
            ..faulty_proxy::Options::default()
        };
        let proxy = FaultyProxy::start(&bucket.endpoint(), options).unwrap();
        Self { bucket, proxy }
    }

    /// Puts a recording and its manifest; gives the recording's address.
    fn store(&self, recording: &[u8], manifest: &Manifest) -> String {
        let place = Place::of(manifest).unwrap();
        let key = format!("fleet/{}", place.recording());
        self.bucket.plant(&key, Bytes::copy_from_slice(recording));
        let beside = format!("fleet/{}", place.manifest());
        self.bucket.plant(&beside, Bytes::from(manifest.encode()));
        format!("s3://recordings/{key}")
    }

    fn rig(&self) -> Rig {
        Rig::new(Options::quick())
            .env("AWS_ENDPOINT_URL_S3", self.proxy.endpoint())
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("SSM_REC_STORE", "s3://recordings/fleet")
    }
}

fn good(run: Run) -> String {
    assert_eq!(run.status(), 0, "{}", run.err());
    run.out()
}

#[test]
fn a_recording_in_a_bucket_has_the_same_names_in_every_command() {
    let remote = Remote::new(0.0);
    let (bytes, manifest) = recording("ada-1", 3, 100);
    let address = remote.store(&bytes, &manifest);
    let (other, of_other) = recording("ada-2", 1, 100);
    remote.store(&other, &of_other);
    let rig = remote.rig();

    assert!(good(rig.run(&["list"])).contains("ada-1"));
    let listed = good(rig.run(&["list", "ada-1", "--json"]));
    assert!(
        listed.contains(&address) && !listed.contains("ada-2"),
        "{listed}"
    );
    let whole = shown(&bytes);
    for name in ["ada-1", &address] {
        assert_eq!(good(rig.run(&["play", "--no-wait", "-q", name])), whole);
        assert_eq!(good(rig.run(&["export", "--format", "raw", name])), whole);
        assert!(good(rig.run(&["show", name])).contains(&format!("file        {address}")));
        assert!(good(rig.run(&["list", name])).contains("ada-1"));
    }
    // The same store by its name, for somebody who has another.
    let elsewhere = remote.rig().env("SSM_REC_STORE", "/nowhere/at/all");
    let listed = good(elsewhere.run(&["list", "s3://recordings/fleet", "--json"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert_eq!(
        good(elsewhere.run(&["play", "--no-wait", "-q", &address])),
        whole
    );

    for (name, status, words) in [
        ("ada", 2, "could be ada-1, ada-2"),
        ("bob", 5, "no recording of a session"),
        (
            "s3://recordings/fleet/none.cast.zst",
            5,
            "there is no \"s3://recordings/fleet/none.cast.zst\"",
        ),
        ("s3://other-bucket/a", 1, "NoSuchBucket"),
        ("s3://recordings", 2, "1 to 1024 bytes"),
        ("gs://bucket/a.cast", 2, "cannot read from \"gs\" addresses"),
    ] {
        let run = rig.run(&["play", name]);
        assert_eq!(run.status(), status, "{name}: {}", run.err());
        assert!(run.err().contains(words), "{name}: {}", run.err());
    }
    remote.bucket.set_write_only(true);
    for arguments in [["list", "-n1"], ["show", "ada-1"], ["play", &address]] {
        let run = rig.run(&arguments);
        assert_eq!(run.status(), 1, "{}", run.err());
        assert!(run.err().contains("AccessDenied"), "{}", run.err());
        assert!(
            run.err().contains("hint: reading needs s3:GetObject"),
            "{}",
            run.err()
        );
    }
}

#[test]
fn playing_fetches_little_before_the_first_picture_and_nothing_twice() {
    let remote = Remote::new(0.0);
    let (bytes, manifest) = recording("ada-1", 600, 20_000);
    assert!(bytes.len() > 8_000_000);
    remote.store(&bytes, &manifest);
    let rig = remote.rig();
    let begun = |arguments: &[&str], words: &str| {
        let before = remote.proxy.bytes_back();
        let mut play = rig.command(arguments).spawn().unwrap();
        let mut seen = vec![0; words.len()];
        play.stdout.take().unwrap().read_exact(&mut seen).unwrap();
        assert_eq!(String::from_utf8_lossy(&seen), words);
        let fetched = remote.proxy.bytes_back() - before;
        play.kill().unwrap();
        play.wait().unwrap();
        fetched
    };
    // The list of the bucket, the table at the end, the first frames and a little ahead.
    let fetched = begun(&["play", "ada-1"], "second 1.");
    assert!(fetched < 800_000, "{fetched}");
    // Far into it, where the recording holds the screen: not what lies between.
    let fetched = begun(&["play", "--from", "550", "ada-1"], "second 55");
    assert!(fetched < 2_000_000, "{fetched}");

    let before = remote.proxy.bytes_back();
    let whole = shown(&bytes);
    assert!(good(rig.run(&["play", "--no-wait", "-q", "ada-1"])) == whole);
    let first = remote.proxy.bytes_back() - before;
    let before = remote.proxy.bytes_back();
    assert!(good(rig.run(&["play", "--no-wait", "-q", "ada-1"])) == whole);
    let second = remote.proxy.bytes_back() - before;
    assert!(first < bytes.len() as u64 + 300_000, "{first}");
    assert!(second < 200_000, "from the cache: {second}");

    // Another state under the same key is another recording.
    let (bytes, manifest) = recording("ada-1", 600, 20_001);
    remote.store(&bytes, &manifest);
    assert!(good(rig.run(&["play", "--no-wait", "-q", "ada-1"])) == shown(&bytes));

    // Nowhere to keep anything is no error.
    let cache = rig.folder().join(".cache");
    fs::remove_dir_all(&cache).unwrap();
    fs::write(&cache, "in the way").unwrap();
    assert!(good(rig.run(&["play", "--no-wait", "-q", "ada-1"])) == shown(&bytes));
}

#[test]
fn a_bad_network_is_outlasted_and_half_a_recording_is_never_called_whole() {
    let remote = Remote::new(0.3);
    let (bytes, manifest) = recording("ada-1", 100, 20_000);
    let address = remote.store(&bytes, &manifest);
    let rig = remote.rig().env("SSM_REC_REVIEW_CACHE_SIZE", "0");
    assert!(good(rig.run(&["play", "--no-wait", "-q", &address])) == shown(&bytes));
    assert!(!remote.proxy.counts().is_empty());

    // Replaced while it plays: the rest cannot be had any more.
    let mut play = rig
        .command(&["play", "--speed", "20", &address])
        .spawn()
        .unwrap();
    let mut seen = [0; 9];
    let mut stdout = play.stdout.take().unwrap();
    stdout.read_exact(&mut seen).unwrap();
    remote.bucket.plant(
        address.strip_prefix("s3://recordings/").unwrap(),
        Bytes::from_static(b"other"),
    );
    let drain = std::thread::spawn(move || {
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
    });
    let output = play.wait_with_output().unwrap();
    drain.join().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("was played only up to"), "{err}");
    assert!(err.contains("it changed while it was read"), "{err}");
    assert_eq!(err.lines().count(), 2, "one line and a hint: {err}");
}

#[test]
fn a_recording_at_an_address_is_read_in_parts_or_as_it_comes() {
    let (bytes, _) = recording("ada-1", 100, 10_000);
    let whole = shown(&bytes);
    let server = WebServer::start(bytes.clone());
    let rig = Rig::new(Options::quick()).env("SSM_REC_REVIEW_CACHE_SIZE", "0");
    for manner in ["ranges", "plain", "flaky", "to/3"] {
        let url = server.url(manner);
        assert!(
            good(rig.run(&["play", "--no-wait", "-q", &url])) == whole,
            "{manner}"
        );
        assert!(
            good(rig.run(&["export", "--format", "raw", &url])) == whole,
            "{manner}"
        );
        let shown = good(rig.run(&["show", &url]));
        assert!(shown.contains("state       complete"), "{shown}");
    }
    let before = server.sent();
    let shown = good(rig.run(&[
        "show",
        &format!("{}?X-Amz-Signature=secret", server.url("ranges")),
    ]));
    let sent = server.sent() - before;
    assert!(sent < bytes.len() as u64 / 2, "the two ends alone: {sent}");
    assert!(shown.contains("?…") && !shown.contains("secret"), "{shown}");

    for (manner, status, words) in [
        ("404", 5, "there is no \"http://"),
        ("403", 1, "status 403: Forbidden"),
        ("to/9", 1, "more than 5 times"),
        ("cut", 1, "was played only up to"),
        ("changing", 1, "changed while it was read"),
    ] {
        let run = rig.run(&["play", "--no-wait", &server.url(manner)]);
        assert_eq!(run.status(), status, "{manner}: {}", run.err());
        assert!(run.err().contains(words), "{manner}: {}", run.err());
    }
    let run = rig.run(&["play", "http://ada:secret@"]);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(!run.err().contains("secret"), "{}", run.err());
    assert!(
        server
            .heads()
            .iter()
            .all(|head| head.contains("user-agent: ssm-rec/"))
    );
}

#[test]
fn a_recording_at_an_address_goes_the_way_that_calls_go() {
    let (bytes, _) = recording("ada-1", 100, 1000);
    let whole = shown(&bytes);
    let server = WebServer::start(bytes);
    let url = format!("{ELSEWHERE}/ranges/a.cast.zst");
    // A profile that is missing is no matter of a page's.
    let through = format!("http://ada:hush@{}", server.place());
    let rig = Rig::new(Options::quick())
        .env("HTTP_PROXY", &through)
        .env("AWS_PROFILE", "missing");
    let run = rig.run(&["play", "--no-wait", "-q", &url]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out() == whole);
    let heads = server.heads();
    // "ada:hush"
    let login = "proxy-authorization: basic ywrhomh1c2g=";
    assert!(
        heads
            .iter()
            .all(|head| head.starts_with(&format!("GET {ELSEWHERE}/"))
                && head.to_lowercase().contains(login)),
        "{heads:?}"
    );
    // Where a proxy's own words stand in for the server's.
    let run = rig.run(&["play", &format!("{ELSEWHERE}/407/a.cast")]);
    assert_eq!(run.status(), 1);
    assert!(
        run.err()
            .contains("refuses the user name and password in HTTP_PROXY"),
        "{}",
        run.err()
    );
    assert!(!run.err().contains("hush"), "{}", run.err());

    let direct = Rig::new(Options::quick())
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("NO_PROXY", "127.0.0.1");
    let run = direct.run(&["play", "--no-wait", "-q", &server.url("ranges")]);
    assert_eq!(run.status(), 0, "{}", run.err());
}

#[test]
fn days_that_are_not_asked_for_are_not_listed() {
    let remote = Remote::new(0.0);
    for n in 0..60 {
        let (_, mut manifest) = recording(&format!("ada-{n:02}"), 1, 10);
        let (month, day) = (10 + n / 30, n % 30 + 1);
        manifest.started_at = Some(format!("2026-{month}-{day:02}T12:00:00Z"));
        remote.store(b"not read", &manifest);
    }
    let rig = remote.rig().env("TZ", "UTC");
    let list = |arguments: &[&str]| {
        let before = remote.proxy.requests().len();
        let out = good(rig.run(&[&["list", "--json"], arguments].concat()));
        (out.lines().count(), remote.proxy.requests().len() - before)
    };
    // Ten keys a page, two folders, one request for each manifest.
    assert_eq!(list(&[]), (60, 12 + 60));
    let window = ["--since", "2026-10-05", "--until", "2026-10-08"];
    let (found, requests) = list(&window);
    assert_eq!(found, 3);
    assert!(requests <= 2 + 4, "{requests}");
    let (found, requests) = list(&["--since", "2026-11-29"]);
    assert_eq!(found, 2);
    assert!(requests <= 2 + 2, "{requests}");
    let (found, _) = list(&["--limit", "3"]);
    assert_eq!(found, 3);
}

#[test]
fn an_expression_asks_for_its_days_alone_and_what_it_has_cost_is_told() {
    let remote = Remote::new(0.0);
    for n in 0..90 {
        let (_, mut manifest) = recording(&format!("ada-{n:02}"), 1, 10);
        let (month, day) = (9 + n / 30, n % 30 + 1);
        manifest.started_at = Some(format!("2026-{month:02}-{day:02}T12:00:00Z"));
        manifest.target = format!("i-{}", n % 2);
        remote.store(b"not read", &manifest);
    }
    let rig = remote.rig().env("TZ", "UTC");
    let list = |arguments: &[&str]| {
        let before = (remote.proxy.requests().len(), remote.proxy.bytes_back());
        let run = rig.run(&[&["list", "--json", "--stats"], arguments].concat());
        assert_eq!(run.status(), 0, "{}", run.err());
        let requests = remote.proxy.requests().len() - before.0;
        let told = format!("ssm-rec: {requests} requests, ");
        let err = run.err();
        let line = err.lines().find(|line| line.starts_with(&told));
        let line = line.unwrap_or_else(|| panic!("{requests} requests, and not {err}"));
        // Heads come on top of the bytes that are told.
        let bytes: u64 = line
            .split_once('(')
            .and_then(|(_, rest)| rest.split_once(" bytes)"))
            .and_then(|(bytes, _)| bytes.parse().ok())
            .unwrap();
        let back = remote.proxy.bytes_back() - before.1;
        assert!(bytes > 0 && bytes < back, "{bytes} of {back}");
        (run.out().lines().count(), requests)
    };
    for (expression, found, most) in [
        ("started >= 2026-10-05 and started < 2026-10-09", 4, 2 + 4),
        ("target = i-1 and started = 2026-10-06", 1, 2 + 1),
        ("started = 2026-09-05 or started = 2026-11-05", 2, 4 + 2),
        ("not (until 2026-11-29 or target = i-0)", 1, 2 + 2),
        // They were read before.
        ("started >= 2026-10-05 and started < 2026-10-09", 4, 2),
    ] {
        let (count, requests) = list(&["--where", expression]);
        assert_eq!(count, found, "{expression}");
        assert!(requests <= most, "{expression}: {requests}");
    }
    // Days that only one side asks for bound nothing.
    let (count, _) = list(&["--where", "started = 2026-10-05 or target = i-0"]);
    assert_eq!(count, 45);
}

#[test]
fn who_wants_the_first_or_the_last_reads_no_day_beyond() {
    let remote = Remote::new(0.0);
    let (_, manifest) = recording("ada", 1, 10);
    for day in 10..14 {
        for n in 0..130 {
            let mut manifest = manifest.clone();
            manifest.session_id = format!("ada-{day}-{n:03}");
            manifest.started_at = Some(format!("2026-11-{day}T12:00:00.{n:03}Z"));
            remote.store(b"not read", &manifest);
        }
    }
    let rig = remote.rig().env("TZ", "UTC");
    let list = |arguments: &[&str]| {
        let before = remote.proxy.requests().len();
        let out = good(rig.run(&[&["list", "--json", "-n1"], arguments].concat()));
        let requests = &remote.proxy.requests()[before..];
        let is_listing = |asked: &&String| asked.contains("list-type");
        let read = requests.iter().filter(|asked| !is_listing(asked));
        assert_eq!(read.count(), 130, "{arguments:?}");
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        value["session_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(list(&[]), "ada-13-129");
    assert_eq!(list(&["--sort", "-started"]), "ada-10-000");
}

#[test]
fn what_comes_late_for_a_day_that_was_listed_before_is_not_missed() {
    let remote = Remote::new(0.0);
    let store = |id: &str, day: u32| {
        let (bytes, mut manifest) = recording(id, 1, 10);
        manifest.started_at = Some(format!("2026-11-{day:02}T12:00:00Z"));
        remote.store(&bytes, &manifest);
    };
    store("ada-1", 20);
    store("ada-3", 22);
    let rig = remote.rig().env("TZ", "UTC");
    let list = |arguments: &[&str]| {
        let out = good(rig.run(&[&["list", "--json"], arguments].concat()));
        let ids = out.lines().map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["session_id"].as_str().unwrap().to_owned()
        });
        ids.collect::<Vec<_>>()
    };
    let window = ["--where", "started >= 2026-11-19 and started <= 2026-11-22"];
    // Twice, so that what is kept of these days is used.
    for _ in 0..2 {
        assert_eq!(list(&window), ["ada-3", "ada-1"]);
    }
    // A day that is known, one that was empty, and one before the first; by keys before and behind those that were there.
    store("ada-0", 20);
    store("ada-2", 21);
    store("zoe-1", 19);
    assert_eq!(list(&window), ["ada-3", "ada-2", "ada-0", "ada-1", "zoe-1"]);
    assert_eq!(list(&["--sort", "-started", "-n1"]), ["zoe-1"]);

    // A manifest that comes long after its recording: what had none before has one now.
    let (bytes, manifest) = recording("zoe-2", 1, 10);
    let place = Place::of(&manifest).unwrap();
    let key = format!("fleet/{}", place.recording());
    remote.bucket.plant(&key, Bytes::copy_from_slice(&bytes));
    let state = [
        "--where",
        "started = 2026-11-23 and state = without_manifest",
    ];
    assert_eq!(list(&state), ["zoe-2"]);
    let key = format!("fleet/{}", place.manifest());
    remote.bucket.plant(&key, Bytes::from(manifest.encode()));
    assert_eq!(list(&state), Vec::<String>::new());
    assert_eq!(list(&["--where", "started = 2026-11-23"]), ["zoe-2"]);
}

//! The promises of the S3 store and the spool, against a server on loopback, through a proxy that breaks things.
//!
//! With `SSM_REC_TEST_S3` set to an endpoint (moto's, or any that takes any key), the same tests run against that
//! server; nothing is left out quietly, what only one of the two can show is named so.
#![expect(
    clippy::disallowed_methods,
    reason = "tests that kill and wait live by the clock"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FAULTS, Fault, FaultyProxy};
use ssm_rec::store::s3::{Encryption, Keys, Options, Retention, RetentionMode};
use ssm_rec::store::spool::Spool;
use ssm_rec::store::{Error, Put, Store};

const MIB: usize = 1 << 20;

/// A bucket of its own for one test.
struct Server {
    own: Option<Bucket>,
    endpoint: String,
    bucket: String,
}

fn server() -> Server {
    server_with(bucket::Options::default(), "")
}

fn server_with(options: bucket::Options, headers: &str) -> Server {
    match std::env::var("SSM_REC_TEST_S3") {
        Ok(endpoint) => {
            let server = Server {
                own: None,
                endpoint: endpoint.trim_end_matches('/').to_owned(),
                bucket: format!("test-{}", uuid::Uuid::new_v4()),
            };
            let (status, _) = server.ask("PUT", "", headers);
            assert_eq!(status, 200, "cannot make a bucket at {endpoint}");
            server
        }
        Err(_) => {
            let bucket = options.name.clone();
            let own = Bucket::start(options).unwrap();
            Server {
                endpoint: own.endpoint(),
                own: Some(own),
                bucket,
            }
        }
    }
}

impl Server {
    fn options(&self) -> Options {
        Options {
            endpoint_url: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            keys: Some(Keys {
                id: ACCESS_KEY.to_owned(),
                secret: SECRET_KEY.to_owned(),
                session_token: None,
            }),
            patience: Duration::from_secs(120),
            ..Options::default()
        }
    }

    fn location(&self) -> String {
        format!("s3://{}/fleet", self.bucket)
    }

    fn store(&self, options: Options) -> Store {
        Store::with(&self.location(), options).unwrap()
    }

    fn through(&self, proxy: &FaultyProxy) -> Options {
        Options {
            endpoint_url: Some(proxy.endpoint()),
            silence: Duration::from_millis(700),
            ..self.options()
        }
    }

    /// All objects, and on our own server that each was created once.
    fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        if let Some(own) = &self.own {
            own.set_write_only(false);
            for (key, stored) in own.objects() {
                assert_eq!(stored.creations, 1, "{key}");
            }
        }
        let store = self.store(self.options());
        let read = |key: String| {
            let bytes = store.read(&key, u64::MAX - 1).unwrap();
            (key, bytes)
        };
        store.list("").unwrap().into_iter().map(read).collect()
    }

    /// A request without a signature: moto asks for none.
    fn ask(&self, method: &str, path: &str, headers: &str) -> (u16, String) {
        let host = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /{}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n",
            self.bucket
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

/// Bytes that differ at every place, so that a mixed-up part cannot go unnoticed.
fn content(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x9E37_79B9_7F4A_7C15;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(&state.to_le_bytes());
    }
    out.truncate(length);
    out
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_was_put_is_listed_and_read_back() {
    let server = server();
    let store = server.store(server.options());
    assert_eq!(store.list("").unwrap(), Vec::<String>::new());
    let folder = tempfile::tempdir().unwrap();
    for n in 0..25 {
        let path = write(folder.path(), "file", &content(n, n * 1000));
        store
            .put_file(&format!("recordings/{n:02}.cast.zst"), &path)
            .unwrap();
    }
    store.put("manifests/a.json", b"{}\n").unwrap();
    assert_eq!(store.list("recordings/").unwrap().len(), 25);
    assert_eq!(store.list("manifests/").unwrap(), ["manifests/a.json"]);
    for n in [0, 1, 24] {
        let bytes = store
            .read(&format!("recordings/{n:02}.cast.zst"), 1 << 20)
            .unwrap();
        assert_eq!(bytes, content(n, n * 1000));
    }
    assert!(matches!(
        store.read("manifests/a.json", 2),
        Err(Error::TooLong { .. })
    ));
    assert!(matches!(
        store.open("manifests/b.json").map(drop),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(store.put("../a", b""), Err(Error::Key { .. })));
}

#[test]
fn nothing_is_overwritten_and_the_same_bytes_twice_are_no_error() {
    let server = server();
    let store = server.store(server.options());
    store.put("a", b"one").unwrap();
    assert!(matches!(store.put("a", b"two"), Err(Error::Exists { .. })));
    store.put("a", b"one").unwrap();
    let in_parts = server.store(Options {
        multipart_threshold: 0,
        ..server.options()
    });
    assert!(matches!(
        in_parts.put("a", b"six"),
        Err(Error::Exists { .. })
    ));
    in_parts.put("b", b"").unwrap();
    assert_eq!(
        server.contents(),
        BTreeMap::from([
            ("a".to_owned(), b"one".to_vec()),
            ("b".to_owned(), Vec::new()),
        ])
    );
}

#[test]
fn a_large_file_goes_in_parts_and_tells_how_far_it_is() {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    let bytes = content(7, 11 * MIB + 3);
    let path = write(folder.path(), "large", &bytes);
    let store = server.store(Options {
        multipart_threshold: 6 << 20,
        part_size: 5 << 20,
        ..server.options()
    });
    let mut last = None;
    let mut progress = |now| last = Some(now);
    let put = Put {
        tags: vec![("reason".to_owned(), "ticket 42".to_owned())],
        progress: Some(&mut progress),
        ..Put::default()
    };
    store.put_file_with("large", &path, put).unwrap();
    let last = last.unwrap();
    assert_eq!(
        (last.done, last.total),
        (bytes.len() as u64, bytes.len() as u64)
    );
    assert!(server.contents()["large"] == bytes);
}

#[test]
fn a_hundred_uploads_through_a_faulty_network_arrive_once_and_whole() {
    let server = server_with(
        bucket::Options {
            write_only: true,
            ..bucket::Options::default()
        },
        "",
    );
    let proxy = FaultyProxy::start(
        &server.endpoint,
        faulty_proxy::Options {
            seed: 42,
            share: 0.3,
            stall: Duration::from_millis(1500),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path().join("spool"));
    let whole = server.store(server.through(&proxy));
    let in_parts = server.store(Options {
        multipart_threshold: 0,
        part_size: 5 << 20,
        ..server.through(&proxy)
    });
    let length = |n: usize| if n == 99 { 5 * MIB + 17 } else { n * 997 };
    thread::scope(|scope| {
        for n in 0..100 {
            let (spool, whole, in_parts) = (&spool, &whole, &in_parts);
            scope.spawn(move || {
                let name = format!("{n:03}");
                let (mut file, claim) = spool.begin(&name).unwrap();
                file.write_all(&content(n, length(n))).unwrap();
                drop(file);
                let store = if n % 2 == 0 { whole } else { in_parts };
                let put = Put {
                    journal: Some(claim.journal()),
                    ..Put::default()
                };
                store.put_file_with(&name, &claim.path(), put).unwrap();
                let manifest = format!("{{\"n\":{n}}}\n");
                store
                    .put(&format!("{name}.json"), manifest.as_bytes())
                    .unwrap();
                claim.remove().unwrap();
            });
        }
    });
    assert_eq!(fs::read_dir(spool.folder()).unwrap().count(), 0);
    assert_eq!(proxy.counts().len(), FAULTS.len(), "{:?}", proxy.counts());
    let contents = server.contents();
    assert_eq!(contents.len(), 200);
    for n in 0..100 {
        assert!(contents[&format!("{n:03}")] == content(n, length(n)), "{n}");
        assert_eq!(
            contents[&format!("{n:03}.json")],
            format!("{{\"n\":{n}}}\n").as_bytes()
        );
    }
}

#[test]
fn an_outage_is_outlasted() {
    let server = server();
    let quiet = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&server.endpoint, quiet).unwrap();
    proxy.set_down(true);
    let store = server.store(server.through(&proxy));
    let impatient = server.store(Options {
        patience: Duration::from_millis(500),
        ..server.through(&proxy)
    });
    let error = impatient.put("a", b"one").unwrap_err();
    assert!(error.is_passing() && error.hint().is_some(), "{error}");
    thread::scope(|scope| {
        let upload = scope.spawn(|| store.put("a", b"one"));
        thread::sleep(Duration::from_secs(3));
        assert!(!upload.is_finished());
        proxy.set_down(false);
        upload.join().unwrap().unwrap();
    });
    assert_eq!(server.contents().len(), 1);
}

/// Not a test of its own: what a killed client does, in a process that can be killed.
#[test]
fn client_that_is_killed() {
    let Ok(spool) = std::env::var("SSM_REC_TEST_SPOOL") else {
        return;
    };
    let of = |name| std::env::var(name).unwrap();
    let store = Store::with(
        &of("SSM_REC_TEST_LOCATION"),
        Options {
            endpoint_url: Some(of("SSM_REC_TEST_ENDPOINT")),
            region: Some("us-east-1".to_owned()),
            keys: Some(Keys {
                id: ACCESS_KEY.to_owned(),
                secret: SECRET_KEY.to_owned(),
                session_token: None,
            }),
            multipart_threshold: 100_000,
            part_size: 5 << 20,
            silence: Duration::from_millis(700),
            ..Options::default()
        },
    )
    .unwrap();
    let spool = Spool::new(spool.into());
    for waiting in spool.waiting().unwrap() {
        let Some(claim) = spool.claim(&waiting.name).unwrap() else {
            continue;
        };
        let put = Put {
            journal: Some(claim.journal()),
            ..Put::default()
        };
        match store.put_file_with(&waiting.name, &claim.path(), put) {
            Ok(()) => claim.remove().unwrap(),
            Err(error) => {
                claim.note_failure(SystemTime::now(), &error).unwrap();
                panic!("{error}");
            }
        }
    }
}

#[test]
fn a_client_killed_at_fifty_moments_loses_nothing_and_doubles_nothing() {
    let server = server_with(
        bucket::Options {
            write_only: true,
            ..bucket::Options::default()
        },
        "",
    );
    let proxy = FaultyProxy::start(
        &server.endpoint,
        faulty_proxy::Options {
            seed: 7,
            share: 0.1,
            stall: Duration::from_millis(1500),
            delay: Duration::from_millis(30),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path().join("spool"));
    let client = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "client_that_is_killed", "--nocapture"])
            .env("SSM_REC_TEST_SPOOL", spool.folder())
            .env("SSM_REC_TEST_LOCATION", server.location())
            .env("SSM_REC_TEST_ENDPOINT", proxy.endpoint())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let length = |n: usize| match n % 10 {
        0 => 5 * MIB + n,
        odd if odd % 2 == 1 => 120_000 + n,
        _ => 1000 + n,
    };
    let (mut files, mut kills) = (0, 0);
    while kills < 50 {
        if spool.waiting().unwrap().len() < 3 {
            let (mut file, _claim) = spool.begin(&format!("{files:03}")).unwrap();
            file.write_all(&content(files, length(files))).unwrap();
            files += 1;
            continue;
        }
        let mut child = client();
        let chance = uuid::Uuid::new_v4().as_u128() % 300;
        thread::sleep(Duration::from_millis(chance as u64));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    while !spool.waiting().unwrap().is_empty() {
        assert!(client().wait().unwrap().success());
    }
    assert_eq!(fs::read_dir(spool.folder()).unwrap().count(), 0);
    let contents = server.contents();
    assert_eq!(contents.len(), files);
    for n in 0..files {
        assert!(contents[&format!("{n:03}")] == content(n, length(n)), "{n}");
    }
}

#[test]
fn parts_that_were_sent_are_not_sent_again_after_a_failure() {
    let server = server();
    let quiet = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&server.endpoint, quiet).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bytes = content(3, 11 * MIB);
    let path = write(folder.path(), "large", &bytes);
    let journal = folder.path().join(".large.upload");
    let put = |options: Options| {
        server.store(options).put_file_with(
            "large",
            &path,
            Put {
                journal: Some(journal.clone()),
                ..Put::default()
            },
        )
    };
    let options = || Options {
        multipart_threshold: 0,
        part_size: 5 << 20,
        parallel_parts: 1,
        patience: Duration::from_millis(1),
        ..server.through(&proxy)
    };
    thread::scope(|scope| {
        let upload = scope.spawn(|| put(options()));
        // The upload, and then its first part or two.
        while proxy.requests().len() < 3 {
            thread::sleep(Duration::from_millis(5));
        }
        proxy.set_down(true);
        let error = upload.join().unwrap().unwrap_err();
        assert!(error.is_passing(), "{error}");
    });
    proxy.set_down(false);
    let before = proxy.requests().len();
    put(Options {
        patience: Duration::from_secs(20),
        ..options()
    })
    .unwrap();
    let after = proxy.requests().split_off(before);
    assert!(
        after.iter().all(|line| !line.contains("partNumber=1&")),
        "{after:?}"
    );
    assert!(server.contents()["large"] == bytes);
}

#[test]
fn an_object_of_somebody_else_is_never_taken_for_ours() {
    for seed in 0..6 {
        let server = server_with(
            bucket::Options {
                write_only: true,
                ..bucket::Options::default()
            },
            "",
        );
        server.store(server.options()).put("a", b"theirs").unwrap();
        let proxy = FaultyProxy::start(
            &server.endpoint,
            faulty_proxy::Options {
                seed,
                share: 0.5,
                faults: vec![Fault::AnswerLost, Fault::ErrorAfter, Fault::AnswerHalved],
                ..faulty_proxy::Options::default()
            },
        )
        .unwrap();
        let store = server.store(Options {
            multipart_threshold: 0,
            ..server.through(&proxy)
        });
        let error = store.put("a", b"ours").unwrap_err();
        assert!(matches!(error, Error::Exists { .. }), "{seed}: {error}");
        store.put("b", b"ours").unwrap();
        assert_eq!(server.contents()["a"], b"theirs");
    }
}

#[test]
fn refusals_are_told_apart_from_what_passes() {
    let server = server();
    let elsewhere = Store::with("s3://no-such-bucket-here/x", server.options()).unwrap();
    let error = elsewhere.put("a", b"x").unwrap_err();
    assert!(
        matches!(&error, Error::Refused { code, .. } if code == "NoSuchBucket"),
        "{error}"
    );
    assert!(!error.is_passing() && error.hint().is_some());
    let nobody = server.store(Options {
        endpoint_url: Some("http://127.0.0.1:9".to_owned()),
        patience: Duration::from_millis(300),
        ..server.options()
    });
    let error = nobody.put("a", b"x").unwrap_err();
    assert!(error.is_passing(), "{error}");
    // What only a server with keys can show.
    if let Some(own) = &server.own {
        let mut options = server.options();
        options.keys = Some(Keys {
            id: "nobody".to_owned(),
            secret: "x".to_owned(),
            session_token: None,
        });
        let error = server.store(options).put("a", b"x").unwrap_err();
        assert!(
            matches!(error, Error::Credentials { expired: false, .. }),
            "{error}"
        );
        own.set_write_only(true);
        let error = server.store(server.options()).list("").unwrap_err();
        assert!(
            matches!(&error, Error::Refused { code, .. } if code == "AccessDenied"),
            "{error}"
        );
    }
}

#[test]
fn reading_fetches_what_is_read_and_little_more() {
    let server = server();
    let bytes = content(5, 12 * MIB + 5);
    server.store(server.options()).put("a", &bytes).unwrap();
    let quiet = faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    };
    let proxy = FaultyProxy::start(&server.endpoint, quiet).unwrap();
    let store = server.store(server.through(&proxy));
    let mut reader = store.open("a").unwrap();
    let mut start = vec![0; 1000];
    reader.read_exact(&mut start).unwrap();
    assert_eq!(start, bytes[..1000]);
    // As a player does: the footer, the table before it, a frame in the middle.
    for (from, length) in [
        (SeekFrom::End(-9), 9),
        (SeekFrom::End(-4000), 4000),
        (SeekFrom::Start(6_000_000), 50_000),
    ] {
        let at = usize::try_from(reader.seek(from).unwrap()).unwrap();
        let mut piece = vec![0; length];
        reader.read_exact(&mut piece).unwrap();
        assert!(piece == bytes[at..at + length], "{from:?}");
    }
    assert!(proxy.bytes_back() < 600_000, "{}", proxy.bytes_back());
    assert!(reader.seek(SeekFrom::Current(-(1 << 40))).is_err());
    reader.seek(SeekFrom::Start(u64::MAX / 2)).unwrap();
    assert_eq!(reader.read(&mut start).unwrap(), 0);
}

#[test]
fn reading_goes_on_through_a_faulty_network() {
    let server = server();
    let bytes = content(6, 9 * MIB + 5);
    server.store(server.options()).put("a", &bytes).unwrap();
    let proxy = FaultyProxy::start(
        &server.endpoint,
        faulty_proxy::Options {
            seed: 3,
            share: 0.4,
            stall: Duration::from_millis(900),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let mut read = Vec::new();
    let store = server.store(server.through(&proxy));
    store.open("a").unwrap().read_to_end(&mut read).unwrap();
    assert!(read == bytes);
    assert!(proxy.counts().len() > 1);
}

#[test]
fn two_states_of_an_object_are_never_mixed() {
    let server = server();
    // Our own server alone lets an object change; in a bucket with the policy of this project none ever does.
    let Some(own) = &server.own else {
        let (status, _) = server.ask("GET", "", "");
        assert_eq!(status, 200);
        return;
    };
    own.plant("fleet/a", Bytes::from(vec![1; MIB]));
    let mut reader = server.store(server.options()).open("a").unwrap();
    own.plant("fleet/a", Bytes::from(vec![2; MIB]));
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("changed while it was read"),
        "{error}"
    );
}

#[test]
fn retention_encryption_class_and_tags_arrive_as_configured() {
    let server = server_with(
        bucket::Options::default(),
        "x-amz-bucket-object-lock-enabled: true\r\n",
    );
    let kept = || Options {
        encryption: Encryption::Kms {
            key_id: Some("alias/recordings".to_owned()),
            bucket_key: true,
        },
        retention: Some(Retention {
            mode: RetentionMode::Compliance,
            days: 30,
        }),
        legal_hold: true,
        storage_class: Some("STANDARD_IA".to_owned()),
        ..server.options()
    };
    let tagged = || Put {
        tags: vec![("target".to_owned(), "i-0abc".to_owned())],
        ..Put::default()
    };
    let store = server.store(kept());
    store.put_with("whole", b"one", tagged()).unwrap();
    let in_parts = server.store(Options {
        multipart_threshold: 0,
        ..kept()
    });
    in_parts.put_with("parts", b"one", tagged()).unwrap();
    let in_thirty_days = chrono::Utc::now() + chrono::TimeDelta::days(30);
    let day = in_thirty_days.format("%Y-%m-%d").to_string();
    let expected = [
        ("x-amz-object-lock-mode", "COMPLIANCE"),
        ("x-amz-object-lock-legal-hold", "ON"),
        ("x-amz-object-lock-retain-until-date", day.as_str()),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-server-side-encryption", "aws:kms"),
        (
            "x-amz-server-side-encryption-aws-kms-key-id",
            "alias/recordings",
        ),
    ];
    if let Some(own) = &server.own {
        for (key, stored) in own.objects() {
            for (name, value) in expected {
                assert!(stored.headers[name].starts_with(value), "{key}: {name}");
            }
            assert_eq!(stored.headers["x-amz-tagging"], "target=i-0abc");
        }
    } else {
        let (_, head) = server.ask("HEAD", "/fleet/whole", "");
        let head = head.to_lowercase();
        for (name, value) in expected {
            let line = format!("{name}: {}", value.to_lowercase());
            assert!(head.contains(&line), "{line:?} is not in {head}");
        }
        let (_, tags) = server.ask("GET", "/fleet/whole?tagging", "");
        assert!(
            tags.contains("<Key>target</Key><Value>i-0abc</Value>"),
            "{tags}"
        );
    }
    // Refused, and told; no matter who asks.
    for store in [&store, &in_parts] {
        let error = store.put("whole", b"two").unwrap_err();
        assert!(matches!(error, Error::Exists { .. }), "{error}");
        assert!(error.to_string().contains("never overwritten"), "{error}");
    }
    assert_eq!(server.contents()["whole"], b"one");
}

#[test]
fn a_store_may_be_used_and_dropped_inside_another_runtime() {
    let server = server();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = server.store(server.options());
        store.put("a", b"one").unwrap();
        drop(store);
    });
    assert_eq!(server.contents().len(), 1);
}

//! What arrives, what is refused, and what a broken network cannot spoil.
//!
//! No client ends in the middle here; those that do are in `killed`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::thread;
use std::time::Duration;

use loopback::bucket;
use loopback::faulty_proxy::{self, FAULTS, Fault, FaultyProxy};
use ssm_rec::spool::{Object, Spool};
use ssm_rec::store::s3::{Encryption, Keys, Options, Retention, RetentionMode};
use ssm_rec::store::{Error, Put, Store};

use crate::server::{MIB, content, quiet, server, server_with, write};

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
                    journal: Some(claim.journal(Object::File)),
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
    let proxy = FaultyProxy::start(&server.endpoint, quiet()).unwrap();
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

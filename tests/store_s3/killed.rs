//! Clients that end in the middle, and what the next one makes of what they left.
//!
//! The clients are processes of their own: this test program, asked for one test. Nothing here ends them gently.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use loopback::bucket;
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::spool::{Object, Spool};
use ssm_rec::store::s3::Options;
use ssm_rec::store::{Put, Store};

use crate::server::{MIB, content, keys, quiet, server, server_with, write};

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
            keys: Some(keys()),
            multipart_threshold: 100_000,
            part_size: 5 << 20,
            silence: Duration::from_millis(700),
            ..Options::default()
        },
    )
    .unwrap();
    let spool = Spool::new(spool.into());
    spool.tidy().unwrap();
    for waiting in spool.waiting().unwrap() {
        let Some(claim) = spool.claim(&waiting.name).unwrap() else {
            continue;
        };
        let put = Put {
            journal: Some(claim.journal(Object::File)),
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
            .args(["--exact", "killed::client_that_is_killed", "--nocapture"])
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
    // Whoever comes last also sweeps up what lay beside a file when the one before was killed.
    while !spool.waiting().unwrap().is_empty() {
        assert!(client().wait().unwrap().success());
    }
    assert!(client().wait().unwrap().success());
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
    let proxy = FaultyProxy::start(&server.endpoint, quiet()).unwrap();
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

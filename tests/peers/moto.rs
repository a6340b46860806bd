//! moto's S3 server, which is nobody's of ours, and the AWS CLI as a witness of what is in it.
//!
//! The server that `SSM_REC_TEST_S3` names is used, or one is started for the test. Nothing leaves this machine.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use loopback::Options;
use ssm_rec::formats::asciicast::{self, Data};
use ssm_rec::formats::manifest::Manifest;
use ssm_rec::formats::recording::{self, Writer};

use super::program;
use super::rig::{Rig, Running};

/// A bucket of its own in the server.
struct Moto {
    endpoint: String,
    bucket: String,
    _server: Option<Running>,
}

impl Moto {
    fn new(more: &[&str]) -> Self {
        let (endpoint, server) = match std::env::var("SSM_REC_TEST_S3") {
            Ok(endpoint) => (endpoint, None),
            Err(_) => {
                let (endpoint, server) = start();
                (endpoint, Some(Running(server)))
            }
        };
        let moto = Self {
            endpoint,
            bucket: format!("peers-{}", uuid::Uuid::new_v4()),
            _server: server,
        };
        let bucket = moto.bucket.clone();
        moto.aws(&[&["s3api", "create-bucket", "--bucket", &bucket], more].concat());
        moto
    }

    /// What the AWS CLI says, which must be content.
    fn aws(&self, arguments: &[&str]) -> String {
        let (good, out, err) = self.try_aws(arguments);
        assert!(good, "aws {arguments:?}: {err}");
        out
    }

    fn try_aws(&self, arguments: &[&str]) -> (bool, String, String) {
        let output = Command::new(program("aws"))
            .args(["--endpoint-url", &self.endpoint, "--region", "us-east-1"])
            .args(["--output", "json"])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
            .env("AWS_PAGER", "")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.aws(arguments)).unwrap()
    }

    fn keys(&self) -> Vec<String> {
        let listing = self.json(&["s3api", "list-objects-v2", "--bucket", &self.bucket]);
        let objects = listing["Contents"].as_array().cloned().unwrap_or_default();
        objects
            .iter()
            .map(|object| object["Key"].as_str().unwrap().to_owned())
            .collect()
    }

    fn recording(&self) -> String {
        let keys = self.keys();
        let mut found = keys.iter().filter(|key| key.ends_with(".cast.zst"));
        let key = found.next().unwrap_or_else(|| panic!("{keys:?}"));
        assert_eq!(found.next(), None, "{keys:?}");
        key.clone()
    }

    fn rig(&self) -> Rig {
        Rig::new(Options::quick())
            .env("AWS_ENDPOINT_URL_S3", self.endpoint.clone())
            .env("SSM_REC_STORE", format!("s3://{}/fleet", self.bucket))
    }
}

/// A server of its own, at this address.
pub(super) fn start() -> (String, Child) {
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let mut server = Command::new(program("moto_server"))
        .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..600 {
        if TcpStream::connect(address).is_ok() {
            // Whoever reads its log must not stop it.
            let mut log = server.stderr.take().unwrap();
            thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return (format!("http://{address}"), server);
        }
        if server.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let _ = server.kill();
    let mut log = String::new();
    let _ = server.stderr.take().unwrap().read_to_string(&mut log);
    panic!("moto_server does not start: {log}");
}

fn session(rig: &Rig, text: &str) {
    let arguments = ["start", "i-0abc", "--reason", "ticket-42"];
    let run = rig.run_with(&arguments, format!("echo {text}\n").as_bytes());
    assert_eq!(run.status(), 0, "{}", run.err());
}

fn good(rig: &Rig, arguments: &[&str]) -> String {
    let run = rig.run(arguments);
    assert_eq!(run.status(), 0, "{arguments:?}: {}", run.err());
    run.out()
}

#[test]
#[ignore = "needs moto_server and aws; .ci/run brings them"]
fn a_session_is_stored_and_found_again_by_every_name() {
    let moto = Moto::new(&[]);
    let rig = moto.rig();
    session(&rig, "peer-$((40+2))");
    let key = moto.recording();
    assert!(moto.keys().iter().any(|key| key.ends_with(".json")));

    let listed: serde_json::Value =
        serde_json::from_str(&good(&rig, &["list", "--json", "--since", "1h"])).unwrap();
    let id = listed["session_id"].as_str().unwrap();
    let address = format!("s3://{}/{key}", moto.bucket);
    assert_eq!(listed["location"], address.as_str());
    // Any signature will do for moto, and so a page is a page.
    let page = moto.aws(&["s3", "presign", &address]);
    let copy = rig.folder().join("copy.cast.zst").display().to_string();
    moto.aws(&["s3", "cp", &address, &copy]);
    let raw = good(&rig, &["export", "--format", "raw", &copy]);
    assert!(raw.contains("peer-42"), "{raw}");
    for name in [id, &address, page.trim()] {
        assert_eq!(good(&rig, &["export", "--format", "raw", name]), raw);
        assert!(good(&rig, &["play", "--no-wait", "-q", name]).contains("peer-42"));
        assert!(good(&rig, &["show", name]).contains("reason      ticket-42"));
        assert!(good(&rig, &["list", name]).contains(id));
    }
}

#[test]
#[ignore = "needs moto_server and aws; .ci/run brings them"]
fn object_lock_arrives_as_configured_and_an_overwrite_is_refused_and_told() {
    let moto = Moto::new(&["--object-lock-enabled-for-bucket"]);
    let rig = moto
        .rig()
        .env("SSM_REC_UPLOAD_OBJECT_LOCK_MODE", "COMPLIANCE")
        .env("SSM_REC_UPLOAD_RETENTION_DAYS", "30")
        .env("SSM_REC_UPLOAD_LEGAL_HOLD", "true");
    session(&rig, "held");
    let key = moto.recording();
    for key in moto.keys() {
        // (moto 5.2.1 answers GetObjectRetention with 500 for a time with a fraction of a second.)
        let told = moto.json(&[
            "s3api",
            "head-object",
            "--bucket",
            &moto.bucket,
            "--key",
            &key,
        ]);
        assert_eq!(told["ObjectLockMode"], "COMPLIANCE", "{key}");
        assert_eq!(told["ObjectLockLegalHoldStatus"], "ON", "{key}");
        let time = |name: &str| {
            let text = told[name].as_str().unwrap();
            let parsed = DateTime::parse_from_rfc3339(text);
            parsed
                .or_else(|_| DateTime::parse_from_rfc2822(text))
                .unwrap()
        };
        let (until, stored) = (time("ObjectLockRetainUntilDate"), time("LastModified"));
        let off = (until - stored - TimeDelta::days(30)).abs();
        assert!(off < TimeDelta::minutes(5), "{until} {stored}");
    }

    // Another recording of the same session, as a forger would have it.
    let address = format!("s3://{}/{key}", moto.bucket);
    let copy = rig.folder().join("copy.cast.zst");
    moto.aws(&["s3", "cp", &address, &copy.display().to_string()]);
    let first = std::fs::read(&copy).unwrap();
    let lines = recording::Reader::open(&first[..]).unwrap();
    let header = asciicast::Reader::open(lines).unwrap().header().clone();
    let mut writer = Writer::new(Vec::new(), &header, recording::Options::default()).unwrap();
    let other = Data::Output("nothing happened".into());
    writer.event(Duration::from_secs(1), &other).unwrap();
    let manifest = Manifest::of_session(header.ssm.as_ref().unwrap());
    let id = manifest.session_id.clone();
    let (forged, _) = writer.finish(manifest, |_| None).unwrap();
    std::fs::write(rig.spool().join(format!("{id}.cast.zst")), forged).unwrap();
    let run = rig.run(&["upload"]);
    assert_eq!(run.status(), 124, "{}", run.err());
    let told = run.out() + &run.err();
    assert!(told.contains("never overwritten"), "{told}");
    moto.aws(&["s3", "cp", &address, &copy.display().to_string()]);
    assert!(std::fs::read(&copy).unwrap() == first);
    assert_eq!(
        rig.spooled()
            .iter()
            .filter(|file| file.ends_with(format!("{id}.cast.zst")))
            .count(),
        1
    );
}

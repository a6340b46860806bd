//! `ssm-rec doctor`: what stands in the way of a recorded session is found, each thing in a line with what to do next.
//!
//! Nothing here looks inside the program.
#![expect(
    clippy::disallowed_methods,
    reason = "that nothing takes long is a promise about the clock"
)]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use loopback::bucket::{self, Bucket};
use loopback::connect_proxy::{self, ConnectProxy};
use loopback::{Faults, Node, Options, Refusal, Tls};

use super::rig::{Rig, Run};

/// "Some ten seconds", on a busy machine.
const LONGEST: Duration = Duration::from_secs(14);
/// A port where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";
const SECRET: &str = "wJalrXUtnFEMIK7MDENG";

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

fn in_bucket(options: bucket::Options) -> (Rig, Bucket) {
    let bucket = Bucket::start(options).unwrap();
    (Rig::with_bucket(bucket.endpoint()), bucket)
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
fn without_credentials_one_line_is_bad_and_the_rest_cannot_be_seen() {
    let rig = rig()
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let report = Report::of(&rig, &["i-0abc"]);
    assert_eq!(report.bad(), ["access identity"], "{}", report.run.out());
    report.check(
        "access identity",
        "bad",
        "no usable AWS credentials",
        "aws sso login",
    );
    report.check("permissions nodes", "doubtful", "no credentials", "first");
    report.check("target agent", "doubtful", "no credentials", "");
    report.check("network ssm", "good", "", "");
}

#[test]
fn a_profile_that_is_not_there_and_a_region_that_is_none_are_said_by_name() {
    let report = Report::of(&rig(), &["--profile", "nobody", "i-0abc"]);
    report.check(
        "access identity",
        "bad",
        "no AWS profile \"nobody\"",
        "list-profiles",
    );
    report.check("target agent", "doubtful", "no AWS profile", "");
    let report = Report::of(&rig().without("AWS_REGION"), &[]);
    report.check("access region", "bad", "no AWS region", "--region");
    report.check("access identity", "doubtful", "keys in the environment", "");
    let bare = rig()
        .without("AWS_REGION")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let report = Report::of(&bare, &[]);
    assert_eq!(report.bad(), ["access identity", "access region"]);
}

#[test]
fn a_clock_that_is_off_is_measured_and_one_that_aws_refuses_is_bad() {
    let skewed = |clock_ahead| {
        faulty(Faults {
            clock_ahead,
            ..Faults::default()
        })
    };
    let report = Report::of(&skewed(90), &[]);
    report.check(
        "access clock",
        "doubtful",
        "behind the service's",
        "timedatectl",
    );
    let report = Report::of(&skewed(-3600), &[]);
    assert_eq!(report.bad(), ["access clock"], "{}", report.run.out());
    report.check(
        "access clock",
        "bad",
        "ahead of the service's",
        "timedatectl",
    );
    report.check("access identity", "doubtful", "clock", "");
}

#[test]
fn an_endpoint_where_nobody_listens_is_one_bad_line_each_with_what_was_tried() {
    let rig = rig().env("AWS_ENDPOINT_URL", NOBODY);
    let report = Report::of(&rig, &["i-0abc"]);
    assert_eq!(
        report.bad(),
        ["network ssm", "network sts"],
        "{}",
        report.run.out()
    );
    report.check(
        "network ssm",
        "bad",
        "127.0.0.1:9: cannot connect",
        "port 9",
    );
    report.check("access identity", "doubtful", "sts is out of reach", "");
    report.check("target agent", "doubtful", "ssm is out of reach", "");

    let nowhere = rig.env("AWS_ENDPOINT_URL", "https://ssm.nowhere.invalid");
    let report = Report::of(&nowhere, &[]);
    report.check(
        "network ssm",
        "bad",
        "ssm.nowhere.invalid:443: cannot find",
        "name server",
    );
}

#[test]
fn whoever_takes_a_connection_and_says_nothing_is_given_up_in_time() {
    // Never accepted: the system takes the connections, and nobody answers on them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let encrypted = rig().env("AWS_ENDPOINT_URL", format!("https://{place}"));
    let report = Report::of(&encrypted, &["i-0abc"]);
    report.check(
        "network ssm",
        "bad",
        "no answer from host",
        &format!("port {}", place.port()),
    );
    report.check("access identity", "doubtful", "out of reach", "");

    let plain = rig().env("AWS_ENDPOINT_URL", format!("http://{place}"));
    let report = Report::of(&plain, &["i-0abc"]);
    report.check("network ssm", "good", "TCP", "");
    report.check("access identity", "bad", "no answer within 4s", "try again");
}

#[test]
fn a_bucket_is_asked_how_it_keeps_what_it_has() {
    let (rig, bucket) = in_bucket(bucket::Options {
        locked: Some(("COMPLIANCE".to_owned(), 365)),
        kms_key: Some("arn:aws:kms:eu-central-1:111122223333:key/1".to_owned()),
        ..bucket::Options::default()
    });
    let report = Report::of(&rig, &[]);
    report.check("network s3", "good", "127.0.0.1", "");
    report.check("store bucket", "good", "s3://recordings/fleet answers", "");
    report.check("store lock", "good", "COMPLIANCE for 365 days", "");
    report.check("store versions", "good", "kept", "");
    report.check("store encryption", "good", "aws:kms with arn:aws:kms", "");
    assert!(bucket.objects().is_empty());

    let (rig, _loose) = in_bucket(bucket::Options::default());
    let report = Report::of(&rig, &[]);
    report.check("store lock", "doubtful", "no Object Lock", "examples/aws");
    report.check(
        "store versions",
        "doubtful",
        "none",
        "put-bucket-versioning",
    );
    report.check("store encryption", "good", "AES256", "");
    assert_eq!(report.bad(), [""; 0]);

    let rig = rig
        .env("SSM_REC_UPLOAD_OBJECT_LOCK_MODE", "COMPLIANCE")
        .env("SSM_REC_UPLOAD_RETENTION_DAYS", "30");
    let report = Report::of(&rig, &[]);
    report.check(
        "store lock",
        "bad",
        "takes no recording",
        "object_lock_mode",
    );
}

#[test]
fn a_bucket_that_an_operator_may_only_put_into_cannot_be_seen_and_is_no_failure() {
    let (rig, _bucket) = in_bucket(bucket::Options {
        write_only: true,
        ..bucket::Options::default()
    });
    let report = Report::of(&rig, &[]);
    assert_eq!(report.bad(), [""; 0], "{}", report.run.out());
    report.check(
        "store bucket",
        "doubtful",
        "may not be listed",
        "operators need not",
    );
    report.check(
        "store lock",
        "doubtful",
        "s3:GetBucketObjectLockConfiguration",
        "",
    );
}

#[test]
fn a_bucket_that_is_not_there_or_out_of_reach_is_bad_once() {
    let (rig, _bucket) = in_bucket(bucket::Options::default());
    let rig = rig.env("SSM_REC_STORE", "s3://elsewhere/fleet");
    let report = Report::of(&rig, &[]);
    assert_eq!(report.bad(), ["store bucket"], "{}", report.run.out());
    report.check("store bucket", "bad", "NoSuchBucket", "bucket's name");

    let rig = rig.env("AWS_ENDPOINT_URL_S3", NOBODY);
    let report = Report::of(&rig, &[]);
    assert_eq!(report.bad(), ["network s3"], "{}", report.run.out());
    report.check("store bucket", "doubtful", "s3 is out of reach", "spool");
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
fn the_way_through_a_proxy_is_told_and_no_secret_is() {
    let names = [
        "127.0.0.1",
        "ssm.eu-central-1.amazonaws.com",
        "ssmmessages.eu-central-1.amazonaws.com",
        "sts.eu-central-1.amazonaws.com",
    ];
    let rig = Rig::new(Options {
        tls: Tls::Everywhere,
        certificate_names: names.map(str::to_owned).to_vec(),
        ..Options::quick()
    })
    .without("AWS_ENDPOINT_URL");
    let login = Some(("ada".to_owned(), "p@ssw0rd".to_owned()));
    let options = connect_proxy::Options {
        login,
        ..connect_proxy::Options::default()
    };
    let proxy = ConnectProxy::start(rig.service.address(), options).unwrap();
    let authority = rig.file("ca.pem", rig.service.authority_pem().unwrap());
    let rig = rig
        .env(
            "HTTPS_PROXY",
            format!("http://ada:p%40ssw0rd@{}", proxy.place()),
        )
        .env("AWS_CA_BUNDLE", authority)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", SECRET)
        .env("SSM_REC_LOG", "trace");
    let report = Report::of(&rig, &["i-0abc"]);
    let through = format!("through proxy http://{} at 127.0.0.1, TLS", proxy.place());
    for service in ["ssm", "ssmmessages", "sts"] {
        let host = format!("{service}.eu-central-1.amazonaws.com:443 {through}");
        report.check(&format!("network {service}"), "good", &host, "");
    }
    report.check("access identity", "good", "temporary keys", "");
    let said = format!("{}{}", report.run.out(), report.run.err());
    for secret in [SECRET, "p@ssw0rd", "p%40ssw0rd", "YWRhOnBAc3N3MHJk"] {
        assert!(!said.contains(secret), "{said}");
    }

    let stranger = rig.env("AWS_CA_BUNDLE", "");
    let report = Report::of(&stranger, &[]);
    report.check("network ssm", "bad", "not trusted", "AWS_CA_BUNDLE");
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
fn a_store_that_others_may_write_to_is_bad_and_one_that_is_a_file_too() {
    use std::os::unix::fs::PermissionsExt;
    let rig = rig();
    std::fs::create_dir(rig.store()).unwrap();
    std::fs::set_permissions(rig.store(), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(rig.spool(), "x").unwrap();
    let report = Report::of(&rig, &[]);
    report.check("store folder", "bad", "others may write", "chmod go-w");
    report.check(
        "spool folder",
        "bad",
        "is no folder",
        "another folder: spool",
    );
    std::fs::set_permissions(rig.store(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let report = Report::of(&rig, &[]);
    report.check(
        "store folder",
        "good",
        "mode 700, nobody else may write",
        "",
    );
}

#[test]
fn what_waits_in_the_spool_is_counted_and_what_was_refused_is_doubtful() {
    let (rig, bucket) = in_bucket(bucket::Options::default());
    bucket.set_denied(true);
    let run = rig.run(&["start", "i-0abc", "--", "true"]);
    assert_eq!(run.status(), 124, "{}", run.err());
    let report = Report::of(&rig, &[]);
    let reason = "1 recording could not be stored";
    report.check("spool waiting", "doubtful", reason, "ssm-rec upload");
}

const KEY: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
";

#[cfg(unix)]
#[test]
fn a_key_that_does_not_open_is_bad_and_one_whose_signatures_do_not_count_doubtful() {
    use std::os::unix::fs::PermissionsExt;
    let rig = rig();
    let broken = rig.file("broken", KEY);
    std::fs::set_permissions(&broken, std::fs::Permissions::from_mode(0o600)).unwrap();
    let check = |key: &str, verdict, seen, next| {
        let report = Report::of(
            &Rig::new(Options::quick()).env("SSM_REC_RECORD_SIGN_KEY", key),
            &[],
        );
        report.check("signing key", verdict, seen, next);
    };
    check(
        "/nowhere/key",
        "bad",
        "cannot read the key",
        "record.sign_key",
    );
    check(&broken, "bad", "no OpenSSH key", "ssh-keygen");
    check("agent", "bad", "SSH_AUTH_SOCK", "ssh-agent");
    check("kms:alias/p256", "good", "SHA256:", "");

    let signers = rig.file("signers", "ada@example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ\n");
    let rig = rig
        .env("SSM_REC_REVIEW_ALLOWED_SIGNERS", signers)
        .env("SSM_REC_RECORD_SIGN_KEY", "kms:alias/p256");
    let report = Report::of(&rig, &[]);
    report.check("network kms", "good", "127.0.0.1", "");
    report.check(
        "signing signers",
        "doubtful",
        "no line names the key",
        "allowed_signers",
    );
    let unsigned = rig.without("SSM_REC_RECORD_SIGN_KEY");
    let report = Report::of(&unsigned, &[]);
    report.check("signing key", "good", "SHA256:", "");
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
    std::os::unix::fs::symlink(super::rig::program(), &plugin).unwrap();
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
    assert_eq!(rig.spooled(), [std::path::PathBuf::new(); 0]);

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

//! What keeps recordings, as `doctor` sees it: bucket, folder, spool, key.
//!
//! Nothing here looks inside the program.

use loopback::Options;
use loopback::bucket::{self, Bucket};

use super::{NOBODY, Report, rig};
use crate::rig::Rig;

fn in_bucket(options: bucket::Options) -> (Rig, Bucket) {
    let bucket = Bucket::start(options).unwrap();
    (Rig::with_bucket(bucket.endpoint()), bucket)
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

//! Every kind of value: what it becomes, and with which words a wrong one is refused.
//!
//! Nothing here lays one source over another.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::recorder::Input;
use crate::signing::Key;
use crate::store::s3::{Encryption, Retention, RetentionMode};

#[test]
fn the_default_value_of_every_setting_is_one_that_it_takes() {
    let settings = Scene::new("", "").settings();
    assert_eq!(settings.store.as_deref(), Some("/home/ann/data/store"));
    assert_eq!(
        settings.spool.as_deref(),
        Some(Path::new("/home/ann/data/spool"))
    );
    assert_eq!(settings.record.input, Input::Off);
    assert_eq!(settings.record.on_failure, OnFailure::End);
    assert_eq!(settings.session.escape, Some(b'~'));
    assert_eq!(settings.session.reconnect_limit, Duration::from_secs(1200));
    assert_eq!(settings.upload.live, None);
    assert_eq!(settings.upload.bucket.encryption, Encryption::Bucket);
    assert_eq!(settings.review.cache_size, 512 << 20);
    for spec in specs() {
        let paths = kind::Paths {
            home: Some(Path::new("/home/ann")),
            relative: false,
        };
        let read = spec.kind.read_text(spec.example(), paths);
        assert!(read.is_ok(), "{}: {read:?}", spec.name);
    }
}

#[test]
fn every_mistake_is_told_with_line_and_column() {
    check_person(
        "stroe = '/x'\n\n[record]\n  inptu = 'off'\n  level = 99\n  input = 'evrything'\n  on-failure = 'end'\n[sesion]\n[upload]\nkms_key = ''\n[play]\nspeed = true\n",
        &[
            "person.toml:1:1: unknown setting \"stroe\" (did you mean \"store\"?)",
            "person.toml:4:3: unknown setting \"record.inptu\" (did you mean \"input\"?)",
            "person.toml:5:11: \"record.level\" is 99, expected a whole number from 1 to 19",
            "person.toml:6:11: \"record.input\" is \"evrything\", expected \"off\", \"echoed\" or \"all\"",
            "person.toml:7:3: unknown setting \"record.on-failure\" (did you mean \"on_failure\"?)",
            "person.toml:8:2: unknown setting \"sesion\" (did you mean \"session\"?)",
            "person.toml:10:11: \"upload.kms_key\" is \"\", expected a key ARN, key id or alias",
            "person.toml:12:9: \"play.speed\" is true, expected a number from 0.001 to 1000",
        ],
    );
}

#[test]
fn columns_count_characters_and_lists_tell_each_bad_entry() {
    check_person(
        "record = { encrypt_to = ['age1é', 'bob', 7] }",
        &[
            "person.toml:1:35: \"record.encrypt_to\" is \"bob\", expected a list of age recipients (age1…), SSH public keys (ssh-ed25519 …, ssh-rsa …) or paths of files with them",
            "person.toml:1:42: \"record.encrypt_to\" is 7, expected a list of age recipients (age1…), SSH public keys (ssh-ed25519 …, ssh-rsa …) or paths of files with them",
        ],
    );
}

#[test]
fn wrong_types_and_bad_values_of_every_kind_are_refused() {
    for (text, part) in [
        ("store = ''", "expected a directory"),
        (
            "store = 'recordings'",
            "is \"recordings\", expected a directory (absolute, or ~/…)",
        ),
        (
            "store = 'gs://bucket'",
            "expected a directory (absolute, or ~/…) or s3://bucket/prefix",
        ),
        ("store = 's3://'", "expected a directory"),
        ("store = 3", "\"store\" is 3"),
        ("record = 3", "is no table, expected a section: [record]"),
        ("[[record]]", "is no table"),
        ("[record.input]", "is a table, expected \"off\""),
        ("record.payload = 'yes'", "expected true or false"),
        ("record.level = 0x7f", "is 0x7f, expected a whole number"),
        ("record.level = -1", "is -1"),
        ("record.level = 3.0", "is 3.0"),
        (
            "record.level = 99999999999999999999999",
            "expected a whole number",
        ),
        ("record.fsync = 'fluhs'", "(did you mean \"flush\"?)"),
        ("record.sign_key = 'kms:'", "or \"kms:\" and a key ARN"),
        ("record.sign_key = 'id_ed25519'", "the path of an SSH key"),
        ("session.escape = '~~'", "one ASCII punctuation character"),
        ("session.escape = 'é'", "one ASCII punctuation character"),
        (
            "session.reconnect_limit = 'soon'",
            "expected a duration such as",
        ),
        ("session.reconnect_limit = '2d'", "from 0s to 1d"),
        ("session.ping_interval = 0", "from 1s to 10m"),
        (
            "session.banner = \"a\\u001bb\"",
            "is \"a\\U0000001Bb\", expected a text",
        ),
        (
            "upload.endpoint_url = 'https://me:secret@host'",
            "without a user name",
        ),
        ("upload.endpoint_url = 'https:///host'", "and a host"),
        ("upload.endpoint_url = 'https://host:99999'", "and a host"),
        ("upload.endpoint_url = 'ftp://host'", "and a host"),
        ("upload.expected_bucket_owner = 111122223333", "in quotes"),
        (
            "upload.object_lock_mode = 'governance'",
            "(did you mean \"GOVERNANCE\"?)",
        ),
        ("upload.retention_days = 0", "from 1 to 36500"),
        (
            "upload.tags = { who = '{whom}' }",
            "is \"{whom}\", expected at most 10 tags",
        ),
        (
            "upload.tags = { 'aws:who' = 'x' }",
            "a tag named \"aws:who\"",
        ),
        ("upload.tags = ['x']", "is a list"),
        ("play.idle_time_limit = 1979-05-27", "is a date"),
        ("play.keys = ['p=space', 'p=']", "expected a list of keys"),
        ("play.keys = ['^c=space']", "(not ^c)"),
        ("play.speed = nan", "is nan"),
        ("play.speed = inf", "is inf"),
        ("review.cache_size = 1.5", "is 1.5"),
        ("review.cache_size = '1M'", "expected a size such as"),
        ("'record.input' = 'off'", "unknown setting \"record.input\""),
        ("\"\" = 1", "unknown setting \"\""),
        (
            "store = '/a'\nstore = '/b'",
            "person.toml:2:1: duplicate key",
        ),
        ("store = '/a", "person.toml:1:"),
        ("[record", "person.toml:1:"),
        ("upload.kms_key = 'alias/x'", "needs upload.sse = \"kms\""),
        ("upload.bucket_key = true", "needs upload.sse = \"kms\""),
        ("upload.retention_days = 3", "needs upload.object_lock_mode"),
        (
            "upload.object_lock_mode = 'COMPLIANCE'",
            "needs upload.retention_days",
        ),
    ] {
        let mistakes = Scene::new("", text).mistakes(&none());
        assert_eq!(mistakes.len(), 1, "{text}: {mistakes:?}");
        assert!(mistakes[0].contains(part), "{text}: {mistakes:?}");
        assert!(
            mistakes[0].starts_with("person.toml:"),
            "{text}: {mistakes:?}"
        );
    }
}

#[test]
fn every_kind_of_value_reaches_its_setting() {
    let settings = Scene::new(
        "[policy]\ndocuments = ['AWS-*', 'Ours']\n[policy.reason]\nrequired = true\npattern = '^CHG-'\nhint = 'begin with CHG'\n",
        "store = '~/rec'
        [record]
        input = 'echoed'
        sign_key = 'kms:alias/sign'
        [session]
        escape = 'none'
        reconnect_limit = 90
        banner = \"first\\nsecond\"
        [upload]
        live = true
        live_interval = '2s'
        sse = 'kms'
        kms_key = 'alias/rec'
        bucket_key = true
        object_lock_mode = 'COMPLIANCE'
        retention_days = 365
        tags = { who = '{operator}' }
        [play]
        speed = 2
        idle_time_limit = 1.5
        [review]
        cache_size = '1GiB'",
    )
    .settings();
    assert_eq!(settings.store.as_deref(), Some("/home/ann/rec"));
    assert_eq!(settings.record.input, Input::Echoed);
    assert_eq!(
        settings.record.sign_key,
        Some(Key::Kms("alias/sign".to_owned()))
    );
    assert_eq!(settings.session.escape, None);
    assert_eq!(settings.session.reconnect_limit, Duration::from_secs(90));
    assert_eq!(
        settings
            .session
            .banner
            .map(|banner| (banner.text, banner.fixed)),
        Some(("first\nsecond".to_owned(), false))
    );
    assert_eq!(settings.upload.live, Some(Duration::from_secs(2)));
    let (mode, days) = (RetentionMode::Compliance, 365);
    assert_eq!(
        settings.upload.bucket.retention,
        Some(Retention { mode, days })
    );
    let encryption = Encryption::Kms {
        key_id: Some("alias/rec".to_owned()),
        bucket_key: true,
    };
    assert_eq!(settings.upload.bucket.encryption, encryption);
    assert_eq!(settings.upload.tags["who"], "{operator}");
    assert!((settings.play.speed - 2.0).abs() < f64::EPSILON);
    assert_eq!(
        settings.play.idle_time_limit,
        Some(Duration::from_millis(1500))
    );
    assert_eq!(settings.review.cache_size, 1 << 30);
    assert!(settings.policy.reason.required);
    assert!(settings.policy.reason.check("CHG-1").is_ok());
    for (document, allowed) in [
        (Some("AWS-StartSSHSession"), true),
        (Some("Ours"), true),
        (Some("Ours2"), false),
        (None, false),
    ] {
        assert_eq!(
            settings.policy.allows_document(document),
            allowed,
            "{document:?}"
        );
    }
    for (text, key) in [
        ("agent", Key::Agent(None)),
        ("agent:SHA256:x", Key::Agent(Some("SHA256:x".to_owned()))),
        ("/k", Key::File("/k".into())),
    ] {
        assert_eq!(Key::from(text.to_owned()), key);
    }
}

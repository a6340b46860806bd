//! The rules of the layers, told as small files, variables and flags, and what comes of them.
//!
//! Nothing here reads this machine's own configuration.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::file::File;
use super::*;

/// Files in a folder of their own, and a home that is not there.
struct Scene {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl Scene {
    fn new(organisation: &str, person: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            if !text.is_empty() {
                fs::write(&path, text).unwrap();
            }
            path
        };
        let sources = Sources {
            organisation: file("organisation.toml", organisation),
            person: Some(file("person.toml", person)),
            home: Some("/home/ann".into()),
            data: Some("/home/ann/data".into()),
            ..Sources::default()
        };
        Self { folder, sources }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources
            .environment
            .insert(name.to_owned(), OsString::from(value));
        self
    }

    fn layers(&self, flags: &Flags) -> Layers {
        Layers::read(&self.sources, flags, Purpose::Record)
    }

    fn settings(&self) -> Settings {
        Settings::from_sources(&self.sources, &Flags::default(), Purpose::Record).unwrap()
    }

    /// Value and origin of one setting, paths without their folder.
    fn told(&self, flags: &Flags, key: Key) -> (String, String) {
        let layers = self.layers(flags);
        assert_eq!(layers.mistakes, [], "no mistakes were meant here");
        let in_force = layers.in_force(key);
        let value = in_force
            .value
            .as_ref()
            .map_or_else(|| "-".to_owned(), Value::toml);
        (value, self.plain(&in_force.origin.to_string()))
    }

    /// Every mistake with its hint, paths without their folder.
    fn mistakes(&self, flags: &Flags) -> Vec<String> {
        let layers = self.layers(flags);
        let all = layers
            .mistakes
            .clone()
            .into_iter()
            .chain(conflicts(&layers));
        all.map(|mistake| {
            let hint = mistake.problem.hint().map(|hint| format!(" ({hint})"));
            self.plain(&format!("{mistake}{}", hint.unwrap_or_default()))
        })
        .collect()
    }

    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn none() -> Flags {
    Flags::default()
}

#[track_caller]
fn check_person(text: &str, expected: &[&str]) {
    assert_eq!(Scene::new("", text).mistakes(&none()), expected);
}

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
    assert_eq!(settings.upload.encryption, Encryption::Bucket);
    assert_eq!(settings.review.cache_size, 512 << 20);
    for spec in &table::SPECS {
        let paths = value::Paths {
            home: Some(Path::new("/home/ann")),
            relative: false,
        };
        for text in [spec.default, Some(spec.example)].into_iter().flatten() {
            assert!(
                spec.kind.read_text(text, paths).is_ok(),
                "{}: {text:?}",
                spec.name
            );
        }
    }
}

#[test]
fn a_later_layer_wins_and_each_value_tells_where_it_stands() {
    let level = Key::RecordLevel;
    let told = |scene: &Scene, flags: &Flags| scene.told(flags, level);
    let expect = |value: &str, origin: &str| (value.to_owned(), origin.to_owned());
    let organisation = "\n[record]\nlevel = 4\n";
    let person = "record.level = 5";
    let flag = Flags::default().with(level, "--level", Some("7"));

    assert_eq!(told(&Scene::new("", ""), &none()), expect("3", "default"));
    let scene = Scene::new(organisation, "");
    assert_eq!(told(&scene, &none()), expect("4", "organisation.toml:3:1"));
    let scene = Scene::new(organisation, person);
    assert_eq!(told(&scene, &none()), expect("5", "person.toml:1:8"));
    let scene = scene.variable("SSM_REC_RECORD_LEVEL", "6");
    assert_eq!(
        told(&scene, &none()),
        expect("6", "environment variable SSM_REC_RECORD_LEVEL")
    );
    assert_eq!(told(&scene, &flag), expect("7", "flag --level"));
    let overruled: Vec<_> = scene
        .layers(&flag)
        .in_force(level)
        .overruled
        .iter()
        .map(|place| scene.plain(&place.to_string()))
        .collect();
    assert_eq!(
        overruled,
        [
            "environment variable SSM_REC_RECORD_LEVEL",
            "person.toml:1:8",
            "organisation.toml:3:1"
        ]
    );
}

#[test]
fn nothing_below_overrides_a_policy() {
    let policy = "[policy.record]\ninput = 'off'\non_failure = 'end'\nencrypt_to = ['age1team']\n[policy]\nstore = 's3://bucket/a'\n";
    let person = "store = '/mine'\n[record]\ninput = 'all'\non_failure = 'warn'\nencrypt_to = []\n";
    let scene = Scene::new(policy, person)
        .variable("SSM_REC_STORE", "/mine/too")
        .variable("SSM_REC_RECORD_INPUT", "all");
    let settings = scene.settings();
    assert_eq!(settings.store.as_deref(), Some("s3://bucket/a"));
    assert_eq!(settings.record.input, Input::Off);
    assert_eq!(settings.record.on_failure, OnFailure::End);
    assert_eq!(settings.record.encrypt_to, ["age1team"]);
    let (value, origin) = scene.told(&none(), Key::Store);
    assert_eq!(
        (value.as_str(), origin.as_str()),
        ("\"s3://bucket/a\"", "policy, organisation.toml:6:1")
    );
}

#[test]
fn a_flag_against_the_policy_is_refused_not_ignored() {
    let scene = Scene::new("[policy.record]\ninput = 'off'\n", "");
    let flag = |input: &'static str| {
        Flags::default().with(Key::RecordInput, "--record-input", Some(input))
    };
    assert_eq!(
        scene.mistakes(&flag("all")),
        [
            "flag --record-input: \"record.input\" is fixed to \"off\" by the organisation's policy, organisation.toml:2:1"
        ]
    );
    assert_eq!(scene.mistakes(&flag("off")), [""; 0]);
    let refused = Settings::from_sources(&scene.sources, &flag("all"), Purpose::Record);
    assert!(matches!(refused, Err(Error::Mistaken { more: 0, .. })));
}

#[test]
fn a_reader_may_look_into_another_store_than_the_policys() {
    let scene = Scene::new("[policy]\nstore = '/ours'\n", "");
    let flags = Flags::default().with(Key::Store, "--store", Some("/archive"));
    let read = Settings::from_sources(&scene.sources, &flags, Purpose::Read);
    assert_eq!(read.unwrap().store.as_deref(), Some("/archive"));
    assert!(Settings::from_sources(&scene.sources, &flags, Purpose::Record).is_err());
    let scene = scene.variable("SSM_REC_STORE", "/elsewhere");
    let read = Settings::from_sources(&scene.sources, &none(), Purpose::Read);
    assert_eq!(
        read.unwrap().store.as_deref(),
        Some("/ours"),
        "only what is asked for by hand"
    );
}

#[test]
fn a_person_makes_no_policy() {
    check_person(
        "[record]\nlevel = 1\n\n[policy.reason]\nrequired = false\n",
        &["person.toml:4:2: [policy] may only stand in the organisation's file"],
    );
    check_person(
        "policy = 3",
        &["person.toml:1:1: [policy] may only stand in the organisation's file"],
    );
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
        Some(SignKey::Kms("alias/sign".to_owned()))
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
    assert_eq!(
        settings.upload.object_lock,
        Some((ObjectLockMode::Compliance, 365))
    );
    let encryption = Encryption::Kms {
        key: Some("alias/rec".to_owned()),
        bucket_key: true,
    };
    assert_eq!(settings.upload.encryption, encryption);
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
    assert_eq!(SignKey::from("agent".to_owned()), SignKey::Agent(None));
    assert_eq!(
        SignKey::from("agent:SHA256:x".to_owned()),
        SignKey::Agent(Some("SHA256:x".to_owned()))
    );
    assert_eq!(SignKey::from("/k".to_owned()), SignKey::File("/k".into()));
}

#[test]
fn a_policy_takes_only_what_there_is() {
    let scene = Scene::new(
        "[policy]\nreason_required = true\n[policy.reason]\npattern = '('\n[policy.record]\ninput = 'never'\n[policy.policy]\n[policy.reason.x]\n",
        "",
    );
    assert_eq!(
        scene.mistakes(&none()),
        [
            "organisation.toml:2:1: unknown setting \"policy.reason_required\"",
            "organisation.toml:4:11: \"policy.reason.pattern\" is \"(\", expected a regular expression",
            "organisation.toml:6:9: \"policy.record.input\" is \"never\", expected \"off\", \"echoed\" or \"all\"",
            "organisation.toml:7:9: unknown setting \"policy.policy\"",
            "organisation.toml:8:16: unknown setting \"policy.reason.x\"",
        ]
    );
}

#[test]
fn variables_are_read_as_people_write_them() {
    let scene = Scene::new("", "")
        .variable("SSM_REC_STORE", "relative/is/fine")
        .variable("SSM_REC_UPLOAD_LIVE", "yes")
        .variable("SSM_REC_RECORD_ENCRYPT_TO", "age1a, age1b")
        .variable("SSM_REC_UPLOAD_TAGS", "who={operator},why={reason}");
    let settings = scene.settings();
    assert_eq!(settings.store.as_deref(), Some("relative/is/fine"));
    assert_eq!(settings.upload.live, Some(Duration::from_secs(5)));
    assert_eq!(settings.record.encrypt_to, ["age1a", "age1b"]);
    assert_eq!(settings.upload.tags.len(), 2);

    let scene = Scene::new("", "")
        .variable("SSM_REC_RECORD_LEVEL", "high")
        .variable("SSM_REC_UPLOAD_TAGS", "who")
        .variable("SSM_REC_RECROD_LEVEL", "3")
        .variable("SSM_REC_POLICY_REASON_REQUIRED", "false");
    assert_eq!(
        scene.mistakes(&none())[0],
        "environment variable SSM_REC_RECORD_LEVEL: \"record.level\" is \"high\", expected a whole number from 1 to 19"
    );
    assert_eq!(scene.mistakes(&none()).len(), 2);
    let unknown = scene.sources.unknown_variables();
    assert_eq!(
        unknown[1],
        (
            "SSM_REC_RECROD_LEVEL",
            Some("SSM_REC_RECORD_LEVEL".to_owned())
        )
    );
    assert_eq!(unknown[0].0, "SSM_REC_POLICY_REASON_REQUIRED");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_told() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut scene = Scene::new("", "");
    let value = OsString::from_vec(vec![0xff]);
    scene
        .sources
        .environment
        .insert("SSM_REC_SPOOL".to_owned(), value);
    assert_eq!(
        scene.mistakes(&none()),
        ["environment variable SSM_REC_SPOOL: not UTF-8"]
    );
}

#[test]
fn what_is_no_small_text_file_is_one_clear_mistake() {
    let person = |scene: &Scene| scene.sources.person.clone().unwrap();

    let scene = Scene::new("", "");
    fs::create_dir(person(&scene)).unwrap();
    assert_eq!(
        scene.mistakes(&none()),
        [
            "person.toml: cannot read the configuration: not a regular file (a configuration is a small TOML file: ssm-rec config example)"
        ]
    );

    // A sparse file: 1 GB to read, nothing on the disk.
    let scene = Scene::new("", "");
    fs::File::create(person(&scene))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    assert_eq!(
        scene.mistakes(&none()),
        [
            "person.toml: cannot read the configuration: longer than 131072 bytes (a configuration is a small TOML file: ssm-rec config example)"
        ]
    );

    let scene = Scene::new("", "");
    fs::write(person(&scene), b"# \xc3\xa9\nstore = '\xff'").unwrap();
    assert_eq!(scene.mistakes(&none()), ["person.toml:2:10: not UTF-8"]);

    let mut scene = Scene::new("", "");
    scene.sources.person_named = true;
    assert_eq!(
        scene.mistakes(&none()),
        ["person.toml: cannot read the configuration: there is no such file"]
    );

    let mut scene = Scene::new("", "x = 1");
    scene.sources.organisation = person(&scene).join("config.toml");
    scene.sources.person = None;
    assert_eq!(
        scene.mistakes(&none()),
        [""; 0],
        "a file where a folder was meant: nothing is there"
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_does_not_hang() {
    let scene = Scene::new("", "");
    let path = scene.sources.person.clone().unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    assert!(scene.mistakes(&none())[0].contains("not a regular file"));
    let mut scene = scene;
    scene.sources.person = Some("/dev/zero".into());
    assert!(scene.mistakes(&none())[0].contains("not a regular file"));
}

#[test]
fn hostile_text_is_refused_with_short_words_and_without_a_panic() {
    let long = 120_000;
    for text in [
        "[".repeat(long),
        "a.".repeat(long / 2),
        "a=[".repeat(long / 3),
        "a={a=".repeat(long / 5),
        "a\n".repeat(long / 2),
        "x=1\n".repeat(long / 4),
        format!("{} = 1", "k".repeat(long)),
        format!("store = '/{}'", "v".repeat(long)),
        format!("[record]\nencrypt_to = [{}]", "7,".repeat(long / 3)),
        "\u{0}".repeat(long),
        "\r".repeat(long),
        "'''".repeat(long / 3),
        (0..10_000).map(|number| format!("x{number}=1\n")).collect(),
    ] {
        let mistakes = Scene::new("", &text).mistakes(&none());
        assert!(!mistakes.is_empty(), "{}", &text[..20]);
        assert!(
            mistakes.iter().all(|mistake| mistake.chars().count() < 400),
            "{}",
            &text[..20]
        );
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "([a-z_.]{0,8}|[\\[\\]{}='\"\\\\,\n \u{feff}é0-9#-]){0,40}") {
        let file = File::parse(&text, Path::new("x.toml"), Role::Organisation, None);
        for mistake in file.mistakes {
            assert!(mistake.place.line().unwrap() <= text.lines().count() + 1);
        }
    }
}

#[test]
fn the_trial_file_is_heeded_only_where_there_is_no_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("config.toml");
    let trial = || Some("/trial.toml".into());
    assert_eq!(
        layers::organisation_file(&real, trial()),
        ("/trial.toml".into(), false)
    );
    assert_eq!(
        layers::organisation_file(&real, None),
        (real.clone(), false)
    );
    fs::write(&real, "").unwrap();
    assert_eq!(
        layers::organisation_file(&real, trial()),
        (real.clone(), true)
    );
    fs::remove_file(&real).unwrap();
    #[cfg(unix)]
    {
        // Also when it leads nowhere: somebody meant a policy to be there.
        std::os::unix::fs::symlink("/nowhere/at/all", &real).unwrap();
        assert_eq!(layers::organisation_file(&real, trial()), (real, true));
    }
}

#[test]
fn a_command_ends_with_the_first_mistake_and_counts_the_others() {
    let scene = Scene::new("", "a = 1\nb = 2\nstroe = 3\n");
    let error = Settings::from_sources(&scene.sources, &none(), Purpose::Record).unwrap_err();
    assert_eq!(
        scene.plain(&error.to_string()),
        "person.toml:1:1: unknown setting \"a\""
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("ssm-rec config check tells 2 more mistakes")
    );

    let mut scene = Scene::new("", "");
    scene.sources.data = None;
    let error = scene.settings().places().unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no home directory to keep recordings in"
    );
}

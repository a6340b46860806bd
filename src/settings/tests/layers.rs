//! Which of several layers wins, what nothing overrides, and what is no layer at all.
//!
//! Nothing here is about the values themselves.

use std::fs;
use std::time::Duration;

use super::*;
use crate::recorder::Input;

#[test]
fn a_later_layer_wins_and_each_value_tells_where_it_stands() {
    let level = &record::LEVEL;
    let told = |scene: &Scene, flags: &Flags| scene.told(flags, &level.spec);
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
        .values
        .in_force(&level.spec)
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
    let (value, origin) = scene.told(&none(), &STORE.spec);
    assert_eq!(
        (value.as_str(), origin.as_str()),
        ("\"s3://bucket/a\"", "policy, organisation.toml:6:1")
    );
}

#[test]
fn a_flag_against_the_policy_is_refused_not_ignored() {
    let scene = Scene::new("[policy.record]\ninput = 'off'\n", "");
    let flag =
        |input: &'static str| Flags::default().with(&record::INPUT, "--record-input", Some(input));
    assert_eq!(
        scene.mistakes(&flag("all")),
        [
            "flag --record-input: \"record.input\" is fixed to \"off\" by the organisation's policy, organisation.toml:2:1"
        ]
    );
    assert_eq!(scene.mistakes(&flag("off")), [""; 0]);
    let refused = Settings::of(scene.layers(&flag("all")));
    assert!(matches!(refused, Err(Error::Mistaken { more: 0, .. })));
}

#[test]
fn a_reader_may_look_into_another_store_than_the_policys() {
    let scene = Scene::new("[policy]\nstore = '/ours'\n", "");
    let flags = Flags::default().with(&STORE, "--store", Some("/archive"));
    let read = |scene: &Scene, flags: &Flags| {
        Settings::of(Layers::read(&scene.sources, flags, Purpose::Read)).unwrap()
    };
    assert_eq!(read(&scene, &flags).store.as_deref(), Some("/archive"));
    assert!(Settings::of(scene.layers(&flags)).is_err());
    let scene = scene.variable("SSM_REC_STORE", "/elsewhere");
    assert_eq!(
        read(&scene, &none()).store.as_deref(),
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
        .variable("SSM_REC_SIGN_PASSPHRASE", "no setting, and known")
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
    assert_eq!(unknown.len(), 2);
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
fn the_trial_file_is_heeded_only_where_there_is_no_real_one() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("config.toml");
    let trial = || Some("/trial.toml".into());
    assert_eq!(
        sources::organisation_file(&real, trial()),
        ("/trial.toml".into(), false)
    );
    assert_eq!(
        sources::organisation_file(&real, None),
        (real.clone(), false)
    );
    fs::write(&real, "").unwrap();
    assert_eq!(
        sources::organisation_file(&real, trial()),
        (real.clone(), true)
    );
    fs::remove_file(&real).unwrap();
    #[cfg(unix)]
    {
        // Also when it leads nowhere: somebody meant a policy to be there.
        std::os::unix::fs::symlink("/nowhere/at/all", &real).unwrap();
        assert_eq!(sources::organisation_file(&real, trial()), (real, true));
    }
}

#[test]
fn a_command_ends_with_the_first_mistake_and_counts_the_others() {
    let scene = Scene::new("", "a = 1\nb = 2\nstroe = 3\n");
    let error = Settings::of(scene.layers(&none())).unwrap_err();
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

/// Endpoint, region and path style in force, and whether the environment's endpoints count.
fn place(scene: &Scene) -> (Option<String>, Option<String>, Option<bool>, bool) {
    let bucket = scene.settings().upload.bucket;
    (
        bucket.endpoint_url,
        bucket.region,
        bucket.path_style,
        bucket.is_endpoint_fixed,
    )
}

fn leading_elsewhere(organisation: &str) -> Scene {
    let person = "[upload]\nendpoint_url = 'https://mine.example'\nregion = 'xx-mine-1'\npath_style = true\n";
    Scene::new(organisation, person)
        .variable("SSM_REC_UPLOAD_ENDPOINT_URL", "https://mine.example")
        .variable("SSM_REC_UPLOAD_REGION", "xx-mine-2")
        .variable("SSM_REC_UPLOAD_PATH_STYLE", "true")
}

#[test]
fn a_store_that_is_fixed_is_fixed_with_its_server_and_region() {
    const STORE: &str = "[policy]\nstore = 's3://bucket/a'\n";
    let check = |more: &str, expected: (Option<&str>, Option<&str>, Option<bool>)| {
        let (endpoint, region, style) = expected;
        let expected = (
            endpoint.map(Into::into),
            region.map(Into::into),
            style,
            true,
        );
        let scene = leading_elsewhere(&format!("{more}{STORE}"));
        assert_eq!(place(&scene), expected, "{more}");
    };
    check("", (None, None, None));
    // Anywhere in the organisation's file.
    check(
        "[upload]\nregion = 'eu-west-1'\n",
        (None, Some("eu-west-1"), None),
    );
    check(
        "[policy.upload]\nendpoint_url = 'https://s3.example'\n",
        (Some("https://s3.example"), None, None),
    );
    check(
        "[upload]\nendpoint_url = 'https://s3.example'\n[policy.upload]\npath_style = false\n",
        (Some("https://s3.example"), None, Some(false)),
    );
    // A store that is only the organisation's suggestion is the person's to change.
    let scene = leading_elsewhere("store = 's3://bucket/a'\n");
    let mine = |text: &str| Some(text.to_owned());
    assert_eq!(
        place(&scene),
        (
            mine("https://mine.example"),
            mine("xx-mine-2"),
            Some(true),
            false
        )
    );
}

#[test]
fn a_flag_that_leads_a_fixed_store_elsewhere_is_refused_and_a_reader_may_look_elsewhere() {
    let scene = Scene::new("[policy]\nstore = 's3://bucket/a'\n", "");
    let flag = |given: &'static str| {
        Flags::default().with(&upload::ENDPOINT_URL, "--endpoint-url", Some(given))
    };
    assert_eq!(
        scene.mistakes(&flag("https://mine.example")),
        [
            "flag --endpoint-url: \"upload.endpoint_url\" goes with \"store\", which is fixed by the organisation's policy, organisation.toml:2:1"
        ]
    );
    let with = Scene::new(
        "[upload]\nendpoint_url = 'https://s3.example'\n[policy]\nstore = 's3://bucket/a'\n",
        "",
    );
    assert_eq!(with.mistakes(&flag("https://s3.example")), [""; 0]);
    assert_eq!(with.mistakes(&flag("https://mine.example")).len(), 1);

    let scene = leading_elsewhere("[policy]\nstore = 's3://bucket/a'\n");
    let read = |flags: &Flags| {
        let settings = Settings::of(Layers::read(&scene.sources, flags, Purpose::Read)).unwrap();
        settings.upload.bucket.endpoint_url
    };
    assert_eq!(read(&none()), None);
    let elsewhere = Flags::default().with(&STORE, "--store", Some("s3://other"));
    assert_eq!(read(&elsewhere).as_deref(), Some("https://mine.example"));
}

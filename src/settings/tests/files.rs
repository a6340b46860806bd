//! Files that nobody would call a configuration: folders, pipes, gigabytes, hostile text.
//!
//! Nothing here says anything of use.

use std::fs;
use std::path::Path;

use super::*;
use crate::settings::file::File;

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

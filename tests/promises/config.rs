//! `ssm-rec config` as a person meets it: the real binary, files in a folder of its own, nothing of this machine's.
//!
//! Nothing here looks inside the program.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Output, message and status of one run, paths without their folder.
struct Run {
    out: String,
    err: String,
    status: i32,
}

struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A file of this home becomes the person's or the organisation's.
    fn points(self, name: &str, file: &str) -> Self {
        let path = self.path().join(file).display().to_string();
        self.variable(name, &path)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_ssm-rec"))
            .args(arguments)
            .env_clear()
            .env("HOME", self.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let plain = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(&format!("{}/", self.path().display()), "")
        };
        Run {
            out: plain(output.stdout),
            err: plain(output.stderr),
            status: output.status.code().unwrap(),
        }
    }
}

#[test]
fn config_shows_each_value_and_where_it_comes_from() {
    let home = Home::new()
        .file(
            "org.toml",
            "[policy.record]\ninput = 'off'\n[upload]\nsse = 's3'\n",
        )
        .file(
            "me.toml",
            "store = 's3://bucket/me'\nrecord.input = 'all'\n",
        )
        .points("SSM_REC_ORG_CONFIG", "org.toml")
        .points("SSM_REC_CONFIG", "me.toml")
        .variable("SSM_REC_PLAY_SPEED", "2");
    let shown = home.run(&["config"]);
    assert_eq!((shown.err.as_str(), shown.status), ("", 0));
    assert_eq!(shown.out, home.run(&["config", "show"]).out);
    for (setting, why) in [
        ("store = \"s3://bucket/me\"", "me.toml:1:1"),
        (
            "record.input = \"off\"",
            "policy, org.toml:2:1; overrules me.toml:2:8",
        ),
        ("upload.sse = \"s3\"", "org.toml:4:1"),
        (
            "play.speed = 2.0",
            "environment variable SSM_REC_PLAY_SPEED",
        ),
        ("record.level = 3", "default"),
        ("# session.banner", "unset"),
    ] {
        let row = shown
            .out
            .lines()
            .find(|line| line.starts_with(setting))
            .unwrap_or_default();
        assert!(row.ends_with(&format!("  # {why}")), "{setting}: {row:?}");
    }

    let json: Value = serde_json::from_str(&home.run(&["config", "show", "--json"]).out).unwrap();
    let input = &json["settings"]["record.input"];
    assert_eq!(input["value"], "off");
    assert_eq!(input["origin"]["policy"], true);
    assert_eq!(input["origin"]["line"], 2);
    assert_eq!(input["overruled"][0]["column"], 8);
    assert_eq!(json["settings"]["session.reconnect_limit"]["value"], 1200.0);
    assert_eq!(json["files"][1]["present"], true);
}

#[test]
fn config_shows_what_is_named_and_nothing_else() {
    let home = Home::new()
        .file("me.toml", "record.input = 'all'\n")
        .points("SSM_REC_CONFIG", "me.toml");
    let shown = home.run(&["config", "show", "record.input", "play.speed"]);
    let at = "# me.toml:1:8";
    assert_eq!(
        (shown.out, shown.status),
        (
            format!("record.input = \"all\"  {at}\nplay.speed = 1.0      # default\n"),
            0
        )
    );
    let section = home.run(&["config", "show", "record"]).out;
    assert!(section.lines().count() > 2, "{section}");
    assert!(
        section
            .lines()
            .all(|line| line.trim_start_matches("# ").starts_with("record."))
    );
    let json = home.run(&["config", "show", "record.input", "--json"]).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_object().unwrap().len(), 1);
    assert_eq!(json["settings"].as_object().unwrap().len(), 1);
    assert_eq!(json["settings"]["record.input"]["value"], "all");
    let unknown = home.run(&["config", "show", "record.inptu"]);
    assert_eq!(
        (unknown.err.as_str(), unknown.status),
        (
            "ssm-rec: there is no setting \"record.inptu\"\nhint: did you mean \"record.input\"?\n",
            2
        )
    );
}

#[test]
fn what_config_shows_is_a_file_that_says_the_same() {
    let fixed = || {
        Home::new()
            .variable("SSM_REC_STORE", "/rec/store")
            .variable("SSM_REC_SPOOL", "/rec/spool")
    };
    let home = fixed()
        .file(
            "org.toml",
            "session.banner = \"two\\nlines \\u202e\"\nupload.tags = { 'a b' = '{reason}' }\n",
        )
        .points("SSM_REC_ORG_CONFIG", "org.toml");
    let shown = home.run(&["config"]).out;
    assert!(!shown.contains('\u{202e}'));
    let again = fixed()
        .file("org.toml", &shown)
        .points("SSM_REC_ORG_CONFIG", "org.toml");
    let values = |out: &str| -> Vec<_> {
        out.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.rsplit_once("  # ")?.0.trim_end().to_owned()))
            .collect()
    };
    assert_eq!(values(&again.run(&["config"]).out), values(&shown));
}

#[test]
fn a_mistake_ends_every_command_with_one_line_that_says_where() {
    let home = Home::new()
        .file("me.toml", "[record]\ninptu = 'all'\nlevel = 'high'\n")
        .points("SSM_REC_CONFIG", "me.toml");
    let run = home.run(&["config", "show"]);
    assert_eq!((run.out.as_str(), run.status), ("", 2));
    assert_eq!(
        run.err,
        "ssm-rec: me.toml:2:1: unknown setting \"record.inptu\"\nhint: did you mean \"input\"?; ssm-rec config check tells one more mistake\n"
    );
}

#[test]
fn config_check_tells_every_mistake_everywhere() {
    let home = Home::new()
        .file("org.toml", "x = 1\n[upload]\nretention_days = 7\n")
        .file(
            "me.toml",
            "[record]\ninptu = 'all'\nlevel = 'high'\n[policy]\n",
        )
        .points("SSM_REC_ORG_CONFIG", "org.toml")
        .points("SSM_REC_CONFIG", "me.toml")
        .variable("SSM_REC_UPLOAD_LIVE", "maybe")
        .variable("SSM_REC_UPLAOD_LIVE", "true");
    let run = home.run(&["config", "check"]);
    assert_eq!((run.err.as_str(), run.status), ("", 2));
    assert_eq!(
        run.out.lines().collect::<Vec<_>>(),
        [
            "org.toml:1:1: unknown setting \"x\"",
            "me.toml:2:1: unknown setting \"record.inptu\"; did you mean \"input\"?",
            "me.toml:3:9: \"record.level\" is \"high\", expected a whole number from 1 to 19",
            "me.toml:4:2: [policy] may only stand in the organisation's file",
            "environment variable SSM_REC_UPLOAD_LIVE: \"upload.live\" is \"maybe\", expected true or false",
            "org.toml:3:1: \"upload.retention_days\" needs upload.object_lock_mode",
            "environment variable SSM_REC_UPLAOD_LIVE: unknown setting \"SSM_REC_UPLAOD_LIVE\"; did you mean \"SSM_REC_UPLOAD_LIVE\"?",
        ]
    );
    let json: Value = serde_json::from_str(&home.run(&["config", "check", "--json"]).out).unwrap();
    assert_eq!(json["count"], 7);
    assert_eq!(json["mistakes"][1]["place"]["line"], 2);
    assert_eq!(json["mistakes"][1]["hint"], "did you mean \"input\"?");
}

#[test]
fn config_check_looks_at_one_file_as_the_organisations_or_a_persons() {
    let home = Home::new()
        .file(
            "new.toml",
            "[policy]\nstore = 's3://b/p'\n[upload]\nkms_key = 'k'\n",
        )
        .file("good.toml", "record.level = 5\n")
        .file("bad.toml", "x = 1\n")
        .points("SSM_REC_CONFIG", "bad.toml");
    let check = |arguments: &[&str]| {
        let run = home.run(&[&["config", "check"], arguments].concat());
        (run.out, run.status)
    };
    let needs = "new.toml:4:1: \"upload.kms_key\" needs upload.sse = \"kms\"\n";
    assert_eq!(check(&["new.toml"]), (needs.to_owned(), 2));
    let person = check(&["new.toml", "--as", "person"]);
    assert!(
        person
            .0
            .starts_with("new.toml:1:2: [policy] may only stand in the organisation's file\n"),
        "{}",
        person.0
    );
    assert_eq!(
        check(&["good.toml"]),
        ("good.toml: no mistakes\n".to_owned(), 0)
    );
    assert_eq!(check(&["bad.toml"]).1, 2);
    for as_whose in ["person", "organisation"] {
        let missing = "none.toml: cannot read the configuration: there is no such file\n";
        assert_eq!(
            check(&["none.toml", "--as", as_whose]),
            (missing.to_owned(), 2)
        );
    }
}

#[test]
fn a_hostile_file_is_one_short_harmless_answer() {
    let home = Home::new()
        .file("lines.toml", "a\n".repeat(60_000))
        .file(
            "escape.toml",
            "\"\\u001b[2J\" = 1\nstore = \"\\u001b]0;x\\u0007\"\n",
        )
        .file("bytes.toml", [0xff, 0xfe, 0x00]);
    let run = home.run(&["config", "check", "lines.toml"]);
    assert_eq!(run.out.lines().count(), 101);
    assert!(run.out.ends_with(" more\n"), "{}", run.out);
    let run = home.run(&["config", "check", "escape.toml"]);
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
    assert!(!run.out.contains(['\x1b', '\x07']), "{}", run.out);
    assert_eq!(
        home.run(&["config", "check", "bytes.toml"]).out,
        "bytes.toml:1:1: not UTF-8\n"
    );
    assert_eq!(home.run(&["config", "check", "/dev/zero"]).status, 2);
    assert_eq!(home.run(&["config", "check", "."]).status, 2);
}

#[test]
fn the_example_is_a_file_without_mistakes() {
    let home = Home::new();
    let example = home.run(&["config", "example"]);
    assert_eq!((example.err.as_str(), example.status), ("", 0));
    let home = home
        .file("example.toml", &example.out)
        .points("SSM_REC_CONFIG", "example.toml");
    assert_eq!(
        home.run(&["config", "check"]).out,
        "example.toml: no mistakes\n"
    );
}

#[test]
fn nothing_is_configured_where_the_persons_file_is_the_null_device() {
    let home = Home::new().variable("SSM_REC_CONFIG", "/dev/null");
    assert_eq!(home.run(&["config", "show"]).status, 0);
}

#[cfg(unix)]
#[test]
fn a_policy_that_anybody_could_have_written_is_none() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new()
        .file("org.toml", "[policy.reason]\nrequired = true\n")
        .points("SSM_REC_ORG_CONFIG", "org.toml");
    assert_eq!(home.run(&["config", "check"]).status, 0);
    let path = home.path().join("org.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    for arguments in [
        &["config", "check"][..],
        &["config", "show"],
        &["start", "i-0abc"],
    ] {
        let run = home.run(arguments);
        let told = run.out + &run.err;
        assert_eq!(run.status, 2, "{told}");
        assert!(
            told.contains("everybody on this machine may write"),
            "{told}"
        );
        assert!(told.contains("chmod o-w"), "{told}");
    }
}

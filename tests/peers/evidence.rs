//! An archive of evidence, checked as a stranger would: with unzip, sha256sum, ssh-keygen and zstd alone.
//!
//! Nothing of ours looks at the archive here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use loopback::Options;

use super::program;
use super::rig::Rig;

fn keep(rig: &Rig, name: &str) -> String {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/keys")
        .join(name);
    let text = fs::read(from).unwrap();
    let path = rig.file(name, text);
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Two sessions, both signed and one of them judged, in an archive that was unpacked.
fn evidence(flags: &[&str]) -> (Rig, PathBuf) {
    let mut rig = Rig::new(Options::quick());
    let (operator, reviewer) = (keep(&rig, "ed25519"), keep(&rig, "p256"));
    let public = |name: &str| fs::read_to_string(keep(&rig, name)).unwrap();
    let allowed = [
        ("operator@example.com", "ssm-rec", public("ed25519.pub")),
        ("robin@example.com", "ssm-rec-review", public("p256.pub")),
    ];
    let lines = allowed.map(|(who, what, key)| format!("{who} namespaces=\"{what}\" {key}"));
    let signers = rig.file("signers", lines.concat());
    let config = rig.file(
        "config.toml",
        format!("[review]\nallowed_signers = '{signers}'\n"),
    );
    rig.set("SSM_REC_CONFIG", config);
    for line in ["echo one; echo password=hunter2hunter2", "echo two"] {
        rig.shell(&["--reason", "ticket-1", "--sign-key", &operator], &[line]);
    }
    let listed = rig.run(&["list", "--json"]).out();
    let ids: Vec<String> = listed
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            value["session_id"].as_str().unwrap().to_owned()
        })
        .collect();
    rig.set("AWS_ACCESS_KEY_ID", "AKIAUSERrobin");
    let judged = rig.run(&["review", &ids[0], "--ok", "--sign-key", &reviewer]);
    assert_eq!(judged.status(), 0, "{}", judged.err());
    let zip = rig.folder().join("evidence.zip").display().to_string();
    let packed = rig.run(&[&["evidence", &ids[0], &ids[1], "-o", &zip], flags].concat());
    assert_eq!(packed.status(), 0, "{}", packed.err());
    let folder = rig.folder().join("unpacked");
    let unzip = Command::new(program("unzip"))
        .args(["-q", &zip, "-d"])
        .arg(&folder)
        .status();
    assert!(unzip.unwrap().success());
    (rig, folder)
}

fn check(folder: &Path) -> Output {
    Command::new("sh")
        .arg(folder.join("check.sh"))
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn recording(folder: &Path) -> PathBuf {
    let folders = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = folders
        .map(|folder| folder.join("recording.cast.zst"))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.remove(0)
}

#[test]
#[ignore = "needs programs of others: cargo test --test peers -- --ignored"]
fn stock_tools_find_that_it_is_right_and_who_says_so() {
    let (_rig, folder) = evidence(&[]);
    let checked = check(&folder);
    let told = text(&checked);
    assert!(checked.status.success(), "{told}");
    assert!(!told.contains("WRONG"), "{told}");
    for (words, times) in [
        ("every file is the one that was packed", 1),
        ("manifest.json: signed by operator@example.com", 2),
        ("what was recorded, by a chain of links", 2),
        ("reads to its end", 2),
        ("lines.jsonl.zst: what", 2),
        ("commands.jsonl.zst: what", 2),
        ("a verdict on this recording", 1),
        (".json: signed by robin@example.com", 1),
    ] {
        assert_eq!(told.matches(words).count(), times, "{words}: {told}");
    }
    let readme = fs::read_to_string(folder.join("README.txt")).unwrap();
    assert!(
        readme.contains("ticket-1") && readme.contains("sound and signed"),
        "{readme}"
    );
}

#[test]
#[ignore = "needs programs of others: cargo test --test peers -- --ignored"]
fn stock_tools_find_each_thing_that_was_changed() {
    let (_rig, folder) = evidence(&[]);
    let change = |path: &Path, at: usize| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, &bytes).unwrap();
    };
    // Whoever changes a recording can make the list of digests anew; the chain still does not lead to what was signed.
    let sums = || {
        let script = "cd \"$1\" && find . -type f ! -name SHA256SUMS | sed 's,^\\./,,' | sort | xargs sha256sum > SHA256SUMS";
        let made = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&folder)
            .status();
        assert!(made.unwrap().success());
    };
    let recording = recording(&folder);
    let session = recording.parent().unwrap().to_owned();
    let manifest = session.join("manifest.json");
    for (path, at, expected) in [
        (recording.clone(), 60, "is not what was recorded"),
        (manifest, 40, "its signature is nobody's"),
        (
            session.join("lines.jsonl.zst"),
            30,
            "lines.jsonl.zst: not what",
        ),
    ] {
        let before = fs::read(&path).unwrap();
        change(&path, at);
        let told = text(&check(&folder));
        assert!(told.contains("WRONG  SHA256SUMS"), "{told}");
        sums();
        let checked = check(&folder);
        let told = text(&checked);
        assert_eq!(checked.status.code(), Some(1), "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
        fs::write(&path, before).unwrap();
        sums();
        assert!(check(&folder).status.success());
    }
}

#[test]
#[ignore = "needs programs of others: cargo test --test peers -- --ignored"]
fn what_was_taken_out_is_nowhere_and_is_told() {
    let (_rig, folder) = evidence(&["--redact", "hunter2hunter2", "--redact", "ticket-1"]);
    let checked = check(&folder);
    assert!(checked.status.success(), "{}", text(&checked));
    // The reason stands in the manifest, which is left out for that, and in the header, where it is replaced.
    for secret in ["hunter2hunter2", "ticket-1"] {
        let found = Command::new("grep")
            .args(["-r", secret])
            .arg(&folder)
            .output()
            .unwrap();
        assert_eq!(text(&found), "", "{secret}");
    }
    let readme = fs::read_to_string(folder.join("README.txt")).unwrap();
    assert!(readme.contains("Redacted: replaced"), "{readme}");
}

//! `ssm-rec verify`, and recordings that are signed: with a key file, by an agent, in KMS.
//!
//! Nothing here asks OpenSSH; `tests/peers` does.

use std::fs;
use std::path::{Path, PathBuf};

use loopback::Options;
use serde_json::Value;

use super::rig::{Rig, Run};

/// A file of `tests/keys`.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/keys")
        .join(name)
}

/// A key of the tests, for the owner alone.
pub(crate) fn key(rig: &Rig, name: &str) -> String {
    let to = rig.folder().join(name);
    fs::copy(kept(name), &to).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
    }
    to.display().to_string()
}

/// A file that lets the keys with these public halves sign, each for the principal of its own name.
pub(crate) fn allow(rig: &Rig, names: &[&str]) -> String {
    let lines: String = names
        .iter()
        .map(|name| {
            let public = fs::read_to_string(kept(&format!("{name}.pub"))).unwrap();
            format!("{name}@example.com namespaces=\"ssm-rec*\" {public}")
        })
        .collect();
    let path = rig.folder().join("allowed_signers");
    fs::write(&path, lines).unwrap();
    path.display().to_string()
}

fn record(rig: &Rig, arguments: &[&str]) -> Run {
    let arguments = [&["start", "i-0abc", "--reason", "ticket-42"], arguments].concat();
    rig.run_with(&arguments, b"echo evidence\nexit\n")
}

fn json(run: &Run) -> Vec<Value> {
    let lines = run.out();
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn one(rig: &Rig, arguments: &[&str]) -> (i32, Value) {
    let run = rig.run(&[&["verify", "--json"], arguments].concat());
    let mut found = json(&run);
    assert_eq!(found.len(), 1, "{}{}", run.out(), run.err());
    (run.status(), found.remove(0))
}

fn beside(rig: &Rig, ending: &str) -> PathBuf {
    let files = rig.files(&rig.store().join("manifests"));
    let file = files
        .iter()
        .find(|file| file.to_string_lossy().ends_with(ending));
    file.unwrap_or_else(|| panic!("no {ending} in {files:?}"))
        .clone()
}

#[test]
fn a_recording_is_signed_with_a_key_file_and_says_by_whom() {
    let rig = Rig::new(Options::quick());
    let run = record(&rig, &["--sign-key", &key(&rig, "plain")]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let recording = rig.recording().display().to_string();
    let signers = allow(&rig, &["plain"]);

    let (status, found) = one(&rig, &[&recording]);
    assert_eq!((status, &found["signature"]), (0, &"unjudged".into()));
    let (status, found) = one(&rig, &["--allowed-signers", &signers, &recording]);
    assert_eq!(status, 0, "{found}");
    assert_eq!(found["state"], "sound");
    assert_eq!(found["signature"], "trusted");
    assert_eq!(found["signer"]["principals"], "plain@example.com");
    assert_eq!(found["key"]["algorithm"], "ssh-ed25519");
    assert!(found["key"]["signed_at"].is_string(), "{found}");

    // By its session id, with what lies beside it: the same bytes that were signed, no line end added.
    let id = found["session_id"].as_str().map_or_else(
        || fs::read_to_string(beside(&rig, ".json")).unwrap(),
        str::to_owned,
    );
    assert!(!id.is_empty());
    let all = rig.run(&["verify", "--all", "--allowed-signers", &signers]);
    assert_eq!(all.status(), 0, "{}", all.err());
    assert!(
        all.out()
            .contains("sound, signed by plain@example.com (ssh-ed25519 SHA256:"),
        "{}",
        all.out()
    );
    assert!(all.err().contains("1 sound and signed"), "{}", all.err());
    let manifest = fs::read(beside(&rig, ".json")).unwrap();
    assert!(manifest.ends_with(b"}"), "no line end");
    let signature = fs::read_to_string(beside(&rig, ".json.sig")).unwrap();
    let signature = formats::signature::Signature::parse(&signature).unwrap();
    assert_eq!(signature.check(&manifest), Ok(()));

    // Somebody else's key does not count, nor somebody else's name.
    let others = allow(&rig, &["encrypted"]);
    let (status, found) = one(&rig, &["--allowed-signers", &others, &recording]);
    assert_eq!((status, &found["state"]), (7, &"not_trusted".into()));
    assert_eq!(found["signature"], "not_allowed");
    let both = allow(&rig, &["encrypted", "plain"]);
    let signer = ["--allowed-signers", &both, "--signer"];
    let of = |who| one(&rig, &[&signer[..], &[who, &recording]].concat()).0;
    assert_eq!(
        (of("plain@example.com"), of("encrypted@example.com")),
        (0, 7)
    );
}

#[test]
fn every_kind_of_key_file_signs() {
    let rig = Rig::new(Options::quick());
    for name in ["plain", "p256", "p384", "rsa"] {
        let run = record(&rig, &["--sign-key", &key(&rig, name)]);
        assert_eq!(run.status(), 0, "{name}: {}", run.err());
    }
    let signers = allow(&rig, &["plain", "p256", "p384", "rsa"]);
    let run = rig.run(&["verify", "--all", "--json", "--allowed-signers", &signers]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    let mut who: Vec<_> = json(&run)
        .iter()
        .map(|found| found["signer"]["principals"].as_str().unwrap().to_owned())
        .collect();
    who.sort();
    let all = ["p256", "p384", "plain", "rsa"].map(|name| format!("{name}@example.com"));
    assert_eq!(who, all);
}

#[test]
fn whoever_strips_the_signature_is_shown() {
    let rig = Rig::new(Options::quick());
    assert_eq!(record(&rig, &[]).status(), 0);
    let recording = rig.recording().display().to_string();
    let (status, found) = one(&rig, &[&recording]);
    assert_eq!((status, &found["state"]), (0, &"sound".into()));
    assert_eq!(found["signature"], "none");
    let (status, found) = one(&rig, &["--require-signature", &recording]);
    assert_eq!((status, &found["state"]), (7, &"not_trusted".into()));
    let signers = allow(&rig, &["plain"]);
    assert_eq!(one(&rig, &["--allowed-signers", &signers, &recording]).0, 7);
    let lenient = [
        "--allowed-signers",
        &signers,
        "--allow-unsigned",
        &recording,
    ];
    assert_eq!(one(&rig, &lenient).0, 0);
    // As the configuration has it, where no flag says it.
    fs::create_dir_all(rig.folder().join(".config/ssm-rec")).unwrap();
    let config = format!("[review]\nallowed_signers = '{signers}'\n");
    fs::write(rig.folder().join(".config/ssm-rec/config.toml"), config).unwrap();
    assert_eq!(one(&rig, &[&recording]).0, 7);
}

#[test]
fn what_is_changed_cut_or_missing_has_a_state_and_a_status_of_its_own() {
    let rig = Rig::new(Options::quick());
    assert_eq!(
        record(&rig, &["--sign-key", &key(&rig, "plain")]).status(),
        0
    );
    let recording = rig.recording();
    let path = recording.display().to_string();
    let id = recording.file_name().unwrap().to_str().unwrap();
    let id = id.strip_suffix(".cast.zst").unwrap();
    let bytes = fs::read(&recording).unwrap();
    let check = |status: i32, state: &str, name: &str| {
        let (found_status, found) = one(&rig, &[name]);
        assert_eq!(
            (found_status, &found["state"]),
            (status, &state.into()),
            "{found}"
        );
        found
    };
    check(0, "sound", id);

    let mut changed = bytes.clone();
    changed[300] ^= 1;
    fs::write(&recording, &changed).unwrap();
    let found = check(4, "altered", id);
    assert_eq!(found["fault"]["frame"], 0, "{found}");
    let text = rig.run(&["verify", &path]);
    for part in [
        "altered, in frame 0 (0.0s to ",
        "bytes 0 to ",
        "nothing in it is proved",
    ] {
        assert!(text.out().contains(part), "{part}: {}", text.out());
    }
    fs::write(&recording, &bytes[..bytes.len() - 60]).unwrap();
    check(3, "cut_short", id);
    fs::write(&recording, &bytes).unwrap();

    // Through a pipe it is the same.
    let piped = rig.run_with(&["verify", "-", "--json"], &bytes);
    assert_eq!(
        (piped.status(), &json(&piped)[0]["state"]),
        (0, &"sound".into())
    );

    let manifest = beside(&rig, ".json");
    let kept = fs::read(&manifest).unwrap();
    let mut other = kept.clone();
    other.push(b'\n');
    fs::write(&manifest, &other).unwrap();
    check(4, "manifest_differs", id);
    fs::remove_file(&manifest).unwrap();
    check(3, "missing_manifest", id);
    fs::write(&manifest, &kept).unwrap();
    fs::remove_file(&recording).unwrap();
    check(5, "missing_recording", id);

    fs::write(&recording, &bytes).unwrap();
    fs::write(
        rig.folder().join("x.cast"),
        "{\"version\":3,\"term\":{\"cols\":8,\"rows\":2}}\n",
    )
    .unwrap();
    check(
        4,
        "no_chain",
        &rig.folder().join("x.cast").display().to_string(),
    );
    let nowhere = rig.run(&["verify", "no-such-session"]);
    assert_eq!(nowhere.status(), 5, "{}", nowhere.err());
}

#[test]
fn of_many_the_worst_decides_and_a_session_that_runs_is_left_out() {
    let rig = Rig::new(Options::quick());
    for _ in 0..3 {
        assert_eq!(record(&rig, &[]).status(), 0);
    }
    let recordings = rig.files(&rig.store().join("recordings"));
    let mut bytes = fs::read(&recordings[1]).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 0x10;
    fs::write(&recordings[1], &bytes).unwrap();
    let mut terminal = rig.terminal(&["start", "i-0run"]);
    terminal.wait_for("$");
    let run = rig.run(&["verify", "--all", "--json"]);
    let found = json(&run);
    let states: Vec<_> = found
        .iter()
        .map(|found| found["state"].as_str().unwrap())
        .collect();
    assert_eq!(run.status(), 4, "{found:?}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(states.iter().filter(|state| **state == "sound").count(), 2);
    assert_eq!(
        states.iter().filter(|state| **state == "altered").count(),
        1
    );
    let told = rig.run(&["verify", "--all"]);
    assert!(
        told.err().contains("1 still being recorded, left out"),
        "{}",
        told.err()
    );
    let filtered = rig.run(&["verify", "--all", "--target", "0none"]);
    assert_eq!(filtered.status(), 0, "{}", filtered.err());
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn the_passphrase_is_asked_for_before_the_session_starts() {
    let rig = Rig::new(Options::quick());
    let path = key(&rig, "encrypted");
    let mut terminal = rig.terminal(&["start", "i-0abc", "--sign-key", &path]);
    terminal.wait_for("Passphrase of ");
    assert_eq!(rig.service.sessions().len(), 0, "nothing was started");
    terminal.type_keys("wrong\r");
    terminal.wait_for("that is not the passphrase");
    terminal.wait_for("Passphrase of ");
    terminal.type_keys("open sesame\r");
    terminal.wait_for("$");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(!shown.contains("sesame"), "{shown}");
    let signers = allow(&rig, &["encrypted"]);
    let recording = rig.recording().display().to_string();
    assert_eq!(one(&rig, &["--allowed-signers", &signers, &recording]).0, 0);
}

#[test]
fn a_key_that_cannot_be_had_keeps_the_session_from_starting() {
    let rig = Rig::new(Options::quick());
    let encrypted = key(&rig, "encrypted");
    let open = rig.folder().join("open");
    fs::copy(key(&rig, "plain"), &open).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let open = open.display().to_string();
    for (key, part) in [
        ("agent", "there is no ssh-agent"),
        ("/nowhere/id", "cannot read the key"),
        (
            encrypted.as_str(),
            "is encrypted, and there is no passphrase",
        ),
        (open.as_str(), "can be read by others (mode 644)"),
        (
            "kms:alias/none",
            "NotFoundException: Alias alias/none is not found.",
        ),
    ] {
        let run = record(&rig, &["--sign-key", key]);
        assert_eq!(run.status(), 120, "{key}: {}", run.err());
        assert!(run.err().contains(part), "{key}: {}", run.err());
        assert_eq!(rig.service.sessions().len(), 0, "{key}");
    }
    let rig = rig.env("SSM_REC_SIGN_PASSPHRASE", "open sesame");
    let run = record(&rig, &["--sign-key", &encrypted]);
    assert_eq!(run.status(), 0, "{}", run.err());
}

#[test]
fn who_it_was_is_in_the_manifest_also_when_it_was_told_late() {
    let mut options = Options::quick();
    options.faults.identity_after = std::time::Duration::from_secs(2);
    let rig = Rig::new(options);
    let run = rig.run_with(&["start", "i-0abc"], b"sleep 4\nexit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let recording = rig.recording().display().to_string();
    let shown = rig.run(&["show", "--json", &recording]);
    let shown: Value = serde_json::from_str(&shown.out()).unwrap();
    assert_eq!(shown["header"]["ssm"]["operator"], Value::Null, "{shown}");
    let operator = "arn:aws:iam::123456789012:user/operator";
    assert_eq!(shown["manifest"]["operator"], operator, "{shown}");
    assert_eq!(shown["manifest"]["account"], "123456789012");
}

#[test]
fn a_key_in_kms_signs() {
    let rig = Rig::new(Options::quick());
    for name in ["p256", "p384", "rsa"] {
        let run = record(&rig, &["--sign-key", &format!("kms:alias/{name}")]);
        assert_eq!(run.status(), 0, "{name}: {}", run.err());
    }
    let run = rig.run(&["verify", "--all", "--json", "--require-signature"]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    let mut kinds: Vec<_> = json(&run)
        .iter()
        .map(|found| found["key"]["algorithm"].as_str().unwrap().to_owned())
        .collect();
    kinds.sort();
    assert_eq!(
        kinds,
        ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ssh-rsa"]
    );
}

/// An agent that shows its key and hangs up when it is asked to sign.
#[cfg(unix)]
#[test]
fn a_signer_that_fails_at_the_end_costs_the_signature_and_not_the_recording() {
    use std::io::{Read, Write};
    let rig = Rig::new(Options::quick());
    let socket = rig.folder().join("agent");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let public = formats::signature::encoded(
        ssh_key::PublicKey::from_openssh(&fs::read_to_string(kept("plain.pub")).unwrap())
            .unwrap()
            .key_data(),
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 5];
            stream.read_exact(&mut request).unwrap();
            if request[4] == 11 {
                let mut answer = vec![12, 0, 0, 0, 1];
                formats::signature::string(&public, &mut answer);
                formats::signature::string(b"comment", &mut answer);
                let mut message = Vec::new();
                formats::signature::string(&answer, &mut message);
                stream.write_all(&message).unwrap();
            }
        }
    });
    let rig = rig.env("SSH_AUTH_SOCK", socket.display().to_string());
    let run = record(&rig, &["--sign-key", "agent"]);
    assert_eq!(run.status(), 125, "{}", run.err());
    assert!(
        run.err().contains(
            "the recording is complete, but it is not signed: the ssh-agent cannot be used"
        ),
        "{}",
        run.err()
    );
    let recording = rig.recording().display().to_string();
    let (status, found) = one(&rig, &[&recording]);
    assert_eq!((status, &found["signature"]), (0, &"none".into()));
}

//! Recordings that only some can read: made by `start`, told of by `list` and `show`, opened by an identity.
//!
//! Nothing here looks at the cipher; that is done beside the container.

use std::fs;

use formats::recording::{Proof, verify};
use loopback::Options;

use super::rig::{Rig, Run};

const READER: &str = include_str!("../../formats/tests/golden/reader.txt");
const READER_PUBLIC: &str = "age13vq84jpzp9588n40w3jwcrfd7wzs05p479vfasq5ef4e4vyp4dpsgr7sza";
const SSH: &str = include_str!("../keys/ed25519");
const SSH_PUBLIC: &str = include_str!("../keys/ed25519.pub");
const OTHER: &str = include_str!("../keys/rsa");

/// A session of one command whose output is a word.
fn record(rig: &Rig, arguments: &[&str]) -> Run {
    let mut all = vec!["start", "i-0abc", "--reason", "ticket-42"];
    all.extend(arguments);
    all.extend(["--", "printf", "open-%s\n", "sesame"]);
    let run = rig.run(&all);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("open-sesame"));
    run
}

#[test]
fn a_recording_is_read_by_those_it_was_encrypted_for_and_told_of_to_all() {
    let rig = Rig::new(Options::quick());
    let ssh_public = rig.file("auditor.pub", SSH_PUBLIC);
    record(
        &rig,
        &["--encrypt-to", READER_PUBLIC, "--encrypt-to", &ssh_public],
    );
    let path = rig.recording();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(verify(&bytes[..]).unwrap().proof, Proof::Sound);
    assert!(zstd::decode_all(&bytes[..]).unwrap().is_empty());
    for secret in [&b"open-sesame"[..], b"\"o\""] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    let path = path.display().to_string();

    // Everyone can see what it is, and for whom.
    let list = rig.run(&["list"]);
    assert!(list.out().contains("ticket-42"), "{}", list.out());
    let show = rig.run(&["show", &path]);
    assert_eq!(show.status(), 0, "{}", show.err());
    for part in ["i-0abc", "ticket-42", READER_PUBLIC, "ssh-ed25519 SHA256:"] {
        assert!(show.out().contains(part), "{part} in {}", show.out());
    }

    // Nobody else can see what is in it.
    let play = ["play", "--no-wait", &path];
    let locked = rig.run(&play);
    assert_eq!((locked.status(), locked.out().as_str()), (6, ""));
    assert_eq!(locked.err().lines().count(), 2, "{}", locked.err());
    for part in [
        "it is encrypted, and no identity was given",
        "hint: ",
        READER_PUBLIC,
    ] {
        assert!(locked.err().contains(part), "{part} in {}", locked.err());
    }
    let other = rig.file("other", OTHER);
    let run = rig.run(&["play", "--no-wait", "--identity", &other, &path]);
    assert_eq!(run.status(), 6);
    assert!(run.err().contains("none of the identities given opens it"));
    let target = rig.folder().join("out.txt").display().to_string();
    assert_eq!(rig.run(&["export", &path, "-o", &target]).status(), 6);
    let commands = rig.run(&["commands", &path]);
    assert_eq!((commands.status(), commands.out().as_str()), (6, ""));
    assert!(commands.err().contains(READER_PUBLIC), "{}", commands.err());
    assert!(!fs::exists(&target).unwrap());

    // Each of the readers can, by flag, by setting and through a pipe.
    let age = rig.file("reader.txt", READER);
    let ssh = rig.file("auditor", SSH);
    for identity in [&age, &ssh] {
        let run = rig.run(&[
            "play",
            "--no-wait",
            "--identity",
            &other,
            "--identity",
            identity,
            &path,
        ]);
        assert_eq!(run.status(), 0, "{}", run.err());
        assert!(run.out().contains("open-sesame"));
        let run = rig.run(&["export", "-f", "raw", "--identity", identity, &path]);
        assert_eq!(run.status(), 0, "{}", run.err());
        assert!(run.out().contains("open-sesame"));
        let run = rig.run(&["commands", "--identity", identity, &path]);
        assert_eq!(run.status(), 0, "{}", run.err());
    }
    let run = rig.run_with(
        &[
            "export",
            "-f",
            "txt",
            "--identity",
            &age,
            "--redact",
            "sesame",
            "-",
        ],
        &bytes,
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().contains("open-") && !run.out().contains("sesame"));
    let rig = rig.env("SSM_REC_REVIEW_IDENTITY", &age);
    let run = rig.run(&play);
    assert_eq!(run.status(), 0, "{}", run.err());
}

#[test]
fn a_passphrase_is_asked_at_the_terminal() {
    let rig = Rig::new(Options::quick());
    record(&rig, &["--encrypt-to", SSH_PUBLIC.trim()]);
    let path = rig.recording().display().to_string();
    let protected = rig.file("protected", include_str!("../keys/ed25519_protected"));
    // Without a terminal there is nobody to ask.
    let arguments = ["play", "--no-wait", "--identity", &protected, &path];
    let run = rig.run(&arguments);
    assert_eq!(run.status(), 6, "{}", run.err());
    assert!(run.err().contains("needs a passphrase"), "{}", run.err());
    let mut terminal = rig.terminal(&arguments);
    terminal.wait_for("passphrase of ");
    terminal.type_keys("open sesame\r");
    terminal.wait_for("open-sesame");
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(!shown.contains("open sesame"), "the passphrase is shown");
}

#[test]
fn a_recipient_that_is_none_stops_the_session_before_it_starts() {
    for (recipient, reason) in [
        ("age1team", "\"age1team\" is no recipient"),
        ("nobody.pub", "cannot read \"./nobody.pub\""),
    ] {
        let rig = Rig::new(Options::quick());
        let run = rig.run(&["start", "i-0abc", "--encrypt-to", recipient, "--", "true"]);
        assert_eq!(run.status(), 2, "{}", run.err());
        assert!(
            run.err().contains("cannot encrypt the recording"),
            "{}",
            run.err()
        );
        assert!(run.err().contains(reason), "{}", run.err());
        assert!(rig.service.sessions().is_empty());
    }
}

#[test]
fn the_policy_can_say_who_reads() {
    let rig = Rig::new(Options::quick());
    let policy = format!("[policy.record]\nencrypt_to = ['{READER_PUBLIC}']\n");
    let organisation = rig.file("organisation.toml", &policy);
    let rig = rig.env("SSM_REC_ORG_CONFIG", organisation);
    record(&rig, &[]);
    let path = rig.recording().display().to_string();
    assert_eq!(rig.run(&["play", "--no-wait", &path]).status(), 6);
}

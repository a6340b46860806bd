//! Signatures that stock OpenSSH made, and the file that says whose they are.
//!
//! Nothing here runs OpenSSH: its bytes lie in `golden/signature`, and `tests/peers` runs the program itself.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use chrono::{DateTime, NaiveDateTime, Utc};
use formats::signature::{AllowedSigners, Error, Purpose, Signature, Verdict, armored, encoded};
use proptest::prelude::*;

fn golden(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/signature")
}

fn message() -> Vec<u8> {
    golden("manifest.json").into_bytes()
}

fn signature(name: &str) -> Signature {
    Signature::parse(&golden(name)).unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The machine of these tests is two hours ahead.
fn local(moment: NaiveDateTime) -> Option<DateTime<Utc>> {
    Some(moment.and_utc() - chrono::TimeDelta::hours(2))
}

fn allowed(text: &str) -> AllowedSigners {
    AllowedSigners::parse(text, &local).unwrap()
}

#[test]
fn what_ssh_keygen_signed_is_right_and_nothing_else_is() {
    let message = message();
    for (name, algorithm) in [
        ("ed25519", "ssh-ed25519"),
        ("ed25519-sha256", "ssh-ed25519"),
        ("p256", "ecdsa-sha2-nistp256"),
        ("p384", "ecdsa-sha2-nistp384"),
        ("rsa", "ssh-rsa"),
        ("rsa-sha2-256", "ssh-rsa"),
        ("sk-ed25519", "sk-ssh-ed25519@openssh.com"),
        ("sk-p256", "sk-ecdsa-sha2-nistp256@openssh.com"),
    ] {
        let signature = signature(&format!("{name}.sig"));
        assert_eq!(signature.check(&message), Ok(()), "{name}");
        assert_eq!(signature.algorithm(), algorithm);
        for at in (0..message.len()).step_by(9) {
            let mut changed = message.clone();
            changed[at] ^= 1;
            assert_eq!(signature.check(&changed), Err(Error::Wrong), "{name} {at}");
        }
        // The line end that a text editor would add.
        let longer = [&message[..], b"\n"].concat();
        assert_eq!(signature.check(&longer), Err(Error::Wrong), "{name}");
    }
}

#[test]
fn what_must_not_count_says_why() {
    let message = message();
    let refused = |name| signature(name).check(&message).unwrap_err().to_string();
    assert_eq!(
        refused("other-namespace.sig"),
        "signature is for \"git\", not for \"ssm-rec\""
    );
    assert_eq!(
        refused("rsa1024.sig"),
        "signature is by an RSA key of 1024 bits, fewer than 2048"
    );
    assert_eq!(
        refused("p521.sig"),
        "signatures by ecdsa-sha2-nistp521 keys are not known"
    );
    for text in [
        "",
        "x",
        "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----\n",
    ] {
        assert_eq!(Signature::parse(text), Err(Error::Armor), "{text:?}");
    }
    let huge = "a".repeat(70_000);
    assert_eq!(Signature::parse(&huge), Err(Error::TooLong(70_000)));
}

#[test]
fn a_key_and_what_it_signed_make_the_file_that_ssh_keygen_makes() {
    for name in ["ed25519", "p256", "p384", "rsa", "sk-ed25519", "sk-p256"] {
        let text = golden(&format!("{name}.sig"));
        let lines: Vec<&str> = text.lines().collect();
        let blob = base64::engine::general_purpose::STANDARD
            .decode(lines[1..lines.len() - 1].concat())
            .unwrap();
        let key = signature(&format!("{name}.sig")).key().clone();
        // Magic, version, key, namespace, reserved, hash, and then the signature behind its length.
        let at = 6 + 4 + (4 + encoded(&key).len()) + (4 + 7) + 4 + (4 + 6) + 4;
        assert_eq!(
            armored(Purpose::Recording, &key, &blob[at..]),
            text,
            "{name}"
        );
    }
}

#[test]
fn every_truncation_and_every_changed_character_is_an_error_or_wrong() {
    let (text, message) = (golden("ed25519.sig"), message());
    for end in 0..text.trim_end().len() {
        assert!(Signature::parse(&text[..end]).is_err(), "{end}");
    }
    for at in 0..text.trim_end().len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 2;
        let changed = String::from_utf8(changed).unwrap();
        let result = Signature::parse(&changed).and_then(|signature| signature.check(&message));
        assert!(result.is_err(), "{at}");
    }
    // Wrapped elsewhere, and with the line ends of another system, it is the same.
    let joined: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    for separator in ["", "\r\n"] {
        let body: Vec<_> = joined
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let text = format!(
            "-----BEGIN SSH SIGNATURE-----\r\n{}\r\n-----END SSH SIGNATURE-----",
            body.join(separator)
        );
        assert_eq!(Signature::parse(&text).unwrap().check(&message), Ok(()));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let body = base64::engine::general_purpose::STANDARD.encode([b"SSHSIG\0\0\0\x01".as_slice(), &bytes].concat());
        let text = format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n");
        prop_assert!(Signature::parse(&text).and_then(|signature| signature.check(b"x")).is_err());
    }

    #[test]
    fn no_text_makes_the_file_of_signers_panic(text in "[a-z*,! \"=\\\\\n#-]{0,80}") {
        let _ = AllowedSigners::parse(&text, &local);
    }
}

#[test]
fn the_file_of_signers_tells_whose_key_it_is() {
    let signers = allowed(&golden("allowed_signers"));
    for name in ["ed25519", "p256", "p384", "rsa", "sk-ed25519", "sk-p256"] {
        match signers.judge(signature(&format!("{name}.sig")).key(), None, None) {
            Verdict::Allowed(signer) => {
                assert_eq!(signer.principals, format!("{name}@example.com"));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let key = signature("rsa1024.sig").key().clone();
    assert_eq!(signers.judge(&key, None, None), Verdict::Unknown);
}

#[test]
fn lines_are_read_as_openssh_reads_them() {
    let key = golden("ed25519.pub");
    let at = Some(utc("2026-11-24T12:00:00Z"));
    let check = |line: &str, principal: Option<&str>| {
        let text = format!("# comment\n\n  {}\r\n", line.replace("KEY", key.trim()));
        allowed(&text).judge(signature("ed25519.sig").key(), at, principal)
    };
    let is_allowed = |line: &str, principal| matches!(check(line, principal), Verdict::Allowed(_));
    for line in [
        "alice@example.com KEY",
        "alice@example.com\tKEY and more words",
        "\"alice@example.com,bob smith\" KEY",
        "alice@example.com namespaces=\"git,ssm-*\" KEY",
        "alice@example.com NameSpaces=\"ssm-rec\",valid-after=\"20261101\" KEY",
        "alice@example.com valid-after=\"202611241159Z\",valid-before=\"20261124120000Z\" KEY",
        "alice@example.com valid-before=\"202611241400\" KEY",
        "*@example.com,!mallory@example.com KEY",
    ] {
        assert!(is_allowed(line, None), "{line}: {:?}", check(line, None));
        assert!(is_allowed(line, Some("alice@example.com")), "{line}");
        assert!(!is_allowed(line, Some("mallory@example.com")), "{line}");
    }
    assert!(matches!(
        check("a cert-authority KEY", None),
        Verdict::Authority(_)
    ));
    assert!(matches!(
        check("a namespaces=\"git,!ssm-rec,*\" KEY", None),
        Verdict::OtherNamespace(_)
    ));
    for line in [
        "a valid-before=\"20261124\" KEY",
        "a valid-after=\"202611241401\" KEY",
        "a valid-after=\"20261124120001Z\" KEY",
    ] {
        assert!(matches!(check(line, None), Verdict::OtherTime(_)), "{line}");
    }
    // A later line may allow what an earlier one does not.
    let both = format!("a namespaces=\"git\" {key}b {key}");
    match allowed(&both).judge(signature("ed25519.sig").key(), at, None) {
        Verdict::Allowed(signer) => assert_eq!((signer.principals.as_str(), signer.line), ("b", 2)),
        other => panic!("{other:?}"),
    }
    // Without a time, a key that is limited in time cannot be said to have been valid.
    let limited = allowed(&format!("a valid-after=\"20000101Z\" {key}"));
    assert!(matches!(
        limited.judge(signature("ed25519.sig").key(), None, None),
        Verdict::OtherTime(_)
    ));
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    let key = golden("ed25519.pub");
    for (line, problem) in [
        ("alice@example.com", "there is no public key in it"),
        (
            "alice ssh-ed25519 AAAA",
            "the ssh-ed25519 key does not read",
        ),
        ("alice no-such KEY", "unknown option \"no-such\""),
        (
            "alice namespaces=git KEY",
            "unknown option \"namespaces=git\"",
        ),
        ("alice \"x KEY", "quotes do not end"),
        ("\"\" KEY", "it names nobody"),
        ("a valid-after=\"2026\" KEY", "\"2026\" is no time"),
        ("a valid-after=\"20261301\" KEY", "\"20261301\" is no time"),
        (
            "a namespaces=\"x\",namespaces=\"y\" KEY",
            "\"namespaces\" is given twice",
        ),
        (
            "a valid-after=\"20260102\",valid-before=\"20260101\" KEY",
            "valid-after is not before",
        ),
    ] {
        let text = format!("\n{}\n", line.replace("KEY", key.trim()));
        let error = AllowedSigners::parse(&text, &local)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("line 2: ") && error.contains(problem),
            "{line}: {error}"
        );
    }
    // A kind of key that makes no signature known here may stand in the file.
    let p521 = golden("p521.pub");
    assert!(!allowed(&format!("a {p521}")).is_empty());
}

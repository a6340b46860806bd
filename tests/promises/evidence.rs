//! `ssm-rec evidence`: sessions in one archive, the same bytes each time, and what is wrong with them told.
//!
//! Nothing here unpacks it; `tests/peers` does, with programs of others.

use std::fs;

use loopback::Options;

use super::rig::Rig;

fn rig() -> Rig {
    let rig = Rig::new(Options::quick());
    rig.shell(&["--reason", "ticket-1"], &["echo evidence"]);
    rig
}

#[test]
fn the_same_sessions_give_the_same_archive_and_none_is_written_over() {
    let rig = rig();
    let id = rig.manifest().session_id;
    let [one, two] = ["one.zip", "two.zip"].map(|name| rig.folder().join(name));
    for path in [&one, &two] {
        let run = rig.run(&["evidence", &id, "-o", &path.display().to_string()]);
        assert_eq!(run.status(), 0, "{}", run.err());
    }
    let bytes = fs::read(&one).unwrap();
    assert!(bytes.starts_with(b"PK"));
    assert_eq!(bytes, fs::read(&two).unwrap());
    let again = rig.run(&["evidence", &id, "-o", &one.display().to_string()]);
    assert_eq!(again.status(), 1, "{}", again.err());
    assert!(again.err().contains("exists already"), "{}", again.err());
    assert_eq!(fs::read(&one).unwrap(), bytes);
}

#[test]
fn what_is_not_what_was_recorded_is_packed_and_told() {
    let rig = rig();
    let id = rig.manifest().session_id;
    let recording = rig.recording();
    let mut bytes = fs::read(&recording).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&recording, bytes).unwrap();
    let zip = rig.folder().join("evidence.zip").display().to_string();
    let run = rig.run(&["evidence", &id, "-o", &zip]);
    assert_eq!(run.status(), 4, "{}", run.err());
    assert!(run.err().contains("altered"), "{}", run.err());
    assert!(fs::metadata(&zip).unwrap().len() > 0);
    let none = rig.run(&["evidence", "nobody", "-o", "none.zip"]);
    assert_eq!(none.status(), 5, "{}", none.err());
}

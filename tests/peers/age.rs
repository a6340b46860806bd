//! Encrypted recordings and the age tool: the key that it unwraps opens the recording.
//!
//! Nothing here takes our own word for what the envelope holds.

use std::fs;
use std::process::Command;

use formats::asciicast::{Data, Reader};
use formats::recording;
use formats::sealed::Key;
use loopback::Options;

use super::program;
use super::rig::Rig;

/// The age file inside the envelope at the front of a recording, as formats/README.md lays it out.
fn wrapped(recording: &[u8]) -> &[u8] {
    assert_eq!(recording[8..16], *b"ssmE\x01\0\0\0");
    let length = u32::from_le_bytes(recording[32..36].try_into().unwrap()) as usize;
    &recording[36..36 + length]
}

#[test]
#[ignore = "needs age and ssh-keygen; .ci/run brings them"]
fn the_age_tool_unwraps_the_key_of_a_recording_for_each_of_its_readers() {
    let rig = Rig::new(Options::quick());
    let path = |name: &str| rig.folder().join(name).display().to_string();
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{error}");
        output.stdout
    };
    let identity = path("identity.txt");
    run(Command::new(program("age-keygen")).args(["-o", &identity]));
    let public = run(Command::new(program("age-keygen")).args(["-y", &identity]));
    let public = String::from_utf8(public).unwrap().trim().to_owned();
    let mut arguments = vec!["start", "i-0abc", "--encrypt-to", &public];
    let mut readers = vec![identity.clone()];
    for kind in ["ed25519", "rsa"] {
        let key = path(kind);
        run(Command::new(program("ssh-keygen")).args(["-q", "-t", kind, "-N", "", "-f", &key]));
        readers.push(key);
    }
    let publics: Vec<_> = readers[1..]
        .iter()
        .map(|key| format!("{key}.pub"))
        .collect();
    for public in &publics {
        arguments.extend(["--encrypt-to", public]);
    }
    arguments.extend(["--", "printf", "open-%s\n", "sesame"]);
    let session = rig.run(&arguments);
    assert_eq!(session.status(), 0, "{}", session.err());
    let bytes = fs::read(rig.recording()).unwrap();
    let envelope = path("key.age");
    fs::write(&envelope, wrapped(&bytes)).unwrap();
    for reader in &readers {
        let key = run(Command::new(program("age")).args(["-d", "-i", reader, &envelope]));
        let key = Key::from_slice(&key).unwrap();
        let lines = recording::Reader::open_with(&bytes[..], &key).unwrap();
        let shown: String = Reader::open(lines)
            .unwrap()
            .filter_map(|event| match event.unwrap().data {
                Data::Output(text) => Some(text),
                _ => None,
            })
            .collect();
        assert!(shown.contains("open-sesame"), "{reader}: {shown}");
        // And the other way: the program takes the tool's own files.
        let recording = rig.recording().display().to_string();
        let played = rig.run(&["play", "--no-wait", "--identity", reader, &recording]);
        assert_eq!(played.status(), 0, "{}", played.err());
    }
}

//! The rows of manifests: what is missing in them is found without AWS.
//!
//! Nothing here is planted: the sessions are run.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use formats::manifest::Manifest;
use loopback::Options;
use serde_json::json;

use super::*;

/// The manifests of a store by their numbers, with their files.
fn numbered(rig: &Rig) -> Vec<(Manifest, PathBuf)> {
    let files = rig.files(&rig.store().join("manifests")).into_iter();
    let mut numbered: Vec<_> = files
        .map(|path| (Manifest::parse(&fs::read(&path).unwrap()).unwrap(), path))
        .collect();
    numbered.sort_by_key(|(manifest, _)| manifest.continuity.as_ref().unwrap().counter);
    numbered
}

#[test]
fn a_recording_removed_with_its_manifest_is_found_by_its_neighbours_alone() {
    let rig = Rig::new(Options::quick());
    for line in ["echo one", "echo two", "echo three"] {
        rig.shell(&[], &[line]);
    }
    let manifests = numbered(&rig);
    let places: Vec<_> = manifests
        .iter()
        .map(|(manifest, _)| manifest.continuity.clone().unwrap())
        .collect();
    assert_eq!(
        places.iter().map(|place| place.counter).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let previous = formats::continuity::digest(&manifests[1].0.encode());
    assert_eq!(places[2].previous.as_ref(), Some(&previous));
    // White space that somebody's editor has put round a manifest is none of it.
    let (_, path) = &manifests[1];
    let manifest = fs::read_to_string(path).unwrap();
    fs::write(path, format!("{manifest}\n")).unwrap();
    let run = rig.run(&["audit", "--offline", "--grace", "0s"]);
    assert_eq!(run.status(), 9, "{}", run.out());

    let second = &manifests[1].0.session_id;
    for path in rig.files(&rig.store()) {
        if path.display().to_string().contains(second.as_str()) {
            fs::remove_file(path).unwrap();
        }
    }
    // While it may still wait on the machine where it was recorded, it is no hole.
    let run = rig.run(&["audit", "--offline"]);
    assert_eq!(run.status(), 9, "{}", run.out());
    assert!(
        run.out().contains("not there yet: number 2"),
        "{}",
        run.out()
    );
    let run = rig.run(&["audit", "--offline", "--grace", "0s"]);
    let out = run.out();
    assert_eq!(run.status(), 8, "{out}");
    assert!(out.contains("MISSING: number 2 of a row, between"), "{out}");
    for neighbour in [&manifests[0].0, &manifests[2].0] {
        assert!(out.contains(&neighbour.session_id), "{out}");
    }
    // The service still tells of it, of course.
    let run = rig.run(&["audit", "--grace", "0s"]);
    assert!(run.out().contains("Not recorded"), "{}", run.out());
    assert!(run.out().contains(second.as_str()), "{}", run.out());
}

#[test]
fn a_manifest_that_was_replaced_is_not_what_the_next_one_says() {
    let rig = Rig::new(Options::quick());
    for line in ["echo one", "echo two"] {
        rig.shell(&["--reason", "ticket-1"], &[line]);
    }
    let (manifest, path) = numbered(&rig).swap_remove(0);
    let forged = Manifest {
        duration_us: manifest.duration_us + 1,
        ..manifest
    };
    fs::write(path, forged.encode()).unwrap();
    let run = rig.run(&["audit", "--offline"]);
    assert_eq!(run.status(), 8, "{}", run.out());
    assert!(run.out().contains("ALTERED: "), "{}", run.out());
}

#[cfg(unix)]
#[test]
fn a_client_that_was_killed_leaves_no_hole_in_its_row_once_it_is_recovered() {
    let rig = Rig::new(Options::quick());
    rig.shell(&[], &["echo one"]);
    let mut pty = rig.terminal(&["start", "i-bash"]);
    pty.wait_for("$ ");
    // The last second may be lost.
    std::thread::sleep(Duration::from_millis(1200));
    pty.kill();
    pty.wait();
    rig.shell(&[], &["echo three"]);
    assert_eq!(rig.run(&["recover"]).status(), 0);
    assert_eq!(rig.run(&["upload"]).status(), 0);
    let manifests = numbered(&rig);
    assert_eq!(manifests.len(), 3);
    let run = rig.run(&["audit", "--grace", "0s", "--json"]);
    let (_, last) = json_of(&run);
    assert_eq!(last["breaks"], json!([]), "{last}");
    assert_eq!(run.status(), 0, "{}", run.err());
}

/// Killed while its manifest waits for the signature: its number is taken, and the manifest is not finished.
#[cfg(unix)]
#[test]
fn a_client_that_is_killed_between_its_number_and_its_end_leaves_no_hole_either() {
    use std::io::{Read, Write};
    use std::process::Stdio;
    let rig = Rig::new(Options::quick());
    let socket = rig.folder().join("agent");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let key = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/plain.pub");
    let key = ssh_key::PublicKey::from_openssh(&fs::read_to_string(key).unwrap()).unwrap();
    let public = formats::signature::encoded(key.key_data());
    let (asked, signing) = std::sync::mpsc::channel();
    // An agent that shows its key and answers nothing when it is asked to sign.
    std::thread::spawn(move || {
        let mut held = Vec::new();
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
            } else {
                asked.send(()).unwrap();
                held.push(stream);
            }
        }
    });
    let rig = rig.env("SSH_AUTH_SOCK", socket.display().to_string());
    let record = |line: &str| {
        let input = format!("echo {line}\nexit\n");
        let run = rig.run_with(&["start", "i-0abc"], input.as_bytes());
        assert_eq!(run.status(), 0, "{}", run.err());
    };
    record("one");
    let mut child = rig
        .command(&["start", "i-0abc", "--sign-key", "agent"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"echo two\nexit\n")
        .unwrap();
    signing.recv_timeout(Duration::from_secs(60)).unwrap();
    // Somebody else ends meanwhile.
    record("three");
    child.kill().unwrap();
    child.wait().unwrap();
    record("four");
    let run = rig.run(&["audit", "--offline", "--grace", "0s", "--no-store"]);
    assert!(run.out().contains("MISSING: number 2"), "{}", run.out());
    assert_eq!(rig.run(&["recover"]).status(), 0);
    assert_eq!(rig.run(&["upload"]).status(), 0);
    let manifests = numbered(&rig);
    let places: Vec<(u64, Option<u64>)> = manifests
        .iter()
        .map(|(manifest, _)| {
            let place = manifest.continuity.as_ref().unwrap();
            (place.counter, place.linked())
        })
        .collect();
    // The third was taken while the second was not finished.
    assert_eq!(
        places,
        [(1, None), (2, Some(1)), (3, Some(1)), (4, Some(3))]
    );
    assert!(manifests[1].0.recovered);
    let run = rig.run(&["audit", "--grace", "0s", "--json", "--no-store"]);
    let (_, last) = json_of(&run);
    assert_eq!(last["breaks"], json!([]), "{last}");
}

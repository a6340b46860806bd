//! Sessions over a line that loses, doubles, delays and reorders, and is cut every two seconds: nothing is lost and
//! nothing comes twice.
//!
//! Nothing here waits a fixed time. The agent resends one message at a time, so each megabyte takes about a quarter of
//! a minute; `SSM_REC_ROUGH_BYTES` says how much to carry (a bare run carries a quarter of a megabyte each way).

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use loopback::{Faults, Link, Options};
use sha2::{Digest, Sha256};

use super::forward::Forwarding;
use super::rig::Rig;

fn rough() -> Rig {
    Rig::new(Options {
        faults: Faults::rough(),
        // At the real agent's pace: without one, each cut would lose all that it may have on the way.
        pace: Some(Duration::from_millis(1)),
        // An agent that gives up after a minute loses what it still holds, and no client can help it.
        drain_for: Duration::from_secs(3600),
        ..Options::quick()
    })
}

fn size() -> usize {
    std::env::var("SSM_REC_ROUGH_BYTES").map_or(256 * 1024, |bytes| bytes.parse().unwrap())
}

/// Bytes without a pattern, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    let mut block = Sha256::digest(b"rough");
    while bytes.len() < length {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn the_output_of_a_command_arrives_whole_over_a_rough_line() {
    let rig = rough();
    let bytes = noise(size() / 4 * 3);
    let file = rig.folder().join("noise");
    fs::write(&file, &bytes).unwrap();
    let file = file.display().to_string();
    let run = rig.run(&["start", "i-0abc", "--", "base64", "-w0", &file]);
    assert_eq!(run.status(), 0, "{}", run.err());
    let expected = Sha256::digest(BASE64.encode(&bytes));
    assert_eq!(Sha256::digest(&run.0.stdout), expected, "what was shown");
    let recording = rig.recording().display().to_string();
    let raw = rig.run(&["export", &recording, "--format", "raw", "-o", "-"]);
    assert_eq!(Sha256::digest(&raw.0.stdout), expected, "what was recorded");
}

#[test]
fn a_session_that_is_closed_before_all_of_its_output_arrived_is_told_and_not_called_well() {
    let half = Link {
        drop: 0.5,
        ..Link::default()
    };
    let rig = Rig::new(Options {
        faults: Faults::both(half),
        drain_for: Duration::from_secs(2),
        ..Options::quick()
    });
    let run = rig.run(&["start", "i-0abc", "--", "seq", "1", "100000"]);
    assert_eq!(run.status(), 122, "{}", run.err());
    assert!(
        run.err().contains("of its messages had not arrived"),
        "{}",
        run.err()
    );
    let manifest = rig.files(&rig.store().join("manifests"));
    let manifest = fs::read_to_string(&manifest[0]).unwrap();
    assert!(manifest.contains(r#""kind":"incomplete""#), "{manifest}");
}

#[test]
fn a_download_through_a_forwarded_port_arrives_whole_over_a_rough_line() {
    let rig = rough();
    let bytes = noise(size());
    let expected = Sha256::digest(&bytes);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&bytes).unwrap();
    });
    let forwarding = Forwarding::start(&rig, &format!("0:{port}"));
    let mut client = TcpStream::connect(forwarding.address).unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    server.join().unwrap();
    forwarding.end();
    assert_eq!(Sha256::digest(&got), expected);
}

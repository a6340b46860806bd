//! Reading an object as a file.
//!
//! Nothing here looks at how it got there.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use bytes::Bytes;
use loopback::faulty_proxy::{self, FaultyProxy};

use crate::server::{MIB, content, quiet, server};

#[test]
fn reading_fetches_what_is_read_and_little_more() {
    let server = server();
    let bytes = content(5, 12 * MIB + 5);
    server.store(server.options()).put("a", &bytes).unwrap();
    let proxy = FaultyProxy::start(&server.endpoint, quiet()).unwrap();
    let store = server.store(server.through(&proxy));
    let mut reader = store.open("a").unwrap();
    let mut start = vec![0; 1000];
    reader.read_exact(&mut start).unwrap();
    assert_eq!(start, bytes[..1000]);
    // As a player does: the footer, the table before it, a frame in the middle.
    for (from, length) in [
        (SeekFrom::End(-9), 9),
        (SeekFrom::End(-4000), 4000),
        (SeekFrom::Start(6_000_000), 50_000),
    ] {
        let at = usize::try_from(reader.seek(from).unwrap()).unwrap();
        let mut piece = vec![0; length];
        reader.read_exact(&mut piece).unwrap();
        assert!(piece == bytes[at..at + length], "{from:?}");
    }
    assert!(proxy.bytes_back() < 600_000, "{}", proxy.bytes_back());
    assert!(reader.seek(SeekFrom::Current(-(1 << 40))).is_err());
    reader.seek(SeekFrom::Start(u64::MAX / 2)).unwrap();
    assert_eq!(reader.read(&mut start).unwrap(), 0);
}

#[test]
fn reading_goes_on_through_a_faulty_network() {
    let server = server();
    let bytes = content(6, 9 * MIB + 5);
    server.store(server.options()).put("a", &bytes).unwrap();
    let proxy = FaultyProxy::start(
        &server.endpoint,
        faulty_proxy::Options {
            seed: 3,
            share: 0.4,
            stall: Duration::from_millis(900),
            ..faulty_proxy::Options::default()
        },
    )
    .unwrap();
    let mut read = Vec::new();
    let store = server.store(server.through(&proxy));
    store.open("a").unwrap().read_to_end(&mut read).unwrap();
    assert!(read == bytes);
    assert!(proxy.counts().len() > 1);
}

#[test]
fn two_states_of_an_object_are_never_mixed() {
    let server = server();
    // Our own server alone lets an object change; in a bucket with the policy of this project none ever does.
    let Some(own) = &server.own else {
        let (status, _) = server.ask("GET", "", "");
        assert_eq!(status, 200);
        return;
    };
    own.plant("fleet/a", Bytes::from(vec![1; MIB]));
    let mut reader = server.store(server.options()).open("a").unwrap();
    own.plant("fleet/a", Bytes::from(vec![2; MIB]));
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("changed while it was read"),
        "{error}"
    );
}

//! The catalog over stores in temporary folders.
//!
//! Nothing here is read further than a header.

use super::*;
use crate::review::condition::{Condition, When};
use formats::asciicast::{Data, Header, Session};
use formats::derived::{Command, Kind};
use formats::manifest::Derived;
use formats::recording::{DerivedWriter, Options, Writer};
use std::fs;
use std::io::Read;
use std::time::Duration;

struct Bench {
    folder: tempfile::TempDir,
    catalog: Catalog,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| Store::at(folder.path().join(name).to_str().unwrap()).unwrap();
    let catalog = Catalog::new(at("store"), Some(at("spool")));
    Bench { folder, catalog }
}

fn session(id: &str, started_at: &str) -> Session {
    Session {
        session_id: id.into(),
        target: format!("i-{id}"),
        reason: Some(format!("Ticket of {id}")),
        operator: Some(format!("arn:aws:sts::1:assumed-role/Admin/{id}")),
        started_at: Some(started_at.into()),
        ..Session::default()
    }
}

fn recording(session: &Session) -> (Vec<u8>, Manifest) {
    let header = Header {
        ssm: Some(session.clone()),
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &header, Options::default()).unwrap();
    let output = Data::Output("hello".into());
    writer.event(Duration::from_secs(1), &output).unwrap();
    writer
        .finish(Manifest::of_session(session), |_| None)
        .unwrap()
}

impl Bench {
    fn store(&self, id: &str, started_at: &str) {
        self.store_with(id, started_at, None);
    }

    fn store_with(&self, id: &str, started_at: &str, derived: Option<Derived>) {
        let (bytes, manifest) = recording(&session(id, started_at));
        let manifest = Manifest {
            derived,
            ..manifest
        };
        let place = Place::of(&manifest).unwrap();
        self.catalog.store.put(&place.recording(), &bytes).unwrap();
        self.catalog
            .store
            .put(&place.manifest(), &manifest.encode())
            .unwrap();
    }

    fn spool(&self, id: &str, started_at: &str) {
        let (mut bytes, _) = recording(&session(id, started_at));
        bytes.truncate(bytes.len() / 2);
        let spool = self.folder.path().join("spool");
        fs::create_dir_all(&spool).unwrap();
        fs::write(spool.join(format!("{id}.cast.zst")), bytes).unwrap();
    }

    fn list(&self, filter: &Filter, limit: usize) -> Vec<String> {
        let listing = self.catalog.list(filter, limit).unwrap();
        assert!(listing.problems.is_empty(), "{:?}", listing.problems);
        let ids = listing.entries.into_iter();
        ids.map(|entry| entry.manifest.session_id).collect()
    }
}

fn asking(text: &str) -> Filter {
    let condition = Condition::parse(text, &|when| match when {
        When::At(moment) => Some(moment),
        _ => None,
    });
    Filter {
        condition: condition.unwrap(),
        ..Filter::default()
    }
}

#[test]
fn recordings_are_listed_newest_first() {
    let bench = bench();
    assert_eq!(bench.list(&Filter::default(), 10), Vec::<String>::new());
    bench.store("me-1", "2026-11-22T10:00:00.5Z");
    bench.store("me-3", "2026-11-23T10:00:00Z");
    bench.store("me-2", "2026-11-23T09:00:00Z");
    bench.store("me-0", "2025-01-01T00:00:00Z");
    bench.spool("me-4", "2026-11-22T23:00:00Z");
    assert_eq!(
        bench.list(&Filter::default(), 10),
        ["me-3", "me-2", "me-4", "me-1", "me-0"]
    );
    assert_eq!(bench.list(&Filter::default(), 2), ["me-3", "me-2"]);
    assert_eq!(bench.list(&Filter::default(), 3), ["me-3", "me-2", "me-4"]);
}

#[test]
fn filters_match_in_part_and_in_any_case() {
    let bench = bench();
    bench.store("alice-1", "2026-11-22T10:00:00Z");
    bench.store("bob-1", "2026-11-23T10:00:00Z");
    for (text, expected) in [
        ("target ~ I-ALICE", "alice-1"),
        ("reason ~ \"of bob\"", "bob-1"),
        ("operator ~ admin/bob", "bob-1"),
        ("started >= 2026-11-22T10:00:01Z", "bob-1"),
        ("started < 2026-11-23T10:00:00Z", "alice-1"),
    ] {
        let filter = asking(text);
        assert_eq!(bench.list(&filter, 10), [expected], "{filter:?}");
    }
}

#[test]
fn a_session_is_found_by_its_id_or_a_beginning_that_only_it_has() {
    let bench = bench();
    bench.store("me-12", "2026-11-22T10:00:00Z");
    bench.store("me-123", "2026-11-22T11:00:00Z");
    bench.spool("you-1", "2026-11-22T12:00:00Z");
    for (name, expected, state) in [
        ("me-12", "me-12", State::Stored),
        ("me-123", "me-123", State::Stored),
        ("you", "you-1", State::InSpool),
    ] {
        let found = bench.catalog.find(name).unwrap();
        assert_eq!(
            (found.session_id.as_str(), found.state()),
            (expected, Some(state))
        );
        let mut magic = [0; 4];
        let mut bytes = bench.catalog.open(&found).unwrap().unwrap();
        bytes.read_exact(&mut magic).unwrap();
        assert_eq!(magic, 0xFD2F_B528_u32.to_le_bytes());
        let beside = bench.catalog.beside(&found).unwrap();
        assert_eq!(beside.manifest.is_some(), state == State::Stored);
    }
    let error = bench.catalog.find("me-").unwrap_err();
    assert_eq!(error.to_string(), "\"me-\" could be me-12, me-123");
    assert!(matches!(
        bench.catalog.find("nobody"),
        Err(Error::Unchosen(Unchosen::None { .. }))
    ));
}

#[test]
fn a_recording_that_is_stored_and_still_in_the_spool_is_one() {
    let bench = bench();
    bench.store("me-1", "2026-11-22T10:00:00Z");
    bench.spool("me-1", "2026-11-22T10:00:00Z");
    assert_eq!(bench.list(&Filter::default(), 10), ["me-1"]);
    assert_eq!(
        bench.catalog.find("me").unwrap().state(),
        Some(State::Stored)
    );
}

#[test]
fn a_recording_without_manifest_is_listed_and_found() {
    let bench = bench();
    let (bytes, manifest) = recording(&session("me-1", "2026-11-22T10:00:00Z"));
    let key = Place::of(&manifest).unwrap().recording();
    bench.catalog.store.put(&key, &bytes).unwrap();
    let listing = bench.catalog.list(&Filter::default(), 10).unwrap();
    assert_eq!(listing.entries[0].state, State::WithoutManifest);
    assert_eq!(listing.entries[0].manifest.target, "i-me-1");
    let found = bench.catalog.find("me-1").unwrap();
    assert_eq!(found.state(), Some(State::WithoutManifest));
}

#[test]
fn what_does_not_read_is_told_of_and_hides_nothing() {
    let bench = bench();
    bench.store("me-1", "2026-11-22T10:00:00Z");
    let day = "manifests/year=2026/month=11/day=22";
    bench
        .catalog
        .store
        .put(&format!("{day}/bad.json"), b"{")
        .unwrap();
    bench
        .catalog
        .store
        .put(&format!("{day}/me-1.json.sig"), b"signature")
        .unwrap();
    let spool = bench.folder.path().join("spool");
    fs::create_dir_all(&spool).unwrap();
    fs::write(spool.join("empty.cast.zst"), b"").unwrap();
    let listing = bench.catalog.list(&Filter::default(), 10).unwrap();
    assert_eq!(listing.entries.len(), 1);
    assert_eq!(listing.problems.len(), 2);
}

#[test]
fn an_id_from_outside_cannot_lead_out_of_the_store() {
    let bench = bench();
    let id = "../../etc/x y\x1b[2J";
    bench.store(id, "2026-11-22T10:00:00Z");
    assert_eq!(bench.list(&Filter::default(), 10), [id]);
    assert_eq!(bench.catalog.find(id).unwrap().session_id, id);
    assert_eq!(bench.catalog.find("../..").unwrap().session_id, id);
}

#[test]
fn an_id_that_had_to_be_shortened_is_found_by_its_beginning() {
    let bench = bench();
    let id = "x".repeat(300);
    bench.store(&id, "2026-11-22T10:00:00Z");
    assert_eq!(bench.list(&Filter::default(), 10), [id]);
    assert_eq!(
        bench.catalog.find("xxx").unwrap().state(),
        Some(State::Stored)
    );
}

#[test]
fn names_are_files_or_sessions() {
    for (text, expected) in [
        ("-", Name::Stdin),
        ("a.cast", Name::Path("a.cast".into())),
        ("./me-1", Name::Path("./me-1".into())),
        ("a.cast.zst", Name::Path("a.cast.zst".into())),
        ("me-0a1b", Name::Session("me-0a1b".into())),
    ] {
        assert_eq!(Name::of(text), expected);
    }
}

/// Stores a session and what was run in it.
fn store_commands(bench: &Bench, id: &str, started_at: &str, texts: &[&str]) {
    let manifest = Manifest::of_session(&session(id, started_at));
    let mut writer = DerivedWriter::new(Vec::new(), id, None).unwrap();
    for text in texts {
        let text = (*text).to_owned();
        let command = Command {
            text,
            ..Command::default()
        };
        writer.line(&command).unwrap();
    }
    let (bytes, object) = writer.finish().unwrap();
    let key = Place::of(&manifest).unwrap().derived(Kind::Commands);
    bench.catalog.store.put(&key, &bytes).unwrap();
    let derived = Derived {
        commands: object,
        ..Derived::default()
    };
    bench.store_with(id, started_at, Some(derived));
}

#[test]
fn commands_are_fetched_for_the_sessions_alone_that_nothing_else_decides() {
    let bench = bench();
    let day = "2026-11-22T10:00:00Z";
    bench.store("me-3", day);
    store_commands(&bench, "me-1", day, &["ls", "sudo rm -rf /srv"]);
    store_commands(&bench, "me-2", day, &[]);
    store_commands(&bench, "you-1", day, &["rm -rf /tmp/x"]);
    for (text, expected, unknown, objects) in [
        ("target ~ i-you and command ~ rm", &["you-1"][..], 0, 1),
        ("command ~ \"rm -rf\"", &["me-1", "you-1"], 1, 4),
        ("command = ls or target ~ me-3", &["me-1", "me-3"], 0, 3),
        ("not command ~ rm", &["me-2"], 1, 4),
        ("target ~ nobody and command ~ rm", &[], 0, 0),
    ] {
        let before = bench.catalog.traffic().requests;
        let listing = bench.catalog.list(&asking(text), 10).unwrap();
        let ids = listing.entries.iter();
        let ids: Vec<&str> = ids.map(|entry| &*entry.manifest.session_id).collect();
        assert_eq!((&ids[..], listing.unknown), (expected, unknown), "{text}");
        // One of them has none: nothing is opened.
        let opened = bench.catalog.traffic().requests - before - 4;
        let there = objects - u64::try_from(unknown).unwrap();
        assert_eq!(opened, there, "{text}");
        let items = bench.catalog.inventory(&asking(text)).unwrap();
        let items: Vec<String> = items.into_iter().map(|item| item.session_id).collect();
        assert_eq!(items, expected, "{text}");
    }
}

#[test]
fn commands_that_no_manifest_vouches_for_tell_nothing() {
    let bench = bench();
    let day = "2026-11-22T10:00:00Z";
    store_commands(&bench, "me-1", day, &["ls"]);
    store_commands(&bench, "me-2", day, &["rm -rf /"]);
    let folder = bench.folder.path().join("store");
    let key = |id| {
        let manifest = Manifest::of_session(&session(id, day));
        let place = Place::of(&manifest).unwrap();
        folder.join(place.derived(Kind::Commands))
    };
    fs::copy(key("me-1"), key("me-2")).unwrap();
    let listing = bench.catalog.list(&asking("not command ~ rm"), 9).unwrap();
    let ids = listing.entries.iter();
    let ids: Vec<&str> = ids.map(|entry| &*entry.manifest.session_id).collect();
    assert_eq!((&ids[..], listing.unknown), (&["me-1"][..], 1));
}

#[test]
fn only_a_good_signature_is_somebodys() {
    let bench = bench();
    let golden = |name: &str| {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/formats/tests/golden/signature"
        );
        fs::read(format!("{folder}/{name}")).unwrap()
    };
    let put = |key: &str, bytes: &[u8]| bench.catalog.store.put(key, bytes).unwrap();
    put("manifests/golden-1.json", &golden("manifest.json"));
    put("manifests/golden-1.json.sig", &golden("ed25519.sig"));
    put(
        "manifests/other-1.json",
        br#"{"format":1,"session_id":"other-1"}"#,
    );
    put("manifests/other-1.json.sig", &golden("ed25519.sig"));
    put(
        "manifests/none-1.json",
        br#"{"format":1,"session_id":"none-1"}"#,
    );
    let allowed = String::from_utf8(golden("allowed_signers")).unwrap();
    let allowed = AllowedSigners::parse(&allowed, &|_| None).unwrap();
    let knowing = bench.catalog.clone().knowing(Some(allowed));
    for (text, catalog, expected) in [
        ("signed-by ~ sha256", &bench.catalog, &["golden-1"][..]),
        ("signed-by = ed25519@example.com", &bench.catalog, &[]),
        ("signed-by = ed25519@example.com", &knowing, &["golden-1"]),
        ("not signed-by ~ \"\"", &knowing, &["none-1", "other-1"]),
    ] {
        let listing = catalog.list(&asking(text), 10).unwrap();
        let ids = listing.entries.iter();
        let ids: Vec<&str> = ids.map(|entry| &*entry.manifest.session_id).collect();
        assert_eq!((&ids[..], listing.unknown), (expected, 0), "{text}");
    }
}

#[test]
fn a_manifest_by_itself_is_that_of_a_stored_recording_unless_it_was_made_of_a_header() {
    let (_, closed) = recording(&session("me-1", "2026-11-22T10:00:00Z"));
    let header = Manifest::of_session(&session("me-1", "2026-11-22T10:00:00Z"));
    for (text, of_closed, of_header) in [
        ("target ~ me", true, true),
        ("state = stored and duration = 1s", true, false),
        ("not state = stored", false, false),
        ("command ~ x", false, false),
    ] {
        let filter = asking(text);
        let told = (filter.lets_through(&closed), filter.lets_through(&header));
        assert_eq!(told, (of_closed, of_header), "{text}");
    }
}

#[test]
fn no_key_of_a_day_is_listed_twice_or_left_out() {
    let bench = bench();
    for day in 10..20 {
        bench.store(&format!("me-{day}"), &format!("2026-11-{day}T10:00:00Z"));
    }
    let at = |day: u32, hour: u32| format!("2026-11-{day}T{hour:02}:00:00Z");
    let between = |from: String, to: String| format!("(started >= {from} and started < {to})");
    for (text, expected) in [
        // Two windows of one day, of two days side by side, and with a day between.
        (
            [
                between(at(12, 1), at(12, 11)),
                between(at(12, 12), at(12, 13)),
            ],
            &["me-12"][..],
        ),
        (
            [
                between(at(12, 1), at(12, 11)),
                between(at(13, 9), at(14, 0)),
            ],
            &["me-13", "me-12"],
        ),
        (
            [
                between(at(12, 1), at(12, 11)),
                between(at(14, 9), at(15, 11)),
            ],
            &["me-15", "me-14", "me-12"],
        ),
        (
            [
                between(at(12, 11), at(12, 12)),
                between(at(14, 11), at(15, 9)),
            ],
            &[],
        ),
    ] {
        let filter = asking(&text.join(" or "));
        assert_eq!(bench.list(&filter, 20), expected, "{text:?}");
        let before = bench.catalog.traffic().requests;
        bench.list(&filter, 20);
        let read = bench.catalog.traffic().requests - before;
        assert!(read <= 3, "{read}");
    }
}

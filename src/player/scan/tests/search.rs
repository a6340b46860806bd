//! Searches of whole recordings, by every way to their lines.
//!
//! Nothing here looks at a screen: `standing` does.

use super::*;
use formats::sealed::{KEY, Key, SALT};

/// What is found, and how many there are.
pub(super) async fn search(kept: Memory, pattern: &str) -> (Vec<Hit>, u64) {
    let scan = Scan::start(Arc::new(kept)).unwrap();
    let search = scan.search(Pattern::new(pattern).unwrap()).unwrap();
    loop {
        search.changed().await;
        let state = search.look(|hits| hits.state().clone());
        if let State::Done(ended) = state {
            assert_eq!(ended, Ended::Complete);
            return search.look(|hits| (hits.all().to_vec(), hits.count()));
        }
    }
}

fn numbers() -> Memory {
    let texts: Vec<String> = (0..3000)
        .map(|n| format!("{n} \"{}\"\r\n", n % 7))
        .collect();
    let outputs = (0..).step_by(10).zip(&texts);
    let outputs: Vec<(u64, &str)> = outputs.map(|(at, text)| (at, &**text)).collect();
    recorded(&outputs, Manifest::default())
}

#[tokio::test]
async fn the_same_is_found_in_stored_lines_and_in_those_derived_now() {
    for pattern in ["2999", "\"3\"", "^1.*", "nothing", "7"] {
        let kept = numbers();
        let stored = search(kept.clone(), pattern).await;
        for without in [
            Memory {
                lines: None,
                ..kept.clone()
            },
            Memory {
                is_stream: true,
                ..kept
            },
        ] {
            assert_eq!(search(without, pattern).await, stored, "{pattern}");
        }
        assert_eq!(stored.1, stored.0.len() as u64);
    }
}

#[tokio::test]
async fn lines_that_the_manifest_does_not_vouch_for_are_not_believed() {
    let kept = numbers();
    let altered = |change: fn(&mut Vec<u8>)| {
        let mut kept = kept.clone();
        kept.lines.as_mut().map(change);
        kept
    };
    let other = recorded(&[(0, "2999\r\n2999\r\n")], Manifest::default());
    let right = search(kept.clone(), "2999").await;
    assert_eq!(right.1, 1);
    for kept in [
        Memory {
            lines: other.lines,
            ..kept.clone()
        },
        altered(|lines| lines.truncate(lines.len() / 2)),
        altered(|lines| lines.push(0)),
        altered(|lines| lines[20] ^= 1),
        altered(Vec::clear),
    ] {
        assert_eq!(search(kept, "2999").await, right);
    }
}

#[tokio::test]
async fn a_recording_that_cannot_be_read_ends_the_search() {
    let kept = Memory {
        recording: Arc::new(b"nonsense".to_vec()),
        ..Memory::default()
    };
    let scan = Scan::start(Arc::new(kept)).unwrap();
    let search = scan.search(Pattern::new("a").unwrap()).unwrap();
    search.changed().await;
    while search.look(|hits| *hits.state() == State::Searching) {
        search.changed().await;
    }
    search.look(|hits| {
        assert!(matches!(hits.state(), State::Done(Ended::Damaged(cause)) if cause.contains("not a recording")));
    });
}

#[tokio::test]
async fn lines_are_kept_for_the_next_search_but_of_what_only_some_may_read() {
    let outputs: [(u64, &str); 2] = [(0, "one\r\n"), (9, "two\r\n")];
    let plain = Arc::new(written(&outputs, Manifest::default()));
    let key = Key::new([7; KEY]);
    let seal = Seal {
        key: key.clone(),
        salt: [1; SALT],
        wrapped: b"age-encryption.org/v1\n".to_vec(),
        recipients: vec!["age1reader".to_owned()],
    };
    let mut writer = Writer::sealed(Vec::new(), &header(), Options::default(), seal).unwrap();
    for (at, text) in outputs {
        writer.output(Duration::from_millis(at), text).unwrap();
    }
    let sealed = Arc::new(Memory {
        recording: Arc::new(writer.finish(Manifest::default(), |_| None).unwrap().0),
        key: Some(key),
        ..Memory::default()
    });
    for (opener, is_kept) in [(plain, true), (sealed, false)] {
        let scan = Scan::start(opener).unwrap();
        assert_eq!(scan.kept.read().is_some(), is_kept);
        for _ in 0..2 {
            let search = scan.search(Pattern::new("two").unwrap()).unwrap();
            while search.look(|hits| *hits.state() == State::Searching) {
                search.changed().await;
            }
            assert_eq!(search.look(Hits::count), 1);
        }
    }
}

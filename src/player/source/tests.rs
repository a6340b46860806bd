//! Recordings read ahead: from memory, through streams that end or fail.
//!
//! Nothing here is played.

use super::*;
use formats::sealed::NoKey;
use std::io::Cursor;

fn cast(events: usize) -> String {
    let mut text = String::from("{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n");
    for n in 1..=events {
        text.push_str(&format!("[1.0, \"o\", \"{n} \"]\n"));
    }
    text
}

async fn read_all(source: &mut Source) -> (Vec<Duration>, Ended) {
    let mut times = Vec::new();
    loop {
        for item in source.next().await {
            match item {
                Item::Event(numbered) => times.push(numbered.event.at),
                Item::Screen { .. } | Item::UpToDate => {}
                Item::End(ended) => return (times, ended),
            }
        }
    }
}

fn start(input: Input) -> Source {
    Source::start(Recording::open(input, Arc::new(NoKey)).unwrap()).unwrap()
}

fn first_again() -> Reposition {
    Reposition {
        after: None,
        to: Duration::ZERO,
    }
}

#[tokio::test]
async fn a_recording_is_read_to_its_end_and_again() {
    let text = cast(10_000);
    for input in [
        Input::Seekable(Box::new(Cursor::new(text.clone().into_bytes()))),
        Input::Stream(Box::new(Cursor::new(text.clone().into_bytes()))),
    ] {
        let mut source = start(input);
        let (times, ended) = read_all(&mut source).await;
        assert_eq!(times.len(), 10_000);
        assert_eq!(ended, Ended::Complete);
        source.reposition(first_again());
        let (again, _) = read_all(&mut source).await;
        assert!(again == times);
    }
}

#[tokio::test]
async fn going_elsewhere_drops_what_was_read_ahead() {
    let mut source = start(Input::Stream(Box::new(Cursor::new(
        cast(100_000).into_bytes(),
    ))));
    let seen = source.next().await;
    assert!(
        matches!(&seen[0], Item::Event(numbered) if numbered.event.at == Duration::from_secs(1))
    );
    source.reposition(first_again());
    let (times, _) = read_all(&mut source).await;
    assert_eq!(times.len(), 100_000);
}

#[tokio::test]
async fn a_cut_and_a_damaged_line_end_the_recording() {
    let mut text = cast(3);
    text.truncate(text.len() - 5);
    let (times, ended) = read_all(&mut start(Input::Seekable(Box::new(Cursor::new(text))))).await;
    assert_eq!((times.len(), ended), (2, Ended::CutShort));
    let text = format!("{}[nonsense]\n{}", cast(2), "[1.0, \"o\", \"a\"]\n");
    let (times, ended) = read_all(&mut start(Input::Seekable(Box::new(Cursor::new(text))))).await;
    assert_eq!(times.len(), 2);
    assert!(matches!(ended, Ended::Damaged(cause) if cause.starts_with("line 4")));
}

#[tokio::test]
async fn reading_ahead_stops_at_a_limit() {
    let mut source = start(Input::Seekable(Box::new(Cursor::new(cast(1_000_000)))));
    tokio::task::yield_now().await;
    loop {
        let bytes = source.queue.lock().bytes;
        if bytes >= AHEAD {
            break;
        }
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(5));
    assert!(source.queue.lock().bytes < AHEAD + EVENT_COST + 16);
    assert!(!source.next().await.is_empty());
}

/// A file that is there up to a point, and then the network is not.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 {
            return Err(io::Error::other("no answer"));
        }
        let room = usize::try_from(self.1 - self.0.position()).unwrap();
        let length = buffer.len().min(room);
        self.0.read(&mut buffer[..length])
    }
}

#[tokio::test]
async fn a_source_that_fails_is_neither_the_end_nor_damage() {
    let text = cast(10);
    let at = text.len() as u64 - 20;
    let mut source = start(Input::Stream(Box::new(Failing(
        Cursor::new(text.into_bytes()),
        at,
    ))));
    let (times, ended) = read_all(&mut source).await;
    assert_eq!((times.len(), ended), (8, Ended::Unread("no answer".into())));
}

#[test]
fn what_is_no_recording_is_refused() {
    for (text, expected) in [
        ("", "empty"),
        ("hello", "not a recording"),
        ("{\"version\":9}\n", "version 9"),
        (
            "{\"version\":3,\"term\":{\"cols\":1000000000,\"rows\":24}}\n",
            "beyond the limit",
        ),
    ] {
        for input in [
            Input::Seekable(Box::new(Cursor::new(text))),
            Input::Stream(Box::new(text.as_bytes())),
        ] {
            let error = Recording::open(input, Arc::new(NoKey))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}

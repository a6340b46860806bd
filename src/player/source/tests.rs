//! Recordings read ahead: from memory, through streams that end or fail.
//!
//! Nothing here is played.

use super::*;
use formats::asciicast::Data;
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
async fn a_long_event_is_read_ahead_in_parts_and_counts_as_one() {
    let text = |n: usize| format!("{n}{}", "é".repeat(AHEAD));
    let mut cast = cast(1);
    for n in 0..3 {
        cast.push_str(&format!("[1.0, \"o\", \"{}\"]\n", text(n)));
    }
    let mut source = start(Input::Seekable(Box::new(Cursor::new(cast.into_bytes()))));
    let mut found = vec![String::new(); 4];
    'reading: loop {
        let items = source.next().await;
        let ahead: usize = items.iter().map(cost).sum();
        assert!(ahead <= 2 * AHEAD, "{ahead}");
        for item in items {
            match item {
                Item::Event(Numbered { number, event }) => match event.data {
                    Data::Output(part) => found[usize::try_from(number).unwrap()] += &part,
                    other => panic!("{other:?}"),
                },
                Item::End(ended) => {
                    assert_eq!(ended, Ended::Complete);
                    break 'reading;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(found[1..] == [text(0), text(1), text(2)]);
}

#[test]
fn a_handshake_is_not_looked_for_behind_any_number_of_empty_lines() {
    let mut text = cast(1).replace('}', ",\"ssm\":{\"session_id\":\"a\",\"target\":\"b\"}}");
    let header = text.find('\n').unwrap() + 1;
    text.insert_str(header, &"\n".repeat(1000));
    let mut lines = Seekable::open(Box::new(Cursor::new(text.into_bytes())) as Box<dyn ReadSeek>)
        .map(asciicast::Reader::open)
        .unwrap()
        .unwrap();
    for _ in 0..40 {
        assert_eq!(lines.next_event_within(1).unwrap(), None);
    }
    assert!(lines.next_event_within(1000).unwrap().is_some());
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

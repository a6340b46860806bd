//! A terminal's keys and screen: order, limits, and nothing left behind.
//!
//! Nothing here outlives its folder.

use std::io::{self, Write};
use std::sync::mpsc as channel;
use std::time::Duration;

use bytes::Bytes;

use super::screen::QUEUE;
use super::*;

/// A sink that blocks until it is let go, and tells what it got.
struct Held {
    permits: channel::Receiver<()>,
    written: channel::Sender<Vec<u8>>,
}

impl Write for Held {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.permits.recv().is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let _ = self.written.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn held() -> (Held, channel::Sender<()>, channel::Receiver<Vec<u8>>) {
    let (permit, permits) = channel::channel();
    let (written, seen) = channel::channel();
    (Held { permits, written }, permit, seen)
}

#[tokio::test]
async fn a_slow_terminal_holds_the_writer_back_only_when_the_queue_is_full() {
    let (sink, permit, seen) = held();
    let mut screen = Screen::onto(sink).unwrap();
    screen.write(Bytes::from_static(b"first")).unwrap();
    screen.room().await;
    screen.write(Bytes::from(vec![b'x'; QUEUE])).unwrap();
    let full = tokio::time::timeout(Duration::from_millis(20), screen.room()).await;
    assert!(full.is_err(), "the queue is full");
    permit.send(()).unwrap();
    permit.send(()).unwrap();
    screen.room().await;
    screen.drain().await.unwrap();
    let all: Vec<u8> = seen.try_iter().flatten().collect();
    assert_eq!(all.len(), QUEUE + 5);
    assert!(all.starts_with(b"firstx"));
}

#[tokio::test]
async fn small_pieces_are_written_together_and_in_order() {
    let (sink, permit, seen) = held();
    let mut screen = Screen::onto(sink).unwrap();
    let mut expected = Vec::new();
    for number in 0..1000 {
        let piece = format!("{number} ");
        expected.extend_from_slice(piece.as_bytes());
        screen.write(Bytes::from(piece)).unwrap();
    }
    for _ in 0..1000 {
        permit.send(()).unwrap();
    }
    screen.drain().await.unwrap();
    let writes: Vec<Vec<u8>> = seen.try_iter().collect();
    assert!(writes.len() < 1000, "{} writes", writes.len());
    assert_eq!(writes.concat(), expected);
}

#[tokio::test]
async fn a_screen_that_went_away_is_an_error_and_no_hang() {
    let (sink, permit, _seen) = held();
    let mut screen = Screen::onto(sink).unwrap();
    screen.write(Bytes::from_static(b"lost")).unwrap();
    drop(permit);
    let error = screen.drain().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    screen.room().await;
    assert!(screen.write(Bytes::from_static(b"more")).is_err());
}

#[test]
fn only_signals_that_end_a_process_have_a_number() {
    assert_eq!(Signal::Terminate.number(), Some(15));
    assert_eq!(Signal::HangUp.number(), Some(1));
    assert_eq!(Signal::Quit.number(), Some(3));
    assert_eq!(Signal::Resized.number(), None);
}

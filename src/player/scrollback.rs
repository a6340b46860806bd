//! The rows that a terminal would have kept by some moment: read once more, on a thread of its own.
//!
//! Nothing here waits for the playback, and what is read is bounded: only the last of it would still be there.

use std::time::Duration;

use formats::asciicast::{self, Data, LineFeeds};
use formats::lines::LineSource;
use formats::recording::{self, Seekable};

use super::scan::Opener;
use super::source::line_feeds;
use super::{Error, Input};
use crate::screen::Emulator;

/// So many rows are kept.
const ROWS: usize = 10_000;
/// So many frames of a recording are read for them: some 4 MiB of text.
const FRAMES: usize = 16;

/// The rows that had left the screen by the events at a time, and those that stood on it. `next` is the number of the first
/// event behind them.
pub(super) fn read(opener: &dyn Opener, at: Duration, next: u64) -> Result<Vec<String>, Error> {
    let unlock = opener.unlock();
    match opener.recording()? {
        Input::Seekable(source) => {
            let lines = Seekable::open_with(source, unlock)?;
            let mut reader = asciicast::Reader::open(lines)?;
            let line_feeds = line_feeds(&mut reader)?;
            let frame = usize::try_from(next >> 32).unwrap_or_default();
            let point = match frame.saturating_sub(FRAMES) {
                0 => None,
                begun => reader.seek_frame(begun)?,
            };
            let size = reader.header().term.size();
            let mut terminal = Emulator::with_scrollback(size, ROWS);
            if let Some(screen) = point.and_then(|point| point.snapshot) {
                terminal.feed(&screen.text);
            }
            rows(reader, terminal, line_feeds, at)
        }
        Input::Stream(source) => {
            let lines = recording::Reader::open_with(source, unlock)?;
            let reader = asciicast::Reader::open(lines)?;
            let line_feeds = LineFeeds::of(reader.header());
            let size = reader.header().term.size();
            rows(
                reader,
                Emulator::with_scrollback(size, ROWS),
                line_feeds,
                at,
            )
        }
        Input::Live(_) => Ok(Vec::new()),
    }
}

fn rows<L: LineSource>(
    mut reader: asciicast::Reader<L>,
    mut terminal: Emulator,
    mut line_feeds: LineFeeds,
    at: Duration,
) -> Result<Vec<String>, Error> {
    while let Some(event) = reader.next_event()? {
        if event.at > at {
            break;
        }
        match &event.data {
            Data::Output(text) => terminal.feed(&line_feeds.shown(text)),
            Data::Resize(size) => terminal.resize(*size),
            Data::Message(message) => line_feeds.message(message),
            _ => {}
        }
    }
    let mut rows: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in terminal.primary_screen().all_lines() {
        let text = line.text();
        match rows.last_mut().filter(|_| goes_on) {
            Some(row) => row.push_str(&text),
            None => rows.push(text),
        }
        goes_on = line.is_wrapped();
    }
    for row in &mut rows {
        row.truncate(row.trim_end().len());
    }
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use formats::derived::Kind;
    use formats::sealed::{NoKey, Unlock};

    use super::*;

    struct Text(String);

    impl Opener for Text {
        fn recording(&self) -> std::io::Result<Input> {
            let bytes = self.0.clone().into_bytes();
            Ok(Input::Seekable(Box::new(Cursor::new(bytes))))
        }

        fn derived(&self, _: Kind) -> std::io::Result<Option<Box<dyn Read + Send>>> {
            Ok(None)
        }

        fn unlock(&self) -> &dyn Unlock {
            &NoKey
        }
    }

    fn rows_at(seconds: u64) -> Vec<String> {
        let text = concat!(
            r#"{"version":2,"width":10,"height":3}"#,
            "\n",
            r#"[1.0,"o","one\r\ntwo\r\n"]"#,
            "\n",
            r#"[2.0,"o","1234567890abc\r\n"]"#,
            "\n",
            r#"[3.0,"o","\u001b[?1049hother"]"#,
            "\n",
            r#"[4.0,"o","\u001b[?1049l\r\n\r\n\r\nlate"]"#,
            "\n",
        );
        read(&Text(text.into()), Duration::from_secs(seconds), 0).unwrap()
    }

    #[test]
    fn rows_that_left_and_that_stand_there_are_told_and_none_of_later() {
        assert_eq!(rows_at(1), ["one", "two"]);
        let wrapped = ["one", "two", "1234567890abc"];
        assert_eq!(rows_at(2), wrapped);
        assert_eq!(rows_at(3), wrapped, "of the main screen");
        assert_eq!(rows_at(4).last().unwrap(), "late");
    }
}

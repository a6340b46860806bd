//! The rows that a terminal would have kept by some moment: read once more, on a thread of its own.
//!
//! Nothing here waits for the playback, and what is read is bounded: only the last of it would still be there.

use std::time::Duration;

use formats::asciicast::{self, Data, LineFeeds};
use formats::lines::LineSource;
use formats::recording::{self, Seekable};

use super::scan::Opener;
use super::source::{BESIDE, line_feeds, parts};
use super::{Error, Input};
use crate::screen::{Emulator, Size};

/// So many rows are kept, and fewer of a screen so wide that they would be more than so many cells: some 48 MB.
const ROWS: usize = 10_000;
const CELLS: usize = 3_000_000;
/// So many frames of a recording are read for them: some 4 MiB of text.
const FRAMES: usize = 16;

/// The rows that had left the screen by the events at a time, and those that stood on it. `next` is the number of the first
/// event behind them.
pub(super) fn read(opener: &dyn Opener, at: Duration, next: u64) -> Result<Vec<String>, Error> {
    let unlock = opener.unlock();
    match opener.recording()? {
        Input::Seekable(source) => {
            let mut lines = Seekable::open_with(source, unlock)?;
            lines.take_turns(&BESIDE);
            let mut reader = asciicast::Reader::open(lines)?.without_long_payloads();
            let line_feeds = line_feeds(&mut reader)?;
            let frame = usize::try_from(next >> 32).unwrap_or_default();
            let point = match frame.saturating_sub(FRAMES) {
                0 => None,
                begun => reader.seek_frame(begun)?,
            };
            let size = reader.header().term.size();
            let mut terminal = kept(size);
            if let Some(screen) = point.and_then(|point| point.snapshot) {
                terminal.feed(&screen.text);
            }
            rows(reader, terminal, line_feeds, at)
        }
        Input::Stream(source) => {
            let mut lines = recording::Reader::open_with(source, unlock)?;
            lines.take_turns(&BESIDE);
            let reader = asciicast::Reader::open(lines)?.without_long_payloads();
            let line_feeds = LineFeeds::of(reader.header());
            let size = reader.header().term.size();
            rows(reader, kept(size), line_feeds, at)
        }
        Input::Live(_) => Ok(Vec::new()),
    }
}

fn kept(size: Size) -> Emulator {
    Emulator::with_scrollback(size, rows_of(size))
}

/// How many rows are kept of a screen.
fn rows_of(size: Size) -> usize {
    ROWS.min(CELLS / usize::from(size.cols).max(1))
}

fn rows<L: LineSource>(
    mut reader: asciicast::Reader<L>,
    mut terminal: Emulator,
    mut line_feeds: LineFeeds,
    at: Duration,
) -> Result<Vec<String>, Error> {
    let mut most = rows_of(terminal.extent());
    while let Some(event) = reader.next_event()? {
        if event.at > at {
            break;
        }
        match &event.data {
            Data::Output(text) => {
                for part in parts(text) {
                    terminal.feed(&line_feeds.shown(part));
                }
            }
            Data::Resize(size) => {
                if rows_of(*size) < most {
                    most = rows_of(*size);
                    // It must not keep more rows than there is room for; those that left before are gone.
                    let mut narrow = Emulator::with_scrollback(terminal.extent(), most);
                    narrow.feed(&terminal.dump());
                    terminal = narrow;
                }
                terminal.resize(*size);
            }
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

    /// How many rows are there of a screen that is first so wide and then so wide.
    fn rows_of_many(cols: u16, then: u16) -> usize {
        // Of wide ones no more than an emulator has credit for.
        let times = if then > 1000 { 40 } else { 120 };
        let text = format!(
            "{{\"version\":2,\"width\":{cols},\"height\":3}}\n[1,\"r\",\"{then}x3\"]\n{}",
            format!("[2,\"o\",\"{}\"]\n", "x\\r\\n".repeat(100)).repeat(times)
        );
        read(&Text(text), Duration::from_secs(9), 0).unwrap().len()
    }

    #[test]
    fn of_a_wide_screen_fewer_rows_are_kept() {
        let screen = 2;
        assert_eq!(rows_of_many(80, 80), ROWS + screen);
        assert_eq!(rows_of_many(300, 300), ROWS + screen);
        assert_eq!(rows_of_many(10_000, 10_000), CELLS / 10_000 + screen);
        assert_eq!(rows_of_many(80, 10_000), CELLS / 10_000 + screen);
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

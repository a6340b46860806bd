//! How a recording looks at its end: its own last picture, and what came after that.
//!
//! Nothing is waited for by whoever picks: this is read on a thread of its own, up to a bound, and given up when nobody wants to
//! know any more.

use std::io;
use std::time::Duration;

use formats::asciicast::{self, Data, LineFeeds};
use formats::lines::LineSource;
use formats::payload::Size;
use formats::recording::{self, Seekable};
use formats::sealed::Unlock;

use super::source::line_feeds;
use super::{Error, Input};
use crate::screen::Emulator;
use crate::screen::grid::{Grid, Style};

/// More text than this is not gone through; a recorder makes a picture far more often.
const TEXT: usize = 32 << 20;
/// No window shows more of it.
const ROWS: usize = 200;
const COLS: usize = 400;

/// What stands on the screen at the end. `None`: it is not wanted any more.
pub(super) fn last_screen(
    input: Input,
    unlock: &dyn Unlock,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Option<Grid>, Error> {
    match input {
        Input::Seekable(source) => {
            let lines = Seekable::open_with(source, unlock)?;
            let mut reader = asciicast::Reader::open(lines)?;
            let mut size = reader.header().term.size();
            let line_feeds = line_feeds(&mut reader)?;
            let mut text = None;
            match reader.seek_screen(Duration::MAX)? {
                Some(point) => {
                    if let Some(screen) = point.snapshot {
                        size = Size {
                            cols: screen.cols,
                            rows: screen.rows,
                        };
                        text = Some(screen.text);
                    }
                }
                None => reader.rewind()?,
            }
            let mut terminal = Emulator::new(size);
            terminal.feed(text.as_deref().unwrap_or_default());
            to_the_end(reader, terminal, line_feeds, is_wanted)
        }
        Input::Stream(source) => {
            let lines = recording::Reader::open_with(source, unlock)?;
            let reader = asciicast::Reader::open(lines)?;
            let line_feeds = LineFeeds::of(reader.header());
            let terminal = Emulator::new(reader.header().term.size());
            to_the_end(reader, terminal, line_feeds, is_wanted)
        }
        Input::Live(_) => Ok(None),
    }
}

fn to_the_end<L: LineSource>(
    mut reader: asciicast::Reader<L>,
    mut terminal: Emulator,
    mut line_feeds: LineFeeds,
    is_wanted: &dyn Fn() -> bool,
) -> Result<Option<Grid>, Error> {
    let mut left = TEXT;
    loop {
        if !is_wanted() {
            return Ok(None);
        }
        let event = match reader.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) => match Error::from(error) {
                error if error.source_failure().is_some() => return Err(error),
                // What is damaged has a last screen all the same.
                _ => break,
            },
        };
        match &event.data {
            Data::Output(text) => {
                terminal.feed(&line_feeds.shown(text));
                left = left.saturating_sub(text.len());
            }
            Data::Resize(size) => terminal.resize(*size),
            Data::Message(message) => line_feeds.message(message),
            _ => {}
        }
        if left == 0 {
            let why = "too long to look at its end: it holds no pictures";
            return Err(io::Error::other(why).into());
        }
    }
    Ok(Some(grid(&terminal)))
}

/// The rows up to the last that has something.
fn grid(terminal: &Emulator) -> Grid {
    let screen = terminal.screen();
    let lines: Vec<_> = screen.visible_lines().collect();
    let is_filled = |line: &&avt::Line| !line.text().trim().is_empty();
    let rows = lines.iter().rposition(is_filled).map_or(0, |last| last + 1);
    let first = rows.saturating_sub(ROWS);
    let cols = terminal.size().0.min(COLS);
    let mut grid = Grid::new(cols, rows - first);
    for (row, line) in lines[first..rows].iter().enumerate() {
        for (col, cell) in line.cells().iter().take(cols).enumerate() {
            if cell.width() > 0 {
                let style = Style::from(cell.pen());
                grid.put(row, col, cell.char(), cell.width(), style);
            }
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::sealed::NoKey;

    fn shown(text: &str, is_wanted: bool) -> Option<Vec<String>> {
        let source = Box::new(std::io::Cursor::new(text.to_owned().into_bytes()));
        let grid = last_screen(Input::Seekable(source), &NoKey, &|| is_wanted).unwrap()?;
        let text = |row| {
            grid.row(row)
                .iter()
                .map(|cell| cell.char)
                .collect::<String>()
        };
        Some(
            (0..grid.rows())
                .map(|row| text(row).trim_end().to_owned())
                .collect(),
        )
    }

    #[test]
    fn what_is_too_long_is_told_so_and_no_screen_of_its_middle_is_shown() {
        let mut cast = String::from("{\"version\":3,\"term\":{\"cols\":20,\"rows\":5}}\n");
        let line = format!("[0.1, \"o\", \"{}\"]\n", "x".repeat(1 << 20));
        (0..=TEXT >> 20).for_each(|_| cast.push_str(&line));
        let source = Box::new(std::io::Cursor::new(cast.into_bytes()));
        let shown = last_screen(Input::Seekable(source), &NoKey, &|| true);
        assert!(shown.unwrap_err().to_string().contains("too long"));
    }

    #[test]
    fn the_last_screen_is_that_of_the_last_event_also_of_a_cut_recording() {
        let cast = "{\"version\":3,\"term\":{\"cols\":20,\"rows\":5}}\n\
                    [0.1, \"o\", \"first\"]\n\
                    [0.1, \"o\", \"\\u001b[H\\u001b[2Jlast\\r\\n\\u001b]0;title\\u0007row\"]\n\
                    [0.1, \"o\", \"cu";
        assert_eq!(shown(cast, true).unwrap(), ["last", "row"]);
        assert_eq!(shown(cast, false), None);
    }
}

//! A session that still runs, on the screen of somebody who joins late: first what it looks like now, then what follows.
//!
//! Nothing here knows where the events come from, reads a key, or waits; and nothing is passed on that the terminal would
//! answer, since its answer would be taken for typing.

use formats::asciicast::{Data, LineFeeds};
use formats::payload::Size;

use super::canvas::Canvas;
use super::driver::asks;

/// What a person who follows is shown.
pub struct Following {
    /// `None`: there is no terminal, and the output is passed on as it is.
    canvas: Option<Canvas>,
    line_feeds: LineFeeds,
    size: Size,
    /// What came before is on the screen.
    joined: bool,
    from_start: bool,
    /// The canvas shows what the terminal does not.
    behind: bool,
    /// What the terminal shows is a picture, and ends with this row.
    picture: Option<usize>,
    after_return: bool,
}

impl Following {
    /// A screen of this size at the start of the recording. `terminal`: somebody looks, and not a pipe. `from_start`:
    /// all output goes by, instead of the screen as it is now.
    #[must_use]
    pub fn new(size: Size, terminal: bool, from_start: bool) -> Self {
        Self {
            canvas: terminal.then(|| Canvas::beside_keys(size)),
            line_feeds: LineFeeds::default(),
            size,
            joined: from_start,
            from_start,
            behind: false,
            picture: None,
            after_return: false,
        }
    }

    /// What the header tells of the recording's line feeds.
    #[must_use]
    pub fn with_line_feeds(mut self, line_feeds: LineFeeds) -> Self {
        self.line_feeds = line_feeds;
        self
    }

    /// The size that the session's terminal has now.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The next event; gives what is to be written at once.
    pub fn event(&mut self, data: Data, window: Option<Size>) -> Option<String> {
        match data {
            Data::Output(text) => {
                let Some(canvas) = &mut self.canvas else {
                    return Some(text);
                };
                let text = self.line_feeds.shown(&text).into_owned();
                canvas.feed(&text);
                let fits = self.from_start || window.is_none_or(|window| window == self.size);
                if self.joined && fits && !self.behind && !asks(&text) {
                    return Some(self.for_terminal(&text));
                }
                self.behind = true;
                None
            }
            Data::Resize(size) => {
                self.size = size;
                if let Some(canvas) = &mut self.canvas {
                    canvas.resize(size);
                    self.behind |= self.joined && !self.from_start;
                }
                None
            }
            Data::Message(message) => {
                self.line_feeds.message(&message);
                None
            }
            _ => None,
        }
    }

    /// Everything that there is by now has come; gives what brings the terminal there.
    pub fn up_to_date(&mut self, window: Option<Size>) -> Option<String> {
        let canvas = self.canvas.as_ref()?;
        let due = !self.joined || self.behind;
        self.joined = true;
        self.behind = false;
        if !due {
            return None;
        }
        let smaller =
            window.filter(|window| window.cols < self.size.cols || window.rows < self.size.rows);
        Some(match smaller {
            Some(window) => {
                let (picture, last_row) = canvas.picture(window);
                self.picture = Some(last_row);
                picture
            }
            None => {
                self.picture = None;
                canvas.redraw(window)
            }
        })
    }

    /// What leaves the terminal as a shell wants to find it.
    #[must_use]
    pub fn closing(&self) -> Option<String> {
        let canvas = self.canvas.as_ref().filter(|_| self.joined)?;
        Some(match self.picture {
            Some(last_row) => Canvas::leave_picture(last_row),
            None => canvas.closing(),
        })
    }

    /// The terminal is not raw: it would send the cursor to the start of the line with every line feed, where the
    /// session's terminal only goes down. The index function does just that.
    fn for_terminal(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 16);
        for c in text.chars() {
            match c {
                '\n' if !self.after_return => out.push_str("\x1bD"),
                c => out.push(c),
            }
            self.after_return = c == '\r';
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { cols: 20, rows: 4 };

    fn output(following: &mut Following, text: &str) -> Option<String> {
        following.event(Data::Output(text.to_owned()), Some(SIZE))
    }

    #[test]
    fn who_joins_late_sees_the_screen_as_it_is_and_then_what_follows() {
        let mut following = Following::new(SIZE, true, false);
        assert_eq!(
            output(&mut following, "one\r\n\x1b[2Jgone\r\x1b[Ktwo"),
            None
        );
        let screen = following.up_to_date(Some(SIZE)).unwrap();
        assert!(
            screen.contains("two") && !screen.contains("gone"),
            "{screen:?}"
        );
        assert_eq!(
            output(&mut following, "\r\nthree\n").unwrap(),
            "\r\nthree\x1bD"
        );
        assert_eq!(following.up_to_date(Some(SIZE)), None);
        assert!(following.closing().is_some());
    }

    #[test]
    fn what_a_terminal_would_answer_is_drawn_and_not_passed_on() {
        let mut following = Following::new(SIZE, true, true);
        assert_eq!(output(&mut following, "a").unwrap(), "a");
        assert_eq!(output(&mut following, "b\x1b[6n"), None);
        assert_eq!(output(&mut following, "c"), None);
        let screen = following.up_to_date(Some(SIZE)).unwrap();
        assert!(
            screen.contains("abc") && !screen.contains("\x1b[6n"),
            "{screen:?}"
        );
        assert_eq!(output(&mut following, "d").unwrap(), "d");
    }

    #[test]
    fn another_size_is_drawn_as_far_as_it_fits() {
        let mut following = Following::new(SIZE, true, false);
        let window = Some(Size { cols: 5, rows: 2 });
        let shown = |following: &mut Following, text: &str| {
            assert_eq!(following.event(Data::Output(text.to_owned()), window), None);
            following.up_to_date(window).unwrap()
        };
        let screen = shown(&mut following, "abcdefgh");
        assert!(
            screen.contains("abcde") && !screen.contains("abcdef"),
            "{screen:?}"
        );
        assert!(shown(&mut following, "\r\nij").contains("ij"));
        // Where something happens is in sight, and the top is not.
        let screen = shown(&mut following, "\r\nkl\r\nmn");
        assert!(screen.contains("kl") && screen.contains("mn"), "{screen:?}");
        assert!(
            !screen.contains("abc") && screen.ends_with("\x1b[2;3H"),
            "{screen:?}"
        );
        assert!(following.closing().unwrap().ends_with("\x1b[2;1H\r\n"));
    }

    #[test]
    fn line_feeds_of_a_command_without_a_terminal_begin_lines() {
        let header = formats::asciicast::Header::default();
        let mut following =
            Following::new(SIZE, true, false).with_line_feeds(LineFeeds::of(&header));
        assert_eq!(output(&mut following, "one\ntwo\n"), None);
        let screen = following.up_to_date(Some(SIZE)).unwrap();
        assert!(
            screen.contains("\x1b[1;1H\x1b[0m\x1b[0mone\x1b[2;1H") && screen.contains("\x1b[3;1H"),
            "{screen:?}"
        );
        assert_eq!(output(&mut following, "three\n").unwrap(), "three\r\n");
    }

    #[test]
    fn without_a_terminal_the_output_is_passed_on_as_it_is() {
        let mut following = Following::new(SIZE, false, false);
        assert_eq!(output(&mut following, "a\n\x1b[6n").unwrap(), "a\n\x1b[6n");
        assert_eq!(following.up_to_date(None), None);
        assert_eq!(following.closing(), None);
    }
}

//! Pictures of the terminal for the recording, so that whoever seeks in it need not read all that came before.
//!
//! Nothing here reads a file or keeps a thread, and a picture of less than what was shown is none.

use formats::asciicast::{Data, Event, Header, LineFeeds};

use crate::screen::{self, Emulator, Size};

/// Text between two pictures. An emulator takes some tens of MB a second, so that a seek stays well under 50 ms; a picture is
/// a few KiB. Time does not matter: a quiet hour is little text.
pub(super) const TEXT_BETWEEN: u64 = 256 * 1024;
/// Output that waits to be emulated, in bytes.
const MOST_UNSEEN: usize = 256 * 1024;

/// What the terminal showed before a data frame.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) frame: u64,
    pub(super) size: Size,
    pub(super) text: String,
}

/// The terminal of one recording.
pub(super) struct Screens {
    terminal: Emulator,
    size: Size,
    line_feeds: LineFeeds,
    /// Output since the last look: most of a long one need not be emulated at all.
    unseen: String,
}

impl Screens {
    /// `None`: a picture would be of less than the screen.
    pub(super) fn of(header: &Header) -> Option<Self> {
        let size = header.term.size();
        screen::fits(size).then(|| Self {
            terminal: Emulator::for_pictures(size),
            size,
            line_feeds: LineFeeds::of(header),
            unseen: String::new(),
        })
    }

    /// Takes an event. `None`: there can be no picture any more.
    pub(super) fn event(&mut self, event: &Event) -> Option<()> {
        match &event.data {
            Data::Output(text) => self.unseen.push_str(&self.line_feeds.shown(text)),
            Data::Message(message) => self.line_feeds.message(message),
            Data::Resize(size) if screen::fits(*size) => {
                self.look();
                self.size = *size;
                self.terminal.resize(*size);
            }
            Data::Resize(_) => return None,
            _ => {}
        }
        if self.unseen.len() >= MOST_UNSEEN {
            self.look();
        }
        (!self.terminal.is_exhausted()).then_some(())
    }

    /// The picture of this moment, before a frame.
    pub(super) fn picture(&mut self, frame: u64) -> Option<Picture> {
        self.look();
        (!self.terminal.is_exhausted()).then(|| Picture {
            frame,
            size: self.size,
            text: self.terminal.dump(),
        })
    }

    fn look(&mut self) {
        self.terminal.feed(&self.unseen);
        self.unseen.clear();
    }
}

//! A recording passed on as it is: down a pipe, or to a terminal whose owner asks for that.
//!
//! Nothing is drawn here, and no byte is changed.

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::gone;
use super::stage::{Acted, Order, Show};
use crate::player::keys::{Key, Keys};
use crate::player::playback::{Action, Control, Playback};
use crate::player::source::{Item, Source};
use crate::player::{Error, Stopped};
use crate::terminal::Screen;

/// Undoes what output can leave behind: key and mouse reports, keypad, margins, insert, character set, colors, a hidden
/// cursor, no line wrap, the other screen. The cursor goes below all of it, since nobody knows where it is.
pub(super) const CLOSING: &str = "\x1b[?1000;1002;1003;1004;1005;1006;1015;1016;2004;2026;9001l\x1b[>4m\x1b[=0u\x1b[?1l\x1b>\
                     \x1b[r\x1b[4l\x1b[20l\x0f\x1b(B\x1b)0\x1b[0m\x1b[?7h\x1b[?25h\x1b[?6l\x1b[?1049l\x1b[999;1H\r\n";

pub(super) struct Passing {
    playback: Playback,
    keys: Keys,
    is_typed_on: bool,
    has_asked: bool,
}

impl Passing {
    pub(super) fn new(playback: Playback, is_typed_on: bool) -> Self {
        Self {
            playback,
            keys: Keys::default(),
            is_typed_on,
            has_asked: false,
        }
    }

    fn press(&mut self, now: Instant, keys: &[Key]) {
        for key in keys {
            let control = match key {
                Key::Pause => Control::Pause,
                Key::Step => Control::Step,
                Key::NextMarker => Control::NextMarker,
                Key::Faster => Control::Faster,
                Key::Slower => Control::Slower,
                // The driver sees to that.
                Key::Quit => continue,
            };
            self.playback.handle_control(now, control);
        }
    }
}

impl Show for Passing {
    fn order(&mut self, now: Instant, order: Order, _: &mut Screen) -> Result<(), Error> {
        match order {
            Order::Typed(bytes) => {
                let mut keys = Vec::new();
                self.keys.handle_bytes(now, &bytes, &mut keys);
                self.press(now, &keys);
            }
            Order::Deaf => self.is_typed_on = false,
            Order::Pressed(_) | Order::Window(_) | Order::Continued | Order::Stop(_) => {}
        }
        Ok(())
    }

    fn wants_item(&self, screen: &Screen) -> bool {
        self.playback.wants_event() && screen.has_room()
    }

    fn item(&mut self, now: Instant, item: Item) {
        match item {
            Item::Event(event) => self.playback.handle_event(now, event),
            Item::Screen {
                at,
                next,
                size,
                text,
            } => self.playback.handle_screen(at, next, size, &text),
            Item::UpToDate => self.playback.handle_up_to_date(now),
            Item::End(_) => self.playback.handle_end(now),
        }
    }

    fn act(
        &mut self,
        _: Instant,
        source: &mut Source,
        screen: &mut Screen,
    ) -> Result<Acted, Error> {
        let mut acted = Acted::GoesOn;
        while let Some(action) = self.playback.poll_action() {
            match action {
                Action::Pass(text) => {
                    if self.is_typed_on && !self.has_asked {
                        self.has_asked = asks(&text);
                    }
                    if let Err(error) = screen.write(Bytes::from(text)) {
                        return gone(error).map(Acted::Stopped);
                    }
                }
                Action::Reposition(to) => {
                    source.reposition(to);
                    acted = Acted::Repositioned;
                }
                Action::Finish => return Ok(Acted::Stopped(Stopped::AtEnd)),
            }
        }
        Ok(acted)
    }

    fn timeout(&self, _: Instant, screen: &Screen) -> Option<Instant> {
        let due = self.playback.poll_timeout().filter(|_| screen.has_room());
        due.into_iter().chain(self.keys.poll_timeout()).min()
    }

    fn timed_out(&mut self, now: Instant) {
        let mut keys = Vec::new();
        self.keys.handle_timeout(now, &mut keys);
        self.press(now, &keys);
        self.playback.handle_timeout(now);
    }

    async fn beside(&mut self) {
        std::future::pending().await
    }

    fn found(&mut self, _: Instant) {}

    fn position(&self, now: Instant) -> (Duration, bool) {
        (self.playback.position(now), self.playback.is_at_end())
    }

    fn watched(&self) -> Vec<Range<Duration>> {
        Vec::new()
    }

    fn may_leave(&self) -> bool {
        true
    }

    fn closing(&self) -> (Option<&'static str>, bool) {
        (self.is_typed_on.then_some(CLOSING), self.has_asked)
    }
}

/// Whether a terminal answers this: status and cursor reports, its name and version, colors, modes, sizes.
fn asks(text: &str) -> bool {
    text.split('\x1b').skip(1).any(|sequence| {
        let mut rest = sequence.chars();
        match rest.next() {
            Some('[') => rest
                .find(|c| !matches!(c, '0'..='9' | ';' | '?' | '>' | '=' | '$'))
                .is_some_and(|last| matches!(last, 'c' | 'n' | 't' | 'p' | 'q' | 'u' | 'x')),
            Some(']') => sequence.contains('?'),
            Some('P') => sequence.starts_with("P+q") || sequence.starts_with("P$q"),
            Some('Z') => true,
            Some('_') => true,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_answers_is_told_from_what_it_only_shows() {
        for asking in [
            "\x1b[6n",
            "a\x1b[c",
            "\x1b[>0c",
            "\x1b[?1$p",
            "\x1b[14t",
            "\x1b]11;?\x07",
            "\x1bP+q544e\x1b\\",
            "\x1b[?u",
        ] {
            assert!(asks(asking), "{asking:?}");
        }
        for showing in [
            "plain",
            "\x1b[1;31mred",
            "\x1b[?25h\x1b[2J\x1b[H",
            "\x1b]0;title\x07",
            "\x1b(B",
        ] {
            assert!(!asks(showing), "{showing:?}");
        }
    }
}

//! What is shown or typed at once, in parts: no recording can have a player, or who reads beside it, be at one event for long.
//!
//! Nothing here changes a text, and its parts are all of it.

use std::time::Duration;

use formats::asciicast::{Data, Event};
use formats::tee::Content;

/// The longest part, in bytes.
const PART: usize = 64 * 1024;

/// A text in parts.
pub(in crate::player) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (part, behind) = rest.split_at(rest.floor_char_boundary(PART));
        rest = behind;
        (!part.is_empty()).then_some(part)
    })
}

/// An event that is handed on in parts, each an event of the same time.
#[derive(Debug)]
pub(in crate::player) struct Parts {
    at: Duration,
    make: fn(String) -> Data,
    text: String,
    from: usize,
}

impl Parts {
    /// The event itself, where it is short or cannot be parted.
    pub(in crate::player) fn of(event: Event) -> Result<Self, Event> {
        let (make, text): (fn(String) -> Data, _) = match event.data {
            Data::Output(text) if text.len() > PART => (Data::Output, text),
            Data::Input(text) if text.len() > PART => (Data::Input, text),
            _ => return Err(event),
        };
        Ok(Self {
            at: event.at,
            make,
            text,
            from: 0,
        })
    }
}

impl Iterator for Parts {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let part = parts(&self.text[self.from..]).next()?;
        self.from += part.len();
        Some(Event {
            at: self.at,
            data: (self.make)(part.to_owned()),
        })
    }
}

/// The event without what nobody needs who only looks at it: the rest of a long label, a long payload.
pub(in crate::player) fn in_short(mut event: Event) -> Event {
    match &mut event.data {
        Data::Marker(text) | Data::Other { data: text, .. } if text.len() > PART => {
            text.truncate(text.floor_char_boundary(PART));
            text.shrink_to_fit();
        }
        Data::Message(message) => {
            if matches!(&message.content, Content::Here(bytes) if bytes.len() > PART) {
                message.content = Content::Omitted;
            }
        }
        _ => {}
    }
    event
}

/// How long what it carries is, in bytes.
pub(in crate::player) fn length(event: &Event) -> usize {
    match &event.data {
        Data::Output(text)
        | Data::Input(text)
        | Data::Marker(text)
        | Data::Other { data: text, .. } => text.len(),
        Data::Message(message) => match &message.content {
            Content::Here(bytes) => bytes.len(),
            Content::Next | Content::Duplicate | Content::Omitted => 0,
        },
        Data::Resize(_) | Data::Exit(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_text_are_all_of_it_and_none_is_long() {
        for text in ["", "a", &"a".repeat(PART), &"aé漢😀".repeat(PART)] {
            let found: Vec<&str> = parts(text).collect();
            assert_eq!(found.concat(), text);
            assert!(found.iter().all(|part| (1..=PART).contains(&part.len())));
        }
    }

    #[test]
    fn a_long_event_comes_in_parts_and_a_short_one_as_it_is() {
        let at = Duration::from_secs(3);
        let event = |data| Event { at, data };
        assert!(Parts::of(event(Data::Output("x".repeat(PART)))).is_err());
        assert!(Parts::of(event(Data::Marker("x".repeat(2 * PART)))).is_err());
        for make in [Data::Output as fn(String) -> Data, Data::Input] {
            let parts = Parts::of(event(make("é".repeat(PART)))).unwrap();
            let expected = event(make("é".repeat(PART / 2)));
            assert!(parts.eq([expected.clone(), expected]));
        }
        let short = in_short(event(Data::Marker("é".repeat(PART))));
        assert_eq!(short, event(Data::Marker("é".repeat(PART / 2))));
    }
}

//! A line that is typed below the picture: a time, a text to search for, a note.
//!
//! What is typed means nothing here.

use crate::terminal::{Key, Press};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Where to go.
    Time,
    /// What to search for, from here on.
    Search,
    /// What to search for, from here back.
    SearchBack,
    /// What is to be said of this moment.
    Note,
}

impl Question {
    /// As it stands before what is typed.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Time => ":",
            Self::Search => "/",
            Self::SearchBack => "?",
            Self::Note => "note: ",
        }
    }
}

/// The line as far as it is typed.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) question: Question,
    pub(super) text: String,
}

/// What a press does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// It goes on.
    More,
    /// It is given up.
    Dropped,
    /// It is done.
    Done,
}

/// Longer answers are none.
const LIMIT: usize = 1000;

impl Prompt {
    pub(super) fn new(question: Question) -> Self {
        Self {
            question,
            text: String::new(),
        }
    }

    /// As it stands in the last row.
    pub(super) fn shown(&self) -> String {
        format!("{}{}", self.question.sign(), self.text)
    }

    pub(super) fn handle(&mut self, press: &Press) -> Typed {
        let Press::Key {
            key, control, alt, ..
        } = press
        else {
            return Typed::More;
        };
        match (key, control) {
            (Key::Enter, _) => return Typed::Done,
            (Key::Escape, _) | (Key::Char('c' | 'g'), true) => return Typed::Dropped,
            (Key::Backspace, _) | (Key::Char('h'), true) => {
                let erased = self.text.pop();
                return erased.map_or(Typed::Dropped, |_| Typed::More);
            }
            (Key::Char('u'), true) => self.text.clear(),
            (Key::Char('w'), true) => {
                let kept = self.text.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.text.truncate(kept);
            }
            (Key::Char(c), false) if !alt && self.text.len() < LIMIT => self.text.push(*c),
            _ => {}
        }
        Typed::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(key: char) -> Press {
        Press::Key {
            key: Key::Char(key),
            shift: false,
            control: true,
            alt: false,
        }
    }

    #[test]
    fn a_line_is_typed_mended_and_given_up() {
        let mut prompt = Prompt::new(Question::Search);
        for c in "two words".chars() {
            assert_eq!(prompt.handle(&Press::plain(Key::Char(c))), Typed::More);
        }
        prompt.handle(&control('w'));
        assert_eq!(prompt.text, "two ");
        prompt.handle(&Press::plain(Key::Backspace));
        assert_eq!(prompt.text, "two");
        assert_eq!(prompt.handle(&Press::plain(Key::Enter)), Typed::Done);
        prompt.handle(&control('u'));
        assert_eq!(prompt.text, "");
        assert_eq!(prompt.handle(&Press::plain(Key::Backspace)), Typed::Dropped);
        assert_eq!(prompt.handle(&control('c')), Typed::Dropped);
    }
}

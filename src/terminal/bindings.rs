//! A person's own keys: which key does what another one does.
//!
//! Nothing here knows what a key does, and a key is never led on from the one that it stands for.

use std::str::FromStr;

use super::press::{Key, Press};

/// Keys that have more than one letter, by name.
const NAMED: [(&str, Key); 14] = [
    ("space", Key::Char(' ')),
    ("left", Key::Left),
    ("right", Key::Right),
    ("up", Key::Up),
    ("down", Key::Down),
    ("home", Key::Home),
    ("end", Key::End),
    ("pageup", Key::PageUp),
    ("pagedown", Key::PageDown),
    ("enter", Key::Enter),
    ("tab", Key::Tab),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("escape", Key::Escape),
];

/// One key that does what another one does: `p=space`, `^n=]`, `F5=g`. Ctrl-C is none: it always leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    text: String,
    pressed: Press,
    does: Press,
}

impl Binding {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for Binding {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // "=" is a key as well.
        let after_first = text.chars().next().map_or(0, char::len_utf8);
        let middle = text.get(after_first..).and_then(|rest| rest.find('='));
        let middle = after_first + middle.ok_or(())?;
        let pressed = press(&text[..middle]).ok_or(())?;
        // Whatever else is bound, there is a way out.
        if press("^c").as_ref() == Some(&pressed) {
            return Err(());
        }
        Ok(Self {
            text: text.to_owned(),
            pressed,
            does: press(&text[middle + 1..]).ok_or(())?,
        })
    }
}

/// What somebody pressed means: the last binding of a key counts, and a key without any is what it is.
#[must_use]
pub fn bound<'a>(bindings: &'a [Binding], press: &'a Press) -> &'a Press {
    bindings
        .iter()
        .rev()
        .find(|binding| binding.pressed == *press)
        .map_or(press, |binding| &binding.does)
}

fn press(name: &str) -> Option<Press> {
    let mut letters = name.chars();
    match (letters.next()?, letters.next(), letters.next()) {
        (letter, None, None) if !letter.is_control() => Some(Press::plain(Key::Char(letter))),
        ('^', Some(letter), None) if letter.is_ascii_alphabetic() => Some(Press::Key {
            key: Key::Char(letter.to_ascii_lowercase()),
            shift: false,
            control: true,
            alt: false,
        }),
        _ => named(&name.to_ascii_lowercase()).map(Press::plain),
    }
}

fn named(name: &str) -> Option<Key> {
    let function = || {
        let number = name.strip_prefix('f')?.parse().ok()?;
        (1..=24).contains(&number).then_some(Key::Function(number))
    };
    NAMED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, key)| *key)
        .or_else(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<Binding> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn key(name: &str) -> Press {
        press(name).unwrap()
    }

    #[test]
    fn a_key_does_what_another_one_does() {
        let bindings = read(&["p=space", "^n=]", "F5=g", "==+", "x==", "PageUp=["]);
        for (pressed, does) in [
            ("p", "space"),
            ("^n", "]"),
            ("f5", "g"),
            ("=", "+"),
            ("x", "="),
            ("pageup", "["),
            ("g", "g"),
        ] {
            assert_eq!(bound(&bindings, &key(pressed)), &key(does), "{pressed}");
        }
    }

    #[test]
    fn the_last_one_counts_and_none_leads_on_to_another() {
        let bindings = read(&["a=b", "b=c", "a=d"]);
        assert_eq!(bound(&bindings, &key("a")), &key("d"));
        assert_eq!(bound(&bindings, &key("b")), &key("c"));
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "", "p", "p=", "=p", "=", "==", "pp=q", "^1=q", "f0=q", "f25=q", "a=b=c", "^C=p",
        ] {
            assert_eq!(text.parse::<Binding>(), Err(()), "{text}");
        }
    }
}

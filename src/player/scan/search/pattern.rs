//! What is searched for: a regular expression, of which nothing is said about capital letters unless it has some.
//!
//! Nothing here searches. What is wrong with a pattern is told in one line.

use regex::{Regex, RegexBuilder, bytes};

/// A pattern that can be searched for.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(super) text: Regex,
    /// The same over many lines as they are stored, for a pattern that means the same there.
    pub(super) bytes: Option<bytes::Regex>,
}

impl Pattern {
    /// What it finds in text.
    pub fn regex(&self) -> &Regex {
        &self.text
    }

    /// Reads a regular expression. One without capital letters finds them as well.
    ///
    /// # Errors
    /// It is none; in one line, for a person.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Err("the pattern is empty".to_owned());
        }
        let any_case = !has_capitals(pattern);
        let text = RegexBuilder::new(pattern)
            .case_insensitive(any_case)
            .build();
        let text = text.map_err(|error| in_one_line(&error))?;
        let bytes = is_of_no_place(pattern).then(|| {
            bytes::RegexBuilder::new(pattern)
                .case_insensitive(any_case)
                .build()
        });
        Ok(Self {
            text,
            bytes: bytes.and_then(Result::ok),
        })
    }
}

/// Whether it asks for no beginning or end, which are others in the midst of a text. A word's are the same there, next to a
/// quotation mark.
fn is_of_no_place(pattern: &str) -> bool {
    !["^", "$", "\\A", "\\z"]
        .iter()
        .any(|place| pattern.contains(place))
}

/// Whether a letter to be found is a capital; that of an escape or of a name is none to be found.
fn has_capitals(pattern: &str) -> bool {
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('p' | 'P') => skip_escape(&mut rest, 1),
                Some('x') => skip_escape(&mut rest, 2),
                Some('u') => skip_escape(&mut rest, 4),
                Some('U') => skip_escape(&mut rest, 8),
                Some('b') if rest.as_str().starts_with('{') => skip_to(&mut rest, '}'),
                _ => {}
            },
            '(' if rest.as_str().starts_with("?P<") || rest.as_str().starts_with("?<") => {
                skip_to(&mut rest, '>');
            }
            '(' if rest.as_str().starts_with('?') => skip_flags(&mut rest),
            c if c.is_uppercase() => return true,
            _ => {}
        }
    }
    false
}

fn skip_to(rest: &mut std::str::Chars<'_>, end: char) {
    let _ = rest.find(|c| *c == end);
}

/// `{…}`, or so many characters.
fn skip_escape(rest: &mut std::str::Chars<'_>, length: usize) {
    match rest.as_str().starts_with('{') {
        true => skip_to(rest, '}'),
        false => rest.by_ref().take(length).for_each(drop),
    }
}

fn skip_flags(rest: &mut std::str::Chars<'_>) {
    let _ = rest.find(|c| matches!(c, ':' | ')'));
}

fn in_one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        // The pattern, a line that points into it, and what is wrong.
        other => {
            let said = other.to_string();
            let last = said.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_capitals_finds_them_as_well() {
        for (pattern, text, expected) in [
            ("error", "ERROR", true),
            ("Error", "ERROR", false),
            ("Error", "an Error", true),
            (r"\W\S\D", " Xx", true),
            (r"\pLx", "AX", true),
            (r"\p{Lowercase}x", "AX", true),
            (r"(?P<Name>x)", "X", true),
            (r"(?<Name>x)", "X", true),
            (r"(?U)x", "X", true),
            (r"(?U:x)", "X", true),
            (r"\b{start}x", "X", true),
            ("é", "É", true),
            ("É", "é", false),
            (r"\x{4B}", "k", true),
            (r"\x4B", "k", true),
            (r"\u004Bx", "kX", true),
            (r"[A-Z]", "x", false),
        ] {
            let found = Pattern::new(pattern).unwrap().text.is_match(text);
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        for (pattern, expected) in [
            ("", "the pattern is empty"),
            ("a(b", "unclosed group"),
            ("*", "repetition operator missing expression"),
            (r"(\w{500}){500}", "the pattern is too large"),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap_err(), expected);
        }
    }

    #[test]
    fn what_asks_for_a_place_is_not_asked_of_many_lines_at_once() {
        for (pattern, expected) in [
            ("abc", true),
            (r"\babc\b", true),
            ("^abc", false),
            ("abc$", false),
            (r"\Aabc", false),
            (r"abc\z", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).unwrap().bytes.is_some(),
                expected,
                "{pattern}"
            );
        }
    }
}

//! What is searched for: a regular expression, or a text as it is.
//!
//! Nothing here searches. What is wrong with a pattern is told in one line.

use regex::{Regex, RegexBuilder, bytes};

/// A pattern that can be searched for.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Regex,
    any_case: bool,
    /// The same over many lines as they are stored, for a pattern that means the same there.
    bytes: Option<bytes::Regex>,
}

/// How a pattern is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Which letters are the same.
    pub case: Case,
    /// It is a text and no expression.
    pub is_text: bool,
    /// What it finds has no letter, digit or low line next to it.
    pub is_word: bool,
}

/// Which letters are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Case {
    /// Capitals are others.
    #[default]
    Exact,
    /// Capitals are the same, as long as the pattern has none.
    Smart,
    /// Capitals are the same.
    Any,
}

impl Pattern {
    /// What it finds in text.
    pub fn regex(&self) -> &Regex {
        &self.text
    }

    /// The expression, and whether capitals are the same as other letters to it.
    pub(crate) fn expression(&self) -> (&str, bool) {
        (self.text.as_str(), self.any_case)
    }

    /// What it finds in lines as they are stored, where that tells anything.
    pub(crate) fn stored(&self) -> Option<&bytes::Regex> {
        self.bytes.as_ref()
    }

    /// Reads a regular expression. One without capital letters finds them as well.
    ///
    /// # Errors
    /// It is none; in one line, for a person.
    pub fn new(pattern: &str) -> Result<Self, String> {
        Self::meaning(
            pattern,
            Meaning {
                case: Case::Smart,
                ..Meaning::default()
            },
        )
    }

    /// Reads a pattern that is meant so.
    ///
    /// # Errors
    /// It is no expression; in one line, for a person.
    pub fn meaning(pattern: &str, meaning: Meaning) -> Result<Self, String> {
        Self::any(&[pattern], meaning)
    }

    /// Reads several patterns that are meant so, any of which is to be found. A capital in one of them counts for all.
    ///
    /// # Errors
    /// One is no expression, which is named where there are several; in one line, for a person.
    pub fn any(patterns: &[&str], meaning: Meaning) -> Result<Self, String> {
        let has_capitals = |pattern: &&str| match meaning.is_text {
            true => pattern.contains(char::is_uppercase),
            false => has_capitals(pattern),
        };
        let any_case = match meaning.case {
            Case::Exact => false,
            Case::Smart => !patterns.iter().any(has_capitals),
            Case::Any => true,
        };
        let read = |expression: &str| {
            let text = RegexBuilder::new(expression)
                .case_insensitive(any_case)
                .build();
            text.map_err(|error| in_one_line(&error))
        };
        let mut expressions = Vec::new();
        for pattern in patterns {
            let expression = match meaning.is_text {
                true => regex::escape(pattern),
                false => (*pattern).to_owned(),
            };
            // Read by itself first: what is added must not complete it, nor be pointed at.
            let wrong = match pattern.is_empty() {
                true => Some("the pattern is empty".to_owned()),
                false => read(&expression).err(),
            };
            match wrong {
                Some(why) if patterns.len() > 1 => return Err(format!("{pattern:?}: {why}")),
                Some(why) => return Err(why),
                None => expressions.push(expression),
            }
        }
        let mut expression = match &expressions[..] {
            [] => return Err("there is no pattern".to_owned()),
            [one] => one.clone(),
            // A flag in front of one is not meant for the next.
            several if !meaning.is_text => {
                let each = several.iter().map(|one| format!("(?:{one})"));
                each.collect::<Vec<_>>().join("|")
            }
            several => several.join("|"),
        };
        if meaning.is_word {
            expression = format!(r"\b{{start-half}}(?:{expression})\b{{end-half}}");
        }
        let text = read(&expression)?;
        let bytes = is_of_no_place(&expression).then(|| {
            bytes::RegexBuilder::new(&expression)
                .case_insensitive(any_case)
                .build()
        });
        Ok(Self {
            text,
            any_case,
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
    fn a_pattern_is_meant_as_it_is_said() {
        let (exact, smart, any) = (Case::Exact, Case::Smart, Case::Any);
        for (pattern, case, is_text, is_word, text, expected) in [
            ("error", exact, false, false, "ERROR", false),
            ("Error", any, false, false, "ERROR", true),
            ("a.c", smart, true, false, "abc", false),
            ("a.c", smart, true, false, "A.C", true),
            ("A.c", smart, true, false, "a.c", false),
            (r"\s", exact, true, false, r"a\s", true),
            ("rm", exact, false, true, "alarm rmdir", false),
            ("rm", exact, false, true, "rm -rf", true),
            ("-rf", exact, false, true, "rm -rf /", true),
            ("a|b", exact, false, true, "ab", false),
        ] {
            let meaning = Meaning {
                case,
                is_text,
                is_word,
            };
            let found = Pattern::meaning(pattern, meaning).unwrap();
            assert_eq!(found.text.is_match(text), expected, "{pattern} {meaning:?}");
        }
        let word = Meaning {
            is_word: true,
            ..Meaning::default()
        };
        assert!(Pattern::meaning("a)(b", word).is_err());
    }

    #[test]
    fn any_of_several_patterns_is_found() {
        let of = |case, is_text, is_word| Meaning {
            case,
            is_text,
            is_word,
        };
        let (exact, smart, any) = (Case::Exact, Case::Smart, Case::Any);
        for (patterns, meaning, text, expected) in [
            (["cat", "dog"], of(exact, false, false), "hotdog", true),
            (["cat", "dog"], of(exact, false, true), "hotdog", false),
            (["cat", "dog"], of(exact, false, true), "a dog", true),
            (["cat", "dog"], of(exact, false, false), "horse", false),
            (["^a", "z$"], of(exact, false, false), "buzz", true),
            (["a.c", "x|y"], of(exact, true, false), "abc y", false),
            (["a.c", "x|y"], of(exact, true, false), "x|y", true),
            (["(?i)cat", "dog"], of(exact, false, false), "CAT", true),
            (["(?i)cat", "dog"], of(exact, false, false), "DOG", false),
            (["cat", "dog"], of(any, false, false), "DOG", true),
            (["cat", "dog"], of(smart, false, false), "DOG", true),
            (["cat", "Dog"], of(smart, false, false), "CAT", false),
        ] {
            let found = Pattern::any(&patterns, meaning).unwrap();
            let is_found = found.text.is_match(text);
            assert_eq!(is_found, expected, "{patterns:?} {meaning:?} {text}");
        }
        let wrong = |patterns: &[&str]| Pattern::any(patterns, Meaning::default()).unwrap_err();
        assert_eq!(wrong(&["a", "b("]), "\"b(\": unclosed group");
        assert_eq!(wrong(&["(a", "b)"]), "\"(a\": unclosed group");
        assert_eq!(wrong(&["a", ""]), "\"\": the pattern is empty");
        assert_eq!(wrong(&[]), "there is no pattern");
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
                Pattern::new(pattern).unwrap().stored().is_some(),
                expected,
                "{pattern}"
            );
        }
    }
}

//! What a text is compared with: the whole of it or a part, with `*` for any text, or a regular expression.
//!
//! Nothing here goes back over a text: what is found first is taken, which for `*` is as good as any other.

use regex::{Regex, RegexBuilder};

/// A regular expression takes no more memory than this, in bytes.
const MOST_MEMORY: usize = 1 << 20;
/// Nor is it deeper.
const DEEPEST: u32 = 64;

/// What a text is compared with.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// These pieces, in this order, with any text between them.
    Text {
        /// One more than there are stars.
        pieces: Vec<String>,
        /// From the beginning of the text to its end.
        is_whole: bool,
    },
    /// A regular expression, anywhere in the text.
    Regex {
        /// As it was written.
        source: String,
        /// Capital letters count as small ones.
        any_case: bool,
        /// Ready to search.
        regex: Regex,
    },
}

impl Pattern {
    /// A text in which nothing is special.
    #[must_use]
    pub fn part(text: &str) -> Self {
        Self::Text {
            pieces: vec![text.to_owned()],
            is_whole: false,
        }
    }

    /// A regular expression.
    ///
    /// # Errors
    /// It is none, or too large; in a few words.
    pub fn regex(source: &str, any_case: bool) -> Result<Self, String> {
        let regex = RegexBuilder::new(source)
            .case_insensitive(any_case)
            .size_limit(MOST_MEMORY)
            .dfa_size_limit(MOST_MEMORY)
            .nest_limit(DEEPEST)
            .build();
        match regex {
            Ok(regex) => Ok(Self::Regex {
                source: source.to_owned(),
                any_case,
                regex,
            }),
            Err(regex::Error::CompiledTooBig(_)) => Err("it is too large".to_owned()),
            Err(error) => {
                // A drawing comes first, of several lines.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                Err(last.trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// As a flag takes it: a part of the text; with a `*` the whole of it; or `/regex/`.
    ///
    /// # Errors
    /// The regular expression is none, or too large; in a few words.
    pub fn of_flag(text: &str) -> Result<Self, String> {
        if let Some((source, any_case)) = as_regex(text) {
            return Self::regex(&source, any_case);
        }
        let pieces = pieces(text.chars().map(|c| (c, false)));
        let is_whole = pieces.len() > 1;
        Ok(Self::Text { pieces, is_whole })
    }

    /// Whether this text is like it.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Regex { regex, .. } => regex.is_match(text),
            Self::Text { pieces, is_whole } => {
                let pieces: Vec<String> = pieces.iter().map(|piece| piece.to_lowercase()).collect();
                in_order(&pieces, *is_whole, &text.to_lowercase())
            }
        }
    }
}

/// The same words; whether they lead to the same program is no question.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Text { pieces, is_whole },
                Self::Text {
                    pieces: others,
                    is_whole: other,
                },
            ) => pieces == others && is_whole == other,
            (
                Self::Regex {
                    source, any_case, ..
                },
                Self::Regex {
                    source: others,
                    any_case: other,
                    ..
                },
            ) => source == others && any_case == other,
            _ => false,
        }
    }
}

fn in_order(pieces: &[String], is_whole: bool, mut text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else {
        return true;
    };
    let Some((last, between)) = rest.split_last() else {
        return match is_whole {
            true => text == first,
            false => text.contains(first.as_str()),
        };
    };
    if is_whole {
        match text.strip_prefix(first.as_str()) {
            Some(behind) => text = behind,
            None => return false,
        }
    }
    let found = match is_whole {
        true => between,
        false => &pieces[..pieces.len() - 1],
    };
    for piece in found {
        match text.split_once(piece.as_str()) {
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    match is_whole {
        true => text.ends_with(last.as_str()),
        false => text.contains(last.as_str()),
    }
}

/// Parts a text at its stars, but for those that stand for themselves.
pub(super) fn pieces(text: impl Iterator<Item = (char, bool)>) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for (c, is_plain) in text {
        match (c, is_plain, pieces.last_mut()) {
            ('*', false, _) => pieces.push(String::new()),
            (c, _, Some(last)) => last.push(c),
            (_, _, None) => {}
        }
    }
    pieces
}

/// The source in `/source/` or `/source/i`, and whether any case of letters will do.
fn as_regex(text: &str) -> Option<(String, bool)> {
    let (source, any_case) = match text.strip_suffix("/i") {
        Some(source) => (source, true),
        None => (text.strip_suffix('/')?, false),
    };
    let source = source.strip_prefix('/')?;
    (!source.is_empty()).then(|| (source.to_owned(), any_case))
}

//! All patterns that look at the same kind of text, asked in one pass.
//!
//! Nothing goes back in a text, whatever the patterns are, and most texts are put aside by the literals that the patterns need.

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::literals::needed;

/// How large a pattern may become, in bytes of memory.
pub(super) const LARGEST: usize = 1 << 20;
/// The same for all of them together, and for what is kept of them while they are asked.
const LARGEST_SET: usize = 64 << 20;

/// One pattern, and the number by which it is told.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    pub(super) number: usize,
    pub(super) pattern: &'a str,
    pub(super) unless: Option<&'a str>,
}

/// Patterns that look at the same texts.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Those that need literals, behind an expression for all of these.
    behind: Option<(Regex, Together)>,
    always: Option<Together>,
}

#[derive(Debug)]
struct Together {
    set: RegexSet,
    numbers: Vec<usize>,
    unless: Vec<Option<Regex>>,
}

/// A pattern by itself.
pub(super) fn compiled(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(LARGEST)
        .build()
}

impl Look {
    /// Of patterns each of which compiles by itself.
    ///
    /// # Errors
    /// They are too large together.
    pub(super) fn new(asked: &[Asked<'_>]) -> Result<Self, regex::Error> {
        let mut literals = Vec::new();
        let mut behind = Vec::new();
        let mut always = Vec::new();
        for asked in asked {
            match needed(asked.pattern) {
                Some(needed) => {
                    literals.extend(needed);
                    behind.push(asked);
                }
                None => always.push(asked),
            }
        }
        literals.sort();
        literals.dedup();
        let literals: Vec<String> = literals.iter().map(|literal| exactly(literal)).collect();
        let behind = match Together::new(&behind)? {
            Some(together) => Some((compiled(&literals.join("|"))?, together)),
            None => None,
        };
        Ok(Self {
            behind,
            always: Together::new(&always)?,
        })
    }

    /// Whether anything is asked of such a text.
    pub(super) fn is_empty(&self) -> bool {
        self.behind.is_none() && self.always.is_none()
    }

    /// Tells which patterns hit.
    #[inline]
    pub(super) fn hits(&self, text: &str, mut hit: impl FnMut(usize)) {
        if let Some((literals, together)) = &self.behind
            && literals.is_match(text.as_bytes())
        {
            together.hits(text, &mut hit);
        }
        if let Some(together) = &self.always {
            together.hits(text, &mut hit);
        }
    }
}

impl Together {
    fn new(asked: &[&Asked<'_>]) -> Result<Option<Self>, regex::Error> {
        if asked.is_empty() {
            return Ok(None);
        }
        let patterns = asked.iter().map(|asked| asked.pattern);
        let unless = asked
            .iter()
            .map(|asked| asked.unless.map(compiled).transpose());
        Ok(Some(Self {
            set: RegexSetBuilder::new(patterns)
                .unicode(false)
                .size_limit(LARGEST_SET)
                .dfa_size_limit(LARGEST_SET / 8)
                .build()?,
            numbers: asked.iter().map(|asked| asked.number).collect(),
            unless: unless.collect::<Result<_, _>>()?,
        }))
    }

    fn hits(&self, text: &str, hit: &mut impl FnMut(usize)) {
        for at in self.set.matches(text.as_bytes()) {
            let is_none = self.unless[at]
                .as_ref()
                .is_some_and(|unless| unless.is_match(text.as_bytes()));
            if !is_none {
                hit(self.numbers[at]);
            }
        }
    }
}

/// An expression for these bytes and no others.
fn exactly(bytes: &[u8]) -> String {
    let byte = |byte: &u8| match byte.is_ascii_alphanumeric() {
        true => char::from(*byte).to_string(),
        false => format!("(?-u:\\x{byte:02x})"),
    };
    bytes.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_patterns_that_hit_are_told_with_and_without_literals() {
        let asked = [
            (3, "^rm -rf", None),
            (5, "[0-9]{4}", Some("2026")),
            (7, "rf /", Some("tmp")),
            (9, "(?i)RM", None),
            (11, "é-x", None),
        ]
        .map(|(number, pattern, unless)| Asked {
            number,
            pattern,
            unless,
        });
        let look = Look::new(&asked).unwrap();
        for (text, expected) in [
            ("rm -rf /", vec![3, 7, 9]),
            ("rm -rf /tmp 1234", vec![3, 5, 9]),
            ("1234 2026", vec![]),
            ("aé-x", vec![11]),
            ("", vec![]),
        ] {
            let mut hits = Vec::new();
            look.hits(text, |number| hits.push(number));
            hits.sort_unstable();
            assert_eq!(hits, expected, "{text}");
        }
        assert!(Look::new(&[]).unwrap().is_empty());
    }
}

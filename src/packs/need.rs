//! What a text must have in it, letters folded, for a pattern to be found there.
//!
//! Nothing here says that the pattern is there. What cannot be told of a pattern is left out: more is looked at than must be.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::fold::{fold, fold_into, push};

/// Bytes of a gram: less of a text tells nothing of where it is.
pub(super) const LENGTH: usize = 3;

/// A class of more letters than this is not looked into.
const MOST_LETTERS: usize = 16;
/// A longer run of one letter says no more than this.
const MOST_TIMES: u32 = 64;

/// What a text must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing that is known.
    Nothing,
    /// These bytes in a row, at least as many as a gram has.
    Text(Vec<u8>),
    /// All of these.
    All(Vec<Need>),
    /// One of these.
    Any(Vec<Need>),
}

impl Need {
    /// Of an expression that means the same to a search, where capitals may be the same as other letters.
    pub(crate) fn of(expression: &str, any_case: bool) -> Self {
        let mut parser = ParserBuilder::new().case_insensitive(any_case).build();
        // What does not read here is looked for everywhere.
        parser
            .parse(expression)
            .map_or(Self::Nothing, |hir| need(&hir))
    }

    fn text(bytes: Vec<u8>) -> Self {
        match bytes.len() >= LENGTH {
            true => Self::Text(bytes),
            false => Self::Nothing,
        }
    }

    fn all(mut needs: Vec<Self>) -> Self {
        needs.retain(|need| *need != Self::Nothing);
        match needs.len() {
            0 => Self::Nothing,
            1 => needs.remove(0),
            _ => Self::All(needs),
        }
    }
}

/// Whether an expression asks what stands beside what it finds, which is another thing where texts lie next to each other.
pub(crate) fn looks_around(expression: &str, any_case: bool) -> bool {
    let mut parser = ParserBuilder::new().case_insensitive(any_case).build();
    let hir = parser.parse(expression);
    hir.map_or(true, |hir| !hir.properties().look_set().is_empty())
}

fn need(hir: &Hir) -> Need {
    if let Some(text) = exact(hir) {
        return Need::text(text);
    }
    match hir.kind() {
        HirKind::Capture(capture) => need(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => need(&repetition.sub),
        HirKind::Concat(parts) => {
            let mut needs = Vec::new();
            let mut run = Vec::new();
            for part in parts {
                match exact(part) {
                    Some(text) => run.extend(text),
                    None => {
                        // A letter that stands there at least once stands next to what is before it, and after it.
                        let (first, last) = ends(part);
                        run.extend(first);
                        needs.push(Need::text(std::mem::take(&mut run)));
                        needs.push(need(part));
                        run = last;
                    }
                }
            }
            needs.push(Need::text(run));
            Need::all(needs)
        }
        HirKind::Alternation(parts) => {
            let needs: Vec<Need> = parts.iter().map(need).collect();
            match needs.contains(&Need::Nothing) {
                true => Need::Nothing,
                false => Need::Any(needs),
            }
        }
        _ => Need::Nothing,
    }
}

/// The bytes that it always is, folded, where it is always the same.
fn exact(hir: &Hir) -> Option<Vec<u8>> {
    let mut folded = Vec::new();
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => fold_into(std::str::from_utf8(&literal.0).ok()?, &mut folded),
        HirKind::Class(class) => push(letter(class)?, &mut folded),
        HirKind::Capture(capture) => folded = exact(&capture.sub)?,
        HirKind::Repetition(repetition)
            if Some(repetition.min) == repetition.max && repetition.min <= MOST_TIMES =>
        {
            let one = exact(&repetition.sub)?;
            (0..repetition.min).for_each(|_| folded.extend_from_slice(&one));
        }
        HirKind::Concat(parts) => {
            for part in parts {
                folded.extend(exact(part)?);
            }
        }
        HirKind::Repetition(_) | HirKind::Alternation(_) => return None,
    }
    Some(folded)
}

/// What something begins with and ends in that is the same text at least once.
fn ends(hir: &Hir) -> (Vec<u8>, Vec<u8>) {
    let text = match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => exact(&repetition.sub),
        HirKind::Capture(capture) => return ends(&capture.sub),
        _ => None,
    };
    let text = text.unwrap_or_default();
    (text.clone(), text)
}

/// The letter that all of a class are but for their case.
fn letter(class: &Class) -> Option<char> {
    let mut letters = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).take(MOST_LETTERS + 1));
                if letters.len() > MOST_LETTERS {
                    return None;
                }
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                letters.extend((range.start()..=range.end()).map(char::from));
                if letters.len() > MOST_LETTERS || !letters.iter().all(char::is_ascii) {
                    return None;
                }
            }
        }
    }
    let mut folded = letters.into_iter().map(fold);
    let first = folded.next()?;
    folded.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> Need {
        Need::Text(text.into())
    }

    #[test]
    fn what_must_be_there_is_read_off_an_expression() {
        for (expression, any_case, expected) in [
            ("needle-1234", false, text("needle-1234")),
            ("Permission DENIED", false, text("permission denied")),
            ("(?i)Kelvin", false, text("kelvin")),
            ("passwords", true, text("passwords")),
            (r"\berror\b", false, text("error")),
            ("^ab(c)d$", false, text("abcd")),
            ("ab", false, Need::Nothing),
            (r"\d+", false, Need::Nothing),
            ("a{3}", false, text("aaa")),
            (
                "(foo)+bar",
                false,
                Need::All(vec![text("foo"), text("foo"), text("foobar")]),
            ),
            (r"rm\s+-rf", false, text("-rf")),
            (
                r"user=\w+ shell=",
                false,
                Need::All(vec![text("user="), text(" shell=")]),
            ),
            (
                "cat|dogs",
                false,
                Need::Any(vec![text("cat"), text("dogs")]),
            ),
            ("cat|do", false, Need::Nothing),
            ("x(cat|dogs)?y", false, Need::Nothing),
            ("(", false, Need::Nothing),
        ] {
            assert_eq!(Need::of(expression, any_case), expected, "{expression}");
        }
    }

    fn is_met(need: &Need, folded: &[u8]) -> bool {
        match need {
            Need::Nothing => true,
            Need::Text(text) => folded.windows(text.len()).any(|part| part == text),
            Need::All(needs) => needs.iter().all(|need| is_met(need, folded)),
            Need::Any(needs) => needs.iter().any(|need| is_met(need, folded)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_text_that_has_the_pattern_has_what_it_needs(
            expression in r"(\(\?i\))?([abBk]{1,3}|\[aA\]b|\(ab\|bak\)|\(ab\)|a\+|b\?|\\b|\.|k\{2\}|\(aK\)\+|\(b\?ak\){2}){1,6}",
            any_case: bool,
            words in "([abABkK\u{212a}ſs ]{0,12})",
        ) {
            let regex = regex::RegexBuilder::new(&expression).case_insensitive(any_case).build();
            prop_assume!(regex.is_ok());
            if regex.unwrap().is_match(&words) {
                let mut folded = Vec::new();
                fold_into(&words, &mut folded);
                prop_assert!(is_met(&Need::of(&expression, any_case), &folded));
            }
        }
    }
}

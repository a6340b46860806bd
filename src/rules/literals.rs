//! Literals of which a regular expression needs one: what a text does not have cannot match.
//!
//! Nothing is matched here, and an expression may need none.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// So many may stand for one expression.
const MOST: usize = 64;
/// A shorter one stands everywhere.
const SHORTEST: usize = 3;

/// Literals of which every text has one in which the expression is found; `None` where that cannot be told.
pub(super) fn needed(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let found = of(&parser.parse(pattern).ok()?)?;
    (shortest(&found) >= SHORTEST).then_some(found)
}

fn shortest(literals: &[Vec<u8>]) -> usize {
    literals.iter().map(Vec::len).min().unwrap_or(0)
}

fn of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        // The longest is the rarest.
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(of)
            .max_by_key(|literals| shortest(literals)),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(of(part)?);
                if all.len() > MOST {
                    return None;
                }
            }
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_literal_that_must_be_there_is_taken() {
        for (pattern, expected) in [
            ("^rm -rf", Some(vec!["rm -rf"])),
            (
                r"-----BEGIN (RSA |EC )?PRIVATE KEY",
                Some(vec!["PRIVATE KEY"]),
            ),
            ("abc|defg", Some(vec!["abc", "defg"])),
            ("x(abcd)+[0-9]", Some(vec!["abcd"])),
            ("ab|cdefg", None),
            ("(?i)secret", None),
            ("[0-9]+", None),
            ("(abc)?", None),
            ("(", None),
        ] {
            let expected =
                expected.map(|all| all.iter().map(|text| text.as_bytes().to_vec()).collect());
            assert_eq!(needed(pattern), expected, "{pattern}");
        }
    }
}

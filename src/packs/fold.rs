//! Letters that a search without regard to case takes for one, as one letter.
//!
//! Nothing here is shown: a folded text is only compared.

/// Adds a text with its letters folded.
pub(super) fn fold_into(text: &str, folded: &mut Vec<u8>) {
    for c in text.chars() {
        push(fold(c), folded);
    }
}

/// One letter for all that are the same but for their case. Those whose other case is more than one letter stay as they are,
/// as in simple case folding.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Unicode folds these into each other, and gives none of them another case of one letter.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        c => {
            let capital = single(c.to_uppercase()).unwrap_or(c);
            single(capital.to_lowercase()).unwrap_or(capital)
        }
    }
}

pub(super) fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    #[test]
    fn letters_that_are_the_same_to_a_pattern_are_folded_alike() {
        let mut others = Vec::new();
        for c in '\0'..=char::MAX {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.try_case_fold_simple().unwrap();
            let same = class.iter().flat_map(|range| range.start()..=range.end());
            others.extend(
                same.filter(|other| fold(*other) != fold(c))
                    .map(|other| (c, other)),
            );
        }
        assert_eq!(others, []);
    }
}

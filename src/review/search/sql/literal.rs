//! Texts as SQL has them between quotes.
//!
//! Nothing that stands in a text ends its quotes, and nothing that a terminal would obey is written as it is.

use std::fmt::Write as _;

use crate::words::is_harmless;

/// A text as a literal. One with what nobody may see is written with its numbers, which Athena and Trino read.
pub(super) fn literal(text: &str) -> String {
    if text.chars().all(is_harmless) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("U&'");
    for c in text.chars() {
        let number = u32::from(c);
        // Writing to a string cannot fail.
        let _ = match c {
            '\'' => write!(quoted, "''"),
            '\\' => write!(quoted, "\\\\"),
            c if is_harmless(c) => write!(quoted, "{c}"),
            _ if number > 0xffff => write!(quoted, "\\+{number:06X}"),
            _ => write!(quoted, "\\{number:04X}"),
        };
    }
    quoted.push('\'');
    quoted
}

/// A pattern of LIKE: these pieces with any text between them, and before and behind them where they are only a part.
pub(super) fn like(pieces: &[String], is_whole: bool) -> String {
    let mut escaped = pieces.iter().map(|piece| {
        let mut escaped = String::new();
        for c in piece.chars() {
            if matches!(c, '%' | '_' | '\\') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    });
    let first = escaped.next().unwrap_or_default();
    let all = escaped.fold(first, |all, piece| all + "%" + &piece);
    let pattern = match is_whole {
        true => all,
        false => format!("%{all}%"),
    };
    format!(r"LIKE {} ESCAPE '\'", literal(&pattern))
}

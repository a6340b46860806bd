//! What stands behind the name of a secret in programs' texts, manuals and tests' reports, and is none.
//!
//! Nothing here looks for secrets.

use std::ops::Range;

use super::words::{self, Name, is_word};

/// A name is no longer.
pub(super) const LONGEST: usize = 80;

pub(super) fn is_flag(value: &str) -> bool {
    let name = value.strip_prefix("--").unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.contains(['-', '='])
}

/// What a test suite prints of a test that passed.
pub(super) fn is_test(line: &str, name: &Range<usize>, value: &Range<usize>) -> bool {
    let text = &line[value.clone()];
    let is_alone = line[value.end..].trim().is_empty() && line[..name.start].trim().is_empty();
    !is_alone
        || text.contains('/')
        || text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A type that a program names in quotes, since it comes later.
pub(super) fn is_quoted_type(value: &str) -> bool {
    value.starts_with('_')
        && (value.ends_with("Key") || value.ends_with("Token"))
        && value[1..].bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A sentence that says what the value is.
pub(super) fn is_about_secrets(value: &str) -> bool {
    // A person's own words begin as they like.
    value.starts_with(|c: char| c.is_ascii_uppercase())
        && value.split(' ').count() > 2
        && value
            .split(' ')
            .all(|word| is_word(word) || word.is_empty())
        && value
            .split(' ')
            .any(|word| words::name(word) == Name::Secret || word.eq_ignore_ascii_case("key"))
}

pub(super) fn is_name_again(name: &str, value: &str) -> bool {
    let letters = |text: &str| {
        let kept = text.bytes().filter(u8::is_ascii_alphanumeric);
        kept.map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    value.len() < LONGEST && value.contains(['-', '_']) && letters(name).ends_with(&letters(value))
}

/// `key_password=self.key_password` of a program's text: the value is the name again.
pub(super) fn is_code(name: &str, value: &str) -> bool {
    let last = value.rsplit('.').next().unwrap_or(value);
    let is_name = last.contains('_')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte));
    // `next_token: OrigToken` is a type.
    let is_type = name.ends_with("token")
        && value.ends_with("Token")
        && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    // `secret_key: HpkePrivateKey`, `password: readPassword`: a name of the program's own, of words that name one.
    let bare = value.trim_end_matches([',', ';', ' ', '>', '?']);
    let is_named_so = bare.len() > 6
        && bare.bytes().all(|byte| byte.is_ascii_alphabetic())
        && bare.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
        && bare.bytes().any(|byte| byte.is_ascii_lowercase())
        && (words::name(bare) > Name::Other || bare.contains("Token") || bare.contains("Key"));
    if is_type || is_named_so {
        return true;
    }
    // Names of a shell's environment are in capitals, and their values no names.
    let is_variable = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    is_name
        && (last == name
            || name.ends_with(&format!(".{last}"))
            || last.starts_with(name)
            || (is_variable && words::name(last) == Name::Secret))
}

/// `--password=PASS`, `[--site-keys=[SITE_KEY,...]`, `--sign-key=key-id`: what a manual writes for a value.
pub(super) fn is_flag_of_a_manual(line: &str, name: &Range<usize>, value: &str) -> bool {
    let written = &line[name.clone()];
    let Some(flag) = written.strip_prefix("--") else {
        return false;
    };
    let bare = value.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_capital = bare
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || b"_-,.[]".contains(&byte));
    let is_named = bare
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || b"_-".contains(&byte))
        && bare
            .split(['-', '_'])
            .any(|word| word.len() > 2 && flag.contains(word));
    is_capital || is_named
}

/// `tokens: 512`, `token=7` count something.
pub(super) fn is_count(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    value.len() < 7 && value.chars().all(|c| c.is_ascii_digit()) && name.ends_with("token")
}

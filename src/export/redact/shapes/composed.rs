//! Tokens that are put together of parts: with points, colons or a mark between them, each part of its own length.
//!
//! Nothing here looks at what stands around a token, and no prefix alone is enough.

use super::words::{is_mixed_letters, is_uuid};

/// Which characters a token goes on with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Hex,
    Base32,
    /// Capital letters and digits.
    Base36,
    Alnum,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-`.
    Url,
    /// Those and `.`.
    Dotted,
    Base64,
    /// What hashes of passwords are written with.
    Hash,
}

impl Of {
    pub(super) fn holds(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Base32 => byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte),
            Self::Base36 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Url => byte.is_ascii_alphanumeric() || b"_-".contains(&byte),
            Self::Dotted => byte.is_ascii_alphanumeric() || b"_-.".contains(&byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte),
            Self::Hash => byte.is_ascii_alphanumeric() || b"./+=$:,-".contains(&byte),
        }
    }
}

/// A row: prefixes, what follows them, how many of these at least and at most, and who says so.
pub(super) struct Shape(
    pub(super) &'static str,
    pub(super) Of,
    pub(super) usize,
    pub(super) usize,
    #[cfg_attr(not(test), allow(dead_code, reason = "for whoever reads the table"))]
    pub(super)  &'static str,
);

/// As long as it likes.
pub(super) const ANY: usize = usize::MAX;

pub(super) fn run(bytes: &[u8], of: Of) -> usize {
    bytes.iter().take_while(|&&byte| of.holds(byte)).count()
}

/// The same, counted to the limit and no further.
pub(super) fn run_up_to(bytes: &[u8], of: Of, most: usize) -> usize {
    run(&bytes[..most.saturating_add(1).min(bytes.len())], of)
}

/// The length of the token that these bytes begin with. `word_end`: where the word ends whose end was looked for last.
pub(super) fn token(bytes: &[u8], at: usize, word_end: &mut usize) -> Option<usize> {
    match bytes[0] {
        b'e' => jwt(bytes, at, word_end),
        b'$' => hash(bytes),
        b'0'..=b'9' => telegram(bytes).or_else(|| numbered(bytes)),
        b'h' => honeycomb(bytes),
        b'M' | b'N' | b'O' => three_parts(bytes, [23..=28, 6..=7, 27..=45]),
        _ => None,
    }
    .or_else(|| within(bytes))
    .or_else(|| of_an_id(bytes))
}

/// `hc`, a letter that varies, the kind of key, id and secret (source: Honeycomb docs, API: authentication).
fn honeycomb(bytes: &[u8]) -> Option<usize> {
    let rest = bytes.strip_prefix(b"hc")?;
    let is_kind = rest.first()?.is_ascii_lowercase()
        && [&b"ik_"[..], b"lk_", b"mk_"].contains(&rest.get(1..4)?);
    let length = run(rest.get(4..)?, Of::Alnum);
    (is_kind && length >= 40).then_some(6 + length)
}

/// An id, a colon and its secret (source: Ghost docs, Admin API: token authentication; Ably docs, API key format).
fn of_an_id(bytes: &[u8]) -> Option<usize> {
    let length =
        |at: usize, of: Of, most: usize| run_up_to(bytes.get(at..).unwrap_or_default(), of, most);
    if bytes.get(24) == Some(&b':') {
        return (length(0, Of::Hex, 24) == 24 && length(25, Of::Hex, 64) == 64).then_some(89);
    }
    if bytes.get(6) == Some(&b'.') && bytes.get(13) == Some(&b':') {
        let is_id = length(0, Of::Url, 6) == 6 && length(7, Of::Url, 6) == 6;
        return (is_id && length(14, Of::Url, 43) == 43 && is_mixed_letters(&bytes[14..57]))
            .then_some(57);
    }
    None
}

/// Three parts with points between them (source: RFC 7519); the last may be missing its end.
fn jwt(bytes: &[u8], at: usize, word_end: &mut usize) -> Option<usize> {
    bytes.starts_with(b"eyJ").then_some(())?;
    if *word_end <= at {
        *word_end = at + run(bytes, Of::Url);
    }
    let head = *word_end - at;
    (bytes.get(head) == Some(&b'.') && head >= 11).then_some(())?;
    let body = run(&bytes[head + 1..], Of::Url);
    let before = head + 1 + body;
    let rest = bytes.get(before).filter(|byte| **byte == b'.');
    (body >= 8).then(|| match rest {
        Some(_) => before + 1 + run(&bytes[before + 1..], Of::Dotted),
        None => before,
    })
}

/// Parts of these lengths with points between them (source: Discord docs, reference: authentication).
fn three_parts(bytes: &[u8], parts: [std::ops::RangeInclusive<usize>; 3]) -> Option<usize> {
    let mut at = 0;
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            bytes.get(at).filter(|byte| **byte == b'.')?;
            at += 1;
        }
        let length = run_up_to(bytes.get(at..)?, Of::Url, *part.end());
        part.contains(&length).then_some(())?;
        at += length;
    }
    Some(at)
}

/// A number, a colon and 35 characters (source: Telegram docs, bots: authorizing).
fn telegram(bytes: &[u8]) -> Option<usize> {
    let digits = bytes
        .iter()
        .take(11)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let rest = bytes.get(digits..)?.strip_prefix(b":AA")?;
    let length = run_up_to(rest, Of::Url, 33);
    ((8..=10).contains(&digits) && length == 33).then_some(digits + 3 + length)
}

/// A number before it: Asana's, Zoho's, Okta's, and those of Bitwarden's machine accounts (source: the makers' docs on access tokens).
fn numbered(bytes: &[u8]) -> Option<usize> {
    let hex = |at: usize| run_up_to(bytes.get(at..).unwrap_or_default(), Of::Hex, 32);
    if bytes.get(1) == Some(&b'/') {
        let is_number = |byte: &&u8| byte.is_ascii_digit() || **byte == b'/';
        let number = bytes.iter().take(60).take_while(is_number).count();
        return (number >= 12 && bytes.get(number) == Some(&b':') && hex(number + 1) == 32)
            .then_some(number + 33);
    }
    if bytes.starts_with(b"1000.") {
        return (hex(5) == 32 && bytes.get(37) == Some(&b'.') && hex(38) == 32).then_some(70);
    }
    // Okta's.
    if bytes.starts_with(b"00")
        && run_up_to(bytes, Of::Url, 42) == 42
        && is_mixed_letters(&bytes[..42])
    {
        return Some(42);
    }
    let id = std::str::from_utf8(bytes.strip_prefix(b"0.")?.get(..36)?).ok()?;
    let length = run_up_to(&bytes[38..], Of::Hash, 80);
    (is_uuid(id) && bytes.get(38) == Some(&b'.') && length >= 40).then_some(38 + length)
}

/// What a password was hashed to (source: crypt(5), and the PHC string format).
fn hash(bytes: &[u8]) -> Option<usize> {
    const LONGEST_KIND: usize = 16;
    // `8`, `9` and `14` are Cisco's, `P`, `H` and `S` those of PHP's programs, `A` MySQL's, `2` is Rspamd's.
    const KINDS: [&str; 30] = [
        "2",
        "1",
        "2a",
        "2b",
        "2x",
        "2y",
        "3",
        "5",
        "6",
        "7",
        "8",
        "9",
        "14",
        "y",
        "gy",
        "sm3",
        "md5",
        "sha1",
        "apr1",
        "argon2i",
        "argon2d",
        "argon2id",
        "scrypt",
        "pbkdf2",
        "pbkdf2-sha1",
        "pbkdf2-sha256",
        "pbkdf2-sha512",
        "bcrypt-sha256",
        "A",
        "shiro1",
    ];
    let mut kind = bytes[1..].iter().take(LONGEST_KIND + 1);
    let kind = kind.position(|byte| *byte == b'$')?;
    let name = std::str::from_utf8(&bytes[1..=kind]).ok()?;
    KINDS.contains(&name).then_some(())?;
    let rest = &bytes[kind + 2..];
    let length = rest
        .iter()
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"./$+=,-".contains(&byte))
        .count();
    (length >= 22).then_some(kind + 2 + length)
}

/// Tokens that have their mark within: Terraform Cloud's, Entra ID's client secrets, Azure DevOps's, Airtable's,
/// Mailchimp's, MaxMind's, New Relic's, Resend's, LaunchDarkly's, ClickUp's (source: the makers' docs on API tokens).
fn within(bytes: &[u8]) -> Option<usize> {
    let has = |at: usize, mark: &[u8]| bytes.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let is_terraform = has(14, b".atlasv1.");
    let may_be = is_terraform
        || [
            (4, &b"Q~"[..]),
            (76, b"AZDO"),
            (36, b"_mmk"),
            (36, b"NRAL"),
            (32, b"-us"),
        ]
        .iter()
        .any(|(at, mark)| has(*at, mark))
        || [&b"pat"[..], b"pk_", b"re_", b"sdk-", b"api-", b"mob-"]
            .iter()
            .any(|mark| has(0, mark));
    if !may_be {
        return None;
    }
    // None is longer than 84, but one with its mark in front.
    let most = if is_terraform { usize::MAX } else { 85 };
    let word = bytes
        .iter()
        .take(most)
        .take_while(|&&byte| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte))
        .count();
    if word < 34 {
        return None;
    }
    let word = &bytes[..word];
    let has = |at: usize, mark: &[u8]| word.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let is_one = (has(14, b".atlasv1.") && word.len() >= 60)
        || (has(4, b"Q~") && word[3].is_ascii_digit() && (36..=44).contains(&word.len()))
        || (has(76, b"AZDO") && word.len() == 84)
        || (word.starts_with(b"pat") && has(17, b".") && word.len() == 82)
        || (word.len() == 40 && (word.ends_with(b"_mmk") || word.ends_with(b"NRAL")))
        || (word.starts_with(b"pk_")
            && word.len() >= 42
            && word[3..]
                .split(|byte| *byte == b'_')
                .map(<[u8]>::len)
                .eq([word.len() - 36, 32])
            && word[3..9].iter().all(u8::is_ascii_digit))
        || (word.starts_with(b"re_")
            && has(11, b"_")
            && word.len() == 36
            && is_mixed_letters(word))
        || (word.len() == 40
            && [&b"sdk-"[..], b"api-", b"mob-"].contains(&&word[..4])
            && std::str::from_utf8(&word[4..]).is_ok_and(is_uuid))
        || (has(32, b"-us") && word[..32].iter().all(u8::is_ascii_hexdigit) && word.len() <= 37);
    is_one.then_some(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_together_is_found_whole_and_what_is_shorter_stays() {
        let (hex, letters) = ("0f1e2d3c".repeat(8), "aB3dE5gH".repeat(8));
        for whole in [
            format!("{}:{hex}", &hex[..24]),
            format!("{}.{}:{}", &letters[..6], &letters[1..7], &letters[..43]),
            format!("hcxik_{}", &letters[..58]),
            format!("$2${}${}", &letters[..24], &letters[..40]),
        ] {
            let length = |text: &str| token(text.as_bytes(), 0, &mut 0);
            assert_eq!(length(&whole), Some(whole.len()), "{whole}");
            assert_eq!(length(&format!("{whole} x")), Some(whole.len()), "{whole}");
            for end in 1..whole.len() - 45 {
                assert_eq!(length(&whole[..end]), None, "{whole}");
            }
        }
    }
}

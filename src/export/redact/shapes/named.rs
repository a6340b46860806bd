//! Values that stand behind a name: assignments, JSON, YAML, headers, cookies, queries, prompts.
//!
//! Nothing here looks beyond a line.

use std::ops::Range;

use super::ends::{Ends, value};
use super::nones::{is_identifier, is_none};
use super::programs::{
    LONGEST, is_about_secrets, is_code, is_count, is_flag, is_flag_of_a_manual, is_name_again,
    is_quoted_type, is_test,
};
use super::words::{self, Name, is_random, is_word};

/// Of a name that is words, so many are looked at.
const WORDS: usize = 4;
/// Schemes of the header `Authorization` (source: the registry of HTTP authentication schemes; AWS, GitHub and GitLab docs).
const SCHEMES: &str = " basic bearer token apikey digest negotiate aws4-hmac-sha256 hawk key oauth splunk genie-key ssws sso-key ";

/// Calls `found` with each value.
pub(super) fn find(line: &str, found: &mut dyn FnMut(Range<usize>)) {
    let bytes = line.as_bytes();
    let mut until = 0;
    let mut ends = Ends::default();
    for at in memchr_two(bytes) {
        // `Token::Key` is a path.
        let is_path = bytes[at] == b':'
            && (bytes.get(at + 1) == Some(&b':') || (at > 0 && bytes[at - 1] == b':'));
        if at < until || is_path {
            continue;
        }
        let Some(name) = name_before(line, at) else {
            continue;
        };
        let name = typed(line, name, at);
        // `arn:aws:secretsmanager:…:secret:name`
        if bytes[at] == b':' && name.start > 0 && bytes[name.start - 1] == b':' {
            continue;
        }
        let start = behind(bytes, at);
        let Some(value) = value(line, start, at, &mut ends) else {
            continue;
        };
        let text = &line[name.clone()];
        if is_named(text, "authorization") {
            let value = credentials(line, value);
            until = value.end;
            // `--binary-authorization=POLICY` of a manual, a host.
            let text = &line[value.clone()];
            let is_capital = text.bytes().all(|byte| byte.is_ascii_uppercase());
            let is_base64 = is_random(text)
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            if is_base64 || (!is_none(text) && !is_capital && !is_identifier(text)) {
                found(value);
            }
        } else if is_named(text, "cookie") {
            let start = value.start;
            // `PVEAuthCookie=…`, `erlang.cookie: …`: the name of one cookie.
            if !line[value.clone()].trim_end_matches('=').contains('=') {
                let text = &line[value.clone()];
                let is_one = is_random(text) || (text.len() > 16 && !is_word(text));
                if is_one && !is_none(text) {
                    until = value.end;
                    found(value);
                }
                continue;
            }
            let end = line[start..]
                .find(['"', '\''])
                .map_or(line.len(), |end| start + end);
            cookies(line, start..end, text, found);
            until = end;
        } else if is_secret(line, &name, at, &value) {
            until = value.end;
            found(value);
        }
    }
    bearer(line, found);
}

fn memchr_two(bytes: &[u8]) -> impl Iterator<Item = usize> {
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'=' | b':'))
        .map(|(at, _)| at)
}

fn is_named(name: &str, what: &str) -> bool {
    let end = name
        .len()
        .checked_sub(what.len())
        .and_then(|at| name.get(at..));
    // `lookup_dcookie` is none.
    let is_start = |end: &str| {
        let before = name[..name.len() - end.len()].bytes().next_back();
        end.starts_with(|c: char| c.is_ascii_uppercase())
            || !before.is_some_and(|byte| byte.is_ascii_alphabetic())
    };
    end.is_some_and(|end| end.eq_ignore_ascii_case(what) && is_start(end))
}

/// The name before a colon or an equals sign, its quotes left out.
fn name_before(line: &str, at: usize) -> Option<Range<usize>> {
    let bytes = line.as_bytes();
    let back = |mut end: usize, skipped: &[u8]| {
        while end > 0 && skipped.contains(&bytes[end - 1]) {
            end -= 1;
        }
        end
    };
    let mut end = back(at, b" \t");
    // `Token (will be hidden): `, `password [none]> `.
    if end > 1 && bytes[end - 1] == b')' {
        let from = end.saturating_sub(LONGEST);
        let open = from + bytes[from..end].iter().rposition(|byte| *byte == b'(')?;
        if open > 0 && bytes[open - 1] == b' ' {
            end = back(open, b" ");
        }
    }
    // `[None]` of a prompt.
    if end > 0
        && bytes[end - 1] == b']'
        && let Some(open) = memchr::memrchr(b'[', &bytes[..end])
    {
        let is_index = open > 0
            && (b" \t".contains(&bytes[open - 1])
                || bytes[open + 1..end - 1].iter().all(u8::is_ascii_digit));
        end = if is_index {
            back(open, b" \t")
        } else {
            back(end, b"]")
        };
    }
    let end = back(end, b"\"'`\\*");
    // What is no ASCII is looked at as letters; the words are cut where they are none.
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte) || !byte.is_ascii();
    let mut start = end;
    while start > 0 && is_name(&bytes[start - 1]) && end - start < LONGEST {
        start -= 1;
    }
    while !line.is_char_boundary(start) {
        start += 1;
    }
    (start < end).then_some(start..end)
}

/// `password: &str = "…"`: the name stands before its type.
fn typed(line: &str, name: Range<usize>, at: usize) -> Range<usize> {
    let before = line[..name.start]
        .trim_end_matches("'static ")
        .trim_end_matches([' ', '&', '*', '[']);
    let is_type = line.as_bytes()[at] == b'='
        && words::name(&line[name.clone()]) == Name::Other
        && before.ends_with(':')
        && !before.ends_with("::")
        // `$env:NAME = "…"` has no type.
        && before.len() < name.start
        && line[at + 1..]
            .trim_start()
            .trim_start_matches('b')
            .starts_with(['"', '\'']);
    match is_type {
        true => name_before(line, before.len() - 1).unwrap_or(name),
        false => name,
    }
}

/// Where the value begins: behind `=`, `:`, `=>`, `:=`, `==` and spaces.
fn behind(bytes: &[u8], at: usize) -> usize {
    let mut start = at + 1;
    while bytes.get(start).is_some_and(|byte| b"=>".contains(byte)) {
        start += 1;
    }
    while bytes.get(start).is_some_and(|byte| b" \t".contains(byte)) {
        start += 1;
    }
    // A tag of YAML's.
    if bytes[start.min(bytes.len())..].starts_with(b"!!str ") {
        start += 6;
    }
    start
}

fn is_secret(line: &str, name: &Range<usize>, at: usize, value: &Range<usize>) -> bool {
    let bytes = line.as_bytes();
    let text = &line[value.clone()];
    let is_quoted = value.start > at + 1 && b"\"'`".contains(&bytes[value.start - 1]);
    let written = &line[name.clone()];
    let mut told = words::name(written);
    let is_spaced = !is_quoted && bytes.get(at + 1).is_some_and(|byte| *byte == b' ');
    if told < Name::Secret {
        // Names that are several words: `API key: …`.
        let phrase = phrase(line, name);
        let phrase = phrase.strip_suffix(" is").unwrap_or(phrase);
        let of_phrase = words::name(phrase);
        if (is_signature(written) && is_random(text)) || of_phrase == Name::Secret {
            told = Name::Secret;
        } else if told == Name::Other
            && of_phrase == Name::Perhaps
            && phrase.len() > written.len()
            && !phrase.is_ascii()
        {
            told = Name::Perhaps;
        }
    }
    // `;PWD=` of a connection string (source: ODBC reference, SQLDriverConnect).
    if written.eq_ignore_ascii_case("pwd") && line[..name.start].ends_with(';') {
        told = Name::Secret;
    }
    // `kubectl create secret … --from-literal=NAME=VALUE`, whatever the name.
    if line[..name.start].ends_with("--from-literal=") && line[..name.start].contains("secret") {
        told = Name::Secret;
    }
    let before = &line[..name.start];
    // `checksum/secret: …` of a chart, `alias pw='pwgen 20'`, `${NAME:?it must be set}`, `rename {password => key}/x.rs` of git.
    let is_error = || before.ends_with("${") && text.starts_with(['?', '+']);
    let is_renamed = || before.ends_with('{') && text.contains("}/");
    if before.ends_with("checksum/") || before.ends_with("alias ") || is_error() || is_renamed() {
        return false;
    }
    // Not the shell's, which is a path.
    if written == "PWD" && !text.contains(['/', '\\', '~']) {
        told = Name::Perhaps;
    }
    // Told last: a value may be long, and most names are none of a secret.
    if told == Name::Other || is_none(text) {
        return false;
    }
    match told {
        Name::Other => false,
        // `secret:prod/db`, `secret=secret/data/db:password`
        _ if is_named(written, "secret")
            && text.contains('/')
            && text.split(['/', ':']).all(is_word) =>
        {
            false
        }
        // `client-secret=CLIENT-SECRET`
        _ if is_name_again(written, text) => false,
        // `--kms-key=KMS_KEY : --kms-location=…` of a manual.
        _ if !is_quoted && is_flag(text) => false,
        // `PASS: name-of-a-test2`
        _ if written == "PASS" && is_spaced && is_test(line, name, value) => false,
        Name::Perhaps if text.starts_with(['[', '(', '^', ',']) => false,
        // `labels=LabelKey1=LabelValue1,LabelKey2=…`
        Name::Perhaps if !is_quoted && text.contains('=') && text.contains(',') => false,
        // `primaryKey` names a column, too.
        Name::Perhaps
            if written
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_ascii_lowercase()
                .ends_with("key")
                && text.len() < if written.ends_with("_KEY") { 16 } else { 32 } =>
        {
            false
        }
        Name::Perhaps => {
            is_random(text)
                && (is_quoted || (!is_identifier(text) && !text.starts_with(['[', '*'])))
        }
        // `token: HANDLE,` and `self.token = next` of a program's text.
        Name::Secret
            if !is_quoted
                && ((line[value.end..].starts_with(',')
                    && text.starts_with(|c: char| c.is_ascii_uppercase())
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()))
                    || ((written.starts_with("self.") || written.starts_with("this."))
                        && text.bytes().all(|byte| byte.is_ascii_lowercase()))) =>
        {
            false
        }
        Name::Secret if text.starts_with("//") => false,
        // `semi_token: *semi`
        Name::Secret
            if !is_quoted
                && text.strip_prefix('*').is_some_and(|name| {
                    name.bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
                }) =>
        {
            false
        }
        // `private_key: "_PrivateKey"`, `"Path to the private key"`, `token = Punctuation`.
        Name::Secret
            if (is_quoted && (is_quoted_type(text) || is_about_secrets(text)))
                || (is_spaced && written.ends_with("token") && is_word(text)) =>
        {
            false
        }
        Name::Secret if is_count(written, text) => false,
        Name::Secret
            if !is_quoted
                && (is_code(written, text)
                    || is_identifier(text.trim_end_matches([')', ']', ',', ':', ';']))
                    || text.starts_with('[')) =>
        {
            false
        }
        Name::Secret if is_flag_of_a_manual(line, name, text) => false,
        // A comparison.
        Name::Secret if bytes[at..].starts_with(b"==") && !is_random(text) => false,
        // `GET token:count`
        Name::Secret
            if bytes[at] == b':'
                && value.start == at + 1
                && at > 0
                && line[..name.start].ends_with(' ')
                && is_word(text) =>
        {
            false
        }
        Name::Secret if is_spaced => {
            // A sentence, or a line of a file?
            let has_more = !line[value.end..].trim_matches([' ', '\t', '\r']).is_empty();
            let before =
                line[..name.start].trim_matches([' ', '\t', '-', '"', '\'', '{', ',', '|', '>']);
            // `api_key: API key of …`
            let is_short = text.len() < 6 && text.bytes().all(|byte| byte.is_ascii_uppercase());
            match (is_word(text) || is_short, has_more || !before.is_empty()) {
                (true, true) => false,
                (true, false) => !written.to_ascii_lowercase().contains("key"),
                (false, _) => true,
            }
        }
        Name::Secret => true,
    }
}

/// Parts of a signed address (source: AWS Signature Version 4 in queries, Azure's shared access signatures, Google's
/// signed URLs).
fn is_signature(name: &str) -> bool {
    let end = name
        .rsplit(['.', '?'])
        .next()
        .unwrap_or(name)
        .to_ascii_lowercase();
    matches!(
        end.as_str(),
        "sig"
            | "signature"
            | "x-amz-signature"
            | "x-amz-security-token"
            | "x-amz-credential"
            | "x-goog-signature"
            | "x-goog-credential"
    )
}

/// The name and the words before it.
fn phrase<'a>(line: &'a str, name: &Range<usize>) -> &'a str {
    let mut start = name.start;
    for _ in 1..WORDS {
        let before = &line[..start];
        let Some(bare) = before.strip_suffix(' ') else {
            break;
        };
        let length = bare
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
            .count();
        let length = (0..=length)
            .rev()
            .find(|length| bare.is_char_boundary(bare.len() - length))
            .unwrap_or(0);
        if length == 0 {
            break;
        }
        start = bare.len() - length;
    }
    &line[start..name.end]
}

/// What an `Authorization` is: behind its scheme, if it names one.
fn credentials(line: &str, value: Range<usize>) -> Range<usize> {
    let quote = line[..value.start]
        .chars()
        .next_back()
        .filter(|c| "\"'".contains(*c));
    let rest = &line[value.start..];
    let end = match quote {
        Some(quote) => rest.find(quote),
        None => rest.find(['"', '\'']),
    };
    let rest = &rest[..end.unwrap_or(rest.len())];
    let first = rest.split([' ', '\t']).next().unwrap_or_default();
    let lower = format!(" {} ", first.to_ascii_lowercase());
    let skipped = match SCHEMES.contains(&lower) {
        true => first.len() + rest[first.len()..].len() - rest[first.len()..].trim_start().len(),
        false => 0,
    };
    let start = value.start + skipped;
    start..(value.start + rest.trim_end().len()).max(start)
}

/// `name=value; name=value`; of a cookie that is set the first alone.
fn cookies(line: &str, range: Range<usize>, name: &str, found: &mut dyn FnMut(Range<usize>)) {
    let is_set = name.to_ascii_lowercase().contains("set");
    let mut at = range.start;
    for pair in line[range]
        .split(';')
        .take(if is_set { 1 } else { usize::MAX })
    {
        if let Some(equals) = pair.find('=') {
            let value = pair[equals + 1..].trim_end();
            let is_of_a_manual = value.contains("],[");
            if value.len() >= 3 && !is_of_a_manual && !is_none(value) {
                found(at + equals + 1..at + equals + 1 + value.len());
            }
        }
        at += pair.len() + 1;
    }
}

/// `Bearer` and what follows it, wherever it stands (source: RFC 6750).
fn bearer(line: &str, found: &mut dyn FnMut(Range<usize>)) {
    let lower = line.to_ascii_lowercase();
    let mut until = 0;
    for (at, word) in lower.match_indices("bearer") {
        if at + word.len() < until {
            continue;
        }
        let rest = &line[at + word.len()..];
        let value = rest.trim_start_matches([' ', '\t', '"', '\'', ':', '=']);
        let start = line.len() - value.len();
        if value.len() == rest.len() {
            continue;
        }
        let length = value
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"._~+/=-".contains(byte))
            .count();
        if length >= 16 && !is_none(&value[..length]) {
            until = start + length;
            found(start..until);
        }
    }
}

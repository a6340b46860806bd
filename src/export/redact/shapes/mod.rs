//! The forms that secrets are known to have, each kind in a file of its own, with where it is described.
//!
//! Nothing here knows where a text comes from, and nothing here makes an expression out of what it found.
//!
//! | kind | told by | described in |
//! | --- | --- | --- |
//! | tokens | prefix, alphabet, length | a row each in `tokens`: the makers' documents |
//! | tokens of which only lists tell | the same, or several parts | `published` |
//! | names | the words of a name before `=` or `:`, in some languages | `words`, `named`; what is no value: `nones` |
//! | headers, cookies, signed addresses | their names | RFC 6265, RFC 6750, RFC 9110, AWS Signature Version 4, Azure SAS |
//! | commands | flags, pipes, SQL, netrc; arguments by their place | `commands`, `arguments`: the programs' manuals |
//! | lines | tables, files, sentences of a fixed form | a row each in `lines` |
//! | key blocks | RFC 7468 and the OpenSSH and PGP armors, with or without head or end | `blocks` |
//! | answers of AWS | `SecretString`, `SecureString`, prompts of `aws configure` | AWS CLI reference |
//! | answers of commands | the command before them | `answers`: the references of the programs |
//! | objects | `kind: Secret` around them | `manifests`: Kubernetes API reference |
//! | columns | the head of a table, the columns of an `INSERT` | `columns` |
//! | hashes | `$id$` | crypt(5), PHC strings |
//! | users in addresses | `user:password@` | RFC 3986 |
//! | anything random | entropy, when asked for | |

mod answers;
mod arguments;
mod blocks;
mod columns;
mod commands;
mod composed;
mod ends;
mod lines;
mod manifests;
mod named;
mod nones;
mod pairs;
mod plain;
mod programs;
mod published;
mod readers;
mod tokens;
mod words;

use std::ops::Range;

use pairs::Pairs;
use plain::{Expression, group, places, whole};

use super::seen::Seen;

pub(super) use words::is_common;

/// Longer lines are looked at in parts, which overlap by the same again.
const LINE: usize = 8 * 1024;

/// What a few characters in a row tell: one of these stands in the text, and the expression. The group `secret` is what is
/// replaced, or all of it.
static EXPRESSIONS: [(&str, Expression); 5] = [
    // A secret access key has no form but its length: beside its name, or right behind an access key id.
    (
        "ey|EY|Ey|eY",
        Expression::new(
            r#"(?i)(?:secret|aws)[\w -]{0,30}key[\w -]{0,20}["']?\s{0,4}(?:[:=]|=>|\s)\s{0,4}["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
            true,
        ),
    ),
    (
        "AKIA|ASIA",
        Expression::new(
            r#"\b(?:AKIA|ASIA)[A-Z2-7]{16}["']?[\s,:|]{1,12}["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
            true,
        ),
    ),
    // A key block, also without its end, also with line numbers, also as JSON writes line ends.
    (
        "-----BEGIN ",
        Expression::new(
            concat!(
                r"-----BEGIN (?:(?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----",
                r#"(?:(?:[\s:~|>"]|\\{1,2}[nr])*(?:\d{1,6}[\s:|]+)?[A-Za-z-]{4,24}: [^\n\\]{0,200})*"#,
                r#"(?:(?:[\s:~|>"]|\\{1,2}[nr])*(?:\d{1,6}[\s:|]+)?[A-Za-z0-9+/]{16,}={0,2})*"#,
                r#"(?:(?:[\s:~|>"]|\\{1,2}[nr])*(?:\d{1,6}[\s:|]+)?=?[A-Za-z0-9+/]{1,76}={0,2}(?:[\s:~|>"]|\\{1,2}[nr])*(?:\d{1,6}[\s:|]+)?-----END [A-Za-z0-9 ]{0,40}-----)?"#,
                r#"(?:(?:[\s:~|>"]|\\{1,2}[nr])*-----END [A-Za-z0-9 ]{0,40}-----)?"#
            ),
            true,
        ),
    ),
    (
        "://",
        Expression::new(
            r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@?#]{0,200}:(?P<secret>[^\s@/][^\s@]{0,200})@",
            true,
        ),
    ),
    // Addresses that are a secret as a whole (source: Slack's, Discord's, Microsoft's, Zapier's and IFTTT's docs on webhooks).
    (
        "https://",
        Expression::new(
            r"https://(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks|[a-z0-9.-]{1,60}\.office(?:365)?\.com/webhook(?:b2)?|hooks\.zapier\.com/hooks/catch/\d{1,12}|maker\.ifttt\.com/trigger/[^\s/]{1,80}/(?:json/)?with/key)/(?P<secret>[A-Za-z0-9/_@-]{6,})",
            true,
        ),
    ),
];

/// Calls `found` with each secret; the ranges come in no order and may overlap. `strict`: whatever looks random is one. `lines`:
/// what was found in the latest lines, each by itself, with the same `strict`.
pub(super) fn find(
    text: &str,
    strict: bool,
    lines: &mut Seen,
    found: &mut dyn FnMut(Range<usize>),
) {
    tokens::find(text, found);
    blocks::find(text, found);
    answers::find(text, found);
    manifests::find(text, found);
    columns::find(text, found);
    let plain = plain::plain(text);
    let mut pairs = Pairs::of(text);
    lines::find(text, &plain, &mut pairs, found);
    for (need, expression) in &EXPRESSIONS {
        let Some(regex) = Some(expression)
            .filter(|_| {
                let mut needs = need.split('|');
                needs.any(|need| {
                    pairs.may_hold(need.as_bytes()) && places(text, need).next().is_some()
                })
            })
            .and_then(Expression::regex)
        else {
            continue;
        };
        let mut from = 0;
        while let Some(groups) = regex.captures_at(&plain, from) {
            let all = || whole(text, groups.get_match().range());
            let part = group(text, &groups, "secret").unwrap_or_else(all);
            let text_of_it = &text[part.clone()];
            // `http://USER:PASSWORD@host`, `http://[user:pass@]host` of a manual.
            let is_placeholder = text_of_it
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || b"_-*".contains(&byte))
                || matches!(
                    text_of_it.trim_end_matches([']', '>']),
                    "pass" | "passwd" | "password" | "pwd" | "pw"
                );
            // `unset AWS_SECRET_ACCESS_KEY`, and a digest on the next line.
            let is_below = text[groups.get_match().start()..part.start].contains('\n');
            let is_digest = is_below && words::is_long_hex(text_of_it);
            if !is_placeholder && !is_digest && !text_of_it.starts_with(['$', '{', '<']) {
                found(part.clone());
            }
            // What ends one match can begin the next.
            from = part.end.max(from + 1);
            from = (from..text.len())
                .find(|&at| text.is_char_boundary(at))
                .unwrap_or(text.len());
            if from >= text.len() {
                break;
            }
        }
    }
    let mut at = 0;
    for line in text.split('\n') {
        for part in parts(line) {
            let start = at + part.start;
            let part = &line[part];
            let places = lines.or_look(part, |tell| {
                named::find(part, tell);
                commands::find(part, tell);
                if strict {
                    random(part, tell);
                }
            });
            for range in places {
                found(start + range.start..start + range.end);
            }
        }
        at += line.len() + 1;
    }
}

/// A line in parts that can be looked at by themselves.
fn parts(line: &str) -> impl Iterator<Item = Range<usize>> {
    let boundary = |at: usize| {
        (at..line.len())
            .find(|&at| line.is_char_boundary(at))
            .unwrap_or(line.len())
    };
    (0..line.len().div_ceil(LINE))
        .map(move |number| boundary(number * LINE)..boundary((number + 2) * LINE))
}

/// Words that no person writes: long, of several kinds of characters, no two alike in meaning.
fn random(line: &str, found: &mut dyn FnMut(Range<usize>)) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..]
            .iter()
            .take_while(|byte| is_part(**byte))
            .count();
        let word = &bytes[at..at + length];
        let has = |test: fn(&u8) -> bool| word.iter().any(test);
        let digits = has(u8::is_ascii_digit);
        let is_hex = length >= 32
            && digits
            && word.iter().all(u8::is_ascii_hexdigit)
            && words::entropy(word) > 3.0;
        let is_mixed =
            length >= 20 && digits && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        if is_hex || (is_mixed && words::entropy(word) > 3.7) {
            found(at..at + length);
        }
        at += length.max(1);
    }
}

/// What one kind finds, for the tests of each.
#[cfg(test)]
#[track_caller]
fn check(find: fn(&str, &mut dyn FnMut(Range<usize>)), text: &str, expected: &[&str]) {
    let mut parts = Vec::new();
    find(text, &mut |range| parts.push(text[range].to_owned()));
    assert_eq!(parts, expected, "{text}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_expression_reads() {
        for (_, expression) in &EXPRESSIONS {
            assert!(expression.regex().is_some());
        }
    }

    #[test]
    fn a_long_line_is_looked_at_whole() {
        let secret = "password=hunter2-hunter2";
        for before in [0, LINE - 12, LINE, 3 * LINE - 5] {
            let line = format!("{} {secret} {}", "é".repeat(before / 2), "y".repeat(LINE));
            let mut parts = Vec::new();
            find(&line, false, &mut Seen::default(), &mut |range| {
                parts.push(line[range].to_owned())
            });
            assert!(
                parts.iter().any(|part| part == "hunter2-hunter2"),
                "{before}: {parts:?}"
            );
        }
    }
    /// What the shapes are made of, letters of several bytes between.
    const PIECES: [&str; 44] = [
        "password",
        "TOKEN",
        "secret",
        "=",
        ":",
        " ",
        "\"",
        "'",
        "\n",
        "\t",
        "-u ",
        "-p",
        "--password ",
        "curl ",
        "mysql ",
        "net use ",
        "/user:",
        "x",
        "1",
        "é",
        "漢",
        "\u{1f600}",
        "https://",
        "@",
        "/",
        "-----BEGIN PRIVATE KEY-----",
        "\\n",
        "AKIA",
        "ghp_",
        "$6$",
        "eyJ",
        ".",
        ",",
        "{",
        "}",
        "[",
        "]",
        "<",
        ">",
        "|",
        "=>",
        "Authorization: Basic ",
        "passphrase for é is: ",
        "machine ",
    ];

    proptest! {
        #[test]
        fn no_text_breaks_it_and_each_secret_is_whole_characters(
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..40),
            strict in any::<bool>(),
        ) {
            let text = pieces.concat();
            find(&text, strict, &mut Seen::default(), &mut |range| {
                assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
            });
        }
    }
}

//! What is looked for: a person's regular expressions, and the forms that secrets are known to have.
//!
//! Nothing here knows where a text comes from.

use std::collections::BTreeSet;
use std::ops::Range;

use regex::Regex;

use super::MASK;

/// A secret of a known form is looked for in every other place too, when it has at least this many characters.
const MIN_VALUE: usize = 8;
/// A part of a secret at its start gives it away from this many characters on.
const MIN_PREFIX: usize = 10;
/// Longer ones are no single secret.
const MAX_VALUE: usize = 120;
/// As many different values are kept; a recording full of them is redacted by form alone.
const MAX_VALUES: usize = 500;

/// The forms that secrets have. What is to be replaced is the group `secret`, or all of the match.
///
/// Sources: the AWS IAM guide on identifiers (key id prefixes), RFC 7468 and the OpenSSH and PGP armors, RFC 7519 (JWT),
/// RFC 6750 (bearer), GitHub's and Slack's documents on token formats, RFC 3986 (userinfo).
const SECRETS: [&str; 13] = [
    r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z2-7]{16}\b",
    // A secret access key has no form but its length: it is taken for one beside its name,
    r#"(?i)(?:secret|aws)[\w -]{0,30}key[\w -]{0,20}["']?\s{0,4}(?:[:=]|=>|\s)\s{0,4}["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    // or right behind an access key id, as in a table or a CSV file.
    r#"\b(?:AKIA|ASIA)[A-Z2-7]{16}["']?[\s,:|]{1,12}["']?(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    r#"(?i)(?:aws_?)?(?:session|security)_?-?token["']?\s{0,4}(?:[:=]|\s)\s{0,4}["']?(?P<secret>[A-Za-z0-9/+=]{100,})"#,
    // A key block, also without its end, also with line numbers; the body is what looks like base64.
    concat!(
        r"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----",
        r"(?:[\s:~|]*(?:\d{1,6}[\s:|]+)?[A-Za-z-]{4,24}: [^\n]{0,200})*",
        r"(?:[\s:~|]*(?:\d{1,6}[\s:|]+)?[A-Za-z0-9+/]{16,}={0,2})*",
        r"(?:[\s:~|]*(?:\d{1,6}[\s:|]+)?=?[A-Za-z0-9+/]{1,76}={0,2}[\s:~|]*(?:\d{1,6}[\s:|]+)?-----END [A-Z0-9 ]{0,40}-----)?",
        r"(?:[\s:~|]*-----END [A-Z0-9 ]{0,40}-----)?"
    ),
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{0,}",
    r#"(?i)\bbearer\s{1,4}["']?(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)"#,
    r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    r"\b(?:xox[abceoprs]-[A-Za-z0-9-]{10,}|xapp-[0-9]-[A-Za-z0-9-]{10,}|xwfp-[A-Za-z0-9-]{10,})",
    r"https://hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]{16,})",
    r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@?#]{0,200}:(?P<secret>[^\s/@]{1,200})@",
    r"(?i)\bauthorization:\s{0,4}basic\s{1,4}(?P<secret>[A-Za-z0-9+/=]{6,})",
    concat!(
        r#"(?i)(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret)"#,
        r#"["']?[ \t]{0,3}(?:=>|:=|=|:)[ \t]{0,3}(?:"(?P<a>(?:[^"\\\n]|\\.){1,200})"|'(?P<b>(?:[^'\\\n]|\\.){1,200})'|(?P<secret>[^\s"']\S{2,200}))"#
    ),
];

/// What a program writes before it reads a secret without showing it.
const ASKS: &str = r"(?i)(?:pass(?:word|phrase|code|wd)?|secret|token|\bpin|otp|one-time|verification code|api[ _-]?key)[^\n]{0,80}[:?>]\s*$";

/// What is to be replaced.
#[derive(Clone, Debug)]
pub struct Patterns {
    regexes: Vec<Regex>,
    /// Where in `regexes` those begin whose values are looked for elsewhere too.
    secrets: Range<usize>,
    asks: Option<Regex>,
    values: BTreeSet<String>,
}

impl Patterns {
    /// The person's expressions, and the known forms of secrets if `secrets` is set.
    ///
    /// # Errors
    /// An expression does not read, or finds the empty text.
    pub fn new<T: AsRef<str>>(
        expressions: impl IntoIterator<Item = T>,
        secrets: bool,
    ) -> Result<Self, PatternError> {
        let mut regexes = Vec::new();
        for expression in expressions {
            let expression = expression.as_ref();
            let regex = compile(expression)?;
            if regex.is_match("") {
                return Err(PatternError::Empty {
                    expression: expression.to_owned(),
                });
            }
            regexes.push(regex);
        }
        let known = regexes.len();
        if secrets {
            for expression in SECRETS {
                regexes.push(compile(expression)?);
            }
        }
        Ok(Self {
            secrets: known..regexes.len(),
            regexes,
            asks: secrets.then(|| compile(ASKS)).transpose()?,
            values: BTreeSet::new(),
        })
    }

    /// Calls `found` with each range of bytes to be replaced. They come in no order and may overlap.
    pub(super) fn find(&mut self, text: &str, mut found: impl FnMut(Range<usize>)) {
        for (number, regex) in self.regexes.iter().enumerate() {
            if !self.secrets.contains(&number) {
                for range in regex.find_iter(text) {
                    found(range.range());
                }
                continue;
            }
            let mut from = 0;
            while let Some(groups) = regex.captures_at(text, from) {
                let all = groups.get_match();
                let part = ["secret", "a", "b"]
                    .iter()
                    .find_map(|name| groups.name(name))
                    .unwrap_or(all);
                found(part.range());
                // What ends one match can begin the next.
                from = part.end().max(from + 1);
                if self.values.len() < MAX_VALUES {
                    let pieces = part.as_str().split_ascii_whitespace();
                    let lines = part.as_str().starts_with("-----BEGIN");
                    self.values.extend(
                        pieces
                            .filter(|piece| {
                                let length = piece.chars().count();
                                !piece.starts_with('-')
                                    && !piece.ends_with("-----")
                                    && !piece.ends_with(':')
                                    && (if lines { 40 } else { MIN_VALUE }..=MAX_VALUE).contains(&length)
                                    && !piece.contains(MASK)
                                    // A word behind `password:` may be no more than that.
                                    && !piece.chars().all(|c| c.is_ascii_lowercase() || ",.;:".contains(c))
                            })
                            .map(str::to_owned),
                    );
                }
                if !text.is_char_boundary(from) {
                    from = (from..text.len())
                        .find(|&at| text.is_char_boundary(at))
                        .unwrap_or(text.len());
                }
                if from >= text.len() {
                    break;
                }
            }
        }
    }

    /// The text with every match replaced, character by character; `None` when there is none.
    pub(super) fn replace(&mut self, text: &str) -> Option<String> {
        let mut masked = Vec::new();
        self.find(text, |range| masked.push(range));
        if masked.is_empty() {
            return None;
        }
        masked.sort_unstable_by_key(|range| range.start);
        let mut out = String::with_capacity(text.len());
        let mut masked = masked.into_iter().peekable();
        let mut until = 0;
        for (at, c) in text.char_indices() {
            while let Some(range) = masked.next_if(|range| range.start <= at) {
                until = until.max(range.end);
            }
            let is_kept = at >= until || c == '\n';
            out.push(if is_kept { c } else { MASK });
        }
        Some(out)
    }

    /// Whether a program that has just written `line` asks for a secret.
    pub(super) fn asks(&self, line: &str) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.is_match(line))
    }

    /// Something that was typed where a secret was asked for.
    pub(super) fn learn(&mut self, value: &str) {
        let length = value.chars().count();
        if (MIN_VALUE..=MAX_VALUE).contains(&length) && self.values.len() < MAX_VALUES {
            self.values.insert(value.to_owned());
        }
    }

    /// These patterns and, as literal texts, every secret that they have found so far; `None` when there is none.
    pub(super) fn with_values(&self) -> Result<Option<Self>, PatternError> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let mut values: Vec<&String> = self.values.iter().collect();
        // The longest first: the first alternative that fits is taken.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let whole: Vec<_> = values.iter().map(|value| regex::escape(value)).collect();
        // A secret that a line editor drew again before all of it was typed stands there in part, at its start.
        let parts: Vec<_> = values
            .iter()
            .filter(|value| value.chars().count() > 2 * MIN_PREFIX)
            .map(|value| prefixes(value))
            .collect();
        let mut with = self.clone();
        with.regexes.push(compile(&whole.join("|"))?);
        if !parts.is_empty() {
            with.regexes.push(compile(&parts.join("|"))?);
        }
        Ok(Some(with))
    }
}

/// Finds the value's start in any length from [`MIN_PREFIX`] on.
fn prefixes(value: &str) -> String {
    let mut characters = value.chars();
    let start: String = characters.by_ref().take(MIN_PREFIX).collect();
    let mut expression = regex::escape(&start);
    let mut open = 0;
    for c in characters {
        expression.push_str("(?:");
        expression.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        open += 1;
    }
    expression.push_str(&")?".repeat(open));
    expression
}

fn compile(expression: &str) -> Result<Regex, PatternError> {
    regex::RegexBuilder::new(expression)
        .multi_line(true)
        .nest_limit(2 * MAX_VALUE as u32 + 50)
        .size_limit(64 << 20)
        .build()
        .map_err(|source| PatternError::Syntax {
            expression: expression.to_owned(),
            source: Box::new(source),
        })
}

/// Why something cannot be looked for.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// Not a regular expression.
    #[error("{expression:?} is no regular expression")]
    Syntax {
        /// As given.
        expression: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// It would replace nothing everywhere.
    #[error("{expression:?} finds the empty text")]
    Empty {
        /// As given.
        expression: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut patterns = Patterns::new([""; 0], true).unwrap();
        let replaced = patterns.replace(text).unwrap_or_else(|| text.to_owned());
        assert_eq!(replaced, expected, "{text}");
    }

    #[test]
    fn secrets_are_known_by_their_form() {
        check("id AKIAIOSFODNN7EXAMPLE.", "id ********************.");
        check(
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
            &format!("aws_secret_access_key = {}\n", "*".repeat(40)),
        );
        check(
            "AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            &format!("{},{}", "*".repeat(20), "*".repeat(40)),
        );
        check(
            "git clone https://me:hunter2@example.org/x.git",
            "git clone https://me:*******@example.org/x.git",
        );
        check(
            "Authorization: Bearer abcdefghijklmnop.qr",
            "Authorization: Bearer *******************",
        );
        check(
            "t=eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
            "t=**************************************",
        );
        check(
            "export DB_PASSWORD=hunter2 x",
            "export DB_PASSWORD=******* x",
        );
        check("password: \"two words\"", "password: \"*********\"");
        check(
            "token ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            &format!("token {}", "*".repeat(40)),
        );
        check("xoxb-1234567890-abc", "*******************");
    }

    #[test]
    fn a_private_key_is_replaced_with_its_body_and_without_its_end() {
        let body = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
        let stars = "*".repeat(body.len());
        let begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
        let end = "-----END OPENSSH PRIVATE KEY-----";
        check(
            &format!("$ cat k\n{begin}\n{body}\n{body}\nQyNTU=\n{end}\n$ ls"),
            &format!(
                "$ cat k\n{}\n{stars}\n{stars}\n******\n{}\n$ ls",
                "*".repeat(begin.len()),
                "*".repeat(end.len())
            ),
        );
        check(
            &format!("{begin}\n{body}\n$ ls -l"),
            &format!("{}\n{stars}\n$ ls -l", "*".repeat(begin.len())),
        );
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "-rw-r--r-- 1 root root 4096 passwd",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@host",
            "https://example.org/a:b@c",
            "Enter password:",
            "commit 3c9e398a0b1c2d3e4f5061728394a5b6c7d8e9f0",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn what_was_found_once_is_found_alone_and_in_part() {
        let mut patterns = Patterns::new([""; 0], true).unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        patterns.replace(&format!("secret_key={secret}")).unwrap();
        let mut patterns = patterns.with_values().unwrap().unwrap();
        assert_eq!(patterns.replace(secret).unwrap(), "*".repeat(40));
        assert_eq!(
            patterns.replace("> wJalrXUtnFEMI/K").unwrap(),
            format!("> {}", "*".repeat(15))
        );
    }

    #[test]
    fn a_persons_expression_is_checked() {
        assert!(matches!(
            Patterns::new(["("], false),
            Err(PatternError::Syntax { .. })
        ));
        assert!(matches!(
            Patterns::new(["a*"], false),
            Err(PatternError::Empty { .. })
        ));
    }
}

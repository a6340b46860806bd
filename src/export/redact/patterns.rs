//! What is looked for: a person's regular expressions, and the forms that secrets are known to have.
//!
//! Nothing here knows where a text comes from.

use std::ops::Range;

use regex::Regex;

use super::seen::Seen;
use super::values::Values;
use super::{MASK, shapes};

/// A shorter line of a key block is not looked for elsewhere.
const BLOCK_LINE: usize = 40;

/// What a program writes before it reads a secret without showing it.
const ASKS: &str = r"(?i)(?:pass(?:word|phrase|code|wd)?|secret|token|\bpin|otp|one-time|verification code|api[ _-]?key)[^\n]{0,80}[:?>]\s*$";

/// Which secrets are looked for beside a person's own expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// None.
    #[default]
    None,
    /// Those of known forms.
    Known,
    /// Those, and whatever looks random.
    Strict,
}

/// What is to be replaced.
#[derive(Clone, Debug)]
pub struct Patterns {
    regexes: Vec<Regex>,
    secrets: Secrets,
    asks: Option<Regex>,
    known: Values,
    /// Values that are looked for wherever they stand.
    wanted: Values,
    seen: Seen,
    /// The same of single lines, and of what their forms alone tell.
    lines: Seen,
    /// Which of the latest questions ask for a secret.
    asked: Seen,
    /// So many bytes of texts were looked at.
    #[cfg(test)]
    pub(super) looked_at: usize,
}

impl Patterns {
    /// The person's expressions, and secrets.
    ///
    /// # Errors
    /// An expression does not read, or finds the empty text.
    pub fn new<T: AsRef<str>>(
        expressions: impl IntoIterator<Item = T>,
        secrets: Secrets,
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
        Ok(Self {
            regexes,
            secrets,
            asks: (secrets != Secrets::None)
                .then(|| compile(ASKS))
                .transpose()?,
            known: Values::default(),
            wanted: Values::default(),
            seen: Seen::default(),
            lines: Seen::default(),
            asked: Seen::default(),
            #[cfg(test)]
            looked_at: 0,
        })
    }

    /// Calls `found` with each range of bytes to be replaced. They come in no order and may overlap. Tells whether the text had
    /// to be looked at: of one that came lately they are known.
    pub(super) fn find(&mut self, text: &str, found: impl FnMut(Range<usize>)) -> bool {
        if let Some(places) = self.seen.places(text) {
            places.iter().cloned().for_each(found);
            return false;
        }
        let mut places = Vec::new();
        self.look(text, |range| places.push(range));
        places.iter().cloned().for_each(found);
        // What is learned of a text is known already when it comes again.
        self.seen.remember(text, places);
        true
    }

    fn look(&mut self, text: &str, mut found: impl FnMut(Range<usize>)) {
        #[cfg(test)]
        {
            self.looked_at += text.len();
        }
        for regex in &self.regexes {
            for range in regex.find_iter(text) {
                found(range.range());
            }
        }
        if self.secrets == Secrets::None {
            return;
        }
        let known = &mut self.known;
        let mut fresh = Vec::new();
        let lines = &mut self.lines;
        shapes::find(text, self.secrets == Secrets::Strict, lines, &mut |range| {
            let part = &text[range.clone()];
            found(range);
            let is_block = part.starts_with("-----BEGIN");
            let pieces = part.split(|c: char| c.is_ascii_whitespace() || c == '\\');
            for piece in pieces {
                let is_armor =
                    piece.starts_with('-') || piece.ends_with("-----") || piece.ends_with(':');
                // A word behind `password:` may be no more than that.
                let is_common = shapes::is_common(piece);
                if !is_armor
                    && !is_common
                    && (!is_block || piece.len() >= BLOCK_LINE)
                    && known.learn(piece)
                {
                    fresh.push(piece);
                }
            }
        });
        for value in fresh {
            self.want(value);
        }
        self.wanted.find(text, &mut found);
    }

    /// Looks for a value wherever it stands from now on, also in what was looked at before.
    fn want(&mut self, value: &str) {
        self.wanted.arm(value);
        self.seen = Seen::default();
    }

    /// How many values are looked for wherever they stand.
    pub(super) fn wanted(&self) -> usize {
        self.known.len()
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
    pub(super) fn asks(&mut self, line: &str) -> bool {
        let Some(asks) = self.asks.as_ref() else {
            return false;
        };
        // Few lines end as a question does, and what asks again asks the same.
        let is_question = line.trim_end().ends_with([':', '?', '>']);
        let look = |tell: &mut dyn FnMut(Range<usize>)| {
            if asks.is_match(line) {
                tell(0..line.len());
            }
        };
        is_question && !self.asked.or_look(line, look).is_empty()
    }

    /// Something that was typed where a secret was asked for.
    pub(super) fn learn(&mut self, value: &str) {
        if self.known.learn(value) {
            self.want(value);
        }
    }
}

fn compile(expression: &str) -> Result<Regex, PatternError> {
    regex::RegexBuilder::new(expression)
        .multi_line(true)
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
        let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
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
        let mut patterns = Patterns::new([""; 0], Secrets::Known).unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        patterns.replace(&format!("secret_key={secret}")).unwrap();
        assert_eq!(patterns.replace(secret).unwrap(), "*".repeat(40));
        assert_eq!(
            patterns.replace("> wJalrXUtnFEMI/K").unwrap(),
            format!("> {}", "*".repeat(15))
        );
    }

    #[test]
    fn a_text_that_comes_again_is_looked_at_once_and_replaced_each_time() {
        let mut patterns = Patterns::new(["x+y"], Secrets::Known).unwrap();
        for _ in 0..3 {
            let replaced = patterns.replace("xxy DB_PASSWORD=hunter2").unwrap();
            assert_eq!(replaced, "*** DB_PASSWORD=*******");
            assert_eq!(patterns.replace("nothing"), None);
            for (text, places) in [("xxy DB_PASSWORD=hunter2", 2), ("nothing", 0)] {
                assert_eq!(patterns.seen.places(text).unwrap().len(), places);
            }
        }
        // With another value to look for, it is another matter.
        assert_eq!(patterns.replace("a thing like nothing"), None);
        patterns.learn("a thing like nothing");
        assert!(patterns.replace("a thing like nothing").is_some());
    }

    #[test]
    fn a_persons_expression_is_checked() {
        assert!(matches!(
            Patterns::new(["("], Secrets::None),
            Err(PatternError::Syntax { .. })
        ));
        assert!(matches!(
            Patterns::new(["a*"], Secrets::None),
            Err(PatternError::Empty { .. })
        ));
    }
}

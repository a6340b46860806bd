//! A corpus of secrets and of ordinary output, made from templates, and what redaction makes of it.
//!
//! Nothing here is anybody's secret: every value is made anew, by a generator that gives the same ones each time.

use std::collections::BTreeMap;

use formats::sealed::NoKey;
use ssm_rec::export::{Format, Options, Patterns, Secrets, export};
use ssm_rec::formats;

const SECRETS: &str = include_str!("secrets.txt");
const ORDINARY: &str = include_str!("ordinary.txt");

/// How a text comes over the wire and onto the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// In one piece on a wide screen.
    Whole,
    /// In pieces, with colors and a title between them.
    InPieces,
    /// On a screen of 37 columns, where lines wrap.
    Wrapped,
}

/// What became of one kind of text.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// How many there were.
    pub(crate) count: usize,
    /// How many were right.
    pub(crate) right: usize,
    /// The templates of those that were wrong, and how often.
    pub(crate) wrong: BTreeMap<String, usize>,
}

/// xorshift: the same numbers each time.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of(&mut self, alphabet: &[u8]) -> char {
        let at = (self.next() >> 20) as usize % alphabet.len();
        char::from(alphabet[at])
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| self.of(alphabet)).collect()
    }
}

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const WORDS: [&str; 24] = [
    "alpha", "bravo", "nginx", "postgres", "worker", "gateway", "monitor", "backup", "config",
    "deploy", "session", "metrics", "ledger", "orders", "billing", "search", "index", "cache",
    "queue", "mailer", "proxy", "agent", "builder", "archive",
];

/// A value of a class.
fn value(class: &str, numbers: &mut Numbers) -> String {
    let (class, length) = class.split_once(':').unwrap_or((class, "0"));
    let length: usize = length.parse().expect("a length");
    match class {
        "alnum" => numbers.text(ALNUM, length),
        "alpha" => numbers.text(&ALNUM[..52], length),
        "upper" => numbers.text(UPPER, length),
        "base32" => numbers.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length),
        "base64" => numbers.text(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
            length,
        ),
        "base64url" => numbers.text(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
            length,
        ),
        "hex" => numbers.text(b"0123456789abcdef", length),
        "digits" | "int" => {
            numbers.of(b"123456789").to_string()
                + &numbers.text(b"0123456789", length.saturating_sub(1))
        }
        // As people choose them: letters, then a digit or two, then a sign.
        "pw" => {
            let letters = numbers.text(
                b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ",
                length - 3,
            );
            letters + &numbers.text(b"23456789", 2) + &numbers.text(b"!#%+-_.", 1)
        }
        "word" if length > 0 => numbers.text(b"abcdefghijklmnopqrstuvwxyz", length),
        "word" => WORDS[(numbers.next() >> 9) as usize % WORDS.len()].to_owned(),
        "ip" => (0..4)
            .map(|_| (numbers.next() % 250 + 1).to_string())
            .collect::<Vec<_>>()
            .join("."),
        "uuid" => [8, 4, 4, 4, 12]
            .map(|length| numbers.text(b"0123456789abcdef", length))
            .join("-"),
        other => panic!("no class {other:?}"),
    }
}

/// The text of a template, and the secrets in it. What is no class in brackets stands for itself.
fn expand(template: &str, numbers: &mut Numbers) -> (String, Vec<String>) {
    let (mut text, mut secrets) = (String::new(), Vec::new());
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[', '\\']) {
        text.push_str(&rest[..at]);
        let (open, tail) = rest[at..].split_at(1);
        if open == "\\" {
            let (c, tail) = tail.split_at(1);
            text.push_str(match c {
                "n" => "\n",
                "t" => "\t",
                other => other,
            });
            rest = tail;
            continue;
        }
        let close = if open == "{" { '}' } else { ']' };
        let class = tail.find(close).map(|end| &tail[..end]).filter(|class| {
            if class.starts_with('=') {
                return true;
            }
            let (name, length) = class.split_once(':').unwrap_or((class, "0"));
            let names = "alnum alpha upper base32 base64 base64url hex digits int pw word ip uuid";
            names.split(' ').any(|known| known == name) && length.parse::<usize>().is_ok()
        });
        match class {
            Some(class) => {
                let fixed = class.strip_prefix('=').map(str::to_owned);
                let made = fixed.unwrap_or_else(|| value(class, numbers));
                text.push_str(&made);
                if open == "{" {
                    secrets.push(made);
                }
                rest = &tail[class.len() + 1..];
            }
            None => {
                text.push_str(open);
                rest = tail;
            }
        }
    }
    text.push_str(rest);
    (text, secrets)
}

fn templates(corpus: &str) -> impl Iterator<Item = &str> {
    corpus
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// The recording of a text.
fn recording(text: &str, shown: Shown, numbers: &mut Numbers) -> String {
    let (cols, rows) = if shown == Shown::Wrapped {
        (37, 12)
    } else {
        (400, 50)
    };
    let mut cast = format!("{{\"version\":2,\"width\":{cols},\"height\":{rows}}}\n");
    let text = text.replace('\n', "\r\n") + "\r\n";
    let mut event = |text: &str| {
        cast.push_str(&format!(
            "[0.1, \"o\", {}]\n",
            serde_json::to_string(text).expect("a text is JSON")
        ));
    };
    match shown {
        Shown::Whole => event(&text),
        Shown::Wrapped | Shown::InPieces => {
            let characters: Vec<char> = text.chars().collect();
            let mut at = 0;
            while at < characters.len() {
                let end = (at + 1 + (numbers.next() >> 30) as usize % 9).min(characters.len());
                let piece: String = characters[at..end].iter().collect();
                match (shown, numbers.next() >> 40 & 7) {
                    (Shown::InPieces, 0) => event(&format!("\x1b[3{}m{piece}", end % 8)),
                    (Shown::InPieces, 1) => event(&format!("{piece}\x1b]0;title\x07\x1b[?25h")),
                    _ => event(&piece),
                }
                at = end;
            }
        }
    }
    cast
}

/// What redaction leaves of a recording, as text.
pub(crate) fn redacted(cast: &str, format: Format, secrets: Secrets) -> String {
    let options = Options {
        format,
        with_frames: false,
        from: std::time::Duration::ZERO,
        to: None,
        idle_time_limit: None,
        patterns: Some(Patterns::new([""; 0], secrets).expect("no expression")),
    };
    let mut out = Vec::new();
    export(|| Ok(cast.as_bytes()), &NoKey, &mut out, &options).expect("an export");
    String::from_utf8(out).expect("a text")
}

/// How many of the secrets are found, each template `times` times. A secret counts as found if none of it is left that
/// anybody could use: neither it nor ten characters of its middle.
pub(crate) fn recall(shown: Shown, times: u64, how: Secrets) -> Figures {
    recall_of(SECRETS, shown, times, how)
}

/// The same with templates that are not ours.
pub(crate) fn recall_of(corpus: &str, shown: Shown, times: u64, how: Secrets) -> Figures {
    let mut figures = Figures::default();
    for (number, template) in templates(corpus).enumerate() {
        for time in 0..times {
            let mut numbers = Numbers::new(number as u64 * 1009 + time + 1);
            let (text, secrets) = expand(template, &mut numbers);
            let cast = recording(&text, shown, &mut numbers);
            let left = redacted(&cast, Format::Text, how).replace('\n', "");
            for secret in secrets {
                let middle = secret.len().saturating_sub(10) / 2;
                let part = &secret[middle..(middle + 10).min(secret.len())];
                figures.count += 1;
                if left.contains(part) {
                    *figures.wrong.entry(template.to_owned()).or_default() += 1;
                } else {
                    figures.right += 1;
                }
            }
        }
    }
    figures
}

/// How many of so many lines of ordinary output stay as they are, in the order that a number gives them.
pub(crate) fn quiet(lines: usize, seed: u64, how: Secrets) -> Figures {
    let templates: Vec<&str> = templates(ORDINARY).collect();
    let mut numbers = Numbers::new(seed);
    let mut figures = Figures::default();
    let mut left = lines;
    while left > 0 {
        let count = left.min(2000);
        left -= count;
        let chosen: Vec<&str> = (0..count)
            .map(|_| templates[(numbers.next() >> 11) as usize % templates.len()])
            .collect();
        let made: Vec<String> = chosen
            .iter()
            .map(|template| expand(template, &mut numbers).0)
            .collect();
        keep_count(&mut figures, &chosen, &made, how);
    }
    figures
}

/// How many lines of a text that holds no secret stay as they are.
pub(crate) fn kept(text: &str, how: Secrets) -> Figures {
    let mut figures = Figures::default();
    let lines: Vec<&str> = text.lines().collect();
    for lines in lines.chunks(500) {
        let made: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        keep_count(&mut figures, lines, &made, how);
    }
    figures
}

/// Counts which of the lines stay as they are, shown one after the other.
fn keep_count(figures: &mut Figures, named: &[&str], lines: &[String], how: Secrets) {
    let cast = recording(&lines.join("\n"), Shown::Whole, &mut Numbers::new(7));
    // In a cast the lines stay as they were, tabs and all.
    let out = redacted(&cast, Format::CastV2, how);
    let event: (f64, String, String) =
        serde_json::from_str(out.lines().nth(1).expect("an event")).expect("an event");
    for ((name, before), after) in named.iter().zip(lines).zip(event.2.split("\r\n")) {
        figures.count += 1;
        if before == after {
            figures.right += 1;
        } else {
            *figures.wrong.entry((*name).to_owned()).or_default() += 1;
        }
    }
}

//! Whose signatures count: the allowed_signers file of OpenSSH, read and asked.
//!
//! Nothing here opens the file or asks for the time. Source: ssh-keygen(1), "ALLOWED SIGNERS".

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use ssh_key::public::KeyData;

use super::key::algorithm;
use super::sshsig::Purpose;

/// The longest file taken.
const MAX_FILE: usize = 16 * 1024 * 1024;

/// The lines of an allowed_signers file that name a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllowedSigners {
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    number: usize,
    principals: String,
    options: Options,
    /// `None` for a key of a kind that makes no signature known here.
    key: Option<KeyData>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Options {
    is_authority: bool,
    namespaces: Option<String>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
}

/// Somebody whose signature counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Who, as the file says: one name, or patterns with commas between.
    pub principals: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// From when on the key counts.
    pub valid_after: Option<DateTime<Utc>>,
    /// Until when.
    pub valid_before: Option<DateTime<Utc>>,
}

/// What the file says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Allowed(Signer),
    /// No line names it.
    Unknown,
    /// A line names it, for other people than the one asked for.
    OtherPrincipal(Signer),
    /// A line names it, for other purposes than ours.
    OtherNamespace(Signer),
    /// A line names it, for another time; without a time, none can be in it.
    OtherTime(Signer),
    /// A line names it, as an authority over certificates: it does not count by itself.
    Authority(Signer),
}

/// A time in a file that names no zone is local: the caller knows which one that is.
pub type Moment<'a> = &'a dyn Fn(NaiveDateTime) -> Option<DateTime<Utc>>;

impl AllowedSigners {
    /// Reads a file. `local` turns times that name no zone into moments.
    ///
    /// # Errors
    /// The first line that does not read: a file with a mistake must not quietly allow less or more than was meant.
    pub fn parse(text: &str, local: Moment<'_>) -> Result<Self, Mistake> {
        if text.len() > MAX_FILE {
            return Err(Mistake {
                line: 1,
                problem: Problem::TooLong,
            });
        }
        let mut lines = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_matches([' ', '\t', '\r']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = at + 1;
            let parsed = parse_line(number, line, local);
            lines.push(parsed.map_err(|problem| Mistake {
                line: number,
                problem,
            })?);
        }
        Ok(Self { lines })
    }

    /// Whether no line names a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// What the file says of a key that signed a recording at a time, by its signer's own clock. With `principal`, only of
    /// that person's keys.
    #[must_use]
    pub fn judge(
        &self,
        key: &KeyData,
        at: Option<DateTime<Utc>>,
        principal: Option<&str>,
    ) -> Verdict {
        self.judge_for(Purpose::Recording, key, at, principal)
    }

    /// The same of a key that signed for this purpose.
    #[must_use]
    pub fn judge_for(
        &self,
        purpose: Purpose,
        key: &KeyData,
        at: Option<DateTime<Utc>>,
        principal: Option<&str>,
    ) -> Verdict {
        let mut nearest = Verdict::Unknown;
        for line in &self.lines {
            if line.key.as_ref() != Some(key) {
                continue;
            }
            let verdict = line.judge(purpose, at, principal);
            if matches!(verdict, Verdict::Allowed(_)) {
                return verdict;
            }
            if nearest == Verdict::Unknown {
                nearest = verdict;
            }
        }
        nearest
    }
}

impl Line {
    fn judge(
        &self,
        purpose: Purpose,
        at: Option<DateTime<Utc>>,
        principal: Option<&str>,
    ) -> Verdict {
        let Options {
            valid_after,
            valid_before,
            ..
        } = self.options;
        let signer = Signer {
            principals: self.principals.clone(),
            line: self.number,
            valid_after,
            valid_before,
        };
        let within = |patterns: &str, text: &str| matches_list(patterns, text);
        if self.options.is_authority {
            return Verdict::Authority(signer);
        }
        if principal.is_some_and(|principal| !within(&self.principals, principal)) {
            return Verdict::OtherPrincipal(signer);
        }
        if let Some(namespaces) = &self.options.namespaces
            && !within(namespaces, purpose.namespace())
        {
            return Verdict::OtherNamespace(signer);
        }
        let early = valid_after.is_some_and(|after| at.is_none_or(|at| at < after));
        let late = valid_before.is_some_and(|before| at.is_none_or(|at| at > before));
        if early || late {
            return Verdict::OtherTime(signer);
        }
        Verdict::Allowed(signer)
    }
}

fn parse_line(number: usize, line: &str, local: Moment<'_>) -> Result<Line, Problem> {
    let (principals, rest) = word(line).ok_or(Problem::Quotes)?;
    let principals = unquoted(principals);
    if principals.is_empty() {
        return Err(Problem::Principals);
    }
    let (first, behind) = word(rest).ok_or(Problem::Quotes)?;
    if first.is_empty() {
        return Err(Problem::NoKey);
    }
    let (options, rest) = if is_key_type(first) {
        (Options::default(), rest)
    } else {
        (parse_options(first, local)?, behind)
    };
    let (kind, rest) = word(rest).ok_or(Problem::Quotes)?;
    let (blob, _comment) = word(rest).unwrap_or((rest, ""));
    if !is_key_type(kind) {
        return Err(Problem::NoKey);
    }
    let key = match ssh_key::PublicKey::from_openssh(&format!("{kind} {blob}")) {
        Ok(key) if algorithm(key.key_data()) == kind => Some(key.key_data().clone()),
        // A certificate, or a kind that came later: it may stand in the file, and makes no signature that is known here.
        _ if !KNOWN.contains(&kind) => None,
        _ => return Err(Problem::Key(kind.to_owned())),
    };
    Ok(Line {
        number,
        principals: principals.to_owned(),
        options,
        key,
    })
}

const KNOWN: [&str; 6] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-", "rsa-sha2-", "webauthn-sk-"]
        .iter()
        .any(|start| word.starts_with(start))
        && !word.contains(['"', '=', ','])
}

/// The first word and what follows it. Inside double quotes, blanks are part of the word; `None` when they do not end.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches([' ', '\t']);
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Some((&text[..at], text[at..].trim_start())),
            _ => {}
        }
    }
    (!quoted).then_some((text, ""))
}

fn unquoted(word: &str) -> &str {
    word.strip_prefix('"')
        .and_then(|word| word.strip_suffix('"'))
        .unwrap_or(word)
}

fn parse_options(mut text: &str, local: Moment<'_>) -> Result<Options, Problem> {
    let mut options = Options::default();
    loop {
        let end = option_end(text);
        let (option, rest) = text.split_at(end);
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let unknown = || Problem::Option(option.to_owned());
        let value = value
            .map(|value| {
                let inner = value
                    .strip_prefix('"')
                    .and_then(|value| value.strip_suffix('"'))
                    .ok_or_else(unknown)?;
                Ok(inner.replace("\\\"", "\""))
            })
            .transpose()?;
        let twice = || Problem::Twice(name.to_ascii_lowercase());
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => options.is_authority = true,
            ("namespaces", Some(list)) => {
                if options.namespaces.replace(list).is_some() {
                    return Err(twice());
                }
            }
            ("valid-after", Some(time)) => {
                let moment = parse_time(&time, local)?;
                if options.valid_after.replace(moment).is_some() {
                    return Err(twice());
                }
            }
            ("valid-before", Some(time)) => {
                let moment = parse_time(&time, local)?;
                if options.valid_before.replace(moment).is_some() {
                    return Err(twice());
                }
            }
            _ => return Err(unknown()),
        }
        match rest.strip_prefix(',') {
            Some(rest) => text = rest,
            None => break,
        }
    }
    if let (Some(after), Some(before)) = (options.valid_after, options.valid_before)
        && after >= before
    {
        return Err(Problem::Never);
    }
    Ok(options)
}

/// Where the first option ends: at a comma outside quotes.
fn option_end(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, in UTC with a `Z` behind it, else in local time.
fn parse_time(text: &str, local: Moment<'_>) -> Result<DateTime<Utc>, Problem> {
    let wrong = || Problem::Time(text.to_owned());
    let (digits, is_utc) = match text.strip_suffix('Z').or_else(|| text.strip_suffix("UTC")) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || ![8, 12, 14].contains(&digits.len()) {
        return Err(wrong());
    }
    let number = |from: usize, to: usize| {
        digits
            .get(from..to)
            .and_then(|digits| digits.parse::<u32>().ok())
            .unwrap_or(0)
    };
    let date = i32::try_from(number(0, 4))
        .ok()
        .and_then(|year| NaiveDate::from_ymd_opt(year, number(4, 6), number(6, 8)))
        .ok_or_else(wrong)?;
    let time =
        NaiveTime::from_hms_opt(number(8, 10), number(10, 12), number(12, 14)).ok_or_else(wrong)?;
    let moment = date.and_time(time);
    if is_utc {
        Ok(moment.and_utc())
    } else {
        local(moment).ok_or_else(wrong)
    }
}

/// Whether a list of patterns with commas between lets a text through: one matches, and none behind a `!` does.
fn matches_list(patterns: &str, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches_pattern(pattern, text) => return false,
            Some(_) => {}
            None => found |= matches_pattern(pattern, text),
        }
    }
    found
}

/// `*` stands for anything, `?` for one character. Goes back to the last `*` alone, so that no pattern takes long.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut last: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                last = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match last {
                Some((star, at)) => {
                    last = Some((star, at + 1));
                    p = star + 1;
                    t = at + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// A line that does not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the file is longer than the limit of {MAX_FILE} bytes")]
    TooLong,
    #[error("quotes do not end")]
    Quotes,
    #[error("it names nobody")]
    Principals,
    #[error("there is no public key in it")]
    NoKey,
    #[error("the {0} key does not read")]
    Key(String),
    #[error("unknown option {0:?}")]
    Option(String),
    #[error("{0:?} is given twice")]
    Twice(String),
    #[error("{0:?} is no time: YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]")]
    Time(String),
    #[error("valid-after is not before valid-before")]
    Never,
}

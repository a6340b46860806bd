//! An expression piece by piece, as far as it was read.
//!
//! Nothing here knows what a piece means.

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Its characters, each with whether it stands for itself alone.
    Text(Vec<(char, bool)>),
    /// Between two slashes, and whether any case of letters will do.
    Regex(String, bool),
}

impl Value {
    /// The text alone; `None` for a regular expression.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.iter().map(|(c, _)| c).collect()),
            Self::Regex(..) => None,
        }
    }
}

/// An expression, and how far it was read.
#[derive(Clone, Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The column of what comes next, from 1, in characters.
    pub(super) fn column(&mut self) -> usize {
        self.skip_space();
        self.text[..self.at].chars().count() + 1
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// The character that comes next.
    pub(super) fn next(&mut self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes this where it comes next.
    pub(super) fn takes(&mut self, piece: &str) -> bool {
        let is_next = self.rest().starts_with(piece);
        if is_next {
            self.at += piece.len();
        }
        is_next
    }

    /// Takes this word where it comes next, in any case of letters.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let next = self.word_ahead();
        let is_next = next.eq_ignore_ascii_case(word);
        if is_next {
            self.at += next.len();
        }
        is_next
    }

    /// Takes a word: letters, digits, `-` and `_`; empty where none comes next.
    pub(super) fn word(&mut self) -> &'a str {
        let word = self.word_ahead();
        self.at += word.len();
        word
    }

    /// Takes a value; `None` where none comes next. What begins and does not end is a mistake.
    pub(super) fn value(&mut self) -> Option<Result<Value, &'static str>> {
        match self.next()? {
            quote @ ('"' | '\'') => Some(self.quoted(quote)),
            '/' => Some(self.regex()),
            _ => {
                let rest = self.rest();
                let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'');
                let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
                self.at += word.len();
                (!word.is_empty()).then(|| Ok(Value::Text(plain(word))))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Value, &'static str> {
        let mut chars = self.rest().char_indices().skip(1);
        let mut text = Vec::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => text.extend(chars.next().map(|(_, c)| (c, true))),
                c if c == quote => {
                    self.at += at + c.len_utf8();
                    return Ok(Value::Text(text));
                }
                c => text.push((c, false)),
            }
        }
        Err("this quotation mark is not closed")
    }

    fn regex(&mut self) -> Result<Value, &'static str> {
        let rest = self.rest();
        let mut chars = rest.char_indices().skip(1);
        let mut source = String::new();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some((_, '/')) => source.push('/'),
                    Some((_, c)) => source.extend(['\\', c]),
                    None => {}
                },
                '/' => {
                    let behind = &rest[at + 1..];
                    let any_case = behind.starts_with('i')
                        && !behind[1..].starts_with(|c: char| c.is_alphanumeric());
                    self.at += at + 1 + usize::from(any_case);
                    return match source.is_empty() {
                        true => Err("this regular expression is empty"),
                        false => Ok(Value::Regex(source, any_case)),
                    };
                }
                c => source.push(c),
            }
        }
        Err("this regular expression is not closed: it ends with a slash")
    }

    fn word_ahead(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| !c.is_alphanumeric() && c != '-' && c != '_';
        &rest[..rest.find(ends).unwrap_or(rest.len())]
    }

    fn rest(&mut self) -> &'a str {
        self.skip_space();
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }
}

/// Outside of quotes a backslash means itself, but before a star.
fn plain(word: &str) -> Vec<(char, bool)> {
    let mut text = Vec::new();
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match c == '\\' && chars.peek() == Some(&'*') {
            true => text.extend(chars.next().map(|star| (star, true))),
            false => text.push((c, false)),
        }
    }
    text
}

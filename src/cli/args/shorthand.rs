//! The AWS CLI's shorthand `name=value,name=[a,b]`, read as it reads it, with its corners: what it sends is what we send,
//! and what it refuses is refused.
//!
//! Nothing here reads a file by itself, and nothing here knows JSON. The grammar is that of the AWS CLI's user guide
//! ("shorthand syntax"); its corners are held against the AWS CLI itself in `tests/peers`.

use std::collections::BTreeMap;

/// The parameters of a session document.
pub(crate) type Parameters = BTreeMap<String, Vec<String>>;

/// Gives what a value of `name@=value` stands for.
pub(super) type Resolve<'a> = &'a dyn Fn(&str) -> Result<String, Error>;

/// Reads a text; values behind `@=` go through `resolve`.
///
/// # Errors
/// Says what is wrong and where.
pub(super) fn parse(text: &str, resolve: Resolve<'_>) -> Result<Parameters, Error> {
    let mut shorthand = Shorthand {
        text: text.chars().collect(),
        at: 0,
        resolve,
        is_reference: false,
    };
    let mut parameters = Parameters::new();
    loop {
        let (name, values) = shorthand.parameter()?;
        if parameters.contains_key(&name) {
            return Err(Error::Twice { name });
        }
        parameters.insert(name, values);
        if shorthand.is_at_end() {
            break;
        }
        shorthand.expect_spaced(',')?;
    }
    Ok(parameters)
}

struct Shorthand<'a> {
    text: Vec<char>,
    /// In characters.
    at: usize,
    resolve: Resolve<'a>,
    /// The value that is read stands behind `@=`.
    is_reference: bool,
}

impl Shorthand<'_> {
    fn current(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    fn skip_blanks(&mut self) {
        while self
            .current()
            .is_some_and(|c| matches!(c, ' ' | '\t'..='\r'))
        {
            self.at += 1;
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), Error> {
        if self.current() == Some(wanted) {
            self.at += 1;
            return Ok(());
        }
        let at = self.at;
        Err(match wanted {
            ',' => Error::Separator { at },
            _ => Error::Name { at },
        })
    }

    /// Blanks before it are passed over even where it does not come.
    fn expect_spaced(&mut self, wanted: char) -> Result<(), Error> {
        self.skip_blanks();
        self.expect(wanted)?;
        self.skip_blanks();
        Ok(())
    }

    fn parameter(&mut self) -> Result<(String, Vec<String>), Error> {
        let start = self.at;
        while self
            .current()
            .is_some_and(|c| c.is_ascii_alphanumeric() || "-_.#/:".contains(c))
        {
            self.at += 1;
        }
        let name = self.text[start..self.at].iter().collect();
        self.is_reference = self.expect_spaced('@').is_ok();
        self.expect_spaced('=')?;
        let values = match self.current() {
            None => vec![String::new()],
            Some('[') => self.list()?,
            // A document's parameter is a list of texts, and nothing else.
            Some('{') => return Err(Error::Nested { at: self.at }),
            Some(_) => self.separated()?,
        };
        Ok((name, values))
    }

    /// `[a, b]`
    fn list(&mut self) -> Result<Vec<String>, Error> {
        self.expect_spaced('[')?;
        let mut values = Vec::new();
        while self.current() != Some(']') {
            if let Some('[' | '{') = self.current() {
                return Err(Error::Nested { at: self.at });
            }
            values.push(self.first_value()?);
            self.skip_blanks();
            if self.current() != Some(']') {
                let at = self.at;
                self.expect(',').map_err(|_| Error::List { at })?;
                self.skip_blanks();
            }
        }
        self.at += 1;
        Ok(values)
    }

    /// `a`, or `a,b`: what has no `=` before the next comma goes on with the list. To find out, the next value is read, and
    /// where it was the name of another parameter it is gone back to the comma before.
    fn separated(&mut self) -> Result<Vec<String>, Error> {
        let mut values = vec![self.first_value()?];
        self.skip_blanks();
        if self.current() != Some(',') {
            return Ok(values);
        }
        self.expect_spaced(',')?;
        loop {
            let went_on = match self.next_value() {
                Ok(value) => {
                    self.skip_blanks();
                    if self.is_at_end() {
                        values.push(value);
                        return Ok(values);
                    }
                    self.expect_spaced(',').map(|()| values.push(value))
                }
                // A file that cannot be read is no sign of another parameter.
                Err(
                    error
                    @ (Error::File { .. } | Error::FileTooLong { .. } | Error::NotText { .. }),
                ) => return Err(error),
                Err(error) => Err(error),
            };
            if let Err(error) = went_on {
                if self.is_at_end() {
                    return Err(error);
                }
                while self.current() != Some(',') {
                    // The comma before the first of these values is always there.
                    self.at -= 1;
                }
                return Ok(values);
            }
        }
    }

    fn first_value(&mut self) -> Result<String, Error> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => match self.bare(goes_on_first) {
                Some(value) => self.resolved(value),
                None => Ok(String::new()),
            },
        }
    }

    fn next_value(&mut self) -> Result<String, Error> {
        match self.current() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => match self.bare(goes_on_next) {
                Some(value) => self.resolved(value),
                None => Err(Error::Name { at: self.at }),
            },
        }
    }

    /// A value without quotes; a backslash takes a comma into it, and nothing else.
    fn bare(&mut self, goes_on: fn(char) -> bool) -> Option<String> {
        let start = self.at;
        loop {
            let is_comma = self.current() == Some('\\') && self.text.get(self.at + 1) == Some(&',');
            let fits = |c| match self.at == start {
                true => begins(c),
                false => goes_on(c),
            };
            if is_comma {
                self.at += 2;
            } else if self.current().is_some_and(fits) {
                self.at += 1;
            } else {
                break;
            }
        }
        let value: String = self.text[start..self.at].iter().collect();
        let value = value.replace("\\,", ",");
        (self.at > start).then(|| value.trim_end_matches(is_blank).to_owned())
    }

    /// A value in quotes. A quote behind a backslash does not end it, unless no other does.
    fn quoted(&mut self, quote: char) -> Result<String, Error> {
        let start = self.at;
        let mut last_escaped = None;
        let mut at = start + 1;
        let end = loop {
            match self.text.get(at) {
                None => break last_escaped.ok_or(Error::Quote { at: start })?,
                Some('\\') if self.text.get(at + 1) == Some(&quote) => {
                    last_escaped = Some(at + 1);
                    at += 2;
                }
                Some(c) if *c == quote => break at,
                Some(_) => at += 1,
            }
        };
        self.at = end + 1;
        let value: String = self.text[start + 1..end].iter().collect();
        let value = value
            .replace(&format!("\\{quote}"), &quote.to_string())
            .replace("\\\\", "\\");
        self.resolved(value)
    }

    fn resolved(&self, value: String) -> Result<String, Error> {
        match self.is_reference {
            true => (self.resolve)(&value),
            false => Ok(value),
        }
    }
}

/// As Python's `isspace`, which counts four separators more.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// What a value without quotes may begin with. Characters beyond the first 65,536 are none of the AWS CLI's.
fn begins(c: char) -> bool {
    ('!'..='\u{ffff}').contains(&c) && !matches!(c, '"' | '\'' | ',' | '=' | '[' | '{')
}

/// What it may go on with, where it stands first or in brackets.
fn goes_on_first(c: char) -> bool {
    is_blank(c) || ('!'..='\u{ffff}').contains(&c) && !matches!(c, '"' | '\'' | ',' | ']' | '}')
}

/// What it may go on with, where it may still turn out to be a name.
fn goes_on_next(c: char) -> bool {
    is_blank(c) || ('!'..='\u{ffff}').contains(&c) && !matches!(c, '"' | '\'' | ',' | '=')
}

/// Why parameters do not read. Positions count characters from 0.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("parameters are not a JSON object of lists of texts")]
    Json(#[source] serde_json::Error),
    #[error("parameters need name=value at position {at}")]
    Name { at: usize },
    #[error("parameters have a list that is not closed at position {at}")]
    List { at: usize },
    #[error("parameters need a comma at position {at}")]
    Separator { at: usize },
    #[error("parameters have a list or a map inside a value at position {at}; values are texts")]
    Nested { at: usize },
    #[error("parameter {name:?} has an empty value, which no document takes")]
    Empty { name: String },
    #[error("parameters name {name:?} twice; several values are written {name}=a,b")]
    Twice { name: String },
    #[error("parameters are not fetched from addresses; name a file with file://")]
    Address,
    #[error("parameters have a quote at position {at} that is not closed")]
    Quote { at: usize },
    #[error("cannot read parameters from {path:?}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("parameters in {path:?} are no text in UTF-8")]
    NotText { path: String },
    #[error("parameters in {path:?} are longer than 1 MiB")]
    FileTooLong { path: String },
}

//! Document parameters as people write them for the AWS CLI: JSON, the shorthand `name=value,name=[a,b]`, or `file://`.
//!
//! Nothing here knows which parameters a document takes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The parameters of a session document.
pub(crate) type Parameters = BTreeMap<String, Vec<String>>;

/// The largest parameter file taken, in bytes; the service takes far less.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Reads one `--parameters` argument.
///
/// # Errors
/// Says what is wrong and where.
pub(crate) fn parse(text: &str) -> Result<Parameters, Error> {
    if let Some(path) = text.strip_prefix("file://") {
        let length = std::fs::metadata(path)
            .map_err(|source| Error::File {
                path: path.to_owned(),
                source,
            })?
            .len();
        if length > FILE_LIMIT {
            return Err(Error::FileTooLong {
                path: path.to_owned(),
            });
        }
        let text = std::fs::read_to_string(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        return json(text.trim());
    }
    if text.trim_start().starts_with('{') {
        json(text)
    } else {
        shorthand(text)
    }
}

/// A value may stand alone where a list of one is meant, as the AWS CLI allows in its shorthand.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

fn json(text: &str) -> Result<Parameters, Error> {
    let parameters: BTreeMap<String, Values> = serde_json::from_str(text).map_err(Error::Json)?;
    let list = |values| match values {
        Values::One(value) => vec![value],
        Values::Many(values) => values,
    };
    Ok(parameters
        .into_iter()
        .map(|(name, values)| (name, list(values)))
        .collect())
}

fn shorthand(text: &str) -> Result<Parameters, Error> {
    let mut rest = Shorthand { text, at: 0 };
    let mut parameters = Parameters::new();
    loop {
        let name = rest.until(&['=']).trim().to_owned();
        if name.is_empty() || !rest.take('=') {
            return Err(Error::Name { at: rest.at });
        }
        let values = parameters.entry(name).or_default();
        if rest.take('[') {
            loop {
                values.push(rest.value(&[',', ']'])?);
                if rest.take(']') {
                    break;
                }
                if !rest.take(',') {
                    return Err(Error::List { at: rest.at });
                }
            }
        } else {
            values.push(rest.value(&[','])?);
            // `name=a,b,other=c`: what has no `=` before the next comma goes on with the list.
            while rest.left().starts_with(',') && !rest.names_next() {
                rest.take(',');
                values.push(rest.value(&[','])?);
            }
        }
        if rest.left().is_empty() {
            return Ok(parameters);
        }
        if !rest.take(',') {
            return Err(Error::Separator { at: rest.at });
        }
    }
}

struct Shorthand<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Shorthand<'a> {
    fn left(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, c: char) -> bool {
        let taken = self.left().starts_with(c);
        if taken {
            self.at += c.len_utf8();
        }
        taken
    }

    fn until(&mut self, ends: &[char]) -> &'a str {
        let left = self.left();
        let text = &left[..left.find(ends).unwrap_or(left.len())];
        self.at += text.len();
        text
    }

    fn names_next(&self) -> bool {
        let next = &self.left()[1..];
        let end = next.find([',', '"', '\'']).unwrap_or(next.len());
        next[..end].contains('=')
    }

    /// A bare value, or one in quotes, where a backslash takes the next character as it is.
    fn value(&mut self, ends: &[char]) -> Result<String, Error> {
        let start = self.at;
        let Some(quote) = self
            .left()
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\''))
        else {
            return Ok(self.until(ends).trim().to_owned());
        };
        self.take(quote);
        let mut value = String::new();
        let mut characters = self.left().chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => value.extend(characters.next()),
                c if c == quote => {
                    self.at = self.text.len() - characters.as_str().len();
                    return Ok(value);
                }
                c => value.push(c),
            }
        }
        Err(Error::Quote { at: start })
    }
}

/// Why parameters do not read. Positions count bytes from 0.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("parameters are not a JSON object of texts or lists of texts")]
    Json(#[source] serde_json::Error),
    #[error("parameters need name=value at position {at}")]
    Name { at: usize },
    #[error("parameters have a list that is not closed at position {at}")]
    List { at: usize },
    #[error("parameters need a comma at position {at}")]
    Separator { at: usize },
    #[error("parameters have a quote at position {at} that is not closed")]
    Quote { at: usize },
    #[error("cannot read parameters from {path:?}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("parameters in {path:?} are longer than 1 MiB")]
    FileTooLong { path: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &[&str])]) {
        let expected: Parameters = expected
            .iter()
            .map(|(name, values)| {
                (
                    (*name).to_owned(),
                    values.iter().map(|&v| v.to_owned()).collect(),
                )
            })
            .collect();
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn json_and_shorthand_say_the_same() {
        check(
            r#"{"portNumber":["80"],"localPortNumber":["0"]}"#,
            &[("localPortNumber", &["0"]), ("portNumber", &["80"])],
        );
        check(r#"{"command":"ls"}"#, &[("command", &["ls"])]);
        check(
            "portNumber=80,localPortNumber=0",
            &[("localPortNumber", &["0"]), ("portNumber", &["80"])],
        );
        check(
            "portNumber=[80],host=[\"a,b\", c]",
            &[("host", &["a,b", "c"]), ("portNumber", &["80"])],
        );
        check("command=\"echo a=b, c\"", &[("command", &["echo a=b, c"])]);
        check(
            "list=a,b,other=c",
            &[("list", &["a", "b"]), ("other", &["c"])],
        );
        check(
            "command='ps | grep \"x\"'",
            &[("command", &["ps | grep \"x\""])],
        );
        check("command=sh -c x=1", &[("command", &["sh -c x=1"])]);
    }

    #[test]
    fn mistakes_say_where_they_are() {
        for (text, message) in [
            ("", "parameters need name=value at position 0"),
            ("a", "parameters need name=value at position 1"),
            (
                "a=[b",
                "parameters have a list that is not closed at position 4",
            ),
            (
                "a=\"b",
                "parameters have a quote at position 2 that is not closed",
            ),
            ("a=[b]c=d", "parameters need a comma at position 5"),
            (
                "{\"a\":1}",
                "parameters are not a JSON object of texts or lists of texts",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}

//! Header keys that do not matter for playing, in the dialects of other recorders: a time with a fraction, `null`, a
//! list of words where a text should stand.
//!
//! Nothing here makes an error of a value that it does not understand: such a key is one that is not there. Only the size
//! of the terminal, without which nothing can be drawn, has to be a number.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::header::Session;

/// A text; of a list its items, with spaces between them.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.into_iter().filter_map(text_of).collect();
            Some(texts.join(" ")).filter(|text| !text.is_empty())
        }
        Value::Null | Value::Object(_) => None,
    }
}

/// A number, also one that is written as a text.
fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

pub(super) fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(Value::deserialize(source)?))
}

pub(super) fn limit<'de, D: Deserializer<'de>>(source: D) -> Result<Option<f64>, D::Error> {
    Ok(number_of(&Value::deserialize(source)?))
}

/// Whole seconds: a fraction is cut off.
pub(super) fn seconds<'de, D: Deserializer<'de>>(source: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(source)?;
    // A cast of a number that is too large stops at the largest.
    Ok(value
        .as_i64()
        .or_else(|| Some(number_of(&value)?.floor() as i64)))
}

/// Columns or rows.
pub(super) fn side<'de, D: Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(source)?;
    if let Some(side) = value.as_u64() {
        return Ok(side);
    }
    match number_of(&value) {
        Some(side) if side >= 0.0 && side.fract() == 0.0 => Ok(side as u64),
        // A recorder without a terminal.
        None if value.is_null() => Ok(0),
        _ => Err(D::Error::custom(format!(
            "{value} is no number of columns or rows"
        ))),
    }
}

/// Variables; those that are not set are left out.
pub(super) fn variables<'de, D: Deserializer<'de>>(
    source: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::Object(variables) => variables
            .into_iter()
            .filter_map(|(name, value)| Some((name, text_of(value)?)))
            .collect(),
        Value::Array(pairs) => pairs
            .into_iter()
            .filter_map(text_of)
            .filter_map(|pair| {
                let (name, value) = pair.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect(),
        _ => BTreeMap::new(),
    })
}

/// Labels; a single one may stand without a list.
pub(super) fn labels<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(source)? {
        Value::Array(labels) => labels.into_iter().filter_map(text_of).collect(),
        other => text_of(other).into_iter().collect(),
    })
}

/// Our own key is read strictly where it is ours: an object.
pub(super) fn session<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Session>, D::Error> {
    // As it stands: a value made of it would have forgotten a key that is there twice.
    let written = Box::<RawValue>::deserialize(source)?;
    if !written.get().starts_with('{') {
        return Ok(None);
    }
    serde_json::from_str(written.get())
        .map(Some)
        .map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::super::header::Header;

    fn parse(line: &str) -> Header {
        Header::parse(line.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn keys_that_do_not_matter_for_playing_are_taken_as_they_come() {
        for (written, expected) in [
            (r#""timestamp":1504467315.75"#, Some(1_504_467_315)),
            (r#""timestamp":"1504467315""#, Some(1_504_467_315)),
            (r#""timestamp":null"#, None),
            (r#""timestamp":"2017-09-03T19:35:15Z""#, None),
            (r#""timestamp":[1]"#, None),
        ] {
            let v2 = parse(&format!(
                r#"{{"version":2,"width":80,"height":24,{written}}}"#
            ));
            assert_eq!(v2.timestamp, expected, "{written}");
            let v3 = parse(&format!(
                r#"{{"version":3,"term":{{"cols":80,"rows":24}},{written}}}"#
            ));
            assert_eq!(v3.timestamp, expected, "{written}");
        }
        let header = parse(
            r#"{"version":2,"width":80.0,"height":"24","command":["bash","-c","ls"],"title":null,"idle_time_limit":"2.5",
               "env":{"TERM":"xterm","LINES":24,"COLUMNS":null,"X":["a","b"]},"theme":[]}"#
                .replace('\n', " ")
                .as_str(),
        );
        assert_eq!((header.term.cols, header.term.rows), (80, 24));
        assert_eq!(header.command.as_deref(), Some("bash -c ls"));
        assert_eq!((header.title, header.idle_time_limit), (None, Some(2.5)));
        assert_eq!(header.env["LINES"], "24");
        assert_eq!(header.env["X"], "a b");
        assert!(!header.env.contains_key("COLUMNS"));
        let header = parse(
            r#"{"version":3,"term":{"cols":80,"rows":24,"type":null,"version":3.5,"theme":null},"env":["A=b","C"],
               "tags":"one","title":false,"ssm":null}"#
                .replace('\n', " ")
                .as_str(),
        );
        assert_eq!(header.term.version.as_deref(), Some("3.5"));
        assert_eq!(header.env["A"], "b");
        assert_eq!(
            (header.tags.len(), header.title.as_deref()),
            (1, Some("false"))
        );
    }

    #[test]
    fn a_size_that_is_none_and_our_own_key_of_another_shape_are_errors() {
        for line in [
            r#"{"version":2,"width":80.5,"height":24}"#,
            r#"{"version":2,"width":"wide","height":24}"#,
            r#"{"version":2,"width":-1,"height":24}"#,
            r#"{"version":2,"height":24}"#,
            r#"{"version":3,"term":{"cols":[80],"rows":24}}"#,
            r#"{"version":3,"term":{"cols":80,"rows":24},"ssm":{"session_id":7}}"#,
            r#"{"version":3,"term":{"cols":80,"rows":24},"ssm":{"session_id":"a","session_id":"b"}}"#,
        ] {
            assert!(Header::parse(line.as_bytes()).unwrap().is_err(), "{line}");
        }
    }
}

//! Tags of a stored recording: templates in the configuration, filled with the session's own words.
//!
//! Nothing here talks to a store; the limits are S3's (PutObjectTagging).

use std::collections::BTreeMap;

/// How many tags an object can have.
pub(crate) const MOST: usize = 10;
const LONGEST_NAME: usize = 128;
const LONGEST_VALUE: usize = 256;

/// What a template may name.
const FIELDS: [&str; 7] = [
    "operator", "reason", "target", "document", "account", "region", "session",
];

/// What tags must be, in words that follow "expected".
pub(crate) const EXPECTED: &str = "at most 10 tags of letters, digits, spaces and + - = . _ : / @ (name to 128, value to 256 characters), with {operator}, {reason}, {target}, {document}, {account}, {region} or {session} in values";

/// Which half of a tag will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    Name,
    Value,
}

/// Checks one tag as it stands in the configuration.
pub(crate) fn check(name: &str, template: &str) -> Result<(), Bad> {
    let length = name.chars().count();
    if length == 0
        || length > LONGEST_NAME
        || !name.chars().all(allowed)
        || name.to_lowercase().starts_with("aws:")
    {
        return Err(Bad::Name);
    }
    if template.chars().count() > LONGEST_VALUE {
        return Err(Bad::Value);
    }
    for piece in pieces(template) {
        let fine = match piece {
            Piece::Text(text) => text.chars().all(allowed),
            Piece::Field(field) => FIELDS.contains(&field),
        };
        if !fine {
            return Err(Bad::Value);
        }
    }
    Ok(())
}

/// Fills the templates. A character that no tag may hold becomes `_`, what is too long is cut,
/// and a tag with nothing in it is left out.
pub(crate) fn fill<'a>(
    templates: &BTreeMap<String, String>,
    field: impl Fn(&str) -> Option<&'a str>,
) -> Vec<(String, String)> {
    templates
        .iter()
        .filter_map(|(name, template)| {
            let value: String = pieces(template)
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text,
                    Piece::Field(name) => field(name).unwrap_or_default(),
                })
                .flat_map(str::chars)
                .map(|c| if allowed(c) { c } else { '_' })
                .take(LONGEST_VALUE)
                .collect();
            let value = value.trim();
            (!value.is_empty()).then(|| (name.clone(), value.to_owned()))
        })
        .collect()
}

enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// A brace that is not closed stays text, and is refused as such.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, field, behind)) = rest.split_once('{').and_then(|(before, behind)| {
        behind
            .split_once('}')
            .map(|(field, behind)| (before, field, behind))
    }) {
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Field(field));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn allowed(c: char) -> bool {
    c.is_alphanumeric() || " +-=._:/@".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_s3_takes_is_a_tag() {
        for (name, template, expected) in [
            ("operator", "{operator}", Ok(())),
            ("ticket", "no {reason} / {target}", Ok(())),
            ("", "x", Err(Bad::Name)),
            ("aws:x", "x", Err(Bad::Name)),
            ("a\nb", "x", Err(Bad::Name)),
            ("a", "{who}", Err(Bad::Value)),
            ("a", "{reason", Err(Bad::Value)),
            ("a", "<x>", Err(Bad::Value)),
        ] {
            assert_eq!(check(name, template), expected, "{name:?} {template:?}");
        }
    }

    #[test]
    fn templates_are_filled_with_what_a_tag_may_hold() {
        let templates = BTreeMap::from([
            ("a".to_owned(), "{reason} on {target}".to_owned()),
            ("b".to_owned(), "{document}".to_owned()),
            ("c".to_owned(), "{operator}".to_owned()),
        ]);
        let long = "é".repeat(300);
        let filled = fill(&templates, |field| match field {
            "reason" => Some("fix <disk>; {target}"),
            "target" => Some("i-0abc"),
            "operator" => Some(long.as_str()),
            _ => None,
        });
        let expected = [
            ("a", "fix _disk__ _target_ on i-0abc".to_owned()),
            ("c", "é".repeat(256)),
        ];
        assert_eq!(
            filled,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
    }
}

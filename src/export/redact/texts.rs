//! Texts that stand alone, replaced where they stand: a header's, and those of a JSON value.
//!
//! Nothing here looks at what was shown or typed.

use std::collections::BTreeMap;

use formats::asciicast::Header;

use super::patterns::Patterns;

/// Replaces in every text of the header but the time of the start, and returns in how many.
pub(super) fn replace_header(header: &mut Header, patterns: &mut Patterns) -> u64 {
    let mut count = 0;
    let mut text = |text: &mut String| {
        if let Some(replaced) = patterns.replace(text) {
            *text = replaced;
            count += 1;
        }
    };
    let term = &mut header.term;
    let mut texts: Vec<&mut String> = [
        &mut term.term_type,
        &mut term.version,
        &mut header.command,
        &mut header.title,
    ]
    .into_iter()
    .flatten()
    .collect();
    texts.extend(&mut header.tags);
    if let Some(session) = &mut header.ssm {
        texts.extend([&mut session.session_id, &mut session.target]);
        texts.extend(
            [
                &mut session.target_name,
                &mut session.document,
                &mut session.reason,
                &mut session.region,
                &mut session.account,
                &mut session.operator,
                &mut session.client_version,
                &mut session.agent_version,
                &mut session.host,
                &mut session.user,
                &mut session.message_ids,
            ]
            .into_iter()
            .flatten(),
        );
    }
    texts.into_iter().for_each(&mut text);
    count += named(header.env.iter_mut(), patterns);
    if let Some(session) = &mut header.ssm {
        let parameters: &mut BTreeMap<_, _> = &mut session.parameters;
        count += named(
            parameters
                .iter_mut()
                .flat_map(|(name, values)| values.iter_mut().map(move |value| (name, value))),
            patterns,
        );
    }
    if let Some(theme) = &mut header.term.theme {
        strings(theme, patterns);
    }
    count
}

/// A name can tell that its value is a secret.
fn named<'a>(
    pairs: impl Iterator<Item = (&'a String, &'a mut String)>,
    patterns: &mut Patterns,
) -> u64 {
    let mut count = 0;
    for (name, value) in pairs {
        let before = name.chars().count() + 1;
        let behind = patterns
            .replace(&format!("{name}={value}"))
            .map(|pair| pair.chars().skip(before).collect::<String>());
        if let Some(replaced) = behind.filter(|behind| behind != value) {
            *value = replaced;
            count += 1;
        }
        if let Some(replaced) = patterns.replace(value) {
            *value = replaced;
            count += 1;
        }
    }
    count
}

/// Replaces in every text of a JSON value.
pub(super) fn strings(value: &mut serde_json::Value, patterns: &mut Patterns) {
    match value {
        serde_json::Value::String(text) => {
            if let Some(replaced) = patterns.replace(text) {
                *text = replaced;
            }
        }
        serde_json::Value::Array(values) => {
            values.iter_mut().for_each(|value| strings(value, patterns));
        }
        serde_json::Value::Object(values) => values
            .values_mut()
            .for_each(|value| strings(value, patterns)),
        _ => {}
    }
}

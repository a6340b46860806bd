//! `config schema`: the file's JSON Schema, so that an editor completes and checks it.
//!
//! Nothing here is written by hand: the schema follows the table of settings. It cannot say all that `config check`
//! says, so it never refuses what that accepts.

use serde_json::{Map, Value as Json, json};

use crate::settings::kind::Kind;
use crate::settings::{Spec, specs};
use crate::words::json_pretty;

/// The text to print.
pub(super) fn text() -> String {
    let mut settings = table();
    let mut policy = table();
    policy["description"] =
        "In the organisation's file alone: rules, and settings that nothing below may change."
            .into();
    for spec in specs() {
        match spec.name.strip_prefix("policy.") {
            Some(rule) => insert(&mut policy, rule, schema(spec)),
            None => {
                insert(&mut settings, spec.name, schema(spec));
                insert(&mut policy, spec.name, schema(spec));
            }
        }
    }
    settings["properties"]["policy"] = policy;
    settings["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    settings["title"] = "ssm-rec configuration".into();
    format!("{}\n", json_pretty(&settings))
}

fn table() -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": Map::new() })
}

fn insert(table: &mut Json, name: &str, schema: Json) {
    match name.split_once('.') {
        None => table["properties"][name] = schema,
        Some((section, rest)) => {
            let inner = &mut table["properties"][section];
            if inner.is_null() {
                *inner = self::table();
            }
            insert(inner, rest, schema);
        }
    }
}

fn schema(spec: &Spec) -> Json {
    let mut schema = match spec.kind {
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "enum": words() }),
        Kind::Text { .. } | Kind::Path { .. } => json!({ "type": "string" }),
        Kind::Duration { .. } => json!({ "type": ["string", "number"] }),
        Kind::Size { .. } => json!({ "type": ["string", "integer"] }),
        Kind::Whole { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Number { least, most } => {
            json!({ "type": "number", "minimum": least, "maximum": most })
        }
        Kind::List { .. } => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Tags => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
    };
    schema["description"] = spec.purpose.into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_every_setting_once_and_again_in_the_policy() {
        let schema: Json = serde_json::from_str(&text()).unwrap();
        let find = |name: &str| {
            name.split('.').fold(&schema, |table, part| {
                assert_eq!(table["additionalProperties"], false, "{name}");
                &table["properties"][part]
            })
        };
        for spec in specs() {
            assert_eq!(
                find(spec.name)["description"],
                spec.purpose,
                "{}",
                spec.name
            );
            if !spec.is_rule() {
                let fixed = format!("policy.{}", spec.name);
                assert_eq!(find(&fixed), find(spec.name), "{}", spec.name);
            }
        }
        assert_eq!(
            find("record.input")["enum"],
            json!(["off", "echoed", "all"])
        );
    }
}

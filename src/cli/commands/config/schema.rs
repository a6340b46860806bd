//! `config schema`: the file's JSON Schema, so that an editor completes and checks it.
//!
//! Nothing here is written by hand: the schema follows the table of settings. It cannot say all that `config check`
//! says, so it never refuses what that accepts.

use serde_json::{Map, Value as Json, json};

use crate::rules::{Fact, LooksAt, Severity};
use crate::settings::kind::Kind;
use crate::settings::rules::KEYS;
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
    settings["properties"]["rule"] = rules();
    settings["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    settings["title"] = "ssm-rec configuration".into();
    format!("{}\n", json_pretty(&settings))
}

/// Rules stand in a list of tables, which no setting does.
fn rules() -> Json {
    let mut rule = table();
    for (key, expected, purpose) in KEYS {
        rule["properties"][key] = match key {
            "on" | "secret" => json!({ "type": "boolean" }),
            "minutes" | "lines" => json!({ "type": "integer", "minimum": 0 }),
            "references" => json!({ "type": "array", "items": { "type": "string" } }),
            "severity" => json!({ "enum": Severity::ALL.map(Severity::name) }),
            "looks_at" => json!({ "enum": LooksAt::ALL.map(LooksAt::name) }),
            "fact" => json!({ "enum": Fact::NAMES }),
            _ => json!({ "type": "string" }),
        };
        rule["properties"][key]["description"] = format!("{purpose} ({expected})").into();
    }
    rule["required"] = json!(["id"]);
    json!({
        "type": "array",
        "items": rule,
        "description": "Rules of one's own, and other words on those that are shipped.",
    })
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

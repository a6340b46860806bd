//! `config show`: each value in force and its origin, as a file that could be used as one.
//!
//! Nothing here decides what is in force.

use std::fmt::Write as _;

use anyhow::anyhow;
use serde_json::Value;

use crate::cli::exit::{Failure, Status};
use crate::settings::rules::Said;
use crate::settings::{
    Flags, InForce, Layers, Origin, Place, Purpose, Role, Settings, Sources, Spec, TRIAL, specs,
    toml_string,
};
use crate::words::{json_pretty, printable, slip};

/// Values longer than this do not push everybody's origin to the right, in characters.
const WIDEST: usize = 64;

/// The text to print: of these settings and sections alone, where some are named.
///
/// # Errors
/// Something is wrong with the configuration, as every command would tell; or nothing has such a name.
pub(super) fn text(
    sources: &Sources,
    named: &[String],
    json: bool,
) -> Result<(String, Status), Failure> {
    let asked = asked(named)?;
    let layers = Layers::read(sources, &Flags::default(), Purpose::Record);
    Settings::of(layers.clone())?;
    let text = match (json, named.is_empty()) {
        (true, true) => as_json(&layers, &asked),
        (true, false) => {
            let settings = settings_json(&layers, &asked);
            format!(
                "{}\n",
                json_pretty(&serde_json::json!({ "settings": settings }))
            )
        }
        (false, true) => as_toml(sources, &layers, &asked),
        (false, false) => lines(&layers, &asked),
    };
    Ok((text, Status::Success))
}

/// Each once, in the order of the table.
fn asked(named: &[String]) -> Result<Vec<&'static Spec>, Failure> {
    let is_meant = |spec: &Spec, name: &str| {
        let rest = spec.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if let Some(name) = named
        .iter()
        .find(|name| !specs().any(|spec| is_meant(spec, name)))
    {
        let error = anyhow!("there is no setting {name:?}");
        let failure = Failure::new(Status::Usage, error);
        return Err(match slip::nearest(name, specs().map(|spec| spec.name)) {
            Some(near) => failure.hint(format!("did you mean {near:?}?")),
            None => failure.hint("see what there is: ssm-rec config example"),
        });
    }
    let is_asked = |spec: &&Spec| named.is_empty() || named.iter().any(|name| is_meant(spec, name));
    Ok(specs().filter(is_asked).collect())
}

fn as_toml(sources: &Sources, layers: &Layers, asked: &[&'static Spec]) -> String {
    let mut out = String::new();
    for looked in &layers.looked {
        let whose = whose(looked.role);
        let there = if looked.there { "" } else { " (not there)" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "# {whose}: {}{there}",
            printable(&looked.path.display().to_string())
        );
    }
    if sources.trial_refused {
        let _ = writeln!(
            out,
            "# {TRIAL} is not heeded: this machine has an organisation's file"
        );
    }
    out.push('\n');
    out.push_str(&lines(layers, asked));
    for said in &layers.rules.said {
        let id = toml_string(&said.change.id);
        let _ = writeln!(
            out,
            "[[rule]] id = {id}  # {}",
            printable(&said.place.to_string())
        );
    }
    for place in &layers.rules.overruled {
        let _ = writeln!(
            out,
            "# a rule that is overruled: {}",
            printable(&place.to_string())
        );
    }
    out
}

/// A line for each setting: what could stand in a file, and where it comes from.
fn lines(layers: &Layers, asked: &[&'static Spec]) -> String {
    let mut out = String::new();
    let rows: Vec<_> = asked
        .iter()
        .map(|spec| {
            let in_force = layers.values.in_force(spec);
            let setting = match &in_force.value {
                Some(value) => format!("{} = {}", spec.name, value.toml()),
                None => format!("# {}", spec.name),
            };
            (setting, in_force)
        })
        .collect();
    let width = rows
        .iter()
        .map(|(setting, _)| setting.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    for (setting, in_force) in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{setting:width$}  # {}", printable(&why(in_force)));
    }
    out
}

/// The origin, and who was overruled by it.
fn why(in_force: &InForce) -> String {
    let mut why = match (&in_force.value, &in_force.origin) {
        (None, _) => "unset".to_owned(),
        (Some(_), origin) => origin.to_string(),
    };
    if matches!(in_force.origin, Origin::Policy(_)) && !in_force.overruled.is_empty() {
        let overruled: Vec<_> = in_force.overruled.iter().map(ToString::to_string).collect();
        why = format!("{why}; overrules {}", overruled.join(", "));
    }
    why
}

fn settings_json(layers: &Layers, asked: &[&'static Spec]) -> serde_json::Map<String, Value> {
    let entry = |spec: &&'static Spec| {
        let in_force = layers.values.in_force(spec);
        let entry = serde_json::json!({
            "value": in_force.value.as_ref().map(|value| value.json()),
            "origin": origin_json(&in_force.origin),
            "overruled": in_force.overruled.iter().map(place_json).collect::<Vec<_>>(),
        });
        (spec.name.to_owned(), entry)
    };
    asked.iter().map(entry).collect()
}

fn as_json(layers: &Layers, asked: &[&'static Spec]) -> String {
    let files: Vec<_> = layers
        .looked
        .iter()
        .map(|looked| {
            serde_json::json!({
                "whose": whose(looked.role),
                "path": looked.path.display().to_string(),
                "present": looked.there,
            })
        })
        .collect();
    let rule = |said: &Said| serde_json::json!({ "id": said.change.id, "origin": place_json(&said.place) });
    let rules: Vec<_> = layers.rules.said.iter().map(rule).collect();
    let overruled: Vec<_> = layers.rules.overruled.iter().map(place_json).collect();
    let all = serde_json::json!({
        "files": files,
        "settings": settings_json(layers, asked),
        "rules": rules,
        "overruled_rules": overruled,
    });
    format!("{}\n", json_pretty(&all))
}

fn origin_json(origin: &Origin) -> Value {
    match origin {
        Origin::Default => serde_json::json!({ "kind": "default" }),
        Origin::Set(place) => place_json(place),
        Origin::Policy(place) => {
            let mut json = place_json(place);
            json["policy"] = true.into();
            json
        }
    }
}

/// A place, for programs.
pub(super) fn place_json(place: &Place) -> Value {
    match place {
        Place::File(path) => {
            serde_json::json!({ "kind": "file", "path": path.display().to_string() })
        }
        Place::Spot { path, line, column } => {
            serde_json::json!({ "kind": "file", "path": path.display().to_string(), "line": line, "column": column })
        }
        Place::Environment(name) => serde_json::json!({ "kind": "environment", "name": name }),
        Place::Flag(name) => serde_json::json!({ "kind": "flag", "name": name }),
    }
}

fn whose(role: Role) -> &'static str {
    match role {
        Role::Organisation => "organisation",
        Role::Person => "person",
    }
}

//! `config show`: each value in force and its origin, as a file that could be used as one.
//!
//! Nothing here decides what is in force.

use std::fmt::Write as _;

use crate::cli::exit::{Failure, Status};
use crate::settings::rules::Said;
use crate::settings::{
    Flags, InForce, Layers, Origin, Place, Purpose, Role, Settings, Sources, TRIAL, specs,
    toml_string,
};
use crate::words::{json_pretty, printable};

/// Values longer than this do not push everybody's origin to the right, in characters.
const WIDEST: usize = 64;

/// The text to print.
///
/// # Errors
/// Something is wrong with the configuration, as every command would tell.
pub(super) fn text(sources: &Sources, json: bool) -> Result<(String, Status), Failure> {
    let layers = Layers::read(sources, &Flags::default(), Purpose::Record);
    Settings::of(layers.clone())?;
    let text = if json {
        as_json(&layers)
    } else {
        as_toml(sources, &layers)
    };
    Ok((text, Status::Success))
}

fn as_toml(sources: &Sources, layers: &Layers) -> String {
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
    let rows: Vec<_> = specs()
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
        let _ = writeln!(out, "{setting:width$}  # {}", printable(&why(in_force)));
    }
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

fn as_json(layers: &Layers) -> String {
    let settings: serde_json::Map<_, _> = specs()
        .map(|spec| {
            let in_force = layers.values.in_force(spec);
            let entry = serde_json::json!({
                "value": in_force.value.as_ref().map(|value| value.json()),
                "origin": origin_json(&in_force.origin),
                "overruled": in_force.overruled.iter().map(place_json).collect::<Vec<_>>(),
            });
            (spec.name.to_owned(), entry)
        })
        .collect();
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
        "settings": settings,
        "rules": rules,
        "overruled_rules": overruled,
    });
    format!("{}\n", json_pretty(&all))
}

fn origin_json(origin: &Origin) -> serde_json::Value {
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
pub(super) fn place_json(place: &Place) -> serde_json::Value {
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

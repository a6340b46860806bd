//! `config check`: every mistake in one file, or in everything that is in force.
//!
//! Nothing here mends a mistake.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::show::place_json;
use super::{CheckArgs, Whose};
use crate::cli::exit::{Failure, Status};
use crate::settings::{Flags, Layers, Mistake, Place, Problem, Purpose, Sources};
use crate::words::{json_pretty, printable};

/// A file with more mistakes than this is no configuration, and nobody reads on.
const TOLD: usize = 100;

/// The text to print, and how the command ends.
///
/// # Errors
/// None: a mistake is what this command looks for.
pub(super) fn text(sources: &Sources, args: &CheckArgs) -> Result<(String, Status), Failure> {
    let sources = match &args.file {
        Some(path) => alone(sources, path, args.whose),
        None => sources.clone(),
    };
    let layers = Layers::read(&sources, &Flags::default(), Purpose::Record);
    let mut mistakes = layers.mistakes;
    mistakes.extend(variables(&sources));
    let mut looked: Vec<_> = layers.looked.iter().filter(|looked| looked.there).collect();
    if let Some(path) = &args.file {
        // What is wrong elsewhere is no mistake of this file.
        mistakes.retain(|mistake| mistake.place.path() == Some(path));
        looked.retain(|looked| looked.path == *path);
        if looked.is_empty() && mistakes.is_empty() {
            mistakes.push(Mistake {
                place: Place::File(path.clone()),
                problem: Problem::Unreadable("there is no such file".to_owned()),
            });
        }
    }
    let checked: Vec<_> = looked
        .iter()
        .map(|looked| looked.path.display().to_string())
        .collect();
    let text = if args.json {
        as_json(&mistakes, &checked)
    } else {
        as_lines(&mistakes, &checked)
    };
    let status = if mistakes.is_empty() {
        Status::Success
    } else {
        Status::Usage
    };
    Ok((text, status))
}

/// The file in its place among the others: a person's stands over the organisation's, which stands over nothing.
fn alone(sources: &Sources, path: &Path, whose: Option<Whose>) -> Sources {
    let persons = || {
        let real = |path: &Path| path.canonicalize().ok();
        sources
            .person
            .as_deref()
            .is_some_and(|person| real(person).is_some() && real(person) == real(path))
    };
    let person = match whose {
        Some(whose) => whose == Whose::Person,
        None => persons(),
    };
    let mut alone = Sources {
        environment: BTreeMap::new(),
        ..sources.clone()
    };
    if person {
        alone.person = Some(path.to_owned());
        alone.person_named = true;
    } else {
        alone.organisation = path.to_owned();
        alone.person = None;
    }
    alone
}

/// A variable with a slip in its name does nothing, and nobody notices.
fn variables(sources: &Sources) -> impl Iterator<Item = Mistake> {
    sources
        .unknown_variables()
        .into_iter()
        .map(|(name, nearest)| Mistake {
            place: Place::Environment(name.to_owned()),
            problem: Problem::Unknown {
                name: name.to_owned(),
                nearest,
            },
        })
}

fn as_lines(mistakes: &[Mistake], checked: &[String]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    for mistake in mistakes.iter().take(TOLD) {
        let _ = write!(out, "{}", printable(&mistake.to_string()));
        if let Some(hint) = mistake.problem.hint() {
            let _ = write!(out, "; {}", printable(&hint));
        }
        out.push('\n');
    }
    if mistakes.len() > TOLD {
        let _ = writeln!(out, "… and {} more", mistakes.len() - TOLD);
    }
    if mistakes.is_empty() {
        for path in checked {
            let _ = writeln!(out, "{}: no mistakes", printable(path));
        }
        if checked.is_empty() {
            out.push_str("no mistakes; there is no configuration file\n");
        }
    }
    out
}

fn as_json(mistakes: &[Mistake], checked: &[String]) -> String {
    let told: Vec<_> = mistakes
        .iter()
        .take(TOLD)
        .map(|mistake| {
            serde_json::json!({
                "place": place_json(&mistake.place),
                "message": mistake.problem.to_string(),
                "hint": mistake.problem.hint(),
            })
        })
        .collect();
    let all = serde_json::json!({ "checked": checked, "count": mistakes.len(), "mistakes": told });
    format!("{}\n", json_pretty(&all))
}

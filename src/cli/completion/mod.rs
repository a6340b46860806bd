//! What a shell completes: targets, sessions, profiles, regions and settings, from what this machine knows already.
//!
//! Nobody is asked for it, nothing is written but candidates, and what cannot be read offers none.

mod aws;
mod sessions;

use std::ffi::{OsStr, OsString};

use clap::CommandFactory as _;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;

use super::{CommandLine, targets};
use crate::cli::exit::Status;
use crate::settings::specs;
use crate::words::printable;

pub(crate) use aws::{profiles, regions};
pub(crate) use sessions::recordings;

/// Set by the scripts that `ssm-rec completions` prints.
pub(crate) const VARIABLE: &str = "SSM_REC_COMPLETE";

/// So many candidates are offered; a shell that shows more is of no help.
const MOST: usize = 500;

/// Answers a shell, where that is who runs this.
pub(crate) fn answer(args: &[OsString]) -> Option<Status> {
    let answered = CompleteEnv::with_factory(CommandLine::command)
        .var(VARIABLE)
        .bin("ssm-rec")
        .try_complete(args.to_vec(), std::env::current_dir().ok().as_deref());
    match answered {
        Ok(false) => None,
        Ok(true) => Some(Status::Success),
        // A shell shows nothing of what is wrong.
        Err(_) => Some(Status::Usage),
    }
}

/// Targets: those used lately by the name they were asked for, then all that are known.
pub(crate) fn known_targets(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(folder) = targets::folder() else {
        return Vec::new();
    };
    let (used, nodes) = crate::targets::known::all(&folder);
    let mut named: Vec<(String, String)> = Vec::new();
    for used in used {
        match used.name {
            Some(name) if !name.contains('=') => named.push((name, used.id)),
            _ => named.push((used.id, String::new())),
        }
    }
    for node in nodes {
        let name = node.name.or(node.computer_name).unwrap_or_default();
        let told = [
            node.platform.unwrap_or_default(),
            node.address.unwrap_or_default(),
        ];
        named.push((node.id, [name.as_str(), &told[0], &told[1]].join(" ")));
        if !name.is_empty() {
            named.push((name, told.join(" ")));
        }
    }
    offered(typed, named)
}

/// Settings by their whole names, and their sections.
pub(crate) fn settings(typed: &OsStr) -> Vec<CompletionCandidate> {
    let named = specs().flat_map(|spec| {
        let section = spec.name.split_once('.').map(|(section, _)| section);
        let section = section.map(|name| (name.to_owned(), String::new()));
        let purpose = spec
            .purpose
            .split_once(". ")
            .map_or(spec.purpose, |(first, _)| first);
        section
            .into_iter()
            .chain([(spec.name.to_owned(), purpose.to_owned())])
    });
    offered(typed, named)
}

/// Those that begin as what is typed, each once, harmless, in this order.
pub(crate) fn offered(
    typed: &OsStr,
    named: impl IntoIterator<Item = (String, String)>,
) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (value, help) in named {
        // One that a shell would have to be protected from is typed by hand.
        if !value.starts_with(typed) || printable(&value) != value || !seen.insert(value.clone()) {
            continue;
        }
        let help = printable(help.trim());
        let order = Some(offered.len());
        let candidate = CompletionCandidate::new(value).display_order(order);
        offered.push(candidate.help((!help.is_empty()).then(|| help.into())));
        if offered.len() == MOST {
            break;
        }
    }
    offered
}

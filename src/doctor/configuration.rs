//! The configuration: whether it reads, what the organisation fixes, and who could change that.
//!
//! Nothing here decides what is in force; `settings` does.

use std::fs::Metadata;

use crate::settings::{Layers, Role, Sources, TRIAL, specs};

use super::verdict::{Finding, Group};

const CHECK: &str = "find every mistake with: ssm-rec config check";

/// What the files and the environment are like.
pub(super) fn judged(sources: &Sources, layers: &Layers) -> Vec<Finding> {
    let group = Group::Settings;
    let mut findings = Vec::new();
    if let Some(first) = layers.mistakes.first() {
        let more = match layers.mistakes.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let next = first.problem.hint().unwrap_or_else(|| CHECK.to_owned());
        findings.push(group.bad("mistakes", format!("{first}{more}"), next));
    }
    for looked in &layers.looked {
        let shown = looked.path.display().to_string();
        findings.push(match (looked.role, looked.there) {
            (Role::Organisation, true) => organisation(sources, layers, &shown),
            (Role::Organisation, false) => {
                group.good("organisation", format!("none at {shown}: nothing is fixed"))
            }
            (Role::Person, true) => group.good("person", shown),
            (Role::Person, false) => group.good("person", format!("none at {shown}")),
        });
    }
    if sources.trial_refused {
        let seen = format!("{TRIAL} is not heeded: this machine has the organisation's file");
        findings.push(group.doubtful("environment", seen, format!("unset {TRIAL}")));
    }
    for (name, nearest) in sources.unknown_variables() {
        let next = match nearest {
            Some(nearest) => format!("did you mean {nearest}?"),
            None => format!("unset {name}"),
        };
        findings.push(group.doubtful("environment", format!("{name} is no setting"), next));
    }
    findings
}

fn organisation(sources: &Sources, layers: &Layers, shown: &str) -> Finding {
    let (group, check) = (Group::Settings, "organisation");
    let fixed = specs().filter(|spec| layers.values.is_fixed(spec)).count();
    let fixes = match fixed {
        0 => "fixes nothing".to_owned(),
        1 => "fixes 1 setting".to_owned(),
        fixed => format!("fixes {fixed} settings"),
    };
    if sources.environment.contains_key(TRIAL) && !sources.trial_refused {
        return group.good(check, format!("{shown}, on trial by {TRIAL}, {fixes}"));
    }
    let found = sources.organisation.metadata();
    match found
        .ok()
        .filter(Metadata::is_file)
        .and_then(|found| loose(&found))
    {
        Some(who) => group.doubtful(
            check,
            format!("{shown} {fixes}, and {who}"),
            format!("let root alone write it: chown root:root {shown}; chmod 644 {shown}"),
        ),
        None => group.good(check, format!("{shown}, {fixes}")),
    }
}

/// Who else than root could write the file. That everybody may is a mistake already.
#[cfg(unix)]
fn loose(found: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    const GROUP: u32 = 0o020;
    if found.uid() != 0 {
        return Some(format!(
            "user {} may change it, who is not root",
            found.uid()
        ));
    }
    (found.mode() & GROUP != 0 && found.gid() != 0)
        .then(|| format!("group {} may change it", found.gid()))
}

#[cfg(not(unix))]
fn loose(_: &Metadata) -> Option<String> {
    None
}

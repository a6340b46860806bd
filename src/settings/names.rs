//! The names of settings as they stand in a file, and as a person meant them.
//!
//! Nothing here knows where a value comes from.

use super::spec::Spec;
use super::table::specs;
use crate::words::slip;

/// What a name in a file means.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    /// A setting.
    Setting(&'static Spec),
    /// A setting inside `[policy]`: nothing below may set it.
    Fixed(&'static Spec),
    /// A table of settings.
    Section,
}

/// Looks a dotted name up. Inside `[policy]` stand the rules and, fixed, every other setting.
pub(crate) fn named(name: &str) -> Option<Named> {
    let find = |name: &str| specs().find(|spec| spec.name == name);
    let inside = |name: &str| {
        specs().any(|spec| {
            spec.name
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    if let Some(spec) = find(name) {
        return Some(Named::Setting(spec));
    }
    if inside(name) {
        return Some(Named::Section);
    }
    let below = name.strip_prefix("policy.")?;
    match find(below) {
        Some(spec) if !spec.is_rule() => Some(Named::Fixed(spec)),
        _ if inside(below) && !below.starts_with("policy") => Some(Named::Section),
        _ => None,
    }
}

/// The name that a person most likely meant: near in letters in the same section, or the same word in another one.
pub(crate) fn nearest(section: &str, leaf: &str) -> Option<String> {
    let fixed = section == "policy" || section.starts_with("policy.");
    let below = section
        .strip_prefix("policy")
        .map_or(section, |rest| rest.trim_start_matches('.'));
    let mut siblings = Vec::new();
    for spec in specs() {
        let mut sections = vec![section];
        if fixed && !spec.is_rule() {
            sections.push(below);
        }
        for section in sections {
            let rest = match section {
                "" => Some(spec.name),
                section => spec
                    .name
                    .strip_prefix(section)
                    .and_then(|rest| rest.strip_prefix('.')),
            };
            siblings.extend(rest.and_then(|rest| rest.split('.').next()));
        }
    }
    slip::nearest(leaf, siblings)
        .map(str::to_owned)
        .or_else(|| {
            let meant = slip::nearest(leaf, specs().map(Spec::leaf))?;
            specs()
                .find(|spec| spec.leaf() == meant)
                .map(|spec| spec.name.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a name means, in a word that can be compared.
    fn told(name: &str) -> String {
        match named(name) {
            Some(Named::Setting(spec)) => spec.name.to_owned(),
            Some(Named::Fixed(spec)) => format!("fixed {}", spec.name),
            Some(Named::Section) => "a section".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_setting_has_its_own_name() {
        let mut names: Vec<_> = specs().map(|spec| spec.name).collect();
        for spec in specs() {
            assert_eq!(told(spec.name), spec.name);
            let fixed = match spec.is_rule() {
                true => "nothing".to_owned(),
                false => format!("fixed {}", spec.name),
            };
            assert_eq!(told(&format!("policy.{}", spec.name)), fixed);
            assert!(spec.purpose.ends_with(['.', ')']), "{}", spec.name);
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn sections_are_known_and_nothing_else_is() {
        for name in [
            "record",
            "policy",
            "policy.reason",
            "policy.record",
            "policy.upload",
        ] {
            assert_eq!(told(name), "a section", "{name}");
        }
        for name in [
            "",
            "recor",
            "policy.policy",
            "policy.policy.reason",
            "record.",
            "store.x",
            "reason",
            "documents",
        ] {
            assert_eq!(told(name), "nothing", "{name}");
        }
    }

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        for (section, leaf, expected) in [
            ("record", "inptu", Some("input")),
            ("record", "on-failure", Some("on_failure")),
            ("", "recrod", Some("record")),
            ("", "input", Some("record.input")),
            ("", "kms_key", Some("upload.kms_key")),
            ("policy", "documnets", Some("documents")),
            ("policy.record", "imput", Some("input")),
            ("policy", "stroe", Some("store")),
            ("", "zzzzzzzz", None),
        ] {
            assert_eq!(
                nearest(section, leaf).as_deref(),
                expected,
                "{section} {leaf}"
            );
        }
        assert_eq!(nearest("", &"x".repeat(100_000)), None);
    }

    #[test]
    fn variables_are_named_after_settings() {
        for (name, expected) in [
            ("record.input", Some("SSM_REC_RECORD_INPUT")),
            ("store", Some("SSM_REC_STORE")),
            ("policy.reason.required", None),
        ] {
            let spec = specs().find(|spec| spec.name == name).unwrap();
            assert_eq!(spec.variable().as_deref(), expected, "{name}");
        }
    }
}

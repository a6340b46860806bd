//! The names of settings: as they stand in a file, in the environment, and as a person meant them.
//!
//! Nothing here knows where a value comes from, or which values there are.

use super::table::{SPECS, Spec};

/// One setting.
#[expect(
    clippy::enum_variant_names,
    reason = "a sign key and a bucket key are called so; the variants follow the settings' names"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Store,
    Spool,
    RecordInput,
    RecordPayload,
    RecordFsync,
    RecordOnFailure,
    RecordEncryptTo,
    RecordSignKey,
    RecordLevel,
    SessionEscape,
    SessionBanner,
    SessionReconnectLimit,
    SessionPingInterval,
    UploadLive,
    UploadLiveInterval,
    UploadRegion,
    UploadEndpointUrl,
    UploadPathStyle,
    UploadExpectedBucketOwner,
    UploadSse,
    UploadKmsKey,
    UploadBucketKey,
    UploadObjectLockMode,
    UploadRetentionDays,
    UploadLegalHold,
    UploadStorageClass,
    UploadTags,
    PlaySpeed,
    PlayIdleTimeLimit,
    ReviewAllowedSigners,
    ReviewIdentity,
    ReviewCacheSize,
    PolicyDocuments,
    PolicyReasonRequired,
    PolicyReasonPattern,
    PolicyReasonHint,
}

impl Key {
    /// What there is to know about this one.
    pub(crate) fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// As it stands in a file, sections before dots.
    pub(crate) fn name(self) -> &'static str {
        self.spec().name
    }

    /// The environment variable that sets it; rules of the policy have none.
    pub(crate) fn variable(self) -> Option<String> {
        (!self.is_rule())
            .then(|| format!("SSM_REC_{}", self.name().replace('.', "_").to_uppercase()))
    }

    /// Whether it exists in a policy only.
    pub(crate) fn is_rule(self) -> bool {
        self.name().starts_with("policy.")
    }
}

/// What a name in a file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// A setting.
    Setting(Key),
    /// A setting inside `[policy]`: nothing below may set it.
    Fixed(Key),
    /// A table of settings.
    Section,
}

/// Looks a dotted name up. Inside `[policy]` stand the rules and, fixed, every other setting.
pub(crate) fn named(name: &str) -> Option<Named> {
    let find = |name: &str| {
        SPECS
            .iter()
            .find(|spec| spec.name == name)
            .map(|spec| spec.key)
    };
    let inside = |name: &str| {
        SPECS.iter().any(|spec| {
            spec.name
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    if let Some(key) = find(name) {
        return Some(Named::Setting(key));
    }
    if inside(name) {
        return Some(Named::Section);
    }
    let below = name.strip_prefix("policy.")?;
    match find(below) {
        Some(key) if !key.is_rule() => Some(Named::Fixed(key)),
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
    for spec in &SPECS {
        let mut sections = vec![section];
        if fixed && !spec.key.is_rule() {
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
    near(leaf, siblings).map(str::to_owned).or_else(|| {
        let leaves = SPECS.iter().map(Spec::leaf);
        let meant = near(leaf, leaves)?;
        SPECS
            .iter()
            .find(|spec| spec.leaf() == meant)
            .map(|spec| spec.name.to_owned())
    })
}

/// The candidate nearest to `word`, when it is near enough to be a slip.
pub(crate) fn near<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    /// Nothing longer is a slip of the fingers, and comparing costs the product of the lengths.
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &plain(candidate)),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_stands_at_its_keys_position_and_has_its_own_name() {
        for (position, spec) in SPECS.iter().enumerate() {
            assert_eq!(spec.key as usize, position, "{}", spec.name);
            assert_eq!(named(spec.name), Some(Named::Setting(spec.key)));
            let fixed = named(&format!("policy.{}", spec.name));
            assert_eq!(
                fixed,
                (!spec.key.is_rule()).then_some(Named::Fixed(spec.key)),
                "{}",
                spec.name
            );
            assert!(spec.purpose.ends_with(['.', ')']), "{}", spec.name);
        }
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
            assert_eq!(named(name), Some(Named::Section), "{name}");
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
            assert_eq!(named(name), None, "{name}");
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
        assert_eq!(
            Key::RecordInput.variable().as_deref(),
            Some("SSM_REC_RECORD_INPUT")
        );
        assert_eq!(Key::Store.variable().as_deref(), Some("SSM_REC_STORE"));
        assert_eq!(Key::PolicyReasonRequired.variable(), None);
    }
}

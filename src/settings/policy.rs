//! `[policy]`: the rules that only an organisation can make.
//!
//! Nothing here binds anybody who has other tools; that is IAM's.

use regex::Regex;

use super::in_force::Values;
use super::kind::Form;
use super::reason::ReasonRule;
use super::spec::{Setting, Spec, list, switch, text};
use crate::service::DEFAULT_DOCUMENT;

static DOCUMENTS: Setting<Vec<String>> = list(
    "policy.documents",
    |text| {
        let name = text.strip_suffix('*').unwrap_or(text);
        match !text.is_empty() && !name.contains(|c: char| c == '*' || c.is_whitespace()) {
            true => Form::Other,
            false => Form::Bad,
        }
    },
    "a list of document names, each of which may end with *",
)
.example("SSM-SessionManagerRunShell,AWS-StartSSHSession")
.purpose(
    "The session documents that may be used; a name may end with *. Unset: any. (IAM is what \
     binds; this spares a person the refusal.)",
);

static REASON_REQUIRED: Setting<bool> = switch("policy.reason.required").default("false").purpose(
    "Whether every session needs a reason. It is asked for at a terminal when it is missing.",
);

static REASON_PATTERN: Setting<Regex> = text(
    "policy.reason.pattern",
    |text| Regex::new(text).is_ok(),
    "a regular expression",
)
.example("^CHG-[0-9]+")
.purpose("A regular expression that must be found in every reason; ^ and $ bind it to the ends.");

static REASON_HINT: Setting<String> = text("policy.reason.hint", |_| true, "a text")
    .example("begin the reason with the number of the change, CHG-1234")
    .purpose("What a person is told whose reason is missing or does not match.");

pub(super) static SPECS: [&Spec; 4] = [
    &DOCUMENTS.spec,
    &REASON_REQUIRED.spec,
    &REASON_PATTERN.spec,
    &REASON_HINT.spec,
];

/// `[policy]`
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) reason: ReasonRule,
    /// `None`: any document.
    documents: Option<Vec<String>>,
}

impl Policy {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            reason: ReasonRule {
                required: values.of(&REASON_REQUIRED),
                pattern: values.given(&REASON_PATTERN),
                hint: values.given(&REASON_HINT),
            },
            documents: values.given(&DOCUMENTS),
        }
    }

    /// Whether a session may use this document; `None` is the account's default shell.
    pub(crate) fn allows_document(&self, document: Option<&str>) -> bool {
        let document = document.unwrap_or(DEFAULT_DOCUMENT);
        self.documents.as_ref().is_none_or(|allowed| {
            allowed
                .iter()
                .any(|allowed| match allowed.strip_suffix('*') {
                    Some(start) => document.starts_with(start),
                    None => document == allowed,
                })
        })
    }
}

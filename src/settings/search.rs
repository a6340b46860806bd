//! `[search]`: where Athena is asked, for searches that it answers.
//!
//! Nothing here asks it.

use super::in_force::Values;
use super::spec::{Setting, Spec, text};

/// Such names stand in requests, and none of them has a blank.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

pub(crate) static ATHENA_DATABASE: Setting<String> =
    text("search.athena_database", is_name, "the name of a database")
        .default("ssm_rec")
        .purpose("The database in which the tables of packs are, for search --engine athena.");

pub(crate) static ATHENA_WORKGROUP: Setting<String> = text(
    "search.athena_workgroup",
    is_name,
    "the name of a workgroup",
)
.example("primary")
.purpose("The workgroup that asks Athena. Unset: the account's own.");

pub(crate) static ATHENA_OUTPUT: Setting<String> = text(
    "search.athena_output",
    |text| is_name(text) && text.starts_with("s3://"),
    "s3://bucket/prefix/",
)
.example("s3://query-results/ssm-rec/")
.purpose("Where Athena writes what it finds. Unset: where the workgroup says.");

pub(super) static SPECS: [&Spec; 3] = [
    &ATHENA_DATABASE.spec,
    &ATHENA_WORKGROUP.spec,
    &ATHENA_OUTPUT.spec,
];

/// `[search]`
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) athena_database: String,
    pub(crate) athena_workgroup: Option<String>,
    pub(crate) athena_output: Option<String>,
}

impl Search {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            athena_database: values.of(&ATHENA_DATABASE),
            athena_workgroup: values.given(&ATHENA_WORKGROUP),
            athena_output: values.given(&ATHENA_OUTPUT),
        }
    }
}

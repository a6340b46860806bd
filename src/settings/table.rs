//! All settings in the order in which they are shown. What is told of them anywhere follows this table.
//!
//! Nothing here says what a setting is; each stands in the file of its section.

use super::spec::Spec;
use super::{places, play, plugin, policy, record, review, rules, search, session, upload};

static SECTIONS: [&[&Spec]; 10] = [
    &places::SPECS,
    &record::SPECS,
    &session::SPECS,
    &plugin::SPECS,
    &upload::SPECS,
    &play::SPECS,
    &review::SPECS,
    &search::SPECS,
    &policy::SPECS,
    &rules::SPECS,
];

/// Every setting.
pub(crate) fn specs() -> impl Iterator<Item = &'static Spec> {
    SECTIONS.iter().flat_map(|section| section.iter().copied())
}

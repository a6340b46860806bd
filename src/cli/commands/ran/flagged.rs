//! A command with the rules that hit it.
//!
//! Nothing here reads a recording; what rules find besides commands, `rules check` tells.

use formats::derived::Command;
use serde::Serialize;

use crate::rules::{Rule, RuleSet, Severity};

/// A command, and the rules that hit it.
#[derive(Serialize)]
pub(super) struct Flagged<'a> {
    #[serde(flatten)]
    pub(super) command: &'a Command,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) risk: Option<Severity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<&'a str>,
}

impl<'a> Flagged<'a> {
    /// Looks at all of them.
    pub(super) fn all(commands: &'a [Command], set: &'a RuleSet) -> Vec<Self> {
        commands.iter().map(|one| Self::new(one, set)).collect()
    }

    fn new(command: &'a Command, set: &'a RuleSet) -> Self {
        let (hits, _) = set.of_command(&command.text, &command.context);
        let mut rules: Vec<&Rule> = hits.iter().map(|number| &set.rules()[*number]).collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.severity));
        Self {
            command,
            risk: rules.first().map(|rule| rule.severity),
            rules: rules.iter().map(|rule| rule.id.as_str()).collect(),
        }
    }
}

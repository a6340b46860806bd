//! `rules list`: every rule that is known, whether it is asked, and where it comes from.
//!
//! Nothing here looks at a recording.

use serde::Serialize;

use super::print;
use crate::cli::exit::{CommandResult, Status};
use crate::cli::message;
use crate::rules::{Fact, Find, Rule, RuleSet, examples, listed};
use crate::settings::rules::{Rules, Said};
use crate::settings::{Flags, Settings};
use crate::words::{self, printable};

/// List all rules: severity, what they look at, whether they are on, and where they come from
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  What is asked of every session, and the digest that stands in each result:
    ssm-rec rules list

  Why a rule is there, with examples of what it hits and what it does not:
    ssm-rec rules list --json | jq 'select(.id == \"history-off\")'")]
pub(super) struct ListArgs {
    /// As JSON, one object a line; the last one is of the set
    #[arg(long)]
    json: bool,
}

/// One rule, for a program.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    rule: &'a Rule,
    on: bool,
    origin: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hits: &'a [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    misses: &'a [&'static str],
}

/// Runs the command.
pub(super) fn run(args: &ListArgs) -> CommandResult {
    let settings = Settings::load_to_read(&Flags::default())?;
    let rules = &settings.rules;
    let set = rules.set().map_err(anyhow::Error::from)?;
    let all = listed(&rules.changes()).map_err(anyhow::Error::from)?;
    let mut text = String::new();
    if !args.json {
        text.push_str("severity  looks at     on   rule                      from\n");
    }
    for listed in &all {
        let origin = origin(rules, &listed.changes, listed.is_default);
        let is_on = listed.is_on && !is_idle(&listed.rule);
        if args.json {
            let (hits, misses) = examples(&listed.rule.id)
                .filter(|_| listed.is_default)
                .map_or((&[][..], &[][..]), |found| (found.hits, found.misses));
            text.push_str(&words::json(&Json {
                rule: &listed.rule,
                on: is_on,
                origin,
                hits,
                misses,
            }));
        } else {
            text.push_str(&format!(
                "{:<8}  {:<11}  {:<3}  {:<24}  {}",
                listed.rule.severity.name(),
                listed.rule.looks_at.name(),
                if is_on { "on" } else { "off" },
                listed.rule.id,
                printable(&origin)
            ));
        }
        text.push('\n');
    }
    let count = set.rules().len();
    if args.json {
        text.push_str(&format!(
            "{{\"set\":\"{}\",\"version\":{},\"rules\":{count}}}\n",
            set.digest(),
            RuleSet::VERSION
        ));
    }
    print(&text);
    if !args.json {
        message::say(&format!(
            "{count} rules are on; those that are shipped have version {}, the set is {}",
            RuleSet::VERSION,
            set.digest()
        ));
    }
    Ok(Status::Success)
}

/// It is asked, and finds nothing until it is told what.
fn is_idle(rule: &Rule) -> bool {
    matches!(rule.find, Find::Fact(Fact::OutsideHours(None)))
}

fn origin(rules: &Rules, changes: &[usize], is_default: bool) -> String {
    let places: Vec<String> = changes
        .iter()
        .filter_map(|change| rules.said.get(*change))
        .map(|Said { place, .. }| place.to_string())
        .collect();
    match (is_default, places.is_empty()) {
        (true, true) => "shipped".to_owned(),
        (true, false) => format!("shipped, changed in {}", places.join(", ")),
        (false, _) => places.join(", "),
    }
}

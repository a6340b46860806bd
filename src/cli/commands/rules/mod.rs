//! `ssm-rec rules`: which rules there are, what they find in a recording, and whether one hits a text.
//!
//! Nothing here changes a rule, and nothing from a recording reaches the terminal as it is.

pub(in crate::cli) mod check;
mod list;
mod test;

use std::io::Write as _;

use clap::{Args, Subcommand};

use crate::cli::exit::CommandResult;

/// Show which rules there are, and what they find in a recording
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  Which rules there are, where each comes from, and the digest of the set:
    ssm-rec rules list

  What they find in a session:
    ssm-rec rules check me-0a1b

  Whether a rule hits what it should, before a roll-out:
    ssm-rec rules test history-off 'unset HISTFILE' 'history | tail'

  Sessions by what was found in them; what a manifest claims, beside what is found now:
    ssm-rec list --where 'risk >= high' --columns session,risk,target,reason
    ssm-rec show me-0a1b --rules

89 rules are shipped: destruction, secrets and instance metadata, logs and agents switched off, ways back in, what is sent away, \
tunnels and reverse shells, wiped traces, rights, firewalls, containers, databases, Windows, and facts (no reason, unrecorded, cut, \
unsigned, long in an editor, much base64, outside your hours; and, told by ssm-rec review, which looks through ninety days of the \
store, first time on a target).

Rules on commands look at what a line runs, through sudo, env, xargs, sh -c, ssh, docker exec, psql -c and so on; \
git commit -m 'rm -rf /' runs git. In tmux and on other full screens no command is told, and a line behind a prompt like \
ops@web:~$ is looked at in its place.

The client evaluates at the end of a session and writes what it found into the manifest: a claim, which list and show tell as such. \
rules check and show --rules read the recording again, and tell where the two differ; each result names the digest of the rules \
that were asked. Of an encrypted recording the manifest claims nothing but what it tells anyway. ssm-rec commands and the player's \
list of commands (c) mark what was hit.

Rules of your own stand in the configuration, as [[rule]] (ssm-rec config example), and any that is shipped can be changed there \
or switched off; what the organisation's file says holds.

Rules say where somebody should look; they prevent nothing, and whoever knows them can go round them: a script, an editor's own \
shell. Of 370 ordinary sessions in tests/rules none is found to be high or above (a test allows one in a hundred).")]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(list::ListArgs),
    Check(check::CheckArgs),
    Test(test::TestArgs),
}

/// Runs the command.
pub(crate) fn run(args: &RulesArgs) -> CommandResult {
    match &args.action {
        Action::List(args) => list::run(args),
        Action::Check(args) => check::run(args),
        Action::Test(args) => test::run(args),
    }
}

/// A reader that has seen enough is no failure.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_counts_the_rules_that_are_shipped() {
        let help = RulesArgs::augment_args(clap::Command::new("rules"));
        let help = help.get_after_help().unwrap().to_string();
        let count = crate::rules::listed(&[]).unwrap().len();
        let said = format!("\n{count} rules are shipped: ");
        assert!(help.contains(&said), "{count}: {help}");
    }
}

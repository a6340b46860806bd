//! What the help and the topics of the manual show as commands is what the command line takes.
//!
//! Nothing is run: `tests/promises` does that for what each command does, and for what README shows.

use clap::Parser as _;

use super::CommandLine;
use super::commands::man::topics::TOPICS;

/// Where a shell's word ends what belongs to a command.
const ENDS: [&str; 8] = ["|", "<", ">", ">>", "&&", "&", ";", "||"];

/// The lines of a text that show a command of ours, each with what stands around it cut off.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    // The rest of a command stands indented on the next line.
    let text = parts.fold(first, |text, part| format!("{}{}", text, part.trim_start()));
    let lines = text.lines().filter(|line| line.starts_with("  "));
    let commands = lines.flat_map(|line| {
        // What it does may stand beside it.
        let line = line.trim_start_matches(['$', ' ']).split("   ").next();
        let words = shlex::split(line.unwrap_or_default()).unwrap_or_default();
        let commands = words.split(|word| ENDS.contains(&word.as_str()));
        let ours = commands.filter_map(|words| {
            // Variables may stand before it.
            let at = words.iter().position(|word| !is_assignment(word))?;
            (words[at] == "ssm-rec").then(|| words[at..].to_vec())
        });
        ours.collect::<Vec<_>>()
    });
    commands.collect()
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// Why it is not taken, unless it only asks for words.
fn refused(command: &[String]) -> Option<String> {
    let error = CommandLine::try_parse_from(command).err()?;
    error
        .use_stderr()
        .then(|| format!("{}: {error}", command.join(" ")))
}

#[test]
fn every_command_that_a_topic_shows_is_taken() {
    let shown: Vec<Vec<String>> = TOPICS
        .iter()
        .flat_map(|topic| commands(topic.text))
        .collect();
    assert!(shown.len() > 10, "{}", shown.len());
    let refused: Vec<String> = shown
        .iter()
        .filter_map(|command| refused(command))
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn a_command_is_found_in_what_a_shell_would_make_of_the_line() {
    let words = |text: &str| {
        commands(text)
            .into_iter()
            .map(|words| words.join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(
            "  $ A=1 ssm-rec list --csv > x\n  echo ssm-rec | ssm-rec play - && ssm-rec upload\nssm-rec no\n  ssm-rec a \\\n  b"
        ),
        [
            "ssm-rec list --csv",
            "ssm-rec play -",
            "ssm-rec upload",
            "ssm-rec a b"
        ]
    );
    assert!(refused(&["ssm-rec".into(), "start".into(), "--no-such-flag".into()]).is_some());
}

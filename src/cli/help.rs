//! What stands below the flags in a help text: examples, and the rest of what there is to say. `-h` shows examples alone.
//!
//! Nothing here is said of any one command.

use clap::Command;

/// Begins the part of a help text that holds examples.
const EXAMPLES: &str = "Examples:";

/// The parts of a text below the flags; examples are without the two columns that they are indented.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AfterHelp {
    pub(crate) prose: String,
    pub(crate) examples: String,
}

impl AfterHelp {
    /// Of this command.
    pub(crate) fn of(command: &Command) -> Self {
        let text = command
            .get_after_long_help()
            .or_else(|| command.get_after_help())
            .map(ToString::to_string);
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut parts = Self::default();
        let mut in_examples = false;
        for line in text.lines() {
            if line == EXAMPLES {
                in_examples = true;
                continue;
            }
            in_examples &= line.is_empty() || line.starts_with(' ');
            let (part, line) = match in_examples {
                true => (&mut parts.examples, line.strip_prefix("  ").unwrap_or(line)),
                false => (&mut parts.prose, line),
            };
            part.push_str(line);
            part.push('\n');
        }
        for part in [&mut parts.prose, &mut parts.examples] {
            *part = part.trim_matches('\n').to_owned();
        }
        parts
    }
}

/// The same command, and those below it, with a `-h` that can be read at a glance.
pub(crate) fn at_a_glance(command: Command) -> Command {
    let parts = AfterHelp::of(&command);
    let all = command.get_after_help().cloned();
    let command = match all {
        Some(all) if !parts.prose.is_empty() && !parts.examples.is_empty() => {
            let mut examples = EXAMPLES.to_owned();
            for line in parts.examples.lines() {
                examples.push_str(if line.is_empty() { "\n" } else { "\n  " });
                examples.push_str(line);
            }
            command.after_help(examples).after_long_help(all)
        }
        _ => command,
    };
    command.mut_subcommands(at_a_glance)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const HELP: &str = "\
What it is for.

Examples:
  The first:
    ssm-rec one | less

  The second:
    ssm-rec two

Ends with 0.";

    #[test]
    fn examples_are_told_from_the_text_around_them() {
        let parts = AfterHelp::parse(HELP);
        assert_eq!(parts.prose, "What it is for.\n\nEnds with 0.");
        assert_eq!(
            parts.examples,
            "The first:\n  ssm-rec one | less\n\nThe second:\n  ssm-rec two"
        );
        assert_eq!(AfterHelp::parse(""), AfterHelp::default());
    }

    #[test]
    fn a_glance_shows_the_examples_as_they_stand_and_nothing_is_lost_beside_them() {
        let root = Command::new("ssm-rec").subcommand(Command::new("one").after_help(HELP));
        let mut root = at_a_glance(root);
        let one = root.find_subcommand_mut("one").unwrap();
        let short = one.render_help().to_string();
        let long = one.render_long_help().to_string();
        let examples = &HELP[HELP.find(EXAMPLES).unwrap()..HELP.find("\n\nEnds").unwrap()];
        assert!(short.trim_end().ends_with(examples), "{short}");
        assert!(!short.contains("What it is for."), "{short}");
        assert!(long.contains(HELP), "{long}");
    }
}

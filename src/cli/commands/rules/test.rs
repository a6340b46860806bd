//! `rules test`: whether a rule hits a text.
//!
//! Nothing here looks at a recording.

use std::io::{BufRead as _, BufReader, Read as _};

use anyhow::{Context as _, anyhow};

use super::print;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::rules::{Find, LooksAt, examples, texts};
use crate::settings::{Flags, Settings};
use crate::words::{self, printable, slip};

/// No more is read from stdin, in bytes.
const MOST: u64 = 64 << 20;

/// Tell whether a rule hits texts: commands, lines, whatever it looks at
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  What a rule of your own hits:
    ssm-rec rules test own-tool 'sudo wipe-tenant 7' 'man wipe-tenant'

  A statement that psql reads:
    ssm-rec rules test database-dropped --context psql 'drop table users'

  All commands of a session, as they are:
    ssm-rec commands --json me-0a1b | jq -r '.text // empty' | ssm-rec rules test cron-changed -

Without a text, a rule that is shipped is held against its own examples.

The exit status is 0 when the rule hits a text, and 1 when it hits none.")]
pub(super) struct TestArgs {
    /// The rule
    #[arg(value_name = "ID")]
    id: String,

    /// Texts to hold it against, or - for the lines of stdin
    #[arg(value_name = "TEXT")]
    texts: Vec<String>,

    /// What reads the texts, where that is no shell: psql, mysql, python and so on
    #[arg(long, value_name = "PROGRAM")]
    context: Option<String>,

    /// As JSON, one object a text, with what a command is looked at as
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(super) fn run(args: &TestArgs) -> CommandResult {
    let settings = Settings::load_to_read(&Flags::default())?;
    let set = settings.rules.set().map_err(anyhow::Error::from)?;
    let Some(rule) = set.rules().iter().find(|rule| rule.id == args.id) else {
        let ids = set.rules().iter().map(|rule| rule.id.as_str());
        let failure = Failure::new(Status::Usage, anyhow!("no rule {:?} is on", args.id));
        return Err(match slip::nearest(&args.id, ids) {
            Some(near) => failure.hint(format!("did you mean {near:?}?")),
            None => failure.hint("see all: ssm-rec rules list"),
        });
    };
    if let Find::Fact(fact) = &rule.find {
        return Err(Failure::new(
            Status::Usage,
            anyhow!(
                "rule {:?} looks for the fact {:?}, which no text tells",
                args.id,
                fact.name()
            ),
        )
        .hint("hold it against a recording: ssm-rec rules check"));
    }
    let given = match (args.texts.as_slice(), examples(&args.id)) {
        ([], Some(examples)) => examples
            .hits
            .iter()
            .chain(examples.misses)
            .map(|&text| text.to_owned())
            .collect(),
        ([], None) => {
            return Err(Failure::new(
                Status::Usage,
                anyhow!("there is no text to hold rule {:?} against", args.id),
            ));
        }
        ([dash], _) if dash == "-" => lines()?,
        (texts, _) => texts.to_vec(),
    };
    let mut text = String::new();
    let mut is_any = false;
    for given in &given {
        // Examples name their program themselves.
        let (read, context) = match (&args.context, given.split_once("> ")) {
            (Some(context), _) => (given.as_str(), vec![context.as_str()]),
            (None, Some((program, read))) if args.texts.is_empty() && is_program(program) => {
                (read, vec![program])
            }
            _ => (given.as_str(), Vec::new()),
        };
        let is_hit = set.hits(&args.id, read, &context);
        is_any |= is_hit;
        if args.json {
            let as_seen = match rule.looks_at {
                LooksAt::Commands => texts(read, &context).texts,
                _ => vec![read.to_owned()],
            };
            let value = serde_json::json!({ "text": given, "hit": is_hit, "seen": as_seen });
            text.push_str(&words::json(&value));
        } else {
            let told = if is_hit { "hit " } else { "miss" };
            text.push_str(&format!("{told}  {}", printable(given)));
        }
        text.push('\n');
    }
    print(&text);
    Ok(match is_any {
        true => Status::Success,
        false => Status::Failure,
    })
}

fn is_program(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase())
}

fn lines() -> Result<Vec<String>, Failure> {
    let stdin = BufReader::new(std::io::stdin().take(MOST));
    let lines = stdin.split(b'\n').map(|line| {
        let line = line.context("cannot read stdin")?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    });
    lines.collect()
}

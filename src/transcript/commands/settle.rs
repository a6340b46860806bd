//! Commands, second pass: which of the lines that were read were commands, and what each one was.
//!
//! Nothing here looks at the screen; the whole session is known, and above all its prompts.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use formats::derived::{Claim, Command, Source};

use super::context::{named_by, started_by};
use super::prompt::{Mask, Prompts, directory, is_continuation, is_question, is_usual};
use super::reading::without_right;
use super::{Commands, Found, Way};
use crate::transcript::signs::Mark;

/// The commands of a session.
#[derive(Debug, Default)]
pub(in crate::transcript) struct Settled {
    pub(in crate::transcript) commands: Vec<Command>,
    pub(in crate::transcript) explained: f64,
    /// There were more than are kept.
    pub(in crate::transcript) is_cut: bool,
}

/// A line with its prompt and its text.
struct Line {
    found: Found,
    prompt: String,
    mask: Mask,
    text: String,
    /// How often its like was typed at.
    count: usize,
}

impl Line {
    /// Whether it is more of the command before.
    fn goes_on(&self) -> bool {
        is_continuation(&self.prompt) && (self.found.follows || named_by(&self.prompt).is_some())
    }
}

/// Looks at all that was found. `end` is the end of the session.
pub(in crate::transcript) fn settle(commands: Commands, end: Duration) -> Settled {
    let Commands {
        found,
        offset,
        opaque,
        before_first,
        is_cut,
        ..
    } = commands;
    let mut prompts = Prompts::default();
    for found in found
        .iter()
        .filter(|found| found.is_keyed || found.is_unwatched)
    {
        prompts.add(&found.prompt);
    }
    let mut rights = HashMap::new();
    for found in found.iter().filter(|found| !found.right.is_empty()) {
        rights
            .entry(Mask::of(&found.right))
            .or_insert_with(|| found.right.clone());
    }
    let mut lines: Vec<Line> = Vec::new();
    for found in found {
        let (ended, output) = (found.end, found.output.1);
        if let Some(line) = line(found, &prompts, &rights) {
            lines.push(line);
        } else if let Some(before) = lines.last_mut().filter(|line| line.found.end.is_none()) {
            // An answer to what still ran.
            before.found.end = ended;
            before.found.output.1 = before.found.output.1.max(output);
        }
    }
    let lines = without_listings(lines);
    let explained = match offset {
        0 => 1.0,
        all => {
            let unexplained = match lines.is_empty() {
                true => all,
                false => (opaque + before_first.unwrap_or(0)).min(all),
            };
            1.0 - unexplained as f64 / all as f64
        }
    };
    let mut groups = groups(lines);
    drop_unconfirmed(&mut groups);
    drop_interrupted(&mut groups);
    Settled {
        commands: join(groups, end),
        explained,
        is_cut,
    }
}

/// Tells prompt and text of a line that was read; `None` for one that was no command.
fn line(found: Found, prompts: &Prompts, rights: &HashMap<Mask, String>) -> Option<Line> {
    let own = prompts.count(&found.prompt);
    // What was typed ahead stood there already when the first key was seen.
    let better = match own {
        0 | 1 => prompt_in(&found, prompts),
        _ => None,
    };
    let (prompt, text) = match (better, &found.text) {
        (Some((from, length)), _) => {
            let (prompt, text) = found.line[from..].split_at(length);
            // Nobody typed at this prompt, so what it had at its right was not seen by itself.
            let shorter = rights.values().map(|right| without_right(text, right));
            let text = match found.right.is_empty() {
                true => shorter.min_by_key(|text| text.len()).unwrap_or(text),
                false => text,
            };
            (prompt.to_owned(), text.to_owned())
        }
        (None, Some(text)) => match prompts.begun_ahead(&found.prompt, found.is_begun) {
            Some((prompt, begun)) => (prompt.to_owned(), format!("{begun}{text}")),
            None => (found.prompt.clone(), text.clone()),
        },
        (None, None) if found.prompt.is_empty() => return None,
        // The prompt was written anew as another one.
        (None, None) => {
            let typed = found
                .typed
                .strip_prefix(found.prompt.as_str())
                .unwrap_or_default();
            let text = common(&found.line, typed);
            (found.prompt.clone(), text.to_owned())
        }
    };
    let text = text.trim_end().to_owned();
    if text.trim().is_empty() || text.ends_with("^C") || text.ends_with("^D") {
        return None;
    }
    let count = prompts.count(&prompt);
    let is_certain = found.mark.is_some();
    let is_command = match found.way {
        _ if is_certain => true,
        Way::Paste => !is_question(&prompt) || count >= 3,
        Way::Echo => {
            (is_usual(&prompt) || named_by(&prompt).is_some() || is_continuation(&prompt))
                && (!is_question(&prompt) || named_by(&prompt).is_some())
        }
    };
    is_command.then(|| Line {
        found,
        mask: Mask::of(&prompt),
        prompt,
        text,
        count,
    })
}

/// Where a known prompt stands in a line that was read, and how long it is.
fn prompt_in(found: &Found, prompts: &Prompts) -> Option<(usize, usize)> {
    let starts = std::iter::once(0).chain(found.line.match_indices('\n').map(|(at, _)| at + 1));
    let (at, mut length) = starts
        .take(8)
        .find_map(|at| Some((at, prompts.length_in(&found.line[at..], 2)?)))?;
    // The prompts of what was typed ahead stand before it.
    while let Some(more) = prompts.length_in(&found.line[at + length..], 2)
        && length + more <= found.prompt.len()
    {
        length += more;
    }
    (length <= found.prompt.len() || found.prompt.is_empty()).then_some((at, length))
}

/// The longest end of a line that what was typed begins with.
fn common<'a>(line: &'a str, typed: &str) -> &'a str {
    let mut starts = line.char_indices().map(|(at, _)| at);
    starts
        .find(|&at| !line[at..].trim().is_empty() && typed.starts_with(line[at..].trim_end()))
        .map_or("", |at| &line[at..])
}

/// A list of completions ends the line as well, and then the line is there again.
fn without_listings(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::new();
    for mut line in lines {
        let is_again = |before: &mut Line| {
            let again = line.found.prompt.strip_prefix(before.prompt.as_str());
            before.found.way == Way::Echo
                && before.found.mark.is_none()
                && again.is_some_and(|text| {
                    !text.trim().is_empty() && text.starts_with(before.text.trim_end())
                })
        };
        if let Some(before) = kept.pop_if(is_again) {
            if let Some(text) = line.found.line.strip_prefix(before.prompt.as_str()) {
                line.text = text.trim_end().to_owned();
            }
            line.prompt = before.prompt;
            line.mask = before.mask;
            line.count = before.count;
        }
        kept.push(line);
    }
    kept
}

/// A command's lines: the first, and those that go on with it.
type Group = Vec<Line>;

fn groups(lines: Vec<Line>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for line in lines {
        match groups.last_mut() {
            Some(group) if line.goes_on() => group.push(line),
            _ => groups.push(vec![line]),
        }
    }
    groups
}

/// Between lines that a shell marked as taken, one that it left unmarked was given up. Of a command of several lines it
/// marks the last.
fn drop_unconfirmed(groups: &mut Vec<Group>) {
    // Since the last one that was marked, by prompt.
    let mut unmarked: HashMap<Mask, Vec<usize>> = HashMap::new();
    let mut given_up = HashSet::new();
    for (at, group) in groups.iter().enumerate() {
        let mask = &group[0].mask;
        if group.iter().any(|line| line.found.is_confirmed) {
            given_up.extend(
                unmarked
                    .insert(mask.clone(), Vec::new())
                    .into_iter()
                    .flatten(),
            );
        } else if let Some(unmarked) = unmarked.get_mut(mask) {
            unmarked.push(at);
        }
    }
    let mut at = 0..;
    groups.retain(|_| at.next().is_none_or(|at| !given_up.contains(&at)));
}

/// Where a line editor sets the keypad back when it takes a line, one without that was given up.
fn drop_interrupted(groups: &mut Vec<Group>) {
    let first = |group: &Group| (group[0].mask.clone(), group[0].found.keeps_keypad);
    let sets_back: HashSet<Mask> = groups
        .iter()
        .map(first)
        .filter_map(|(mask, keeps)| (keeps == Some(false)).then_some(mask))
        .collect();
    groups.retain(|group| {
        let (mask, keeps) = first(group);
        keeps != Some(true) || !sets_back.contains(&mask)
    });
}

/// Joins the lines of each command, and counts the commands.
fn join(groups: Vec<Group>, end: Duration) -> Vec<Command> {
    let mut stack: Vec<Reader> = Vec::new();
    let mut commands: Vec<Command> = Vec::new();
    for group in groups {
        let texts: Vec<&str> = group.iter().map(|line| line.text.as_str()).collect();
        let text = texts.join("\n");
        let last = group.last().map(|line| &line.found);
        let (ended, output, exits) = last.map_or_else(Default::default, |found| {
            (found.end, found.output, found.exits.clone())
        });
        let Some(Line {
            found,
            prompt,
            mask,
            count,
            ..
        }) = group.into_iter().next()
        else {
            continue;
        };
        enter(&mut stack, &prompt, mask, &mut commands);
        let exit = found.mark.and(exits.last().copied());
        let mut claims = Vec::new();
        for other in exits.iter().filter(|other| Some(**other) != exit) {
            claims.push(claim("exit", "mark", &other.to_string()));
        }
        if let Some(claimed) = found
            .claimed
            .as_deref()
            .filter(|claimed| !is_same(claimed, &text))
        {
            claims.push(claim("text", "osc633", claimed));
        }
        commands.push(Command {
            number: commands.len() as u64 + 1,
            start: millis(found.start),
            end: Some(millis(ended.unwrap_or(end))),
            context: stack.iter().map(|reader| reader.name.to_owned()).collect(),
            cwd: found
                .cwd
                .clone()
                .or_else(|| directory(&prompt).map(str::to_owned)),
            exit,
            output,
            source: source(&found),
            confidence: confidence(&found, &prompt, count),
            claims,
            text,
        });
    }
    for reader in stack {
        reader.left(&mut commands, Some(millis(end)));
    }
    commands
}

/// A program that reads lines.
struct Reader {
    name: &'static str,
    prompt: Mask,
    /// The command that it was started by.
    started_by: Option<usize>,
}

impl Reader {
    /// What started it has ended with it.
    fn left(self, commands: &mut [Command], at: Option<u64>) {
        if let Some(command) = self.started_by.and_then(|number| commands.get_mut(number)) {
            command.end = at;
        }
    }
}

/// Goes in and out of programs by their prompts.
fn enter(stack: &mut Vec<Reader>, prompt: &str, mask: Mask, commands: &mut [Command]) {
    if let Some(at) = stack.iter().rposition(|reader| reader.prompt == mask) {
        let ended = commands.last().and_then(|command| command.end);
        for reader in stack.drain(at + 1..) {
            reader.left(commands, ended);
        }
        return;
    }
    let before = commands.last().map_or("", |command| command.text.as_str());
    let name = match (named_by(prompt), started_by(before)) {
        (Some(name), _) | (None, Some(name)) => name,
        // Another prompt of the same program.
        (None, None) => match stack.last_mut() {
            Some(last) => {
                last.prompt = mask;
                return;
            }
            None => "shell",
        },
    };
    stack.push(Reader {
        name,
        prompt: mask,
        started_by: (!stack.is_empty()).then(|| commands.len().saturating_sub(1)),
    });
}

fn source(found: &Found) -> Source {
    match (found.mark, found.way) {
        (Some(Mark::Osc133), _) => Source::Osc133,
        (Some(Mark::Osc633), _) => Source::Osc633,
        (Some(Mark::Osc3008), _) => Source::Osc3008,
        (None, Way::Paste) => Source::PasteMode,
        (None, Way::Echo) => Source::Echo,
    }
}

/// Measured over recordings whose commands are known: from 0.9 on, one in a hundred may be wrong.
fn confidence(found: &Found, prompt: &str, count: usize) -> f32 {
    let known = match count {
        0 => 0.6,
        1 => 0.9,
        _ => 0.95,
    };
    let base: f32 = match (found.mark, found.way) {
        (Some(_), _) => 0.98,
        (None, Way::Paste) => known + 0.02,
        (None, Way::Echo) if is_usual(prompt) && count > 1 => 0.92,
        (None, Way::Echo) => 0.75,
    };
    let is_seen = found.is_keyed || found.is_unwatched;
    match (is_seen, &found.text) {
        (true, Some(_)) if found.is_unwatched || found.is_ahead => base.min(0.85),
        (true, Some(_)) => base,
        (true, None) => base.min(0.8),
        (false, _) => base.min(0.6),
    }
}

fn claim(of: &str, by: &str, value: &str) -> Claim {
    Claim {
        of: of.to_owned(),
        by: by.to_owned(),
        value: value.to_owned(),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

//! A text as its fenced blocks: each with its language, the page that it stands on, and the commands in it.
//!
//! Nothing here is run, and no file is read.

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    /// Commands, one a line.
    Sh,
    /// Commands behind `$ `, and below each what it showed.
    Console,
    /// A configuration.
    Toml,
    /// A policy of IAM.
    Json,
    /// A part of ssh's configuration.
    SshConfig,
    /// Something shown that nobody runs.
    Text,
}

impl Language {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sh" => Self::Sh,
            "console" => Self::Console,
            "toml" => Self::Toml,
            "json" => Self::Json,
            "ssh-config" => Self::SshConfig,
            "text" => Self::Text,
            _ => return None,
        })
    }
}

/// A block, with the line on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The heading of the second level that it stands below; empty above the first.
    pub(crate) page: String,
    pub(crate) language: Language,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A command as it is typed, with what is said to have been shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) shown: Vec<String>,
}

/// All blocks of a text.
///
/// # Errors
/// One is not fenced, not closed, or of no language that is known here.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let (mut page, mut open, mut is_below_blank) = (String::new(), None::<(Block, usize)>, false);
    for (number, line) in (1..).zip(text.lines()) {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        if let Some((block, depth)) = &mut open {
            if words.trim_end() == "```" {
                blocks.extend(open.take().map(|(block, _)| block));
            } else {
                block.text.push_str(&line[indent.min(*depth)..]);
                block.text.push('\n');
            }
            continue;
        }
        if let Some(name) = words.strip_prefix("```") {
            let language = Language::named(name.trim_end());
            let language =
                language.ok_or_else(|| format!("line {number}: {name:?} is no language"))?;
            let block = Block {
                page: page.clone(),
                language,
                line: number,
                text: String::new(),
            };
            open = Some((block, indent));
        } else if words.starts_with("~~~") || is_below_blank && indent >= 4 {
            return Err(format!("line {number}: a block that is not fenced by ```"));
        } else if let Some(heading) = line.strip_prefix("## ") {
            page = heading.trim().to_owned();
        }
        is_below_blank = words.is_empty();
    }
    match open {
        Some((block, _)) => Err(format!("line {}: a block without an end", block.line)),
        None => Ok(blocks),
    }
}

impl Block {
    /// The commands of a block that has some.
    pub(crate) fn commands(&self) -> Result<Vec<Command>, String> {
        let mut commands: Vec<Command> = Vec::new();
        let mut goes_on = false;
        for (line, text) in (self.line + 1..).zip(self.text.lines()) {
            let typed = match self.language {
                Language::Sh => (!text.trim().is_empty()).then_some(text),
                Language::Console if goes_on => Some(text),
                Language::Console => text.strip_prefix("$ "),
                _ => return Ok(commands),
            };
            let last = commands.last_mut();
            match (typed, last) {
                (Some(text), Some(last)) if goes_on => {
                    last.text.push_str(text.trim_end_matches('\\').trim());
                    last.text.push(' ');
                }
                (Some(text), _) => {
                    let text = without_comment(text);
                    commands.extend((!text.is_empty()).then(|| Command {
                        line,
                        text: text.trim_end_matches('\\').to_owned(),
                        shown: Vec::new(),
                    }));
                }
                (None, Some(last)) if self.language == Language::Console => {
                    last.shown.push(text.to_owned());
                }
                (None, _) if text.trim().is_empty() => {}
                (None, _) => return Err(format!("line {line}: shown, and nothing was typed")),
            }
            goes_on = typed.is_some_and(|text| text.ends_with('\\'));
        }
        for command in &mut commands {
            command.text.truncate(command.text.trim_end().len());
        }
        Ok(commands)
    }
}

/// The line up to a comment, which stands behind a blank and in no quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, '#') if before == ' ' => return line[..at].trim_end(),
            _ => {}
        }
        before = character;
    }
    line.trim_end()
}

/// The single commands of a line, each as its words: split at pipes and the like, without redirections and variables.
///
/// # Errors
/// It holds what is not seen into here: a command within a command, or quotes without an end.
pub(crate) fn singles(line: &str) -> Result<Vec<Vec<String>>, String> {
    if line.contains("$(") || line.contains('`') {
        return Err(format!("{line}: a command within a command"));
    }
    let words = shlex::split(line).ok_or_else(|| format!("{line}: quotes without an end"))?;
    let mut singles = vec![Vec::new()];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "|" | "&&" | "||" | ";" | "&" => singles.push(Vec::new()),
            "<" | ">" | ">>" => {
                words.next();
            }
            _ => {
                let single = singles.last_mut().expect("there is always one");
                let name = word.split_once('=').map(|(name, _)| name);
                let is_variable = single.is_empty()
                    && name.is_some_and(|name| {
                        name.chars().all(|at| at.is_ascii_uppercase() || at == '_')
                    });
                if !is_variable {
                    single.push(word);
                }
            }
        }
    }
    singles.retain(|single| !single.is_empty());
    Ok(singles)
}

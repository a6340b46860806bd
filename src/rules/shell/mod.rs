//! What a command line runs, each program as one text: the text that rules on commands look at.
//!
//! Nothing is run or expanded. `split` takes a line apart as a shell does; here it is looked through what only starts another
//! program (`sudo`, `env`, `xargs`, `sh -c`, `ssh`, `docker exec` and so on), as deep as it goes. A mention is no run: the text
//! of `git commit -m 'rm -rf /'` begins with `git`.
//!
//! A text is the program's name without its folder, its words without their quotes, and where its output goes (` > file`),
//! all with one blank between. `<`, `>` and `|` inside quotes stand as `‹`, `›` and `¦`. A pipeline is, besides, one text of all
//! of its commands with ` | ` between. What a program reads that is no shell has the program's name before it:
//! `psql: drop table t`, one text a statement.

mod runs;
mod split;

use split::{Pipeline, Simple, split};

/// No more of a command is looked at, in bytes.
const LONGEST: usize = 64 * 1024;
/// How deep one text may stand in another.
const DEEPEST: usize = 6;
/// So many texts of one command are looked at, and so many bytes of them: one may stand in another many times.
const MOST: usize = 1000;
const MOST_TEXT: usize = 8 * LONGEST;

/// The texts of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// What rules look at.
    pub texts: Vec<String>,
    /// There was more than is looked at.
    pub is_cut: bool,
}

/// Programs that read statements, and what they are called in a text.
const READERS: [(&str, &str); 18] = [
    ("psql", "psql"),
    ("pgcli", "psql"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("mycli", "mysql"),
    ("sqlite", "sqlite"),
    ("sqlite3", "sqlite"),
    ("mongo", "mongo"),
    ("mongosh", "mongo"),
    ("redis", "redis"),
    ("redis-cli", "redis"),
    ("valkey-cli", "redis"),
    ("clickhouse-client", "clickhouse"),
    ("cqlsh", "cassandra"),
    ("sqlcmd", "sqlserver"),
    ("sqlplus", "oracle"),
    ("python", "python"),
    ("python3", "python"),
];

fn reader(program: &str) -> Option<&'static str> {
    let found = READERS.iter().find(|(name, _)| *name == program);
    found.map(|(_, called)| *called)
}

/// What reads a line that is no shell, as a context names it.
const OTHERS: [&str; 7] = ["node", "ruby", "gdb", "ftp", "sftp", "bc", "r"];

/// Takes apart what was read by `context`, of which the last is the innermost.
#[must_use]
pub fn texts<S: AsRef<str>>(text: &str, context: &[S]) -> Texts {
    let mut taking = Taking::default();
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    taking.out.is_cut = end < text.len();
    let text = &text[..end];
    let innermost = context.last().map_or("", AsRef::as_ref);
    match reader(innermost) {
        Some(reader) => taking.read(reader, text),
        None if OTHERS.contains(&innermost) => taking.put(format!("{innermost}: {}", flat(text))),
        None => taking.shell(text, 0),
    }
    taking.out
}

#[derive(Default)]
struct Taking {
    out: Texts,
    bytes: usize,
    /// As many as are looked at.
    is_full: bool,
}

impl Taking {
    fn put(&mut self, text: String) {
        if self.out.texts.len() >= MOST || self.bytes + text.len() > MOST_TEXT {
            self.out.is_cut = true;
            self.is_full = true;
        } else if !self.out.texts.contains(&text) || self.out.texts.len() > 50 {
            self.bytes += text.len();
            self.out.texts.push(text);
        }
    }

    /// Statements of a database, each by itself.
    fn read(&mut self, reader: &str, text: &str) {
        let statements: Vec<String> = match reader {
            "python" | "mongo" => vec![flat(text)],
            "redis" => text.lines().map(flat).collect(),
            _ => {
                let lines = text
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("--"));
                let lines: Vec<&str> = lines.collect();
                lines.join(" ").split(';').map(flat).collect()
            }
        };
        for statement in statements {
            if !statement.is_empty() {
                self.put(format!("{reader}: {statement}"));
            }
        }
    }

    fn shell(&mut self, text: &str, depth: usize) {
        if depth > DEEPEST {
            self.out.is_cut = true;
            return;
        }
        let split = split(text);
        for pipeline in &split.pipelines {
            self.pipeline(pipeline, depth);
        }
        for inner in &split.inner {
            self.shell(inner, depth + 1);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, depth: usize) {
        let mut whole = Vec::new();
        for (at, simple) in pipeline.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| &pipeline[at]);
            let run = self.simple(simple, before, depth);
            whole.extend(run);
        }
        if pipeline.len() > 1 {
            self.put(whole.join(" | "));
        }
    }

    /// Puts what one command runs; the text of the innermost.
    fn simple(&mut self, simple: &Simple, before: Option<&Simple>, depth: usize) -> Option<String> {
        let redirects = simple.redirects.join(" ");
        let given = simple.here.clone().or_else(|| before.and_then(printed));
        let mut words: &[String] = &simple.words;
        let mut text = None;
        // Each step leaves fewer words.
        while !words.is_empty() && !self.is_full {
            let run = runs::run(words);
            if run.is_program {
                let mut told = runs::told(words);
                if !redirects.is_empty() {
                    told.push(' ');
                    told.push_str(&redirects);
                }
                self.put(told.clone());
                text = Some(told);
            }
            for set in run.sets {
                self.put(set);
            }
            for inner in run.texts {
                self.shell(&inner, depth + 1);
            }
            let program = runs::name(&words[0]);
            if let Some(reader) = reader(program) {
                for statement in runs::statements(reader, words).iter().chain(&given) {
                    self.read(reader, statement);
                }
            } else if runs::is_shell(program)
                && let Some(given) = &given
            {
                self.shell(given, depth + 1);
            }
            words = run.rest;
        }
        if text.is_none() && !redirects.is_empty() {
            self.put(redirects.clone());
        }
        text
    }
}

/// What a command prints, where that stands in its words.
fn printed(simple: &Simple) -> Option<String> {
    let (first, rest) = simple.words.split_first()?;
    match runs::name(first) {
        "echo" | "printf" => {
            let words: Vec<&str> = rest
                .iter()
                .map(String::as_str)
                .skip_while(|word| matches!(*word, "-e" | "-n" | "-en" | "--"))
                .collect();
            Some(runs::unmarked(&words.join(" ")).replace("\\n", "\n"))
        }
        "cat" => simple.here.clone(),
        _ => None,
    }
}

/// On one line, with one blank between words.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

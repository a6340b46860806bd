//! Prompts: which one is which, whatever time, path or number is in it.
//!
//! Nothing here knows a session: a prompt is judged by its text, and by how often its like was seen.

use std::collections::HashMap;

/// What a prompt of a shell ends with, and perhaps a space.
const ENDS: [char; 11] = ['$', '#', '%', '>', '❯', '»', '➜', 'λ', '▶', '→', '⟩'];
/// As many different prompts are told apart.
const MOST_PROMPTS: usize = 4096;
/// No prompt has more of what may end it.
const MOST_ENDS: usize = 12;
/// A longer line is no prompt, in characters.
const LONGEST: usize = 300;

/// A prompt with what changes from one time to the next taken out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Mask(String);

impl Mask {
    pub(super) fn of(prompt: &str) -> Self {
        let mut mask = String::new();
        let mut rest = prompt.trim_end();
        while let Some(c) = rest.chars().next() {
            let length = match c {
                '0'..='9' => {
                    mask.push('9');
                    rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len()
                }
                '/' | '~' => {
                    mask.push('/');
                    rest.find(is_path_end).unwrap_or(rest.len()).max(1)
                }
                // A branch, a virtual environment, a status.
                '(' | '[' if rest.contains(closing(c)) => {
                    mask.push(c);
                    rest.find(closing(c)).unwrap_or(rest.len())
                }
                c => {
                    mask.push(c);
                    c.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        // Whether a group stands there at all changes as well.
        let mask = mask.replace("[]", "").replace("()", "");
        Self(mask.split_whitespace().collect())
    }
}

fn closing(open: char) -> char {
    if open == '(' { ')' } else { ']' }
}

fn is_path_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | ']' | ')' | '(' | '}') || ENDS.contains(&c)
}

/// The prompts of a session.
#[derive(Debug, Default)]
pub(super) struct Prompts {
    seen: HashMap<Mask, usize>,
}

impl Prompts {
    pub(super) fn add(&mut self, prompt: &str) {
        let has_room = self.seen.len() < MOST_PROMPTS;
        if has_room && !prompt.trim().is_empty() && prompt.chars().count() <= LONGEST {
            *self.seen.entry(Mask::of(prompt)).or_default() += 1;
        }
    }

    /// How often a prompt like this one was typed at.
    pub(super) fn count(&self, prompt: &str) -> usize {
        self.seen
            .get(&Mask::of(prompt))
            .copied()
            .unwrap_or_default()
    }

    /// A prompt that was typed at, and the beginning of the next command, which the terminal showed before it while the shell was
    /// busy. A line editor shows it again behind the prompt; where keys are known to stand before it, none need.
    pub(super) fn begun_ahead<'a>(
        &self,
        seen: &'a str,
        is_begun: bool,
    ) -> Option<(&'a str, &'a str)> {
        let is_prompt = |text: &str| self.count(text) > 0;
        if is_begun {
            let starts = seen.char_indices().skip(1).take(LONGEST / 2);
            let mut parted = starts.map(|(at, _)| seen.split_at(at));
            if let Some((begun, prompt)) = parted.find(|(_, prompt)| is_prompt(prompt)) {
                return Some((prompt, begun));
            }
        }
        let ends = seen.char_indices().take(LONGEST);
        let mut ends = ends.filter(|(_, c)| ENDS.contains(c)).take(MOST_ENDS);
        ends.find_map(|(at, c)| {
            let end = at + c.len_utf8();
            let end = end + usize::from(seen[end..].starts_with(' '));
            let (before, begun) = seen.split_at(end);
            if begun.trim().is_empty() {
                return None;
            }
            let shown = before.match_indices(begun).take(MOST_ENDS);
            let mut starts = shown.map(|(at, _)| at + begun.len());
            let start = starts.find(|&start| is_prompt(&before[start..]))?;
            Some((&before[start..], begun))
        })
    }

    /// The length of the prompt that a line begins with, one that was typed at so many times.
    pub(super) fn length_in(&self, line: &str, times: usize) -> Option<usize> {
        let line = line.split('\n').next().unwrap_or_default();
        // Only behind what ends prompts; all else would be found in the middle of words.
        let ends = line
            .char_indices()
            .take(LONGEST)
            .filter(|(_, c)| ENDS.contains(c));
        for (at, c) in ends.take(MOST_ENDS) {
            let end = at + c.len_utf8();
            if self.count(&line[..end]) >= times {
                return Some(end + usize::from(line[end..].starts_with(' ')));
            }
        }
        None
    }
}

/// Whether it ends as prompts of shells do.
pub(super) fn is_usual(prompt: &str) -> bool {
    let prompt = prompt.trim_end();
    prompt.chars().count() <= LONGEST && prompt.ends_with(ENDS)
}

/// Whether it asks for an answer that is no command.
pub(super) fn is_question(prompt: &str) -> bool {
    let prompt = prompt.trim_end();
    prompt.ends_with([':', '?', ')', ']'])
        || (prompt.ends_with("'s password") || prompt.ends_with("? >"))
}

/// Whether it asks for more of the same command: of a shell, or of another program.
pub(super) fn is_continuation(prompt: &str) -> bool {
    let word = prompt.trim();
    let of_zsh = |word: &str| {
        word.strip_suffix('>').is_some_and(|words| {
            !words.is_empty() && words.split(' ').all(|word| ZSH.contains(&word))
        })
    };
    matches!(
        word,
        ">" | "..." | "...>" | "->" | "'>" | "\">" | "`>" | "/*>" | "∙" | "...."
    ) || of_zsh(word)
        || is_sql_continuation(word)
}

/// What zsh names its continuation prompts by.
const ZSH: [&str; 26] = [
    "quote",
    "dquote",
    "bquote",
    "heredoc",
    "cmdsubst",
    "mathsubst",
    "braceparam",
    "for",
    "while",
    "until",
    "if",
    "then",
    "else",
    "elif",
    "case",
    "select",
    "function",
    "repeat",
    "pipe",
    "cmdand",
    "cmdor",
    "subsh",
    "cursh",
    "array",
    "foreach",
    "do",
];

/// psql's `db-#`, `db(>`, `db'#`, and MariaDB's `    ->`, `    '>`.
fn is_sql_continuation(word: &str) -> bool {
    let of_psql = word
        .strip_suffix(['#', '>'])
        .and_then(|word| word.strip_suffix(['-', '\'', '"', '(', '$', '*', '!']));
    of_psql.is_some_and(|name| !name.is_empty() && !name.contains([' ', '@', '/', ':', '~']))
}

/// The directory that a prompt names in full.
pub(super) fn directory(prompt: &str) -> Option<&str> {
    let start = prompt.match_indices('/').map(|(at, _)| at).find(|&at| {
        let before = prompt[..at].chars().next_back();
        before.is_none_or(|c| c == ' ' || c == ':')
    })?;
    let rest = &prompt[start..];
    let end = rest.find(is_path_end).unwrap_or(rest.len());
    let path = &rest[..end];
    // Shortened paths name no directory.
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_some() && part.chars().count() < 2 {
            return None;
        }
    }
    (!path.contains('…') && !path.contains("...")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_the_same_whatever_changes_in_them() {
        for (one, other) in [
            ("ops@web-1:/srv/app$ ", "ops@web-1:~$ "),
            ("[12:01:07] /a/b ❯ ", "[23:59:59] ~ ❯ "),
            ("app (main) $ ", "app (fix/this) $ "),
            ("In [1]: ", "In [12]: "),
            ("ops@web-1 /s/app> ", "ops@web-1 /s/app [130]> "),
        ] {
            assert_eq!(Mask::of(one), Mask::of(other), "{one:?}");
        }
        assert_ne!(Mask::of("ops@web-1:~$ "), Mask::of("root@web-1:~# "));
    }

    #[test]
    fn a_prompt_that_was_seen_is_found_before_what_was_typed_ahead() {
        let mut prompts = Prompts::default();
        prompts.add("ops@web-1:/srv/app$ ");
        assert_eq!(prompts.length_in("ops@web-1:/tmp$ ls", 2), None);
        prompts.add("ops@web-1:~$ ");
        assert_eq!(prompts.length_in("ops@web-1:/tmp$ echo $HOME", 2), Some(16));
        assert_eq!(prompts.length_in("root@web-1:/tmp# ls", 2), None);
    }

    #[test]
    fn continuations_are_told_from_prompts() {
        for prompt in [
            "> ",
            "... ",
            "   ...> ",
            "    -> ",
            "then> ",
            "for then> ",
            "db-# ",
            "app(> ",
            "dquote> ",
        ] {
            assert!(is_continuation(prompt), "{prompt:?}");
        }
        for prompt in [
            "$ ",
            "sqlite> ",
            "db=# ",
            "mysql> ",
            ">>> ",
            "ops@web-1:/srv/app-# ",
            "ops@a /srv> ",
        ] {
            assert!(!is_continuation(prompt), "{prompt:?}");
        }
    }

    #[test]
    fn a_directory_is_told_only_where_it_stands_in_full() {
        for (prompt, expected) in [
            ("ops@web-1:/srv/app$ ", Some("/srv/app")),
            ("/srv/app ❯ ", Some("/srv/app")),
            ("ops@web-1 /s/app> ", None),
            ("ops@web-1:~/src$ ", None),
            ("root@web-1:/# ", Some("/")),
            ("[ops@web-1 app]$ ", None),
        ] {
            assert_eq!(directory(prompt), expected, "{prompt:?}");
        }
    }
}

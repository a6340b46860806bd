//! A text as a shell takes it apart: pipelines of commands, their words without their quotes, where their output goes.
//!
//! Nothing is run or expanded, and no text is refused: what a shell would not understand is taken for what is most like it.

use std::iter::Peekable;
use std::str::CharIndices;

/// One command as it stands: nothing is known yet of what its words mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) words: Vec<String>,
    /// `> file`, `2>> file`, `< file`, each with its operator and a blank.
    pub(super) redirects: Vec<String>,
    /// What it is given to read, where that stands in the text itself.
    pub(super) here: Option<String>,
}

/// Commands whose output goes into the next one.
pub(super) type Pipeline = Vec<Simple>;

/// What a text is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) pipelines: Vec<Pipeline>,
    /// Texts inside `$(…)`, backticks, `<(…)`: run as well.
    pub(super) inner: Vec<String>,
}

/// Takes a text apart.
pub(super) fn split(text: &str) -> Split {
    let mut splitter = Splitter {
        text,
        chars: text.char_indices().peekable(),
        out: Split::default(),
        pipeline: Vec::new(),
        simple: Simple::default(),
        word: None,
        target: None,
        awaited: Vec::new(),
    };
    splitter.run();
    splitter.out
}

struct Splitter<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    out: Split,
    pipeline: Pipeline,
    simple: Simple,
    word: Option<String>,
    /// The operator whose file is the next word.
    target: Option<&'static str>,
    /// The words that end texts which begin on the next line.
    awaited: Vec<(usize, usize, String)>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        while let Some((at, c)) = self.chars.next() {
            match c {
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_pipeline();
                    self.read_here();
                }
                '#' if self.word.is_none() => {
                    while self.chars.next_if(|(_, c)| *c != '\n').is_some() {}
                }
                ';' => self.end_pipeline(),
                '(' | ')' if self.word.is_none() => self.end_pipeline(),
                ')' => self.end_pipeline(),
                '&' => self.ampersand(),
                '|' => {
                    if self.next_is('|') {
                        self.end_pipeline();
                    } else {
                        self.next_is('&');
                        self.end_simple();
                    }
                }
                '<' | '>' => self.redirect(c),
                '\\' => match self.chars.next() {
                    Some((_, '\n')) | None => {}
                    Some((_, c)) => self.put_quoted(c),
                },
                '\'' => self.single(),
                '"' => self.double(),
                '`' => self.backticks(at),
                '$' => self.dollar(),
                c => self.put(c),
            }
        }
        self.end_pipeline();
    }

    fn put(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    /// What has a meaning in what is made of the words is marked where it has none.
    fn put_quoted(&mut self, c: char) {
        self.put(match c {
            '\n' | '\t' => ' ',
            '|' => '¦',
            '<' => '‹',
            '>' => '›',
            c => c,
        });
    }

    fn next_is(&mut self, c: char) -> bool {
        self.chars.next_if(|(_, next)| *next == c).is_some()
    }

    fn ampersand(&mut self) {
        if self.next_is('>') {
            self.end_word();
            self.next_is('>');
            self.target = Some(">");
            return;
        }
        self.next_is('&');
        self.end_pipeline();
    }

    fn redirect(&mut self, c: char) {
        // The number before it says which output.
        if self
            .word
            .as_ref()
            .is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
        {
            self.word = None;
        }
        self.end_word();
        if self.chars.peek().is_some_and(|(_, next)| *next == '(') {
            let inner = self.parenthesis();
            let word = self.word.get_or_insert_default();
            word.push(c);
            word.push('(');
            word.push_str(&inner);
            word.push(')');
            self.out.inner.push(inner);
            return;
        }
        self.target = Some(match c {
            '<' if self.next_is('<') => {
                if self.next_is('<') {
                    "<<<"
                } else {
                    self.next_is('-');
                    "<<"
                }
            }
            '<' => {
                self.next_is('&');
                "<"
            }
            _ if self.next_is('>') => ">>",
            _ => {
                let _ = self.next_is('&') || self.next_is('|');
                ">"
            }
        });
    }

    fn single(&mut self) {
        self.word.get_or_insert_default();
        while let Some((_, c)) = self.chars.next_if(|(_, c)| *c != '\'') {
            self.put_quoted(c);
        }
        self.chars.next();
    }

    fn double(&mut self) {
        self.word.get_or_insert_default();
        while let Some((at, c)) = self.chars.next() {
            match c {
                '"' => return,
                '\\' => match self.chars.next() {
                    Some((_, '\n')) | None => {}
                    Some((_, c @ ('"' | '\\' | '$' | '`'))) => self.put_quoted(c),
                    Some((_, c)) => {
                        self.put('\\');
                        self.put_quoted(c);
                    }
                },
                '`' => self.backticks(at),
                '$' => self.dollar(),
                c => self.put_quoted(c),
            }
        }
    }

    fn backticks(&mut self, at: usize) {
        let mut end = self.text.len();
        while let Some((here, c)) = self.chars.next() {
            match c {
                '`' => {
                    end = here;
                    break;
                }
                '\\' => drop(self.chars.next()),
                _ => {}
            }
        }
        let inner = self.text[at + 1..end].replace("\\`", "`");
        let word = self.word.get_or_insert_default();
        word.push_str("$(");
        word.push_str(&inner);
        word.push(')');
        self.out.inner.push(inner);
    }

    fn dollar(&mut self) {
        match self.chars.peek().map(|(_, c)| *c) {
            Some('(') => {
                let inner = self.parenthesis();
                let word = self.word.get_or_insert_default();
                word.push_str("$(");
                word.push_str(&inner);
                word.push(')');
                if !inner.starts_with('(') {
                    self.out.inner.push(inner);
                }
            }
            // Escapes of its own are left as they are.
            Some('\'') if self.word.is_none() => {}
            _ => self.put('$'),
        }
    }

    /// The text between the parenthesis that comes next and the one that closes it.
    fn parenthesis(&mut self) -> String {
        let start = match self.chars.next() {
            Some((at, c)) => at + c.len_utf8(),
            None => return String::new(),
        };
        let mut depth = 1;
        let mut quote = None;
        while let Some((at, c)) = self.chars.next() {
            match (quote, c) {
                (Some('\''), '\\') => {}
                (_, '\\') => drop(self.chars.next()),
                (Some(open), c) if open == c => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(c),
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.text[start..at].to_owned();
            }
        }
        self.text[start..].to_owned()
    }

    /// Texts that were announced on the line before stand on the lines up to their words.
    fn read_here(&mut self) {
        for (pipeline, simple, end) in std::mem::take(&mut self.awaited) {
            let mut body = String::new();
            while let Some(&(at, _)) = self.chars.peek() {
                let rest = &self.text[at..];
                let line = rest.split('\n').next().unwrap_or(rest);
                for _ in 0..=line.chars().count() {
                    self.chars.next();
                }
                if line.trim_start_matches('\t') == end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            if let Some(simple) = self
                .out
                .pipelines
                .get_mut(pipeline)
                .and_then(|pipeline| pipeline.get_mut(simple))
            {
                simple.here = Some(body);
            }
        }
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        match self.target.take() {
            None => self.simple.words.push(word),
            Some("<<<") => self.simple.here = Some(word),
            Some("<<") => {
                let here = (self.out.pipelines.len(), self.pipeline.len(), word);
                self.awaited.push(here);
            }
            Some(operator) => self.simple.redirects.push(format!("{operator} {word}")),
        }
    }

    fn end_simple(&mut self) {
        self.end_word();
        self.target = None;
        self.pipeline.push(std::mem::take(&mut self.simple));
    }

    fn end_pipeline(&mut self) {
        self.end_simple();
        let pipeline = std::mem::take(&mut self.pipeline);
        // Texts that are awaited know their command by its place.
        let is_awaited = self
            .awaited
            .iter()
            .any(|(at, _, _)| *at == self.out.pipelines.len());
        if is_awaited || pipeline.iter().any(|simple| *simple != Simple::default()) {
            self.out.pipelines.push(pipeline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let split = split(text);
        let simple = |simple: &Simple| {
            let mut text = simple.words.join("·");
            for redirect in &simple.redirects {
                text.push_str(&format!(" {redirect}"));
            }
            if let Some(here) = &simple.here {
                text.push_str(&format!(" «{here}»"));
            }
            text
        };
        let pipelines: Vec<String> = split
            .pipelines
            .iter()
            .map(|pipeline| pipeline.iter().map(simple).collect::<Vec<_>>().join(" | "))
            .collect();
        let mut text = pipelines.join(" ; ");
        for inner in &split.inner {
            text.push_str(&format!(" [{inner}]"));
        }
        text
    }

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        for (text, expected) in [
            ("a b  c", "a·b·c"),
            ("a&&b || c; d & e", "a ; b ; c ; d ; e"),
            ("a | b |& c", "a | b | c"),
            ("echo 'a; b' \"c | d\" e\\ f", "echo·a; b·c ¦ d·e f"),
            ("a > b 2>/dev/null <c", "a > b > /dev/null < c"),
            ("a &> b >& c", "a > b > c"),
            ("echo a>b", "echo·a > b"),
            ("echo 1>b", "echo > b"),
            ("a # b; c", "a"),
            ("a#b", "a#b"),
            ("(a; b)", "a ; b"),
            ("x $(a | b) `c`", "x·$(a | b)·$(c) [a | b] [c]"),
            ("x \"$(a 'b)')\"", "x·$(a 'b)') [a 'b)']"),
            ("diff <(a) b", "diff·<(a)·b [a]"),
            ("a \\\n b", "a·b"),
            ("a <<E x\nb c\nE\nd", "a·x «b c\n» ; d"),
            ("a <<'E' | b\n1\n2\nE", "a «1\n2\n» | b"),
            ("psql <<< 'select 1'", "psql «select 1»"),
            ("echo $((1 + 2))", "echo·$((1 + 2))"),
            ("", ""),
        ] {
            assert_eq!(told(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in [
            "'a", "\"a", "`a", "$(a", "a <<E", "a >", "\\", "<(", "é'é\\",
        ] {
            split(text);
        }
    }
}

//! A regular expression of Rust's as Athena and Trino read it, whose expressions are Java's.
//!
//! Nothing is written that means something else there: it is written otherwise, or refused. What is left is their `\w`, `\d`,
//! `\s` and `\b`, which may know fewer letters of other scripts.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    AssertionKind, Ast, ClassAscii, ClassAsciiKind, ClassBracketed, ClassPerl, ClassPerlKind,
    ClassSet, ClassSetItem, ClassUnicode, ClassUnicodeKind, Flag, Flags, FlagsItemKind, GroupKind,
    RepetitionKind, RepetitionRange,
};

use super::Unsaid;
use super::literal::literal;

/// What is true where `column` has what the expression finds. An expression that is a text alone is looked for as one.
pub(super) fn predicate(column: &str, expression: &str, any_case: bool) -> Result<String, Unsaid> {
    let refused = |what: &str| Unsaid::Expression {
        expression: expression.to_owned(),
        what: what.to_owned(),
    };
    let ast = Parser::new()
        .parse(expression)
        .map_err(|_| refused("what does not read"))?;
    if let Some(text) = text(&ast).filter(|_| !any_case) {
        return Ok(format!("strpos({column}, {}) > 0", literal(&text)));
    }
    let mut written = String::new();
    if any_case {
        written.push_str("(?i)");
    }
    let mut writer = Writer {
        written,
        has_lines: has_lines(&ast),
    };
    writer.ast(&ast).map_err(refused)?;
    Ok(format!(
        "regexp_like({column}, {})",
        literal(&writer.written)
    ))
}

/// The text that an expression is, if it is one.
fn text(ast: &Ast) -> Option<String> {
    match ast {
        Ast::Literal(literal) => Some(literal.c.to_string()),
        Ast::Concat(concat) => concat.asts.iter().map(text).collect(),
        _ => None,
    }
}

/// Whether lines end in the midst of a text for any part of it.
fn has_lines(ast: &Ast) -> bool {
    let says_so = |flags: &Flags| flags.flag_state(Flag::MultiLine).is_some();
    match ast {
        Ast::Flags(set) => says_so(&set.flags),
        Ast::Group(group) => group.flags().is_some_and(says_so) || has_lines(&group.ast),
        Ast::Repetition(repetition) => has_lines(&repetition.ast),
        Ast::Alternation(several) => several.asts.iter().any(has_lines),
        Ast::Concat(several) => several.asts.iter().any(has_lines),
        _ => false,
    }
}

struct Writer {
    written: String,
    has_lines: bool,
}

/// What cannot be said.
type Written = Result<(), &'static str>;

impl Writer {
    fn ast(&mut self, ast: &Ast) -> Written {
        match ast {
            Ast::Empty(_) => {}
            Ast::Flags(set) => {
                let flags = flags(&set.flags)?;
                if !flags.is_empty() {
                    self.written.push_str(&format!("(?{flags})"));
                }
            }
            Ast::Literal(literal) => self.character(literal.c, r"\.+*?()|[]{}^$"),
            Ast::Dot(_) => self.written.push('.'),
            Ast::Assertion(assertion) => {
                self.written.push_str(match assertion.kind {
                    AssertionKind::StartLine => "^",
                    AssertionKind::EndLine if self.has_lines => "$",
                    // Theirs stands before a last line's end as well.
                    AssertionKind::EndLine | AssertionKind::EndText => r"\z",
                    AssertionKind::StartText => r"\A",
                    AssertionKind::WordBoundary => r"\b",
                    AssertionKind::NotWordBoundary => r"\B",
                    AssertionKind::WordBoundaryStart | AssertionKind::WordBoundaryStartAngle => {
                        r"(?<!\w)(?=\w)"
                    }
                    AssertionKind::WordBoundaryEnd | AssertionKind::WordBoundaryEndAngle => {
                        r"(?<=\w)(?!\w)"
                    }
                    AssertionKind::WordBoundaryStartHalf => r"(?<!\w)",
                    AssertionKind::WordBoundaryEndHalf => r"(?!\w)",
                });
            }
            Ast::ClassUnicode(class) => self.unicode(class)?,
            Ast::ClassPerl(class) => self.perl(class),
            Ast::ClassBracketed(class) => self.bracketed(class)?,
            Ast::Repetition(repetition) => {
                // A sign behind a sign would say how it repeats.
                let is_repeated = matches!(*repetition.ast, Ast::Repetition(_));
                self.written.push_str(if is_repeated { "(?:" } else { "" });
                self.ast(&repetition.ast)?;
                self.written.push_str(if is_repeated { ")" } else { "" });
                self.written.push_str(&match &repetition.op.kind {
                    RepetitionKind::ZeroOrOne => "?".to_owned(),
                    RepetitionKind::ZeroOrMore => "*".to_owned(),
                    RepetitionKind::OneOrMore => "+".to_owned(),
                    RepetitionKind::Range(RepetitionRange::Exactly(times)) => {
                        format!("{{{times}}}")
                    }
                    RepetitionKind::Range(RepetitionRange::AtLeast(least)) => {
                        format!("{{{least},}}")
                    }
                    RepetitionKind::Range(RepetitionRange::Bounded(least, most)) => {
                        format!("{{{least},{most}}}")
                    }
                });
                if !repetition.greedy {
                    self.written.push('?');
                }
            }
            Ast::Group(group) => {
                match &group.kind {
                    GroupKind::NonCapturing(given) => {
                        let flags = flags(given)?;
                        self.written.push_str(&format!("(?{flags}:"));
                    }
                    // Nobody asks for what it found.
                    GroupKind::CaptureIndex(_) | GroupKind::CaptureName { .. } => {
                        self.written.push('(');
                    }
                }
                self.ast(&group.ast)?;
                self.written.push(')');
            }
            Ast::Alternation(several) => {
                for (number, ast) in several.asts.iter().enumerate() {
                    self.written.push_str(if number > 0 { "|" } else { "" });
                    self.ast(ast)?;
                }
            }
            Ast::Concat(several) => several.asts.iter().try_for_each(|ast| self.ast(ast))?,
        }
        Ok(())
    }

    /// A character as itself.
    fn character(&mut self, c: char, special: &str) {
        if c.is_control() {
            self.written.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
            return;
        }
        if special.contains(c) {
            self.written.push('\\');
        }
        self.written.push(c);
    }

    fn perl(&mut self, class: &ClassPerl) {
        self.written.push_str(match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => r"\d",
            (ClassPerlKind::Digit, true) => r"\D",
            (ClassPerlKind::Space, false) => r"\s",
            (ClassPerlKind::Space, true) => r"\S",
            (ClassPerlKind::Word, false) => r"\w",
            (ClassPerlKind::Word, true) => r"\W",
        });
    }

    fn unicode(&mut self, class: &ClassUnicode) -> Written {
        let name = match &class.kind {
            ClassUnicodeKind::OneLetter(letter) => letter.to_string(),
            // Of the names these two letters alone are the same to both.
            ClassUnicodeKind::Named(name) if name.len() <= 2 => name.clone(),
            _ => return Err("a named class such as \\p{Greek}"),
        };
        let sign = if class.negated { 'P' } else { 'p' };
        self.written.push_str(&format!("\\{sign}{{{name}}}"));
        Ok(())
    }

    fn bracketed(&mut self, class: &ClassBracketed) -> Written {
        self.written
            .push_str(if class.negated { "[^" } else { "[" });
        match &class.kind {
            ClassSet::Item(item) => self.item(item)?,
            ClassSet::BinaryOp(_) => return Err("classes put together with &&, -- or ~~"),
        }
        self.written.push(']');
        Ok(())
    }

    fn item(&mut self, item: &ClassSetItem) -> Written {
        let special = r"\[]^-&~";
        match item {
            ClassSetItem::Empty(_) => return Err("an empty class"),
            ClassSetItem::Literal(literal) => self.character(literal.c, special),
            ClassSetItem::Range(range) => {
                self.character(range.start.c, special);
                self.written.push('-');
                self.character(range.end.c, special);
            }
            ClassSetItem::Ascii(class) => self.ascii(class),
            ClassSetItem::Unicode(class) => self.unicode(class)?,
            ClassSetItem::Perl(class) => self.perl(class),
            ClassSetItem::Bracketed(class) => self.bracketed(class)?,
            ClassSetItem::Union(union) => {
                union.items.iter().try_for_each(|item| self.item(item))?;
            }
        }
        Ok(())
    }

    fn ascii(&mut self, class: &ClassAscii) {
        let members = match class.kind {
            ClassAsciiKind::Alnum => "0-9A-Za-z",
            ClassAsciiKind::Alpha => "A-Za-z",
            ClassAsciiKind::Ascii => r"\x00-\x7f",
            ClassAsciiKind::Blank => r"\t\x20",
            ClassAsciiKind::Cntrl => r"\x00-\x1f\x7f",
            ClassAsciiKind::Digit => "0-9",
            ClassAsciiKind::Graph => r"\x21-\x7e",
            ClassAsciiKind::Lower => "a-z",
            ClassAsciiKind::Print => r"\x20-\x7e",
            ClassAsciiKind::Punct => r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
            ClassAsciiKind::Space => r"\t\n\x0b\f\r\x20",
            ClassAsciiKind::Upper => "A-Z",
            ClassAsciiKind::Word => "0-9A-Za-z_",
            ClassAsciiKind::Xdigit => "0-9A-Fa-f",
        };
        match class.negated {
            true => self.written.push_str(&format!("[^{members}]")),
            false => self.written.push_str(members),
        }
    }
}

/// The flags that both have; layout is gone already.
fn flags(flags: &Flags) -> Result<String, &'static str> {
    let (mut on, mut off) = (String::new(), String::new());
    let mut is_off = false;
    for item in &flags.items {
        let flag = match &item.kind {
            FlagsItemKind::Negation => {
                is_off = true;
                continue;
            }
            FlagsItemKind::Flag(flag) => flag,
        };
        let letter = match flag {
            Flag::CaseInsensitive => 'i',
            Flag::MultiLine => 'm',
            Flag::DotMatchesNewLine => 's',
            Flag::IgnoreWhitespace => continue,
            Flag::Unicode if !is_off => continue,
            Flag::Unicode => return Err("the flag -u"),
            Flag::SwapGreed => return Err("the flag U"),
            Flag::CRLF => return Err("the flag R"),
        };
        if is_off { &mut off } else { &mut on }.push(letter);
    }
    Ok(match off.is_empty() {
        true => on,
        false => format!("{on}-{off}"),
    })
}

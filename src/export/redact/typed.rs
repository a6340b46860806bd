//! What was typed: its lines, without what was taken back, and whether a secret was asked for.
//!
//! Nothing here is shown; of what programs showed the question alone matters.

use avt::parser::{Function, Parser};

use super::flow::Flow;
use super::patterns::Patterns;
use super::places::Places;

/// What was typed.
pub(super) struct Typed {
    parser: Parser,
    /// Characters so far.
    number: u64,
    pub(super) flow: Flow,
    /// Nothing of the line has been typed yet.
    pub(super) is_line_start: bool,
    /// A program asks for a secret, which this line is.
    pub(super) is_asked: bool,
    pub(super) found: Places,
}

impl Typed {
    pub(super) fn new() -> Self {
        Self {
            parser: Parser::new(),
            number: 0,
            flow: Flow::default(),
            is_line_start: true,
            is_asked: false,
            found: Places::default(),
        }
    }

    pub(super) fn text(&mut self, text: &str, patterns: &mut Patterns) {
        for c in text.chars() {
            let number = self.number;
            self.number += 1;
            match (self.parser.feed(c), c) {
                (_, '\x7f' | '\x08') => {
                    // All that stood there is looked at before some of it is taken back.
                    self.flow.look(false, patterns, &mut self.found);
                    self.flow.pop();
                }
                (Some(Function::Print(c)), _) => {
                    self.is_line_start = false;
                    if self.is_asked {
                        self.found.add(number..number + 1);
                    }
                    let mut bytes = [0; 4];
                    let text = c.encode_utf8(&mut bytes);
                    self.flow.push(text, number, patterns, &mut self.found);
                }
                (_, '\r' | '\n' | '\x03' | '\x15') => self.end_line(patterns),
                (Some(_), _) => self.flow.look(false, patterns, &mut self.found),
                (None, _) => {}
            }
        }
    }

    pub(super) fn end_line(&mut self, patterns: &mut Patterns) {
        if self.is_asked {
            let line = self.flow.line().to_owned();
            patterns.learn(&line);
        }
        self.flow.look(true, patterns, &mut self.found);
        self.flow.end_line();
        self.is_line_start = true;
        self.is_asked = false;
    }
}

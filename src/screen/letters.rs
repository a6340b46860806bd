//! Whether letters of ASCII are printed as such, or as the lines and corners that programs draw frames of.
//!
//! Nothing here is printed.

use avt::parser::{Function, Parser};

/// Which letters were chosen.
#[derive(Debug)]
pub(crate) struct Letters {
    usual: Option<Function>,
    is_other: bool,
    is_shifted: bool,
}

impl Default for Letters {
    fn default() -> Self {
        // Their name is the parser's own.
        let mut parser = Parser::new();
        Self {
            usual: "\x1b(B".chars().find_map(|c| parser.feed(c)),
            is_other: false,
            is_shifted: false,
        }
    }
}

impl Letters {
    /// Something is done that prints nothing.
    pub(crate) fn function(&mut self, function: &Function) {
        match function {
            Function::Gzd4(_) => self.is_other = Some(function) != self.usual.as_ref(),
            Function::So => self.is_shifted = true,
            Function::Si => self.is_shifted = false,
            Function::Ris => (self.is_other, self.is_shifted) = (false, false),
            _ => {}
        }
    }

    /// Whether they are those of ASCII.
    pub(crate) fn are_usual(&self) -> bool {
        !self.is_other && !self.is_shifted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_chosen_and_left_again() {
        let mut letters = Letters::default();
        let mut parser = Parser::new();
        for (output, are_usual) in [
            ("", true),
            ("\x1b(0", false),
            ("\x1b(B", true),
            ("\x0e", false),
            ("\x1b(B", false),
            ("\x0f", true),
            ("\x1b(0\x0e\x1bc", true),
        ] {
            for function in output.chars().filter_map(|c| parser.feed(c)) {
                letters.function(&function);
            }
            assert_eq!(letters.are_usual(), are_usual, "{output:?}");
        }
    }
}

//! Text within control strings: a window title, a link, what a program puts into the person's clipboard.
//!
//! Nothing here is on the screen.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::patterns::Patterns;
use super::places::Places;

/// A clipboard text is held up to here.
const MAX: usize = 256 * 1024;

/// The control string under way: its characters and their numbers.
#[derive(Debug, Default)]
pub(super) struct Control(Vec<(char, u64)>);

impl Control {
    pub(super) fn push(
        &mut self,
        c: char,
        number: u64,
        patterns: &mut Patterns,
        into: &mut Places,
    ) {
        self.0.push((c, number));
        if self.0.len() > MAX {
            self.end(patterns, into);
        }
    }

    /// Looks at one that has ended.
    pub(super) fn end(&mut self, patterns: &mut Patterns, into: &mut Places) {
        let control = std::mem::take(&mut self.0);
        if control.is_empty() {
            return;
        }
        let mut text = String::with_capacity(control.len());
        let mut starts = Vec::with_capacity(control.len());
        for (c, _) in &control {
            starts.push(text.len());
            text.push(*c);
        }
        let mut add = |characters: &[(char, u64)]| {
            for (_, number) in characters {
                into.add(*number..number + 1);
            }
        };
        patterns.find(&text, |range| {
            let first = starts.partition_point(|at| *at < range.start);
            let last = starts.partition_point(|at| *at < range.end);
            add(&control[first..last]);
        });
        if let Some(copied) = clipboard(&text) {
            let mut holds_a_match = false;
            patterns.find(&copied, |_| holds_a_match = true);
            let behind = control.iter().position(|(c, _)| *c == ';');
            if let (true, Some(behind)) = (holds_a_match, behind) {
                add(&control[behind + 1..]);
            }
        }
    }
}

/// The text that a program puts into the person's clipboard.
fn clipboard(control: &str) -> Option<String> {
    let (_, text) = control.strip_prefix("52;")?.split_once(';')?;
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

//! Lines that were typed before anybody read them.
//!
//! Nothing here is seen while it is typed: a terminal shows it in the middle of other output, and a shell takes it later, with
//! or without showing it again.

use super::{Commands, Found, MOST_AHEAD};

impl Commands {
    /// Prompts in a line that nobody typed at: each one but the one that is typed at now took a line that was typed ahead.
    pub(super) fn take_ahead(&mut self, line: &str, is_typed_at: bool) {
        let mut rest = line;
        let mut taken = 0;
        while let Some(length) = self.prompts.length_in(rest, 1)
            && taken < MOST_AHEAD
            && self.has_room()
        {
            let (prompt, behind) = rest.split_at(length);
            let is_last = self.prompts.length_in(behind, 1).is_none();
            // A line editor shows what it takes; the terminal did so before.
            let shown = self.ahead.iter().position(|line| line == behind.trim());
            let text = match shown {
                _ if is_last && is_typed_at => return,
                Some(at) => self.ahead.drain(..=at).next_back(),
                None => self.ahead.pop_front(),
            };
            let text = match text {
                Some(text) => text,
                None if self.burst && is_last && !behind.trim().is_empty() => {
                    behind.trim().to_owned()
                }
                None => return,
            };
            self.early = self
                .early
                .saturating_sub(u32::try_from(text.len()).unwrap_or(u32::MAX));
            self.found.push(Found {
                start: self.now,
                prompt: prompt.to_owned(),
                line: format!("{prompt}{text}"),
                text: Some(text),
                is_keyed: true,
                is_ahead: true,
                cwd: self.cwd.clone(),
                output: (self.offset, self.offset),
                ..Found::default()
            });
            // Its status came before, or is still to come.
            self.is_running = !is_typed_at;
            taken += 1;
            rest = behind;
        }
        if !is_typed_at
            && self.burst
            && taken == 0
            && self.is_echoing
            && self.ahead.len() < MOST_AHEAD
        {
            self.ahead.push_back(line.trim().to_owned());
        }
    }
}

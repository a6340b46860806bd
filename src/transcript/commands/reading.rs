//! A line while it is read: where its prompt ends, and what stands behind it.
//!
//! Nothing here decides when it is accepted.

use super::Way;
use super::prompt::Mask;
use super::view::{Place, View};

/// A line that is being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) way: Way,
    /// Nothing of it stands above this row.
    pub(super) floor: u64,
    pub(super) prompt: Option<Prompt>,
    /// A mark told where the prompt ends.
    pub(super) marked_at: Option<(Place, u16)>,
    pub(super) keys: u32,
    /// Keys were typed before its prompt came, and stand before it in its line.
    pub(super) is_begun: bool,
    /// Bytes of output when the last key was typed.
    pub(super) keyed_at: u64,
    /// Behind the prompt, up to the cursor, when the last key was typed; and the whole line.
    pub(super) typed: String,
    pub(super) line_then: String,
    /// What stood there at the last line end.
    pub(super) snapshot: Option<Snapshot>,
    pub(super) line_ends: u32,
    /// Something else printed over it: what stood before, and where it went on.
    pub(super) torn: Option<(String, Place)>,
    pub(super) claimed: Option<String>,
    /// The key that was Ctrl-C.
    pub(super) interrupted_at: Option<u32>,
    /// The line editor has switched the keypad; whether it was so still at the end.
    pub(super) keeps_keypad: Option<bool>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    pub(super) text: String,
    /// What stands to the right of the cursor.
    pub(super) right: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) line: String,
    pub(super) text: Option<String>,
}

impl Reading {
    /// Whether it is typed where no prompt stands.
    pub(super) fn is_ahead(&self) -> bool {
        let prompt = self.prompt.as_ref();
        self.way == Way::Echo
            && self.marked_at.is_none()
            && prompt.is_some_and(|prompt| prompt.text.trim().is_empty())
    }

    /// The prompt may have been drawn again: without what stood before it, or with another time or mode in it.
    pub(super) fn follow(&mut self, view: &View<'_>, cursor: Place, before: &str) {
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        let is_found = view.find(&prompt.text, cursor.row, self.floor).is_some();
        let is_like = |drawn: &str| {
            let is_cut = !is_found && prompt.text.ends_with(drawn);
            let ends_alike = drawn
                .chars()
                .rev()
                .take(2)
                .eq(prompt.text.chars().rev().take(2));
            !drawn.trim().is_empty()
                && ends_alike
                && (is_cut || Mask::of(drawn) == Mask::of(&prompt.text))
        };
        let typed = before.strip_suffix(self.typed.as_str());
        if let Some(drawn) = typed
            .into_iter()
            .chain([before])
            .find(|drawn| is_like(drawn))
            && drawn != prompt.text
        {
            prompt.text = drawn.to_owned();
            self.floor = view.logical_row(cursor);
        }
    }

    /// What stands there now, with the cursor at a place.
    pub(super) fn look(&self, view: &View<'_>, place: Place) -> Snapshot {
        let Some(prompt) = &self.prompt else {
            let line = view.text(self.floor.min(place.row), view.end_of_line(place));
            return Snapshot { line, text: None };
        };
        // The cursor need not be at the end when a line is accepted.
        let behind = view.text_from(place, view.end_of_line(place));
        let behind = prompt.without_right(&behind).trim_end();
        let start = view.find(&prompt.text, place.row, self.floor);
        if let Some((before, went_on)) = &self.torn
            && start.is_none_or(|row| row < went_on.row)
        {
            let text = format!("{before}{}{behind}", view.text_from(*went_on, place));
            return Snapshot {
                line: format!("{}{text}", prompt.text),
                text: Some(text),
            };
        }
        let row = start.unwrap_or_else(|| view.logical_row(place));
        let line = format!("{}{behind}", view.text(row, place));
        let text = start
            .and_then(|_| line.strip_prefix(prompt.text.as_str()))
            .map(|text| {
                let indent = prompt.text.chars().count();
                let mut lines = text.split('\n');
                let first = lines.next().unwrap_or_default();
                std::iter::once(prompt.without_right(first))
                    .chain(lines.map(|line| unindented(line, indent)))
                    .collect::<Vec<_>>()
                    .join("\n")
            });
        Snapshot { line, text }
    }
}

impl Prompt {
    /// A row without what a program keeps at its right: a right prompt, which stood there before anything was typed.
    fn without_right<'a>(&self, row: &'a str) -> &'a str {
        without_right(row, &self.right)
    }
}

/// A row without what stands at its right.
pub(super) fn without_right<'a>(row: &'a str, right: &str) -> &'a str {
    if right.is_empty() {
        return row;
    }
    let trimmed = row.trim_end();
    let mask = Mask::of(right);
    let gaps = trimmed.match_indices("  ").map(|(at, _)| at);
    let is_right = |at: &usize| Mask::of(trimmed[*at..].trim_start()) == mask;
    match gaps.filter(is_right).last() {
        Some(at) => trimmed[..at].trim_end(),
        None => trimmed.strip_suffix(right).map_or(row, str::trim_end),
    }
}

/// Without the spaces that an editor puts below the prompt.
fn unindented(line: &str, indent: usize) -> &str {
    let spaces = line.len() - line.trim_start_matches(' ').len();
    match spaces >= indent {
        true => &line[indent..],
        false => line,
    }
}

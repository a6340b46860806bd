//! Open sessions as a table for a person and as lines for a program.
//!
//! Nothing here asks anybody, and no text of the service is shown but what is harmless.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::json;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::whereabouts::Recorded;
use crate::service::history::Told;
use crate::words::{self, printable, time};

/// No cell is longer, whatever a service sends; a reason has 256 characters at most.
const LONGEST: usize = 260;
/// What a reason keeps in a terminal that is too narrow for the rest.
const LEAST_REASON: usize = 12;
const GAP: usize = 2;

/// A session with what is known of it here.
pub(super) struct Row<'a> {
    pub(super) told: &'a Told,
    pub(super) age: Option<Duration>,
    pub(super) recorded: Recorded,
}

impl Row<'_> {
    /// One line, with its end.
    pub(super) fn json(&self) -> String {
        let told = self.told;
        let started = told.started;
        let line = json!({
            "session_id": told.session_id,
            "target": told.target,
            "owner": told.owner,
            "reason": told.reason,
            "document": told.document,
            "status": told.status,
            "started": started.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            "age_s": self.age.map(|age| age.as_secs()),
            "recorded": match self.recorded {
                Recorded::Unknown => None,
                recorded => Some(recorded.name()),
            },
        });
        words::json(&line) + "\n"
    }

    fn cells(&self, with_owner: bool) -> Vec<String> {
        let told = self.told;
        let text = |text: Option<&str>| match text {
            Some(text) => cell(text),
            None => "-".to_owned(),
        };
        let mut cells = vec![cell(&told.session_id), text(told.target.as_deref())];
        if with_owner {
            cells.push(text(told.owner.as_deref().map(name_of)));
        }
        cells.extend([
            self.age.map_or_else(|| "-".to_owned(), time::write),
            text(told.status.as_deref()),
            self.recorded.name().to_owned(),
            text(told.reason.as_deref()),
        ]);
        cells
    }
}

/// All of an ARN but what is the same for everybody of an account: `assumed-role/Admin/ada`.
fn name_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

fn cell(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    printable(&cut)
}

/// A row for each below a head; nothing for none. In a narrow terminal the reason gives way.
pub(super) fn table(rows: &[Row<'_>], with_owner: bool, width: Option<usize>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut head = vec!["SESSION", "TARGET", "AGE", "STATUS", "RECORDED", "REASON"];
    if with_owner {
        head.insert(2, "OWNER");
    }
    let mut lines: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    lines.extend(rows.iter().map(|row| row.cells(with_owner)));
    let last = lines[0].len() - 1;
    let widths: Vec<usize> = (0..last)
        .map(|at| lines.iter().map(|line| line[at].width()).max().unwrap_or(0))
        .collect();
    let before: usize = widths.iter().map(|width| width + GAP).sum();
    let room = width.map(|width| width.saturating_sub(before).max(LEAST_REASON));
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width - cell.width() + GAP));
        }
        text.push_str(&fit(&line[last], room));
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

fn fit(text: &str, room: Option<usize>) -> String {
    let Some(room) = room.filter(|room| text.width() > *room) else {
        return text.to_owned();
    };
    let mut used = 1;
    let fits = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    fits.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn told() -> Told {
        Told {
            session_id: "ada-1".to_owned(),
            target: Some("i-0abc".to_owned()),
            owner: Some("arn:aws:sts::123456789012:assumed-role/Admin/ada".to_owned()),
            reason: Some("a reason that is longer than there is room for".to_owned()),
            started: DateTime::from_timestamp(1_700_000_000, 0),
            status: Some("Connected".to_owned()),
            is_active: true,
            ..Told::default()
        }
    }

    fn row(told: &Told) -> Row<'_> {
        Row {
            told,
            age: Some(Duration::from_secs(245)),
            recorded: Recorded::Running,
        }
    }

    #[test]
    fn the_reason_gives_way_in_a_narrow_terminal_and_nothing_else() {
        let told = told();
        let narrow = table(&[row(&told)], true, Some(80));
        assert_eq!(
            narrow,
            "SESSION  TARGET  OWNER                   AGE    STATUS     RECORDED  REASON\n\
             ada-1    i-0abc  assumed-role/Admin/ada  4m05s  Connected  running   a reason th…\n"
        );
        let wide = table(&[row(&told)], false, None);
        assert!(
            wide.ends_with("room for\n") && !wide.contains("OWNER"),
            "{wide}"
        );
        assert_eq!(table(&[], true, None), "");
    }

    #[test]
    fn what_a_hostile_service_says_is_shown_as_numbers_and_has_an_end() {
        let told = Told {
            session_id: "\x1b[2J\u{202e}x".to_owned(),
            reason: Some("\x07".repeat(100_000)),
            owner: None,
            started: None,
            ..told()
        };
        let one = Row {
            age: None,
            recorded: Recorded::Unknown,
            ..row(&told)
        };
        let text = table(&[one], true, None);
        assert!(text.contains("\\u{1b}[2J\\u{202e}x"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(text.len() < 10_000);
        let one = Row {
            age: None,
            recorded: Recorded::Unknown,
            ..row(&told)
        };
        let line = one.json();
        assert!(
            line.contains(r#""session_id":"\u001b[2J\u202ex""#),
            "{line}"
        );
        assert!(line.contains(r#""recorded":null"#) && line.ends_with("}\n"));
    }
}

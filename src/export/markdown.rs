//! `md`: a transcript by commands, for people.
//!
//! Nothing of the recording is markup: output stands in fences longer than any that it holds, the rest in code spans or
//! with its special characters escaped.

use std::time::Duration;

use formats::asciicast::{Data, Event, Header, Session};
use formats::derived::Command;

use super::derived::{Derived, took};
use super::{End, Exporter, facts};
use crate::transcript::{Piece, Sections};
use crate::words::{printable, time};

/// A fence is closed and another one opened behind this much output, so that not all of it is held.
const BLOCK: usize = 64 * 1024;

/// From here on a command is what was run in 99 of 100.
const SURE: f32 = 0.9;

/// The document, command after command.
#[derive(Default)]
pub(super) struct Markdown {
    /// Until the size of the screen is known.
    commands: Vec<Command>,
    /// What they answer for.
    told: String,
    sections: Option<Sections>,
    started_at_ms: Option<i64>,
    /// Output that waits for its fence.
    block: String,
    /// Notes on this output: a part of it may still be on the screen, so they come behind it.
    notes: String,
}

impl Markdown {
    pub(super) fn new(derived: Derived) -> Self {
        Self {
            told: derived.told(),
            commands: derived.commands,
            ..Self::default()
        }
    }

    fn pieces(&mut self, at: Duration, pieces: Vec<Piece>, out: &mut Vec<u8>) {
        for piece in pieces {
            match piece {
                Piece::Output(lines) => {
                    for line in lines {
                        self.block.push_str(&printable(&line));
                        self.block.push('\n');
                        if self.block.len() >= BLOCK {
                            self.fence(out);
                        }
                    }
                }
                Piece::Command {
                    command,
                    prompts,
                    right,
                } => {
                    self.section(out);
                    self.heading(&command, &prompts, &right, out);
                }
                Piece::FullScreen { from } => {
                    self.fence(out);
                    let note = format!(
                        "A full-screen program ran from {} to {}.\n\n",
                        time::write(from),
                        time::write(at)
                    );
                    out.extend_from_slice(note.as_bytes());
                }
            }
        }
    }

    /// A command, and what is known of it.
    fn heading(&self, command: &Command, prompts: &[String], right: &[String], out: &mut Vec<u8>) {
        let (first, more) = command.text.split_once('\n').unzip();
        let title = code(first.unwrap_or(&command.text));
        let dots = if more.is_some() { " …" } else { "" };
        let heading = format!("### {}. {title}{dots}\n\n", command.number);
        out.extend_from_slice(heading.as_bytes());
        if more.is_some() {
            let lines: Vec<String> = command.text.lines().map(printable).collect();
            fenced("", &lines.join("\n"), out);
        }
        let mut facts = format!("At {}", self.time(Duration::from_millis(command.start)));
        let list = |texts: &[String]| texts.iter().map(|text| code(text)).collect::<Vec<_>>();
        if !prompts.is_empty() {
            facts.push_str(&format!(" behind {}", list(prompts).join(", ")));
        }
        if !right.is_empty() {
            facts.push_str(&format!(" before {}", list(right).join(", ")));
        }
        if let Some(took) = took(command) {
            facts.push_str(&format!(", for {}", time::write(took)));
        }
        if let Some(exit) = command.exit {
            facts.push_str(&format!(", exit status {exit}"));
        }
        if let Some(cwd) = &command.cwd {
            facts.push_str(&format!(", in {}", code(cwd)));
        }
        if command.context != ["shell"] && !command.context.is_empty() {
            facts.push_str(&format!(", within {}", command.context.join(" › ")));
        }
        facts.push_str(".\n\n");
        out.extend_from_slice(facts.as_bytes());
        if !command.claims.is_empty() || command.confidence < SURE {
            let found = format!(
                "> Found by {}, confidence {:.2}.\n",
                command.source.as_str(),
                command.confidence
            );
            out.extend_from_slice(found.as_bytes());
            for claim in &command.claims {
                let claim = format!(
                    "> Claimed besides, by {}: {} {}.\n",
                    escape(&printable(&claim.by)),
                    escape(&printable(&claim.of)),
                    code(&claim.value)
                );
                out.extend_from_slice(claim.as_bytes());
            }
            out.push(b'\n');
        }
    }

    /// Writes the waiting output.
    fn fence(&mut self, out: &mut Vec<u8>) {
        let text = self.block.trim_matches('\n');
        if !text.trim().is_empty() {
            fenced("text", text, out);
        }
        self.block.clear();
    }

    fn time(&self, at: Duration) -> String {
        let wall = self.started_at_ms.and_then(|started_at_ms| {
            let at_ms = i64::try_from(at.as_millis()).ok()?;
            chrono::DateTime::from_timestamp_millis(started_at_ms.checked_add(at_ms)?)
        });
        match wall {
            Some(wall) => format!("{} ({})", time::write(at), wall.format("%H:%M:%S UTC")),
            None => time::write(at),
        }
    }

    fn note(&mut self, at: Duration, what: &str) {
        let note = format!("> {}: {what}\n\n", self.time(at));
        self.notes.push_str(&note);
    }

    /// Writes what waits at the end of a command.
    fn section(&mut self, out: &mut Vec<u8>) {
        self.fence(out);
        out.extend_from_slice(std::mem::take(&mut self.notes).as_bytes());
    }
}

impl Exporter for Markdown {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        let commands = std::mem::take(&mut self.commands);
        self.sections = Some(Sections::new(header.term.size(), commands));
        let session = header.ssm.as_ref();
        self.started_at_ms = session.and_then(Session::started_at_ms).or(header
            .timestamp
            .and_then(|seconds| seconds.checked_mul(1000)));
        let title = match session {
            Some(session) => format!("Session {}", session.session_id),
            None => header
                .title
                .clone()
                .unwrap_or_else(|| "Recording".to_owned()),
        };
        out.extend_from_slice(format!("# {}\n\n", escape(&printable(&title))).as_bytes());
        table(&facts::of_header(header), out);
        out.extend_from_slice(b"## Transcript\n\n");
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        let Some(sections) = &mut self.sections else {
            return;
        };
        let mut pieces = Vec::new();
        match &event.data {
            Data::Output(text) => sections.output(event.at, text, &mut pieces),
            Data::Resize(size) => sections.resize(*size, &mut pieces),
            Data::Marker(label) => {
                let label = code(&printable(label));
                self.note(event.at, &format!("marker {label}"));
            }
            Data::Exit(status) => {
                self.note(event.at, &format!("exit status {status}"));
            }
            Data::Input(_) | Data::Message(_) | Data::Other { .. } => {}
        }
        self.pieces(event.at, pieces, out);
    }

    fn screen(&mut self, event: &Event, out: &mut Vec<u8>) {
        let mut pieces = Vec::new();
        if let (Some(sections), Data::Output(text)) = (&mut self.sections, &event.data) {
            sections.screen(text, &mut pieces);
        }
        self.pieces(event.at, pieces, out);
    }

    fn finish(&mut self, end: &End, out: &mut Vec<u8>) {
        if let Some(mut sections) = self.sections.take() {
            let mut pieces = Vec::new();
            sections.finish(&mut pieces);
            self.pieces(end.at, pieces, out);
            self.sections = Some(sections);
        }
        self.section(out);
        out.extend_from_slice(b"## End\n\n");
        if !end.is_complete {
            let note = b"**The recording ends early: what came after is missing.**\n\n";
            out.extend_from_slice(note);
        }
        let mut facts = vec![
            ("Length", time::write(end.at)),
            ("Commands", self.told.clone()),
        ];
        facts.extend(
            end.manifest
                .as_ref()
                .map(facts::of_manifest)
                .unwrap_or_default(),
        );
        table(&facts, out);
        // One line end closes the document.
        out.pop();
    }

    fn is_exhausted(&self) -> bool {
        self.sections.as_ref().is_some_and(Sections::is_exhausted)
    }
}

/// Outside text between fences that it cannot close.
fn fenced(info: &str, text: &str, out: &mut Vec<u8>) {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    out.extend_from_slice(format!("{fence}{info}\n{text}\n{fence}\n\n").as_bytes());
}

fn table(facts: &[(&'static str, String)], out: &mut Vec<u8>) {
    out.extend_from_slice(b"| | |\n| --- | --- |\n");
    for (name, value) in facts {
        out.extend_from_slice(format!("| {name} | {} |\n", escape(value)).as_bytes());
    }
    out.push(b'\n');
}

/// Outside text as a code span: between more backticks than it holds in a row.
fn code(text: &str) -> String {
    let text = printable(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.is_empty() || text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Outside text in a line of prose: nothing in it is markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_[]<>|&~#!$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_cannot_leave_its_span() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a\nb\u{202e}"), "`a b\\u{202e}`");
        assert_eq!(escape("<b>|[x](y)"), "\\<b\\>\\|\\[x\\](y)");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut markdown = Markdown::default();
        let mut out = Vec::new();
        let lines = vec!["````".to_owned(), "# no heading".to_owned()];
        markdown.pieces(Duration::ZERO, vec![Piece::Output(lines)], &mut out);
        markdown.fence(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "`````text\n````\n# no heading\n`````\n\n"
        );
    }
}

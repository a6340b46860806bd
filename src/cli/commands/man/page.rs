//! One page of the manual: a command as the parser knows it, or a topic, in the language that `man` reads.
//!
//! Nothing here says what a command does or a topic tells; that stands beside each. Characters that roff would make into others
//! are named, so that what is copied out of a page is what was typed into it.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::reference;
use super::topics::{TOPICS, Topic};
use crate::cli::help::AfterHelp;

/// The section of the manual for programs.
const SECTION: &str = "1";
/// That for what is no program and no file.
const SECTION_OF_TOPICS: &str = "7";
const MANUAL: &str = "ssm-rec manual";

/// The name of the page's file.
pub(super) fn file_name(command: &Command) -> String {
    format!("{}.{SECTION}", name(command))
}

/// The name of the file of a topic's page.
pub(super) fn file_name_of(topic: &Topic) -> String {
    format!("{}.{SECTION_OF_TOPICS}", topic.page())
}

/// The commands below one that have a page.
pub(super) fn commands_below(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
}

/// The page of a command, with those above it, the program itself first.
pub(super) fn text(command: &Command, above: &[&Command]) -> String {
    let man = Man::new(command.clone())
        .title(name(command).to_uppercase())
        .date(reference::DATE)
        .source(source())
        .manual(MANUAL);
    let after = AfterHelp::of(command);
    let mut page = Vec::new();
    // Writing to a Vec cannot fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let mut own = Roff::new();
    synopsis(&mut own, command);
    let _ = own.to_writer(&mut page);
    let _ = man.render_description_section(&mut page);
    let mut own = Roff::new();
    if above.is_empty() {
        prose(&mut own, reference::DESCRIPTION);
    }
    prose(&mut own, &after.prose);
    let _ = own.to_writer(&mut page);
    let _ = man.render_options_section(&mut page);
    if commands_below(command).next().is_some() {
        let _ = man.render_subcommands_section(&mut page);
    }
    let mut own = Roff::new();
    if above.is_empty() {
        section(&mut own, "EXIT STATUS", reference::EXIT_STATUS);
        section(&mut own, "ENVIRONMENT", reference::ENVIRONMENT);
        section(&mut own, "FILES", reference::FILES);
    }
    // One that has none of its own is shown by those of the command above it.
    let examples = std::iter::once(after.examples)
        .chain(
            above
                .iter()
                .rev()
                .map(|above| AfterHelp::of(above).examples),
        )
        .chain([reference::EXAMPLES.to_owned()])
        .find(|examples| !examples.is_empty());
    own.control("SH", ["EXAMPLES"]);
    examples_of(&mut own, &examples.unwrap_or_default());
    see_also(&mut own, beside(command, above));
    let _ = own.to_writer(&mut page);
    exact(&spaced_once(&String::from_utf8_lossy(&page)))
}

/// The page of a topic.
pub(super) fn of_topic(topic: &Topic) -> String {
    let mut page = Roff::new();
    let (title, source) = (topic.page().to_uppercase(), source());
    page.control(
        "TH",
        [&title, SECTION_OF_TOPICS, reference::DATE, &source, MANUAL],
    );
    page.control("SH", ["NAME"]);
    page.text([roman(format!("{} - {}", topic.page(), topic.about()))]);
    for (title, text) in topic.parts() {
        let title = if title.is_empty() {
            "DESCRIPTION"
        } else {
            title
        };
        section(&mut page, title, text);
    }
    let others = TOPICS.iter().filter(|other| other.name != topic.name);
    let others = others.map(|other| (other.page(), SECTION_OF_TOPICS));
    let program = ("ssm-rec".to_owned(), SECTION);
    see_also(&mut page, std::iter::once(program).chain(others));
    exact(&spaced_once(&page.render()))
}

fn source() -> String {
    format!("ssm-rec {}", env!("CARGO_PKG_VERSION"))
}

/// As `--help` writes it, each form on a line of its own.
fn synopsis(page: &mut Roff, command: &Command) {
    let usage = command.clone().render_usage().to_string();
    let forms = usage.strip_prefix("Usage:").unwrap_or(&usage).lines();
    page.control("SH", ["SYNOPSIS"]);
    for (index, form) in forms
        .map(str::trim)
        .filter(|form| !form.is_empty())
        .enumerate()
    {
        if index > 0 {
            page.control("br", []);
        }
        page.text([bold(form)]);
    }
}

/// `ssm-rec-rules-test`, by which a page is asked for.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

/// A section of its own, where there is something to say.
fn section(page: &mut Roff, title: &str, text: &str) {
    page.control("SH", [title]);
    prose(page, text);
}

/// Paragraphs are filled; lines that are indented stay as they are, with the blank ones between them.
fn prose(page: &mut Roff, text: &str) {
    let mut is_new = true;
    let mut is_kept = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            is_new = true;
            continue;
        }
        if is_new && is_kept && line.starts_with(' ') {
            page.control("sp", []);
        }
        keep(page, &mut is_kept, line.starts_with(' '));
        if is_new && !is_kept {
            page.control("PP", []);
        }
        is_new = false;
        page.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    keep(page, &mut is_kept, false);
}

/// What an example does, and below it, indented, what is typed; or nothing but what is typed.
fn examples_of(page: &mut Roff, text: &str) {
    let mut is_kept = false;
    for block in text.split("\n\n") {
        let is_typed = |line: &str| line.starts_with(' ');
        let has_caption = block.lines().any(is_typed);
        for (index, line) in block.lines().enumerate() {
            let is_caption = has_caption && !is_typed(line);
            keep(page, &mut is_kept, !is_caption);
            match is_caption {
                true if index == 0 => {
                    page.control("PP", []);
                    page.text([roman(line)]);
                }
                true => {
                    page.text([roman(line)]);
                }
                false => {
                    page.text([bold(line.strip_prefix("  ").unwrap_or(line))]);
                }
            }
        }
    }
    keep(page, &mut is_kept, false);
}

/// Begins or ends a block whose lines are not filled.
fn keep(page: &mut Roff, is_kept: &mut bool, wanted: bool) {
    match (*is_kept, wanted) {
        (false, true) => {
            page.control("RS", ["4"]);
            page.control("nf", []);
        }
        (true, false) => {
            page.control("fi", []);
            page.control("RE", []);
        }
        _ => {}
    }
    *is_kept = wanted;
}

/// The command above, those beside and those below; of the program itself the topics too.
fn beside(command: &Command, above: &[&Command]) -> Vec<(String, &'static str)> {
    let beside = above
        .last()
        .into_iter()
        .flat_map(|parent| commands_below(parent));
    let commands = above
        .iter()
        .copied()
        .chain(beside.filter(|other| other.get_name() != command.get_name()))
        .chain(commands_below(command))
        .map(|command| (name(command).to_owned(), SECTION));
    let topics = TOPICS.iter().filter(|_| above.is_empty());
    let topics = topics.map(|topic| (topic.page(), SECTION_OF_TOPICS));
    commands.chain(topics).collect()
}

/// Pages with their sections.
fn see_also(page: &mut Roff, pages: impl IntoIterator<Item = (String, &'static str)>) {
    page.control("SH", ["SEE ALSO"]);
    let mut pages = pages.into_iter().peekable();
    while let Some((name, section)) = pages.next() {
        let end = if pages.peek().is_some() { "," } else { "" };
        page.text([bold(name), roman(format!("({section}){end}"))]);
    }
}

/// A break where there is one already is nothing but a warning to whoever reads the page with `mandoc`.
fn spaced_once(roff: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in roff.lines() {
        let before = lines.last().copied().unwrap_or_default();
        match line {
            ".PP" if before.starts_with(".SH") => continue,
            ".br" if before.is_empty() => continue,
            "" if before == ".br" => drop(lines.pop()),
            _ => {}
        }
        lines.push(line);
    }
    lines.push("");
    lines.join("\n")
}

/// Every character as it is: roff makes typographic ones of some, and knows others only by their number.
fn exact(roff: &str) -> String {
    let mut out = String::with_capacity(roff.len());
    for character in roff.chars() {
        match character {
            '~' => out.push_str(r"\(ti"),
            '^' => out.push_str(r"\(ha"),
            '`' => out.push_str(r"\(ga"),
            character if character.is_ascii() => out.push(character),
            character => {
                out.push_str(&format!(r"\[u{:04X}]", u32::from(character)));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help::tests::HELP;

    #[test]
    fn a_page_has_the_sections_of_a_manual_and_every_example() {
        let mut root = Command::new("ssm-rec")
            .about("Records")
            .disable_help_subcommand(true)
            .subcommand(Command::new("one").about("Does one").after_help(HELP));
        root.build();
        let one = root.find_subcommand("one").unwrap();
        let page = text(one, &[&root]);
        let sections: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with(".SH"))
            .collect();
        assert_eq!(
            sections,
            [
                ".SH NAME",
                ".SH SYNOPSIS",
                ".SH DESCRIPTION",
                ".SH OPTIONS",
                ".SH EXAMPLES",
                ".SH \"SEE ALSO\""
            ]
        );
        assert!(page.contains("\nssm\\-rec\\-one \\- Does one\n"), "{page}");
        assert!(page.contains("\n\\fBssm\\-rec one | less\\fR\n"), "{page}");
        assert!(page.contains("\n\\fBssm\\-rec\\fR(1)\n"), "{page}");
    }

    #[test]
    fn what_roff_would_change_is_named() {
        assert_eq!(exact("~/a ^] `b` …"), r"\(ti/a \(ha] \(gab\(ga \[u2026]");
    }
}

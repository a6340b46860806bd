//! Commands that are known already, and the output that is told for each.
//!
//! Nothing here finds a command: each step that accepts one says so.

use super::*;

/// Output, and the command that is accepted at its end.
type Step = (&'static str, Option<&'static str>);

/// Prompt, command, and the output below it.
type Section = (&'static str, &'static str, &'static [&'static str]);

fn check(steps: &[Step], expected: &[Section]) {
    let (mut offset, mut commands) = (0, Vec::new());
    for (output, command) in steps {
        offset += output.len() as u64;
        commands.extend(command.map(|text| Command {
            text: text.to_owned(),
            output: (offset, offset),
            ..Command::default()
        }));
    }
    let all: String = steps.iter().map(|(output, _)| *output).collect();
    let whole = [all.as_str()];
    let steps: Vec<&str> = steps.iter().map(|(output, _)| *output).collect();
    // In one piece, and in several.
    for outputs in [&whole[..], &steps[..]] {
        let mut sections = Sections::new(Size { cols: 20, rows: 4 }, commands.clone());
        let mut pieces = Vec::new();
        for output in outputs {
            sections.output(Duration::ZERO, output, &mut pieces);
        }
        sections.finish(&mut pieces);
        let mut found = vec![(String::new(), String::new(), Vec::new())];
        for piece in pieces {
            match piece {
                Piece::Command {
                    command,
                    prompts,
                    right,
                } => {
                    let beside = [prompts, right].concat().join(" ");
                    found.push((beside, command.text, Vec::new()));
                }
                Piece::Output(lines) => found.last_mut().unwrap().2.extend(lines),
                Piece::FullScreen { .. } => found.last_mut().unwrap().2.push("<full>".into()),
            }
        }
        let found: Vec<(&str, &str, Vec<&str>)> = found
            .iter()
            .map(|(prompt, text, lines)| {
                let lines = lines.iter().map(String::as_str);
                (prompt.as_str(), text.as_str(), lines.collect())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(prompt, text, lines)| (*prompt, *text, lines.to_vec()))
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn what_stands_above_a_command_is_the_output_of_the_one_before() {
    check(
        &[
            (
                "welcome\r\n\x1b[32msh-5.2$\x1b[0m lx\x08 \x08s > a\r\n",
                Some("ls > a"),
            ),
            ("one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n\r\nsh-5.2$ ", None),
            ("exit\r\n", Some("exit")),
        ],
        &[
            ("", "", &["welcome"]),
            (
                "sh-5.2$",
                "ls > a",
                &["one", "two", "three", "four", "five"],
            ),
            ("sh-5.2$", "exit", &[]),
        ],
    );
}

#[test]
fn a_line_that_was_ended_before_it_was_accepted_is_the_one_above() {
    check(
        &[
            ("\x1b[?2004h$ make\r\n\x1b[?2004l", Some("make")),
            ("\rone\r\n\x1b[?2004h$ ls\x1b[?2004l", Some("ls")),
            ("\r\r\ntwo\r\n", None),
        ],
        &[
            ("", "", &[]),
            ("$", "make", &["one"]),
            ("$", "ls", &["", "two"]),
        ],
    );
}

#[test]
fn what_a_command_erases_moves_below_itself_or_leaves_on_the_other_screen_is_its_output() {
    check(
        &[
            ("$ make && clear\r\n", Some("make && clear")),
            ("one\r\ntwo\r\n\x1b[H\x1b[J$ menu\r\n", Some("menu")),
            ("a\r\nb\x1b[1;1H\x1b[K$ top\r\n", Some("top")),
            ("gone\x1b[?1049h\x1b[Hload 1", None),
        ],
        &[
            ("", "", &[]),
            ("$", "make && clear", &["one", "two"]),
            ("$", "menu", &["b"]),
            ("$", "top", &["gone", "<full>", "load 1"]),
        ],
    );
}

#[test]
fn long_and_several_lines_are_one_command() {
    check(
        &[
            (
                "$ echo 12345678901234567890\r\n",
                Some("echo 12345678901234567890"),
            ),
            (
                "out\r\n$ if true; then\r\n> ls; fi\r\n",
                Some("if true; then\nls; fi"),
            ),
            // A line editor that goes on in the next row itself.
            (
                "one\r\n$ echo abcdefghijklm\r\nnop\r\n",
                Some("echo abcdefghijklmnop"),
            ),
            (
                "two\r\n$ echo abcdefghijkl \r\nmno\r\n",
                Some("echo abcdefghijkl mno"),
            ),
            ("ls\r\n$ ls\r\nx\r\n", Some("ls")),
        ],
        &[
            ("", "", &[]),
            ("$", "echo 12345678901234567890", &["out"]),
            ("$ >", "if true; then\nls; fi", &["one"]),
            ("$", "echo abcdefghijklmnop", &["two"]),
            ("$", "echo abcdefghijkl mno", &["ls", "$ ls", "x"]),
            ("", "ls", &[]),
        ],
    );
}

#[test]
fn nothing_is_lost_of_a_command_that_stands_otherwise_on_the_screen() {
    check(
        &[
            ("out\r\n$ ls  12:00\r\n", Some("ls")),
            ("one\r\n> something else\r\n", Some("ls -l")),
            ("two\r\n", None),
        ],
        &[
            ("", "", &["out"]),
            ("$ 12:00", "ls", &["one", "> something else"]),
            ("", "ls -l", &["two"]),
        ],
    );
}

#[test]
fn a_full_screen_program_is_left_out() {
    check(
        &[
            ("$ vi\r\n", Some("vi")),
            ("\x1b[?1049h~\r\n~\r\n$ \x1b[?1049ldone\r\n$ ", None),
        ],
        &[("", "", &[]), ("$", "vi", &["<full>", "done", "$"])],
    );
}

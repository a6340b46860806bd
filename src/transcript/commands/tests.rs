//! Sessions as shells write them, key by key.
//!
//! Nothing here is a recording: what real shells do is compared in `examples/bench_commands`.

use std::time::Duration;

use bytes::Bytes;
use formats::asciicast::{Data, Header, Session};
use formats::derived::Command;
use formats::payload::{Acknowledge, Size};
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};
use uuid::Uuid;

use crate::transcript::deriver::Deriver;

/// What happens in a session, each step a tenth of a second after the one before.
#[derive(Clone, Copy)]
pub(super) enum Step<'a> {
    /// Each character is typed by itself, and echoed.
    Typed(&'a str),
    /// A key, and what comes of it.
    Key(&'a str),
    /// Output that no key caused, long after the last one.
    Output(&'a str),
    Resize(u16, u16),
    /// Ctrl-C, where keys are on record, and what comes of it.
    CtrlC(&'a str),
}

fn acknowledged(sequence_number: i64) -> Data {
    let payload = serde_json::to_vec(&Acknowledge {
        message_type: MessageType::InputStreamData.as_str().to_owned(),
        message_id: Uuid::nil(),
        sequence_number,
        is_sequential: true,
    });
    let payload = Bytes::from(payload.unwrap());
    Data::Message(TeedMessage {
        message_type: Some(MessageType::Acknowledge),
        sequence_number: 0,
        payload_type: PayloadType::NONE,
        clock_ms: 0,
        length: payload.len(),
        content: Content::Here(payload),
    })
}

pub(super) fn commands(cols: u16, steps: &[Step<'_>]) -> Vec<Command> {
    let mut header = Header {
        ssm: Some(Session::default()),
        ..Header::default()
    };
    header.term.cols = cols;
    header.term.rows = 24;
    let mut deriver = Deriver::new(&header);
    let (mut at, mut number) = (Duration::ZERO, 0);
    let mut event = |after: u64, data: Data| {
        at += Duration::from_millis(after);
        deriver.event(at, &data);
    };
    let mut key = || {
        number += 1;
        acknowledged(number)
    };
    for step in steps {
        match step {
            Step::Typed(text) => {
                for c in text.chars() {
                    event(100, key());
                    event(1, Data::Output(c.to_string()));
                }
            }
            Step::Key(output) => {
                event(100, key());
                event(1, Data::Output((*output).to_owned()));
            }
            Step::CtrlC(output) => {
                event(100, Data::Input("\x03".to_owned()));
                event(0, key());
                event(1, Data::Output((*output).to_owned()));
            }
            Step::Output(text) => event(2000, Data::Output((*text).to_owned())),
            Step::Resize(cols, rows) => event(
                100,
                Data::Resize(Size {
                    cols: *cols,
                    rows: *rows,
                }),
            ),
        }
    }
    deriver.finish().commands
}

/// A command with paste mode, typed and run.
fn run<'a>(text: &'a str, output: &'a str) -> [Step<'a>; 2] {
    [Typed(text), Key(output)]
}

fn check(cols: u16, steps: &[Step<'_>], expected: &[&str]) {
    let found = commands(cols, steps);
    let texts: Vec<&str> = found.iter().map(|command| command.text.as_str()).collect();
    assert_eq!(texts, expected, "{found:#?}");
}

use Step::{CtrlC, Key, Output, Resize, Typed};

#[test]
fn an_editor_that_ends_full_rows_itself_has_one_line() {
    check(
        20,
        &[
            Output("h:/srv$ \x1b[6n"),
            Key(""),
            Typed("echo one tw"),
            Key("o\r\r\n"),
            Typed("three"),
            Key("\r\none twothree\r\nh:/srv$ \x1b[6n"),
            Key(""),
            Typed("id"),
            Key("\r\nuid=0\r\nh:/srv$ \x1b[6n"),
        ],
        &["echo one twothree", "id"],
    );
}

#[test]
fn a_prompt_that_is_drawn_again_is_the_same_prompt() {
    check(
        41,
        &[
            Output("endh:/srv$ \x1b[6n"),
            Key(""),
            Key("\x1b[H\x1b[J\rh:/srv$ \x1b[J"),
            Typed("echo one two three four five si"),
            Key("x \r\r\n"),
            Typed("seven"),
            Key("\r\none\r\nh:/srv$ "),
        ],
        &["echo one two three four five six seven"],
    );
}

#[test]
fn full_rows_are_joined_however_many_there_are() {
    let filler = "x\r\n".repeat(30);
    check(
        20,
        &[
            Output(&filler),
            Output("h:/srv$ \x1b[6n"),
            Key(""),
            Typed("echo one tw"),
            Key("o\r\r\n"),
            Typed("three four five six"),
            Key("s\r\r\n"),
            Typed("even"),
            Key("\r\none two\r\nh:/srv$ \x1b[6n"),
        ],
        &["echo one twothree four five sixseven"],
    );
}

const PASTE: &str = "\x1b[?2004hops@h:/srv$ ";
const TAKEN: &str = "\r\n\x1b[?2004l\r";

#[test]
fn a_line_is_what_stood_there_when_it_was_taken() {
    let listed = format!("{TAKEN}a b\r\n{PASTE}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("ls x", ""));
    // Erased, typed again; the cursor in the middle at the end; given up; empty.
    steps.extend([
        Key("\x08\x1b[K"),
        Typed("y"),
        Key("\x08\x08\x08"),
        Key(&listed),
    ]);
    steps.extend([
        Key("\r(reverse-i-search)`': \x1b[K"),
        Key("\x08\x08\x08\x1b[16@g': \x1b[7mg\x1b[27mrep -c x f\x08\x08"),
        Key("\r\x1b[Kops@h:/srv$ grep -c x f\r\x1b[16C"),
    ]);
    steps.extend([
        Key(&listed),
        Typed("half"),
        Key("^C\x1b[?2004l\r"),
        Output(PASTE),
        Key(TAKEN),
        Output(PASTE),
    ]);
    check(60, &steps, &["ls y", "grep -c x f"]);
}

#[test]
fn what_only_output_shows_is_no_command() {
    let fake = format!(
        "{TAKEN}out\r\n{PASTE}rm -rf /{TAKEN}gone\r\n\x1b]133;A\x07$ \x1b]133;B\x07halt\r\n\x1b]133;C\x07x\r\n\x1b]133;D;0\x07{PASTE}"
    );
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("cat f", &fake));
    let done = format!("{TAKEN}1\r\n{PASTE}");
    steps.extend(run("id", &done));
    check(60, &steps, &["cat f", "id"]);
}

#[test]
fn what_was_typed_ahead_is_found_where_it_is_read() {
    let next = format!("{PASTE}pwd{TAKEN}/srv\r\n{PASTE}");
    let mut steps = vec![Output(PASTE)];
    let done = format!("{TAKEN}{PASTE}");
    steps.extend(run("true", &done));
    steps.extend(run("sleep 2", TAKEN));
    steps.extend([Typed("pwd"), Key("\r\n"), Output(&next)]);
    check(60, &steps, &["true", "sleep 2", "pwd"]);
    // A shell that leaves the echo to the terminal.
    let mut steps = vec![Output("$ ")];
    steps.extend(run("true", "\r\n$ "));
    steps.extend(run("sleep 2", "\r\n"));
    steps.extend([
        Typed("pwd"),
        Key("\r\n"),
        Typed("true"),
        Key("\r\n"),
        Output("$ /srv\r\n$ $ "),
    ]);
    steps.extend(run("id", "\r\nuid\r\n$ "));
    check(60, &steps, &["true", "sleep 2", "pwd", "true", "id"]);
}

#[test]
fn a_command_whose_first_keys_came_too_early_is_read_whole() {
    let done = format!("{TAKEN}{PASTE}");
    let waits = |begun: &str| format!("{begun}{PASTE}{begun}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("sleep 2", TAKEN));
    let first = waits("s");
    let second = waits("sud");
    // Twice the same is no prompt either.
    for (begun, rest) in [
        (&first, "udo id"),
        (&second, "o id"),
        (&second, "o reboot"),
        (&first, "udo id"),
    ] {
        steps.extend([Output(begun), Typed(rest), Key(&done)]);
        steps.extend(run("sleep 2", TAKEN));
    }
    check(
        60,
        &steps,
        &[
            "sleep 2",
            "sudo id",
            "sleep 2",
            "sudo id",
            "sleep 2",
            "sudo reboot",
            "sleep 2",
            "sudo id",
            "sleep 2",
        ],
    );
}

#[test]
fn a_shell_without_an_editor_does_not_show_again_what_was_typed_ahead() {
    let back = "\r\nx\r\n$ ";
    let mut steps = vec![Output("$ ")];
    steps.extend(run("sleep 2", "\r\n"));
    for (begun, rest) in [("s", "udo id"), ("sud", "o reboot"), ("s", "udo id")] {
        steps.extend([Typed(begun), Output("$ "), Typed(rest), Key(back)]);
        steps.extend(run("sleep 2", "\r\n"));
    }
    check(
        60,
        &steps,
        &[
            "sleep 2",
            "sudo id",
            "sleep 2",
            "sudo reboot",
            "sleep 2",
            "sudo id",
            "sleep 2",
        ],
    );
}

#[test]
fn a_paste_of_several_lines_is_several_commands() {
    let pasted = format!("id{TAKEN}");
    let rest = format!("0\r\n{PASTE}pwd{TAKEN}/srv\r\n{PASTE}");
    let done = format!("{TAKEN}{PASTE}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("true", &done));
    steps.extend([Key(&pasted), Output(&rest)]);
    check(60, &steps, &["true", "id", "pwd"]);
}

#[test]
fn answers_to_questions_are_no_commands() {
    let asked = format!("{TAKEN}Continue? [y/N] ");
    let secret = format!("{TAKEN}Password: ");
    let back = format!("\r\n{PASTE}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("apt install x", &asked));
    steps.extend(run("y", &back));
    steps.extend(run("su", &secret));
    steps.extend([Key(""), Key(""), Key(&back)]);
    steps.extend(run("cat > f", TAKEN));
    steps.extend(run("$ fake", "\r\n"));
    steps.extend([Key(PASTE)]);
    check(60, &steps, &["apt install x", "su", "cat > f"]);
}

#[test]
fn lines_that_go_on_are_one_command() {
    let more = format!("{TAKEN}\x1b[?2004h> ");
    let done = format!("{TAKEN}1\r\n{PASTE}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("for i in 1; do", &more));
    steps.extend(run("echo $i", &more));
    steps.extend(run("done", &done));
    steps.extend(run("id", &done));
    check(60, &steps, &["for i in 1; do\necho $i\ndone", "id"]);
}

#[test]
fn a_right_prompt_and_one_that_is_drawn_anew_are_no_text() {
    let right = "\x1b[?2004h~ % \x1b[s\x1b[50C12:01\x1b[u";
    // On its way out the prompt becomes a short one.
    let done = "\r\x1b[K> ls\x1b[?2004l\r\r\nfile\r\n\x1b[?2004h~ % \x1b[s\x1b[50C12:02\x1b[u";
    let mut steps = vec![Output(right)];
    steps.extend(run("ls", done));
    steps.extend(run("id", "\x1b[?2004l\r\r\nuid\r\n"));
    check(60, &steps, &["ls", "id"]);
}

#[test]
fn what_prints_over_a_line_is_no_part_of_it() {
    let done = format!("{TAKEN}abcd\r\n{PASTE}");
    check(
        60,
        &[
            Output(PASTE),
            Typed("echo ab"),
            Output("FROM BEHIND\r\n"),
            Typed("cd"),
            Key(&done),
        ],
        &["echo abcd"],
    );
}

#[test]
fn another_size_of_the_window_in_mid_line_changes_nothing() {
    let done = format!("{TAKEN}{PASTE}");
    check(
        40,
        &[
            Output(PASTE),
            Typed("echo one two three four"),
            Resize(20, 10),
            Output("\r\x1b[K\x1b[A\r\x1b[Kops@h:/srv$ echo one two three four"),
            Typed(" five"),
            Key(&done),
        ],
        &["echo one two three four five"],
    );
}

#[test]
fn marks_tell_status_and_directory_and_contradictions_are_shown() {
    let prompt =
        "\x1b]133;D;3\x07\x1b]7;file://h/srv/a%20b\x07\x1b]133;A\x07\x1b[?2004h$ \x1b]133;B\x07";
    let lying = format!("\r\n\x1b[?2004l\r\x1b]133;C\x07x\r\n\x1b]133;D;0\x07{prompt}");
    let mut steps = vec![Output(prompt)];
    steps.extend(run("false", &lying));
    steps.extend([
        Typed("ha"),
        Key("^C\x1b[?2004l\r"),
        Output("\x1b]133;D;130\x07\x1b[?2004h$ "),
    ]);
    let found = commands(60, &steps);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].exit, Some(3));
    assert_eq!(found[0].cwd.as_deref(), Some("/srv/a b"));
    assert_eq!(found[0].claims[0].value, "0");
}

#[test]
fn what_a_marking_shell_did_not_mark_was_given_up() {
    // As zsh does on Ctrl-C: nothing else tells it from a line that was run.
    let prompt = "\x1b]133;D;0\x07\x1b[?2004hh% \x1b]133;B\x07";
    let taken = format!("\x1b[?2004l\r\r\n\x1b]133;C\x07x\r\n{prompt}");
    let given_up = format!("\x1b[?2004l\r\r\n{prompt}");
    let mut steps = vec![Output(prompt)];
    steps.extend(run("one", &taken));
    steps.extend(run("half", &given_up));
    steps.extend(run("two", &taken));
    check(60, &steps, &["one", "two"]);
}

#[test]
fn where_keys_are_on_record_what_ctrl_c_ended_was_given_up() {
    let silent = format!("\x1b[?2004l\r\r\n{PASTE}");
    let done = format!("{TAKEN}{PASTE}");
    let mut steps = vec![Output(PASTE), Typed("half"), CtrlC(&silent)];
    steps.extend(run("one", &done));
    // An editor that goes on below, in the same reading.
    steps.extend([Typed("half"), CtrlC("^C\r\nops@h:/srv$ ")]);
    steps.extend(run("two", &done));
    check(60, &steps, &["one", "two"]);
}

#[test]
fn programs_within_programs_are_told_by_their_prompts() {
    let mut steps = vec![Output(PASTE)];
    let inner = format!("{TAKEN}>>> ");
    steps.extend(run("python3", &inner));
    steps.extend(run("1+1", "\r\n2\r\n>>> "));
    let back = format!("\r\n{PASTE}");
    steps.extend(run("exit()", &back));
    let done = format!("{TAKEN}0\r\n{PASTE}");
    steps.extend(run("id", &done));
    let found = commands(60, &steps);
    let contexts: Vec<String> = found
        .iter()
        .map(|command| command.context.join(" "))
        .collect();
    assert_eq!(contexts, ["shell", "shell python", "shell python", "shell"]);
    // Each ends with the prompt behind it, and so does its output.
    let took = |command: &Command| command.end.unwrap() - command.start;
    assert!(
        found[1..].iter().all(|command| took(command) < 5),
        "{found:#?}"
    );
    // But what started a program ends with it.
    assert_eq!(found[0].end, found[2].end);
    let output = found[1].output;
    assert_eq!(output.1 - output.0, "2\r\n".len() as u64, "{found:#?}");
}

#[test]
fn other_screens_are_left_alone() {
    let editor = format!("{TAKEN}\x1b[?1049h\x1b[2J$ ");
    let back = format!("\x1b[?1049l{PASTE}");
    let mut steps = vec![Output(PASTE)];
    steps.extend(run("vim", &editor));
    steps.extend(run("rm -rf /", "\r\n$ "));
    steps.push(Key(&back));
    check(60, &steps, &["vim"]);
}

#[test]
fn keys_at_a_line_of_a_whole_screen_come_to_an_end() {
    let line = format!("$ {}", "y".repeat(20_000));
    let mut steps = vec![Output(&line)];
    steps.resize(50_000, Key(""));
    assert_eq!(commands(1000, &steps).len(), 0);
}

#[test]
fn nothing_of_a_hostile_session_costs_more_than_its_length() {
    for bomb in [
        "\x1b[?2004h\x1b[?2004l".repeat(50_000),
        "\x1b]133;A\x07$ \x1b]133;B\x07x\r\n\x1b]133;C\x07".repeat(20_000),
        "\x1b[?2004h".to_owned() + &"x\r\n".repeat(200_000),
        format!("\x1b]633;E;{}", "x".repeat(1_000_000)),
        "$ ".repeat(200_000),
    ] {
        let mut steps = vec![Output(PASTE)];
        steps.extend(run("id", &bomb));
        assert!(commands(200, &steps).len() < 10, "{bomb:.20?}");
    }
}

#[test]
fn what_cannot_be_followed_is_not_told_as_all_there_was() {
    for (times, is_cut) in [(1, false), (5000, true)] {
        let mut header = Header::default();
        (header.term.cols, header.term.rows) = (400, 100);
        let mut deriver = Deriver::new(&header);
        let clears = "x\x1b[2J".repeat(100 * times);
        deriver.event(Duration::ZERO, &Data::Output(clears));
        assert_eq!(deriver.finish().is_cut, is_cut);
    }
}

//! `ssm-rec play` in a terminal: a recording drawn in a window, with everything a reviewer does there.
//!
//! Nothing here looks at bytes where a person would look at a screen, but where it is the bytes that must be harmless.

use std::fs;

use loopback::Options;
use loopback::pty::Pty;

use super::rig::Rig;

const HEADER: &str =
    "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24},\"timestamp\":1764500000}\n";

fn rig() -> Rig {
    Rig::new(Options::quick())
}

/// A line of output every second on a cleared screen, and a marker half a second after each tenth.
fn lines(count: u32) -> String {
    let mut text = String::from(HEADER);
    for n in 1..=count {
        let wait = if n % 10 == 1 && n > 1 { 0.5 } else { 1.0 };
        let clear = "\\u001b[H\\u001b[2J";
        text.push_str(&format!("[{wait}, \"o\", \"{clear}line {n}.\"]\n"));
        if n % 10 == 0 {
            text.push_str(&format!("[0.5, \"m\", \"mark {n}\"]\n"));
        }
    }
    text
}

fn shows(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows.join("\n").contains(text));
}

/// The last row.
fn bar(terminal: &mut Pty) -> String {
    terminal.rows().pop().unwrap_or_default()
}

#[test]
fn keys_go_where_a_reviewer_wants_and_the_terminal_is_as_before() {
    let rig = rig();
    let cast = rig.file("a.cast", lines(100));
    let mut terminal = rig.terminal(&["play", &cast]);
    shows(&mut terminal, "line 1.");
    assert!(!terminal.is_cooked());
    for (keys, expected) in [
        (" ", "‖"),
        ("\x1b[A", "line 6"),
        ("5", "line 50."),
        (".", "line 51."),
        (".", "line 52."),
        (",", "line 51."),
        ("]", "line 60."),
        ("[", "line 50."),
        (":12\r", "line 12."),
        (":+8s\r", "line 20."),
        ("\x1b[C", "line 25."),
        ("\x1b[1;2C", "line 85."),
        ("\x1b[D", "line 80."),
        ("++", "4x"),
        ("-", "2x"),
        ("t", "2025-11-30 10:54:40Z"),
        ("G", "■ end"),
        ("G", "line 100."),
        ("h", "keys"),
        ("q", "line 100."),
        ("c", "commands"),
        ("q", "line 100."),
        ("g", "line"),
    ] {
        terminal.type_keys(keys);
        shows(&mut terminal, expected);
    }
    // The program was started in a terminal of its own: there is nobody who would continue it.
    terminal.type_keys("\x1a");
    shows(&mut terminal, "no shell to go back to");
    // What a terminal answers, and keys of others, are neither a pause nor the end.
    terminal.type_keys("\x1b[24;80R\x1b[?1;2c\x1b[200~x");
    terminal.type_keys(":61\r");
    shows(&mut terminal, "line 61.");
    terminal.type_keys("q");
    terminal.wait_for("ssm-rec: left");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
}

#[test]
fn the_end_is_stayed_at_and_told_when_it_is_left() {
    let rig = rig();
    let cast = rig.file("a.cast", format!("{HEADER}[0.1, \"o\", \"all of it\"]\n"));
    let mut terminal = rig.terminal(&["play", &cast]);
    shows(&mut terminal, "all of it");
    shows(&mut terminal, "■ end");
    terminal.type_keys("q");
    terminal.wait_for("ssm-rec: end of");
    assert_eq!(terminal.wait(), 0);
    let mut terminal = rig.terminal(&["play", "--quit-at-end", &cast]);
    terminal.wait_for("ssm-rec: end of");
    assert_eq!(terminal.wait(), 0);
    let cut = rig.file(
        "cut.cast",
        format!("{HEADER}[0.1, \"o\", \"a\"]\n[0.1, \"o\", \"lo"),
    );
    let mut terminal = rig.terminal(&["play", &cut]);
    shows(&mut terminal, "■ end");
    terminal.type_keys("q");
    terminal.wait_for("is cut short");
    assert_eq!(terminal.wait(), 3);
}

/// What programs and hostile hosts send to do something to a terminal.
const HOSTILE: &[&str] = &[
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]0;title\x07",
    "\x1b]2;title\x1b\\",
    "\x1b]9;notification\x07",
    "\x1b]777;notify;a;b\x07",
    "\x1b]99;;kitty\x1b\\",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]4;1;#ff0000\x07\x1b]10;?\x07\x1b]11;#000000\x07\x1b]104\x07",
    "\x1b]50;font\x07\x1b]1337;File=inline=1:AAAA\x07",
    "\x1b[5iprinted\x1b[4i",
    "\x1b[8;10;10t\x1b[3;0;0t\x1b[2t\x1b[21t\x1b[14t",
    "\x1b[c\x1b[>c\x1b[=c\x1b[5n\x1b[6n\x1b[?6n\x1b[x",
    "\x1b[>1u\x1b[=31;1u\x1b[?u",
    "\x1b[>4;2m\x1b[>4m",
    "\x1b[?9001h",
    "\x1b[?1000h\x1b[?1002h\x1b[?1003h\x1b[?1004h\x1b[?1006h\x1b[?2004h\x1b[?2026h\x1b[?2031h",
    "\x1b[?1049h\x1b[?47h\x1b[?1047h",
    "\x1b[?25l\x1b[?7l\x1b[?5h\x1b[?3h\x1b[4h\x1b[20h\x1b[12h",
    "\x1b=\x1b>\x1b[?1h\x1b[?66h",
    "\x1bP$qm\x1b\\\x1bP+q544e\x1b\\\x1bP>|x\x1b\\\x1bPq#0;2;0;0;0~~\x1b\\",
    "\x1b_Gi=1,a=T;AAAA\x1b\\\x1b^privacy\x1b\\\x1bXstart\x1b\\",
    "\x1b(0lqk\x1b(B\x0e\x0f\x1bn\x1bo",
    "\x1bc\x1b[!p\x1b#8\x1b#3",
    "\x1b[2;5r\x1b[?6h\x1b[?69h\x1b[5;10s",
    "\u{9b}31m\u{9d}0;c1\u{9c}\u{90}q\u{9c}",
    "\x07\x05\x00\x7f\u{202e}reversed\u{2066}\u{200b}\u{feff}",
    "\x1b[1 q\x1b[?12h\x1b[0 q\x1b]12;red\x07",
    "\x1b[6 p\x1b[$p\x1b[?1$p\x1b[62;1\"p",
    "half a sequence \x1b]0;",
];

/// What may come: moves, erasing, scrolling, style, and our own use of the window.
fn harmless(shown: &str) -> Result<(), String> {
    let mut rest = shown;
    while let Some(at) = rest.find(|c: char| c.is_control()) {
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix(['\r', '\n']) {
            rest = behind;
            continue;
        }
        let ours = [
            "?1049h", "?1049l", "?25h", "?25l", "?1000h", "?1000l", "?1002h", "?1002l", "?1006h",
            "?1006l", "?2026h", "?2026l",
        ];
        let sequence = rest
            .strip_prefix("\x1b[")
            .ok_or_else(|| format!("{:?}", &rest[..8.min(rest.len())]))?;
        let end = sequence
            .find(|c: char| ('@'..='~').contains(&c))
            .ok_or("no end")?
            + 1;
        let sequence = &sequence[..end];
        let (parameters, last) = sequence.split_at(end - 1);
        let is_plain = parameters.chars().all(|c| c.is_ascii_digit() || c == ';')
            && matches!(last, "m" | "H" | "K" | "J" | "C" | "D" | "r" | "S" | "T");
        if !is_plain && !ours.contains(&sequence) {
            return Err(format!("{sequence:?}"));
        }
        rest = &rest[2 + end..];
    }
    match shown.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']) {
        true => Err("text that turns round".to_owned()),
        false => Ok(()),
    }
}

#[test]
fn nothing_of_a_recording_reaches_the_terminal_but_text_and_its_look() {
    let rig = rig();
    let mut text = String::from(HEADER);
    for hostile in HOSTILE {
        let output = serde_json::to_string(&format!("{hostile}seen\r\n")).unwrap();
        text.push_str(&format!("[0.01, \"o\", {output}]\n"));
    }
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let marker = serde_json::to_string(hostile).unwrap();
        text.push_str(&format!("[0.01, \"m\", {marker}]\n"));
        if number == 7 {
            text.push_str("[0.01, \"r\", \"30x9\"]\n");
        }
    }
    let cast = rig.file("hostile.cast", text);
    for arguments in [&["play", &cast][..], &["play", "--fit", "--no-bar", &cast]] {
        let mut terminal = rig.terminal(arguments);
        terminal.wait_for("seen");
        terminal.type_keys("G");
        terminal.type_keys("/seen\r");
        std::thread::sleep(std::time::Duration::from_millis(500));
        terminal.type_keys("T");
        std::thread::sleep(std::time::Duration::from_millis(500));
        terminal.type_keys("q");
        terminal.type_keys("cqfqhq");
        terminal.type_keys("\x03");
        assert_eq!(terminal.wait(), 0);
        let shown = String::from_utf8(terminal.shown()).unwrap();
        assert_eq!(harmless(&shown), Ok(()), "{arguments:?}");
        for (set, reset) in [
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?1000h", "\x1b[?1000l"),
            ("\x1b[?1002h", "\x1b[?1002l"),
            ("\x1b[?1006h", "\x1b[?1006l"),
            ("\x1b[?2026h", "\x1b[?2026l"),
        ] {
            let last_set = shown.rfind(set);
            assert!(
                last_set.is_none() || shown.rfind(reset) > last_set,
                "{set:?}"
            );
        }
    }
}

#[test]
fn whatever_ends_it_the_terminal_is_given_back() {
    let rig = rig();
    let cast = rig.file("a.cast", lines(100));
    for (signal, status) in [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)] {
        let mut terminal = rig.terminal(&["play", &cast]);
        shows(&mut terminal, "line 1.");
        terminal.type_keys("/text that is typed");
        let killed = std::process::Command::new("kill")
            .args(["-s", signal, &terminal.process_id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
        assert_eq!(terminal.wait(), status, "{signal}");
        assert!(terminal.is_cooked(), "{signal}");
        if signal != "HUP" {
            let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
            assert!(shown.contains("\x1b[?1049l"), "{signal}");
        }
    }
}

#[test]
fn a_window_of_another_size_shows_a_frame_or_a_part_and_follows_a_resize() {
    let rig = rig();
    let mut text = String::from("{\"version\":3,\"term\":{\"cols\":40,\"rows\":10}}\n");
    let rows: Vec<String> = (1..=10)
        .map(|n| format!("row {n} {}", "x".repeat(30)))
        .collect();
    let output = serde_json::to_string(&rows.join("\r\n")).unwrap();
    text.push_str(&format!("[0.1, \"o\", {output}]\n"));
    let cast = rig.file("a.cast", text);
    let mut terminal = rig.terminal(&["play", &cast]);
    terminal.wait_until("a frame", |rows| {
        rows[9].starts_with("row 10") && rows[9].ends_with('│') && rows[10].ends_with('┘')
    });
    for (cols, rows) in [(30, 10), (200, 60), (20, 5), (80, 24), (1, 1), (60, 12)] {
        terminal.resize(cols, rows);
        if rows >= 5 {
            terminal.wait_until("the row with the cursor", |shown| {
                shown.len() == usize::from(rows) && shown.iter().any(|row| row.contains("xxx"))
            });
        }
    }
    terminal.resize(30, 8);
    terminal.wait_until("the part with the cursor", |rows| {
        rows[6].ends_with('x') && rows[7].ends_with("of 40x10")
    });
    terminal.type_keys("KKKHHH");
    terminal.wait_until("another part", |rows| rows[0].starts_with("row 1 "));
    terminal.type_keys("z");
    terminal.wait_until("all of it", |rows| rows[0].starts_with('r'));
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_window_of_the_recorded_size_is_asked_for_and_given_back() {
    let rig = rig();
    let cast = rig.file("a.cast", lines(2));
    let mut terminal = rig.terminal(&["play", "--resize", &cast]);
    terminal.wait_for("\x1b[8;27;80t");
    shows(&mut terminal, "line 1.");
    terminal.type_keys("q");
    terminal.wait_for("\x1b[?1049l");
    terminal.wait_for("\x1b[8;24;80t");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn what_was_shown_is_searched_and_gone_to() {
    let rig = rig();
    let cast = rig.file("a.cast", lines(100));
    let mut terminal = rig.terminal(&["play", &cast]);
    shows(&mut terminal, "line 1.");
    terminal.type_keys(" /LINE 7\\d\r");
    shows(&mut terminal, "not shown");
    terminal.type_keys("/line 7\\d\r");
    shows(&mut terminal, "line 70.");
    for (key, expected) in [("n", "line 71."), ("n", "line 72."), ("N", "line 71.")] {
        terminal.type_keys(key);
        shows(&mut terminal, expected);
    }
    shows(&mut terminal, "2 of 10");
    terminal.type_keys("/(\r");
    shows(&mut terminal, "unclosed");
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_note_stays_beside_the_recording_and_a_moment_has_a_name() {
    let rig = rig();
    let cast = rig.file("a.cast", lines(100));
    let before = fs::read(&cast).unwrap();
    let mut terminal = rig.terminal(&["play", &format!("{cast}@42")]);
    shows(&mut terminal, "line 42.");
    terminal.type_keys(" mwhat is this\r");
    shows(&mut terminal, "noted at 00:42");
    terminal.type_keys("y");
    // `a.cast@00:42`
    terminal.wait_for("\x1b]52;c;YS5jYXN0QDAwOjQy\x07");
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
    assert_eq!(fs::read(&cast).unwrap(), before);
    let notes = fs::read_to_string(format!("{cast}.notes.jsonl")).unwrap();
    assert!(notes.contains("what is this"), "{notes}");
    let mut terminal = rig.terminal(&["play", &cast]);
    shows(&mut terminal, "line 1.");
    terminal.type_keys(" ]");
    shows(&mut terminal, "line 10.");
    terminal.type_keys("]]]]");
    shows(&mut terminal, "line 42.");
    shows(&mut terminal, "note: what is this");
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn several_recordings_come_one_after_the_other() {
    let rig = rig();
    let first = rig.file(
        "first.cast",
        format!("{HEADER}[0.1, \"o\", \"the first\"]\n"),
    );
    let second = rig.file(
        "second.cast",
        format!("{HEADER}[0.1, \"o\", \"the second\"]\n"),
    );
    let mut terminal = rig.terminal(&["play", &first, &second]);
    shows(&mut terminal, "the second");
    terminal.type_keys("\x1b[Z");
    shows(&mut terminal, "the first");
    shows(&mut terminal, "1 of 2");
    terminal.type_keys("\t");
    shows(&mut terminal, "2 of 2");
    terminal.type_keys("\t");
    shows(&mut terminal, "this is the last");
    assert!(bar(&mut terminal).contains("last"));
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn a_session_of_ours_tells_what_it_is_worth() {
    let rig = rig();
    let run = rig.run_with(
        &["start", "i-0abc", "--reason", "ticket-42"],
        b"echo he''llo\n",
    );
    assert_eq!(run.status(), 0, "{}", run.err());
    let recording = rig.recording();
    let mut terminal = rig.terminal(&["play", &recording.display().to_string()]);
    shows(&mut terminal, "sound, unsigned");
    terminal.type_keys("G");
    shows(&mut terminal, "■ end");
    terminal.type_keys("f");
    shows(&mut terminal, "output_stream_data");
    terminal.type_keys("q");
    shows(&mut terminal, "hello");
    terminal.type_keys("q");
    assert_eq!(terminal.wait(), 0);
}

#[test]
fn from_where_a_recording_is_altered_it_is_red_and_said_at_once() {
    let rig = rig();
    let run = rig.run_with(&["start", "i-0abc"], b"seq 1 200000\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let mut bytes = fs::read(rig.recording()).unwrap();
    let place = bytes.len() * 3 / 5;
    bytes[place] ^= 1;
    let path = rig.file("other.cast.zst", bytes);
    let mut terminal = rig.terminal(&["play", &path]);
    shows(&mut terminal, "ALTERED: ");
    shows(&mut terminal, "proved up to");
    shows(&mut terminal, "■ end");
    // White on red, from there on and not before.
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(shown.contains(";97;41m"), "{shown:?}");
    terminal.type_keys("q");
    terminal.wait_for("is damaged after");
    assert_eq!(terminal.wait(), 4);
}

#[test]
fn raw_bytes_go_through_for_who_wants_them() {
    let rig = rig();
    let cast = rig.file("a.cast",
        format!(
            "{HEADER}[0.1, \"o\", \"\\u001b]0;title\\u0007\\u001b[>1u\\u001b[?1049hfull\"]\n[9, \"o\", \"x\"]\n"
        ),
    );
    let mut terminal = rig.terminal(&["play", "--raw", &cast]);
    terminal.wait_for("\x1b]0;title\x07\x1b[>1u\x1b[?1049hfull");
    terminal.type_keys("\x1b[113u");
    terminal.wait_for("\x1b[=0u");
    terminal.wait_for("\x1b[?1049l");
    terminal.wait_for("ssm-rec: left");
    assert_eq!(terminal.wait(), 0);
}

//! Redaction of whole recordings.
//!
//! Nothing here looks into the machines: a recording goes in, an export comes out, and the secret is in none of it.

mod bounds;

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use formats::asciicast::{Data, Encoder, Event, Header, Reader, Session, Term};
use formats::lines::PlainLines;
use formats::sealed::NoKey;
use formats::tee::{Content, TeedMessage};
use formats::utf8::Utf8Joiner;
use formats::{MessageType, PayloadType};
use proptest::prelude::*;

use super::super::{Format, Options, Report, export};
use super::{Patterns, Secrets};
use crate::screen::{Emulator, Size};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// To compile them takes long in a test build.
static SECRETS: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new([""; 0], Secrets::Known).unwrap());
const SIZE: Size = Size { cols: 30, rows: 6 };

fn header() -> Header {
    Header {
        version: 3,
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ssm: Some(Session {
            session_id: "me-0a1b".into(),
            target: "i-0abc".into(),
            ..Session::default()
        }),
        ..Header::default()
    }
}

fn recording(header: &Header, data: &[Data]) -> Vec<u8> {
    let (mut encoder, mut text) = (Encoder::default(), Vec::new());
    encoder.header(header, &mut text);
    for (number, data) in data.iter().enumerate() {
        encoder.event(Duration::from_millis(number as u64), data, &mut text);
    }
    text
}

fn redact(text: &[u8], format: Format, expressions: &[&str]) -> (String, Report) {
    let options = Options {
        format,
        with_frames: true,
        from: Duration::ZERO,
        to: None,
        idle_time_limit: None,
        patterns: Some(if expressions.is_empty() {
            SECRETS.clone()
        } else {
            Patterns::new(expressions, Secrets::None).unwrap()
        }),
    };
    let mut out = Vec::new();
    let report = export(|| Ok(text), &NoKey, &mut out, &options).unwrap();
    (String::from_utf8(out).unwrap(), report)
}

fn outputs(text: &str) -> String {
    Reader::open(PlainLines::new(text.as_bytes()))
        .unwrap()
        .filter_map(|event| match event.unwrap().data {
            Data::Output(text) => Some(text),
            _ => None,
        })
        .collect()
}

fn shown(output: &str) -> Vec<String> {
    let mut screen = Emulator::with_scrollback(SIZE, 10_000);
    screen.feed(output);
    screen.screen().all_lines().map(avt::Line::text).collect()
}

/// What the pieces show, redacted.
fn check(pieces: &[&str], expected: &str) {
    let data: Vec<_> = pieces
        .iter()
        .map(|piece| Data::Output((*piece).to_owned()))
        .collect();
    let (cast, _) = redact(&recording(&header(), &data), Format::Cast, &[]);
    assert_eq!(outputs(&cast), expected);
}

#[test]
fn a_secret_in_one_piece() {
    check(&["id ", KEY, " ok\r\n"], "id ******************** ok\r\n");
}

#[test]
fn a_secret_echoed_key_by_key_in_colors() {
    let pieces: Vec<String> = KEY.chars().map(|c| format!("\x1b[3{}m{c}", 1)).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    check(&pieces, &"\x1b[31m*".repeat(20));
}

#[test]
fn a_secret_with_a_key_mistyped_and_taken_back() {
    let (head, tail) = KEY.split_at(9);
    check(
        &["$ ", head, "x", "\x08\x1b[K", tail, "\r\n"],
        &format!("$ {}x\x08\x1b[K{}\r\n", "*".repeat(9), "*".repeat(11)),
    );
}

#[test]
fn a_secret_completed_in_its_middle() {
    // The editor draws what is behind the new key again, as readline does.
    let (head, tail) = KEY.split_at(9);
    let back = "\x08".repeat(tail.len() - 1);
    check(
        &["$ ", head, &tail[1..], &back, tail, &back],
        &format!(
            "$ {}{}{back}{}{back}",
            "*".repeat(9),
            // The first drawing was no secret yet, and what stood there was drawn over.
            &tail[1..],
            "*".repeat(11)
        ),
    );
}

#[test]
fn a_secret_drawn_again_before_it_was_complete() {
    let (head, tail) = KEY.split_at(12);
    let (cast, _) = redact(
        &recording(
            &header(),
            &[
                Data::Output(format!("$ {head}\r\n\x1b[H\x1b[2J$ {head}{tail}\r\n")),
                Data::Output(format!("secret_key={}", &SECRET[..25])),
                Data::Output(format!("\r\x1b[Ksecret_key={SECRET}\r\n")),
            ],
        ),
        Format::Cast,
        &[],
    );
    for part in [KEY, SECRET, &SECRET[..12]] {
        assert!(!cast.contains(part), "{cast}");
    }
}

#[test]
fn a_secret_wrapped_by_the_terminal_or_by_the_program() {
    check(
        &["123456789012345678901234 AKIAIOSFODNN7EXAMPLE"],
        "123456789012345678901234 ********************",
    );
    check(
        &["\x1b[1;26HAKIAI\x1b[2;1HOSFODNN7EXAMPLE"],
        "\x1b[1;26H*****\x1b[2;1H***************",
    );
}

#[test]
fn a_secret_drawn_by_moving_the_cursor() {
    check(
        &["\x1b[3;11HDNN7EXAMPLE", "\x1b[3;2HAKIAIOSFO"],
        "\x1b[3;11H***********\x1b[3;2H*********",
    );
}

#[test]
fn a_secret_whose_beginning_was_pushed_or_is_on_a_screen_of_another_size_or_beside_a_frame() {
    check(
        &["AKIALE\x1b[5G\x1b[14@IOSFODNN7EXAMP"],
        "******\x1b[5G\x1b[14@**************",
    );
    check(
        &["\x1b(0x\x1b(BAKIAIOSFODNN\x1b[14G\x0e7\x0fEXAMPLE"],
        "\x1b(0x\x1b(B************\x1b[14G\x0e*\x0f*******",
    );
    let (cols, rows) = (5000, 6);
    let data = [
        Data::Output("AKIAIOSFO".into()),
        Data::Resize(Size { cols, rows }),
        Data::Output("\x1b[1;10HDNN7EXAMPLE".into()),
    ];
    let (cast, _) = redact(&recording(&header(), &data), Format::Cast, &[]);
    assert_eq!(outputs(&cast), "*********\x1b[1;10H***********");
}

#[test]
fn a_secret_printed_and_erased_at_once() {
    check(
        &[&format!("{KEY}\r\x1b[Kgone\r\n")],
        "********************\r\x1b[Kgone\r\n",
    );
    check(
        &[&format!("\x1b[?1049h\x1b[H{KEY}\x1b[?1049l")],
        "\x1b[?1049h\x1b[H********************\x1b[?1049l",
    );
}

#[test]
fn a_secret_behind_a_tab_belongs_to_the_command_above() {
    check(
        &["$ wg show wg0 preshared-keys\r\nabcdefgh\tx7k2p9q4m1\r\n$ "],
        "$ wg show wg0 preshared-keys\r\nabcdefgh\t**********\r\n$ ",
    );
}

#[test]
fn a_secret_that_scrolls_by_in_one_event() {
    let text = format!("{}{KEY}\r\n{}", "a\r\n".repeat(50), "b\r\n".repeat(900));
    check(&[&text], &text.replace(KEY, &"*".repeat(20)));
    // A single line longer than the screen and what is kept above it.
    let text = format!("{0} {KEY} {0}", "x y ".repeat(10_000));
    check(&[&text], &text.replace(KEY, &"*".repeat(20)));
}

#[test]
fn a_secret_in_a_title_a_link_or_the_clipboard() {
    use base64::Engine;
    check(
        &["\x1b]0;aws ", KEY, "\x07$ "],
        "\x1b]0;aws ********************\x07$ ",
    );
    check(
        &["\x1b]8;;https://me:hunter2@x.org\x1b\\x\x1b]8;;\x1b\\"],
        "\x1b]8;;https://me:*******@x.org\x1b\\x\x1b]8;;\x1b\\",
    );
    let copied = base64::engine::general_purpose::STANDARD.encode(format!("key {KEY}"));
    let (cast, _) = redact(
        &recording(
            &header(),
            &[Data::Output(format!("\x1b]52;c;{copied}\x07"))],
        ),
        Format::Cast,
        &[],
    );
    assert_eq!(
        outputs(&cast),
        format!("\x1b]52;**{}\x07", "*".repeat(copied.len()))
    );
}

#[test]
fn what_was_found_is_found_where_nothing_tells_its_form() {
    let data = [
        Data::Output(format!("{SECRET}\r\n")),
        Data::Input(format!("echo {SECRET}\r")),
        Data::Marker(SECRET.into()),
        Data::Output(format!("aws_secret_access_key = {SECRET}\r\n")),
    ];
    for format in [
        Format::Cast,
        Format::CastV2,
        Format::JsonLines,
        Format::Text,
        Format::Raw,
        Format::Markdown,
    ] {
        let (out, _) = redact(&recording(&header(), &data), format, &[]);
        assert!(!out.contains(SECRET), "{format:?}: {out}");
    }
}

#[test]
fn keys_typed_where_a_secret_is_asked_for() {
    let data = [
        Data::Output("[sudo] password for me: ".into()),
        Data::Input("hun".into()),
        Data::Input("x\x7f".into()),
        Data::Input("ter-22\r".into()),
        Data::Output("\r\n$ ".into()),
        Data::Input("ls\r".into()),
        Data::Output("hunter-22\r\n".into()),
    ];
    let (out, report) = redact(&recording(&header(), &data), Format::Cast, &[]);
    assert!(!out.contains("hun") && !out.contains("ter-"), "{out}");
    assert!(out.contains("\"ls\\r\""), "{out}");
    assert!(report.replaced.unwrap().input > 0);
}

#[test]
fn typed_secrets_are_found_across_events() {
    let data: Vec<_> = format!("export K={KEY}\r")
        .chars()
        .map(|c| Data::Input(c.to_string()))
        .collect();
    let (out, _) = redact(&recording(&header(), &data), Format::JsonLines, &[]);
    assert_eq!(out.matches("\"text\":\"*\"").count(), 20, "{out}");
}

#[test]
fn headers_and_parameters_are_redacted_by_value_and_by_name() {
    let mut header = header();
    header.title = Some(format!("use {KEY}"));
    header.env.insert("DB_PASSWORD".into(), "hunter2".into());
    let session = header.ssm.as_mut().unwrap();
    session.reason = Some(format!("rotate {KEY}"));
    session
        .parameters
        .insert("password".into(), vec!["hunter2".into()]);
    for format in [
        Format::Cast,
        Format::JsonLines,
        Format::Html,
        Format::Markdown,
        Format::CastV2,
    ] {
        let (out, report) = redact(&recording(&header, &[]), format, &[]);
        assert!(!out.contains(KEY) && !out.contains("hunter2"), "{format:?}");
        assert_eq!(report.replaced.unwrap().texts, 4);
    }
}

#[test]
fn a_message_does_not_keep_what_its_output_lost() {
    let teed = |payload_type, payload: &[u8]| {
        Data::Message(TeedMessage {
            message_type: Some(MessageType::OutputStreamData),
            sequence_number: 1,
            payload_type,
            clock_ms: 0,
            length: payload.len(),
            content: Content::Here(Bytes::copy_from_slice(payload)),
        })
    };
    let mut bytes = KEY.as_bytes().to_vec();
    bytes.push(0xff);
    let data = [
        teed(PayloadType::OUTPUT, &bytes),
        Data::Output(format!("{KEY}\u{fffd}")),
        teed(PayloadType::HANDSHAKE_COMPLETE, KEY.as_bytes()),
        // A port's data has no output.
        teed(PayloadType::OUTPUT, b"AKIAIOSF"),
        teed(PayloadType::OUTPUT, b"ODNN7EXAMPLE"),
    ];
    let text = recording(&header(), &data);
    let (cast, report) = redact(&text, Format::Cast, &[]);
    for hidden in ["AKIA", "EXAMPLE", "QUtJQ", "base64"] {
        assert!(!cast.contains(hidden), "{cast}");
    }
    assert_eq!(report.replaced.unwrap().payloads, 2);
    // And it still is a recording whose bytes can be had.
    let (raw, _) = redact(cast.as_bytes(), Format::Raw, &["nothing"]);
    assert_eq!(raw, format!("{}\u{fffd}", "*".repeat(20)));
    let mut bytes = Vec::new();
    let options = Options {
        format: Format::Raw,
        with_frames: false,
        from: Duration::ZERO,
        to: None,
        idle_time_limit: None,
        patterns: None,
    };
    export(|| Ok(cast.as_bytes()), &NoKey, &mut bytes, &options).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), raw);
}

#[test]
fn wide_characters_keep_their_cells() {
    let data = [Data::Output("a 漢字é! b".into())];
    let (cast, _) = redact(&recording(&header(), &data), Format::Cast, &["漢字é"]);
    assert_eq!(outputs(&cast), "a *****! b");
}

#[test]
fn each_place_is_counted_once() {
    let data: Vec<_> = ["x 1 y 2", " z\r\n", "x 1\r\n"]
        .iter()
        .map(|text| Data::Output((*text).to_owned()))
        .collect();
    let (_, report) = redact(&recording(&header(), &data), Format::Cast, &["[0-9]"]);
    assert_eq!(report.replaced.unwrap().output, 3);
}

/// Text with secrets in it, drawn with sequences between any two characters, and cut anywhere.
fn drawn() -> impl Strategy<Value = (String, Vec<usize>)> {
    let sequence = prop_oneof![
        4 => Just(""),
        1 => Just("\x1b[1m"),
        1 => Just("\x1b[38;5;200m"),
        1 => Just("\x1b]0;t\x07"),
        1 => Just("\x1b[?25h"),
    ];
    let word = prop_oneof![
        2 => Just(KEY.to_owned()),
        3 => "[a-z漢é]{1,12}",
        1 => Just("\r\n".to_owned()),
    ];
    (
        proptest::collection::vec((word, sequence), 1..40),
        proptest::collection::vec(0_usize..10_000, 0..40),
        proptest::collection::vec(any::<bool>(), 1..50),
    )
        .prop_map(|(words, cuts, colors)| {
            let mut text = String::new();
            let mut colors = colors.iter().cycle();
            for (word, sequence) in words {
                for c in word.chars() {
                    text.push(c);
                    if c != '\r' && *colors.next().unwrap() {
                        text.push_str(sequence);
                    }
                }
                text.push(' ');
            }
            (text, cuts)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_split_and_no_color_hides_a_secret((text, mut cuts) in drawn()) {
        cuts.sort_unstable();
        let mut data = Vec::new();
        let mut rest = text.as_str();
        for cut in cuts {
            let cut = cut % (rest.len() + 1);
            if rest.is_char_boundary(cut) {
                data.push(Data::Output(rest[..cut].to_owned()));
                rest = &rest[cut..];
            }
        }
        data.push(Data::Output(rest.to_owned()));
        let (cast, _) = redact(&recording(&header(), &data), Format::Cast, &[]);
        let output = outputs(&cast);
        let before = shown(&text).concat();
        let after = shown(&output).concat();
        // The same cells, the secret's being masked.
        prop_assert_eq!(before.replace(KEY, &"*".repeat(KEY.len())), after);
    }

    #[test]
    fn what_is_not_found_is_exported_as_it_was(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..20)) {
        let mut joiner = Utf8Joiner::default();
        let data: Vec<_> = chunks.iter().map(|chunk| Data::Output(joiner.join(chunk).text.into_owned())).collect();
        let text = recording(&header(), &data);
        let (cast, _) = redact(&text, Format::Cast, &["not to be found anywhere"]);
        prop_assert_eq!(cast, String::from_utf8(text).unwrap());
    }

    #[test]
    fn nothing_shown_makes_it_panic(pieces in proptest::collection::vec("([ -~é漢\\r\\n\\t]|\\x1b[\\[\\]()#PXc78=>]|\\x1b\\[[?>]?[0-9;:]{0,6}[@-~]|\u{9b}|AKIAIOSFODNN7EXAMPLE){0,40}", 0..10), cols in 0_u16..40, rows in 0_u16..8) {
        let mut data: Vec<_> = pieces.into_iter().map(Data::Output).collect();
        let middle = data.len() / 2;
        data.insert(middle, Data::Resize(Size { cols, rows }));
        for format in [Format::Cast, Format::Text, Format::Markdown] {
            redact(&recording(&header(), &data), format, &[]);
        }
    }
}

#[test]
fn events_that_were_not_looked_at_are_not_exported() {
    let short = recording(&header(), &[Data::Output("a".into())]);
    let long = recording(
        &header(),
        &[Data::Output("a".into()), Data::Output(KEY.into())],
    );
    let options = Options {
        format: Format::Text,
        with_frames: false,
        from: Duration::ZERO,
        to: None,
        idle_time_limit: None,
        patterns: Some(SECRETS.clone()),
    };
    let (mut out, mut turn) = (Vec::new(), 0);
    let open = || {
        turn += 1;
        Ok(if turn == 1 { &short[..] } else { &long[..] })
    };
    export(open, &NoKey, &mut out, &options).unwrap();
    assert_eq!(out, b"a\n");
}

#[test]
fn an_event_is_told_by_its_kind() {
    let event = Event {
        at: Duration::ZERO,
        data: Data::Exit(0),
    };
    let mut look = super::look::Look::new(SIZE);
    let mut patterns = Patterns::new(["a"], Secrets::None).unwrap();
    look.event(&event, &mut patterns);
    let (shown, typed) = look.finish(&mut patterns);
    assert!(shown.is_empty() && typed.is_empty());
}

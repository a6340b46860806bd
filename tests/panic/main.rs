//! A terminal in which the player fails in a way that nobody thought of.
//!
//! Nothing in the program panics when it is asked to, so this test plays a recording itself, with a place for notes that does.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::io::Cursor;
use std::sync::Arc;

use loopback::pty::{self, Pty};
use ssm_rec::envelope::Identities;
use ssm_rec::player::{self, Beside, Input, Options, Recording};
use ssm_rec::terminal;

const CAST: &str = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n\
    [0.1,\"o\",\"\\u001b[31mred \\u001b[?1049h\\u001b[?25l\\u001b[?2004hto be seen\"]\n[900,\"o\",\"late\"]\n";
const WORDS: &str = "no place for notes";
const THIS: &str = "a_player_that_panics_gives_the_terminal_back";
const PLAYS: &str = "PLAYS";

#[test]
fn a_player_that_panics_gives_the_terminal_back() {
    if std::env::var_os(PLAYS).is_some() {
        return plays();
    }
    let this = std::env::current_exe().unwrap();
    let arguments = [
        "-c",
        "\"$0\" \"$@\"; read -r line; echo \"read: $line\"",
        this.to_str().unwrap(),
    ];
    let arguments = [&arguments[..], &[THIS, "--exact", "--nocapture"]].concat();
    let path = std::env::var("PATH").unwrap();
    let environment = [
        ("PATH", path.as_str()),
        ("TERM", "xterm-256color"),
        (PLAYS, "1"),
    ];
    let mut terminal = pty::spawn("/bin/sh".as_ref(), &arguments, &environment);
    shows(&mut terminal, "to be seen");
    assert!(!terminal.is_cooked());
    terminal.type_keys("m");
    shows(&mut terminal, "note");
    terminal.type_keys("x\r");
    // What went wrong can be read, where the shell goes on.
    shows(&mut terminal, WORDS);
    shows(&mut terminal, "test result: FAILED");
    assert!(!terminal.rows().join("\n").contains("to be seen"));
    assert!(terminal.is_cooked());
    let bytes = String::from_utf8_lossy(&terminal.shown()).into_owned();
    let left = bytes
        .rfind("\x1b[?1049l")
        .expect("the other screen is left");
    assert!(left < bytes.find(WORDS).unwrap(), "before it is told why");
    for mode in ["1049", "1000", "1002", "1006", "2004", "25"] {
        let last = |end| bytes.rfind(&format!("\x1b[?{mode}{end}"));
        let (is_default, is_not) = match mode {
            "25" => (last('h'), last('l')),
            _ => (last('l'), last('h')),
        };
        assert!(is_default >= is_not, "mode {mode} stays behind: {bytes:?}");
    }
    terminal.type_keys("typed\r");
    shows(&mut terminal, "read: typed");
    assert_eq!(terminal.wait(), 0);
}

fn plays() {
    terminal::install_panic_hook();
    let bytes = Cursor::new(CAST.as_bytes().to_vec());
    let recording = Recording::open(
        Input::Seekable(Box::new(bytes)),
        Arc::new(Identities::none()),
    )
    .unwrap();
    let beside = Beside {
        keep: Some(Box::new(|_| panic!("{WORDS}"))),
        ..Beside::default()
    };
    let options = Options {
        quit_at_end: false,
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(player::run(recording, options, beside))
        .unwrap();
}

fn shows(terminal: &mut Pty, text: &str) {
    terminal.wait_until(text, |rows| rows.join("\n").contains(text));
}

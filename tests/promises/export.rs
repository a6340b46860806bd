//! `ssm-rec export`: other files made of recordings.
//!
//! Nothing here looks at formats in depth; the exports of one recording are compared beside the code that makes them.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use loopback::Options;

use super::rig::Rig;

const CAST: &str = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n\
                    [0.1, \"o\", \"$ \"]\n[0.1, \"o\", \"echo AKIAIOSF\"]\n[0.1, \"o\", \"ODNN7EXAMPLE\\r\\n\"]\n[1, \"o\", \"end\\r\\n\"]\n";

fn rig() -> Rig {
    Rig::new(Options::quick())
}

#[test]
fn a_file_is_exported_to_stdout_or_to_a_file() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    let run = rig.run(&["export", &cast, "--format", "txt"]);
    assert_eq!((run.status(), run.err().as_str()), (0, ""));
    assert_eq!(run.out(), "$ echo AKIAIOSFODNN7EXAMPLE\nend\n");
    let to = rig.folder().join("a.txt");
    let to_name = to.display().to_string();
    let run = rig.run(&["export", &cast, "-o", &to_name]);
    assert_eq!((run.status(), run.out().as_str()), (0, ""));
    assert_eq!(
        fs::read_to_string(&to).unwrap(),
        "$ echo AKIAIOSFODNN7EXAMPLE\nend\n"
    );
}

#[test]
fn what_is_read_twice_comes_through_stdin_as_well() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    let from_file = rig.run(&["export", &cast, "-f", "md"]);
    assert_eq!(from_file.status(), 0, "{}", from_file.err());
    let from_pipe = rig
        .command(&["export", "-", "-f", "md"])
        .stdin(Stdio::from(File::open(&cast).unwrap()))
        .output()
        .unwrap();
    assert!(from_pipe.status.success());
    assert_eq!(
        String::from_utf8(from_pipe.stdout).unwrap(),
        from_file.out()
    );
    assert!(from_file.out().contains("| Commands | "));
}

#[test]
fn nothing_is_overwritten_unless_asked_and_the_recording_never() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    let there = rig.file("b.txt", "precious");
    let run = rig.run(&["export", &cast, "-o", &there]);
    assert_eq!(run.status(), 1);
    assert!(run.err().contains("exists already"), "{}", run.err());
    assert_eq!(fs::read_to_string(&there).unwrap(), "precious");
    let run = rig.run(&["export", &cast, "-o", &there, "--force"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(fs::read_to_string(&there).unwrap().ends_with("end\n"));
    let run = rig.run(&["export", &cast, "-o", &cast, "--force"]);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert_eq!(fs::read_to_string(&cast).unwrap(), CAST);
    // Nothing else is left in the folder.
    let bad = rig.file("bad.cast", "no recording");
    let to = rig.folder().join("c.html").display().to_string();
    assert_eq!(rig.run(&["export", &bad, "-o", &to]).status(), 4);
    let left = fs::read_dir(rig.folder())
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            let name = name.to_string_lossy();
            name.starts_with(".ssm-rec-export") || name == "c.html"
        })
        .count();
    assert_eq!(left, 0);
}

#[test]
fn secrets_are_replaced_and_counted() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    for format in ["raw", "cast", "cast-v2", "txt", "jsonl", "html", "md"] {
        let run = rig.run(&["export", &cast, "-f", format, "--redact-secrets"]);
        assert_eq!(run.status(), 0);
        assert!(!run.out().contains("AKIAIOSF"), "{format}");
        assert!(
            run.err().contains("replaced 1 in what was shown"),
            "{}",
            run.err()
        );
    }
    let run = rig.run(&[
        "export", &cast, "-f", "txt", "--redact", "e.d", "--redact", "\\$",
    ]);
    assert_eq!(run.out(), "* echo AKIAIOSFODNN7EXAMPLE\n***\n");
    let run = rig.run(&["export", &cast, "-f", "txt", "--redact", "("]);
    assert_eq!(run.status(), 2);
}

#[test]
fn a_packed_recording_plays_and_is_exported() {
    let rig = rig();
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(CAST.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let cast = rig.file("a.cast.gz", &packed);
    let run = rig.run(&["play", "--no-wait", &cast]);
    assert_eq!((run.status(), run.out().contains("end\r\n")), (0, true));
    let run = rig.run(&["export", &cast, "-f", "txt", "--redact-secrets"]);
    assert_eq!(run.status(), 0, "{}", run.err());
    assert!(run.out().ends_with("********\nend\n"), "{}", run.out());
    let cut = rig.file("cut.cast.gz", &packed[..packed.len() / 2]);
    assert_ne!(rig.run(&["play", "--no-wait", &cut]).status(), 0);
}

#[test]
fn what_asks_for_too_much_work_is_exported_and_told_of() {
    let rig = rig();
    let clears = "x\\u001b[2J".repeat(3000);
    let text = format!(
        "{{\"version\":3,\"term\":{{\"cols\":400,\"rows\":100}}}}\n[0.1, \"o\", \"{clears}\"]\n"
    );
    let cast = rig.file("a.cast", &text);
    for format in ["txt", "md"] {
        let run = rig.run(&["export", &cast, "-f", format]);
        assert_eq!(run.status(), 0, "{}", run.err());
        let told = run.err().contains("more work on the screen than was done");
        assert!(told, "{}", run.err());
    }
}

#[test]
fn pauses_are_cut_where_they_are_played() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    let run = rig.run(&["export", &cast, "-f", "cast-v2", "-i", "0.5"]);
    assert!(
        run.out().ends_with("[0.800000, \"o\", \"end\\r\\n\"]\n"),
        "{}",
        run.out()
    );
}

#[test]
fn a_recording_cut_short_is_exported_as_far_as_it_goes() {
    let rig = rig();
    let cut = rig.file("a.cast", &CAST[..CAST.len() - 5]);
    let run = rig.run(&["export", &cut, "-f", "txt"]);
    assert_eq!(run.status(), 3);
    assert_eq!(run.out(), "$ echo AKIAIOSFODNN7EXAMPLE\n");
    assert!(run.err().contains("cut short"), "{}", run.err());
}

#[test]
fn mistakes_are_told() {
    let rig = rig();
    let cast = rig.file("a.cast", CAST);
    for (arguments, status) in [
        (&["export", &cast][..], 2),
        (
            &["export", &cast, "-f", "txt", "--from", "2", "--to", "1"],
            2,
        ),
        (&["export", &cast, "-f", "txt", "--with-frames"], 2),
        (&["export", &cast, "-f", "txt", "--from", "soon"], 2),
        (&["export", &cast, "-f", "txt", "--idle-time-limit", "1"], 2),
        (&["export", "./nothing.cast", "-f", "txt"], 5),
    ] {
        let run = rig.run(arguments);
        assert_eq!(run.status(), status, "{arguments:?}: {}", run.err());
    }
}

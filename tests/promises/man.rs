//! `ssm-rec man`: a page for every command that `--help` knows, with its examples, and for every topic; clean to those who
//! render it, and shown by `man` where somebody looks at it.
//!
//! Nothing is installed here; what a package does with the pages is for `.package/try`.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The topics, with a sentence of each.
const TOPICS: [(&str, &str); 4] = [
    ("aws", "The caller's ARN is asked of sts:GetCallerIdentity"),
    (
        "filters",
        "What is not known of a session is neither true nor false",
    ),
    ("security", "A killed client loses at most the last second."),
    (
        "store",
        "a manifest in the store means a complete recording",
    ),
];

/// What the program prints, and that it ends well.
fn ssm_rec(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ssm-rec"))
        .args(arguments)
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands below one, as its help lists them.
fn below(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The lines of a help text that show what to type.
fn examples(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| *line != "Examples:")
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .map(str::trim)
        .filter(|line| line.contains("ssm-rec "))
        .collect()
}

/// The text of a page as somebody reads it, without its requests.
fn read(page: &str) -> String {
    let mut text = page.to_owned();
    for (written, meant) in [
        ("\\fB", ""),
        ("\\fI", ""),
        ("\\fR", ""),
        ("\\-", "-"),
        ("\\&", ""),
        ("\\*(Aq", "'"),
        ("\\(ti", "~"),
        ("\\(ha", "^"),
        ("\\(ga", "`"),
        ("\\[u2026]", "…"),
        ("\\\\", "\\"),
    ] {
        text = text.replace(written, meant);
    }
    text
}

/// Checks the page of a command and of those below it, and tells how many that were.
fn check(folder: &Path, words: &[&str]) -> usize {
    let help = ssm_rec(&[words, &["--help"]].concat());
    let name = [&["ssm-rec"], words].concat().join("-");
    let path = folder.join(format!("{name}.1"));
    let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(page, ssm_rec(&[&["man"], words].concat()), "{name}");
    assert!(page.is_ascii(), "{name}");
    for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
        let heading = format!(".SH {section}");
        assert_eq!(
            page.lines().filter(|line| *line == heading).count(),
            1,
            "{name}: {section}"
        );
    }
    let text = read(&page);
    assert!(
        text.contains(&format!("\n{name} - ")),
        "{name} says what it is"
    );
    let usage = help
        .lines()
        .find_map(|line| line.strip_prefix("Usage: "))
        .unwrap();
    assert!(
        text.contains(&format!("\n{usage}\n")),
        "{name}: {usage}\n{text}"
    );
    // Help is wrapped, a page is not.
    let words_of = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all = words_of(&text);
    for example in examples(&help) {
        assert!(
            all.contains(&words_of(example)),
            "{name}: {example}\n{text}"
        );
    }
    // None is without something to type, be it that of the command above.
    let shown = text.split("\n.SH EXAMPLES\n").nth(1).unwrap();
    assert!(
        shown.split(".SH").next().unwrap().contains("ssm-rec "),
        "{name}"
    );
    1 + below(&help)
        .iter()
        .map(|word| check(folder, &[words, &[word.as_str()]].concat()))
        .sum::<usize>()
}

#[test]
fn every_command_has_a_page_with_what_its_help_says() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("share/man/man1");
    let said = ssm_rec(&["man", "--to", to.to_str().unwrap()]);
    let count = check(&to, &[]);
    assert!(count > 25, "{count} pages");
    let topics = to.with_file_name("man7");
    assert_eq!(
        said,
        format!(
            "{count} pages in {}\n{} pages in {}\n",
            to.display(),
            TOPICS.len(),
            topics.display()
        )
    );
    assert_eq!(fs::read_dir(&to).unwrap().count(), count);
    assert_eq!(fs::read_dir(&topics).unwrap().count(), TOPICS.len());
    // Over older ones, and of one command alone.
    let said = ssm_rec(&["man", "rules", "--to", to.to_str().unwrap()]);
    assert_eq!(said, format!("4 pages in {}\n", to.display()));
}

#[test]
fn every_topic_has_a_page_that_the_help_and_the_manual_name() {
    let folder = tempfile::tempdir().unwrap();
    // A folder that is not called as `man` calls its own has all of them.
    let to = folder.path().display().to_string();
    ssm_rec(&["man", "--to", &to]);
    let help = ssm_rec(&["--help"]);
    let root = read(&ssm_rec(&["man"]));
    for (topic, sentence) in TOPICS {
        let page = fs::read_to_string(folder.path().join(format!("ssm-rec-{topic}.7"))).unwrap();
        assert_eq!(page, ssm_rec(&["man", topic]), "{topic}");
        assert!(page.is_ascii(), "{topic}");
        let page = read(&page);
        let title = format!(".TH SSM-REC-{} 7 ", topic.to_uppercase());
        assert!(page.contains(&title), "{topic}: {page}");
        assert!(page.contains(&format!("\nssm-rec-{topic} - ")), "{topic}");
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(sentence), "{topic}: {words}");
        assert!(help.lines().last().unwrap().contains(topic), "{help}");
        assert!(root.contains(&format!("\nssm-rec-{topic}(7)")), "{root}");
    }
    let alone = folder.path().join("alone");
    let said = ssm_rec(&["man", "aws", "--to", alone.to_str().unwrap()]);
    assert_eq!(said, format!("1 page in {}\n", alone.display()));
}

/// What a person sees, where `man` is found in this folder and nowhere else.
#[cfg(unix)]
fn shown(folder: &Path, arguments: &[&str]) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_ssm-rec"));
    let path = folder.display().to_string();
    let mut terminal = loopback::pty::spawn(program, arguments, &[("PATH", &path)]);
    assert_eq!(terminal.wait(), 0);
    String::from_utf8(terminal.shown())
        .unwrap()
        .replace("\r\n", "\n")
}

/// Puts a program called `man` there, by a shell of its own: what is written by this process could be busy.
#[cfg(unix)]
fn man(folder: &Path, script: &str) {
    let written = Command::new("sh")
        .args([
            "-c",
            "printf '#!/bin/sh\\n%s\\n' \"$1\" > man && chmod 755 man",
        ])
        .args(["sh", script])
        .current_dir(folder)
        .status();
    assert!(written.unwrap().success());
}

#[cfg(unix)]
#[test]
fn in_a_terminal_a_page_is_shown_by_man_or_as_plain_text() {
    let topic = include_str!("../../src/cli/commands/man/topics/store.txt");
    let plain = |folder: &Path| {
        assert_eq!(shown(folder, &["man", "store"]), topic);
        let help = shown(folder, &["man", "rules", "test"]);
        assert!(help.contains("Usage: ssm-rec rules test"), "{help}");
        assert!(help.contains("  What a rule of your own hits:\n"), "{help}");
        assert!(!help.contains(".SH"), "{help}");
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    plain(folder);
    // One that takes no page so, as on other systems.
    man(folder, "echo 'illegal option -- l' >&2; exit 1");
    plain(folder);
    man(
        folder,
        "[ \"$*\" = '-l -' ] || exit 1
         while read -r line; do
             case $line in .TH*) echo \"man shows $line\";; esac
         done",
    );
    for (page, arguments) in [
        ("SSM-REC-STORE 7", &["man", "store"][..]),
        ("SSM-REC-RULES-TEST 1", &["man", "rules", "test"]),
    ] {
        let shown = read(&shown(folder, arguments));
        let begins = format!("man shows .TH {page} ");
        assert!(shown.starts_with(&begins), "{shown}");
        assert_eq!(shown.lines().count(), 1, "{shown}");
    }
}

#[test]
fn whoever_renders_a_page_has_nothing_to_complain_of() {
    let folder = tempfile::tempdir().unwrap();
    ssm_rec(&["man", "--to", folder.path().to_str().unwrap()]);
    for page in fs::read_dir(folder.path()).unwrap() {
        let page = page.unwrap().path();
        // Either is fine where it is not installed; the checks bring both.
        let mandoc = Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning"])
            .arg(&page)
            .output();
        if let Ok(output) = mandoc {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        let man = Command::new("man")
            .args(["--warnings", "-E", "UTF-8", "-Tutf8", "-l"])
            .arg(&page)
            .env("MANWIDTH", "80")
            .env("LC_ALL", "C.UTF-8")
            .output();
        if let Ok(output) = man {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success() && said.is_empty(),
                "{}: {said}",
                page.display()
            );
            assert!(!output.stdout.is_empty(), "{}", page.display());
        }
    }
}

#[test]
fn a_command_that_is_none_and_a_folder_that_cannot_be_are_told() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ssm-rec"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.stdout.is_empty());
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, said) = run(&["man", "strat"]);
    assert_eq!(status, 2);
    assert!(
        said.contains("ssm-rec has no command or topic \"strat\"")
            && said.contains("did you mean \"start\"?"),
        "{said}"
    );
    let (status, said) = run(&["man", "filter"]);
    assert_eq!(status, 2);
    assert!(said.contains("did you mean \"filters\"?"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let (status, said) = run(&["man", "--to", file.join("man1").to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(said.contains("cannot write"), "{said}");
    // A folder where a page should be.
    let pages = folder.path().join("pages");
    fs::create_dir_all(pages.join("ssm-rec.1")).unwrap();
    let (status, said) = run(&["man", "--to", pages.to_str().unwrap()]);
    assert_eq!(status, 1);
    assert!(
        said.contains("cannot write") && said.contains("ssm-rec.1"),
        "{said}"
    );
}

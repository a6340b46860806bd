//! What the words of one command run: the program itself, or what it does nothing but start.
//!
//! Nothing here takes a text apart, and a program that is not known starts nothing.

/// What words run.
#[derive(Debug, Default)]
pub(super) struct Run<'a> {
    /// The first word is a program that does something itself.
    pub(super) is_program: bool,
    /// The words of what it starts.
    pub(super) rest: &'a [String],
    /// Texts that it gives to a shell.
    pub(super) texts: Vec<String>,
    /// What is set for it, each as `NAME=value`.
    pub(super) sets: Vec<String>,
}

/// What only stands before a command.
const BEFORE: [&str; 16] = [
    "if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "fi", "done", "exec",
    "builtin", "command", "coproc",
];
/// What begins a list of words that are no command.
const LISTS: [&str; 3] = ["for", "case", "select"];

/// A program's name without its folder.
pub(super) fn name(word: &str) -> &str {
    match word.rsplit('/').next() {
        Some("") | None => word,
        Some(name) => name,
    }
}

pub(super) fn is_shell(program: &str) -> bool {
    matches!(
        program,
        "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" | "fish" | "rbash"
    )
}

/// The words as one text, the program without its folder.
pub(super) fn told(words: &[String]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        match at {
            0 => text.push_str(name(word)),
            _ => {
                text.push(' ');
                text.push_str(word);
            }
        }
    }
    text
}

/// Whether a word sets a variable.
fn sets(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let mut chars = name.trim_end_matches('+').chars();
        chars
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The words behind the options; those in `valued` have a value in the next word.
fn behind<'a>(words: &'a [String], valued: &[&str]) -> &'a [String] {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return &words[at + 1..];
        }
        if !word.starts_with('-') || word == "-" {
            break;
        }
        at += 1 + usize::from(valued.contains(&word.as_str()));
    }
    words.get(at..).unwrap_or_default()
}

/// What the first of the words does with the others.
pub(super) fn run(words: &[String]) -> Run<'_> {
    let (first, rest) = match words.split_first() {
        Some(split) => split,
        None => return Run::default(),
    };
    if sets(first) {
        return Run {
            rest,
            sets: vec![first.clone()],
            ..Run::default()
        };
    }
    if BEFORE.contains(&first.as_str()) {
        return match (first.as_str(), rest.first().map(String::as_str)) {
            // Asks where a program is.
            ("command", Some("-v" | "-V")) => Run::default(),
            ("exec" | "command", _) => starts(behind(rest, &["-a"])),
            _ => starts(rest),
        };
    }
    if LISTS.contains(&first.as_str()) {
        return Run::default();
    }
    if first == "function" {
        return starts(rest.get(1..).unwrap_or_default());
    }
    let program = name(first);
    match program {
        "sudo" | "doas" => {
            let inner = behind(
                rest,
                &[
                    "-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-r", "-t", "-U", "--user",
                    "--group", "--host", "--prompt", "--chdir",
                ],
            );
            or_itself(inner)
        }
        "env" if rest.first().is_some_and(|word| word == "-S") => given(rest.get(1)),
        "env" => or_itself(behind(rest, &["-u", "-C", "--unset", "--chdir"])),
        "nohup" | "setsid" | "time" | "stdbuf" | "unbuffer" | "busybox" | "toybox" | "fakeroot"
        | "faketime" | "systemd-inhibit" => or_itself(behind(rest, &["-i", "-o", "-e", "-f"])),
        "nice" => or_itself(behind(rest, &["-n"])),
        "ionice" => or_itself(behind(rest, &["-c", "-n", "-p"])),
        "chrt" => skip(behind(rest, &[]), 1),
        "taskset" => skip(behind(rest, &[]), 1),
        "timeout" => skip(behind(rest, &["-s", "-k", "--signal", "--kill-after"]), 1),
        "flock" => match rest.iter().position(|word| word == "-c") {
            Some(at) => given(rest.get(at + 1)),
            None => skip(behind(rest, &["-w", "-E"]), 1),
        },
        "xargs" => or_itself(behind(
            rest,
            &[
                "-I",
                "-n",
                "-P",
                "-d",
                "-L",
                "-s",
                "-a",
                "-E",
                "--max-args",
                "--max-procs",
            ],
        )),
        "watch" => both(behind(rest, &["-n", "--interval"])),
        // What is defined is mostly called.
        "alias" => Run {
            is_program: true,
            texts: rest
                .iter()
                .filter_map(|word| Some(unmarked(word.split_once('=')?.1)))
                .collect(),
            ..Run::default()
        },
        "eval" => Run {
            texts: vec![rest.join(" ")],
            ..Run::default()
        },
        "trap" => Run {
            is_program: true,
            ..given(rest.first())
        },
        "su" | "runuser" | "script" => {
            let at = rest
                .iter()
                .position(|word| word == "-c" || word == "--command");
            Run {
                is_program: true,
                ..given(at.and_then(|at| rest.get(at + 1)))
            }
        }
        "ssh" => {
            const VALUED: [&str; 20] = [
                "-i", "-p", "-l", "-o", "-L", "-R", "-D", "-F", "-J", "-b", "-c", "-E", "-e", "-I",
                "-m", "-O", "-Q", "-S", "-W", "-w",
            ];
            // Options may stand behind the host as well.
            let host = behind(rest, &VALUED);
            both(behind(host.get(1..).unwrap_or_default(), &VALUED))
        }
        "docker" | "podman" | "nerdctl" | "crictl" | "kubectl" | "oc" | "lxc" | "k3s" => {
            container(rest)
        }
        "nsenter" | "unshare" | "chroot" => {
            let inner = behind(rest, &["-t", "--target", "-S", "-G", "--userspec"]);
            let inner = inner
                .get(usize::from(program == "chroot")..)
                .unwrap_or_default();
            Run {
                is_program: true,
                rest: inner,
                ..Run::default()
            }
        }
        "find" | "fd" => {
            let at = rest
                .iter()
                .position(|word| matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-x"));
            let inner = at.map_or(&[][..], |at| &rest[at + 1..]);
            let end = inner.iter().position(|word| word == ";" || word == "+");
            Run {
                is_program: true,
                rest: &inner[..end.unwrap_or(inner.len())],
                ..Run::default()
            }
        }
        "systemd-run" => Run {
            is_program: true,
            rest: behind(
                rest,
                &["-u", "-p", "--unit", "--property", "-M", "--on-calendar"],
            ),
            ..Run::default()
        },
        shell if is_shell(shell) => {
            let mut at = 0;
            while let Some(word) = rest.get(at).filter(|word| word.starts_with('-')) {
                let is_text = !word.starts_with("--") && word.contains('c');
                at += 1 + usize::from(matches!(word.as_str(), "-o" | "--rcfile" | "--init-file"));
                if is_text {
                    return Run {
                        is_program: true,
                        ..given(rest.get(at))
                    };
                }
            }
            program_itself()
        }
        _ => program_itself(),
    }
}

fn program_itself<'a>() -> Run<'a> {
    Run {
        is_program: true,
        ..Run::default()
    }
}

fn starts(rest: &[String]) -> Run<'_> {
    Run {
        rest,
        ..Run::default()
    }
}

/// Starts what is left; without anything left it does something itself.
fn or_itself(rest: &[String]) -> Run<'_> {
    Run {
        // What is set for it is no program.
        is_program: rest.iter().all(|word| sets(word)),
        rest,
        ..Run::default()
    }
}

fn skip(rest: &[String], words: usize) -> Run<'_> {
    or_itself(rest.get(words..).unwrap_or_default())
}

/// Does something itself, and gives the words to a shell as one text.
fn both<'a>(words: &[String]) -> Run<'a> {
    Run {
        is_program: true,
        texts: match words {
            [] => Vec::new(),
            words => vec![unmarked(&words.join(" "))],
        },
        ..Run::default()
    }
}

fn given<'a>(text: Option<&String>) -> Run<'a> {
    Run {
        texts: text.map(|text| unmarked(text)).into_iter().collect(),
        ..Run::default()
    }
}

/// A text that another shell takes apart, as it was before its quotes were taken off.
pub(super) fn unmarked(text: &str) -> String {
    text.replace('›', ">").replace('‹', "<").replace('¦', "|")
}

/// `exec` of a container, and what runs in a new one behind `--`.
fn container(rest: &[String]) -> Run<'_> {
    let itself = program_itself();
    let Some(at) = rest
        .iter()
        .position(|word| matches!(word.as_str(), "exec" | "run" | "debug"))
    else {
        return itself;
    };
    let behind_dashes = rest.iter().position(|word| word == "--");
    let inner = match (rest[at].as_str(), behind_dashes) {
        (_, Some(dashes)) if dashes > at => &rest[dashes + 1..],
        ("exec", _) => {
            let options = &[
                "-e",
                "-u",
                "-w",
                "-c",
                "-n",
                "--env",
                "--user",
                "--workdir",
                "--container",
                "--namespace",
            ];
            behind(&rest[at + 1..], options)
                .get(1..)
                .unwrap_or_default()
        }
        _ => return itself,
    };
    Run {
        rest: inner,
        ..itself
    }
}

/// The statements that a program is given in its words.
pub(super) fn statements(reader: &str, words: &[String]) -> Vec<String> {
    const FLAGS: [&str; 11] = [
        "-c",
        "-e",
        "-Q",
        "-q",
        "--command",
        "--execute",
        "--eval",
        "--query",
        "-cmd",
        "-sql",
        "-Atc",
    ];
    let mut found = Vec::new();
    let mut at = 1;
    while let Some(word) = words.get(at) {
        at += 1;
        let long = word
            .strip_prefix("--")
            .and_then(|word| word.split_once('='))
            .filter(|(name, _)| matches!(*name, "command" | "execute" | "eval" | "query"));
        if let Some((_, text)) = long {
            found.push(unmarked(text));
        } else if FLAGS.contains(&word.as_str())
            || (matches!(reader, "psql" | "python") && is_short(word, 'c'))
            || (reader == "mysql" && is_short(word, 'e'))
        {
            found.extend(words.get(at).map(|text| unmarked(text)));
            at += 1;
        } else if let Some(text) = word.strip_prefix("-e").filter(|_| reader == "mysql") {
            found.push(unmarked(text));
        }
    }
    match reader {
        // The file comes first.
        "sqlite" => found.extend(
            words[1..]
                .iter()
                .filter(|word| !word.starts_with('-'))
                .skip(1)
                .map(|text| unmarked(text)),
        ),
        "redis" => {
            let valued = ["-h", "-p", "-a", "-n", "-u", "-s", "--user", "--pass"];
            let words = behind(&words[1..], &valued);
            found.extend((!words.is_empty()).then(|| words.join(" ")));
        }
        _ => {}
    }
    found
}

/// Several letters behind one dash, of which this is the last.
fn is_short(word: &str, last: char) -> bool {
    word.len() > 2 && word.starts_with('-') && !word.starts_with("--") && word.ends_with(last)
}

//! What reads a line: the programs inside each other, from the words that started them and from their prompts.
//!
//! Nothing here is certain: a prompt can be set to anything.

/// What a program that reads lines itself is called in a context, by the name it was started with.
const PROGRAMS: [(&str, &str); 40] = [
    ("bash", "shell"),
    ("sh", "shell"),
    ("dash", "shell"),
    ("zsh", "shell"),
    ("fish", "shell"),
    ("ash", "shell"),
    ("ksh", "shell"),
    ("busybox", "shell"),
    ("screen", "tmux"),
    ("tmux", "tmux"),
    ("sudo", "sudo"),
    ("su", "sudo"),
    ("doas", "sudo"),
    ("ssh", "ssh"),
    ("mosh", "ssh"),
    ("telnet", "ssh"),
    ("docker", "container"),
    ("podman", "container"),
    ("kubectl", "container"),
    ("nsenter", "container"),
    ("chroot", "container"),
    ("lxc", "container"),
    ("machinectl", "container"),
    ("python", "python"),
    ("python3", "python"),
    ("ipython", "python"),
    ("psql", "psql"),
    ("mysql", "mysql"),
    ("mariadb", "mysql"),
    ("sqlite3", "sqlite"),
    ("sqlite", "sqlite"),
    ("node", "node"),
    ("irb", "ruby"),
    ("redis-cli", "redis"),
    ("mongosh", "mongo"),
    ("gdb", "gdb"),
    ("ftp", "ftp"),
    ("sftp", "sftp"),
    ("bc", "bc"),
    ("R", "r"),
];

/// What a command starts that may read lines.
pub(super) fn started_by(command: &str) -> Option<&'static str> {
    let mut words = command.split_whitespace().skip_while(|word| {
        // What is set for it, and what is only put before it.
        word.contains('=')
            || matches!(
                *word,
                "exec" | "command" | "env" | "time" | "nohup" | "nice" | "rlwrap" | "winpty"
            )
    });
    let first = words.next()?;
    let name = first.rsplit('/').next()?;
    let known = |name: &str| {
        let (_, context) = PROGRAMS.iter().find(|(program, _)| *program == name)?;
        Some(*context)
    };
    match known(name)? {
        // What it was asked to run says more.
        "sudo" => {
            let mut inner = None;
            while let Some(word) = words.next() {
                match word {
                    "-u" | "-g" | "-h" | "-p" | "-C" | "-D" | "-R" | "-T" => drop(words.next()),
                    word if word.starts_with('-') || word.contains('=') => {}
                    word => {
                        inner = word.rsplit('/').next();
                        break;
                    }
                }
            }
            match inner.and_then(known) {
                Some(inner) if inner != "shell" && inner != "sudo" => Some(inner),
                _ => Some("sudo"),
            }
        }
        context => Some(context),
    }
}

/// What a prompt alone says of the program.
pub(super) fn named_by(prompt: &str) -> Option<&'static str> {
    let word = prompt.trim();
    let context = match word {
        ">>>" | "..." => "python",
        "sqlite>" | "...>" => "sqlite",
        "mysql>" => "mysql",
        "(gdb)" => "gdb",
        "ftp>" => "ftp",
        "sftp>" => "sftp",
        _ if word.starts_with("In [") && word.ends_with("]:") => "python",
        _ if word.starts_with("MariaDB [") && word.ends_with("]>") => "mysql",
        _ if word.starts_with("irb(") => "ruby",
        _ if word.ends_with("=#") || word.ends_with("=>") => "psql",
        _ => return None,
    };
    Some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_starts_a_program_names_it() {
        for (command, expected) in [
            ("sudo -i", Some("sudo")),
            ("sudo -u postgres psql app", Some("psql")),
            ("/usr/bin/python3 -q", Some("python")),
            ("FOO=1 exec bash --norc", Some("shell")),
            ("docker exec -it web sh", Some("container")),
            ("ls -l", None),
            ("", None),
        ] {
            assert_eq!(started_by(command), expected, "{command:?}");
        }
    }
}

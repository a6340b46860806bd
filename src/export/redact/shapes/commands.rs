//! Secrets in command lines: flags, arguments that a program takes for one, what is piped into it, SQL and netrc.
//!
//! Nothing here runs or unfolds anything; a line is its words.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::arguments;
use super::nones::is_none;
use super::readers;
use super::words::{self, Name, is_setting, is_word};

/// Flags of one letter that take a secret, and whose (source: the programs' manuals). Where the value may be attached to
/// the flag a `+` stands behind it.
const FLAGS: [(&str, &str); 31] = [
    ("qlogin", "-clp"),
    ("sipp", "-ap"),
    ("gem", "-k"),
    ("crackmapexec nxc netexec evil-winrm", "-H"),
    ("ssh-keygen", "-N -P"),
    (
        "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mariadb mariadb-dump mariadb-admin",
        "-p+",
    ),
    ("sshpass", "-p+ -p"),
    ("login", "-p"),
    ("redis-cli valkey-cli", "-a"),
    (
        "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami ldapcompare",
        "-w -s -w+",
    ),
    ("mongo mongosh mongodump mongorestore mongoexport", "-p"),
    ("ipmitool", "-P+ -P"),
    ("sqlcmd bcp", "-P+ -P"),
    ("security", "-w -p"),
    ("slappasswd", "-s"),
    ("ipa-client-install", "-w"),
    ("ipa-server-install", "-a -p"),
    ("certutil", "-p"),
    ("pk12util", "-W -K"),
    ("zip unzip mosquitto_pub mosquitto_sub mosquitto_rr", "-P"),
    (
        "twine psexec psexec64 PsExec PsExec64 psexec.exe beeline rdesktop evil-winrm smbmap impala-shell",
        "-p",
    ),
    ("plink pscp psftp putty plink.exe pscp.exe", "-pw"),
    ("kadmin dsconf ktpass", "-w"),
    (
        "snmpwalk snmpget snmpset snmpbulkwalk snmptrap snmpgetnext",
        "-c",
    ),
    ("smbpasswd adcli", "-s"),
    ("7z 7za unrar rar", "-hp+ -p+"),
    (
        "snmpwalk snmpget snmpset snmpbulkget snmpbulkwalk snmpgetnext snmptrap net-snmp-create-v3-user",
        "-A -X",
    ),
    ("openssl", "-k -K -pass -passin -passout -psk"),
    ("cqlsh influx clickhouse-client", "-p"),
    ("kinit pkcs12 keytool", "-storepass -keypass"),
    ("curl http https wget", "-p"),
];
/// Flags that take a user with a password: `-u user:password`.
const USERS: [(&str, &str, char); 4] = [
    ("etcdctl svn2git hydra wfuzz", "--user", ':'),
    ("curl", "-u --user -U --proxy-user", ':'),
    ("http https xh ab siege", "-a -A --auth", ':'),
    ("smbclient rpcclient smbget net", "-U --user", '%'),
];

/// In which rows of both tables, as bits, a program stands.
static ROWS: LazyLock<HashMap<&str, u64>> = LazyLock::new(|| {
    let flags = FLAGS.iter().map(|(programs, _)| programs);
    let users = USERS.iter().map(|(programs, _, _)| programs);
    let mut rows = HashMap::new();
    for (row, programs) in flags.chain(users).enumerate() {
        for program in programs.split(' ') {
            *rows.entry(program).or_default() |= 1 << row;
        }
    }
    rows
});

/// A word of a line, its quotes left out.
#[derive(Clone, Debug)]
struct Word {
    range: Range<usize>,
}

/// Calls `found` with each secret.
pub(super) fn find(line: &str, found: &mut dyn FnMut(Range<usize>)) {
    let words = split(line);
    let text = |word: &Word| &line[word.range.clone()];
    let rows_of = |word: &Word| {
        // Behind a path, or behind what stands before a command in a history.
        let name = text(word).rsplit(['/', ';', '(', '`']).next();
        name.and_then(|name| ROWS.get(name)).copied().unwrap_or(0)
    };
    // The rows of the programs so far.
    let mut rows = 0_u64;
    let mut pipe = None;
    // Whether a word of a netrc stands before.
    let mut is_netrc = false;
    let mut tell = |range: Range<usize>| {
        let range = unquoted(line, range);
        if range.len() >= 2 && !is_none(&line[range.clone()]) {
            found(range);
        }
    };
    for (at, word) in words.iter().enumerate() {
        let written = text(word);
        let next = words.get(at + 1).filter(|next| {
            // In a help text the gap is wider.
            next.range.start - word.range.end <= 1
                && !text(next).starts_with(['-', '|', '>', '<', '&', ';', '('])
        });
        if let Some(flag) = written
            .strip_prefix("--")
            .or_else(|| written.strip_prefix('-').filter(|flag| flag.len() > 3))
            && !flag.contains(['=', ':', ')', '"', '\'', '$'])
            && !flag.ends_with(['.', ','])
            && words::name(flag) == Name::Secret
            && let Some(next) = next
            && !is_placeholder(flag, text(next))
            // `--passwd user-id` of a help text.
            && !(at == 0 && is_word(text(next)))
        {
            let skipped = if text(next).starts_with("pass:") {
                5
            } else {
                0
            };
            tell(next.range.start + skipped..next.range.end);
        }
        if written.starts_with('-') {
            let flags = FLAGS.iter().enumerate();
            for (_, (_, flags)) in flags.filter(|(row, _)| rows & 1 << row != 0) {
                for flag in flags.split(' ') {
                    let (flag, is_attached) = match flag.strip_suffix('+') {
                        Some(flag) => (flag, true),
                        None => (flag, false),
                    };
                    let rest = written.strip_prefix(flag);
                    match (rest, is_attached) {
                        (Some(rest), true) if !rest.is_empty() && !rest.starts_with('=') => {
                            tell(word.range.end - rest.len()..word.range.end);
                        }
                        (Some(""), false) => {
                            if let Some(next) = next {
                                let value = text(next);
                                let skipped = value
                                    .find(':')
                                    .filter(|_| value.starts_with("pass:"))
                                    .map_or(0, |at| at + 1);
                                // `-p 8080:80` publishes a port.
                                let is_port = value
                                    .chars()
                                    .all(|c| c.is_ascii_digit() || ":./".contains(c));
                                if !is_port
                                    && !is_placeholder(flag, value)
                                    && !value.starts_with("env:")
                                    && !value.starts_with("file:")
                                {
                                    tell(next.range.start + skipped..next.range.end);
                                }
                            }
                        }
                        // `-w'SECRET'`: in quotes it is no other flag.
                        (Some(rest), false) if rest.starts_with(['\'', '"']) => {
                            tell(word.range.end - rest.len()..word.range.end);
                        }
                        _ => {}
                    }
                }
            }
            let users = USERS.into_iter().enumerate();
            for (_, (_, flags, between)) in
                users.filter(|(row, _)| rows & 1 << (FLAGS.len() + row) != 0)
            {
                let joined = flags.split(' ').find_map(|flag| {
                    let rest = written.strip_prefix(flag)?;
                    match rest.strip_prefix('=') {
                        Some(_) => Some(word.range.end - rest.len() + 1..word.range.end),
                        None if rest.is_empty() => next.map(|next| next.range.clone()),
                        None if !flag.starts_with("--") => {
                            Some(word.range.end - rest.len()..word.range.end)
                        }
                        None => None,
                    }
                });
                if let Some(user) = joined {
                    let user = unquoted(line, user);
                    if let Some(cut) = line[user.clone()].find(between) {
                        tell(user.start + cut + 1..user.end);
                    }
                }
            }
        }
        match written {
            // `machine HOST login NAME password SECRET` (source: the netrc of ftp(1) and curl).
            "password" | "account" => {
                let is_line = at == 0 && words.len() == 2;
                if let Some(next) = next.filter(|next| {
                    // A sentence goes on with a word.
                    let is_told = !is_word(text(next)) || text(&words[0]) == "machine";
                    (is_netrc && (is_told || words.len() == at + 2))
                        || (is_line && !is_word(text(next)))
                }) {
                    tell(next.range.clone());
                }
            }
            // `echo SECRET | program`: what is piped into something that takes one from there.
            "echo" | "printf" | "yes" | "(echo" => {
                piped(line, word.range.end, &mut pipe, &mut tell)
            }
            "htpasswd" => {
                let is_batch = words
                    .get(at + 1)
                    .is_some_and(|flag| text(flag).starts_with('-') && text(flag).contains('b'));
                if let Some(last) = words.last().filter(|_| is_batch && words.len() > at + 3) {
                    tell(last.range.clone());
                }
            }
            _ => {}
        }
        rows |= rows_of(word);
        is_netrc |= match text(word) {
            "login" | "machine" => true,
            "default" => at == 0,
            _ => false,
        };
    }
    // What a quoted word holds may be a command again: `su - NAME -c "echo SECRET | …"`, `"cmd": "tool -pSECRET"`.
    for (at, word) in words.iter().enumerate() {
        // `alias x='tool -pSECRET'` as well.
        let Some(open) = text(word)
            .find(['"', '\''])
            .filter(|&open| open == 0 || text(word)[..open].ends_with('='))
        else {
            continue;
        };
        let quote = char::from(text(word).as_bytes()[open]);
        let from = word.range.start + open + 1;
        let Some(length) = line[from..word.range.end].find(quote) else {
            continue;
        };
        let inner = &line[from..from + length];
        let is_argument = at > 0
            && matches!(
                text(&words[at - 1]),
                "-c" | "-e" | "--password-command" | "--command"
            );
        if !inner.contains(' ') || !(is_argument || inner.contains(" -")) {
            continue;
        }
        if let Some(value) = inner
            .strip_prefix("echo ")
            .filter(|value| is_argument && !value.contains(['|', ' ', '$']))
        {
            tell(from + length - value.len()..from + length);
        }
        find(inner, &mut |range| {
            tell(from + range.start..from + range.end)
        });
    }
    let ranges: Vec<Range<usize>> = words.iter().map(|word| word.range.clone()).collect();
    arguments::find(line, &ranges, &mut tell);
}

/// A word in place of a value: that of a help text.
fn is_placeholder(flag: &str, value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let flag = flag.to_ascii_lowercase();
    let is_words = small
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    flag.contains(&small)
        // `-keypass old_keypass`
        || (flag.len() > 4 && is_words && small.contains(&flag))
        || (value.len() > 2
            && value
                .chars()
                .all(|c| c.is_ascii_uppercase() || "_-".contains(c)))
        || matches!(
            small.as_str(),
            "string" | "stringarray" | "value" | "text" | "file" | "arg" | "val"
        )
        // A sentence goes on.
        || matches!(
            small.trim_end_matches(['.', ',']),
            "are" | "via" | "on" | "and" | "is" | "was" | "but" | "or" | "option" | "options" | "argument" | "flag" | "to" | "in" | "of"
                | "also" | "may" | "turns" | "reveal" | "with" | "when" | "used" | "parameter" | "can" | "must" | "will"
                | "command" | "commands" | "that" | "isn't"
        )
        || value.starts_with(['[', '<', '{'])
}

/// What `echo` writes into a program that reads a password. `before`: the pipe that was looked at last, and where the last
/// of these programs stands.
fn piped(
    line: &str,
    from: usize,
    before: &mut Option<(usize, Option<usize>)>,
    tell: &mut dyn FnMut(Range<usize>),
) {
    const TAKERS: [&str; 16] = [
        "on-stdin",
        "--stdin",
        "| passwd",
        "sudo passwd",
        "| kinit",
        "--with-token",
        "smbpasswd",
        "sudo -S",
        "--password-stdin",
        "passwd --stdin",
        "chpasswd",
        "cryptsetup",
        "gpg --batch --passphrase-fd",
        "docker login",
        "gh auth login",
        "--passphrase-fd 0",
    ];
    let Some(pipe) = line[from..].find(" |").map(|at| from + at) else {
        return;
    };
    // What is written last goes into the pipe, and was told by the first `echo` before it.
    let taker = match *before {
        Some((before, _)) if before == pipe => return,
        Some((_, taker)) => taker,
        None => TAKERS.iter().filter_map(|taker| line.rfind(taker)).max(),
    };
    *before = Some((pipe, taker));
    let is_taken = taker.is_some_and(|taker| taker >= pipe);
    if !is_taken && !readers::takes_a_secret(&line[pipe..]) {
        return;
    }
    let words = split(&line[from..pipe]);
    let Some(last) = words.last() else {
        return;
    };
    let (start, end) = (from + last.range.start, from + last.range.end);
    let end = end - usize::from(line[start..end].ends_with(')'));
    let range = unquoted(line, start..end);
    if !is_taken && !is_setting(&line[range.clone()]) {
        return;
    }
    // `user:password`
    let skipped = match line[pipe..].contains("chpasswd") {
        true => line[range.clone()].find(':').map_or(0, |at| at + 1),
        false => 0,
    };
    tell(range.start + skipped..range.end);
}

/// The words of a line; quotes hold spaces together.
fn split(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut start, mut quote) = (None, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if line[at + 1..].contains(c) => {
                start.get_or_insert(at);
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() => {
                if let Some(start) = start.take() {
                    words.push(Word { range: start..at });
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if let Some(start) = start {
        words.push(Word {
            range: start..line.len(),
        });
    }
    words
}

fn unquoted(line: &str, range: Range<usize>) -> Range<usize> {
    let text = &line[range.clone()];
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) if text.len() > 1 && text.ends_with(quote) => {
            range.start + 1..range.end - 1
        }
        Some('"' | '\'') => range.start + 1..range.end,
        _ => range,
    }
}

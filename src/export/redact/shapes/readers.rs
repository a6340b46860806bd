//! What is written into a program that reads a password: behind `<<<`, or through a pipe into a command that names one.
//!
//! Nothing here looks at what is written; a line is its words.

use std::ops::Range;

use super::words::{self, Name};

/// Who reads a password from where `<<<` writes (source: the programs' manuals).
const READERS: [&str; 22] = [
    "--pw-stdin",
    "op signin",
    "realm ",
    "adcli ",
    "openconnect",
    "ipa ",
    "sudo -S",
    "sudo -kS",
    "passwd",
    "chpasswd",
    "cryptsetup",
    "kinit",
    "gh auth login",
    "docker login",
    "--password-stdin",
    "--with-token",
    "--passphrase-fd",
    "vault login",
    "su ",
    "smbpasswd",
    "htpasswd -i",
    "login",
];

/// Whether a command is about a secret by one of its words: what is written into it is one.
pub(super) fn takes_a_secret(command: &str) -> bool {
    secret_of(command).is_some()
}

/// Where the word ends that says so.
fn secret_of(command: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let mut parts = command.split(|c: char| !is_part(c)).take(40);
    let part = parts.find(|part| {
        part.len() > 3
            && (*part == "secrets" || words::name(part.trim_start_matches('-')) == Name::Secret)
    })?;
    Some(part.as_ptr() as usize - command.as_ptr() as usize + part.len())
}

/// `readers`: where the first word ends that tells of one, once it was looked for.
pub(super) fn herestring(
    line: &str,
    words: &[Range<usize>],
    at: usize,
    readers: &mut Option<usize>,
    tell: &mut dyn FnMut(Range<usize>),
) {
    let before = &line[..words[at].start];
    let first = *readers.get_or_insert_with(|| {
        let found = READERS.iter().filter_map(|reader| {
            let at = line.find(reader)?;
            Some(at + reader.len())
        });
        found.chain(secret_of(line)).min().unwrap_or(usize::MAX)
    });
    if first <= before.len()
        && let Some(value) = words.get(at + 1)
    {
        // `chpasswd <<< user:password`
        let skipped = match before.contains("chpasswd") {
            true => line[value.clone()].find(':').map_or(0, |colon| colon + 1),
            false => 0,
        };
        // `$'…'` of bash(1).
        let skipped = match line[value.clone()].starts_with("$'") {
            true => 2,
            false => skipped,
        };
        tell(value.start + skipped..value.end);
    }
}

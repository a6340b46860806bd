//! Secrets that run over lines or are told by the lines around them: key blocks, also in JSON and without a head, and what
//! AWS's commands answer.
//!
//! Nothing here is told by a name; that is done line by line.

use std::ops::Range;

use super::words::{self, Name};

/// How a private key begins in base64 (source: RFC 8017, RFC 5915, RFC 8410 with PKCS #8 around them; OpenSSH's PROTOCOL.key).
const STARTS: [&str; 8] = [
    "b3BlbnNzaC1rZXktdj",
    "MIIEowIBAAKCAQEA",
    "MIIEpAIBAAKCAQEA",
    "MIIEogIBAAKCAQEA",
    "MIIJKQIBAAKCAgEA",
    "MC4CAQAwBQYDK2V",
    "MHcCAQEEI",
    "MIGHAgEAMBMGByqGSM49",
];
/// Of PKCS #8 with an RSA key of any length: what stands behind the length.
const PKCS8: &str = "AgEAMA0GCSqGSIb3DQEBAQUAB";
/// Commands whose answer is a secret, when it is nothing but that (source: the AWS CLI's command reference).
const ANSWERS: [(&str, &str); 8] = [
    ("get-secret-value", "text"),
    ("get-parameter", "--with-decryption"),
    ("get-login-password", ""),
    ("generate-db-auth-token", ""),
    ("get-authorization-token", "text"),
    ("get-password-data", "text"),
    ("get-random-password", "text"),
    ("kms decrypt", "text"),
];

/// The same of other programs (source: the reference of each).
const SHOWN: [&str; 25] = [
    "wg genkey",
    "wg genpsk",
    "gcloud auth print-",
    "gh auth token",
    "kubeadm token create",
    "kubeadm certs certificate-key",
    "kubectl create token",
    "oc whoami -t",
    "vault print token",
    "vault kv get -field",
    "vault read -field",
    "heroku auth:token",
    "op read ",
    "pass show ",
    "pwgen",
    "openssl rand",
    "secret-tool lookup",
    "find-generic-password",
    "doppler secrets get",
    "consul keygen",
    "nomad operator gossip keyring generate",
    "apg -",
    "mkpasswd",
    "terraform output -raw",
    "sops -d --extract",
];

/// Calls `found` with each part.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    heads(text, found);
    tails(text, found);
    parameters(text, found);
    answers(text, found);
    shown(text, found);
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)
}

/// From the start of a key on, with the lines that go on with it.
fn heads(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut until = 0;
    let mut starts: Vec<usize> = STARTS
        .iter()
        .flat_map(|start| text.match_indices(start).map(|(at, _)| at))
        .collect();
    for (at, _) in text.match_indices(PKCS8) {
        // `MII` and the length before it.
        if let Some(start) = at
            .checked_sub(6)
            .filter(|start| bytes[*start..].starts_with(b"MII"))
        {
            starts.push(start);
        }
    }
    starts.sort_unstable();
    for start in starts {
        if start < until {
            continue;
        }
        until = start;
        loop {
            let length = bytes[until..]
                .iter()
                .take_while(|byte| is_base64(**byte))
                .count();
            let is_first = until == start;
            if length < if is_first { 30 } else { 4 } {
                break;
            }
            found(until..until + length);
            until += length;
            // A last line is shorter; behind it nothing goes on.
            if length < 40 && !is_first {
                break;
            }
            until += between(&bytes[until..]);
        }
    }
}

/// What stands between two lines of a block: a line end, also as JSON writes it, and what frames or indents the next.
fn between(bytes: &[u8]) -> usize {
    let mut at = 0;
    let mut ends = 0;
    loop {
        match &bytes[at..] {
            [b'\\', b'n' | b'r', ..] => (at, ends) = (at + 2, ends + 1),
            [b'\\', b'\\', b'n' | b'r', ..] => (at, ends) = (at + 3, ends + 1),
            [b'\n' | b'\r', ..] => (at, ends) = (at + 1, ends + 1),
            [b' ' | b'\t' | b'|' | b'"' | b'~', ..] if ends > 0 => at += 1,
            _ => break,
        }
    }
    if ends == 0 { 0 } else { at }
}

/// A block whose head is out of sight: the lines before its end.
fn tails(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for (at, _) in text.match_indices("-----END ") {
        let rest = &text[at..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len()).min(80)];
        if !line.contains("PRIVATE KEY") {
            continue;
        }
        let mut end = at;
        let mut before = text[..at].trim_end_matches('\n');
        loop {
            let (above, line) = before.rsplit_once('\n').unwrap_or(("", before));
            let bare = line.trim_matches([' ', '\t', '|', '\r']);
            let is_body = bare.bytes().all(is_base64)
                && (bare.len() >= 40 || (end == at && bare.len() >= 4 && !bare.is_empty()));
            if !is_body {
                break;
            }
            let start = before.len() - line.len() + line.find(bare).unwrap_or(0);
            found(start..start + bare.len());
            end = start;
            if above.is_empty() {
                break;
            }
            before = above;
        }
    }
}

/// A parameter of type `SecureString`, in JSON, YAML, a table or as text: its value (source: the API reference of
/// Systems Manager, `Parameter`).
fn parameters(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    const NEAR: usize = 400;
    for (at, word) in text.match_indices("SecureString") {
        let from = (at.saturating_sub(NEAR)..=at)
            .find(|from| text.is_char_boundary(*from))
            .unwrap_or(at);
        let to = (at + NEAR).min(text.len());
        let to = (at..=to)
            .rev()
            .find(|to| text.is_char_boundary(*to))
            .unwrap_or(at);
        // As text the columns stand in the order of their names: version, or nothing, comes behind the value.
        let behind = &text[at + word.len()..to];
        if let Some(value) = behind
            .strip_prefix('\t')
            .or_else(|| behind.strip_prefix("  "))
        {
            let value = value.trim_start_matches([' ', '\t']);
            let start = at + word.len() + behind.len() - value.len();
            let length = value.find(['\t', '\n']).unwrap_or(value.len());
            if length > 0 {
                found(start..start + length);
            }
        }
        for (near, _) in text[from..to].match_indices("Value") {
            let start = from + near;
            let rest = &text[start + "Value".len()..to];
            let bare = rest.trim_start_matches(['"', ' ', '\t', '|']);
            let Some(bare) = bare
                .strip_prefix(':')
                .or_else(|| (rest.len() - bare.len() > 2).then_some(bare))
            else {
                continue;
            };
            let value = bare.trim_start_matches([' ', '\t', '|', '\'']);
            let (value, end) = match value.strip_prefix('"') {
                Some(value) => (
                    value,
                    value
                        .find("\",")
                        .or_else(|| value.find("\"\n"))
                        .or_else(|| value.rfind('"')),
                ),
                None => (value, value.find(['\n', '|']).or(Some(value.len()))),
            };
            let begin = to - value.len();
            if let Some(length) = end {
                let value = value[..length].trim_end_matches([' ', '\'']);
                if !value.is_empty() {
                    found(begin..begin + value.len());
                }
            }
        }
    }
}

/// The line behind a command that answers with a secret alone.
fn answers(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for (command, needs) in ANSWERS {
        for (at, _) in text.match_indices(command) {
            let rest = &text[at..];
            let Some(end) = rest.find('\n') else {
                continue;
            };
            let line = &rest[..end];
            let before = &text[text[..at].rfind('\n').map_or(0, |start| start + 1)..at];
            if !before.contains("aws") || !line.contains(needs) || line.contains(['|', '>']) {
                continue;
            }
            let start = at + end + 1;
            let answer = text[start..].split('\n').next().unwrap_or_default();
            let bare = answer.trim();
            // An object is looked at by its names, a prompt is none, and neither is an error.
            let is_prompt = bare.contains(['@', ':', ' ', ']']) && bare.ends_with(['$', '#', '>']);
            let is_value = bare.len() >= 4
                && !bare.starts_with(['{', '[', '(', '-', '$', '#'])
                && !bare.contains("error")
                && !bare.starts_with("An ")
                && !is_prompt;
            let is_asked = needs != "--with-decryption" || line.contains("text");
            if is_value && is_asked && !bare.contains('\t') {
                let lead = answer.len() - answer.trim_start().len();
                found(start + lead..start + lead + bare.len());
            }
        }
    }
}

/// The line behind a command that writes a secret by its own: of those above, what a variable with such a name holds, what a
/// Secret holds decoded.
fn shown(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + line.len();
        at = start;
        let Some(prompt) = line
            .find(['$', '#', '>', '%'])
            .filter(|_| line.ends_with('\n'))
        else {
            continue;
        };
        let command = line[prompt + 1..].trim();
        let last = command
            .rsplit([' ', '{', '.', '/'])
            .next()
            .unwrap_or_default();
        let name = last.trim_matches(['"', '\'', '}', '$']);
        let names_one = || words::name(name) == Name::Secret;
        let is_known = SHOWN.iter().any(|shown| command.contains(shown)) && !command.contains('>');
        let is_variable = (command.starts_with("printenv ")
            || command.starts_with("echo $")
            || command.starts_with("echo \"$"))
            && names_one();
        let is_decoded = command.contains("secret")
            && command.contains("base64 -")
            && command.contains("kubectl");
        let is_file = command.starts_with("cat ")
            && (command.contains("/secrets/") || (names_one() && !name.contains('.')));
        if !(is_known || is_variable || is_decoded || is_file) {
            continue;
        }
        let answer = text[start..].split('\n').next().unwrap_or_default();
        let bare = answer.trim();
        let is_word_like = bare.bytes().all(|byte| byte.is_ascii_lowercase());
        if bare.len() >= 6
            && !bare.contains(' ')
            && !bare.contains([':', '$', '<'])
            && !is_word_like
            && !bare.starts_with(['{', '[', '-', '/', '#'])
        {
            let lead = answer.len() - answer.trim_start().len();
            found(start + lead..start + lead + bare.len());
        }
    }
}

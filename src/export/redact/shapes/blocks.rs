//! Secrets that run over lines or are told by what stands near them: key blocks, also in JSON and without a head, and values
//! beside their type or their address.
//!
//! Nothing here is told by a name; that is done line by line.

use std::ops::Range;

use super::plain::places;

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
/// What tells that the value beside it is a secret (source: the API reference of Systems Manager, `Parameter`; Key Vault's
/// REST reference, identifiers of secrets).
const BESIDE: [&str; 2] = ["SecureString", ".vault.azure.net/secrets/"];

/// Calls `found` with each part.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    heads(text, found);
    tails(text, found);
    parameters(text, found);
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
        .flat_map(|start| places(text, start))
        .collect();
    for at in places(text, PKCS8) {
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
            [b' ' | b'\t' | b'|' | b'>' | b'"' | b'~', ..] if ends > 0 => at += 1,
            _ => break,
        }
    }
    if ends == 0 { 0 } else { at }
}

/// A block whose head is out of sight: the lines before its end.
fn tails(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for at in places(text, "-----END ") {
        let rest = &text[at..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len()).min(80)];
        if !line.contains("PRIVATE KEY") {
            continue;
        }
        let mut end = at;
        let mut before = text[..at].trim_end_matches('\n');
        loop {
            let (above, line) = before.rsplit_once('\n').unwrap_or(("", before));
            let bare = line.trim_matches([' ', '\t', '|', '>', '\r']);
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

/// A parameter of type `SecureString`, or a secret of a vault, in JSON, YAML, a table or as text: its value.
fn parameters(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for word in BESIDE {
        beside(text, word, found);
    }
}

fn beside(text: &str, word: &str, found: &mut dyn FnMut(Range<usize>)) {
    const NEAR: usize = 400;
    // `Value` of the one, beside the type; `value` of the other, some members behind the address.
    let (name, lines) = match word.starts_with('.') {
        true => ("\"value", 8),
        false => ("Value", 1),
    };
    for at in places(text, word) {
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
        let before = text[from..at].rsplit('\n').next().unwrap_or_default();
        if let Some(value) = behind
            .strip_prefix('\t')
            .or_else(|| behind.strip_prefix("  "))
            // A tab of one column.
            .or_else(|| {
                behind
                    .strip_prefix(' ')
                    .filter(|_| before.contains(":parameter/"))
            })
        {
            let value = value.trim_start_matches([' ', '\t']);
            let start = at + word.len() + behind.len() - value.len();
            let length = value.find(['\t', '\n']).unwrap_or(value.len());
            if length > 0 && !value.starts_with('|') {
                found(start..start + length);
            }
        }
        for (near, _) in text[from..to].match_indices(name) {
            let start = from + near;
            if !is_member(&text[from..to], at - from, near, lines) {
                continue;
            }
            let rest = &text[start + name.len()..to];
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

/// Whether two words of a text are members of one object: on one line with no brace between, or on lines near one another
/// that are indented alike, of which the second word begins its own.
fn is_member(text: &str, word: usize, name: usize, lines: usize) -> bool {
    let between = &text[word.min(name)..word.max(name)];
    if !between.contains('\n') {
        return !between.contains(['{', '}']);
    }
    let line = |at: usize| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        text[start..].split('\n').next().unwrap_or_default()
    };
    let bare = |line: &str| line.trim_start_matches([' ', '\t', '|', '-']).len();
    let indent = |line: &str| line.len() - bare(line);
    let start = text[..name].rfind('\n').map_or(0, |end| end + 1);
    let begins = text[start..name]
        .bytes()
        .all(|byte| b" \t|-\"'".contains(&byte));
    // The lines between, and that of the name.
    let depth = indent(line(word));
    let others: Vec<&str> = between.split('\n').collect();
    let alike = |other: &&str| indent(other) == depth && other.contains([':', '|']);
    let first = line(word.min(name));
    begins
        && others.len() <= lines + 1
        && indent(first) == depth
        && indent(line(name)) == depth
        && others[1..others.len() - 1].iter().all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        super::super::check(parameters, text, expected);
    }

    #[test]
    fn what_stands_in_one_object_with_its_type_is_a_secret() {
        for text in [
            r#"{"Name":"/a","Type":"SecureString","Value":"hunter2","Version":1}"#,
            r#"{"Value":"hunter2","Type":"SecureString"}"#,
            "  \"Type\": \"SecureString\",\n  \"Value\": \"hunter2\",\n",
            "- Name: /a\n  Type: SecureString\n  Value: hunter2\n",
            "|  Type   |  SecureString  |\n|  Value  |  hunter2  |\n",
            "Type             : SecureString\nValue            : hunter2\n",
            "  \"id\": \"https://v.vault.azure.net/secrets/db/1\",\n  \"kid\": null,\n  \"name\": \"db\",\n  \"value\": \"hunter2\"\n",
            "PARAMETER\tarn:aws:ssm:eu-west-1:1:parameter/db\ttext\t/db\tSecureString hunter2\n",
        ] {
            check(text, &["hunter2"]);
        }
    }

    #[test]
    fn what_stands_beside_a_type_by_chance_stays() {
        for text in [
            "    \"Type\": \"SecureString\",\n    \"Name\": \"/a\", \"Type\": \"String\", \"Value\": \"open\",\n",
            "  \"Type\": \"SecureString\",\nother\n  \"Value\": \"open\",\n",
            "  \"Type\": \"SecureString\"\n},\n\"Value\": \"open\"\n",
            r#"[{"Type":"SecureString"},{"Value":"open"}]"#,
            "  \"id\": \"https://v.vault.azure.net/secrets/db/1\"\n}\n{\n  \"value\": \"open\"\n",
        ] {
            check(text, &[]);
        }
    }
}

//! Secrets that are an argument by its place: `vault login TOKEN`, `setenv NAME VALUE`, `sudo -S … <<< PASSWORD`.
//!
//! Nothing here knows flags of one letter; those are the table of `commands`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use super::nones::is_identifier;
use super::readers::herestring;
use super::words::{
    self, Name, is_generated, is_long_hex, is_mixed, is_mixed_letters, is_password, is_random,
    is_setting, is_token, is_uuid, is_word,
};

/// The words of a command, and which argument behind them is a secret, flags left out (source: each program's manual).
const PLACES: [(&str, usize); 56] = [
    ("hdbuserstore set", 4),
    ("bw login", 2),
    ("mosquitto_passwd -b", LAST),
    ("ejabberdctl register", 3),
    ("prosodyctl register", 3),
    ("pihole setpassword", 1),
    ("grafana-cli admin reset-admin-password", 1),
    ("grafana cli admin reset-admin-password", 1),
    ("isql", 3),
    ("mc admin user add", 3),
    ("mcli admin user add", 3),
    ("consul acl set-agent-token", 2),
    ("radtest", 5),
    ("bw unlock", 1),
    ("nuget push", 2),
    ("dotnet nuget push", 2),
    ("bundle config set", 2),
    ("rndc-confgen", LAST),
    ("user create", 2),
    ("user add", 2),
    ("user passwd", 2),
    ("user setpassword", 2),
    ("user set-password", 2),
    ("doveadm auth test", 2),
    ("radtest", 2),
    ("set-initial-password", 1),
    ("oathtool", LAST),
    ("ipmitool user set password", 2),
    ("tailscale login --auth-key", 1),
    ("openssl passwd", LAST),
    ("drush user:password", 2),
    ("wpa_passphrase", 2),
    ("grub-mkpasswd-pbkdf2", 1),
    ("kadmin.local cpw -pw", 1),
    ("kadmin addprinc -pw", 1),
    ("mkpasswd", LAST),
    ("vncpasswd", 1),
    ("vault login", 1),
    ("vault operator unseal", 1),
    ("rclone obscure", 1),
    ("ansible-vault encrypt_string", 1),
    ("rabbitmqctl add_user", 2),
    ("rabbitmqctl change_password", 2),
    ("rabbitmqctl authenticate_user", 2),
    ("net user", 2),
    ("mc alias set", 4),
    ("mcli alias set", 4),
    ("cargo login", 1),
    ("nuget setapikey", 1),
    ("dotnet nuget setapikey", 1),
    ("convertto-securestring", 1),
    ("tailscale up --authkey", 1),
    ("kadmin.local addprinc -pw", 1),
    ("cloudflared service install", 1),
    ("ngrok config add-authtoken", 1),
    ("ngrok authtoken", 1),
];
/// The argument that no other stands behind.
const LAST: usize = usize::MAX;
/// Programs whose user is `NAME/PASSWORD@…` (source: SQL*Plus guide, CONNECT; Oracle utilities guide).
const ORACLE: &str = " sqlplus sql rman expdp impdp exp imp sqlldr connect conn ";
/// Words of a device's configuration that a secret stands behind (source: the command references of Cisco, Juniper,
/// Fortinet, Huawei, Aruba and HPE; Debian's preseed).
const DIRECTIVES: &str = " password passwd secret key key-string authentication-key pre-shared-key psk wpa-psk psksecret \
                          passphrase md5 plaintext plain-text cleartext encrypted-password auth priv community wep-key ";
/// Those that a kind has to stand behind: `auth sha SECRET priv aes 128 SECRET`.
const OF_A_KIND: &str = " auth priv community ";
/// What may stand between, and tells how the secret is written.
const KINDS: &str = " 0 1 2 3 4 5 6 7 8 9 10 ENC enc cipher irreversible-cipher simple plaintext plain-text cleartext ascii \
                     ascii-text encrypted hash sha sha1 sha256 sha512 md5 aes des 3des 128 192 256 local remote level wpa2 type value ";

/// Calls `tell` with each secret of a line whose words are these.
pub(super) fn find(line: &str, words: &[Range<usize>], tell: &mut dyn FnMut(Range<usize>)) {
    let text = |at: usize| words.get(at).map_or("", |word| &line[word.clone()]);
    // Where the first word of these programs stands.
    let mut behind = [
        "nmcli",
        "curl",
        "lftp",
        "open",
        "ssh-keygen",
        "nsupdate",
        "dig",
    ]
    .map(|name| (name, false));
    let is_behind = |behind: &[(&str, bool)], name: &str| behind.contains(&(name, true));
    let mut is_net_use = false;
    let mut readers = None;
    // Whether a program of Oracle's stands before.
    let mut is_oracle = false;
    for at in 0..words.len() {
        let small = program(text(at));
        for &(command, place) in BY_PROGRAM.get(small.as_str()).into_iter().flatten() {
            let parts = command.split(' ').skip(1);
            let length = command.split(' ').count();
            let is_it = (1..length)
                .zip(parts)
                .all(|(next, part)| text(at + next).eq_ignore_ascii_case(part));
            if is_it {
                let mut arguments = words
                    .iter()
                    .skip(at + length)
                    .filter(|word| !line[(*word).clone()].starts_with(['-', '/', '|', '<', '>']));
                // A sentence has words there.
                let argument = match place {
                    LAST => arguments.next_back(),
                    place => arguments.nth(place - 1),
                };
                if let Some(value) = argument.filter(|value| is_value(&line[(*value).clone()])) {
                    tell(value.clone());
                }
            }
        }
        match small.as_str() {
            // `set -x NAME VALUE` of fish, `setenv` of csh, `setx` of Windows, `config set` of many (source: their manuals).
            "set" | "setenv" | "setx" | "config" | "add" | "put" | "create" => {
                named(line, words, at, &small, tell)
            }
            name if name.ends_with(":set") => named(line, words, at, "set-", tell),
            "<<<" => herestring(line, words, at, &mut readers, tell),
            // Redis, at its prompt (source: the command reference, AUTH).
            "auth" if text(at) == "AUTH" && at > 0 && text(at - 1).ends_with('>') => {
                if let Some(value) = words
                    .last()
                    .filter(|_| (at + 2..=at + 3).contains(&words.len()))
                {
                    tell(value.clone());
                }
            }
            // `net use X: \\host\share /user:NAME PASSWORD`, or before it.
            "use" if !is_net_use && at > 0 && program(text(at - 1)) == "net" => {
                // All that stands behind it is looked at.
                is_net_use = true;
                for (next, word) in words.iter().enumerate().skip(at + 1) {
                    let is_user = text(next).to_ascii_lowercase().starts_with("/user:");
                    let is_behind =
                        next > 0 && text(next - 1).to_ascii_lowercase().starts_with("/user:");
                    let is_before = text(next + 1).to_ascii_lowercase().starts_with("/user:");
                    let is_other =
                        text(next).starts_with(['\\', '/', '*']) || text(next).ends_with(':');
                    if !is_user && (is_behind || is_before) && !is_other {
                        tell(word.clone());
                    }
                }
            }
            // `poetry config http-basic.NAME USER SECRET`
            name if ["github-oauth.", "gitlab-token.", "gitlab-oauth.", "bearer."]
                .iter()
                .any(|start| name.starts_with(start)) =>
            {
                if let Some(value) = words.get(at + 1) {
                    tell(value.clone());
                }
            }
            name if name.starts_with("http-basic.") => {
                if let Some(value) = words.get(at + 2) {
                    tell(value.clone());
                }
            }
            name if at > 0 && is_entrance(name) && at + 2 == words.len() => {
                let value = &words[at + 1];
                let text = &line[value.clone()];
                if is_token(text)
                    || (is_long_hex(text) && name == "login")
                    || (is_uuid(text) && name == "auth")
                {
                    tell(value.clone());
                }
            }
            // `key 7 SECRET`, `password plaintext "SECRET"`: what configures devices and installers.
            _ if is_directive(text(at)) && !(at > 0 && is_of_a_pair(text(at - 1))) => {
                let kinds = (1..=4)
                    .take_while(|next| KINDS.contains(&format!(" {} ", text(at + next))))
                    .count();
                let skipped = kinds + 1;
                let needs_kind = OF_A_KIND.contains(&format!(" {} ", text(at)));
                if (kinds > 0 || !needs_kind)
                    && let Some(value) = words.get(at + skipped)
                    && value.start - words[at + skipped - 1].end == 1
                    && (is_setting(&line[value.clone()])
                        || (kinds > 0 && is_encoded(&line[value.clone()])))
                {
                    tell(value.clone());
                }
            }
            // `tool -u NAME -p SECRET`, of whichever tool.
            "-p" | "-pw" | "-w" if is_user(line, words, at) => {
                if let Some(value) = words.get(at + 1)
                    && is_password(&line[value.clone()])
                {
                    tell(value.clone());
                }
            }
            // `nmcli device wifi connect NAME password SECRET`
            "password" | "wifi-sec.psk" | "802-11-wireless-security.psk"
                if is_behind(&behind, "nmcli") =>
            {
                if let Some(value) = words.get(at + 1) {
                    tell(value.clone());
                }
            }
            // `tool --src-creds USER:SECRET`, `tool -auth USER:SECRET`.
            name if name.starts_with('-')
                && (matches!(name, "-a" | "-u" | "--user" | "--login" | "--userpwd")
                    || ["creds", "auth", "userpass", "credentials"]
                        .iter()
                        .any(|end| name.ends_with(end)))
                && text(at + 1).contains(':') =>
            {
                if let Some(value) = words.get(at + 1)
                    && let Some((user, secret)) = line[value.clone()].split_once(':')
                    && !user.is_empty()
                    && (is_setting(secret) || (name != "-u" && is_long_hex(secret)))
                {
                    tell(value.end - secret.len()..value.end);
                } else if let Some(value) = words.get(at + 1)
                    && is_token(&line[value.clone()])
                {
                    tell(value.clone());
                }
            }
            // A letter alone, and a value such as no file has for a name.
            "-p" | "-w" | "-x" | "-k" | "-pw" | "-a" | "-xp" | "-pwd" | "--plaintext"
                if at > 0 && is_mixed(text(at + 1)) =>
            {
                tell(words[at + 1].clone());
            }
            // `tool -t TOKEN`, `tool --auth TOKEN`, of whichever tool.
            "-t" | "-a" | "-k" | "-p" | "-w" | "-s" | "--auth" | "--base64" | "--key"
                if at > 0 && !is_behind(&behind, "ssh-keygen") =>
            {
                if let Some(value) = words.get(at + 1)
                    && (is_token(&line[value.clone()])
                        || (small == "-t" && is_uuid(&line[value.clone()])))
                {
                    tell(value.clone());
                }
            }
            // Letters are small here: `-E CERTIFICATE:PASSWORD`.
            "-e" | "--cert" if is_behind(&behind, "curl") => {
                if let Some(value) = words.get(at + 1)
                    && let Some(colon) = line[value.clone()].rfind(':')
                {
                    tell(value.start + colon + 1..value.end);
                }
            }
            "-y" if is_behind(&behind, "nsupdate") || is_behind(&behind, "dig") => {
                if let Some(value) = words.get(at + 1)
                    && let Some(colon) = line[value.clone()].rfind(':')
                {
                    tell(value.start + colon + 1..value.end);
                }
            }
            "-b" | "--cookie" if is_behind(&behind, "curl") => {
                if let Some(value) = words.get(at + 1)
                    && let Some(equals) = line[value.clone()].find('=')
                {
                    tell(value.start + equals + 1..value.end);
                }
            }
            // `aws ssm put-parameter --type SecureString --value SECRET`
            "--value" | "--passwords" | "--body"
                if line.contains("SecureString")
                    || line[..words[at].start].contains("secret")
                    || text(at) == "--passwords" =>
            {
                if let Some(value) = words.get(at + 1) {
                    tell(value.clone());
                }
            }
            "-u" | "--user" if is_behind(&behind, "lftp") || is_behind(&behind, "open") => {
                if let Some(value) = words.get(at + 1)
                    && let Some(comma) = line[value.clone()].find(',')
                {
                    tell(value.start + comma + 1..value.end);
                }
            }
            _ => {}
        }
        // `/p:SECRET` of FreeRDP.
        if let Some(value) = text(at)
            .strip_prefix("/p:")
            .filter(|_| line.contains("freerdp"))
        {
            tell(words[at].end - value.len()..words[at].end);
        }
        if is_oracle {
            let user = text(at).trim_start_matches(['"', '\'']);
            if let Some((name, rest)) = user.split_once('/')
                && let Some((password, _)) = rest.split_once('@')
                && !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_$#".contains(&byte))
            {
                let start =
                    words[at].end - text(at).len() + (text(at).len() - user.len()) + name.len() + 1;
                tell(start..start + password.len());
            }
        }
        for (name, is_there) in &mut behind {
            *is_there |= *name == small;
        }
        is_oracle |= (1..12).contains(&small.len()) && ORACLE.split(' ').any(|name| name == small);
    }
    // `shadow.gen_password 'SECRET'`: a quoted value right behind what names one.
    for pair in words.windows(2) {
        let value = &line[pair[1].clone()];
        if value.starts_with(['"', '\''])
            && value.len() < 200
            && pair[1].start - pair[0].end == 1
            && is_setting(value)
            && !value
                .split(['-', '_', '"', '\''])
                .all(|part| part.is_empty() || is_word(part))
            && words::name(&line[pair[0].clone()]) == Name::Secret
        {
            tell(pair[1].clone());
        }
    }
    // `api token VALUE`: what only a generator makes, right behind what names it.
    for at in 1..words.len() {
        let value = &line[words[at].clone()];
        let value = value.trim_end_matches([',', ';', ')']);
        if line[words[at - 1].end..words[at].start] == *" "
            && is_generated(value)
            && names_one(line, &words[..at])
        {
            tell(words[at].start..words[at].start + value.len());
        }
    }
    // A line of a file: `requirepass VALUE`.
    if let [name, value] = words
        && words::name(&line[name.clone()]) == Name::Secret
        && is_random(&line[value.clone()])
        // A prototype, a name of a program's.
        && !line[value.clone()].starts_with('*')
        && !line[value.clone()].ends_with(',')
        && !line[value.clone()].contains(['(', ')'])
        && !is_identifier(&line[value.clone()])
        // What has a colon or an equals sign behind it is looked at by its name.
        && !line[name.clone()].contains([':', '='])
    {
        tell(value.clone());
    }
}

/// Whether the last word or the last two name a secret, and say nothing of a pair of keys.
fn names_one(line: &str, words: &[Range<usize>]) -> bool {
    let Some(last) = words.last() else {
        return false;
    };
    let before = words.len().checked_sub(2).map(|at| words[at].clone());
    let is_of_a_pair = before
        .as_ref()
        .is_some_and(|word| is_of_a_pair(&line[word.clone()]));
    let is_letters = |word: &str| {
        let mut bytes = word.bytes();
        word.len() < 40 && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let both = before.map_or(last.start, |word| word.start)..last.end;
    !is_of_a_pair
        && is_letters(&line[last.clone()])
        && (words::name(&line[last.clone()]) == Name::Secret
            || (both.len() < 60 && words::name(&line[both]) == Name::Secret))
}

/// Whether a user is named in the command that this flag belongs to.
fn is_user(line: &str, words: &[Range<usize>], at: usize) -> bool {
    words[..at]
        .iter()
        .rev()
        .take(12)
        .map(|word| &line[word.clone()])
        .take_while(|word| !matches!(*word, "|" | "||" | "&&" | ";" | "run"))
        .any(|word| {
            matches!(
                word,
                "-u" | "-U" | "--user" | "--username" | "-user" | "-l" | "useradd" | "adduser"
            )
        })
}

/// `using RSA key 3C9E…` tells a fingerprint.
fn is_of_a_pair(word: &str) -> bool {
    matches!(
        word,
        "RSA" | "DSA" | "ECDSA" | "EDDSA" | "EdDSA" | "ED25519" | "public" | "host" | "primary"
    )
}

/// Base64 such as a device writes for a password that it holds encrypted.
fn is_encoded(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'', ';']);
    bare.len() >= 20
        && is_mixed_letters(bare.as_bytes())
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

fn is_directive(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| DIRECTIVES.split_whitespace().collect());
    word.len() < 40
        && (WORDS.contains(word)
            // `authentication-password`, `pre-shared-secret`
            || (word.contains('-')
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                && !word.starts_with('-')
                && words::name(word) == Name::Secret))
}

/// What logs a program in, or unlocks it: `tool login TOKEN`.
fn is_entrance(word: &str) -> bool {
    matches!(
        word,
        "login" | "init" | "auth" | "unlock" | "activate" | "authenticate" | "register"
    )
}

/// The rows of `PLACES` by their first word.
static BY_PROGRAM: LazyLock<HashMap<&str, Vec<(&str, usize)>>> = LazyLock::new(|| {
    let mut rows: HashMap<_, Vec<_>> = HashMap::new();
    for row in PLACES {
        let first = row.0.split(' ').next().unwrap_or_default();
        rows.entry(first).or_default().push(row);
    }
    rows
});

fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\', '>']).next().unwrap_or_default();
    let name = name
        .trim_end_matches(".exe")
        .trim_start_matches(['(', '"', '\'', '&', '$']);
    name.to_ascii_lowercase()
}

/// No word of a sentence, and no placeholder of a manual.
fn is_value(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    !is_word(bare)
        && !bare.starts_with(['[', '<', '{', '(', '$'])
        && bare.len() >= 4
        && !bare
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn named(
    line: &str,
    words: &[Range<usize>],
    at: usize,
    how: &str,
    tell: &mut dyn FnMut(Range<usize>),
) {
    let mut arguments = words
        .iter()
        .skip(at + 1)
        .filter(|word| !line[(*word).clone()].starts_with('-'));
    let (Some(name), Some(value)) = (arguments.next(), arguments.next()) else {
        return;
    };
    let (name, text) = (
        line[name.clone()].trim_matches(['"', '\'']),
        &line[value.clone()],
    );
    // `set password policy` is a sentence; `set -x NAME VALUE` and `setenv` are none.
    let is_command = how.starts_with("set") && how.len() > 3
        || line[words[at].end..].trim_start().starts_with('-');
    let is_one = match words::name(name) {
        Name::Secret if is_command => is_value(text) && !text.ends_with(']'),
        Name::Secret | Name::Perhaps => is_random(text) && !text.ends_with(']'),
        Name::Other => false,
    };
    if is_one && !text.starts_with(['=', ':', '<', '[', '|', '$', '(']) {
        tell(value.clone());
    }
}

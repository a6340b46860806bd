//! What a name tells of its value, and what a value tells of itself.
//!
//! Nothing here knows where in a text a name or a value stands.

/// Words that name a secret wherever they are the last one of a name.
const SECRET: &str = " password passwd pass passphrase passcode pwd pw secret token apikey secretkey accesskey privatekey \
                      authkey psk bindpw rootpw rootpass bindpass authpass privpass sshpass userpass \
                      dbpass smtppass mysqlpass adminpass mypass otp secretstring secretbinary keymaterial authtoken accesstoken refreshtoken \
                      idtoken clientsecret sessiontoken authorizationtoken plaintext pat kennwort passwort requirepass masterauth ";
/// Words that make a secret of a key.
const OF_A_KEY: &str = " api access secret private auth authentication encryption encrypt signing sign master account shared service \
                        storage session deploy app application client server aes hmac jwt security consumer webhook admin root \
                        license integration subscription write read ingest personal preshared functions cosmos certificate unseal ";
/// A name that ends with one of these is about a secret, and its value none.
const ABOUT: &str = " file path dir url uri name id ids type length len size count expiry expires expiration ttl timeout age policy \
                     hint prompt field arn version enabled required min max ring days limit limits usage used format pattern rules \
                     rule status state date time at in source provider manager store endpoint issuer audience scope algorithm alg \
                     method attempts retries authentication check db database lifetime rotation stdin command cmd env label \
                     column header param parameter generator validator reset mode message error table class handler service ";
/// Keys that are known to everybody.
const PUBLIC: &str = " public gpg pgp host known primary foreign cache sort partition object idempotency authorized signed ";
/// Values that are none.
const NONE: &str = " true false yes no none null nil undefined unset empty required optional string str bool boolean int text bytes \
                    password passwd secret token hidden redacted masked prompt ask default changed set missing invalid expired \
                    enabled disabled ok on off any not is the a an for from to of and or file char varchar unknown error failed \
                    wrong incorrect mismatch supersecret unmodified authentication authorization interactive ";

fn is_in(list: &str, word: &str) -> bool {
    // Words have no spaces, so that none is found across two.
    !word.is_empty()
        && list
            .match_indices(word)
            .any(|(at, _)| list[..at].ends_with(' ') && list[at + word.len()..].starts_with(' '))
}

/// How far a name goes towards making a secret of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Name {
    Other,
    /// Its value is a secret if it looks like one.
    Perhaps,
    /// Its value is a secret unless it says that it is none.
    Secret,
}

/// A name as its words, in small letters: cut at anything but letters and digits, and where small letters end.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    let mut next = name.chars().skip(1);
    for c in name.chars() {
        let following = next.next().unwrap_or(' ');
        let is_start = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && following.is_ascii_lowercase()));
        if !c.is_ascii_alphanumeric() || is_start {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && c.is_ascii_alphanumeric()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    for word in &mut words {
        let bare = word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        if bare > 0 {
            word.truncate(bare);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What a name tells.
pub(super) fn name(name: &str) -> Name {
    let words = words(name);
    let Some(last) = words.last() else {
        return Name::Other;
    };
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "passwort",
    ];
    let is_secret = |word: &str| is_in(SECRET, word) || ends.iter().any(|end| word.ends_with(end));
    if words.len() == 1
        && matches!(
            last.as_str(),
            "pwd" | "oldpwd" | "pat" | "otp" | "plaintext"
        )
    {
        return match name {
            "PWD" | "OLDPWD" => Name::Other,
            _ => Name::Perhaps,
        };
    }
    if is_secret(last) || is_in(SECRET, &words.concat()) {
        return Name::Secret;
    }
    // `client-key-data` (source: Kubernetes reference, kubeconfig).
    if words.ends_with(&["key".to_owned(), "data".to_owned()]) {
        return Name::Secret;
    }
    if matches!(last.as_str(), "key" | "keys") {
        let before = &words[..words.len() - 1];
        return match before
            .iter()
            .any(|word| is_in(OF_A_KEY, word) || is_secret(word))
        {
            _ if before.iter().any(|word| is_in(PUBLIC, word)) => Name::Other,
            true => Name::Secret,
            // `SOMETHING_KEY=` of a shell.
            false if name.ends_with("_KEY") => Name::Perhaps,
            false => Name::Other,
        };
    }
    if matches!(
        last.as_str(),
        "credential" | "credentials" | "secrets" | "auth"
    ) {
        return Name::Perhaps;
    }
    if !is_in(ABOUT, last)
        && words
            .iter()
            .any(|word| is_secret(word) && word != "pass" && word != "pw")
    {
        return Name::Perhaps;
    }
    Name::Other
}

/// Whether a value is no secret though its name says so: a placeholder, a reference, a path, a word of the language.
pub(super) fn is_none(value: &str) -> bool {
    let small = value.to_ascii_lowercase();
    let bare = small.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let begins = |starts: &[&str]| starts.iter().any(|start| small.starts_with(start));
    let is_call = || {
        let name = value.find(['(', '[', '<']).map(|at| &value[..at]);
        name.is_some_and(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || "_.".contains(c))
        })
    };
    let is_path = || {
        (begins(&["/", "./", "../", "~/"]) && {
            let parts = value.split('/').filter(|part| !part.is_empty());
            parts.clone().count() > 0
                && parts.clone().all(|part| {
                    let letters = part.chars().filter(char::is_ascii_lowercase).count();
                    letters * 2 > part.len() || part.len() < 4
                })
        }) || begins(&[
            "c:\\", "file:", "arn:", "s3:", "ssm:", "vault:", "http:", "https:", "env:", "//",
        ])
    };
    let is_blank = || {
        let inner = value.strip_prefix('{').unwrap_or("\"");
        inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '}')
    };
    value.len() < 3
        || is_blank()
        || is_in(NONE, bare)
        || bare.is_empty()
        || (value.starts_with('$') && !value.starts_with("$2") && !value.starts_with("$6"))
        || begins(&[
            "(",
            "<",
            "{{",
            "{%",
            "%(",
            "%{",
            "%s",
            "@@",
            "&",
            "process.env",
            "os.environ",
            "var.",
            "data.",
            "local.",
        ])
        || (value.contains('_')
            && value
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
        || small.chars().all(|c| "*x•.-_#".contains(c))
        || value
            .strip_prefix('!')
            .is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_alphabetic()))
        || is_call()
        || is_path()
}

/// Whether a value looks as if nobody had written it as a word.
pub(super) fn is_random(value: &str) -> bool {
    let has = |test: fn(&char) -> bool| value.chars().any(|c| test(&c));
    let kinds = [
        has(char::is_ascii_digit),
        has(char::is_ascii_lowercase),
        has(char::is_ascii_uppercase),
        has(|c| !c.is_ascii_alphanumeric()),
    ];
    let count = kinds.iter().filter(|kind| **kind).count();
    value.len() >= 8 && count >= 2 && (kinds[0] || count >= 3)
}

/// A word of a language rather than a value: letters alone, as they stand in a sentence.
pub(super) fn is_word(value: &str) -> bool {
    let bare = value.trim_end_matches(|c: char| ",.;:!?)'\"".contains(c));
    bare.chars().enumerate().all(|(at, c)| {
        c.is_ascii_lowercase()
            || (at == 0 && c.is_ascii_uppercase())
            || (at > 0 && "-'_".contains(c))
    })
}

/// Bits a character of a text, by how often each occurs in it.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let part = f64::from(*count) / length;
            -part * part.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_by_their_words() {
        for secret in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "MYSQL_PWD",
            "AWS_SECRET_ACCESS_KEY",
            "SecretAccessKey",
            "aws_session_token",
            "API_KEY",
            "x-api-key",
            "apiKey",
            "PRIVATE-TOKEN",
            "client_secret",
            "SECRET_KEY",
            "_authToken",
            "ansible_become_pass",
            "AccountKey",
            "password1",
            "SecretString",
            "wifi_psk",
            "encryption-key",
        ] {
            assert_eq!(name(secret), Name::Secret, "{secret}");
        }
        for perhaps in ["SECRET_KEY_BASE", "PASSWORD_PROD", "STRIPE_KEY", "pwd"] {
            assert_eq!(name(perhaps), Name::Perhaps, "{perhaps}");
        }
        for other in [
            "PWD",
            "token_type",
            "KeyName",
            "public_key",
            "ssh_public_key",
            "primary_key",
            "password_file",
            "max_tokens",
            "passwords",
            "PasswordAuthentication",
            "secret_name",
            "key",
            "tokenizer",
            "compass",
            "PASS_MAX_DAYS",
            "etag",
            "monkey",
            "passed",
        ] {
            assert_eq!(name(other), Name::Other, "{other}");
        }
    }

    #[test]
    fn placeholders_paths_and_words_are_no_secrets() {
        for none in [
            "$TOKEN",
            "${DB_PASSWORD}",
            "<password>",
            "{{ secret }}",
            "****",
            "xxxxxxxx",
            "true",
            "string",
            "/run/secrets/db",
            "~/.netrc",
            "os.environ['X']",
            "getenv(\"X\")",
            "arn:aws:secretsmanager:x",
            "null,",
            "\"\"",
            "-",
        ] {
            assert!(is_none(none), "{none}");
        }
        for some in [
            "hunter2",
            "S3cr3t!",
            "/wJalrXUtnFEMI/K7MDENG",
            "correct-horse",
            "12345678",
            "p@ss(word)1",
        ] {
            assert!(!is_none(some), "{some}");
        }
    }
}

//! What a name tells of its value, and what a value tells of itself.
//!
//! Nothing here knows where in a text a name or a value stands.

/// Words that name a secret wherever they are the last one of a name.
const SECRET: &str = " password passwd pass passphrase passcode pwd pw secret token apikey secretkey accesskey privatekey \
                      authkey psk bindpw rootpw rootpass bindpass authpass privpass sshpass userpass \
                      dbpass smtppass mysqlpass adminpass mypass otp secretstring secretbinary keymaterial authtoken accesstoken refreshtoken \
                      idtoken clientsecret cleartext sessiontoken authorizationtoken plaintext pat kennwort passwort requirepass masterauth ";
/// Words that make a secret of a key.
const OF_A_KEY: &str = " api access secret private auth authentication encryption encrypt signing sign master account shared service \
                        storage session deploy app application client server aes hmac jwt security consumer webhook admin root \
                        license integration subscription write read ingest personal preshared functions cosmos certificate unseal \
                        validation decryption derivation recovery ";
/// A name that ends with one of these is about a secret, and its value none.
const ABOUT: &str = " file path dir url uri name id ids type length len size count expiry expires expiration ttl timeout age policy \
                     hint prompt field arn version enabled required min max ring days limit limits usage used format pattern rules \
                     rule status state date time at in source provider manager store endpoint issuer audience scope algorithm alg \
                     method attempts retries authentication check db database lifetime rotation stdin command cmd env label \
                     column header param parameter generator validator reset mode message error table class handler service ";
/// Words that end with `pass` and mean a way.
const NO_PASSWORD: &str = " compass bypass askpass encompass trespass surpass overpass underpass lastpass keepass multipass onepass \
                           singlepass renderpass subpass depthpass optpass fastpass ";
/// Keys that are known to everybody.
const PUBLIC: &str = " public gpg pgp host known primary foreign cache sort partition object idempotency authorized signed ";
/// Values that are none.
const NONE: &str = " true false yes no none null nil undefined unset empty required optional string str bool boolean int text bytes \
                    password passwd secret token hidden redacted masked prompt ask default changed set missing invalid expired \
                    enabled disabled ok on off any not is the a an for from to of and or file char varchar unknown error failed \
                    wrong incorrect mismatch deleted supersecret unmodified authentication authorization interactive ";

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
    let is_secret = |word: &str| {
        is_in(SECRET, word)
            || ends.iter().any(|end| word.ends_with(end))
            // `storepass`, `mypass`.
            || (word.ends_with("pass") && word.len() > 5 && !is_in(NO_PASSWORD, word))
    };
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
        // `primaryMasterKey` of a cloud; that of a database is no key at all.
        if before
            .iter()
            .any(|word| word == "primary" || word == "secondary")
        {
            let is_of_a_cloud = before.len() > 1 && before.iter().any(|word| is_in(OF_A_KEY, word));
            return if is_of_a_cloud {
                Name::Secret
            } else {
                Name::Perhaps
            };
        }
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
        "credential" | "credentials" | "secrets" | "auth" | "salt"
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
    // What is long is told by how it begins.
    let bare = value.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_word = bare.len() < 20 && is_in(NONE, &bare.to_ascii_lowercase());
    let head = (0..=value.len().min(32)).rev();
    let head = head.into_iter().find(|&at| value.is_char_boundary(at));
    let small = value[..head.unwrap_or(0)].to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| small.starts_with(start));
    // `read(…)`, `vec![…]`, `Token{1f2e…`, `os.Proxy@1f2e`: what a program calls, makes or names.
    let is_call = || {
        let is_name = |c: char| c.is_ascii_alphabetic() || "_.:!&".contains(c);
        let name = value
            .find(|c| !is_name(c))
            .filter(|&at| value[at..].starts_with(['(', '[', '<', '{', '@']))
            .map(|at| value.split_at(at));
        name.is_some_and(|(name, rest)| {
            let is_object =
                name.contains('.') && rest[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
            let can_begin = match rest.as_bytes()[0] {
                b'{' => name.starts_with(|c: char| c.is_ascii_uppercase()),
                b'@' => is_object,
                _ => true,
            };
            let name = name
                .strip_suffix('!')
                .unwrap_or(name)
                .trim_start_matches('&');
            can_begin
                && !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || "_.:".contains(c))
        })
    };
    let is_path = || {
        (begins(&["/", "./", "../", "~/"]) && {
            let parts = value.split('/').filter(|part| !part.is_empty());
            // No system takes a longer one.
            value.len() <= 4096
                && parts.clone().next().is_some()
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
        || is_word
        || bare.is_empty()
        || (value.starts_with('$') && !is_hash(value))
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
            "self.",
            "this.",
            "com.",
            "org.",
            "your_",
            "your-",
        ])
        || is_constant(value)
        || value.chars().all(|c| "*xX•.-_#".contains(c))
        || value
            .strip_prefix('!')
            .is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_alphabetic()))
        || is_call()
        || is_path()
}

/// `$6$…`, `$1a$…`: what crypt(3) and its kin write.
fn is_hash(value: &str) -> bool {
    let kind = value[1..].find('$');
    kind.is_some_and(|length| (1..16).contains(&length)) || value.starts_with("$2")
}

/// `DB_PASSWORD`, `COOKIE_SHA1`: the name of something, in capitals.
fn is_constant(value: &str) -> bool {
    value.contains('_')
        && value.split('_').all(|part| {
            let is_start = part
                .bytes()
                .next()
                .is_none_or(|byte| byte.is_ascii_uppercase());
            is_start
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
}

/// Whether a value is a path, a type or a name of a program's text: `crate::Token`, `t.Any`, `Types.NAME`.
pub(super) fn is_identifier(value: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    };
    let bare = value.trim_start_matches(['&', '*', ':']);
    let is_path = value.contains("::") && bare.split("::").next().is_some_and(is_name);
    is_path || (value.contains('.') && value.split('.').all(is_name))
}

/// Whether a value is a word or a name, such that it stands in other places too and means something else there.
pub(in super::super) fn is_common(value: &str) -> bool {
    let capitals = value.chars().filter(char::is_ascii_uppercase).count();
    value
        .chars()
        .all(|c| c.is_ascii_alphabetic() || "_.:,;<>&()-".contains(c))
        && (capitals * 4 <= value.len() || is_constant(value) || value.contains(['(', ')']))
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

/// A value of a device's configuration: no version, digest, time or part of a sentence.
pub(super) fn is_setting(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    let has = |test: fn(&u8) -> bool| bare.bytes().any(|byte| test(&byte));
    let is_digest = bare.len() >= 16 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_version = bare
        .trim_start_matches('v')
        .starts_with(|c: char| c.is_ascii_digit())
        && bare.contains('.');
    is_random(bare)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && !bare.contains([
            '/', ':', '=', '(', ')', ',', '<', '>', '{', '}', '[', ']', '|', '\\', '`',
        ])
        && !bare.starts_with(['$', '-', '.', '*'])
        && !bare.starts_with("0x")
        && !is_digest
        && !is_version
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
            "primaryMasterKey",
            "srcstorepass",
            "clear-text",
            "encryption-key",
        ] {
            assert_eq!(name(secret), Name::Secret, "{secret}");
        }
        for perhaps in [
            "SECRET_KEY_BASE",
            "PASSWORD_PROD",
            "STRIPE_KEY",
            "pwd",
            "primary_key",
        ] {
            assert_eq!(name(perhaps), Name::Perhaps, "{perhaps}");
        }
        for other in [
            "PWD",
            "token_type",
            "KeyName",
            "public_key",
            "ssh_public_key",
            "password_file",
            "max_tokens",
            "passwords",
            "PasswordAuthentication",
            "secret_name",
            "key",
            "tokenizer",
            "compass",
            "bypass",
            "PASS_MAX_DAYS",
            "etag",
            "monkey",
            "passed",
        ] {
            assert_eq!(name(other), Name::Other, "{other}");
        }
    }

    #[test]
    fn names_of_programs_are_told_from_values() {
        for name in [
            "crate::types::Token",
            "::std::option::Option",
            "Types.NAME",
            "t.Any",
        ] {
            assert!(is_identifier(name), "{name}");
        }
        for value in ["K10ab::server:cd", "hunter.2", "hunter2", "Hx.9::a"] {
            assert!(!is_identifier(value), "{value}");
        }
        assert!(is_common("next_token") && is_common("DB_PASSWORD") && is_common("t.Any"));
        assert!(!is_common("kQzXvBnMwTr") && !is_common("hunter-2"));
        for value in ["hunter2-hunter", "\"Xk9!abcd\""] {
            assert!(is_setting(value), "{value}");
        }
        for value in [
            "v1.2.3-beta",
            "d41d8cd98f00b204",
            "0x1234abcd",
            "/etc/a1-b2",
            "SHA256:abc1",
        ] {
            assert!(!is_setting(value), "{value}");
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
            "crate::Token(x)",
            "vec![0",
            "Token{a64f992",
            "os.BinderProxy@2bd79ce",
            "DBUS_COOKIE_SHA1",
            "your_database_password",
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
            "$1a$abcdefgh$ijkl",
        ] {
            assert!(!is_none(some), "{some}");
        }
    }
}

//! What a name tells of its value, and what a value tells of itself.
//!
//! Nothing here knows where in a text a name or a value stands.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Words that name a secret wherever they are the last one of a name.
static SECRET: Words = Words::new(
    " password passwd pass passphrase passcode pwd pw secret token apikey secretkey accesskey privatekey \
                      authkey psk bindpw rootpw rootpass bindpass authpass privpass sshpass userpass \
                      dbpass smtppass mysqlpass adminpass mypass otp secretstring secretbinary keymaterial authtoken accesstoken refreshtoken \
                      idtoken clientsecret cleartext sessiontoken authorizationtoken plaintext pat kennwort passwort requirepass masterauth \
                      passw passwrd pword sharedkey servicekey masterkey passkey passwordhash authtok bindcredentials contraseña contrasena contrasenya contrasenia mdp senha \
                      wachtwoord motdepasse lösenord hasło пароль heslo jelszó jelszo adgangskode passord salasana şifre parool \
                      palavrapasse 密码 密碼 口令 パスワード 비밀번호 clavesecreta chavesecreta chiavesegreta ",
);
/// The same, where the value looks like one: words that mean other things, too.
static PERHAPS: Words = Words::new(
    " credential credentials secrets auth oauth pepper salt cred creds clave chave chiave parola hasla schlüssel schluessel \
                       geheimnis geheim sifre seed privkey authkeys passes geslo lozinka slaptažodis parole ключ ",
);
/// Words that make a secret of a key.
static OF_A_KEY: Words = Words::new(
    " api access secret private auth authentication encryption encrypt signing sign master account shared service \
                        storage session deploy app application client server aes hmac jwt security consumer webhook admin root \
                        license integration subscription write read ingest personal preshared functions cosmos certificate unseal \
                        validation decryption derivation recovery instrumentation network pairing wep wpa wifi wireless wlan zone sas vault license \
                        activation enrollment setup bootstrap join registration cron ",
);
/// A name that ends with one of these is about a secret, and its value none.
static ABOUT: Words = Words::new(
    " file path dir url uri name id ids type length len size count expiry expires expiration ttl timeout age policy \
                     hint prompt field arn version enabled required min max ring days limit limits usage used format pattern rules \
                     rule status state date time at in source provider manager store endpoint issuer audience scope algorithm alg \
                     method attempts retries authentication check lifetime rotation stdin command cmd env label \
                     column header param parameter generator validator reset mode message error table class handler service encryption \
                     callback strength manager hashing hasher function stream tree kind span color colour ",
);
/// Words that end with `pass` and mean a way.
static NO_PASSWORD: Words = Words::new(
    " compass bypass askpass encompass trespass surpass overpass underpass lastpass keepass multipass onepass \
                           singlepass renderpass subpass depthpass optpass fastpass oldpwd getpwd setpwd prevpwd ",
);
/// Keys that are known to everybody.
static PUBLIC: Words = Words::new(
    " public gpg pgp host known primary foreign cache sort partition object idempotency authorized signed ",
);

/// Words that are told apart at once, however many they are.
#[derive(Debug)]
pub(super) struct Words {
    text: &'static str,
    words: OnceLock<Known>,
}

#[derive(Debug)]
struct Known {
    words: HashSet<&'static str>,
    /// By the first byte, a bit for each length that a word of it has: most words are told apart by that.
    lengths: [u64; 256],
}

impl Words {
    /// Those of a text, with spaces between.
    pub(super) const fn new(text: &'static str) -> Self {
        Self {
            text,
            words: OnceLock::new(),
        }
    }

    pub(super) fn has(&self, word: &str) -> bool {
        let known = self.words.get_or_init(|| {
            let mut lengths = [0; 256];
            for word in self.text.split_whitespace() {
                lengths[usize::from(word.as_bytes()[0])] |= 1 << (word.len() % 64);
            }
            let words = self.text.split_whitespace().collect();
            Known { words, lengths }
        });
        let first = word.bytes().next().map_or(0, usize::from);
        known.lengths[first] >> (word.len() % 64) & 1 == 1 && known.words.contains(word)
    }
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
        let is_part = c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphabetic());
        if !is_part || is_start {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && is_part
        {
            word.extend(c.to_lowercase());
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
    // `existingSecret` of a chart names one.
    let of_a_chart = ["existing".to_owned(), "secret".to_owned()];
    if words.windows(2).any(|pair| pair == of_a_chart) {
        return Name::Other;
    }
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "apikey",
        "passwort",
        "psk",
    ];
    let is_secret = |word: &str| {
        SECRET.has(word)
            || ends.iter().any(|end| word.ends_with(end))
            // `storepass`, `mypass`.
            || (word.ends_with("pass") && word.len() > 5 && !NO_PASSWORD.has(word))
            // `dbpwd`, `mypw`.
            || (word.ends_with("pwd") && word.len() > 4 && !NO_PASSWORD.has(word))
            || ["mypw", "userpw", "dbpw", "rootpw", "adminpw", "loginpw", "authpw"].contains(&word)
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
    // `r_pat` of a program is a pattern.
    if last == "pat" && !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Name::Perhaps;
    }
    // `pass phrase`, `mot de passe`: the last words together.
    let is_secret_together =
        (2..=words.len().min(3)).any(|count| SECRET.has(&words[words.len() - count..].concat()));
    if is_secret(last) || is_secret_together || (words.len() > 3 && SECRET.has(&words.concat())) {
        return Name::Secret;
    }
    // `ApiKeyValue`
    if last == "value"
        && (2..8).contains(&words.len())
        && self::name(&words[..words.len() - 1].join("_")) > Name::Other
    {
        return Name::Perhaps;
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
            let is_of_a_cloud = before.len() > 1 && before.iter().any(|word| OF_A_KEY.has(word));
            return if is_of_a_cloud {
                Name::Secret
            } else {
                Name::Perhaps
            };
        }
        return match before
            .iter()
            .any(|word| OF_A_KEY.has(word) || is_secret(word))
        {
            _ if before.iter().any(|word| PUBLIC.has(word)) => Name::Other,
            true => Name::Secret,
            // `SOMETHING_KEY=` of a shell.
            false if words.len() > 1 => Name::Perhaps,
            false => Name::Other,
        };
    }
    let ends_so = ["salt", "schlüssel", "schluessel"]
        .iter()
        .any(|end| last.ends_with(end));
    if PERHAPS.has(last) || (ends_so && last != "basalt") {
        return Name::Perhaps;
    }
    if !ABOUT.has(last)
        && words
            .iter()
            .any(|word| is_secret(word) && word != "pass" && word != "pw")
    {
        return Name::Perhaps;
    }
    Name::Other
}

/// `DB_PASSWORD`, `COOKIE_SHA1`: the name of something, in capitals.
pub(super) fn is_constant(value: &str) -> bool {
    value.contains('_')
        && value.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && value.split('_').all(|part| {
            let is_start = part
                .bytes()
                .next()
                .is_none_or(|byte| byte.is_ascii_uppercase());
            // `TOKEN_0`
            let is_number = part.len() < 3 && part.bytes().all(|byte| byte.is_ascii_digit());
            (is_start || is_number)
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        })
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

/// A value as long and as mixed as only a generator makes one.
pub(super) fn is_token(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    let has = |test: fn(&u8) -> bool| bare.bytes().any(|byte| test(&byte));
    bare.len() >= 20
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-=+./".contains(&byte))
        && (!bare.contains('/') || bare.ends_with('='))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && !bare.contains("..")
        && entropy(bare.as_bytes()) > 3.6
}

/// Of small and capital letters and digits, no two of a kind together as a name has them.
pub(super) fn is_mixed(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']).trim_end_matches(['.', '_']);
    let has = |test: fn(&u8) -> bool| bare.bytes().any(|byte| test(&byte));
    is_password(bare)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && !bare.contains(['.', '=', '(', ')', '[', '<', '{', '*', '_'])
}

/// Whether there are letters of both kinds, and digits.
pub(super) fn is_mixed_letters(value: &[u8]) -> bool {
    let has = |test: fn(&u8) -> bool| value.iter().any(test);
    has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// A value that nobody but a generator makes: a token, a UUID, many digits of a hash.
pub(super) fn is_generated(value: &str) -> bool {
    value.len() >= 20 && (is_long_hex(value) || is_uuid(value) || is_token(value))
}

/// As many hexadecimal digits as a digest or a key has.
pub(super) fn is_long_hex(value: &str) -> bool {
    value.len() >= 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether this is a UUID.
pub(super) fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A value that is no port, path or mount.
pub(super) fn is_password(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    is_random(bare)
        && !bare.contains(['/', ':', ','])
        && !bare.starts_with(['$', '-', '.'])
        && bare.bytes().any(|byte| byte.is_ascii_alphabetic())
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
            "contraseña",
            "mot_de_passe",
            "Пароль",
            "DBPWD",
            "pass phrase",
            "MDP",
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
}

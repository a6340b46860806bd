//! Values that are no secret whatever their name says: placeholders, references, paths, words and names of a program's text.
//!
//! Nothing here knows a name.

use super::words::{Words, is_constant};

/// Values that are none.
static NONE: Words = Words::new(
    " true false yes no none null nil undefined unset empty required optional string str bool boolean int text bytes \
                    password passwd secret token hidden redacted masked prompt ask default changed set missing invalid expired \
                    enabled disabled ok on off any not is the a an for from to of and or file char varchar unknown error failed \
                    wrong incorrect mismatch deleted supersecret unmodified authentication authorization interactive \
                    data+omitted new-password newpassword new_password my-password your-password old-password yourpassword \
                    eof fail pass pat expr ident u8 u16 u32 u64 i8 i16 i32 i64 usize isize f32 f64 __u32 __u64 operator keyword callback \
                    bearer basic digest card8 card16 card32 pwd fakepassword ",
);

/// Whether a value is no secret though its name says so: a placeholder, a reference, a path, a word of the language.
pub(super) fn is_none(value: &str) -> bool {
    // What is long is told by how it begins.
    let bare = value.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_word = bare.len() < 20 && NONE.has(&bare.to_ascii_lowercase());
    let head = (0..=value.len().min(32)).rev();
    let head = head.into_iter().find(|&at| value.is_char_boundary(at));
    let small = value[..head.unwrap_or(0)].to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| small.starts_with(start));
    // `read(…)`, `vec![…]`, `Token{1f2e…`, `os.Proxy@1f2e`: what a program calls, makes or names.
    let is_call = || {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.:!&".contains(c);
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
                && (name
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || "_.:".contains(c))
                    || (rest.starts_with('(') && is_of_words(name)))
        })
    };
    // `Get-Credential`, `Read-Host`: what PowerShell calls.
    let is_cmdlet = || {
        value.split_once('-').is_some_and(|(verb, noun)| {
            matches!(verb, "Get" | "Read" | "New" | "Import" | "ConvertTo")
                && noun.starts_with(|c: char| c.is_ascii_uppercase())
                && noun.bytes().all(|byte| byte.is_ascii_alphabetic())
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
            "projects/",
            "qr/",
            "\\&",
            "c:\\",
            "file:",
            "arn:",
            "s3:",
            "ssm:",
            "vault:",
            "http:",
            "https:",
            "env:",
            "//",
        ])
    };
    let is_blank = || {
        let inner = value.strip_prefix('{').unwrap_or("\"");
        inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '}')
    };
    // `italic #a3aab2` of a style, `New password: ` that asks.
    let is_color = || {
        let last = value.rsplit(' ').next().unwrap_or(value);
        last.strip_prefix('#').is_some_and(|digits| {
            matches!(digits.len(), 3 | 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    };
    let asks = || value.ends_with(": ") || (value.contains(' ') && value.ends_with(':'));
    // `(FW=PW=2).`, a code of an error.
    let is_short = value.trim_end_matches([')', '.', ',', ';', ']', '}']).len() < 3;
    let is_code = value.len() <= 18
        && small.strip_prefix("0x").is_some_and(|digits| {
            digits
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() || byte == b';')
        });
    value.len() < 3
        || is_short
        || is_code
        || is_color()
        || asks()
        || value.contains("....")
        || value.ends_with("...")
        // A manual goes on in its next line.
        || value.ends_with('\u{2010}')
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
            "*mut",
            "*const",
            "your_",
            "your-",
            "****",
        ])
        || is_constant(value.trim_end_matches([',', ';', ')']))
        || value.chars().all(|c| "*xX•.-_#".contains(c))
        || value
            .strip_prefix('!')
            .is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_alphabetic()))
        || is_call()
        || is_cmdlet()
        || is_path()
}

/// `base64.b32encode`, `fromUtf8Bytes`: letters with a digit or two between, as programs name what they call.
fn is_of_words(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_camel = name.as_bytes().windows(2).any(|pair| {
        !pair[0].is_ascii_uppercase()
            && pair[0].is_ascii_alphanumeric()
            && pair[1].is_ascii_uppercase()
    });
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && digits <= 3
        && name.len() >= 6 + 2 * digits
        && (is_camel || name.contains(['_', '.']))
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte))
}

/// `$6$…`, `$1a$…`: what crypt(3) and its kin write.
fn is_hash(value: &str) -> bool {
    let kind = value[1..].find('$');
    kind.is_some_and(|length| (1..16).contains(&length)) || value.starts_with("$2")
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
    // `crate::Key::try_from(bytes)?`
    let bare = bare.split('(').next().unwrap_or(bare);
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_path = value.contains("::")
        && (bare.split("::").next().is_some_and(is_name) || bare.split("::").all(is_part));
    is_path || (value.contains('.') && value.split('.').all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_are_told_from_values() {
        for name in [
            "crate::types::Token",
            "::std::option::Option",
            "Types.NAME",
            "t.Any",
            "pkcs1::RsaPrivateKey::try_from(info.private_key)?",
        ] {
            assert!(is_identifier(name), "{name}");
        }
        for value in ["K10ab::server:cd", "hunter.2", "hunter2", "Hx.9::a"] {
            assert!(!is_identifier(value), "{value}");
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
            "2).",
            "0x8031006C;",
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

    #[test]
    fn what_a_program_calls_or_asks_is_none() {
        for none in [
            "base32.encode(hotp._key)",
            "fromUtf8Bytes(x)",
            "New password: ",
            "bold #a3aab2",
            "*mut",
        ] {
            assert!(is_none(none), "{none}");
        }
    }
}

//! Lines of a form that a program or a kind of file gives them, where neither a prefix nor `name=value` tells the secret.
//!
//! Nothing here looks at single tokens. Every row names the document that describes the form.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::words::{self, Name, is_none, is_random, is_word};

/// When what the group `secret` holds is one.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Unless it says that it is none.
    Always,
    /// If nobody would write it as a word.
    Random,
    /// If the group `name` names a secret.
    Named,
    /// The same, and it is no word.
    NamedRandom,
    /// If it is random and the group `between` is about nothing else, such as a time or a file.
    Said,
}

/// A row: one of these stands in the text, the form, when it is a secret, who says so.
struct Line(
    &'static str,
    &'static str,
    When,
    #[cfg_attr(not(test), allow(dead_code, reason = "for whoever reads the table"))] &'static str,
);

#[rustfmt::skip]
const LINES: [Line; 32] = [
    // Answers as text and as a table.
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+(?P<secret>[A-Za-z0-9/+]{40})(?:\s|$)", When::Always, "AWS CLI guide, output format: text; STS and IAM reference, Credentials and AccessKey"),
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+[A-Za-z0-9/+]{40}\s+(?P<secret>[A-Za-z0-9/+=]{60,})", When::Always, "AWS CLI guide, output format: text; STS reference, Credentials"),
    Line(":secret:", r"\barn:aws[a-z-]*:secretsmanager:[^\s]{1,300}:secret:\S+[ \t]+[\dT:.+Z-]{8,40}[ \t]+\S+[ \t]+(?P<secret>[^\n]{2,4000}?)[ \t]+[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b", When::Always, "AWS CLI guide, output format: text; Secrets Manager reference, GetSecretValue"),
    Line("|", r"(?m)^[|\s]{1,8}(?P<name>[A-Za-z][\w-]{2,60})\s*\|{1,2}\s+(?P<secret>[^\s|]{4,})\s*\|", When::NamedRandom, "AWS CLI guide, output format: table"),
    Line("\"value\"", r#""value"\s*:\s*"(?P<secret>[A-Za-z0-9+/]{86}==)""#, When::Always, "Azure CLI reference, az storage account keys list"),
    Line("Unseal Key|Recovery Key", r"\b(?:Unseal|Recovery) Key \d{1,2}: ?(?P<secret>[A-Za-z0-9+/=]{40,})", When::Always, "HashiCorp Vault docs, operator init"),
    Line("ecret_id|ecret ID|ecret-id|ecretID|ecretId|ECRET_ID", r#"(?i)\bsecret[ _-]?id["']?\s*[\s:=]\s*["']?(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"#, When::Always, "HashiCorp Vault docs, AppRole; Consul and Nomad docs, ACL tokens: SecretID"),
    Line("ertificate key", r"(?i)certificate key:\s{0,8}(?P<secret>[0-9a-f]{64})\b", When::Always, "Kubernetes docs, kubeadm init phase upload-certs"),
    Line("Private-", r"(?m)^\W{0,4}Private-Lines: \d+\s*\n(?P<secret>(?:[A-Za-z0-9+/=]+\r?\n?){1,80}?)(?:Private-|\z|[^A-Za-z0-9+/=\n])", When::Always, "PuTTY manual, appendix C: PPK file format"),
    Line("Private-", r"(?m)^\W{0,4}Private-(?:MAC|Hash): (?P<secret>[0-9a-f]{32,})", When::Always, "PuTTY manual, appendix C: PPK file format"),
    // Codes that stand for a second factor.
    Line("codes", r"(?i)\b(?:scratch|recovery|backup) codes?\b[^\n]{0,60}\n(?P<secret>(?:[\s*\d.)-]{0,6}(?:\d{8}|[a-z0-9]{4,6}(?:-[a-z0-9]{4,6}){1,3})[ \t\r]*(?:\n|\z)){1,20})", When::Always, "google-authenticator PAM module, README; GitHub docs, recovery codes"),
    Line("code", r"(?i)\b(?:verification|authentication|security|one[- ]time|login|scratch|recovery) (?:pass)?code\s?(?:is)?\s?[:=]?\s(?P<secret>\d{6,8})\b", When::Always, "google-authenticator PAM module, README; RFC 6238"),
    // What sentences say.
    Line("assword|ASSWORD|assphrase|asscode|asswd|oken|PIN|API key|ccess key|ecret", r#"(?im)\b(?:password|passphrase|passcode|passwd|token|pin|api key|access key|secret(?: key)?)(?P<between>(?: [\w.@'"/-]{1,60}){0,7}?)(?: is| to|\s?:|\s=|\s->):?[ \t]+["'`]?(?P<secret>[^\s"'`]{6,200})["'`.]{0,2}\s*$"#, When::Said, "mysqld's log of --initialize; Elasticsearch reference, setup-passwords"),
    Line("assword", r"(?i)\b(?:following|generated|initial|temporary)\b[^\n]{0,60}\bpassword\b[^\n]{0,60}:[ \t\r]*\n{1,3}[ \t]*(?P<secret>[^\s:]{10,200})[ \t\r]*(?:\n|\z)", When::Random, "Jenkins docs, unlocking: the log of the first start"),
    // Files.
    Line(":", r"(?m)^[\w.*-]{1,253}:(?:\d{3,5}|\*):[\w*-]{1,63}:[\w.*@-]{1,63}:(?P<secret>[^\s:]{4,200})\s*$", When::Random, "PostgreSQL docs, the password file"),
    Line("::", r"(?im)^\s*(?:userPassword|unicodePwd|olcRootPW|sambaNTPassword)::?\s+(?P<secret>\S{8,})", When::Always, "RFC 2849, LDIF; RFC 2307"),
    Line("{", r"\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT|ARGON2|PBKDF2[\w-]*)\}(?P<secret>[A-Za-z0-9+/$=.,]{16,})", When::Always, "RFC 2307, userPassword schemes"),
    Line("community", r"\b(?:snmp-server community|rocommunity6?|rwcommunity6?) (?P<secret>[^\s]{4,})", When::Always, "Cisco IOS command reference, snmp-server community; snmpd.conf(5)"),
    Line("password |secret |key ", r"\b(?:password|secret|key|key-string|md5|pre-shared-key) [05-9] (?P<secret>[^\s]{8,})", When::Random, "Cisco IOS command reference, password encryption types"),
    Line("</", r#"<(?P<name>[A-Za-z][\w.:-]{2,60})(?:\s[^<>\n]{0,200})?>(?P<secret>[^<>\s][^<>\n]{3,300})</"#, When::Named, "Maven settings reference, servers"),
    Line("value=", r#"\b(?:key|name|id)=["'](?P<name>[\w.:-]{2,80})["']\s+(?:\w+=["'][^"'\n]{0,80}["']\s+)?value=["'](?P<secret>[^"'\n]{2,300})["']"#, When::Named, ".NET docs, appSettings; Spring reference, bean properties"),
    Line("key=|name=", r#"\b(?:key|name)=["'](?P<name>[\w.:-]{2,80})["'][^<>\n]{0,80}>(?P<secret>[^<>\s]{4,300})<"#, When::NamedRandom, "Java Properties, XML form; Jenkins and Hadoop configuration"),
    Line("define", r#"\bdefine\(\s*["'](?P<name>[\w.]{2,80})["']\s*,\s*["'](?P<secret>[^"'\n]{2,300})["']"#, When::Named, "WordPress docs, wp-config.php"),
    Line(",", r#"\w\(\s*["'](?P<name>[\w.-]{2,80})["']\s*,\s*["'](?P<secret>[^"'\n\s]{6,300})["']"#, When::NamedRandom, "setters of many languages: setProperty(name, value)"),
    // Addresses.
    Line("://", r"://(?P<secret>[A-Za-z0-9_-]{20,255})(?::x-oauth-basic)?@", When::Random, "GitHub and GitLab docs, tokens in the address of a repository; RFC 3986"),
    Line("://", r"://(?P<secret>[0-9a-f]{32})(?::[0-9a-f]{32})?@", When::Always, "Sentry docs, DSN"),
    Line("telegram.org", r"telegram\.org/(?:file/)?bot\d{6,12}:(?P<secret>[A-Za-z0-9_-]{30,})", When::Always, "Telegram docs, bots: authorizing"),
    Line("=", r"[?&](?:code|id_token|assertion|code_verifier|SAMLResponse|ticket|sid|auth|key)=(?P<secret>[A-Za-z0-9._~%+/-]{20,})", When::Random, "RFC 6749, RFC 7636, SAML bindings"),
    Line("AC", r"\bAC[0-9a-f]{32}:(?P<secret>[0-9a-f]{32})\b", When::Always, "Twilio docs, requests: authentication"),
    Line("gh secret set", r#"\bgh secret set [^\n|]{1,120}?(?:--body[= ]|-b ?)["']?(?P<secret>[^\s"']{4,})"#, When::Always, "GitHub CLI manual, gh secret set"),
    Line("send ", r#"\bsend (?:-- )?["{](?P<secret>[^"}\s$\\]{6,80})\\{1,2}[rn]"#, When::Random, "expect(1), send"),
    Line("jdbc:oracle", r"jdbc:oracle:\w+:[^/\s@]{1,64}/(?P<secret>[^@\s]{2,64})@", When::Always, "Oracle JDBC guide, data sources and URLs"),
];

static FORMS: LazyLock<Vec<(&'static Line, Regex)>> = LazyLock::new(|| {
    // That each one compiles is tested.
    let compiled = LINES.iter().map(|line| {
        let regex = RegexBuilder::new(line.1).size_limit(64 << 20).build();
        regex.ok().map(|regex| (line, regex))
    });
    compiled.flatten().collect()
});

/// Calls `found` with each secret.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for (Line(needs, _, when, _), regex) in FORMS.iter() {
        if !needs
            .split('|')
            .any(|need| need.is_empty() || text.contains(need))
        {
            continue;
        }
        for groups in regex.captures_iter(text) {
            let Some(secret) = groups.name("secret") else {
                continue;
            };
            let value = secret.as_str().trim_end();
            let group = |name| groups.name(name).map_or("", |group| group.as_str());
            let is_one = match when {
                When::Always => true,
                When::Random => is_random(value),
                When::Named => is_named(group("name"), value),
                When::NamedRandom => is_named(group("name"), value) && is_random(value),
                When::Said => is_said(group("between"), value),
            };
            if is_one && !is_none(value) && !value.is_empty() {
                found(secret.start()..secret.start() + value.len());
            }
        }
    }
}

fn is_named(name: &str, value: &str) -> bool {
    match words::name(name) {
        // A sentence is none.
        Name::Secret => !(value.contains(' ') && value.split(' ').all(is_word)),
        Name::Perhaps => is_random(value),
        Name::Other => false,
    }
}

/// Of `password for the database is: …`: the words between tell of nothing else, and the last is a value.
fn is_said(between: &str, value: &str) -> bool {
    const OTHER: &str = " expires expire expiry expiration hash hashed algorithm alg file path length type policy age created \
                         updated changed last failed id ids name date time at format method version count limit ttl timeout \
                         url uri state status fingerprint digest checksum public ";
    let is_about = between.split([' ', '_', '-', '.', '\'', '"']).any(|word| {
        !word.is_empty() && OTHER.contains(&format!(" {} ", word.to_ascii_lowercase()))
    });
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    // A time, an address, a version, a path, a call.
    let is_other = value.starts_with(|c: char| c.is_ascii_digit())
        && (value.contains(':') || value[1..].starts_with('.'))
        || value.contains("://")
        || value.contains(['(', '<', '[', '{'])
        || (value.len() > 7
            && value.as_bytes()[4] == b'-'
            && value.as_bytes()[..4].iter().all(u8::is_ascii_digit))
        || value.split('/').count() > 2
        || value.starts_with("SHA")
        || value.starts_with("CVE")
        || value.starts_with("RFC")
        || value.starts_with(['-', '#', '/', '~']);
    is_random(value) && letters >= 2 && digits >= 1 && !is_about && !is_other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_and_has_a_source() {
        assert_eq!(FORMS.len(), LINES.len());
        for Line(needs, _, _, source) in &LINES {
            assert!(!needs.is_empty() && source.len() > 8, "{source}");
        }
    }

    #[test]
    fn sentences_about_passwords_are_no_secrets() {
        for line in [
            "The password file is: /etc/shadow2",
            "Password expires on: 2026-11-24T10:00:00Z",
            "password hash algorithm is: SHA512-rounds",
            "Failed password for root from 10.0.0.1 port 5022 ssh2",
            "the token is read from stdin",
            "02:42:ac:11:00:02",
            "app.rs:123:db:user:name",
            "<password>password of the user</password>",
            "map.insert(\"token\", \"value\")",
        ] {
            find(line, &mut |range| panic!("{line}: {}", &line[range]));
        }
    }
}

//! Lines of a form that a program or a kind of file gives them, where neither a prefix nor `name=value` tells the secret.
//!
//! Nothing here looks at single tokens. Every row names the document that describes the form.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::plain::{Expression, group};
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
    /// If it is no version, digest or part of a sentence.
    Setting,
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
const LINES: [Line; 76] = [
    // Answers as text and as a table.
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+(?P<secret>[A-Za-z0-9/+]{40})(?:\s|$)", When::Always, "AWS CLI guide, output format: text; STS and IAM reference, Credentials and AccessKey"),
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+[A-Za-z0-9/+]{40}\s+(?P<secret>[A-Za-z0-9/+=]{60,})", When::Always, "AWS CLI guide, output format: text; STS reference, Credentials"),
    Line(":secret:", r"\barn:aws[a-z-]*:secretsmanager:[^\s]{1,300}:secret:\S+[ \t]+[\dT:.+Z-]{8,40}[ \t]+\S+[ \t]+(?P<secret>[^\n]{2,4000}?)[ \t]+[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b", When::Always, "AWS CLI guide, output format: text; Secrets Manager reference, GetSecretValue"),
    Line("|", r"(?m)^[| \t]{0,8}(?P<name>[A-Za-z][\w-]{2,60})[ \t]*\|{1,2}[ \t]+(?P<secret>[^\s|]{4,})[ \t\r]*(?:\||$)", When::NamedRandom, "AWS CLI guide, output format: table; psql(1), expanded tables"),
    Line("\"value\"", r#""value"\s*:\s*"(?P<secret>[A-Za-z0-9+/]{86}==)""#, When::Always, "Azure CLI reference, az storage account keys list"),
    Line("nseal Key|ecovery Key|nseal key|ecovery key", r"(?i)\b(?:unseal|recovery) key \d{1,2}: ?(?P<secret>[A-Za-z0-9+/=]{40,})", When::Always, "HashiCorp Vault docs, operator init"),
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
    Line("{", r"\{(?:PLAIN|CLEAR|CLEARTEXT|PLAIN-MD5|[A-Z0-9]{2,8}-CRYPT)\}(?P<secret>[^\s:]{3,})", When::Always, "Dovecot docs, password schemes"),
    Line("community", r"\b(?:snmp-server community|rocommunity6?|rwcommunity6?) (?P<secret>[^\s]{4,})", When::Always, "Cisco IOS command reference, snmp-server community; snmpd.conf(5)"),
    Line("password |secret |key |psk", r#"\b(?:[\w-]{0,20}password|passwd|secret|passphrase|key|[\w-]{0,20}key|key-string|md5|psksecret|psk|community) (?:\d{1,2}|ENC|encrypted|cipher|irreversible-cipher|simple|ascii-text|ascii|plain-text|plaintext|clear) ["']?(?P<secret>[^\s"']{8,})"#, When::Random, "the command references of Cisco, Juniper, Fortinet and Huawei: forms of passwords"),
    Line("key ", r"\bcrypto isakmp key (?:[06] )?(?P<secret>\S{3,}) (?:address|hostname)", When::Always, "Cisco IOS command reference, crypto isakmp key"),
    Line("password ", r"\b(?:neighbor|peer|peer-group|user|username|admin) \S{1,80} (?:[\w-]{1,20} \d{1,2} )?(?:insecure-)?password (?P<secret>[^\s;]{4,})", When::Random, "Cisco IOS and FRRouting references, neighbor password; HAProxy manual, userlist"),
    Line("auth_pass|requirepass|masterauth|bindpw|rootpw|ldap_default_authtok|authtok", r#"(?m)^[ \t]*(?:auth_pass|requirepass|masterauth|bindpw|rootpw|ldap_default_authtok)[ \t]+(?:--(?:plaintext|iscrypted)[ \t]+)?["']?(?P<secret>[^\s"']{3,})["']?[ \t\r]*$"#, When::Always, "keepalived.conf(5); the configuration of Redis, nslcd and slapd; Kickstart reference"),
    Line("auth ", r"\bstats auth [^\s:]{1,64}:(?P<secret>[^\s#]{3,})", When::Always, "HAProxy manual, stats auth"),
    Line("]:", r"\]:\d{2,5}[ \t]+[^\s:]{1,80}:(?P<secret>[^\s:]{4,})\s*$", When::Always, "Postfix, SASL_README: smtp_sasl_password_maps"),
    Line("PSK|XAUTH|EAP", r#"(?m)(?:^|[\s:])(?:PSK|XAUTH|EAP|NTLM)[ \t]+["'](?P<secret>[^"'\n]{2,200})["']"#, When::Always, "ipsec.secrets(5)"),
    Line("\"", r#"(?m)^[ \t]*"?[\w.@\\-]{1,64}"?[ \t]+\*[ \t]+"(?P<secret>[^"\s]{4,200})"(?:[ \t]+\S{1,40})?[ \t\r]*$"#, When::Random, "pppd(8), pap-secrets and chap-secrets"),
    Line("\"", r#"(?m)^"[\w.@-]{1,64}" "(?P<secret>[^"\s/:,$]{6,200})"[ \t\r]*$"#, When::Random, "PgBouncer docs, userlist.txt"),
    Line(":::", r"(?m)^[^\s:]{1,120}:\d{1,10}:[0-9a-fA-F]{32}:(?P<secret>[0-9a-fA-F]{32}):::", When::Always, "Samba, pdbedit -w: smbpasswd's format"),
    Line("*", r"(?:^|[^0-9A-Za-z*])\*(?P<secret>[0-9A-F]{40})\b", When::Always, "MySQL manual, mysql_native_password: hashes"),
    Line(" -> ", r#"(?P<name>[\w.-]{3,60})["']?[ \t]+=[ \t]+"[^"\n]{0,300}"[ \t]+->[ \t]+"(?P<secret>[^"\n]{2,300})""#, When::Named, "Terraform docs, plan"),
    Line("$USER", r"(?m)^\$USER\d{1,3}\$=(?P<secret>\S{6,})", When::Random, "Nagios docs, resource file"),
    Line("SETUSER|setuser", r"(?i)\bsetuser \S{1,64} [^\n>]{0,80}>(?P<secret>\S{3,})", When::Always, "Redis command reference, ACL SETUSER"),
    Line("</Value>", r"<(?P<name>\w{3,60})>\s{0,40}<Value>(?P<secret>[^<\n]{3,300})</Value>", When::Named, "Windows setup reference, answer files"),
    Line("AUTH ", r"\bAUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5) (?P<secret>[A-Za-z0-9+/=]{8,})", When::Random, "RFC 4954, SMTP AUTH"),
    Line("LOGIN", r#"(?m)^(?:[<>*SC]: ?)?[A-Za-z]{0,3}\d{1,5} LOGIN \S{1,80} "?(?P<secret>[^\s"]{3,})"#, When::Always, "RFC 9051, LOGIN"),
    Line("/rp|/p|-p:|/pwd|-pw:", r"(?i)\s(?:/(?:rp|password|pass|pwd)[: ]|-(?:p|pw|password):)(?P<secret>[^\s/]{4,})", When::Random, "Windows command reference, schtasks and winrs"),
    Line("REG_", r"(?P<name>\w{3,60})[ \t]{2,20}REG_(?:EXPAND_)?SZ[ \t]{2,20}(?P<secret>\S[^\n]{2,200})", When::Named, "Windows command reference, reg query"),
    Line("Key Content", r"(?m)\bKey Content\s{1,30}: (?P<secret>\S[^\n]{3,80})$", When::Always, "Windows command reference, netsh wlan show profile"),
    Line("(0x", r"\([a-z0-9-]{5,40}\)\s{1,4}\(0x(?P<secret>[0-9a-f]{16,64})\)", When::Always, "klist(1), -K"),
    Line("list:", r"\blist: \|\s*\n\s{1,20}(?:- )?[\w-]{1,32}:(?P<secret>[^\s:]{4,})\s*(?:\n|\z)", When::Random, "cloud-init docs, chpasswd"),
    Line("createUser|usmUser", r#"\bcreateUser \S{1,64} (?:-e \S{1,80} )?(?:SHA|MD5)\S{0,6} "?(?P<secret>[^\s"]{6,})"#, When::Always, "snmpd.conf(5), createUser"),
    Line("createUser|usmUser", r#"\bcreateUser [^\n]{1,160} (?:AES|DES)\S{0,6} "?(?P<secret>[^\s"]{6,})"#, When::Always, "snmpd.conf(5), createUser"),
    Line("auth|login|Auth|Credential", r#"(?i)\b(?:auth|login|authenticate|\w{0,12}basic_?auth|usernamepasswordcredentials|pscredential)\s?(?:=\s?)?\(\s*["'][^"'\s]{1,64}["']\s*,\s*["'](?P<secret>[^"'\s]{4,200})["']"#, When::Random, "calls of many languages that take a user and a password"),
    Line("addprinc|cpw|ank", r#"\b(?:addprinc|add_principal|ank|cpw|change_password)\b[^\n]{0,80}?-pw ["']?(?P<secret>[^\s"']{3,})"#, When::Always, "kadmin(1)"),
    Line("/t/", r"://[^\s/]{1,200}/t/(?P<secret>[A-Za-z0-9-]{16,})/", When::Random, "conda docs, tokens of channels"),
    Line("aaa-server|mgmt-user", r"\b(?:aaa-server \S{1,40} \(\S{1,40}\) host \S{1,80}|mgmt-user \S{1,40} \S{1,40}) (?P<secret>\S{6,})", When::Random, "Cisco ASA and Aruba command references"),
    Line("PIN", r"\bPIN(?: code)? ?[:=] ?(?P<secret>\d{4,8})\b", When::Always, "what asks for and tells codes of devices"),
    Line("New value", r"(?m)^New value: (?P<secret>\S{8,})\s*$", When::Always, "Elasticsearch reference, reset-password"),
    Line("passe|contrase|senha|wachtwoord|hasło|ароль|lösenord|adgangskode|salasana|密码|密碼|パスワード|비밀번호", r"(?i)(?:mot de passe|contraseña|senha|wachtwoord|hasło|пароль|lösenord|adgangskode|salasana|密码|密碼|パスワード|비밀번호)\s?(?:[:=]|：)\s?(?P<secret>\S{4,200})", When::Random, "what programs write in other languages"),
    Line("assword|oken|ecret", r"(?im)\b(?:for the|enrollment|bootstrap|recovery|api|root|admin)\b[^\n]{0,100}\b(?:password|token|secret)\b[^\n]{0,100}:[ \t\r]*\n{1,3}[ \t]*(?P<secret>[^\s:$#]{10,400})[ \t\r]*(?:\n|\z)|\b(?:password|token|secret) for the\b[^\n]{0,100}:[ \t\r]*\n{1,3}[ \t]*(?P<quoted>[^\s:$#]{10,400})[ \t\r]*(?:\n|\z)", When::Random, "Elasticsearch reference, create-enrollment-token and the log of the first start"),
    Line("(\"|('", r#"(?P<name>[\w.-]{3,60})["']?\s?(?:=>|:=|=|:)\s?(?:new )?(?:\[\]byte|\w{0,20}Secure?\w{0,20}(?:::\w{1,20})?|Sensitive|\w{0,12}Secret\w{0,12}(?:::\w{1,20})?|bytes|String(?:::from)?|Buffer\.from|Zeroizing::new|Some|str)\(["'](?P<secret>[^"'\n]{4,200})["']"#, When::Named, "Puppet reference, Sensitive; what wraps a text in many languages"),
    Line("onnect|mysqli|PDO", r#"(?:mysqli(?:_connect)?|[gG]etConnection|\w{0,20}[cC]onnect|PDO|createConnection)\s?\(\s*["'][^"'\n]{1,200}["']\s*,\s*["'][^"'\n]{1,64}["']\s*,\s*["'](?P<secret>[^"'\s]{4,200})["']"#, When::Random, "PHP manual, mysqli_connect; JDBC API, DriverManager.getConnection"),
    Line("user", r#"(?m)^\s{0,8}-{0,2}(?:proxy-)?user\s{0,4}=?\s{0,4}"[^":\s]{1,64}:(?P<secret>[^"\s]{4,200})""#, When::Random, "curl(1), configuration files"),
    Line("user.info", r"\bauth\.user\.info\s{0,4}[=:]\s{0,4}[^\s:]{1,64}:(?P<secret>\S{4,200})", When::Always, "Confluent docs, basic.auth.user.info"),
    Line("<(", r#"<\((?:echo|printf)(?: -n| '%s')? ["']?(?P<secret>[^\s"')]{6,200})"#, When::Random, "bash(1), process substitution"),
    Line("@", r#"(?m)(?:^|[\s"'])(?:[\w.-]{1,64}[\\/])?[A-Za-z][\w.-]{0,63}:(?P<secret>[^\s:@/"'\\]{6,80})@[A-Za-z0-9][\w.-]{0,200}(?:[\s"'/]|:\d{1,5}\b|$)"#, When::Setting, "what takes a user, a password and a host in one, such as Impacket's examples"),
    Line("> user ", r"\bftp> ?user \S{1,64} (?P<secret>\S{3,})", When::Always, "ftp(1), user"),
    Line("::add-mask::", r"::add-mask::(?P<secret>\S{3,})", When::Always, "GitHub Actions docs, workflow commands"),
    Line("value|Value|VALUE", r#"(?i)\b(?:name|key|parameterkey|optionname|variable)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?P<name>[\w.:/-]{2,80})["']?[ \t]{0,60}[,;|]?\s{0,80}(?:\|\s{0,20})?["']?(?:value|parametervalue)["']?[ \t]{0,4}[:=][ \t]{0,4}(?:"(?P<quoted>[^"\n]{2,300})"|'?(?P<secret>[^"'\s{}\[]{3,300}))"#, When::Named, "Kubernetes API reference, EnvVar; ECS and CloudFormation API references, KeyValuePair, Parameter"),
    Line("redential|ogin|user/pass", r#"(?i)\b(?:credentials?|login|log in with|user(?:name)?/pass(?:word)?)\b[^\n:]{0,30}[:=]?[ \t]["']?[\w.@-]{2,40} ?[/:] ?(?P<secret>[^\s"'/]{6,80})["'.]?\s*$"#, When::Random, "what installers say at their end"),
    // SQL.
    Line("DENTIFIED|dentified|ASSWORD|assword", r#"(?i)\b(?:identified (?:with [\w'"]{1,60} )?(?:by|as) (?:password )?|password(?: |\(| ?= ?)N?|password for \S{1,80} ?(?:=|to) ?)(?:"(?P<quoted>[^"\n]{2,200})"|'(?P<secret>[^'\n]{2,200})')"#, When::Always, "the manuals of MySQL, Oracle, PostgreSQL, SQL Server and ClickHouse: users"),
    Line("DENTIFIED|dentified", r#"(?i)\bidentified by (?:values )?(?P<secret>[^\s'";]{3,100})[\s;]"#, When::Random, "Oracle SQL reference, CREATE USER"),
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
    Line("send |stuff ", r#"\b(?:send|stuff) (?:-- )?["{](?P<secret>[^"}\s$\\]{6,80})\\{1,2}[rn]"#, When::Random, "expect(1), send; screen(1), stuff"),
    Line("jdbc:oracle", r"jdbc:oracle:\w+:[^/\s@]{1,64}/(?P<secret>[^@\s]{2,64})@", When::Always, "Oracle JDBC guide, data sources and URLs"),
];

/// A row, and what it takes to find it.
struct Form {
    needs: Vec<Finder<'static>>,
    expression: Expression,
    when: When,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms = LINES.iter().map(|Line(needs, source, when, _)| Form {
        needs: needs.split('|').map(Finder::new).collect(),
        expression: Expression::new(source, false),
        when: *when,
    });
    forms.collect()
});

/// Calls `found` with each secret. `plain`: the text in ASCII.
pub(super) fn find(text: &str, plain: &[u8], found: &mut dyn FnMut(Range<usize>)) {
    for Form {
        needs,
        expression,
        when,
    } in FORMS.iter()
    {
        if !needs
            .iter()
            .any(|need| need.find(text.as_bytes()).is_some())
        {
            continue;
        }
        let Some(regex) = expression.regex() else {
            continue;
        };
        for groups in regex.captures_iter(expression.haystack(text, plain)) {
            let group = |name| group(text, &groups, name);
            let Some(secret) = group("secret").or_else(|| group("quoted")) else {
                continue;
            };
            let value = text[secret.clone()].trim_end();
            let group = |name| group(name).map_or("", |range| &text[range]);
            let is_one = match when {
                When::Always => true,
                When::Random => is_random(value),
                When::Setting => words::is_setting(value),
                When::Named => is_named(group("name"), value),
                When::NamedRandom => is_named(group("name"), value) && is_random(value),
                When::Said => is_said(group("between"), value),
            };
            if is_one && !is_none(value) && !value.is_empty() {
                found(secret.start..secret.start + value.len());
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
    // Of what a sentence before said, this one is about something else.
    let is_about = is_about || between.contains(". ");
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
        assert!(FORMS.iter().all(|form| form.expression.regex().is_some()));
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
            find(line, line.as_bytes(), &mut |range| {
                panic!("{line}: {}", &line[range])
            });
        }
    }
}

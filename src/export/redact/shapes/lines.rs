//! Lines of a form that a program or a kind of file gives them, where neither a prefix nor `name=value` tells the secret.
//!
//! Nothing here looks at single tokens. Every row names the document that describes the form.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::nones::is_none;
use super::pairs::Pairs;
use super::plain::{Expression, group};
use super::words::{self, Name, is_random, is_word};

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
    /// If the group `name` names a secret, and it is no version, digest or part of a sentence.
    NamedSetting,
    /// If the group `name` names secrets, one or several, and nobody would write it as a word.
    TokenOf,
    /// If it is no version, digest or part of a sentence.
    Setting,
    /// If nobody but a generator makes it.
    Generated,
    /// If it is random and the group `between` is about nothing else, such as a time or a file.
    Said,
}

/// A row: one of these stands in the text (with bars between, and `¦` for a bar in one), the form, when it is a secret, who says so.
struct Line(
    &'static str,
    &'static str,
    When,
    #[cfg_attr(not(test), allow(dead_code, reason = "for whoever reads the table"))] &'static str,
);

#[rustfmt::skip]
const LINES: [Line; 234] = [
    // Answers as text and as a table.
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+(?P<secret>[A-Za-z0-9/+]{40})(?:\s|$)", When::Always, "AWS CLI guide, output format: text; STS and IAM reference, Credentials and AccessKey"),
    Line("AKIA|ASIA", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\s+[0-9T:.+Z-]{8,40}\s+[A-Za-z0-9/+]{40}\s+(?P<secret>[A-Za-z0-9/+=]{60,})", When::Always, "AWS CLI guide, output format: text; STS reference, Credentials"),
    Line(":secret:", r"\barn:aws[a-z-]*:secretsmanager:[^\s]{1,300}:secret:\S+[ \t]+[\dT:.+Z-]{8,40}[ \t]+\S+[ \t]+(?P<secret>[^\n]{2,4000}?)[ \t]+[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b", When::Always, "AWS CLI guide, output format: text; Secrets Manager reference, GetSecretValue"),
    Line("¦", r"(?m)^[| \t]{0,8}\*{0,2}(?P<name>[A-Za-z][\w-]{2,60})\*{0,2}[ \t]*\|{1,2}[ \t]+`?(?P<secret>[^\s|`]{4,})`?[ \t\r]*(?:\||$)", When::NamedRandom, "AWS CLI guide, output format: table; psql(1), expanded tables"),
    Line("\"value\"", r#""value"\s*:\s*"(?P<secret>[A-Za-z0-9+/]{86}==)""#, When::Always, "Azure CLI reference, az storage account keys list"),
    Line("nseal Key|ecovery Key|nseal key|ecovery key", r"(?i)\b(?:unseal|recovery) key \d{1,2}: ?(?P<secret>[A-Za-z0-9+/=]{40,})", When::Always, "HashiCorp Vault docs, operator init"),
    Line("ecret_id|ecret ID|ecret-id|ecretID|ecretId|ECRET_ID", r#"(?i)(?:\b|_)secret[ _-]?id["']?\s*[\s:=]\s*["']?(?P<secret>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"#, When::Always, "HashiCorp Vault docs, AppRole; Consul and Nomad docs, ACL tokens: SecretID"),
    Line("ertificate key", r"(?i)certificate key:\s{0,8}(?P<secret>[0-9a-f]{64})\b", When::Always, "Kubernetes docs, kubeadm init phase upload-certs"),
    Line("Private-", r"(?m)^\W{0,4}Private-Lines: \d+\s*\n(?P<secret>(?:[A-Za-z0-9+/=]+\r?\n?){1,80}?)(?:Private-|\z|[^A-Za-z0-9+/=\n])", When::Always, "PuTTY manual, appendix C: PPK file format"),
    Line("Private-", r"(?m)^\W{0,4}Private-(?:MAC|Hash): (?P<secret>[0-9a-f]{32,})", When::Always, "PuTTY manual, appendix C: PPK file format"),
    // Codes that stand for a second factor.
    Line("codes", r"(?i)\b(?:scratch|recovery|backup) codes?\b[^\n]{0,60}\n(?P<secret>(?:[\s*\d.)-]{0,6}(?:\d{8}|[a-z0-9]{4,6}(?:-[a-z0-9]{4,6}){1,3})[ \t\r]*(?:\n|\z)){1,20})", When::Always, "google-authenticator PAM module, README; GitHub docs, recovery codes"),
    Line("code|Code|CODE|OTP|otp|TOTP|2FA|MFA|PUK|PIN|pin|TAN", r"(?i)\b(?:otp|totp|2fa|mfa|puk|(?:sim|card|device|login|user|door|pairing)[ _-]pin|(?:verification|authenticat(?:ion|or)|security|one[- ]time|login|scratch|recovery|backup|mfa|2fa|sms|pin|pairing|access|unlock|totp|otp)[ _-]?(?:pass)?codes?)(?: for [^\s]{1,120})?(?:\s?(?:is)?\s?[:=]?\s|=)(?P<secret>\d{4,8})\b", When::Always, "google-authenticator PAM module, README; RFC 6238; AWS CLI guide, MFA"),
    Line(" code ", r"(?i)\b(?:use|enter|your) (?:the )?code (?P<secret>\d{6,8}) (?:to|for|when|as)\b", When::Always, "what sends a second factor"),
    Line("PIN", r"\bPIN-?[Cc]ode ?[:=] ?(?P<secret>\d{4,8})\b", When::Always, "what asks for and tells codes of devices"),
    // What sentences say.
    Line("assword|ASSWORD|assphrase|asscode|asswd|oken|PIN|API key|ccess key|ecret", r#"(?im)(?:^|[^/\w])(?:password|passphrase|passcode|passwd|token|pin|api key|access key|secret(?: key)?)(?P<between>(?: [\w.@'"/\[\]-]{1,60}){0,7}?)(?: is|'s| to|\s?:|\s=|\s->):?[ \t]+["'`]?(?P<secret>[^\s"'`]{6,200})["'`.]{0,2}\s*$"#, When::Said, "mysqld's log of --initialize; Elasticsearch reference, setup-passwords"),
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
    Line("]:", r"(?m)\]:\d{2,5}[ \t]+[^\s:]{1,80}:(?P<secret>[^\s:]{4,})\s*(?:#.*)?$", When::Always, "Postfix, SASL_README: smtp_sasl_password_maps"),
    Line("PSK|XAUTH|EAP", r#"(?m)(?:^|[\s:])(?:PSK|XAUTH|EAP|NTLM)[ \t]+["'](?P<secret>[^"'\n]{2,200})["']"#, When::Always, "ipsec.secrets(5)"),
    Line("\"", r#"(?m)^[ \t]*"?[\w.@\\-]{1,64}"?[ \t]+\*[ \t]+"(?P<secret>[^"\s]{4,200})"(?:[ \t]+\S{1,40})?[ \t\r]*(?:#.*)?$"#, When::Random, "pppd(8), pap-secrets and chap-secrets"),
    Line("\"", r#"(?m)^"[\w.@-]{1,64}" "(?P<secret>[^"\s/:,$]{6,200})"[ \t\r]*(?:#.*)?$"#, When::Random, "PgBouncer docs, userlist.txt"),
    Line(":::", r"(?m)^[^\s:]{1,120}:\d{1,10}:[0-9a-fA-F]{32}:(?P<secret>[0-9a-fA-F]{32}):::", When::Always, "Samba, pdbedit -w: smbpasswd's format"),
    Line("*", r"(?:^|[^0-9A-Za-z*])\*(?P<secret>[0-9A-Fa-f]{40})\b", When::Always, "MySQL manual, mysql_native_password: hashes"),
    Line(" -> ", r#"(?P<name>[\w.-]{3,60})["']?[ \t]+=[ \t]+"[^"\n]{0,300}"[ \t]+->[ \t]+"(?P<secret>[^"\n]{2,300})""#, When::Named, "Terraform docs, plan"),
    Line("$USER", r"(?m)^\$USER\d{1,3}\$=(?P<secret>\S{6,})", When::Random, "Nagios docs, resource file"),
    Line("SETUSER|setuser", r"(?i)\bsetuser \S{1,64} [^\n>]{0,80}>(?P<secret>\S{3,})", When::Always, "Redis command reference, ACL SETUSER"),
    Line("</Value>", r"<(?P<name>\w{3,60})>\s{0,40}<Value>(?P<secret>[^<\n]{3,300})</Value>", When::Named, "Windows setup reference, answer files"),
    Line("AUTH ", r"\bAUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5) (?P<secret>[A-Za-z0-9+/=]{8,})", When::Random, "RFC 4954, SMTP AUTH"),
    Line("LOGIN|login", r#"(?m)^(?:[<>*SC]: ?)?(?:[A-Za-z]{0,3}\d{1,5} LOGIN|[A-Za-z]{1,3}\d{1,5} login) \S{1,80} "?(?P<secret>[^\s"]{3,})"#, When::Always, "RFC 9051, LOGIN"),
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
    Line("passe|contrase|senha|wachtwoord|hasło|ароль|lösenord|adgangskode|salasana|passord|heslo|jelszó|şifre|口令|密码|密碼|パスワード|비밀번호", r"(?i)(?:mot de passe|contraseña|senha|wachtwoord|hasło|пароль|lösenord|adgangskode|salasana|passord|heslo|jelszó|şifre|口令|密码|密碼|パスワード|비밀번호)\s?(?:[:=]|：)\s?(?P<secret>\S{4,200})", When::Random, "what programs write in other languages"),
    Line("assword|oken|ecret", r"(?im)\b(?:for the|enrollment|bootstrap|recovery|api|root|admin)\b[^\n]{0,100}\b(?:password|token|secret)\b[^\n]{0,100}:[ \t\r]*\n{1,3}[ \t]*(?P<secret>[^\s:$#]{10,400})[ \t\r]*(?:\n|\z)|\b(?:password|token|secret) for the\b[^\n]{0,100}:[ \t\r]*\n{1,3}[ \t]*(?P<quoted>[^\s:$#]{10,400})[ \t\r]*(?:\n|\z)", When::Random, "Elasticsearch reference, create-enrollment-token and the log of the first start"),
    Line("(\"|('", r#"(?P<name>[\w.-]{3,60})["']?\s?(?:=>|:=|=|:)\s?(?:new )?(?:\[\]byte|\w{0,20}Secure?\w{0,20}(?:::\w{1,20})?|Sensitive|\w{0,12}Secret\w{0,12}(?:::\w{1,20})?|bytes|String(?:::from)?|Buffer\.from|Zeroizing::new|Some|str)\(["'](?P<secret>[^"'\n]{4,200})["']"#, When::Named, "Puppet reference, Sensitive; what wraps a text in many languages"),
    Line("onnect|mysqli|PDO", r#"(?:mysqli(?:_connect)?|[gG]etConnection|\w{0,20}[cC]onnect|PDO|createConnection)\s?\(\s*["'][^"'\n]{1,200}["']\s*,\s*["'][^"'\n]{1,64}["']\s*,\s*["'](?P<secret>[^"'\s]{4,200})["']"#, When::Random, "PHP manual, mysqli_connect; JDBC API, DriverManager.getConnection"),
    Line("user", r#"(?m)^\s{0,8}-{0,2}(?:proxy-)?user\s{0,4}=?\s{0,4}"[^":\s]{1,64}:(?P<secret>[^"\s]{4,200})""#, When::Random, "curl(1), configuration files"),
    Line("user.info", r"\bauth\.user\.info\s{0,4}[=:]\s{0,4}[^\s:]{1,64}:(?P<secret>\S{4,200})", When::Always, "Confluent docs, basic.auth.user.info"),
    Line("<(", r#"<\((?:echo|printf)(?: -n| '%s')? ["']?(?P<secret>[^\s"')]{6,200})"#, When::Random, "bash(1), process substitution"),
    Line("@", r#"(?m)(?:^|[\s"'])(?:[\w.-]{1,64}[\\/])?[A-Za-z][\w.-]{0,63}:(?P<secret>[^\s:@/"'\\]{6,80})@[A-Za-z0-9][\w.-]{0,200}(?:[\s"'/]|:\d{1,5}\b|$)"#, When::Setting, "what takes a user, a password and a host in one, such as Impacket's examples"),
    Line("@", r#"\b[\w.-]{1,64}[\\/][A-Za-z][\w.$-]{0,63}:["'](?P<secret>[^\s"']{3,80})["']@[\w.-]{1,200}"#, When::Always, "Impacket's examples: a target with a password in quotes"),
    Line("-hashes", r"-hashes[ =](?:[0-9a-fA-F]{32})?:(?P<secret>[0-9a-fA-F]{32})\b", When::Always, "Impacket's examples: -hashes LM:NT"),
    Line("K10", r"\bK10(?P<secret>[0-9a-f]{64}::[\w-]{1,60}:[^\s\x22']{8,200})", When::Always, "K3s docs, token: the secure format"),
    Line("sonar", r#"sonar\.(?:login|token|password)["']?\s?[=:]\s?["']?(?P<secret>[^\s"']{8,100})"#, When::Random, "SonarQube docs, analysis parameters: authentication"),
    Line("connect.sid=|PHPSESSID=|JSESSIONID=|ASP.NET_SessionId=", r"\b(?:connect\.sid|PHPSESSID|JSESSIONID|ASP\.NET_SessionId)=(?P<secret>[A-Za-z0-9%._~+/=-]{20,400})", When::Random, "the manuals of Express, PHP, Servlets and ASP.NET: cookies of a session"),
    Line("ession=|essionid=|essionId=|_sid=", r"\b(?:[\w-]{0,20}[sS]ession(?:_?[iI]d)?|\w{0,12}_sid)=(?P<secret>[A-Za-z0-9._+/=-]{20,400})", When::Generated, "Rails, Laravel and Django docs: cookies of a session"),
    Line("TRUE|FALSE", r"(?m)^[^\s]{1,255}\t(?:TRUE|FALSE)\t/[^\t\n]{0,200}\t(?:TRUE|FALSE)\t\d{1,12}\t[^\t\n]{1,100}\t(?P<secret>[^\s]{8,4000})", When::Always, "curl docs, the cookie file"),
    Line("random_", r#""type"\s?:\s?"random_\w{4,10}"[^\x00]{0,600}?"(?:result|bcrypt_hash|hex|b64_std)"\s?:\s?"(?P<secret>[^"\n]{8,200})""#, When::Always, "Terraform docs, the random provider as the state has it"),
    Line("$krb5", r"\$krb5(?:tgs|asrep|pa)\$\d{1,2}\$[^\s]{1,400}\$(?P<secret>[0-9a-fA-F]{32,})", When::Always, "the forms in which Kerberos tickets are taken away: hashcat's example hashes"),
    Line("initialAdminPassword", r"initialAdminPassword\s{1,8}(?P<secret>[0-9a-f]{32})\b", When::Always, "Jenkins docs, unlocking: the log of the first start"),
    Line("PASS ", r"(?m)^(?:[>C<-]{0,3}:? ?)?USER \S{1,80}[ \t\r]*\n(?:(?:331|\+OK)[^\n]*\n)?(?:[>C<-]{0,3}:? ?)?PASS (?P<secret>\S{3,200})", When::Always, "RFC 959 and RFC 1939, USER and PASS"),
    Line("tokens", r#"\btokens?\s?=?\s?\{[^{}]{0,300}?"?\b(?:agent|default|master|initial_management|replication|agent_recovery)"?\s?[=:]\s?"(?P<secret>[^"\n]{16,80})""#, When::Random, "Consul docs, acl: tokens"),
    Line("send ", r#"(?i)\bexpect\b[^\n]{0,60}(?:assword|assphrase|asscode)[^\n]{0,40}\n?[^\n]{0,40}\bsend (?:-- )?["{](?P<secret>[^"}\s$\\]{3,80})\\{1,2}[rn]"#, When::Always, "expect(1), send"),
    Line("keyvault secret show", r#"\baz keyvault secret show [^\x00]{0,600}?"value"\s?:\s?"(?P<secret>[^"\n]{2,2000})""#, When::Always, "Azure CLI reference, az keyvault secret show"),
    Line("==", r"(?m)(?:^|\s)(?P<secret>[A-Za-z0-9+/_-]{86}==)(?:\s|$)", When::Random, "Azure CLI reference, az storage account keys list: the table; InfluxDB docs, influx auth create"),
    Line("Set for ", r#"(?m)^Set (?:for your local app|for the current user|via \S{1,80})[^\n:]{0,200}: "(?P<secret>[^"\s:/]{2,80}:[^"\s/]{2,80})""#, When::Always, "Bundler manual, bundle config: credentials of a source"),
    Line("Enter a value", r"(?m)^var\.(?P<name>[\w.-]{2,80})[ \t\r]*\n(?:[^\n]{0,200}\n){0,4}?[ \t]*Enter a value:[ \t]*(?P<secret>\S{3,200})", When::Named, "Terraform docs, input variables"),
    Line("://aws:", r"://aws:(?P<secret>eyJ[\w.=-]{20,4000})@", When::Always, "CodeArtifact guide, pip and twine without a login"),
    Line("DENTIFIED|dentified", r#"(?i)\b(?:alter|create) user \S{1,80} identified by (?P<secret>[^\s'";]{3,100})"#, When::Always, "Oracle SQL reference, CREATE USER and ALTER USER"),
    Line("key 7 |password 7 |secret 7 |key-string 7 ", r"\b(?:key|password|secret|key-string) 7 (?P<secret>[0-9A-Fa-f]{6,200})\b", When::Always, "Cisco IOS command reference, service password-encryption"),
    Line("BORG_KEY", r"\bBORG_KEY [0-9a-f]{64}\s*\n(?P<secret>(?:[A-Za-z0-9+/=]{4,120}[ \r]*\n?){1,60})", When::Always, "BorgBackup docs, borg key export"),
    Line("brbackup|brarchive|brrestore|brspace|brconnect", r"\bbr(?:backup|archive|restore|space|connect)\b[^\n]{0,120}? -u \S{1,40}/(?P<secret>\S{3,200})", When::Always, "SAP's BR*Tools for Oracle, option -u"),
    Line("curl ", r#"\bcurl\b[^\n|;]{0,200}? -[a-zA-Z]{1,8}u ["']?[^\s:"']{1,80}:(?P<secret>[^\s"']{2,200})"#, When::Always, "curl(1): flags of one letter may stand together"),
    Line("Key  |oken  |assword  |ecret  |key  ", r"(?m)^(?P<name>[A-Z][A-Za-z ]{2,30}?)[ \t]{2,40}(?P<secret>\S{16,400})[ \t\r]*$", When::NamedRandom, "what cloud CLIs print of one thing: a name a line, its value behind a gap"),
    Line("full-tokenid", r"full-tokenid[^\x00]{0,900}?[│|] value\s{1,40}[│|] (?P<secret>[0-9a-f-]{36})", When::Always, "Proxmox VE guide, API tokens"),
    Line("New password for", r"(?m)^New password for [^\n]{1,100}:[ \t\r]*\n(?P<secret>\S{8,200})[ \t\r]*$", When::Always, "Rancher docs, resetting the password of an administrator"),
    Line(".logon ", r"\.logon [^\s,/]{1,80}/[^\s,/]{1,64},(?P<secret>\S{3,200})", When::Always, "Teradata BTEQ reference, LOGON"),
    Line("DENTIFY |dentify ", r"(?i)\bnickserv:? identify (?:[^\s]{1,40} )?(?P<secret>\S{4,200})", When::Always, "Anope docs, NickServ IDENTIFY"),
    Line(" => ", r"(?m)^\d{2,8} => (?P<secret>\d{3,12}),[^,\n]{0,80},[^,\s]{0,80}@", When::Always, "Asterisk docs, voicemail.conf"),
    Line("register =>|register=>", r"\bregister ?=> ?[^\s:]{1,80}:(?P<secret>[^\s@]{2,80})@", When::Always, "Asterisk docs, sip.conf and iax.conf: register"),
    Line("[+] ", r"\[\+\] [^\s:]{1,80}\\[^\s:]{1,64}:(?P<secret>[^\s]{3,200})(?: \([^\n)]{1,20}\))?[ \t\r]*(?:\n|\z)", When::Always, "NetExec docs: a pair that logs in"),
    Line("S:", r"\bS:(?P<secret>[0-9A-F]{60}(?:;[TH]:[0-9A-F]{32,160}){0,3})(?:;|\b)", When::Always, "Oracle security guide, password verifiers: SYS.USER$.SPARE4"),
    Line("onnect to |ONNECT TO ", r"(?i)\bconnect to \S{1,64} user \S{1,64} using (?P<secret>\S{3,200})", When::Always, "Db2 reference, CONNECT"),
    Line("NTLM|SHA1|* LM", r"\* (?:NTLM|LM|SHA1)\s{1,12}: (?P<secret>[0-9a-f]{32,40})\b", When::Always, "mimikatz, sekurlsa::logonpasswords"),
    Line("0x0100|0x0200", r"\b0x0[12]00(?P<secret>[0-9A-F]{48,140})\b", When::Always, "SQL Server reference, PWDENCRYPT: hashes of logins"),
    Line("sapcontrol", r"\bsapcontrol\b[^\n]{0,120}? -user \S{1,64} (?P<secret>[^\s-]\S{2,200})", When::Always, "SAP Start Service, sapcontrol: -user"),
    Line("snmp-server host", r"\bsnmp-server host \S{1,80} (?:traps? |informs? )?(?:version (?:1|2c) )(?P<secret>\S{4,80})", When::Always, "Cisco IOS command reference, snmp-server host"),
    Line("DPAPI|dpapi|masterkey", r"(?i)\bmasterkey\s{1,8}: (?P<secret>[0-9a-f]{64,128})\b", When::Always, "mimikatz, dpapi::masterkey"),
    Line("cpassword", r#"\bcpassword="(?P<secret>[A-Za-z0-9+/=]{8,400})""#, When::Always, "MS-GPPREF, passwords of group policy preferences"),
    Line("auth:token", r"\bheroku auth:token[^\n]{0,80}\n(?:[^\n]{0,200}\n){0,3}?[ \t]*(?P<secret>[0-9a-f]{8}-[0-9a-f-]{27})\b", When::Always, "Heroku CLI reference, auth:token"),
    Line("keys_b64|keys_hex|keys_base64", r#""(?:unseal_|recovery_)?keys_(?:b64|hex|base64)"\s?:\s?\[\s{0,40}(?P<secret>"[^\[\]{}]{8,4000}")"#, When::Always, "HashiCorp Vault docs, operator init: as JSON"),
    Line("> user ", r"\bftp> ?user \S{1,64} (?P<secret>\S{3,})", When::Always, "ftp(1), user"),
    Line("::add-mask::", r"::add-mask::(?P<secret>\S{3,})", When::Always, "GitHub Actions docs, workflow commands"),
    Line("value|Value|VALUE", r#"(?i)\b(?:name|key|parameterkey|optionname|variable)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?P<name>[\w.:/-]{2,80})["']?[ \t]{0,60}[,;|]?\s{0,80}(?:\|\s{0,20})?["']?(?:value|parametervalue)["']?[ \t]{0,4}[:=][ \t]{0,4}(?:"(?P<quoted>[^"\n]{2,300})"|'?(?P<secret>[^"'\s{}\[]{3,300}))"#, When::Named, "Kubernetes API reference, EnvVar; ECS and CloudFormation API references, KeyValuePair, Parameter"),
    Line("redential|ogin|user/pass|ugangsdaten|dentifiants|redenciales", r#"(?i)\b(?:credentials?|zugangsdaten|identifiants|credenciales|login|log in with|user(?:name)?/pass(?:word)?)\b[^\n:]{0,30}[:=]?[ \t]["']?[\w.@-]{2,40} ?[/:] ?(?P<secret>[^\s"'/]{6,80})["'.]?\s*$"#, When::Random, "what installers say at their end"),
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
    Line("telegram.org", r"telegram\.org/(?:file/)?bot(?P<secret>\d{6,12}:[A-Za-z0-9_-]{30,})", When::Always, "Telegram docs, bots: authorizing"),
    Line("=", r"[?&](?:code|id_token|assertion|code_verifier|SAMLResponse|ticket|sid|auth|key)=(?P<secret>[A-Za-z0-9._~%+/-]{20,})", When::Random, "RFC 6749, RFC 7636, SAML bindings"),
    Line("AC", r"\bAC[0-9a-f]{32}:(?P<secret>[0-9a-f]{32})\b", When::Always, "Twilio docs, requests: authentication"),
    Line("gh secret set", r#"\bgh secret set [^\n|]{1,120}?(?:--body[= ]|-b ?)["']?(?P<secret>[^\s"']{4,})"#, When::Always, "GitHub CLI manual, gh secret set"),
    Line("send |stuff ", r#"\b(?:send|stuff) (?:-- )?["{](?P<secret>[^"}\s$\\]{6,80})\\{1,2}[rn]"#, When::Random, "expect(1), send; screen(1), stuff"),
    Line("jdbc:oracle", r"jdbc:oracle:\w+:[^/\s@]{1,64}/(?P<secret>[^@\s]{2,64})@", When::Always, "Oracle JDBC guide, data sources and URLs"),
    // Words and numbers that a wallet is made again from.
    Line("nemonic|NEMONIC|hrase|HRASE|eed words|EED", r#"(?i)(?:mnemonic|(?:seed|recovery|secret|backup|wallet|bip39)[ _-]?(?:phrase|words|key|seed)|seedphrase)[\w \t()"'-]{0,24}(?:[:=]\s{0,4}|[ ]["'])["']?(?P<secret>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})\b"#, When::Always, "BIP-39, mnemonic codes"),
    // A text block, a tag.
    Line(": ¦|: >|:¦|:>|:  |:\t|: \t|!vault", r"(?m)^[ \t-]{0,40}(?P<name>[\w.-]{2,60}):[ \t]*(?:[|>][+-]?\d?|!vault \|)[ \t\r]*\n[ \t]+(?P<secret>\S[^\n]{2,400})", When::Named, "YAML 1.2, block scalars"),
    Line("value:", r#"(?m)^[ \t-]{0,40}(?P<name>[\w.-]{2,60}):[ \t\r]*\n[ \t]+(?:value|default|secret|raw|plain):[ \t]+["']?(?P<secret>[^\s"'{}\[]{6,300})"#, When::NamedRandom, "values under the name they belong to: Helm, CloudFormation, Kong"),
    Line("variable|output|resource|param|option", r#"\b(?:variable|output|resource|param|parameter|option)\s+["']?(?P<name>[\w.-]{3,60})["']?(?:\s+"[\w-]{1,60}")?\s*\{[^{}]{0,200}?\b(?:default|value|result)\s*=\s*["'](?P<secret>[^"'\n$]{6,200})["']"#, When::Named, "Terraform docs, input variables"),
    Line("requirepass|masterauth", r#"["'](?:requirepass|masterauth)["']\s+(?:\d\) )?["'](?P<secret>[^"'\n]{3,200})["']"#, When::Always, "Redis command reference, CONFIG GET"),
    Line("user ", r"(?m)^\s{0,4}user \S{1,64} on [^\n>#]{0,60}[>#](?P<secret>\S{6,})", When::Random, "Redis docs, ACL: configuration files"),
    // Configuration of devices and servers.
    Line("com2sec", r"\bcom2sec6?\s+(?:-Cn \S+ )?\S{1,40}\s+\S{1,80}\s+(?P<secret>\S{6,80})", When::Random, "snmpd.conf(5), com2sec"),
    Line("trapcommunity|trap2sink|trapsink|informsink", r"\b(?:trapcommunity|(?:trap2?sink|informsink) \S{1,80}) (?P<secret>\S{6,80})", When::Random, "snmpd.conf(5), notifications"),
    Line("def", r"\bdef(?:Auth|Priv)?(?:Passphrase|Community) (?P<secret>\S{4,80})", When::Random, "snmp.conf(5)"),
    Line("ommunity", r#"(?i)\bcommunity(?:[ \t]name|[ \t]string)?[ \t]{0,4}[ :=][ \t]{0,4}["']?(?P<secret>[A-Za-z0-9_@!#.-]{8,60})\b"#, When::Setting, "the command references of Cisco, Juniper and Extreme: SNMP"),
    Line("encrypt", r#"\bencrypt["']?\s*[=:]\s*["'](?P<secret>[A-Za-z0-9+/]{22,43}={1,2})["']"#, When::Always, "Consul and Nomad docs, gossip encryption"),
    Line("ecret \"|oken \"|assword \"|key \"", r#"\b(?P<name>[a-z][\w-]{2,40})[ \t]+"(?P<secret>[A-Za-z0-9+/]{20,120}={0,2})"[;,)]?[ \t\r]*(?:\n|\}|\z)"#, When::NamedRandom, "BIND 9 manual, key; the configuration of dhcpd and Knot"),
    Line("username\"", r#""username"\s*:\s*"[^"\n]{1,80}"\s*,\s*"key"\s*:\s*"(?P<secret>[^"\s]{16,200})""#, When::Random, "Kaggle docs, API credentials"),
    Line("_SESSION", r#"\b[A-Z]{2,20}_SESSION=["']?(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"#, When::Always, "Bitwarden CLI docs, session keys"),
    Line("</name>", r"<name>(?P<name>[\w.:-]{2,120})</name>\s{0,60}<value>(?P<secret>[^<\n]{3,300})</value>", When::Named, "Hadoop and Hive docs, site files"),
    Line("::set-output|::save-state", r"::(?:set-output|save-state) name=(?P<name>[\w.-]{2,60})::(?P<secret>\S{6,})", When::NamedRandom, "GitHub Actions docs, workflow commands"),
    Line("rclone config|config create", r"\brclone config (?:create|update)\b[^\n]{1,200}? (?:pass|password|secret_access_key|token|client_secret)[ =](?P<secret>\S{4,200})", When::Always, "rclone docs, config create"),
    // Calls, and what takes its value from elsewhere first.
    Line("env| or |??", r#"(?P<name>[\w.-]{3,60})["']?\s?[:=]\s?[\w.()\[\]"'$]{2,80}\s(?:\|\||\?\?|or)\s["'](?P<secret>[^"'\s]{8,200})["']"#, When::NamedRandom, "what stands for a value that the environment has not"),
    Line("assword|asswd|redential|reds|ogin|WiFi|crypt|AES|jwt|JWT|hmac|ernet|_bind|uth|uperuser|onnect|Registry", r#"(?i)\b(?:[\w.]{0,40}(?:password|passwd|credentials?|creds|login|(?:en|de|b|pgp_sym_\w{2})crypt|crypt\.crypt|hmac(?:\.new)?|fernet|aes\.new|ldap_bind|(?:basic|bearer)_?auth|superuser|connect|withregistry)|wifi\.begin|jwt\.(?:sign|encode|decode|verify))\s?(?:[:=]\s?)?\(\s*(?:(?:[^()\n"',]{1,40}|[^()\n"',]{0,20}["'][^"'\n]{0,120}["'])\s*,\s*){0,4}(?:some\()?b?["'](?P<secret>[^"'\s]{6,200})["']"#, When::Setting, "calls of many languages that take a user and a password, or a key"),
    // SQL.
    Line("ASSWORD FROM|assword from", r"(?i)\bpassword from '(?P<secret>[^'\n]{2,200})' to ", When::Always, "Neo4j Cypher manual, ALTER CURRENT USER"),
    Line("ASSWORD FROM|assword from", r"(?i)\bpassword from '[^'\n]{2,200}' to '(?P<secret>[^'\n]{2,200})'", When::Always, "Neo4j Cypher manual, ALTER CURRENT USER"),
    Line("SECRET '|ecret '", r"(?i)\b(?:secret|session_token|access_token|secret_key|passphrase) '(?P<secret>[^'\n\s]{12,300})'", When::Random, "DuckDB docs, CREATE SECRET; Snowflake docs, CREATE STAGE"),
    Line("pass|PASS", r"(?i)\b\w{0,20}(?:pass|pwd|passw(?:or)?d)\s?=\s?\w{3,16}\('(?P<secret>[^'\n\s]{4,200})'\)", When::Random, "the manuals of databases: hashing a password in a statement"),
    Line("sp_add|sp_pass", r"\bsp_(?:addlinkedsrvlogin|addlogin|password)\b[^\n]{1,200}?, ?N?'(?P<secret>[^'\n\s,]{6,200})'\s?(?:;|\n|\z)", When::Random, "SQL Server reference, security procedures"),
    // Tokens with more than one form in them.
    Line("A3-", r"\b(?P<secret>A3-[A-Z0-9]{6}-(?:[A-Z0-9]{5,6}-){3,5}[A-Z0-9]{5})\b", When::Always, "1Password docs, Secret Key"),
    Line(":APA91b", r"\bAAAA[\w-]{7}:(?P<secret>APA91b[\w-]{100,})", When::Always, "Firebase docs, Cloud Messaging: legacy server keys"),
    Line("access_token$", r"\baccess_token\$(?:production|sandbox)\$(?P<secret>[A-Za-z0-9]{16}\$[0-9a-f]{32})\b", When::Always, "Braintree docs, access tokens"),
    Line("Digest ", r#"\bresponse="(?P<secret>[0-9a-f]{32,64})""#, When::Always, "RFC 7616, Digest"),
    Line("334 ", r"(?m)^(?:[<>SC]: ?)?334 UGFzc3dvcmQ6\s*\n(?:[<>SC]: ?)?(?P<secret>[A-Za-z0-9+/=]{4,200})[ \t\r]*$", When::Always, "RFC 4954, SMTP AUTH: AUTH LOGIN"),
    // Addresses that are a secret as a whole.
    Line("hook|hc-ping|infura.io|alchemy.com|/bot/", r#"https?://[\w.-]{1,100}/(?:[\w.@-]{1,80}/){0,6}?(?:[\w-]{0,12}hooks?|webhookb2)/(?:[\w.@-]{1,40}/){0,4}?(?P<secret>[A-Za-z0-9_@-]{16,200}(?:/[A-Za-z0-9_-]{16,200})?)(?:[\s"'?/]|\z)|https?://(?:hc-ping\.com/|[\w.-]{1,60}\.infura\.io/(?:ws/)?v3/|[\w.-]{1,60}\.alchemy\.com/v2/)(?P<quoted>[A-Za-z0-9_-]{20,100})"#, When::Random, "the docs of Feishu, Mattermost, GitLab, Healthchecks, Infura and Alchemy"),
    Line("trojan://|hysteria|tuic://|hy2://|vless://|vmess://|ss://", r"\b(?:trojan|hysteria2?|hy2|tuic|vless|vmess|ss)://(?P<secret>[^\s@/:?#]{6,300})(?:@|\s|\z)", When::Always, "the docs of Shadowsocks, Trojan and V2Ray: share links"),
    Line("sip:", r"\bsips?:[^\s:@]{1,64}:(?P<secret>[^\s:@]{3,80})@", When::Always, "RFC 3261, userinfo"),
    Line("ontrase|enha|achtwoord|asło|ароль|ösenord|asswort|ennwort|e passe|lave|have|hiave|chlüssel|CLAVE|CHAVE|clé|Clé|ключ|Ключ|密钥|トークン", r"(?i)\b(?:clave|chave|chiave|llave|\w{0,20}schlüssel|clé|ключ|密钥|トークン|contraseña|senha|wachtwoord|hasło|пароль|lösenord|\w{0,20}passwort|\w{0,20}kennwort|mot de passe)\b[^\n:=]{0,30}?\s?(?:[:=]|：)\s?(?P<secret>\S{8,200})", When::Setting, "what programs write in other languages"),
    // Other signs between a name and its value: bars of a table, arrows, dots, marks, verbs.
    Line("│|┃|║|→|:**|word is|word was|word...|word ..|oken is|oken was|oken..|oken ..|ecret is|ecret..|ecret ..|ey ..|ey is|ey..|ase is|code is|asswort ist|asswort lautet|ennwort ist|ontraseña es|asse est|word è", r#"(?m)^[^\w\n]{0,12}(?P<name>[\p{L}][\p{L}\d_ -]{1,40}?)(?:[ \t]*[│┃║→][ \t]*|[ \t]*\.{3,80}:?[ \t]+|:\*\*[ \t]+|[ \t]+(?:is|was|ist|lautet|es|est|è):?[ \t]+)["'`]?(?P<secret>[^\s"'`│┃║]{8,200})["'`.]{0,2}[ \t\r]*(?:[│┃║]|$)"#, When::NamedSetting, "what lists and sentences write between a name and its value"),
    Line("\": [|\":[", r#""(?:secrets|tokens|passwords|api_?keys|keys|recovery_?codes|backup_?codes)"\s*:\s*\[\s*(?P<secret>"[^\[\]{}\n]{8,2000}")\s*\]"#, When::Random, "lists of secrets in JSON"),
    Line("\": {|\":{", r#""(?P<name>[\w.-]{3,60})"\s*:\s*\{\s*"(?:\w{1,40})"\s*:\s*"(?P<secret>[^"\s]{8,300})"\s*\}"#, When::TokenOf, "secrets in JSON, each under a name of its own"),
    Line("</key>", r"<key>(?P<name>[\w.: -]{2,80})</key>\s{0,60}<string>(?P<secret>[^<\n]{3,300})</string>", When::Named, "Apple property lists"),
    Line("<value>", r#"\bname="(?P<name>[\w.:-]{2,80})"[^<>\n]{0,80}>\s{0,60}<value>(?P<secret>[^<\n]{3,300})</value>"#, When::Named, ".NET docs, applicationSettings"),
    Line(">{", r"<(?P<name>[A-Za-z][\w.:-]{2,60})>\{(?P<secret>[A-Za-z0-9+/=]{16,400})\}</", When::Named, "Jenkins docs, credentials as they are stored; Maven, encrypted passwords"),
    Line("auth-user-pass>", r"<auth-user-pass>\s*\n[^\n]{1,80}\n(?P<secret>[^\n<]{3,200})\n", When::Always, "OpenVPN manual, inline files"),
    Line("\"kty\"", r#""(?:d|k|p|q|dp|dq|qi)"\s*:\s*"(?P<secret>[A-Za-z0-9_-]{22,1000})""#, When::Always, "RFC 7518, parameters of private and symmetric keys"),
    Line("\"otp|\"pin|\"mfa|\"totp|\"puk|\"cvv|\"code", r#""(?:otp|pin|mfa|totp|puk|cvv|(?:mfa|otp|totp|pin|verification|security)_?code)"\s*:\s*"?(?P<secret>\d{3,8})\b"#, When::Always, "second factors in JSON"),
    Line("WIFI:", r"\bWIFI:(?:[A-OQ-Z]:[^;\n]{0,80};){0,4}P:(?P<secret>[^;\n]{4,80});", When::Always, "ZXing docs, barcode contents: Wi-Fi"),
    Line("SSID", r"(?i)\bSSID[^\n]{1,80}\n[^\n]{0,12}\b(?:key|psk|pass\w{0,8})\s?[:=]\s?(?P<secret>\S{8,63})", When::Always, "what routers and installers print"),
    Line("set-key ", r"\bset-key (?:ascii |hex )?(?:\d )?(?P<secret>\S{8,80})", When::Random, "the command references of HPE and Cisco: wireless"),
    Line("echo |printf ", r#"\b(?:echo|printf)(?: -n)? ["']?(?P<secret>[^\s"'$|>]{6,300})["']? ?>{1,2} ?(?P<name>[\w./~-]{3,80})"#, When::NamedRandom, "a shell's redirection into a file that is named for a secret"),
    Line("LOGIN=|USER=|AUTH=|login=", r#"\b\w{0,30}(?:LOGIN|USER|AUTH|login)=["']?[\w.@-]{1,64}:(?P<secret>[^\s"':/@]{6,200})"#, When::Setting, "a user and a password in one variable"),
    Line("gen_salt", r"\bcrypt\(\s*'(?P<secret>[^'\n]{3,200})'\s*,\s*gen_salt", When::Always, "PostgreSQL docs, pgcrypto"),
    Line("password_hash", r"'(?P<secret>[^'\n]{4,200})'\s*\|\s*password_hash", When::Always, "Ansible docs, filters: password_hash"),
    Line("> auth |> AUTH | AUTH ", r"(?im)^[^\n]{0,40}> ?(?:[^\n]{0,80} )?auth (?:[A-Za-z]{1,40} )?(?P<secret>[^\s:]{6,200})", When::Setting, "Redis command reference, AUTH, HELLO and MIGRATE"),
    Line("auth-pass", r"\bauth-pass \S{1,64} (?P<secret>\S{4,200})", When::Random, "Redis docs, Sentinel: auth-pass"),
    Line("1812|1813|1645|server ", r"(?m)^[ \t]{0,8}(?:server )?(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?[ \t]+(?P<secret>[^\s:/]{6,80})[ \t]+\d{1,2}[ \t\r]*$", When::Setting, "pam_radius_auth, its configuration file"),
    Line(" * ", r"(?m)^[\w.@-]{1,64}[ \t]+\*[ \t]+(?P<secret>[^\s\x22]{6,200})[ \t]+\*[ \t\r]*$", When::Setting, "pppd(8), pap-secrets and chap-secrets"),
    Line("reset|nvit|onfirm|erif|ctivat|magic|unlock", r"(?i)://[^\s]{1,300}[/?&](?:\w{0,20}(?:magic|reset|invit\w{0,8}|confirm\w{0,8}|verif\w{0,8}|activat\w{0,8}|unlock)(?:[-_]\w{1,20})?)[/=](?P<secret>[A-Za-z0-9._~-]{20,300})", When::Setting, "addresses that are sent once"),
    Line("hexkey:", r"\bhexkey:(?P<secret>[0-9a-fA-F]{16,128})", When::Always, "openssl-mac(1), hexkey"),
    Line("openssl dgst|openssl mac", r"\bopenssl (?:dgst|mac)\b[^\n]{0,80} -hmac (?P<secret>\S{4,200})", When::Always, "openssl-dgst(1), -hmac"),
    Line("USERPWD", r#"USERPWD\s*,\s*["'][^"':\s]{1,64}:(?P<secret>[^"'\s]{3,200})["']"#, When::Always, "libcurl docs, CURLOPT_USERPWD"),
    Line("@tcp(|@unix(", r#"(?m)(?:^|["'`=:\s])[\w.-]{1,64}:(?P<secret>[^\s@"'`]{3,80})@(?:tcp|unix)\("#, When::Always, "Go's driver of MySQL: data source names"),
    Line("onnect(", r#"[cC]onnect\(\s*["'][\w$#]{1,40}/(?P<secret>[^"'\s@/]{4,80})@"#, When::Always, "python-oracledb docs, connecting"),
    Line("uthorization", r#"(?i)\bauthorization["']?\s*,?\s*["'](?:basic|bearer|token|apikey|[a-z-]{3,20}) (?P<secret>[A-Za-z0-9._~+/=:-]{12,2000})["']"#, When::Random, "RFC 9110, Authorization, as programs and servers set it"),
    Line("header|Header", r#"(?i)\b\w{0,20}header(?:\.set|\.add)?[ (]{1,2}["']?(?P<name>[\w-]{4,60})["']?\s*,?\s*["'](?P<secret>[^"'\s]{8,400})["']"#, When::NamedRandom, "NGINX and Apache docs: headers that are set"),
    Line("/pass|/pwd|/authenticator|/PASS", r"(?i)\s/\w{0,20}(?:pass|pwd|authenticator)\w{0,20}:(?P<secret>[^\s/]{4,200})", When::Random, "Windows command reference: netdom, cmdkey and vaultcmd"),
    Line(" /d ", r#"(?i)\s/v "?(?P<name>[\w ]{3,60}?)"? [^\n]{0,60}?/d "?(?P<secret>[^\s"]{3,200})"#, When::NamedRandom, "Windows command reference, reg add"),
    Line("assword -v ", r"-n \S{0,80}[pP]assword -v (?P<secret>\S{3,200})", When::Always, "iscsiadm(8)"),
    Line("cominguser|tgoinguser", r"\b(?:incominguser|outgoinguser) \S{1,64} (?P<secret>\S{6,200})", When::Random, "tgtadm(8), ietd.conf(5)"),
    Line("AQ", r"\b(?P<secret>AQ[A-Za-z0-9+/]{36}==)", When::Always, "Ceph docs, user management: keyrings"),
    Line("roduct|icense|icence|ctivation|erial|ecovery|egistration", r"(?i)\b(?:product|licen[sc]e|activation|serial|recovery|registration)[ _-](?:key|code|number|password)\s?[:=]\s?(?-i:(?P<secret>[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8}){3,8}|[A-Z0-9]{16,30}))\b", When::Always, "what is sold with a key; Microsoft docs, BitLocker recovery"),
    Line("pp password", r"(?i)\bapp password\s?[:=]\s?(?P<secret>[a-z]{4}(?: [a-z]{4}){3})\b", When::Always, "Google's help, app passwords"),
    Line("$(echo|$(printf|`echo", r#"(?:\$\(|`)(?:echo|printf)(?: -n| '%s')? ["']?(?:[\w.-]{1,40}:)?(?P<secret>[^\s"'$:|)`]{8,300})["']?[ \t]*[|)`]"#, When::Setting, "bash(1), command substitution"),
    Line("\"value\"", r#""(?P<name>[\w.-]{3,60})"\s*:\s*\{[^{}]{1,160}"value"\s*:\s*"(?P<secret>[^"\s]{3,300})""#, When::NamedRandom, "Terraform docs, output -json"),
    Line("plaintext ", r"(?m)^plaintext[ \t]+(?P<secret>[A-Za-z0-9+/]{20,}={0,2})[ \t\r]*$", When::Always, "HashiCorp Vault docs, transit: data keys"),
    Line("radclient", r"\bradclient\b[^\n|]{0,120} (?:auth|acct|coa|disconnect|status|auto) (?P<secret>\S{4,200})", When::Random, "radclient(1)"),
    // What asks, and what says that something was made.
    Line("assword|ASSWORD|assphrase|ass phrase|asscode|asswort|ennwort|asse|ontrase|enha|oken|API key|ccess key|ecret|unlock", r#"(?im)^(?:[?>*+-] )?[^\n:=|]{0,80}?\b(?:password|passwort|kennwort|mot de passe|contraseña|senha|passphrase|pass phrase|passcode|token|api key|access key|secret key|unlock disk)\b(?P<between>[^\n=|;{}]{0,60}?)(?: ?[:=]|\?|>)[ \t]+(?P<secret>[^\s"'`;,]{8,200})[ \t\r]*$"#, When::Said, "what asks for a secret and shows what is typed"),
    Line("reated|hanged|enerated|reset|updated", r#"(?i)\b(?:password|passphrase|token|api key|access key|secret key|secret)\b(?P<between>[^\n=|;{}():]{0,40}?)\b(?:created|changed|generated|reset|updated|issued|rotated)(?: to| as| successfully)?:?[ \t]+["'`]?(?P<secret>[^\s"'`;,]{8,200})["'`.]{0,2}\s*(?:\n|\z)"#, When::Said, "what makes a secret and shows it once"),
    // Signs that stand for others, texts that begin on the next line.
    Line("&quot;|&#34;|&#x22;", r#"&(?:quot|#34|#x22);(?P<name>[\w.-]{2,60})&(?:quot|#34|#x22);\s{0,4}[:=]\s{0,4}&(?:quot|#34|#x22);(?P<secret>[^&\s]{3,300})&"#, When::Named, "HTML, character references"),
    Line("%3D|%3d", r"(?P<name>[A-Za-z][\w.-]{2,60})%3[Dd](?P<secret>[^\s&%\x22'<>]{6,300})", When::NamedRandom, "RFC 3986, percent-encoding of a query within a query"),
    Line("<<", r#"(?m)\b(?P<name>[A-Za-z][\w.-]{2,60})["']?[ \t]*[=:]?[ \t]*<<[-~]?[ \t]?["']?[A-Z_a-z]{2,20}["']?[ \t\r]*\n[ \t]*(?P<secret>[^\s=:<>]{6,300})[ \t\r]*$"#, When::NamedRandom, "bash(1), here documents; HCL, heredoc strings"),
    Line("\":[|\": [", r#""(?P<name>[\w.-]{3,60})"\s{0,4}:\s{0,4}\[\s{0,40}"(?P<secret>[^"\s]{8,2000})"\s{0,40}\]"#, When::NamedRandom, "headers in JSON, each with a list of values"),
    Line("ENV |SetEnv |etenv |_param |env ", r#"(?m)^[^\n]{0,40}\b(?:ENV|SetEnv|setenv|(?:fastcgi|uwsgi|scgi)_param|env)[ \t]+["']?(?P<name>[A-Za-z][\w-]{2,60})["']?[ \t]+["']?(?P<secret>[^\s"';=]{4,400})"#, When::NamedRandom, "Dockerfile reference, ENV; Apache and NGINX docs, variables of programs"),
    Line(":pserver:", r":pserver:[^\s:@/]{1,64}:(?P<secret>[^\s@:]{3,200})@", When::Always, "CVS manual, the password authenticating server"),
    Line("ecureString|ECURESTRING|ecurestring", r#"(?i)\bconvertto-securestring\s+(?:-(?:string|asplaintext|force)\s+){0,3}["'](?P<secret>[^"'\n$]{3,200})["']"#, When::Always, "PowerShell reference, ConvertTo-SecureString"),
    Line("$ANSIBLE_VAULT;", r"\$ANSIBLE_VAULT;[\d.]{3,5};AES256[^\n]{0,60}\n(?P<secret>(?:[ \t]*[0-9a-f]{16,200}\s{0,4}){1,200})", When::Always, "Ansible docs, vault: format of encrypted variables"),
    Line(" *", r"(?:^|[\s|'\x22])\*(?P<secret>[0-9A-F]{40})\b", When::Always, "MySQL reference, mysql_native_password"),
    Line("<D>|<P>|<Q>|<DP>|<DQ>|<InverseQ>", r"<(?:D|P|Q|DP|DQ|InverseQ)>\s{0,20}(?P<secret>[A-Za-z0-9+/=]{20,2000})\s{0,20}</", When::Always, "the .NET reference, RSA: keys as XML"),
    Line("reds|redentials|ogin", r"(?i)\b(?:creds|credentials|login|log in with|sign in with)\s?[:=]?\s(?P<name>[\w.@-]{1,64})\s?[/|]\s?(?P<secret>[^\s/|]{6,200})[ \t\r]*(?:\n|\z)", When::Setting, "how people note a user and a password"),
    Line("? ", r#"(?im)^[ \t]*[?✔✓›] [^\n]{0,60}\b(?:password|passphrase|token|api key|access key|secret key|secret)\b(?P<between>[^\n]{0,30}?)[ \t:›·»-]{1,8}(?P<secret>[^\s"'`;,]{8,400})[ \t\r]*$"#, When::Said, "what asks in a terminal and leaves its question there"),
    Line("In [", r#"(?m)^In \[\d{1,5}\]: (?:[\w. =;\[\]()"']{0,80}\b)?(?P<name>[A-Za-z]\w{2,60})["'\])]{0,6}[ \t\r]*\n(?:[ \t\r]*\n)?(?:Out ?\[\d{1,5}\]: )?["']?(?P<secret>[^\s"']{8,400})["']?[ \t\r]*$"#, When::NamedRandom, "IPython docs, prompts"),
    Line("¦", r"(?m)^(?P<name>[A-Za-z][\w.-]{2,60})\|(?P<secret>[^\s|]{8,400})[ \t\r]*$", When::NamedRandom, "sqlite3(1), output in lists"),
    Line("\\x3|\\u003", r#"(?P<name>[A-Za-z][\w.-]{2,60})\\{1,2}(?:x3[dD]|u003[dD])(?P<secret>[^\s\\&"']{6,400})"#, When::NamedRandom, "ECMAScript, escapes in texts"),
    Line("u0022", r"u0022(?P<name>[\w.-]{2,60})\\{1,2}u0022\s?:\s?\\{1,2}u0022(?P<secret>[^\\\s]{3,400})\\", When::Named, "RFC 8259, escapes in texts"),
    Line("content=\"", r#"\bname="(?P<name>[\w.:-]{2,60})"\s{1,4}content="(?P<secret>[^"\s]{8,2000})""#, When::NamedRandom, "HTML, meta elements"),
    Line(" P:", r"(?i)\b(?:u|user|login): ?\S{1,64}[ ,;/|]{1,4}p(?:w|ass|wd)?: ?(?P<secret>\S{6,200})[ \t\r]*(?:\n|\z)", When::Random, "how people note a user and a password"),
    Line("send ", r#"(?i)assword[^\n]{0,80}\bsend\b[ -]{1,8}(?:--? )?["'](?P<secret>[^"'\n$\\]{4,200}?)(?:\\{1,2}[rn]|["'])"#, When::Always, "expect(1), send"),
    Line("again: |epeat|etype|e-enter", r"(?im)^(?:enter it|retype|repeat|re-enter|confirm)(?: it)?(?: again)?: ?(?P<secret>[^\s:]{8,200})[ \t\r]*$", When::Random, "psql(1), \\password"),
    Line("rzp_", r"\brzp_(?:live|test)_[A-Za-z0-9]{14}\W{1,6}(?P<secret>[A-Za-z0-9]{24})\b", When::Random, "Razorpay docs, API keys"),
    Line("::", r"\bK10[0-9a-f]{64}::(?:server|node|\w{1,20}:)?:?(?P<secret>[^\s\x22']{6,200})", When::Always, "K3s docs, token: secure format"),
    Line("-code", r"--(?:token|mfa|otp|totp|auth|authentication|verification|2fa)-?code\d?[ =](?P<secret>\d{6,8})\b", When::Always, "AWS CLI reference, sts assume-role and iam enable-mfa-device"),
    Line("list: ", r#"\blist: ["'][\w-]{1,32}:(?P<secret>[^\s:"']{4,200})["']"#, When::Random, "cloud-init docs, chpasswd"),
    Line("\"key\"", r#""key"\s*:\s*"(?P<secret>[A-Za-z0-9+/]{43}=)""#, When::Random, "OCI CLI reference, iam customer-secret-key create"),
    Line("--include-value", r#"--include-values?\b[^\n]{0,200}\n(?s-u:.){0,400}?"value"\s*:\s*"(?P<secret>[^"\s]{20,128})""#, When::Always, "AWS CLI reference, apigateway get-api-key"),
    Line("\"-|'-", r#"["']--?(?P<name>[A-Za-z][\w-]{2,60})["']\s?,\s{0,80}["'](?P<secret>[^"'\s$]{6,400})["']"#, When::NamedRandom, "Dockerfile reference, CMD: exec form; Kubernetes docs, command and arguments of a container"),
    Line("- -|- \"-|- '-", r#"(?m)^[ \t]*- ["']?--?(?P<name>[A-Za-z][\w-]{2,60})["']?[ \t\r]*\n[ \t]*- ["']?(?P<secret>[^"'\s$]{6,400})["']?[ \t\r]*$"#, When::NamedRandom, "Kubernetes docs, command and arguments of a container"),
    Line("-decode", r"\bgenerate-root\b[^\n]{0,160}?-decode[= ](?P<secret>[^\s]{16,200})", When::Random, "HashiCorp Vault docs, operator generate-root"),
    Line("user=", r"(?m)^[ \t]{0,8}user=[\w.@-]{1,64}:(?P<secret>[^\s:]{4,200})[ \t\r]*$", When::Random, "coturn, its configuration file: user"),
    Line("\"bearer\"|-oauth\"|-token\"", r#""(?:bearer|git(?:hub|lab)-(?:oauth|token))"\s*:\s*\{\s*"[\w.:-]{1,100}"\s*:\s*"(?P<secret>[^"\s]{8,400})""#, When::Random, "Composer docs, authentication"),
    Line("AuthIdent", r#"AuthIdent["']?\s?[:=]\s?["']?[^\s:"']{1,64}:(?P<secret>[^\s"']{4,200})"#, When::Always, "Yarn docs, npmAuthIdent"),
    Line("SAMLRe", r#"\bSAMLResponse["']?[\s:=]{1,4}(?:value=)?["']?(?P<secret>[A-Za-z0-9+/=%]{60,})"#, When::Always, "SAML 2.0 bindings, HTTP POST"),
    Line("device_code|auth_req_id", r#"\b(?:device_code|auth_req_id)["']?\s?[:=]\s?["']?(?P<secret>[A-Za-z0-9._~+/=-]{20,400})"#, When::Random, "RFC 8628, device authorization response; OpenID CIBA"),
    Line("ey for |ey of ", r#"(?im)\bkey (?:for|of) [\w.@-]{1,40}(?: is)?\s?[:=]?[ \t]+["'`]?(?P<secret>[^\s"'`]{20,400})["'`]?[ \t\r]*$"#, When::Generated, "how people note a key"),
    Line("base64 -d|base64 --decode|base64 -D", r#"\b(?:echo|printf)(?: -n| '%s')? ["']?(?P<secret>[A-Za-z0-9+/]{8,2000}={0,2})["']? ?\| ?base64 (?:-d|-D|--decode)\b"#, When::Always, "Kubernetes docs, managing Secrets: decode the Secret"),
    Line("base64 -d|base64 --decode|base64 -D", r#"\bbase64 (?:-d|-D|--decode) ?<<< ?["']?(?P<secret>[A-Za-z0-9+/]{8,2000}={0,2})"#, When::Always, "Kubernetes docs, managing Secrets: decode the Secret"),
    Line("HEX:|ASCII:| MD5 | SHA1 | SHA256 | SHA512 | M ", r"(?m)^[ \t]{0,4}\d{1,10}[ \t]+(?:MD5|M|SHA(?:1|256|384|512)|AES(?:128|256)(?:CMAC)?)[ \t]+(?:HEX:|ASCII:)?(?P<secret>[^\s:#]{8,200})[ \t\r]*$", When::Random, "chrony.conf(5), keyfile; ntp.keys(5)"),
    Line("%", r"\buser(?:name)?=[^\s,%&]{1,64}%(?P<secret>(?:[^0-9a-fA-F\s,&%][^\s,&%]|[0-9a-fA-F][^0-9a-fA-F\s,&%])[^\s,&]{4,200})", When::Random, "mount.cifs(8), user=NAME%PASSWORD"),
    Line("://", r"://[^\s:/@?#]{1,100}@[^\s:/@?#]{1,100}:(?P<secret>[^\s@/:]{4,100})@[A-Za-z0-9]", When::Random, "govc, README: GOVC_URL; users with a domain in an address"),
    Line("user.login", r#"\buser\.login\b(?s-u:.){0,600}?"result"\s*:\s*"(?P<secret>[0-9a-f]{32,64})""#, When::Always, "Zabbix API docs, user.login"),
];

/// A row, and what it takes to find it.
struct Form {
    needs: Vec<Finder<'static>>,
    expression: Expression,
    when: When,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let forms = LINES.iter().map(|Line(needs, source, when, _)| Form {
        needs: needs.split('|').map(finder).collect(),
        expression: Expression::new(source, false),
        when: *when,
    });
    forms.collect()
});

fn finder(need: &str) -> Finder<'static> {
    Finder::new(&need.replace('¦', "|")).into_owned()
}

/// Calls `found` with each secret. `plain`: the text in ASCII; `pairs`: those of the text.
pub(super) fn find(
    text: &str,
    plain: &[u8],
    pairs: &mut Pairs,
    found: &mut dyn FnMut(Range<usize>),
) {
    for Form {
        needs,
        expression,
        when,
    } in FORMS.iter()
    {
        if !needs.iter().any(|need| pairs.hold(need)) {
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
                When::Generated => words::is_generated(value),
                When::Named => is_named(group("name"), value),
                When::NamedRandom => is_named(group("name"), value) && is_random(value),
                When::NamedSetting => {
                    words::name(group("name")) == Name::Secret && words::is_setting(value)
                }
                When::TokenOf => {
                    let name = group("name");
                    is_random(value)
                        && (words::name(name) == Name::Secret
                            || words::name(name.trim_end_matches('s')) == Name::Secret)
                }
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
        // `key = 'LabelKey1', value = 'LabelValue1'`
        Name::Perhaps => is_random(value) && value.len() >= 12,
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
            // What is nothing, or a sign that any text has, would call for the form each time.
            let is_some = |need: &str| !matches!(need, "" | "\n" | " " | "-" | "+");
            assert!(
                needs.split('|').all(is_some) && source.len() > 8,
                "{source}"
            );
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
            find(line, line.as_bytes(), &mut Pairs::of(line), &mut |range| {
                panic!("{line}: {}", &line[range])
            });
        }
    }
}

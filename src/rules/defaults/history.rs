//! Traces that are kept from being made, or are wiped.
//!
//! Nothing here is lost to the recording.

use super::Severity::{High, Low};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "history-off",
        "the shell is kept from remembering",
        r"^unset (?:[^|]* )?HIST(?:FILE|SIZE|FILESIZE|CMD)?(?: |$)|^(?:(?:export|declare|typeset|readonly|local) (?:-\S+ )*)?HIST(?:FILE=(?:/dev/null)?(?: |$)|(?:SIZE|FILESIZE)=0(?: |$))|^set \+o history|^shopt (?:[^|]* )?-uo? history|^history (?:[^|]* )?-\w*[cw]?c(?: |$)|^(?:rm|shred|truncate|unlink|ln|cp (?:-\S+ )*/dev/null) (?:[^|]* )?\S*\.(?:bash|zsh|sh|ash|mysql|psql|python)_?history(?: |$)|(?:^| )> \S*\.(?:bash|zsh|sh|ash)_history(?: |$)|^kill (?:-9|-KILL|-SIGKILL|-s KILL|-s 9) (?:\$\$|\$BASHPID|\$PPID)(?: |$)",
    )
    .why("Whoever has nothing to hide has no reason to.", &["MITRE ATT&CK T1070.003"])
    .hits(&[
        "unset HISTFILE",
        "export HISTSIZE=0",
        "HISTFILE=/dev/null bash",
        "history -c && exit",
        "set +o history",
        "ln -sf /dev/null ~/.bash_history",
        "kill -9 $$",
    ])
    .misses(&[
        "export HISTSIZE=10000",
        "history | tail -50",
        "export HISTTIMEFORMAT='%F %T '",
        "cat ~/.bash_history",
        "kill -9 $PID",
        "HISTCONTROL=ignoreboth",
        "set -o history",
        "history -a",
    ]),
    command(
        Low,
        "time-stamped",
        "a file is given a time of somebody's choice",
        r"^touch (?:[^|]* )?(?:-\w*[tdr]|--date|--reference|--time)(?:[= ]|$)",
    )
    .why("It looks as if it had been there before.", &["MITRE ATT&CK T1070.006"])
    .hits(&["touch -t 202001010000 /usr/bin/x", "sudo touch -r /bin/ls /bin/x"])
    .misses(&["touch x", "touch /tmp/-t", "stat x", "touch -c x"]),
    command(
        High,
        "log-edited",
        "lines are taken out of a log of the system",
        r"^sed (?:[^|]* )?-i\S* (?:[^|]* )?/var/log/|^(?:vim?|nano|emacs|ed|ex) (?:[^|]* )?/var/log/(?:auth|secure|audit|messages|syslog|cron|kern|wtmp|sudo)|^(?:utmpdump (?:[^|]* )?-r)(?: |$)",
    )
    .why("A log that somebody edited is none.", &["MITRE ATT&CK T1070.002"])
    .hits(&["sed -i /203.0.113.9/d /var/log/auth.log", "sudo vi /var/log/secure", "utmpdump -r < x > /var/log/wtmp"])
    .misses(&["sed -n 1,10p /var/log/auth.log", "view /var/log/app.log", "less /var/log/secure", "utmpdump /var/log/wtmp", "sed -i s/a/b/ app.conf"]),
];

//! Ways that lead past the session: forwards, tunnels, listeners.
//!
//! Nothing here sees what goes through them, nor does the recording.

use super::Severity::{Critical, High, Medium};
use super::{LooksAt, Shipped, command, rule};

pub(super) const RULES: &[Shipped] = &[
    command(
        Medium,
        "ssh-forward",
        "SSH leads a port or a proxy through",
        r"^(?:autossh|ssh) (?:-\S+ (?:[^- ]\S* )?)*-[1246AaCfGgKkMNnqsTtVvXxYy]*[LDw](?: ?[0-9a-z*:\[/]|$)",
    )
    .why("What goes through it is in no recording.", &["MITRE ATT&CK T1572"])
    .hits(&["ssh -L 5432:db:5432 bastion", "ssh -fND 1080 ops@host", "autossh -M 0 -N -L 80:x:80 h"])
    .misses(&["ssh bastion", "ssh -i key -p 2222 host", "ssh host ls -L /tmp", "ssh -J bastion db", "ssh -v host ls -D x"]),
    command(
        High,
        "ssh-reverse-forward",
        "SSH leads a port of somewhere else in here",
        r"^(?:autossh|ssh) (?:-\S+ (?:[^- ]\S* )?)*-[1246AaCfGgKkMNnqsTtVvXxYy]*R(?: ?[0-9a-z*:\[/])",
    )
    .why("Somebody elsewhere comes in through it, and no recorder sees them.", &["MITRE ATT&CK T1572"])
    .hits(&["ssh -fNR 2222:localhost:22 x@203.0.113.9", "ssh -o ServerAliveInterval=60 -R 8080:localhost:80 h"])
    .misses(&["ssh -L 80:x:80 h", "ssh h ls -R /tmp", "ssh-keygen -R host", "scp -R x h:"]),
    command(
        High,
        "tunnel-program",
        "a program that leads through walls is run",
        r"^(?:ngrok|cloudflared|chisel|frpc|frps|gost|bore|pagekite(?:\.py)?|inlets|rathole|iodined?|dnscat2?|ptunnel\S*|sshuttle|proxychains4?|revsocks|ligolo\S*|reverse-ssh|wstunnel|gsocket|gs-netcat)(?: |$)",
    )
    .unless(r"^\S+ (?:--?version|version|--?help|help)$")
    .why("It makes this machine reachable from where it should not be.", &["MITRE ATT&CK T1572"])
    .hits(&["./ngrok tcp 22", "cloudflared tunnel run x", "nohup /tmp/chisel client x:80 R:socks &"])
    .misses(&["systemctl status cloudflared", "cloudflared --version", "cat ngrok.yml", "apt install sshuttle"]),
    command(
        Medium,
        "listener-opened",
        "a port is opened by hand",
        r"^(?:nc|ncat|netcat|nc\.traditional|nc\.openbsd) (?:[^|]* )?-\w*l|^socat (?:[^|]* )?(?i:(?:tcp[46]?|udp[46]?|openssl|sctp)-l(?:isten)?):|^python[0-9.]* (?:[^|]* )?-m (?:http\.server|SimpleHTTPServer)|^php (?:[^|]* )?-S ",
    )
    .why("Whatever is behind it can be fetched, or comes in.", &["MITRE ATT&CK T1571"])
    .hits(&["nc -lvnp 4444", "socat TCP-LISTEN:8080,fork TCP:db:5432", "python3 -m http.server 8000"])
    .misses(&["nc -zv db 5432", "ss -lntp", "python3 -m json.tool x", "socat - TCP:db:5432"]),
    rule(
        LooksAt::Connections,
        Critical,
        "forward-to-metadata",
        "a port session leads to the metadata of the instance",
        r" (?:169\.254\.[0-9.]+|\[?fd00:ec2::254\]?):",
    )
    .why("The credentials of the machine are fetched through it.", &["MITRE ATT&CK T1552.005"])
    .hits(&["AWS-StartPortForwardingSessionToRemoteHost 169.254.169.254:80"])
    .misses(&["AWS-StartPortForwardingSessionToRemoteHost db.internal:5432", "AWS-StartPortForwardingSession localhost:80", "X 10.169.254.1:80"]),
    rule(
        LooksAt::Connections,
        High,
        "forward-to-control",
        "a port session leads to a service that runs things for anybody who asks",
        r":(?:2375|2379|2380|10250|10255|8001|5985|6379|11211|9200)$",
    )
    .why("Docker, etcd, kubelet and some stores ask nobody who they are.", &["MITRE ATT&CK T1210"])
    .hits(&["AWS-StartPortForwardingSession localhost:2375", "AWS-StartPortForwardingSessionToRemoteHost n.internal:10250"])
    .misses(&["AWS-StartPortForwardingSession localhost:22", "AWS-StartPortForwardingSessionToRemoteHost db:5432", "AWS-StartPortForwardingSession localhost:12375"]),
];

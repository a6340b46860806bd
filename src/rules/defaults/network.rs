//! Walls of the network that are taken down, and looks around behind them.
//!
//! Nothing here is about ways that are led through.

use super::Severity::{Critical, High, Low, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "firewall-off",
        "the firewall of this machine is taken down",
        r"^ip6?tables(?:-legacy|-nft)? (?:-t filter )?(?:-F|--flush|-X|--delete-chain|-P (?:INPUT|FORWARD|OUTPUT) ACCEPT|--policy (?:INPUT|FORWARD|OUTPUT) ACCEPT)(?: |$)|^ufw (?:--force )?(?:disable|reset)|^nft (?:-\S+ )*(?:flush|delete) (?:ruleset|table|chain)|^(?:systemctl (?:-\S+ )*(?:stop|disable|mask)) (?:[^|]* )?(?:firewalld|ufw|nftables|iptables)(?:\.service)?(?: |$)|^service (?:iptables|firewalld|ufw|nftables) stop|^firewall-cmd (?:[^|]* )?--panic-off",
    )
    .why("Everything that listens here can be reached.", &["MITRE ATT&CK T1562.004"])
    .hits(&["iptables -F", "sudo ufw disable", "nft flush ruleset", "systemctl stop firewalld", "iptables -P INPUT ACCEPT"])
    .misses(&[
        "iptables -L -n -v",
        "ufw status verbose",
        "nft list ruleset",
        "systemctl status firewalld",
        "iptables -A INPUT -p tcp --dport 443 -j ACCEPT",
        "iptables -t nat -L POSTROUTING",
    ]),
    command(
        High,
        "opened-to-the-world",
        "a security group lets everybody in",
        r"^aws (?:[^|]* )?ec2 (?:authorize-security-group-ingress|modify-security-group-rules|update-security-group-rule\S*) (?:[^|]* )?\S*(?:0\.0\.0\.0/0|::/0)",
    )
    .why("The whole of the internet may knock.", &["MITRE ATT&CK T1562.007"])
    .hits(&["aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 0.0.0.0/0"])
    .misses(&[
        "aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 22 --cidr 10.0.0.0/8",
        "aws ec2 describe-security-groups",
        "aws ec2 revoke-security-group-ingress --group-id sg-1 --cidr 0.0.0.0/0",
    ]),
    command(
        Low,
        "traffic-captured",
        "what goes over the network is read",
        r"^(?:tcpdump|tshark|dumpcap|ngrep) (?:[^|]* )?\S",
    )
    .unless(r"^\S+ (?:-D|--version|-h|--help)(?: |$)")
    .why("Ordinary when a connection fails; passwords go by as well.", &["MITRE ATT&CK T1040"])
    .hits(&["sudo tcpdump -ni eth0 port 5432"])
    .misses(&["tcpdump -D", "tcpdump --version", "ss -tn", "which tcpdump"]),
    command(
        Medium,
        "network-scanned",
        "machines or ports are looked for",
        r"^(?:nmap|masscan|zmap|rustscan|naabu|arp-scan|fping (?:[^|]* )?-g) (?:[^|]* )?\S",
    )
    .unless(r"^\S+ (?:--version|-V|-h|--help)(?: |$)")
    .why("Whoever works here knows where things are.", &["MITRE ATT&CK T1046"])
    .hits(&["nmap -sV 10.0.0.0/24", "sudo masscan -p1-65535 10.0.0.0/8"])
    .misses(&["nmap --version", "ping db", "nc -zv db 5432", "apt install nmap"]),
    command(
        Critical,
        "attack-program",
        "a program is run that only breaks in",
        r"^(?:hydra|medusa|john|hashcat|sqlmap|crackmapexec|nxc|netexec|responder|msfconsole|msfvenom|linpeas\S*|winpeas\S*|LinEnum\S*|linux-exploit-suggester\S*|mimipenguin\S*|lazagne\S*|pspy(?:32|64)s?|kube-hunter|peirates|deepce\S*|traitor\S*|pwncat\S*|sliver\S*|impacket-\S+|evil-winrm|bettercap|ettercap|arpspoof|pacu)(?: |$)",
    )
    .unless(r"^\S+ (?:--version|-V|-h|--help)$")
    .why("Its name may be chance; look at what it did.", &["MITRE ATT&CK T1588.002"])
    .hits(&["./linpeas.sh -a", "hydra -l root -P w.txt ssh://db", "/tmp/pspy64"])
    .misses(&["cat hydra.yml", "john@host", "rm linpeas.sh", "grep sqlmap access.log"]),
    command(
        Low,
        "names-changed",
        "where names lead is changed",
        r"(?:^| )>>? /etc/(?:hosts|resolv\.conf)(?: |$)|^(?:tee|sed (?:[^|]* )?-i\S*|cp|mv) (?:[^|]* )?/etc/(?:hosts|resolv\.conf)(?: |$)",
    )
    .why("Programs go elsewhere and do not notice.", &["MITRE ATT&CK T1565.001"])
    .hits(&["echo 203.0.113.9 db >> /etc/hosts", "echo x | sudo tee /etc/resolv.conf"])
    .misses(&["cat /etc/hosts", "getent hosts db", "grep db /etc/hosts > /tmp/x"]),
];

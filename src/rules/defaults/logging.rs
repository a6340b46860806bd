//! Logs, agents and watches that are switched off.
//!
//! Nothing here is about logs that are deleted.

use super::Severity::{Critical, High, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        High,
        "agent-stopped",
        "an agent that logs or watches is stopped or removed",
        r"^(?:systemctl (?:-\S+ )*(?:stop|disable|mask|kill)|(?:killall|pkill)|chkconfig|rc-update del|(?:apt|apt-get|yum|dnf|zypper|apk|rpm|dpkg|snap|pip3?) (?:[^|]* )?(?:remove|purge|erase|del|uninstall|-e|-r|-P|stop)) (?:[^|]* )?(?:auditd?|rsyslogd?|syslog-ng|systemd-journald|(?:snap\.)?amazon-ssm-agent|amazon-cloudwatch-agent|awslogsd?|falcon-sensor|wazuh-agent|ossec\S*|osqueryd?|filebeat|auditbeat|fluent-?bit|fluentd|td-agent|datadog-agent|newrelic-infra|crowdsec|fail2ban|clamav-daemon|clamd|falco|mdatp|cbdaemon|ds_agent|splunkd?|SplunkForwarder|xagt|guardduty-agent|amazon-guardduty-agent|awsagent|inspector-agent)(?:\.amazon-ssm-agent)?(?:\.(?:service|socket))?(?: |$)|^service (?:auditd?|rsyslog|amazon-ssm-agent|amazon-cloudwatch-agent|awslogsd?|falcon-sensor|filebeat|datadog-agent|fail2ban|osqueryd) stop|^amazon-cloudwatch-agent-ctl (?:[^|]* )?-a stop|^initctl stop (?:amazon-ssm-agent|auditd|rsyslog)",
    )
    .unless(r"^systemctl (?:-\S+ )*kill (?:[^|]* )?(?:-s ?|--signal=?)(?:SIG)?(?:HUP|USR1|USR2)")
    .why(
        "From then on others see less of what happens here. A restart is none.",
        &["MITRE ATT&CK T1562.001"],
    )
    .hits(&[
        "systemctl stop auditd",
        "sudo systemctl disable --now amazon-ssm-agent.service",
        "service rsyslog stop",
        "pkill -9 osqueryd",
        "apt-get purge -y datadog-agent",
        "snap remove amazon-ssm-agent",
    ])
    .misses(&[
        "systemctl restart rsyslog",
        "systemctl status auditd",
        "systemctl stop nginx",
        "apt-get install -y datadog-agent",
        "systemctl disable --now apache2",
        "journalctl -u amazon-ssm-agent",
    ]),
    command(
        Critical,
        "audit-off",
        "the kernel's audit is switched off",
        r"^auditctl (?:[^|]* )?(?:-e ?0|-D)(?: |$)|^(?:rm|truncate|shred) (?:[^|]* )?/etc/audit/|(?:^| )> /etc/audit/",
    )
    .why("What is done from then on stands in no audit log.", &["MITRE ATT&CK T1562.012"])
    .hits(&["auditctl -e 0", "sudo auditctl -D", "rm -f /etc/audit/rules.d/base.rules"])
    .misses(&["auditctl -l", "auditctl -e 1", "auditctl -s", "cat /etc/audit/auditd.conf"]),
    command(
        High,
        "enforcement-off",
        "SELinux or AppArmor no longer enforces",
        r"^setenforce (?:0|(?i:permissive))(?: |$)|^sed (?:[^|]* )?\S*SELINUX=(?:disabled|permissive)|^aa-(?:disable|teardown|complain)(?: |$)|^(?:systemctl (?:-\S+ )*(?:stop|disable|mask)|service) (?:[^|]* )?apparmor",
    )
    .unless(r"^service apparmor (?:status|restart|start|reload)")
    .why("It takes away a wall; often to find out whether it is in the way.", &["MITRE ATT&CK T1562.001"])
    .hits(&["setenforce 0", "sudo sed -i s/SELINUX=enforcing/SELINUX=disabled/ /etc/selinux/config", "aa-teardown"])
    .misses(&["setenforce 1", "getenforce", "aa-status", "sestatus", "service apparmor status"]),
    command(
        Medium,
        "log-settings-changed",
        "what is logged, and where to, is changed",
        r"^(?:rm|mv|cp|tee|vim?|nano|emacs|sed (?:[^|]* )?-i\S*) (?:[^|]* )?/etc/(?:audit/|rsyslog\.|syslog|systemd/journald\.conf|logrotate\.(?:conf|d/))|(?:^| )>>? /etc/(?:rsyslog\.|syslog|systemd/journald\.conf)",
    )
    .why("A line less in it, and something is no longer seen.", &["MITRE ATT&CK T1562.006"])
    .hits(&["vim /etc/rsyslog.conf", "sudo sed -i s/x/y/ /etc/audit/auditd.conf", "echo x > /etc/rsyslog.d/0.conf"])
    .misses(&["cat /etc/rsyslog.conf", "ls /etc/audit/", "vim /etc/nginx/nginx.conf", "logrotate -d /etc/logrotate.conf"]),
    command(
        Critical,
        "trail-stopped",
        "the account's own logs or watches are switched off",
        r"^aws (?:[^|]* )?(?:cloudtrail (?:stop-logging|delete-trail|update-trail|put-event-selectors|delete-event-data-store)|guardduty (?:delete-detector|update-detector (?:[^|]* )?--no-enable|disassociate-\S+|stop-monitoring-members)|configservice (?:stop-configuration-recorder|delete-configuration-recorder|delete-delivery-channel)|logs (?:delete-log-group|delete-log-stream|put-retention-policy (?:[^|]* )?--retention-in-days 1)|securityhub disable-security-hub|ec2 delete-flow-logs|macie2 disable-macie)(?: |$)",
    )
    .why("Nobody sees afterwards what was done in the account.", &["MITRE ATT&CK T1562.008"])
    .hits(&["aws cloudtrail stop-logging --name main", "aws --profile p ec2 delete-flow-logs --flow-log-ids fl-1"])
    .misses(&["aws cloudtrail lookup-events", "aws logs tail /app", "aws guardduty list-detectors", "aws cloudtrail get-trail-status --name main"]),
];

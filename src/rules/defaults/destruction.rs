//! What is deleted or written over for good.
//!
//! Nothing here is about rows of a database.

use super::Severity::{Critical, High, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        Critical,
        "system-deleted",
        "a tree that the system needs is deleted",
        r"^rm (?:-\S+ )*(?:-[a-zA-Z]*[rR][a-zA-Z]*|--recursive) (?:[^|]* )?(?:/[/.]*\*?|/(?:bin|boot|dev|etc|home|lib|lib64|opt|proc|root|sbin|srv|sys|usr|var)(?:/\*?)?|/usr/(?:bin|lib|lib64|sbin)(?:/\*?)?|/var/(?:lib|backups?)(?:/\*?)?|/etc/(?:ssh|pam\.d|sudoers\.d|systemd|kubernetes|ssl)(?:/\*?)?|/var/lib/(?:docker|containerd|etcd|kubelet|mysql|postgresql|pgsql|mongodb|rpm|dpkg)(?:/\*?)?|~/?\*?|\$HOME/?\*?)(?: |$)|^find (?:/\S+ )*/(?:bin|boot|etc|home|lib|opt|root|srv|usr|var)?/? (?:-xdev |-depth |-mindepth \d+ )*-delete(?: |$)",
    )
    .why(
        "What is gone with these trees comes back from a backup alone. Scripts that clean up name a tree below them.",
        &["MITRE ATT&CK T1485"],
    )
    .hits(&[
        "rm -rf /",
        "sudo rm -fr --no-preserve-root /",
        "cd / && /bin/rm -r -f etc /etc",
        "sh -c 'rm -rf /var/lib/mysql/*'",
        "rm -rf ~",
        "find /home -xdev -delete",
    ])
    .misses(&[
        "rm -rf /tmp/build",
        "rm -rf ./etc usr",
        "rm -rf /var/lib/apt/lists/*",
        "rm -f /etc/nginx/sites-enabled/default",
        "echo rm -rf /",
        "find /var/log -name '*.gz' -mtime +30 -delete",
        "rm -rf /home/deploy/releases/2024",
    ]),
    command(
        Medium,
        "filesystem-made",
        "a file system is made on a device",
        r"^(?:mkfs(?:\.[a-z0-9]+)?|mke2fs) (?:[^|]* )?/dev/",
    )
    .unless(r"^mkfs\S* (?:[^|]* )?-n ")
    .why(
        "What the device held is gone. It is ordinary where a new volume is attached.",
        &["MITRE ATT&CK T1561"],
    )
    .hits(&["mkfs.ext4 -F /dev/xvdb", "sudo mkfs -t xfs /dev/nvme1n1"])
    .misses(&["mkfs.ext4 disk.img", "lsblk -f /dev/sdb", "man mkfs.ext4", "mkfs.ext4 -n /dev/xvdb"]),
    command(
        High,
        "device-wiped",
        "what a device holds is made unreadable",
        r"^(?:wipefs|blkdiscard) (?:[^|]* )?/dev/|^sgdisk (?:[^|]* )?(?:-Z|--zap-all)(?: |$)",
    )
    .unless(r"^wipefs (?:/dev/|-n|--no-act|-J|--json|-p)")
    .why(
        "It is gone, and no new file system takes its place.",
        &["MITRE ATT&CK T1561.002"],
    )
    .hits(&["sudo wipefs -a /dev/nvme1n1", "sgdisk --zap-all /dev/sdb", "blkdiscard /dev/sdb"])
    .misses(&["wipefs /dev/sdb", "sgdisk -p /dev/sdb", "lsblk -f /dev/sdb", "wipefs --no-act -a /dev/sdb"]),
    command(
        Critical,
        "device-written",
        "a disk is written over",
        r"^dd (?:[^|]* )?of=/dev/(?:sd|hd|vd|xvd|nvme|mmcblk|mapper/|md|dm-|disk/)|(?:^| )>>? /dev/(?:sd|hd|vd|xvd|nvme|mmcblk|mapper/|md|dm-|disk/)",
    )
    .why(
        "Bytes go past the file system, over whatever stands there.",
        &["MITRE ATT&CK T1561.001"],
    )
    .hits(&["dd if=/dev/zero of=/dev/sda bs=1M", "cat x.img | sudo dd of=/dev/nvme0n1", "echo x > /dev/sda"])
    .misses(&[
        "dd if=/dev/zero of=/dev/null count=1",
        "dd if=/dev/sda of=/backup/sda.img",
        "sudo dd if=/dev/zero of=/swapfile bs=1M count=1024",
        "ls x > /dev/null",
        "echo of=/dev/sda",
    ]),
    command(
        High,
        "file-shredded",
        "files are made unreadable for good",
        r"^(?:shred|srm|scrub) (?:[^|]* )?[^- ]\S*(?: |$)",
    )
    .why(
        "Whoever only tidies up deletes; whoever shreds does not want it found.",
        &["MITRE ATT&CK T1070.004"],
    )
    .hits(&["shred -u notes.txt", "sudo shred -n 3 /var/log/secure"])
    .misses(&["shred --help", "which shred", "rm notes.txt", "man shred"]),
    command(
        High,
        "logs-cleared",
        "a log of the system is emptied or deleted",
        r"^(?:rm|unlink|truncate|shred|cp (?:-\S+ )*/dev/null) (?:[^|]* )?/var/log/(?:auth|secure|audit|wtmp|btmp|lastlog|faillog|messages|syslog|journal|cron|kern|sudo|amazon)|(?:^| )> /var/log/(?:auth|secure|audit|wtmp|btmp|lastlog|faillog|messages|syslog|cron|kern|sudo|amazon)|^rm (?:[^|]* )?-\w*r\w* (?:[^|]* )?/var/log(?:/\*?)?(?: |$)|^journalctl (?:[^|]* )?--vacuum-(?:time[= ][0-9]+ ?(?:s|sec|seconds|m|min)|size[= ][0-9]+K?|files[= ][01])(?: |$)",
    )
    .unless(r"\.gz(?: |$)|-[0-9]{8}|\.[0-9]+(?: |$)|\.old(?: |$)")
    .why(
        "These logs say who was there and what was done. Old files of a rotation do not count.",
        &["MITRE ATT&CK T1070.002"],
    )
    .hits(&[
        "truncate -s 0 /var/log/auth.log",
        "> /var/log/wtmp",
        "cat /dev/null > /var/log/messages",
        "sudo rm -rf /var/log/audit",
        "journalctl --rotate --vacuum-time=1s",
        "rm -rf /var/log/*",
    ])
    .misses(&[
        "rm /var/log/messages-20260101",
        "rm -f /var/log/syslog.2.gz",
        "truncate -s 0 /var/log/app/debug.log",
        "tail -f /var/log/auth.log",
        "journalctl --vacuum-size=500M",
        "rm -rf /var/log/myapp/old",
        "grep x /var/log/secure > /tmp/found",
    ]),
    command(
        High,
        "cloud-deleted",
        "instances, tables, buckets, keys or namespaces are deleted",
        r"^aws (?:[^|]* )?(?:terminate-instances|delete-(?:db-instance|db-cluster|db-snapshot|table|stack|bucket|snapshot|volume|file-system|backup-vault|recovery-point|secret|repository|cluster|key-pair|object-lock\S*)|schedule-key-deletion)(?: |$)|^aws (?:[^|]* )?s3 (?:rb (?:[^|]* )?--force|rm (?:[^|]* )?--recursive)|^(?:terraform|tofu|pulumi|cdk) (?:\S+ )*destroy(?: |$)|^kubectl (?:[^|]* )?delete (?:[^|]* )?(?:(?:namespaces?|ns|pv|pvc|persistentvolumes?|persistentvolumeclaims?|crds?|nodes?)[ /]|--all(?: |$))",
    )
    .unless(r"--dry-?run")
    .why(
        "What they held is gone for everybody.",
        &["MITRE ATT&CK T1485"],
    )
    .hits(&[
        "aws ec2 terminate-instances --instance-ids i-0abc",
        "aws s3 rm s3://reports --recursive",
        "terraform destroy -auto-approve",
        "kubectl delete ns payments",
        "kubectl -n shop delete pods --all",
    ])
    .misses(&[
        "aws ec2 describe-instances",
        "aws s3 rm s3://reports/one.csv",
        "terraform plan -destroy-safe",
        "kubectl delete pod web-0",
        "aws s3 rm --dryrun --recursive s3://reports",
        "aws dynamodb describe-table --table-name t",
    ]),
];

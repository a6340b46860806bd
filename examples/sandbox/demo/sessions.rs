//! The sessions of the demo: who did what, where and why.
//!
//! Nothing here runs; what these lines would do to a machine, `host.sh` keeps from it.

use super::people::{ALICE, BOB, DANA, DEPLOY, Person};

/// A session that is recorded.
pub(crate) struct Session {
    /// Who runs it.
    pub(crate) who: &'static Person,
    /// Where.
    pub(crate) target: &'static str,
    /// Why: no two sessions have the same, which is how each is found again.
    pub(crate) reason: &'static str,
    /// What is typed.
    pub(crate) lines: &'static [&'static str],
    /// What becomes of it.
    pub(crate) fate: Fate,
}

/// What becomes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is recorded, stored and left alone.
    Kept,
    /// The same, and it is judged.
    Judged(&'static [&'static str]),
    /// The client is killed in the middle of it; what there is, is stored later.
    Cut,
    /// A byte of its recording is changed in the store.
    Altered,
}

/// The one that a reviewer is asked to look at.
pub(crate) const TO_REVIEW: &str = "OPS-113 alice cannot log in";
/// The one that went round the recorder.
pub(crate) const HIDDEN: &str = "just a quick look";

const fn session(
    who: &'static Person,
    target: &'static str,
    reason: &'static str,
    lines: &'static [&'static str],
) -> Session {
    Session {
        who,
        target,
        reason,
        lines,
        fate: Fate::Kept,
    }
}

impl Session {
    const fn then(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }
}

/// All of them. The long one is the first, so that it is not waited for alone.
pub(crate) const SESSIONS: [Session; 20] = [
    session(
        &ALICE,
        "i-0db2",
        "OPS-110 shards are moved",
        &[
            "ls backup",
            "for shard in $(seq 1 40); do echo \"shard $shard of 40: $((shard * 1207)) rows moved\"; sleep 0.2; done",
            "echo done, all forty of them",
        ],
    ),
    session(
        &ALICE,
        "i-0web1",
        "OPS-101 the disk fills up",
        &[
            "ls -l log",
            "du -sh log",
            "tail -n 3 log/app.log",
            "find log -name '*.1'",
        ],
    )
    .then(Fate::Judged(&["--ok", "--note", "as planned"])),
    session(
        &ALICE,
        "i-0web2",
        "OPS-102 errors since the release",
        &[
            "grep -c ERROR log/app.log",
            "grep ERROR log/app.log | tail -n 3",
            "systemctl status app",
        ],
    ),
    session(
        &BOB,
        "i-0web1",
        "OPS-103 more is to be logged",
        &[
            "cat app/config.yml",
            "sed s/info/debug/ app/config.yml > app/config.new",
            "diff app/config.yml app/config.new",
            "systemctl restart app",
            "systemctl status app",
        ],
    ),
    session(
        &BOB,
        "i-0db1",
        "OPS-104 a report is slow",
        &[
            "psql shop -c 'select count(*) from orders'",
            "psql shop -c 'explain select * from orders'",
        ],
    ),
    session(
        &DANA,
        "i-0app1",
        "OPS-105 the queue grows",
        &[
            "wc -l app/queue.txt",
            "sort app/queue.txt | uniq -c | sort -rn | head -n 3",
            "tail -n 2 app/queue.txt",
        ],
    ),
    session(
        &DEPLOY,
        "i-0app1",
        "release 2026.11, first host",
        &[
            "sh app/deploy.sh --dry-run",
            "sh app/deploy.sh",
            "systemctl status app",
        ],
    ),
    session(
        &DEPLOY,
        "i-0app2",
        "release 2026.11, second host",
        &["sh app/deploy.sh", "systemctl status app"],
    ),
    session(
        &DANA,
        "i-0app2",
        "OPS-106 a certificate runs out",
        &[
            "date -u +%F",
            "cat app/certificates.txt",
            "grep -n shop app/certificates.txt",
        ],
    ),
    session(
        &ALICE,
        "mi-0edge1",
        "OPS-107 after the power cut",
        &["journalctl -n 4", "systemctl status app", "ls -l app"],
    ),
    session(
        &BOB,
        "ecs:shop_0a1b2c3d_0a1b2c3d-1",
        "OPS-108 what the container has",
        &[
            "ls app",
            "cat app/config.yml",
            "echo 'Grüße aus dem Container'",
        ],
    ),
    session(
        &DANA,
        "i-0db1",
        "OPS-109 the backup is checked",
        &[
            "ls -l backup",
            "cksum backup/orders.dump",
            "head -n 2 backup/orders.dump",
        ],
    ),
    session(
        &BOB,
        "i-0web2",
        "OPS-111 what the release changed",
        &[
            "diff log/app.log log/app.log.1 | head -n 5",
            "wc -l log/app.log log/app.log.1",
            "tail -n 20 log/app.log",
        ],
    )
    .then(Fate::Altered),
    session(
        &BOB,
        "i-0web1",
        "OPS-112 a look at the cache",
        &["ls -l app", "history -c", "unset HISTFILE", "ls -la"],
    ),
    session(
        &ALICE,
        "i-0db1",
        TO_REVIEW,
        &[
            "ls -l /etc/passwd",
            "sudo cat /etc/shadow",
            "echo 'the account has expired'",
        ],
    ),
    session(
        &DANA,
        "i-0app1",
        "OPS-114 uploads fail",
        &[
            "tail -n 3 log/app.log",
            "curl -m 1 http://169.254.169.254/latest/meta-data/iam/security-credentials/app",
        ],
    ),
    session(
        &BOB,
        "i-0db1",
        "OPS-115 the machine is slow",
        &[
            "systemctl status auditd",
            "sudo systemctl stop auditd",
            "sudo iptables -F",
        ],
    )
    .then(Fate::Judged(&[
        "--follow-up",
        "why was auditd stopped?",
        "--owner",
        "bob",
    ])),
    session(
        &DANA,
        "i-0web2",
        "OPS-116 the bucket does not answer",
        &["cat ~/.aws/config", "cat ~/.aws/credentials"],
    ),
    session(
        &ALICE,
        "i-0web1",
        "OPS-117 a key for the build server",
        &[
            "mkdir -p .ssh",
            "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemo build' >> ~/.ssh/authorized_keys",
            "ls -l .ssh",
        ],
    ),
    session(
        &DANA,
        "i-0app2",
        "OPS-118 orders are lost",
        &["grep -c order log/app.log", "tail -n 4 log/app.log"],
    )
    .then(Fate::Cut),
];

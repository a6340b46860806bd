//! Ways out of a container, and into all of them.
//!
//! Nothing here is about what runs in one.

use super::Severity::{Critical, High, Medium};
use super::{Shipped, command};

pub(super) const RULES: &[Shipped] = &[
    command(
        Critical,
        "container-left",
        "the host is entered from a container",
        r"^nsenter (?:[^|]* )?(?:-t ?1|--target[= ]1)(?: |$)|^chroot /(?:host|hostfs|rootfs|mnt/host|mnt/root)(?:/| |$)|(?:^| )>>? \S*(?:/release_agent|/proc/sys/kernel/core_pattern)(?: |$)|^curl (?:[^|]* )?--unix-socket \S*(?:docker|containerd|crio)\.sock|^docker (?:[^|]* )?-H[= ]?unix:///host",
    )
    .why("From there it is root of the machine, and of all that runs on it.", &["MITRE ATT&CK T1611"])
    .hits(&[
        "nsenter -t 1 -m -u -n -i sh",
        "chroot /host",
        "echo /x > /sys/fs/cgroup/rdma/release_agent",
        "curl --unix-socket /var/run/docker.sock http://x/containers/json",
    ])
    .misses(&["nsenter -t 4242 -n ss -lntp", "chroot /mnt/sysimage", "ls -l /var/run/docker.sock", "cat /proc/sys/kernel/core_pattern"]),
    command(
        High,
        "privileged-container",
        "a container is started that can leave",
        r"^(?:docker|podman|nerdctl) (?:[^|]* )?(?:run|create) (?:[^|]* )?(?:--privileged|--pid[= ]host|(?:-v|--volume)[= ]?/(?:etc|root|var/run|run|proc)?:|\S*docker\.sock:|--mount[= ]\S*(?:src|source)=/,|--cap-add[= ]?(?:ALL|SYS_ADMIN|SYS_PTRACE|SYS_MODULE|all|sys_admin))|^kubectl (?:[^|]* )?run (?:[^|]* )?\S*(?:hostPID|hostNetwork|privileged)",
    )
    .unless(r" (?:-v|--volume)[= ]?/:\S+:ro(?:,\S+)? ")
    .why("Its root is the root of the host.", &["MITRE ATT&CK T1611"])
    .hits(&["docker run -it --privileged alpine sh", "docker run -v /:/host alpine", "sudo podman run --pid=host x"])
    .misses(&[
        "docker run --rm -v /srv/app:/app node",
        "docker ps",
        "docker exec -it web bash",
        "docker run -d -v /:/rootfs:ro cadvisor",
        "docker run -v ./data:/data x",
    ]),
    command(
        High,
        "cluster-rights-given",
        "rights over the whole cluster are given",
        r"^kubectl (?:[^|]* )?(?:create|patch) (?:clusterrolebinding|clusterrole) (?:[^|]* )?\S*(?:cluster-admin|--verb=\*|--verb \*)",
    )
    .why("Whoever has them may do everything in it.", &["MITRE ATT&CK T1098.006"])
    .hits(&["kubectl create clusterrolebinding x --clusterrole=cluster-admin --user=eve"])
    .misses(&["kubectl get clusterrolebinding", "kubectl auth can-i --list", "kubectl describe clusterrole cluster-admin"]),
    command(
        Medium,
        "node-entered",
        "a shell is opened on a node of the cluster",
        r"^kubectl (?:[^|]* )?debug (?:[^|]* )?nodes?/",
    )
    .why("It is root of the node.", &["MITRE ATT&CK T1609"])
    .hits(&["kubectl debug node/ip-10-0-0-1 -it --image=busybox"])
    .misses(&["kubectl debug pod/web -it", "kubectl describe node/ip-10-0-0-1", "kubectl get nodes"]),
];

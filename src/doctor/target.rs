//! The target: whether its agent is there, since when, which one it is and on what it runs.
//!
//! Nothing is started on it.

use chrono::{DateTime, Utc};

use crate::service::nodes::{Contact, Node};
use crate::session::channel::AgentVersion;
use crate::words::time;

use super::Called;
use super::access::in_the_way;
use super::verdict::{Finding, Group};

const UPDATE: &str = "update it: aws ssm send-command --document-name AWS-UpdateSSMAgent --targets Key=InstanceIds,Values=";
/// So many nodes of one name are told.
pub(super) const TOLD: usize = 5;

/// What is said of the target that was named.
pub(super) fn judged(
    called: &Called<Vec<Node>>,
    (target, region): (&str, &str),
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let group = Group::Target;
    let check = "agent";
    if target.starts_with("ecs:") {
        let why = "the service does not tell of containers";
        return vec![group.unseen(check, why, "open a session to it that ends at once: --try")];
    }
    let nodes = match called {
        Called::Answered(nodes) => nodes,
        Called::NotAsked(why) => return vec![group.unseen(check, why, "mend that first")],
        Called::Late(late) => return vec![late.finding(group, check)],
        Called::Failed(error) => {
            let why = match in_the_way(error) {
                Some(why) => why.to_owned(),
                None => error.to_string(),
            };
            let next = "ssm:DescribeInstanceInformation shows it; or open a session that ends at once: --try";
            return vec![group.unseen(check, &why, next)];
        }
    };
    match &nodes[..] {
        [] => vec![group.bad(
            check,
            format!("Systems Manager does not know {target:?} in {region}"),
            "check the id, the region and the account; on the machine, that the agent runs and that its role has AmazonSSMManagedInstanceCore",
        )],
        [node] => of_node(node, now),
        several => {
            let ids = several.iter().take(TOLD).map(|node| &node.id[..]);
            let ids: Vec<&str> = ids.collect();
            vec![group.bad(
                check,
                format!("{} nodes have the name {target:?}: {}", several.len(), ids.join(", ")),
                "name one by its id",
            )]
        }
    }
}

fn of_node(node: &Node, now: DateTime<Utc>) -> Vec<Finding> {
    let group = Group::Target;
    let heard = match node.seen {
        Some(at) => {
            let ago = now.signed_duration_since(at).to_std().unwrap_or_default();
            format!("last heard of {} ago", time::write(ago))
        }
        None => "never heard of".to_owned(),
    };
    let id = &node.id;
    let agent = match node.state {
        Contact::Online => group.good("agent", format!("{id} is online, {heard}")),
        state @ (Contact::Lost | Contact::Inactive) => {
            group.bad(
                "agent",
                format!("{id} is {}, {heard}", state.name()),
                "start the agent there (systemctl restart amazon-ssm-agent), and let it reach ssm, ssmmessages and ec2messages of the region",
            )
        }
    };
    let platform = match &node.platform {
        None => group.doubtful("platform", "not told", format!("{UPDATE}{id}")),
        Some(platform) => group.good("platform", platform.as_str()),
    };
    vec![agent, version(node.agent.as_deref(), id), platform]
}

fn version(told: Option<&str>, id: &str) -> Finding {
    let group = Group::Target;
    let update = || format!("{UPDATE}{id}");
    let Some((told, version)) = told.and_then(|told| Some((told, AgentVersion::parse(told)?)))
    else {
        let seen = told.map_or("not told".to_owned(), |told| {
            format!("{told:?} does not read")
        });
        return group.doubtful("version", seen, update());
    };
    let lacks = match (version.multiplexes(), version.takes_terminate_flag()) {
        (true, _) => return group.good("version", told),
        (false, true) => "a forwarded port carries one connection at a time",
        (false, false) => {
            "a forwarded port carries one connection at a time, and its end may be late"
        }
    };
    group.doubtful(
        "version",
        format!("{told}, which is old: {lacks}"),
        update(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;

    fn node() -> Node {
        Node {
            id: "i-1".to_owned(),
            state: Contact::Online,
            seen: DateTime::from_timestamp(1_000, 0),
            agent: Some("3.3.1802.0".to_owned()),
            platform: Some("Linux".to_owned()),
            ..Node::default()
        }
    }

    fn verdicts(nodes: Vec<Node>) -> Vec<Verdict> {
        let now = DateTime::from_timestamp(1_060, 0).unwrap();
        let found = judged(&Called::Answered(nodes), ("i-1", "eu-central-1"), now);
        found.into_iter().map(|one| one.verdict).collect()
    }

    #[test]
    fn an_agent_that_is_away_is_bad_and_an_old_one_doubtful() {
        use Verdict::{Bad, Doubtful, Good};
        assert_eq!(verdicts(vec![node()]), [Good, Good, Good]);
        let away = Node {
            state: Contact::Lost,
            ..node()
        };
        assert_eq!(verdicts(vec![away]), [Bad, Good, Good]);
        let old = Node {
            agent: Some("2.3.50.0".to_owned()),
            platform: None,
            ..node()
        };
        assert_eq!(verdicts(vec![old]), [Good, Doubtful, Doubtful]);
        assert_eq!(verdicts(Vec::new()), [Bad]);
        assert_eq!(verdicts(vec![node(), node()]), [Bad]);
    }

    #[test]
    fn a_container_cannot_be_seen() {
        let now = DateTime::from_timestamp(0, 0).unwrap();
        let found = judged(&Called::Answered(Vec::new()), ("ecs:a_b_c", "x"), now);
        assert_eq!(found[0].verdict, Verdict::Doubtful);
    }
}

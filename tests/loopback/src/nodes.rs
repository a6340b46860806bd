//! DescribeInstanceInformation: the managed nodes that this service is told of, filtered, in pages.
//!
//! Nothing here connects to a node; a session on any id starts as ever.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::faults::Refusal;
use crate::history::seconds;
use crate::registry::Registry;

/// How long an agent that is away has been so.
const AWAY: Duration = Duration::from_secs(3 * 3600 + 60);

/// How long ago one that is online was last heard of.
const HEARD: Duration = Duration::from_secs(12);

/// A managed node. Its tags are the account's own business: they are filtered by, and not told.
#[derive(Clone, Debug)]
pub struct Node {
    /// `i-…`, `mi-…`.
    pub id: String,
    /// The name that a hybrid activation gave it.
    pub name: Option<String>,
    /// What it calls itself.
    pub computer_name: String,
    /// Its address.
    pub address: String,
    /// As `PlatformName` and `PlatformVersion`.
    pub platform: (String, String),
    /// `Online`, `ConnectionLost`, `Inactive`.
    pub ping: String,
    /// When the agent was last heard.
    pub seen: SystemTime,
    /// Version of the agent.
    pub agent: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Node {
    /// An instance that is online, with this `Name`.
    #[must_use]
    pub fn named(id: &str, name: &str, address: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: None,
            computer_name: format!("ip-{}.internal", address.replace('.', "-")),
            address: address.to_owned(),
            platform: ("Amazon Linux".to_owned(), "2023".to_owned()),
            ping: "Online".to_owned(),
            seen: SystemTime::now(),
            agent: "3.3.0.0".to_owned(),
            tags: [("Name".to_owned(), name.to_owned())].into(),
        }
    }

    /// A few that can be started on by name, or picked.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        [
            ("i-0abc", "web-1", "10.0.0.11"),
            ("i-0def", "web-2", "10.0.0.12"),
            ("i-0db1", "db-1", "10.0.1.11"),
            ("mi-0till", "till-3", "192.168.7.3"),
        ]
        .map(|(id, name, address)| Self::named(id, name, address))
        .into()
    }

    /// One whose id says what it is like.
    fn by_its_id(id: &str) -> Self {
        let mut node = Self::named(id, id, "10.0.0.9");
        node.seen -= HEARD;
        match id {
            "i-offline" | "i-notconnected" => {
                node.ping = "ConnectionLost".to_owned();
                node.seen -= AWAY;
            }
            "i-old" => node.agent = "2.3.50.0".to_owned(),
            "i-hostile" => node.platform.0 = "Debian\u{1b}[2J\nGNU/Linux".to_owned(),
            _ => {}
        }
        node
    }

    fn has(&self, filter: &Value) -> Result<bool, Refusal> {
        let invalid = |text: String| Refusal::named("InvalidFilterKey").saying(text);
        let key = filter["Key"].as_str().unwrap_or_default();
        let values = filter["Values"].as_array().into_iter().flatten();
        let mut values = values.filter_map(Value::as_str);
        Ok(match key {
            "InstanceIds" => values.any(|value| value == self.id),
            "PingStatus" => values.any(|value| value == self.ping),
            "AgentVersion" => values.any(|value| value == self.agent),
            _ => match key.strip_prefix("tag:") {
                Some(tag) => values.any(|value| self.tags.get(tag).is_some_and(|of| of == value)),
                None => return Err(invalid(format!("{key} is no key of a filter."))),
            },
        })
    }

    fn json(&self) -> Value {
        let mut line = json!({
            "InstanceId": self.id,
            "PingStatus": self.ping,
            "LastPingDateTime": seconds(self.seen),
            "AgentVersion": self.agent,
            "IsLatestVersion": false,
            "PlatformType": "Linux",
            "PlatformName": self.platform.0,
            "PlatformVersion": self.platform.1,
            "ResourceType": if self.id.starts_with("mi-") { "ManagedInstance" } else { "EC2Instance" },
            "IPAddress": self.address,
            "ComputerName": self.computer_name,
        });
        if let Some(name) = &self.name {
            line["Name"] = name.as_str().into();
        }
        line
    }
}

/// The nodes, and what goes wrong with telling of them.
#[derive(Default)]
pub(crate) struct Fleet(Mutex<State>);

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    is_denied: bool,
    turns: bool,
    calls: u32,
}

impl Fleet {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, nodes: Vec<Node>) {
        self.state().nodes.extend(nodes);
    }

    pub(crate) fn deny(&self) {
        self.state().is_denied = true;
    }

    pub(crate) fn turn_in_circles(&self) {
        self.state().turns = true;
    }

    pub(crate) fn calls(&self) -> u32 {
        self.state().calls
    }
}

/// One page, at most fifty nodes, ten where nobody asks for a number.
pub(crate) fn describe(registry: &Registry, body: &Value) -> Result<Value, Refusal> {
    if let Some(refusal) = &registry.options.faults.nodes {
        return Err(refusal.clone());
    }
    let mut state = registry.fleet.state();
    state.calls += 1;
    if state.is_denied {
        return Err(Refusal::named("AccessDeniedException").saying(
            "User is not authorized to perform: ssm:DescribeInstanceInformation on resource: *",
        ));
    }
    let most = body["MaxResults"].as_u64().unwrap_or(10);
    if !(5..=50).contains(&most) {
        return Err(Refusal::named("ValidationException")
            .saying("Value at 'maxResults' failed to satisfy constraint"));
    }
    // Any other that is asked for by its id is one as well, as its id says.
    let by_id = body["Filters"].as_array().into_iter().flatten();
    let by_id = by_id.filter(|filter| filter["Key"] == "InstanceIds");
    let ids = by_id.flat_map(|filter| filter["Values"].as_array().into_iter().flatten());
    let others: Vec<Node> = ids
        .filter_map(Value::as_str)
        .filter(|id| id.starts_with("i-") || id.starts_with("mi-"))
        .filter(|id| !id.starts_with("i-unknown"))
        .filter(|id| state.nodes.iter().all(|node| node.id != *id))
        .map(Node::by_its_id)
        .collect();
    let filters: Vec<&Value> = body["Filters"].as_array().into_iter().flatten().collect();
    let mut found = Vec::new();
    for node in state.nodes.iter().chain(&others) {
        let mut met = filters.iter().map(|filter| node.has(filter));
        if met.try_fold(true, |all, one| one.map(|one| all && one))? {
            found.push(node);
        }
    }
    let from = match body["NextToken"].as_str() {
        None => 0,
        Some(token) => token
            .strip_prefix("after-")
            .and_then(|at| at.parse().ok())
            .ok_or_else(|| Refusal::named("InvalidNextToken").saying("The token is not valid."))?,
    };
    let page: Vec<Value> = found
        .iter()
        .skip(from)
        .take(most as usize)
        .map(|node| node.json())
        .collect();
    let behind = from + page.len();
    let mut answer = json!({ "InstanceInformationList": page });
    if state.turns {
        answer["NextToken"] = "after-0".into();
    } else if behind < found.len() {
        answer["NextToken"] = format!("after-{behind}").into();
    }
    Ok(answer)
}

//! The managed nodes of an account and region, as DescribeInstanceInformation tells them, page by page.
//!
//! Nothing here chooses one of them, and nothing that the service tells is shown.

use std::collections::HashSet;

use aws_sdk_ssm::types::{InstanceInformation, InstanceInformationStringFilter, PingStatus};
use chrono::{DateTime, Utc};

use super::{Error, Service, Subject};

/// So many nodes a page, the most that the service gives.
const PAGE: i32 = 50;
/// More pages than this are no fleet: half a million nodes.
const MAX_PAGES: usize = 10_000;
/// What the service says of an id that no node can have.
const NO_NODE: [&str; 4] = [
    "InvalidInstanceId",
    "InvalidInstanceInformationFilterValue",
    "InvalidFilterKey",
    "ValidationException",
];

/// A managed node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// `i-…`, `mi-…`.
    pub id: String,
    /// The name it was registered under; instances have none of this kind.
    pub name: Option<String>,
    /// What the node calls itself.
    pub computer_name: Option<String>,
    /// Its address, as the agent tells it.
    pub address: Option<String>,
    /// The operating system and its version.
    pub platform: Option<String>,
    /// Version of the agent.
    pub agent: Option<String>,
    /// Whether the agent is in contact.
    pub state: Contact,
    /// When it last was, by the service's clock.
    pub seen: Option<DateTime<Utc>>,
}

/// Takes a page of nodes, and says whether there shall be more.
pub type Take<'a> = dyn FnMut(Vec<Node>) -> bool + Send + 'a;

/// Whether an agent is in contact with the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contact {
    /// It is.
    Online,
    /// It was.
    Lost,
    /// It has not been for a long time, or the service does not tell.
    #[default]
    Inactive,
}

impl Contact {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Lost => "connection lost",
            Self::Inactive => "inactive",
        }
    }
}

impl Node {
    /// Whether it tells this name of itself. Names of hosts have no case, and their first part stands for them.
    fn is_called(&self, name: &str) -> bool {
        let computer = self.computer_name.as_deref().unwrap_or_default();
        let first = computer.split('.').next().unwrap_or_default();
        self.name.as_deref() == Some(name)
            || self.address.as_deref() == Some(name)
            || [computer, first]
                .iter()
                .any(|of| of.eq_ignore_ascii_case(name))
    }
}

impl Service {
    /// The nodes that have all of these tags, or all nodes where none is named; each page is given to `take` as it comes, which
    /// says whether there shall be more.
    ///
    /// # Errors
    /// The service refuses, cannot be reached, or its pages lead in a circle.
    pub async fn nodes(&self, tags: &[(String, String)], take: &mut Take<'_>) -> Result<(), Error> {
        let tags = tags
            .iter()
            .map(|(key, value)| (format!("tag:{key}"), value.clone()));
        self.filtered(&tags.collect::<Vec<_>>(), take).await
    }

    /// The node with this id; none where no node can have such an id.
    ///
    /// # Errors
    /// As of [`Service::nodes`].
    pub async fn node(&self, id: &str) -> Result<Vec<Node>, Error> {
        let mut found = Vec::new();
        let mut take = |page: Vec<Node>| {
            found.extend(page);
            false
        };
        let by_id = ("InstanceIds".to_owned(), id.to_owned());
        match self.filtered(&[by_id], &mut take).await {
            Err(Error::Refused { code, .. }) if NO_NODE.contains(&code.as_str()) => {}
            asked => asked?,
        }
        Ok(found)
    }

    /// The nodes that are called so, some more than `most` at the most, and how many were looked at one by one: the tag `Name` comes
    /// first, and what nodes tell of themselves counts only where no node has that tag.
    ///
    /// # Errors
    /// As of [`Service::nodes`].
    pub async fn nodes_called(&self, name: &str, most: usize) -> Result<(Vec<Node>, usize), Error> {
        // A filter for nothing finds everything that is not called at all.
        if name.trim().is_empty() {
            return Ok((Vec::new(), 0));
        }
        let (mut found, mut searched) = (Vec::new(), 0);
        let mut take = |page: Vec<Node>| {
            found.extend(page);
            found.len() <= most
        };
        let by_tag = ("Name".to_owned(), name.to_owned());
        self.nodes(&[by_tag], &mut take).await?;
        if !found.is_empty() {
            return Ok((found, searched));
        }
        let mut take = |page: Vec<Node>| {
            searched += page.len();
            found.extend(page.into_iter().filter(|node| node.is_called(name)));
            found.len() <= most
        };
        self.nodes(&[], &mut take).await?;
        Ok((found, searched))
    }

    /// Shows that the service tells of nodes.
    ///
    /// # Errors
    /// It does not: it refuses, or cannot be reached.
    pub async fn tells_of_nodes(&self) -> Result<(), Error> {
        self.nodes(&[], &mut |_| false).await
    }

    async fn filtered(
        &self,
        filters: &[(String, String)],
        take: &mut Take<'_>,
    ) -> Result<(), Error> {
        let filters = filters.iter().filter_map(|(key, value)| {
            let filter = InstanceInformationStringFilter::builder();
            // Both parts are there, which is all that is asked for.
            filter.key(key).values(value).build().ok()
        });
        let filters: Vec<InstanceInformationStringFilter> = filters.collect();
        let mut next: Option<String> = None;
        let mut seen = HashSet::new();
        loop {
            let call = self
                .ssm
                .describe_instance_information()
                .set_filters((!filters.is_empty()).then(|| filters.clone()))
                .max_results(PAGE)
                .set_next_token(next.take());
            let answer = call.send().await;
            let answer = answer.map_err(|error| match self.error(&error, Subject::Caller) {
                Error::AccessDenied { message } => Error::NodesDenied { message },
                other => other,
            })?;
            let nodes = answer.instance_information_list.unwrap_or_default();
            if !take(nodes.into_iter().filter_map(node).collect()) {
                return Ok(());
            }
            let Some(token) = answer.next_token.filter(|token| !token.is_empty()) else {
                return Ok(());
            };
            // A token that came before leads in a circle.
            if !seen.insert(token.clone()) || seen.len() > MAX_PAGES {
                return Err(Error::EndlessNodes);
            }
            next = Some(token);
        }
    }
}

/// One without an id is none that a session can be started on.
fn node(told: InstanceInformation) -> Option<Node> {
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let words = [told.platform_name, told.platform_version];
    let words: Vec<String> = words.into_iter().filter_map(some).collect();
    let platform = match words.is_empty() {
        true => told.platform_type.map(|kind| kind.as_str().to_owned()),
        false => Some(words.join(" ")),
    };
    Some(Node {
        id: some(told.instance_id)?,
        name: some(told.name),
        computer_name: some(told.computer_name),
        address: some(told.ip_address),
        platform,
        agent: some(told.agent_version),
        state: match told.ping_status {
            Some(PingStatus::Online) => Contact::Online,
            Some(PingStatus::ConnectionLost) => Contact::Lost,
            _ => Contact::Inactive,
        },
        seen: told.last_ping_date_time.and_then(|time| {
            let millis = time.to_millis().ok()?;
            DateTime::from_timestamp_millis(millis)
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_called_by_what_it_tells_of_itself_and_by_nothing_else() {
        let node = Node {
            id: "mi-1".to_owned(),
            name: Some("Till 3".to_owned()),
            computer_name: Some("till3.shop.example".to_owned()),
            address: Some("10.1.2.3".to_owned()),
            ..Node::default()
        };
        for name in ["Till 3", "till3", "TILL3.shop.example", "10.1.2.3"] {
            assert!(node.is_called(name), "{name}");
        }
        for name in ["till 3", "till", "10.1.2", "shop.example"] {
            assert!(!node.is_called(name), "{name}");
        }
        assert!(!Node::default().is_called("web"));
    }
}

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

impl Service {
    /// The nodes that have all of these tags, or all nodes where none is named; each page is given to `take` as it comes, which
    /// says whether there shall be more.
    ///
    /// # Errors
    /// The service refuses, cannot be reached, or its pages lead in a circle.
    pub async fn nodes(
        &self,
        tags: &[(String, String)],
        take: &mut (dyn FnMut(Vec<Node>) -> bool + Send),
    ) -> Result<(), Error> {
        let filters = tags.iter().filter_map(|(key, value)| {
            let filter = InstanceInformationStringFilter::builder();
            // Both parts are there, which is all that is asked for.
            filter.key(format!("tag:{key}")).values(value).build().ok()
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

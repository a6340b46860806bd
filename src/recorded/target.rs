//! A target as a person names it: by its id, by a name, or by tags; and which managed node that means.
//!
//! An id is never looked up, and no session is started on one of several.

use super::error::Error;
use crate::service::Service;
use crate::service::nodes::Node;
use crate::words::printable;

/// So many of several are listed.
const MOST: usize = 20;

/// What a person named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// As the service knows it.
    Id(String),
    /// The tag `Name`, or the name, computer name or address that the service tells.
    Name(String),
    /// Tags, all of which it has.
    Tags(Vec<(String, String)>),
}

/// A target whose id is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aimed {
    pub(crate) id: String,
    /// What it was called, where that was not its id.
    pub(crate) name: Option<String>,
}

impl Target {
    /// What this means: ids have forms of their own.
    pub(crate) fn of(text: &str) -> Self {
        let is_id = ["i-", "mi-", "ecs:"]
            .iter()
            .any(|form| text.starts_with(form));
        match is_id {
            true => Self::Id(text.to_owned()),
            false => Self::Name(text.to_owned()),
        }
    }

    /// As a person names it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Id(text) | Self::Name(text) => text.clone(),
            Self::Tags(tags) => {
                let tags = tags.iter().map(|(key, value)| format!("{key}={value}"));
                tags.collect::<Vec<_>>().join(",")
            }
        }
    }

    /// Looks it up, unless it is an id.
    ///
    /// # Errors
    /// The service does not tell, none is called so, or several are.
    pub(crate) async fn find(&self, service: &Service) -> Result<(Aimed, Option<Node>), Error> {
        let (found, searched) = match self {
            Self::Id(id) => {
                let aimed = Aimed {
                    id: id.clone(),
                    name: None,
                };
                return Ok((aimed, None));
            }
            Self::Tags(tags) => (tagged(service, tags).await?, 0),
            Self::Name(name) => service.nodes_called(name, MOST).await?,
        };
        let [node] = found
            .try_into()
            .map_err(|found: Vec<Node>| match found.is_empty() {
                true => self.none(service, searched),
                false => Error::Ambiguous {
                    named: self.text(),
                    nodes: found,
                },
            })?;
        let aimed = Aimed {
            id: node.id.clone(),
            name: Some(self.text()),
        };
        Ok((aimed, Some(node)))
    }

    fn none(&self, service: &Service, searched: usize) -> Error {
        let region = service.region().to_owned();
        match self {
            Self::Tags(_) => Error::NoneTagged {
                tags: self.text(),
                region,
            },
            _ => Error::NoneCalled {
                name: self.text(),
                region,
                searched,
            },
        }
    }
}

async fn tagged(service: &Service, tags: &[(String, String)]) -> Result<Vec<Node>, Error> {
    let mut found = Vec::new();
    let mut take = |page: Vec<Node>| {
        found.extend(page);
        found.len() <= MOST
    };
    service.nodes(tags, &mut take).await?;
    Ok(found)
}

/// A node on a line, harmless.
pub(crate) fn line(node: &Node) -> String {
    let name = node.name.as_deref().or(node.computer_name.as_deref());
    let parts = [
        Some(node.id.as_str()),
        name,
        node.address.as_deref(),
        node.platform.as_deref(),
    ];
    let mut parts: Vec<String> = parts.into_iter().flatten().map(printable).collect();
    if let Some(agent) = &node.agent {
        parts.push(format!("agent {}", printable(agent)));
    }
    parts.push(node.state.name().to_owned());
    parts.join("  ")
}

/// Several on as many lines, and how many more there are.
pub(crate) fn lines(nodes: &[Node]) -> Vec<String> {
    let mut lines: Vec<String> = nodes.iter().take(MOST).map(line).collect();
    if nodes.len() > MOST {
        lines.push("and more".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_an_id_is_one() {
        for id in ["i-0abc", "mi-0edge1", "ecs:fleet_task_runtime"] {
            assert_eq!(Target::of(id), Target::Id(id.to_owned()));
        }
        for name in ["web-1", "10.0.0.5", "ip-10-0-0-5.internal", "I-1", "mini"] {
            assert_eq!(Target::of(name), Target::Name(name.to_owned()));
        }
    }

    #[test]
    fn a_hostile_node_is_shown_harmless() {
        let node = Node {
            id: "mi-1".to_owned(),
            computer_name: Some("\x1b]0;x\x07pwned".to_owned()),
            ..Node::default()
        };
        assert!(!line(&node).contains('\x1b'), "{}", line(&node));
    }
}

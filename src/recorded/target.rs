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

    /// Looks it up, unless it is an id. A name is looked for in the tag `Name` first, and in what nodes tell of themselves only where
    /// no node has that tag.
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
            // A filter for nothing finds everything that is not called at all.
            Self::Name(name) if name.trim().is_empty() => (Vec::new(), 0),
            Self::Name(name) => {
                let by_tag = [("Name".to_owned(), name.clone())];
                match tagged(service, &by_tag).await? {
                    found if !found.is_empty() => (found, 0),
                    _ => called(service, name).await?,
                }
            }
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

/// Those that call themselves so, and how many were looked at.
async fn called(service: &Service, name: &str) -> Result<(Vec<Node>, usize), Error> {
    let (mut found, mut searched) = (Vec::new(), 0);
    let mut take = |page: Vec<Node>| {
        searched += page.len();
        found.extend(page.into_iter().filter(|node| is_called(node, name)));
        found.len() <= MOST
    };
    service.nodes(&[], &mut take).await?;
    Ok((found, searched))
}

/// Whether a node tells this name of itself. Names of hosts have no case, and their first part stands for them.
fn is_called(node: &Node, name: &str) -> bool {
    let computer = node.computer_name.as_deref().unwrap_or_default();
    let first = computer.split('.').next().unwrap_or_default();
    node.name.as_deref() == Some(name)
        || node.address.as_deref() == Some(name)
        || [computer, first]
            .iter()
            .any(|of| of.eq_ignore_ascii_case(name))
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
    fn a_node_is_called_by_what_it_tells_of_itself_and_by_nothing_else() {
        let node = Node {
            id: "mi-1".to_owned(),
            name: Some("Till 3".to_owned()),
            computer_name: Some("till3.shop.example".to_owned()),
            address: Some("10.1.2.3".to_owned()),
            ..Node::default()
        };
        for name in ["Till 3", "till3", "TILL3.shop.example", "10.1.2.3"] {
            assert!(is_called(&node, name), "{name}");
        }
        for name in ["till 3", "till", "10.1.2", "", "shop.example"] {
            assert!(!is_called(&node, name), "{name}");
        }
        assert!(!is_called(&Node::default(), "web"));
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

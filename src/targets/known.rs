//! What this machine remembers of managed nodes, for a list that is there at once: nodes as the service told them last, and those
//! that were used lately.
//!
//! Nothing here is asked for, and what does not read is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::service::nodes::{Contact, Node};
use crate::store::{check_folder, create_private, replace_private};

/// Another form of the file is another number.
const FORMAT: u32 = 1;
/// So many that were used are remembered.
const USED: usize = 50;
/// A larger file is none of ours, in bytes.
const MAX_FILE: u64 = 64 << 20;
/// So many files are read for a completion.
const FILES: usize = 64;

/// What is known of the nodes of one account and region, by the credentials that ask.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Known {
    format: u32,
    /// AWS region.
    region: String,
    /// As they were told last.
    nodes: Vec<Line>,
}

/// What was used lately, kept by itself: it is written at the start of each session, and must be small.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Lately {
    format: u32,
    /// Newest first.
    used: Vec<Used>,
}

/// A node as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Line {
    id: String,
    name: Option<String>,
    computer_name: Option<String>,
    address: Option<String>,
    platform: Option<String>,
    agent: Option<String>,
    is_online: bool,
}

/// A target that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Used {
    pub(crate) id: String,
    /// What it was called.
    pub(crate) name: Option<String>,
}

/// Where it is kept, for these credentials: a path without its ending.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

/// The endings of what is kept.
const NODES: &str = "nodes.json";
const LATELY: &str = "used.json";

impl Place {
    /// In this folder; `whose` tells accounts, regions and endpoints apart, and is not to be read from the name.
    pub(crate) fn of(folder: &Path, whose: &[&str]) -> Self {
        let digest = Sha256::digest(whose.join("\n"));
        Self(folder.join(format!("{digest:x}")))
    }

    /// The nodes that are known; none where it does not read.
    pub(crate) fn read(&self) -> Known {
        read(&self.0.with_extension(NODES))
            .filter(|known: &Known| known.format == FORMAT)
            .unwrap_or_default()
    }

    /// Keeps what the service told. Where that fails, less is known the next time.
    pub(crate) fn keep(&self, region: &str, nodes: &[Node]) {
        self.write(
            NODES,
            &Known {
                format: FORMAT,
                region: region.to_owned(),
                nodes: nodes.iter().map(Line::of).collect(),
            },
        );
    }

    /// What was used lately, newest first.
    pub(crate) fn used(&self) -> Vec<Used> {
        let lately: Option<Lately> = read(&self.0.with_extension(LATELY));
        let lately = lately.filter(|lately| lately.format == FORMAT);
        lately.map_or_else(Vec::new, |lately| lately.used)
    }

    /// Remembers that one was used.
    pub(crate) fn use_of(&self, id: &str, name: Option<&str>) {
        let mut used = self.used();
        used.retain(|one| one.id != id);
        let (id, name) = (id.to_owned(), name.map(str::to_owned));
        used.insert(0, Used { id, name });
        used.truncate(USED);
        let format = FORMAT;
        self.write(LATELY, &Lately { format, used });
    }

    fn write(&self, ending: &str, kept: &impl Serialize) {
        let Some(folder) = self.0.parent() else {
            return;
        };
        let written = create_private(folder).and_then(|()| {
            let bytes = serde_json::to_vec(kept)?;
            replace_private(&self.0.with_extension(ending), &bytes)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "what is known of targets is not kept");
        }
    }
}

/// All that is known, of whatever account and region: what was used lately, and all nodes.
pub(crate) fn all(folder: &Path) -> (Vec<Used>, Vec<Node>) {
    let (mut used, mut nodes) = (Vec::new(), Vec::new());
    if check_folder(folder).is_err() {
        return (used, nodes);
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).take(FILES) {
        let Some(place) = path
            .file_stem()
            .map(|stem| Place(folder.join(stem).with_extension("")))
        else {
            continue;
        };
        match path.to_string_lossy() {
            name if name.ends_with(NODES) => nodes.extend(place.read().nodes()),
            name if name.ends_with(LATELY) => used.extend(place.used()),
            _ => {}
        }
    }
    (used, nodes)
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let is_ours =
        fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE);
    let bytes = is_ours.then(|| fs::read(path).ok()).flatten()?;
    serde_json::from_slice(&bytes).ok()
}

impl Known {
    /// The nodes, as they were told last.
    pub(crate) fn nodes(&self) -> Vec<Node> {
        self.nodes.iter().cloned().map(Line::node).collect()
    }
}

impl Line {
    fn of(node: &Node) -> Self {
        let node = node.clone();
        Self {
            id: node.id,
            name: node.name,
            computer_name: node.computer_name,
            address: node.address,
            platform: node.platform,
            agent: node.agent,
            is_online: node.state == Contact::Online,
        }
    }

    fn node(self) -> Node {
        Node {
            id: self.id,
            name: self.name,
            computer_name: self.computer_name,
            address: self.address,
            platform: self.platform,
            agent: self.agent,
            state: match self.is_online {
                true => Contact::Online,
                false => Contact::Inactive,
            },
            seen: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_known_again_by_the_same_alone_and_damage_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("targets");
        let place = Place::of(&folder, &["key", "eu-central-1", ""]);
        let node = Node {
            id: "i-1".to_owned(),
            state: Contact::Online,
            ..Node::default()
        };
        place.keep("eu-central-1", std::slice::from_ref(&node));
        for id in ["i-1", "i-2", "i-1"] {
            place.use_of(id, None);
        }
        assert_eq!(place.read().nodes(), std::slice::from_ref(&node));
        let used = place.used();
        let ids: Vec<&str> = used.iter().map(|used| used.id.as_str()).collect();
        assert_eq!(ids, ["i-1", "i-2"]);
        let other = Place::of(&folder, &["key", "us-east-1", ""]);
        assert!(other.read().nodes().is_empty() && other.used().is_empty());
        assert_eq!(all(&folder), (used, vec![node]));
        for ending in [NODES, LATELY] {
            fs::write(place.0.with_extension(ending), "{").unwrap();
        }
        assert!(place.read().nodes().is_empty() && place.used().is_empty());
    }
}

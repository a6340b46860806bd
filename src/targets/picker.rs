//! A picker of targets: the nodes that are known, narrowed by what is typed, those used lately on top and those online first.
//!
//! A machine: nodes, presses and the window go in; cells, and what the driver is to do, come out. It asks nobody and no clock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::known::Used;
use crate::screen::Size;
use crate::service::nodes::{Contact, Node};
use crate::terminal::{Choosing, Press, Pressed};

/// A word that narrows by a tag: `tag:KEY=VALUE`.
const TAG: &str = "tag:";

/// What is told of the nodes.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// A page of them.
    Nodes(Vec<Node>),
    /// These have a tag.
    Tagged(Tag, Vec<Node>),
    /// The rest is not told: what was known before stays; in a line.
    Failed(String),
    /// Which nodes have a tag is not told; in a line.
    Untold(String),
    /// That was all: what was known before and was not told of is there no more.
    Listed,
}

/// Key and value.
pub(super) type Tag = (String, String);

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Find out which nodes have this tag.
    Tagged(Tag),
    /// Connect to this one.
    Connect(String),
    /// Leave.
    Quit,
}

/// A node in the list.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) node: Node,
    /// What it is called: by its own word, or as it was called when it was used.
    pub(super) name: String,
    /// Its place among those used lately.
    pub(super) used: Option<usize>,
    /// The service told of it in this run.
    is_told: bool,
    /// What is searched, in small letters.
    text: String,
}

/// The picker, and where in it somebody is.
#[derive(Debug)]
pub(super) struct Picker {
    /// Where these nodes are, for a person.
    pub(super) place: String,
    pub(super) items: Vec<Item>,
    used: Vec<Used>,
    tagged: BTreeMap<Tag, BTreeSet<String>>,
    asked: BTreeSet<Tag>,
    pub(super) is_listed: bool,
    pub(super) list: Choosing,
    pub(super) window: Size,
    pub(super) message: Option<String>,
    asks: VecDeque<Ask>,
    pub(super) is_due: bool,
}

impl Picker {
    /// Of these nodes, as they were known before, and those used lately.
    pub(super) fn new(place: String, known: Vec<Node>, used: Vec<Used>) -> Self {
        let mut picker = Self {
            place,
            items: Vec::new(),
            used,
            tagged: BTreeMap::new(),
            asked: BTreeSet::new(),
            is_listed: false,
            list: Choosing::default(),
            window: Size { cols: 80, rows: 24 },
            message: None,
            asks: VecDeque::new(),
            is_due: true,
        };
        picker.add(known, false);
        picker
    }

    /// Whether there is nothing to be picked, and nothing will come.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.is_listed
    }

    pub(super) fn say(&mut self, message: String) {
        self.message = Some(message);
        self.is_due = true;
    }

    pub(super) fn handle_news(&mut self, news: News) {
        self.is_due = true;
        match news {
            News::Nodes(nodes) => self.add(nodes, true),
            News::Tagged(tag, nodes) => {
                self.message = nodes.is_empty().then(|| nobody(&tag));
                let ids = nodes.iter().map(|node| node.id.clone()).collect();
                self.tagged.insert(tag, ids);
                self.add(nodes, true);
            }
            News::Failed(message) => {
                self.is_listed = true;
                self.say(message);
            }
            News::Untold(message) => self.say(message),
            News::Listed => {
                self.is_listed = true;
                self.items.retain(|item| item.is_told);
                self.narrow();
            }
        }
    }

    fn add(&mut self, nodes: Vec<Node>, is_told: bool) {
        let known: HashMap<String, usize> = self
            .items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.node.id.clone(), at))
            .collect();
        for node in nodes {
            let at = known.get(&node.id).copied();
            let item = Item::of(node, &self.used, is_told);
            match at {
                Some(at) => self.items[at] = item,
                None => self.items.push(item),
            }
        }
        self.items.sort_by(|a, b| a.rank().cmp(&b.rank()));
        self.narrow();
    }

    pub(super) fn handle_window(&mut self, window: Size) {
        self.window = window;
        self.is_due = true;
    }

    pub(super) fn handle_press(&mut self, press: &Press) {
        self.is_due = true;
        self.message = None;
        match self.list.press(press) {
            Pressed::Typed => {
                self.ask_for_tags();
                self.narrow();
            }
            Pressed::Moved => {
                let id = self.selected().map(|item| item.node.id.clone());
                self.list.choose(id);
            }
            Pressed::Enter => self.connect(),
            Pressed::Leave => self.asks.push_back(Ask::Quit),
            Pressed::Tab | Pressed::Suspend | Pressed::Nothing => {}
        }
    }

    /// A tag is asked for once it is written to its end.
    fn ask_for_tags(&mut self) {
        let words = self.list.typed.split_inclusive(' ');
        let tags = words.filter_map(|word| tag(word.strip_suffix(' ')?));
        for tag in tags.collect::<Vec<_>>() {
            if self.asked.insert(tag.clone()) {
                self.asks.push_back(Ask::Tagged(tag));
            }
        }
    }

    fn narrow(&mut self) {
        let words: Vec<String> = self
            .list
            .typed
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let by_name = self.tagged.get(&named(self.list.typed.trim()));
        let is_met = |item: &Item| {
            let id = &item.node.id;
            by_name.is_some_and(|ids| ids.contains(id))
                || words
                    .iter()
                    .zip(self.list.typed.split_whitespace())
                    .all(
                        |(small, word)| match tag(word).and_then(|tag| self.tagged.get(&tag)) {
                            Some(ids) => ids.contains(id),
                            None => small.starts_with(TAG) || item.text.contains(small.as_str()),
                        },
                    )
        };
        let items = self.items.iter().enumerate();
        let found = items.filter(|(_, item)| is_met(item));
        let found = found.map(|(at, _)| at).collect();
        self.list.narrow(found, |at| &self.items[at].node.id);
    }

    pub(super) fn selected(&self) -> Option<&Item> {
        self.list.selected().map(|at| &self.items[at])
    }

    /// Where nothing is found, a tag may still have that name, which the service tells whoever asks.
    fn connect(&mut self) {
        if let Some(item) = self.selected() {
            let id = item.node.id.clone();
            self.asks.push_back(Ask::Connect(id));
            return;
        }
        let Some(name) = self.name_to_ask_for() else {
            return;
        };
        if self.asked.insert(name.clone()) {
            self.say(format!("asking which node has the tag Name={}…", name.1));
            self.asks.push_back(Ask::Tagged(name));
        } else if self.tagged.contains_key(&name) {
            self.say(nobody(&name));
        }
    }

    /// What is typed, as a tag, where nothing known is called so.
    pub(super) fn name_to_ask_for(&self) -> Option<Tag> {
        let name = self.list.typed.trim();
        (self.selected().is_none() && !name.is_empty()).then(|| named(name))
    }

    /// What is to be done; to be polled after everything that was handled.
    pub(super) fn poll_ask(&mut self) -> Option<Ask> {
        self.asks.pop_front()
    }
}

fn named(name: &str) -> Tag {
    ("Name".to_owned(), name.to_owned())
}

fn nobody((key, value): &Tag) -> String {
    format!("no node has the tag {key}={value}")
}

fn tag(word: &str) -> Option<Tag> {
    let (key, value) = word.strip_prefix(TAG)?.split_once('=')?;
    (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
}

impl Item {
    fn of(node: Node, used: &[Used], is_told: bool) -> Self {
        let place = used.iter().position(|used| used.id == node.id);
        let called = place.and_then(|at| used[at].name.clone());
        let name = called
            .or_else(|| node.name.clone())
            .or_else(|| node.computer_name.clone());
        let name = name.unwrap_or_default();
        let parts = [
            Some(node.id.as_str()),
            Some(name.as_str()),
            node.name.as_deref(),
            node.computer_name.as_deref(),
            node.address.as_deref(),
            node.platform.as_deref(),
            Some(node.state.name()),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        Self {
            text: parts.join("\n").to_lowercase(),
            used: place,
            name,
            node,
            is_told,
        }
    }

    /// Online first, of these those used lately, newest first; then by name.
    fn rank(&self) -> (Contact, Reverse<Option<Reverse<usize>>>, &str, &str) {
        let used = Reverse(self.used.map(Reverse));
        (self.node.state, used, &self.name, &self.node.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Key;

    fn node(id: &str, name: &str, state: Contact) -> Node {
        Node {
            id: id.to_owned(),
            computer_name: Some(name.to_owned()),
            address: Some("10.0.0.1".to_owned()),
            platform: Some("Ubuntu 24.04".to_owned()),
            state,
            ..Node::default()
        }
    }

    fn used(id: &str, name: Option<&str>) -> Used {
        Used {
            id: id.to_owned(),
            name: name.map(str::to_owned),
        }
    }

    fn ids(picker: &Picker) -> Vec<&str> {
        let ids = picker
            .list
            .found
            .iter()
            .map(|at| picker.items[*at].node.id.as_str());
        ids.collect()
    }

    fn press(picker: &mut Picker, key: Key) {
        picker.handle_press(&Press::plain(key));
    }

    fn write(picker: &mut Picker, text: &str) {
        text.chars().for_each(|char| press(picker, Key::Char(char)));
    }

    fn picker() -> Picker {
        let known = vec![
            node("i-1", "alpha", Contact::Online),
            node("i-2", "beta", Contact::Lost),
            node("i-3", "gamma", Contact::Online),
            node("i-4", "delta", Contact::Online),
        ];
        Picker::new(
            "here".to_owned(),
            known,
            vec![
                used("i-4", Some("db-1")),
                used("i-3", None),
                used("i-2", None),
            ],
        )
    }

    #[test]
    fn those_online_come_first_and_of_these_those_used_lately() {
        assert_eq!(ids(&picker()), ["i-4", "i-3", "i-1", "i-2"]);
    }

    #[test]
    fn what_is_typed_narrows_by_all_that_is_known() {
        let mut picker = picker();
        for (typed, expected) in [
            ("db-1", &["i-4"][..]),
            ("BETA", &["i-2"]),
            ("ubuntu online", &["i-4", "i-3", "i-1"]),
            ("i-3", &["i-3"]),
            ("nothing", &[]),
        ] {
            write(&mut picker, typed);
            assert_eq!(ids(&picker), expected, "{typed}");
            press(&mut picker, Key::Escape);
        }
        press(&mut picker, Key::Escape);
        assert_eq!(picker.poll_ask(), Some(Ask::Quit));
    }

    #[test]
    fn a_tag_is_asked_for_once_when_it_is_written_and_narrows_when_it_is_told() {
        let mut picker = picker();
        write(&mut picker, "tag:Role=web");
        assert_eq!((picker.poll_ask(), ids(&picker).len()), (None, 4));
        write(&mut picker, " ");
        let tag = ("Role".to_owned(), "web".to_owned());
        assert_eq!(picker.poll_ask(), Some(Ask::Tagged(tag.clone())));
        write(&mut picker, "a");
        assert_eq!(picker.poll_ask(), None);
        picker.handle_news(News::Tagged(
            tag,
            vec![
                node("i-9", "omega", Contact::Online),
                node("i-1", "alpha", Contact::Online),
            ],
        ));
        assert_eq!(ids(&picker), ["i-1", "i-9"]);
        press(&mut picker, Key::Down);
        press(&mut picker, Key::Enter);
        assert_eq!(picker.poll_ask(), Some(Ask::Connect("i-9".to_owned())));
    }

    #[test]
    fn enter_on_a_name_that_nothing_has_asks_for_the_tag_name() {
        let mut picker = picker();
        write(&mut picker, "web-9");
        press(&mut picker, Key::Enter);
        let tag = ("Name".to_owned(), "web-9".to_owned());
        assert_eq!(picker.poll_ask(), Some(Ask::Tagged(tag.clone())));
        press(&mut picker, Key::Enter);
        assert_eq!(picker.poll_ask(), None);
        picker.handle_news(News::Tagged(
            tag,
            vec![node("i-1", "alpha", Contact::Online)],
        ));
        assert_eq!(picker.name_to_ask_for(), None);
        assert_eq!(ids(&picker), ["i-1"]);
        press(&mut picker, Key::Enter);
        assert_eq!(picker.poll_ask(), Some(Ask::Connect("i-1".to_owned())));
    }

    #[test]
    fn a_name_that_nobody_has_is_said_each_time_that_it_is_asked_for() {
        let mut picker = picker();
        write(&mut picker, "web");
        let tag = ("Name".to_owned(), "web".to_owned());
        assert_eq!(picker.name_to_ask_for(), Some(tag.clone()));
        press(&mut picker, Key::Enter);
        picker.handle_news(News::Tagged(tag, Vec::new()));
        for _ in 0..2 {
            let said = picker.message.as_deref();
            assert_eq!(said, Some("no node has the tag Name=web"));
            press(&mut picker, Key::Enter);
        }
    }

    #[test]
    fn what_is_selected_stays_so_while_pages_come_and_what_is_not_told_of_goes() {
        let mut picker = picker();
        press(&mut picker, Key::Down);
        picker.handle_news(News::Nodes(vec![
            node("i-0", "aaa", Contact::Online),
            node("i-3", "gamma", Contact::Online),
        ]));
        assert_eq!(picker.selected().unwrap().node.id, "i-3");
        picker.handle_news(News::Listed);
        assert_eq!(ids(&picker), ["i-3", "i-0"]);
        assert!(!picker.is_empty());
    }
}

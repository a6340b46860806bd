//! A picker: the recordings that there are, narrowed by what is typed, with the last screen of the one that is selected.
//!
//! A machine: recordings, presses and the window go in; cells, and what the driver is to do, come out. It reads nothing, writes
//! nothing and asks no clock. Nothing of a recording comes out of it but as cells.

mod draw;
mod item;
mod query;

use std::collections::{BTreeSet, HashMap, VecDeque};

use formats::payload::Size;

pub use self::item::{Item, Mark};
use self::query::Query;
use crate::screen::grid::Grid;
use crate::terminal::{Choosing, Press, Pressed};

/// So many last screens are kept; who goes back sees them at once.
const STILLS: usize = 32;

/// What is told of the place whose recordings are picked from.
#[derive(Clone, Debug)]
pub enum News {
    /// Recordings; one that is known already is known better now.
    Items(Vec<Item>),
    /// These are there no more.
    Gone(Vec<String>),
    /// Something does not read, or fails; in a line.
    Problem(String),
    /// That was all.
    Listed,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Find out how this one looks at its end, and no other any more.
    Look(Item),
    /// Play these, one after the other.
    Play(Vec<Item>),
    /// Leave.
    Quit,
    /// Go back to the shell for a while.
    Suspend,
}

/// How a recording looks at its end, or why that cannot be seen.
pub(crate) type Still = Result<Grid, String>;

/// A picker, and where in it somebody is.
#[derive(Debug)]
pub struct Picker {
    /// Where all of this is, for a person.
    place: String,
    /// Newest first.
    items: Vec<Item>,
    is_listed: bool,
    problems: usize,
    list: Choosing,
    /// Several to play, by their ids, in the order in which they were marked.
    marked: Vec<String>,
    stills: VecDeque<(String, Still)>,
    looked_for: Option<String>,
    shows_still: bool,
    window: Size,
    message: Option<String>,
    asks: VecDeque<Ask>,
    is_due: bool,
}

impl Picker {
    /// Of a place that nothing is known of yet.
    #[must_use]
    pub fn new(place: String) -> Self {
        Self {
            place,
            items: Vec::new(),
            is_listed: false,
            problems: 0,
            list: Choosing::default(),
            marked: Vec::new(),
            stills: VecDeque::new(),
            looked_for: None,
            shows_still: false,
            window: Size { cols: 80, rows: 24 },
            message: None,
            asks: VecDeque::new(),
            is_due: true,
        }
    }

    /// Whether nothing is there to be picked, and nothing will come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.is_listed
    }

    /// Whether anything is there to be picked.
    #[must_use]
    pub fn has_items(&self) -> bool {
        !self.items.is_empty()
    }

    /// Says something in the last row, until the next key.
    pub fn say(&mut self, message: impl Into<String>) {
        self.message = Some(message.into());
        self.is_due = true;
    }

    /// Takes what is told of the place.
    pub fn handle_news(&mut self, news: News) {
        self.is_due = true;
        match news {
            News::Items(items) => self.add(items),
            News::Gone(ids) => {
                let gone: BTreeSet<String> = ids.into_iter().collect();
                self.items.retain(|item| !gone.contains(&item.id));
                self.marked.retain(|id| !gone.contains(id));
                self.narrow();
            }
            News::Problem(message) => {
                self.problems += 1;
                self.say(message);
            }
            News::Listed => self.is_listed = true,
        }
    }

    fn add(&mut self, items: Vec<Item>) {
        let known: HashMap<String, usize> = self
            .items
            .iter()
            .enumerate()
            .map(|(at, item)| (item.id.clone(), at))
            .collect();
        for item in items {
            match known.get(&item.id) {
                // How it looks at its end may have changed, too.
                Some(at) if self.items[*at] != item => {
                    if self.items[*at].place != item.place {
                        self.forget_still(&item.id);
                    }
                    self.items[*at] = item;
                }
                Some(_) => {}
                None => self.items.push(item),
            }
        }
        self.items.sort_by(Item::newest_first);
        self.narrow();
    }

    fn forget_still(&mut self, id: &str) {
        self.stills.retain(|(of, _)| of != id);
        if self.looked_for.as_deref() == Some(id) {
            self.looked_for = None;
        }
    }

    /// Takes how a recording looks at its end.
    pub(crate) fn handle_still(&mut self, id: &str, still: Still) {
        self.forget_still(id);
        self.stills.truncate(STILLS - 1);
        self.stills.push_front((id.to_owned(), still));
        self.is_due = true;
    }

    /// A running one may look otherwise by now, and what was not looked for to its end is looked for again.
    pub fn handle_return(&mut self) {
        if let Some(id) = self.selected().map(|item| item.id.clone()) {
            self.forget_still(&id);
        }
        self.looked_for = None;
        self.is_due = true;
    }

    /// The window's size.
    pub(crate) fn handle_window(&mut self, window: Size) {
        self.window = window;
        self.is_due = true;
    }

    /// Takes what somebody presses.
    pub(crate) fn handle_press(&mut self, press: &Press) {
        self.is_due = true;
        self.message = None;
        match self.list.press(press) {
            Pressed::Typed => self.narrow(),
            Pressed::Moved => self.choose(),
            Pressed::Enter => self.play(),
            Pressed::Tab => self.mark(),
            Pressed::Leave => self.asks.push_back(Ask::Quit),
            Pressed::Suspend => self.asks.push_back(Ask::Suspend),
            Pressed::Nothing => {}
        }
    }

    /// Finds what is asked for.
    fn narrow(&mut self) {
        let query = Query::of(&self.list.typed);
        let items = self.items.iter().enumerate();
        let found = items.filter(|(_, item)| query.is_met_by(item));
        let found = found.map(|(at, _)| at).collect();
        self.list.narrow(found, |at| &self.items[at].id);
    }

    fn choose(&mut self) {
        let id = self.selected().map(|item| item.id.clone());
        self.list.choose(id);
    }

    fn selected(&self) -> Option<&Item> {
        self.list.selected().map(|at| &self.items[at])
    }

    fn mark(&mut self) {
        let Some(id) = self.selected().map(|item| item.id.clone()) else {
            return;
        };
        match self.marked.iter().position(|marked| *marked == id) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(id),
        }
        self.list.go(self.list.at + 1);
        self.choose();
    }

    fn play(&mut self) {
        let Some(selected) = self.selected().cloned() else {
            return;
        };
        self.list.choose(Some(selected.id.clone()));
        let of_id = |id: &String| self.items.iter().find(|item| item.id == *id).cloned();
        let mut picked: Vec<Item> = self.marked.iter().filter_map(of_id).collect();
        if picked.is_empty() {
            picked.push(selected);
        }
        self.marked.clear();
        self.asks.push_back(Ask::Play(picked));
    }

    /// What is to be done; to be polled after everything that was handled and drawn.
    pub(crate) fn poll_ask(&mut self) -> Option<Ask> {
        if let Some(ask) = self.asks.pop_front() {
            return Some(ask);
        }
        let item = self.selected().filter(|_| self.shows_still)?;
        let is_known = self.stills.iter().any(|(id, _)| *id == item.id);
        if is_known || self.looked_for.as_ref() == Some(&item.id) {
            return None;
        }
        let item = item.clone();
        self.looked_for = Some(item.id.clone());
        Some(Ask::Look(item))
    }
}

#[cfg(test)]
mod tests;

//! What is searched for: where it was found so far, and which of these places is gone to next.
//!
//! Nothing here searches: whoever does tells what it finds.

use std::time::{Duration, Instant};

use super::{Ask, Viewer};
use crate::player::playback::{Control, Shown};
use crate::player::scan::{Hits, Pattern, State};

/// A hit may have stood on the screen so much sooner or later than it is told.
const GRAIN: Duration = Duration::from_millis(250);

/// A search, as far as it has come.
pub(super) struct Search {
    pattern: Pattern,
    text: String,
    /// When each hit came and left.
    hits: Vec<(Duration, Duration)>,
    count: u64,
    is_done: bool,
    /// What was last gone to.
    current: Option<(Duration, Duration)>,
    /// Whether a hit before (or else after) a time is to be gone to as soon as there is one.
    wanted: Option<(Duration, bool)>,
    back: bool,
}

impl Search {
    pub(super) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    pub(super) fn take(&mut self, hits: &Hits) {
        let times = hits.all().iter().map(|hit| (hit.first, hit.last));
        self.hits.clear();
        self.hits.extend(times);
        self.count = hits.count();
        self.is_done = matches!(hits.state(), State::Done(_));
    }

    pub(super) fn starts(&self) -> Vec<Duration> {
        self.hits.iter().map(|(first, _)| *first).collect()
    }

    /// `/word 3 of 17`
    pub(super) fn told(&self) -> String {
        let count = match self.is_done {
            true => self.count.to_string(),
            false => format!("{}+", self.count),
        };
        let place = self
            .current
            .map(|current| self.hits.partition_point(|hit| *hit < current) + 1);
        match place {
            _ if self.count == 0 && self.is_done => format!("/{} not found", self.text),
            Some(place) => format!("/{} {place} of {count}", self.text),
            None => format!("/{} {count}", self.text),
        }
    }

    /// The hit to go to from a time.
    fn find(&self, from: Duration, back: bool) -> Option<(Duration, Duration)> {
        match (back, self.current) {
            // Several may have come at once.
            (false, Some(current)) if current.0 <= from + GRAIN && from <= current.1 + GRAIN => {
                self.hits.iter().find(|hit| **hit > current).copied()
            }
            (true, Some(current)) if current.0 <= from + GRAIN && from <= current.1 + GRAIN => {
                self.hits.iter().rev().find(|hit| **hit < current).copied()
            }
            (false, _) => self.hits.iter().find(|hit| hit.1 >= from).copied(),
            (true, _) => self.hits.iter().rev().find(|hit| hit.0 < from).copied(),
        }
    }
}

impl Viewer {
    /// Begins to search for a text, from here on or back; an empty one is the one before.
    pub(super) fn search(&mut self, now: Instant, text: &str, back: bool) {
        if text.is_empty() {
            return match &mut self.search {
                Some(search) => {
                    search.back = back;
                    self.next_hit(now, false);
                }
                None => self.say(now, "nothing was searched for before"),
            };
        }
        let pattern = match Pattern::new(text) {
            Ok(pattern) => pattern,
            Err(error) => return self.say(now, error),
        };
        self.search = Some(Search {
            pattern: pattern.clone(),
            text: text.to_owned(),
            hits: Vec::new(),
            count: 0,
            is_done: false,
            current: None,
            wanted: Some((self.playback.position(now), back)),
            back,
        });
        self.lanes.hits.clear();
        self.asks.push_back(Ask::Search(Some(Box::new(pattern))));
    }

    /// To the next hit, or the other way.
    pub(super) fn next_hit(&mut self, now: Instant, other_way: bool) {
        let position = self.playback.position(now);
        let Some(search) = &mut self.search else {
            return self.say(now, "nothing is searched for: / asks");
        };
        search.wanted = Some((position, search.back ^ other_way));
        self.go_on_searching(now);
    }

    /// Goes to the hit that is waited for, if it is there.
    pub(super) fn go_on_searching(&mut self, now: Instant) {
        let Some(search) = &mut self.search else {
            return;
        };
        let Some((from, back)) = search.wanted else {
            return;
        };
        // The last before a time is known when all are.
        if back && !search.is_done {
            return;
        }
        let found = search.find(from, back);
        if found.is_none() && !search.is_done {
            return;
        }
        search.wanted = None;
        let Some((first, last)) = found else {
            let message = match search.hits.is_empty() {
                true => format!("{:?} is not shown in it", search.text),
                false if back => "no hit before this".to_owned(),
                false => "no hit after this".to_owned(),
            };
            return self.say(now, message);
        };
        search.current = Some((first, last));
        let shown = Shown {
            from: first,
            until: last + GRAIN,
            pattern: search.pattern.clone(),
        };
        self.shows_hit = true;
        self.control(now, Control::Show(shown));
    }

    /// A line that came and went within one output stood on no screen: it is shown in the text that went by.
    pub(super) fn arrived_at_hit(&mut self) {
        let (Some(search), Some(canvas)) = (&self.search, self.playback.canvas()) else {
            return;
        };
        if canvas.places(search.pattern()).is_empty() {
            let (to, next) = self.playback.here();
            self.asks.push_back(Ask::Scrollback(to, next));
            self.finds_in_scrollback = true;
        }
    }
}

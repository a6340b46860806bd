//! What stands in a reviewer's window: the recorded screen, a bar that tells where one is, and what is laid over it.
//!
//! A machine: presses, time, events and what was found out go in; cells, wake-ups, and what the driver is to do come out. It
//! reads nothing, writes nothing, and asks no clock. Nothing of a recording comes out of it but as cells.

mod bar;
mod keys;
mod list;
mod lists;
mod picture;
mod prompt;
mod search;
mod times;
mod words;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::{DateTime, FixedOffset, Utc};
use formats::derived::Command;
use formats::payload::Size;

use self::bar::Lanes;
use self::list::List;
pub(crate) use self::lists::KEYS;
use self::picture::Fit;
use self::prompt::Prompt;
use self::search::Search;
use super::canvas::Canvas;
use super::playback::{Action, Numbered, Playback, Reposition};
use super::scan::{Break, Hits, Overview, Pattern};
use super::{Note, Proof, Standing};
use crate::rules::{Change, RuleSet};
use crate::screen::grid::{Grid, Style};
use crate::terminal::Binding;

/// Two frames of what plays are at least this far apart: nobody sees more. What a press asks for is shown at once.
const BEAT: Duration = Duration::from_millis(33);
/// How often the time in the bar is looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long a message stands in the bar.
const MESSAGE: Duration = Duration::from_secs(4);

/// The window in which a screen of this size just fits.
pub(crate) fn window_for(size: Size, has_bar: bool) -> Size {
    let rows = usize::from(size.rows);
    let bar = (0..=3).find(|bar| bar::height(rows + bar) == *bar);
    let bar = bar.filter(|_| has_bar).unwrap_or_default();
    Size {
        rows: size
            .rows
            .saturating_add(u16::try_from(bar).unwrap_or_default()),
        ..size
    }
}

/// Whom and what a recording is of, as the bar says it; empty where it is not known.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The session, or the name by which the recording was asked for.
    pub name: String,
    /// Where it led.
    pub target: String,
    /// Who it was.
    pub operator: String,
    /// Why.
    pub reason: String,
    /// When it began.
    pub started: Option<DateTime<Utc>>,
    /// Tells the time here.
    pub to_local: Option<fn(DateTime<Utc>) -> DateTime<FixedOffset>>,
    /// Which of how many, from 1.
    pub number: (usize, usize),
    /// Whether it is being found out what it is worth.
    pub proves: bool,
    /// Whether it is read beside the playback, and what is found then told.
    pub is_scanned: bool,
    /// Whether the bar is shown.
    pub bar: bool,
    /// Whether a screen that is larger than the window is shown whole, as well as can be.
    pub fit: bool,
    /// What is said of the rules that mark commands in their list; without it none do.
    pub rules: Option<Vec<Change>>,
    /// Keys of the reviewer's own.
    pub keys: Vec<Binding>,
}

/// What the driver is to do.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// Go on reading from elsewhere.
    Reposition(Reposition),
    /// Search all of the recording; nothing where what was searched for is of no interest any more.
    Search(Option<Box<Pattern>>),
    /// Read the rows that had left the screen by a moment.
    Scrollback(Reposition, u64),
    /// Keep a note.
    Keep(Note),
    /// Put a text on the clipboard of the reviewer's terminal.
    Copy(String),
    /// Draw all of it anew: somebody else may have written to the terminal.
    Redraw,
    /// Stop this process, as other jobs are stopped.
    Suspend,
    /// All of it was played, and nobody wants to stay.
    Finish,
    /// Leave.
    Quit,
    /// The recording after this one, or the one before.
    Turn { back: bool },
}

/// What lies over the picture, or below it.
#[derive(Clone, Debug)]
enum Over {
    Nothing,
    Prompt(Prompt),
    List(List),
    /// A list, with what is to be searched for in it being typed.
    Searching(List, Prompt),
}

/// A recording in short, as far as it was played.
#[derive(Debug, Default)]
struct Seen {
    overview: Overview,
    /// Events from this number on are new.
    next: u64,
    /// Some of it was not drawn yet.
    is_new: bool,
}

pub(crate) struct Viewer {
    playback: Playback,
    facts: Facts,
    window: Size,
    lanes: Lanes,
    /// What was seen of it as it was played, where nobody reads it beside.
    seen: Option<Seen>,
    commands: Vec<Command>,
    /// What marks them, since they were listed first.
    rules: Option<RuleSet>,
    is_scanned: bool,
    over: Over,
    search: Option<Search>,
    /// A hit is gone to: where it is not on the screen then, it went by too fast for one.
    shows_hit: bool,
    /// The text that went by was asked for to show a hit in it.
    finds_in_scrollback: bool,
    fit: Fit,
    /// Nothing was played since somebody went somewhere.
    has_jumped: bool,
    /// Where the picture was drawn from last.
    placed: picture::Placed,
    times: times::Shown,
    proof: Option<Proof>,
    message: Option<(String, Instant)>,
    asks: VecDeque<Ask>,
    /// Something else than what was drawn last is to be seen.
    is_due: bool,
    /// Somebody pressed something since.
    is_pressed: bool,
    drawn: Option<Instant>,
}

impl Viewer {
    pub(crate) fn new(playback: Playback, facts: Facts, notes: Vec<Note>) -> Self {
        let lanes = Lanes {
            notes: notes.into_iter().map(|note| (note.at, note.text)).collect(),
            ..Lanes::default()
        };
        Self {
            playback,
            window: Size { cols: 80, rows: 24 },
            lanes,
            seen: (!facts.is_scanned).then(Seen::default),
            commands: Vec::new(),
            rules: None,
            is_scanned: false,
            over: Over::Nothing,
            search: None,
            shows_hit: false,
            finds_in_scrollback: false,
            fit: match facts.fit {
                true => Fit::Nearest,
                false => Fit::Cursor,
            },
            has_jumped: false,
            facts,
            placed: picture::Placed::default(),
            times: times::Shown::default(),
            proof: None,
            message: None,
            asks: VecDeque::new(),
            is_due: true,
            is_pressed: false,
            drawn: None,
        }
    }

    /// Whether an event is waited for.
    pub(crate) fn wants_event(&self) -> bool {
        self.playback.wants_event()
    }

    pub(crate) fn playback(&self) -> &Playback {
        &self.playback
    }

    /// Takes the next event.
    pub(crate) fn handle_event(&mut self, now: Instant, event: Numbered) {
        if let Some(seen) = &mut self.seen
            && event.number >= seen.next
        {
            seen.next = event.number + 1;
            seen.is_new = true;
            seen.overview.event(&event.event);
        }
        let (was_seeking, before) = (self.playback.is_seeking(), self.playback.place());
        self.playback.handle_event(now, event);
        self.has_jumped &= was_seeking || self.playback.place() == before;
        self.after();
    }

    /// Takes a screen that the recording holds.
    pub(crate) fn handle_screen(&mut self, at: Duration, next: u64, size: Size, text: &str) {
        self.playback.handle_screen(at, next, size, text);
        self.after();
    }

    /// There are no more events.
    pub(crate) fn handle_end(&mut self, now: Instant) {
        self.playback.handle_end(now);
        self.is_due = true;
        self.after();
    }

    /// There are no more events yet.
    pub(crate) fn handle_up_to_date(&mut self, now: Instant) {
        self.playback.handle_up_to_date(now);
        self.is_due = true;
        self.after();
    }

    /// Something may be due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let before = self.playback.place();
        self.playback.handle_timeout(now);
        self.has_jumped &= self.playback.place() == before;
        if self
            .message
            .as_ref()
            .is_some_and(|(_, until)| *until <= now)
        {
            self.message = None;
        }
        // The time goes on, also where nothing is shown.
        self.is_due |= self.drawn.is_none_or(|drawn| drawn + TICK <= now);
        self.after();
    }

    /// The window has this size.
    pub(crate) fn handle_window(&mut self, window: Size) {
        self.window = window;
        self.is_due = true;
    }

    /// More is known of the whole recording.
    pub(crate) fn handle_overview(&mut self, overview: &Overview) {
        self.lanes.total = overview
            .duration
            .or(Some(overview.seen))
            .filter(|total| !total.is_zero());
        self.lanes.activity = overview.activity.clone();
        // They only ever become more.
        let known = self.lanes.markers.len();
        let new = overview.markers.iter().skip(known);
        self.lanes
            .markers
            .extend(new.map(|marker| (marker.at, marker.label.clone())));
        self.lanes.unrecorded = overview
            .breaks
            .iter()
            .filter_map(|found| match found {
                Break::Gap { at, lasted } => Some((*at, *at + *lasted)),
                Break::Unrecorded { from, .. } => {
                    Some((*from, overview.duration.unwrap_or(*from).max(*from)))
                }
                Break::ClockJump { .. } => None,
            })
            .collect();
        if let Some(found) = &overview.commands
            && found.commands.len() != self.commands.len()
        {
            self.commands.clone_from(&found.commands);
            let starts = self.commands.iter();
            self.lanes.commands = starts
                .map(|command| Duration::from_millis(command.start))
                .collect();
        }
        self.is_scanned = overview.ended.is_some();
        self.is_due = true;
    }

    /// More was found of what is searched for.
    pub(crate) fn handle_hits(&mut self, now: Instant, hits: &Hits) {
        if let Some(search) = &mut self.search {
            search.take(hits);
            self.lanes.hits.clone_from(&search.starts());
            self.is_due = true;
            self.go_on_searching(now);
        }
    }

    /// It is known what the recording is worth.
    pub(crate) fn handle_proof(&mut self, now: Instant, proof: Proof) {
        self.lanes.unproved = proof.from;
        if proof.standing == Standing::Altered {
            self.lanes.unproved.get_or_insert_default();
            self.say(now, format!("ALTERED: {}", proof.told));
        }
        self.proof = Some(proof);
        self.is_due = true;
    }

    /// Somebody has something to say.
    pub(crate) fn handle_message(&mut self, now: Instant, message: &str) {
        self.say(now, message);
    }

    /// The next thing to do.
    pub(crate) fn poll_ask(&mut self) -> Option<Ask> {
        self.asks.pop_front()
    }

    /// When [`Self::handle_timeout`] or [`Self::draw`] has something to do.
    pub(crate) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        // On the way to a place nothing is drawn, and it is the events that are waited for.
        let is_drawn = self.is_due && !self.playback.is_seeking();
        let frame = is_drawn.then(|| match self.drawn {
            Some(drawn) if !self.is_pressed => drawn + BEAT,
            _ => now,
        });
        let is_moving = !self.playback.is_paused() && !self.playback.is_seeking();
        let is_moving = is_moving && self.facts.bar;
        let tick = (is_moving || self.message.is_some())
            .then(|| self.drawn.map_or(now, |drawn| drawn + TICK));
        [self.playback.poll_timeout(), frame, tick]
            .into_iter()
            .flatten()
            .min()
    }

    /// What is to be seen, if it is time for that: the cells, and where the cursor stands.
    pub(crate) fn draw(&mut self, now: Instant) -> Option<(Grid, Option<(usize, usize)>)> {
        let is_time = self.is_pressed || self.drawn.is_none_or(|drawn| drawn + BEAT <= now);
        // On the way to a place nothing is shown.
        if !self.is_due || !is_time || self.playback.is_seeking() {
            return None;
        }
        if let Some(mut seen) = self.seen.take() {
            if std::mem::take(&mut seen.is_new) {
                self.handle_overview(&seen.overview);
            }
            self.seen = Some(seen);
        }
        (self.is_due, self.is_pressed) = (false, false);
        self.drawn = Some(now);
        let mut grid = Grid::new(self.window.cols.into(), self.window.rows.into());
        let bar = match self.facts.bar {
            true => bar::height(grid.rows()),
            false => 0,
        };
        let rows = grid.rows() - bar;
        let mut cursor = None;
        if let Some(canvas) = self.playback.canvas() {
            let marks = self
                .search
                .as_ref()
                .map(|search| canvas.places(search.pattern()));
            let marks = marks.unwrap_or_default();
            self.placed = picture::draw(canvas.terminal(), self.part(), rows, &marks, &mut grid);
            cursor = self.placed.cursor;
        }
        let position = self.playback.position(now);
        self.lanes.total = self.lanes.total.map(|total| total.max(position));
        if bar > 0 {
            let words = self.words(position);
            bar::draw(&self.lanes, position, &words, &mut grid);
        }
        match &mut self.over {
            Over::Nothing => {}
            Over::List(list) => {
                list.draw(rows, &mut grid);
                cursor = None;
            }
            Over::Searching(list, prompt) => {
                list.draw(rows, &mut grid);
                cursor = Some(bar::prompt(&prompt.shown(), &mut grid));
            }
            Over::Prompt(prompt) => {
                cursor = Some(bar::prompt(&prompt.shown(), &mut grid));
            }
        }
        if let (Some((message, _)), false) = (&self.message, self.is_prompting()) {
            let style = match self.lanes.unproved {
                Some(_) if message.starts_with("ALTERED") => Style::color(15).on(1).bold(),
                _ => Style::PLAIN.inverse(),
            };
            bar::say(message, style, &mut grid);
        }
        Some((grid, cursor))
    }

    /// Takes over what the playback asks for, and what became of what it was asked.
    fn after(&mut self) {
        self.is_due |= self.playback.take_changed();
        while let Some(action) = self.playback.poll_action() {
            match action {
                Action::Reposition(to) => {
                    self.asks.retain(|ask| !matches!(ask, Ask::Reposition(_)));
                    self.asks.push_back(Ask::Reposition(to));
                }
                Action::Finish => self.asks.push_back(Ask::Finish),
                // What is drawn is not passed on.
                Action::Pass(_) => {}
            }
        }
        if self.shows_hit && !self.playback.is_seeking() {
            self.shows_hit = false;
            self.arrived_at_hit();
        }
    }

    /// A program that has the whole screen is looked at from its top when somebody comes to it, and where something happens
    /// when it plays; a shell always where something happens.
    fn part(&self) -> Fit {
        let is_other =
            |canvas: &Canvas| canvas.terminal().active_screen_kind() == avt::ScreenKind::Alternate;
        match (self.fit, self.playback.canvas()) {
            (Fit::Cursor, Some(canvas)) if self.has_jumped && is_other(canvas) => Fit::From(0, 0),
            (fit, _) => fit,
        }
    }

    /// Whether the keys that leave do so now: nothing lies over the picture, and no reviewer has given them another meaning.
    pub(crate) fn may_leave(&self) -> bool {
        matches!(self.over, Over::Nothing) && self.facts.keys.is_empty()
    }

    fn is_prompting(&self) -> bool {
        matches!(self.over, Over::Prompt(_) | Over::Searching(..))
    }

    fn say(&mut self, now: Instant, message: impl Into<String>) {
        self.message = Some((message.into(), now + MESSAGE));
        self.is_due = true;
    }
}

#[cfg(test)]
mod tests;

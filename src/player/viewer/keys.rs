//! What each key does, in the words of asciinema's player, less and mpv where they have one.
//!
//! Nothing here draws.

use std::time::{Duration, Instant};

use super::list::{Chosen, Kind};
use super::picture::Fit;
use super::prompt::{Prompt, Question, Typed};
use super::{Ask, Over, Viewer, bar, lists, times};
use crate::player::Note;
use crate::player::playback::Control;
use crate::player::scan::Pattern;
use crate::rules::RuleSet;
use crate::terminal::{Key, Press, bound};

const SHORT: Duration = Duration::from_secs(5);
const LONG: Duration = Duration::from_secs(60);
/// Just behind a command or a marker, the one before it is the previous one.
const GRACE: Duration = Duration::from_secs(1);
/// How far a key moves a part of a large screen: columns and rows.
const PAN: (usize, usize) = (8, 4);

impl Viewer {
    /// Takes what a person pressed.
    pub(crate) fn handle_press(&mut self, now: Instant, press: &Press) {
        let press = match self.is_prompting() {
            true => press.clone(),
            false => bound(&self.facts.keys, press).clone(),
        };
        (self.is_due, self.is_pressed) = (true, true);
        if let Press::Key {
            key: Key::Char(key),
            control: true,
            ..
        } = &press
        {
            match key {
                'c' | 'd' if !self.is_prompting() => return self.asks.push_back(Ask::Quit),
                'l' => return self.asks.push_back(Ask::Redraw),
                'z' => return self.asks.push_back(Ask::Suspend),
                _ => {}
            }
        }
        match std::mem::replace(&mut self.over, Over::Nothing) {
            Over::Nothing => self.press(now, &press),
            Over::Prompt(mut prompt) => match prompt.handle(&press) {
                Typed::More => self.over = Over::Prompt(prompt),
                Typed::Dropped => {}
                Typed::Done => self.answered(now, &prompt),
            },
            Over::List(mut list) => match list.handle(&press) {
                Chosen::Nothing => self.over = Over::List(list),
                Chosen::Close => {}
                Chosen::Go(at) => self.control(now, Control::To(at)),
                Chosen::Search { back } => {
                    let question = match back {
                        true => Question::SearchBack,
                        false => Question::Search,
                    };
                    self.over = Over::Searching(list, Prompt::new(question));
                }
            },
            Over::Searching(mut list, mut prompt) => match prompt.handle(&press) {
                Typed::More => self.over = Over::Searching(list, prompt),
                Typed::Dropped => self.over = Over::List(list),
                Typed::Done => {
                    let back = prompt.question == Question::SearchBack;
                    match Pattern::new(&prompt.text) {
                        Ok(pattern) if list.search(pattern.regex().clone(), back) => {}
                        Ok(_) => self.say(now, format!("no {:?} here", prompt.text)),
                        Err(error) => self.say(now, error),
                    }
                    self.over = Over::List(list);
                }
            },
        }
        self.after();
    }

    fn press(&mut self, now: Instant, press: &Press) {
        match press {
            Press::Mouse { col, row } => self.clicked(now, (*col).into(), (*row).into()),
            Press::Wheel { up: true } => self.control(now, Control::Back(SHORT)),
            Press::Wheel { up: false } => self.control(now, Control::Forward(SHORT)),
            Press::Key {
                key,
                shift,
                control: false,
                alt: false,
            } => self.key(now, *key, *shift),
            Press::Key { .. } => {}
        }
    }

    fn key(&mut self, now: Instant, key: Key, shift: bool) {
        let by = if shift { LONG } else { SHORT };
        let control = match key {
            Key::Char('q') => return self.asks.push_back(Ask::Quit),
            Key::Char(' ') => Control::Pause,
            Key::Char('.') => Control::Step,
            Key::Char(',') => Control::StepBack,
            Key::Left => Control::Back(by),
            Key::Right => Control::Forward(by),
            Key::Down => Control::Back(LONG),
            Key::Up => Control::Forward(LONG),
            Key::Char('g') | Key::Home => Control::To(Duration::ZERO),
            Key::Char('G') | Key::End => {
                // A screen that is nearer to a far end is gone to first.
                if let (Some(total), None) = (self.lanes.total, &self.seen) {
                    self.control(now, Control::To(total));
                }
                Control::End
            }
            Key::Char('+') => Control::Faster,
            Key::Char('-') => Control::Slower,
            Key::Char('=') | Key::Backspace => Control::Usual,
            Key::Char('i') => Control::Idle,
            Key::Char('>') => Control::Skip,
            Key::Char(digit @ '0'..='9') => return self.share(now, digit),
            Key::Char('[') => return self.marker(now, true),
            Key::Char(']') => return self.marker(now, false),
            Key::Char('{') => return self.command(now, true),
            Key::Char('}') => return self.command(now, false),
            Key::Char(':') => return self.ask(Question::Time),
            Key::Char('/') => return self.ask(Question::Search),
            Key::Char('?') => return self.ask(Question::SearchBack),
            Key::Char('m') => return self.ask(Question::Note),
            Key::Char('n') => return self.next_hit(now, false),
            Key::Char('N') => return self.next_hit(now, true),
            Key::Char('c') => return self.open(now, Kind::Commands),
            Key::Char('f') => return self.open(now, Kind::Messages),
            Key::Char('h') | Key::Function(1) => return self.open(now, Kind::Help),
            Key::Char('T') => return self.ask_scrollback(now),
            Key::Char('t') => {
                self.times = self.times.next();
                return;
            }
            Key::Char('y') => return self.copy(now),
            Key::Char('z') => {
                self.fit = match self.fit {
                    Fit::Nearest => Fit::Cursor,
                    _ => Fit::Nearest,
                };
                return;
            }
            Key::Char(key @ ('H' | 'J' | 'K' | 'L')) => return self.pan(key),
            Key::Escape => return self.forget(),
            Key::PageDown | Key::Tab if !shift => return self.turn(now, false),
            Key::PageUp | Key::Tab => return self.turn(now, true),
            _ => return,
        };
        self.control(now, control);
    }

    pub(super) fn control(&mut self, now: Instant, control: Control) {
        match control {
            Control::Step => self.has_jumped = false,
            Control::Pause | Control::Faster | Control::Slower | Control::Usual | Control::Idle => {
            }
            _ => self.has_jumped = true,
        }
        self.playback.handle_control(now, control);
        self.after();
    }

    fn ask(&mut self, question: Question) {
        self.over = Over::Prompt(Prompt::new(question));
    }

    fn answered(&mut self, now: Instant, prompt: &Prompt) {
        match prompt.question {
            Question::Time => {
                let position = self.playback.position(now);
                let total = self.lanes.total;
                match times::parse(&prompt.text, position, total, self.facts.started) {
                    Ok(to) => self.control(now, Control::To(to)),
                    Err(error) => self.say(now, error),
                }
            }
            Question::Search => self.search(now, &prompt.text, false),
            Question::SearchBack => self.search(now, &prompt.text, true),
            Question::Note => {
                let at = self.playback.position(now);
                let note = Note {
                    at,
                    text: prompt.text.trim().to_owned(),
                };
                let place = self.lanes.notes.partition_point(|(other, _)| *other <= at);
                self.lanes.notes.insert(place, (at, note.text.clone()));
                self.asks.push_back(Ask::Keep(note));
                self.say(now, format!("noted at {}", times::relative(at)));
            }
        }
    }

    /// To tenths of the whole.
    fn share(&mut self, now: Instant, digit: char) {
        let tenth = digit.to_digit(10).unwrap_or_default();
        match self.lanes.total {
            Some(total) => self.control(now, Control::To(total / 10 * tenth)),
            None => self.say(now, "how long it is is not known yet"),
        }
    }

    /// To the next mark, or the one before: those of the recording and the reviewer's own.
    fn marker(&mut self, now: Instant, back: bool) {
        let position = self.playback.heading(now);
        let before = self.before(position);
        let markers = self.lanes.markers.iter().map(|mark| ("marker", mark));
        let notes = self.lanes.notes.iter().map(|mark| ("note", mark));
        let known = markers.chain(notes);
        let found = match back {
            true => known
                .filter(|(_, (at, _))| *at < before)
                .max_by_key(|(_, (at, _))| *at),
            false => known
                .filter(|(_, (at, _))| *at > position)
                .min_by_key(|(_, (at, _))| *at),
        };
        let found = found.map(|(kind, (at, label))| (*at, format!("{kind}: {label}")));
        match (found, self.is_scanned) {
            (Some((at, label)), _) => {
                self.control(now, Control::To(at));
                self.say(now, label);
            }
            (None, false) if back => self.control(now, Control::PreviousMarker),
            (None, false) => self.control(now, Control::NextMarker),
            (None, true) if back => self.say(now, "no marker before this"),
            (None, true) => self.say(now, "no marker after this"),
        }
    }

    fn command(&mut self, now: Instant, back: bool) {
        let position = self.playback.heading(now);
        let known = self.lanes.commands.iter().copied();
        let found = match back {
            true => known.filter(|at| *at < self.before(position)).max(),
            false => known.filter(|at| *at > position).min(),
        };
        match found {
            Some(at) => self.control(now, Control::To(at)),
            None if !self.is_scanned => self.say(now, "commands are still being looked for"),
            None if back => self.say(now, "no command before this"),
            None => self.say(now, "no command after this"),
        }
    }

    /// What lies before a moment, for who wants to go back from it: while it plays there must be time to press the key twice.
    fn before(&self, position: Duration) -> Duration {
        match self.playback.is_paused() {
            true => position,
            false => position.saturating_sub(GRACE),
        }
    }

    pub(super) fn open(&mut self, now: Instant, kind: Kind) {
        let position = self.playback.position(now);
        let list = match kind {
            Kind::Help => lists::help(&self.facts.keys),
            Kind::Commands => {
                if self.commands.is_empty() && !self.is_scanned {
                    return self.say(now, "commands are still being looked for");
                }
                if let Some(rules) = self.facts.rules.take() {
                    self.rules = RuleSet::new(&rules).ok();
                }
                lists::commands(&self.commands, self.rules.as_ref(), position)
            }
            Kind::Messages => lists::messages(self.playback.messages()),
            Kind::Transcript => return,
        };
        self.over = Over::List(list);
    }

    /// What had left the screen comes later, from whoever reads.
    fn ask_scrollback(&mut self, now: Instant) {
        if !self.playback.is_paused() {
            self.control(now, Control::Pause);
        }
        let (to, next) = self.playback.here();
        self.asks.push_back(Ask::Scrollback(to, next));
    }

    /// Takes the rows that were asked for.
    pub(crate) fn handle_scrollback(&mut self, rows: Vec<String>) {
        let mut list = lists::transcript(rows);
        let finds = std::mem::take(&mut self.finds_in_scrollback);
        if let Some(search) = self.search.as_ref().filter(|_| finds) {
            list.search(search.pattern().regex().clone(), true);
        }
        self.over = Over::List(list);
        self.is_due = true;
    }

    fn copy(&mut self, now: Instant) {
        let at = times::relative(self.playback.position(now));
        let text = format!("{}@{at}", self.facts.name);
        self.say(now, format!("copied {text}"));
        self.asks.push_back(Ask::Copy(text));
    }

    fn pan(&mut self, key: char) {
        let (row, col) = self.placed.from;
        self.fit = Fit::From(
            match key {
                'J' => row + PAN.1,
                'K' => row.saturating_sub(PAN.1),
                _ => row,
            },
            match key {
                'L' => col + PAN.0,
                'H' => col.saturating_sub(PAN.0),
                _ => col,
            },
        );
    }

    /// What was searched for and moved is as before.
    fn forget(&mut self) {
        self.message = None;
        self.fit = match self.facts.fit {
            true => Fit::Nearest,
            false => Fit::Cursor,
        };
        if self.search.take().is_some() {
            self.lanes.hits.clear();
            self.asks.push_back(Ask::Search(None));
        }
    }

    fn turn(&mut self, now: Instant, back: bool) {
        let (number, all) = self.facts.number;
        match back {
            true if number > 1 => self.asks.push_back(Ask::Turn { back }),
            false if number < all => self.asks.push_back(Ask::Turn { back }),
            true => self.say(now, "this is the first recording"),
            false => self.say(now, "this is the last recording"),
        }
    }

    /// On the bar a click leads to the time below it.
    fn clicked(&mut self, now: Instant, col: usize, row: usize) {
        let rows = usize::from(self.window.rows);
        let height = bar::height(rows);
        if !self.facts.bar || height < 2 || row + height < rows || row + 1 == rows {
            return;
        }
        if let Some(to) = bar::time_at(&self.lanes, col, self.window.cols.into()) {
            self.control(now, Control::To(to));
        }
    }
}

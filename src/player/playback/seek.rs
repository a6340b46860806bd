//! Seeking: to a time, an event, a marker or a text, from the nearest moment that is kept, with nothing shown until it is
//! reached.
//!
//! Nothing here reads a recording: what is to be read again is asked for.

use std::time::{Duration, Instant};

use formats::asciicast::Data;

use super::snapshots::Place;
use super::{Action, Clock, Playback, Reposition};
use crate::player::canvas::Canvas;
use crate::player::scan::Pattern;

/// A seek further than this may find a screen on the way from which it is shorter.
const FAR_FORWARD: Duration = Duration::from_secs(50);

/// A text that stood on the screen at some time.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// When it was first there, or somewhat before.
    pub(crate) from: Duration,
    /// When it was there no more, or somewhat after.
    pub(crate) until: Duration,
    pub(crate) pattern: Pattern,
}

/// What is being looked for, with nothing shown until it is reached.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    Time(Duration),
    /// The moment before the event of this number; or before the last output before it, where that is not known yet.
    Before {
        number: u64,
        /// What is known of the output before it.
        last: Option<u64>,
        is_output: bool,
    },
    Shown(Shown),
    End,
    NextMarker,
    /// Reads from the beginning for the last marker before a time; the canvas stays as it is meanwhile.
    MarkerBefore {
        before: Duration,
        found: Duration,
    },
}

impl Playback {
    pub(super) fn seek(&mut self, now: Instant, to: Duration) {
        self.stepping = false;
        let searching = matches!(self.goal, Some(Goal::MarkerBefore { .. }));
        let nearer = self
            .snapshots
            .before(to)
            .is_some_and(|(place, _)| place.at > self.last.at);
        let far = to > self.last.at + FAR_FORWARD;
        if let Clock::Live = self.clock {
            self.clock = Clock::Running {
                since: now,
                from: self.last.playing,
            };
        }
        if searching || to < self.last.at || nearer || far {
            self.seek_anew(now, to);
        }
        self.goal = Some(Goal::Time(to));
    }

    /// To where a text stands, and stays there.
    pub(super) fn seek_shown(&mut self, now: Instant, shown: Shown) {
        self.stop(now);
        self.seek(now, shown.from);
        self.goal = Some(Goal::Shown(shown));
    }

    /// Goes to the nearest snapshot before a time, or to the beginning.
    pub(super) fn seek_anew(&mut self, now: Instant, to: Duration) {
        // Nothing behind the end is shown, by no screen either.
        let to = self.options.to.map_or(to, |end| end.min(to));
        let kept = self.snapshots.before(to).cloned();
        let after = kept.as_ref().map(|(place, _)| place.at);
        self.go_back_to(kept);
        // The clock is set when the goal is reached; until then nothing is due.
        self.set_playing(now, self.last.playing);
        self.reread(after, to);
    }

    /// To before the output that was last played.
    pub(super) fn step_back(&mut self) {
        self.stepping = false;
        match self.last_shown {
            Some(number) => self.go_before(number, true),
            None => self.go_before(self.last.next, false),
        }
    }

    fn go_before(&mut self, number: u64, is_output: bool) {
        let kept = self.snapshots.before_event(number).cloned();
        let after = kept.as_ref().map(|(place, _)| place.at);
        let to = self.last.at;
        self.go_back_to(kept);
        self.reread(after, to);
        self.goal = Some(Goal::Before {
            number,
            last: None,
            is_output,
        });
    }

    fn go_back_to(&mut self, kept: Option<(Place, crate::player::canvas::Snapshot)>) {
        self.last_shown = None;
        match (kept, &mut self.canvas) {
            (Some((place, snapshot)), Some(canvas)) => {
                canvas.restore(&snapshot);
                self.last = place;
            }
            (_, canvas) => {
                if let Some(canvas) = canvas {
                    *canvas = Canvas::new(self.size);
                }
                self.last = Place::default();
            }
        }
        self.played_through = self.last.next;
        self.has_changed = self.canvas.is_some();
    }

    /// Has the events after a time read again, or after a screen that the recording holds for a time up to `to`.
    pub(super) fn reread(&mut self, after: Option<Duration>, to: Duration) {
        self.next = None;
        self.ended = false;
        self.is_up_to_date = false;
        self.skipped = None;
        self.messages.clear();
        self.snapshots.distance = 0;
        if after.is_none() {
            self.played_through = 0;
        }
        // Of several places asked for, only the last one counts.
        self.actions
            .retain(|action| !matches!(action, Action::Reposition(_)));
        self.actions
            .push_back(Action::Reposition(Reposition { after, to }));
    }

    /// One step towards a goal; false when an event is needed first.
    pub(super) fn pursue(&mut self, now: Instant, goal: Goal) -> bool {
        let is_waiting = self.next.is_none() && !self.ended && !self.is_up_to_date;
        if is_waiting {
            self.goal = Some(goal);
            return false;
        }
        match (goal, &self.next) {
            (Goal::Time(to), Some((place, _))) if place.at <= to => {
                self.take_next();
                self.goal = Some(Goal::Time(to));
            }
            (Goal::Time(to), next) => {
                // Inside a pause that is cut, no more of it is left than the limit allows.
                let mut playing = self.last.playing + to.saturating_sub(self.last.at);
                playing = playing.min(match next {
                    Some((place, _)) => place.playing,
                    None => self.last.playing,
                });
                self.set_playing(now, playing);
            }
            (
                Goal::Before {
                    number, is_output, ..
                },
                Some((place, data)),
            ) if place.next <= number => {
                let last = match data {
                    Data::Output(_) => Some(place.next - 1),
                    _ => self.last_shown,
                };
                self.take_next();
                self.goal = Some(Goal::Before {
                    number,
                    last,
                    is_output,
                });
            }
            // It was the moment behind the last output: what was it?
            (
                Goal::Before {
                    last: Some(last),
                    is_output: false,
                    ..
                },
                _,
            ) => self.go_before(last, true),
            (Goal::Before { .. }, _) => {
                let playing = self.last.playing;
                self.clock = Clock::Stopped { at: playing };
            }
            (Goal::Shown(shown), next) => {
                let is_shown = self.last.at >= shown.from && self.shows(&shown);
                match next {
                    Some((place, _)) if !is_shown && place.at <= shown.until => {
                        self.take_next();
                        self.goal = Some(Goal::Shown(shown));
                    }
                    _ => {
                        let at = self.last.playing;
                        self.clock = Clock::Stopped { at };
                    }
                }
            }
            (Goal::End, Some(_)) => {
                self.take_next();
                self.goal = Some(Goal::End);
            }
            (Goal::End, None) => {
                let playing = self.last.playing;
                match self.is_up_to_date && !self.ended {
                    true => self.clock = Clock::Live,
                    false if self.canvas.is_some() && !self.options.quit_at_end => {
                        self.clock = Clock::Stopped { at: playing };
                    }
                    false => self.set_playing(now, playing),
                }
            }
            (Goal::NextMarker, Some((place, data))) => {
                let playing = place.playing;
                let is_marker = matches!(data, Data::Marker(_));
                self.take_next();
                match is_marker {
                    true if self.options.pause_on_markers => {
                        self.clock = Clock::Stopped { at: playing };
                    }
                    true => self.set_playing(now, playing),
                    false => self.goal = Some(Goal::NextMarker),
                }
            }
            (Goal::NextMarker, None) => self.set_playing(now, self.last.playing),
            (Goal::MarkerBefore { before, found }, Some((place, data))) if place.at < before => {
                let is_marker = matches!(data, Data::Marker(_));
                let found = if is_marker { place.at } else { found };
                self.goal = Some(Goal::MarkerBefore { before, found });
                self.next = None;
            }
            (Goal::MarkerBefore { found, .. }, _) => {
                self.seek_anew(now, found);
                self.goal = Some(Goal::Time(found));
            }
        }
        true
    }

    fn shows(&self, shown: &Shown) -> bool {
        self.canvas
            .as_ref()
            .is_some_and(|canvas| !canvas.places(&shown.pattern).is_empty())
    }
}

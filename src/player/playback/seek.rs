//! Seeking: to a time or a marker, from the nearest moment that is kept, with nothing drawn until it is reached.
//!
//! Nothing here reads a recording: what is to be read again is asked for.

use std::time::{Duration, Instant};

use formats::asciicast::Data;

use super::snapshots::Place;
use super::{Action, Clock, Playback, Reposition};
use crate::player::canvas::Canvas;

/// A seek further than this may find a screen on the way from which it is shorter.
const FAR_FORWARD: Duration = Duration::from_secs(50);

/// What is being looked for, with nothing drawn until it is reached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    Time(Duration),
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
        if searching || to < self.last.at || nearer || far {
            self.seek_anew(now, to);
        } else {
            self.goal = Some(Goal::Time(to));
        }
    }

    /// Seeks from the nearest snapshot, or from the beginning.
    pub(super) fn seek_anew(&mut self, now: Instant, to: Duration) {
        let after = match (self.snapshots.before(to), &mut self.canvas) {
            (Some((place, snapshot)), Some(canvas)) => {
                canvas.restore(snapshot);
                self.last = *place;
                Some(place.at)
            }
            (_, canvas) => {
                if let Some(canvas) = canvas {
                    *canvas = Canvas::new(self.size);
                }
                self.last = Place::default();
                None
            }
        };
        // The clock is set when the goal is reached; until then nothing is due.
        if let Clock::Stopped { .. } = self.clock {
            self.clock = Clock::Stopped {
                at: self.last.playing,
            };
        } else {
            self.clock = Clock::Running {
                since: now,
                from: self.last.playing,
            };
        }
        self.goal = Some(Goal::Time(to));
        self.reread(after, to);
    }

    /// Has the events after a time read again, or after a screen that the recording holds for a time up to `to`.
    pub(super) fn reread(&mut self, after: Option<Duration>, to: Duration) {
        self.next = None;
        self.ended = false;
        self.played_through = after;
        self.snapshots.distance = 0;
        // Of several places asked for, only the last one counts.
        self.actions
            .retain(|action| !matches!(action, Action::Reposition(_)));
        self.actions
            .push_back(Action::Reposition(Reposition { after, to }));
    }

    /// One step towards a goal; false when an event is needed first.
    pub(super) fn pursue(&mut self, now: Instant, goal: Goal) -> bool {
        match (goal, &self.next) {
            (_, None) if !self.ended => return false,
            (Goal::Time(to), Some((place, _))) if place.at <= to => {
                self.take_next();
            }
            (Goal::Time(to), next) => {
                // Inside a pause that is cut, no more of it is left than the limit allows.
                let mut playing = self.last.playing + to.saturating_sub(self.last.at);
                playing = playing.min(match next {
                    Some((place, _)) => place.playing,
                    None => self.last.playing,
                });
                self.arrive(now, playing);
            }
            (Goal::NextMarker, Some((place, data))) => {
                let playing = place.playing;
                let marker = matches!(data, Data::Marker(_));
                self.take_next();
                if marker {
                    if self.options.pause_on_markers {
                        self.clock = Clock::Stopped { at: playing };
                    }
                    self.arrive(now, playing);
                }
            }
            (Goal::NextMarker, None) => self.arrive(now, self.last.playing),
            (Goal::MarkerBefore { before, .. }, Some((place, data))) if place.at < before => {
                let at = place.at;
                if matches!(data, Data::Marker(_)) {
                    self.goal = Some(Goal::MarkerBefore { before, found: at });
                }
                self.next = None;
            }
            (Goal::MarkerBefore { found, .. }, _) => self.seek_anew(now, found),
        }
        true
    }

    /// The goal is reached: shows what is there and goes on from it.
    pub(super) fn arrive(&mut self, now: Instant, playing: Duration) {
        self.goal = None;
        self.clock = match self.clock {
            Clock::Running { .. } => Clock::Running {
                since: now,
                from: playing,
            },
            Clock::Stopped { .. } => Clock::Stopped { at: playing },
        };
        self.redraw();
    }
}

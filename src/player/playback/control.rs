//! What whoever watches can ask of a playback.
//!
//! Nothing here knows by which key it is asked.

use std::time::{Duration, Instant};

use super::seek::{Goal, Shown};
use super::{Clock, FAR, Playback, WAITING};

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Control {
    /// Stop or go on.
    Pause,
    /// To the next output, and stop there.
    Step,
    /// To before the last output, and stop there.
    StepBack,
    /// So far on.
    Forward(Duration),
    /// So far back.
    Back(Duration),
    /// To a time.
    To(Duration),
    /// To a time, as if an event there had just been played, and stop there.
    Show(Shown),
    /// To the end; of a session that runs, to what it shows now.
    End,
    NextMarker,
    PreviousMarker,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
    /// As fast as recorded.
    Usual,
    /// Cut pauses or not.
    Idle,
    /// To the end of this pause.
    Skip,
}

/// The speeds that are reached by doubling and halving.
const SLOWEST: f64 = 0.1;
const FASTEST: f64 = 1000.0;
/// What pauses are cut to where nobody has said.
const USUAL_LIMIT: Duration = Duration::from_secs(2);
/// Just behind a marker, the previous one is the one before it: there must be time to press the key twice.
const MARKER_GRACE: Duration = Duration::from_secs(1);

impl Playback {
    /// Does what is asked, now or when what was asked before is done.
    pub(crate) fn handle_control(&mut self, now: Instant, control: Control) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(control);
        }
        self.advance(now);
    }

    /// Whether a control has to wait until what an earlier one asked for is done.
    pub(super) fn must_wait(&self, control: &Control) -> bool {
        let busy = self.goal.is_some() || self.stepping;
        let is_relative = matches!(
            control,
            Control::Step | Control::StepBack | Control::NextMarker | Control::PreviousMarker
        );
        // A step that finds no more output is over where nothing more comes.
        busy && is_relative && !(self.stepping && self.next.is_none() && self.ended)
    }

    pub(super) fn carry_out(&mut self, now: Instant, control: Control) {
        // What is asked for quickly counts from where the first of it leads.
        let position = match self.goal {
            Some(Goal::Time(to)) => to,
            None => self.position(now),
            Some(_) => self.last.at,
        };
        match control {
            Control::Pause => {
                self.stepping = false;
                match self.clock {
                    Clock::Running { .. } | Clock::Live => self.stop(now),
                    Clock::Stopped { .. } if self.is_at_end() && !self.options.quit_at_end => {
                        // Once more from the beginning, as every player does.
                        self.clock = Clock::Running {
                            since: now,
                            from: Duration::ZERO,
                        };
                        self.seek(now, self.options.from);
                    }
                    Clock::Stopped { at } => {
                        self.clock = Clock::Running {
                            since: now,
                            from: at,
                        };
                    }
                }
            }
            Control::Step => {
                self.stop(now);
                self.stepping = true;
            }
            Control::StepBack => {
                self.stop(now);
                self.step_back();
            }
            Control::Faster => self.set_speed(now, (self.speed * 2.0).min(FASTEST)),
            Control::Slower => self.set_speed(now, (self.speed / 2.0).max(SLOWEST)),
            Control::Usual => self.set_speed(now, 1.0),
            Control::Forward(by) => self.seek(now, (position + by).min(FAR)),
            Control::Back(by) => self.seek(now, position.saturating_sub(by)),
            Control::To(to) => self.seek(now, to.min(FAR)),
            Control::Show(shown) => self.seek_shown(now, shown),
            Control::End => {
                self.stepping = false;
                self.goal = Some(Goal::End);
            }
            Control::NextMarker => self.goal = Some(Goal::NextMarker),
            Control::PreviousMarker => {
                let before = match self.clock {
                    Clock::Running { .. } => position.saturating_sub(MARKER_GRACE),
                    _ => position,
                };
                self.goal = Some(Goal::MarkerBefore {
                    before,
                    found: Duration::ZERO,
                });
                self.reread(None, Duration::ZERO);
            }
            Control::Idle => self.toggle_idle(now),
            Control::Skip => {
                if let Some((place, _)) = &self.next {
                    let playing = place.playing;
                    self.set_playing(now, playing);
                }
            }
        }
    }

    /// Playing time goes on from here.
    pub(super) fn set_playing(&mut self, now: Instant, playing: Duration) {
        self.clock = match self.clock {
            Clock::Running { .. } => Clock::Running {
                since: now,
                from: playing,
            },
            Clock::Stopped { .. } => Clock::Stopped { at: playing },
            Clock::Live => Clock::Live,
        };
    }

    /// The pause that is under way goes on at the same place of the recording.
    fn toggle_idle(&mut self, now: Instant) {
        let position = self.position(now);
        self.cuts_idle = !self.cuts_idle;
        let limit = *self.idle_time_limit.get_or_insert(USUAL_LIMIT);
        let cuts = self.cuts_idle;
        let last = self.last;
        if let Some((place, _)) = &mut self.next {
            let pause = place.at.saturating_sub(last.at);
            let cut = if cuts { pause.min(limit) } else { pause };
            place.playing = last.playing + cut;
            self.skipped = (cut < pause).then_some((pause - cut, place.at));
        }
        let playing = last.playing + position.saturating_sub(last.at);
        let playing = match &self.next {
            Some((place, _)) => playing.min(place.playing),
            None => playing,
        };
        self.set_playing(now, playing);
    }
}

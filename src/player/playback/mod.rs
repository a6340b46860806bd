//! Playback as a state machine: events, controls and times in; places to read from, what is passed on, and wake-ups out.
//!
//! Reads no file, asks no clock, and knows neither keys nor windows: whoever draws asks for [`Playback::canvas`].
//!
//! ```text
//!            events due ┌──────┐
//!                       ▼      │      Pause, marker, Step          Step: one output
//!  start ─────────────► Running ─────────────────────► Stopped ──┐
//!                       │  ▲  ▲         Pause             │  ▲ ▲───┘
//!        nothing newer  │  │  └───────────────────────────┘  │
//!         than that     │  └──────── goal reached ───────────┘
//!    Live ◄─────────────┘            seek: either, with a goal
//!  (every event at once)
//! ```

mod control;
mod look;
mod seek;
mod snapshots;
mod watched;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use formats::asciicast::{Data, Event, LineFeeds};
use formats::payload::Size;
use formats::tee::TeedMessage;

pub(crate) use self::control::Control;
use self::seek::Goal;
pub(crate) use self::seek::Shown;
use self::snapshots::{Place, Snapshots};
use self::watched::Watched;
use super::canvas::Canvas;

/// How a recording is played.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many times faster than recorded; more than 0.
    pub speed: f64,
    /// Everything at once, as fast as it is taken.
    pub no_wait: bool,
    /// Pauses are never longer than this; `None` leaves it to the recording.
    pub idle_time_limit: Option<Duration>,
    /// Where to begin.
    pub from: Duration,
    /// Where to end.
    pub to: Option<Duration>,
    /// Over and over again.
    pub repeat: bool,
    /// Stop at each marker.
    pub pause_on_markers: bool,
    /// Leave at the end instead of staying there.
    pub quit_at_end: bool,
    /// Begin at the end of what is there, and stay with what is new.
    pub follow: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speed: 1.0,
            no_wait: false,
            idle_time_limit: None,
            from: Duration::ZERO,
            to: None,
            repeat: false,
            pause_on_markers: false,
            quit_at_end: true,
            follow: false,
        }
    }
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Hand on what was recorded, to a pipe or a terminal that plays it raw.
    Pass(String),
    /// Go on from somewhere else.
    Reposition(Reposition),
    /// Stop: the recording has ended.
    Finish,
}

/// Where the events that follow have to come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reposition {
    /// Go on with the events after this time, or with the very first. Those before it may come again; none after it
    /// may be left out.
    pub(crate) after: Option<Duration>,
    /// Better still: tell [`Playback::handle_screen`] of a screen that the recording holds for a time after that one
    /// and before this, and go on from there.
    pub(crate) to: Duration,
}

/// An event with its number: those of later events are higher, wherever reading began.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    pub(crate) event: Event,
}

/// More than a person asks for ahead is dropped.
const WAITING: usize = 256;
/// So many agent messages are kept, of those that were played last.
const MESSAGES: usize = 1000;
/// Beyond any session; keeps sums of times from overflowing.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Where playback is. Two times run side by side: that of the recording, in which people seek, and *playing time*, in
/// which pauses beyond the limit are cut.
pub(crate) struct Playback {
    options: Options,
    /// What pauses are cut to when they are; and whether they are.
    idle_time_limit: Option<Duration>,
    cuts_idle: bool,
    speed: f64,
    size: Size,
    /// `None`: what is played is passed on.
    canvas: Option<Canvas>,
    has_changed: bool,
    line_feeds: LineFeeds,
    waiting: VecDeque<Control>,
    clock: Clock,
    /// The event last played.
    last: Place,
    /// Number of the output last played, where that is known.
    last_shown: Option<u64>,
    /// The event to play next.
    next: Option<(Place, Data)>,
    /// No event comes after `next`.
    ended: bool,
    /// No event comes after `next` for now.
    is_up_to_date: bool,
    /// Up to here everything is on the canvas already and is passed over.
    played_through: u64,
    goal: Option<Goal>,
    stepping: bool,
    watched: Watched,
    /// Whether anything was played since the beginning: an empty recording is not repeated.
    played: bool,
    /// How much of a pause was cut, and up to when it lasted.
    skipped: Option<(Duration, Duration)>,
    messages: VecDeque<(Duration, TeedMessage)>,
    snapshots: Snapshots,
    actions: VecDeque<Action>,
    finished: bool,
}

/// How playing time goes on.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Running {
        since: Instant,
        from: Duration,
    },
    Stopped {
        at: Duration,
    },
    /// With the session: whatever comes is due.
    Live,
}

impl Playback {
    /// A playback that begins at `now`, on a canvas that somebody looks at or by passing on what it plays.
    pub(crate) fn new(
        now: Instant,
        size: Size,
        recorded_limit: Option<Duration>,
        is_drawn: bool,
        options: Options,
    ) -> Self {
        let limit = options.idle_time_limit.or(recorded_limit);
        let from = options.from;
        // A recording that holds screens need not be read up to where playback begins.
        let mut actions = VecDeque::new();
        if from > Duration::ZERO {
            actions.push_back(Action::Reposition(Reposition {
                after: None,
                to: from,
            }));
        }
        let goal = match options.follow {
            true => Some(Goal::End),
            false => (from > Duration::ZERO).then_some(Goal::Time(from)),
        };
        Self {
            idle_time_limit: limit,
            cuts_idle: limit.is_some(),
            speed: options.speed,
            options,
            size,
            canvas: is_drawn.then(|| Canvas::new(size)),
            has_changed: is_drawn,
            line_feeds: LineFeeds::default(),
            waiting: VecDeque::new(),
            clock: Clock::Running {
                since: now,
                from: Duration::ZERO,
            },
            last: Place::default(),
            last_shown: None,
            next: None,
            ended: false,
            is_up_to_date: false,
            played_through: 0,
            goal,
            stepping: false,
            watched: Watched::default(),
            played: false,
            skipped: None,
            messages: VecDeque::new(),
            snapshots: Snapshots::default(),
            actions,
            finished: false,
        }
    }

    /// What is known of the recording's line feeds before its first event.
    pub(crate) fn with_line_feeds(mut self, line_feeds: LineFeeds) -> Self {
        self.line_feeds = line_feeds;
        self
    }

    /// Whether [`Self::handle_event`] or [`Self::handle_end`] is waited for.
    pub(crate) fn wants_event(&self) -> bool {
        self.next.is_none() && !self.ended && !self.finished
    }

    /// Takes the screen that the recording itself holds for the moment after an event at `at`; the events that follow have
    /// numbers from `next` on.
    pub(crate) fn handle_screen(&mut self, at: Duration, next: u64, size: Size, text: &str) {
        let at = at.min(FAR);
        if let Some(Goal::Before { number, .. }) = self.goal
            && next > number
        {
            // It shows what is to be undone.
            return self.reread(None, at);
        }
        self.last = Place {
            at,
            playing: at,
            next,
        };
        self.last_shown = None;
        self.played_through = next;
        self.played = true;
        if let Some(canvas) = &mut self.canvas {
            *canvas = Canvas::new(size);
            canvas.feed(text);
            self.has_changed = true;
        }
    }

    /// Takes the next event.
    pub(crate) fn handle_event(&mut self, now: Instant, numbered: Numbered) {
        let Numbered { number, event } = numbered;
        if number < self.played_through {
            return;
        }
        if let Data::Message(message) = &event.data {
            self.line_feeds.message(message);
            if self.messages.len() == MESSAGES {
                self.messages.pop_front();
            }
            self.messages.push_back((event.at, look::listed(message)));
        }
        // What shows nothing does not take time either: a keepalive must not stretch a pause that is cut.
        if matches!(
            event.data,
            Data::Input(_) | Data::Message(_) | Data::Other { .. }
        ) {
            return;
        }
        if self.options.to.is_some_and(|to| event.at > to) {
            return self.handle_end(now);
        }
        self.is_up_to_date = false;
        let at = event.at.min(FAR);
        let pause = at.saturating_sub(self.last.at);
        let cut = match self.idle_time_limit {
            Some(limit) if self.cuts_idle => pause.min(limit),
            _ => pause,
        };
        if cut < pause {
            self.skipped = Some((pause - cut, at));
        }
        let place = Place {
            at,
            playing: self.last.playing + cut,
            next: number + 1,
        };
        self.next = Some((place, event.data));
        self.advance(now);
    }

    /// There are no more events.
    pub(crate) fn handle_end(&mut self, now: Instant) {
        self.ended = true;
        self.advance(now);
    }

    /// There are no more events yet: the session still runs.
    pub(crate) fn handle_up_to_date(&mut self, now: Instant) {
        self.is_up_to_date = true;
        self.advance(now);
    }

    /// Something may be due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    /// The next thing to do.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.due()
    }

    fn set_speed(&mut self, now: Instant, speed: f64) {
        if let Clock::Running { .. } = self.clock {
            self.clock = Clock::Running {
                since: now,
                from: self.playing(now),
            };
        }
        self.speed = speed;
    }

    fn stop(&mut self, now: Instant) {
        self.clock = Clock::Stopped {
            at: self.playing(now),
        };
    }

    /// Playing time at `now`.
    fn playing(&self, now: Instant) -> Duration {
        let playing = match self.clock {
            Clock::Stopped { at } => at,
            Clock::Live => self.last.playing,
            Clock::Running { since, from } => {
                let passed = now.saturating_duration_since(since).as_secs_f64() * self.speed;
                from + Duration::try_from_secs_f64(passed).unwrap_or(FAR).min(FAR)
            }
        };
        match &self.next {
            Some((place, _)) => playing.min(place.playing.max(self.last.playing)),
            None if self.ended || self.is_up_to_date => playing.min(self.last.playing),
            None => playing,
        }
    }

    fn advance(&mut self, now: Instant) {
        loop {
            if self.finished {
                return;
            }
            if let Some(control) = self.waiting.front()
                && !self.must_wait(control)
                && let Some(control) = self.waiting.pop_front()
            {
                self.carry_out(now, control);
                continue;
            }
            let went_on = match self.goal.take() {
                Some(goal) => self.pursue(now, goal),
                None => self.play(now),
            };
            if !went_on {
                return;
            }
        }
    }

    /// Plays what is due; false when nothing is.
    fn play(&mut self, now: Instant) -> bool {
        let Some((place, data)) = &self.next else {
            if self.is_up_to_date && !self.ended && !self.is_paused() {
                // It has caught up with a session that runs.
                self.clock = Clock::Live;
            }
            return self.ended && self.end(now);
        };
        let is_due = match self.clock {
            Clock::Live => true,
            Clock::Stopped { .. } => false,
            Clock::Running { .. } => {
                self.options.no_wait || self.due().is_some_and(|due| due <= now)
            }
        };
        if self.stepping {
            self.stepping = !matches!(data, Data::Output(_));
            self.clock = Clock::Stopped { at: place.playing };
        } else if !is_due {
            return false;
        } else if self.options.pause_on_markers && matches!(data, Data::Marker(_)) {
            self.clock = Clock::Stopped { at: place.playing };
        }
        let from = self.last.at;
        let taken = self.take_next();
        self.watched.add(from, self.last.at);
        if let Some(Data::Output(text)) = taken
            && self.canvas.is_none()
        {
            self.actions.push_back(Action::Pass(text));
        }
        true
    }

    /// When the next event is due.
    fn due(&self) -> Option<Instant> {
        let (Clock::Running { since, from }, Some((place, _))) = (self.clock, &self.next) else {
            return None;
        };
        // Counted from when the clock was last set, not from the event before: waits that end late never add up.
        let wait = place.playing.saturating_sub(from).as_secs_f64() / self.speed;
        since.checked_add(Duration::try_from_secs_f64(wait).unwrap_or(FAR).min(FAR))
    }

    /// Nothing comes any more; false, since nothing more is to be done.
    fn end(&mut self, now: Instant) -> bool {
        self.stepping = false;
        if self.is_paused() {
            return false;
        }
        if self.options.repeat && self.played {
            self.played = false;
            self.clock = Clock::Running {
                since: now,
                from: Duration::ZERO,
            };
            self.seek_anew(now, self.options.from);
            self.goal =
                (self.options.from > Duration::ZERO).then_some(Goal::Time(self.options.from));
        } else if self.canvas.is_none() || self.options.quit_at_end {
            self.finished = true;
            self.actions.push_back(Action::Finish);
        } else {
            self.stop(now);
        }
        false
    }

    /// The next event becomes the last one, on the canvas too.
    fn take_next(&mut self) -> Option<Data> {
        let (place, mut data) = self.next.take()?;
        if let (Some(_), Data::Output(text)) = (&self.canvas, &mut data)
            && let Cow::Owned(shown) = self.line_feeds.shown(text)
        {
            *text = shown;
        }
        if let Some(canvas) = &mut self.canvas {
            if place.at > self.last.at {
                // Everything up to the last event is on the canvas, and nothing of a later time.
                self.snapshots.offer(self.last, canvas);
            }
            match &data {
                Data::Output(text) => {
                    canvas.feed(text);
                    self.snapshots.distance += text.len();
                    self.has_changed = true;
                }
                Data::Resize(size) => {
                    canvas.resize(*size);
                    self.has_changed = true;
                }
                _ => {}
            }
        }
        if matches!(data, Data::Output(_)) {
            self.last_shown = Some(place.next - 1);
        }
        self.last = place;
        self.played = true;
        Some(data)
    }
}

#[cfg(test)]
mod tests;

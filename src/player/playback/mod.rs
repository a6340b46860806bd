//! Playback as a state machine: events, keys and times in; drawings, places to read from and wake-ups out.
//!
//! Reads no file, asks no clock, draws nothing itself: the driver does what [`Playback::poll_action`] says.
//!
//! ```text
//!            events due ┌──────┐
//!                       ▼      │      Pause, marker, Step          Step: one output
//!  start ─────────────► Running ─────────────────────► Stopped ──┐
//!                       │  ▲  ▲         Pause             │  ▲ ▲───┘
//!              end      │  │  └───────────────────────────┘  │
//!   Finished ◄──────────┘  └──────── goal reached ───────────┘
//!            Quit: from everywhere          seek: either, with a goal
//! ```

mod drawing;
mod seek;
mod snapshots;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use formats::asciicast::{Data, Event, LineFeeds};
use formats::payload::Size;

use self::drawing::Drawing;
use self::seek::Goal;
use self::snapshots::{Place, Snapshots};
use super::canvas::Canvas;
use super::keys::{Key, Keys};

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
    /// Over and over again.
    pub repeat: bool,
    /// Stop at each marker.
    pub pause_on_markers: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speed: 1.0,
            no_wait: false,
            idle_time_limit: None,
            from: Duration::ZERO,
            repeat: false,
            pause_on_markers: false,
        }
    }
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this to the terminal.
    Draw(String),
    /// Go on from somewhere else.
    Reposition(Reposition),
    /// Stop: the recording has ended.
    Finish,
    /// Stop: the person has left.
    Quit,
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

/// The speeds that keys reach.
const SLOWEST: f64 = 1.0 / 64.0;
const FASTEST: f64 = 64.0;
/// Just behind a marker, the previous one is the one before it: there must be time to press the key twice.
const MARKER_GRACE: Duration = Duration::from_secs(1);
/// More keys than a person presses ahead are dropped.
const WAITING_KEYS: usize = 256;
/// Beyond any session; keeps sums of times from overflowing.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Where playback is. Two times run side by side: that of the recording, in which people seek, and *playing time*, in
/// which pauses beyond the limit are cut.
pub(crate) struct Playback {
    options: Options,
    idle_time_limit: Duration,
    speed: f64,
    size: Size,
    canvas: Option<Canvas>,
    line_feeds: LineFeeds,
    window: Option<Size>,
    drawing: Drawing,
    keys: Keys,
    waiting_keys: VecDeque<Key>,
    clock: Clock,
    /// Times of the event last played.
    last: Place,
    /// The event to play next, with its own times.
    next: Option<(Place, Data)>,
    /// No event comes after `next`.
    ended: bool,
    /// Up to here everything is on the canvas already and is passed over.
    played_through: Option<Duration>,
    goal: Option<Goal>,
    stepping: bool,
    /// Whether anything was played since the beginning: an empty recording is not repeated.
    played: bool,
    snapshots: Snapshots,
    actions: VecDeque<Action>,
    finished: bool,
}

#[derive(Clone, Copy, Debug)]
enum Clock {
    Running { since: Instant, from: Duration },
    Stopped { at: Duration },
}

impl Playback {
    /// A playback that begins at `now`. Without a `window` there is nobody who sees or types: only output is drawn.
    pub(crate) fn new(
        now: Instant,
        size: Size,
        recorded_limit: Option<Duration>,
        interactive: bool,
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
        Self {
            idle_time_limit: limit.unwrap_or(FAR),
            speed: options.speed,
            options,
            size,
            canvas: interactive.then(|| Canvas::new(size)),
            line_feeds: LineFeeds::default(),
            window: None,
            drawing: Drawing::default(),
            keys: Keys::default(),
            waiting_keys: VecDeque::new(),
            clock: Clock::Running {
                since: now,
                from: Duration::ZERO,
            },
            last: Place::default(),
            next: None,
            ended: false,
            played_through: None,
            goal: (from > Duration::ZERO).then_some(Goal::Time(from)),
            stepping: false,
            played: false,
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

    /// Takes the screen that the recording itself holds for the moment after an event at `at`.
    pub(crate) fn handle_screen(&mut self, at: Duration, size: Size, text: &str) {
        let at = at.min(FAR);
        self.last = Place { at, playing: at };
        self.played_through = None;
        self.played = true;
        if let Some(canvas) = &mut self.canvas {
            *canvas = Canvas::new(size);
            canvas.feed(text);
        }
    }

    /// Takes the next event.
    pub(crate) fn handle_event(&mut self, now: Instant, event: Event) {
        if self
            .played_through
            .is_some_and(|through| event.at <= through)
        {
            return;
        }
        if let Data::Message(message) = &event.data {
            self.line_feeds.message(message);
        }
        // What shows nothing does not take time either: a keepalive must not stretch a pause that is cut.
        if matches!(
            event.data,
            Data::Input(_) | Data::Message(_) | Data::Other { .. }
        ) {
            return;
        }
        self.played_through = None;
        let at = event.at.min(FAR);
        let pause = at.saturating_sub(self.last.at).min(self.idle_time_limit);
        let playing = self.last.playing + pause;
        self.next = Some((Place { at, playing }, event.data));
        self.advance(now);
    }

    /// There are no more events.
    pub(crate) fn handle_end(&mut self, now: Instant) {
        self.ended = true;
        self.advance(now);
    }

    /// Something may be due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        let mut typed = Vec::new();
        self.keys.handle_timeout(now, &mut typed);
        self.take_keys(now, &typed);
    }

    /// Bytes that were typed, or that the terminal answered.
    pub(crate) fn handle_typed(&mut self, now: Instant, bytes: &[u8]) {
        let mut typed = Vec::new();
        self.keys.handle_bytes(now, bytes, &mut typed);
        self.take_keys(now, &typed);
    }

    /// The real terminal has this size, and may have forgotten what it showed.
    pub(crate) fn handle_window(&mut self, window: Option<Size>, redraw: bool) {
        self.window = window;
        if redraw && self.goal.is_none() && !self.finished {
            self.redraw();
        }
    }

    /// The next thing to do.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        [self.due(), self.keys.poll_timeout(), self.drawing.due()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Where playback is, in the time of the recording.
    pub(crate) fn position(&self, now: Instant) -> Duration {
        let playing = self.playing(now);
        let at = self.last.at + playing.saturating_sub(self.last.playing);
        self.next.as_ref().map_or(at, |(place, _)| at.min(place.at))
    }

    /// What to send to the terminal at the end.
    pub(crate) fn closing(&self) -> Option<String> {
        let canvas = self.canvas.as_ref()?;
        Some(self.drawing.closing(canvas))
    }

    fn take_keys(&mut self, now: Instant, keys: &[Key]) {
        for &key in keys {
            if key == Key::Quit {
                self.finish(Action::Quit);
            } else if self.waiting_keys.len() < WAITING_KEYS {
                self.waiting_keys.push_back(key);
            }
        }
        self.advance(now);
    }

    /// Whether a key has to wait until what an earlier one asked for is done.
    fn must_wait(&self, key: Key) -> bool {
        let busy = self.goal.is_some() || self.stepping;
        busy && matches!(key, Key::Step | Key::NextMarker | Key::PreviousMarker)
    }

    fn handle_key(&mut self, now: Instant, key: Key) {
        // Keys pressed quickly count from where the first of them leads.
        let position = match self.goal {
            None => self.position(now),
            Some(Goal::Time(to)) => to,
            Some(Goal::NextMarker | Goal::MarkerBefore { .. }) => self.last.at,
        };
        match key {
            // Never waits in line: taken when it was pressed.
            Key::Quit => {}
            Key::Pause => {
                self.stepping = false;
                match self.clock {
                    Clock::Running { .. } => self.stop(now),
                    Clock::Stopped { at } => {
                        self.clock = Clock::Running {
                            since: now,
                            from: at,
                        };
                    }
                }
            }
            Key::Step => {
                self.stop(now);
                self.stepping = true;
            }
            Key::Faster => self.set_speed(now, (self.speed * 2.0).min(self.speed.max(FASTEST))),
            Key::Slower => self.set_speed(now, (self.speed / 2.0).max(self.speed.min(SLOWEST))),
            Key::Forward(by) => self.seek(now, position + by),
            Key::Back(by) => self.seek(now, position.saturating_sub(by)),
            Key::Start => self.seek(now, Duration::ZERO),
            Key::NextMarker => self.goal = Some(Goal::NextMarker),
            Key::PreviousMarker => {
                let before = match self.clock {
                    Clock::Running { .. } => position.saturating_sub(MARKER_GRACE),
                    Clock::Stopped { .. } => position,
                };
                self.goal = Some(Goal::MarkerBefore {
                    before,
                    found: Duration::ZERO,
                });
                self.reread(None, Duration::ZERO);
            }
        }
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
            Clock::Running { since, from } => {
                let passed = now.saturating_duration_since(since).as_secs_f64() * self.speed;
                from + Duration::try_from_secs_f64(passed).unwrap_or(FAR).min(FAR)
            }
        };
        match &self.next {
            Some((place, _)) => playing.min(place.playing.max(self.last.playing)),
            None if self.ended => playing.min(self.last.playing),
            None => playing,
        }
    }

    fn advance(&mut self, now: Instant) {
        loop {
            if self.finished {
                return;
            }
            if let Some(&key) = self.waiting_keys.front()
                && !self.must_wait(key)
            {
                self.waiting_keys.pop_front();
                self.handle_key(now, key);
                continue;
            }
            let went_on = match self.goal {
                Some(goal) => self.pursue(now, goal),
                None => self.play(now),
            };
            if !went_on {
                return self.draw_due(now);
            }
        }
    }

    /// Plays what is due; false when nothing is.
    fn play(&mut self, now: Instant) -> bool {
        let Some((place, data)) = &self.next else {
            return self.ended && self.end(now);
        };
        let running = matches!(self.clock, Clock::Running { .. });
        if self.stepping {
            self.stepping = !matches!(data, Data::Output(_));
            self.clock = Clock::Stopped { at: place.playing };
        } else if !running || !(self.options.no_wait || self.due().is_some_and(|due| due <= now)) {
            return false;
        } else if self.options.pause_on_markers && matches!(data, Data::Marker(_)) {
            self.clock = Clock::Stopped { at: place.playing };
        }
        match self.take_next() {
            Some(Data::Output(text)) => self.show(text),
            Some(Data::Resize(_)) => self.resized(),
            _ => {}
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

    fn end(&mut self, now: Instant) -> bool {
        self.stepping = false;
        if let Clock::Stopped { .. } = self.clock {
            return false;
        }
        if self.options.repeat && self.played {
            self.played = false;
            self.last = Place::default();
            self.clock = Clock::Running {
                since: now,
                from: Duration::ZERO,
            };
            if self.canvas.is_some() {
                self.canvas = Some(Canvas::new(self.size));
                self.redraw();
            }
            self.reread(None, Duration::ZERO);
        } else {
            self.finish(Action::Finish);
        }
        false
    }

    fn finish(&mut self, action: Action) {
        if self.finished {
            return;
        }
        self.draw_behind();
        self.finished = true;
        self.next = None;
        self.actions.push_back(action);
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
                }
                Data::Resize(size) => canvas.resize(*size),
                _ => {}
            }
        }
        self.last = place;
        self.played = true;
        Some(data)
    }
}

#[cfg(test)]
mod tests;

//! What whoever draws asks a playback: where it is, how it goes on, and what is to be seen.
//!
//! Nothing here changes what is played.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use formats::MessageType;
use formats::tee::{Content, TeedMessage};

use super::Place;
use super::seek::Goal;
use super::{Clock, Playback, Reposition};
use crate::player::canvas::Canvas;

impl Playback {
    /// Where playback is, in the time of the recording.
    pub(crate) fn position(&self, now: Instant) -> Duration {
        let playing = self.playing(now);
        let at = self.last.at + playing.saturating_sub(self.last.playing);
        self.next.as_ref().map_or(at, |(place, _)| at.min(place.at))
    }

    /// Where it is, or where it is on its way to.
    pub(crate) fn heading(&self, now: Instant) -> Duration {
        match self.goal {
            Some(Goal::Time(to)) => to,
            _ => self.position(now),
        }
    }

    /// What stands on the recorded screen; nothing where output is passed on.
    pub(crate) fn canvas(&self) -> Option<&Canvas> {
        self.canvas.as_ref()
    }

    /// Whether the canvas is another than when this was last asked.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.has_changed)
    }

    /// The event last played.
    pub(crate) fn place(&self) -> Place {
        self.last
    }

    /// Where to read from so that this moment comes, and the number of the first event behind it.
    pub(crate) fn here(&self) -> (Reposition, u64) {
        let here = Reposition {
            after: None,
            to: self.last.at,
        };
        (here, self.last.next)
    }

    /// What of it went by on the screen.
    pub(crate) fn watched(&self) -> Vec<Range<Duration>> {
        self.watched.ranges()
    }

    /// Whether time stands still.
    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.clock, Clock::Stopped { .. })
    }

    /// Whether whatever a running session shows is shown at once.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.clock, Clock::Live)
    }

    /// Whether all of it was played.
    pub(crate) fn is_at_end(&self) -> bool {
        self.ended && self.next.is_none() && self.goal.is_none()
    }

    /// Whether a place is being looked for.
    pub(crate) fn is_seeking(&self) -> bool {
        self.goal.is_some()
    }

    /// How many times faster.
    pub(crate) fn speed(&self) -> f64 {
        self.speed
    }

    /// How much was left out of the pause that is being played, or was just over.
    pub(crate) fn skipped(&self) -> Option<Duration> {
        let (skipped, until) = self.skipped?;
        (self.last.at <= until).then_some(skipped)
    }

    /// The agent messages that were last played, the earliest first.
    pub(crate) fn messages(&self) -> &VecDeque<(Duration, TeedMessage)> {
        &self.messages
    }
}

/// The longest name of a type that fits into a message.
const TYPE: usize = 32;

/// A message as it is listed: that it has a payload is told, and not which.
pub(super) fn listed(message: &TeedMessage) -> TeedMessage {
    let message_type = match &message.message_type {
        Some(MessageType::Other(name)) if name.len() > TYPE => {
            let name = &name[..name.floor_char_boundary(TYPE)];
            Some(MessageType::Other(name.into()))
        }
        message_type => message_type.clone(),
    };
    let content = match &message.content {
        Content::Here(_) => Content::Here(Vec::new().into()),
        content => content.clone(),
    };
    TeedMessage {
        message_type,
        content,
        ..*message
    }
}

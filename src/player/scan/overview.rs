//! A whole recording in short: what is shown of it on a time line, as far as it has been read.
//!
//! Nothing here reads anything: it is told of events, of a manifest and of commands. All of it is bounded, and says so where
//! something was left out.

use std::time::Duration;

use formats::asciicast::{Data, Event};
use formats::derived::Command;
use formats::manifest::{Exit, Manifest};

use super::activity::Activity;
use super::idle::Idle;
use crate::player::Ended;

/// So many markers are kept, and so many breaks.
const KEPT: usize = 10_000;
/// So many bytes of a label or of a cause.
const LABEL: usize = 1024;
/// So many commands; a deriver gives no more.
pub(super) const COMMANDS: usize = 100_000;

/// What is known by now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// Output by time.
    pub activity: Activity,
    /// Its markers, the first of them.
    pub markers: Vec<Marker>,
    /// Markers that are not among these.
    pub more_markers: u64,
    /// When nothing happened for long.
    pub idle: Idle,
    /// `None` until they are known, for most recordings at the end.
    pub commands: Option<Commands>,
    /// As the manifest tells; in order.
    pub breaks: Vec<Break>,
    /// The length of all of it; `None` until it is known.
    pub duration: Option<Duration>,
    /// How the session ended, as the manifest tells.
    pub exit: Option<Exit>,
    /// It was read up to here.
    pub seen: Duration,
    /// How the recording ends; `None` until it was read to there.
    pub ended: Option<Ended>,
}

/// A marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// When it was set.
    pub at: Duration,
    /// The beginning of it, where it is long. It is the remote side's where it comes from there: to be made harmless.
    pub label: String,
}

/// The commands of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    /// In order.
    pub commands: Vec<Command>,
    /// The share of the output that they, their prompts and their output are, from 0 to 1.
    pub explained: f64,
    /// There may be more.
    pub is_cut: bool,
}

/// Where the recording does not tell all, or its times are not what they seem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Break {
    /// There was no connection.
    Gap {
        /// When it was lost.
        at: Duration,
        /// How long.
        lasted: Duration,
    },
    /// From here on nothing was recorded, and why.
    Unrecorded {
        /// Since when.
        from: Duration,
        /// The beginning of it, where it is long.
        cause: String,
    },
    /// The client's clock was set forward, or back where this is negative.
    ClockJump {
        /// When it was noticed.
        at: Duration,
        /// Milliseconds.
        by_ms: i64,
    },
}

impl Break {
    /// When it begins.
    pub fn at(&self) -> Duration {
        match self {
            Self::Gap { at, .. } | Self::ClockJump { at, .. } => *at,
            Self::Unrecorded { from, .. } => *from,
        }
    }
}

impl Overview {
    /// Takes the next event.
    pub(crate) fn event(&mut self, event: &Event) {
        self.seen = self.seen.max(event.at);
        match &event.data {
            Data::Output(text) => self.activity.add(event.at, text.len() as u64),
            Data::Marker(label) if self.markers.len() < KEPT => self.markers.push(Marker {
                at: event.at,
                label: beginning(label),
            }),
            Data::Marker(_) => self.more_markers += 1,
            Data::Input(_) | Data::Resize(_) | Data::Exit(_) => {}
            // Messages go to and fro while nobody does anything.
            Data::Message(_) | Data::Other { .. } => return,
        }
        self.idle.happened(event.at);
    }

    /// Takes what the manifest tells.
    pub(super) fn told(&mut self, manifest: &Manifest) {
        let micros = Duration::from_micros;
        let gaps = manifest.gaps.iter().map(|gap| Break::Gap {
            at: micros(gap.at_us),
            lasted: micros(gap.lasted_us),
        });
        let jumps = manifest.clock_jumps.iter().map(|jump| Break::ClockJump {
            at: micros(jump.at_us),
            by_ms: jump.by_ms,
        });
        let unrecorded = manifest.unrecorded.iter().map(|from| Break::Unrecorded {
            from: micros(from.from_us),
            cause: beginning(&from.cause),
        });
        // The last one of all: it must not be the one that is left out.
        self.breaks = unrecorded.chain(gaps).chain(jumps).take(KEPT).collect();
        self.breaks.sort_by_key(Break::at);
        self.duration = Some(micros(manifest.duration_us));
        self.exit.clone_from(&manifest.exit);
    }

    /// There is no more to read.
    pub(super) fn end(&mut self, ended: Ended) {
        // What is not shown any more, until the end.
        self.idle.happened(self.seen);
        self.duration = match ended {
            Ended::Complete => Some(self.seen),
            // There is more of it.
            Ended::Unread(_) => self.duration,
            Ended::CutShort | Ended::Damaged(_) => self.duration.or(Some(self.seen)),
        };
        self.ended = Some(ended);
    }
}

fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(LABEL)].to_owned()
}

//! The part of a recording that is exported: from a time, to a time, with the screen as it stood at the start, and with
//! pauses cut.
//!
//! Nothing here changes an event but its time.

use std::time::Duration;

use formats::asciicast::{Data, Event, Header};

use super::{End, Exporter, Format, Options};
use crate::screen::{Emulator, paint};

/// The time of an export.
#[derive(Debug)]
pub(super) struct Clock {
    from: Duration,
    idle_time_limit: Option<Duration>,
    /// What was cut out of pauses so far.
    idle: Duration,
    /// Time of the last event that takes time, in the time of the recording since the start of the export.
    last_shown: Duration,
}

impl Clock {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            // The agent's clock is on record to the millisecond against ours; a start between two would blur it.
            from: Duration::from_millis(options.from.as_millis() as u64),
            idle_time_limit: options.idle_time_limit,
            idle: Duration::ZERO,
            last_shown: Duration::ZERO,
        }
    }

    /// The time of the next event; `None` for one before the start.
    pub(super) fn time(&mut self, event: &Event) -> Option<Duration> {
        let at = event.at.checked_sub(self.from)?;
        let Some(limit) = self.idle_time_limit else {
            return Some(at);
        };
        let pause = at.saturating_sub(self.last_shown);
        let idle = self.idle + pause.saturating_sub(limit);
        // A keepalive must not stretch a pause.
        if !matches!(event.data, Data::Message(_)) {
            self.idle = idle;
            self.last_shown = at;
        }
        Some(at.saturating_sub(idle))
    }

    /// How much later the events have come so far than they are told.
    pub(super) fn earlier(&self) -> Duration {
        self.from + self.idle
    }
}

/// Takes events and hands on those within.
pub(super) struct Cut {
    header: Header,
    clock: Clock,
    to: Option<Duration>,
    /// What was shown before the start; `None` once the start is past, or where nobody looks at it.
    screen: Option<Emulator>,
    has_begun: bool,
    last: Duration,
}

impl Cut {
    /// The times in `options`, of a recording with this header.
    pub(super) fn new(header: Header, options: &Options) -> Self {
        let clock = Clock::new(options);
        let is_drawn = !matches!(options.format, Format::Raw | Format::JsonLines);
        Self {
            screen: (is_drawn && !clock.from.is_zero()).then(|| Emulator::new(header.term.size())),
            header,
            clock,
            to: options.to,
            has_begun: false,
            last: Duration::ZERO,
        }
    }

    /// Whether this event and every one behind it is outside.
    pub(super) fn is_over(&self, event: &Event) -> bool {
        self.to.is_some_and(|to| event.at > to)
    }

    /// The next event.
    pub(super) fn event(
        &mut self,
        mut event: Event,
        exporter: &mut dyn Exporter,
        out: &mut Vec<u8>,
    ) {
        let Some(at) = self.clock.time(&event) else {
            match &event.data {
                Data::Output(text) => {
                    if let Some(screen) = &mut self.screen {
                        screen.feed(text);
                    }
                }
                Data::Resize(size) => {
                    self.header.term.cols = size.cols;
                    self.header.term.rows = size.rows;
                    if let Some(screen) = &mut self.screen {
                        screen.resize(*size);
                    }
                }
                _ => {}
            }
            return;
        };
        self.begin(exporter, out);
        event.at = at;
        self.last = event.at;
        exporter.event(&event, out);
    }

    /// The end.
    pub(super) fn finish(
        &mut self,
        exporter: &mut dyn Exporter,
        end: impl FnOnce(Duration) -> End,
        out: &mut Vec<u8>,
    ) {
        self.begin(exporter, out);
        exporter.finish(&end(self.last), out);
    }

    /// The header, and the screen as it stood.
    fn begin(&mut self, exporter: &mut dyn Exporter, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        later(&mut self.header, self.clock.from);
        exporter.header(&self.header, out);
        if let Some(screen) = self.screen.take() {
            let event = Event {
                at: Duration::ZERO,
                data: Data::Output(paint::portable(&screen.dump())),
            };
            exporter.screen(&event, out);
        }
    }
}

/// The same session, looked at from a later start.
fn later(header: &mut Header, by: Duration) {
    if by.is_zero() {
        return;
    }
    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    if let Some(session) = &mut header.ssm
        && let Some(start) = session
            .started_at
            .as_deref()
            .and_then(|start| chrono::DateTime::parse_from_rfc3339(start).ok())
        && let Some(moved) = start.checked_add_signed(chrono::TimeDelta::milliseconds(by_ms))
    {
        header.timestamp = Some(moved.timestamp());
        session.started_at = Some(moved.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
    } else if let Some(timestamp) = &mut header.timestamp {
        *timestamp = timestamp.saturating_add(by_ms / 1000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_start_moves_every_clock() {
        let mut header = Header {
            timestamp: Some(100),
            ssm: Some(formats::asciicast::Session {
                started_at: Some("2026-11-23T10:00:00.250Z".into()),
                ..Default::default()
            }),
            ..Header::default()
        };
        later(&mut header, Duration::from_millis(61_500));
        let started_at = header.ssm.unwrap().started_at.unwrap();
        assert_eq!(started_at, "2026-11-23T10:01:01.750Z");
        header.ssm = None;
        header.timestamp = Some(100);
        later(&mut header, Duration::from_millis(61_500));
        assert_eq!(header.timestamp, Some(161));
    }
}

//! The commands of the part that is exported, in the time of the export.
//!
//! Nothing here is cut out of what they are derived from: what came before the start tells prompts, directories and the programs
//! inside each other. Only events that the export may tell are taken, so that nothing comes back that was replaced.

use std::io::Read;
use std::time::Duration;

use formats::asciicast::{Data, Event, Header};
use formats::derived::Command;

use super::cut::Clock;
use super::events::Events;
use super::{Format, Options};
use crate::transcript::{Deriver, told};

/// What is derived from the events of an export.
#[derive(Debug, Default)]
pub(super) struct Derived {
    /// Those that begin within the part, by their number in the session; their bytes are counted from the start of the part.
    pub(super) commands: Vec<Command>,
    /// The share of the output from the start of the session that they, their prompts and their output are.
    pub(super) explained: f64,
    /// There may be more.
    pub(super) is_cut: bool,
}

impl Derived {
    /// How much of the session they answer for.
    pub(super) fn told(&self) -> String {
        told(self.commands.len(), self.is_cut, self.explained)
    }
}

/// Takes each event, those before the start as well.
pub(super) struct Derivation {
    deriver: Deriver,
    clock: Clock,
    from: u64,
    /// Bytes of output before the start.
    before: u64,
    /// From which millisecond on events are told by how much earlier: one for each pause that was cut.
    earlier: Vec<(u64, Duration)>,
    last: Duration,
}

impl Derivation {
    pub(super) fn new(header: &Header, options: &Options) -> Self {
        let mut options = options.clone();
        // The player cuts pauses as the header says.
        if options.format == Format::Html
            && let Some(limit) = header.idle_time_limit
            && let Ok(limit) = Duration::try_from_secs_f64(limit)
        {
            options.idle_time_limit = Some(options.idle_time_limit.unwrap_or(limit).min(limit));
        }
        let clock = Clock::new(&options);
        Self {
            deriver: Deriver::new(header),
            from: millis(clock.earlier()),
            earlier: vec![(0, clock.earlier())],
            clock,
            before: 0,
            last: Duration::ZERO,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match (self.clock.time(event), &event.data) {
            (Some(at), _) => {
                self.last = at;
                let at = millis(event.at);
                let earlier = self.clock.earlier();
                if self.earlier.last().is_none_or(|(_, last)| *last != earlier) {
                    self.earlier.pop_if(|(last, _)| *last == at);
                    self.earlier.push((at, earlier));
                }
            }
            (None, Data::Output(text)) => self.before += text.len() as u64,
            (None, _) => {}
        }
        self.deriver.event(event.at, &event.data);
        // Lines are of no interest here.
        self.deriver.take();
    }

    /// `events` are those that were taken.
    pub(super) fn finish<R: Read>(self, events: &mut Events<R>) -> Derived {
        let ending = self.deriver.finish();
        let (before, last, earlier) = (self.before, millis(self.last), self.earlier);
        let time = |at: u64| {
            let since = earlier.partition_point(|(from, _)| *from <= at);
            let earlier = since
                .checked_sub(1)
                .map_or(Duration::ZERO, |at| earlier[at].1);
            millis(Duration::from_millis(at).saturating_sub(earlier)).min(last)
        };
        let mut commands = ending.commands;
        commands.retain(|command| command.start >= self.from);
        for command in &mut commands {
            command.start = time(command.start);
            command.end = command.end.map(time);
            let (from, to) = command.output;
            command.output = (from.saturating_sub(before), to.saturating_sub(before));
            let claims = command.claims.iter_mut().map(|claim| &mut claim.value);
            let texts = claims.chain(&mut command.cwd).chain([&mut command.text]);
            texts.for_each(|text| events.redact(text));
        }
        Derived {
            commands,
            explained: ending.explained,
            is_cut: ending.is_cut,
        }
    }
}

/// How long a command ran.
pub(super) fn took(command: &Command) -> Option<Duration> {
    let took = command.end?.saturating_sub(command.start);
    Some(Duration::from_millis(took))
}

fn millis(at: Duration) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

//! Events in, lines and commands out: what a recording says, in text.
//!
//! Nothing here reads a recording, a clock or a file; the same events give the same lines and commands, however they are
//! handed over. Memory is bounded: lines are handed out as they end, and so many commands are kept and no more.

use std::ops::Range;
use std::time::Duration;

use avt::parser::{Function, Parser};
use avt::{Observation, Observer, Operation, ScreenKind};
use formats::asciicast::{Data, Header, LineFeeds};
use formats::derived::{Command, Line};
use formats::payload::Acknowledge;
use formats::tee::{Content, TeedMessage};
use formats::{MessageType, PayloadType};

use super::commands::{Commands, settle};
use super::flow::{self, Flow};
use super::lines::Lines;
use super::signs::Scanner;
use crate::screen::Emulator;

/// The machine that both are made by.
pub(crate) struct Deriver {
    screen: Emulator,
    parser: Parser,
    scanner: Scanner,
    plain: flow::Watch,
    /// Plain lines go by: the screen is as it was when they began.
    flow: Option<Flow>,
    #[cfg(test)]
    pub(super) flows: bool,
    /// Bytes that went by.
    #[cfg(test)]
    pub(super) flowed: usize,
    line_feeds: LineFeeds,
    lines: Lines,
    evicted: Evicted,
    commands: Commands,
    /// Nothing tells of keys: output that comes after a pause is taken for what a key did.
    is_unwatched: bool,
    shown_at: Duration,
    /// Keys are seen by their acknowledgements, and not by what is on record of them.
    has_acknowledgements: bool,
    at: Duration,
}

/// Nobody types faster.
const PAUSE: Duration = Duration::from_millis(10);

/// What the client answers by itself, beyond the first message that it sends: a challenge, and the end of the handshake with
/// its size (protocol, handshake).
const ANSWERED: [PayloadType; 2] = [
    PayloadType::ENCRYPTION_CHALLENGE_REQUEST,
    PayloadType::HANDSHAKE_COMPLETE,
];

/// Counts the rows that leave at the top.
#[derive(Debug, Default)]
struct Evicted(u64);

/// Sees what leaves.
struct Watch<'a> {
    lines: &'a mut Lines,
    evicted: &'a mut Evicted,
}

impl Observer for Watch<'_> {
    type Output = ();

    fn dirty(&mut self, rows: Range<usize>) {
        self.lines.dirty(rows);
    }

    fn resized(&mut self, cols: usize, rows: usize) {
        self.lines.resized(cols, rows);
    }

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.lines.before(context, operation);
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.lines.after(context, operation);
    }

    fn evicted(&mut self, context: &mut Observation<'_>, line: &avt::Line) {
        self.evicted.0 += 1;
        self.lines.evicted(context, line);
    }

    fn end(&mut self, context: &mut Observation<'_>) {
        self.lines.end(context);
    }
}

/// The same while nothing that is printed is of interest by itself.
struct AtRest<'a>(Watch<'a>);

impl Observer for AtRest<'_> {
    type Output = ();

    fn dirty(&mut self, rows: Range<usize>) {
        self.0.dirty(rows);
    }

    fn evicted(&mut self, context: &mut Observation<'_>, line: &avt::Line) {
        self.0.evicted(context, line);
    }

    fn end(&mut self, context: &mut Observation<'_>) {
        self.0.end(context);
    }
}

/// What is known at the end alone.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ending {
    /// The lines that still stood there, and any that were not taken.
    pub(crate) lines: Vec<Line>,
    pub(crate) commands: Vec<Command>,
    /// The share of output bytes that belong to a prompt, a command or its output, from 0 to 1.
    pub(crate) explained: f64,
    /// There were more commands than are kept, or there may have been: output asked for more work on the screen than was done.
    pub(crate) is_cut: bool,
}

impl Deriver {
    pub(crate) fn new(header: &Header) -> Self {
        Self {
            screen: Emulator::new(header.term.size()),
            parser: Parser::new(),
            scanner: Scanner::default(),
            plain: flow::Watch::default(),
            flow: None,
            #[cfg(test)]
            flows: true,
            #[cfg(test)]
            flowed: 0,
            line_feeds: LineFeeds::of(header),
            lines: Lines::default(),
            evicted: Evicted::default(),
            commands: Commands::default(),
            is_unwatched: header.ssm.is_none(),
            shown_at: Duration::ZERO,
            has_acknowledgements: false,
            at: Duration::ZERO,
        }
    }

    /// Takes the next event; `at` is since the start.
    pub(crate) fn event(&mut self, at: Duration, data: &Data) {
        self.at = self.at.max(at);
        let shown = match data {
            Data::Output(text) => text.len(),
            _ => 0,
        };
        if self.lines.will_look(self.at) {
            self.end_flow();
        }
        self.lines.at(self.at, shown, &self.screen);
        if let Data::Message(message) = data {
            self.line_feeds.message(message);
            let is_new = message.content != Content::Duplicate;
            if is_new && ANSWERED.contains(&message.payload_type) {
                self.commands.answered();
            }
        }
        match data {
            Data::Output(text) => {
                let text = self.line_feeds.shown(text).into_owned();
                if self.is_unwatched && self.at >= self.shown_at + PAUSE {
                    self.end_flow();
                    self.commands.guess(self.at, &self.screen, self.evicted.0);
                }
                self.shown_at = self.at;
                self.output(&text);
            }
            Data::Resize(size) => {
                self.end_flow();
                self.commands.resized();
                let observer = Watch {
                    lines: &mut self.lines,
                    evicted: &mut self.evicted,
                };
                self.screen.resize_with(*size, observer);
            }
            Data::Input(text) => {
                if text.contains('\u{3}') {
                    self.commands.interrupted();
                }
                self.is_unwatched = false;
                if !self.has_acknowledgements {
                    self.end_flow();
                    self.commands
                        .key(self.at, &self.screen, self.evicted.0, true);
                }
            }
            Data::Message(message) if is_acknowledged_input(message) => {
                self.has_acknowledgements = true;
                self.end_flow();
                self.commands
                    .key(self.at, &self.screen, self.evicted.0, false);
            }
            _ => {}
        }
    }

    fn output(&mut self, text: &str) {
        self.commands
            .begin_event(self.at, text.len(), &self.screen, self.evicted.0);
        let mut rest = text;
        while !rest.is_empty() {
            let (length, sign) = match self.scanner.next(rest) {
                Some((length, sign)) => (length, Some(sign)),
                None => (rest.len(), None),
            };
            self.show(&rest[..length]);
            if let Some(sign) = sign {
                self.end_flow();
                self.commands.sign(sign, &self.screen, self.evicted.0);
            }
            rest = &rest[length..];
        }
        self.commands.end_event(&self.screen, self.evicted.0);
    }

    fn show(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(flow) = &mut self.flow {
                let taken = flow.take(rest, |row, is_wrapped| {
                    self.evicted.0 += 1;
                    self.lines.passed(row, is_wrapped);
                });
                self.commands.shown(taken, true);
                #[cfg(test)]
                {
                    self.flowed += taken;
                }
                rest = &rest[taken..];
                if !rest.is_empty() {
                    self.end_flow();
                }
                continue;
            }
            let is_primary = self.screen.active_screen_kind() == ScreenKind::Primary;
            let printed = self.print(rest);
            if printed > 0 {
                self.commands.shown(printed, is_primary);
                rest = &rest[printed..];
                continue;
            }
            self.commands.shown(c.len_utf8(), is_primary);
            let function = self.parser.feed(c);
            self.plain.see(function.as_ref());
            if let Some(function) = function {
                self.execute(function);
            }
            rest = &rest[c.len_utf8()..];
            // Within a line its beginning is of interest: since when it stands.
            if c == '\n' {
                self.begin_flow();
            }
        }
    }

    fn execute(&mut self, function: Function) {
        self.commands
            .before(&function, &self.screen, self.evicted.0);
        let observer = Watch {
            lines: &mut self.lines,
            evicted: &mut self.evicted,
        };
        self.screen.execute_with(function, observer);
    }

    /// Prints what output begins with of characters that are nothing but printed, all at once; tells how many.
    fn print(&mut self, output: &str) -> usize {
        let may_print = self.plain.is_ground();
        #[cfg(test)]
        let may_print = may_print && self.flows;
        // Within a sequence none is counted, since all would be again with each character.
        let is_printed = |byte: &u8| may_print && matches!(byte, b' '..=b'~');
        let run = output.bytes().take_while(is_printed).count();
        if run == 0 {
            return 0;
        }
        self.plain.see_print(run);
        // One is as good as many.
        let first = Function::Print(' ');
        self.commands.before(&first, &self.screen, self.evicted.0);
        let is_at_rest = self.lines.is_at_rest();
        let watch = Watch {
            lines: &mut self.lines,
            evicted: &mut self.evicted,
        };
        match is_at_rest {
            true => self.screen.print_with(&output[..run], AtRest(watch)),
            false => self.screen.print_with(&output[..run], watch),
        }
        run
    }

    /// From here on plain lines need no emulator, if they are of no interest to anybody.
    fn begin_flow(&mut self) {
        let may_flow = self.plain.is_plain(&self.screen)
            && is_blank_before_the_cursor(&self.screen)
            && self.lines.is_at_rest()
            && self.commands.is_idle();
        #[cfg(test)]
        let may_flow = may_flow && self.flows;
        self.flow = may_flow.then(|| Flow::of(&self.screen));
    }

    /// Whoever looks at the screen wants it as it is.
    fn end_flow(&mut self) {
        if let Some(flow) = self.flow.take() {
            let left = flow.restore(&mut self.screen);
            self.plain.end();
            self.lines.dirty(0..self.screen.size().1);
            for c in left.chars() {
                let function = self.parser.feed(c);
                function
                    .into_iter()
                    .for_each(|function| self.execute(function));
            }
        }
    }

    /// The lines that have ended since.
    pub(crate) fn take(&mut self) -> Vec<Line> {
        self.lines.take()
    }

    /// The end of the session.
    pub(crate) fn finish(mut self) -> Ending {
        self.end_flow();
        self.lines.finish(&self.screen);
        let settled = settle(self.commands, self.at);
        Ending {
            lines: self.lines.take(),
            commands: settled.commands,
            explained: settled.explained,
            is_cut: settled.is_cut || self.screen.is_exhausted(),
        }
    }
}

fn is_blank_before_the_cursor(screen: &Emulator) -> bool {
    let cursor = screen.cursor();
    let row = screen.screen().line(cursor.row);
    row.is_some_and(|row| row.chars().take(cursor.col).all(|c| c == ' '))
}

/// Whether it tells that something was typed: the first message of the client is the size of its terminal.
fn is_acknowledged_input(message: &TeedMessage) -> bool {
    if message.message_type != Some(MessageType::Acknowledge) {
        return false;
    }
    let Content::Here(payload) = &message.content else {
        return false;
    };
    serde_json::from_slice::<Acknowledge>(payload).is_ok_and(|acknowledge| {
        acknowledge.message_type == MessageType::InputStreamData.as_str()
            && acknowledge.sequence_number > 0
    })
}

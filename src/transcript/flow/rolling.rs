//! A screen for whoever wants the lines that leave it: without an emulator while plain lines go by.
//!
//! Nothing here is told of what stands on the screen: whoever reads that ends the flow first.

use avt::{Line, Observation, Observer, Operation};

use super::super::Leaving;
use super::super::credit::Credit;
use super::{Flow, Watch};
use crate::screen::{Emulator, Size};

/// So much is fed at once before it is asked whether an emulator is needed for what follows.
const PIECE: usize = 8 * 1024;
/// What is written for a blank that a line begins with, in cells looked at: a byte can ask for a row of them.
const BLANK: u64 = 8;

/// The screen, and what leaves it.
pub(crate) struct Rolling {
    screen: Emulator,
    leaving: Leaving,
    watch: Watch,
    flow: Option<Flow>,
    /// For the blanks that lines begin with.
    credit: Credit,
    lacks_blanks: bool,
    #[cfg(test)]
    pub(super) flows: bool,
    /// Bytes that went to the emulator, and how often it was left alone.
    #[cfg(test)]
    pub(super) work: (usize, usize),
}

/// Sees what leaves and what is done.
struct Seeing<'a>(&'a mut Leaving, &'a mut Watch);

impl Observer for Seeing<'_> {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        if let Operation::Function(function) = operation {
            self.1.see(Some(function));
        }
        self.0.before(context, operation);
    }

    fn after(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.0.after(context, operation);
    }

    fn evicted(&mut self, context: &mut Observation<'_>, row: &Line) {
        self.0.evicted(context, row);
    }

    fn end(&mut self, context: &mut Observation<'_>) {
        Observer::end(self.0, context);
    }
}

impl Rolling {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            screen: Emulator::new(size),
            leaving: Leaving::default(),
            watch: Watch::default(),
            flow: None,
            credit: Credit::default(),
            lacks_blanks: false,
            #[cfg(test)]
            flows: true,
            #[cfg(test)]
            work: (0, 0),
        }
    }

    /// Shows output.
    pub(crate) fn feed(&mut self, output: &str) {
        self.credit.earn(output.len());
        let mut rest = output;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
            rest = behind;
            let taken = match &mut self.flow {
                Some(flow) => {
                    let leaving = &mut self.leaving;
                    flow.take(piece, |row, is_wrapped| leaving.passed(row, is_wrapped))
                }
                None => 0,
            };
            if taken < piece.len() {
                self.end_flow();
                self.show(&piece[taken..]);
            }
        }
    }

    fn show(&mut self, output: &str) {
        let mut seeing = Seeing(&mut self.leaving, &mut self.watch);
        // A character that does something tells that no sequence is under way, and a line end behind it begins none.
        let text = output.trim_end_matches(['\r', '\n']);
        let last = text.char_indices().next_back();
        match last.filter(|(_, c)| matches!(c, ' '..='~')) {
            Some((at, _)) => {
                self.screen.feed_with(&output[..at], &mut seeing);
                seeing.1.see(None);
                self.screen.feed_with(&output[at..], &mut seeing);
            }
            None => {
                self.screen.feed_with(output, &mut seeing);
                self.watch.see(None);
            }
        }
        let may_flow = self.watch.is_plain(&self.screen) && self.leaving.is_at_rest();
        #[cfg(test)]
        let may_flow = may_flow && self.flows;
        #[cfg(test)]
        {
            self.work.0 += output.len();
            self.work.1 += usize::from(may_flow);
        }
        self.flow = may_flow.then(|| Flow::of(&self.screen));
    }

    fn end_flow(&mut self) {
        if let Some(flow) = self.flow.take() {
            let left = flow.restore(&mut self.screen);
            self.watch.end();
            let mut seeing = Seeing(&mut self.leaving, &mut self.watch);
            self.screen.feed_with(left, &mut seeing);
        }
    }

    /// Takes another size of the window.
    pub(crate) fn resize(&mut self, size: Size) {
        self.end_flow();
        self.screen.resize_with(size, &mut self.leaving);
    }

    /// The screen as it stands, and what leaves it.
    pub(crate) fn screen(&mut self) -> (&mut Emulator, &mut Leaving) {
        self.end_flow();
        (&mut self.screen, &mut self.leaving)
    }

    /// Whether output asked for more work than there was credit for.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.screen.is_exhausted() || self.lacks_blanks
    }

    /// Whether the primary screen is shown. Plain lines never change that.
    pub(crate) fn is_primary(&self) -> bool {
        self.screen.active_screen_kind() == avt::ScreenKind::Primary
    }

    /// What has left by now. Lines lack the blanks that they begin with where there is no credit left for those.
    pub(crate) fn take(&mut self) -> Vec<String> {
        let mut lines = self.leaving.take();
        for line in &mut lines {
            let blanks = line.bytes().take_while(|byte| *byte == b' ').count();
            if !self.credit.spend(blanks as u64 * BLANK) {
                self.lacks_blanks = true;
                line.drain(..blanks);
            }
        }
        lines
    }
}

//! The texts of one session, one after the other, looked through for a pattern: what has it, and what stands around that.
//!
//! Nothing here knows where texts come from. Memory is what is handed out and the lines before, in number as asked for.

use std::collections::VecDeque;
use std::ops::Range;

use formats::derived::{Line, Millis, ReadLine};
use regex::{Regex, bytes};

use crate::packs::looks_around;
use crate::transcript::{Candidates, Pattern};

/// Which texts of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// Why it was opened, as the operator said.
    Reasons,
    /// What was run.
    Commands,
    /// What could be read on the screen.
    Lines,
    /// What was typed, where that is on record.
    Input,
}

impl Where {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reasons, Self::Commands, Self::Lines, Self::Input];

    /// As persons and programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reasons => "reasons",
            Self::Commands => "commands",
            Self::Lines => "lines",
            Self::Input => "input",
        }
    }
}

/// How many texts before and behind are shown with what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Before it.
    pub before: usize,
    /// Behind it.
    pub behind: usize,
}

/// What is wanted of what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    #[default]
    Texts,
    /// How many there are.
    Count,
    /// Whether there is any.
    Whether,
}

/// What is asked of each session.
#[derive(Debug)]
pub struct Question {
    pattern: Pattern,
    candidates: Option<Candidates>,
    places: Vec<Where>,
    around: Around,
    wanted: Wanted,
}

impl Question {
    /// A pattern in some of the texts.
    #[must_use]
    pub fn new(pattern: Pattern, places: &[Where], around: Around, wanted: Wanted) -> Self {
        let around = match wanted {
            Wanted::Texts => around,
            Wanted::Count | Wanted::Whether => Around::default(),
        };
        Self {
            candidates: Candidates::new(&pattern),
            pattern,
            places: places.to_vec(),
            around,
            wanted,
        }
    }

    /// Whether these texts are looked through.
    #[must_use]
    pub fn is_of(&self, place: Where) -> bool {
        self.places.contains(&place)
    }

    /// Whether more is shown than what is found.
    pub(super) fn has_around(&self) -> bool {
        self.around != Around::default()
    }

    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// The expression, and whether capitals are the same as other letters to it.
    pub(super) fn expression(&self) -> (&str, bool) {
        self.pattern.expression()
    }

    /// What finds it in many texts that lie next to each other, where that is the same.
    pub(super) fn of_many(&self) -> Option<&bytes::Regex> {
        let (expression, any_case) = self.expression();
        let of_many = self.pattern.stored()?;
        (!looks_around(expression, any_case)).then_some(of_many)
    }

    /// Where a text has it, in bytes.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.regex().find_iter(text);
        found.map(|found| found.range()).collect()
    }

    /// What finds it in a text.
    pub(super) fn regex(&self) -> &Regex {
        self.pattern.regex()
    }

    /// Whether a session with so many finds need not be searched further.
    #[must_use]
    pub(super) fn is_answered_by(&self, count: u64) -> bool {
        self.wanted == Wanted::Whether && count > 0
    }
}

/// A text that has the pattern, or stands next to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Among which texts.
    pub place: Where,
    /// Which of them, counted from 0.
    pub number: u64,
    /// When it came.
    pub first: Millis,
    /// When it left.
    pub last: Millis,
    /// It stood on the other screen.
    pub other: bool,
    /// The text.
    pub text: String,
    /// Where it has the pattern, in bytes; nowhere where it only stands next to one.
    pub matches: Vec<Range<usize>>,
}

/// Looks through some of the texts of one session.
#[derive(Debug)]
pub struct Finder<'a> {
    question: &'a Question,
    place: Where,
    /// The number of the next text.
    number: u64,
    /// The last texts that were not handed out, as many as are wanted before a find.
    before: VecDeque<(u64, Line)>,
    /// So many more are wanted behind the last find.
    behind: usize,
    count: u64,
}

impl<'a> Finder<'a> {
    /// At the first of them.
    #[must_use]
    pub fn new(question: &'a Question, place: Where) -> Self {
        Self {
            question,
            place,
            number: 0,
            before: VecDeque::new(),
            behind: 0,
            count: 0,
        }
    }

    /// How many were found so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether nothing that follows is of interest.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.question.is_answered_by(self.count)
    }

    /// Looks through a block of lines as they are stored: whole lines of JSON. What is none is passed over.
    pub fn block(&mut self, block: &[u8], found: &mut Vec<Piece>) {
        let around = self.question.around;
        match &self.question.candidates {
            Some(candidates) if around == Around::default() => {
                let mut at = 0;
                for range in candidates.of(block) {
                    if self.is_done() {
                        return;
                    }
                    self.number += ends(&block[at..range.start]);
                    self.stored(&block[range.clone()], true, found);
                    at = range.end + 1;
                }
                if at < block.len() {
                    self.number += ends(&block[at..]) + 1;
                }
            }
            Some(candidates) => {
                let mut candidates = candidates.of(block).peekable();
                let mut at = 0;
                for line in block.split(|byte| *byte == b'\n') {
                    let is_candidate = candidates.next_if(|range| range.start == at).is_some();
                    at += line.len() + 1;
                    self.stored(line, is_candidate, found);
                }
            }
            None => {
                for line in block.split(|byte| *byte == b'\n') {
                    self.stored(line, true, found);
                }
            }
        }
    }

    fn stored(&mut self, line: &[u8], is_candidate: bool, found: &mut Vec<Piece>) {
        let is_wanted = is_candidate || self.behind > 0 || self.question.around.before > 0;
        match is_wanted.then(|| ReadLine::parse(line)).flatten() {
            Some(line) if is_candidate => self.text(&line, found),
            Some(line) => self.beside(&line, found),
            None => self.number += u64::from(!line.is_empty()),
        }
    }

    /// Looks at the next text.
    pub fn text(&mut self, line: &ReadLine<'_>, found: &mut Vec<Piece>) {
        if self.question.wanted != Wanted::Texts {
            let is_found = !self.is_done() && self.question.regex().is_match(&line.text);
            self.count += u64::from(is_found);
            return;
        }
        let matches = self.question.find(&line.text);
        if matches.is_empty() {
            self.beside(line, found);
            return;
        }
        self.count += 1;
        for (number, line) in std::mem::take(&mut self.before) {
            found.push(self.piece(number, &as_read(&line), Vec::new()));
        }
        found.push(self.piece(self.number, line, matches));
        self.number += 1;
        self.behind = self.question.around.behind;
    }

    /// The next text is none that has it.
    fn beside(&mut self, line: &ReadLine<'_>, found: &mut Vec<Piece>) {
        let number = self.number;
        self.number += 1;
        if self.behind > 0 {
            self.behind -= 1;
            found.push(self.piece(number, line, Vec::new()));
            return;
        }
        let before = self.question.around.before;
        if before > 0 {
            if self.before.len() == before {
                self.before.pop_front();
            }
            let line = Line {
                first: line.first,
                last: line.last,
                text: line.text.clone().into_owned(),
                other: line.other,
            };
            self.before.push_back((number, line));
        }
    }

    fn piece(&self, number: u64, line: &ReadLine<'_>, matches: Vec<Range<usize>>) -> Piece {
        Piece {
            place: self.place,
            number,
            first: line.first,
            last: line.last,
            other: line.other,
            text: line.text.clone().into_owned(),
            matches,
        }
    }
}

/// How many lines end in it.
fn ends(block: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', block).count() as u64
}

pub(super) fn as_read(line: &Line) -> ReadLine<'_> {
    ReadLine {
        first: line.first,
        last: line.last,
        text: line.text.as_str().into(),
        other: line.other,
    }
}

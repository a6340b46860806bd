//! What an answer about many sessions is the answer for: how many were looked at, and how many could not be.
//!
//! Nothing that was left out is left unsaid.

use indicatif::HumanCount;
use serde::Serialize;

use crate::cli::counted::counted;
use crate::review::search::{Outcome, Searched};
use crate::words;

/// What an answer is the answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Coverage {
    /// Sessions that were asked for.
    pub(crate) sessions: usize,
    /// Searched, if only as far as they go.
    pub(crate) searched: usize,
    /// Something was found in them.
    pub(crate) matching: usize,
    /// All that was found.
    pub(crate) matches: u64,
    /// Nothing given opens them.
    pub(crate) sealed: usize,
    /// They end early, and were searched up to there.
    pub(crate) cut_short: usize,
    /// They do not read, or no further than somewhere.
    pub(crate) unread: usize,
    /// What was derived from them is not what their manifests tell of.
    pub(crate) replaced: usize,
    /// They do not tell whether they are asked for, and were left out.
    pub(crate) unknown: usize,
    /// Packs that do not read or do not count: their sessions were searched without them.
    pub(crate) packs_left_out: usize,
}

impl Coverage {
    pub(crate) fn add(&mut self, searched: &Searched) {
        self.matching += usize::from(searched.count > 0);
        self.matches += searched.count;
        match searched.outcome {
            Outcome::Whole => self.searched += 1,
            Outcome::CutShort => {
                self.searched += 1;
                self.cut_short += 1;
            }
            Outcome::Sealed(_) => self.sealed += 1,
            Outcome::Unread(_) => self.unread += 1,
            Outcome::Stopped => {}
        }
    }

    /// `1,204 of 10,000 sessions, 3 sealed, 1 unreadable`
    pub(crate) fn so_far(&self) -> String {
        let sessions = HumanCount(self.sessions as u64);
        let done = self.searched + self.sealed + self.unread;
        let mut text = format!("{} of {sessions} sessions", HumanCount(done as u64));
        for (count, what) in [
            (self.sealed, "sealed"),
            (self.cut_short, "cut short"),
            (self.unread, "unreadable"),
            (self.replaced, "with altered lines"),
            (self.unknown, "left out that do not tell what was asked for"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {} {what}", HumanCount(count as u64)));
            }
        }
        if self.packs_left_out > 0 {
            let packs = counted(self.packs_left_out as u64, "pack", "packs");
            text.push_str(&format!(", {packs} not used"));
        }
        text
    }

    /// The same for a program, as the last line.
    pub(crate) fn summary(&self) -> String {
        #[derive(Serialize)]
        struct Summary<'a> {
            r#type: &'static str,
            #[serde(flatten)]
            coverage: &'a Coverage,
        }
        let summary = Summary {
            r#type: "summary",
            coverage: self,
        };
        words::json(&summary) + "\n"
    }

    /// Of each session it may only be known whether something was found.
    pub(crate) fn told(&self, place: &str, is_whether: bool) -> String {
        let times = match is_whether {
            true => String::new(),
            false => counted(self.matches, "time", "times") + " ",
        };
        let found = match self.matching as u64 {
            0 => format!("nothing found in {place:?}"),
            sessions => {
                let sessions = counted(sessions, "session", "sessions");
                format!("found {times}in {sessions}")
            }
        };
        format!("{found}; searched {}", self.so_far())
    }
}

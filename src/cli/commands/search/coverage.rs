//! What an answer is the answer for: how many sessions were searched, and how many could not be.
//!
//! Nothing that was left out is left unsaid.

use indicatif::HumanCount;

use crate::cli::counted::counted;
use crate::review::search::{Outcome, Searched};

/// What an answer is the answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Coverage {
    /// Sessions that were asked for.
    pub(super) sessions: usize,
    /// Searched, if only as far as they go.
    pub(super) searched: usize,
    /// Something was found in them.
    pub(super) matching: usize,
    /// All that was found.
    pub(super) matches: u64,
    /// Nothing given opens them.
    pub(super) sealed: usize,
    /// They end early, and were searched up to there.
    pub(super) cut_short: usize,
    /// They do not read, or no further than somewhere.
    pub(super) unread: usize,
    /// What was derived from them is not what their manifests tell of.
    pub(super) replaced: usize,
    /// They do not tell whether they are asked for, and were left out.
    pub(super) unknown: usize,
    /// Packs that do not read or do not count: their sessions were searched without them.
    pub(super) packs_left_out: usize,
}

impl Coverage {
    pub(super) fn add(&mut self, searched: &Searched) {
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
    pub(super) fn so_far(&self) -> String {
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

    /// Of each session it may only be known whether something was found.
    pub(super) fn told(&self, place: &str, is_whether: bool) -> String {
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

//! What a pack has of what is searched for, by session.
//!
//! Nothing here is evidence: what a pack of others says is looked at again where it came from. Memory is what is found, within a
//! bound; of a session with more it is only known that it has some.

use std::collections::BTreeMap;

use super::finder::{Piece, Question, Wanted, Where};
use crate::packs::{Error, Need, Rows, TimesOf};
use crate::review::catalog::Covering;

/// So much text is held of what is found in a pack.
const MOST_TEXT: usize = 8 << 20;

/// What was found in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hit {
    /// How many texts have it.
    pub(super) count: u64,
    /// They themselves, in their order.
    pub(super) pieces: Vec<Piece>,
    /// There may be more than that, or it is to be looked at again.
    pub(super) is_hint: bool,
}

/// A look through a pack.
pub(super) struct Look<'a> {
    question: &'a Question,
    /// Of each session of the index, up to where its rows go.
    ends: Vec<u64>,
    /// Which of the sessions are asked about.
    asked: Vec<bool>,
    is_hint: bool,
    hits: BTreeMap<usize, Hit>,
    text: usize,
}

/// What a pack has of it, by the places of sessions in its index. Only those of `asked` count.
pub(super) fn look(
    covering: &Covering,
    asked: &[usize],
    question: &Question,
    is_believed: bool,
) -> Result<BTreeMap<usize, Hit>, Error> {
    let covers = &covering.pack.index().covers;
    let mut is_asked = vec![false; covers.len()];
    asked.iter().for_each(|at| is_asked[*at] = true);
    let ends = |count: fn(&formats::pack::Covered) -> u64| {
        let counts = covers.iter().map(count);
        counts.scan(0, |end, count| {
            *end += count;
            Some(*end)
        })
    };
    let mut look = Look {
        question,
        ends: Vec::new(),
        asked: is_asked,
        is_hint: !is_believed || question.has_around(),
        hits: BTreeMap::new(),
        text: 0,
    };
    if question.is_of(Where::Commands) {
        look.ends = ends(|covered| covered.commands).collect();
        covering
            .pack
            .commands(&mut |rows, times| look.rows(Where::Commands, &rows, times))?;
    }
    if question.is_of(Where::Lines) {
        look.ends = ends(|covered| covered.lines).collect();
        let need = need(question);
        covering.pack.lines(&need, &mut |rows, times| {
            look.rows(Where::Lines, &rows, times)
        })?;
    }
    Ok(look.hits)
}

/// What lines must have.
fn need(question: &Question) -> Need {
    let (expression, any_case) = question.expression();
    Need::of(expression, any_case)
}

impl Look<'_> {
    fn rows(&mut self, place: Where, rows: &Rows, times: TimesOf<'_>) -> Result<bool, Error> {
        let mut known = None;
        // Rows come session by session.
        let mut session = self.ends.partition_point(|end| *end <= rows.from);
        for (at, text) in rows.texts.iter().enumerate() {
            let row = rows.from + at as u64;
            while self.ends.get(session).is_some_and(|end| *end <= row) {
                session += 1;
            }
            if !self.asked.get(session).is_some_and(|asked| *asked) {
                continue;
            }
            let text = text.as_utf8()?;
            if !self.question.is_in(text) {
                continue;
            }
            let hit = self.hits.entry(session).or_default();
            hit.is_hint |= self.is_hint;
            if hit.is_hint || self.question.is_answered_by(hit.count) {
                hit.count = hit.count.max(1);
                continue;
            }
            hit.count += 1;
            if self.question.wanted() != Wanted::Texts {
                continue;
            }
            self.text += text.len() + size_of::<Piece>();
            if self.text > MOST_TEXT {
                *hit = Hit {
                    is_hint: true,
                    ..Hit::default()
                };
                continue;
            }
            let times = match &mut known {
                Some(times) => times,
                unknown => unknown.insert(times(rows)?),
            };
            let millis = |times: &[i64]| times.get(at).map_or(0, |time| time.cast_unsigned());
            let first_row = session.checked_sub(1).map_or(0, |before| self.ends[before]);
            hit.pieces.push(Piece {
                place,
                number: row - first_row,
                first: millis(&times.first),
                last: millis(&times.last),
                other: times.other.get(at).copied().unwrap_or(false),
                text: text.to_owned(),
                matches: self.question.places_in(text),
            });
        }
        Ok(true)
    }
}

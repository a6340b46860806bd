//! What a pack has of what is searched for, by session.
//!
//! Nothing here is evidence: what a pack of others says is looked at again where it came from. Memory is what is found, within a
//! bound; of a session with more it is only known that it has some.

use std::collections::BTreeMap;

use regex::bytes::Regex;

use super::finder::{Piece, Question, Wanted, Where};
use crate::packs::{Error, Need, Rows, Times, TimesOf};
use crate::review::catalog::Covering;

/// So much text is held of what is found in a pack.
pub(super) const MOST_TEXT: usize = 8 << 20;

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
struct Look<'a> {
    question: &'a Question,
    /// What finds it in many rows at once.
    of_many: Option<Regex>,
    regex: regex::Regex,
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
        // Of its own, so that several threads do not wait for each other.
        of_many: question.of_many().cloned(),
        regex: question.regex().clone(),
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
        let texts = &rows.texts;
        let mut times = Lazy {
            rows,
            times,
            known: None,
        };
        // Put back below: what it has learned of texts is worth keeping.
        let Some(pattern) = self.of_many.take() else {
            for row in 0..texts.len() {
                self.row(place, row, &mut times)?;
            }
            return Ok(true);
        };
        let mut at = 0;
        while let Some(found) = pattern.find_at(texts.all(), at) {
            let Some((row, end)) = texts.at(found.start()) else {
                break;
            };
            self.row(place, row, &mut times)?;
            at = end;
        }
        self.of_many = Some(pattern);
        Ok(true)
    }

    /// Looks at a row.
    fn row(&mut self, place: Where, at: usize, times: &mut Lazy<'_>) -> Result<(), Error> {
        let row = times.rows.from + at as u64;
        let session = self.ends.partition_point(|end| *end <= row);
        if !self.asked.get(session).is_some_and(|asked| *asked) {
            return Ok(());
        }
        let text = times.rows.texts.get(at)?;
        if !self.regex.is_match(text) {
            return Ok(());
        }
        let hit = self.hits.entry(session).or_default();
        hit.is_hint |= self.is_hint;
        if hit.is_hint || self.question.is_answered_by(hit.count) {
            hit.count = hit.count.max(1);
            return Ok(());
        }
        hit.count += 1;
        if self.question.wanted() != Wanted::Texts {
            return Ok(());
        }
        self.text += text.len() + size_of::<Piece>();
        if self.text > MOST_TEXT {
            *hit = Hit {
                is_hint: true,
                ..Hit::default()
            };
            return Ok(());
        }
        let times = times.get()?;
        let millis = |times: &[i64]| times.get(at).map_or(0, |time| time.cast_unsigned());
        let first_row = session.checked_sub(1).map_or(0, |before| self.ends[before]);
        hit.pieces.push(Piece {
            place,
            number: row - first_row,
            first: millis(&times.first),
            last: millis(&times.last),
            other: times.other.get(at).copied().unwrap_or(false),
            text: text.to_owned(),
            matches: self
                .regex
                .find_iter(text)
                .map(|found| found.range())
                .collect(),
        });
        Ok(())
    }
}

/// The times of some rows, which are read when somebody wants them.
struct Lazy<'a> {
    rows: &'a Rows,
    times: TimesOf<'a>,
    known: Option<Times>,
}

impl Lazy<'_> {
    fn get(&mut self) -> Result<&Times, Error> {
        Ok(match &mut self.known {
            Some(known) => known,
            unknown => unknown.insert((self.times)(self.rows)?),
        })
    }
}

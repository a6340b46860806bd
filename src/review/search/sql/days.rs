//! Days as the partitions of the tables tell them: year, month and day, each a column of numbers.
//!
//! Nothing here is wider or narrower than the days that are asked for.
//!
//! The columns are compared bare, as the numbers that `formats/sql` makes of the folders' digits: that is what lets Athena
//! leave out what it need not read. A cast round them would do for columns of text as well, and read every day of the table.

use chrono::{Datelike as _, NaiveDate};

use crate::review::catalog::Stretch;

/// A stretch of days within which one column alone differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// From the first of January of one to the last of December of another; without one, all before or all after.
    Years(Option<i32>, Option<i32>),
    /// From the first day of one to the last of another.
    Months(i32, u32, u32),
    /// Of one month.
    Days(i32, u32, u32, u32),
}

/// What is true for these days alone; `None` where that is all of them.
pub(super) fn predicate(stretches: &[Stretch]) -> Option<String> {
    let mut all = Vec::new();
    for (first, last) in stretches {
        let runs = runs(*first, *last);
        if runs.contains(&Run::Years(None, None)) {
            return None;
        }
        all.extend(runs.into_iter().map(Run::told));
    }
    Some(match &all[..] {
        [] => "false".to_owned(),
        [only] => only.clone(),
        _ => {
            let all: Vec<_> = all.iter().map(|run| format!("({run})")).collect();
            format!("({})", all.join(" OR "))
        }
    })
}

/// The same days, one run after the other.
pub(super) fn runs(first: Option<NaiveDate>, last: Option<NaiveDate>) -> Vec<Run> {
    if first.zip(last).is_some_and(|(first, last)| first > last) {
        return Vec::new();
    }
    if let (Some(first), Some(last)) = (first, last)
        && first.year() == last.year()
    {
        return of_year(first, last);
    }
    let mut runs = Vec::new();
    let mut from = None;
    if let Some(first) = first {
        from = Some(first.year());
        if let Some(end) = year_end(first.year()).filter(|_| first.ordinal() > 1) {
            runs = of_year(first, end);
            from = Some(first.year() + 1);
        }
    }
    let mut behind = Vec::new();
    let mut to = None;
    if let Some(last) = last {
        to = Some(last.year());
        if let Some(start) = year_start(last.year()).filter(|_| Some(last) < year_end(last.year()))
        {
            behind = of_year(start, last);
            to = Some(last.year() - 1);
        }
    }
    if from.zip(to).is_none_or(|(from, to)| from <= to) {
        runs.push(Run::Years(from, to));
    }
    runs.extend(behind);
    runs
}

/// Two days of one year, and all between.
fn of_year(first: NaiveDate, last: NaiveDate) -> Vec<Run> {
    let year = first.year();
    let (mut from, mut to) = (first.month(), last.month());
    let ends_month = last.succ_opt().is_none_or(|next| next.month() != to);
    if from == to && !(first.day() == 1 && ends_month) {
        return vec![Run::Days(year, from, first.day(), last.day())];
    }
    let mut runs = Vec::new();
    if first.day() > 1 {
        runs.push(Run::Days(year, from, first.day(), 31));
        from += 1;
    }
    let mut behind = None;
    if !ends_month {
        behind = Some(Run::Days(year, to, 1, last.day()));
        to -= 1;
    }
    match (from, to) {
        (1, 12) => runs.push(Run::Years(Some(year), Some(year))),
        (from, to) if from <= to => runs.push(Run::Months(year, from, to)),
        _ => {}
    }
    runs.extend(behind);
    runs
}

impl Run {
    fn told(self) -> String {
        let between = |column: &str, from: u32, to: u32| match from == to {
            true => format!("{column} = {from}"),
            false => format!("{column} BETWEEN {from} AND {to}"),
        };
        match self {
            Self::Years(None, None) => "true".to_owned(),
            Self::Years(Some(from), None) => format!("year >= {from}"),
            Self::Years(None, Some(to)) => format!("year <= {to}"),
            Self::Years(Some(from), Some(to)) if from == to => format!("year = {from}"),
            Self::Years(Some(from), Some(to)) => format!("year BETWEEN {from} AND {to}"),
            Self::Months(year, from, to) => {
                format!("year = {year} AND {}", between("month", from, to))
            }
            Self::Days(year, month, from, to) => {
                let day = between("day", from, to);
                format!("year = {year} AND month = {month} AND {day}")
            }
        }
    }
}

fn year_start(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 1, 1)
}

fn year_end(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 12, 31)
}
